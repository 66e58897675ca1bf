/* Connections of a gateway in the simulated world: interim answers, content that is held back,
 * clients that go away while their answer is being made, tunnels. */
#include "conn_world.h"

#define OK "HTTP/1.1 200 OK"
#define HINT "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
#define GO_ON "HTTP/1.1 100 Continue\r\n\r\n"
#define POST(target, length, fields) \
    "POST " target " HTTP/1.1\r\nHost: a\r\nContent-Length: " length "\r\n" fields "\r\n"
#define EXPECT "Expect: 100-continue\r\n"
#define SWITCH "GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
#define CONNECT "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"

static enum sim_client_state state_of(const struct sim_client *client)
{
    return sim_client_state(client);
}

static void send_many(struct world *world, struct sim_client *client, size_t count)
{
    char *text = calloc(1, count);
    assert_non_null(text);
    memset(text, 'x', count);
    sim_client_send(client, text, count);
    free(text);
    sim_world_run_until_idle(world->sim);
}

/* ---- interim answers ---- */

static void interim_answers_leave_at_once(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, GET("/hint") GET("/n/6"));
    assert_int_equal(sim_client_total(client), strlen(HINT));
    stream_interim(world->waiting, 102, STET_SPAN_NONE);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world_count(client, HINT "HTTP/1.1 102 Processing\r\n\r\n"), 1);
    assert_int_equal(world_count(client, OK), 0);
    world_answer(world);
    assert_int_equal(world_count(client, "102 Processing\r\n\r\n" OK), 1);
    assert_int_equal(world_count(client, OK), 2);
}

static void interim_answers_wait_for_the_socket(void **state)
{
    struct world *world = *state;
    struct sim_faults faults = {.write_most = 7};
    sim_world_faults(world->sim, &faults);
    world_open(world);
    struct sim_client *client = world_client(world);
    sim_client_window(client, 0);
    world_send(world, client, GET("/n/5") GET("/hint"));
    for (int i = 0; i < 20000; i++)
        stream_interim(world->waiting, 103, STET_SPAN("Link: </a>\r\n"));
    sim_world_run_until_idle(world->sim);
    world_answer(world);
    sim_client_window(client, SIM_UNLIMITED);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world_count(client, OK), 2);
    assert_in_range(world_count(client, HINT), 100, 65536 / 14 + 2);
    assert_string_equal(sim_client_bytes(client) + sim_client_len(client) - 5, "zzzzz");
}

/* ---- content that is held back ---- */

static void content_that_is_held_is_not_read(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, POST("/hold", "1000000", ""));
    send_many(world, client, 1000000);
    assert_int_equal(world->content, 0);
    assert_true(sim_client_unread(client) >= 1000000 - DESK_READ);
    world_pass(world, 300 * SECOND);
    assert_int_equal(state_of(client), SIM_CLIENT_OPEN);
    world_resume(world);
    assert_int_equal(world->content, 1000000);
    assert_int_equal(world_count(client, OK), 1);
}

/* The same for content that service->content stops: what waits is one read, no more. */
static void content_that_is_stopped_is_not_read(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, POST("/pause", "1000000", ""));
    send_many(world, client, 1000000);
    assert_true(world->content <= DESK_READ);
    assert_true(sim_client_unread(client) >= 1000000 - 2 * DESK_READ);
    world_resume(world);
    assert_int_equal(world->content, 1000000);
    assert_int_equal(world_count(client, OK), 1);
}

/* C-9110-10.1.1-1 */
static void a_client_that_waits_hears_100_when_content_is_wanted(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, POST("/hold", "3", EXPECT));
    world_pass(world, 100 * SECOND);
    assert_int_equal(sim_client_total(client), 0);
    world_resume(world);
    assert_int_equal(world_count(client, GO_ON), 1);
    world_send(world, client, "abc");
    assert_int_equal(world_count(client, GO_ON OK), 1);
}

/* The time for content begins when it is wanted, and while it is not wanted none passes. */
static void held_content_has_its_time_afterwards(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, POST("/hold", "3", ""));
    world_pass(world, 100 * SECOND);
    world_resume(world);
    assert_int_equal(world_ends_in(world, client, false), 30000);
    assert_int_equal(world_count(client, "HTTP/1.1 408 Request Timeout"), 1);
}

/* ---- clients that go away ---- */

static const char *const asks[] = {
    GET("/later"),  GET("/later") GET("/n/5") GET("/n/5"), GET("/hint"),
    GET("/stream"), POST("/pause", "9", "") "abc",         POST("/hold", "9", EXPECT),
};

/* A reset ends the stream at once, whoever makes the answer hears it. */
static void a_client_that_resets_is_noticed(void **state)
{
    struct world *world = *state;
    world_open(world);
    for (unsigned i = 0; i < COUNT(asks); i++) {
        struct sim_client *client = world_client(world);
        world_send(world, client, asks[i]);
        assert_non_null(world->waiting);
        sim_client_close(client, true);
        sim_world_run_until_idle(world->sim);
        assert_null(world->waiting);
        assert_true(sim_client_released(client));
        assert_int_equal(world->done, i + 1);
    }
    assert_int_equal(world->unanswered, COUNT(asks) - 1); /* all but /stream */
    assert_int_equal(world->cut, 1);
}

/* C-9112-9.6-1: to have said all is not to have gone. */
static void a_client_that_only_ends_gets_its_answer(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    sim_client_say(client, GET("/later"));
    sim_client_shutdown(client);
    sim_world_run_until_idle(world->sim);
    world_pass(world, 100 * SECOND);
    assert_non_null(world->waiting);
    world_answer(world);
    assert_int_equal(world_count(client, "zzzzz"), 1);
    assert_int_equal(state_of(client), SIM_CLIENT_ENDED);
    assert_true(sim_client_released(client));
}

/* One that has closed looks the same until something is sent to it. */
static void a_client_that_closes_is_noticed_by_what_is_sent(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, GET("/later"));
    sim_client_close(client, false);
    sim_world_run_until_idle(world->sim);
    assert_non_null(world->waiting);
    stream_interim(world->waiting, 102, STET_SPAN_NONE);
    sim_world_run_until_idle(world->sim);
    assert_null(world->waiting);
    assert_int_equal(world->unanswered, 1);
    assert_true(sim_client_released(client));
}

static void what_is_pipelined_behind_a_wait_stays_where_it_is(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    sim_client_say(client, GET("/later"));
    send_many(world, client, 1000000);
    assert_true(sim_client_unread(client) >= 1000000 - DESK_READ);
    sim_client_close(client, true);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world->unanswered, 1);
}

/* ---- tunnels ---- */

static struct sim_client *tunnel_open(struct world *world, const char *request)
{
    struct sim_client *client = world_client(world);
    world_send(world, client, request);
    assert_non_null(world->body);
    return client;
}

static void a_tunnel_carries_octets_both_ways(void **state)
{
    static const char *const requests[] = {SWITCH "early", CONNECT "early"};
    struct world *world = *state;
    for (unsigned i = 0; i < 8; i++) {
        struct sim_faults faults = {
            .read_most = i & 2 ? 3 : 0, .write_most = i & 4 ? 5 : 0, .draw_sizes = true};
        sim_world_faults(world->sim, &faults);
        if (i == 0)
            world_open(world);
        world->content = world->ends = 0;
        struct sim_client *client = tunnel_open(world, requests[i & 1]);
        world_say(world, "abc");
        world_send(world, client, GET("/n/5"));
        world_say(world, "def");
        world_send(world, client, "\r\n");
        assert_int_equal(world->content, 5 + strlen(GET("/n/5")) + 2);
        assert_int_equal(world_count(client, "\r\n\r\nabcdef"), 1);
        assert_int_equal(world_count(client, "Connection: upgrade\r\n"), !(i & 1));
        assert_int_equal(world_count(client, "chunked"), 0);
        sim_client_shutdown(client);
        sim_world_run_until_idle(world->sim);
        assert_int_equal(world->ends, 1);
        world_say(world, "ghi");
        world_say(world, NULL);
        assert_int_equal(world_count(client, "abcdefghi"), 1);
        assert_int_equal(state_of(client), SIM_CLIENT_ENDED);
        assert_true(sim_client_released(client));
    }
    assert_int_equal(world->requests, 8);
    assert_int_equal(world->cut + world->unanswered, 0);
}

/* One side that takes nothing does not stop the other. */
static void both_ways_of_a_tunnel_are_independent(void **state)
{
    struct world *world = *state;
    char text[4000];
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    world_open(world);
    struct sim_client *client = tunnel_open(world, SWITCH);
    sim_client_window(client, 100);
    world_say(world, text);
    send_many(world, client, 1000000);
    assert_int_equal(world->content, 1000000);
    sim_client_window(client, SIM_UNLIMITED);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world_count(client, "y"), sizeof text - 1);
    world->paused = true;
    send_many(world, client, 1000000);
    assert_true(sim_client_unread(client) >= 1000000 - 2 * DESK_READ);
    world_say(world, "still");
    assert_int_equal(world_count(client, "still"), 1);
    world_resume(world);
    assert_int_equal(world->content, 2000000);
}

/* The same for a request and its answer that go on at once. */
static void a_request_goes_on_beside_an_answer_that_waits(void **state)
{
    struct world *world = *state;
    char text[4000];
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    world_open(world);
    struct sim_client *client = world_client(world);
    sim_client_window(client, 100);
    world_send(world, client, POST("/duplex", "1000000", ""));
    world_say(world, text);
    send_many(world, client, 999999);
    assert_int_equal(world->content, 999999);
    world_say(world, NULL);
    world_send(world, client, "x" GET("/n/6"));
    assert_int_equal(world->ends, 1);
    assert_int_equal(world->requests, 1);
    sim_client_window(client, SIM_UNLIMITED);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world->requests, 2);
    assert_int_equal(world_count(client, "y"), sizeof text - 1);
    assert_int_equal(world_count(client, "\r\n0\r\n\r\n" OK), 1);
}

/* When the other side has said all, the client is told so and may go on. */
static void a_tunnel_ends_on_each_side_by_itself(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = tunnel_open(world, CONNECT);
    world_say(world, "abc");
    world_say(world, NULL);
    assert_int_equal(state_of(client), SIM_CLIENT_ENDED);
    assert_false(sim_client_released(client));
    for (int i = 0; i < 5; i++) {
        world_pass(world, 50 * SECOND);
        world_send(world, client, "x");
    }
    assert_int_equal(world->content, 5);
    assert_int_equal(world->done, 0);
    sim_client_shutdown(client);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world->ends, 1);
    assert_int_equal(world->done, 1);
    assert_true(sim_client_released(client));
    assert_int_equal(world->cut, 0);
}

/* No floor, no time but for silence on both sides. */
static void a_tunnel_ends_when_nothing_moves(void **state)
{
    struct world *world = *state;
    world->limits.tunnel_idle_timeout = 90000;
    world_open(world);
    struct sim_client *client = tunnel_open(world, SWITCH);
    for (int i = 0; i < 10; i++) {
        world_pass(world, 89 * SECOND);
        if (i & 1)
            world_say(world, "x");
        else
            world_send(world, client, "x");
    }
    assert_int_equal(world_ends_in(world, client, true), 90000);
    assert_int_equal(world->cut, 1);
    client = tunnel_open(world, SWITCH);
    world_say(world, NULL); /* also when one side has ended */
    assert_int_equal(world_ends_in(world, client, true), 90000);
    client = tunnel_open(world, SWITCH);
    sim_client_shutdown(client);
    assert_int_equal(world_ends_in(world, client, true), 90000);
}

static void a_client_that_leaves_a_tunnel_is_noticed(void **state)
{
    struct world *world = *state;
    world_open(world);
    for (unsigned i = 0; i < 3; i++) {
        struct sim_client *client = tunnel_open(world, SWITCH);
        if (i == 1)
            sim_client_shutdown(client);
        if (i == 2)
            world_say(world, NULL);
        sim_world_run_until_idle(world->sim);
        assert_int_equal(world->done, i);
        sim_client_close(client, true);
        sim_world_run_until_idle(world->sim);
        assert_true(sim_client_released(client));
        assert_int_equal(world->done, i + 1);
    }
}

static void a_tunnel_that_breaks_off_resets(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = tunnel_open(world, SWITCH);
    world->body->broken = true;
    world_say(world, "");
    assert_int_equal(state_of(client), SIM_CLIENT_RESET);
    assert_int_equal(world->cut, 1);
}

/* A graceful stop has no good moment to end one, and leaves that to who waits for the end. */
static void draining_leaves_tunnels(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = tunnel_open(world, SWITCH);
    conn_set_drain(&world->set);
    world_pass(world, 30 * SECOND);
    world_send(world, client, "abc");
    world_say(world, "def");
    assert_int_equal(world->content, 3);
    assert_int_equal(world->drained, 0);
    sim_client_shutdown(client);
    world_say(world, NULL);
    assert_int_equal(world->drained, 1);
}

/* ---- memory ---- */

/* Whichever allocation fails: a connection ends, or an interim answer is missing. */
static void any_allocation_may_fail(void **state)
{
    struct world *world = *state;
    world_open(world);
    unsigned failed = 0;
    bool any = true;
    for (uint64_t nth = 1; any; nth++) {
        struct sim_faults faults = {.write_most = 37, .read_most = 23};
        sim_world_faults(world->sim, &faults);
        memory_fail_nth(nth);
        struct sim_client *client = world_client(world);
        if (state_of(client) == SIM_CLIENT_OPEN)
            world_send(world, client, GET("/hint") POST("/hold", "3", EXPECT));
        if (world->waiting)
            stream_interim(world->waiting, 102, STET_SPAN_NONE);
        if (world->waiting)
            world_answer(world);
        if (world->waiting)
            world_resume(world);
        if (state_of(client) == SIM_CLIENT_OPEN)
            world_send(world, client, "abc" SWITCH "abcdefghijklmnopqrstuvwxyz");
        if (world->body)
            world_say(world, "abc");
        sim_client_close(client, false);
        sim_world_run_until_idle(world->sim);
        any = memory_count() >= nth;
        failed += any;
        memory_fail_nth(0);
        if (world->body)
            world_say(world, NULL);
        world_pass(world, 3601 * SECOND);
        assert_true(sim_client_released(client));
        assert_int_equal(world->set.count, 0);
    }
    assert_true(failed > 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(interim_answers_leave_at_once),
        TEST(interim_answers_wait_for_the_socket),
        TEST(content_that_is_held_is_not_read),
        TEST(content_that_is_stopped_is_not_read),
        TEST(a_client_that_waits_hears_100_when_content_is_wanted),
        TEST(held_content_has_its_time_afterwards),
        TEST(a_client_that_resets_is_noticed),
        TEST(a_client_that_only_ends_gets_its_answer),
        TEST(a_client_that_closes_is_noticed_by_what_is_sent),
        TEST(what_is_pipelined_behind_a_wait_stays_where_it_is),
        TEST(a_tunnel_carries_octets_both_ways),
        TEST(both_ways_of_a_tunnel_are_independent),
        TEST(a_request_goes_on_beside_an_answer_that_waits),
        TEST(a_tunnel_ends_on_each_side_by_itself),
        TEST(a_tunnel_ends_when_nothing_moves),
        TEST(a_client_that_leaves_a_tunnel_is_noticed),
        TEST(a_tunnel_that_breaks_off_resets),
        TEST(draining_leaves_tunnels),
        TEST(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
