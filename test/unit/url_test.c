/* URLs as they are typed, and what is sent.
 */
#include "table.h"

#include <string.h>

#include "base/memory.h"
#include "client/url.h"

/* Instead of the domain name system's own rules. */
static char *ascii(const char *host)
{
    static const char known[] = "b\xc3\xbc"
                                "cher.example";
    char *name = strcmp(host, known) == 0 ? memory_new(32) : NULL;

    return name ? strcpy(name, "xn--bcher-kva.example") : NULL;
}

static const struct row {
    const char *id, *name, *typed, *sent, *userinfo;
} rows[] = {
    {"url", "as it is", "http://a.example/b?c=d", "http://a.example/b?c=d", NULL},
    {"url", "no scheme", "a.example/b", "http://a.example/b", NULL},
    {"url", "a port", "localhost:8080", "http://localhost:8080", NULL},
    {"url", "a scheme in the query", "a.example/?u=http://b", "http://a.example/?u=http://b", NULL},
    {"url", "a fragment", "https://a.example/b#c?d", "https://a.example/b", NULL},
    {"url", "userinfo", "http://ann:s%3A@a.example/b@c", "http://a.example/b@c", "ann:s%3A"},
    {"url", "two of them", "http://a@b@c/", "http://c/", "a@b"},
    {"url", "no scheme, userinfo", "ann:x@a.example", "http://a.example", "ann:x"},
    {"url", "IPv6", "http://[::1]:80/x", "http://[::1]:80/x", NULL},
    {"url", "another script",
     "http://b\xc3\xbc"
     "cher.example:81/\xc3\xbc?\xe4",
     "http://xn--bcher-kva.example:81/%C3%BC?%E4", NULL},
    {"url", "one that is not known", "http://\xc3\xbc/", "http://\xc3\xbc/", NULL},
    {"url", "another scheme", "file:///etc/passwd", "file:///etc/passwd", NULL},
    {"url", "spaces stay", "http://a/b c", "http://a/b c", NULL},
    {"url", "nothing", "", "http://", NULL},
};

static void takes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url url;
        assert_true(url_take(rows[i].typed, ascii, &url));
        check_row(&rows[i], strcmp(url.sent, rows[i].sent) == 0);
        check_row(&rows[i], !rows[i].userinfo == !url.userinfo);
        check_row(&rows[i], !url.userinfo || strcmp(url.userinfo, rows[i].userinfo) == 0);
        url_fini(&url);
    }
}

static void says_when_memory_is_out(void **state)
{
    struct url url;
    unsigned failed = 0;
    (void)state;

    for (unsigned nth = 1; nth < 8; nth++) {
        memory_fail_nth(nth);
        if (url_take("http://ann@b\xc3\xbc"
                     "cher.example:81/\xc3\xbc",
                     ascii, &url))
            url_fini(&url);
        else
            failed++;
        memory_fail_nth(0);
    }
    assert_true(failed >= 3);
}

static void escapes(void **state)
{
    static const char *const pairs[][2] = {
        {"/a b<\"\xc3\xbc\">?c%20d", "/a%20b%3C%22%C3%BC%22%3E?c%20d"},
        {"a b", "a%20b"},
        {"http://a b/c d", "http://a b/c%20d"},
        {"//a b?c d", "//a b?c%20d"},
        {"/x//y z", "/x//y%20z"},
        {"", ""},
    };
    char to[64];
    (void)state;

    for (size_t i = 0; i < COUNT(pairs); i++) {
        const size_t len = url_escape(stet_span_of(pairs[i][0]), to);
        to[len] = '\0';
        assert_string_equal(to, pairs[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes),
        cmocka_unit_test(says_when_memory_is_out),
        cmocka_unit_test(escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
