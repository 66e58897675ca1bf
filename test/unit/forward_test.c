/* Table tests of forwarding: what of a request goes on, and what of a response comes back. */
#include "origin/forward.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "message.h"
#include "origin/forwarded.h"
#include "stet/uri.h"
#include "table.h"

/* What every forwarded request ends with, unless its row says otherwise. */
#define FROM "X-Forwarded-For: 192.0.2.1\r\n"
#define PROTO "X-Forwarded-Proto: http\r\n"
#define HOST "X-Forwarded-Host: example.org\r\n"
#define WAY "Via: 1.1 stet\r\nCDN-Loop: stet\r\n"
#define TAIL FROM PROTO HOST WAY

enum {
    TRUSTED = 1,
    OLD = 2, /* HTTP/1.0 */
    CONTENT = 4,
    UPGRADE = 8,    /* the route allows it */
    UPGRADES = 16,  /* and it goes along */
    FORWARDED = 32, /* the rules ask for Forwarded */
    FRESH = 64,     /* max-age=0 */
    V6 = 128,
    UNIX = 256,
    TWO = 512, /* HTTP/2 */
    TRAILERS = 1024
};

static const struct forward_rules usual = {
    .name = STET_SPAN_INIT("stet"), .keep_host = true, .max_forwards = 20};

static struct forward_client client_of(unsigned flags)
{
    struct forward_client client = {STET_SPAN("192.0.2.1"), STET_SPAN("1.1"), flags & TRUSTED};
    if (flags & V6)
        client.address = STET_SPAN("2001:db8::1");
    if (flags & UNIX)
        client.address = STET_SPAN("unix");
    if (flags & (OLD | TWO))
        client.protocol = flags & OLD ? STET_SPAN("1.0") : STET_SPAN("2");
    return client;
}

static bool same(struct stet_span text, const char *want)
{
    if (stet_span_equal(text, stet_span_of(want)))
        return true;
    print_error("got:\n%.*s\nwanted:\n%s\n", (int)text.len, text.len ? text.at : "", want);
    return false;
}

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
        struct forward forward = {
            &rules, &client, &request, &conditions, row->flags & CONTENT, row->flags & UPGRADE};
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

/* ---- targets, hosts, framing ---- */

struct target_row {
    const char *id;
    const char *name;
    const char *method;
    const char *target;
    const char *authority; /* of Host */
    const char *want;
    const char *host; /* NULL: the server's own */
};

static const struct target_row target_rows[] = {
    {"C-9110-7.7-1", "as it came", "GET", "/a%2Fb/../c//?x=%41&?y", "a.example",
     "/a%2Fb/../c//?x=%41&?y", "a.example"},
    {"C-9110-7.7-1", "an empty query", "GET", "/?", "a.example", "/?", "a.example"},
    {"C-9112-3.2.2-1", "absolute form", "GET", "http://b.example:81/c/?d", "a.example", "/c/?d",
     "b.example:81"},
    {"C-9112-3.2.2-1", "absolute form, empty query", "GET", "http://b.example/c?", "a.example",
     "/c?", "b.example"},
    {"C-9112-3.2.2-1", "absolute form, no path", "GET", "http://b.example", "a.example", "/",
     "b.example"},
    {"C-9112-3.2.2-1", "absolute form, no path but a query", "GET", "http://b.example?q",
     "a.example", "/?q", "b.example"},
    {"C-9112-3.2.2-1", "OPTIONS of the whole server", "OPTIONS", "http://b.example", "a.example",
     "*", "b.example"},
    {"C-9112-3.2.2-1", "OPTIONS of a path", "OPTIONS", "http://b.example/", "a.example", "/",
     "b.example"},
    {"C-9112-3.2.2-1", "OPTIONS with a query", "OPTIONS", "http://b.example?", "a.example", "/?",
     "b.example"},
    {"C-9112-3.2.2-1", "asterisk form", "OPTIONS", "*", "a.example", "*", "a.example"},
    {"C-9110-7.2-1", "no authority", "GET", "/", "", "/", NULL},
};

/* The client's spelling of the scheme is not passed on as ours. */
static void test_schemes(void **state)
{
    static const char *const rows[][2] = {
        {"http", "http"}, {"HTTP", "http"}, {"HttpS", "https"}, {"", "http"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct forward_client client = client_of(0);
        struct message message;
        struct stet_request request = message_request(&message, "GET", "");
        struct forward forward = {.rules = &usual, .client = &client, .request = &request};
        struct client_request to;
        struct arena arena;
        char want[300];

        request.scheme = stet_span_of(rows[i][0]);
        arena_init(&arena, 65536);
        assert_int_equal(forward_request(&forward, &arena, &to), FORWARD_GOES);
        snprintf(want, sizeof want, FROM "X-Forwarded-Proto: %s\r\n" HOST WAY, rows[i][1]);
        assert_true(same(to.block, want));
        arena_fini(&arena);
    }
}

static void test_targets(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(target_rows); i++) {
        const struct target_row *row = &target_rows[i];
        struct forward_client client = client_of(0);
        struct forward_rules rules = usual;
        struct message message;
        struct stet_request request = message_request(&message, row->method, "");
        struct forward forward = {.rules = &rules, .client = &client, .request = &request};
        struct client_request to;
        struct arena arena;

        request.target = stet_span_of(row->target);
        request.authority = stet_span_of(row->authority);
        check_row(row, stet_target_split(request.target, request.method, &request));
        arena_init(&arena, 65536);
        check_row(row, forward_request(&forward, &arena, &to) == FORWARD_GOES);
        check_row(row, same(to.target, row->want));
        check_row(row, row->host ? same(to.host, row->host) : !to.host.at);
        rules.keep_host = false;
        check_row(row, forward_request(&forward, &arena, &to) == FORWARD_GOES && !to.host.at);
        arena_fini(&arena);
    }
}

struct content_row {
    const char *id;
    const char *name;
    const char *method;
    const char *fields;
    bool content;
    bool has_content, length_known;
    uint64_t length;
};

static const struct content_row content_rows[] = {
    {"C-9112-6.2-1", "a length", "POST", "Content-Length: 12", true, true, true, 12},
    {"C-9112-6.3-5", "a length several times over", "POST",
     "Content-Length: 12, 12\n"
     "Content-Length: 12",
     true, true, true, 12},
    {"C-9112-6.2-1", "chunks", "POST", "Transfer-Encoding: chunked", true, true, false, 0},
    {"C-9112-6.2-1", "neither: of another version", "POST", "", true, true, false, 0},
    {"C-9112-6.3-7", "no content", "POST", "Content-Length: 0", false, false, false, 0},
    {"C-9110-9.3.1-2", "GET with content", "GET", "Content-Length: 3", true, true, true, 3},
    {"C-9110-9.3.1-2", "GET without", "GET", "", false, false, false, 0},
};

static void test_content(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(content_rows); i++) {
        const struct content_row *row = &content_rows[i];
        struct forward_client client = client_of(0);
        struct message message;
        struct stet_request request = message_request(&message, row->method, row->fields);
        struct forward forward = {
            .rules = &usual, .client = &client, .request = &request, .content = row->content};
        struct client_request to;
        struct arena arena;

        arena_init(&arena, 65536);
        check_row(row, forward_request(&forward, &arena, &to) == FORWARD_GOES);
        check_row(row, to.has_content == row->has_content && to.length_known == row->length_known);
        check_row(row, !to.length_known || to.length == row->length);
        check_row(row, same(to.block, TAIL));
        arena_fini(&arena);
    }
}

/* ---- conditions ---- */

struct condition_row {
    const char *id;
    const char *name;
    const char *method;
    const char *fields;
    const char *stored; /* head of the one that is stored, or NULL */
    const char *want;
};

static const struct condition_row condition_rows[] = {
    {"C-9111-4.3.1-1", "our tag", "GET", "X: y", "ETag: \"a\"",
     "X: y\r\nIf-None-Match: \"a\"\r\n" TAIL},
    {"C-9111-4.3.1-1", "our tag and date", "GET", "X: y",
     "ETag: \"a\"\nLast-Modified: " MESSAGE_DATE,
     "X: y\r\nIf-None-Match: \"a\"\r\nIf-Modified-Since: " MESSAGE_DATE "\r\n" TAIL},
    {"C-9111-4.3.1-1", "our date", "GET", "", "Last-Modified: " MESSAGE_DATE,
     "If-Modified-Since: " MESSAGE_DATE "\r\n" TAIL},
    {"D-13", "the client's tags with ours", "GET", "If-None-Match: \"b\", W/\"c\"\nX: y",
     "ETag: \"a\"", "X: y\r\nIf-None-Match: \"a\", \"b\", W/\"c\"\r\n" TAIL},
    {"D-13", "our tag for the client's date", "GET",
     "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT", "ETag: \"a\"",
     "If-None-Match: \"a\"\r\n" TAIL},
    {"D-18", "the whole is asked for", "GET", "Range: bytes=0-1\nX: y", "ETag: \"a\"",
     "X: y\r\nIf-None-Match: \"a\"\r\n" TAIL},
    {"D-13", "conditions for the origin stay as they are", "GET",
     "If-Match: \"b\"\nIf-None-Match: \"c\"\nRange: bytes=0-1", "ETag: \"a\"",
     "If-Match: \"b\"\r\nIf-None-Match: \"c\"\r\nRange: bytes=0-1\r\n" TAIL},
    {"D-14", "nothing stored", "GET", "If-None-Match:  \"b\" ,W/\"c\"\nRange: bytes=0-1", NULL,
     "If-None-Match: \"b\" ,W/\"c\"\r\nRange: bytes=0-1\r\n" TAIL},
    {"D-01", "HEAD", "HEAD", "If-None-Match: \"b\"", "ETag: \"a\"",
     "If-None-Match: \"b\"\r\n" TAIL},
};

static void test_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(condition_rows); i++) {
        const struct condition_row *row = &condition_rows[i];
        struct forward_client client = client_of(0);
        struct message message, stored_message;
        struct stet_request request = message_request(&message, row->method, row->fields);
        struct stet_stored stored = {.status = 200, .method = STET_METHOD_GET};
        struct stet_candidate candidate = {
            .head = message_head(&stored_message, row->stored), .stored = &stored, .covers = true};
        struct stet_candidates candidates = {&candidate, row->stored ? 1 : 0};
        struct stet_validation plan = stet_validation_of(&request, &candidates);
        struct forward_conditions conditions = {&plan, &candidates, NULL, false};
        struct forward forward = {
            .rules = &usual, .client = &client, .request = &request, .conditions = &conditions};
        struct client_request to;
        struct arena arena;

        arena_init(&arena, 65536);
        check_row(row, forward_request(&forward, &arena, &to) == FORWARD_GOES);
        check_row(row, same(to.block, row->want));
        arena_fini(&arena);
    }
}

/* Conditions are dropped without any of ours when the whole is to be fetched (D-14). */
static void test_fill(void **state)
{
    (void)state;
    struct forward_client client = client_of(0);
    struct message message;
    struct stet_request request =
        message_request(&message, "GET", "If-None-Match: \"a\"\nRange: bytes=0-1\nX: y");
    struct stet_validation plan = {.asks = true};
    struct stet_candidates candidates = {NULL, 0};
    struct forward_conditions conditions = {&plan, &candidates, NULL, false};
    struct forward forward = {
        .rules = &usual, .client = &client, .request = &request, .conditions = &conditions};
    struct client_request to;
    struct arena arena;

    arena_init(&arena, 65536);
    assert_int_equal(forward_request(&forward, &arena, &to), FORWARD_GOES);
    assert_true(same(to.block, "X: y\r\n" TAIL));
    arena_fini(&arena);
}

/* What is missing is asked for, instead of what the client asked for. */
static void test_gap(void **state)
{
    (void)state;
    struct forward_client client = client_of(0);
    struct message message;
    struct stet_request request = message_request(&message, "GET", "Range: bytes=0-1\nX: y");
    struct stet_validation plan = {.asks = false};
    struct stet_candidates candidates = {NULL, 0};
    const struct stet_completion missing = {
        UINT64_MAX, {0, UINT64_MAX - 1}, {7, UINT64_MAX - 1}, STET_SPAN("\"a\"")};
    struct forward_conditions conditions = {&plan, &candidates, &missing, false};
    struct forward forward = {
        .rules = &usual, .client = &client, .request = &request, .conditions = &conditions};
    struct client_request to;
    struct arena arena;

    arena_init(&arena, 65536);
    assert_int_equal(forward_request(&forward, &arena, &to), FORWARD_GOES);
    assert_true(same(to.block, "X: y\r\nRange: bytes=7-18446744073709551614\r\n"
                               "If-Range: \"a\"\r\n" TAIL));
    arena_fini(&arena);
}

/* ---- Forwarded ---- */

struct element_row {
    const char *id;
    const char *name;
    const char *address, *host, *scheme;
    const char *want;
};

static const struct element_row element_rows[] = {
    {"C-7239-4-1", "all of it", "192.0.2.1", "a.example", "https",
     "for=192.0.2.1;host=a.example;proto=https"},
    {"C-7239-4-1", "a port is no token", "192.0.2.1", "a.example:8080", "http",
     "for=192.0.2.1;host=\"a.example:8080\";proto=http"},
    {"C-7239-4-1", "neither is IPv6", "::1", "[::1]:80", "http",
     "for=\"[::1]\";host=\"[::1]:80\";proto=http"},
    {"C-7239-4-1", "no host", "192.0.2.1", "", "http", "for=192.0.2.1;proto=http"},
    {"C-7239-4-1", "nothing known", "-", "", "", "for=unknown"},
    {"C-7239-4-1", "no peer", "", "", "", "for=unknown"},
    {"C-9110-5.6.4-1", "quotes are escaped", "192.0.2.1", "a\"b\\c", "http",
     "for=192.0.2.1;host=\"a\\\"b\\\\c\";proto=http"},
};

static void test_elements(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(element_rows); i++) {
        const struct element_row *row = &element_rows[i];
        struct stet_span address = stet_span_of(row->address), host = stet_span_of(row->host),
                         scheme = stet_span_of(row->scheme);
        size_t room = forwarded_room(address, host, scheme);
        char *text = malloc(room);
        assert_non_null(text);
        size_t size = forwarded_write(address, host, scheme, text);
        check_row(row, size <= room && same(stet_span(text, size), row->want));
        free(text);
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

/* ---- responses ---- */

struct response_row {
    const char *id;
    const char *name;
    const char *fields;
    const char *want;
};

static const struct response_row response_rows[] = {
    {"C-9110-7.7-4", "what describes resource and representation",
     "ETag: W/\"a\"\nAllow: GET\n"
     "Server: x\nWWW-Authenticate: Basic realm=\"a, b\"\nLast-Modified: yesterday",
     "ETag: W/\"a\"\r\nAllow: GET\r\nServer: x\r\nWWW-Authenticate: Basic realm=\"a, b\"\r\n"
     "Last-Modified: yesterday\r\n"},
    {"C-9110-5.3-4", "cookies stay apart", "Set-Cookie: a=b\nX: y\nSet-Cookie: c=d",
     "Set-Cookie: a=b\r\nX: y\r\nSet-Cookie: c=d\r\n"},
    {"C-9110-7.6.1-1", "what Connection names", "Connection: a, B\nA: 1\nb: 2\nC: 3", "C: 3\r\n"},
    {"C-9110-7.6.1-2", "hop by hop",
     "Keep-Alive: a\nProxy-Connection: b\nTE: c\nUpgrade: d\n"
     "Transfer-Encoding: chunked\nTrailer: e\nConnection: close\nX: y",
     "X: y\r\n"},
    {"C-9110-7.6.1-4", "what all recipients need",
     "Connection: cache-control, set-cookie, vary\n"
     "Cache-Control: private\nSet-Cookie: a\nVary: b",
     "Cache-Control: private\r\nSet-Cookie: a\r\nVary: b\r\n"},
    {"C-9110-8.6-5", "what is written anew", "Content-Length: 5\nDate: now\nAge: 3", "Age: 3\r\n"},
    {"C-9110-5.1-2", "nothing", "", ""},
};

static void test_responses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(response_rows); i++) {
        const struct response_row *row = &response_rows[i];
        struct message message;
        const struct stet_head *head = message_head(&message, row->fields);
        char text[1000];
        size_t size = forward_response(head, NULL, 0), passed = 0;

        check_row(row, size == strlen(row->want));
        check_row(row, forward_response(head, text, sizeof text) == size);
        check_row(row, same(stet_span(text, size), row->want));
        memset(text, '#', sizeof text);
        check_row(row, size < 4 || forward_response(head, text, size - 3) == size);
        check_row(row,
                  size < 4 || (memcmp(text, row->want, size - 3) == 0 && text[size - 3] == '#'));
        for (size_t n = 0; n < head->count; n++)
            if (forward_field(head, &head->fields[n]))
                passed += head->fields[n].name.len + head->fields[n].value.len + 4;
        check_row(row, passed == size);
    }
}

static void test_trailers(void **state)
{
    (void)state;
    struct message message, trailer_message;
    char text[200];
    const struct stet_head *head = message_head(&message, "Connection: grpc-x\nX: y");
    const struct stet_head *trailers =
        message_head(&trailer_message,
                     "ETag: \"a\"\nSet-Cookie: a=b\nCache-Control: no-store\nContent-Length: 3\n"
                     "grpc-status: 0\nGrpc-X: 1\nTransfer-Encoding: chunked\n"
                     "Repr-Digest: sha-256=:eA==:");
    const char *want = "ETag: \"a\"\r\ngrpc-status: 0\r\nRepr-Digest: sha-256=:eA==:\r\n";

    size_t size = forward_trailers(head, trailers, text, sizeof text); /* C-9110-6.5.1-1 */
    assert_true(same(stet_span(text, size), want));
    trailers = message_head(&trailer_message, "Proxy-Status: a;error=http_response_incomplete");
    assert_int_equal(forward_trailers(head, trailers, text, sizeof text), 0); /* C-9209-2-3 */
    head = message_head(&message, "Proxy-Status: a");
    assert_true(forward_trailers(head, trailers, text, sizeof text) > 0);
}

/* C-9110-6.5.1-1, C-9110-6.5.1-2: of a request, nothing that an application would believe. */
static void test_request_trailers(void **state)
{
    (void)state;
    char text[400];
    struct message message, trailer_message;
    const struct stet_head *head = message_head(&message, "Connection: x-hop");
    const struct stet_head *trailers = message_head(
        &trailer_message, "X-Sum: 1\nX-Hop: 2\nHost: a\nContent-Length: 3\nTE: trailers\n"
                          "Authorization: b\nCookie: c\nX-Forwarded-For: d\nForwarded: for=e\n"
                          "Proxy: f\nRange: bytes=0-1\nIf-Match: *\nETag: \"g\"\n"
                          "Proxy-Status: h\nExpect: 100-continue\nCache-Control: no-cache\n"
                          "Content-Type: i/j\nTransfer-Encoding: chunked\n"
                          "Content-Digest: sha-256=:eA==:");
    const char *want = "X-Sum: 1\r\nContent-Digest: sha-256=:eA==:\r\n";
    size_t size = forward_request_trailers(head, trailers, text, sizeof text);
    assert_true(same(stet_span(text, size), want));
}

struct hides_row {
    const char *id;
    const char *name;
    const char *fields;
    bool want;
};

static const struct hides_row hides_rows[] = {
    {"C-9110-7.6.1-1", "no Connection", "X: y", false},
    {"C-9110-7.6.1-1", "what every client says", "Connection: keep-alive\nKeep-Alive: 5", false},
    {"C-9110-7.6.1-1", "what is not there", "Connection: close, x-a\nX-B: 1", false},
    {"C-9110-7.6.1-1", "what goes on all the same", "Connection: cookie\nCookie: a", false},
    {"C-9110-7.6.1-1", "what is there", "X-A: 1\nConnection: close, x-a", true},
};

static void test_hides(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hides_rows); i++) {
        const struct hides_row *row = &hides_rows[i];
        struct message message;
        check_row(row, forward_hides(message_head(&message, row->fields)) == row->want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),    cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_targets),   cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_content),   cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_gap),       cmocka_unit_test(test_fill),
        cmocka_unit_test(test_elements),  cmocka_unit_test(test_memory),
        cmocka_unit_test(test_responses), cmocka_unit_test(test_request_trailers),
        cmocka_unit_test(test_trailers),  cmocka_unit_test(test_hides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
