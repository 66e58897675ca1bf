/* Traces and the live log: what was put in comes out as a line, filters let through what they
 * should, a slow watcher is told what it lost, and rings are open only while someone watches.
 */
#include "base/memory.h"
#include "io/loop_sim.h"
#include "serve/livelog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

/* ---- a world: two rings, a loop, a stream that counts its wakes ---- */

static unsigned wakes;

static void count_wake(struct stream *stream)
{
    (void)stream;
    wakes++;
}

static const struct codec_ops ops = {.wake = count_wake};
static struct codec codec = {.ops = &ops};
static struct stream stream = {.codec = &codec};

struct watched {
    struct sim_world *world;
    struct loop *loop;
    struct ring rings[2];
    struct ring *list[2];
    struct livelog *livelog;
};

static void watched_init(struct watched *watched)
{
    watched->world = sim_world_new(3);
    watched->loop = sim_world_loop(watched->world);
    for (size_t i = 0; i < 2; i++) {
        assert_true(ring_init(&watched->rings[i], 1 << 14));
        watched->list[i] = &watched->rings[i];
    }
    watched->livelog = livelog_new(watched->loop, watched->list, 2);
    assert_non_null(watched->livelog);
    wakes = 0;
}

static void watched_fini(struct watched *watched)
{
    livelog_free(watched->livelog);
    for (size_t i = 0; i < 2; i++)
        ring_fini(&watched->rings[i]);
    loop_free(watched->loop);
    sim_world_free(watched->world);
}

static struct accesslog_entry entry_of(const char *target, const struct cache_facts *facts)
{
    return (struct accesslog_entry){.begun = SECOND,
                                    .method = STET_SPAN("GET"),
                                    .target = stet_span_of(target),
                                    .user_agent = STET_SPAN("curl/8"),
                                    .protocol = "HTTP/1.1",
                                    .reason = STET_REASON_FRESH,
                                    .facts = facts};
}

static void put(struct ring *ring, const char *target, const struct cache_facts *facts, int status)
{
    const struct accesslog_entry entry = entry_of(target, facts);
    const struct stream_outcome outcome = {.status = status, .content_sent = 7, .complete = true};
    trace_put(ring, &entry, status ? &outcome : NULL, 3 * SECOND / 2);
}

static const struct cache_facts hit = {
    .hit = true, .has_age = true, .age = 4, .has_ttl = true, .ttl = 6};
static const struct cache_facts miss = {
    .forward = STET_FORWARD_URI_MISS, .forward_status = 200, .next_hop = {"10.0.0.1:80", 11}};

/* ---- traces ---- */

static void a_trace_tells_everything(void **state)
{
    static struct trace trace;
    struct ring ring;
    struct text text = {0};
    (void)state;

    assert_true(ring_init(&ring, 1 << 14));
    put(&ring, "/a?\"b\"", &miss, 200);
    put(&ring, "/gone", NULL, 0);
    assert_true(trace_take(&ring, &trace));
    trace_write(&trace, &text);
    text_put(&text, "", 1);
    assert_non_null(strstr(text.at, "\"target\":\"/a?\\u0022b\\u0022\""));
    assert_non_null(strstr(text.at, "\"status\":200,\"sent\":7,\"complete\":true"));
    assert_non_null(strstr(text.at, "\"seconds\":0.500000"));
    assert_non_null(strstr(text.at, "\"cache\":\"uri-miss\""));
    assert_non_null(strstr(text.at, "\"upstream\":\"10.0.0.1:80\""));
    assert_true(trace_take(&ring, &trace));
    assert_int_equal(trace_status(&trace), 499);
    assert_false(trace_take(&ring, &trace));
    text_fini(&text);
    ring_fini(&ring);
}

static void long_words_are_cut(void **state)
{
    static struct trace trace;
    static char word[8000];
    struct ring ring;
    struct accesslog_entry entry = entry_of("/", &miss);
    (void)state;

    memset(word, 'x', sizeof word);
    entry.target = stet_span(word, sizeof word);
    assert_true(ring_init(&ring, 1 << 14));
    trace_put(&ring, &entry, NULL, 0);
    assert_true(trace_take(&ring, &trace));
    assert_int_equal(trace.used, TRACE_TEXT);
    assert_int_equal(trace.entry.method.len + trace.entry.target.len, TRACE_TEXT);
    assert_int_equal(trace.facts.next_hop.len, 0);
    ring_fini(&ring);
}

static void results(void **state)
{
    static const struct {
        struct cache_facts facts;
        enum metrics_result result;
    } rows[] = {
        {{.hit = true}, METRICS_HIT},
        {{.hit = true, .has_ttl = true, .ttl = -1}, METRICS_STALE},
        {{.forward = STET_FORWARD_STALE, .forward_status = 304}, METRICS_VALIDATED},
        {{.forward = STET_FORWARD_STALE, .forward_status = 200}, METRICS_MISS},
        {{.forward = STET_FORWARD_BYPASS, .forward_status = 200}, METRICS_PASS},
        {{.forward = STET_FORWARD_METHOD, .forward_status = 200}, METRICS_PASS},
        {{.error = STET_PROXY_ERROR_CONNECTION_REFUSED}, METRICS_FAILED},
        {{0}, METRICS_LOCAL},
    };
    (void)state;

    assert_int_equal(trace_result_of(NULL), METRICS_LOCAL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(trace_result_of(&rows[i].facts), rows[i].result);
}

static void filters(void **state)
{
    static const struct {
        struct trace_filter filter;
        bool passes;
    } rows[] = {
        {{0}, true},
        {{.status = 200}, true},
        {{.status = 2}, true},
        {{.status = 3}, false},
        {{.status = 304}, false},
        {{.cache = {"hit", 3}}, true},
        {{.cache = {"miss", 4}}, false},
        {{.reason = {"fresh", 5}}, true},
        {{.reason = {"stale", 5}}, false},
        {{.method = {"GET", 3}}, true},
        {{.method = {"GE", 2}}, false},
        {{.target = {"/a", 2}}, true},
        {{.target = {"/abc", 4}}, false},
        {{.client = {"-", 1}}, true},
        {{.client = {"127.0.0.1", 9}}, false},
    };
    static struct trace trace;
    struct ring ring;
    (void)state;

    assert_true(ring_init(&ring, 1 << 14));
    put(&ring, "/ab", &hit, 200);
    assert_true(trace_take(&ring, &trace));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (trace_passes(&trace, &rows[i].filter) != rows[i].passes)
            fail_msg("row %zu", i);
    ring_fini(&ring);
}

/* ---- the live log ---- */

/* What the body gives, all at once, with a NUL. */
static const char *taken(struct body *body)
{
    static char text[1 << 16];
    struct stet_span bytes;
    size_t used = 0;
    while (body->ops->peek(body, NULL, 0, &bytes) == BODY_BYTES) {
        assert_true(used + bytes.len < sizeof text);
        memcpy(text + used, bytes.at, bytes.len);
        used += bytes.len;
        (body->ops->skip)(body, bytes.len);
    }
    text[used] = '\0';
    return text;
}

static void watchers_see_what_they_want(void **state)
{
    const struct trace_filter misses = {.cache = STET_SPAN("miss")}, all = {0};
    struct watched watched;
    struct stet_span bytes;
    (void)state;

    watched_init(&watched);
    assert_false(ring_is_open(&watched.rings[0]));
    struct body *one = livelog_watch(watched.livelog, &misses, &stream);
    struct body *two = livelog_watch(watched.livelog, &all, &stream);
    assert_true(ring_is_open(&watched.rings[1]));
    assert_int_equal(one->ops->peek(one, NULL, 0, &bytes), BODY_WAIT);
    put(&watched.rings[0], "/hit", &hit, 200);
    put(&watched.rings[1], "/miss", &miss, 200);
    sim_world_advance(watched.world, SECOND / 10);
    assert_true(wakes >= 2); /* again as long as it does not take */
    const char *text = taken(one);
    assert_non_null(strstr(text, "/miss"));
    assert_null(strstr(text, "/hit"));
    text = taken(two);
    assert_non_null(strstr(text, "/hit"));
    assert_non_null(strstr(text, "/miss"));
    one->ops->free(one);
    assert_true(ring_is_open(&watched.rings[0]));
    two->ops->free(two);
    assert_false(ring_is_open(&watched.rings[0]));
    watched_fini(&watched);
}

static void who_is_slow_is_told(void **state)
{
    const struct trace_filter all = {0};
    struct watched watched;
    (void)state;

    watched_init(&watched);
    struct body *body = livelog_watch(watched.livelog, &all, &stream);
    for (unsigned i = 0; i < 1000; i++) /* more than the ring holds between two looks */
        put(&watched.rings[0], "/a", &hit, 200);
    sim_world_advance(watched.world, SECOND / 10);
    taken(body);
    put(&watched.rings[0], "/last", &hit, 200);
    sim_world_advance(watched.world, SECOND / 10);
    const char *text = taken(body);
    unsigned lost = 0;
    assert_int_equal(sscanf(text, "{\"lost\":%u}", &lost), 1);
    assert_true(lost > 900 && lost < 1000);
    assert_non_null(strstr(text, "/last"));
    body->ops->free(body);
    watched_fini(&watched);
}

static void it_ends_with_the_server(void **state)
{
    const struct trace_filter all = {0};
    struct watched watched;
    struct stet_span bytes;
    (void)state;

    watched_init(&watched);
    struct body *body = livelog_watch(watched.livelog, &all, &stream);
    livelog_free(watched.livelog);
    watched.livelog = NULL;
    assert_int_equal(wakes, 1);
    assert_int_equal(body->ops->peek(body, NULL, 0, &bytes), BODY_END);
    body->ops->free(body);
    watched_fini(&watched);
}

static void without_memory(void **state)
{
    const struct trace_filter all = {0};
    struct watched watched;
    (void)state;

    watched_init(&watched);
    memory_fail_nth(1);
    assert_null(livelog_watch(watched.livelog, &all, &stream));
    memory_fail_nth(0);
    struct body *body = livelog_watch(watched.livelog, &all, &stream);
    put(&watched.rings[0], "/a", &hit, 200);
    memory_fail_nth(1);
    sim_world_advance(watched.world, SECOND / 10);
    memory_fail_nth(0);
    struct stet_span bytes;
    assert_int_equal(body->ops->peek(body, NULL, 0, &bytes), BODY_END);
    body->ops->free(body);
    watched_fini(&watched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_tells_everything),
        cmocka_unit_test(long_words_are_cut),
        cmocka_unit_test(results),
        cmocka_unit_test(filters),
        cmocka_unit_test(watchers_see_what_they_want),
        cmocka_unit_test(who_is_slow_is_told),
        cmocka_unit_test(it_ends_with_the_server),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
