/* Dials: whom they reach, when, and what they say when they reach nobody; in the simulated world,
 * where time is exact, and on the machine. */
#include "base/container.h"
#include "base/memory.h"
#include "io/loop_sim.h"
#include "net/call.h"
#include "net/dial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define MS ((int64_t)1000000)

enum { ORIGINS = 9 };

/* One who dials. */
struct guest {
    struct dial dial;
    struct sock sock;
    char got[16];
    size_t len;
    int done;
    int64_t when;
    enum stet_proxy_error error;
    bool leaves; /* does not take the socket */
    bool taken;
};

static struct {
    struct sim_world *world;
    struct loop *loop;
    struct limits limits;
    struct dial_setup setup;
    struct sim_origin *origins[ORIGINS];
    struct guest *guest;
} room;

static const char *const hosts[ORIGINS] = {
    "2001:db8::1", "192.0.2.1",   "2001:db8::2", "192.0.2.2",  "2001:db8::3",
    "192.0.2.3",   "2001:db8::4", "192.0.2.4",   "192.0.2.99",
};

static void guest_ready(struct sock *sock, unsigned events)
{
    struct guest *guest = CONTAINER(sock, struct guest, sock);
    if (!(events & SOCK_READABLE))
        return;
    ssize_t got = sock_read(sock, guest->got + guest->len, sizeof guest->got - guest->len);
    guest->len += got > 0 ? (size_t)got : 0;
    if (got > 0)
        loop_stop(room.loop);
}

static void guest_done(struct dial *dial)
{
    struct guest *guest = CONTAINER(dial, struct guest, dial);
    guest->done++;
    guest->when = loop_now(room.loop);
    guest->error = dial->error;
    if (dial->error == STET_PROXY_ERROR_NONE && !guest->leaves) {
        guest->sock.ready = guest_ready;
        guest->taken = dial_take(dial, &guest->sock);
        assert_true(guest->taken);
    }
    if (dial->error != STET_PROXY_ERROR_NONE)
        loop_stop(room.loop);
}

static void room_open(uint64_t seed)
{
    memset(&room, 0, sizeof room);
    room.world = sim_world_new(seed);
    room.loop = sim_world_loop(room.world);
    room.limits = limits_default();
    room.setup = (struct dial_setup){.loop = room.loop, .limits = &room.limits};
    room.setup.resolver = resolver_new(room.loop, NULL);
    for (int i = 0; i < ORIGINS; i++) {
        char address[64];
        snprintf(address, sizeof address, i % 2 || i == 8 ? "%s:80" : "[%s]:80", hosts[i]);
        room.origins[i] = sim_origin_open(room.world, address);
    }
    sim_world_name(room.world, "one.test", "192.0.2.1", 60);
    sim_world_name(room.world, "two.test", "2001:db8::1 192.0.2.1", 60);
    sim_world_name(room.world, "all.test",
                   "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 2001:db8::3 192.0.2.3 2001:db8::4 "
                   "192.0.2.4",
                   60);
    room.guest = calloc(1, sizeof *room.guest);
    memset(&room.guest->dial, 0xa5, sizeof room.guest->dial);
    room.guest->dial.done = guest_done;
}

static void room_close(void)
{
    if (room.guest && room.guest->taken)
        sock_close(&room.guest->sock, false);
    free(room.guest);
    resolver_free(room.setup.resolver);
    loop_free(room.loop);
    sim_world_free(room.world);
}

/* What is done with the connects to the first addresses of a name: 'a' accepted, 's' accepted after
 * 200 ms, 'l' after 400 ms, 'r' refused, 'u' no way, 'n' no way, as is known after 10 ms, 'h'
 * hangs, 'e' nothing left to connect with. */
static void answers(const char *how)
{
    for (int i = 0; how[i]; i++) {
        struct sim_origin *origin = room.origins[i];
        switch (how[i]) {
        case 's':
            sim_origin_answers(origin, SIM_ORIGIN_ACCEPTS, 200 * MS);
            break;
        case 'l':
            sim_origin_answers(origin, SIM_ORIGIN_ACCEPTS, 400 * MS);
            break;
        case 'r':
            sim_origin_answers(origin, SIM_ORIGIN_REFUSES, 0);
            break;
        case 'u':
            sim_origin_answers(origin, SIM_ORIGIN_UNREACHABLE, 0);
            break;
        case 'n':
            sim_origin_answers(origin, SIM_ORIGIN_UNREACHABLE, 10 * MS);
            break;
        case 'h':
            sim_origin_answers(origin, SIM_ORIGIN_HANGS, 0);
            break;
        case 'e':
            sim_origin_answers(origin, SIM_ORIGIN_EXHAUSTED, 0);
            break;
        default:
            break;
        }
    }
}

static int tries(void)
{
    size_t sum = 0;
    for (int i = 0; i < ORIGINS; i++)
        sum += sim_origin_tries(room.origins[i]);
    return (int)sum;
}

#define ERROR(name) STET_PROXY_ERROR_##name

static const struct row {
    const char *id;
    const char *name;
    const char *host;
    const char *how;
    enum stet_proxy_error error;
    int ms;           /* that it takes */
    int tries;        /* connects begun */
    const char *whom; /* the address it reached, or tried last */
} rows[] = {
    {"", "a name with one address", "one.test", "ra", ERROR(NONE), 0, 1, "192.0.2.1"},
    {"", "a literal", "192.0.2.99", "", ERROR(NONE), 0, 1, "192.0.2.99"},
    {"", "an IPv6 literal", "2001:db8::1", "s", ERROR(NONE), 200, 1, "2001:db8::1"},
    {"RFC 8305 §5", "the first one, if it is quick", "two.test", "sa", ERROR(NONE), 200, 1,
     "2001:db8::1"},
    {"RFC 8305 §5", "the next 250 ms later", "two.test", "ha", ERROR(NONE), 250, 2, "192.0.2.1"},
    {"RFC 8305 §5", "who connects first wins", "two.test", "la", ERROR(NONE), 250, 2, "192.0.2.1"},
    {"RFC 8305 §5", "the earlier may win after the next began", "two.test", "ls", ERROR(NONE), 400,
     2, "2001:db8::1"},
    {"RFC 8305 §5", "the next at once after a refusal", "two.test", "ra", ERROR(NONE), 0, 2,
     "192.0.2.1"},
    {"RFC 8305 §5", "the next at once where no way is", "two.test", "ua", ERROR(NONE), 0, 2,
     "192.0.2.1"},
    {"RFC 8305 §5", "no way is known later", "two.test", "na", ERROR(NONE), 10, 2, "192.0.2.1"},
    {"RFC 8305 §5", "the last of eight", "all.test", "hhhhhhha", ERROR(NONE), 1750, 8, "192.0.2.4"},
    {"RFC 8305 §5", "a refusal moves the rest up", "all.test", "hrhs", ERROR(NONE), 700, 4,
     "192.0.2.2"},
    {"C-9209-2.1.1-1", "nobody listens", "one.test", "rr", ERROR(CONNECTION_REFUSED), 0, 1,
     "192.0.2.1"},
    {"C-9209-2.1.1-1", "nobody listens anywhere", "all.test", "rrrrrrrr", ERROR(CONNECTION_REFUSED),
     0, 8, "192.0.2.4"},
    {"C-9209-2.1.1-1", "no way", "two.test", "un", ERROR(DESTINATION_IP_UNROUTABLE), 10, 2,
     "192.0.2.1"},
    {"C-9209-2.1.1-1", "an answer says more than none", "two.test", "ru", ERROR(CONNECTION_REFUSED),
     0, 2, "192.0.2.1"},
    {"C-9209-2.1.1-1", "an answer says more than none, the other way", "two.test", "ur",
     ERROR(CONNECTION_REFUSED), 0, 2, "192.0.2.1"},
    {"C-9209-2.1.1-1", "nothing left", "two.test", "ue", ERROR(CONNECTION_LIMIT_REACHED), 0, 2,
     "192.0.2.1"},
    {"C-9209-2.1.1-1", "silence", "one.test", "hh", ERROR(CONNECTION_TIMEOUT), 5000, 1,
     "192.0.2.1"},
    {"C-9209-2.1.1-1", "silence after a refusal", "two.test", "rh", ERROR(CONNECTION_TIMEOUT), 5000,
     2, "192.0.2.1"},
    {"C-9209-2.1.1-1", "silence everywhere", "all.test", "hhhhhhhh", ERROR(CONNECTION_TIMEOUT),
     5000, 8, "192.0.2.4"},
    {"C-9209-2.1.1-1", "no such name", "none.test", "", ERROR(DNS_ERROR), 0, 0, "-"},
    {"C-9209-2.1.1-1", "no name at all", "", "", ERROR(DNS_ERROR), 0, 0, "-"},
    {"C-9209-2.1.1-1", "a name server fails", "fails.test", "", ERROR(DNS_ERROR), 0, 0, "-"},
    {"C-9209-2.1.1-1", "name servers are silent", "slow.test", "", ERROR(DNS_TIMEOUT), 3000, 0,
     "-"},
    {"C-9209-2.1.1-1", "and silent for too long", "slower.test", "", ERROR(DNS_TIMEOUT), 5000, 0,
     "-"},
};

static void names_that_fail(void)
{
    sim_world_name_fails(room.world, "fails.test", RESOLVE_FAILED);
    sim_world_name_fails(room.world, "slow.test", RESOLVE_TIMEOUT);
    sim_world_name_takes(room.world, "slow.test", 3000 * MS);
    sim_world_name_takes(room.world, "slower.test", 9000 * MS);
}

static void fail_row(const struct row *row, const struct guest *guest, int64_t start)
{
    char text[SOCK_ADDRESS_TEXT];
    sock_address_text(&guest->dial.address, text);
    fail_msg("%s %s: done %d, error %d, after %d ms, %d tries, %s", row->id, row->name, guest->done,
             (int)guest->error, (int)((guest->when - start) / MS), tries(), text);
}

static void tell(const struct row *row, uint64_t seed, const struct sim_faults *faults)
{
    char text[SOCK_ADDRESS_TEXT];
    room_open(seed);
    sim_world_faults(room.world, faults);
    names_that_fail();
    answers(row->how);
    const struct call_place place = {.host = row->host, .port = 80};
    struct guest *guest = room.guest;
    int64_t start = sim_world_now(room.world);
    assert_true(dial_start(&guest->dial, &room.setup, &place));
    assert_int_equal(guest->done, 0);
    sim_world_run_until_idle(room.world);
    sim_world_advance(room.world, 6000 * MS);
    sock_address_text(&guest->dial.address, text);
    if (guest->done != 1 || guest->error != row->error || guest->when - start != row->ms * MS ||
        tries() != row->tries || strcmp(text, row->whom) != 0)
        fail_row(row, guest, start);
    size_t open = 0;
    for (int i = 0; i < ORIGINS; i++) {
        for (struct sim_client *server; (server = sim_origin_next(room.origins[i]));)
            open += !sim_client_released(server);
    }
    assert_int_equal(open, guest->error == STET_PROXY_ERROR_NONE);
    dial_cancel(&guest->dial);
    room_close();
}

static void test_races(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        tell(&rows[i], 1, &(struct sim_faults){0});
}

/* Calls that say nothing, and others in any order, change nothing. */
static void test_races_under_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint64_t seed = 1; seed <= 10; seed++)
            tell(&rows[i], seed, &(struct sim_faults){.shuffle = true, .spurious = true});
    }
}

static void test_unix_sockets(void **state)
{
    (void)state;
    const struct {
        const char *name;
        const char *path;
        int full; /* ms that its queue is full */
        enum stet_proxy_error error;
        int least; /* ms */
        int most;
    } paths[] = {
        {"someone listens", "/run/app", 0, ERROR(NONE), 0, 0},
        {"nobody does", "/run/none", 0, ERROR(CONNECTION_REFUSED), 0, 0},
        {"a full queue for a while", "/run/app", 700, ERROR(NONE), 700, 710},
        {"a full queue for good", "/run/app", 9000, ERROR(CONNECTION_LIMIT_REACHED), 5000, 5000},
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        room_open(i);
        struct sim_origin *origin = sim_origin_open(room.world, "unix:/run/app");
        if (paths[i].full > 0)
            sim_origin_answers(origin, SIM_ORIGIN_EXHAUSTED, 0);
        const struct call_place place = {.host = paths[i].path, .unix_socket = true};
        struct guest *guest = room.guest;
        int64_t start = sim_world_now(room.world);
        assert_true(dial_start(&guest->dial, &room.setup, &place));
        assert_int_equal(guest->done, 0);
        sim_world_advance(room.world, paths[i].full * MS);
        sim_origin_answers(origin, SIM_ORIGIN_ACCEPTS, 0);
        sim_world_advance(room.world, 100 * MS);
        int ms = (int)((guest->when - start) / MS);
        if (guest->done != 1 || guest->error != paths[i].error || ms < paths[i].least ||
            ms > paths[i].most)
            fail_msg("%s: done %d, error %d, after %d ms", paths[i].name, guest->done,
                     (int)guest->error, ms);
        assert_int_equal(guest->dial.address.family, AF_UNIX);
        dial_cancel(&guest->dial);
        room_close();
    }
}

/* Patience shorter than a race. */
static void test_short_patience(void **state)
{
    (void)state;
    room_open(1);
    room.limits.connect_timeout = 600;
    answers("hhhhhhhh");
    const struct call_place place = {.host = "all.test", .port = 80};
    assert_true(dial_start(&room.guest->dial, &room.setup, &place));
    sim_world_advance(room.world, 600 * MS - 1);
    assert_int_equal(room.guest->done, 0);
    assert_int_equal(tries(), 3);
    sim_world_advance(room.world, 1);
    assert_int_equal(room.guest->error, STET_PROXY_ERROR_CONNECTION_TIMEOUT);
    assert_int_equal(tries(), 3);
    room_close();
}

/* Patience longer than the kernel's. */
static void test_kernel_gives_up(void **state)
{
    (void)state;
    room_open(1);
    room.limits.connect_timeout = 1000000;
    answers("hh");
    const struct call_place place = {.host = "two.test", .port = 80};
    assert_true(dial_start(&room.guest->dial, &room.setup, &place));
    sim_world_advance(room.world, 127249 * MS);
    assert_int_equal(room.guest->done, 0);
    sim_world_advance(room.world, 2 * MS);
    assert_int_equal(room.guest->error, STET_PROXY_ERROR_CONNECTION_TIMEOUT);
    room_close();
}

/* What came before the socket was handed over is not lost; what comes after is told its new owner.
 */
static void test_taken(void **state)
{
    (void)state;
    room_open(1);
    const struct call_place place = {.host = "one.test", .port = 80};
    struct guest *guest = room.guest;
    assert_true(dial_start(&guest->dial, &room.setup, &place));
    sim_world_run_until_idle(room.world);
    assert_true(guest->taken);
    struct sim_client *server = sim_origin_next(room.origins[1]);
    sim_client_say(server, "hello");
    sim_world_run_until_idle(room.world);
    assert_string_equal(guest->got, "hello");
    dial_cancel(&guest->dial);
    dial_cancel(&guest->dial);
    memset(&guest->dial, 0xa5, sizeof guest->dial);
    const struct iovec piece = {(char[]){'G'}, 1};
    assert_int_equal(sock_write(&guest->sock, &piece, 1), 1);
    assert_int_equal(sim_client_len(server), 1);
    assert_int_equal(sim_client_state(server), SIM_CLIENT_OPEN);
    room_close();
    /* What is not taken is closed. */
    room_open(1);
    room.guest->leaves = true;
    assert_true(dial_start(&room.guest->dial, &room.setup, &place));
    sim_world_run_until_idle(room.world);
    server = sim_origin_next(room.origins[1]);
    sim_client_say(server, "hello?");
    sim_world_run_until_idle(room.world);
    assert_int_equal(room.guest->done, 1);
    dial_cancel(&room.guest->dial);
    assert_true(sim_client_released(server));
    room_close();
}

/* The dial is gone when `done` returns. */
static void free_done(struct dial *dial)
{
    struct guest *guest = CONTAINER(dial, struct guest, dial);
    dial_cancel(dial);
    room.guest = NULL;
    memset(guest, 0xa5, sizeof *guest);
    free(guest);
}

static void test_freed_in_done(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        room_open(1);
        names_that_fail();
        answers(rows[i].how);
        const struct call_place place = {.host = rows[i].host, .port = 80};
        room.guest->dial.done = free_done;
        assert_true(dial_start(&room.guest->dial, &room.setup, &place));
        sim_world_advance(room.world, 6000 * MS);
        assert_null(room.guest);
        room_close();
    }
}

/* Taken back at every moment of its life. */
static void test_cancelled(void **state)
{
    (void)state;
    const int moments[] = {0, 1, 199, 200, 249, 250, 251, 400, 500, 1749, 1750, 2999, 4999};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t m = 0; m < sizeof moments / sizeof moments[0]; m++) {
            room_open(1);
            names_that_fail();
            answers(rows[i].how);
            const struct call_place place = {.host = rows[i].host, .port = 80};
            struct guest *guest = room.guest;
            assert_true(dial_start(&guest->dial, &room.setup, &place));
            if (moments[m] > 0)
                sim_world_advance(room.world, moments[m] * MS);
            int done = guest->done;
            dial_cancel(&guest->dial);
            memset(&guest->dial, 0xa5, sizeof guest->dial);
            sim_world_advance(room.world, 10000 * MS);
            assert_int_equal(guest->done, done);
            room_close();
        }
    }
}

/* Each allocation fails in turn: the dial cannot start, or it ends with an error, or it works. */
static void test_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint64_t nth = 1;; nth++) {
            room_open(1);
            names_that_fail();
            answers(rows[i].how);
            const struct call_place place = {.host = rows[i].host, .port = 80};
            struct guest *guest = room.guest;
            memory_fail_nth(nth);
            bool started = dial_start(&guest->dial, &room.setup, &place);
            if (started)
                sim_world_advance(room.world, 6000 * MS);
            bool over = memory_count() < nth;
            memory_fail_nth(0);
            assert_int_equal(guest->done, started);
            if (over && guest->error != rows[i].error)
                fail_msg("%s: %d", rows[i].name, (int)guest->error);
            room_close();
            if (over)
                break;
            assert_in_range(nth, 1, 100);
        }
    }
}

/* The machine: a listener on the loopback interface. */
static struct guest *machine_dial(const struct call_place *place)
{
    struct guest *guest = calloc(1, sizeof *guest);
    guest->dial.done = guest_done;
    assert_true(dial_start(&guest->dial, &room.setup, place));
    loop_run(room.loop);
    assert_int_equal(guest->done, 1);
    dial_cancel(&guest->dial);
    return guest;
}

static void machine_end(struct guest *guest)
{
    if (guest->taken)
        sock_close(&guest->sock, false);
    free(guest);
}

static void greet(struct listener *listener, struct sock *sock, const struct sock_address *peer)
{
    const struct iovec piece = {(char[]){'h', 'i'}, 2};
    (void)listener;
    (void)peer;
    assert_int_equal(sock_write(sock, &piece, 1), 2);
    sock_close(sock, false);
}

static void test_machine(void **state)
{
    (void)state;
    const char *error = NULL;
    uint16_t port = 0;
    char path[64] = "/tmp/stet-dial-XXXXXX";
    char address[80];
    memset(&room, 0, sizeof room);
    assert_non_null(mkdtemp(path));
    strcat(path, "/s");
    snprintf(address, sizeof address, "unix:%s", path);
    room.loop = loop_new_epoll();
    room.limits = limits_default();
    room.setup = (struct dial_setup){.loop = room.loop, .limits = &room.limits};
    room.setup.resolver = resolver_new(room.loop, "127.0.0.1:9");
    struct listener tcp = {.loop = room.loop, .accepted = greet};
    struct listener local = tcp;
    tcp.fd = listener_bind("127.0.0.1:0", false, &port, &error);
    local.fd = listener_bind(address, false, NULL, &error);
    assert_true(listener_start(&tcp) && listener_start(&local));
    const struct call_place reached[] = {
        {.host = "127.0.0.1", .port = port},
        {.host = "localhost", .port = port}, /* perhaps by way of ::1, where nobody listens */
        {.host = path, .unix_socket = true},
    };
    for (size_t i = 0; i < 3; i++) {
        struct guest *guest = machine_dial(&reached[i]);
        assert_int_equal(guest->error, STET_PROXY_ERROR_NONE);
        assert_string_equal(guest->got, "hi");
        machine_end(guest);
    }
    listener_stop(&tcp);
    listener_stop(&local);
    for (size_t i = 0; i < 3; i++) {
        struct guest *guest = machine_dial(&reached[i]);
        assert_int_equal(guest->error, STET_PROXY_ERROR_CONNECTION_REFUSED);
        machine_end(guest);
    }
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    resolver_free(room.setup.resolver);
    loop_free(room.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_races),           cmocka_unit_test(test_races_under_faults),
        cmocka_unit_test(test_unix_sockets),    cmocka_unit_test(test_short_patience),
        cmocka_unit_test(test_kernel_gives_up), cmocka_unit_test(test_taken),
        cmocka_unit_test(test_freed_in_done),   cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_memory),          cmocka_unit_test(test_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
