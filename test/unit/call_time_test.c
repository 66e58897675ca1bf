/* Calls in the simulated world: deadlines, and tunnels, which last longer. */
#include "call_world.h"

/* ---- deadlines ---- */

static void a_head_that_does_not_come(void **state)
{
    struct world *world = *state;
    struct talk talk;

    talk_get(world, &talk);
    struct sim_client *end = world_next(world);
    world_pass(world, 30 * SECOND);
    origin_say(world, end, "HTTP/1.1 200 OK\r\n"); /* does not count */
    world_pass(world, 30 * SECOND - 1);
    assert_int_equal(talk.ear.ends, 0);
    world_pass(world, 1);
    assert_string_equal(talk.ear.heard, "truncated");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_HTTP_RESPONSE_TIMEOUT);
    assert_true(talk.call.heard);
    assert_int_equal(sim_client_state(end), SIM_CLIENT_RESET);
}

static void an_interim_response_is_a_sign_of_life(void **state)
{
    struct world *world = *state;
    struct talk talk;

    talk_get(world, &talk);
    struct sim_client *end = world_next(world);
    world_pass(world, 59 * SECOND);
    origin_say(world, end, "HTTP/1.1 102 Processing\r\n\r\n");
    world_pass(world, 59 * SECOND);
    assert_string_equal(talk.ear.heard, "(102) ");
    world_pass(world, SECOND);
    assert_string_equal(talk.ear.heard, "(102) truncated");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_HTTP_RESPONSE_TIMEOUT);
}

static void content_that_stalls(void **state)
{
    struct world *world = *state;
    struct talk talk;

    talk_get(world, &talk);
    struct sim_client *end = world_next(world);
    world_pass(world, 59 * SECOND);
    origin_say(world, end, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    for (size_t i = 0; i < 3; i++) {
        world_pass(world, 59 * SECOND);
        origin_say(world, end, "x");
    }
    world_pass(world, 60 * SECOND - 1);
    assert_string_equal(talk.ear.heard, "200 length [xxx");
    world_pass(world, 1);
    assert_string_equal(talk.ear.heard, "200 length [xxx] truncated");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_CONNECTION_READ_TIMEOUT);
}

static void a_request_that_stalls(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("POST");
    char piece[8192] = {0};

    talk.request.has_content = true;
    talk_begin(world, &talk, false);
    world_run(world);
    struct sim_client *end = world_next(world);
    world_pass(world, 500 * SECOND); /* whoever sends it has his own deadline */
    assert_int_equal(talk.ear.ends, 0);
    sim_client_window(end, 100);
    call_send(&talk.call, stet_span(piece, sizeof piece));
    world_pass(world, 59 * SECOND);
    sim_client_window(end, 100);
    world_pass(world, 60 * SECOND - 1);
    assert_int_equal(talk.ear.ends, 0);
    world_pass(world, 1);
    assert_string_equal(talk.ear.heard, "truncated");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_CONNECTION_WRITE_TIMEOUT);
}

static void a_request_that_is_not_taken_at_all(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("POST");

    talk.request.has_content = true;
    talk_begin(world, &talk, false);
    world_run(world);
    sim_client_window(world_next(world), 0);
    world_pass(world, 500 * SECOND);
    call_send(&talk.call, STET_SPAN("x"));
    world_pass(world, 60 * SECOND - 1);
    assert_int_equal(talk.ear.ends, 0);
    world_pass(world, 1);
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_CONNECTION_WRITE_TIMEOUT);
}

static void the_answers_time_begins_with_the_end_of_the_request(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("POST");

    talk.request.has_content = true;
    talk_begin(world, &talk, false);
    world_pass(world, 100 * SECOND);
    call_send(&talk.call, STET_SPAN("x"));
    world_pass(world, 100 * SECOND);
    call_finish(&talk.call);
    world_pass(world, 60 * SECOND - 1);
    assert_int_equal(talk.ear.ends, 0);
    world_pass(world, 1);
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_HTTP_RESPONSE_TIMEOUT);
}

/* ---- tunnels ---- */

static struct sim_client *tunnel_begun(struct world *world, struct talk *talk)
{
    *talk = talk_of("GET");
    talk->request.upgrade = true;
    talk->request.block = STET_SPAN("Upgrade: x\r\n");
    talk_begin(world, talk, false);
    world_run(world);
    struct sim_client *end = world_next(world);
    sim_client_take(end, sim_client_len(end));
    return end;
}

static void a_tunnel_both_ways(void **state)
{
    struct world *world = *state;
    struct talk talk;
    struct sim_client *end = tunnel_begun(world, &talk);

    origin_say(world, end, "HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\nHTTP");
    assert_string_equal(talk.ear.heard, "101 tunnel [HTTP");
    assert_true(call_send(&talk.call, STET_SPAN("abc")));
    assert_true(origin_got(end, "abc"));
    origin_say(world, end, "/1.1 200 OK\r\n\r\n");
    world_pass(world, 3599 * SECOND);
    assert_true(call_send(&talk.call, STET_SPAN("def")));
    world_pass(world, 3599 * SECOND);
    assert_true(origin_got(end, "def"));
    call_finish(&talk.call);
    world_run(world);
    assert_int_equal(sim_client_state(end), SIM_CLIENT_ENDED);
    origin_say(world, end, "!");
    sim_client_shutdown(end);
    world_run(world);
    assert_string_equal(talk.ear.heard, "101 tunnel [HTTP/1.1 200 OK\r\n\r\n!] complete");
    assert_int_equal(caller_idle(world->caller), 0);
}

static void a_tunnel_where_nothing_moves(void **state)
{
    struct world *world = *state;
    struct talk talk;
    struct sim_client *end = tunnel_begun(world, &talk);

    origin_say(world, end, "HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\n");
    world_pass(world, 3600 * SECOND - 1);
    assert_int_equal(talk.ear.ends, 0);
    world_pass(world, 1);
    assert_string_equal(talk.ear.heard, "101 tunnel truncated");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_CONNECTION_READ_TIMEOUT);
}

static void a_tunnel_with_pressure(void **state)
{
    struct world *world = *state;
    struct talk talk;
    char piece[8192];
    struct sim_client *end = tunnel_begun(world, &talk);
    size_t given = 0;

    talk.ear.pauses = true;
    origin_say(world, end, "HTTP/1.1 101 x\r\nUpgrade: x\r\n\r\na");
    assert_string_equal(talk.ear.heard, "101 tunnel [a");
    origin_say(world, end, "b");
    assert_string_equal(talk.ear.heard, "101 tunnel [a");
    call_resume(&talk.call);
    world_run(world);
    assert_string_equal(talk.ear.heard, "101 tunnel [ab");

    memset(piece, 'z', sizeof piece);
    sim_client_window(end, 10);
    do
        given += sizeof piece;
    while (call_send(&talk.call, stet_span(piece, sizeof piece)));
    assert_in_range(given, 32768, 65536);
    call_finish(&talk.call);
    world_run(world);
    assert_int_equal(sim_client_state(end), SIM_CLIENT_OPEN);
    sim_client_window(end, SIM_UNLIMITED);
    world_run(world);
    assert_int_equal(sim_client_len(end), given);
    assert_int_equal(sim_client_state(end), SIM_CLIENT_ENDED);
    sim_client_close(end, true);
    call_resume(&talk.call);
    world_run(world);
    assert_int_equal(talk.ear.end, CLIENT_TRUNCATED);
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_CONNECTION_TERMINATED);
}

static void a_tunnel_by_connect(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("CONNECT");

    talk.request.target = talk.request.host = STET_SPAN("b:443");
    talk_begin(world, &talk, false);
    world_run(world);
    struct sim_client *end = world_next(world);
    assert_true(origin_got(end, "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"));
    origin_say(world, end, "HTTP/1.1 200 OK\r\n\r\n\x16");
    assert_string_equal(talk.ear.heard, "200 tunnel [\x16");
    call_cancel(&talk.call);
    world_run(world);
    assert_int_equal(sim_client_state(end), SIM_CLIENT_ENDED);
}

static void an_upgrade_that_is_declined(void **state)
{
    struct world *world = *state;
    struct talk talk;
    struct sim_client *end = tunnel_begun(world, &talk);

    origin_say(world, end, HELLO);
    assert_string_equal(talk.ear.heard, "200 length [hello] complete");
    assert_int_equal(caller_idle(world->caller), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_head_that_does_not_come),
        WORLD_TEST(an_interim_response_is_a_sign_of_life),
        WORLD_TEST(content_that_stalls),
        WORLD_TEST(a_request_that_stalls),
        WORLD_TEST(a_request_that_is_not_taken_at_all),
        WORLD_TEST(the_answers_time_begins_with_the_end_of_the_request),
        WORLD_TEST(a_tunnel_both_ways),
        WORLD_TEST(a_tunnel_where_nothing_moves),
        WORLD_TEST(a_tunnel_with_pressure),
        WORLD_TEST(a_tunnel_by_connect),
        WORLD_TEST(an_upgrade_that_is_declined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
