/* What a redirect makes of a request: where to, by which method, and what stays behind.
 */
#include "base/memory.h"
#include "client/message.h"
#include "client/redirect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct row {
    const char *id, *method, *url;
    int status;
    const char *location;
    enum redirect_kind kind;
    const char *to;
    bool get, another;
};

#define FROM "http://example.org/a/b?q"

static const struct row rows[] = {
    {"C-9110-15.4.2-1", "GET", FROM, 301, "c", REDIRECT_THERE, "http://example.org/a/c", 0, 0},
    {"absolute", "GET", FROM, 302, "http://example.org:80/", REDIRECT_THERE,
     "http://example.org:80/", 0, 0},
    {"another host", "GET", FROM, 307, "//other/x", REDIRECT_THERE, "http://other/x", 0, 1},
    {"another port", "GET", FROM, 308, "http://example.org:81/", REDIRECT_THERE,
     "http://example.org:81/", 0, 1},
    {"another scheme", "GET", FROM, 302, "https://example.org/", REDIRECT_THERE,
     "https://example.org/", 0, 1},
    {"fragment", "GET", FROM, 302, "/c#d", REDIRECT_THERE, "http://example.org/c", 0, 0},
    {"C-9110-15.4.8-1", "POST", FROM, 301, "/c", REDIRECT_THERE, "http://example.org/c", 1, 0},
    {"POST by 302", "POST", FROM, 302, "/c", REDIRECT_THERE, "http://example.org/c", 1, 0},
    {"POST by 303", "POST", FROM, 303, "/c", REDIRECT_THERE, "http://example.org/c", 1, 0},
    {"C-9110-15.4.8-1", "POST", FROM, 307, "/c", REDIRECT_THERE, "http://example.org/c", 0, 0},
    {"C-9110-15.4.8-1", "POST", FROM, 308, "/c", REDIRECT_THERE, "http://example.org/c", 0, 0},
    {"PUT by 302", "PUT", FROM, 302, "/c", REDIRECT_THERE, "http://example.org/c", 0, 0},
    {"PUT by 303", "PUT", FROM, 303, "/c", REDIRECT_THERE, "http://example.org/c", 1, 0},
    {"C-10008-2.5-1", "QUERY", FROM, 301, "/c", REDIRECT_THERE, "http://example.org/c", 0, 0},
    {"C-10008-2.5-1", "QUERY", FROM, 302, "/c", REDIRECT_THERE, "http://example.org/c", 0, 0},
    {"C-10008-2.5-1", "QUERY", FROM, 303, "/c", REDIRECT_THERE, "http://example.org/c", 1, 0},
    {"C-10008-2.5-1", "QUERY", FROM, 307, "/c", REDIRECT_THERE, "http://example.org/c", 0, 0},
    {"C-10008-2.5-1", "QUERY", FROM, 308, "/c", REDIRECT_THERE, "http://example.org/c", 0, 0},
    {"HEAD by 303", "HEAD", FROM, 303, "/c", REDIRECT_THERE, "http://example.org/c", 0, 0},
    {"of another script", "GET", FROM, 302, "/\xc3\xbc b", REDIRECT_THERE,
     "http://example.org/%C3%BC%20b", 0, 0},
    {"no Location", "GET", FROM, 302, NULL, REDIRECT_NONE, NULL, 0, 0},
    {"300", "GET", FROM, 300, "/c", REDIRECT_NONE, NULL, 0, 0},
    {"304", "GET", FROM, 304, "/c", REDIRECT_NONE, NULL, 0, 0},
    {"201", "POST", FROM, 201, "/c", REDIRECT_NONE, NULL, 0, 0},
    {"to a file", "GET", FROM, 302, "file:///etc/passwd", REDIRECT_OFF, NULL, 0, 0},
    {"to a script", "GET", FROM, 302, "javascript:1", REDIRECT_OFF, NULL, 0, 0},
    {"off the grammar", "GET", FROM, 302, "http://a b/", REDIRECT_OFF, NULL, 0, 0},
    {"with userinfo", "GET", FROM, 302, "http://a:b@example.org/", REDIRECT_OFF, NULL, 0, 0},
};

static void judges(void **state)
{
    unsigned failed = 0;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct message head = {0};
        struct redirect to;
        if (row->location)
            assert_true(message_add(&head, STET_SPAN("Location"), stet_span_of(row->location)));
        const enum redirect_kind kind = redirect_of(
            stet_span_of(row->method), stet_span_of(row->url), row->status, &head.head, &to);
        if (kind != row->kind ||
            (kind == REDIRECT_THERE &&
             (strcmp(to.url, row->to) != 0 || to.get != row->get || to.another != row->another))) {
            print_error("%s: kind %d, \"%s\", get %d, another %d\n", row->id, kind,
                        kind == REDIRECT_THERE ? to.url : "", to.get, to.another);
            failed++;
        }
        if (kind == REDIRECT_THERE)
            memory_free(to.url);
        message_fini(&head);
    }
    assert_int_equal(failed, 0);
}

static void two_locations_lead_nowhere(void **state)
{
    struct message head = {0};
    struct redirect to;
    (void)state;

    assert_true(message_add_line(&head, STET_SPAN("Location: /a")));
    assert_true(message_add_line(&head, STET_SPAN("Location: /b")));
    assert_int_equal(redirect_of(STET_SPAN("GET"), STET_SPAN(FROM), 302, &head.head, &to),
                     REDIRECT_OFF);
    message_fini(&head);
}

/* C-9110-15.4-1: what is of the origin asked before, or of the content, stays behind. */
static void leaves_behind(void **state)
{
    const struct redirect same = {0}, another = {.another = true}, get = {.get = true};
    (void)state;

    assert_true(redirect_drops(&another, STET_SPAN("authorization")));
    assert_true(redirect_drops(&another, STET_SPAN("Cookie")));
    assert_true(redirect_drops(&another, STET_SPAN("Host")));
    assert_true(redirect_drops(&another, STET_SPAN("Origin")));
    assert_true(redirect_drops(&another, STET_SPAN("Referer")));
    assert_false(redirect_drops(&another, STET_SPAN("Content-Type")));
    assert_false(redirect_drops(&same, STET_SPAN("Authorization")));
    assert_true(redirect_drops(&get, STET_SPAN("content-type")));
    assert_false(redirect_drops(&get, STET_SPAN("Authorization")));
    assert_false(redirect_drops(&another, STET_SPAN("Accept")));
}

static void says_when_memory_is_out(void **state)
{
    struct message head = {0};
    struct redirect to;
    (void)state;

    assert_true(message_add_line(&head, STET_SPAN("Location: /a")));
    memory_fail_nth(1);
    assert_int_equal(redirect_of(STET_SPAN("GET"), STET_SPAN(FROM), 302, &head.head, &to),
                     REDIRECT_OFF);
    memory_fail_nth(0);
    assert_true(to.out_of_memory);
    message_fini(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges),
        cmocka_unit_test(two_locations_lead_nowhere),
        cmocka_unit_test(leaves_behind),
        cmocka_unit_test(says_when_memory_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
