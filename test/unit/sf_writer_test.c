/* The writer of structured fields: canonical forms, refusals, room. */
#include "table.h"

#include "stet/sf_writer.h"

/* A script for the writer: each letter is one call.
 *   k p: key, parameter   ( ): inner list   i d D: integer, decimal, date (number)
 *   s t n b u: string, token, name, bytes, display string (text)   T F: boolean */
struct call {
    char what;
    const char *text;
    int64_t number;
};

enum { CALLS = 10 };

static bool write_text(struct stet_sf_writer *writer, const struct call *call)
{
    struct stet_span text = stet_span_of(call->text ? call->text : "");
    switch (call->what) {
    case 'k':
        return stet_sf_write_key(writer, text);
    case 'p':
        return stet_sf_write_parameter(writer, text);
    case 's':
        return stet_sf_write_string(writer, text);
    case 't':
        return stet_sf_write_token(writer, text);
    case 'n':
        return stet_sf_write_name(writer, text);
    case 'b':
        return stet_sf_write_bytes(writer, text);
    default:
        return stet_sf_write_display(writer, text);
    }
}

static bool write_call(struct stet_sf_writer *writer, const struct call *call)
{
    switch (call->what) {
    case '(':
        return stet_sf_write_inner(writer);
    case ')':
        return stet_sf_write_inner_end(writer);
    case 'i':
        return stet_sf_write_integer(writer, call->number);
    case 'd':
        return stet_sf_write_decimal(writer, call->number);
    case 'D':
        return stet_sf_write_date(writer, call->number);
    case 'T':
    case 'F':
        return stet_sf_write_boolean(writer, call->what == 'T');
    default:
        return write_text(writer, call);
    }
}

struct row {
    const char *id, *name;
    enum stet_sf_kind kind;
    struct call calls[CALLS];
    const char *want; /* NULL: refused */
};

static bool write_row(struct stet_sf_writer *writer, const struct row *row)
{
    bool ok = true;
    for (const struct call *call = row->calls; call->what; call++)
        ok = write_call(writer, call) && ok;
    return ok;
}

static void check_rows(const struct row *rows, size_t count)
{
    for (const struct row *row = rows; row < rows + count; row++) {
        char to[128];
        struct stet_sf walk;
        struct stet_sf_writer writer = stet_sf_writer(row->kind, to, sizeof(to));
        bool ok = write_row(&writer, row);
        struct stet_span got = stet_sf_written(&writer);
        check_row(row, ok == (writer.place != STET_SF_PLACE_SPOILT));
        check_row(row, (got.at != NULL) == (row->want != NULL));
        check_row(row, !got.at || (ok && stet_span_equal(got, stet_span_of(row->want))));
        check_row(row, !got.at || stet_sf_in(&walk, got, row->kind));
    }
}

#define LIST STET_SF_LIST
#define DICTIONARY STET_SF_DICTIONARY
#define ITEM STET_SF_ITEM
#define MAX 999999999999999

static const struct row canonical_rows[] = {
    {"C-9651-4.1-1", "empty list", LIST, {{0}}, ""},
    {"C-9651-4.1-1", "empty dictionary", DICTIONARY, {{0}}, ""},
    {"C-9651-4.1-1", "list", LIST, {{'t', "a", 0}, {'i', 0, 1}, {'s', "b", 0}}, "a, 1, \"b\""},
    {"C-9651-4.1-1", "true in a list", LIST, {{'T', 0, 0}, {'F', 0, 0}}, "?1, ?0"},
    {"C-9651-4.1-1",
     "true omits =?1",
     DICTIONARY,
     {{'k', "a", 0}, {'T', 0, 0}, {'k', "b", 0}, {'F', 0, 0}, {'k', "c", 0}, {'i', 0, 1}},
     "a, b=?0, c=1"},
    {"C-9651-4.1-1",
     "types behind keys",
     DICTIONARY,
     {{'k', "a", 0},
      {'b', "", 0},
      {'k', "b", 0},
      {'u', "", 0},
      {'k', "c", 0},
      {'D', 0, 1},
      {'k', "d", 0},
      {'d', 0, 1}},
     "a=::, b=%\"\", c=@1, d=0.001"},
    {"C-9651-4.1-1",
     "true with parameters",
     DICTIONARY,
     {{'k', "a", 0}, {'T', 0, 0}, {'p', "x", 0}, {'T', 0, 0}, {'p', "y", 0}, {'F', 0, 0}},
     "a;x;y=?0"},
    {"C-9651-4.1-1",
     "inner lists",
     LIST,
     {{'(', 0, 0},
      {')', 0, 0},
      {'p', "x", 0},
      {'i', 0, 1},
      {'(', 0, 0},
      {'t', "a", 0},
      {'t', "b", 0},
      {')', 0, 0}},
     "();x=1, (a b)"},
    {"C-9651-4.1-1",
     "parameters inside",
     LIST,
     {{'(', 0, 0}, {'t', "a", 0}, {'p', "x", 0}, {'T', 0, 0}, {'t', "b", 0}, {')', 0, 0}},
     "(a;x b)"},
    {"C-9651-4.1-1",
     "inner list in a dictionary",
     DICTIONARY,
     {{'k', "a", 0}, {'(', 0, 0}, {'T', 0, 0}, {')', 0, 0}},
     "a=(?1)"},
    {"C-9651-4.1-1", "item", ITEM, {{'T', 0, 0}, {'p', "a", 0}, {'i', 0, 1}}, "?1;a=1"},
    {"C-9651-4.1-1", "no item", ITEM, {{0}}, NULL},
    {"C-9651-4.1-1", "two items", ITEM, {{'i', 0, 1}, {'i', 0, 2}}, NULL},
    {"C-9651-4.1-1", "inner list as item", ITEM, {{'(', 0, 0}, {')', 0, 0}}, NULL},
    {"C-9651-4.1-1", "value without key", DICTIONARY, {{'i', 0, 1}}, NULL},
    {"C-9651-4.1-1", "list without key", DICTIONARY, {{'(', 0, 0}, {')', 0, 0}}, NULL},
    {"C-9651-4.1-1", "two values", DICTIONARY, {{'k', "a", 0}, {'i', 0, 1}, {'i', 0, 2}}, NULL},
    {"C-9651-4.1-1", "key without value", DICTIONARY, {{'k', "a", 0}}, NULL},
    {"C-9651-4.1-1", "two keys", DICTIONARY, {{'k', "a", 0}, {'k', "b", 0}, {'T', 0, 0}}, NULL},
    {"C-9651-4.1-1", "key in a list", LIST, {{'k', "a", 0}, {'i', 0, 1}}, NULL},
    {"C-9651-4.1-1",
     "key in an inner list",
     DICTIONARY,
     {{'k', "a", 0}, {'(', 0, 0}, {'k', "b", 0}, {'T', 0, 0}, {')', 0, 0}},
     NULL},
    {"C-9651-4.1-1", "parameter of nothing", LIST, {{'p', "a", 0}, {'T', 0, 0}}, NULL},
    {"C-9651-4.1-1",
     "parameter behind (",
     LIST,
     {{'(', 0, 0}, {'p', "a", 0}, {'T', 0, 0}, {')', 0, 0}},
     NULL},
    {"C-9651-4.1-1", "parameter without value", LIST, {{'t', "a", 0}, {'p', "b", 0}}, NULL},
    {"C-9651-4.1-1",
     "list as parameter",
     LIST,
     {{'t', "a", 0}, {'p', "b", 0}, {'(', 0, 0}, {')', 0, 0}},
     NULL},
    {"C-9651-4.1-1", "unclosed", LIST, {{'(', 0, 0}, {'t', "a", 0}}, NULL},
    {"C-9651-4.1-1", "closed twice", LIST, {{'(', 0, 0}, {')', 0, 0}, {')', 0, 0}}, NULL},
    {"C-9651-4.1-1", "nested", LIST, {{'(', 0, 0}, {'(', 0, 0}, {')', 0, 0}, {')', 0, 0}}, NULL},
    {"C-9651-4.1-1",
     "closed behind a key",
     LIST,
     {{'(', 0, 0}, {'t', "a", 0}, {'p', "b", 0}, {')', 0, 0}},
     NULL},
    {"C-9651-4.1-1", "spoilt stays spoilt", LIST, {{'t', "", 0}, {'t', "a", 0}}, NULL},
    {"C-9651-4.1-1", "inner is no field", STET_SF_INNER, {{'t', "a", 0}}, NULL},
};

static void structures_are_canonical(void **state)
{
    (void)state;
    check_rows(canonical_rows, COUNT(canonical_rows));
}

static void values_are_canonical(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"C-9651-4.1-1", "zero", ITEM, {{'i', 0, 0}}, "0"},
        {"C-9651-4.1-1", "largest", ITEM, {{'i', 0, MAX}}, "999999999999999"},
        {"C-9651-4.1-1", "smallest", ITEM, {{'i', 0, -MAX}}, "-999999999999999"},
        {"C-9651-4.1-1", "too large", ITEM, {{'i', 0, MAX + 1}}, NULL},
        {"C-9651-4.1-1", "too small", ITEM, {{'i', 0, -MAX - 1}}, NULL},
        {"C-9651-4.1-1", "the very smallest", ITEM, {{'i', 0, INT64_MIN}}, NULL},
        {"C-9651-4.1-1", "decimal zero", ITEM, {{'d', 0, 0}}, "0.0"},
        {"C-9651-4.1-1", "thousandth", ITEM, {{'d', 0, -1}}, "-0.001"},
        {"C-9651-4.1-1", "tenths", ITEM, {{'d', 0, 1500}}, "1.5"},
        {"C-9651-4.1-1", "hundredths", ITEM, {{'d', 0, 1050}}, "1.05"},
        {"C-9651-4.1-1", "largest decimal", ITEM, {{'d', 0, MAX}}, "999999999999.999"},
        {"C-9651-4.1-1", "too large decimal", ITEM, {{'d', 0, MAX + 1}}, NULL},
        {"C-9651-4.1-1", "too small decimal", ITEM, {{'d', 0, INT64_MIN}}, NULL},
        {"C-9651-4.1-1", "date", ITEM, {{'D', 0, -62135596800}}, "@-62135596800"},
        {"C-9651-4.1-1", "date too late", ITEM, {{'D', 0, MAX + 1}}, NULL},
        {"C-9651-4.1-1", "string", ITEM, {{'s', "a\"b\\c", 0}}, "\"a\\\"b\\\\c\""},
        {"C-9651-4.1-1", "empty string", ITEM, {{'s', "", 0}}, "\"\""},
        {"C-9651-4.1-1", "string with a tab", ITEM, {{'s', "a\tb", 0}}, NULL},
        {"C-9651-4.1-1", "string with DEL", ITEM, {{'s', "\x7f", 0}}, NULL},
        {"C-9651-4.1-1", "string not ASCII", ITEM, {{'s', "\xc3\xbc", 0}}, NULL},
        {"C-9651-4.1-1", "token", ITEM, {{'t', "*a:b/c", 0}}, "*a:b/c"},
        {"C-9651-4.1-1", "empty token", ITEM, {{'t', "", 0}}, NULL},
        {"C-9651-4.1-1", "token of a digit", ITEM, {{'t', "1a", 0}}, NULL},
        {"C-9651-4.1-1", "token with a space", ITEM, {{'t', "a b", 0}}, NULL},
        {"C-9651-4.1-1", "token not ASCII", ITEM, {{'t', "a\xfc", 0}}, NULL},
        {"C-9651-4.1-1", "name as token", ITEM, {{'n', "a.b:80", 0}}, "a.b:80"},
        {"C-9651-4.1-1", "name as string", ITEM, {{'n', "10.0.0.1", 0}}, "\"10.0.0.1\""},
        {"C-9213-2.1-2",
         "value from a letter on",
         DICTIONARY,
         {{'k', "a", 0}, {'n', "b1", 0}},
         "a=b1"},
        {"C-9213-2.1-2",
         "value from a star on",
         DICTIONARY,
         {{'k', "a", 0}, {'n', "*1", 0}},
         "a=*1"},
        {"C-9213-2.1-2",
         "value from a digit on",
         DICTIONARY,
         {{'k', "a", 0}, {'n', "1b", 0}},
         "a=\"1b\""},
        {"C-9213-2.1-2", "number", DICTIONARY, {{'k', "max-age", 0}, {'i', 0, 60}}, "max-age=60"},
        {"C-9213-2.1-2", "no value", DICTIONARY, {{'k', "no-store", 0}, {'T', 0, 0}}, "no-store"},
        {"C-9651-4.1-1", "bytes", ITEM, {{'b', "hello", 0}}, ":aGVsbG8=:"},
        {"C-9651-4.1-1", "four bytes", ITEM, {{'b', "\xff\xee\xdd\xcc", 0}}, ":/+7dzA==:"},
        {"C-9651-4.1-1", "no bytes", ITEM, {{'b', "", 0}}, "::"},
        {"C-9651-4.1-1",
         "display",
         ITEM,
         {{'u', "\"%\\ \xc3\xbc\n", 0}},
         "%\"%22%25\\ %c3%bc%0a\""},
        {"C-9651-4.1-1", "display broken", ITEM, {{'u', "a\xc3", 0}}, NULL},
        {"C-9651-4.1-1", "display not UTF-8", ITEM, {{'u', "\xfc", 0}}, NULL},
        {"C-9651-4.1-1", "key upper case", DICTIONARY, {{'k', "A", 0}, {'T', 0, 0}}, NULL},
        {"C-9651-4.1-1", "key empty", DICTIONARY, {{'k', "", 0}, {'T', 0, 0}}, NULL},
        {"C-9651-4.1-1", "key foreign", DICTIONARY, {{'k', "a b", 0}, {'T', 0, 0}}, NULL},
        {"C-9651-4.1-1", "parameter key", LIST, {{'t', "a", 0}, {'p', "B", 0}, {'T', 0, 0}}, NULL},
    };
    check_rows(rows, COUNT(rows));
}

/* Of each type, a second Item is refused, and says so. */
static void misplaced_values_are_refused(void **state)
{
    (void)state;
    static const struct row row = {"C-9651-4.1-1", "second item", ITEM, {{0}}, NULL};
    for (const char *what = "idDstnbuTF"; *what; what++) {
        char to[64];
        struct stet_sf_writer writer = stet_sf_writer(ITEM, to, sizeof(to));
        struct call call = {*what, "a", 1};
        check_row(&row, write_call(&writer, &call) && stet_sf_written(&writer).at);
        check_row(&row, !write_call(&writer, &call) && !stet_sf_written(&writer).at);
        check_row(&row, !write_call(&writer, &call));
    }
}

/* What a reader hands out is refused out of place too. */
static void misplaced_members_are_refused(void **state)
{
    (void)state;
    static const struct row row = {"C-9651-4.1-1", "member without key", DICTIONARY, {{0}}, NULL};
    static const char *const values[] = {
        "1", "1.0", "\"a\"", "a", ":AA==:", "?0", "@1", "%\"a\"", "(a)"};
    for (size_t i = 0; i < COUNT(values); i++) {
        struct stet_sf walk;
        struct stet_sf_member member;
        char to[64];
        check_row(&row, stet_sf_in(&walk, stet_span_of(values[i]), LIST));
        check_row(&row, stet_sf_next(&walk, &member));
        struct stet_sf_writer writer = stet_sf_writer(DICTIONARY, to, sizeof(to));
        check_row(&row, !stet_sf_write_member(&writer, &member));
        check_row(&row, !stet_sf_written(&writer).at);
        writer = stet_sf_writer(LIST, to, sizeof(to));
        check_row(&row, stet_sf_write_member(&writer, &member));
        check_row(&row, stet_span_equal(stet_sf_written(&writer), stet_span_of(values[i])));
        member.key = STET_SPAN("k");
        check_row(&row, !stet_sf_write_member(&writer, &member));
    }
}

static void too_little_room_yields_nothing(void **state)
{
    (void)state;
    static const struct row row = {
        "C-9651-4.1-1", "room", LIST, {{'t', "abc", 0}, {'p', "d", 0}, {'s', "e\"", 0}}, NULL};
    static const char want[] = "abc;d=\"e\\\"\"";
    for (size_t room = 0; room < 20; room++) {
        char to[20];
        memset(to, 'X', sizeof(to));
        struct stet_sf_writer writer = stet_sf_writer(LIST, room ? to : NULL, room);
        check_row(&row, write_row(&writer, &row));
        check_row(&row, writer.length == strlen(want));
        struct stet_span got = stet_sf_written(&writer);
        check_row(&row, (got.at != NULL) == (room >= strlen(want)));
        check_row(&row, !got.at || stet_span_equal(got, stet_span_of(want)));
        check_row(&row, to[room] == 'X');
    }
}

static void decimals_round_half_to_even(void **state)
{
    (void)state;
    static const struct round_row {
        const char *id, *name;
        int64_t numerator, denominator;
        bool ok;
        int64_t want;
    } rows[] = {
        {"C-9651-4.1-1", "odd half up", 15, 10000, true, 2},
        {"C-9651-4.1-1", "even half down", 25, 10000, true, 2},
        {"C-9651-4.1-1", "negative odd", -15, 10000, true, -2},
        {"C-9651-4.1-1", "negative even", -25, 10000, true, -2},
        {"C-9651-4.1-1", "above a half", 250001, 100000000, true, 3},
        {"C-9651-4.1-1", "below a half", 249999, 100000000, true, 2},
        {"C-9651-4.1-1", "half of the first", 5, 10000, true, 0},
        {"C-9651-4.1-1", "minus half of the first", -5, 10000, true, 0},
        {"C-9651-4.1-1", "thirds", 1, 3, true, 333},
        {"C-9651-4.1-1", "two thirds", -2, 3, true, -667},
        {"C-9651-4.1-1", "carries", 99995, 10000, true, 10000},
        {"C-9651-4.1-1", "exact", 7, 1, true, 7000},
        {"C-9651-4.1-1", "largest", 999999999999, 1, true, 999999999999000},
        {"C-9651-4.1-1", "too large", 1000000000000, 1, false, 0},
        {"C-9651-4.1-1", "too small", -1000000000000, 1, false, 0},
        {"C-9651-4.1-1", "carries out of range", 9999999999999996, 10000, false, 0},
        {"C-9651-4.1-1", "carries out below", -9999999999999996, 10000, false, 0},
        {"C-9651-4.1-1", "largest denominator", INT64_MAX, 1000000000000000, true, 9223372},
        {"C-9651-4.1-1", "smallest numerator", INT64_MIN, 1000000000000000, true, -9223372},
        {"C-9651-4.1-1", "far too large", INT64_MAX, 1, false, 0},
        {"C-9651-4.1-1", "far too small", INT64_MIN, 1, false, 0},
        {"C-9651-4.1-1", "very largest", MAX, 1000, true, MAX},
        {"C-9651-4.1-1", "very smallest", -MAX, 1000, true, -MAX},
        {"C-9651-4.1-1", "smallest whole", -999999999999, 1, true, -999999999999000},
        {"C-9651-4.1-1", "denominator too large", 1, 1000000000000001, false, 0},
        {"C-9651-4.1-1", "by zero", 1, 0, false, 0},
        {"C-9651-4.1-1", "by less", 1, -1, false, 0},
    };
    for (const struct round_row *row = rows; row < rows + COUNT(rows); row++) {
        int64_t got = 0;
        check_row(row, stet_sf_round(row->numerator, row->denominator, &got) == row->ok);
        check_row(row, got == row->want);
    }
}

static void texts_are_judged(void **state)
{
    (void)state;
    assert_true(stet_sf_key_valid(STET_SPAN("*a-9")) && !stet_sf_key_valid(STET_SPAN("")));
    assert_true(!stet_sf_key_valid(STET_SPAN("a=")) && !stet_sf_key_valid(STET_SPAN("-a")));
    assert_true(stet_sf_token_valid(STET_SPAN("A")) && !stet_sf_token_valid(STET_SPAN("")));
    assert_true(stet_sf_string_valid(STET_SPAN("")) && !stet_sf_string_valid(STET_SPAN("\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structures_are_canonical),
        cmocka_unit_test(values_are_canonical),
        cmocka_unit_test(misplaced_values_are_refused),
        cmocka_unit_test(misplaced_members_are_refused),
        cmocka_unit_test(too_little_room_yields_nothing),
        cmocka_unit_test(decimals_round_half_to_even),
        cmocka_unit_test(texts_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
