/* The client side of HTTP/1: what becomes of the connection, by what was sent and how it ended,
 * from one request to the next, and where content pauses. */
#include "h1_client_fixture.h"

/* ---- whether the connection is kept, by what was sent ---- */

struct sent_row {
    const char *id;
    const char *name;
    const char *method;
    bool has_content, length_known;
    uint64_t length;
    uint64_t pieces[3]; /* sizes of what is framed, up to UINT64_MAX */
    bool last;          /* the last piece was said to be that */
    bool kept;
};

static const struct sent_row sent_rows[] = {
    {"C-9112-9.3-2", "no content", "POST", false, false, 0, {NO_MORE}, false, true},
    {"C-9112-9.3-2", "content of 0", "POST", true, true, 0, {NO_MORE}, false, true},
    {"C-9112-9.3-2", "content of 0, said", "POST", true, true, 0, {0, NO_MORE}, true, true},
    {"C-9112-9.3-2", "all of a length", "PUT", true, true, 7, {3, 4, NO_MORE}, true, true},
    {"C-9112-9.3-2", "all of a length, not said", "PUT", true, true, 7, {7, NO_MORE}, false, true},
    {"C-9112-9.3-2", "part of a length", "PUT", true, true, 7, {3, 3, NO_MORE}, false, false},
    {"C-9112-9.3-2", "nothing of a length", "PUT", true, true, 7, {NO_MORE}, false, false},
    {"C-9112-9.3-2", "all chunks", "PUT", true, false, 0, {3, 4, NO_MORE}, true, true},
    {"C-9112-9.3-2", "an empty last chunk", "PUT", true, false, 0, {3, 0, NO_MORE}, true, true},
    {"C-9112-9.3-2", "no last chunk", "PUT", true, false, 0, {3, 0, NO_MORE}, false, false},
    {"C-9112-9.3-2", "no chunk", "PUT", true, false, 0, {NO_MORE}, false, false},
};

static void test_sent(void **state)
{
    static const char octets[] = "HTTP/1.1 413 x\r\nContent-Length: 2\r\n\r\nno";
    (void)state;
    for (size_t i = 0; i < COUNT(sent_rows); i++) {
        const struct sent_row *row = &sent_rows[i];
        struct client_request request = request_of(row->method);
        struct h1_client_frame frame;
        struct talk *t = talk_new(false);
        request.has_content = row->has_content;
        request.length_known = row->length_known;
        request.length = row->length;
        begin(t, &request);
        for (size_t n = 0; row->pieces[n] != NO_MORE; n++)
            h1_client_frame(&t->client, row->pieces[n], row->last && row->pieces[n + 1] == NO_MORE,
                            &frame);
        talk_hear(t, octets, sizeof octets - 1, 5, 3);
        check_row(row, t->ends == 1 && t->end == CLIENT_COMPLETE);
        check_row(row, h1_client_usable(&t->client) == row->kept);
        check_row(row, t->usable_in_end == row->kept);
        talk_free(t);
    }
}

struct frame_row {
    const char *id;
    const char *name;
    bool chunked;
    uint64_t size;
    bool last;
    const char *before;
    const char *after;
};

static const struct frame_row frame_rows[] = {
    {"C-9112-6.1-1", "a chunk", true, 5, false, "5\r\n", "\r\n"},
    {"C-9112-6.1-1", "a large chunk", true, 0x7fffffffffffffff, false, "7fffffffffffffff\r\n",
     "\r\n"},
    {"C-9112-6.1-1", "the last with octets", true, 26, true, "1a\r\n", "\r\n0\r\n\r\n"},
    {"C-9112-6.1-1", "the last without", true, 0, true, "", "0\r\n\r\n"},
    {"C-9112-6.1-1", "nothing yet is no last chunk", true, 0, false, "", ""},
    {"C-9112-6.2-1", "of a length", false, 3, false, "", ""},
    {"C-9112-6.2-1", "nothing of a length", false, 0, false, "", ""},
    {"C-9112-6.2-1", "all of a length", false, 9, true, "", ""},
};

static void test_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(frame_rows); i++) {
        const struct frame_row *row = &frame_rows[i];
        struct client_request request = request_of("POST");
        struct h1_client_frame frame;
        struct talk *t = talk_new(false);
        request.has_content = true;
        request.length_known = !row->chunked;
        request.length = 9;
        begin(t, &request);
        h1_client_frame(&t->client, row->size, row->last, &frame);
        check_row(row, stet_span_equal(stet_span(frame.before, frame.before_len),
                                       stet_span_of(row->before)));
        check_row(row, stet_span_equal(stet_span(frame.after, frame.after_len),
                                       stet_span_of(row->after)));
        /* Once all was sent, saying so again sends nothing. */
        if (row->last) {
            h1_client_frame(&t->client, 0, true, &frame);
            check_row(row, frame.before_len == 0 && frame.after_len == 0);
        }
        talk_free(t);
    }
}

/* ---- the end of the connection ---- */

struct closed_row {
    const char *id;
    const char *name;
    const char *octets;
    bool clean;
    const char *want;
    enum stet_proxy_error error;
};

#define ERROR(name) STET_PROXY_ERROR_##name

static const struct closed_row closed_rows[] = {
    {"C-9112-9.8-1", "until close, cleanly", "HTTP/1.1 200 OK\r\n\r\nab", true,
     "200 close [ab] complete", ERROR(NONE)},
    {"C-9112-9.8-1", "until close, by a reset", "HTTP/1.1 200 OK\r\n\r\nab", false,
     "200 close [ab] truncated", ERROR(HTTP_RESPONSE_INCOMPLETE)},
    {"C-9112-8-1", "nothing came", "", true, "truncated", ERROR(CONNECTION_TERMINATED)},
    {"C-9112-8-1", "nothing came but a reset", "", false, "truncated",
     ERROR(CONNECTION_TERMINATED)},
    {"C-9112-8-1", "part of a head", "HTT", true, "truncated", ERROR(HTTP_RESPONSE_INCOMPLETE)},
    {"C-9112-8-1", "part of the content", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", true,
     "200 length persists Content-Length=3 [ab] truncated", ERROR(HTTP_RESPONSE_INCOMPLETE)},
    {"C-9112-6.3-6", "all of it, then a reset", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
     false, "200 length persists Content-Length=2 [ab] complete", ERROR(NONE)},
    {"C-9112-2.2-3", "no HTTP", "SSH-2.0\r\n", true, "malformed", ERROR(HTTP_PROTOCOL_ERROR)},
    {"C-9112-6.3-4", "an unknown coding",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: br, chunked\r\n\r\n", true, "malformed",
     ERROR(HTTP_RESPONSE_TRANSFER_CODING)},
    {"C-9110-8.6-4", "a length past all",
     "HTTP/1.1 200 OK\r\nContent-Length: "
     "99999999999999999999\r\n\r\n",
     true, "malformed", ERROR(HTTP_RESPONSE_BODY_SIZE)},
    {"C-9112-7.1-1", "a chunk past all",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", true,
     "200 chunked persists Transfer-Encoding=chunked malformed", ERROR(HTTP_RESPONSE_BODY_SIZE)},
    {"C-9112-7.1-2", "no chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", true,
     "200 chunked persists Transfer-Encoding=chunked malformed", ERROR(HTTP_PROTOCOL_ERROR)},
    {"C-9110-5.4-1", "a large head",
     "HTTP/1.1 200 OK\r\nX: 01234567890123456789012345678901234567890", true, "malformed",
     ERROR(HTTP_RESPONSE_HEADER_SECTION_SIZE)},
    {"C-9110-5.4-1", "large trailers",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 0123456789", true,
     "200 chunked persists Transfer-Encoding=chunked malformed",
     ERROR(HTTP_RESPONSE_TRAILER_SECTION_SIZE)},
};

static void test_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(closed_rows); i++) {
        const struct closed_row *row = &closed_rows[i];
        struct client_request request = request_of("GET");
        struct talk *t = talk_new(false);
        t->limits.head_size = 58;
        t->limits.trailer_size = 10;
        begin(t, &request);
        talk_arrive(t, row->octets, strlen(row->octets));
        check_row(row, h1_client_heard(&t->client) == (row->octets[0] != '\0'));
        h1_client_closed(&t->client, row->clean);
        if (strcmp(t->heard, row->want) != 0)
            print_error("%s\n", t->heard);
        check_row(row, strcmp(t->heard, row->want) == 0);
        check_row(row, h1_client_error(&t->client) == row->error);
        /* Once only. */
        h1_client_closed(&t->client, row->clean);
        check_row(row, t->ends == 1 && !h1_client_usable(&t->client));
        talk_free(t);
    }
}

/* ---- one request after the other ---- */

static void hear_literal(struct talk *t, const char *octets)
{
    talk_hear(t, octets, strlen(octets), 1, 7);
}

/* A second request begins in the end of the first, and gets its own response. */
static void test_again(void **state)
{
    struct client_request request = request_of("HEAD");
    struct talk *t = talk_new(false);
    (void)state;
    t->manner = BEGIN_AGAIN;
    begin(t, &request);
    hear_literal(t, "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    assert_true(h1_client_busy(&t->client));
    assert_false(h1_client_heard(&t->client));
    hear_literal(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    assert_string_equal(t->heard, "(103) 200 none persists Content-Length=5 complete / 200 length "
                                  "persists Content-Length=5 [hello] complete");
    assert_true(h1_client_usable(&t->client));
    t->ends = 0;
    request = request_of("GET");
    begin(t, &request);
    h1_client_closed(&t->client, true);
    assert_int_equal(h1_client_error(&t->client), STET_PROXY_ERROR_CONNECTION_TERMINATED);
    talk_free(t);
}

/* What an idle connection hears is an answer to nothing [RFC 9112 §9.2]. */
static void test_idle(void **state)
{
    static const char *const octets[] = {"HTTP/1.1 408 x\r\n\r\n", "\r\n", "x"};
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(octets); i++) {
        struct client_request request = request_of("GET");
        struct talk *t = talk_new(false);
        size_t size = strlen(octets[i / 2]);
        if (i % 2) {
            begin(t, &request);
            hear_literal(t, "HTTP/1.1 204 x\r\n\r\n");
            assert_true(h1_client_usable(&t->client));
        }
        talk_arrive(t, octets[i / 2], size);
        assert_false(h1_client_usable(&t->client));
        assert_int_equal(t->pending_size, size);
        assert_string_equal(t->heard, i % 2 ? "204 none persists complete" : "");
        talk_free(t);
    }
    struct talk *t = talk_new(false);
    h1_client_closed(&t->client, true);
    assert_false(h1_client_usable(&t->client));
    assert_int_equal(t->ends, 0);
    talk_free(t);
}

/* Interim responses are counted anew for each request. */
static void test_interims(void **state)
{
    struct talk *t = talk_new(false);
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct client_request request = request_of("GET");
        t->ends = t->used = 0;
        begin(t, &request);
        for (int n = 0; n < CLIENT_INTERIMS_MAX; n++)
            hear_literal(t, "HTTP/1.1 100 x\r\n\r\n");
        hear_literal(t, "HTTP/1.1 204 x\r\n\r\n");
        assert_true(t->ends == 1 && h1_client_usable(&t->client));
    }
    talk_free(t);
}

/* ---- content that pauses ---- */

static const char *const paused_octets[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\nhello",
};

static void paused_run(const char *octets, size_t step)
{
    struct client_request request = request_of("GET");
    struct talk *t = talk_new(false);
    size_t size = strlen(octets);
    t->manner = PAUSE;
    begin(t, &request);
    for (size_t at = 0; at < size; at += step) {
        size_t pauses = t->pauses;
        talk_arrive(t, octets + at, size - at < step ? size - at : step);
        while (t->pauses > pauses) {
            /* Nothing is consumed before it goes on. */
            size_t pending = t->pending_size;
            pauses = t->pauses;
            talk_feed(t);
            assert_true(t->pending_size == pending && t->pauses == pauses);
            h1_client_resume(&t->client);
            t->paused = false;
            talk_feed(t);
        }
    }
    assert_int_equal(t->pending_size, 0);
    h1_client_closed(&t->client, true);
    assert_true(t->ends == 1 && t->end == CLIENT_COMPLETE && t->pauses > 0);
    assert_non_null(strstr(t->heard, "[hello] complete"));
    talk_free(t);
}

static void test_pause(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(paused_octets); i++)
        for (size_t step = 1; step <= strlen(paused_octets[i]); step++)
            paused_run(paused_octets[i], step);
}

/* Cancelled in the middle of content, or with all of it: not a word more. */
static void test_cancel(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(paused_octets); i++) {
        const char *octets = paused_octets[i / 2];
        struct client_request request = request_of("GET");
        struct talk *t = talk_new(false);
        t->manner = CANCEL_CONTENT;
        begin(t, &request);
        talk_hear(t, octets, strlen(octets), i % 2 ? strlen(octets) : 0, 1);
        h1_client_closed(&t->client, true);
        assert_true(t->ends == 0 && t->in_content);
        assert_true(i % 2 || strcmp(strchr(t->heard, '['), "[h") == 0);
        assert_false(h1_client_busy(&t->client) || h1_client_usable(&t->client));
        talk_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sent),   cmocka_unit_test(test_frames),
        cmocka_unit_test(test_closed), cmocka_unit_test(test_again),
        cmocka_unit_test(test_idle),   cmocka_unit_test(test_interims),
        cmocka_unit_test(test_pause),  cmocka_unit_test(test_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
