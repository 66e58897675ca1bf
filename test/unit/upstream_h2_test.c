/* Fetches from an upstream that speaks HTTP/2: what was refused is asked once more, what may have
 * been done is not. */
#include "h2_origin.h"
#include "upstream_world.h"

struct row {
    const char *id, *name, *method;
    uint32_t code;       /* of the reset; 0: GOAWAY */
    const char *content; /* NULL: none */
    bool repeats;
    enum stet_proxy_error error; /* if it is told */
};

/* Is kept as long as it has this size. */
enum { KEPT = 10 };
#define LONG "too long to be kept"

static const struct row rows[] = {
    {"C-9113-8.7-1", "refused", "GET", NGHTTP2_REFUSED_STREAM, NULL, true, 0},
    {"C-9113-8.7-1", "refused, not idempotent", "POST", NGHTTP2_REFUSED_STREAM, NULL, true, 0},
    {"C-9113-8.7-1", "refused, with content", "POST", NGHTTP2_REFUSED_STREAM, "content", true, 0},
    {"C-9113-8.7-1", "refused, its content is gone", "POST", NGHTTP2_REFUSED_STREAM, LONG, false,
     STET_PROXY_ERROR_CONNECTION_TERMINATED},
    {"C-9113-6.8-1", "left, with content", "POST", 0, "content", true, 0},
    {"C-9113-6.8-1", "left before it was asked", "GET", 0, NULL, true, 0},
    {"C-9113-6.8-1", "left, not idempotent", "POST", 0, NULL, true, 0},
    {"C-9110-9.2.2-1", "cancelled", "GET", NGHTTP2_CANCEL, NULL, false,
     STET_PROXY_ERROR_HTTP_RESPONSE_INCOMPLETE},
    {"C-9110-9.2.2-1", "an error of its own", "POST", NGHTTP2_INTERNAL_ERROR, NULL, false,
     STET_PROXY_ERROR_HTTP_RESPONSE_INCOMPLETE},
};

static void row_begin(struct upstream *upstream, struct chat *chat, const struct row *row)
{
    *chat = chat_of(row->method);
    chat->request.has_content = row->content != NULL;
    chat_begin(upstream, chat);
    if (row->content) {
        fetch_send(&chat->fetch, stet_span_of(row->content));
        fetch_finish(&chat->fetch);
    }
}

/* The origin's next connection, if there is one. */
static struct h2_origin *origin_next(struct world *world)
{
    struct sim_client *end = sim_origin_next(world->origin);
    struct h2_origin *origin = end ? h2_origin_new(end, 0) : NULL;
    world_run(world);
    return origin;
}

static bool try_row(const struct row *row)
{
    struct upstream_url url;
    struct chat chat;
    void *state;

    world_setup_open(&state);
    struct world *world = state;
    world->limits.upstream_repeat_size = KEPT;
    assert_null(upstream_url_read("h2c://" PLACE, &url));
    struct upstream *upstream = upstream_new(world->caller, world->loop, &url, 1);
    row_begin(upstream, &chat, row);
    world_run(world);
    struct h2_origin *first = origin_next(world);
    assert_int_equal(first->count, 1);
    if (row->code)
        h2_origin_reset(first, 0, row->code);
    else
        h2_origin_leave(first, 0, NGHTTP2_NO_ERROR);
    world_run(world);
    struct h2_origin *second = origin_next(world);
    if (second && second->count == 1)
        h2_origin_answer(second, 0, ":status=200", "hello", 5);
    world_run(world);
    const bool told = chat.ear.ends == 1 && fetch_error(&chat.fetch) == row->error;
    const uint64_t content = row->content ? strlen(row->content) : 0;
    const bool right = row->repeats ? chat.ear.end == CLIENT_COMPLETE && second &&
                                          second->asked[0].content == content
                                    : chat.ear.end == CLIENT_TRUNCATED && !second;
    upstream_free(upstream);
    upstream_url_fini(&url);
    world_pass(world, 10 * SECOND);
    h2_origin_free(first);
    if (second)
        h2_origin_free(second);
    world_teardown(&state);
    return told && right;
}

static void test_repeats(void **state)
{
    int failed = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!try_row(&rows[i])) {
            print_error("%s %s\n", rows[i].id, rows[i].name);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

static void refuse(struct world *world, struct h2_origin *origin)
{
    h2_origin_reset(origin, 0, NGHTTP2_REFUSED_STREAM);
    world_run(world);
}

/* What a server demands that wants HTTP/1.1, and how. */
struct demand {
    const char *id, *name, *method;
    bool leaves; /* the connection, not the stream alone */
    bool gone;   /* the request has content, which is not kept */
};

static const struct demand demands[] = {
    {"C-9113-7-1", "of a stream", "GET", false, false},
    {"C-9113-7-1", "of a stream, not idempotent", "POST", false, false},
    {"C-9113-7-1", "of the connection", "GET", true, false},
    {"C-9113-7-1", "content is not sent again, but the next goes right", "POST", false, true},
};

/* The request comes as HTTP/1.1, on a connection of its own. */
static bool comes_old(struct world *world, const char *method)
{
    struct sim_client *end = sim_origin_next(world->origin);
    const bool old = end && sim_client_len(end) > 4 &&
                     strncmp(sim_client_bytes(end), method, strlen(method)) == 0;

    if (old)
        sim_client_send(end, HELLO, sizeof HELLO - 1);
    world_run(world);
    return old;
}

static bool try_demand(const struct demand *demand)
{
    const struct row row = {.method = demand->method, .content = demand->gone ? LONG : NULL};
    struct upstream_url url;
    struct chat chat, next;
    void *state;
    bool right;

    world_setup_open(&state);
    struct world *world = state;
    world->limits.upstream_repeat_size = KEPT;
    assert_null(upstream_url_read("h2c://" PLACE, &url));
    struct upstream *upstream = upstream_new(world->caller, world->loop, &url, 1);
    row_begin(upstream, &chat, &row);
    world_run(world);
    struct h2_origin *first = origin_next(world);
    if (demand->leaves)
        h2_origin_leave(first, 0, NGHTTP2_HTTP_1_1_REQUIRED);
    else
        h2_origin_reset(first, 0, NGHTTP2_HTTP_1_1_REQUIRED);
    world_run(world);
    right = demand->gone ? chat.ear.end == CLIENT_TRUNCATED : comes_old(world, demand->method);
    right &= chat.ear.ends == 1 && (demand->gone || chat.ear.end == CLIENT_COMPLETE);
    row_begin(upstream, &next, &(struct row){.method = "PUT"});
    world_run(world);
    if (!demand->gone) { /* on the connection that is there */
        right &= next.ear.ends == 0 && first->count == 1;
        fetch_cancel(&next.fetch);
    } else {
        right &= comes_old(world, "PUT") && next.ear.end == CLIENT_COMPLETE;
    }
    upstream_free(upstream);
    upstream_url_fini(&url);
    world_pass(world, 10 * SECOND);
    h2_origin_free(first);
    world_teardown(&state);
    return right;
}

static void test_demands(void **state)
{
    int failed = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(demands); i++) {
        if (!try_demand(&demands[i])) {
            print_error("%s %s\n", demands[i].id, demands[i].name);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

/* A server that only refuses is asked once more, and no more. */
static void test_no_end(void **state)
{
    static const struct row row = {"", "", "GET", 0, NULL, false, 0};
    struct world *world = *state;
    struct upstream_url url;
    struct chat chat;
    struct h2_origin *origins[8];
    size_t count = 0;

    assert_null(upstream_url_read("h2c://" PLACE, &url));
    struct upstream *upstream = upstream_new(world->caller, world->loop, &url, 1);
    row_begin(upstream, &chat, &row);
    world_run(world);
    while (count < 8 && (origins[count] = origin_next(world)))
        refuse(world, origins[count++]);
    assert_int_equal(count, 2);
    assert_int_equal(chat.ear.ends, 1);
    assert_int_equal(fetch_error(&chat.fetch), STET_PROXY_ERROR_CONNECTION_TERMINATED);
    upstream_free(upstream);
    upstream_url_fini(&url);
    world_pass(world, 10 * SECOND);
    for (size_t i = 0; i < count; i++)
        h2_origin_free(origins[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_demands),
        cmocka_unit_test_setup_teardown(test_no_end, world_setup_open, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
