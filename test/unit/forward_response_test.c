/* Table tests of forwarding: what of a response comes back, and which fields pass behind content.
 */
#include "forward_fixture.h"

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
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_request_trailers),
        cmocka_unit_test(test_trailers),
        cmocka_unit_test(test_hides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
