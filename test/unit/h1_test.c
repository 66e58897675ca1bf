/* The HTTP/1 codec as a whole, driven without a socket: what goes in, what the service hears, what
 * comes out. */
#include "wire/h1.h"

#include "base/memory.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

/* How the service of these tests answers. */
enum manner {
    SMALL,   /* at once, "hello" */
    LARGE,   /* at once, 20,000 octets of a chunk */
    LATER,   /* not before test_answer */
    PAUSE,   /* the same, and content is stopped */
    STREAM,  /* a body of unknown length, "abc" then "defg" */
    SHORT,   /* a body that breaks off after 3 of 10 octets */
    EMPTY304 /* 304 */
};

struct test_body {
    struct body body;
    const char *pieces[3];
    size_t at, done;
    bool breaks, freed;
};

struct fixture {
    struct limits limits;
    struct h1 h1;
    struct h1_head head;
    struct codec_owner owner;
    struct outbox out;
    char text[65536], scratch[4096];
    char sent[200000];
    size_t sent_size;
    size_t tail_max; /* the most octets of a tail that the socket takes at once */
    enum manner manner;
    struct test_body body;
    struct stream *stream;
    char heard[4096]; /* a line for each call of the service */
    size_t wakes;
    char kept[200000]; /* input that was not consumed */
    size_t kept_size;
};

static void hear(struct fixture *f, const char *what, struct stet_span text)
{
    size_t used = strlen(f->heard);
    snprintf(f->heard + used, sizeof f->heard - used, "%s%.*s\n", what, (int)text.len,
             text.len ? text.at : "");
}

static enum body_peek test_body_peek(struct body *body, char *scratch, size_t room,
                                     struct stet_span *bytes)
{
    struct test_body *self = (struct test_body *)(void *)body;
    (void)scratch, (void)room;
    const char *piece = self->pieces[self->at];
    if (!piece)
        return self->breaks ? BODY_BROKEN : BODY_END;
    *bytes = stet_span(piece + self->done, strlen(piece) - self->done);
    return BODY_BYTES;
}

static void test_body_skip(struct body *body, size_t count)
{
    struct test_body *self = (struct test_body *)(void *)body;
    self->done += count;
    if (self->done == strlen(self->pieces[self->at])) {
        self->at++;
        self->done = 0;
    }
}

static void test_body_free(struct body *body)
{
    ((struct test_body *)(void *)body)->freed = true;
}

static const struct body_ops test_body_ops = {test_body_peek, test_body_skip, test_body_free};

static void test_answer(struct fixture *f)
{
    struct reply reply = {
        .status = 200, .content = REPLY_LENGTH, .blocks = {STET_SPAN("X-A: 1\r\n")}};
    struct test_body *body = &f->body;

    switch (f->manner) {
    case EMPTY304:
        reply.status = 304;
        reply.content = REPLY_NO_CONTENT;
        break;
    case STREAM:
    case SHORT:
        *body = (struct test_body){.body = {&test_body_ops}, .pieces = {"abc", "defg"}};
        reply.content = f->manner == STREAM ? REPLY_UNKNOWN_LENGTH : REPLY_LENGTH;
        reply.length = 10;
        reply.body = &body->body;
        if (f->manner == SHORT) {
            body->pieces[1] = NULL;
            body->breaks = true;
        }
        break;
    default:
        reply.length = f->manner == LARGE ? 20000 : 5;
        reply.chunk = chunk_new((size_t)reply.length);
        assert_non_null(reply.chunk);
        memset(reply.chunk->bytes, 'z', (size_t)reply.length);
        if (f->manner != LARGE)
            memcpy(reply.chunk->bytes, "hello", 5);
    }
    stream_reply(f->stream, &reply);
}

static void test_request(void *owner, struct stream *stream, const struct stet_request *request,
                         bool content)
{
    struct fixture *f = owner;
    f->stream = stream;
    hear(f, content ? "request+ " : "request ", request->target);
    if (f->manner != LATER && f->manner != PAUSE)
        test_answer(f);
}

static bool test_content(void *owner, struct stream *stream, struct stet_span bytes)
{
    struct fixture *f = owner;
    (void)stream;
    hear(f, "content ", bytes);
    return f->manner != PAUSE;
}

static void test_end(void *owner, struct stream *stream, const struct stet_head *trailers)
{
    (void)stream;
    hear(owner, trailers->count ? "end with trailers" : "end", STET_SPAN_NONE);
}

static void test_done(void *owner, struct stream *stream, const struct stream_outcome *outcome)
{
    char text[64] = "unanswered";
    (void)stream;
    if (outcome)
        snprintf(text, sizeof text, "%d %llu %s", outcome->status,
                 (unsigned long long)outcome->content_sent, outcome->complete ? "complete" : "cut");
    hear(owner, "done ", stet_span_of(text));
}

static void test_refused(void *owner, int status, struct stet_span line)
{
    char text[32];
    (void)line;
    snprintf(text, sizeof text, "%d", status);
    hear(owner, "refused ", stet_span_of(text));
}

static const struct service test_service = {.request = test_request,
                                            .content = test_content,
                                            .end = test_end,
                                            .done = test_done,
                                            .refused = test_refused};

static void test_wake(struct codec_owner *owner)
{
    struct fixture *f = (struct fixture *)(void *)((char *)owner - offsetof(struct fixture, owner));
    f->wakes++;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->limits = limits_default();
    f->owner = (struct codec_owner){&test_service, f, test_wake};
    f->tail_max = SIZE_MAX;
    f->out = (struct outbox){.text = f->text,
                             .size = sizeof f->text,
                             .scratch = f->scratch,
                             .scratch_size = sizeof f->scratch,
                             .date = STET_SPAN(DATE)};
    h1_init(&f->h1, &f->owner, &f->limits, &f->head);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    f->h1.codec.ops->fini(&f->h1.codec);
    free(f);
    return 0;
}

/* What a connection does: sends what is there until nothing is left to send. */
static void flush(struct fixture *f)
{
    struct codec *codec = &f->h1.codec;
    do {
        memcpy(f->sent + f->sent_size, f->text, f->out.used);
        f->sent_size += f->out.used;
        size_t tail = f->out.tail.len < f->tail_max ? f->out.tail.len : f->tail_max;
        memcpy(f->sent + f->sent_size, f->out.tail.at ? f->out.tail.at : "", tail);
        f->sent_size += tail;
        f->out.used = 0;
        f->out.tail = STET_SPAN_NONE;
        codec->ops->took(codec, tail);
    } while (codec->ops->wants_take(codec) && codec->ops->take(codec, &f->out));
    assert_true(f->sent_size < sizeof f->sent);
    f->sent[f->sent_size] = '\0';
}

static void input(struct fixture *f, const char *bytes, size_t size)
{
    size_t used;
    memcpy(f->kept + f->kept_size, bytes, size);
    f->kept_size += size;
    do {
        used = f->h1.codec.ops->feed(&f->h1.codec, f->kept, f->kept_size, &f->out);
        f->kept_size -= used;
        memmove(f->kept, f->kept + used, f->kept_size);
        flush(f);
    } while (used && f->kept_size);
}

static void input_text(struct fixture *f, const char *text)
{
    input(f, text, strlen(text));
}

static void input_slowly(struct fixture *f, const char *text)
{
    for (; *text; text++)
        input(f, text, 1);
}

static enum codec_wait waits(struct fixture *f)
{
    return f->h1.codec.ops->waits(&f->h1.codec);
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"
#define HELLO "HTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\nContent-Length: 5\r\n\r\nhello"
#define HELLO_CLOSE \
    "HTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"

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
