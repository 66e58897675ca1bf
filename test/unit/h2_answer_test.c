/* Answers over HTTP/2: their heads, their content through windows and priorities, and how they and
 * the connection end. */
#include "h2_fixture.h"

static void test_bare(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, END, GET("/304"));
    ask(f, 3, END, GET("/204"));
    ask(f, 5, END, ":method=HEAD\n" BASE ":path=/1000\n");
    ask(f, 7, END, GET("/0"));
    ask(f, 9, END, ":method=HEAD\n" BASE ":path=/stream\n");
    expect_said(f, "headers 1 :status=304 " SAID_DATE " x-a=1 end\n"
                   "headers 3 :status=204 " SAID_DATE " x-a=1 end\n"
                   "headers 5 :status=200 " SAID_DATE " content-length=1000 x-a=1 end\n"
                   "headers 7 :status=200 " SAID_DATE " content-length=0 x-a=1 end\n"
                   "headers 9 :status=200 " SAID_DATE " x-a=1 end\n");
    assert_int_equal(f->body.freed, 1);
}

static void test_fields(void **state)
{
    struct fixture *f = *state;
    f->block = STET_SPAN("ETag: \"A\"\r\nConnection: x\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\n"
                         "Proxy-Connection: x\r\nTransfer-Encoding: chunked\r\nX-Empty:\r\n"
                         "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n");
    f->date = STET_SPAN("Mon, 07 Nov 1994 08:49:37 GMT");
    ask(f, 1, END, GET("/304"));
    expect_said(f, "headers 1 :status=304 date=Mon, 07 Nov 1994 08:49:37 GMT etag=\"A\" x-empty= "
                   "set-cookie=a=1 set-cookie=b=2 end\n");
}

static void test_many_fields(void **state)
{
    struct fixture *f = *state;
    char block[300 * 8 + 1] = "";
    for (int i = 0; i < 300; i++)
        memcpy(block + (ptrdiff_t)8 * i, "X-A: 1\r\n", 9);
    f->block = stet_span_of(block);
    ask(f, 1, END, GET("/304"));
    assert_int_equal(strlen(f->said),
                     strlen("headers 1 :status=304 " SAID_DATE " end\n") + 300 * 6);
}

static void test_head_in_continuations(void **state)
{
    struct fixture *f = *state;
    static char block[40010];
    memcpy(block, "X-A: ", 5);
    memset(block + 5, '~', 40000); /* which Huffman makes longer */
    memcpy(block + 40005, "\r\n", 3);
    f->block = stet_span_of(block);
    ask(f, 1, END, GET("/later"));
    answer_empty(f, f->asked, 304);
    struct outbox *out = &f->out;
    assert_true(f->codec->ops->take(f->codec, out));
    const unsigned char *frames = (const unsigned char *)f->text;
    assert_int_equal(frames[3], NGHTTP2_HEADERS);
    assert_int_equal(frames[4], END);
    assert_int_equal(frames[9 + 16384 + 3], NGHTTP2_CONTINUATION);
    assert_true(out->used > 40000);
    out->used = 0;
}

static void test_later(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, END, GET("/later"));
    assert_int_equal(waits(f), CODEC_ANSWER);
    f->wakes = 0;
    answer(f, f->asked, 5);
    assert_int_equal(f->wakes, 1);
    f->out.date = STET_SPAN("Date: Tue, 08 Nov 1994 08:49:37 GMT\r\n");
    flush(f);
    expect_said(f, "headers 1 :status=200 date=Tue, 08 Nov 1994 08:49:37 GMT content-length=5 "
                   "x-a=1\ndata 1 5 end\n");
}

static void test_interim(void **state)
{
    struct fixture *f = *state;
    f->interim = "103 Link: <a>\r\nConnection: x\r\n";
    ask(f, 1, END, GET("/5"));
    expect_said(f, "headers 1 :status=103 link=<a>\n" HELLO(1));
}

static void test_unknown_length(void **state)
{
    struct fixture *f = *state;
    f->body.waits = true;
    ask(f, 1, END, GET("/stream"));
    expect_said(f, "headers 1 :status=200 " SAID_DATE " x-a=1\ndata 1 7\n");
    assert_int_equal(waits(f), CODEC_ANSWER);
    f->body.text = "abcdefghi";
    stream_wake(f->asked);
    flush(f);
    f->body.waits = false;
    stream_wake(f->asked);
    flush(f);
    assert_non_null(strstr(f->said, "data 1 7\ndata 1 2\ndata 1 0 end\n"));
    assert_memory_equal(f->content, "abcdefghi", 9);
    assert_int_equal(f->body.freed, 1);
    expect_heard(f, "request /stream\ndone 200 9 complete\n");
}

static void test_trailers_go(void **state)
{
    struct fixture *f = *state;
    f->trailers = STET_SPAN("X-Sum: 1\r\nConnection: x\r\n");
    ask(f, 1, END, GET("/stream"));
    expect_said(f, "headers 1 :status=200 " SAID_DATE " x-a=1\ndata 1 7\n"
                   "headers 1 x-sum=1 end\n");
    expect_heard(f, "request /stream\ndone 200 7 complete\n");
}

static void test_broken(void **state)
{
    struct fixture *f = *state;
    f->body.breaks = true;
    ask(f, 1, END, GET("/stream"));
    ask(f, 3, END, GET("/short"));
    f->body.breaks = false;
    ask(f, 5, END, GET("/short")); /* shorter than its length said */
    expect_said(f,
                "headers 1 :status=200 " SAID_DATE " x-a=1\ndata 1 7\nrst 1 2\n"
                "headers 3 :status=200 " SAID_DATE " content-length=10 x-a=1\ndata 3 3\nrst 3 2\n"
                "headers 5 :status=200 " SAID_DATE " content-length=10 x-a=1\ndata 5 3\nrst 5 2\n");
    expect_heard(f, "request /stream\ndone 200 7 cut\nrequest /short\ndone 200 3 cut\n"
                    "request /short\ndone 200 3 cut\n");
    assert_int_equal(waits(f), CODEC_IDLE);
}

/* ---- windows ---- */

static void test_windows(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, END, GET("/100000"));
    assert_int_equal(f->content_size < LOG ? 0 : 1, 0);
    assert_int_equal(waits(f), CODEC_SENDING); /* 65,535 octets went */
    assert_null(strstr(f->said, "end"));
    frame_number(f, NGHTTP2_WINDOW_UPDATE, 0, 100000);
    assert_int_equal(waits(f), CODEC_SENDING);
    frame_number(f, NGHTTP2_WINDOW_UPDATE, 1, 10);
    frame_number(f, NGHTTP2_WINDOW_UPDATE, 1, 100000);
    assert_non_null(strstr(f->said, "data 1 10\n"));
    assert_non_null(strstr(f->said, " end\n"));
    expect_heard(f, "request /100000\ndone 200 100000 complete\n");
}

static void test_small_answers_beside_a_stalled_one(void **state)
{
    struct fixture *f = *state;
    frame_number(f, NGHTTP2_WINDOW_UPDATE, 0, 100000);
    ask(f, 1, END, GET("/100000"));
    forget(f);
    ask(f, 3, END, GET("/5"));
    expect_said(f, HELLO(3));
}

static void test_stalled(void **state)
{
    struct fixture *f = *state;
    frame(f, NGHTTP2_SETTINGS, 0, 0, "\0\4\0\0\0\0", 6); /* no window at all */
    ask(f, 1, END, GET("/5"));
    ask(f, 3, END, GET("/later"));
    assert_int_equal(waits(f), CODEC_SENDING);
    forget(f);
    pass(f, 30);
    expect_said(f, "rst 1 8\n");
    expect_heard(f, "done 200 0 cut\n");
    assert_int_equal(waits(f), CODEC_ANSWER); /* the other goes on */
}

/* What the socket takes in pieces goes on before all else, even of a stream that is over. */
static void test_lent(void **state)
{
    struct fixture *f = *state;
    frame(f, NGHTTP2_SETTINGS, 0, 0, "\0\4\0\x7f\xff\xff", 6);
    frame_number(f, NGHTTP2_WINDOW_UPDATE, 0, 10000000);
    f->tail_max = 1000;
    ask(f, 1, END, GET("/300000"));
    assert_non_null(strstr(f->said, " end\n"));
    expect_heard(f, "request /300000\ndone 200 300000 complete\n");

    forget(f);
    f->full = true;
    ask(f, 3, END, GET("/300000"));
    struct outbox *out = &f->out;
    while (!out->tail.len)
        assert_true(f->codec->ops->take(f->codec, out));
    const size_t tail = out->tail.len;
    const char *at = out->tail.at;
    out->used = 0;
    out->tail = STET_SPAN_NONE;
    f->codec->ops->took(f->codec, 10);
    frame_number(f, NGHTTP2_RST_STREAM, 3, NGHTTP2_CANCEL);
    expect_heard(f, "request /300000\ndone 200 81920 cut\n");
    assert_true(f->codec->ops->wants_take(f->codec));
    assert_true(f->codec->ops->take(f->codec, out));
    assert_ptr_equal(out->tail.at, at + 10);
    assert_int_equal(out->tail.len, tail - 10);
    out->tail = STET_SPAN_NONE;
    f->codec->ops->took(f->codec, tail - 10);
    assert_false(f->codec->ops->wants_take(f->codec));
    assert_int_equal(waits(f), CODEC_IDLE);
}

/* ---- priorities [RFC 9218] ---- */

/* The streams in the order of their last frames. */
static void ends(struct fixture *f, char *order)
{
    for (const char *at = f->said; (at = strstr(at, "data ")); at++) {
        const char *line = strchr(at, '\n');
        if (line[-1] == 'd')
            *order++ = at[5];
    }
    *order = '\0';
}

static void test_urgency(void **state)
{
    struct fixture *f = *state;
    char order[16];
    f->full = true;
    ask(f, 1, END, GET("/20000") "priority=u=5\n");
    ask(f, 3, END, GET("/20000"));
    ask(f, 5, END, GET("/20000") "priority=u=1\n");
    f->full = false;
    flush(f);
    ends(f, order);
    assert_string_equal(order, "531");
}

static void test_incremental(void **state)
{
    struct fixture *f = *state;
    char order[16];
    f->full = true;
    ask(f, 1, END, GET("/30000") "priority=i\n");
    ask(f, 3, END, GET("/10000") "priority=i\n");
    ask(f, 5, END, GET("/100") "priority=i\n");
    f->full = false;
    flush(f);
    ends(f, order);
    assert_string_equal(order, "351");
}

static void test_priority_update(void **state)
{
    struct fixture *f = *state;
    char order[16];
    f->full = true;
    ask(f, 1, END, GET("/20000"));
    ask(f, 3, END, GET("/20000"));
    frame(f, 0x10, 0, 0, "\0\0\0\3u=0", 7);
    f->full = false;
    flush(f);
    ends(f, order);
    assert_string_equal(order, "31");
}

static void test_priority_of_the_origin(void **state)
{
    struct fixture *f = *state;
    char order[16];
    f->full = true;
    ask(f, 1, END, GET("/20000"));
    f->block = STET_SPAN("Priority: u=1\r\n");
    ask(f, 3, END, GET("/20000"));
    f->full = false;
    flush(f);
    ends(f, order);
    assert_string_equal(order, "31");
}

/* One half of it is stated, the other is the client's [RFC 9218 §8]. */
static void test_priority_is_merged(void **state)
{
    struct fixture *f = *state;
    char order[16];
    f->full = true;
    ask(f, 1, END, GET("/20000"));
    f->block = STET_SPAN("Priority: i\r\n");
    ask(f, 3, END, GET("/20000") "priority=u=5\n");
    f->block = STET_SPAN("Priority: u=1\r\n");
    ask(f, 5, END, GET("/20000") "priority=u=7\n");
    f->full = false;
    flush(f);
    ends(f, order);
    assert_string_equal(order, "513");
}

/* The streams that send while the connection's window opens by `size`. */
static void sends(struct fixture *f, uint32_t size, char *order)
{
    forget(f);
    frame_number(f, NGHTTP2_WINDOW_UPDATE, 0, size);
    for (const char *at = f->said; (at = strstr(at, "data ")); at++)
        *order++ = at[5];
    *order = '\0';
}

/* C-9218-7.1-1 C-9218-10-1: in the middle of the content, there and back. */
static void test_priority_changes(void **state)
{
    struct fixture *f = *state;
    char order[64];
    frame(f, NGHTTP2_SETTINGS, 0, 0, "\0\4\0\x7f\xff\xff", 6);
    ask(f, 1, END, GET("/1000000"));
    ask(f, 3, END, GET("/1000000"));
    sends(f, 40000, order);
    assert_string_equal(order, "111");
    frame(f, 0x10, 0, 0, "\0\0\0\3u=0", 7);
    sends(f, 40000, order);
    assert_string_equal(order, "333");
    frame(f, 0x10, 0, 0, "\0\0\0\3u=4", 7);
    sends(f, 40000, order);
    assert_string_equal(order, "111");
    frame(f, 0x10, 0, 0, "\0\0\0\3u=3,i", 9);
    frame(f, 0x10, 0, 0, "\0\0\0\1i", 5);
    sends(f, 60000, order);
    assert_non_null(strstr(order, "13"));
    assert_non_null(strstr(order, "31"));
}

/* ... also where the origin has its say. */
static void test_priority_changes_what_is_stated(void **state)
{
    struct fixture *f = *state;
    char order[64];
    frame(f, NGHTTP2_SETTINGS, 0, 0, "\0\4\0\x7f\xff\xff", 6);
    f->block = STET_SPAN("Priority: i=?0\r\n");
    ask(f, 1, END, GET("/1000000"));
    ask(f, 3, END, GET("/1000000"));
    frame(f, 0x10, 0, 0, "\0\0\0\3u=0,i", 9);
    sends(f, 40000, order);
    assert_string_equal(order, "333");
    f->block = STET_SPAN("Priority: u=2\r\n");
    ask(f, 5, END, GET("/1000000"));
    frame(f, 0x10, 0, 0, "\0\0\0\3u=7", 7);
    sends(f, 40000, order);
    assert_string_equal(order, "555"); /* the client would have it behind the first */
}

/* A frame that comes before its request counts more than the request's own field. */
static void test_priority_update_comes_first(void **state)
{
    struct fixture *f = *state;
    char order[16];
    f->full = true;
    frame(f, 0x10, 0, 0, "\0\0\0\3u=1", 7);
    ask(f, 1, END, GET("/20000"));
    f->block = STET_SPAN("Priority: i=?0\r\n");
    ask(f, 3, END, GET("/20000"));
    f->full = false;
    flush(f);
    ends(f, order);
    assert_string_equal(order, "31");
}

/* ---- ends ---- */

static void test_reset_by_client(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, END, GET("/later"));
    frame_number(f, NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
    expect_heard(f, "request /later\ndone unanswered\n");
    assert_int_equal(waits(f), CODEC_IDLE);
}

static void test_drain(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, END, GET("/later"));
    f->codec->ops->drain(f->codec);
    flush(f);
    expect_said(f, "goaway 0 last 2147483647 code 0\nping 0\n");
    ask(f, 3, END, GET("/5")); /* was on its way */
    frame(f, NGHTTP2_PING, 1, 0, "\0\0\0\0\0\0\0", 8);
    ask(f, 5, END, GET("/5")); /* is too late */
    expect_said(f, "goaway 0 last 2147483647 code 0\nping 0\n" HELLO(3) "goaway 0 last 3 code 0\n");
    assert_int_equal(waits(f), CODEC_ANSWER);
    answer(f, f->streams[0], 5);
    flush(f);
    assert_non_null(strstr(f->said, HELLO(1)));
    assert_int_equal(waits(f), CODEC_OVER);
}

static void test_drain_idle(void **state)
{
    struct fixture *f = *state;
    f->codec->ops->drain(f->codec);
    flush(f);
    assert_int_equal(waits(f), CODEC_HEAD);
    f->codec->ops->expired(f->codec, &f->out); /* a client that answers no PING */
    flush(f);
    expect_said(f, "goaway 0 last 2147483647 code 0\nping 0\ngoaway 0 last 0 code 0\n");
    assert_int_equal(waits(f), CODEC_OVER);
}

static void test_ended(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, POST("/later"));
    ask(f, 3, END, GET("/later"));
    f->codec->ops->ended(f->codec);
    flush(f);
    expect_said(f, "rst 1 8\ngoaway 0 last 3 code 0\n");
    expect_heard(f, "request+ /later\nrequest /later\ndone unanswered\n");
    answer(f, f->streams[1], 5);
    flush(f);
    assert_non_null(strstr(f->said, HELLO(3)));
    assert_int_equal(waits(f), CODEC_OVER);
}

static void test_client_goes_away(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, END, GET("/later"));
    frame(f, NGHTTP2_GOAWAY, 0, 0, "\0\0\0\0\0\0\0", 8);
    assert_int_equal(waits(f), CODEC_ANSWER);
    answer(f, f->streams[0], 5);
    flush(f);
    assert_int_equal(waits(f), CODEC_OVER);
}

static void test_answer_that_closes(void **state)
{
    struct fixture *f = *state;
    f->closes = true;
    ask(f, 1, END, GET("/5"));
    assert_non_null(strstr(f->said, "goaway 0 last 1 code 0\n"));
    assert_non_null(strstr(f->said, "data 1 5 end\n"));
    assert_int_equal(waits(f), CODEC_OVER);
}

static void test_slow_content(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, POST("/later"));
    ask(f, 3, END, GET("/later"));
    assert_int_equal(waits(f), CODEC_CONTENT);
    pass(f, 30);
    expect_heard(f, "request+ /later\nrequest /later\nrefused 408 \ndone unanswered\n");
    assert_non_null(strstr(f->said, "headers 1 :status=408 "));
    assert_non_null(strstr(f->said, "rst 1 0\n"));
    assert_int_equal(waits(f), CODEC_ANSWER);
}

static void test_slow_head(void **state)
{
    struct fixture *f = *state;
    input(f, "\0\0\x10\1\4\0\0\0\1\x82", 10);
    assert_int_equal(waits(f), CODEC_HEAD);
    f->codec->ops->expired(f->codec, &f->out);
    flush(f);
    expect_said(f, "goaway 0 last 1 code 11\n");
    assert_int_equal(waits(f), CODEC_OVER);
}

static void test_fini_with_streams(void **state)
{
    struct fixture *f = *state;
    f->body.waits = true;
    ask(f, 1, END, GET("/stream"));
    ask(f, 3, END, GET("/later"));
    answer(f, f->asked, 5); /* not sent yet */
    fixture_close(f);
    assert_non_null(strstr(f->heard, "done 200 7 cut\n"));
    assert_non_null(strstr(f->heard, "done 200 0 cut\n"));
    assert_int_equal(f->body.freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bare, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_head_in_continuations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_later, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interim, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trailers_go, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_windows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_answers_beside_a_stalled_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stalled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_urgency, setup, teardown),
        cmocka_unit_test_setup_teardown(test_incremental, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priority_update, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priority_of_the_origin, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priority_is_merged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priority_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priority_changes_what_is_stated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priority_update_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset_by_client, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drain_idle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_client_goes_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answer_that_closes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_content, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_head, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fini_with_streams, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
