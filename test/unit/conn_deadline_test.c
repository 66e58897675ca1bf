/* The deadlines of connections, each measured: when they end, what the client sees, and what does
 * not move them. */
#include "conn_world.h"

/* ---- idle ---- */

static void a_silent_client_is_let_go(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    assert_int_equal(world_ends_in(world, client, false), 60000);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_ENDED);
}

static void an_answer_begins_the_idle_time_anew(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_pass(world, 59 * SECOND);
    world_send(world, client, GET("/n/5"));
    assert_int_equal(world_ends_in(world, client, false), 60000);
    assert_int_equal(world_count(client, "HTTP/1.1 200 OK"), 1);
}

/* What we had to say is said; whether the client has read it is no longer ours to know. */
static void a_client_that_reads_nothing_is_idle_too(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, GET("/304"));
    assert_int_equal(world_ends_in(world, client, false), 60000);
}

/* ---- heads ---- */

static void a_drip_does_not_stretch_a_head(void **state)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: a\r\nX-Drip: 0123456789";
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_pass(world, 30 * SECOND);
    int64_t ms = 0;
    for (; sim_client_state(client) == SIM_CLIENT_OPEN; ms++) {
        assert_true(ms < 20000);
        if (ms % 1000 == 0)
            sim_client_send(client, head + ms / 1000, 1);
        world_pass(world, MS);
    }
    assert_int_equal(ms, 15000);
    assert_int_equal(world_count(client, "HTTP/1.1 408 Request Timeout"), 1);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_ENDED);
}

/* Each head has its own time, also when every read ends in the middle of one. */
static void heads_cut_by_reads_have_each_its_time(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, "GET /n/5 HT");
    for (int i = 0; i < 40; i++) {
        world_pass(world, SECOND);
        world_send(world, client, "TP/1.1\r\nHost: a\r\n\r\nGET /n/5 HT");
    }
    assert_int_equal(sim_client_state(client), SIM_CLIENT_OPEN);
    assert_int_equal(world_count(client, "HTTP/1.1 200 OK"), 40);
    assert_int_equal(world_ends_in(world, client, false), 15000);
    assert_int_equal(world_count(client, "HTTP/1.1 408 Request Timeout"), 1);
}

/* ---- content ---- */

#define UPLOAD "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"

/* Sends `octets` of content every ten seconds; milliseconds until the server has enough, at most
 * `most`. */
static int64_t upload_lasts(struct world *world, struct sim_client *client, size_t octets,
                            int64_t most)
{
    char text[4096];
    memset(text, 'x', sizeof text);
    assert_true(octets <= sizeof text);
    world_send(world, client, UPLOAD);
    for (int64_t ms = 0; ms < most; ms++) {
        if (sim_client_state(client) != SIM_CLIENT_OPEN)
            return ms;
        if (ms % 10000 == 5000 && octets)
            sim_client_send(client, text, octets);
        world_pass(world, MS);
    }
    return most;
}

static void content_that_does_not_come_is_408(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    assert_int_equal(upload_lasts(world, client, 0, 100000), 30000);
    assert_int_equal(world_count(client, "HTTP/1.1 408 Request Timeout"), 1);
    assert_int_equal(world->unanswered, 1);
}

static void content_below_the_floor_is_408(void **state)
{
    struct world *world = *state;
    world_open(world);
    assert_int_equal(upload_lasts(world, world_client(world), 341, 100000), 30000);
}

static void content_at_the_floor_goes_on(void **state)
{
    struct world *world = *state;
    world_open(world);
    assert_int_equal(upload_lasts(world, world_client(world), 342, 200000), 200000);
}

/* ---- sending ---- */

/* The client takes `octets` every ten seconds. */
static int64_t download_lasts(struct world *world, struct sim_client *client, uint64_t octets,
                              int64_t most)
{
    sim_client_window(client, 100);
    world_send(world, client, GET("/n/1000000"));
    for (int64_t ms = 0; ms < most; ms++) {
        if (sim_client_state(client) != SIM_CLIENT_OPEN)
            return ms;
        if (ms % 10000 == 5000 && octets)
            sim_client_window(client, octets);
        world_pass(world, MS);
    }
    return most;
}

static void a_client_that_takes_nothing_is_reset(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    assert_int_equal(download_lasts(world, client, 0, 100000), 30000);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_RESET);
    assert_int_equal(world->cut, 1);
}

static void a_client_that_takes_too_little_is_reset(void **state)
{
    struct world *world = *state;
    world_open(world);
    assert_int_equal(download_lasts(world, world_client(world), 1365, 100000), 30000);
}

static void a_client_at_the_floor_is_served(void **state)
{
    struct world *world = *state;
    world_open(world);
    assert_int_equal(download_lasts(world, world_client(world), 1366, 200000), 200000);
}

/* An answer smaller than the floor has one window to be taken in. */
static void a_small_answer_has_its_window(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    sim_client_window(client, 10);
    world_send(world, client, GET("/n/100"));
    world_pass(world, 29 * SECOND);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_OPEN);
    sim_client_window(client, SIM_UNLIMITED);
    world_pass(world, 2 * SECOND);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_OPEN);
    assert_int_equal(world_count(client, "z"), 100);
    assert_int_equal(world_ends_in(world, client, false), 58000);
}

/* ---- answers ---- */

static void a_service_may_think_for_long(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, GET("/later"));
    world_pass(world, 3600 * SECOND);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_OPEN);
    world_answer(world);
    assert_int_equal(world_count(client, "zzzzz"), 1);
    assert_int_equal(world_ends_in(world, client, false), 60000);
}

/* ... but not while the client takes nothing of what was answered before. */
static void output_has_its_window_while_a_service_thinks(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    sim_client_window(client, 0);
    world_send(world, client, GET("/304") GET("/later"));
    assert_int_equal(world_ends_in(world, client, false), 30000);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_RESET);
}

static void a_body_may_be_long_in_coming(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, GET("/stream"));
    for (int i = 0; i < 10; i++) {
        world_pass(world, 600 * SECOND);
        world_say(world, "piece");
    }
    world_say(world, NULL);
    assert_int_equal(world_count(client, "5\r\npiece\r\n"), 10);
    assert_int_equal(world_count(client, "\r\n0\r\n\r\n"), 1);
}

/* ---- the end ---- */

#define LAST "GET /n/5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

/* C-9112-9.6-1: the answer and our end first, then we listen on, then all ends without a reset:
 * that would take from a slow client what it has not received yet. */
static void lingering_ends_in_time_and_softly(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, LAST);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_ENDED);
    assert_false(sim_client_released(client));
    assert_int_equal(world_ends_in(world, client, true), 2000);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_ENDED);
    assert_int_equal(world_count(client, "zzzzz"), 1);
}

static void lingering_is_not_stretched_by_what_comes(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, LAST);
    for (int i = 0; i < 15; i++) {
        world_send(world, client, GET("/n/5"));
        world_pass(world, 100 * MS);
    }
    assert_int_equal(world_ends_in(world, client, true), 500);
    assert_int_equal(world->requests, 1);
}

static void lingering_ends_with_the_client(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    world_send(world, client, LAST);
    sim_client_shutdown(client);
    sim_world_run_until_idle(world->sim);
    assert_true(sim_client_released(client));
    assert_int_equal(sim_client_state(client), SIM_CLIENT_ENDED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_silent_client_is_let_go),
        TEST(an_answer_begins_the_idle_time_anew),
        TEST(a_client_that_reads_nothing_is_idle_too),
        TEST(a_drip_does_not_stretch_a_head),
        TEST(heads_cut_by_reads_have_each_its_time),
        TEST(content_that_does_not_come_is_408),
        TEST(content_below_the_floor_is_408),
        TEST(content_at_the_floor_goes_on),
        TEST(a_client_that_takes_nothing_is_reset),
        TEST(a_client_that_takes_too_little_is_reset),
        TEST(a_client_at_the_floor_is_served),
        TEST(a_small_answer_has_its_window),
        TEST(a_service_may_think_for_long),
        TEST(output_has_its_window_while_a_service_thinks),
        TEST(a_body_may_be_long_in_coming),
        TEST(lingering_ends_in_time_and_softly),
        TEST(lingering_is_not_stretched_by_what_comes),
        TEST(lingering_ends_with_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
