/* Table tests of judging HTTP/1 heads: Host, target, framing, expectation, persistence. */
#include "wire/h1_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const struct limits limits = {
    .head_size = 65536, .target_size = 16384, .method_size = 32, .field_count = 128};

static struct h1_head head;

static void span_text(char *to, size_t room, const char *label, struct stet_span span)
{
    size_t at = strlen(to);
    if (span.at)
        snprintf(to + at, room - at, " %s=%.*s", label, (int)span.len, span.at);
}

/* The judgement as text: framing, then what the client wants, then the target URI. */
static void judgement_text(const struct h1_framing *framing, char *to, size_t room)
{
    static const char *const contents[] = {"none", "length", "chunked"};
    snprintf(to, room, "%s:%llu%s%s%s", contents[framing->content],
             (unsigned long long)framing->length, framing->persistent ? " persistent" : " close",
             framing->keep_alive ? " keep-alive" : "", framing->expects_continue ? " expects" : "");
    span_text(to, room, "s", head.request.scheme);
    span_text(to, room, "a", head.request.authority);
    span_text(to, room, "p", head.request.path);
    span_text(to, room, "q", head.request.query);
}

struct check_row {
    const char *id;
    const char *name;
    const char *octets; /* without the empty line */
    const char *want;   /* a refusal, or the judgement */
};

#define GET "GET / HTTP/1.1\r\nHost: h\r\n"
#define OLD "GET / HTTP/1.0\r\n"
#define URI " s=http a=h p=/"
#define LENGTH "Content-Length: "
#define CODING "Transfer-Encoding: "

static const struct check_row check_rows[] = {
    /* Host */
    {"C-9112-3.2-3", "one Host", GET, "none:0 persistent" URI},
    {"C-9112-3.2-3", "no Host", "GET / HTTP/1.1\r\n", "400"},
    {"C-9112-3.2-3", "no Host, 1.2", "GET / HTTP/1.2\r\n", "400"},
    {"C-9112-3.2-3", "no Host, 1.0", OLD, "none:0 close s=http p=/"},
    {"C-9112-3.2-3", "two Hosts", GET "Host: h\r\n", "400"},
    {"C-9112-3.2-3", "two Hosts, 1.0", OLD "Host: h\r\nHost: i\r\n", "400"},
    {"C-9112-3.2-3", "empty Host", "GET / HTTP/1.1\r\nHost:\r\n",
     "none:0 persistent s=http a= p=/"},
    {"C-9112-3.2-3", "Host with a port", "GET / HTTP/1.1\r\nHost: h:80\r\n",
     "none:0 persistent s=http a=h:80 p=/"},
    {"C-9112-3.2-3", "Host with IPv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n",
     "none:0 persistent s=http a=[::1]:80 p=/"},
    {"C-9112-3.2-3", "Host with a space", "GET / HTTP/1.1\r\nHost: h i\r\n", "400"},
    {"C-9112-3.2-3", "Host with a path", "GET / HTTP/1.1\r\nHost: h/i\r\n", "400"},
    {"C-9112-3.2-3", "Host with userinfo", "GET / HTTP/1.1\r\nHost: u@h\r\n", "400"},
    {"C-9112-3.2-3", "Host with a bad port", "GET / HTTP/1.1\r\nHost: h:x\r\n", "400"},
    {"C-9112-3.2-3", "Host with a scheme", "GET / HTTP/1.1\r\nHost: http://h\r\n", "400"},
    {"C-9112-3.2-3", "Host with obs-text", "GET / HTTP/1.1\r\nHost: h\xff\r\n", "400"},
    /* target */
    {"C-9112-3.3-1", "origin form", "GET /a/b?c=d HTTP/1.1\r\nHost: h\r\n",
     "none:0 persistent s=http a=h p=/a/b q=c=d"},
    {"C-9112-3.3-1", "empty query", "GET /? HTTP/1.1\r\nHost: h\r\n",
     "none:0 persistent s=http a=h p=/ q="},
    {"C-9112-3.2.2-1", "absolute form outranks Host", "GET http://i:1/a HTTP/1.1\r\nHost: h\r\n",
     "none:0 persistent s=http a=i:1 p=/a"},
    {"C-9112-3.2.2-1", "absolute form needs Host", "GET http://i/a HTTP/1.1\r\n", "400"},
    {"C-9112-3.2.2-1", "absolute form, bad Host", "GET http://i/ HTTP/1.1\r\nHost: h i\r\n", "400"},
    {"C-9112-3.2.2-1", "absolute form without path", "GET http://i HTTP/1.1\r\nHost: i\r\n",
     "none:0 persistent s=http a=i p=/"},
    {"C-9112-3.2.2-1", "OPTIONS of a server", "OPTIONS http://i HTTP/1.1\r\nHost: i\r\n",
     "none:0 persistent s=http a=i p=*"},
    {"C-9110-7.4-1", "another scheme than ours", "GET https://h/ HTTP/1.1\r\nHost: h\r\n", "421"},
    {"C-9110-7.4-1", "our scheme in capitals", "GET HTTP://h/ HTTP/1.1\r\nHost: h\r\n",
     "none:0 persistent s=HTTP a=h p=/"},
    {"C-9110-4.2.1-1", "empty host", "GET http:///x HTTP/1.1\r\nHost: h\r\n", "400"},
    {"C-9110-4.2.4-1", "userinfo", "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n", "400"},
    {"C-9112-3.2-1", "another scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n", "400"},
    {"C-9112-3.2-1", "no slash", "GET a HTTP/1.1\r\nHost: h\r\n", "400"},
    {"C-9112-3.2-1", "fragment", "GET /#a HTTP/1.1\r\nHost: h\r\n", "400"},
    {"C-9112-3.2-1", "broken escape", "GET /%zz HTTP/1.1\r\nHost: h\r\n", "400"},
    {"C-9110-7.2-1", "asterisk for OPTIONS", "OPTIONS * HTTP/1.1\r\nHost: h\r\n",
     "none:0 persistent s=http a=h p=*"},
    {"C-9110-7.2-1", "asterisk for GET", "GET * HTTP/1.1\r\nHost: h\r\n", "400"},
    {"C-9110-7.2-1", "authority form for GET", "GET h:80 HTTP/1.1\r\nHost: h\r\n", "400"},
    {"C-9110-7.2-1", "origin form for CONNECT", "CONNECT / HTTP/1.1\r\nHost: h\r\n", "400"},
    {"C-9112-3.2.2-1", "authority form", "CONNECT i:443 HTTP/1.1\r\nHost: h\r\n",
     "none:0 persistent s=http a=i:443"},
    {"C-9112-6.3-1", "CONNECT has no content",
     "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n" LENGTH "0\r\n", "none:0 persistent s=http a=h:443"},
    {"C-9112-6.3-1", "CONNECT with a length",
     "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n" LENGTH "1\r\n", "400"},
    {"C-9112-6.3-1", "CONNECT in chunks",
     "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n" CODING "chunked\r\n", "400"},
    /* transfer codings */
    {"C-9112-6.1-1", "chunked", GET CODING "chunked\r\n", "chunked:0 persistent" URI},
    {"C-9112-6.1-1", "any case", GET CODING "ChunKED\r\n", "chunked:0 persistent" URI},
    {"C-9112-6.1-1", "white space around", GET CODING "\t chunked \t\r\n",
     "chunked:0 persistent" URI},
    {"C-9112-6.1-1", "twice", GET CODING "chunked, chunked\r\n", "400"},
    {"C-9112-6.1-1", "two lines", GET CODING "chunked\r\n" CODING "chunked\r\n", "400"},
    {"C-9112-6.1-3", "behind another", GET CODING "gzip, chunked\r\n", "501"},
    {"C-9112-6.1-3", "behind another, two lines", GET CODING "gzip\r\n" CODING "chunked\r\n",
     "501"},
    {"C-9112-6.1-3", "behind identity", GET CODING "identity, chunked\r\n", "501"},
    {"C-9112-6.1-3", "behind one with parameters", GET CODING "gzip ; a=b, chunked\r\n", "501"},
    {"C-9112-6.3-4", "before another", GET CODING "chunked, gzip\r\n", "400"},
    {"C-9112-6.3-4", "before identity", GET CODING "chunked, identity\r\n", "400"},
    {"C-9112-6.3-4", "before another, two lines", GET CODING "chunked\r\n" CODING "x\r\n", "400"},
    {"C-9112-6.3-4", "around another", GET CODING "chunked, gzip, chunked\r\n", "400"},
    {"C-9112-6.3-4", "identity", GET CODING "identity\r\n", "400"},
    {"C-9112-6.3-4", "xchunked", GET CODING "xchunked\r\n", "400"},
    {"C-9112-6.3-4", "chunkedx", GET CODING "chunkedx\r\n", "400"},
    {"C-9112-6.3-4", "with a parameter", GET CODING "chunked;a=b\r\n", "400"},
    {"C-9112-6.3-4", "with a parameter, behind another", GET CODING "gzip, chunked;q=1\r\n", "400"},
    {"C-9112-6.3-4", "quoted", GET CODING "\"chunked\"\r\n", "400"},
    {"C-9112-6.3-4", "single quotes", GET CODING "'chunked'\r\n", "400"},
    {"C-9112-6.3-4", "empty", GET CODING "\r\n", "400"},
    {"C-9112-6.3-4", "empty member before", GET CODING ", chunked\r\n", "400"},
    {"C-9112-6.3-4", "empty member behind", GET CODING "chunked,\r\n", "400"},
    {"C-9112-6.3-4", "empty line beside", GET CODING "\r\n" CODING "chunked\r\n", "400"},
    {"C-9112-6.3-4", "no-break space",
     GET CODING "\xa0"
                "chunked\r\n",
     "400"},
    {"C-9112-6.3-4", "two words", GET CODING "chunked chunked\r\n", "400"},
    {"C-9112-6.1-4", "and a length", GET CODING "chunked\r\n" LENGTH "5\r\n", "400"},
    {"C-9112-6.1-4", "and a length before", GET LENGTH "5\r\n" CODING "chunked\r\n", "400"},
    {"C-9112-6.1-4", "unknown and a length", GET LENGTH "5\r\n" CODING "x\r\n", "400"},
    {"C-9112-6.1-5", "HTTP/1.0", OLD CODING "chunked\r\n", "400"},
    /* lengths */
    {"C-9112-6.3-5", "a length", GET LENGTH "42\r\n", "length:42 persistent" URI},
    {"C-9112-6.3-5", "zero", GET LENGTH "0\r\n", "none:0 persistent" URI},
    {"C-9112-6.3-5", "leading zeros", GET LENGTH "0042\r\n", "length:42 persistent" URI},
    {"C-9112-6.3-5", "HTTP/1.0", OLD LENGTH "42\r\n", "length:42 close s=http p=/"},
    {"C-9110-8.6-5", "equal members", GET LENGTH "42, 42\r\n", "length:42 persistent" URI},
    {"C-9110-8.6-5", "equal lines", GET LENGTH "42\r\n" LENGTH "42\r\n",
     "length:42 persistent" URI},
    {"C-9110-8.6-5", "different members", GET LENGTH "42, 43\r\n", "400"},
    {"C-9110-8.6-5", "different lines", GET LENGTH "42\r\n" LENGTH "43\r\n", "400"},
    {"C-9110-8.6-5", "zero and another", GET LENGTH "0\r\n" LENGTH "43\r\n", "400"},
    {"C-9110-8.6-5", "equal, then different", GET LENGTH "42,42\r\n" LENGTH "42,1\r\n", "400"},
    {"C-9110-8.6-5", "sign", GET LENGTH "+42\r\n", "400"},
    {"C-9110-8.6-5", "negative", GET LENGTH "-1\r\n", "400"},
    {"C-9112-6.3-5", "empty", GET LENGTH "\r\n", "400"},
    {"C-9112-6.3-5", "empty member", GET LENGTH "42,\r\n", "400"},
    {"C-9112-6.3-5", "empty member before", GET LENGTH ",42\r\n", "400"},
    {"C-9112-6.3-5", "hexadecimal", GET LENGTH "0x1\r\n", "400"},
    {"C-9112-6.3-5", "two numbers", GET LENGTH "4 2\r\n", "400"},
    {"C-9112-6.3-5", "decimals", GET LENGTH "4.0\r\n", "400"},
    {"C-9112-6.3-5", "underscore", GET LENGTH "4_2\r\n", "400"},
    {"C-9112-6.3-5", "quoted", GET LENGTH "\"42\"\r\n", "400"},
    {"C-9112-6.3-5", "word", GET LENGTH "many\r\n", "400"},
    {"C-9110-8.6-4", "2^63 - 1", GET LENGTH "9223372036854775807\r\n",
     "length:9223372036854775807 persistent" URI},
    {"C-9110-8.6-4", "2^63", GET LENGTH "9223372036854775808\r\n", "413"},
    {"C-9110-8.6-4", "2^64", GET LENGTH "18446744073709551616\r\n", "413"},
    {"C-9110-8.6-4", "2^64 + 5", GET LENGTH "18446744073709551621\r\n", "413"},
    {"C-9110-8.6-4", "40 digits", GET LENGTH "1000000000000000000000000000000000000000\r\n", "413"},
    {"C-9112-6.3-7", "nothing", GET, "none:0 persistent" URI},
    /* persistence */
    {"C-9112-9.3-1", "close", GET "Connection: close\r\n", "none:0 close" URI},
    {"C-9112-9.3-1", "close in any case", GET "Connection: CLOSE\r\n", "none:0 close" URI},
    {"C-9112-9.3-1", "close among others", GET "Connection: x, close ,y\r\n", "none:0 close" URI},
    {"C-9112-9.3-1", "close on a second line", GET "Connection: x\r\nConnection: close\r\n",
     "none:0 close" URI},
    {"C-9112-9.3-1", "close outranks keep-alive", GET "Connection: keep-alive, close\r\n",
     "none:0 close" URI},
    {"C-9112-9.3-1", "keep-alive in 1.1", GET "Connection: keep-alive\r\n",
     "none:0 persistent" URI},
    {"C-9112-9.3-1", "1.0", OLD, "none:0 close s=http p=/"},
    {"C-9112-9.3-1", "1.0 keep-alive", OLD "Connection: Keep-Alive\r\n",
     "none:0 persistent keep-alive s=http p=/"},
    {"C-9112-9.3-1", "1.0 keep-alive and close", OLD "Connection: keep-alive, close\r\n",
     "none:0 close s=http p=/"},
    {"C-9112-9.3-1", "Proxy-Connection is nothing", OLD "Proxy-Connection: keep-alive\r\n",
     "none:0 close s=http p=/"},
    {"C-9112-9.3-1", "words with close in them", GET "Connection: closed, enclose\r\n",
     "none:0 persistent" URI},
    /* expectations */
    {"C-9110-10.1.1-1", "100-continue", GET LENGTH "5\r\nExpect: 100-continue\r\n",
     "length:5 persistent expects" URI},
    {"C-9110-10.1.1-1", "any case, chunked", GET CODING "chunked\r\nExpect: 100-Continue\r\n",
     "chunked:0 persistent expects" URI},
    {"C-9110-10.1.1-1", "without content", GET "Expect: 100-continue\r\n", "none:0 persistent" URI},
    {"C-9110-10.1.1-1", "with empty content", GET LENGTH "0\r\nExpect: 100-continue\r\n",
     "none:0 persistent" URI},
    {"C-9110-10.1.1-1", "ignored in 1.0", OLD LENGTH "5\r\nExpect: 100-continue\r\n",
     "length:5 close s=http p=/"},
    {"C-9110-10.1.1-1", "another", GET "Expect: 101-continue\r\n", "417"},
    {"C-9110-10.1.1-1", "another beside", GET LENGTH "5\r\nExpect: 100-continue, x\r\n", "417"},
    {"C-9110-10.1.1-1", "with an argument", GET LENGTH "5\r\nExpect: 100-continue=1\r\n", "417"},
};

static void test_check(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof check_rows / sizeof *check_rows; i++) {
        const struct check_row *row = &check_rows[i];
        char octets[512], got[512];
        int size = snprintf(octets, sizeof octets, "%s\r\n", row->octets);
        assert_int_equal(h1_request_read(octets, (size_t)size, &limits, &head), size);
        struct h1_framing framing;
        int verdict = h1_request_check(&head, STET_SPAN("http"), &framing);
        if (verdict < 0)
            snprintf(got, sizeof got, "%d", -verdict);
        else
            judgement_text(&framing, got, sizeof got);
        if (strcmp(got, row->want) != 0) {
            print_error("%s %s: %s, not %s\n", row->id, row->name, got, row->want);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
