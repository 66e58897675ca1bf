/* Entity tags: grammar, both comparisons, lists. */
#include "table.h"

#include "stet/etag.h"

static void grammar(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text;
        bool read, weak;
        struct stet_span opaque;
    } rows[] = {
        {"C-9110-8.8.3-1", "strong", S("\"xyzzy\""), true, false, S("xyzzy")},
        {"C-9110-8.8.3-1", "weak", S("W/\"xyzzy\""), true, true, S("xyzzy")},
        {"C-9110-8.8.3-1", "empty", S("\"\""), true, false, S("")},
        {"C-9110-8.8.3-1", "weak empty", S("W/\"\""), true, true, S("")},
        {"C-9110-8.8.3-1", "no escapes", S("\"a\\\""), true, false, S("a\\")},
        {"C-9110-8.8.3-1", "an octet behind an escape", S("\"a\\\"b\""), false, false, S("")},
        {"C-9110-5.5-3", "obs-text", S("\"\x80\xff\""), true, false, S("\x80\xff")},
        {"C-9110-8.8.3-1", "bounds of etagc", S("\"!#~\""), true, false, S("!#~")},
        {"C-9110-8.8.3-1", "comma", S("\"a,b\""), true, false, S("a,b")},
        {"C-9110-8.8.3-1", "long", S("\"0123456789abcdef0123456789abcdef012\""), true, false,
         S("0123456789abcdef0123456789abcdef012")},
        {"C-9110-8.8.3-1", "space", S("\"a b\""), false, false, S("")},
        {"C-9110-8.8.3-1", "space in a long one", S("\"0123456789abcdef 0123456789\""), false,
         false, S("")},
        {"C-9110-8.8.3-1", "tab", S("\"a\tb\""), false, false, S("")},
        {"C-9110-8.8.3-1", "DEL",
         S("\"1234567\x7f"
           "1234567\""),
         false, false, S("")},
        {"C-9110-8.8.3-1", "NUL", S("\"1234567\0abcdefgh\""), false, false, S("")},
        {"D-06", "lower case w", S("w/\"x\""), false, false, S("")},
        {"D-06", "backslash after W", S("W\\\"x\""), false, false, S("")},
        {"D-06", "W without slash", S("W\"x\""), false, false, S("")},
        {"D-06", "space after W/", S("W/ \"x\""), false, false, S("")},
        {"D-06", "unquoted", S("xyzzy"), false, false, S("")},
        {"D-06", "unclosed", S("\"xyzzy"), false, false, S("")},
        {"D-06", "unopened", S("xyzzy\""), false, false, S("")},
        {"D-06", "lone quote", S("\""), false, false, S("")},
        {"D-06", "W/ alone", S("W/"), false, false, S("")},
        {"D-06", "single quotes", S("'x'"), false, false, S("")},
        {"D-06", "two", S("\"a\", \"b\""), false, false, S("")},
        {"D-06", "text behind", S("\"a\"b"), false, false, S("")},
        {"D-06", "space before", S(" \"a\""), false, false, S("")},
        {"D-06", "empty text", S(""), false, false, S("")},
        {"D-06", "none", {NULL, 0}, false, false, S("")},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_etag tag = stet_etag_read(row->text);
        check_row(row, stet_etag_present(tag) == row->read);
        check_row(row, tag.weak == row->weak);
        check_row(row, stet_span_equal(tag.opaque, row->opaque));
    }
}

/* Every octet at every place of a word of eight and beyond. */
static void every_octet(void **state)
{
    (void)state;
    char text[24];
    for (int octet = 0; octet < 256; octet++)
        for (size_t place = 1; place < sizeof text - 1; place++) {
            memset(text, 'x', sizeof text);
            text[0] = text[sizeof text - 1] = '"';
            text[place] = (char)octet;
            bool want = octet > 0x20 && octet != '"' && octet != 0x7f;
            if (stet_etag_present(stet_etag_read(stet_span(text, sizeof text))) != want)
                fail_msg("C-9110-8.8.3-1: octet %02x at %zu", octet, place);
        }
}

static void comparison(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span a, b;
        bool strong, weak;
    } rows[] = {
        {"C-9110-8.8.3.2-1", "both weak, same", S("W/\"1\""), S("W/\"1\""), false, true},
        {"C-9110-8.8.3.2-1", "both weak, others", S("W/\"1\""), S("W/\"2\""), false, false},
        {"C-9110-8.8.3.2-1", "one weak", S("W/\"1\""), S("\"1\""), false, true},
        {"C-9110-8.8.3.2-1", "both strong", S("\"1\""), S("\"1\""), true, true},
        {"C-9110-8.8.3.2-1", "strong, others", S("\"1\""), S("\"2\""), false, false},
        {"C-9110-8.8.3.2-1", "case counts", S("\"a\""), S("\"A\""), false, false},
        {"C-9110-8.8.3.2-1", "prefix", S("\"a\""), S("\"ab\""), false, false},
        {"C-9110-8.8.3.2-1", "both empty", S("\"\""), S("\"\""), true, true},
        {"C-9110-8.8.3.2-1", "absent and empty", S(""), S("\"\""), false, false},
        {"C-9110-8.8.3.2-1", "both absent", S(""), S(""), false, false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_etag a = stet_etag_read(row->a), b = stet_etag_read(row->b);
        check_row(row, stet_etag_equal_strong(a, b) == row->strong);
        check_row(row, stet_etag_equal_strong(b, a) == row->strong);
        check_row(row, stet_etag_equal_weak(a, b) == row->weak);
        check_row(row, stet_etag_equal_weak(b, a) == row->weak);
    }
}

/* A head with up to three lines of If-None-Match, and others around them. */
static struct stet_head head_with(struct stet_field *storage, const char *const lines[3])
{
    struct stet_head head = {0};
    stet_head_add(&head, storage, STET_SPAN("Host"), STET_SPAN("h"));
    for (size_t i = 0; i < 3 && lines[i]; i++) {
        stet_head_add(&head, storage, STET_SPAN("If-None-Match"), stet_span_of(lines[i]));
        stet_head_add(&head, storage, STET_SPAN("X-Other"), STET_SPAN("\"other\""));
    }
    return head;
}

struct list_row {
    const char *id, *name;
    const char *lines[3];
    const char *want; /* the usable tags, weak ones behind "~", each followed by "|" */
    enum stet_etag_list_kind kind;
    bool unclosed;
};

static const struct list_row list_rows[] = {
    {"C-9110-13.1.2-3", "one", {"\"a\""}, "a|", STET_ETAGS_LIST, false},
    {"C-9110-13.1.2-3", "three", {"\"a\", W/\"b\",\"c\""}, "a|~b|c|", STET_ETAGS_LIST, false},
    {"C-9110-13.1.2-3", "lines", {"\"a\"", "", "\"b\" , \"c\""}, "a|b|c|", STET_ETAGS_LIST, false},
    {"C-9110-5.6.1.2-1", "empty members", {",,\"a\", ,\"b\",\t,"}, "a|b|", STET_ETAGS_LIST, false},
    {"C-9110-8.8.3-1", "comma within", {"\"a,b\", \"c\""}, "a,b|c|", STET_ETAGS_LIST, false},
    {"C-9110-8.8.3-1",
     "backslash is a backslash",
     {"\"a\\\", \"b\""},
     "a\\|b|",
     STET_ETAGS_LIST,
     false},
    {"C-9110-8.8.3-1", "empty tag", {"\"\""}, "|", STET_ETAGS_LIST, false},
    {"D-06", "unquoted among good", {"\"a\", b, \"c\""}, "a|c|", STET_ETAGS_LIST, false},
    {"D-06", "w/ among good", {"w/\"a\", \"b\""}, "b|", STET_ETAGS_LIST, false},
    {"D-06", "comma in a bad member's quotes", {"x\"a,\"b, \"c\""}, "c|", STET_ETAGS_LIST, false},
    {"D-06", "space within", {"\"a b\", \"c\""}, "c|", STET_ETAGS_LIST, false},
    {"D-06", "comma and space within", {"\"a, b\", \"c\""}, "c|", STET_ETAGS_LIST, false},
    {"D-06", "two without comma", {"\"a\" \"b\", \"c\""}, "c|", STET_ETAGS_LIST, false},
    {"D-06", "joined tags", {"\"a\"\"b\", \"c\""}, "c|", STET_ETAGS_LIST, false},
    {"D-06", "unclosed at the end", {"\"a\", \"b"}, "a|", STET_ETAGS_LIST, true},
    {"D-06", "unclosed swallows", {"\"a, \"b\""}, "", STET_ETAGS_LIST, true},
    {"D-06", "unclosed swallows its line only", {"\"a", "\"b\""}, "b|", STET_ETAGS_LIST, true},
    {"D-06", "nothing usable", {"a, b"}, "", STET_ETAGS_LIST, false},
    {"D-06", "empty field", {""}, "", STET_ETAGS_LIST, false},
    {"C-9110-13.1.1-3", "asterisk", {"*"}, "", STET_ETAGS_ANY, false},
    {"C-9110-13.1.1-3", "asterisk and empty members", {" ,*,"}, "", STET_ETAGS_ANY, false},
    {"C-9110-13.1.1-3", "asterisk and an empty line", {"", "*"}, "", STET_ETAGS_ANY, false},
    {"C-9110-13.1.1-6", "asterisk and a tag", {"*, \"a\""}, "a|", STET_ETAGS_MIXED, false},
    {"D-07", "tag and asterisk", {"\"a\",*"}, "a|", STET_ETAGS_MIXED, false},
    {"D-07", "on two lines", {"*", "\"a\""}, "a|", STET_ETAGS_MIXED, false},
    {"D-07", "asterisk and rubbish", {"*, x"}, "", STET_ETAGS_MIXED, false},
    {"D-07", "asterisk twice", {"*, *"}, "", STET_ETAGS_MIXED, false},
    {"D-07", "asterisk in a tag", {"\"*\""}, "*|", STET_ETAGS_LIST, false},
    {"D-07", "asterisk in quotes after a comma", {"\"a,*\""}, "a,*|", STET_ETAGS_LIST, false},
    {"D-07", "quoted weak asterisk", {"W/\"*\""}, "~*|", STET_ETAGS_LIST, false},
    {"D-07", "asterisk in a word", {"a*, \"b\""}, "b|", STET_ETAGS_LIST, false},
    {"C-9110-13.1.1-3", "absent", {NULL}, "", STET_ETAGS_ABSENT, false},
};

static void lists(void **state)
{
    (void)state;
    for (const struct list_row *row = list_rows; row < list_rows + COUNT(list_rows); row++) {
        struct stet_field storage[7];
        struct stet_head head = head_with(storage, row->lines);
        check_row(row, stet_etags_kind(&head, STET_FIELD_IF_NONE_MATCH) == row->kind);
        check_row(row, stet_etags_kind(&head, STET_FIELD_IF_MATCH) == STET_ETAGS_ABSENT);

        char got[64];
        size_t len = 0;
        struct stet_list list = stet_list_of(&head, STET_FIELD_IF_NONE_MATCH);
        struct stet_etag tag;
        while (stet_etags_next(&list, &tag)) {
            if (tag.weak)
                got[len++] = '~';
            memcpy(got + len, tag.opaque.at, tag.opaque.len);
            len += tag.opaque.len;
            got[len++] = '|';
        }
        check_row(row, stet_span_equal(stet_span(got, len), stet_span_of(row->want)));
        check_row(row, list.unclosed == row->unclosed);
        check_row(row, !stet_etags_next(&list, &tag));
    }
}

static void of_a_response(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        const char *lines[2];
        const char *opaque;
    } rows[] = {
        {"C-9110-8.8.3-1", "one", {"\"a\""}, "a"},
        {"C-9110-5.5-1", "space around", {" \"a\"\t"}, "a"},
        {"C-9110-5.3-3", "repeated says nothing", {"\"a\"", "\"a\""}, NULL},
        {"C-9110-8.8.3-1", "off the grammar", {"a"}, NULL},
        {"C-9110-8.8.3-1", "a list", {"\"a\", \"b\""}, NULL},
        {"C-9110-8.8.3-1", "absent", {NULL}, NULL},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_field storage[2];
        struct stet_head head = {0};
        for (size_t i = 0; i < 2 && row->lines[i]; i++)
            stet_head_add(&head, storage, STET_SPAN("etag"), stet_span_of(row->lines[i]));
        struct stet_etag tag = stet_etag_of(&head);
        check_row(row, stet_etag_present(tag) == (row->opaque != NULL));
        check_row(row, stet_span_equal(tag.opaque, stet_span_of(row->opaque)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grammar), cmocka_unit_test(every_octet),   cmocka_unit_test(comparison),
        cmocka_unit_test(lists),   cmocka_unit_test(of_a_response),
    };
    return cmocka_run_group_tests_name("etag", tests, NULL, NULL);
}
