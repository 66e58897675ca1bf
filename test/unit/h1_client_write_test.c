/* Table tests of the heads of HTTP/1 requests, each read again as a server reads it; and of the
 * requests that nobody may send, which die. */
#include "wire/h1_client_write.h"

#include <stdio.h>
#include <stdlib.h>

#include "death.h"
#include "table.h"
#include "wire/h1_head.h"

static const struct limits limits = {
    .head_size = 4096, .target_size = 1000, .method_size = 12, .field_count = 20};

struct write_row {
    const char *id;
    const char *name;
    const char *method;
    const char *target;
    const char *host;
    const char *block;
    bool has_content, length_known;
    uint64_t length;
    bool upgrade, te;
    const char *want;
};

#define GET "GET", "/", "a", ""
#define POST "POST", "/", "a", ""

static const struct write_row write_rows[] = {
    {"C-9110-7.2-1", "Host first", "GET", "/b?c", "example.org:8080", "Accept: */*\r\nX: y\r\n",
     false, false, 0, false, false,
     "GET /b?c HTTP/1.1\r\nHost: example.org:8080\r\nAccept: */*\r\nX: y\r\n\r\n"},
    {"C-9110-7.2-1", "no authority", "GET", "/", "", "", false, false, 0, false, false,
     "GET / HTTP/1.1\r\nHost: \r\n\r\n"},
    {"C-9112-3.2.2-1", "absolute form", "GET", "http://b/c", "b", "", false, false, 0, false, false,
     "GET http://b/c HTTP/1.1\r\nHost: b\r\n\r\n"},
    {"C-9112-3.2.2-1", "asterisk form", "OPTIONS", "*", "a", "", false, false, 0, false, false,
     "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"C-9112-3.2.2-1", "authority form", "CONNECT", "b:443", "b:443", "", false, false, 0, false,
     false, "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"},
    {"C-9112-2.3-1", "a method of nobody's", "BREW", "/", "a", "", false, false, 0, false, false,
     "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"C-9112-6.2-1", "a length", POST, true, true, 12, false, false,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n"},
    {"C-9112-6.2-1", "the longest length", POST, true, true, INT64_MAX, false, false,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n"},
    {"C-9112-6.2-1", "a length unknown", POST, true, false, 0, false, false,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"C-9112-6.2-1", "a length that is no length", POST, true, false, 12, false, false,
     "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"C-9110-8.6-3", "POST without content", POST, false, false, 12, false, false,
     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
    {"C-9110-8.6-3", "PUT with content of 0", "PUT", "/", "a", "", true, true, 0, false, false,
     "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
    {"C-9110-8.6-3", "PATCH without content", "PATCH", "/", "a", "", false, false, 0, false, false,
     "PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
    {"C-9110-8.6-3", "QUERY without content", "QUERY", "/", "a", "", false, false, 0, false, false,
     "QUERY / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
    {"C-9110-8.6-3", "DELETE without content", "DELETE", "/", "a", "", false, false, 0, false,
     false, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"C-9110-8.6-3", "GET with content", GET, true, true, 3, false, false,
     "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"},
    {"C-9110-7.6.1-3", "TE is listed", GET, false, false, 0, false, true,
     "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n"},
    {"C-9110-7.6.1-3", "Upgrade is listed", "GET", "/", "a", "Upgrade: websocket\r\n", false, false,
     0, true, false,
     "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"},
    {"C-9110-7.6.1-3", "both are listed", "POST", "/", "a", "Upgrade: x, y\r\n", true, false, 0,
     true, true,
     "POST / HTTP/1.1\r\nHost: a\r\nUpgrade: x, y\r\nTransfer-Encoding: chunked\r\n"
     "TE: trailers\r\nConnection: TE, upgrade\r\n\r\n"},
    {"C-9110-5.5-3", "values as they are", "GET", "/", "a",
     "X:\r\nY: \x80\xff\tz\r\nCookie: a=b; c=\"d\"\r\n", false, false, 0, false, false,
     "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nY: \x80\xff\tz\r\nCookie: a=b; c=\"d\"\r\n\r\n"},
    {"C-9110-10.1.1-2", "an expectation goes on", "PUT", "/", "a", "Expect: 100-continue\r\n", true,
     true, 1, false, false,
     "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"},
};

static struct client_request request_of(const struct write_row *row)
{
    struct stet_span name = stet_span_of(row->method);
    return (struct client_request){
        .method = stet_method_of(name),
        .method_name = name,
        .target = stet_span_of(row->target),
        .host = stet_span_of(row->host),
        .block = stet_span_of(row->block),
        .has_content = row->has_content,
        .length_known = row->length_known,
        .length = row->length,
        .upgrade = row->upgrade,
        .te = row->te ? STET_SPAN("trailers") : STET_SPAN_NONE,
    };
}

/* A server understands what was meant. */
static void read_again(const struct write_row *row, const char *octets, size_t size)
{
    static struct h1_head head;
    struct h1_framing framing;
    check_row(row, h1_request_read(octets, size, &limits, &head) == (int)size);
    check_row(row, h1_request_check(&head, STET_SPAN("http"), &framing) == 0);
    check_row(row, stet_span_equal(head.request.method_name, stet_span_of(row->method)));
    check_row(row, stet_span_equal(head.request.target, stet_span_of(row->target)));
    check_row(row, head.request.head.fields[0].id == STET_FIELD_HOST && framing.persistent);
    if (!row->has_content || (row->length_known && row->length == 0))
        check_row(row, framing.content == H1_NO_CONTENT);
    else if (row->length_known)
        check_row(row, framing.content == H1_LENGTH && framing.length == row->length);
    else
        check_row(row, framing.content == H1_CHUNKED);
}

static void test_write(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < COUNT(write_rows); i++) {
        const struct write_row *row = &write_rows[i];
        struct client_request request = request_of(row);
        size_t room = h1_client_head_room(&request);
        char *to = malloc(room);
        assert_non_null(to);
        size_t size = h1_client_head_write(&request, to);
        if (size != strlen(row->want) || memcmp(to, row->want, size) != 0) {
            print_error("%s %s: %.*s\n", row->id, row->name, (int)size, to);
            failed++;
        }
        read_again(row, to, size);
        free(to);
    }
    assert_int_equal(failed, 0);
}

/* Requests that are a bug of ours: another request would begin inside of them, or they would end
 * elsewhere for the origin than for us. */
struct bug_row {
    const char *id;
    const char *name;
    const char *method;
    const char *target;
    const char *host;
    const char *block;
    const char *te;
    bool upgrade;
};

#define BLOCK(block) "GET", "/", "a", block, "", false

static const struct bug_row bug_rows[] = {
    {"C-9112-6.2-1", "Content-Length in the block", BLOCK("Content-Length: 5\r\n")},
    {"C-9112-6.2-1", "Transfer-Encoding in the block", BLOCK("Transfer-Encoding: chunked\r\n")},
    {"C-9110-7.2-1", "Host in the block", BLOCK("X: y\r\nhost: b\r\n")},
    {"C-9110-7.6.1-1", "Connection in the block", BLOCK("Connection: close\r\n")},
    {"C-9110-7.6.1-2", "Keep-Alive in the block", BLOCK("Keep-Alive: 5\r\n")},
    {"C-9110-7.6.1-2", "Proxy-Connection in the block", BLOCK("Proxy-Connection: a\r\n")},
    {"C-9110-7.6.1-2", "TE in the block", BLOCK("TE: trailers\r\n")},
    {"C-9110-7.6.1-2", "Trailer in the block", BLOCK("Trailer: a\r\n")},
    {"C-9110-7.6.1-2", "Upgrade that is not meant", BLOCK("Upgrade: a\r\n")},
    {"C-9110-7.8-1", "an upgrade to nothing", "GET", "/", "a", "", "", true},
    {"C-9112-2.2-3", "LF in the block", BLOCK("X: y\nZ: a\r\n")},
    {"C-9112-2.2-3", "CR in the block", BLOCK("X: y\rZ: a\r\n")},
    {"C-9112-2.2-3", "an empty line in the block", BLOCK("X: y\r\n\r\nGET / HTTP/1.1\r\n")},
    {"C-9112-2.2-3", "a block without its end", BLOCK("X: y")},
    {"C-9112-5.2-2", "obs-fold in the block", BLOCK("X: y\r\n z: a\r\n")},
    {"C-9112-5.1-1", "SP before a colon in the block", BLOCK("Content-Length : 5\r\n")},
    {"C-9112-5.1-1", "no name in the block", BLOCK(": 5\r\n")},
    {"C-9112-3.2-1", "SP in the target", "GET", "/ HTTP/1.1", "a", "", "", false},
    {"C-9112-3.2-1", "CRLF in the target", "GET", "/\r\nX:", "a", "", "", false},
    {"C-9112-3.2-1", "obs-text in the target", "GET", "/\xff", "a", "", "", false},
    {"C-9112-3.2-1", "no target", "GET", "", "a", "", "", false},
    {"C-9112-3-1", "SP in the method", "GET /", "/", "a", "", "", false},
    {"C-9112-3-1", "no method", "", "/", "a", "", "", false},
    {"C-9110-7.2-1", "CRLF in Host", "GET", "/", "a\r\nX: y", "", "", false},
    {"C-9110-7.2-1", "SP in Host", "GET", "/", "a b", "", "", false},
    {"C-9110-7.6.1-3", "chunked in TE", "GET", "/", "a", "", "chunked", false},
};

static void write_bug(const void *argument)
{
    const struct bug_row *row = argument;
    struct client_request request = {
        .method_name = stet_span_of(row->method),
        .target = stet_span_of(row->target),
        .host = stet_span_of(row->host),
        .block = stet_span_of(row->block),
        .te = stet_span_of(row->te),
        .upgrade = row->upgrade,
    };
    char to[1024];
    h1_client_head_write(&request, to);
}

static void test_bugs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bug_rows); i++)
        check_row(&bug_rows[i], dies(write_bug, &bug_rows[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_write), cmocka_unit_test(test_bugs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
