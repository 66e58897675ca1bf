/* WebSocket by HTTP/2: how it is asked for, what is told of it, and how long it may last. */
#include "call_world.h"
#include "h2_origin.h"

static const struct call_place h2_place = {.host = PLACE, .port = 80, .h2c = true};
static const nghttp2_settings_entry offer = {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};

#define HANDSHAKE                                                   \
    "Upgrade: websocket\r\nX-Forwarded-Proto: https\r\n"            \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"               \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat\r\n" \
    "Sec-WebSocket-Extensions: permessage-deflate\r\n"

static void begin(struct world *world, struct talk *talk)
{
    char block[] = HANDSHAKE; /* is gone when the call has begun */

    *talk = talk_of("GET");
    talk->request.upgrade = true;
    talk->request.block = stet_span_of(block);
    talk_begin_at(world, talk, &h2_place, false);
    talk->request.block = STET_SPAN_NONE;
    memset(block, '?', sizeof block);
    world_run(world);
}

static struct h2_origin *offers(struct world *world)
{
    struct h2_origin *origin = h2_origin_open(world_next(world), &offer, 1);
    world_run(world);
    return origin;
}

static void answer(struct world *world, struct h2_origin *origin, size_t index, const char *bytes)
{
    origin->asked[index].held = true;
    h2_origin_answer(origin, index, ":status=200", bytes, strlen(bytes));
    world_run(world);
}

/* One that is open. */
static struct h2_origin *opened(struct world *world, struct talk *talk)
{
    begin(world, talk);
    struct h2_origin *origin = offers(world);
    assert_int_equal(origin->count, 1);
    answer(world, origin, 0, "");
    assert_string_equal(talk->ear.heard, "101 tunnel ");
    return origin;
}

static void both_ways(void **state)
{
    struct world *world = *state;
    struct talk talk;
    begin(world, &talk);
    struct h2_origin *origin = offers(world);
    const struct h2_asked *asked = &origin->asked[0];
    assert_string_equal(asked->line, "CONNECT websocket /");
    assert_string_equal(asked->fields, ":scheme=http;:authority=a;x-forwarded-proto=https;"
                                       "sec-websocket-version=13;sec-websocket-protocol=chat;"
                                       "sec-websocket-extensions=permessage-deflate;");
    assert_false(asked->ended);
    answer(world, origin, 0, "hello");
    assert_true(call_send(&talk.call, STET_SPAN("to the origin")));
    world_run(world);
    assert_int_equal(asked->content, 13);
    call_finish(&talk.call);
    world_run(world);
    assert_true(asked->ended);
    h2_origin_more(origin, 0, "behind", 6, true);
    world_run(world);
    assert_string_equal(talk.ear.heard, "101 tunnel [hellobehind] complete");
    assert_int_equal(talk.call.version, 20);
    assert_false(asked->reset);
    assert_int_equal(caller_idle(world->caller), 1);
    begin(world, &talk); /* on the connection that is there, whose SETTINGS are known */
    world_run(world);
    assert_int_equal(origin->count, 2);
    answer(world, origin, 1, "again");
    assert_string_equal(talk.ear.heard, "101 tunnel [again");
    call_cancel(&talk.call);
    world_run(world);
    assert_true(origin->asked[1].reset);
    h2_origin_free(origin);
}

static void beside_others(void **state)
{
    struct world *world = *state;
    struct talk talk, get = talk_of("GET");
    struct h2_origin *origin = opened(world, &talk);
    talk_begin_at(world, &get, &h2_place, false);
    world_run(world);
    h2_origin_answer(origin, 1, ":status=200", "hello", 5);
    world_run(world);
    assert_string_equal(get.ear.heard, "200 chunked [hello] complete");
    h2_origin_leave(origin, 3, NGHTTP2_NO_ERROR); /* what is open goes on */
    h2_origin_more(origin, 0, "hi", 2, false);
    world_run(world);
    assert_string_equal(talk.ear.heard, "101 tunnel [hi");
    sim_client_close(origin->end, false);
    world_run(world);
    assert_string_equal(talk.ear.heard, "101 tunnel [hi] truncated");
    h2_origin_free(origin);
}

static void not_offered(void **state)
{
    struct world *world = *state;
    struct talk talk, other;
    begin(world, &talk);
    struct h2_origin *origin = h2_origin_new(world_next(world), 0);
    world_run(world);
    assert_string_equal(talk.ear.heard, "truncated");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_HTTP_UPGRADE_FAILED);
    assert_true(talk.call.refused && !talk.call.sent);
    begin(world, &other); /* known by now */
    assert_int_equal(other.call.error, STET_PROXY_ERROR_HTTP_UPGRADE_FAILED);
    assert_int_equal(origin->count, 0);
    assert_int_equal(sim_origin_count(world->origin), 1);
    assert_int_equal(caller_idle(world->caller), 1);
    h2_origin_free(origin);
}

static void settings_never_come(void **state)
{
    struct world *world = *state;
    struct talk talk, gone;
    begin(world, &talk);
    begin(world, &gone);
    call_cancel(&gone.call);
    world_pass(world, (int64_t)world->limits.connect_timeout * MS - MS);
    assert_int_equal(talk.ear.ends, 0);
    world_pass(world, MS);
    assert_string_equal(talk.ear.heard, "truncated");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_CONNECTION_TIMEOUT);
    assert_false(talk.call.sent);
    sim_client_close(world_next(world), false);
    world_run(world);
}

static void gone_before_its_settings(void **state)
{
    struct world *world = *state;
    struct talk talk;
    begin(world, &talk);
    sim_client_close(world_next(world), false);
    world_run(world);
    assert_string_equal(talk.ear.heard, "truncated");
    assert_true(talk.call.refused);
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_CONNECTION_TERMINATED);
}

static void refused(void **state)
{
    struct world *world = *state;
    struct talk talk;
    begin(world, &talk);
    struct h2_origin *origin = offers(world);
    h2_origin_answer(origin, 0, ":status=403&content-length=2", "no", 2);
    world_run(world);
    assert_string_equal(talk.ear.heard, "403 length [no] complete");
    assert_int_equal(caller_idle(world->caller), 1);
    h2_origin_free(origin);
}

static void reset(void **state)
{
    struct world *world = *state;
    struct talk talk;
    struct h2_origin *origin = opened(world, &talk);
    h2_origin_reset(origin, 0, NGHTTP2_INTERNAL_ERROR);
    world_run(world);
    assert_string_equal(talk.ear.heard, "101 tunnel truncated");
    assert_true(call_send(&talk.call, STET_SPAN("nobody hears it")));
    h2_origin_free(origin);
}

enum { LARGE = 4 << 20 };

/* Who does not read is sent no more than a window, and who does not take holds up the other. */
static void pressure(void **state)
{
    struct world *world = *state;
    struct talk talk;
    char *bytes = calloc(1, LARGE);
    struct h2_origin *origin = opened(world, &talk);
    talk.ear.pauses = true;
    h2_origin_more(origin, 0, bytes, LARGE, false);
    world_run(world);
    assert_true(origin->asked[0].size >= LARGE - 2 * world->limits.upstream_h2_window);
    talk.ear.pauses = false;
    call_resume(&talk.call);
    world_run(world);
    assert_int_equal(talk.ear.content, LARGE);
    sim_client_heard(origin->end, NULL, NULL);
    assert_false(call_send(&talk.call, stet_span(bytes, 1 << 20)));
    world_run(world);
    assert_int_equal(talk.ear.rooms, 0);
    sim_client_heard(origin->end, h2_origin_heard, origin);
    h2_origin_pump(origin);
    world_run(world);
    assert_int_equal(talk.ear.rooms, 1);
    assert_int_equal(origin->asked[0].content, 1 << 20);
    call_cancel(&talk.call);
    world_run(world);
    h2_origin_free(origin);
    free(bytes);
}

static void it_may_be_idle(void **state)
{
    struct world *world = *state;
    struct talk talk;
    const int64_t idle = (int64_t)world->limits.tunnel_idle_timeout * MS;
    struct h2_origin *origin = opened(world, &talk);
    world_pass(world, idle - MS);
    h2_origin_more(origin, 0, "a", 1, false);
    world_run(world);
    world_pass(world, idle - MS);
    call_send(&talk.call, STET_SPAN("b"));
    world_run(world);
    world_pass(world, idle - MS);
    assert_int_equal(talk.ear.ends, 0);
    world_pass(world, 2 * MS);
    assert_string_equal(talk.ear.heard, "101 tunnel [a] truncated");
    assert_true(origin->asked[0].reset);
    h2_origin_free(origin);
}

static bool try_with(struct world *world, uint64_t nth)
{
    struct talk talk;
    memory_fail_nth(nth);
    begin(world, &talk);
    struct sim_client *end = sim_origin_next(world->origin);
    struct h2_origin *origin = end ? h2_origin_open(end, &offer, 1) : NULL;
    world_run(world);
    if (origin && origin->count > 0)
        answer(world, origin, 0, "hello");
    const bool out = memory_count() >= nth;
    memory_fail_nth(0);
    assert_true(talk.ear.ends == 1 || talk.ear.heads == 1);
    if (talk.ear.ends == 0)
        call_cancel(&talk.call);
    world_pass(world, 10 * SECOND);
    if (origin) {
        sim_client_close(origin->end, false);
        world_run(world);
        h2_origin_free(origin);
    }
    return out;
}

static void memory_may_be_out(void **state)
{
    struct world *world = *state;
    uint64_t nth = 1;
    while (try_with(world, nth))
        nth++;
    assert_true(nth > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(both_ways),
        WORLD_TEST(beside_others),
        WORLD_TEST(not_offered),
        WORLD_TEST(settings_never_come),
        WORLD_TEST(gone_before_its_settings),
        WORLD_TEST(refused),
        WORLD_TEST(reset),
        WORLD_TEST(pressure),
        WORLD_TEST(it_may_be_idle),
        WORLD_TEST(memory_may_be_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
