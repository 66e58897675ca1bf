/* Calls in the simulated world: content both ways, and answers before the request is whole. */
#include "call_world.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(content_with_a_length),
        WORLD_TEST(content_with_trailers),
        WORLD_TEST(content_in_chunks),
        WORLD_TEST(head_and_content_leave_together),
        WORLD_TEST(a_server_that_takes_nothing),
        WORLD_TEST(content_waits_for_the_connection),
        WORLD_TEST(an_expectation_is_answered),
        WORLD_TEST(test_early),
        WORLD_TEST(an_answer_to_what_was_not_sent),
        WORLD_TEST(a_refusal_makes_room),
        WORLD_TEST(a_large_response_in_many_reads),
        WORLD_TEST(one_that_is_not_taken),
        WORLD_TEST(chunks_and_trailers_that_are_not_taken),
        WORLD_TEST(a_head_in_many_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
