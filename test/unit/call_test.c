/* Calls in the simulated world: which connections they get, which of them are kept and for how
 * long, and what is told when there is none. */
#include "call_world.h"

#define GET_SENT "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

/* ---- connections ---- */

static void one_connection_serves_again(void **state)
{
    struct world *world = *state;
    struct talk first, second;

    talk_get(world, &first);
    struct sim_client *end = world_next(world);
    assert_true(origin_got(end, GET_SENT));
    assert_int_equal(caller_busy(world->caller), 1);
    origin_say(world, end, HELLO);
    assert_string_equal(first.ear.heard, "200 length [hello] complete");
    assert_int_equal(caller_busy(world->caller), 0);
    assert_int_equal(caller_idle(world->caller), 1);
    assert_false(first.call.reused);

    talk_get(world, &second);
    assert_true(origin_got(end, GET_SENT));
    origin_say(world, end, HELLO);
    assert_string_equal(second.ear.heard, "200 length [hello] complete");
    assert_true(second.call.reused && second.call.sent && second.call.heard);
    assert_int_equal(sim_origin_count(world->origin), 1);
    assert_int_equal(caller_idle(world->caller), 1);
}

static void calls_at_once_have_connections_of_their_own(void **state)
{
    struct world *world = *state;
    struct talk talks[3];
    struct sim_client *ends[3];

    for (size_t i = 0; i < 3; i++)
        talk_get(world, &talks[i]);
    assert_int_equal(sim_origin_count(world->origin), 3);
    for (size_t i = 0; i < 3; i++)
        ends[i] = world_next(world);
    for (size_t i = 3; i-- > 0;)
        origin_say(world, ends[i], HELLO);
    assert_int_equal(caller_idle(world->caller), 3);
    /* The one that rested last serves next. */
    talk_get(world, &talks[0]);
    assert_int_equal(sim_client_len(ends[0]), 2 * strlen(GET_SENT));
    origin_say(world, ends[0], HELLO);
}

static void places_do_not_share(void **state)
{
    static const struct call_place other_port = {.host = PLACE, .port = 81};
    static const struct call_place other_kind = {.host = PLACE, .port = 80, .unix_socket = true};
    const struct call_place *places[] = {&world_place, &other_port, &other_kind};
    struct world *world = *state;
    struct sim_origin *origins[] = {world->origin, sim_origin_open(world->sim, PLACE ":81"),
                                    sim_origin_open(world->sim, "unix:" PLACE)};
    struct sim_client *ends[3];

    for (size_t i = 0; i < 6; i++) {
        struct talk talk = talk_of("GET");
        talk_begin_at(world, &talk, places[i % 3], false);
        world_run(world);
        if (i < 3)
            ends[i] = sim_origin_next(origins[i]);
        origin_say(world, ends[i % 3], HELLO);
        assert_string_equal(talk.ear.heard, "200 length [hello] complete");
        assert_int_equal(talk.call.reused, i >= 3);
        assert_int_equal(caller_idle(world->caller), i < 3 ? i + 1 : 3);
    }
}

static void a_place_is_its_text(void **state)
{
    struct world *world = *state;
    char host[] = PLACE;
    struct call_place place = {.host = host, .port = 80};
    struct talk talk = talk_of("GET");

    talk_begin_at(world, &talk, &place, false);
    world_run(world);
    struct sim_client *end = world_next(world);
    origin_say(world, end, HELLO);
    memset(host, '#', sizeof host - 1); /* its owner is gone */
    talk_get(world, &talk);
    assert_true(talk.call.reused);
    origin_say(world, end, HELLO);
    assert_string_equal(talk.ear.heard, "200 length [hello] complete");
}

static void a_fresh_one_is_fresh(void **state)
{
    struct world *world = *state;
    struct talk talk;

    talk_get(world, &talk);
    origin_say(world, world_next(world), HELLO);
    talk = talk_of("GET");
    talk_begin(world, &talk, true);
    world_run(world);
    assert_false(talk.call.reused);
    assert_int_equal(sim_origin_count(world->origin), 2);
    origin_say(world, world_next(world), HELLO);
    assert_int_equal(caller_idle(world->caller), 2);
}

/* ---- connections that rest ---- */

static void a_closed_one_goes_at_once(void **state)
{
    struct world *world = *state;
    struct sim_client *end = rested(world, HELLO);
    sim_client_shutdown(end);
    world_run(world);
    assert_int_equal(caller_idle(world->caller), 0);
    assert_true(sim_client_released(end));
}

static void one_that_speaks_goes_at_once(void **state)
{
    struct world *world = *state;
    struct sim_client *end = rested(world, HELLO);
    origin_say(world, end, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(caller_idle(world->caller), 0);
    assert_true(sim_client_released(end));
}

static void one_that_breaks_goes_at_once(void **state)
{
    struct world *world = *state;
    struct sim_client *end = rested(world, HELLO);
    sim_client_close(end, true);
    world_run(world);
    assert_int_equal(caller_idle(world->caller), 0);
}

struct rest_row {
    const char *id;
    const char *name;
    const char *fields;
    int64_t ms; /* that it rests; 0: it is not kept */
};

static const struct rest_row rest_rows[] = {
    {"C-9112-9.3-1", "as long as we like", "", 4000},
    {"C-9112-9.3-1", "as the server says, a second less", "Keep-Alive: timeout=3, max=100\r\n",
     2000},
    {"C-9112-9.3-1", "in the other order", "Keep-Alive: max=100, TIMEOUT=2\r\n", 1000},
    {"C-9112-9.3-1", "not longer than we like", "Keep-Alive: timeout=60\r\n", 4000},
    {"C-9112-9.3-1", "too short for us", "Keep-Alive: timeout=1\r\n", 0},
    {"C-9112-9.3-1", "not at all", "Keep-Alive: timeout=0\r\n", 0},
    {"C-9112-9.3-1", "off the grammar", "Keep-Alive: timeout=x, timeout, 5\r\n", 4000},
    {"C-9112-9.3-1", "close", "Connection: close\r\n", 0},
};

static void test_rests(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < COUNT(rest_rows); i++) {
        const struct rest_row *row = &rest_rows[i];
        char answer[200];
        snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\n%sContent-Length: 0\r\n\r\n",
                 row->fields);
        struct sim_client *end = rested(world, answer);
        check_row(row, caller_idle(world->caller) == (row->ms > 0));
        if (row->ms > 0) {
            world_pass(world, row->ms * MS - 1);
            check_row(row, caller_idle(world->caller) == 1 && !sim_client_released(end));
            world_pass(world, 1);
        }
        check_row(row, caller_idle(world->caller) == 0 && sim_client_released(end));
        check_row(row, sim_client_state(end) == SIM_CLIENT_ENDED);
    }
}

static void the_time_begins_anew(void **state)
{
    struct world *world = *state;
    struct talk talk;
    struct sim_client *end = rested(world, HELLO);

    for (size_t i = 0; i < 5; i++) {
        world_pass(world, 3 * SECOND);
        talk_get(world, &talk);
        assert_true(talk.call.reused);
        origin_say(world, end, HELLO);
    }
    world_pass(world, 4 * SECOND - 1);
    assert_int_equal(caller_idle(world->caller), 1);
    world_pass(world, 1);
    assert_int_equal(caller_idle(world->caller), 0);
}

static void only_so_many_rest(void **state)
{
    struct world *world = *state;
    struct talk talks[4];

    world->limits.upstream_idle_connections = 2;
    world_open(world);
    for (size_t i = 0; i < 4; i++)
        talk_get(world, &talks[i]);
    for (size_t i = 0; i < 4; i++)
        origin_say(world, world_next(world), HELLO);
    assert_int_equal(caller_idle(world->caller), 2);
}

static void none_rests(void **state)
{
    struct world *world = *state;
    world->limits.upstream_idle_timeout = 0;
    world_open(world);
    struct sim_client *end = rested(world, HELLO);
    assert_int_equal(caller_idle(world->caller), 0);
    assert_true(sim_client_released(end));
}

static void only_so_many_connections(void **state)
{
    struct world *world = *state;
    struct talk talks[3];

    world->limits.upstream_connections = 2;
    world_open(world);
    for (size_t i = 0; i < 3; i++)
        talk_get(world, &talks[i]);
    assert_string_equal(talks[2].ear.heard, "truncated");
    assert_int_equal(talks[2].call.error, STET_PROXY_ERROR_CONNECTION_LIMIT_REACHED);
    assert_false(talks[2].call.sent);
    origin_say(world, world_next(world), HELLO);
    /* One that rests makes way for one that is to be fresh. */
    talks[2] = talk_of("GET");
    talk_begin(world, &talks[2], true);
    world_run(world);
    origin_say(world, world_next(world), HELLO);
    assert_string_equal(talks[1].ear.heard, "200 length [hello] complete");
    origin_say(world, world_next(world), HELLO);
    assert_string_equal(talks[2].ear.heard, "200 length [hello] complete");
}

static void the_only_one_makes_way(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("GET");

    world->limits.upstream_connections = 1;
    world_open(world);
    rested(world, HELLO);
    talk_begin(world, &talk, true);
    world_run(world);
    origin_say(world, world_next(world), HELLO);
    assert_string_equal(talk.ear.heard, "200 length [hello] complete");
}

/* ---- connections that died while they rested ---- */

/* Its end and the call cross: nothing was sent yet when the end is seen, so another connection is
 * as good, whatever the method. */
static void a_dead_one_is_replaced_unseen(void **state)
{
    static const char *const last_words[] = {
        "", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"};
    struct world *world = *state;
    for (size_t i = 0; i < 4; i++) {
        struct talk talk = talk_of("POST");
        struct sim_client *end = rested(world, HELLO);
        sim_client_say(end, last_words[i / 2]);
        sim_client_close(end, i % 2);
        talk.request.has_content = true;
        talk_begin(world, &talk, false);
        assert_true(talk.call.reused);
        call_send(&talk.call, STET_SPAN("abc"));
        call_finish(&talk.call);
        world_run(world);
        assert_int_equal(sim_client_len(end), 0);
        end = world_next(world);
        assert_true(origin_got(end, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                    "\r\n3\r\nabc\r\n0\r\n\r\n"));
        origin_say(world, end, HELLO);
        assert_string_equal(talk.ear.heard, "200 length [hello] complete");
        assert_false(talk.call.reused);
        world_pass(world, 10 * SECOND);
        while (sim_origin_next(world->origin))
            fail();
    }
}

/* It died when the request was under way: that may be told from nothing but silence. */
static void a_dead_one_is_told(void **state)
{
    struct world *world = *state;
    struct talk talk;
    struct sim_client *end = rested(world, HELLO);

    talk_get(world, &talk);
    sim_client_shutdown(end);
    world_run(world);
    assert_string_equal(talk.ear.heard, "truncated");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_CONNECTION_TERMINATED);
    assert_true(call_may_repeat(&talk.call));
    assert_int_equal(caller_idle(world->caller), 0);

    /* The same on a new one is the server's fault. */
    talk_get(world, &talk);
    sim_client_shutdown(world_next(world));
    world_run(world);
    assert_string_equal(talk.ear.heard, "truncated");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_CONNECTION_TERMINATED);
    assert_false(call_may_repeat(&talk.call));
}

static void one_octet_forbids_to_repeat(void **state)
{
    struct world *world = *state;
    struct talk talk;
    struct sim_client *end = rested(world, HELLO);

    talk_get(world, &talk);
    sim_client_say(end, "H");
    sim_client_shutdown(end);
    world_run(world);
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_HTTP_RESPONSE_INCOMPLETE);
    assert_false(call_may_repeat(&talk.call));
}

/* ---- connecting ---- */

struct connect_row {
    const char *id;
    const char *name;
    enum sim_origin_answer answer;
    enum stet_proxy_error want;
};

static const struct connect_row connect_rows[] = {
    {"C-9209-2.1.1-1", "refused", SIM_ORIGIN_REFUSES, STET_PROXY_ERROR_CONNECTION_REFUSED},
    {"C-9209-2.1.1-1", "no way", SIM_ORIGIN_UNREACHABLE,
     STET_PROXY_ERROR_DESTINATION_IP_UNROUTABLE},
    {"C-9209-2.1.1-1", "no answer", SIM_ORIGIN_HANGS, STET_PROXY_ERROR_CONNECTION_TIMEOUT},
    {"C-9209-2.1.1-1", "no descriptor", SIM_ORIGIN_EXHAUSTED,
     STET_PROXY_ERROR_CONNECTION_LIMIT_REACHED},
};

static void test_connects(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < COUNT(connect_rows); i++) {
        const struct connect_row *row = &connect_rows[i];
        struct talk talk;
        sim_origin_answers(world->origin, row->answer, 0);
        talk_get(world, &talk);
        world_pass(world, 200 * SECOND);
        check_row(row, strcmp(talk.ear.heard, "truncated") == 0);
        check_row(row, talk.call.error == row->want);
        check_row(row, !talk.call.sent && !talk.call.heard && !talk.call.reused);
        check_row(row, caller_busy(world->caller) == 0);
    }
}

static void a_name_that_nobody_has(void **state)
{
    static const struct call_place nowhere = {.host = "nowhere.example", .port = 80};
    struct world *world = *state;
    struct talk talk = talk_of("GET");

    talk_begin_at(world, &talk, &nowhere, false);
    world_pass(world, 200 * SECOND);
    assert_string_equal(talk.ear.heard, "truncated");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_DNS_ERROR);
}

static void a_name_that_is_too_long(void **state)
{
    struct world *world = *state;
    char host[CALL_HOST_MAX + 2];
    struct call_place place = {.host = host, .port = 80};
    struct talk talk = talk_of("GET");

    memset(host, 'a', sizeof host);
    host[CALL_HOST_MAX + 1] = '\0';
    talk_begin_at(world, &talk, &place, false);
    assert_int_equal(talk.ear.calls, 0);
    world_run(world);
    assert_string_equal(talk.ear.heard, "truncated");
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_DNS_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(one_connection_serves_again),
        WORLD_TEST(calls_at_once_have_connections_of_their_own),
        WORLD_TEST(places_do_not_share),
        WORLD_TEST(a_place_is_its_text),
        WORLD_TEST(a_fresh_one_is_fresh),
        WORLD_TEST(a_closed_one_goes_at_once),
        WORLD_TEST(one_that_speaks_goes_at_once),
        WORLD_TEST(one_that_breaks_goes_at_once),
        WORLD_TEST(test_rests),
        WORLD_TEST(the_time_begins_anew),
        WORLD_TEST_CLOSED(only_so_many_rest),
        WORLD_TEST_CLOSED(none_rests),
        WORLD_TEST_CLOSED(only_so_many_connections),
        WORLD_TEST_CLOSED(the_only_one_makes_way),
        WORLD_TEST(a_dead_one_is_replaced_unseen),
        WORLD_TEST(a_dead_one_is_told),
        WORLD_TEST(one_octet_forbids_to_repeat),
        WORLD_TEST(test_connects),
        WORLD_TEST(a_name_that_nobody_has),
        WORLD_TEST(a_name_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
