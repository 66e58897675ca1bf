/* Escaping: hostile octets, in each form that reports have.
 */
#include "audit/escape.h"

#include "table.h"

struct escape_row {
    const char *id;
    const char *name;
    struct stet_span octets;
    const char *terminal, *markup, *utf8, *uri;
};

#define LOST "\xef\xbf\xbd"

static const struct escape_row escape_rows[] = {
    {"escape", "nothing", S(""), "", "", "", ""},
    {"escape", "plain", S("http://h/a?b=c#d"), "http://h/a?b=c#d", "http://h/a?b=c#d",
     "http://h/a?b=c#d", "http://h/a?b=c#d"},
    {"escape", "the end of a CDATA section", S("\"]]>"), "\"]]>", "&quot;]]&gt;", "\"]]>",
     "%22%5D%5D%3E"},
    {"escape", "the end of a script", S("</script>"), "</script>", "&lt;/script&gt;", "</script>",
     "%3C/script%3E"},
    {"escape", "quotes and entities", S("'&amp;'"), "'&amp;'", "&#39;&amp;amp;&#39;", "'&amp;'",
     "'&amp;'"},
    {"escape", "what steers a terminal", S("\033[2J\007\x9b"), "\\x1b[2J\\x07\\x9b",
     LOST "[2J" LOST LOST, "\033[2J\007" LOST, "%1B%5B2J%07%9B"},
    {"escape", "C1 in UTF-8", S("\xc2\x9b"), "\\xc2\\x9b", LOST, "\xc2\x9b", "%C2%9B"},
    {"escape", "NUL", S("a\0b"), "a\\x00b", "a" LOST "b", "a\0b", "a%00b"},
    {"escape", "line ends and tabs", S("a\r\n\tb"), "a\\x0d\\x0a\\x09b", "a" LOST "\n\tb",
     "a\r\n\tb", "a%0D%0A%09b"},
    {"escape", "DEL", S("\x7f"), "\\x7f", LOST, "\x7f", "%7F"},
    {"escape", "UTF-8", S("d\xc3\xa9j\xc3\xa0 \xf0\x9f\x98\x80"),
     "d\xc3\xa9j\xc3\xa0 \xf0\x9f\x98\x80", "d\xc3\xa9j\xc3\xa0 \xf0\x9f\x98\x80",
     "d\xc3\xa9j\xc3\xa0 \xf0\x9f\x98\x80", "d%C3%A9j%C3%A0%20%F0%9F%98%80"},
    {"escape", "no UTF-8", S("a\xff\xc3"), "a\\xff\\xc3", "a" LOST LOST, "a" LOST LOST, "a%FF%C3"},
    {"escape", "overlong", S("\xc0\xaf"), "\\xc0\\xaf", LOST LOST, LOST LOST, "%C0%AF"},
    {"escape", "a surrogate", S("\xed\xa0\x80"), "\\xed\\xa0\\x80", LOST LOST LOST, LOST LOST LOST,
     "%ED%A0%80"},
    {"escape", "text turned around",
     S("a\xe2\x80\xae"
       "b"),
     "a\\xe2\\x80\\xae"
     "b",
     "a" LOST "b",
     "a\xe2\x80\xae"
     "b",
     "a%E2%80%AEb"},
    {"escape", "an isolate", S("\xe2\x81\xa6"), "\\xe2\\x81\\xa6", LOST, "\xe2\x81\xa6",
     "%E2%81%A6"},
    {"escape", "no character", S("\xef\xbf\xbf"), "\\xef\\xbf\\xbf", LOST, "\xef\xbf\xbf",
     "%EF%BF%BF"},
    {"escape", "brackets in a path", S("http://h/[a]|^"), "http://h/[a]|^", "http://h/[a]|^",
     "http://h/[a]|^", "http://h/%5Ba%5D%7C%5E"},
};

static void escapes(void **state)
{
    static void (*const forms[])(struct text *, struct stet_span) = {escape_terminal, escape_markup,
                                                                     escape_utf8, escape_uri};
    (void)state;
    for (size_t i = 0; i < COUNT(escape_rows); i++) {
        const struct escape_row *row = &escape_rows[i];
        const char *const wanted[] = {row->terminal, row->markup, row->utf8, row->uri};
        for (size_t j = 0; j < COUNT(forms); j++) {
            struct text text = {0};
            /* Of rows with NUL the wanted text has one as well. */
            const size_t len =
                strlen(wanted[j]) + (j == 2 && memchr(row->octets.at, 0, row->octets.len) ? 2 : 0);
            forms[j](&text, row->octets);
            check_row(row, text.len == len);
            check_row(row, len == 0 || memcmp(text.at, wanted[j], len) == 0);
            text_fini(&text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(escapes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
