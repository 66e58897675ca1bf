/* Table tests of deception: which paths promise another type than the response has. */
#include "cache/deception.h"

#include "message.h"
#include "table.h"

struct row {
    const char *id;
    const char *name;
    const char *path;
    const char *type; /* NULL: none */
    bool want;
};

static const struct row rows[] = {
    {"deception", "a page where a style sheet should be", "/account/x.css", "text/html", true},
    {"deception", "a style sheet", "/account/x.css", "text/css", false},
    {"deception", "with parameters", "/x.css", "Text/CSS ; charset=utf-8", false},
    {"deception", "no type", "/x.css", NULL, false},
    {"deception", "bare octets", "/x.css", "application/octet-stream", false},
    {"deception", "a longer type", "/x.css", "text/cssx", true},
    {"deception", "a shorter type", "/x.css", "text", true},
    {"deception", "any image", "/a/b.png", "image/webp", false},
    {"deception", "no image", "/a/b.png", "text/html", true},
    {"deception", "nearly an image", "/a/b.png", "image", true},
    {"deception", "one of several types", "/a.js", "text/javascript", false},
    {"deception", "another of them", "/a.js", "application/javascript", false},
    {"deception", "data of an account", "/a.js", "application/json", true},
    {"deception", "upper case", "/a.CSS", "text/html", true},
    {"deception", "an escaped dot", "/account/x%2ecss", "text/html", true},
    {"deception", "escaped letters", "/account/x.%63%73s", "text/html", true},
    {"deception", "an escaped slash", "/account%2Fx.css", "text/html", true},
    {"deception", "a slash behind the extension", "/x.css/account", "text/html", false},
    {"deception", "an escaped slash behind it", "/x.css%2faccount", "text/html", false},
    {"deception", "a parameter", "/x.css;jsessionid=1", "text/html", true},
    {"deception", "a parameter that looks like a file", "/account;x.css", "text/html", true},
    {"deception", "an escaped semicolon", "/x.css%3Bv", "text/html", true},
    {"deception", "the last extension counts", "/x.css.html", "text/html", false},
    {"deception", "the last extension", "/x.html.css", "text/html", true},
    {"deception", "a broken escape", "/x%2.css", "text/html", true},
    {"deception", "an escape cut short", "/x.css%2", "text/html", false},
    {"deception", "an extension nobody knows", "/x.unheard", "text/html", false},
    {"deception", "a long one", "/x.cssssssssssssssss", "text/html", false},
    {"deception", "as long as fits", "/x.abcdefgh", "text/html", false},
    {"deception", "begins like one", "/x.cs", "text/html", false},
    {"deception", "none", "/x", "text/html", false},
    {"deception", "an empty one", "/x.", "text/html", false},
    {"deception", "a dot that begins the name", "/.css", "text/html", true},
    {"deception", "dots in folders", "/a.css/b", "text/html", false},
    {"deception", "the root", "/", "text/html", false},
    {"deception", "a NUL", "/x.css%00", "text/html", false},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stet_field storage[1];
        struct stet_head head = {.fields = storage};
        if (rows[i].type)
            stet_head_add(&head, storage, STET_SPAN("Content-Type"), stet_span_of(rows[i].type));
        check_row(&rows[i], deception_suspected(stet_span_of(rows[i].path), &head) == rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests_name("deception", tests, NULL, NULL);
}
