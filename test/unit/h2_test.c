/* Requests over HTTP/2: what of them the service is told, and how heads are judged. */
#include "h2_fixture.h"

static void test_get(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, END, GET("/5"));
    expect_said(f, HELLO(1));
    expect_heard(f, "request /5\ndone 200 5 complete\n");
    assert_int_equal(waits(f), CODEC_IDLE);
    assert_int_equal(f->codec->begun, 1);
}

static void test_greeting(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    fixture_open(f);
    assert_int_equal(waits(f), CODEC_HEAD);
    f->slowly = true;
    greet(f);
    assert_string_equal(f->said, "settings 0\nwindow 0 983041\nsettings 0 ack\n");
    assert_int_equal(waits(f), CODEC_IDLE);
}

static void test_fields(void **state)
{
    struct fixture *f = *state;
    f->fields = true;
    ask(f, 1, END,
        ":method=GET\n:scheme=http\n:path=/5?q=1\n:authority=Example:8080\naccept=*/*\n"
        "cookie=a=1\nx-b=\ncookie=b=2\ncookie=\n");
    expect_heard(f, "request /5?q=1\nmethod GET\nauthority Example:8080\npath /5\n"
                    "  Host: Example:8080\n  accept: */*\n  cookie: a=1; b=2; \n  x-b: \n"
                    "done 200 5 complete\n");
}

static void test_host_alone(void **state)
{
    struct fixture *f = *state;
    f->fields = true;
    ask(f, 1, END, ":method=GET\n:scheme=http\n:path=/5\nhost=b\n");
    expect_heard(f, "request /5\nmethod GET\nauthority b\npath /5\n  host: b\n"
                    "done 200 5 complete\n");
    forget(f);
    ask(f, 3, END, GET("/5") "host=A\n");
    expect_heard(f, "request /5\nmethod GET\nauthority a\npath /5\n  host: A\n"
                    "done 200 5 complete\n");
}

static void test_content_comes(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, POST("/later"));
    assert_int_equal(waits(f), CODEC_CONTENT);
    data(f, 1, 0, "abc");
    data(f, 1, 0, "de");
    data(f, 1, END, "");
    assert_int_equal(waits(f), CODEC_ANSWER);
    expect_heard(f, "request+ /later\ncontent abc\ncontent de\nend\n");
    answer(f, f->streams[0], 5);
    flush(f);
    expect_said(f, HELLO(1));
}

static void test_padding(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, POST("/later"));
    frame(f, NGHTTP2_DATA, END | NGHTTP2_FLAG_PADDED, 1, "\002abc\0\0", 6);
    expect_heard(f, "request+ /later\ncontent abc\nend\n");
}

static void test_trailers_come(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, POST("/later"));
    data(f, 1, 0, "abc");
    ask(f, 1, END, "x-sum=1\n");
    expect_heard(f, "request+ /later\ncontent abc\nend with trailers\n");
}

static void test_trailers_too_large(void **state)
{
    struct fixture *f = *state;
    f->limits.trailer_size = 64;
    again(f);
    ask(f, 1, 0, POST("/later"));
    ask(f, 1, END, "x-sum=0123456789012345678901234567890123456789012345678901234567890123\n");
    expect_heard(f, "request+ /later\nrefused 431 \ndone unanswered\n");
    assert_non_null(strstr(f->said, "headers 1 :status=431 "));
}

static void test_streams_at_once(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, END, GET("/later"));
    ask(f, 3, 0, POST("/later2"));
    ask(f, 5, END, GET("/5"));
    data(f, 3, END, "abc");
    answer(f, f->streams[1], 5);
    flush(f);
    answer(f, f->streams[0], 5);
    flush(f);
    expect_heard(f, "request /later\nrequest+ /later2\nrequest /5\ndone 200 5 complete\n"
                    "content abc\nend\ndone 200 5 complete\ndone 200 5 complete\n");
    expect_said(f, HELLO(5) HELLO(3) HELLO(1));
}

/* ---- what the service takes ---- */

static void test_paused(void **state)
{
    struct fixture *f = *state;
    char many[60001];
    memset(many, 'y', 60000);
    many[60000] = '\0';
    f->limits.h2_stream_window = 65535;
    again(f);
    f->stops = true;
    ask(f, 1, 0, POST("/later"));
    data(f, 1, 0, "abc");
    assert_int_equal(waits(f), CODEC_ANSWER);
    for (size_t i = 0; i < 60000; i += 12000)
        frame(f, NGHTTP2_DATA, 0, 1, many + i, 12000);
    data(f, 1, END, "x");
    expect_heard(f, "request+ /later\ncontent abc\n");
    expect_said(f, ""); /* no window opens for what nobody has taken */
    f->stops = false;
    stream_resume(f->streams[0]);
    flush(f);
    expect_heard(f, "request+ /later\ncontent abc\nend\n");
    assert_int_equal(f->content_size, 60001);
    assert_int_equal(waits(f), CODEC_ANSWER);
}

static void test_window_opens(void **state)
{
    struct fixture *f = *state;
    char many[16384];
    memset(many, 'y', sizeof many);
    ask(f, 1, 0, POST("/later"));
    for (size_t i = 0; i < 4; i++)
        frame(f, NGHTTP2_DATA, 0, 1, many, sizeof many);
    expect_said(f, "window 1 32768\nwindow 1 32768\n");
    assert_int_equal(f->content_size, 65536);
}

static void test_one_that_stops(void **state)
{
    struct fixture *f = *state;
    f->stops = true;
    ask(f, 1, 0, POST("/later"));
    data(f, 1, 0, "abc");
    data(f, 1, 0, "held");
    f->stops = false;
    ask(f, 3, 0, POST("/later"));
    data(f, 3, END, "def"); /* others go on */
    expect_heard(f, "request+ /later\ncontent abc\nrequest+ /later\ncontent def\nend\n");
    frame_number(f, NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
    assert_non_null(strstr(f->heard, "done unanswered\n"));
}

static void test_hold(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, POST("/hold") "expect=100-continue\n");
    expect_said(f, "");
    assert_int_equal(waits(f), CODEC_ANSWER);
    stream_resume(f->streams[0]);
    flush(f);
    expect_said(f, "headers 1 :status=100\n");
    data(f, 1, END, "abc");
    expect_heard(f, "request+ /hold\ncontent abc\nend\n");
}

static void test_continue(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, POST("/later") "expect=100-Continue\n");
    expect_said(f, "headers 1 :status=100\n");
    ask(f, 3, END, GET("/later") "expect=100-continue\n"); /* no content: no reason to ask */
    ask(f, 5, 0, POST("/5") "expect=100-continue\n");
    expect_said(f, "headers 1 :status=100\n" HELLO(5) "rst 5 0\n");
}

static void test_early_answer(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, POST("/5"));
    expect_said(f, HELLO(1));
    assert_int_equal(waits(f), CODEC_CONTENT);
    data(f, 1, END, "abc");
    expect_heard(f, "request+ /5\ndone 200 5 complete\n");
    assert_int_equal(waits(f), CODEC_IDLE);
    ask(f, 3, END, GET("/5"));
    assert_non_null(strstr(f->said, HELLO(3)));
}

/* Some of what nobody wants is read, not all of it [RFC 9113 §8.1]. */
static void test_content_is_drained(void **state)
{
    struct fixture *f = *state;
    f->limits.h2_drain_size = 4;
    again(f);
    ask(f, 1, 0, POST("/5"));
    data(f, 1, 0, "abcd");
    expect_said(f, HELLO(1));
    data(f, 1, 0, "e");
    expect_said(f, HELLO(1) "rst 1 0\n");
    ask(f, 3, 0, POST("/5"));
    forget(f);
    pass(f, 30); /* nor for ever */
    expect_said(f, "rst 3 0\n");
    expect_heard(f, "");
}

static void test_duplex(void **state)
{
    struct fixture *f = *state;
    f->duplex = f->body.waits = true;
    ask(f, 1, 0, POST("/stream"));
    data(f, 1, END, "abc");
    expect_heard(f, "request+ /stream\ncontent abc\nend\n");
    assert_int_equal(waits(f), CODEC_ANSWER); /* for the rest of the body */
    forget(f);
    f->body.waits = false;
    stream_wake(f->asked);
    flush(f);
    expect_said(f, "data 1 0 end\n");
    expect_heard(f, "done 200 7 complete\n");
}

/* ---- CONNECT ---- */

static void test_connect(void **state)
{
    struct fixture *f = *state;
    f->fields = true;
    ask(f, 1, 0, ":method=CONNECT\n:authority=b:443\n");
    data(f, 1, 0, "early");
    expect_heard(f, "request b:443\nmethod CONNECT\nauthority b:443\npath \n  Host: b:443\n");
    f->body.waits = true;
    answer_stream(f, f->streams[0], "abc", 200, REPLY_NO_CONTENT, 0);
    flush(f);
    expect_said(f, "headers 1 :status=200 " SAID_DATE " x-a=1\ndata 1 3\n");
    assert_int_equal(waits(f), CODEC_TUNNEL);
    forget(f);
    data(f, 1, END, "more");
    expect_heard(f, "content more\nend\n");
    f->body.waits = false;
    stream_wake(f->streams[0]);
    flush(f);
    expect_said(f, "data 1 0 end\n");
    expect_heard(f, "content more\nend\ndone 200 3 complete\n");
}

static void test_connect_held(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, ":method=CONNECT\n:authority=b:443\n");
    data(f, 1, END, "early");
    f->body.waits = true;
    answer_stream(f, f->streams[0], "", 200, REPLY_NO_CONTENT, 0);
    flush(f);
    expect_heard(f, "request b:443\ncontent early\nend\n");
}

static void test_connect_refused(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, ":method=CONNECT\n:authority=b:443\n");
    data(f, 1, 0, "early");
    f->block = STET_SPAN_NONE;
    struct reply reply = {.status = 403, .content = REPLY_LENGTH};
    stream_reply(f->streams[0], &reply);
    flush(f);
    expect_said(f, "headers 1 :status=403 " SAID_DATE " content-length=0 end\nrst 1 0\n");
    expect_heard(f, "request b:443\ndone 403 0 complete\n");
}

#define WEBSOCKET(path) ":method=CONNECT\n:protocol=websocket\n" BASE ":path=" path "\n"

static void test_websocket(void **state)
{
    struct fixture *f = *state;
    f->fields = true;
    ask(f, 1, 0, WEBSOCKET("/chat") "sec-websocket-version=13\n");
    const char *key = strstr(f->heard, "  Sec-WebSocket-Key: ");
    assert_non_null(key);
    assert_int_equal(strlen(key), 21 + 24 + 1);
    assert_non_null(strstr(f->heard, "request /chat\nmethod GET\nauthority a\npath /chat\n"
                                     "  Host: a\n  sec-websocket-version: 13\n"
                                     "  Connection: Upgrade\n  Upgrade: websocket\n"));
    data(f, 1, 0, "early");
    f->body.waits = true;
    f->block = STET_SPAN("Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\nX-B: 2\r\n");
    answer_stream(f, f->streams[0], "abc", 101, REPLY_NO_CONTENT, 0);
    flush(f);
    expect_said(f, "headers 1 :status=200 " SAID_DATE " x-b=2\ndata 1 3\n");
    assert_non_null(strstr(f->heard, "content early\n"));
}

static void test_websocket_window(void **state)
{
    struct fixture *f = *state;
    char many[16384];
    memset(many, 'y', sizeof many);
    ask(f, 1, 0, WEBSOCKET("/chat"));
    f->body.waits = true;
    answer_stream(f, f->streams[0], "", 101, REPLY_NO_CONTENT, 0);
    flush(f);
    forget(f);
    for (size_t i = 0; i < 4; i++)
        frame(f, NGHTTP2_DATA, 0, 1, many, sizeof many);
    expect_said(f, "window 1 32768\nwindow 1 32768\n");
}

static void test_websocket_refused(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, WEBSOCKET("/5"));
    expect_said(f, "headers 1 :status=501 " SAID_DATE " x-a=1 end\nrst 1 0\n");
    ask(f, 3, 0, WEBSOCKET("/304"));
    assert_non_null(strstr(f->said, "headers 3 :status=304 "));
}

/* ---- heads that are refused ---- */

struct head_row {
    const char *id, *name, *lines, *said;
};

#define REFUSED(status, length)                                         \
    "headers 1 :status=" status " " SAID_DATE " content-length=" length \
    " content-type=text/plain cache-control=no-store\ndata 1 " length " end\n"
#define MALFORMED "rst 1 1\n"
#define ACCEPTED HELLO(1)
#define LONG16 "0123456789abcdef"
#define LONG64 LONG16 LONG16 LONG16 LONG16
#define LONG256 LONG64 LONG64 LONG64 LONG64
#define LONG1K LONG256 LONG256 LONG256 LONG256

static const struct head_row head_rows[] = {
    {"C-9113-8.3.1-1", "an ordinary one", GET("/5"), ACCEPTED},
    {"C-9113-8.3.1-1", "the order of pseudo-header fields",
     ":path=/5\n:authority=a\n:scheme=http\n:method=GET\n", ACCEPTED},
    {"C-9113-8.3.1-1", "scheme in upper case",
     ":method=GET\n:scheme=HTTP\n:authority=a\n:path=/5\n", ACCEPTED},
    {"C-9113-8.2.2-1", "te: trailers", GET("/5") "te=trailers\n", ACCEPTED},
    {"C-9113-8.3.1-1", "no method", BASE ":path=/5\n", MALFORMED},
    {"C-9113-8.3.1-1", "no scheme", ":method=GET\n:authority=a\n:path=/5\n", MALFORMED},
    {"C-9113-8.3.1-1", "no path", ":method=GET\n" BASE, MALFORMED},
    {"C-9113-8.3.1-1", "an empty path", ":method=GET\n" BASE ":path=\n", MALFORMED},
    {"C-9113-8.3.1-1", "a path without slash", ":method=GET\n" BASE ":path=5\n", MALFORMED},
    {"C-9113-8.3.1-1", "an asterisk for GET", ":method=GET\n" BASE ":path=*\n", MALFORMED},
    {"C-9113-8.3.1-1", "an absolute path", ":method=GET\n" BASE ":path=http://a/5\n", MALFORMED},
    {"C-9113-8.3.1-1", "neither authority nor host", ":method=GET\n:scheme=http\n:path=/5\n",
     MALFORMED},
    {"C-9113-8.3-1", "two methods", ":method=GET\n:method=GET\n" BASE ":path=/5\n", MALFORMED},
    {"C-9113-8.3-1", "two paths", ":method=GET\n" BASE ":path=/5\n:path=/6\n", MALFORMED},
    {"C-9113-8.3-1", "two schemes", ":method=GET\n:scheme=http\n" BASE ":path=/5\n", MALFORMED},
    {"C-9113-8.3-1", "two authorities", ":method=GET\n:authority=a\n" BASE ":path=/5\n", MALFORMED},
    {"C-9113-8.3-1", "an unknown pseudo-header field", GET("/5") ":nonsense=1\n", MALFORMED},
    {"C-9113-8.3-1", "one of responses", GET("/5") ":status=200\n", MALFORMED},
    {"C-9113-8.3-1", "a pseudo-header field behind a field",
     ":method=GET\n:scheme=http\nx-a=1\n:authority=a\n:path=/5\n", MALFORMED},
    {"C-9113-8.3.1-2", "authority and host differ", GET("/5") "host=b\n", MALFORMED},
    {"C-9113-8.3.1-2", "two hosts", GET("/5") "host=a\nhost=a\n", MALFORMED},
    {"C-9113-8.2.1-1", "a name in upper case", GET("/5") "X-A=1\n", MALFORMED},
    {"C-9113-8.2.1-1", "a name with a space", GET("/5") "x a=1\n", MALFORMED},
    {"C-9113-8.2.1-1", "a name with a colon", GET("/5") "x:a=1\n", MALFORMED},
    {"C-9113-8.2.1-1", "a name with CR", GET("/5") "x\ra=1\n", MALFORMED},
    {"C-9113-8.2.1-1", "a value with CR", GET("/5") "x-a=1\rx-b: 2\n", MALFORMED},
    {"C-9113-8.2.1-1", "a value with a control octet", GET("/5") "x-a=1\001\n", MALFORMED},
    {"C-9113-8.2.1-1", "a value with DEL", GET("/5") "x-a=1\177\n", MALFORMED},
    {"C-9113-8.2.1-1", "a value that begins with a space", GET("/5") "x-a= 1\n", MALFORMED},
    {"C-9113-8.2.1-1", "a value that ends with a tab", GET("/5") "x-a=1\t\n", MALFORMED},
    {"C-9113-8.2.2-1", "connection", GET("/5") "connection=close\n", MALFORMED},
    {"C-9113-8.2.2-1", "keep-alive", GET("/5") "keep-alive=5\n", MALFORMED},
    {"C-9113-8.2.2-1", "proxy-connection", GET("/5") "proxy-connection=close\n", MALFORMED},
    {"C-9113-8.2.2-1", "transfer-encoding", GET("/5") "transfer-encoding=chunked\n", MALFORMED},
    {"C-9113-8.2.2-1", "upgrade", GET("/5") "upgrade=websocket\n", MALFORMED},
    {"C-9113-8.2.2-1", "te: gzip", GET("/5") "te=gzip\n", MALFORMED},
    {"C-9113-8.2.2-1", "te: trailers and more", GET("/5") "te=trailers, gzip\n", MALFORMED},
    {"C-9113-8.1.1-1", "a length and no content", GET("/5") "content-length=1\n", MALFORMED},
    {"C-9113-8.1.1-1", "a length that is none", GET("/5") "content-length=+0\n", MALFORMED},
    {"C-9113-8.1.1-1", "a negative length", GET("/5") "content-length=-1\n", MALFORMED},
    {"C-9113-8.1.1-1", "an empty length", GET("/5") "content-length=\n", MALFORMED},
    {"C-9113-8.1.1-1", "two lengths", GET("/5") "content-length=0\ncontent-length=0\n", MALFORMED},
    {"C-9113-8.1.1-1", "a length past 2^63", GET("/5") "content-length=9223372036854775808\n",
     MALFORMED},
    {"C-9113-8.2.1-1", "a path with a space", GET("/5 HTTP/1.1"), MALFORMED},
    {"C-9113-8.2.1-1", "a path with a tab", GET("/5\tx"), MALFORMED},
    {"C-9113-8.2.1-1", "a path with CR", GET("/5\rx"), MALFORMED},
    {"C-9113-8.2.1-1", "a path with an octet that is not ASCII", GET("/5\303\244"), MALFORMED},
    {"C-9113-8.2.1-1", "a method with a space", ":method=GET /\n" BASE ":path=/5\n", MALFORMED},
    {"C-9113-8.2.1-1", "an empty method", ":method=\n" BASE ":path=/5\n", MALFORMED},
    {"C-9113-8.5-1", "CONNECT with a path", ":method=CONNECT\n:authority=a:1\n:path=/5\n",
     MALFORMED},
    {"C-9113-8.5-1", "CONNECT with a scheme", ":method=CONNECT\n:authority=a:1\n:scheme=http\n",
     MALFORMED},
    {"C-9113-8.5-1", "CONNECT without an authority", ":method=CONNECT\n", MALFORMED},
    {"C-9113-8.5-1", "CONNECT without a port", ":method=CONNECT\n:authority=a\n",
     REFUSED("400", "12")},
    {"C-8441-4-1", "GET with a protocol", GET("/5") ":protocol=websocket\n", MALFORMED},
    {"C-8441-4-1", "a protocol and no path", ":method=CONNECT\n:protocol=websocket\n" BASE,
     MALFORMED},
    {"C-9110-7.4-1", "another scheme", ":method=GET\n:scheme=https\n:authority=a\n:path=/5\n",
     REFUSED("421", "20")},
    {"C-9110-7.4-1", "a scheme that is none of ours",
     ":method=GET\n:scheme=ftp\n:authority=a\n:path=/5\n", REFUSED("400", "12")},
    {"C-9110-7.2-1", "an authority with userinfo",
     ":method=GET\n:scheme=http\n:authority=u@a\n:path=/5\n", REFUSED("400", "12")},
    {"C-9110-7.2-1", "a port that is none", ":method=GET\n:scheme=http\n:authority=a:x\n:path=/5\n",
     REFUSED("400", "12")},
    {"C-9112-3.2-1", "a path with a broken escape", GET("/5%zz"), REFUSED("400", "12")},
    {"C-9112-3.2-1", "a path with a fragment", GET("/5#a"), REFUSED("400", "12")},
    {"C-9112-3.2-1", "a path with a quote", GET("/5\"a"), REFUSED("400", "12")},
    {"C-9110-10.1.1-1", "an expectation nobody knows", GET("/5") "expect=cake\n",
     REFUSED("417", "19")},
    {"C-9110-2.3-1", "a target too long", GET("/5" LONG1K LONG1K), REFUSED("414", "13")},
    {"C-9110-5.4-1", "a field too long", GET("/5") "x-a=" LONG1K LONG1K LONG1K "\n",
     REFUSED("431", "32")},
    {"C-9112-3-1", "a method too long", ":method=" LONG64 "\n" BASE ":path=/5\n",
     REFUSED("501", "16")},
    {"C-9110-5.4-1", "too many fields",
     GET("/5") "a=1\na=1\na=1\na=1\na=1\na=1\na=1\na=1\na=1\na=1\na=1\n", REFUSED("431", "32")},
    {"C-9110-5.4-1", "as many fields as may be",
     GET("/5") "a=1\na=1\na=1\na=1\na=1\na=1\na=1\na=1\na=1\na=1\n", ACCEPTED},
};

static void test_heads(void **state)
{
    struct fixture *f = *state;
    f->limits.target_size = 2048;
    f->limits.head_size = 3072;
    f->limits.field_count = 10;
    for (size_t i = 0; i < COUNT(head_rows); i++) {
        const struct head_row *row = &head_rows[i];
        for (int slowly = 0; slowly < 2; slowly++) {
            again(f);
            f->slowly = slowly;
            ask(f, 1, END, row->lines);
            if (strcmp(f->said, row->said) != 0)
                fail_msg("%s (%s): %s wanted %s", row->id, row->name, f->said, row->said);
            check_row(row,
                      (strstr(f->heard, "request ") != NULL) == (strcmp(row->said, ACCEPTED) == 0));
            check_row(row, (strstr(f->heard, "refused ") != NULL) == !!strcmp(row->said, ACCEPTED));
            ask(f, 3, END, GET("/5")); /* the connection goes on */
            check_row(row, strstr(f->said, HELLO(3)) != NULL);
        }
    }
}

static void test_nul(void **state)
{
    struct fixture *f = *state;
    unsigned char block[256];
    size_t size = block_of(f, GET("/5"), block, sizeof block);
    memcpy(block + size, "\0\003x-a\003a\0b", 9);
    frame(f, NGHTTP2_HEADERS, END | HEAD_END, 1, block, size + 9);
    expect_said(f, MALFORMED);
}

static void test_length_and_content(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, POST("/later") "content-length=3\n");
    data(f, 1, END, "ab");
    expect_said(f, "rst 1 1\n");
    ask(f, 3, 0, POST("/later") "content-length=3\n");
    data(f, 3, 0, "abcd");
    expect_said(f, "rst 1 1\nrst 3 1\n");
    ask(f, 5, 0, POST("/later") "content-length=3\n");
    data(f, 5, END, "abc");
    assert_non_null(strstr(f->heard, "content abc\nend\n"));
}

static void test_logged_line(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, END, ":method=HEAD\n" BASE ":path=/5#x\n");
    assert_string_equal(f->heard, "refused 400 HEAD /5#x HTTP/2.0\n");
    expect_said(f, "headers 1 :status=400 " SAID_DATE
                   " content-length=12 content-type=text/plain cache-control=no-store end\n");
}

/* A head in pieces is kept between reads, beside those of other connections. */
static void test_head_in_pieces(void **state)
{
    struct fixture *f = *state;
    unsigned char block[256];
    const size_t size = block_of(f, GET("/5") "x-long=" LONG64 "\n", block, sizeof block);
    struct h2_kit *kit = f->kit;
    struct codec *other = h2_new(&f->owner, kit);
    assert_non_null(other);
    frame(f, NGHTTP2_HEADERS, END, 1, block, 20);
    assert_int_equal(waits(f), CODEC_HEAD);
    other->ops->feed(other, H2_PREFACE, H2_PREFACE_SIZE, &f->out);
    frame(f, NGHTTP2_CONTINUATION, 0, 1, block + 20, 10);
    other->ops->feed(other, "\0\0\0\4\0\0\0\0\0", 9, &f->out);
    frame(f, NGHTTP2_CONTINUATION, HEAD_END, 1, block + 30, size - 30);
    expect_said(f, HELLO(1));
    other->ops->fini(other);
}

static void test_requests_per_connection(void **state)
{
    struct fixture *f = *state;
    f->limits.requests_per_connection = 2;
    again(f);
    ask(f, 1, END, GET("/5"));
    ask(f, 3, END, GET("/5"));
    expect_said(f, HELLO(1) "goaway 0 last 3 code 0\n" HELLO(3));
    assert_int_equal(waits(f), CODEC_OVER);
}

/* ---- memory ---- */

static void tell_all(struct fixture *f)
{
    greet(f);
    ask(f, 1, END, GET("/5"));
    ask(f, 3, 0, POST("/later") "cookie=a\ncookie=b\n");
    data(f, 3, END, "abc");
    ask(f, 5, END, GET("/stream"));
    ask(f, 7, 0, POST("/hold"));
    data(f, 7, 0, "held");
    ask(f, 9, END, GET("/100000"));
    ask(f, 11, END, ":method=GET\n:scheme=http\n:authority=a\n:path=/%zz\n");
    for (size_t i = 0; i < f->count; i++)
        if (f->streams[i])
            answer(f, f->streams[i], 5);
    flush(f);
}

static void test_memory_fails(void **state)
{
    struct fixture *f = *state;
    f->trailers = STET_SPAN("X-T: 1\r\n");
    f->slowly = true;
    for (uint64_t nth = 1;; nth++) {
        fixture_close(f);
        teardown(state);
        f = *state = fixture_new();
        f->trailers = STET_SPAN("X-T: 1\r\n");
        memory_fail_nth(nth);
        fixture_open(f);
        if (f->codec)
            tell_all(f);
        const uint64_t made = memory_count();
        memory_fail_nth(0);
        if (made < nth) {
            assert_non_null(strstr(f->said, HELLO(1)));
            assert_int_equal(waits(f), CODEC_SENDING);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_get, setup, teardown),
        cmocka_unit_test_setup_teardown(test_greeting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_host_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_content_comes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_padding, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trailers_come, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trailers_too_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_streams_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_window_opens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_that_stops, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hold, setup, teardown),
        cmocka_unit_test_setup_teardown(test_continue, setup, teardown),
        cmocka_unit_test_setup_teardown(test_early_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_content_is_drained, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplex, setup, teardown),
        cmocka_unit_test_setup_teardown(test_connect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_connect_held, setup, teardown),
        cmocka_unit_test_setup_teardown(test_connect_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_websocket, setup, teardown),
        cmocka_unit_test_setup_teardown(test_websocket_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_websocket_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_heads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nul, setup, teardown),
        cmocka_unit_test_setup_teardown(test_length_and_content, setup, teardown),
        cmocka_unit_test_setup_teardown(test_logged_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_head_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_requests_per_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_fails, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
