/* Table tests of Vary: which requests make the same selection, and how a selection is written. */
#include "stet/vary.h"

#include "message.h"
#include "table.h"

struct any_row {
    const char *id;
    const char *name;
    const char *text;
    bool want;
};

static const struct any_row any_rows[] = {
    {"C-9110-12.5.5-1", "no Vary", "Date: x", false},
    {"C-9110-12.5.5-1", "names", "Vary: a, b", false},
    {"C-9110-12.5.5-1", "a star", "Vary: *", true},
    {"C-9110-12.5.5-1", "a star among names", "Vary: a, *", true},
    {"C-9110-12.5.5-1", "two stars", "Vary: *, *", true},
    {"C-9110-12.5.5-1", "a star on the second line", "Vary: a\nVary: *", true},
    {"C-9110-12.5.5-1", "a star after an empty member", "Vary: , *", true},
    {"C-9110-12.5.5-1", "empty", "Vary:", false},
    {"C-9111-4.1-4", "what is no name may mean anything", "Vary: a b", true},
    {"D-09", "quotes are no name", "Vary: \"a\"", true},
};

static void test_any(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(any_rows); i++) {
        struct message message;
        const struct stet_head *head = message_head(&message, any_rows[i].text);
        check_row(&any_rows[i], stet_vary_any(head) == any_rows[i].want);
    }
}

struct match_row {
    const char *id;
    const char *name;
    const char *vary;
    const char *stored; /* fields of the request that was answered */
    const char *now;    /* fields of the request that asks */
    bool want;
};

static const struct match_row match_rows[] = {
    {"C-9111-4-3", "the same value", "Foo", "Foo: 1", "Foo: 1", true},
    {"C-9111-4-3", "another value", "Foo", "Foo: 1", "Foo: 2", false},
    {"C-9111-4.1-1", "another coding", "Accept-Encoding", "Accept-Encoding: gzip",
     "Accept-Encoding: br", false},
    {"C-9111-4.1-1", "one of two differs", "Foo, Bar", "Foo: 1\nBar: a", "Foo: 1\nBar: b", false},
    {"C-9111-4.1-1", "two that equal, in another order", "Foo, Bar", "Foo: 1\nBar: a",
     "Bar: a\nFoo: 1", true},
    {"C-9111-4.1-1", "fields that are not named", "Foo", "Foo: 1\nBar: a", "Foo: 1\nBar: b", true},
    {"C-9111-4.1-1", "no names", "", "Foo: 1", "Foo: 2", true},
    {"C-9111-4.1-1", "a longer value", "Foo", "Foo: 1", "Foo: 12", false},
    {"C-9111-4.1-1", "a shorter value", "Foo", "Foo: 12", "Foo: 1", false},
    {"C-9111-4.1-1", "case counts in unknown fields", "Foo", "Foo: a", "Foo: A", false},
    {"C-9111-4.1-1", "order counts in unknown fields", "Foo", "Foo: a, b", "Foo: b, a", false},
    {"C-9110-5.1-1", "names ignore case", "FOO", "foo: 1", "Foo: 1", true},
    {"C-9111-4.1-2", "white space around commas", "Foo", "Foo: 1,2", "Foo:  1, 2 ", true},
    {"C-9111-4.1-2", "but not inside members", "Foo", "Foo: 1 2", "Foo: 12", false},
    {"C-9111-4.1-2", "nor inside quotes", "Foo", "Foo: \"a,b\"", "Foo: \"a, b\"", false},
    {"C-9111-4.1-2", "two lines are one", "Foo", "Foo: 1, 2", "Foo: 1\nFoo: 2", true},
    {"C-9111-4.1-2", "lines in another order", "Foo", "Foo: 1, 2", "Foo: 2\nFoo: 1", false},
    {"C-9111-4.1-2", "empty members", "Foo", "Foo: 1,,2,", "Foo: 1, 2", true},
    {"C-9111-4.1-2", "fields that are no lists keep their octets", "User-Agent", "User-Agent: a, b",
     "User-Agent: a,b", false},
    {"C-9111-4.1-2", "cookies, too", "Cookie", "Cookie: a=b, c", "Cookie: a=b,c", false},
    {"C-9111-4.1-2", "their lines are joined", "Cookie", "Cookie: a=b\nCookie: c=d",
     "Cookie: a=b, c=d", true},
    {"C-9111-4.1-2", "order of codings", "Accept-Encoding", "Accept-Encoding: gzip, br",
     "Accept-Encoding: br,gzip", true},
    {"C-9111-4.1-2", "case of codings", "Accept-Encoding", "Accept-Encoding: gzip",
     "Accept-Encoding: GZip", true},
    {"C-9111-4.1-2", "space in weights", "Accept-Encoding", "Accept-Encoding: gzip;q=0.5, br",
     "Accept-Encoding: br, gzip ; Q=0.5", true},
    {"C-9111-4.1-2", "another weight", "Accept-Encoding", "Accept-Encoding: gzip;q=0.5, br",
     "Accept-Encoding: gzip;q=0.6, br", false},
    {"C-9111-4.1-2", "a coding named twice", "Accept-Encoding", "Accept-Encoding: gzip, br, gzip",
     "Accept-Encoding: gzip, br", true},
    {"C-9111-4.1-1", "members are kept apart", "Accept-Encoding", "Accept-Encoding: br, gzip",
     "Accept-Encoding: brgzip", false},
    {"C-9111-4.1-2", "order of languages", "Accept-Language", "Accept-Language: en, de",
     "Accept-Language: de, en", true},
    {"C-9111-4.1-2", "case of languages", "Accept-Language", "Accept-Language: en-US",
     "Accept-Language: EN-us", true},
    {"C-9111-4.1-2", "a language more", "Accept-Language", "Accept-Language: en",
     "Accept-Language: en, de", false},
    {"C-9111-4.1-5", "a preference is no equality", "Accept-Language", "Accept-Language: en, de",
     "Accept-Language: fr;q=0.5, de;q=1.0", false},
    {"C-9111-4.1-3", "absent and absent", "Foo", "", "", true},
    {"C-9111-4.1-3", "absent and present", "Foo", "", "Foo: 1", false},
    {"C-9111-4.1-3", "present and absent", "Foo", "Foo: 1", "", false},
    {"C-9111-4.1-3", "empty and absent", "Foo", "Foo:", "", false},
    {"C-9111-4.1-3", "absent and empty", "Foo", "", "Foo:", false},
    {"C-9111-4.1-3", "empty and empty", "Foo", "Foo:", "Foo: ,", true},
    {"C-9110-5.5-2", "a value cannot imitate the next name", "Foo, Bar",
     "Foo: 1\x01"
     "bar:2",
     "Foo: 1\nBar: 2", false},
    {"C-9110-5.5-3", "octets above 7F are kept", "Foo", "Foo: \xc3\xa9", "Foo: \xc3\xa8", false},
};

static void test_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(match_rows); i++) {
        const struct match_row *row = &match_rows[i];
        struct message stored, now;
        char one[200], other[200];
        const struct stet_head *first = message_head(&stored, row->stored);
        const struct stet_head *second = message_head(&now, row->now);
        struct stet_list vary = stet_list_in(stet_span_of(row->vary));
        size_t length = stet_vary_select(vary, first, one, sizeof(one));
        size_t again = stet_vary_select(vary, second, other, sizeof(other));

        check_row(row, length <= sizeof(one) && again <= sizeof(other));
        check_row(row, stet_vary_match(stet_span(one, length), first));
        check_row(row, stet_vary_match(stet_span(one, length), second) == row->want);
        check_row(row, stet_vary_match(stet_span(other, again), first) == row->want);
        check_row(row,
                  stet_span_equal(stet_span(one, length), stet_span(other, again)) == row->want);
    }
}

/* Line feeds cannot come in through message_head. */
static void test_line_feeds(void **state)
{
    struct stet_field field;
    struct stet_head head = {.fields = &field};
    struct message other;
    char text[100];

    (void)state;
    stet_head_add(&head, &field, STET_SPAN("Foo"), STET_SPAN("1\nbar:2"));
    size_t length = stet_vary_select(stet_list_in(STET_SPAN("Foo")), &head, text, sizeof(text));
    assert_memory_equal(text, "foo:1 bar:2\n", length);
    assert_true(stet_vary_match(stet_span(text, length), &head));
    assert_false(stet_vary_match(stet_span(text, length), message_head(&other, "Foo: 1\nBar: 2")));
}

struct names_row {
    const char *id;
    const char *name;
    const char *text;
    const char *want;
};

static const struct names_row names_rows[] = {
    {"C-9110-12.5.5-1", "lower case, one line", "Vary: Foo ,, BAR\nVary: Baz", "foo, bar, baz"},
    {"C-9110-12.5.5-1", "each once", "Vary: a, B, A\nVary: b, c", "a, b, c"},
    {"C-9110-12.5.5-1", "none", "Date: x", ""},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names_rows); i++) {
        const struct names_row *row = &names_rows[i];
        struct message message;
        char text[100] = "";
        const struct stet_head *head = message_head(&message, row->text);
        size_t length = stet_vary_names(head, text, sizeof(text));
        check_row(row, stet_span_equal(stet_span(text, length), stet_span_of(row->want)));
        check_row(row, stet_vary_names(head, text, 1) == length);
    }
}

/* C-9111-4.3.1-1: a validation of our own carries the fields that selected the response. */
static void test_next(void **state)
{
    struct stet_span rest = STET_SPAN("accept-encoding:br,gzip\ncookie\nfoo:\n");
    struct stet_span name, value;

    (void)state;
    assert_true(stet_vary_next(&rest, &name, &value));
    assert_true(stet_span_equal(name, STET_SPAN("accept-encoding")));
    assert_true(stet_span_equal(value, STET_SPAN("br,gzip")));
    assert_true(stet_vary_next(&rest, &name, &value));
    assert_true(stet_span_equal(name, STET_SPAN("cookie")));
    assert_null(value.at);
    assert_true(stet_vary_next(&rest, &name, &value));
    assert_true(stet_span_equal(name, STET_SPAN("foo")));
    assert_non_null(value.at);
    assert_int_equal(value.len, 0);
    assert_false(stet_vary_next(&rest, &name, &value));
}

/* More members than are sorted: the order counts, and nothing else goes wrong. */
static void test_many(void **state)
{
    char forward[400], backward[400], text[500];
    size_t length = 0;
    struct stet_field one, other;
    struct stet_head head = {.fields = &one}, reverse = {.fields = &other};

    (void)state;
    for (char c = 'a'; c < 'a' + 20; c++)
        for (char d = 'a'; d < 'c'; d++) {
            memcpy(forward + length, (char[]){c, d, ','}, 3);
            length += 3;
        }
    for (size_t i = 0; i < length; i += 3)
        memcpy(backward + i, forward + length - 3 - i, 3);
    stet_head_add(&head, &one, STET_SPAN("Accept-Encoding"), stet_span(forward, length));
    stet_head_add(&reverse, &other, STET_SPAN("Accept-Encoding"), stet_span(backward, length));
    struct stet_list vary = stet_list_in(STET_SPAN("accept-encoding"));
    size_t written = stet_vary_select(vary, &head, text, sizeof(text));
    assert_true(stet_vary_match(stet_span(text, written), &head));
    assert_false(stet_vary_match(stet_span(text, written), &reverse));
    assert_int_equal(stet_vary_select(vary, &head, text, 3), written);
}

static uint32_t roll(uint64_t *draw)
{
    *draw = *draw * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*draw >> 33);
}

/* C-9111-4.1-2: a set on one line is sorted in a buffer, one on two lines is not; both give the
 * same text, whatever stands in it. */
static void test_two_ways(void **state)
{
    static const char alphabet[] = "abAB01;=.-,, \t\"\\\x01\x80\xff";
    static const size_t lengths[] = {0, 1, 5, 20, 60, 255, 256, 257};
    uint64_t draw = 1;

    (void)state;
    for (unsigned round = 0; round < 4000; round++) {
        char value[300], first[400], second[400];
        struct stet_field one[1], two[2];
        struct stet_head line = {.fields = one}, lines = {.fields = two};
        const size_t most = lengths[roll(&draw) % COUNT(lengths)];
        const unsigned letters = round % 2 ? sizeof alphabet - 1 : 14; /* often quotes, or none */
        for (size_t i = 0; i < most; i++)
            value[i] = alphabet[roll(&draw) % letters];
        stet_head_add(&line, one, STET_SPAN("Accept-Language"), stet_span(value, most));
        stet_head_add(&lines, two, STET_SPAN("Accept-Language"), stet_span(value, most));
        stet_head_add(&lines, two, STET_SPAN("Accept-Language"), STET_SPAN(" "));
        const struct stet_list vary = stet_list_in(STET_SPAN("accept-language"));
        const size_t size = stet_vary_select(vary, &line, first, sizeof first);
        assert_true(stet_vary_match(stet_span(first, size), &line));
        const size_t other = stet_vary_select(vary, &lines, second, sizeof second);
        assert_true(stet_vary_match(stet_span(second, other), &lines));
        if (most < 60) /* few members */
            assert_true(stet_span_equal(stet_span(first, size), stet_span(second, other)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_ways), cmocka_unit_test(test_any),
        cmocka_unit_test(test_match),    cmocka_unit_test(test_line_feeds),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_next),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
