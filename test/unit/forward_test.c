/* Table tests of forwarding: which fields of a request go on, with which of ours, and which
 * requests do not. */
#include <stdlib.h>

#include "base/memory.h"
#include "forward_fixture.h"

struct block_row {
    const char *id;
    const char *name;
    const char *method;
    unsigned flags;
    const char *fields;
    const char *want;
};

static const struct block_row block_rows[] = {
    {"C-9110-5.1-2", "unknown fields go on, in their order and spelling", "GET", 0,
     "X-Foo: 1\naccept: a/b\nX-Foo: 2\nCookie: a=b; c=d\nEmpty:",
     "X-Foo: 1\r\naccept: a/b\r\nX-Foo: 2\r\nCookie: a=b; c=d\r\nEmpty: \r\n" TAIL},
    {"C-9110-5.3-2", "lines of one name stay apart", "GET", 0, "Cookie: a\nAccept: a\nCookie: b",
     "Cookie: a\r\nAccept: a\r\nCookie: b\r\n" TAIL},
    {"C-9110-11.6.2-1", "Authorization stays as it is", "GET", 0,
     "Authorization: Digest a=\"b\",  c=d", "Authorization: Digest a=\"b\",  c=d\r\n" TAIL},
    {"C-9110-7.2-1", "Host is the codec's to write", "GET", 0, "Host: example.org", TAIL},
    {"C-9112-6.3-3", "so is a length", "POST", CONTENT, "Content-Length: 5\nContent-Type: a/b",
     "Content-Type: a/b\r\n" TAIL},
    {"C-9112-6.3-3", "chunks are of one connection", "POST", CONTENT, "Transfer-Encoding: chunked",
     TAIL},

    {"C-9110-7.6.1-1", "what Connection names", "GET", 0,
     "Connection: x-a, X-B\nX-A: 1\nx-b: 2\nX-C: 3", "X-C: 3\r\n" TAIL},
    {"C-9110-7.6.1-1", "by a second line, in front of it", "GET", 0,
     "X-B: 2\nConnection: close\nConnection: keep-alive, x-b\nX-C: 3", "X-C: 3\r\n" TAIL},
    {"C-9110-7.6.1-1", "names are no prefixes", "GET", 0, "Connection: X-A, X-BBB\nX-AA: 1\nX-B: 2",
     "X-AA: 1\r\nX-B: 2\r\n" TAIL},
    {"C-9110-7.6.1-1", "a long list", "GET", 0,
     "Connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,x-b\nX-B: 1\nX-C: "
     "1",
     "X-C: 1\r\n" TAIL},
    {"C-9110-7.6.1-1", "a list that is too long names whatever nobody knows", "GET", 0,
     "Connection: a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,x-b\nX-B: "
     "1\nX-C: 1"
     "\nAccept: a/b",
     "Accept: a/b\r\n" TAIL},
    {"C-9110-7.6.1-2", "named or not", "GET", 0,
     "Proxy-Connection: keep-alive\nKeep-Alive: timeout=5\nTE: gzip\nTrailer: X\nUpgrade: x\nX: y",
     "X: y\r\n" TAIL},
    {"C-9110-7.6.1-4", "what all recipients need cannot be removed", "GET", 0,
     "Connection: cache-control, cookie, Authorization, Range, If-None-Match, Accept-Encoding\n"
     "Cache-Control: no-store\nCookie: a=b\nAuthorization: Basic eA==\nRange: bytes=0-1\n"
     "If-None-Match: \"a\"\nAccept-Encoding: gzip",
     "Cache-Control: no-store\r\nCookie: a=b\r\nAuthorization: Basic eA==\r\nRange: bytes=0-1\r\n"
     "If-None-Match: \"a\"\r\nAccept-Encoding: gzip\r\n" TAIL},
    {"C-9110-7.6.1-4", "neither what we add", "GET", TRUSTED | FORWARDED,
     "Connection: X-Forwarded-For, x-forwarded-proto, X-Forwarded-Host, Forwarded, Via, CDN-Loop\n"
     "X-Forwarded-For: 198.51.100.1\nVia: 1.1 a\nCDN-Loop: a\nForwarded: for=a",
     "Via: 1.1 a\r\nCDN-Loop: a\r\nForwarded: for=a\r\n"
     "X-Forwarded-For: 198.51.100.1, 192.0.2.1\r\n" PROTO HOST
     "Forwarded: for=192.0.2.1;host=example.org;proto=http\r\n" WAY},
    {"C-8470-5.1-1", "Early-Data is never removed", "GET", 0,
     "Connection: early-data\nEarly-Data: 1", "Early-Data: 1\r\n" TAIL},
    {"C-9110-7.6.1-2", "Proxy-Authorization was for us", "GET", 0,
     "Proxy-Authorization: Basic eA==\nX: y", "X: y\r\n" TAIL},

    {"C-9110-7.6.2-2", "one hop fewer", "TRACE", 0, "Max-Forwards: 5", TAIL "Max-Forwards: 4\r\n"},
    {"C-9110-9.3.8-1", "no secrets", "TRACE", 0, "Cookie: a=b\nAuthorization: Basic eA==\nX: y",
     "X: y\r\n" TAIL},
    {"C-9110-7.6.2-2", "down to none", "OPTIONS", 0, "Max-Forwards: 1", TAIL "Max-Forwards: 0\r\n"},
    {"C-9110-7.6.2-2", "our cap", "OPTIONS", 0, "Max-Forwards: 1000", TAIL "Max-Forwards: 20\r\n"},
    {"C-9110-7.6.2-2", "at our cap", "OPTIONS", 0, "Max-Forwards: 21", TAIL "Max-Forwards: 20\r\n"},
    {"C-9110-7.6.2-2", "a number past all bounds", "OPTIONS", 0,
     "Max-Forwards: 99999999999999999999999", TAIL "Max-Forwards: 20\r\n"},
    {"C-9110-7.6.2-2", "never added", "OPTIONS", 0, "X: y", "X: y\r\n" TAIL},
    {"C-9110-7.6.2-2", "of no meaning elsewhere", "GET", 0, "Max-Forwards: 0",
     "Max-Forwards: 0\r\n" TAIL},
    {"C-9110-7.6.2-2", "no number", "OPTIONS", 0, "Max-Forwards: -1", TAIL},
    {"C-9110-7.6.2-2", "twice", "OPTIONS", 0, "Max-Forwards: 0\nMax-Forwards: 0", TAIL},

    {"C-9110-7.6.3-1", "behind the others", "GET", 0, "Via: 1.0 a, 1.1 b\nX: y\nVia: HTTP/2 c",
     "Via: 1.0 a, 1.1 b\r\nX: y\r\nVia: HTTP/2 c\r\n" TAIL},
    {"C-9110-7.6.3-2", "an HTTP/1.0 client", "GET", OLD, "Via: 1.0 a",
     "Via: 1.0 a\r\n" FROM PROTO HOST "Via: 1.0 stet\r\nCDN-Loop: stet\r\n"},
    {"C-9110-7.6.3-1", "an HTTP/2 client", "GET", TWO, "X: y",
     "X: y\r\n" FROM PROTO HOST "Via: 2 stet\r\nCDN-Loop: stet\r\n"},
    {"C-8586-2-1", "CDN-Loop grows", "GET", 0, "CDN-Loop: a; b=\"stet\", stet.example",
     "CDN-Loop: a; b=\"stet\", stet.example\r\n" TAIL},

    {"C-7239-8-1", "claims of a client", "GET", 0,
     "X-Forwarded-For: 10.0.0.1\nX-Forwarded-Proto: https\nX-Forwarded-Host: evil\n"
     "X-Forwarded-Server: a\nX-Forwarded-Port: 1\nX-Forwarded: for=a\nForwarded: for=evil\nX: y",
     "X: y\r\n" TAIL},
    {"C-7239-8-1", "claims about target, method, host and address", "GET", 0,
     "X-Original-URL: /admin\nx-rewrite-url: /admin\nX-HTTP-Method-Override: DELETE\n"
     "X-Method-Override: PUT\nX-Host: evil\nX-Real-IP: 10.0.0.1\nTrue-Client-IP: 10.0.0.1\n"
     "Front-End-Https: on\nX-Original-Host: evil\nClient-Cert: :eA==:",
     TAIL},
    {"C-7239-8-1", "under other spellings", "GET", 0,
     "X_Forwarded_For: 10.0.0.1\nx_forwarded-host: evil\nX_Original_URL: /admin\nPROXY: evil:1",
     TAIL},
    {"C-7239-8-1", "what only looks like one", "GET", 0,
     "X-Forward: a\nX-Original-URLs: b\nX-Hos: c\nProxy-X: d",
     "X-Forward: a\r\nX-Original-URLs: b\r\nX-Hos: c\r\nProxy-X: d\r\n" TAIL},
    {"C-7239-8-1", "of a client that is trusted", "GET", TRUSTED,
     "X-Forwarded-For: 198.51.100.1, 203.0.113.1\nX-Forwarded-Proto: https\n"
     "X-Forwarded-Host: b.example\nX-Real-IP: 198.51.100.1\nX-Original-URL: /a",
     "X-Forwarded-Proto: https\r\nX-Forwarded-Host: b.example\r\nX-Real-IP: 198.51.100.1\r\n"
     "X-Original-URL: /a\r\nX-Forwarded-For: 198.51.100.1, 203.0.113.1, 192.0.2.1\r\n" WAY},
    {"C-9110-5.6.1.1-1", "several lines make one list", "GET", TRUSTED,
     "X-Forwarded-For: 198.51.100.1\nX-Forwarded-For:\nX-Forwarded-For: 203.0.113.1",
     "X-Forwarded-For: 198.51.100.1, 203.0.113.1, 192.0.2.1\r\n" PROTO HOST WAY},
    {"C-7239-8-1", "never meant for anyone, trusted or not", "GET", TRUSTED,
     "Proxy: http://evil\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", TAIL},

    {"C-7239-4-1", "Forwarded", "GET", FORWARDED, "X: y",
     "X: y\r\n" FROM PROTO HOST "Forwarded: for=192.0.2.1;host=example.org;proto=http\r\n" WAY},
    {"C-7239-4-1", "behind those before, of a trusted client", "GET", FORWARDED | TRUSTED,
     "Forwarded: for=198.51.100.1;proto=https",
     "Forwarded: for=198.51.100.1;proto=https\r\n" FROM PROTO HOST
     "Forwarded: for=192.0.2.1;host=example.org;proto=http\r\n" WAY},
    {"C-7239-4-1", "not asked for, of a trusted client", "GET", TRUSTED, "Forwarded: for=a",
     "Forwarded: for=a\r\n" TAIL},
    {"C-7239-4-1", "IPv6 in quotes and brackets", "GET", FORWARDED | V6, "X: y",
     "X: y\r\nX-Forwarded-For: 2001:db8::1\r\n" PROTO HOST
     "Forwarded: for=\"[2001:db8::1]\";host=example.org;proto=http\r\n" WAY},
    {"C-7239-4-1", "a peer without an address", "GET", FORWARDED | UNIX, "X: y",
     "X: y\r\nX-Forwarded-For: unknown\r\n" PROTO HOST
     "Forwarded: for=unknown;host=example.org;proto=http\r\n" WAY},

    {"C-9110-10.1.1-2", "an expectation goes on", "PUT", CONTENT,
     "Expect: 100-continue\nContent-Length: 1", "Expect: 100-continue\r\n" TAIL},
    {"C-9110-10.1.1-1", "not without content", "PUT", 0, "Expect: 100-continue", TAIL},
    {"C-9110-10.1.1-1", "not of HTTP/1.0", "PUT", CONTENT | OLD,
     "Expect: 100-continue\nContent-Length: 1",
     FROM PROTO HOST "Via: 1.0 stet\r\nCDN-Loop: stet\r\n"},

    {"D-48", "trailers are accepted", "GET", TRAILERS, "TE: gzip;q=0.5, trailers", TAIL},
    {"D-48", "not in HTTP/1.0", "GET", OLD, "TE: trailers",
     FROM PROTO HOST "Via: 1.0 stet\r\nCDN-Loop: stet\r\n"},

    {"C-9110-7.8-1", "an upgrade", "GET", UPGRADE | UPGRADES,
     "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Key: a",
     "Sec-WebSocket-Key: a\r\nUpgrade: websocket\r\n" TAIL},
    {"C-9110-7.8-1", "that the route does not allow", "GET", 0,
     "Connection: Upgrade\nUpgrade: websocket", TAIL},
    {"C-9110-7.8-1", "that Connection does not name", "GET", UPGRADE, "Upgrade: websocket", TAIL},
    {"C-9110-7.8-1", "in HTTP/1.0", "GET", UPGRADE | OLD, "Connection: Upgrade\nUpgrade: websocket",
     FROM PROTO HOST "Via: 1.0 stet\r\nCDN-Loop: stet\r\n"},
    {"C-9110-7.8-1", "with content", "POST", UPGRADE | CONTENT,
     "Connection: upgrade\nUpgrade: x\nContent-Length: 1", TAIL},
    {"C-9110-7.8-1", "to another version", "GET", UPGRADE,
     "Connection: Upgrade, HTTP2-Settings\nUpgrade: h2c, HTTP/2.0, TLS/1.2, H2C/1\n"
     "HTTP2-Settings: AAMAAABk",
     TAIL},
    {"C-9110-7.8-1", "what is left of several", "GET", UPGRADE | UPGRADES,
     "Connection: upgrade\nUpgrade: h2c,a/1,h2c\nUpgrade: b", "Upgrade: a/1, b\r\n" TAIL},
    {"C-9110-7.8-1", "no protocol at all", "GET", UPGRADE, "Connection: upgrade\nUpgrade: , (, /",
     TAIL},

    {"D-12", "asks the origin itself", "GET", FRESH, "X: y",
     "X: y\r\nCache-Control: max-age=0\r\n" TAIL},
    {"D-12", "beside what the client says", "GET", FRESH,
     "Cache-Control: no-transform,max-age=60,x=\"a,b\"\nCache-Control: max-stale\n"
     "Cache-Control: Max-Age = 5, no-store",
     "Cache-Control: max-age=0\r\nCache-Control: no-transform, x=\"a,b\"\r\n"
     "Cache-Control: no-store\r\n" TAIL},
    {"D-12", "quotes that never close swallow nothing of ours", "GET", FRESH,
     "Cache-Control: a=\"b, max-age=5\nCache-Control: no-cache",
     "Cache-Control: max-age=0\r\nCache-Control: a=\"b, max-age=5\r\nCache-Control: "
     "no-cache\r\n" TAIL},
    {"C-8470-5.1-1", "before the handshake is over", "GET", EARLY, "Accept: */*",
     "Accept: */*\r\n" TAIL "Early-Data: 1\r\n"},
    {"C-8470-5.1-1", "it was said before, and is once enough", "GET", EARLY, "Early-Data: 1",
     "Early-Data: 1\r\n" TAIL},
    {"C-8470-5.1-1", "what was said before passes", "GET", 0, "Early-Data: 1",
     "Early-Data: 1\r\n" TAIL},
    {"C-8470-5.1-1", "of whatever value", "GET", EARLY, "Early-Data: x\nEarly-Data: 0",
     "Early-Data: x\r\nEarly-Data: 0\r\n" TAIL},
    {"C-8470-5.1-1", "Connection does not take it away", "GET", 0,
     "Connection: early-data\nEarly-Data: 1", "Early-Data: 1\r\n" TAIL},
    {"C-8470-4-1", "the handshake is over", "GET", 0, "Accept: */*", "Accept: */*\r\n" TAIL},
};

static void test_blocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(block_rows); i++) {
        const struct block_row *row = &block_rows[i];
        struct forward_client client = client_of(row->flags);
        struct forward_rules rules = usual;
        struct forward_conditions conditions = {.max_age_zero = row->flags & FRESH};
        struct message message;
        struct stet_request request = message_request(&message, row->method, row->fields);
        struct forward forward = {.rules = &rules,
                                  .client = &client,
                                  .request = &request,
                                  .conditions = &conditions,
                                  .content = row->flags & CONTENT,
                                  .upgrade = row->flags & UPGRADE,
                                  .early = row->flags & EARLY};
        struct client_request to;
        struct arena arena;

        rules.forwarded = row->flags & FORWARDED;
        arena_init(&arena, 65536);
        check_row(row, forward_request(&forward, &arena, &to) == FORWARD_GOES);
        check_row(row, same(to.block, row->want));
        check_row(row, to.upgrade == !!(row->flags & UPGRADES));
        check_row(row, to.te.len == (row->flags & TRAILERS ? strlen("trailers") : 0));
        char *sent = malloc(h1_client_head_room(&to));
        assert_non_null(sent);
        check_row(row, h1_client_head_write(&to, sent) > 0); /* dies of what may not be sent */
        free(sent);
        arena_fini(&arena);
    }
}

struct verdict_row {
    const char *id;
    const char *name;
    const char *method;
    const char *fields;
    enum forward_verdict want;
};

static const struct verdict_row verdict_rows[] = {
    {"D-47", "our name in Via", "GET", "Via: 1.1 a, 1.1 stet", FORWARD_LOOP},
    {"D-47", "with another protocol, a port, a comment", "GET",
     "Via: 1.1 a\nVia: HTTP/2  STET:8080\t(x), 1.1 b", FORWARD_LOOP},
    {"D-47", "behind quotes that do not close", "GET", "Via: 1.1 a (\"x), 1.1 stet", FORWARD_LOOP},
    {"D-47", "in CDN-Loop", "GET", "CDN-Loop: a, stet", FORWARD_LOOP},
    {"D-47", "in CDN-Loop, with parameters", "GET", "CDN-Loop: a\nCDN-Loop: Stet ; a=\"b, c\"",
     FORWARD_LOOP},
    {"D-47", "behind quotes that do not close", "GET", "CDN-Loop: a; b=\"c, stet", FORWARD_LOOP},
    {"D-47", "other names", "GET",
     "Via: 1.1 stets, 1.1 a.stet, stet a, 1.1 a (stet), 1.1\nCDN-Loop: stet2, a; stet, ",
     FORWARD_GOES},
    {"D-47", "also for unsafe methods", "POST", "CDN-Loop: stet", FORWARD_LOOP},
    {"C-9110-7.6.2-1", "OPTIONS goes no further", "OPTIONS", "Max-Forwards: 0", FORWARD_ANSWER},
    {"C-9110-7.6.2-1", "TRACE neither", "TRACE", "Max-Forwards: 000", FORWARD_ANSWER},
    {"C-9110-7.6.2-1", "even in a loop", "TRACE", "Max-Forwards: 0\nVia: 1.1 stet", FORWARD_ANSWER},
    {"C-9110-7.6.2-1", "other methods do", "DELETE", "Max-Forwards: 0", FORWARD_GOES},
};

static void test_verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(verdict_rows); i++) {
        const struct verdict_row *row = &verdict_rows[i];
        struct forward_client client = client_of(0);
        struct message message;
        struct stet_request request = message_request(&message, row->method, row->fields);
        struct forward forward = {.rules = &usual, .client = &client, .request = &request};
        struct client_request to;
        struct arena arena;

        arena_init(&arena, 65536);
        check_row(row, forward_request(&forward, &arena, &to) == row->want);
        arena_fini(&arena);
    }
}

/* ---- memory ---- */

static void test_memory(void **state)
{
    (void)state;
    struct forward_client client = client_of(0);
    struct message message;
    struct stet_request request = message_request(&message, "GET", "X: y");
    struct forward forward = {.rules = &usual, .client = &client, .request = &request};
    struct client_request to;
    struct arena arena;

    request.target = STET_SPAN("http://example.org/where?q=now");
    for (uint64_t n = 1; n <= 2; n++) {
        arena_init(&arena, 65536);
        memory_fail_nth(n);
        enum forward_verdict verdict = forward_request(&forward, &arena, &to);
        memory_fail_nth(0);
        assert_int_equal(verdict, n == 1 ? FORWARD_NO_MEMORY : FORWARD_GOES);
        arena_fini(&arena);
    }
    arena_init(&arena, 200);
    assert_int_equal(forward_request(&forward, &arena, &to), FORWARD_NO_MEMORY);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
