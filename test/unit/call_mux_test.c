/* Calls over HTTP/2: many on one connection, each with its own pace, deadlines and end. */
#include "call_world.h"
#include "h2_origin.h"

static const struct call_place h2_place = {.host = PLACE, .port = 80, .h2c = true};

static void begin(struct world *world, struct talk *talk, const char *method)
{
    *talk = talk_of(method);
    talk_begin_at(world, talk, &h2_place, false);
}

static struct h2_origin *origin_of(struct world *world, uint32_t streams)
{
    world_run(world);
    struct h2_origin *origin = h2_origin_new(world_next(world), streams);
    world_run(world);
    return origin;
}

static void answer(struct world *world, struct h2_origin *origin, size_t index, const char *lines,
                   const char *content)
{
    h2_origin_answer(origin, index, lines, content, content ? strlen(content) : 0);
    world_run(world);
}

static void one_call(void **state)
{
    struct world *world = *state;
    struct talk talk;
    begin(world, &talk, "GET");
    struct h2_origin *origin = origin_of(world, 0);
    assert_int_equal(origin->count, 1);
    assert_string_equal(origin->asked[0].line, "GET /");
    assert_string_equal(origin->asked[0].fields, ":scheme=http;:authority=a;");
    assert_true(origin->asked[0].ended);
    h2_origin_interim(origin, 0, ":status=103");
    origin->asked[0].trailer = "x-sum=1";
    answer(world, origin, 0, ":status=200&a=b", "hello");
    assert_string_equal(talk.ear.heard, "(103) 200 chunked [hello] x-sum=1 complete");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_NONE);
    assert_int_equal(caller_idle(world->caller), 1);
    h2_origin_free(origin);
}

static void they_share_a_connection(void **state)
{
    enum { CALLS = 20 };
    struct world *world = *state;
    struct talk talks[CALLS];
    for (size_t i = 0; i < CALLS; i++)
        begin(world, &talks[i], "GET");
    struct h2_origin *origin = origin_of(world, 0);
    assert_int_equal(sim_origin_count(world->origin), 1);
    assert_int_equal(origin->count, CALLS);
    for (size_t i = CALLS; i > 0; i--) /* in another order than they came */
        answer(world, origin, i - 1, ":status=200", "hello");
    for (size_t i = 0; i < CALLS; i++)
        assert_string_equal(talks[i].ear.heard, "200 chunked [hello] complete");
    assert_int_equal(caller_idle(world->caller), 1);
    begin(world, &talks[0], "GET");
    world_run(world);
    assert_int_equal(caller_idle(world->caller), 0);
    answer(world, origin, CALLS, ":status=204", NULL);
    assert_string_equal(talks[0].ear.heard, "204 none complete");
    assert_true(talks[0].call.reused);
    assert_int_equal(sim_origin_count(world->origin), 1);
    h2_origin_free(origin);
}

static void only_so_many(void **state)
{
    struct world *world = *state;
    struct talk first, second, third;
    begin(world, &first, "GET");
    struct h2_origin *origin = origin_of(world, 1);
    begin(world, &second, "GET");
    struct h2_origin *other = origin_of(world, 1);
    assert_int_equal(sim_origin_count(world->origin), 2);
    answer(world, origin, 0, ":status=204", NULL);
    begin(world, &third, "GET");
    world_run(world);
    assert_int_equal(sim_origin_count(world->origin), 2);
    assert_int_equal(origin->count, 2);
    answer(world, origin, 1, ":status=204", NULL);
    answer(world, other, 0, ":status=204", NULL);
    assert_int_equal(second.ear.ends + third.ear.ends, 2);
    h2_origin_free(origin);
    h2_origin_free(other);
}

static void our_limit_counts(void **state)
{
    struct world *world = *state;
    struct talk talks[3];
    world->limits.upstream_h2_streams = 2;
    for (size_t i = 0; i < 3; i++)
        begin(world, &talks[i], "GET");
    struct h2_origin *origin = origin_of(world, 0), *other = origin_of(world, 0);
    assert_int_equal(origin->count + other->count, 3);
    for (size_t i = 0; i < 3; i++)
        call_cancel(&talks[i].call);
    world_run(world);
    assert_int_equal(caller_idle(world->caller), 2);
    h2_origin_free(origin);
    h2_origin_free(other);
}

/* ---- content ---- */

enum { LARGE = 3 << 20 };

static char *large_bytes(uint32_t *sum)
{
    char *bytes = malloc(LARGE);
    *sum = 0;
    for (size_t i = 0; i < LARGE; i++) {
        bytes[i] = (char)(i * 7 + i / 251);
        *sum = *sum * 31 + (unsigned char)bytes[i];
    }
    return bytes;
}

static void large_content(void **state)
{
    struct world *world = *state;
    struct talk talk;
    uint32_t sum;
    char *bytes = large_bytes(&sum);
    begin(world, &talk, "GET");
    struct h2_origin *origin = origin_of(world, 0);
    h2_origin_answer(origin, 0, ":status=200&content-length=3145728", bytes, LARGE);
    world_run(world);
    assert_int_equal(talk.ear.content, LARGE);
    assert_true(talk.ear.sum == sum);
    assert_int_equal(talk.ear.end, CLIENT_COMPLETE);
    assert_int_equal(talk.ear.ends, 1);
    h2_origin_free(origin);
    free(bytes);
}

static void who_pauses_stops_only_himself(void **state)
{
    struct world *world = *state;
    struct talk slow, quick;
    uint32_t sum;
    char *bytes = large_bytes(&sum);
    begin(world, &slow, "GET");
    begin(world, &quick, "GET");
    slow.ear.pauses = true;
    struct h2_origin *origin = origin_of(world, 0);
    size_t at = strcmp(origin->asked[0].line, "GET /") ? 1 : 0;
    h2_origin_answer(origin, at, ":status=200", bytes, LARGE);
    h2_origin_answer(origin, 1 - at, ":status=200", bytes, LARGE);
    world_run(world);
    assert_int_equal(quick.ear.ends, 1);
    assert_int_equal(quick.ear.content, LARGE);
    /* no more than the window is on the way */
    assert_true(origin->asked[at].size >= LARGE - world->limits.upstream_h2_window);
    assert_true(slow.ear.content < LARGE / 8);
    world_pass(world, 2 * (int64_t)world->limits.response_idle_timeout * MS);
    assert_int_equal(slow.ear.ends, 0); /* it is we who make it wait */
    for (unsigned turns = 0; slow.ear.ends == 0 && turns < 10000; turns++) {
        call_resume(&slow.call);
        world_run(world);
    }
    assert_int_equal(slow.ear.content, LARGE);
    assert_true(slow.ear.sum == sum);
    assert_int_equal(slow.ear.end, CLIENT_COMPLETE);
    h2_origin_free(origin);
    free(bytes);
}

static void large_request(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("POST");
    uint32_t sum;
    char *bytes = large_bytes(&sum);
    talk.request.has_content = true;
    talk_begin_at(world, &talk, &h2_place, false);
    struct h2_origin *origin = origin_of(world, 0);
    sim_client_window(origin->end, 0);
    bool more = true;
    size_t at = 0;
    while (more) {
        more = call_send(&talk.call, stet_span(bytes + at, 8192));
        at += 8192;
    }
    assert_true(at < 65536);
    world_run(world);
    sim_client_window(origin->end, SIM_UNLIMITED);
    for (unsigned rooms = 0; at < LARGE; at += 8192) {
        world_run(world);
        assert_true(more || talk.ear.rooms > rooms);
        rooms = talk.ear.rooms;
        more = call_send(&talk.call, stet_span(bytes + at, 8192));
    }
    call_finish(&talk.call);
    world_run(world);
    assert_int_equal(origin->asked[0].content, LARGE);
    assert_true(origin->asked[0].sum == sum && origin->asked[0].ended);
    answer(world, origin, 0, ":status=201", NULL);
    assert_int_equal(talk.ear.end, CLIENT_COMPLETE);
    assert_int_equal(talk.ear.status, 201);
    h2_origin_free(origin);
    free(bytes);
}

static void an_answer_before_the_request_is_whole(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("POST");
    talk.request.has_content = true;
    talk_begin_at(world, &talk, &h2_place, false);
    struct h2_origin *origin = origin_of(world, 0);
    answer(world, origin, 0, ":status=413", NULL);
    assert_string_equal(talk.ear.heard, "413 none complete");
    assert_true(call_send(&talk.call, STET_SPAN("more")));
    call_finish(&talk.call);
    world_run(world);
    assert_true(origin->asked[0].reset && origin->asked[0].code == NGHTTP2_CANCEL);
    assert_int_equal(caller_idle(world->caller), 1);
    h2_origin_free(origin);
}

/* ---- ends ---- */

static void a_cancelled_call_leaves_the_connection(void **state)
{
    struct world *world = *state;
    struct talk gone, stays;
    begin(world, &gone, "GET");
    begin(world, &stays, "GET");
    struct h2_origin *origin = origin_of(world, 0);
    call_cancel(&gone.call);
    world_run(world);
    assert_true(origin->asked[0].reset && origin->asked[0].code == NGHTTP2_CANCEL);
    answer(world, origin, 1, ":status=204", NULL);
    assert_int_equal(gone.ear.calls, 0);
    assert_string_equal(stays.ear.heard, "204 none complete");
    assert_int_equal(caller_idle(world->caller), 1);
    h2_origin_free(origin);
}

static void cancelled_before_it_was_connected(void **state)
{
    struct world *world = *state;
    struct talk gone;
    begin(world, &gone, "GET");
    call_cancel(&gone.call);
    struct h2_origin *origin = origin_of(world, 0);
    assert_int_equal(origin->count, 0);
    assert_int_equal(caller_busy(world->caller), 0);
    h2_origin_free(origin);
}

static void refused_may_be_repeated(void **state)
{
    struct world *world = *state;
    struct talk talk;
    begin(world, &talk, "POST");
    struct h2_origin *origin = origin_of(world, 0);
    h2_origin_reset(origin, 0, NGHTTP2_REFUSED_STREAM);
    world_run(world);
    assert_string_equal(talk.ear.heard, "truncated");
    assert_true(talk.call.refused && call_may_repeat(&talk.call) && talk.call.sent);
    begin(world, &talk, "POST");
    world_run(world);
    h2_origin_reset(origin, 1, NGHTTP2_INTERNAL_ERROR);
    world_run(world);
    assert_false(talk.call.refused || call_may_repeat(&talk.call));
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_HTTP_RESPONSE_INCOMPLETE);
    h2_origin_free(origin);
}

static void who_leaves_answers_what_he_has(void **state)
{
    struct world *world = *state;
    struct talk first, second, third;
    begin(world, &first, "GET");
    struct h2_origin *origin = origin_of(world, 0);
    begin(world, &second, "GET");
    world_run(world);
    h2_origin_leave(origin, 1, NGHTTP2_NO_ERROR);
    world_run(world);
    assert_true(second.ear.ends == 1 && second.call.refused);
    begin(world, &third, "GET");
    struct h2_origin *other = origin_of(world, 0);
    assert_int_equal(other->count, 1);
    answer(world, origin, 0, ":status=204", NULL);
    assert_string_equal(first.ear.heard, "204 none complete");
    assert_int_equal(sim_client_state(origin->end), SIM_CLIENT_ENDED);
    answer(world, other, 0, ":status=204", NULL);
    h2_origin_free(origin);
    h2_origin_free(other);
}

static void who_goes_takes_all_along(void **state)
{
    struct world *world = *state;
    struct talk first, second;
    begin(world, &first, "GET");
    begin(world, &second, "GET");
    struct h2_origin *origin = origin_of(world, 0);
    size_t at = 0;
    origin->asked[at].held = true;
    h2_origin_answer(origin, at, ":status=200", "hel", 3);
    world_run(world);
    sim_client_close(origin->end, false);
    world_run(world);
    assert_int_equal(first.ear.ends + second.ear.ends, 2);
    assert_string_equal(first.ear.heard, "200 chunked [hel] truncated");
    assert_int_equal(first.call.error, STET_PROXY_ERROR_HTTP_RESPONSE_INCOMPLETE);
    assert_int_equal(second.call.error, STET_PROXY_ERROR_CONNECTION_TERMINATED);
    assert_false(second.call.refused);
    h2_origin_free(origin);
}

static void gone_before_it_was_asked(void **state)
{
    struct world *world = *state;
    struct talk first, second;
    begin(world, &first, "GET");
    struct h2_origin *origin = origin_of(world, 0);
    answer(world, origin, 0, ":status=204", NULL);
    sim_client_close(origin->end, false);
    begin(world, &second, "POST");
    world_run(world);
    assert_string_equal(second.ear.heard, "truncated");
    assert_true(second.call.refused && !second.call.sent && call_may_repeat(&second.call));
    assert_int_equal(caller_idle(world->caller), 0);
    h2_origin_free(origin);
}

/* The caller is freed by the teardown, while the origin takes nothing. */
static void freed_before_all_was_said(void **state)
{
    struct world *world = *state;
    struct talk talk, other;
    begin(world, &talk, "GET");
    struct h2_origin *origin = origin_of(world, 0);
    sim_client_window(origin->end, 0);
    begin(world, &other, "GET");
    world_run(world);
    call_cancel(&talk.call);
    call_cancel(&other.call);
    caller_free(world->caller);
    world->caller = NULL;
    resolver_free(world->resolver);
    h2_origin_free(origin);
}

static void nobody_there(void **state)
{
    struct world *world = *state;
    struct talk first, second;
    sim_origin_answers(world->origin, SIM_ORIGIN_REFUSES, 0);
    begin(world, &first, "GET");
    begin(world, &second, "GET");
    world_run(world);
    assert_int_equal(first.call.error, STET_PROXY_ERROR_CONNECTION_REFUSED);
    assert_int_equal(second.call.error, STET_PROXY_ERROR_CONNECTION_REFUSED);
    assert_false(first.call.sent || second.call.sent);
    assert_int_equal(sim_origin_tries(world->origin), 1);
}

static void no_upgrade(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("GET");
    talk.request.upgrade = true;
    talk.request.block = STET_SPAN("Upgrade: websocket\r\n");
    talk_begin_at(world, &talk, &h2_place, false);
    world_run(world);
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_HTTP_UPGRADE_FAILED);
}

static void an_origin_of_http_1(void **state)
{
    struct world *world = *state;
    struct talk talk;
    begin(world, &talk, "GET");
    world_run(world);
    sim_client_say(world_next(world), "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    world_run(world);
    assert_int_equal(talk.ear.end, CLIENT_MALFORMED);
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR);
}

/* ---- time ---- */

static void each_has_his_deadline(void **state)
{
    struct world *world = *state;
    struct talk first, second, third;
    begin(world, &first, "GET");
    struct h2_origin *origin = origin_of(world, 0);
    world_pass(world, (int64_t)world->limits.response_timeout * MS / 2);
    begin(world, &second, "GET");
    world_run(world);
    begin(world, &third, "GET");
    world_run(world);
    origin->asked[2].held = true;
    h2_origin_answer(origin, 2, ":status=200", "a", 1);
    world_pass(world, (int64_t)world->limits.response_timeout * MS / 2);
    assert_int_equal(first.ear.ends, 1);
    assert_int_equal(first.call.error, STET_PROXY_ERROR_HTTP_RESPONSE_TIMEOUT);
    assert_true(origin->asked[0].reset && origin->asked[0].code == NGHTTP2_CANCEL);
    assert_int_equal(second.ear.ends + third.ear.ends, 0);
    world_pass(world, (int64_t)world->limits.response_timeout * MS / 2);
    assert_int_equal(second.call.error, STET_PROXY_ERROR_HTTP_RESPONSE_TIMEOUT);
    assert_int_equal(third.call.error, STET_PROXY_ERROR_CONNECTION_READ_TIMEOUT);
    assert_string_equal(third.ear.heard, "200 chunked [a] truncated");
    assert_int_equal(caller_idle(world->caller), 1);
    h2_origin_free(origin);
}

static void who_takes_nothing(void **state)
{
    static const char bytes[100000];
    struct world *world = *state;
    struct talk talk = talk_of("POST");
    talk.request.has_content = true;
    talk_begin_at(world, &talk, &h2_place, false);
    struct h2_origin *origin = origin_of(world, 0);
    sim_client_heard(origin->end, NULL, NULL);
    call_send(&talk.call, stet_span(bytes, sizeof bytes)); /* more than the window */
    world_pass(world, 3 * (int64_t)world->limits.request_idle_timeout * MS);
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_CONNECTION_WRITE_TIMEOUT);
    sim_client_close(origin->end, false);
    world_run(world);
    h2_origin_free(origin);
}

static void it_rests_as_long_as_others(void **state)
{
    struct world *world = *state;
    struct talk talk;
    begin(world, &talk, "GET");
    struct h2_origin *origin = origin_of(world, 0);
    answer(world, origin, 0, ":status=204", NULL);
    world_pass(world, (int64_t)world->limits.upstream_idle_timeout * MS - 2 * MS);
    nghttp2_submit_ping(origin->session, 0, NULL); /* is answered, and keeps nobody alive */
    uint64_t before = sim_client_total(origin->end);
    h2_origin_pump(origin);
    world_run(world);
    assert_true(sim_client_total(origin->end) > before);
    assert_int_equal(caller_idle(world->caller), 1);
    world_pass(world, 2 * MS);
    assert_int_equal(caller_idle(world->caller), 0);
    assert_int_equal(sim_client_state(origin->end), SIM_CLIENT_ENDED);
    h2_origin_free(origin);
}

static void who_leaves_while_it_rests(void **state)
{
    struct world *world = *state;
    struct talk talk;
    begin(world, &talk, "GET");
    struct h2_origin *origin = origin_of(world, 0);
    answer(world, origin, 0, ":status=204", NULL);
    h2_origin_leave(origin, 1, NGHTTP2_NO_ERROR);
    world_run(world);
    assert_int_equal(caller_idle(world->caller), 0);
    h2_origin_free(origin);
}

/* ---- memory ---- */

/* Some calls with content both ways. True: memory was out somewhere. */
static bool try_with(struct world *world, uint64_t nth)
{
    static const char bytes[40000];
    struct talk talks[3];
    memory_fail_nth(nth);
    for (size_t i = 0; i < 3; i++) {
        talks[i] = talk_of(i == 1 ? "POST" : "GET");
        talks[i].request.has_content = i == 1;
        talk_begin_at(world, &talks[i], &h2_place, false);
    }
    call_send(&talks[1].call, stet_span(bytes, sizeof bytes));
    talks[2].ear.pauses = true;
    world_run(world);
    struct h2_origin *origins[4] = {NULL};
    struct sim_client *end;
    size_t count = 0;
    while (count < 4 && (end = sim_origin_next(world->origin)))
        origins[count++] = h2_origin_new(end, 0);
    world_run(world);
    call_finish(&talks[1].call);
    world_run(world);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < origins[i]->count; j++)
            h2_origin_answer(origins[i], j, ":status=200&a=b", bytes, sizeof bytes);
    world_run(world);
    for (unsigned turns = 0; talks[2].ear.ends == 0 && turns < 100; turns++) {
        call_resume(&talks[2].call);
        world_run(world);
    }
    bool out = memory_count() >= nth;
    memory_fail_nth(0);
    for (size_t i = 0; i < 3; i++) {
        if (talks[i].ear.ends == 0)
            call_cancel(&talks[i].call);
        assert_true(out || talks[i].ear.end == CLIENT_COMPLETE);
    }
    world_pass(world, 10 * SECOND);
    for (size_t i = 0; i < count; i++)
        h2_origin_free(origins[i]);
    return out;
}

static void memory_may_be_out(void **state)
{
    struct world *world = *state;
    uint64_t nth = 1;
    while (try_with(world, nth))
        nth++;
    assert_true(nth > 40);
    print_message("# %u allocations\n", (unsigned)nth);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, world_setup_open, world_teardown)
    const struct CMUnitTest tests[] = {
        WITH(one_call),
        WITH(they_share_a_connection),
        WITH(only_so_many),
        WITH(our_limit_counts),
        WITH(large_content),
        WITH(who_pauses_stops_only_himself),
        WITH(large_request),
        WITH(an_answer_before_the_request_is_whole),
        WITH(a_cancelled_call_leaves_the_connection),
        WITH(cancelled_before_it_was_connected),
        WITH(refused_may_be_repeated),
        WITH(who_leaves_answers_what_he_has),
        WITH(who_goes_takes_all_along),
        WITH(gone_before_it_was_asked),
        WITH(freed_before_all_was_said),
        WITH(nobody_there),
        WITH(no_upgrade),
        WITH(an_origin_of_http_1),
        WITH(each_has_his_deadline),
        WITH(who_takes_nothing),
        WITH(it_rests_as_long_as_others),
        WITH(who_leaves_while_it_rests),
        WITH(memory_may_be_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
