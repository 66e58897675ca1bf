/* Connections in the simulated world: order, back-pressure, ends, graceful stop, limits, and
 * memory that runs out. Deadlines have a file of their own. */
#include "conn_world.h"

#define OK "HTTP/1.1 200 OK"
#define LAST(target) "GET " target " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
#define POST(target, length) \
    "POST " target " HTTP/1.1\r\nHost: a\r\nContent-Length: " length "\r\n\r\n"

static enum sim_client_state state_of(const struct sim_client *client)
{
    return sim_client_state(client);
}

/* ---- order and back-pressure ---- */

static void pipelined_requests_leave_in_one_write(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    sim_client_window(client, 0);
    world_send(world, client, GET("/n/5") GET("/304") GET("/n/6"));
    assert_int_equal(world->done, 3);
    sim_client_window(client, SIM_UNLIMITED);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world_count(client, "zzzzz"), 2);
    assert_int_equal(world_count(client, "HTTP/1.1 304"), 1);
}

/* What a client pipelines behind an answer that it does not take stays where it is. */
static void a_client_that_reads_nothing_is_not_read(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    sim_client_window(client, 0);
    for (int i = 0; i < 20000; i++)
        sim_client_say(client, GET("/n/5"));
    sim_world_run_until_idle(world->sim);
    assert_true(world->requests <= 1000);
    assert_true(sim_client_unread(client) > 20000 * (sizeof GET("/n/5") - 1) - 200000);
    sim_client_window(client, SIM_UNLIMITED);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world_count(client, OK), 20000);
    assert_int_equal(sim_client_unread(client), 0);
}

static void kept_input_goes_on_when_the_socket_does(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    sim_client_window(client, 10);
    world_send(world, client, GET("/n/300000") GET("/n/5") GET("/n/300000") GET("/n/7"));
    assert_int_equal(world->requests, 1);
    for (uint64_t total = 0; total != sim_client_total(client);) {
        total = sim_client_total(client);
        sim_client_window(client, 9999);
        sim_world_run_until_idle(world->sim);
    }
    assert_int_equal(world_count(client, OK), 4);
    assert_int_equal(world_count(client, "z"), 600012);
    assert_int_equal(state_of(client), SIM_CLIENT_OPEN);
}

/* Reads and writes of any size, events that are none: the same answers. */
static void sizes_of_reads_and_writes_do_not_matter(void **state)
{
    struct world *world = *state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct sim_faults faults = {.read_most = 1 + seed % 4 * 11,
                                    .write_most = 1 + seed % 3 * 100,
                                    .draw_sizes = seed & 1,
                                    .spurious = seed & 2};
        sim_world_faults(world->sim, &faults);
        if (seed == 0)
            world_open(world);
        struct sim_client *client = world_client(world);
        world_send(
            world, client,
            GET("/n/5") POST("/upload", "10") "0123456789" GET("/304") GET(
                "/n/20000") "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "5;x\r\n01234\r\n1\r\n5\r\n0\r\nX: y\r\n\r\n" LAST("/n/9"));
        sim_world_run_until_idle(world->sim);
        assert_int_equal(world_count(client, OK), 5);
        assert_int_equal(world_count(client, "z"), 5 + 5 + 20000 + 5 + 9);
        assert_int_equal(world->content, 16 * (seed + 1));
        assert_int_equal(state_of(client), SIM_CLIENT_ENDED);
    }
}

static struct world *stopped_world;

static void stop_turning(struct task *task)
{
    (void)task;
    loop_stop(stopped_world->loop);
}

/* A connection gives way to others after its share of a turn. */
static void a_large_answer_does_not_hold_up_others(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *large = world_client(world), *small = world_client(world);
    struct task stop = {.run = stop_turning};
    stopped_world = world;
    sim_client_say(large, GET("/n/100000000"));
    sim_client_say(small, GET("/n/5"));
    loop_post(world->loop, &stop);
    loop_run(world->loop); /* one turn */
    assert_true(sim_client_total(large) < 3 * world->limits.send_turn);
    assert_int_equal(world_count(small, OK), 1);
    sim_client_close(large, true);
    sim_world_run_until_idle(world->sim);
}

static void content_waits_for_the_service(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, POST("/pause", "6") "abc");
    assert_int_equal(world->content, 3);
    world_send(world, client, "def" GET("/n/7"));
    assert_int_equal(world->content, 3);
    world_pass(world, 300 * SECOND); /* it is not the client that is slow */
    assert_int_equal(state_of(client), SIM_CLIENT_OPEN);
    world_resume(world);
    assert_int_equal(world->content, 6);
    assert_int_equal(world_count(client, OK), 2);
}

/* An answer lifts the pause: the rest is nobody's, and is thrown away. */
static void an_answer_ends_a_pause(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, POST("/pause", "6") "abc");
    world_answer(world);
    world_send(world, client, "def" GET("/n/7"));
    assert_int_equal(world->content, 3);
    assert_int_equal(world_count(client, OK), 2);
    world_send(world, client, POST("/upload", "3") "abc");
    assert_int_equal(world_count(client, OK), 3);
}

static void a_body_that_waits_is_woken(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, GET("/stream") GET("/n/6"));
    assert_int_equal(world_count(client, "Transfer-Encoding: chunked\r\n\r\n"), 1);
    world_say(world, "abc");
    sim_client_window(client, 1);
    world_say(world, "de");
    world_say(world, NULL);
    assert_int_equal(world_count(client, OK), 1);
    sim_client_window(client, SIM_UNLIMITED);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world_count(client, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" OK), 1);
}

static void a_body_that_breaks_off_resets(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, GET("/stream") GET("/n/6"));
    world_say(world, "abc");
    world->body->broken = true;
    world_say(world, "");
    assert_int_equal(state_of(client), SIM_CLIENT_RESET);
    assert_int_equal(world->cut, 1);
    assert_int_equal(world->requests, 1);
}

/* ---- ends ---- */

/* C-9112-9.6-1: requests that came before the client's end are answered. */
static void requests_before_the_end_are_answered(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    sim_client_window(client, 100);
    sim_client_say(client, GET("/n/300000") GET("/later") GET("/n/5"));
    sim_client_shutdown(client);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world->requests, 1);
    sim_client_window(client, SIM_UNLIMITED);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world->requests, 2);
    world_answer(world);
    assert_int_equal(world_count(client, OK), 3);
    assert_int_equal(world_count(client, "z"), 300010);
    assert_int_equal(state_of(client), SIM_CLIENT_ENDED);
    assert_true(sim_client_released(client));
}

static void a_head_cut_short_is_no_request(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    sim_client_say(client, GET("/n/5") "GET /n/6 HTTP/1.1\r\nHost: a\r\n");
    sim_client_shutdown(client);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world->requests, 1);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_ENDED);
}

static void a_client_that_goes_away_is_forgotten(void **state)
{
    static const char *const asks[] = {"",
                                       "GET",
                                       GET("/later"),
                                       GET("/stream"),
                                       GET("/n/300000"),
                                       POST("/pause", "9") "abc",
                                       POST("/upload", "9") "abc"};
    struct world *world = *state;
    world_open(world);
    for (size_t i = 0; i < 2 * COUNT(asks); i++) {
        struct sim_client *client = world_client(world);
        sim_client_window(client, 1000);
        world_send(world, client, asks[i / 2]);
        sim_client_close(client, i & 1);
        sim_world_run_until_idle(world->sim);
        if (world->waiting && strcmp(asks[i / 2], GET("/later")) == 0)
            world_answer(world); /* only now it is found out */
        if (world->waiting && world->paused)
            world_resume(world);
        if (world->body)
            world_say(world, NULL);
        world_pass(world, 31 * SECOND);
        assert_true(sim_client_released(client));
    }
    assert_int_equal(world->set.count, 0);
}

/* ---- graceful stop ---- */

static void draining_lets_idle_connections_go(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *fresh = world_client(world), *used = world_client(world);
    world_send(world, used, GET("/n/5"));
    conn_set_drain(&world->set);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(state_of(fresh), SIM_CLIENT_ENDED);
    assert_int_equal(state_of(used), SIM_CLIENT_ENDED);
    assert_int_equal(world->drained, 0);
    sim_client_shutdown(fresh);
    sim_world_run_until_idle(world->sim);
    world_pass(world, 2 * SECOND);
    assert_int_equal(world->drained, 1);
}

static void draining_an_empty_set_is_at_once(void **state)
{
    struct world *world = *state;
    world_open(world);
    conn_set_drain(&world->set);
    assert_int_equal(world->drained, 1);
}

static void draining_finishes_what_is_under_way(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *asks = world_client(world), *takes = world_client(world),
                      *gives = world_client(world);
    sim_client_window(takes, 100);
    sim_client_say(asks, GET("/later"));
    world_send(world, takes, GET("/n/300000"));
    world_send(world, gives, POST("/upload", "6") "abc");
    conn_set_drain(&world->set);
    world_pass(world, 5 * SECOND);
    world_answer(world);
    world_send(world, gives, "def");
    sim_client_window(takes, SIM_UNLIMITED);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world_count(asks, "Connection: close"), 1);
    assert_int_equal(world_count(gives, "Connection: close"), 1);
    assert_int_equal(world_count(takes, "z"), 300000);
    world_pass(world, 2 * SECOND);
    assert_int_equal(world->drained, 1);
    assert_int_equal(world->cut + world->unanswered, 0);
}

/* A request that was there before the stop is answered, and so is one whose head had begun. */
static void draining_answers_what_has_arrived(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *whole = world_client(world), *half = world_client(world);
    world_send(world, half, "GET /n/5 HT");
    sim_client_say(whole, GET("/n/5"));
    conn_set_drain(&world->set);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world_count(whole, OK), 1);
    assert_int_equal(state_of(whole), SIM_CLIENT_ENDED);
    assert_int_equal(state_of(half), SIM_CLIENT_OPEN);
    world_send(world, half, "TP/1.1\r\nHost: a\r\n\r\n" GET("/n/6"));
    assert_int_equal(world_count(half, OK), 1);
    assert_int_equal(world_count(half, "Connection: close"), 1);
    assert_int_equal(state_of(half), SIM_CLIENT_ENDED);
}

static void nobody_comes_in_while_draining(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *first = world_client(world);
    world_send(world, first, GET("/later"));
    conn_set_drain(&world->set);
    assert_int_equal(state_of(world_client(world)), SIM_CLIENT_RESET);
    world_answer(world);
    sim_client_shutdown(first);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world->drained, 1);
}

/* ---- limits ---- */

static void connections_are_limited_in_all(void **state)
{
    struct world *world = *state;
    world->limits.connections = 2;
    world_open(world);
    struct sim_client *first = world_client(world), *second = world_client(world);
    assert_int_equal(state_of(world_client(world)), SIM_CLIENT_RESET);
    sim_client_close(first, false);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(state_of(world_client(world)), SIM_CLIENT_OPEN);
    assert_int_equal(state_of(second), SIM_CLIENT_OPEN);
}

static void a_pipeline_is_answered_in_shares(void **state)
{
    struct world *world = *state;
    world->limits.pipeline_depth = 1;
    world_open(world);
    struct sim_client *client = world_client(world);
    for (int i = 0; i < 1000; i++)
        sim_client_say(client, GET("/n/5"));
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world_count(client, OK), 1000);
}

static void a_trailer_may_be_longer_than_a_head(void **state)
{
    struct world *world = *state;
    world->limits.head_size = 1024;
    world->limits.trailer_size = 200000;
    world_open(world);
    struct sim_client *client = world_client(world);
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    world_send(world, client,
               "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
               "\r\n0\r\nX: ");
    for (int i = 0; i < 199; i++)
        world_send(world, client, text);
    world_send(world, client, "\r\n\r\n");
    assert_int_equal(world_count(client, OK), 1);
}

/* ---- moments ---- */

static void requests_of_one_turn_share_a_moment(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *a = world_client(world), *b = world_client(world);
    sim_client_say(a, GET("/304"));
    sim_client_say(b, GET("/304"));
    sim_world_run_until_idle(world->sim);
    world_send(world, a, GET("/304"));
    assert_int_equal(world->moments[0], world->moments[1]);
    assert_true(world->moments[2] > world->moments[1]);
}

/* What stands behind another request may have come after the turn began. */
static void a_request_behind_another_has_a_later_moment(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, GET("/304") GET("/304") GET("/304"));
    assert_true(world->moments[1] > world->moments[0]);
    assert_int_equal(world->moments[2], world->moments[1]);
}

/* A full read is followed by another one, and what that one finds may have come meanwhile. */
static void a_second_read_in_a_turn_has_a_later_moment(void **state)
{
    enum { SIZE = 128 };
    struct world *world = *state;
    world->limits.pipeline_depth = 10000;
    world_open(world);
    struct sim_client *client = world_client(world);
    const size_t read = DESK_READ;
    char request[SIZE + 1];
    snprintf(request, sizeof request, "GET /304 HTTP/1.1\r\nHost: a\r\nX: %093d\r\n\r\n", 0);
    assert_int_equal(strlen(request), SIZE);
    for (size_t i = 0; i <= read / SIZE; i++)
        sim_client_say(client, request);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world->requests, read / SIZE + 1);
    const uint64_t *last = &world->moments[read / SIZE];
    assert_int_equal(last[-1], last[-2]);
    assert_true(last[0] > last[-1]);
}

/* A request of which no moment is asked stands before others all the same. */
static void who_asks_for_no_moment_counts_too(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *a = world_client(world), *b = world_client(world);
    sim_client_say(a, GET("/304"));
    sim_client_say(b, GET("/careless") GET("/304"));
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world->requests, 3);
    uint64_t least = UINT64_MAX, most = 0;
    for (int i = 0; i < 3; i++) {
        if (world->moments[i] && world->moments[i] < least)
            least = world->moments[i];
        if (world->moments[i] > most)
            most = world->moments[i];
    }
    assert_true(most > least);
}

/* ---- memory ---- */

/* Whichever allocation fails: a connection ends, or an answer is late or empty; nothing is lost. */
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
        if (state_of(client) == SIM_CLIENT_OPEN) {
            world_send(world, client, GET("/n/9000") POST("/upload", "3") "abc" GET("/304"));
            if (state_of(client) == SIM_CLIENT_OPEN)
                world_send(world, client, GET("/later") "GET /n/5");
            if (world->waiting)
                world_answer(world);
            sim_client_close(client, false);
            sim_world_run_until_idle(world->sim);
        }
        any = memory_count() >= nth;
        failed += any;
        memory_fail_nth(0);
        world_pass(world, 61 * SECOND);
        assert_true(sim_client_released(client));
        assert_int_equal(world->set.count, 0);
        assert_int_equal(conn_census_open(world->census), 0);
    }
    assert_true(failed > 10);
}

static void a_set_needs_its_memory(void **state)
{
    struct world *world = *state;
    world_open(world);
    for (uint64_t nth = 1; nth <= 4; nth++) {
        struct conn_set set = {.loop = world->loop, .limits = &world->limits};
        memory_fail_nth(nth);
        assert_false(conn_set_init(&set));
        memory_fail_nth(0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(pipelined_requests_leave_in_one_write),
        TEST(a_client_that_reads_nothing_is_not_read),
        TEST(kept_input_goes_on_when_the_socket_does),
        TEST(sizes_of_reads_and_writes_do_not_matter),
        TEST(a_large_answer_does_not_hold_up_others),
        TEST(content_waits_for_the_service),
        TEST(an_answer_ends_a_pause),
        TEST(a_body_that_waits_is_woken),
        TEST(a_body_that_breaks_off_resets),
        TEST(requests_before_the_end_are_answered),
        TEST(a_head_cut_short_is_no_request),
        TEST(a_client_that_goes_away_is_forgotten),
        TEST(draining_lets_idle_connections_go),
        TEST(draining_an_empty_set_is_at_once),
        TEST(draining_finishes_what_is_under_way),
        TEST(draining_answers_what_has_arrived),
        TEST(nobody_comes_in_while_draining),
        TEST(connections_are_limited_in_all),
        TEST(a_pipeline_is_answered_in_shares),
        TEST(a_trailer_may_be_longer_than_a_head),
        TEST(requests_of_one_turn_share_a_moment),
        TEST(a_request_behind_another_has_a_later_moment),
        TEST(a_second_read_in_a_turn_has_a_later_moment),
        TEST(who_asks_for_no_moment_counts_too),
        TEST(any_allocation_may_fail),
        TEST(a_set_needs_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
