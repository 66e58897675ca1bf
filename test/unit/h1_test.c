/* The HTTP/1 codec as a whole, driven without a socket: what goes in, what the service hears, what
 * comes out. */
#include "h1_fixture.h"

/* C-9112-9.3.2-1 */
static void pipelined_requests_are_answered_in_order(void **state)
{
    struct fixture *f = *state;
    input_text(f, GET("/1") GET("/2") "HEAD /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(f->sent, HELLO HELLO "HTTP/1.1 200 OK\r\n" DATE
                                             "X-A: 1\r\nContent-Length: 5\r\n\r\n");
    assert_string_equal(f->heard, "request /1\ndone 200 5 complete\n"
                                  "request /2\ndone 200 5 complete\n"
                                  "request /3\ndone 200 0 complete\n");
    assert_int_equal(waits(f), CODEC_IDLE);
}

static void octet_by_octet_is_the_same(void **state)
{
    struct fixture *f = *state;
    input_slowly(f, GET("/1") "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3\r\nabc\r\n0\r\n\r\n" GET("/3"));
    assert_string_equal(f->sent, HELLO HELLO HELLO);
}

/* C-9110-15.4.5-4, C-9110-8.6-1 */
static void not_modified_ends_with_its_head(void **state)
{
    struct fixture *f = *state;
    f->manner = EMPTY304;
    input_text(f, GET("/1") GET("/2"));
    assert_string_equal(f->sent, "HTTP/1.1 304 Not Modified\r\n" DATE "X-A: 1\r\n\r\n"
                                 "HTTP/1.1 304 Not Modified\r\n" DATE "X-A: 1\r\n\r\n");
}

static void large_content_is_lent_piece_by_piece(void **state)
{
    struct fixture *f = *state;
    f->manner = LARGE;
    f->tail_max = 7;
    input_text(f, GET("/1") GET("/2"));
    assert_int_equal(f->sent_size, 2 * (sizeof "HTTP/1.1 200 OK\r\n" DATE
                                               "X-A: 1\r\nContent-Length: 20000\r\n\r\n" -
                                        1 + 20000));
    assert_non_null(strstr(f->heard, "done 200 20000 complete\nrequest /2\n"));
}

static void unknown_length_is_chunked(void **state)
{
    struct fixture *f = *state;
    f->manner = STREAM;
    f->tail_max = 2; /* a chunk that the socket takes in pieces stays one chunk */
    input_text(f, GET("/1"));
    assert_string_equal(f->sent, "HTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n"
                                 "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
    assert_true(f->body.freed);
    assert_int_equal(waits(f), CODEC_IDLE);
}

/* In one piece with it, and so not lent. */
static void small_body_goes_with_its_head(void **state)
{
    struct fixture *f = *state;
    f->manner = WHOLE;
    f->steady = true;
    input_text(f, GET("/1") GET("/2"));
    assert_string_equal(f->sent, HELLO HELLO);
    assert_true(f->body.freed);
    f->manner = LATER;
    input_text(f, GET("/3") GET("/4"));
    f->manner = WHOLE;
    test_answer(f);
    flush(f);
    input_text(f, "");
    assert_string_equal(f->sent, HELLO HELLO HELLO HELLO);
    assert_true(f->body.freed);
    assert_int_equal(f->steadily, 0);
    assert_non_null(strstr(f->heard, "request /3\ndone 200 5 complete\nrequest /4\n"));
}

/* The socket may lend what never changes to the kernel, and nothing else. */
static void what_never_changes_is_said_to(void **state)
{
    struct fixture *f = *state;
    f->manner = STREAM;
    input_text(f, GET("/1"));
    assert_int_equal(f->steadily, 0);
    f->steady = true;
    input_text(f, GET("/2"));
    assert_int_equal(f->steadily, sizeof "abcdefg" - 1);
    f->steady = false;
    input_text(f, GET("/3"));
    assert_int_equal(f->steadily, sizeof "abcdefg" - 1);
}

/* C-9112-6.1-2 */
static void unknown_length_to_1_0_ends_with_the_connection(void **state)
{
    struct fixture *f = *state;
    f->manner = STREAM;
    input_text(f, "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_string_equal(f->sent, "HTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\n"
                                 "Connection: close\r\n\r\nabcdefg");
    assert_int_equal(waits(f), CODEC_OVER);
}

/* C-9112-8-1: what breaks off must not look complete */
static void broken_content_breaks_the_connection(void **state)
{
    struct fixture *f = *state;
    f->manner = SHORT;
    input_text(f, GET("/1") GET("/2"));
    assert_int_equal(waits(f), CODEC_BROKEN);
    assert_string_equal(f->heard, "request /1\ndone 200 3 cut\n");
    assert_true(f->body.freed);
}

static void an_answer_may_come_later(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, GET("/1") GET("/2"));
    assert_string_equal(f->heard, "request /1\n");
    assert_int_equal(waits(f), CODEC_ANSWER);
    f->manner = SMALL;
    test_answer(f);
    assert_int_equal(f->wakes, 1);
    flush(f);
    input_text(f, "");
    assert_string_equal(f->sent, HELLO HELLO);
}

/* C-9112-9.3-2 */
static void content_nobody_wants_is_read_and_dropped(void **state)
{
    struct fixture *f = *state;
    input_text(f,
               "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nGET /evil \r\n" GET("/2"));
    assert_string_equal(f->sent, HELLO HELLO);
    assert_null(strstr(f->heard, "evil"));
}

static void content_past_the_limit_closes(void **state)
{
    struct fixture *f = *state;
    f->limits.drain_size = 8;
    input_text(f,
               "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nGET /evil \r\n" GET("/2"));
    assert_string_equal(f->sent, HELLO_CLOSE);
    assert_int_equal(waits(f), CODEC_OVER);
}

static void chunked_content_past_the_limit_ends_reading(void **state)
{
    struct fixture *f = *state;
    f->limits.drain_size = 8;
    input_text(f, "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "9\r\n123456789\r\n0\r\n\r\n" GET("/2"));
    assert_string_equal(f->sent, HELLO);
    assert_int_equal(waits(f), CODEC_OVER);
}

/* C-9110-10.1.1-1 */
static void a_final_answer_instead_of_100_closes(void **state)
{
    struct fixture *f = *state;
    input_text(f,
               "PUT /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_string_equal(f->sent, HELLO_CLOSE);
    assert_int_equal(waits(f), CODEC_OVER);
}

static void a_service_that_waits_gets_its_content(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, "PUT /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n");
    assert_string_equal(f->sent, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(waits(f), CODEC_CONTENT);
    input_text(f, "5;x=y\r\n12345\r\n0\r\nX-T: 1\r\n\r\n");
    assert_string_equal(f->heard, "request+ /1\ncontent 12345\nend with trailers\n");
    f->manner = SMALL;
    test_answer(f);
    flush(f);
    assert_string_equal(f->sent, "HTTP/1.1 100 Continue\r\n\r\n" HELLO);
    assert_int_equal(waits(f), CODEC_IDLE);
}

/* C-9112-6.3-6 */
static void content_cut_short_is_no_request(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n123");
    f->h1.codec.ops->ended(&f->h1.codec);
    assert_string_equal(f->heard, "request+ /1\ncontent 123\ndone unanswered\n");
    assert_int_equal(waits(f), CODEC_OVER);
}

static void content_off_the_grammar_is_refused(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f,
               "PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5x\r\n" GET("/2"));
    assert_string_equal(f->heard, "request+ /1\nrefused 400\ndone unanswered\n");
    assert_memory_equal(f->sent, "HTTP/1.1 400 Bad Request\r\n", 26);
    assert_int_equal(waits(f), CODEC_OVER);
}

static void an_answer_releases_content_that_was_stopped(void **state)
{
    struct fixture *f = *state;
    f->manner = PAUSE;
    input_text(f, "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n123");
    f->manner = SMALL;
    test_answer(f);
    flush(f);
    input_text(f, "45" GET("/2"));
    assert_string_equal(f->sent, HELLO HELLO);
}

/* C-9110-9.3.2-1 */
static void a_refused_head_request_gets_no_content(void **state)
{
    struct fixture *f = *state;
    input_text(f, "\r\nHEAD * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_memory_equal(f->sent, "HTTP/1.1 400 Bad Request\r\n", 26);
    assert_non_null(strstr(f->sent, "Content-Length: 12\r\n"));
    assert_string_equal(strstr(f->sent, "\r\n\r\n"), "\r\n\r\n");
}

static void head_with_refused_content_gets_none(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, "HEAD /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5x\r\n");
    assert_memory_equal(f->sent, "HTTP/1.1 400 Bad Request\r\n", 26);
    assert_string_equal(strstr(f->sent, "\r\n\r\n"), "\r\n\r\n");
}

static void content_off_the_grammar_behind_its_answer_only_closes(void **state)
{
    struct fixture *f = *state;
    input_text(f,
               "PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5x\r\n" GET("/2"));
    assert_string_equal(f->sent, HELLO);
    assert_int_equal(waits(f), CODEC_OVER);
}

static void a_chunked_answer_under_way_keeps_its_framing(void **state)
{
    struct fixture *f = *state;
    f->manner = STREAM;
    input_text(f,
               "PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5x\r\n" GET("/2"));
    flush(f);
    assert_non_null(strstr(f->sent, "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"));
    assert_int_equal(waits(f), CODEC_OVER);
}

/* C-9112-9.6-1 */
static void nothing_is_answered_after_close(void **state)
{
    struct fixture *f = *state;
    input_text(f, "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/2"));
    assert_string_equal(f->sent, HELLO_CLOSE);
    assert_int_equal(f->kept_size, 0);
    assert_int_equal(waits(f), CODEC_OVER);
}

static void keep_alive_is_said_to_1_0(void **state)
{
    struct fixture *f = *state;
    input_text(f, "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n");
    assert_string_equal(f->sent, "HTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\nContent-Length: 5\r\n"
                                 "Connection: keep-alive\r\n\r\nhello" HELLO_CLOSE);
}

static void a_slow_head_gets_408(void **state)
{
    struct fixture *f = *state;
    input_text(f, "GET / HT");
    assert_int_equal(waits(f), CODEC_HEAD);
    f->h1.codec.ops->expired(&f->h1.codec, &f->out);
    flush(f);
    assert_memory_equal(f->sent, "HTTP/1.1 408 Request Timeout\r\n", 30);
    assert_int_equal(waits(f), CODEC_OVER);
}

static void draining_ends_after_the_present_request(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, GET("/1"));
    f->h1.codec.ops->drain(&f->h1.codec);
    assert_int_equal(waits(f), CODEC_ANSWER);
    f->manner = SMALL;
    test_answer(f);
    flush(f);
    assert_string_equal(f->sent, HELLO_CLOSE);
    assert_int_equal(waits(f), CODEC_OVER);
}

static void a_connection_has_so_many_requests(void **state)
{
    struct fixture *f = *state;
    f->limits.requests_per_connection = 2;
    input_text(f, GET("/1") GET("/2") GET("/3"));
    assert_string_equal(f->sent, HELLO HELLO_CLOSE);
}

static void the_rest_of_a_pipeline_waits_its_turn(void **state)
{
    struct fixture *f = *state;
    f->limits.pipeline_depth = 2;
    const char *three = GET("/1") GET("/2") GET("/3");
    size_t used = f->h1.codec.ops->feed(&f->h1.codec, three, strlen(three), &f->out);
    assert_int_equal(used, strlen(GET("/1") GET("/2")));
}

static void no_memory_for_a_late_head_ends_the_connection(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, GET("/1"));
    f->manner = EMPTY304;
    memory_fail_nth(1);
    test_answer(f);
    memory_fail_nth(0);
    flush(f);
    assert_string_equal(f->sent, "");
    assert_int_equal(waits(f), CODEC_BROKEN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(pipelined_requests_are_answered_in_order),
        TEST(octet_by_octet_is_the_same),
        TEST(not_modified_ends_with_its_head),
        TEST(large_content_is_lent_piece_by_piece),
        TEST(unknown_length_is_chunked),
        TEST(small_body_goes_with_its_head),
        TEST(what_never_changes_is_said_to),
        TEST(unknown_length_to_1_0_ends_with_the_connection),
        TEST(broken_content_breaks_the_connection),
        TEST(an_answer_may_come_later),
        TEST(content_nobody_wants_is_read_and_dropped),
        TEST(content_past_the_limit_closes),
        TEST(chunked_content_past_the_limit_ends_reading),
        TEST(a_final_answer_instead_of_100_closes),
        TEST(a_service_that_waits_gets_its_content),
        TEST(content_cut_short_is_no_request),
        TEST(content_off_the_grammar_is_refused),
        TEST(a_refused_head_request_gets_no_content),
        TEST(head_with_refused_content_gets_none),
        TEST(an_answer_releases_content_that_was_stopped),
        TEST(content_off_the_grammar_behind_its_answer_only_closes),
        TEST(a_chunked_answer_under_way_keeps_its_framing),
        TEST(nothing_is_answered_after_close),
        TEST(keep_alive_is_said_to_1_0),
        TEST(a_slow_head_gets_408),
        TEST(draining_ends_after_the_present_request),
        TEST(a_connection_has_so_many_requests),
        TEST(the_rest_of_a_pipeline_waits_its_turn),
        TEST(no_memory_for_a_late_head_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
