/* An answer that begins before the content of its request has ended, and pieces of an answer that
 * come one by one. */
#include "h1_fixture.h"

#define HEAD                                \
    "HTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\n" \
    "Transfer-Encoding: chunked\r\n\r\n"
#define PIECES HEAD "3\r\nabc\r\n4\r\ndefg\r\n"
#define PUT(fields) "PUT /1 HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define LENGTH "Content-Length: 5\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

/* Answers with a stream that does not end yet. */
static void begin(struct fixture *f, const char *request)
{
    f->manner = LATER;
    input_text(f, request);
    f->manner = STREAM;
    f->duplex = f->waits = true;
    test_answer(f);
    flush(f);
}

/* The answer ends. */
static void end(struct fixture *f)
{
    f->body.waits = f->waits = false;
    stream_wake(f->stream);
    flush(f);
}

static void check_heard(struct fixture *f, const char *want)
{
    assert_string_equal(f->heard, want);
}

/* C-9112-9.3-2: both go on; then the next request is answered. */
static void content_goes_on_beside_the_answer(void **state)
{
    struct fixture *f = *state;
    begin(f, PUT(LENGTH) "12");
    assert_string_equal(f->sent, PIECES);
    input_text(f, "3");
    input_text(f, "45");
    check_heard(f, "request+ /1\ncontent 12\ncontent 3\ncontent 45\nend\n");
    assert_int_equal(waits(f), CODEC_ANSWER);
    end(f);
    assert_string_equal(f->sent, PIECES "0\r\n\r\n");
    f->manner = SMALL;
    input_text(f, GET("/2"));
    assert_string_equal(f->sent + strlen(PIECES "0\r\n\r\n"), HELLO);
}

static void chunks_go_on_beside_the_answer(void **state)
{
    struct fixture *f = *state;
    begin(f, PUT(CHUNKED) "2\r\n12\r\n");
    assert_int_equal(waits(f), CODEC_ANSWER); /* no clock runs for the client alone */
    input_text(f, "1\r\n3\r\n0\r\nX: y\r\n\r\n");
    check_heard(f, "request+ /1\ncontent 12\ncontent 3\nend with trailers\n");
    end(f);
    assert_int_equal(waits(f), CODEC_IDLE);
}

/* Back-pressure goes on as well. */
static void content_may_be_paused(void **state)
{
    struct fixture *f = *state;
    begin(f, PUT(LENGTH) "1");
    f->stops = true;
    input_text(f, "2");
    assert_false(f->h1.codec.ops->wants_feed(&f->h1.codec));
    input_text(f, "345");
    check_heard(f, "request+ /1\ncontent 1\ncontent 2\n");
    f->stops = false;
    stream_resume(f->stream);
    assert_true(f->h1.codec.ops->wants_feed(&f->h1.codec));
    input_text(f, "");
    check_heard(f, "request+ /1\ncontent 1\ncontent 2\ncontent 345\nend\n");
}

/* C-9112-9.3-2: paused when the answer ends: the rest is read and dropped. */
static void the_rest_is_dropped_behind_the_answer(void **state)
{
    struct fixture *f = *state;
    begin(f, PUT(LENGTH) "1");
    f->stops = true;
    input_text(f, "2");
    f->stops = false;
    end(f);
    check_heard(f, "request+ /1\ncontent 1\ncontent 2\ndone 200 7 complete\n");
    f->manner = SMALL;
    input_text(f, "345" GET("/2"));
    check_heard(f, "request+ /1\ncontent 1\ncontent 2\ndone 200 7 complete\n"
                   "request /2\ndone 200 5 complete\n");
}

static void too_much_rest_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    f->limits.drain_size = 10;
    begin(f, PUT("Content-Length: 1000\r\n") "1");
    end(f);
    input_text(f, "0123456789ab" GET("/2"));
    assert_null(strstr(f->heard, "/2"));
    assert_int_equal(waits(f), CODEC_OVER);
}

/* C-9112-8-1: what the answer answers never came in full. */
static void content_that_breaks_off_breaks_the_answer(void **state)
{
    struct fixture *f = *state;
    begin(f, PUT(LENGTH) "12");
    f->h1.codec.ops->ended(&f->h1.codec);
    check_heard(f, "request+ /1\ncontent 12\ndone 200 7 cut\n");
    assert_int_equal(waits(f), CODEC_BROKEN);
    assert_true(f->body.freed);
}

static void content_off_the_grammar_breaks_the_answer(void **state)
{
    struct fixture *f = *state;
    begin(f, PUT(CHUNKED) "2\r\n12\r\n");
    input_text(f, "x\r\n");
    check_heard(f, "request+ /1\ncontent 12\nrefused 400\ndone 200 7 cut\n");
    assert_int_equal(waits(f), CODEC_BROKEN);
    assert_string_equal(f->sent, PIECES);
}

/* C-9112-9.6-1: nothing behind it is answered. */
static void a_last_request_is_read_to_its_end(void **state)
{
    struct fixture *f = *state;
    begin(f, PUT("Connection: close\r\n" LENGTH) "12");
    input_text(f, "345" GET("/2"));
    end(f);
    input_text(f, GET("/3"));
    check_heard(f, "request+ /1\ncontent 12\ncontent 345\nend\ndone 200 7 complete\n");
    assert_int_equal(waits(f), CODEC_OVER);
}

/* The same, with an answer that is out first. */
static void a_last_request_ends_with_its_answer(void **state)
{
    struct fixture *f = *state;
    begin(f, PUT("Connection: close\r\n" LENGTH) "12");
    end(f);
    input_text(f, "345" GET("/2"));
    check_heard(f, "request+ /1\ncontent 12\ndone 200 7 complete\n");
    assert_int_equal(waits(f), CODEC_OVER);
}

/* C-9110-10.1.1-1: a client that was not told to go on may not send it. */
static void content_that_was_not_asked_for_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    f->manner = HOLD;
    input_text(f, PUT(LENGTH "Expect: 100-continue\r\n"));
    f->manner = SMALL;
    f->duplex = true;
    test_answer(f);
    flush(f);
    assert_string_equal(f->sent, HELLO_CLOSE);
    check_heard(f, "request+ /1\ndone 200 5 complete\n");
}

/* C-9112-7.1-1: a piece is whole as soon as it was sent, not only when the next one comes. */
static void pieces_are_whole_at_once(void **state)
{
    struct fixture *f = *state;
    f->manner = STREAM;
    f->waits = true;
    input_text(f, GET("/1"));
    assert_string_equal(f->sent, PIECES);
    f->body.pieces[2] = "h";
    stream_wake(f->stream);
    flush(f);
    assert_string_equal(f->sent, PIECES "1\r\nh\r\n");
    stream_wake(f->stream); /* for nothing */
    flush(f);
    assert_string_equal(f->sent, PIECES "1\r\nh\r\n");
    end(f);
    assert_string_equal(f->sent, PIECES "1\r\nh\r\n0\r\n\r\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(content_goes_on_beside_the_answer),
        TEST(chunks_go_on_beside_the_answer),
        TEST(content_may_be_paused),
        TEST(the_rest_is_dropped_behind_the_answer),
        TEST(too_much_rest_ends_the_connection),
        TEST(content_that_breaks_off_breaks_the_answer),
        TEST(content_off_the_grammar_breaks_the_answer),
        TEST(a_last_request_is_read_to_its_end),
        TEST(a_last_request_ends_with_its_answer),
        TEST(content_that_was_not_asked_for_is_not_waited_for),
        TEST(pieces_are_whole_at_once),
    };
    return cmocka_run_group_tests_name("h1_duplex", tests, NULL, NULL);
}
