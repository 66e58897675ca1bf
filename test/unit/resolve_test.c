/* Names on the machine: c-ares on our loop, against a name server in this test that answers, lies,
 * is late or says nothing.
 *
 * No test waits: the clock is ours (below). Whatever the loop would sleep for has passed at once,
 * for c-ares too. */
#include "base/container.h"
#include "base/memory.h"
#include "io/loop_epoll.h"
#include "io/resolve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MS ((int64_t)1000000)
#define VISIBLE __attribute__((visibility("default")))

static int64_t skipped; /* ns that have passed without being waited for */
static int idle;        /* waits for nothing at all */

VISIBLE int clock_gettime(clockid_t clock, struct timespec *to)
{
    if (syscall(SYS_clock_gettime, clock, to) != 0)
        return -1;
    int64_t ns = to->tv_nsec + skipped % 1000000000;
    to->tv_sec += (time_t)(skipped / 1000000000 + ns / 1000000000);
    to->tv_nsec = (long)(ns % 1000000000);
    return 0;
}

/* Loopback delivers while one sends: what is not there after a moment comes from a timer only. */
VISIBLE int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
    int got = (int)syscall(SYS_epoll_pwait, fd, events, most, 0, NULL, 8);
    if (got != 0 || timeout == 0)
        return got;
    if (timeout < 0) {
        assert_true(++idle < 1000);
        return 0;
    }
    got = (int)syscall(SYS_epoll_pwait, fd, events, most, 5, NULL, 8);
    if (got == 0)
        skipped += timeout * MS;
    return got;
}

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28 };
enum { NAME_ERROR = 3, SERVER_FAILURE = 2, REFUSED = 5 };

/* What the name server says. */
struct record {
    const char *name;
    int type;
    const char *addresses; /* with blanks between */
    uint32_t ttl;
    int rcode;
    bool silent;
    bool by_tcp;    /* truncated by UDP */
    bool nonsense;  /* not a message */
    int late;       /* ms */
    uint32_t alias; /* lifetime of an alias on the way, 0: none */
};

static const struct record records[] = {
    {.name = "both.test", .type = TYPE_A, .addresses = "192.0.2.1 192.0.2.2", .ttl = 60},
    {.name = "both.test", .type = TYPE_AAAA, .addresses = "2001:db8::1", .ttl = 30},
    {.name = "four.test", .type = TYPE_A, .addresses = "192.0.2.4", .ttl = 60},
    {.name = "four.test", .type = TYPE_AAAA, .addresses = ""},
    {.name = "six.test", .type = TYPE_A, .addresses = ""},
    {.name = "six.test", .type = TYPE_AAAA, .addresses = "2001:db8::6", .ttl = 60},
    {.name = "empty.test", .type = TYPE_A, .addresses = ""},
    {.name = "empty.test", .type = TYPE_AAAA, .addresses = ""},
    {.name = "broken.test", .type = TYPE_A, .rcode = SERVER_FAILURE},
    {.name = "broken.test", .type = TYPE_AAAA, .rcode = SERVER_FAILURE},
    {.name = "half.test", .type = TYPE_A, .addresses = "192.0.2.5", .ttl = 60},
    {.name = "half.test", .type = TYPE_AAAA, .rcode = SERVER_FAILURE},
    {.name = "mute.test", .type = TYPE_A, .addresses = "192.0.2.6", .ttl = 60},
    {.name = "mute.test", .type = TYPE_AAAA, .silent = true},
    {.name = "late.test", .type = TYPE_A, .addresses = "192.0.2.7", .ttl = 60, .late = 40},
    {.name = "late.test", .type = TYPE_AAAA, .addresses = "2001:db8::7", .ttl = 60},
    {.name = "later.test", .type = TYPE_A, .addresses = "192.0.2.8", .ttl = 60},
    {.name = "later.test", .type = TYPE_AAAA, .addresses = "2001:db8::8", .ttl = 60, .late = 90},
    {.name = "silent.test", .type = TYPE_A, .silent = true},
    {.name = "silent.test", .type = TYPE_AAAA, .silent = true},
    {.name = "large.test", .type = TYPE_A, .addresses = "192.0.2.9", .ttl = 60, .by_tcp = true},
    {.name = "large.test",
     .type = TYPE_AAAA,
     .addresses = "2001:db8::9",
     .ttl = 60,
     .by_tcp = true},
    {.name = "alias.test", .type = TYPE_A, .addresses = "192.0.2.10", .ttl = 60, .alias = 20},
    {.name = "alias.test", .type = TYPE_AAAA, .addresses = "", .alias = 20},
    {.name = "garbage.test", .type = TYPE_A, .nonsense = true},
    {.name = "garbage.test", .type = TYPE_AAAA, .nonsense = true},
    {.name = "many.test",
     .type = TYPE_A,
     .addresses = "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 "
                  "192.0.2.9 192.0.2.10 192.0.2.11",
     .ttl = 60},
    {.name = "many.test", .type = TYPE_AAAA, .addresses = "2001:db8::1", .ttl = 60},
};

/* An answer that is sent later. */
struct letter {
    struct timer timer;
    struct sockaddr_in to;
    uint8_t bytes[512];
    size_t len;
};

enum { LETTERS = 8 };

static struct {
    struct loop *loop;
    struct resolver *resolver;
    struct foreign udp;
    struct foreign tcp;
    struct foreign stream; /* one connection at a time */
    char servers[64];
    struct letter letters[LETTERS];
    int questions;
    struct resolve_query query;
    int done;
    bool running;
    int64_t took; /* ns */
} world;

static const struct record *record_find(const char *name, int type)
{
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        if (strcasecmp(records[i].name, name) == 0 && records[i].type == type)
            return &records[i];
    }
    return NULL;
}

static size_t put(uint8_t *to, uint32_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    return size;
}

/* A record's fixed part; `name` is a pointer to where the name stands. */
static size_t put_record(uint8_t *to, uint32_t name, int type, uint32_t ttl, size_t size)
{
    size_t len = put(to, 0xc000 | name, 2);
    len += put(to + len, (uint32_t)type, 2);
    len += put(to + len, 1, 2);
    len += put(to + len, ttl, 4);
    return len + put(to + len, (uint32_t)size, 2);
}

static size_t put_addresses(uint8_t *to, uint32_t name, const struct record *record, uint8_t *count)
{
    char list[256];
    char *rest = list;
    size_t len = 0;
    const size_t size = record->type == TYPE_A ? 4 : 16;
    snprintf(list, sizeof list, "%s", record->addresses ? record->addresses : "");
    for (const char *text; (text = strtok_r(rest, " ", &rest)); ++*count) {
        len += put_record(to + len, name, record->type, record->ttl, size);
        assert_int_equal(inet_pton(size == 4 ? AF_INET : AF_INET6, text, to + len), 1);
        len += size;
    }
    return len;
}

/* The answer to the question in `bytes`, over it; 0: none. */
static size_t answer(uint8_t *bytes, size_t len, bool tcp, int *late)
{
    char name[256] = "";
    size_t at = 12;
    while (bytes[at] != 0) {
        strncat(name, (const char *)bytes + at + 1, bytes[at]);
        at += bytes[at] + 1u;
        strcat(name, bytes[at] ? "." : "");
    }
    const struct record *record = record_find(name, bytes[at + 2]);
    uint8_t count = 0;
    size_t end = at + 5;
    uint32_t owner = 12;
    assert_true(len >= end);
    world.questions++;
    if (record && record->silent)
        return 0;
    *late = record ? record->late : 0;
    const bool cut = record && record->by_tcp && !tcp;
    put(bytes + 2, 0x8180 | (cut ? 0x0200 : 0) | (uint32_t)(record ? record->rcode : NAME_ERROR),
        2);
    memset(bytes + 6, 0, 6);
    if (record && record->nonsense)
        return 14;
    if (record && record->alias > 0) {
        end += put_record(bytes + end, owner, TYPE_CNAME, record->alias, 6);
        owner = (uint32_t)end;
        memcpy(bytes + end, "\3www\xc0\x0c", 6);
        end += 6;
        count++;
    }
    if (record && !cut)
        end += put_addresses(bytes + end, owner, record, &count);
    put(bytes + 6, count, 2);
    return end;
}

static void letter_due(struct timer *timer)
{
    struct letter *letter = CONTAINER(timer, struct letter, timer);
    (void)sendto(world.udp.fd, letter->bytes, letter->len, 0, (const struct sockaddr *)&letter->to,
                 sizeof letter->to);
    letter->len = 0;
}

static void udp_ready(struct foreign *foreign, unsigned events)
{
    struct letter *letter = world.letters;
    socklen_t size = sizeof letter->to;
    int late = 0;
    (void)events;
    while (letter->len > 0)
        letter++;
    assert_true(letter < world.letters + LETTERS);
    ssize_t got = recvfrom(foreign->fd, letter->bytes, sizeof letter->bytes, 0,
                           (struct sockaddr *)&letter->to, &size);
    assert_true(got > 12);
    letter->len = answer(letter->bytes, (size_t)got, false, &late);
    if (late > 0)
        assert_true(loop_timer_set(world.loop, &letter->timer, loop_now(world.loop) + late * MS));
    else
        letter_due(&letter->timer);
}

static void stream_ready(struct foreign *foreign, unsigned events)
{
    uint8_t bytes[1024];
    int late = 0;
    (void)events;
    ssize_t got = recv(foreign->fd, bytes, sizeof bytes, 0);
    size_t at = 0;
    while (got > 0 && at < (size_t)got) {
        uint8_t one[512];
        size_t len = (size_t)bytes[at] << 8 | bytes[at + 1];
        memcpy(one + 2, bytes + at + 2, len);
        at += len + 2;
        len = answer(one + 2, len, true, &late);
        put(one, (uint32_t)len, 2);
        assert_int_equal(send(foreign->fd, one, len + 2, MSG_NOSIGNAL), len + 2);
    }
    if (got <= 0) {
        loop_epoll_foreign_stop((struct loop_epoll *)world.loop, foreign);
        close(foreign->fd);
        foreign->fd = -1;
    }
}

static void tcp_ready(struct foreign *foreign, unsigned events)
{
    (void)events;
    assert_int_equal(world.stream.fd, -1);
    world.stream.fd = accept(foreign->fd, NULL, NULL);
    assert_true(
        loop_epoll_foreign((struct loop_epoll *)world.loop, &world.stream, SOCK_READABLE, false));
}

static bool bind_to(struct foreign *foreign, int type, struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    foreign->fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (bind(foreign->fd, (const struct sockaddr *)address, size) != 0) {
        close(foreign->fd);
        return false;
    }
    getsockname(foreign->fd, (struct sockaddr *)address, &size);
    return true;
}

static void serve(struct foreign *foreign)
{
    struct loop_epoll *loop = (struct loop_epoll *)world.loop;
    assert_true(loop_epoll_foreign(loop, foreign, SOCK_READABLE, false));
}

/* One port for TCP and UDP, of which somebody may have the other. */
static int serve_both(void)
{
    struct sockaddr_in address;
    for (;;) {
        address =
            (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        assert_true(bind_to(&world.tcp, SOCK_STREAM, &address));
        if (bind_to(&world.udp, SOCK_DGRAM, &address))
            break;
        close(world.tcp.fd);
    }
    assert_int_equal(listen(world.tcp.fd, 5), 0);
    serve(&world.udp);
    serve(&world.tcp);
    return ntohs(address.sin_port);
}

static void world_open(void)
{
    memset(&world, 0, sizeof world);
    idle = 0;
    world.loop = loop_new_epoll();
    world.udp.ready = udp_ready;
    world.tcp.ready = tcp_ready;
    world.stream = (struct foreign){.ready = stream_ready, .fd = -1};
    snprintf(world.servers, sizeof world.servers, "127.0.0.1:%d", serve_both());
    for (int i = 0; i < LETTERS; i++)
        timer_init(&world.letters[i].timer, letter_due);
}

static void world_close(void)
{
    resolver_free(world.resolver);
    for (int i = 0; i < LETTERS; i++)
        loop_timer_cancel(world.loop, &world.letters[i].timer);
    close(world.udp.fd);
    close(world.tcp.fd);
    if (world.stream.fd >= 0)
        close(world.stream.fd);
    loop_free(world.loop);
}

static void answered(struct resolve_query *query)
{
    assert_ptr_equal(query, &world.query);
    world.done++;
    if (world.running)
        loop_stop(world.loop);
}

/* Asks; true when the answer is there at once. */
static bool asked(const char *host)
{
    world.done = 0;
    world.query.done = answered;
    resolve_start(world.resolver, &world.query, host, 443);
    return world.done > 0;
}

static enum resolve_result resolved(const char *host)
{
    int64_t start = skipped;
    if (!asked(host)) {
        world.running = true;
        loop_run(world.loop);
        world.running = false;
    }
    assert_int_equal(world.done, 1);
    world.took = skipped - start;
    return world.query.result;
}

static void nothing(struct task *task)
{
    (void)task;
}

/* So much later. */
static void later(int64_t ns)
{
    struct task task = {.run = nothing};
    skipped += ns;
    loop_defer(world.loop, &task);
    loop_once(world.loop);
}

static void addresses(char to[256])
{
    to[0] = '\0';
    for (size_t i = 0; i < world.query.count; i++) {
        char text[SOCK_ADDRESS_TEXT];
        sock_address_text(&world.query.addresses[i], text);
        assert_int_equal(world.query.addresses[i].port, 443);
        strcat(to, i > 0 ? " " : "");
        strcat(to, text);
    }
}

static void test_answers(void **state)
{
    (void)state;
    const struct {
        const char *id;
        const char *host;
        enum resolve_result result;
        const char *addresses;
        int least; /* ms that it takes */
        int most;
        int keeps; /* s that the answer is kept */
    } rows[] = {
        {"RFC 8305 §4", "both.test", RESOLVE_FOUND, "2001:db8::1 192.0.2.1 192.0.2.2", 0, 0, 30},
        {"case", "FOUR.test", RESOLVE_FOUND, "192.0.2.4", 0, 0, 60},
        {"", "six.test", RESOLVE_FOUND, "2001:db8::6", 0, 0, 60},
        {"no name", "nobody.test", RESOLVE_NO_SUCH_NAME, "", 0, 0, 5},
        {"no address", "empty.test", RESOLVE_NO_SUCH_NAME, "", 0, 0, 5},
        {"one family fails", "half.test", RESOLVE_FOUND, "192.0.2.5", 0, 0, 5},
        {"RFC 8305 §3", "mute.test", RESOLVE_FOUND, "192.0.2.6", 50, 60, 1},
        {"RFC 8305 §3", "late.test", RESOLVE_FOUND, "2001:db8::7 192.0.2.7", 40, 49, 60},
        {"RFC 8305 §3", "later.test", RESOLVE_FOUND, "192.0.2.8", 50, 60, 1},
        {"truncated", "large.test", RESOLVE_FOUND, "2001:db8::9 192.0.2.9", 0, 0, 60},
        {"alias", "alias.test", RESOLVE_FOUND, "192.0.2.10", 0, 0, 20},
        {"too many", "many.test", RESOLVE_FOUND,
         "2001:db8::1 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7", 0, 0,
         60},
        {"refused by the server", "broken.test", RESOLVE_FAILED, "", 0, 5000, 0},
        {"nonsense is no answer", "garbage.test", RESOLVE_TIMEOUT, "", 1000, 5000, 0},
        {"silence", "silent.test", RESOLVE_TIMEOUT, "", 1000, 5000, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char got[256];
        world_open();
        world.resolver = resolver_new(world.loop, world.servers);
        assert_non_null(world.resolver);
        enum resolve_result result = resolved(rows[i].host);
        addresses(got);
        int ms = (int)(world.took / MS);
        if (result != rows[i].result || strcmp(got, rows[i].addresses) != 0 || ms < rows[i].least ||
            ms > rows[i].most)
            fail_msg("%s %s: %d, \"%s\", %d ms", rows[i].id, rows[i].host, (int)result, got, ms);
        if (rows[i].keeps > 0) {
            later(rows[i].keeps * 1000 * MS - 200 * MS);
            if (!asked(rows[i].host) || world.query.result != rows[i].result)
                fail_msg("%s %s: not kept", rows[i].id, rows[i].host);
            later(400 * MS);
        }
        if (asked(rows[i].host))
            fail_msg("%s %s: kept too long", rows[i].id, rows[i].host);
        resolve_cancel(world.resolver, &world.query);
        world_close();
    }
}

/* The hosts file comes first, and asks nobody. */
static void test_hosts_file(void **state)
{
    (void)state;
    char got[256];
    world_open();
    world.resolver = resolver_new(world.loop, world.servers);
    assert_int_equal(resolved("localhost"), RESOLVE_FOUND);
    addresses(got);
    assert_non_null(strstr(got, "127.0.0.1"));
    assert_int_equal(world.questions, 0);
    assert_int_equal(world.took, 0);
    world_close();
}

/* The first of two servers is dead: nobody listens, or it says nothing. */
static void test_second_server(void **state)
{
    (void)state;
    world_open();
    char servers[128];
    struct foreign mute = {.fd = socket(AF_INET, SOCK_DGRAM, 0)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(mute.fd, (const struct sockaddr *)&address, sizeof address), 0);
    socklen_t size = sizeof address;
    getsockname(mute.fd, (struct sockaddr *)&address, &size);
    snprintf(servers, sizeof servers, "127.0.0.1:%d,%s", ntohs(address.sin_port), world.servers);
    world.resolver = resolver_new(world.loop, servers);
    assert_int_equal(resolved("both.test"), RESOLVE_FOUND);
    assert_in_range(world.took / MS, 500, 2000);
    resolver_free(world.resolver);
    close(mute.fd);
    world.resolver = resolver_new(world.loop, servers);
    assert_int_equal(resolved("both.test"), RESOLVE_FOUND);
    assert_in_range(world.took / MS, 0, 60);
    world_close();
}

static void test_no_server(void **state)
{
    (void)state;
    world_open();
    close(world.udp.fd);
    world.udp.fd = -1;
    world.resolver = resolver_new(world.loop, world.servers);
    assert_int_not_equal(resolved("both.test"), RESOLVE_FOUND);
    assert_in_range(world.took / MS, 0, 5000);
    resolver_free(world.resolver);
    /* As the system says, whatever that is here. */
    world.resolver = resolver_new(world.loop, NULL);
    assert_non_null(world.resolver);
    assert_int_equal(resolved("localhost"), RESOLVE_FOUND);
    resolver_free(world.resolver);
    world.resolver = resolver_new(world.loop, "no server");
    assert_int_equal(resolved("both.test"), RESOLVE_FAILED);
    assert_int_equal(resolved("192.0.2.1"), RESOLVE_FOUND);
    world_close();
}

/* A resolver may end in the middle of everything; so may a question. */
static void test_ends_early(void **state)
{
    (void)state;
    const char *hosts[] = {"both.test", "mute.test", "later.test", "large.test", "silent.test"};
    for (int turns = 0; turns < 12; turns++) {
        for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
            world_open();
            world.resolver = resolver_new(world.loop, world.servers);
            world.done = 0;
            world.query.done = answered;
            resolve_start(world.resolver, &world.query, hosts[i], 443);
            for (int turn = 0; turn < turns; turn++)
                loop_once(world.loop);
            resolve_cancel(world.resolver, &world.query);
            memset(&world.query, 0xa5, sizeof world.query);
            world_close();
        }
    }
}

/* Each allocation fails in turn, those of c-ares included: the answer is found, or it is not, or it
 * lacks a family; nothing hangs, and the next question is answered. */
static void test_memory(void **state)
{
    (void)state;
    const char *hosts[] = {"both.test", "large.test"};
    for (size_t i = 0; i < 2; i++) {
        for (uint64_t nth = 1;; nth++) {
            world_open();
            memory_fail_nth(nth);
            world.resolver = resolver_new(world.loop, world.servers);
            if (world.resolver)
                (void)resolved(hosts[i]);
            bool over = memory_count() < nth;
            memory_fail_nth(0);
            later(6000 * MS);
            if (world.resolver && resolved("both.test") != RESOLVE_FOUND)
                fail_msg("%s, allocation %d: %d", hosts[i], (int)nth, (int)world.query.result);
            world_close();
            if (over)
                break;
            assert_in_range(nth, 1, 2000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),       cmocka_unit_test(test_hosts_file),
        cmocka_unit_test(test_second_server), cmocka_unit_test(test_no_server),
        cmocka_unit_test(test_ends_early),    cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
