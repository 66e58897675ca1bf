/* Transfers over libcurl against a server on the loopback address: what is sent, what is told, and
 * how each end is called.
 */
#include "base/text.h"
#include "client/transfer.h"
#include "loopback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What one transfer told. */
struct heard {
    struct transfers *transfers;
    struct transfer *transfer;
    int status, interim;
    struct message head;
    struct text content;
    size_t refuse_from; /* no more content is wanted from this many octets on */
    unsigned ends;
    enum transfer_result result;
    struct transfer_outcome outcome;
    char words[256];
    const char *next; /* asked for from `end` */
};

static void on_head(void *owner, int status, const struct message *head)
{
    struct heard *heard = owner;

    if (status < 200) {
        heard->interim++;
        return;
    }
    heard->status = status;
    message_clear(&heard->head);
    assert_true(message_add_all(&heard->head, &head->head));
}

static bool on_content(void *owner, struct stet_span bytes)
{
    struct heard *heard = owner;

    text_put(&heard->content, bytes.at, bytes.len);
    return heard->refuse_from == 0 || heard->content.len < heard->refuse_from;
}

static void on_end(void *owner, const struct transfer_outcome *outcome);

static const struct transfer_events events = {on_head, on_content, on_end};

static void on_end(void *owner, const struct transfer_outcome *outcome)
{
    struct heard *heard = owner;

    heard->ends++;
    heard->result = outcome->result;
    heard->outcome = *outcome;
    snprintf(heard->words, sizeof heard->words, "%s", outcome->words);
    heard->outcome.words = heard->words;
    if (heard->next) {
        const struct transfer_request request = {.method = "GET", .url = heard->next};
        heard->next = NULL;
        text_fini(&heard->content);
        assert_non_null(transfer_start(heard->transfers, &request, &events, heard));
    }
}

static void heard_fini(struct heard *heard)
{
    message_fini(&heard->head);
    text_fini(&heard->content);
}

static const struct transfer_setup plain = {
    .user_agent = "test/1", .proxy = "", .connect_timeout = 5000, .stall_timeout = 20000};

/* Sends one request and waits. */
static void ask(const struct transfer_setup *setup, const struct transfer_request *request,
                struct heard *heard)
{
    heard->transfers = transfers_new(setup);
    assert_non_null(heard->transfers);
    heard->transfer = transfer_start(heard->transfers, request, &events, heard);
    assert_non_null(heard->transfer);
    assert_true(transfers_run(heard->transfers, -1));
    transfers_free(heard->transfers);
}

static const char *url_of(const struct loopback *server, const char *path)
{
    static char url[256];

    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", server->port, path);
    return url;
}

static void tells_a_response(void **state)
{
    static const struct loopback_row rows[] = {
        {"GET /a?b=c ",
         "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
         "HTTP/1.1 200 Fine\r\nETag: \"a\"\r\nX-Fold: one\r\n  two\r\nX-Odd : y\r\n"
         "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
         false},
        {0}};
    struct loopback server;
    struct heard heard = {0};
    struct message lines = {0};
    (void)state;

    assert_true(message_add_line(&lines, STET_SPAN("X-Empty:")));
    assert_true(message_add_line(&lines, STET_SPAN("If-None-Match: \"b\"")));
    loopback_start(&server, rows);
    const struct transfer_request request = {
        .method = "GET", .url = url_of(&server, "/a?b=c"), .head = &lines.head};
    ask(&plain, &request, &heard);
    loopback_stop(&server);

    assert_int_equal(heard.result, TRANSFER_COMPLETE);
    assert_string_equal(heard.words, "");
    assert_int_equal(heard.interim, 1);
    assert_int_equal(heard.status, 200);
    assert_int_equal(heard.head.head.count, 5);
    assert_true(stet_span_equal(heard.head.head.fields[1].value, STET_SPAN("one two")));
    assert_int_equal(heard.content.len, 5);
    assert_memory_equal(heard.content.at, "hello", 5); /* nothing is decoded */
    assert_int_equal(heard.outcome.version, 11);
    assert_int_equal(heard.outcome.octets, 5);
    assert_true(heard.outcome.delimited);
    assert_false(heard.outcome.early || heard.outcome.reused || heard.outcome.secure);
    assert_true(heard.outcome.requested_ns > 0 &&
                heard.outcome.requested_ns <= heard.outcome.responded_ns);
    assert_int_equal(server.count, 1);
    assert_non_null(strstr(server.requests[0], "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(server.requests[0], "\r\nIf-None-Match: \"b\"\r\n"));
    assert_non_null(strstr(server.requests[0], "\r\nUser-Agent: test/1\r\n"));
    assert_null(strstr(server.requests[0], "Accept"));
    loopback_fini(&server);
    message_fini(&lines);
    heard_fini(&heard);
}

/* One answer to "GET /", and how the transfer ends. */
struct end_row {
    const char *name, *answer;
    enum transfer_result result;
    bool delimited;
};

static void calls_each_end(void **state)
{
    static const struct end_row rows[] = {
        {"closed, no length", "HTTP/1.1 200 OK\r\n\r\nabc", TRANSFER_COMPLETE, false},
        {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
         TRANSFER_COMPLETE, true},
        {"chunked, trailers",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n",
         TRANSFER_COMPLETE, true},
        {"short", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", TRANSFER_BROKEN, true},
        {"chunks broken off", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\na",
         TRANSFER_BROKEN, true},
        {"no answer", NULL, TRANSFER_BROKEN, false},
        {"HTTP/0.9", "hello", TRANSFER_MALFORMED, false},
        {"no status", "HTTP/1.1 abc\r\n\r\n", TRANSFER_MALFORMED, false},
        {"C-9112-6.3-5, two lengths",
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", TRANSFER_MALFORMED,
         false},
        {"C-9112-6.3-5, two in one line", "HTTP/1.1 200 OK\r\nContent-Length: 3, 2\r\n\r\nabc",
         TRANSFER_MALFORMED, false},
        {"C-9112-6.3-5, one, twice",
         "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", TRANSFER_COMPLETE,
         true},
        {"C-9112-6.3-5, none", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc",
         TRANSFER_MALFORMED, false},
        {"C-9112-6.3-3, chunks beat them",
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: "
         "chunked\r\n\r\n3\r\nabc\r\n0\r\n"
         "\r\n",
         TRANSFER_COMPLETE, true},
        {"head only", "HTTP/1.1 204 No Content\r\n\r\n", TRANSFER_COMPLETE, true},
        {"not modified", "HTTP/1.1 304 Not Modified\r\n\r\n", TRANSFER_COMPLETE, true},
        {"version 1.0", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", TRANSFER_COMPLETE, true},
    };
    unsigned failed = 0;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct loopback_row script[] = {{"GET / ", rows[i].answer, true}, {0}};
        struct loopback server;
        struct heard heard = {0};
        loopback_start(&server, script);
        const struct transfer_request request = {.method = "GET", .url = url_of(&server, "/")};
        ask(&plain, &request, &heard);
        loopback_stop(&server);
        if (heard.ends != 1 || heard.result != rows[i].result ||
            heard.outcome.delimited != rows[i].delimited ||
            (heard.result != TRANSFER_COMPLETE) != (heard.words[0] != '\0')) {
            print_error("%s: %u ends, result %d, delimited %d, \"%s\"\n", rows[i].name, heard.ends,
                        heard.result, heard.outcome.delimited, heard.words);
            failed++;
        }
        loopback_fini(&server);
        heard_fini(&heard);
    }
    assert_int_equal(failed, 0);
}

static void refuses_what_cannot_be_asked(void **state)
{
    static const struct {
        const char *name, *method, *url, *line;
        enum transfer_result result;
    } rows[] = {
        {"another scheme", "GET", "ftp://127.0.0.1/", NULL, TRANSFER_URL},
        {"a file", "GET", "file:///etc/passwd", NULL, TRANSFER_URL},
        {"no URL", "GET", "http://", NULL, TRANSFER_URL},
        {"userinfo", "GET", "http://a:b@127.0.0.1:9/", NULL, TRANSFER_URL},
        {"no such name", "GET", "http://nowhere.invalid/", NULL, TRANSFER_NAME},
        {"refused", "GET", "http://127.0.0.1:1/", NULL, TRANSFER_CONNECT},
        {"two lines in one", "GET", "http://127.0.0.1:1/", "A: b\r\nC: d", TRANSFER_FAILED},
        {"a name that is none", "GET", "http://127.0.0.1:1/", "A b: c", TRANSFER_FAILED},
        {"HEAD with content", "HEAD", "http://127.0.0.1:1/", NULL, TRANSFER_FAILED},
        {"a method that is none", "GE T", "http://127.0.0.1:1/", NULL, TRANSFER_FAILED},
    };
    unsigned failed = 0;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct heard heard = {0};
        struct message lines = {0};
        if (rows[i].line)
            assert_true(message_add_line(&lines, stet_span_of(rows[i].line)));
        const struct transfer_request request = {
            .method = rows[i].method,
            .url = rows[i].url,
            .head = &lines.head,
            .content = strcmp(rows[i].method, "HEAD") == 0 ? STET_SPAN("x") : STET_SPAN_NONE};
        ask(&plain, &request, &heard);
        if (heard.ends != 1 || heard.result != rows[i].result || !heard.words[0] || heard.status) {
            print_error("%s: %u ends, result %d, \"%s\"\n", rows[i].name, heard.ends, heard.result,
                        heard.words);
            failed++;
        }
        message_fini(&lines);
        heard_fini(&heard);
    }
    assert_int_equal(failed, 0);
}

static void sends_methods_and_content(void **state)
{
    static const struct loopback_row rows[] = {
        {"", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false}, {0}};
    struct loopback server;
    struct heard heard = {0};
    (void)state;

    loopback_start(&server, rows);
    const char *url = url_of(&server, "/x/../y");
    const struct transfer_request requests[] = {
        {.method = "POST", .url = url, .content = STET_SPAN_INIT("a=b")},
        {.method = "PUT", .url = url, .content = STET_SPAN_INIT("")},
        {.method = "HEAD", .url = url},
        {.method = "PURGE", .url = url},
    };
    heard.transfers = transfers_new(&plain);
    for (size_t i = 0; i < 4; i++) {
        assert_non_null(transfer_start(heard.transfers, &requests[i], &events, &heard));
        assert_true(transfers_run(heard.transfers, -1));
        assert_int_equal(heard.result, TRANSFER_COMPLETE);
        assert_int_equal(heard.outcome.reused, i > 0);
    }
    transfers_free(heard.transfers);
    loopback_stop(&server);
    assert_int_equal(heard.ends, 4);
    assert_int_equal(server.accepted, 1);
    assert_non_null(strstr(server.requests[0], "POST /x/../y HTTP/1.1\r\n"));
    assert_non_null(strstr(server.requests[0], "\r\nContent-Length: 3\r\n"));
    assert_non_null(strstr(server.requests[0], "\r\n\r\na=b"));
    assert_null(strstr(server.requests[0], "Content-Type"));
    assert_non_null(strstr(server.requests[1], "\r\nContent-Length: 0\r\n"));
    assert_null(strstr(server.requests[2], "Content-Length"));
    loopback_fini(&server);
    heard_fini(&heard);
}

static void sees_content_where_there_is_none(void **state)
{
    static const struct loopback_row rows[] = {
        {"GET /a ", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\nsurprise", true},
        {"HEAD /a ", "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsurprise", true},
        {"GET /b ", "HTTP/1.1 304 Not Modified\r\nContent-Length: 8\r\n\r\n", true},
        {0}};
    static const struct {
        const char *method, *path;
        bool early;
    } asked[] = {{"GET", "/a", true}, {"HEAD", "/a", true}, {"GET", "/b", false}};
    struct loopback server;
    (void)state;

    loopback_start(&server, rows);
    for (size_t i = 0; i < 3; i++) {
        struct heard heard = {0};
        const struct transfer_request request = {.method = asked[i].method,
                                                 .url = url_of(&server, asked[i].path)};
        ask(&plain, &request, &heard);
        assert_int_equal(heard.result, TRANSFER_COMPLETE);
        assert_int_equal(heard.content.len, 0);
        assert_int_equal(heard.outcome.early, asked[i].early);
        heard_fini(&heard);
    }
    loopback_stop(&server);
    loopback_fini(&server);
}

static void cancels(void **state)
{
    static const struct loopback_row rows[] = {
        {"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false}, {0}};
    struct loopback server;
    struct heard refusing = {.refuse_from = 1}, dropped = {0}, other = {0};
    (void)state;

    loopback_start(&server, rows);
    const struct transfer_request request = {.method = "GET", .url = url_of(&server, "/")};
    struct transfers *transfers = transfers_new(&plain);
    assert_non_null(transfer_start(transfers, &request, &events, &refusing));
    struct transfer *drop = transfer_start(transfers, &request, &events, &dropped);
    assert_non_null(transfer_start(transfers, &request, &events, &other));
    transfer_cancel(drop);
    assert_int_equal(dropped.ends, 0); /* told by transfers_run alone */
    assert_true(transfers_run(transfers, -1));
    assert_int_equal(refusing.ends, 1);
    assert_int_equal(refusing.result, TRANSFER_CANCELLED);
    assert_int_equal(dropped.ends, 1);
    assert_int_equal(dropped.result, TRANSFER_CANCELLED);
    assert_int_equal(other.result, TRANSFER_COMPLETE);
    transfers_free(transfers);
    loopback_stop(&server);
    loopback_fini(&server);
    heard_fini(&refusing);
    heard_fini(&dropped);
    heard_fini(&other);
}

static void starts_the_next_at_the_end(void **state)
{
    static const struct loopback_row rows[] = {
        {"GET /a ", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", false},
        {"GET /b ", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb", false},
        {0}};
    struct loopback server;
    struct heard heard = {0};
    char next[256];
    (void)state;

    loopback_start(&server, rows);
    snprintf(next, sizeof next, "%s", url_of(&server, "/b"));
    heard.next = next;
    const struct transfer_request request = {.method = "GET", .url = url_of(&server, "/a")};
    ask(&plain, &request, &heard);
    assert_int_equal(heard.ends, 2);
    assert_int_equal(heard.content.len, 1);
    assert_memory_equal(heard.content.at, "b", 1);
    loopback_stop(&server);
    loopback_fini(&server);
    heard_fini(&heard);
}

static void runs_for_a_while(void **state)
{
    static const struct loopback_row rows[] = {
        {"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", false}, {0}};
    struct loopback server;
    struct heard heard = {0};
    (void)state;

    loopback_start(&server, rows);
    const struct transfer_request request = {.method = "GET", .url = url_of(&server, "/")};
    struct transfers *transfers = transfers_new(&plain);
    struct transfer *transfer = transfer_start(transfers, &request, &events, &heard);
    while (heard.content.len < 2)
        assert_false(transfers_run(transfers, 1));
    transfers_stop(transfers);
    assert_false(transfers_run(transfers, -1));
    assert_int_equal(heard.ends, 0);
    transfer_cancel(transfer);
    assert_true(transfers_run(transfers, -1));
    assert_int_equal(heard.ends, 1);
    transfers_free(transfers);
    loopback_stop(&server);
    loopback_fini(&server);
    heard_fini(&heard);
}

/* C-9110-5.4-2: fields are never dropped for their size, the whole response is. */
static void bounds_heads(void **state)
{
    static char answer[2 * TRANSFER_HEAD_MAX];
    const struct loopback_row rows[] = {{"", answer, true}, {0}};
    struct loopback server;
    struct heard heard = {0};
    size_t used = (size_t)snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\n");
    (void)state;

    while (used < TRANSFER_HEAD_MAX)
        used += (size_t)snprintf(answer + used, sizeof answer - used, "X: %01000d\r\n", 1);
    snprintf(answer + used, sizeof answer - used, "Content-Length: 0\r\n\r\n");
    loopback_start(&server, rows);
    const struct transfer_request request = {.method = "GET", .url = url_of(&server, "/")};
    ask(&plain, &request, &heard);
    assert_int_equal(heard.result, TRANSFER_MALFORMED);
    assert_non_null(strcasestr(heard.words, "too large"));
    loopback_stop(&server);
    loopback_fini(&server);
    heard_fini(&heard);
}

static void connects_where_it_is_told(void **state)
{
    static const struct loopback_row rows[] = {
        {"", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false}, {0}};
    struct loopback server;
    struct heard pinned = {0}, resolved = {0};
    char url[128], resolve[128];
    (void)state;

    loopback_start(&server, rows);
    snprintf(url, sizeof url, "http://pin.invalid:%u/", server.port);
    const struct transfer_request pin = {.method = "GET", .url = url, .address = "127.0.0.1"};
    ask(&plain, &pin, &pinned);
    assert_int_equal(pinned.result, TRANSFER_COMPLETE);

    snprintf(resolve, sizeof resolve, "name.invalid:%u:127.0.0.1", server.port);
    snprintf(url, sizeof url, "http://name.invalid:%u/", server.port);
    const char *const list[] = {resolve};
    const struct transfer_setup setup = {.proxy = "", .resolve = list, .resolve_count = 1};
    const struct transfer_request named = {.method = "GET", .url = url};
    ask(&setup, &named, &resolved);
    assert_int_equal(resolved.result, TRANSFER_COMPLETE);
    loopback_stop(&server);
    assert_non_null(strstr(server.requests[0], "\r\nHost: pin.invalid:"));
    assert_null(strstr(server.requests[1], "User-Agent"));
    loopback_fini(&server);
    heard_fini(&pinned);
    heard_fini(&resolved);
}

static void finds_addresses(void **state)
{
    size_t count = 0;
    (void)state;

    char **addresses = transfers_addresses(NULL, "http://127.0.0.1:80/", &count);
    assert_int_equal(count, 1);
    assert_string_equal(addresses[0], "127.0.0.1");
    transfers_addresses_free(addresses, count);
    addresses = transfers_addresses(NULL, "http://[::1]/", &count);
    assert_int_equal(count, 1);
    assert_string_equal(addresses[0], "::1");
    transfers_addresses_free(addresses, count);
    assert_null(transfers_addresses(NULL, "nonsense", &count));
    assert_int_equal(count, 0);
    const char *const list[] = {"a.invalid:81:10.0.0.1", "A.invalid:80:10.0.0.2,[::2],10.0.0.2"};
    const struct transfer_setup setup = {.resolve = list, .resolve_count = 2};
    struct transfers *transfers = transfers_new(&setup);
    addresses = transfers_addresses(transfers, "http://a.invalid/", &count);
    assert_int_equal(count, 2);
    assert_string_equal(addresses[0], "10.0.0.2");
    assert_string_equal(addresses[1], "::2");
    transfers_addresses_free(addresses, count);
    transfers_free(transfers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_a_response),
        cmocka_unit_test(calls_each_end),
        cmocka_unit_test(refuses_what_cannot_be_asked),
        cmocka_unit_test(sends_methods_and_content),
        cmocka_unit_test(sees_content_where_there_is_none),
        cmocka_unit_test(cancels),
        cmocka_unit_test(starts_the_next_at_the_end),
        cmocka_unit_test(runs_for_a_while),
        cmocka_unit_test(bounds_heads),
        cmocka_unit_test(connects_where_it_is_told),
        cmocka_unit_test(finds_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
