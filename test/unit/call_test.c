/* Calls in the simulated world: what the server gets, what the caller hears, which connections are
 * kept and for how long. */
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

static struct sim_client *rested(struct world *world, const char *answer)
{
    struct talk talk;
    talk_get(world, &talk);
    struct sim_client *end = world_next(world);
    sim_client_take(end, sim_client_len(end));
    origin_say(world, end, answer);
    assert_int_equal(talk.ear.end, CLIENT_COMPLETE);
    return end;
}

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

/* ---- requests with content ---- */

static void content_with_a_length(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("POST");

    talk.request.has_content = talk.request.length_known = true;
    talk.request.length = 6;
    talk_begin(world, &talk, false);
    assert_true(call_send(&talk.call, STET_SPAN("abc")));
    world_run(world);
    struct sim_client *end = world_next(world);
    assert_true(origin_got(end, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc"));
    assert_true(call_send(&talk.call, STET_SPAN("def")));
    call_finish(&talk.call);
    world_run(world);
    assert_true(origin_got(end, "def"));
    origin_say(world, end, HELLO);
    assert_string_equal(talk.ear.heard, "200 length [hello] complete");
    assert_int_equal(caller_idle(world->caller), 1);
}

/* C-9112-7.1.2-1: behind the last chunk; where there are none, nowhere. */
static void content_with_trailers(void **state)
{
    struct world *world = *state;
    for (unsigned known = 0; known < 2; known++) {
        struct talk talk = talk_of("POST");
        talk.request.has_content = true;
        talk.request.length_known = known;
        talk.request.length = 3;
        talk_begin(world, &talk, true);
        assert_true(call_send(&talk.call, STET_SPAN("abc")));
        talk.call.trailers = STET_SPAN("X-Sum: 1\r\n");
        call_finish(&talk.call);
        world_run(world);
        struct sim_client *end = world_next(world);
        assert_true(origin_got(end, known
                                        ? "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
                                          "abc"
                                        : "POST / HTTP/1.1\r\nHost: a\r\n"
                                          "Transfer-Encoding: chunked\r\n\r\n"
                                          "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"));
        origin_say(world, end, HELLO);
        assert_string_equal(talk.ear.heard, "200 length [hello] complete");
    }
}

static void content_in_chunks(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("PUT");

    talk.request.has_content = true;
    talk_begin(world, &talk, false);
    world_run(world);
    struct sim_client *end = world_next(world);
    assert_true(origin_got(end, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    assert_true(call_send(&talk.call, STET_SPAN("0123456789abcdef")));
    assert_true(call_send(&talk.call, STET_SPAN("")));
    assert_true(call_send(&talk.call, STET_SPAN("x")));
    call_finish(&talk.call);
    world_run(world);
    assert_true(origin_got(end, "10\r\n0123456789abcdef\r\n1\r\nx\r\n0\r\n\r\n"));
    origin_say(world, end, HELLO);
    assert_int_equal(caller_idle(world->caller), 1);
}

/* All that is there when the socket is told to write goes in one call: a second one would be held
 * back by a socket that takes only one. */
static void head_and_content_leave_together(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("POST");
    struct sim_client *end = rested(world, HELLO);

    talk.request.has_content = true;
    talk_begin(world, &talk, false);
    sim_client_window(end, 1000);
    assert_int_equal(sim_client_len(end), 0);
    assert_true(call_send(&talk.call, STET_SPAN("abc")));
    world_run(world);
    assert_true(origin_got(end, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "3\r\nabc\r\n"));
    call_send(&talk.call, STET_SPAN("d"));
    assert_true(origin_got(end, "1\r\nd\r\n")); /* without waiting for a turn */
    call_finish(&talk.call);
    assert_true(origin_got(end, "0\r\n\r\n"));
    origin_say(world, end, HELLO);
    assert_string_equal(talk.ear.heard, "200 length [hello] complete");
}

static uint32_t sum_of(uint32_t sum, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + (unsigned char)bytes[i];
    return sum;
}

static void a_server_that_takes_nothing(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("POST");
    char piece[8192];
    size_t given = 0;
    uint32_t sum = 0;

    talk.request.has_content = talk.request.length_known = true;
    talk.request.length = 100 * sizeof piece;
    talk_begin(world, &talk, false);
    world_run(world);
    struct sim_client *end = world_next(world);
    sim_client_take(end, sim_client_len(end));
    sim_client_window(end, 10000);
    for (size_t n = 0; n < 100; n++) {
        for (size_t i = 0; i < sizeof piece; i++)
            piece[i] = (char)(n * 7 + i * i);
        given += sizeof piece;
        if (!call_send(&talk.call, stet_span(piece, sizeof piece))) {
            /* What it does not take is not held without bound. */
            assert_in_range(given - sim_client_total(end), 1, 65536);
            assert_int_equal(talk.ear.rooms, 0);
            sum = sum_of(sum, sim_client_bytes(end), sim_client_len(end));
            sim_client_take(end, sim_client_len(end));
            world_run(world);
            assert_int_equal(talk.ear.rooms, 0);
            sim_client_window(end, SIM_UNLIMITED);
            world_run(world);
            assert_int_equal(talk.ear.rooms, 1);
            talk.ear.rooms = 0;
            sum = sum_of(sum, sim_client_bytes(end), sim_client_len(end));
            sim_client_take(end, sim_client_len(end));
            sim_client_window(end, 10000);
        }
    }
    call_finish(&talk.call);
    sim_client_window(end, SIM_UNLIMITED);
    world_run(world);
    sum = sum_of(sum, sim_client_bytes(end), sim_client_len(end));
    assert_int_equal(sim_client_total(end),
                     100 * sizeof piece + strlen("POST / HTTP/1.1\r\nHost: a\r\n"
                                                 "Content-Length: 819200\r\n\r\n"));
    uint32_t want = 0;
    for (size_t n = 0; n < 100; n++) {
        for (size_t i = 0; i < sizeof piece; i++)
            piece[i] = (char)(n * 7 + i * i);
        want = sum_of(want, piece, sizeof piece);
    }
    assert_int_equal(sum, want);
    origin_say(world, end, HELLO);
    assert_int_equal(caller_idle(world->caller), 1);
}

static void content_waits_for_the_connection(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("POST");
    char piece[8192];
    size_t pieces = 1;

    memset(piece, 'z', sizeof piece);
    sim_origin_answers(world->origin, SIM_ORIGIN_ACCEPTS, SECOND);
    talk.request.has_content = true;
    talk_begin(world, &talk, false);
    while (call_send(&talk.call, stet_span(piece, sizeof piece)))
        pieces++;
    assert_in_range(pieces, 2, 8);
    world_pass(world, SECOND / 2);
    assert_int_equal(talk.ear.calls, 0);
    world_pass(world, SECOND);
    assert_string_equal(talk.ear.heard, "room ");
    struct sim_client *end = world_next(world);
    assert_in_range(sim_client_len(end), pieces * sizeof piece, pieces * sizeof piece + 200);
    call_finish(&talk.call);
    origin_say(world, end, HELLO);
    assert_string_equal(talk.ear.heard, "room 200 length [hello] complete");
}

static void an_expectation_is_answered(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("PUT");

    talk.request.has_content = talk.request.length_known = true;
    talk.request.length = 3;
    talk.request.block = STET_SPAN("Expect: 100-continue\r\n");
    talk_begin(world, &talk, false);
    world_run(world);
    struct sim_client *end = world_next(world);
    origin_say(world, end, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_string_equal(talk.ear.heard, "(100) ");
    call_send(&talk.call, STET_SPAN("abc"));
    call_finish(&talk.call);
    origin_say(world, end, HELLO);
    assert_string_equal(talk.ear.heard, "(100) 200 length [hello] complete");
    assert_int_equal(caller_idle(world->caller), 1);
}

/* ---- answers before the request is whole ---- */

struct early_row {
    const char *id;
    const char *name;
    const char *answer;
    bool goes_on; /* content is still sent after the head */
};

static const struct early_row early_rows[] = {
    {"C-9112-9.3-2", "a refusal", "HTTP/1.1 413 x\r\nContent-Length: 5\r\n\r\n", false},
    {"C-9112-9.3-2", "one that closes", "HTTP/1.1 200 x\r\nConnection: close\r\n\r\n", true},
    {"C-9112-9.3-2", "one that goes on", "HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n", true},
};

static void test_early(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < COUNT(early_rows); i++) {
        const struct early_row *row = &early_rows[i];
        struct talk talk = talk_of("POST");
        talk.request.has_content = true;
        talk_begin(world, &talk, false);
        call_send(&talk.call, STET_SPAN("abc"));
        world_run(world);
        struct sim_client *end = world_next(world);
        origin_say(world, end, row->answer);
        sim_client_take(end, sim_client_len(end));
        check_row(row, call_send(&talk.call, STET_SPAN("def")));
        check_row(row, (sim_client_len(end) > 0) == row->goes_on);
        origin_say(world, end, "hel");
        sim_client_say(end, "lo");
        sim_client_shutdown(end);
        world_run(world);
        check_row(row, strstr(talk.ear.heard, "[hello] complete"));
        check_row(row, caller_idle(world->caller) == 0 && caller_busy(world->caller) == 0);
        check_row(row, sim_client_released(end));
        check_row(row, call_send(&talk.call, STET_SPAN("ghi"))); /* goes nowhere */
        call_finish(&talk.call);
        call_resume(&talk.call);
        call_cancel(&talk.call);
    }
}

/* The whole request was given, but has not left: what is not sent now would be sent as the
 * beginning of the next. */
static void an_answer_to_what_was_not_sent(void **state)
{
    static const char *const answers[] = {HELLO, "HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n"};
    struct world *world = *state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct talk talk = talk_of("POST");
        talk.request.has_content = true;
        talk_begin(world, &talk, false);
        world_run(world);
        struct sim_client *end = world_next(world);
        sim_client_window(end, 0);
        call_send(&talk.call, STET_SPAN("abc"));
        call_finish(&talk.call);
        origin_say(world, end, answers[i]);
        assert_int_equal(talk.ear.end, CLIENT_COMPLETE);
        assert_int_equal(caller_idle(world->caller), 0);
        assert_true(sim_client_released(end));
    }
}

/* A server that refuses, and whose socket is full, does not keep the call from going on. */
static void a_refusal_makes_room(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("POST");
    char piece[8192] = {0};

    talk.request.has_content = true;
    talk_begin(world, &talk, false);
    world_run(world);
    struct sim_client *end = world_next(world);
    sim_client_window(end, 0);
    while (call_send(&talk.call, stet_span(piece, sizeof piece)))
        ;
    origin_say(world, end, "HTTP/1.1 413 x\r\nContent-Length: 5\r\n\r\nhel");
    assert_string_equal(talk.ear.heard, "413 length [hel] room ");
    assert_true(call_send(&talk.call, stet_span(piece, sizeof piece)));
    origin_say(world, end, "lo");
    assert_string_equal(talk.ear.heard, "413 length [hel] room [lo] complete");
    assert_true(sim_client_released(end));
}

/* ---- responses ---- */

static void a_large_response_in_many_reads(void **state)
{
    struct world *world = *state;
    struct talk talk;
    size_t size = 3 * 1000 * 1000;
    char *content = malloc(size);
    char head[100];

    assert_non_null(content);
    for (size_t i = 0; i < size; i++)
        content[i] = (char)(i * i >> 3);
    talk_get(world, &talk);
    struct sim_client *end = world_next(world);
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    sim_client_say(end, head);
    sim_client_send(end, content, size);
    world_run(world);
    assert_int_equal(talk.ear.content, size);
    assert_int_equal(talk.ear.sum, sum_of(0, content, size));
    assert_int_equal(talk.ear.end, CLIENT_COMPLETE);
    assert_int_equal(caller_idle(world->caller), 1);
    free(content);
}

static void one_that_is_not_taken(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("GET");
    size_t size = 1000 * 1000;
    char *content = calloc(1, size);

    assert_non_null(content);
    talk.ear.pauses = true;
    talk_begin(world, &talk, false);
    world_run(world);
    struct sim_client *end = world_next(world);
    sim_client_say(end, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    sim_client_send(end, content, size);
    world_run(world);
    assert_true(talk.ear.content > 0);
    for (size_t before = 0; talk.ear.ends == 0;) {
        assert_true(talk.ear.content > before);
        before = talk.ear.content;
        assert_true(talk.ear.content + sim_client_unread(end) + 131072 > size);
        world_pass(world, 100 * SECOND); /* nobody hurries the one who waits */
        size_t seen = talk.ear.content;
        assert_int_equal(talk.ear.ends, 0);
        call_resume(&talk.call);
        assert_int_equal(talk.ear.content, seen); /* not from within */
        world_run(world);
    }
    assert_int_equal(talk.ear.content, size);
    assert_int_equal(talk.ear.end, CLIENT_COMPLETE);
    assert_int_equal(caller_idle(world->caller), 1);
    free(content);
}

static void chunks_and_trailers_that_are_not_taken(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("GET");

    talk.ear.pauses = true;
    talk_begin(world, &talk, false);
    world_run(world);
    struct sim_client *end = world_next(world);
    origin_say(world, end,
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n"
               "0\r\nX: y\r\n\r\n");
    assert_string_equal(talk.ear.heard, "200 chunked [a");
    call_resume(&talk.call);
    call_resume(&talk.call); /* once more does no harm */
    world_run(world);
    assert_string_equal(talk.ear.heard, "200 chunked [abc");
    call_resume(&talk.call);
    world_run(world);
    assert_string_equal(talk.ear.heard, "200 chunked [abc] X=y complete");
    assert_int_equal(caller_idle(world->caller), 1);
}

static void a_head_in_many_pieces(void **state)
{
    struct world *world = *state;
    struct talk talk;
    char head[40000];

    talk_get(world, &talk);
    struct sim_client *end = world_next(world);
    memset(head, 'x', sizeof head);
    memcpy(head, "HTTP/1.1 200 OK\r\nX: ", 20);
    for (size_t at = 0; at < sizeof head; at += 500) {
        sim_client_send(end, head + at, 500);
        world_run(world);
        assert_int_equal(talk.ear.calls, 0);
    }
    origin_say(world, end, "\r\nContent-Length: 5\r\n\r\nhello");
    assert_string_equal(talk.ear.heard, "200 length [hello] complete");
    assert_int_equal(caller_idle(world->caller), 1);
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup_open, world_teardown)
#define TEST_CLOSED(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_connection_serves_again),
        TEST(calls_at_once_have_connections_of_their_own),
        TEST(places_do_not_share),
        TEST(a_place_is_its_text),
        TEST(a_fresh_one_is_fresh),
        TEST(a_closed_one_goes_at_once),
        TEST(one_that_speaks_goes_at_once),
        TEST(one_that_breaks_goes_at_once),
        TEST(test_rests),
        TEST(the_time_begins_anew),
        TEST_CLOSED(only_so_many_rest),
        TEST_CLOSED(none_rests),
        TEST_CLOSED(only_so_many_connections),
        TEST_CLOSED(the_only_one_makes_way),
        TEST(a_dead_one_is_replaced_unseen),
        TEST(a_dead_one_is_told),
        TEST(one_octet_forbids_to_repeat),
        TEST(test_connects),
        TEST(a_name_that_nobody_has),
        TEST(a_name_that_is_too_long),
        TEST(content_with_a_length),
        TEST(content_with_trailers),
        TEST(content_in_chunks),
        TEST(head_and_content_leave_together),
        TEST(a_server_that_takes_nothing),
        TEST(content_waits_for_the_connection),
        TEST(an_expectation_is_answered),
        TEST(test_early),
        TEST(an_answer_to_what_was_not_sent),
        TEST(a_refusal_makes_room),
        TEST(a_large_response_in_many_reads),
        TEST(one_that_is_not_taken),
        TEST(chunks_and_trailers_that_are_not_taken),
        TEST(a_head_in_many_pieces),
        TEST(a_head_that_does_not_come),
        TEST(an_interim_response_is_a_sign_of_life),
        TEST(content_that_stalls),
        TEST(a_request_that_stalls),
        TEST(a_request_that_is_not_taken_at_all),
        TEST(the_answers_time_begins_with_the_end_of_the_request),
        TEST(a_tunnel_both_ways),
        TEST(a_tunnel_where_nothing_moves),
        TEST(a_tunnel_with_pressure),
        TEST(a_tunnel_by_connect),
        TEST(an_upgrade_that_is_declined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
