/* Lists, words, parameters and weights. */
#include "table.h"

#include "stet/list.h"

/* The members joined by "|", for comparing with a wanted text. */
static struct stet_span members_of(struct stet_list *list, char *to)
{
    size_t len = 0;
    struct stet_span member;
    while (stet_list_next(list, &member)) {
        assert_true(member.len > 0);
        memcpy(to + len, member.at, member.len);
        len += member.len;
        to[len++] = '|';
    }
    return stet_span(to, len ? len - 1 : 0);
}

static void values_divide(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span value, want;
        bool unclosed;
    } rows[] = {
        {"C-9110-5.2-1", "two", S("a, b"), S("a|b"), false},
        {"C-9110-5.2-1", "one", S("a"), S("a"), false},
        {"C-9110-5.6.1.2-1", "empty members", S(",a,,b,"), S("a|b"), false},
        {"C-9110-5.6.1.2-1", "only commas", S(" , ,, ,"), S(""), false},
        {"C-9110-5.6.1.2-1", "empty", S(""), S(""), false},
        {"C-9110-5.6.1.2-1", "none", {NULL, 0}, S(""), false},
        {"C-9110-5.6.3-1", "tabs and spaces", S("\ta\t ,\t b \t"), S("a|b"), false},
        {"C-9110-5.6.3-1", "inner space stays", S("a b, c"), S("a b|c"), false},
        {"C-9110-5.6.4-1", "comma in quotes", S("no-cache=\"a,b\", c"), S("no-cache=\"a,b\"|c"),
         false},
        {"C-9110-5.6.4-1", "escaped comma splits once", S("no-cache=\"a\\,b\",c"),
         S("no-cache=\"a\\,b\"|c"), false},
        {"C-9110-5.6.4-1", "escaped quote", S("x=\"a\\\",b\", c"), S("x=\"a\\\",b\"|c"), false},
        {"C-9110-5.6.4-1", "escaped backslash", S("x=\"a\\\\\",b"), S("x=\"a\\\\\"|b"), false},
        {"C-9110-5.6.4-1", "backslash outside quotes", S("a\\,b"), S("a\\|b"), false},
        {"D-32", "unclosed swallows the line", S("a, x=\"b, no-store"), S("a|x=\"b, no-store"),
         true},
        {"D-32", "unclosed by an escape", S("x=\"b\\\", c"), S("x=\"b\\\", c"), true},
        {"D-32", "unclosed, backslash last", S("x=\"b\\"), S("x=\"b\\"), true},
        {"D-32", "lone quote", S("\""), S("\""), true},
        {"C-9111-5.2.3-1", "parse past quoted arguments", S("x=\"max-age=9, no-store\", max-age=1"),
         S("x=\"max-age=9, no-store\"|max-age=1"), false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        char joined[128];
        struct stet_list list = stet_list_in(row->value);
        struct stet_span got = members_of(&list, joined);
        check_row(row, stet_span_equal(got, row->want));
        check_row(row, list.unclosed == row->unclosed);
        struct stet_span member;
        check_row(row, !stet_list_next(&list, &member));
    }
}

static void lines_join(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        const char *lines[4];
        struct stet_span want;
        bool unclosed;
    } rows[] = {
        {"C-9110-5.2-1", "three lines", {"a", "b, c", "d"}, S("a|b|c|d"), false},
        {"C-9110-5.6.1.2-1", "empty line between", {"a", "", "b"}, S("a|b"), false},
        {"C-9110-5.6.1.2-1", "empty lines only", {"", ","}, S(""), false},
        {"C-9110-5.2-1", "absent", {NULL}, S(""), false},
        {"D-32", "unclosed swallows one line", {"a, \"b, c", "d"}, S("a|\"b, c|d"), true},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_field storage[9];
        struct stet_head head = {0};
        for (size_t i = 0; i < 4 && row->lines[i]; i++) {
            stet_head_add(&head, storage, STET_SPAN("X-Other"), STET_SPAN("no, no"));
            stet_head_add(&head, storage, STET_SPAN("Vary"), stet_span_of(row->lines[i]));
        }
        stet_head_add(&head, storage, STET_SPAN("Accept"), STET_SPAN("no"));
        char joined[64];
        struct stet_list list = stet_list_of(&head, STET_FIELD_VARY);
        check_row(row, stet_span_equal(members_of(&list, joined), row->want));
        check_row(row, list.unclosed == row->unclosed);
    }
}

static void members_sought(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span value, token;
        bool found;
    } rows[] = {
        {"C-9110-12.5.5-1", "star at the end", S("a, *"), S("*"), true},
        {"C-9110-5.1-1", "without case", S("Accept, COOKIE"), S("cookie"), true},
        {"C-9110-5.1-1", "not a part", S("Accept-Encoding"), S("Accept"), false},
        {"C-9110-5.6.1.2-1", "empty list", S(""), S("a"), false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++)
        check_row(row, stet_list_has(stet_list_in(row->value), row->token) == row->found);
}

/* C-9110-5.6.1.2-1: ten thousand commas are one step. */
static void many_commas(void **state)
{
    (void)state;
    static char commas[10001];
    memset(commas, ',', sizeof commas);
    commas[10000] = 'a';
    struct stet_list list = stet_list_in(stet_span(commas, sizeof commas));
    struct stet_span member;
    assert_true(stet_list_next(&list, &member));
    assert_true(stet_span_equal(member, STET_SPAN("a")));
    assert_false(stet_list_next(&list, &member));
}

static void words(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text;
        bool read, quoted;
        struct stet_span value, plain, rest;
    } rows[] = {
        {"C-9110-5.6.6-1", "token", S("abc;d"), true, false, S("abc"), S("abc"), S(";d")},
        {"C-9110-5.6.6-1", "quoted", S("\"abc\";d"), true, true, S("abc"), S("abc"), S(";d")},
        {"C-9110-5.6.4-1", "empty quotes", S("\"\""), true, true, S(""), S(""), S("")},
        {"C-9110-5.6.4-1", "escapes", S("\"a\\\"\\\\\\b\"x"), true, true, S("a\\\"\\\\\\b"),
         S("a\"\\b"), S("x")},
        {"C-9110-5.6.4-1", "obs-text and tab", S("\"\t\xe4\""), true, true, S("\t\xe4"),
         S("\t\xe4"), S("")},
        {"C-9110-5.6.4-1", "unclosed", S("\"abc"), false, false, S(""), S(""), S("\"abc")},
        {"C-9110-5.6.4-1", "closed only by an escape", S("\"abc\\\""), false, false, S(""), S(""),
         S("\"abc\\\"")},
        {"C-9110-5.6.4-1", "control octet", S("\"a\x01\""), false, false, S(""), S(""),
         S("\"a\x01\"")},
        {"C-9110-5.6.4-1", "escaped control octet", S("\"a\\\x01\""), false, false, S(""), S(""),
         S("\"a\\\x01\"")},
        {"C-9110-5.6.4-1", "DEL", S("\"\x7f\""), false, false, S(""), S(""), S("\"\x7f\"")},
        {"C-9110-5.6.6-1", "nothing", S(""), false, false, S(""), S(""), S("")},
        {"C-9110-5.6.6-1", "none", {NULL, 0}, false, false, S(""), S(""), S("")},
        {"C-9110-5.6.6-1", "space", S(" a"), false, false, S(""), S(""), S(" a")},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_span text = row->text, value = {NULL, 0};
        bool quoted = false;
        char plain[32];
        check_row(row, stet_word_next(&text, &value, &quoted) == row->read);
        check_row(row, stet_span_equal(text, row->rest));
        check_row(row, quoted == row->quoted);
        check_row(row, stet_span_equal(value, row->value));
        check_row(row, stet_span_equal(stet_span(plain, stet_unquote(value, plain)), row->plain));
    }
    char plain[4];
    assert_int_equal(stet_unquote(STET_SPAN("a\\"), plain), 2);
}

static void parameters(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text, want;
        bool clean;
    } rows[] = {
        {"C-9110-5.6.6-1", "two", S(";a=1;b=2"), S("a=1|b=2|"), true},
        {"C-9110-5.6.6-1", "white space", S(" ; a=1\t;\tb=\"2\" "), S("a=1|b=2|"), true},
        {"C-9110-5.6.6-1", "trailing semicolon", S(";a=1;"), S("a=1|"), true},
        {"C-9110-5.6.6-1", "empty ones", S(";;a=1; ;"), S("a=1|"), true},
        {"C-9110-5.6.6-1", "nothing", S(""), S(""), true},
        {"C-9110-5.6.6-1", "none", {NULL, 0}, S(""), true},
        {"C-9110-5.6.6-1", "space only", S("  "), S(""), true},
        {"C-9110-5.6.6-1", "semicolon in quotes", S(";a=\"x;y=1\";b=2"), S("a=x;y=1|b=2|"), true},
        {"C-9110-5.6.6-1", "space before =", S(";a =1"), S(""), false},
        {"C-9110-5.6.6-1", "space after =", S(";a= 1"), S(""), false},
        {"C-9110-5.6.6-1", "no value", S(";a"), S(""), false},
        {"C-9110-5.6.6-1", "no name", S(";=1"), S(""), false},
        {"C-9110-5.6.6-1", "no semicolon", S("a=1"), S(""), false},
        {"C-9110-5.6.6-1", "text after a value", S(";a=1 b=2"), S("a=1|"), false},
        {"C-9110-5.6.6-1", "unclosed", S(";a=\"1"), S(""), false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_span rest = row->text, name, value;
        char joined[64];
        size_t len = 0;
        while (stet_parameter_next(&rest, &name, &value)) {
            memcpy(joined + len, name.at, name.len);
            joined[len + name.len] = '=';
            memcpy(joined + len + name.len + 1, value.at, value.len);
            len += name.len + value.len + 2;
            joined[len - 1] = '|';
        }
        check_row(row, stet_span_equal(stet_span(joined, len), row->want));
        check_row(row, (rest.len == 0) == row->clean);
    }
}

static void weights(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text;
        int weight;
    } rows[] = {
        {"C-9110-12.4.2-1", "absent", S(""), 1000},
        {"C-9110-12.4.2-1", "another parameter only", S(";level=1"), 1000},
        {"C-9110-12.4.2-1", "0", S(";q=0"), 0},
        {"C-9110-12.4.2-1", "0.", S(";q=0."), 0},
        {"C-9110-12.4.2-1", "0.000", S(";q=0.000"), 0},
        {"C-9110-12.4.2-1", "0.5", S(";q=0.5"), 500},
        {"C-9110-12.4.2-1", "0.05", S("; q=0.05"), 50},
        {"C-9110-12.4.2-1", "0.001", S(" ;Q=0.001"), 1},
        {"C-9110-12.4.2-1", "0.999", S(";q=0.999"), 999},
        {"C-9110-12.4.2-1", "1", S(";q=1"), 1000},
        {"C-9110-12.4.2-1", "1.000", S(";q=1.000"), 1000},
        {"C-9110-12.4.2-1", "after another", S(";level=1;q=0.4"), 400},
        {"C-9110-12.4.2-1", "before another", S(";q=0.4;level=1"), 400},
        {"C-9110-12.4.2-1", "four decimals", S(";q=0.1234"), -1},
        {"C-9110-12.4.2-1", "above one", S(";q=1.001"), -1},
        {"C-9110-12.4.2-1", "two", S(";q=2"), -1},
        {"C-9110-12.4.2-1", "no leading digit", S(";q=.5"), -1},
        {"C-9110-12.4.2-1", "negative", S(";q=-1"), -1},
        {"C-9110-12.4.2-1", "comma for the point", S(";q=0,5"), -1},
        {"C-9110-12.4.2-1", "text behind it", S(";q=0.5 x"), -1},
        {"C-9110-12.4.2-1", "the first counts", S(";q=0.5;q=1"), 500},
        {"C-9110-12.4.2-1", "letters", S(";q=0.x"), -1},
        {"C-9110-12.4.2-1", "ten", S(";q=10"), -1},
        {"C-9110-12.4.2-1", "quoted", S(";q=\"0.5\""), -1},
        {"C-9110-12.4.2-1", "empty", S(";q="), -1},
        {"C-9110-12.4.2-1", "space in it", S(";q= 0"), -1},
        {"C-9110-12.4.2-1", "off the grammar before", S("x;q=0"), -1},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++)
        check_row(row, stet_weight(row->text) == row->weight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_divide),  cmocka_unit_test(lines_join),
        cmocka_unit_test(members_sought), cmocka_unit_test(many_commas),
        cmocka_unit_test(words),          cmocka_unit_test(parameters),
        cmocka_unit_test(weights),
    };
    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
