/* Spans: compared, trimmed, read as token and number. */
#include "table.h"

#include "stet/byte.h"
#include "stet/span.h"

static void equality(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span a, b;
        bool same, nocase;
    } rows[] = {
        {"C-9110-5.1-1", "same", S("ETag"), S("ETag"), true, true},
        {"C-9110-5.1-1", "other case", S("ETAG:"), S("etag:"), false, true},
        {"C-9110-5.1-1", "@ is not `", S("@"), S("`"), false, false},
        {"C-9110-5.1-1", "[ is not {", S("["), S("{"), false, false},
        {"C-9110-5.1-1", "prefix", S("abc"), S("ab"), false, false},
        {"C-9110-5.1-1", "none and empty", {NULL, 0}, S(""), true, true},
        {"C-9110-5.5-3", "octets above 7F have no case", S("\xc4"), S("\xe4"), false, false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        check_row(row, stet_span_equal(row->a, row->b) == row->same);
        check_row(row, stet_span_equal_nocase(row->a, row->b) == row->nocase);
        check_row(row, stet_span_equal_nocase(row->b, row->a) == row->nocase);
    }
}

static void trimming(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text, want;
    } rows[] = {
        {"C-9110-5.5-1", "spaces at both ends", S("  max-age=1 "), S("max-age=1")},
        {"C-9110-5.5-1", "tabs", S("\t a b\t"), S("a b")},
        {"C-9110-5.5-1", "nothing but space", S(" \t "), S("")},
        {"C-9110-5.5-1", "empty", S(""), S("")},
        {"C-9110-5.5-1", "none", {NULL, 0}, {NULL, 0}},
        {"C-9110-5.5-1", "line ends are not white space", S("\r\na"), S("\r\na")},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++)
        check_row(row, stet_span_equal(stet_span_trim(row->text), row->want));
}

static void numbers(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text;
        uint64_t max;
        bool read;
        uint64_t value;
    } rows[] = {
        {"C-9110-8.6-4", "zero", S("0"), UINT64_MAX, true, 0},
        {"C-9110-8.6-4", "leading zeros", S("007"), UINT64_MAX, true, 7},
        {"C-9110-8.6-4", "2^63", S("9223372036854775808"), UINT64_MAX, true, UINT64_C(1) << 63},
        {"C-9110-8.6-4", "2^64-1", S("18446744073709551615"), UINT64_MAX, true, UINT64_MAX},
        {"C-9110-8.6-4", "2^64", S("18446744073709551616"), UINT64_MAX, true, UINT64_MAX},
        {"C-9110-8.6-4", "2^64 under a bound", S("18446744073709551616"), 10, true, 10},
        {"C-9110-8.6-4", "40 digits", S("1111111111222222222233333333334444444444"), UINT64_MAX,
         true, UINT64_MAX},
        {"C-9110-8.6-4", "40 digits that wrap to little",
         S("0000000000000000000000036893488147419103233"), UINT64_MAX, true, UINT64_MAX},
        {"C-9111-1.2.2-1", "2^31-1", S("2147483647"), 2147483648U, true, 2147483647},
        {"C-9111-1.2.2-1", "2^31", S("2147483648"), 2147483648U, true, 2147483648U},
        {"C-9111-1.2.2-1", "2^31+1 saturates", S("2147483649"), 2147483648U, true, 2147483648U},
        {"C-9110-8.6-5", "empty", S(""), 9, false, 0},
        {"C-9110-8.6-5", "none", {NULL, 0}, 9, false, 0},
        {"C-9110-8.6-5", "plus", S("+42"), 99, false, 0},
        {"C-9110-8.6-5", "minus", S("-1"), 99, false, 0},
        {"C-9110-8.6-5", "space", S("4 2"), 99, false, 0},
        {"C-9110-8.6-5", "letter after an overflow", S("99999999999999999999999x"), 99, false, 0},
        {"C-9110-8.6-5", "colon, the octet after 9", S("1:"), 99, false, 0},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        uint64_t value = 12345;
        check_row(row, stet_span_number(row->text, row->max, &value) == row->read);
        check_row(row, value == (row->read ? row->value : 12345));
    }
}

static void tokens(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text;
        bool token;
    } rows[] = {
        {"C-9110-2.2-1", "all the marks", S("!#$%&'*+-.^_`|~09azAZ"), true},
        {"C-9110-2.2-1", "empty", S(""), false},
        {"C-9110-2.2-1", "space", S("a b"), false},
        {"C-9110-2.2-1", "colon", S("a:"), false},
        {"C-9110-2.2-1", "NUL", S("a\0b"), false},
        {"C-9110-2.2-1", "obs-text", S("a\xff"), false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++)
        check_row(row, stet_span_is_token(row->text) == row->token);
}

/* The class table against the grammars spelled as strings. */
static void classes(void **state)
{
    (void)state;
    static const char digits[] = "0123456789";
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (int i = 0; i < 256; i++) {
        char byte = (char)i;
        bool alnum = i && (strchr(digits, i) || strchr(letters, i));
        bool unreserved = alnum || (i && strchr("-._~", i));
        bool sub_delim = i && strchr("!$&'()*+,;=", i);
        assert_int_equal(stet_byte_is(byte, BYTE_TCHAR),
                         alnum || (i && strchr("!#$%&'*+-.^_`|~", i)));
        assert_int_equal(stet_byte_is_tchar((unsigned char)i), stet_byte_is(byte, BYTE_TCHAR));
        assert_int_equal(stet_byte_is(byte, BYTE_UNRESERVED), unreserved);
        bool path = unreserved || sub_delim || (i && strchr(":@/[]|^", i));
        assert_int_equal(stet_byte_is(byte, BYTE_REG_NAME), unreserved || sub_delim);
        assert_int_equal(stet_byte_is(byte, BYTE_PATH), path);
        assert_int_equal(stet_byte_is(byte, BYTE_QUERY), path || (i && strchr("?{}`\\", i)));
        assert_int_equal(stet_byte_is(byte, BYTE_ETAGC), i > 0x20 && i != '"' && i != 0x7f);
        assert_int_equal(stet_byte_is(byte, BYTE_QDTEXT),
                         i == '\t' || (i >= 0x20 && i != '"' && i != '\\' && i != 0x7f));
        assert_int_equal(stet_byte_is(byte, BYTE_LIST_STOP), i == ',' || i == '"');
        assert_int_equal(stet_byte_is(byte, BYTE_HEX), i && strchr("0123456789abcdefABCDEF", i));
        assert_int_equal(stet_byte_is_digit((unsigned char)i), i && strchr(digits, i));
    }
    assert_int_equal(stet_byte_hex('7'), 7);
    assert_int_equal(stet_byte_hex('a'), 10);
    assert_int_equal(stet_byte_hex('F'), 15);
}

static void parts(void **state)
{
    (void)state;
    struct stet_span text = STET_SPAN("abcabc");
    assert_true(stet_span_starts(text, STET_SPAN("abc")));
    assert_false(stet_span_starts(text, STET_SPAN("abd")));
    assert_true(stet_span_starts(text, STET_SPAN_NONE));
    assert_false(stet_span_starts(STET_SPAN_NONE, STET_SPAN("a")));
    assert_true(stet_span_equal(stet_span_from(text, 4), STET_SPAN("bc")));
    assert_int_equal(stet_span_from(text, 99).len, 0);
    assert_null(stet_span_from(STET_SPAN_NONE, 1).at);
    assert_int_equal(stet_span_find(text, 'c'), 2);
    assert_int_equal(stet_span_find(text, 'x'), 6);
    assert_int_equal(stet_span_find(STET_SPAN_NONE, 'x'), 0);
    assert_null(stet_span_of(NULL).at);
    assert_int_equal(stet_span_of("four").len, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equality), cmocka_unit_test(trimming), cmocka_unit_test(numbers),
        cmocka_unit_test(tokens),   cmocka_unit_test(classes),  cmocka_unit_test(parts),
    };
    return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
