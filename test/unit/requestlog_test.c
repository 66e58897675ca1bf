/* Access logs and targets: which lines count, what is made of hostile ones, who comes again, and
 * what is forgotten.
 */
#include "audit/inputlimit.h"
#include "audit/requestlog.h"
#include "base/memory.h"

#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

struct line_row {
    const char *id;
    const char *name;
    struct stet_span line;
    const char *url; /* counted as this; NULL: not counted */
    unsigned malformed, without_host;
};

#define BEHIND "\" 200 12 \"-\" \"agent\""

static const struct line_row line_rows[] = {
    {"log", "combined", S("1.2.3.4 - - [06/Nov/1994:08:49:37 +0000] \"GET /a?b=c HTTP/1.1" BEHIND),
     "https://base.test:8443/a?b=c", 0, 0},
    {"log", "common", S("1.2.3.4 - joe [time] \"GET /a HTTP/1.0\" 200 12"),
     "https://base.test:8443/a", 0, 0},
    {"log", "no octets", S("::1 - - [time] \"GET /a HTTP/1.1\" 304 -"), "https://base.test:8443/a",
     0, 0},
    {"log", "a user with a space", S("1.2.3.4 - joe doe [time] \"GET /a HTTP/1.1" BEHIND),
     "https://base.test:8443/a", 0, 0},
    {"log", "the host in front", S("example.org:81 1.2.3.4 - - [time] \"GET /a HTTP/1.1" BEHIND),
     "https://example.org:81/a", 0, 0},
    {"log", "absolute form", S("1.2.3.4 - - [time] \"GET http://other.test/a HTTP/1.1" BEHIND),
     "http://other.test/a", 0, 0},
    {"log", "two slashes are a path", S("1.2.3.4 - - [time] \"GET //x/a HTTP/1.1" BEHIND),
     "https://base.test:8443//x/a", 0, 0},
    {"log", "HTTP/0.9", S("1.2.3.4 - - [time] \"GET /a" BEHIND), "https://base.test:8443/a", 0, 0},
    {"log", "JSON",
     S("{\"client\":\"::1\",\"method\":\"GET\",\"target\":\"/j\",\"status\":200,\"sent\":5}"),
     "https://base.test:8443/j", 0, 0},
    {"log", "JSON with a host",
     S("{\"host\":\"h.test\",\"method\":\"GET\",\"target\":\"/j\",\"status\":200}"),
     "https://h.test/j", 0, 0},
    {"log", "JSON of nginx's variables",
     S("{\"remote_addr\":\"::1\",\"request_method\":\"GET\",\"request_uri\":\"/"
       "j\",\"status\":\"200\","
       "\"body_bytes_sent\":\"5\"}"),
     "https://base.test:8443/j", 0, 0},
    {"log", "JSON with the line of the request",
     S("{\"request\":\"GET /j HTTP/1.1\",\"status\":200,\"body_bytes_sent\":5}"),
     "https://base.test:8443/j", 0, 0},
    {"log", "JSON of Caddy",
     S("{\"level\":\"info\",\"request\":{\"remote_ip\":\"::1\",\"method\":\"GET\",\"host\":\"h."
       "test\","
       "\"uri\":\"/j?a\",\"tls\":{}},\"status\":200,\"size\":5}"),
     "https://h.test/j?a", 0, 0},
    {"log", "JSON, a request of another type", S("{\"request\":7,\"status\":200}"), NULL, 1, 0},
    {"log", "JSON, a status that is no number", S("{\"request\":\"GET / x\",\"status\":\"ok\"}"),
     NULL, 1, 0},
    {"log", "escapes undone", S("1.2.3.4 - - [time] \"GET /a\\x7e HTTP/1.1" BEHIND),
     "https://base.test:8443/a~", 0, 0},
    {"log", "POST", S("1.2.3.4 - - [time] \"POST /a HTTP/1.1" BEHIND), NULL, 0, 0},
    {"log", "404", S("1.2.3.4 - - [time] \"GET /a HTTP/1.1\" 404 12"), NULL, 0, 0},
    {"log", "301", S("1.2.3.4 - - [time] \"GET /a HTTP/1.1\" 301 12"), NULL, 0, 0},
    {"log", "empty", S(""), NULL, 1, 0},
    {"log", "a quote is not closed", S("1.2.3.4 - - [time] \"GET /a HTTP/1.1 200"), NULL, 1, 0},
    {"log", "an escaped quote closes nothing", S("1 - - [time] \"GET /a\\\" 200 12"), NULL, 1, 0},
    {"log", "JSON cut in its line of the request", S("{\"request\":\"GET\",\"status\":200}"), NULL,
     1, 0},
    {"log", "no status", S("1.2.3.4 - - [time] \"GET /a HTTP/1.1\" - -"), NULL, 1, 0},
    {"log", "an octet no URL has", S("1 - - [t] \"GET /a\\x00b HTTP/1.1\" 200 12"), NULL, 1, 0},
    {"log", "an escaped quote in a URL", S("1 - - [t] \"GET /a\\\"b HTTP/1.1\" 200 12"), NULL, 1,
     0},
    {"log", "an escaped quote behind the URL", S("1 - - [t] \"GET /a HTTP/1.1\\\"\" 200 12"),
     "https://base.test:8443/a", 0, 0},
    {"log", "handshake to the wrong port", S("1 - - [t] \"\\x16\\x03\\x01\" 400 157"), NULL, 1, 0},
    {"log", "userinfo", S("1 - - [t] \"GET http://u:p@h/ HTTP/1.1\" 200 12"), NULL, 1, 0},
    {"log", "JSON cut short", S("{\"method\":\"GET\",\"target\":\"/j\""), NULL, 1, 0},
    {"log", "JSON of other types", S("{\"method\":1,\"target\":[],\"status\":\"200\"}"), NULL, 1,
     0},
    {"log", "JSON, an empty target", S("{\"method\":\"GET\",\"target\":\"\",\"status\":200}"), NULL,
     1, 0},
};

static void lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(line_rows); i++) {
        const struct line_row *row = &line_rows[i];
        struct targets targets;
        size_t count;
        targets_init(&targets, 10);
        struct requestlog log = {.targets = &targets, .base = S("https://base.test:8443/ignored")};
        check_row(row, requestlog_line(&log, row->line));
        struct target *const *list = targets_list(&targets, &count);
        check_row(row, list && count == (row->url != NULL) && log.counted == count);
        check_row(row, !row->url || strcmp(list[0]->url, row->url) == 0);
        check_row(row, log.malformed == row->malformed && log.without_host == row->without_host);
        targets_fini(&targets);
    }
}

static void lines_without_base(void **state)
{
    (void)state;
    struct targets targets;
    size_t count;
    targets_init(&targets, 10);
    struct requestlog log = {.targets = &targets};
    assert_true(requestlog_line(&log, STET_SPAN("1 - - [t] \"GET /a HTTP/1.1\" 200 12")));
    assert_int_equal(log.without_host, 1);
    assert_true(requestlog_line(&log, STET_SPAN("h:443 1 - - [t] \"GET /a HTTP/1.1\" 200 12")));
    struct target *const *list = targets_list(&targets, &count);
    assert_int_equal(count, 1);
    assert_string_equal(list[0]->url, "https://h:443/a");
    targets_fini(&targets);
}

/* ---- targets ---- */

static void visit(struct targets *targets, const char *url, const char *client, int status,
                  uint64_t octets)
{
    const struct target_visit visit = {stet_span_of(url), stet_span_of(client), status, octets};
    assert_int_equal(targets_visit(targets, &visit), TARGETS_TAKEN);
}

static void repeats(void **state)
{
    (void)state;
    struct targets targets;
    size_t count;
    targets_init(&targets, 10);
    visit(&targets, "http://h/a", "one", 200, 100);
    visit(&targets, "http://h/a", "two", 200, 100);   /* somebody else */
    visit(&targets, "http://h/a", "one", 200, 100);   /* again, for nothing */
    visit(&targets, "http://h/a#f", "one", 200, 110); /* it had changed */
    visit(&targets, "http://h/a", "one", 304, 0);
    visit(&targets, "http://h/a", "one", 206, 100);
    visit(&targets, "http://h/b", "one", 200, 100); /* another URL */
    struct target *const *list = targets_list(&targets, &count);
    assert_int_equal(count, 2);
    assert_string_equal(list[0]->url, "http://h/a");
    assert_int_equal(list[0]->requests, 6);
    assert_int_equal(list[0]->repeats, 1);
    assert_int_equal(list[0]->octets, 100);
    assert_int_equal(list[0]->validated, 1);
    assert_int_equal(list[1]->requests, 1);
    assert_int_equal(list[1]->repeats, 0);
    targets_fini(&targets);
}

static void unfit(void **state)
{
    static const struct stet_span urls[] = {S(""),
                                            S("/a"),
                                            S("ftp://h/a"),
                                            S("http:///a"),
                                            S("http://h/a b"),
                                            S("http://h/\xff"),
                                            S("javascript:alert(1)"),
                                            S("http://u@h/"),
                                            S("http://h:99999/")};
    (void)state;
    struct targets targets;
    size_t count;
    targets_init(&targets, 10);
    for (size_t i = 0; i < COUNT(urls); i++)
        assert_int_equal(targets_add(&targets, urls[i]), TARGETS_UNFIT);
    char *large = malloc(inputlimit(INPUTLIMIT_URL) + 1);
    memset(large, 'a', inputlimit(INPUTLIMIT_URL) + 1);
    memcpy(large, "http://h/", 9);
    assert_int_equal(targets_add(&targets, stet_span(large, inputlimit(INPUTLIMIT_URL) + 1)),
                     TARGETS_UNFIT);
    assert_int_equal(targets_add(&targets, stet_span(large, inputlimit(INPUTLIMIT_URL))),
                     TARGETS_TAKEN);
    free(large);
    assert_non_null(targets_list(&targets, &count));
    assert_int_equal(count, 1);
    targets_fini(&targets);
}

/* However many there are, what is asked for most stays. */
static void bounded(void **state)
{
    (void)state;
    struct targets targets;
    size_t count;
    char url[32];
    targets_init(&targets, 100);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(url, sizeof url, "http://h/%u", i);
        visit(&targets, url, "one", 200, 1);
        visit(&targets, i % 2 ? "http://h/often" : "http://h/oftener", "one", 200, 1);
        if (i % 4 == 1)
            visit(&targets, "http://h/oftener", "two", 200, 1);
        assert_true(targets.map.count <= 100);
    }
    struct target *const *list = targets_list(&targets, &count);
    assert_string_equal(list[0]->url, "http://h/oftener");
    assert_int_equal(list[0]->requests, 15000);
    assert_string_equal(list[1]->url, "http://h/often");
    assert_int_equal(list[1]->requests, 10000);
    assert_true(targets.forgotten > 19000);
    targets_fini(&targets);
}

static void without_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        struct targets targets;
        size_t count;
        targets_init(&targets, 2);
        struct requestlog log = {.targets = &targets, .base = S("http://h/")};
        memory_fail_nth(nth);
        bool done = true;
        for (unsigned i = 0; done && i < 3; i++) {
            char line[64];
            int len = snprintf(line, sizeof line, "1 - - [t] \"GET /%u HTTP/1.1\" 200 12", i);
            done = requestlog_line(&log, stet_span(line, (size_t)len));
        }
        done = done && targets_list(&targets, &count);
        const bool over = memory_count() < nth;
        memory_fail_nth(0);
        targets_fini(&targets);
        if (over) {
            assert_true(done);
            break;
        }
    }
}

/* ---- files ---- */

static void files(void **state)
{
    static const char text[] = "1 - - [t] \"GET /a HTTP/1.1\" 200 12\r\n\n"
                               "1 - - [t] \"GET /a HTTP/1.1\" 200 12";
    char path[] = "/tmp/stet-requestlog-XXXXXX";
    (void)state;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (unsigned packed = 0; packed < 2; packed++) {
        gzFile file = gzopen(path, packed ? "wb" : "wbT");
        char *large = malloc(inputlimit(INPUTLIMIT_LOG_LINE) + 2);
        memset(large, 'x', inputlimit(INPUTLIMIT_LOG_LINE) + 1);
        large[inputlimit(INPUTLIMIT_LOG_LINE) + 1] = '\n';
        assert_true(gzwrite(file, large, (unsigned)inputlimit(INPUTLIMIT_LOG_LINE) + 2) > 0);
        assert_true(gzwrite(file, text, sizeof text - 1) > 0);
        free(large);
        gzclose(file);
        struct targets targets;
        size_t count;
        targets_init(&targets, 10);
        struct requestlog log = {.targets = &targets, .base = S("http://h")};
        assert_null(requestlog_read(&log, path));
        assert_int_equal(log.lines, 3);
        assert_int_equal(log.malformed, 1);
        assert_int_equal(targets_list(&targets, &count)[0]->repeats, 1);
        targets_fini(&targets);
    }
    assert_int_equal(truncate(path, 30), 0); /* in the middle of its packing */
    struct targets targets;
    targets_init(&targets, 10);
    struct requestlog log = {.targets = &targets};
    assert_non_null(requestlog_read(&log, path));
    unlink(path);
    close(fd);
    assert_string_equal(requestlog_read(&log, path), "No such file or directory");
    assert_string_equal(requestlog_read(&log, "/"), "Is a directory");
    targets_fini(&targets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines),          cmocka_unit_test(lines_without_base),
        cmocka_unit_test(repeats),        cmocka_unit_test(unfit),
        cmocka_unit_test(bounded),        cmocka_unit_test(files),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
