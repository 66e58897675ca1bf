/* The resolver over a table of names: what is kept and for how long, one question for all who ask,
 * the order of addresses, taking questions back at any point, and memory that runs out. */
#include "base/container.h"
#include "base/memory.h"
#include "io/loop_sim.h"
#include "io/resolve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define MS ((int64_t)1000000)
#define S (1000 * MS)

enum { ASKS = 8 };

/* A question, and what the one who asks does when it is answered. */
struct ask {
    struct resolve_query query;
    int done;
    int order;
    void (*then)(struct ask *ask);
};

static struct {
    struct sim_world *world;
    struct loop *loop;
    struct resolver *resolver;
    struct ask asks[ASKS];
    int answers;
} room;

static void answered(struct resolve_query *query)
{
    struct ask *ask = CONTAINER(query, struct ask, query);
    ask->done++;
    ask->order = ++room.answers;
    if (ask->then)
        ask->then(ask);
}

static void room_open(uint64_t seed)
{
    memset(&room, 0, sizeof room);
    room.world = sim_world_new(seed);
    room.loop = sim_world_loop(room.world);
    room.resolver = resolver_new(room.loop, NULL);
    assert_non_null(room.resolver);
    sim_world_name(room.world, "origin.test", "192.0.2.1", 60);
    sim_world_name(room.world, "brief.test", "192.0.2.2", 0);
    sim_world_name(room.world, "long.test", "192.0.2.3", 86400);
}

static void room_close(void)
{
    resolver_free(room.resolver);
    loop_free(room.loop);
    sim_world_free(room.world);
}

static void nothing(struct task *task)
{
    (void)task;
}

/* The loop reads the clock when it has something to do. */
static void later(int64_t ns)
{
    struct task task = {.run = nothing};
    sim_world_advance(room.world, ns);
    loop_defer(room.loop, &task);
    sim_world_run_until_idle(room.world);
}

static struct ask *ask(int number, const char *host)
{
    struct ask *at = &room.asks[number];
    void (*then)(struct ask *) = at->then;
    memset(at, 0xa5, sizeof *at);
    at->query.done = answered;
    at->done = at->order = 0;
    at->then = then;
    resolve_start(room.resolver, &at->query, host, 8080);
    return at;
}

/* Asks, lets the world go on, and returns the result. */
static enum resolve_result resolved(int number, const char *host)
{
    struct ask *at = ask(number, host);
    sim_world_run_until_idle(room.world);
    if (at->done != 1)
        fail_msg("%s: answered %d times", host, at->done);
    return at->query.result;
}

static void addresses(const struct ask *at, char to[256])
{
    to[0] = '\0';
    for (size_t i = 0; i < at->query.count; i++) {
        char text[SOCK_ADDRESS_TEXT];
        sock_address_text(&at->query.addresses[i], text);
        assert_int_equal(at->query.addresses[i].port, 8080);
        strcat(to, i > 0 ? " " : "");
        strcat(to, text);
    }
}

static void expect(const char *name, const struct ask *at, const char *wanted)
{
    char got[256];
    addresses(at, got);
    if (strcmp(got, wanted) != 0)
        fail_msg("%s: \"%s\", wanted \"%s\"", name, got, wanted);
}

/* What needs no question is told at once. */
static void test_at_once(void **state)
{
    (void)state;
    char long_name[256];
    char long_labels[256];
    memset(long_name, 'a', sizeof long_name);
    long_name[255] = '\0';
    for (int i = 0; i < 255; i++)
        long_labels[i] = i % 2 ? '.' : 'a';
    long_labels[255] = '\0';
    const struct {
        const char *host;
        enum resolve_result result;
        const char *addresses;
    } rows[] = {
        {"192.0.2.7", RESOLVE_FOUND, "192.0.2.7"},
        {"2001:DB8::1", RESOLVE_FOUND, "2001:db8::1"},
        {"::1", RESOLVE_FOUND, "::1"},
        {"", RESOLVE_NO_SUCH_NAME, ""},
        {"a b", RESOLVE_NO_SUCH_NAME, ""},
        {"[::1]", RESOLVE_NO_SUCH_NAME, ""},
        {"::1%lo", RESOLVE_NO_SUCH_NAME, ""},
        {"b\xc3\xbc"
         "cher.test",
         RESOLVE_NO_SUCH_NAME, ""},
        {"x/y", RESOLVE_NO_SUCH_NAME, ""},
        {".", RESOLVE_NO_SUCH_NAME, ""},
        {".a", RESOLVE_NO_SUCH_NAME, ""},
        {"a..b", RESOLVE_NO_SUCH_NAME, ""},
        {"a.b..", RESOLVE_NO_SUCH_NAME, ""},
        {"a.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.c",
         RESOLVE_NO_SUCH_NAME, ""},
        {long_labels, RESOLVE_NO_SUCH_NAME, ""},
        {long_name, RESOLVE_NO_SUCH_NAME, ""},
    };
    room_open(1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct ask *at = ask(0, rows[i].host);
        assert_int_equal(at->done, 1);
        if (at->query.result != rows[i].result)
            fail_msg("%s: %d", rows[i].host, (int)at->query.result);
        expect(rows[i].host, at, rows[i].addresses);
    }
    assert_true(sim_world_due(room.world) == INT64_MAX);
    room_close();
}

static void test_order(void **state)
{
    (void)state;
    const struct {
        const char *id;
        const char *name;
        const char *given;
        const char *wanted;
    } rows[] = {
        {"RFC 8305 §4", "one family", "192.0.2.1 192.0.2.2 192.0.2.3",
         "192.0.2.1 192.0.2.2 192.0.2.3"},
        {"RFC 8305 §4", "in turns", "2001:db8::1 2001:db8::2 192.0.2.1 192.0.2.2",
         "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2"},
        {"RFC 8305 §4", "the first family first", "192.0.2.1 192.0.2.2 2001:db8::1",
         "192.0.2.1 2001:db8::1 192.0.2.2"},
        {"RFC 8305 §4", "a rest of one", "2001:db8::1 192.0.2.1 192.0.2.2 192.0.2.3",
         "2001:db8::1 192.0.2.1 192.0.2.2 192.0.2.3"},
        {"RFC 8305 §4", "many of one do not push out the other",
         "2001:db8::1 2001:db8::2 2001:db8::3 2001:db8::4 2001:db8::5 2001:db8::6 2001:db8::7 "
         "2001:db8::8 192.0.2.1 192.0.2.2",
         "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 2001:db8::3 2001:db8::4 2001:db8::5 "
         "2001:db8::6"},
        {"", "none", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        room_open(1);
        char name[128];
        sim_world_name(room.world, "many.test", rows[i].given, 60);
        snprintf(name, sizeof name, "%s %s", rows[i].id, rows[i].name);
        assert_int_equal(resolved(0, "many.test"),
                         rows[i].given[0] ? RESOLVE_FOUND : RESOLVE_NO_SUCH_NAME);
        expect(name, &room.asks[0], rows[i].wanted);
        assert_int_equal(resolved(0, "Many.Test"), room.asks[0].query.result);
        expect(name, &room.asks[0], rows[i].wanted);
        assert_int_equal(sim_world_name_asked(room.world, "many.test"), 1);
        room_close();
    }
}

/* Kept as long as the record says, within bounds, and not a moment longer. */
static void test_kept(void **state)
{
    (void)state;
    const struct {
        const char *name;
        const char *host;
        int64_t keeps;
        enum resolve_result result;
    } rows[] = {
        {"as long as it says", "origin.test", 60 * S, RESOLVE_FOUND},
        {"a second at least", "brief.test", S, RESOLVE_FOUND},
        {"five minutes at most", "long.test", 300 * S, RESOLVE_FOUND},
        {"that there is none", "none.test", 5 * S, RESOLVE_NO_SUCH_NAME},
        {"no failure", "broken.test", 0, RESOLVE_FAILED},
        {"no timeout", "silent.test", 0, RESOLVE_TIMEOUT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        room_open(1);
        sim_world_name_fails(room.world, "broken.test", RESOLVE_FAILED);
        sim_world_name_fails(room.world, "silent.test", RESOLVE_TIMEOUT);
        uint64_t asked = 1;
        assert_int_equal(resolved(0, rows[i].host), rows[i].result);
        if (rows[i].keeps > 0) {
            later(rows[i].keeps - 1);
            assert_int_equal(ask(0, rows[i].host)->done, 1);
            assert_int_equal(room.asks[0].query.result, rows[i].result);
            assert_int_equal(sim_world_name_asked(room.world, rows[i].host), asked);
            later(1);
        }
        assert_int_equal(resolved(0, rows[i].host), rows[i].result);
        if (sim_world_name_asked(room.world, rows[i].host) != ++asked)
            fail_msg("%s: asked %d times", rows[i].name,
                     (int)sim_world_name_asked(room.world, rows[i].host));
        /* A change is seen then. */
        sim_world_name(room.world, rows[i].host, "192.0.2.99", 60);
        later(rows[i].keeps);
        assert_int_equal(resolved(0, rows[i].host), RESOLVE_FOUND);
        expect(rows[i].name, &room.asks[0], "192.0.2.99");
        room_close();
    }
}

/* Many ask, one question goes out; all are told, in the order they came. */
static void test_shared(void **state)
{
    (void)state;
    room_open(1);
    sim_world_name_takes(room.world, "origin.test", 2 * S);
    for (int i = 0; i < ASKS; i++) {
        ask(i, i % 2 ? "ORIGIN.test" : "origin.test");
        sim_world_advance(room.world, 100 * MS);
    }
    assert_int_equal(room.answers, 0);
    sim_world_advance(room.world, 2 * S);
    for (int i = 0; i < ASKS; i++) {
        assert_int_equal(room.asks[i].order, i + 1);
        expect("shared", &room.asks[i], "192.0.2.1");
    }
    assert_int_equal(sim_world_name_asked(room.world, "origin.test"), 1);
    room_close();
}

static void test_cancelled(void **state)
{
    (void)state;
    room_open(1);
    /* One of many; the last one, the first one; all of them. */
    for (int gone = 0; gone < 4; gone++) {
        char host[] = "a0.test";
        host[1] = (char)('0' + gone);
        sim_world_name(room.world, host, "192.0.2.5", 60);
        for (int i = 0; i < 3; i++)
            ask(i, host);
        for (int i = 0; i < 3; i++) {
            if (gone == 3 || i == gone) {
                resolve_cancel(room.resolver, &room.asks[i].query);
                resolve_cancel(room.resolver, &room.asks[i].query);
                memset(&room.asks[i].query, 0xa5, sizeof room.asks[i].query);
            }
        }
        sim_world_run_until_idle(room.world);
        for (int i = 0; i < 3; i++)
            assert_int_equal(room.asks[i].done, gone == 3 || i == gone ? 0 : 1);
        /* The answer was kept although nobody wanted it any more. */
        assert_int_equal(ask(0, host)->done, 1);
        resolve_cancel(room.resolver, &room.asks[0].query);
    }
    /* A question may still be open when the resolver ends. */
    ask(0, "origin.test");
    resolve_cancel(room.resolver, &room.asks[0].query);
    room_close();
}

static void then_cancel_others(struct ask *at)
{
    for (int i = 0; i < ASKS; i++) {
        if (&room.asks[i] != at)
            resolve_cancel(room.resolver, &room.asks[i].query);
    }
}

static void then_ask_again(struct ask *at)
{
    at->then = NULL;
    ask((int)(at - room.asks), "origin.test");
}

static void then_ask_until_well(struct ask *at)
{
    if (at->query.result == RESOLVE_FAILED)
        ask((int)(at - room.asks), "flaky.test");
}

static void then_ask_many(struct ask *at)
{
    static struct ask crowd[1100];
    at->then = NULL;
    for (int i = 0; i < 1100; i++) {
        char host[32];
        snprintf(host, sizeof host, "crowd%d.test", i);
        crowd[i].query.done = answered;
        resolve_start(room.resolver, &crowd[i].query, host, 1);
    }
}

/* Whoever is told may do anything. */
static void test_from_done(void **state)
{
    (void)state;
    room_open(1);
    for (int i = 0; i < ASKS; i++) {
        room.asks[i].then = i == 2 ? then_cancel_others : NULL;
        ask(i, "origin.test");
    }
    sim_world_run_until_idle(room.world);
    for (int i = 0; i < ASKS; i++)
        assert_int_equal(room.asks[i].done, i <= 2);
    room_close();

    room_open(1);
    room.asks[0].then = then_ask_again;
    ask(0, "origin.test");
    ask(1, "origin.test");
    sim_world_run_until_idle(room.world);
    assert_int_equal(room.asks[0].done + room.asks[1].done, 2);
    assert_int_equal(sim_world_name_asked(room.world, "origin.test"), 1);
    room_close();

    room_open(1);
    sim_world_name_fails(room.world, "flaky.test", RESOLVE_FAILED);
    sim_world_name_takes(room.world, "flaky.test", S);
    for (int i = 0; i < 2; i++) {
        room.asks[i].then = then_ask_until_well;
        ask(i, "flaky.test");
    }
    sim_world_advance(room.world, 1500 * MS);
    sim_world_name(room.world, "flaky.test", "192.0.2.6", 60);
    sim_world_advance(room.world, S);
    assert_int_equal(sim_world_name_asked(room.world, "flaky.test"), 2);
    expect("at last", &room.asks[0], "192.0.2.6");
    expect("at last", &room.asks[1], "192.0.2.6");
    room_close();

    /* So many names that the one being told of is dropped. */
    room_open(1);
    room.asks[0].then = then_ask_many;
    ask(0, "origin.test");
    ask(1, "origin.test");
    sim_world_run_until_idle(room.world);
    expect("both are told", &room.asks[1], "192.0.2.1");
    assert_int_equal(room.answers, 1102);
    room_close();
}

/* Names are bounded: the one not asked for the longest goes first, and those under way never. */
static void test_bounded(void **state)
{
    (void)state;
    char host[32];
    room_open(1);
    assert_int_equal(resolved(0, "origin.test"), RESOLVE_FOUND);
    assert_int_equal(resolved(0, "long.test"), RESOLVE_FOUND);
    for (int i = 0; i < 1022; i++) {
        snprintf(host, sizeof host, "n%d.test", i);
        assert_int_equal(resolved(0, host), RESOLVE_NO_SUCH_NAME);
    }
    assert_int_equal(resolved(0, "origin.test"), RESOLVE_FOUND);
    assert_int_equal(resolved(0, "one-more.test"), RESOLVE_NO_SUCH_NAME);
    assert_int_equal(resolved(0, "origin.test"), RESOLVE_FOUND);
    assert_int_equal(resolved(0, "long.test"), RESOLVE_FOUND);
    assert_int_equal(sim_world_name_asked(room.world, "origin.test"), 1);
    assert_int_equal(sim_world_name_asked(room.world, "long.test"), 2);
    static struct ask crowd[1024];
    for (int i = 0; i < 1024; i++) {
        snprintf(host, sizeof host, "slow%d.test", i);
        sim_world_name_takes(room.world, host, S);
        crowd[i].query.done = answered;
        crowd[i].done = 0;
        resolve_start(room.resolver, &crowd[i].query, host, 1);
        assert_int_equal(crowd[i].done, 0);
    }
    assert_int_equal(ask(0, "origin.test")->done, 1);
    assert_int_equal(room.asks[0].query.result, RESOLVE_FAILED);
    sim_world_advance(room.world, S);
    assert_int_equal(crowd[1023].done, 1);
    assert_int_equal(resolved(0, "origin.test"), RESOLVE_FOUND);
    room_close();
}

/* Each allocation fails in turn: the one question fails, the next one works. */
static void test_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        memset(&room, 0, sizeof room);
        room.world = sim_world_new(nth);
        room.loop = sim_world_loop(room.world);
        sim_world_name(room.world, "origin.test", "192.0.2.1", 60);
        memory_fail_nth(nth);
        room.resolver = resolver_new(room.loop, NULL);
        if (room.resolver)
            (void)resolved(0, "origin.test");
        bool over = memory_count() < nth;
        memory_fail_nth(0);
        if (room.resolver && room.asks[0].query.result != RESOLVE_FOUND) {
            assert_int_equal(room.asks[0].query.result, RESOLVE_FAILED);
            assert_int_equal(resolved(0, "origin.test"), RESOLVE_FOUND);
        }
        room_close();
        if (over)
            break;
        assert_in_range(nth, 1, 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_once),   cmocka_unit_test(test_order),
        cmocka_unit_test(test_kept),      cmocka_unit_test(test_shared),
        cmocka_unit_test(test_cancelled), cmocka_unit_test(test_from_done),
        cmocka_unit_test(test_bounded),   cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
