/* Structured fields: what is read, what is refused, what texts mean. The writer has its own file;
 * here it only shows what was read. */
#include "table.h"

#include "stet/sf_writer.h"

#include <stdlib.h>

enum { LINES = 4 };

/* The key comes again in what is left of the walk. */
static bool key_came_before(struct stet_sf walk, size_t index, struct stet_span key)
{
    struct stet_sf_member member;
    for (size_t i = 0; i < index && stet_sf_next(&walk, &member); i++)
        if (stet_span_equal(member.key, key))
            return true;
    return false;
}

/* Writes what the walk yields, of a Dictionary each key at its first place with its last value. */
static struct stet_span rewritten(struct stet_sf walk, char *to, size_t room)
{
    struct stet_sf_writer writer = stet_sf_writer(walk.kind, to, room);
    struct stet_sf_member member;
    struct stet_sf at = walk;
    for (size_t i = 0; stet_sf_next(&at, &member); i++) {
        bool again = walk.kind == STET_SF_DICTIONARY && key_came_before(walk, i, member.key);
        if (walk.kind == STET_SF_DICTIONARY && !again)
            assert_true(stet_sf_get(&walk, member.key, &member));
        if (!again)
            assert_true(stet_sf_write_member(&writer, &member));
    }
    return stet_sf_written(&writer);
}

struct field_row {
    const char *id, *name;
    enum stet_sf_kind kind;
    const char *lines[LINES];
    const char *want; /* canonical form; NULL if the field must fail */
};

static bool open_lines(struct stet_sf *walk, struct stet_head *head, struct stet_field *storage,
                       const struct field_row *row)
{
    for (size_t i = 0; i < LINES && row->lines[i]; i++) {
        stet_head_add(head, storage, STET_SPAN("X-Other"), STET_SPAN("\"unrelated\""));
        stet_head_add(head, storage, STET_SPAN("PRIORITY"), stet_span_of(row->lines[i]));
    }
    return stet_sf_of(walk, head, STET_FIELD_PRIORITY, row->kind);
}

static void check_walk(const struct field_row *row, bool valid, const struct stet_sf *walk)
{
    char room[512];
    struct stet_sf_member member;
    struct stet_sf at = *walk;
    check_row(row, valid == (row->want != NULL));
    if (valid)
        check_row(row,
                  stet_span_equal(rewritten(*walk, room, sizeof(room)), stet_span_of(row->want)));
    else
        check_row(row, !stet_sf_next(&at, &member));
}

/* The value in a block of exactly its size, so that a sanitizer sees one octet too many. */
static void check_value(const struct field_row *row)
{
    size_t len = strlen(row->lines[0]);
    char *value = malloc(len ? len : 1);
    struct stet_sf walk;
    assert_non_null(value);
    memcpy(value, row->lines[0], len);
    bool valid = stet_sf_in(&walk, stet_span(value, len), row->kind);
    check_walk(row, valid, &walk);
    free(value);
}

static void check_fields(const struct field_row *rows, size_t count)
{
    for (const struct field_row *row = rows; row < rows + count; row++) {
        struct stet_field storage[2 * LINES];
        struct stet_head head = {.fields = storage};
        struct stet_sf walk;
        bool valid = open_lines(&walk, &head, storage, row);
        check_walk(row, valid, &walk);
        valid = stet_sf_named(&walk, &head, STET_SPAN("priority"), row->kind);
        check_walk(row, valid, &walk);
        if (!row->lines[1])
            check_value(row);
    }
}

#define LIST STET_SF_LIST
#define DICTIONARY STET_SF_DICTIONARY
#define ITEM STET_SF_ITEM

static void fields_are_judged_whole(void **state)
{
    (void)state;
    static const struct field_row rows[] = {
        {"C-9651-4.2-1", "two lines", LIST, {"a, b", "c"}, "a, b, c"},
        {"C-9651-4.2-1", "dictionary over lines", DICTIONARY, {"a=1", "b", "a=2"}, "a=2, b"},
        {"C-9651-4.2-1", "one bad member voids all", LIST, {"a, b, {"}, NULL},
        {"C-9651-4.2-1", "bad line voids all", LIST, {"a", "b c"}, NULL},
        {"C-9651-4.2-1", "bad first line voids all", LIST, {"a;", "b"}, NULL},
        {"C-9651-4.2-1", "empty line first", LIST, {"", "a"}, NULL},
        {"C-9651-4.2-1", "empty line last", LIST, {"a", ""}, NULL},
        {"C-9651-4.2-1", "empty line between", LIST, {"1", "", "42"}, NULL},
        {"C-9651-4.2-1", "two empty lines", DICTIONARY, {"", ""}, NULL},
        {"C-9651-4.2-1", "comma and a line", LIST, {"a,", "b"}, NULL},
        {"C-9651-4.2-1", "string over lines", LIST, {"\"a", "b\""}, NULL},
        {"C-9651-4.2-1", "inner list over lines", LIST, {"(a", "b)"}, NULL},
        {"C-9651-4.2-1", "item twice", ITEM, {"1", "2"}, NULL},
        {"C-9651-4.2-1", "item and an empty line", ITEM, {"1", ""}, NULL},
        {"C-9651-4.2-2", "spaces around an item", ITEM, {"  1  "}, "1"},
        {"C-9651-4.2-2", "text behind an item", ITEM, {"1 2"}, NULL},
        {"C-9651-4.2-2", "two items", ITEM, {"1, 2"}, NULL},
        {"C-9651-4.2-2", "empty item", ITEM, {""}, NULL},
        {"C-9651-4.2-2", "blank item", ITEM, {"  "}, NULL},
        {"C-9651-4.2-2", "inner list is no item", ITEM, {"(a)"}, NULL},
        {"C-9651-4.2-2", "not ASCII", ITEM, {"\"\xc3\xa9\""}, NULL},
        {"C-9651-4.2-2", "not ASCII in a list", LIST, {"a, \xe9"}, NULL},
        {"C-9651-4.2.1-1", "empty", LIST, {""}, ""},
        {"C-9651-4.2.1-1", "blank", LIST, {"  "}, ""},
        {"C-9651-4.2.1-1", "tabs around commas", LIST, {"a\t,\t b"}, "a, b"},
        {"C-9651-4.2.1-1", "no spaces", LIST, {"a,b,c"}, "a, b, c"},
        {"C-9651-4.2.1-1", "trailing comma", LIST, {"a, b,"}, NULL},
        {"C-9651-4.2.1-1", "trailing comma and space", LIST, {"a, "}, NULL},
        {"C-9651-4.2.1-1", "doubled comma", LIST, {"a,,b"}, NULL},
        {"C-9651-4.2.1-1", "leading comma", LIST, {",a"}, NULL},
        {"C-9651-4.2.1-1", "no comma", LIST, {"a b"}, NULL},
        {"C-9651-4.2.1-1",
         "all types",
         LIST,
         {"1,2.5,\"s\",t,:AA==:,?0,@3,%\"d\",(i)"},
         "1, 2.5, \"s\", t, :AA==:, ?0, @3, %\"d\", (i)"},
        {"C-9651-4.2.1.2-1", "inner list", LIST, {"( a  b;x (1) )"}, NULL},
        {"C-9651-4.2.1.2-1", "spaces", LIST, {"(  a   b;x )"}, "(a b;x)"},
        {"C-9651-4.2.1.2-1", "empty", LIST, {"(), (  )"}, "(), ()"},
        {"C-9651-4.2.1.2-1", "parameters", LIST, {"(a;x=1 b);y;z=2"}, "(a;x=1 b);y;z=2"},
        {"C-9651-4.2.1.2-1", "unclosed", LIST, {"(a b"}, NULL},
        {"C-9651-4.2.1.2-1", "unclosed and empty", LIST, {"("}, NULL},
        {"C-9651-4.2.1.2-1", "unclosed behind a space", LIST, {"(a "}, NULL},
        {"C-9651-4.2.1.2-1", "nested", LIST, {"((a))"}, NULL},
        {"C-9651-4.2.1.2-1", "tab inside", LIST, {"(a\tb)"}, NULL},
        {"C-9651-4.2.1.2-1", "commas inside", LIST, {"(a, b)"}, NULL},
        {"C-9651-4.2.1.2-1", "no space between", LIST, {"(\"a\"\"b\")"}, NULL},
        {"C-9651-4.2.1.2-1", "text behind", LIST, {"(a)b"}, NULL},
    };
    check_fields(rows, COUNT(rows));
}

static void dictionaries_keep_the_last_value(void **state)
{
    (void)state;
    static const struct field_row rows[] = {
        {"C-9651-4.2.2-1", "empty", DICTIONARY, {""}, ""},
        {"C-9651-4.2.2-1", "last value, first place", DICTIONARY, {"a=1,b,a=2"}, "a=2, b"},
        {"C-9651-4.2.2-1", "bare key is true", DICTIONARY, {"a, b=?1, c=?0"}, "a, b, c=?0"},
        {"C-9651-4.2.2-1",
         "all types",
         DICTIONARY,
         {"a=1,b=2.5,c=\"s\",d=t,e=:AA==:,f=?0,g=@3,h=%\"d\",i=(j)"},
         "a=1, b=2.5, c=\"s\", d=t, e=:AA==:, f=?0, g=@3, h=%\"d\", i=(j)"},
        {"C-9651-4.2.2-1", "bare key with parameters", DICTIONARY, {"a;x;y=2"}, "a;x;y=2"},
        {"C-9651-4.2.2-1", "the last may be a list", DICTIONARY, {"a=1, a=(b c);d"}, "a=(b c);d"},
        {"C-9651-4.2.2-1", "no value", DICTIONARY, {"a="}, NULL},
        {"C-9651-4.2.2-1", "space before =", DICTIONARY, {"a =1"}, NULL},
        {"C-9651-4.2.2-1", "space behind =", DICTIONARY, {"a= 1"}, NULL},
        {"C-9651-4.2.2-1", "trailing comma", DICTIONARY, {"a=1, "}, NULL},
        {"C-9651-4.2.2-1", "doubled comma", DICTIONARY, {"a=1,,b=2"}, NULL},
        {"C-9651-4.2.2-1", "value without key", DICTIONARY, {"=1"}, NULL},
        {"C-9651-4.2.2-1", "item is no member", DICTIONARY, {"\"a\""}, NULL},
        {"C-9651-4.2.3.3-1", "all of a key", DICTIONARY, {"*a_b-c.d*9=1"}, "*a_b-c.d*9=1"},
        {"C-9651-4.2.3.3-1", "upper case", DICTIONARY, {"A=1"}, NULL},
        {"C-9651-4.2.3.3-1", "upper case inside", DICTIONARY, {"aB=1"}, NULL},
        {"C-9651-4.2.3.3-1", "digit first", DICTIONARY, {"9a=1"}, NULL},
        {"C-9651-4.2.3.3-1", "dash first", DICTIONARY, {"-a=1"}, NULL},
        {"C-9651-4.2.3.3-1", "underscore first", DICTIONARY, {"_a=1"}, NULL},
        {"C-9651-4.2.3.3-1", "foreign octet", DICTIONARY, {"a/b=1"}, NULL},
        {"C-9651-4.2.3.2-1", "parameters", ITEM, {"a;b;c=1;d=\"e;f\""}, "a;b;c=1;d=\"e;f\""},
        {"C-9651-4.2.3.2-1",
         "all types",
         ITEM,
         {"x;a=1;b=2.5;c=\"s\";d=t;e=:AA==:;f=?0;g=@3;h=%\"d\""},
         "x;a=1;b=2.5;c=\"s\";d=t;e=:AA==:;f=?0;g=@3;h=%\"d\""},
        {"C-9651-4.2.3.2-1", "spaces behind ;", ITEM, {"a;  b;c=?1"}, "a;b;c"},
        {"C-9651-4.2.3.2-1", "space before ;", ITEM, {"a ;b"}, NULL},
        {"C-9651-4.2.3.2-1", "tab behind ;", ITEM, {"a;\tb"}, NULL},
        {"C-9651-4.2.3.2-1", "no key", ITEM, {"a;"}, NULL},
        {"C-9651-4.2.3.2-1", "doubled ;", ITEM, {"a;;b"}, NULL},
        {"C-9651-4.2.3.2-1", "no value", ITEM, {"a;b="}, NULL},
        {"C-9651-4.2.3.2-1", "inner list as value", ITEM, {"a;b=(c)"}, NULL},
        {"C-9651-4.2.3.2-1", "upper case key", ITEM, {"a;B=1"}, NULL},
    };
    check_fields(rows, COUNT(rows));
}

static const struct field_row item_rows[] = {
    {"C-9651-4.2.4-1", "integer", ITEM, {"42"}, "42"},
    {"C-9651-4.2.4-1", "negative", ITEM, {"-42"}, "-42"},
    {"C-9651-4.2.4-1", "minus zero", ITEM, {"-0"}, "0"},
    {"C-9651-4.2.4-1", "leading zeros", ITEM, {"007"}, "7"},
    {"C-9651-4.2.4-1", "fifteen digits", ITEM, {"-999999999999999"}, "-999999999999999"},
    {"C-9651-4.2.4-1", "sixteen digits", ITEM, {"1000000000000000"}, NULL},
    {"C-9651-4.2.4-1", "sixteen with zeros", ITEM, {"0000000000000001"}, NULL},
    {"C-9651-4.2.4-1", "plus", ITEM, {"+1"}, NULL},
    {"C-9651-4.2.4-1", "minus alone", ITEM, {"-"}, NULL},
    {"C-9651-4.2.4-1", "two minus", ITEM, {"--1"}, NULL},
    {"C-9651-4.2.4-1", "minus and space", ITEM, {"- 1"}, NULL},
    {"C-9651-4.2.4-1", "letter behind", ITEM, {"1a"}, NULL},
    {"C-9651-4.2.4-1", "exponent", ITEM, {"1e3"}, NULL},
    {"C-9651-4.2.4-1", "decimal", ITEM, {"-1.50"}, "-1.5"},
    {"C-9651-4.2.4-1", "decimal of zero", ITEM, {"0.000"}, "0.0"},
    {"C-9651-4.2.4-1", "decimal minus zero", ITEM, {"-0.0"}, "0.0"},
    {"C-9651-4.2.4-1", "small", ITEM, {"-0.001"}, "-0.001"},
    {"C-9651-4.2.4-1", "twelve and three", ITEM, {"999999999999.999"}, "999999999999.999"},
    {"C-9651-4.2.4-1", "thirteen", ITEM, {"1000000000000.0"}, NULL},
    {"C-9651-4.2.4-1", "four decimals", ITEM, {"1.0000"}, NULL},
    {"C-9651-4.2.4-1", "bare dot", ITEM, {"1."}, NULL},
    {"C-9651-4.2.4-1", "dot first", ITEM, {".5"}, NULL},
    {"C-9651-4.2.4-1", "two dots", ITEM, {"1.2.3"}, NULL},
    {"C-9651-4.2.5-1", "string", ITEM, {"\"a b~!\""}, "\"a b~!\""},
    {"C-9651-4.2.5-1", "empty", ITEM, {"\"\""}, "\"\""},
    {"C-9651-4.2.5-1", "escapes", ITEM, {"\"a\\\"b\\\\\""}, "\"a\\\"b\\\\\""},
    {"C-9651-4.2.5-1", "other escape", ITEM, {"\"\\n\""}, NULL},
    {"C-9651-4.2.5-1", "escape at the end", ITEM, {"\"a\\"}, NULL},
    {"C-9651-4.2.5-1", "escaped end", ITEM, {"\"a\\\""}, NULL},
    {"C-9651-4.2.5-1", "unclosed", ITEM, {"\"a"}, NULL},
    {"C-9651-4.2.5-1", "quote alone", ITEM, {"\""}, NULL},
    {"C-9651-4.2.5-1", "tab", ITEM, {"\"a\tb\""}, NULL},
    {"C-9651-4.2.5-1", "newline", ITEM, {"\"a\nb\""}, NULL},
    {"C-9651-4.2.5-1", "delete", ITEM, {"\"a\x7f\""}, NULL},
    {"C-9651-4.2.5-1", "single quotes", ITEM, {"'a'"}, NULL},
    {"C-9651-4.2.5-1", "unclosed before a member", LIST, {"\",b"}, NULL},
    {"C-9651-4.2.5-1", "tab before a member", LIST, {"\",a\t,c"}, NULL},
    {"C-9651-4.2.6-1", "token", ITEM, {"a:b/c!#$%&'*+-.^_`|~9"}, "a:b/c!#$%&'*+-.^_`|~9"},
    {"C-9651-4.2.6-1", "case stays", ITEM, {"Ab"}, "Ab"},
    {"C-9651-4.2.6-1", "star first", ITEM, {"*"}, "*"},
    {"C-9651-4.2.6-1", "colon first", ITEM, {":a"}, NULL},
    {"C-9651-4.2.6-1", "other first", ITEM, {"!a"}, NULL},
    {"C-9651-4.2.6-1", "foreign octet", ITEM, {"a{b"}, NULL},
    {"C-9651-4.2.7-1", "bytes", ITEM, {":aGVsbG8=:"}, ":aGVsbG8=:"},
    {"C-9651-4.2.7-1", "empty", ITEM, {"::"}, "::"},
    {"C-9651-4.2.7-1", "one octet", ITEM, {":/w==:"}, ":/w==:"},
    {"C-9651-4.2.7-1", "two octets", ITEM, {":+/8=:"}, ":+/8=:"},
    {"C-9651-4.2.7-1", "no padding", ITEM, {":aGVsbG8:"}, ":aGVsbG8=:"},
    {"C-9651-4.2.7-1", "no padding of two", ITEM, {":/w:"}, ":/w==:"},
    {"C-9651-4.2.7-1", "loose bits", ITEM, {":iZ==:"}, ":iQ==:"},
    {"C-9651-4.2.7-1", "half a padding", ITEM, {":/w=:"}, NULL},
    {"C-9651-4.2.7-1", "too much padding", ITEM, {":aGVs=:"}, NULL},
    {"C-9651-4.2.7-1", "only padding", ITEM, {":==:"}, NULL},
    {"C-9651-4.2.7-1", "padding inside", ITEM, {":aGV=sbG8:"}, NULL},
    {"C-9651-4.2.7-1", "five letters", ITEM, {":aGVsb:"}, NULL},
    {"C-9651-4.2.7-1", "foreign octet", ITEM, {":aGVsb!8=:"}, NULL},
    {"C-9651-4.2.7-1", "url alphabet", ITEM, {":_-Ah:"}, NULL},
    {"C-9651-4.2.7-1", "space", ITEM, {":aGVs bG8=:"}, NULL},
    {"C-9651-4.2.7-1", "unclosed", ITEM, {":aGVsbG8="}, NULL},
    {"C-9651-4.2.7-1", "unclosed before a member", LIST, {":,b"}, NULL},
    {"C-9651-4.2.7-1", "foreign first", ITEM, {":!GVs:"}, NULL},
    {"C-9651-4.2.7-1", "at sign", ITEM, {":aGV@:"}, NULL},
    {"C-9651-4.2.7-1", "bracket", ITEM, {":aGV[:"}, NULL},
    {"C-9651-4.2.7-1", "grave", ITEM, {":aGV`:"}, NULL},
    {"C-9651-4.2.7-1", "brace", ITEM, {":aGV{:"}, NULL},
    {"C-9651-4.2.7-1",
     "alphabet",
     ITEM,
     {":ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/:"},
     ":ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/:"},
    {"C-9651-4.2.8-1", "true", ITEM, {"?1"}, "?1"},
    {"C-9651-4.2.8-1", "false", ITEM, {"?0"}, "?0"},
    {"C-9651-4.2.8-1", "other", ITEM, {"?2"}, NULL},
    {"C-9651-4.2.8-1", "word", ITEM, {"?T"}, NULL},
    {"C-9651-4.2.8-1", "nothing", ITEM, {"?"}, NULL},
    {"C-9651-4.2.8-1", "more", ITEM, {"?11"}, NULL},
    {"C-9651-4.2.9-1", "date", ITEM, {"@1659578233"}, "@1659578233"},
    {"C-9651-4.2.9-1", "before 1970", ITEM, {"@-1"}, "@-1"},
    {"C-9651-4.2.9-1", "year 1", ITEM, {"@-62135596800"}, "@-62135596800"},
    {"C-9651-4.2.9-1", "year 9999", ITEM, {"@253402214400"}, "@253402214400"},
    {"C-9651-4.2.9-1", "decimal", ITEM, {"@1.5"}, NULL},
    {"C-9651-4.2.9-1", "nothing", ITEM, {"@"}, NULL},
    {"C-9651-4.2.9-1", "space", ITEM, {"@ 1"}, NULL},
    {"C-9651-4.2.9-1", "sixteen digits", ITEM, {"@1000000000000000"}, NULL},
    {"C-9651-4.2.10-1", "display", ITEM, {"%\"f%c3%bc \\ r\""}, "%\"f%c3%bc \\ r\""},
    {"C-9651-4.2.10-1", "empty", ITEM, {"%\"\""}, "%\"\""},
    {"C-9651-4.2.10-1", "needless escape", ITEM, {"%\"%41%22%25\""}, "%\"A%22%25\""},
    {"C-9651-4.2.10-1", "NUL", ITEM, {"%\"%00\""}, "%\"%00\""},
    {"C-9651-4.2.10-1", "four octets", ITEM, {"%\"%f0%9f%98%80\""}, "%\"%f0%9f%98%80\""},
    {"C-9651-4.2.10-1", "upper case hex", ITEM, {"%\"%C3%BC\""}, NULL},
    {"C-9651-4.2.10-1", "half an escape", ITEM, {"%\"%a\""}, NULL},
    {"C-9651-4.2.10-1", "escape at the end", ITEM, {"%\"%"}, NULL},
    {"C-9651-4.2.10-1", "no hex", ITEM, {"%\"%zz\""}, NULL},
    {"C-9651-4.2.10-1", "no quote", ITEM, {"%a"}, NULL},
    {"C-9651-4.2.10-1", "percent alone", ITEM, {"%"}, NULL},
    {"C-9651-4.2.10-1", "unclosed", ITEM, {"%\"a"}, NULL},
    {"C-9651-4.2.10-1", "unclosed before a member", LIST, {"%\",b"}, NULL},
    {"C-9651-4.2.10-1", "tab before a member", LIST, {"%\"\t,c"}, NULL},
    {"C-9651-4.2.10-1", "escape before a member", LIST, {"%\"%,c"}, NULL},
    {"C-9651-4.2.10-1", "wrong octet before a member", LIST, {"%\"%80,c"}, NULL},
    {"C-9651-4.2.10-1", "first digit no hex", ITEM, {"%\"%g1\""}, NULL},
    {"C-9651-4.2.10-1", "second digit no hex", ITEM, {"%\"%1g\""}, NULL},
    {"C-9651-4.2.10-1", "second digit upper case", ITEM, {"%\"%3C\""}, NULL},
    {"C-9651-4.2.10-1", "lowest of two", ITEM, {"%\"%c2%80\""}, "%\"%c2%80\""},
    {"C-9651-4.2.10-1", "highest of two", ITEM, {"%\"%df%bf\""}, "%\"%df%bf\""},
    {"C-9651-4.2.10-1", "lowest of three", ITEM, {"%\"%e0%a0%80\""}, "%\"%e0%a0%80\""},
    {"C-9651-4.2.10-1", "below the surrogates", ITEM, {"%\"%ed%9f%bf\""}, "%\"%ed%9f%bf\""},
    {"C-9651-4.2.10-1", "above the surrogates", ITEM, {"%\"%ee%80%80\""}, "%\"%ee%80%80\""},
    {"C-9651-4.2.10-1", "highest of three", ITEM, {"%\"%ef%bf%bf\""}, "%\"%ef%bf%bf\""},
    {"C-9651-4.2.10-1", "lowest of four", ITEM, {"%\"%f0%90%80%80\""}, "%\"%f0%90%80%80\""},
    {"C-9651-4.2.10-1", "highest of four", ITEM, {"%\"%f4%8f%bf%bf\""}, "%\"%f4%8f%bf%bf\""},
    {"C-9651-4.2.10-1", "overlong by one", ITEM, {"%\"%c1%bf\""}, NULL},
    {"C-9651-4.2.10-1", "overlong three by one", ITEM, {"%\"%e0%9f%bf\""}, NULL},
    {"C-9651-4.2.10-1", "overlong four by one", ITEM, {"%\"%f0%8f%bf%bf\""}, NULL},
    {"C-9651-4.2.10-1", "third octet no continuation", ITEM, {"%\"%e2%82A\""}, NULL},
    {"C-9651-4.2.10-1", "tab", ITEM, {"%\"\t\""}, NULL},
    {"C-9651-4.2.10-1", "bare octet", ITEM, {"%\"\xc3\xbc\""}, NULL},
    {"C-9651-4.2.10-1", "lone continuation", ITEM, {"%\"%80\""}, NULL},
    {"C-9651-4.2.10-1", "broken character", ITEM, {"%\"%c3%28\""}, NULL},
    {"C-9651-4.2.10-1", "short character", ITEM, {"%\"%e2%82\""}, NULL},
    {"C-9651-4.2.10-1", "overlong two", ITEM, {"%\"%c0%af\""}, NULL},
    {"C-9651-4.2.10-1", "overlong three", ITEM, {"%\"%e0%80%af\""}, NULL},
    {"C-9651-4.2.10-1", "overlong four", ITEM, {"%\"%f0%80%80%af\""}, NULL},
    {"C-9651-4.2.10-1", "surrogate", ITEM, {"%\"%ed%a0%80\""}, NULL},
    {"C-9651-4.2.10-1", "beyond 10FFFF", ITEM, {"%\"%f4%90%80%80\""}, NULL},
    {"C-9651-4.2.10-1", "F5", ITEM, {"%\"%f5%80%80%80\""}, NULL},
};

static void items_obey_their_grammar(void **state)
{
    (void)state;
    check_fields(item_rows, COUNT(item_rows));
}

static void tab_before_a_field_fails(void **state)
{
    (void)state;
    static const struct field_row row = {"C-9651-4.2-2", "tab first", ITEM, {"\t1"}, NULL};
    struct stet_sf walk;
    for (enum stet_sf_kind kind = STET_SF_LIST; kind <= STET_SF_ITEM; kind++)
        check_row(&row, !stet_sf_in(&walk, STET_SPAN("\ta"), kind));
    check_row(&row, !stet_sf_in(&walk, STET_SPAN("1\t"), STET_SF_ITEM));
    check_row(&row, !stet_sf_in(&walk, STET_SPAN("\"\0\""), STET_SF_ITEM));
    check_row(&row, !stet_sf_in(&walk, STET_SPAN("a\0"), STET_SF_LIST));
}

static void absent_fields_have_no_members(void **state)
{
    (void)state;
    static const struct field_row row = {"C-9651-4.2-1", "absent", LIST, {NULL}, NULL};
    struct stet_head head = {.fields = NULL};
    struct stet_sf walk;
    struct stet_sf_member member;
    check_row(&row, !stet_sf_of(&walk, &head, STET_FIELD_PRIORITY, STET_SF_LIST));
    check_row(&row, !stet_sf_next(&walk, &member));
    check_row(&row, !stet_sf_named(&walk, &head, STET_SPAN("Other"), STET_SF_DICTIONARY));
    check_row(&row, !stet_sf_get(&walk, STET_SPAN("a"), &member));
    check_row(&row, stet_sf_in(&walk, STET_SPAN_NONE, STET_SF_LIST));
    check_row(&row, !stet_sf_next(&walk, &member));
}

static void types_are_told_apart(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        const char *value;
        enum stet_sf_type type;
        int64_t number;
        const char *text, *decoded;
    } rows[] = {
        {"C-9651-3-2", "integer", "-17", STET_SF_INTEGER, -17, "", ""},
        {"C-9651-3-2", "decimal", "-1.5", STET_SF_DECIMAL, -1500, "", ""},
        {"C-9651-3-2", "decimal of an integer", "17.0", STET_SF_DECIMAL, 17000, "", ""},
        {"C-9651-3-2", "decimal of hundredths", "0.25", STET_SF_DECIMAL, 250, "", ""},
        {"C-9651-3-2", "string", "\"no\\\"\\\\\"", STET_SF_STRING, 0, "no\\\"\\\\", "no\"\\"},
        {"C-9651-3-2", "string like a token", "\"gzip\"", STET_SF_STRING, 0, "gzip", "gzip"},
        {"C-9651-3-2", "token", "gzip", STET_SF_TOKEN, 0, "gzip", "gzip"},
        {"C-9651-3-2", "bytes", ":aGV5:", STET_SF_BYTES, 0, "aGV5", "hey"},
        {"C-9651-3-2", "bytes padded", ":aGV5IQ==:", STET_SF_BYTES, 0, "aGV5IQ==", "hey!"},
        {"C-9651-3-2", "bytes unpadded", ":aGV5ISE:", STET_SF_BYTES, 0, "aGV5ISE", "hey!!"},
        {"C-9651-3-2", "true", "?1", STET_SF_BOOLEAN, 1, "", ""},
        {"C-9651-3-2", "false", "?0", STET_SF_BOOLEAN, 0, "", ""},
        {"C-9651-3-2", "date", "@-17", STET_SF_DATE, -17, "", ""},
        {"C-9651-3-2", "display", "%\"%c3%bc%25 \\n\"", STET_SF_DISPLAY, 0, "%c3%bc%25 \\n",
         "\xc3\xbc% \\n"},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_sf walk;
        struct stet_sf_member member;
        char decoded[32];
        memset(decoded, 'X', sizeof(decoded));
        check_row(row, stet_sf_in(&walk, stet_span_of(row->value), STET_SF_ITEM));
        check_row(row, stet_sf_next(&walk, &member));
        check_row(row, member.type == row->type && member.number == row->number);
        check_row(row, stet_span_equal(member.text, stet_span_of(row->text)));
        size_t length = stet_sf_decode(&member, decoded, sizeof(decoded));
        check_row(row, stet_span_equal(stet_span(decoded, length), stet_span_of(row->decoded)));
        check_row(row, length <= member.text.len && decoded[length] == 'X');
        check_row(row, !stet_sf_next(&walk, &member));
    }
}

static void decoding_stays_in_its_room(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        const char *value;
        size_t length;
    } rows[] = {
        {"C-9651-4.2.5-1", "string", "\"a\\\\b\\\"cdefgh\"", 10},
        {"C-9651-4.2.7-1", "bytes", ":AQIDBAUGBwg=:", 8},
        {"C-9651-4.2.10-1", "display", "%\"%c3%bcbcdefg\"", 8},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_sf walk;
        struct stet_sf_member member;
        check_row(row, stet_sf_in(&walk, stet_span_of(row->value), STET_SF_ITEM));
        check_row(row, stet_sf_next(&walk, &member));
        for (size_t room = 0; room <= row->length; room++) {
            char to[16];
            memset(to, 'X', sizeof(to));
            check_row(row, stet_sf_decode(&member, to, room) == row->length);
            check_row(row, to[room] == 'X' && (room == 0 || to[room - 1] != 'X'));
        }
        check_row(row, stet_sf_decode(&member, NULL, 0) == row->length);
    }
}

static void members_are_found_by_key(void **state)
{
    (void)state;
    static const struct field_row row = {"C-9651-4.2.2-1", "by key", DICTIONARY, {NULL}, NULL};
    struct stet_sf walk, items;
    struct stet_sf_member member, parameter;
    assert_true(stet_sf_in(&walk, STET_SPAN("a=1;p=1;q;p=2, b=(x;y=3 \"z\");w, a=4;p=5"),
                           STET_SF_DICTIONARY));
    check_row(&row, stet_sf_get(&walk, STET_SPAN("a"), &member) && member.number == 4);
    check_row(&row, stet_sf_parameter(&member, STET_SPAN("p"), &parameter));
    check_row(&row,
              parameter.number == 5 && !stet_sf_parameter(&member, STET_SPAN("q"), &parameter));
    check_row(&row, !stet_sf_get(&walk, STET_SPAN("A"), &member));
    check_row(&row, !stet_sf_get(&walk, STET_SPAN(""), &member));
    check_row(&row, !stet_sf_get(&walk, STET_SPAN("p"), &member));

    check_row(&row, stet_sf_next(&walk, &member) && member.number == 1);
    check_row(&row,
              stet_sf_parameter(&member, STET_SPAN("p"), &parameter) && parameter.number == 2);
    check_row(&row, stet_sf_parameter(&member, STET_SPAN("q"), &parameter));
    check_row(&row, parameter.type == STET_SF_BOOLEAN && parameter.number == 1);
    items = stet_sf_inner(&member);
    check_row(&row, !stet_sf_next(&items, &parameter));

    check_row(&row, stet_sf_next(&walk, &member) && member.type == STET_SF_INNER_LIST);
    check_row(&row, member.number == 0 && stet_sf_decode(&member, NULL, 0) == 0);
    check_row(&row, stet_sf_parameter(&member, STET_SPAN("w"), &parameter));
    items = stet_sf_inner(&member);
    check_row(&row, stet_sf_next(&items, &member) && member.type == STET_SF_TOKEN);
    check_row(&row,
              stet_sf_parameter(&member, STET_SPAN("y"), &parameter) && parameter.number == 3);
    check_row(&row, stet_sf_next(&items, &member) && member.type == STET_SF_STRING);
    check_row(&row, !stet_sf_next(&items, &member));
}

/* Builds head + count times part + tail. */
static char *repeated(const char *head, const char *part, size_t count, const char *tail)
{
    size_t len = strlen(part);
    char *text = malloc(strlen(head) + count * len + strlen(tail) + 1);
    assert_non_null(text);
    char *at = text + strlen(strcpy(text, head));
    for (size_t i = 0; i < count; i++)
        memcpy(at + i * len, part, len);
    strcpy(at + count * len, tail);
    return text;
}

static void sizes_reach_the_minimum(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        enum stet_sf_kind kind;
        const char *head, *part;
        size_t count;
        const char *tail;
        size_t members, items, parameters;
    } rows[] = {
        {"C-9651-3-1", "list", LIST, "a", ", b", 1023, "", 1024, 0, 0},
        {"C-9651-3-1", "dictionary", DICTIONARY, "a", ", b=1", 1023, "", 1024, 0, 0},
        {"C-9651-3-1", "inner list", LIST, "(", " a", 256, ")", 1, 256, 0},
        {"C-9651-3-1", "parameters", ITEM, "a", ";b=1", 256, "", 1, 0, 256},
        {"C-9651-3-1", "parameters of an inner list", LIST, "()", ";b", 256, "", 1, 0, 256},
        {"C-9651-3-1", "key", DICTIONARY, "", "k", 64, "=1", 1, 0, 0},
        {"C-9651-3-1", "parameter key", ITEM, "1;", "k", 64, "", 1, 0, 1},
        {"C-9651-3-1", "string", ITEM, "\"", "s", 1024, "\"", 1, 0, 0},
        {"C-9651-3-1", "token", ITEM, "", "t", 512, "", 1, 0, 0},
        {"C-9651-3-1", "bytes", ITEM, ":", "AAAA", 5462, ":", 1, 0, 0},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        char *text = repeated(row->head, row->part, row->count, row->tail);
        struct stet_sf walk, inner, parameters;
        struct stet_sf_member member = {.key = STET_SPAN_NONE}, part;
        size_t members = 0, items = 0, keys = 0;
        check_row(row, stet_sf_in(&walk, stet_span_of(text), row->kind));
        while (stet_sf_next(&walk, &member))
            members++;
        inner = stet_sf_inner(&member);
        while (stet_sf_next(&inner, &part))
            items++;
        parameters = stet_sf_parameters(&member);
        while (stet_sf_next(&parameters, &part))
            keys++;
        check_row(row, members == row->members && items == row->items && keys == row->parameters);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_judged_whole),
        cmocka_unit_test(dictionaries_keep_the_last_value),
        cmocka_unit_test(items_obey_their_grammar),
        cmocka_unit_test(tab_before_a_field_fails),
        cmocka_unit_test(absent_fields_have_no_members),
        cmocka_unit_test(types_are_told_apart),
        cmocka_unit_test(decoding_stays_in_its_room),
        cmocka_unit_test(members_are_found_by_key),
        cmocka_unit_test(sizes_reach_the_minimum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
