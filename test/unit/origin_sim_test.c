/* The other side of the simulated network: origins that a test plays, every way in which connecting
 * may go, and servers that connect to each other. */
#include "base/container.h"
#include "base/memory.h"
#include "io/loop_sim.h"
#include "io/sock.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define MS ((int64_t)1000000)
#define S (1000 * MS)

enum { HOLD = 200000, CONNS = 8 };

/* A server's end that sends `out` and keeps what it gets; closes when both are done. */
struct conn {
    struct sock sock;
    char *out;
    size_t out_len;
    size_t sent;
    char *got;
    size_t len;
    int calls;
    bool ended;  /* the other's end was seen */
    bool broken; /* a reset was seen */
    bool deaf;   /* does not read */
    enum sock_connected state;
};

static struct {
    struct sim_world *world;
    struct loop *loop;
    struct listener listener;
    struct conn *conns[CONNS];
    int count;
} net;

static void conn_read(struct conn *conn)
{
    ssize_t got;
    do {
        got = sock_read(&conn->sock, conn->got + conn->len, HOLD - conn->len);
        conn->len += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    conn->ended |= got == 0;
    conn->broken |= got == SOCK_BROKEN;
}

static void conn_write(struct conn *conn)
{
    while (conn->sent < conn->out_len) {
        const struct iovec piece = {conn->out + conn->sent, conn->out_len - conn->sent};
        ssize_t went = sock_write(&conn->sock, &piece, 1);
        conn->broken |= went == SOCK_BROKEN;
        if (went <= 0)
            break;
        conn->sent += (size_t)went;
    }
    if (conn->sent == conn->out_len && conn->out_len > 0 && !conn->broken) {
        sock_shutdown(&conn->sock);
        conn->out_len = 0;
        conn->sent = 0;
    }
}

static void conn_ready(struct sock *sock, unsigned events)
{
    struct conn *conn = CONTAINER(sock, struct conn, sock);
    (void)events;
    conn->calls++;
    if (conn->state == SOCK_CONNECTING)
        conn->state = sock_connect_state(sock);
    if (conn->state != SOCK_CONNECTED)
        return;
    if (!conn->deaf)
        conn_read(conn);
    if (!conn->broken)
        conn_write(conn);
}

static struct conn *conn_new(enum sock_connected state)
{
    struct conn *conn = calloc(1, sizeof *conn);
    conn->got = calloc(1, HOLD);
    conn->state = state;
    conn->sock.ready = conn_ready;
    net.conns[net.count++] = conn;
    return conn;
}

static void accepted(struct listener *listener, struct sock *sock, const struct sock_address *peer)
{
    struct conn *conn = conn_new(SOCK_CONNECTED);
    (void)listener;
    conn->sock = *sock;
    conn->sock.ready = conn_ready;
    char text[SOCK_ADDRESS_TEXT];
    sock_address_text(peer, text);
    assert_string_equal(text, peer->family == AF_UNIX ? "unix" : "127.0.0.1");
    assert_true(sock_start(&conn->sock));
}

static void net_open(uint64_t seed, const struct sim_faults *faults)
{
    memset(&net, 0, sizeof net);
    net.world = sim_world_new(seed);
    if (faults)
        sim_world_faults(net.world, faults);
    net.loop = sim_world_loop(net.world);
}

static void net_close(void)
{
    for (int i = 0; i < net.count; i++) {
        if (net.conns[i]->sock.loop)
            sock_close(&net.conns[i]->sock, false);
        free(net.conns[i]->got);
        free(net.conns[i]);
    }
    if (net.listener.loop)
        listener_stop(&net.listener);
    loop_free(net.loop);
    sim_world_free(net.world);
}

static void listen_at(const char *address)
{
    net.listener = (struct listener){.loop = net.loop, .accepted = accepted};
    net.listener.fd = sim_world_listen(net.world, address);
    assert_true(listener_start(&net.listener));
}

static enum sock_connected conn_open(struct conn *conn, const char *host, uint16_t port)
{
    const bool is_path = host[0] == '/';
    struct sock_address address = {.family = AF_UNIX};
    if (!is_path) {
        address.family = strchr(host, ':') ? AF_INET6 : AF_INET;
        address.port = port;
        assert_int_equal(inet_pton(address.family, host, address.bytes), 1);
    }
    return sock_connect(&conn->sock, net.loop, &address, is_path ? host : NULL);
}

static struct conn *conn_to(const char *host, uint16_t port)
{
    struct conn *conn = conn_new(SOCK_CONNECTING);
    assert_int_equal(conn_open(conn, host, port), SOCK_CONNECTING);
    return conn;
}

static void expect(const struct sim_client *client, const char *text)
{
    assert_int_equal(sim_client_len(client), strlen(text));
    assert_memory_equal(sim_client_bytes(client), text, strlen(text));
}

/* The test drives the other end by hand. */
static void test_driven(void **state)
{
    (void)state;
    net_open(1, NULL);
    const struct {
        const char *address;
        const char *host;
        uint16_t port;
    } rows[] = {{"192.0.2.9:80", "192.0.2.9", 80},
                {"[2001:db8::1]:8080", "2001:db8::1", 8080},
                {"unix:/run/app", "/run/app", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sim_origin *origin = sim_origin_open(net.world, rows[i].address);
        struct conn *conn = conn_to(rows[i].host, rows[i].port);
        assert_null(sim_origin_next(origin));
        assert_int_equal(conn->state, SOCK_CONNECTING);
        sim_world_run_until_idle(net.world);
        assert_int_equal(conn->state, SOCK_CONNECTED);
        struct sim_client *server = sim_origin_next(origin);
        assert_non_null(server);
        assert_null(sim_origin_next(origin));
        assert_int_equal(sim_origin_count(origin), 1);
        assert_int_equal(sim_origin_tries(origin), 1);
        const struct iovec piece = {(char[]){'G', 'E', 'T'}, 3};
        assert_int_equal(sock_write(&conn->sock, &piece, 1), 3);
        expect(server, "GET");
        sim_client_say(server, "200");
        sim_client_shutdown(server);
        sim_world_run_until_idle(net.world);
        assert_string_equal(conn->got, "200");
        assert_true(conn->ended);
        sim_client_window(server, 1);
        assert_int_equal(sock_write(&conn->sock, &piece, 1), 1);
        sock_close(&conn->sock, false);
        assert_int_equal(sim_client_state(server), SIM_CLIENT_ENDED);
        assert_true(sim_client_released(server));
    }
    net_close();
}

static int heard_calls;
static char questions[] = "?????";

/* Answers each whole request "?" with "!", itself. */
static void answers(struct sim_client *client, void *owner)
{
    assert_ptr_equal(owner, &heard_calls);
    heard_calls++;
    while (sim_client_len(client) > 0 && sim_client_bytes(client)[0] == '?') {
        sim_client_take(client, 1);
        sim_client_say(client, "!");
    }
    if (sim_client_state(client) == SIM_CLIENT_ENDED)
        sim_client_shutdown(client);
}

static void test_scripted(void **state)
{
    (void)state;
    const struct sim_faults rows[] = {
        {0},
        {.read_most = 1, .write_most = 1},
        {.read_most = 3, .write_most = 2, .draw_sizes = true, .shuffle = true, .spurious = true},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        for (uint64_t seed = 1; seed <= 10; seed++) {
            net_open(seed, &rows[row]);
            heard_calls = 0;
            struct sim_origin *origin = sim_origin_open(net.world, "192.0.2.9:80");
            sim_origin_heard(origin, answers, &heard_calls);
            struct conn *conns[3];
            for (int i = 0; i < 3; i++) {
                conns[i] = conn_to("192.0.2.9", 80);
                conns[i]->out = questions;
                conns[i]->out_len = 5;
            }
            sim_world_run_until_idle(net.world);
            for (int i = 0; i < 3; i++) {
                assert_string_equal(conns[i]->got, "!!!!!");
                assert_true(conns[i]->ended);
            }
            assert_in_range(heard_calls, 3, 60);
            assert_int_equal(sim_origin_count(origin), 3);
            net_close();
        }
    }
}

static void test_refusals(void **state)
{
    (void)state;
    const struct {
        const char *name;
        const char *host;
        enum sim_origin_answer answer;
        int64_t after;
        enum sock_connected at_once;
        enum sock_connected then;
        int64_t takes;
    } rows[] = {
        {"refused", "192.0.2.9", SIM_ORIGIN_REFUSES, 0, SOCK_CONNECTING, SOCK_REFUSED, 0},
        {"refused late", "192.0.2.9", SIM_ORIGIN_REFUSES, S, SOCK_CONNECTING, SOCK_REFUSED, S},
        {"no route", "192.0.2.9", SIM_ORIGIN_UNREACHABLE, 0, SOCK_UNREACHABLE, 0, 0},
        {"told of no route", "192.0.2.9", SIM_ORIGIN_UNREACHABLE, MS, SOCK_CONNECTING,
         SOCK_UNREACHABLE, MS},
        {"full", "/run/app", SIM_ORIGIN_EXHAUSTED, 0, SOCK_EXHAUSTED, 0, 0},
        {"hangs", "192.0.2.9", SIM_ORIGIN_HANGS, 0, SOCK_CONNECTING, SOCK_TIMED_OUT, 127 * S},
        {"slow", "192.0.2.9", SIM_ORIGIN_ACCEPTS, 3 * S, SOCK_CONNECTING, SOCK_CONNECTED, 3 * S},
        {"nobody there", "192.0.2.77", SIM_ORIGIN_ACCEPTS, 0, SOCK_CONNECTING, SOCK_REFUSED, 0},
        {"no such path", "/run/none", SIM_ORIGIN_ACCEPTS, 0, SOCK_REFUSED, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        net_open(1, NULL);
        sim_origin_answers(sim_origin_open(net.world, "192.0.2.9:80"), rows[i].answer,
                           rows[i].after);
        sim_origin_answers(sim_origin_open(net.world, "unix:/run/app"), rows[i].answer,
                           rows[i].after);
        struct conn *conn = conn_new(SOCK_CONNECTING);
        enum sock_connected first = conn_open(conn, rows[i].host, 80);
        if (first != rows[i].at_once)
            fail_msg("%s: %d at once", rows[i].name, (int)first);
        assert_int_equal(conn->sock.fd < 0, first != SOCK_CONNECTING);
        if (rows[i].takes > 0) {
            assert_true(sim_world_due(net.world) == rows[i].takes);
            sim_world_advance(net.world, rows[i].takes - 1);
            assert_int_equal(conn->state, SOCK_CONNECTING);
            sim_world_advance(net.world, 1);
        }
        sim_world_run_until_idle(net.world);
        if (conn->state != rows[i].then)
            fail_msg("%s: then %d", rows[i].name, (int)conn->state);
        net_close();
    }
}

/* One that gives up leaves nothing behind. */
static void test_given_up(void **state)
{
    (void)state;
    net_open(1, NULL);
    struct sim_origin *origin = sim_origin_open(net.world, "192.0.2.9:80");
    sim_origin_answers(origin, SIM_ORIGIN_ACCEPTS, S);
    struct conn *conn = conn_to("192.0.2.9", 80);
    struct conn *other = conn_to("192.0.2.9", 80);
    sock_close(&conn->sock, true);
    sim_world_advance(net.world, 2 * S);
    assert_int_equal(conn->calls, 0);
    assert_int_equal(other->state, SOCK_CONNECTED);
    assert_int_equal(sim_origin_count(origin), 1);
    assert_int_equal(sim_origin_tries(origin), 2);
    assert_true(sim_world_due(net.world) == INT64_MAX);
    net_close();
}

static void test_resets(void **state)
{
    (void)state;
    net_open(1, NULL);
    struct sim_origin *origin = sim_origin_open(net.world, "192.0.2.9:80");
    struct conn *conns[3];
    struct sim_client *servers[3];
    for (int i = 0; i < 3; i++)
        conns[i] = conn_to("192.0.2.9", 80);
    sim_world_run_until_idle(net.world);
    for (int i = 0; i < 3; i++)
        servers[i] = sim_origin_next(origin);
    sim_client_say(servers[0], "half an ans");
    sim_client_close(servers[0], true);
    sim_client_reset_after(servers[1], 4);
    sim_client_say(servers[1], "four");
    sim_client_close(servers[2], false);
    sim_world_run_until_idle(net.world);
    assert_true(conns[0]->broken);
    assert_true(conns[1]->broken);
    assert_true(conns[2]->ended);
    assert_false(conns[2]->broken);
    sock_close(&conns[2]->sock, true);
    assert_int_equal(sim_client_state(servers[2]), SIM_CLIENT_RESET);
    /* The world's own resets reach these connections too. */
    sim_world_faults(net.world, &(struct sim_faults){.reset_after = 10});
    struct conn *doomed = conn_to("192.0.2.9", 80);
    sim_world_run_until_idle(net.world);
    sim_client_say(sim_origin_next(origin), "0123456789");
    sim_world_run_until_idle(net.world);
    assert_true(doomed->broken);
    /* An origin may have faults of its own, or none in a world that has some. */
    sim_origin_faults(origin, &(struct sim_faults){.read_most = 1});
    struct conn *spared = conn_to("192.0.2.9", 80);
    sim_world_run_until_idle(net.world);
    sim_client_say(sim_origin_next(origin), "0123456789");
    sim_world_run_until_idle(net.world);
    assert_false(spared->broken);
    assert_string_equal(spared->got, "0123456789");
    sim_world_faults(net.world, &(struct sim_faults){.reset_after = 0});
    sim_origin_faults(origin, &(struct sim_faults){.reset_after = 3});
    doomed = conn_to("192.0.2.9", 80);
    sim_world_run_until_idle(net.world);
    sim_client_say(sim_origin_next(origin), "0123456789");
    sim_world_run_until_idle(net.world);
    assert_true(doomed->broken);
    sim_origin_faults(origin, NULL);
    spared = conn_to("192.0.2.9", 80);
    sim_world_run_until_idle(net.world);
    sim_client_say(sim_origin_next(origin), "0123456789");
    sim_world_run_until_idle(net.world);
    assert_false(spared->broken);
    net_close();
}

/* A server's own client: a server of the same world. Everything arrives, both ways, then the ends.
 */
static void pair(uint64_t seed, const struct sim_faults *faults)
{
    enum { BYTES = 90000 };
    static char up[BYTES];
    static char down[BYTES];
    net_open(seed, faults);
    listen_at(seed % 2 ? "127.0.0.1:8080" : "unix:/run/stet");
    struct conn *near = conn_to(seed % 2 ? "127.0.0.1" : "/run/stet", 8080);
    for (int i = 0; i < BYTES; i++) {
        up[i] = (char)sim_world_draw(net.world, 256);
        down[i] = (char)sim_world_draw(net.world, 256);
    }
    size_t bytes = faults->read_most == 1 ? 3000 : BYTES;
    near->out = up;
    near->out_len = bytes;
    near->deaf = true;
    sim_world_run_until_idle(net.world);
    assert_int_equal(net.count, 2);
    struct conn *far = net.conns[1];
    assert_int_equal(far->len, bytes);
    assert_true(far->ended);
    far->out = down;
    far->out_len = bytes;
    conn_write(far);
    sim_world_run_until_idle(net.world);
    /* The writer waits for the reader who does not read. */
    assert_int_equal(far->out_len > 0, bytes > 65536);
    near->deaf = false;
    conn_read(near);
    sim_world_run_until_idle(net.world);
    assert_int_equal(near->len, bytes);
    assert_true(near->ended);
    assert_memory_equal(near->got, down, bytes);
    assert_memory_equal(far->got, up, bytes);
    net_close();
}

static void test_pairs(void **state)
{
    (void)state;
    const struct sim_faults rows[] = {
        {0},
        {.read_most = 1, .write_most = 1},
        {.read_most = 5000, .write_most = 3000, .draw_sizes = true, .shuffle = true},
        {.read_most = 70000, .write_most = 70000, .draw_sizes = true, .spurious = true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint64_t seed = 1; seed <= 4; seed++)
            pair(seed, &rows[i]);
    }
}

static void test_pair_breaks(void **state)
{
    (void)state;
    net_open(1, NULL);
    listen_at("127.0.0.1:8080");
    /* A reset. */
    struct conn *near = conn_to("127.0.0.1", 8080);
    sim_world_run_until_idle(net.world);
    sock_close(&near->sock, true);
    sim_world_run_until_idle(net.world);
    assert_true(net.conns[1]->broken);
    /* An end, and bytes that come after it. */
    near = conn_to("127.0.0.1", 8080);
    sim_world_run_until_idle(net.world);
    struct conn *far = net.conns[3];
    sock_close(&near->sock, false);
    sim_world_run_until_idle(net.world);
    assert_true(far->ended && !far->broken);
    const struct iovec piece = {(char[]){'x'}, 1};
    assert_int_equal(sock_write(&far->sock, &piece, 1), 1);
    assert_int_equal(sock_write(&far->sock, &piece, 1), SOCK_BROKEN);
    /* An end with bytes unread is a reset for the other. */
    near = conn_to("127.0.0.1", 8080);
    near->deaf = true;
    sim_world_run_until_idle(net.world);
    far = net.conns[5];
    assert_int_equal(sock_write(&far->sock, &piece, 1), 1);
    sock_close(&near->sock, false);
    sim_world_run_until_idle(net.world);
    assert_true(far->broken);
    /* The listener goes while one waits for it. */
    sim_world_fail_accept(net.world, S);
    near = conn_to("127.0.0.1", 8080);
    sim_world_run_until_idle(net.world);
    assert_int_equal(near->state, SOCK_CONNECTED);
    listener_stop(&net.listener);
    sim_world_run_until_idle(net.world);
    assert_true(near->broken);
    near = conn_to("127.0.0.1", 8080);
    sim_world_run_until_idle(net.world);
    assert_int_equal(near->state, SOCK_REFUSED);
    net_close();
}

static void test_move(void **state)
{
    (void)state;
    net_open(1, NULL);
    struct sim_origin *origin = sim_origin_open(net.world, "192.0.2.9:80");
    struct conn *old = conn_to("192.0.2.9", 80);
    sim_world_run_until_idle(net.world);
    struct conn *fresh = conn_new(SOCK_CONNECTED);
    struct sim_client *server = sim_origin_next(origin);
    sim_client_say(server, "early");
    assert_true(sock_move(&old->sock, &fresh->sock));
    assert_int_equal(old->sock.fd, -1);
    sim_world_run_until_idle(net.world);
    assert_string_equal(fresh->got, "early");
    assert_int_equal(old->len, 0);
    sim_client_say(server, " late");
    sim_world_run_until_idle(net.world);
    assert_string_equal(fresh->got, "early late");
    net_close();
}

/* None of it is the server's memory. */
static void test_memory_apart(void **state)
{
    (void)state;
    net_open(1, NULL);
    struct sim_origin *origin = sim_origin_open(net.world, "192.0.2.9:80");
    sim_origin_heard(origin, answers, &heard_calls);
    memory_fail_nth(1);
    struct conn *conn = conn_to("192.0.2.9", 80);
    conn->out = questions;
    conn->out_len = 1;
    sim_world_run_until_idle(net.world);
    assert_string_equal(conn->got, "!");
    assert_int_equal(memory_count(), 0);
    memory_fail_nth(0);
    net_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_driven),       cmocka_unit_test(test_scripted),
        cmocka_unit_test(test_refusals),     cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_resets),       cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_pair_breaks),  cmocka_unit_test(test_move),
        cmocka_unit_test(test_memory_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
