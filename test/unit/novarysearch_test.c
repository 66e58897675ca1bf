/* No-Vary-Search: the rule read, queries compared, the field written. */
#include "table.h"

#include "stet/novarysearch.h"
#include "stet/vary.h"

#include <stdlib.h>

#define EXACT STET_NOVARYSEARCH_EXACT
#define ALL_BUT STET_NOVARYSEARCH_ALL_BUT
#define ONLY STET_NOVARYSEARCH_ONLY

static struct stet_novarysearch rule_of(const char *value, bool legacy)
{
    static struct stet_field fields[1];
    struct stet_head head = {.fields = fields};
    if (value)
        stet_head_add(&head, fields, STET_SPAN("no-vary-search"), stet_span_of(value));
    return stet_novarysearch_of(&head, legacy);
}

static size_t names_in(const struct stet_novarysearch *rule)
{
    struct stet_sf walk = rule->names;
    struct stet_sf_member name;
    size_t count = 0;
    while (stet_sf_next(&walk, &name))
        count++;
    return count;
}

struct rule_row {
    const char *id, *name;
    const char *value;
    bool legacy;
    enum stet_novarysearch_rule rule;
    bool order_free;
    size_t names;
};

static const struct rule_row rule_rows[] = {
    {"C-NVS-5.1-1", "absent", NULL, false, EXACT, false, 0},
    {"C-NVS-5.1-1", "empty", "", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "unparsable", "params=(\"a\"", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "unparsable behind", "params=(\"a\"), key-order,", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "order as String", "key-order=\"not a boolean\"", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "order as Integer", "params=(\"a\"), key-order=1", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "order as list", "params=(\"a\"), key-order=()", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "params as String", "params=\"not an inner list\"", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "params of Tokens", "params=(not-a-string)", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "one Token", "params=(\"a\" b)", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "display strings", "params=(%\"a\")", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "params false", "params=?0", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "params true", "params=?1", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "params bare", "params", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "both, one Boolean", "params, except=(\"x\")", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "both", "params=(\"a\"), except=(\"x\")", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "both empty", "params=(), except=()", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "both and order", "key-order, params=(\"a\"), except=(\"x\")", false, EXACT,
     false, 0},
    {"C-NVS-5.1-1", "wrong params and order", "key-order, params=(a)", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "except as String", "except=\"not an inner list\"", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "except of Tokens", "except=(not-a-string)", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "except Boolean", "except=?1", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "only unknown keys", "unknown-key", false, EXACT, false, 0},
    {"C-NVS-5.1-1", "case of keys", "params=(\"a\"), Key-order", false, EXACT, false, 0},
    {"C-NVS-5.1-2", "params", "params=(\"a\" \"b\")", false, ALL_BUT, false, 2},
    {"C-NVS-5.1-2", "params of none", "params=()", false, EXACT, false, 0},
    {"C-NVS-5.1-2", "except", "except=(\"x\")", false, ONLY, false, 1},
    {"C-NVS-5.1-2", "except none", "except=()", false, ONLY, false, 0},
    {"C-NVS-5.1-2", "params and order", "key-order, params=(\"a\")", false, ALL_BUT, true, 1},
    {"C-NVS-5.1-2", "except and order", "except=(\"a\"), key-order=?1", false, ONLY, true, 1},
    {"C-NVS-5.1-2", "none and order", "params=(), key-order", false, ALL_BUT, true, 0},
    {"C-NVS-5.1-2", "order false", "params=(\"a\"), key-order=?0", false, ALL_BUT, false, 1},
    {"C-NVS-5.1-2", "last of two", "params=(\"a\"), params=(\"b\" \"c\")", false, ALL_BUT, false,
     2},
    {"C-NVS-5.1-2", "parameters ignored", "params=(\"a\";x);y, key-order;z", false, ALL_BUT, true,
     1},
    {"C-NVS-3-1", "unknown keys ignored", "params=(\"a\"), future=(1)", false, ALL_BUT, false, 1},
    {"C-NVS-5.1-3", "lone key-order", "key-order", false, ALL_BUT, true, 0},
    {"D-43", "lone key-order", "key-order=?1", false, ALL_BUT, true, 0},
    {"D-43", "lone key-order, false", "key-order=?0", false, EXACT, false, 0},
    {"D-43", "legacy except", "params, except=(\"x\")", true, ONLY, false, 1},
    {"D-43", "legacy all", "params", true, ONLY, false, 0},
    {"D-43", "legacy all and order", "key-order, params=?1", true, ONLY, true, 0},
    {"D-43", "legacy none", "params=?0", true, EXACT, false, 0},
    {"D-43", "legacy none and order", "params=?0, key-order", true, ALL_BUT, true, 0},
    {"D-43", "legacy none and except", "params=?0, except=(\"x\")", true, EXACT, false, 0},
    {"D-43", "legacy none, except and order", "key-order, params=?0, except=(\"x\")", true, EXACT,
     false, 0},
    {"D-43", "legacy except wrong", "params, except=(x)", true, EXACT, false, 0},
    {"D-43", "legacy except Boolean", "params, except", true, EXACT, false, 0},
    {"D-43", "new except beside legacy", "except=(\"x\")", true, ONLY, false, 1},
    {"D-43", "new params beside legacy", "params=(\"x\")", true, ALL_BUT, false, 1},
    {"D-43", "two lists beside legacy", "params=(\"a\"), except=(\"x\")", true, EXACT, false, 0},
};

static void rules_are_read(void **state)
{
    (void)state;
    for (const struct rule_row *row = rule_rows; row < rule_rows + COUNT(rule_rows); row++) {
        struct stet_novarysearch rule = rule_of(row->value, row->legacy);
        check_row(row, rule.rule == row->rule && rule.order_free == row->order_free);
        check_row(row, names_in(&rule) == row->names);
    }
}

struct query_row {
    const char *id, *name;
    const char *value, *a, *b;
    bool equal;
};

static bool queries_equal(const struct query_row *row, bool swap)
{
    struct stet_query_pair room[16];
    struct stet_novarysearch rule = rule_of(row->value, false);
    struct stet_span a = stet_span_of(swap ? row->b : row->a);
    struct stet_span b = stet_span_of(swap ? row->a : row->b);
    return stet_novarysearch_equal(&rule, a, b, room, COUNT(room));
}

static const char order[] = "key-order", utm[] = "params=(\"utm\" \"ref\")";
static const char id[] = "except=(\"id\")";

static const struct query_row compared_rows[] = {
    {"C-NVS-6-2", "equal", NULL, "a=1", "a=1", true},
    {"C-NVS-6-2", "both null", NULL, NULL, NULL, true},
    {"C-NVS-6-2", "both empty", NULL, "", "", true},
    {"C-NVS-6-2", "null and empty", NULL, NULL, "", false},
    {"C-NVS-6-2", "encoded otherwise", NULL, "a=x", "%61=x", false},
    {"C-NVS-6-2", "empty parameters", NULL, "a=b&&&c", "a=b&c=", false},
    {"C-NVS-6-3", "null and empty", order, NULL, "", true},
    {"C-NVS-6-3", "null and nothing", order, NULL, "&&", true},
    {"C-NVS-6-3", "null and something", order, NULL, "a", false},
    {"C-NVS-6-3", "percent", order, "a=x", "%61=%78", true},
    {"C-NVS-6-3", "lower and upper hex", order, "a=%2a", "a=%2A", true},
    {"C-NVS-6-3", "UTF-8", order, "a=\xc3\xa9", "a=%C3%A9", true},
    {"C-NVS-6-3", "not UTF-8", order, "a=%f6", "a=%ef%bf%bd", true},
    {"C-NVS-6-3", "two wrong octets are two", order, "a=%f6%f6", "a=%ef%bf%bd", false},
    {"C-NVS-6-3", "a broken character is one", order, "a=%e2%82", "a=%ef%bf%bd", true},
    {"C-NVS-6-3", "broken by another", order, "a=%e2%82x", "a=%ef%bf%bdx", true},
    {"C-NVS-6-3", "broken by a lead", order, "a=%e2%c3%a9", "a=%ef%bf%bd\xc3\xa9", true},
    {"C-NVS-6-3", "surrogate is three", order, "a=%ed%a0%80", "a=%ef%bf%bd%ef%bf%bd%ef%bf%bd",
     true},
    {"C-NVS-6-3", "a mark stays", order, "a=%ef%bb%bfx", "a=x", false},
    {"C-NVS-6-3", "normal forms differ", order, "a=%C3%A9", "a=e%CC%81", false},
    {"C-NVS-6-3", "empty parts", order, "a=x&&&&", "a=x", true},
    {"C-NVS-6-3", "no equals sign", order, "a=", "a", true},
    {"C-NVS-6-3", "only an equals sign", order, "=", "=&", true},
    {"C-NVS-6-3", "empty name", order, "=", "", false},
    {"C-NVS-6-3", "second equals sign", order, "a=b=c", "a=b%3Dc", true},
    {"C-NVS-6-3", "encoded equals sign", order, "a%3Db", "a=b", false},
    {"C-NVS-6-3", "encoded ampersand", order, "a=1%26b=2", "a=1&b=2", false},
    {"C-NVS-6-3", "space", order, "a=%20", "a=+", true},
    {"C-NVS-6-3", "bare space", order, "a= &", "a=+", true},
    {"C-NVS-6-3", "plus", order, "a=%2B", "a=+", false},
    {"C-NVS-6-3", "broken escape", order, "a=%zz", "a=%25zz", true},
    {"C-NVS-6-3", "escape of one digit", order, "a=%z1", "a=%25z1", true},
    {"C-NVS-6-3", "second value differs", order, "a=1&b=1", "a=1&b=2", false},
    {"C-NVS-6-3", "second name differs", order, "a=1&b=1", "a=1&c=1", false},
    {"C-NVS-6-3", "last of three differs", "params=(\"x\")", "a&b&c=1", "a&b&c=2", false},
    {"C-NVS-6-3", "short escape", order, "a=%4", "a=%254", true},
    {"C-NVS-6-3", "percent last", order, "a=%", "a=%25", true},
    {"C-NVS-6-3", "NUL", order, "a=%00", "a=", false},
    {"C-NVS-6-3", "case counts", order, "a=x", "A=x", false},
    {"C-NVS-6-3", "a semicolon divides nothing", order, "a;b", "b;a", false},
    {"C-NVS-5.1-2", "order", order, "a=1&b=2", "b=2&a=1", true},
    {"C-NVS-5.1-2", "order counts", utm, "a=1&b=2", "b=2&a=1", false},
    {"C-NVS-5.1-2", "order of one name", order, "a=1&a=2", "a=2&a=1", false},
    {"C-NVS-5.1-2", "order of one name among others", order, "a=1&b=3&a=2", "b=3&a=1&a=2", true},
    {"C-NVS-5.1-2", "names in two spellings", order, "%61=1&b&a=2", "b&a=1&%61=2", true},
    {"C-NVS-5.1-2", "one more", order, "a&b", "b&a&a", false},
    {"C-NVS-5.1-2", "prefix", order, "ab=1&a=2", "a=2&ab=1", true},
    {"C-NVS-5.1-2", "named ones", utm, "utm=1&a=2&ref=3", "a=2", true},
    {"C-NVS-5.1-2", "named ones alone", utm, "utm=1", NULL, true},
    {"C-NVS-5.1-2", "named in another spelling", utm, "%75tm=1&a", "a", true},
    {"C-NVS-5.1-2", "named in another case", utm, "UTM=1&a", "a", false},
    {"C-NVS-5.1-2", "others count", utm, "utm=1&a=2", "a=3", false},
    {"C-NVS-5.1-2", "prefix is another name", utm, "utm_x=1", "", false},
    {"C-NVS-5.1-2", "only one", id, "id=1&x=2", "y=3&id=1", true},
    {"C-NVS-5.1-2", "only one, differing", id, "id=1", "id=2", false},
    {"C-NVS-5.1-2", "only one, absent", id, "x=1", NULL, true},
    {"C-NVS-5.1-2", "only one, empty and absent", id, "id", "", false},
    {"C-NVS-5.1-2", "nothing counts", "except=()", "a=1&b", "c", true},
    {"C-NVS-5.1-2", "nothing named, order counts", "params=()", "a&b", "b&a", false},
    {"C-NVS-5.1-2", "both", "key-order, params=(\"x\")", "a&x=1&b", "b&a", true},
    {"C-NVS-5.1-2", "only and order", "key-order, except=(\"a\" \"b\")", "a&c&b", "b&a", true},
    {"C-NVS-5.1-2", "only, order counts", "except=(\"a\" \"b\")", "a&c&b", "b&a", false},
    {"C-NVS-5.3-1", "name encoded", "params=(\"%C3%A9+%E6%B0%97\")", "%C3%A9+%E6%B0%97=4&a",
     "a&\xc3\xa9%20\xe6\xb0\x97=1", true},
    {"C-NVS-5.3-1", "plus in a name", "params=(\"a+b\")", "a%20b=1", "", true},
    {"C-NVS-5.3-1", "encoded plus", "params=(\"a%2Bb\")", "a%2Bb=1", "", true},
    {"C-NVS-5.3-1", "encoded plus is no space", "params=(\"a%2Bb\")", "a+b=1", "", false},
    {"C-NVS-5.3-1", "escapes of the String", "params=(\"\\\"\\\\\")", "%22%5C=1", "", true},
    {"C-NVS-5.3-1", "escapes are no escapes there", "params=(\"\\\\\")", "%5C%5C=1", "", false},
    {"C-NVS-5.3-1", "broken escape in a name", "params=(\"%\\\"\")", "%25%22=1", "", true},
    {"C-NVS-5.3-1", "mark in a name", "params=(\"%EF%BB%BFa\")", "a=1", "", false},
    {"C-NVS-5.3-1", "empty name", "params=(\"\")", "=1", "", true},
    {"D-43", "lone key-order", "key-order", "b&a", "a&b", true},
};

static void queries_are_compared(void **state)
{
    (void)state;
    for (const struct query_row *row = compared_rows; row < compared_rows + COUNT(compared_rows);
         row++) {
        check_row(row, queries_equal(row, false) == row->equal);
        check_row(row, queries_equal(row, true) == row->equal);
    }
}

static void too_many_parameters_are_unequal(void **state)
{
    (void)state;
    static const struct query_row row = {"C-NVS-6-3", "bounds", "key-order",
                                         "a&b&c",     "c&b&a",  true};
    struct stet_query_pair room[6];
    struct stet_novarysearch rule = rule_of(row.value, false);
    for (size_t count = 0; count <= COUNT(room); count++) {
        bool equal =
            stet_novarysearch_equal(&rule, stet_span_of(row.a), stet_span_of(row.b), room, count);
        check_row(&row, equal == (count == 6));
        check_row(&row, stet_novarysearch_equal(&rule, stet_span_of(row.a), stet_span_of(row.a),
                                                room, count));
    }
    rule = rule_of("params=(\"x\")", false);
    check_row(&row, !stet_novarysearch_equal(&rule, STET_SPAN("x&x"), STET_SPAN("x&x&x&x&x"), room,
                                             COUNT(room)));
}

static void long_lists_count_as_none(void **state)
{
    (void)state;
    static const struct query_row row = {"C-NVS-5.1-1", "bounds", NULL, NULL, NULL, false};
    char *text = malloc(3 * STET_NOVARYSEARCH_TEXT_MAX);
    assert_non_null(text);
    for (size_t names = STET_NOVARYSEARCH_NAMES_MAX; names < STET_NOVARYSEARCH_NAMES_MAX + 2;
         names++) {
        strcpy(text, "params=(");
        for (size_t i = 0; i < names; i++)
            strcat(text, "\"a\" ");
        strcat(text, ")");
        check_row(&row,
                  (rule_of(text, false).rule == EXACT) == (names > STET_NOVARYSEARCH_NAMES_MAX));
    }
    for (size_t len = STET_NOVARYSEARCH_TEXT_MAX; len < STET_NOVARYSEARCH_TEXT_MAX + 2; len++) {
        strcpy(text, "params=(\"");
        memset(text + 9, 'a', len - 2);
        strcpy(text + 9 + len - 2, "\")");
        check_row(&row, (rule_of(text, false).rule == EXACT) == (len > STET_NOVARYSEARCH_TEXT_MAX));
    }
    free(text);
}

static void targets_must_match_first(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        const char *scheme, *authority, *path, *query;
        bool match;
    } rows[] = {
        {"C-NVS-6-1", "same", "https", "example.com", "/a", "x=1", true},
        {"C-NVS-6-1", "case of the host", "HTTPS", "Example.com", "/a", "x=2", true},
        {"C-NVS-6-1", "scheme", "http", "example.com", "/a", "x=1", false},
        {"C-NVS-6-1", "host", "https", "example.org", "/a", "x=1", false},
        {"C-NVS-6-1", "port", "https", "example.com:8443", "/a", "x=1", false},
        {"C-NVS-6-1", "userinfo", "https", "u@example.com", "/a", "x=1", false},
        {"C-NVS-6-1", "path", "https", "example.com", "/b", "x=1", false},
        {"C-NVS-6-1", "case of the path", "https", "example.com", "/A", "x=1", false},
        {"C-NVS-6-1", "query", "https", "example.com", "/a", "y=1", false},
    };
    const struct stet_request wanted = {.scheme = STET_SPAN_INIT("https"),
                                        .authority = STET_SPAN_INIT("example.com"),
                                        .path = STET_SPAN_INIT("/a"),
                                        .query = STET_SPAN_INIT("")};
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_query_pair room[8];
        struct stet_novarysearch rule = rule_of("params=(\"x\")", false);
        struct stet_request request = {.scheme = stet_span_of(row->scheme),
                                       .authority = stet_span_of(row->authority),
                                       .path = stet_span_of(row->path),
                                       .query = stet_span_of(row->query)};
        check_row(row, stet_novarysearch_match(&rule, &wanted, &request, room, COUNT(room)) ==
                           row->match);
    }
}

/* A target that matches only by the rule is still selected by Vary. */
static void vary_still_applies(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        const char *query, *language;
        bool match, selected;
    } rows[] = {
        {"C-NVS-7-1", "both", "x=2", "de", true, true},
        {"C-NVS-7-1", "another language", "x=2", "fr", true, false},
        {"C-NVS-7-1", "another query", "y=2", "de", false, true},
    };
    struct stet_field stored[2], first[1];
    struct stet_head response = {.fields = stored}, request = {.fields = first};
    char selection[64];
    stet_head_add(&response, stored, STET_SPAN("No-Vary-Search"), STET_SPAN("params=(\"x\")"));
    stet_head_add(&response, stored, STET_SPAN("Vary"), STET_SPAN("Accept-Language"));
    stet_head_add(&request, first, STET_SPAN("Accept-Language"), STET_SPAN("de"));
    size_t len = stet_vary_select(stet_list_of(&response, STET_FIELD_VARY), &request, selection,
                                  sizeof(selection));
    assert_in_range(len, 1, sizeof(selection));
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_novarysearch rule = stet_novarysearch_of(&response, false);
        struct stet_query_pair room[8];
        struct stet_field fields[1];
        struct stet_head head = {.fields = fields};
        stet_head_add(&head, fields, STET_SPAN("Accept-Language"), stet_span_of(row->language));
        check_row(row, stet_novarysearch_equal(&rule, STET_SPAN("x=1"), stet_span_of(row->query),
                                               room, COUNT(room)) == row->match);
        check_row(row, stet_vary_match(stet_span(selection, len), &head) == row->selected);
    }
}

static void the_field_is_written(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span names[3];
        size_t count;
        bool order_free;
        const char *want;
    } rows[] = {
        {"C-NVS-3-1", "nothing", {{0}}, 0, false, ""},
        {"C-NVS-3-1", "one", {S("utm_source")}, 1, false, "params=(\"utm_source\")"},
        {"C-NVS-3-1",
         "two and order",
         {S("a"), S("b")},
         2,
         true,
         "key-order, params=(\"a\" \"b\")"},
        {"D-43", "order alone", {{0}}, 0, true, "key-order, params=()"},
        {"C-NVS-3-1",
         "encoded",
         {S("\xc3\xa9 +%&\"\\"), S("")},
         2,
         false,
         "params=(\"%C3%A9+%2B%25%26%22%5C\" \"\")"},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        char to[64];
        size_t want = strlen(row->want);
        for (size_t room = 0; room < sizeof(to); room++) {
            memset(to, 'X', sizeof(to));
            size_t got = stet_novarysearch_write(row->names, row->count, row->order_free, to, room);
            check_row(row, got == (room >= want ? want : 0) && to[room] == 'X');
            check_row(row, stet_span_equal(stet_span(to, got), stet_span_of(got ? row->want : "")));
        }
    }
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const struct query_row row = {"C-NVS-3-1", "round trip", NULL, NULL, NULL, true};
    static const struct stet_span names[] = {S("\xc3\xa9 +%&\"\\"), S("plain")};
    char to[128];
    to[stet_novarysearch_write(names, 2, true, to, sizeof(to))] = 0;
    struct stet_novarysearch rule = rule_of(to, false);
    struct stet_query_pair room[8];
    check_row(&row, rule.rule == ALL_BUT && rule.order_free && names_in(&rule) == 2);
    check_row(&row, stet_novarysearch_equal(&rule, STET_SPAN("plain&%C3%A9%20%2B%25%26%22%5C=1"),
                                            STET_SPAN_NONE, room, COUNT(room)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read),
        cmocka_unit_test(queries_are_compared),
        cmocka_unit_test(too_many_parameters_are_unequal),
        cmocka_unit_test(long_lists_count_as_none),
        cmocka_unit_test(targets_must_match_first),
        cmocka_unit_test(vary_still_applies),
        cmocka_unit_test(the_field_is_written),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
