/* The writing half of the HTTP/1 codec: which answers have content, which end the connection, and
 * heads that find no room. */
#include "h1_fixture.h"

#define POST(length) "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: " length "\r\n\r\n"

struct answer_row {
    const char *id;
    const char *name;
    enum manner manner;
    bool closes;
    const char *request; /* "GET /2" is sent behind it */
    const char *want;    /* the answer, Date and X-A left out */
    bool stays;          /* /2 is answered as well */
};

#define ASK(line, fields) line "\r\nHost: a\r\n" fields "\r\n"

static const struct answer_row answer_rows[] = {
    {"C-9112-9.3-1", "GET", SMALL, false, ASK("GET /1 HTTP/1.1", ""),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true},
    {"C-9112-9.3-1", "GET, the client closes", SMALL, false,
     ASK("GET /1 HTTP/1.1", "Connection: close\r\n"),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", false},
    {"C-9112-9.3-1", "GET, the service closes", SMALL, true, ASK("GET /1 HTTP/1.1", ""),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", false},
    {"C-9112-6.3-1", "HEAD", SMALL, false, ASK("HEAD /1 HTTP/1.1", ""),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true},
    {"C-9112-6.3-1", "HEAD, a large content", LARGE, false, ASK("HEAD /1 HTTP/1.1", ""),
     "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n", true},
    {"C-9112-6.3-1", "HEAD, a body", STREAM, false, ASK("HEAD /1 HTTP/1.1", ""),
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true},
    {"C-9112-6.3-1", "HEAD, no length and no body", UNKNOWN, false, ASK("HEAD /1 HTTP/1.1", ""),
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true},
    {"C-9112-6.3-1", "HEAD that closes", SMALL, false,
     ASK("HEAD /1 HTTP/1.1", "Connection: close\r\n"),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", false},
    {"C-9112-6.3-1", "304", EMPTY304, false, ASK("GET /1 HTTP/1.1", ""),
     "HTTP/1.1 304 Not Modified\r\n\r\n", true},
    {"C-9112-6.3-1", "304 that closes", EMPTY304, true, ASK("GET /1 HTTP/1.1", ""),
     "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n", false},
    {"C-9112-6.3-1", "204", EMPTY204, false, ASK("GET /1 HTTP/1.1", ""),
     "HTTP/1.1 204 No Content\r\n\r\n", true},
    {"C-9112-9.3-1", "1.0", SMALL, false, ASK("GET /1 HTTP/1.0", ""),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", false},
    {"C-9112-9.3-1", "1.0 that stays", SMALL, false,
     ASK("GET /1 HTTP/1.0", "Connection: keep-alive\r\n"),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", true},
    {"C-9112-9.3-1", "1.0 that stays, 304", EMPTY304, false,
     ASK("GET /1 HTTP/1.0", "Connection: keep-alive\r\n"),
     "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n", true},
    {"C-9112-9.3-1", "1.0 that stays, HEAD", SMALL, false,
     ASK("HEAD /1 HTTP/1.0", "Connection: keep-alive\r\n"),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", true},
    {"C-9112-9.3-1", "1.0 that wants both", SMALL, false,
     ASK("GET /1 HTTP/1.0", "Connection: keep-alive, close\r\n"),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", false},
    {"C-9112-6.1-2", "1.0, no length", STREAM, false,
     ASK("GET /1 HTTP/1.0", "Connection: keep-alive\r\n"),
     "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcdefg", false},
    {"C-9112-6.1-2", "1.0, HEAD, no length", UNKNOWN, false, ASK("HEAD /1 HTTP/1.0", ""),
     "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false},
    {"C-9110-10.1.1-1", "a final answer to one who expects 100", SMALL, false,
     ASK("PUT /1 HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 9\r\n"),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", false},
    {"C-9110-10.1.1-1", "the same, 304", EMPTY304, false,
     ASK("GET /1 HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 9\r\n"),
     "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n", false},
    {"C-9110-10.1.1-1", "the same, closing anyway", SMALL, false,
     ASK("PUT /1 HTTP/1.1", "Expect: 100-continue\r\nConnection: close\r\nContent-Length: 9\r\n"),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", false},
    {"C-9110-10.1.1-1", "expected, without content", SMALL, false,
     ASK("GET /1 HTTP/1.1", "Expect: 100-continue\r\n"),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true},
    {"C-9110-10.1.1-1", "expected by 1.0: it means nothing", SMALL, false,
     ASK("PUT /1 HTTP/1.0", "Connection: keep-alive\r\nExpect: 100-continue\r\n"
                            "Content-Length: 0\r\n"),
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", true},
};

/* Takes what every answer has out of the text. */
static void leave_out(char *text, const char *what)
{
    size_t size = strlen(what);
    for (char *at = text; (at = strstr(at, what));)
        memmove(at, at + size, strlen(at + size) + 1);
}

static void check_answer(struct fixture *f, const struct answer_row *row)
{
    f->manner = row->manner;
    f->closes = row->closes;
    input_text(f, row->request);
    f->manner = SMALL;
    f->closes = false;
    input_text(f, "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    leave_out(f->sent, DATE);
    leave_out(f->sent, "X-A: 1\r\n");
    size_t size = strlen(row->want);
    check_row(row, strncmp(f->sent, row->want, size) == 0);
    check_row(row,
              strcmp(f->sent + size,
                     row->stays ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" : "") == 0);
    check_row(row, !strstr(f->heard, "/2") == !row->stays);
    check_row(row, waits(f) == (row->stays ? CODEC_IDLE : CODEC_OVER));
}

static void answers_end_where_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answer_rows); i++) {
        void *f;
        setup(&f);
        check_answer(f, &answer_rows[i]);
        teardown(&f);
    }
}

/* The same when the service takes its time. */
static void late_answers_end_where_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(answer_rows); i++) {
        const struct answer_row *row = &answer_rows[i];
        struct fixture *f;
        void *fixture;
        if (strstr(row->request, "Expect"))
            continue; /* 100 comes first */
        setup(&fixture);
        f = fixture;
        f->manner = LATER;
        input_text(f, row->request);
        assert_string_equal(f->sent, "");
        f->manner = row->manner;
        f->closes = row->closes;
        test_answer(f);
        flush(f);
        leave_out(f->sent, DATE);
        leave_out(f->sent, "X-A: 1\r\n");
        check_row(row, strcmp(f->sent, row->want) == 0);
        check_row(row, waits(f) == (row->stays ? CODEC_IDLE : CODEC_OVER));
        teardown(&fixture);
    }
}

/* ---- heads that find no room ---- */

static char large_block[60001];

static struct stet_span make_large_block(void)
{
    memset(large_block, 'v', sizeof large_block - 1);
    memcpy(large_block, "X-Large: ", 9);
    memcpy(large_block + sizeof large_block - 3, "\r\n", 2);
    return stet_span(large_block, sizeof large_block - 1);
}

static void a_head_larger_than_the_outbox_goes_in_pieces(void **state)
{
    struct fixture *f = *state;
    f->block = make_large_block();
    f->out.size = 8192;
    for (int i = 1; i <= 3; i++) {
        f->manner = i == 1 ? SMALL : i == 2 ? EMPTY304 : STREAM;
        f->sent_size = 0;
        input_text(f, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
        leave_out(f->sent, large_block);
        leave_out(f->sent, DATE);
        assert_string_equal(f->sent, i == 1   ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
                                     : i == 2 ? "HTTP/1.1 304 Not Modified\r\n\r\n"
                                              : "HTTP/1.1 200 OK\r\n"
                                                "Transfer-Encoding: chunked\r\n\r\n"
                                                "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
        assert_int_equal(waits(f), CODEC_IDLE);
    }
    assert_non_null(strstr(f->heard, "done 304 0 complete"));
}

static void a_connection_may_end_between_head_and_content(void **state)
{
    struct fixture *f = *state;
    f->block = make_large_block();
    f->out.size = 8192;
    f->manner = STREAM;
    f->h1.codec.ops->feed(&f->h1.codec, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n", 28, &f->out);
    f->h1.codec.ops->take(&f->h1.codec, &f->out);
    f->h1.codec.ops->fini(&f->h1.codec);
    assert_true(f->body.freed);
    assert_string_equal(f->heard, "request /1\ndone 200 0 cut\n");
}

/* The content of a refusal that found no room is given back. */
static void a_refusal_without_room_leaks_nothing(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    f->out.used = f->out.size;
    f->h1.codec.ops->feed(&f->h1.codec, "x", 1, &f->out);
    assert_non_null(strstr(f->heard, "refused 400"));
    assert_int_equal(waits(f), CODEC_OVER);
    assert_true(f->h1.codec.ops->wants_take(&f->h1.codec));
    f->out.used = 0;
}

/* ---- a service that stops content ---- */

static void an_answer_ends_a_pause(void **state)
{
    struct fixture *f = *state;
    f->manner = PAUSE;
    input_text(f, POST("6") "abc");
    assert_int_equal(waits(f), CODEC_ANSWER);
    f->manner = SMALL;
    test_answer(f);
    flush(f);
    assert_int_equal(waits(f), CODEC_CONTENT);
    input_text(f, "def" POST("3") "ghi");
    assert_string_equal(f->heard, "request+ /1\ncontent abc\ndone 200 5 complete\n"
                                  "request+ /1\ndone 200 5 complete\n");
    assert_int_equal(waits(f), CODEC_IDLE);
}

static void a_pause_ends_with_its_request(void **state)
{
    struct fixture *f = *state;
    f->manner = PAUSE;
    input_text(f, POST("3") "abc");
    f->manner = SMALL;
    test_answer(f);
    flush(f);
    f->manner = LATER;
    input_text(f, POST("3") "def");
    assert_string_equal(f->heard, "request+ /1\ncontent abc\nend\ndone 200 5 complete\n"
                                  "request+ /1\ncontent def\nend\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_end_where_they_should),
        cmocka_unit_test(late_answers_end_where_they_should),
        TEST(a_head_larger_than_the_outbox_goes_in_pieces),
        TEST(a_connection_may_end_between_head_and_content),
        TEST(a_refusal_without_room_leaks_nothing),
        TEST(an_answer_ends_a_pause),
        TEST(a_pause_ends_with_its_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
