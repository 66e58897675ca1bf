/* Table tests of forwarding: where a request goes, how its content is framed, which conditions go
 * along, and what Forwarded says. */
#include <stdio.h>
#include <stdlib.h>

#include "forward_fixture.h"
#include "origin/forwarded.h"
#include "stet/uri.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets),  cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_content),  cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_gap),      cmocka_unit_test(test_fill),
        cmocka_unit_test(test_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
