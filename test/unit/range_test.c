/* Table tests of range: sets resolved, joined and bounded; Content-Range read and written. */
#include "stet/multipart.h"
#include "stet/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BIG "1000000000000000000000000000000" /* 10^30 */

struct set_row {
    const char *id;
    const char *name;
    const char *value;
    uint64_t length;
    const char *want; /* "whole", "416", or the parts */
};

static const struct set_row set_rows[] = {
    {"C-9110-14.1.1-1", "unit in capitals", "BYTES=0-0", 10, "0-0"},
    {"C-9110-14.1.1-1", "unit in mixed case", "bYtEs=0-0", 10, "0-0"},
    {"C-9110-14.1.1-1", "last before first spoils the set", "bytes=5-4,0-1", 10, "whole"},
    {"C-9110-14.1.1-1", "last before first at the end", "bytes=0-1,5-4", 10, "whole"},
    {"C-9110-14.1.1-1", "last before first beyond the end", "bytes=50-49", 10, "whole"},
    {"C-9110-14.1.1-1", "space after the equals sign", "bytes= 0-1", 10, "0-1"},
    {"C-9110-14.1.1-1", "space around commas", "bytes= 0-1 ,\t400-401 ", 1000, "0-1 400-401"},
    {"C-9110-14.1.1-1", "empty members", "bytes=,0-1,,400-401, ,", 1000, "0-1 400-401"},
    {"C-9110-14.1.1-1", "space before the equals sign", "bytes =0-1", 10, "whole"},
    {"C-9110-14.1.1-1", "space before the unit", " bytes=0-1", 10, "whole"},
    {"C-9110-14.1.1-1", "space within a range", "bytes=0 - 1", 10, "whole"},
    {"C-9110-14.1.1-1", "space before last-pos", "bytes=0- 1", 10, "whole"},
    {"C-9110-14.1.1-1", "no member", "bytes=", 10, "whole"},
    {"C-9110-14.1.1-1", "only empty members", "bytes=, ,", 10, "whole"},
    {"C-9110-14.1.1-1", "no set", "bytes", 10, "whole"},
    {"C-9110-14.1.1-1", "nothing", "", 10, "whole"},
    {"C-9110-14.1.1-1", "no unit", "=0-1", 10, "whole"},
    {"C-9110-14.1.1-1", "colon for equals", "bytes:0-1", 10, "whole"},
    {"C-9110-14.1.1-1", "bare dash", "bytes=-", 10, "whole"},
    {"C-9110-14.1.1-1", "two dashes", "bytes=--1", 10, "whole"},
    {"C-9110-14.1.1-1", "three numbers", "bytes=0-1-2", 10, "whole"},
    {"C-9110-14.1.1-1", "no dash", "bytes=1", 10, "whole"},
    {"C-9110-14.1.1-1", "letters", "bytes=a-b", 10, "whole"},
    {"C-9110-14.1.1-1", "sign", "bytes=+1-2", 10, "whole"},
    {"C-9110-14.1.1-1", "hexadecimal", "bytes=0x0-0x1", 10, "whole"},
    {"C-9110-14.1.1-1", "fraction", "bytes=0.0-1", 10, "whole"},
    {"C-9110-14.1.1-1", "quoted", "bytes=\"0-1\"", 10, "whole"},
    {"C-9110-14.1.1-1", "quote that never closes", "bytes=0-1,\"2-3,4-5", 10, "whole"},
    {"C-9110-14.1.1-1", "parameter", "bytes=0-1;q=1", 10, "whole"},
    {"C-9110-14.1.1-1", "unit twice", "bytes=0-1,bytes=2-3", 10, "whole"},
    {"C-9110-14.1.1-1", "leading zeros", "bytes=000-0001", 10, "0-1"},

    {"C-9110-14.1.2-1", "first octet", "bytes=0-0", 10, "0-0"},
    {"C-9110-14.1.2-1", "last octet", "bytes=9-9", 10, "9-9"},
    {"C-9110-14.1.2-1", "last octet, to the end", "bytes=9-", 10, "9-9"},
    {"C-9110-14.1.2-1", "all of it", "bytes=0-", 10, "0-9"},
    {"C-9110-14.1.2-1", "exactly all of it", "bytes=0-9", 10, "0-9"},
    {"C-9110-14.1.2-1", "one beyond the end", "bytes=0-10", 10, "0-9"},
    {"C-9110-14.1.2-1", "far beyond the end", "bytes=3-99999", 10, "3-9"},
    {"C-9110-14.1.2-1", "suffix of one", "bytes=-1", 10, "9-9"},
    {"C-9110-14.1.2-1", "suffix of all", "bytes=-10", 10, "0-9"},
    {"C-9110-14.1.2-1", "suffix longer than all", "bytes=-11", 10, "0-9"},
    {"C-9110-14.1.2-1", "content of one octet", "bytes=0-0", 1, "0-0"},
    {"C-9110-14.1.2-1", "suffix of one octet", "bytes=-1", 1, "0-0"},

    {"C-9110-14.1.2-2", "empty content, suffix", "bytes=-1", 0, "whole"},
    {"C-9110-14.1.2-2", "empty content, suffix of nothing", "bytes=-0", 0, "416"},
    {"C-9110-14.1.2-2", "empty content, first octet", "bytes=0-0", 0, "416"},
    {"C-9110-14.1.2-2", "empty content, all", "bytes=0-", 0, "416"},
    {"C-9110-14.1.2-2", "empty content, one of two fits", "bytes=0-0,-5", 0, "whole"},
    {"C-9110-14.1.2-2", "suffix of nothing", "bytes=-0", 10, "416"},
    {"C-9110-14.1.2-2", "suffix of nothing beside a range", "bytes=-0,0-0", 10, "0-0"},
    {"C-9110-14.1.2-2", "suffix of nothing, many zeros", "bytes=-000", 10, "416"},

    {"C-9110-14.1.2-3", "first beyond 64 bits", "bytes=" BIG "-", 10, "416"},
    {"C-9110-14.1.2-3", "last beyond 64 bits", "bytes=1-" BIG, 10, "1-9"},
    {"C-9110-14.1.2-3", "both beyond 64 bits", "bytes=" BIG "-" BIG, 10, "416"},
    {"C-9110-14.1.2-3", "suffix beyond 64 bits", "bytes=-" BIG, 10, "0-9"},
    {"C-9110-14.1.2-3", "2^64-1", "bytes=18446744073709551615-", 10, "416"},
    {"C-9110-14.1.2-3", "2^64", "bytes=0-18446744073709551616", 10, "0-9"},
    {"C-9110-14.1.2-3", "2^64 may not wrap to 0", "bytes=18446744073709551616-", 10, "416"},
    {"C-9110-14.1.2-3", "suffix that would wrap", "bytes=-18446744073709551606", 10, "0-9"},
    {"C-9110-14.1.2-3", "2^63 octets, all", "bytes=0-", UINT64_C(1) << 63, "0-9223372036854775807"},
    {"C-9110-14.1.2-3", "2^63 octets, last one", "bytes=-1", UINT64_C(1) << 63,
     "9223372036854775807-9223372036854775807"},
    {"C-9110-14.1.2-3", "2^63 octets, one beyond", "bytes=9223372036854775808-", UINT64_C(1) << 63,
     "416"},
    {"C-9110-14.1.2-3", "2^64-1 octets", "bytes=0-0,-1", UINT64_MAX,
     "0-0 18446744073709551614-18446744073709551614"},
    {"C-9110-14.1.2-3", "2^64-1 octets, all", "bytes=0-" BIG, UINT64_MAX, "0-18446744073709551614"},

    {"C-9110-14.2-2", "unknown unit", "items=0-1", 10, "whole"},
    {"C-9110-14.2-2", "unit with bytes as prefix", "bytesx=0-1", 10, "whole"},
    {"C-9110-14.2-2", "unit none", "none=0-1", 10, "whole"},

    {"C-9110-14.2-3", "two that overlap are one", "bytes=0-9,5-14", 1000, "0-14"},
    {"C-9110-14.2-3", "the same twice", "bytes=0-9,0-9", 1000, "0-9"},
    {"C-9110-14.2-3", "three that overlap", "bytes=0-9,5-14,8-20", 1000, "whole"},
    {"C-9110-14.2-3", "the same three times", "bytes=0-,0-,0-", 1000, "whole"},
    {"C-9110-14.2-3", "two pairs that overlap", "bytes=0-9,500-509,5-5,505-505", 1000, "whole"},
    {"C-9110-14.2-3", "RangeAmp: suffixes", "bytes=-1,-2,-3,-4", 1000, "whole"},
    {"C-9110-14.2-3", "RangeAmp: Apache killer", "bytes=0-,5-0,5-1,5-2,5-3", 1000, "whole"},

    {"C-9110-14.2-5", "one beyond the end", "bytes=10-", 10, "416"},
    {"C-9110-14.2-5", "one beyond the end, closed", "bytes=10-10", 10, "416"},
    {"C-9110-14.2-5", "all beyond the end", "bytes=10-,20-30,-0", 10, "416"},
    {"C-9110-14.2-5", "some beyond the end", "bytes=10-,3-4,20-30", 10, "3-4"},

    {"C-9110-15.3.7.2-3", "touching", "bytes=0-9,10-19", 1000, "0-19"},
    {"C-9110-15.3.7.2-3", "touching, in reverse", "bytes=10-19,0-9", 1000, "0-19"},
    {"C-9110-15.3.7.2-3", "gap of 1", "bytes=0-0,2-2", 1000, "0-2"},
    {"C-9110-15.3.7.2-3", "gap of 159", "bytes=0-0,160-160", 1000, "0-160"},
    {"C-9110-15.3.7.2-3", "gap of 160", "bytes=0-0,161-161", 1000, "0-0 161-161"},
    {"C-9110-15.3.7.2-3", "one between joins two", "bytes=0-0,300-300,150-150", 1000, "0-300"},
    {"C-9110-15.3.7.2-3", "one over all", "bytes=900-900,0-0,0-", 1000, "0-999"},
    {"C-9110-15.3.7.2-2", "several become one", "bytes=0-1,2-3,4-", 10, "0-9"},

    {"C-9110-15.3.7.2-4", "requested order", "bytes=500-,0-9", 1000, "500-999 0-9"},
    {"C-9110-15.3.7.2-4", "first and last octet", "bytes=-1,0-0", 1000, "999-999 0-0"},
    {"C-9110-15.3.7.2-4", "joined in the place of the first", "bytes=900-,0-9,400-409,10-19", 1000,
     "900-999 0-19 400-409"},
    {"C-9110-15.3.7.2-4", "a late one joins two", "bytes=900-,0-9,600-609,300-309,10-299", 1000,
     "900-999 0-309 600-609"},
};

static const char *show(const struct stet_ranges *ranges, char *to, size_t room)
{
    size_t at = 0;

    if (ranges->answer != STET_RANGE_PARTS)
        return ranges->count != 0                           ? "parts without the answer"
               : ranges->answer == STET_RANGE_UNSATISFIABLE ? "416"
                                                            : "whole";
    to[0] = '\0';
    for (size_t i = 0; i < ranges->count; i++)
        at += (size_t)snprintf(to + at, room - at, "%s%llu-%llu", i ? " " : "",
                               (unsigned long long)ranges->at[i].first,
                               (unsigned long long)ranges->at[i].last);
    return to;
}

static enum stet_reason reason_wanted(const struct stet_ranges *ranges, uint64_t length)
{
    if (ranges->answer == STET_RANGE_UNSATISFIABLE)
        return STET_REASON_RANGE_UNSATISFIABLE;
    if (ranges->answer == STET_RANGE_PARTS || length == 0)
        return STET_REASON_RANGE_SATISFIED;
    return STET_REASON_RANGE_IGNORED;
}

static void test_sets(void **state)
{
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof set_rows / sizeof *set_rows; i++) {
        const struct set_row *row = &set_rows[i];
        struct stet_ranges got = stet_ranges_in(stet_span_of(row->value), row->length);
        char text[1024];
        const char *shown = show(&got, text, sizeof text);

        if (strcmp(shown, row->want) || got.reason != reason_wanted(&got, row->length)) {
            print_error("%s %s: got %s (%s), want %s\n", row->id, row->name, shown,
                        stet_reason_word(got.reason).at, row->want);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

static struct stet_head head_of(struct stet_field storage[], const char *const values[])
{
    struct stet_head head = {.fields = storage};

    for (size_t i = 0; values[i]; i++)
        stet_head_add(&head, storage, STET_SPAN("range"), stet_span_of(values[i]));
    return head;
}

/* C-9110-14.2-3, C-9110-14.2-5: the field of a head; two lines of it are not one set. */
static void test_heads(void **state)
{
    struct stet_field storage[4];
    struct stet_head none = head_of(storage, (const char *const[]){NULL});
    struct stet_ranges got = stet_ranges_of(&none, 10);

    (void)state;
    assert_int_equal(got.answer, STET_RANGE_WHOLE);
    assert_int_equal(got.reason, STET_REASON_NONE);

    struct stet_head one = head_of(storage, (const char *const[]){"bytes=1-2", NULL});
    got = stet_ranges_of(&one, 10);
    assert_int_equal(got.answer, STET_RANGE_PARTS);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.at[0].first, 1);
    assert_int_equal(got.at[0].last, 2);

    struct stet_head two = head_of(storage, (const char *const[]){"bytes=1-2", "bytes=4-5", NULL});
    got = stet_ranges_of(&two, 10);
    assert_int_equal(got.answer, STET_RANGE_WHOLE);
    assert_int_equal(got.reason, STET_REASON_RANGE_IGNORED);
}

/* "bytes=" and `count` ranges of one octet, `step` apart. */
static struct stet_span comb(char *to, size_t count, uint64_t step)
{
    size_t at = (size_t)sprintf(to, "bytes=");

    for (size_t i = 0; i < count; i++)
        at += (size_t)sprintf(to + at, "%s%llu-%llu", i ? "," : "", (unsigned long long)(i * step),
                              (unsigned long long)(i * step));
    return stet_span(to, at);
}

/* C-9110-14.2-3: many small ranges are bounded, however they lie. */
static void test_many(void **state)
{
    char *text = malloc(1 << 20);
    struct stet_ranges got;

    (void)state;
    assert_non_null(text);
    got = stet_ranges_in(comb(text, STET_RANGES_MAX, 1000), 1000000);
    assert_int_equal(got.answer, STET_RANGE_PARTS);
    assert_int_equal(got.count, STET_RANGES_MAX);
    got = stet_ranges_in(comb(text, STET_RANGES_MAX + 1, 1000), 1000000);
    assert_int_equal(got.answer, STET_RANGE_WHOLE);
    assert_int_equal(got.reason, STET_REASON_RANGE_IGNORED);
    got = stet_ranges_in(comb(text, 20000, 2), 1000000); /* all of them are one */
    assert_int_equal(got.answer, STET_RANGE_PARTS);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.at[0].last, 39998);
    free(text);
}

/* C-9110-14.2-3: the worst multipart body a content of any length can be made to give stays below
 * twice that length, framing included. */
static void test_amplification(void **state)
{
    static const char type[] = "application/vnd.oasis.opendocument.presentation; charset=u-8";
    struct stet_multipart multipart = {.boundary = "012345678901234567890123",
                                       .type = stet_span_of(type)};
    char text[4096];

    (void)state;
    assert_int_equal(sizeof type - 1, 60);
    for (uint64_t length = 1; length < 6000; length++) {
        for (size_t count = 2; count <= STET_RANGES_MAX + 1; count++) {
            struct stet_ranges got = stet_ranges_in(comb(text, count, STET_RANGE_GAP + 1), length);
            if (got.answer != STET_RANGE_PARTS || got.count < 2)
                continue;
            multipart.length = length;
            assert_true(stet_multipart_length(&multipart, &got) <= 2 * length);
        }
    }
}

struct content_range_row {
    const char *id;
    const char *name;
    const char *value;
    const char *want; /* what it is when written anew, "*" for an unknown length; NULL if invalid */
};

static const struct content_range_row content_range_rows[] = {
    {"C-9110-14.4-1", "plain", "bytes 0-9/100", "bytes 0-9/100"},
    {"C-9110-14.4-1", "unit in capitals", "BYTES 0-9/100", "bytes 0-9/100"},
    {"C-9110-14.4-1", "one octet", "bytes 0-0/1", "bytes 0-0/1"},
    {"C-9110-14.4-1", "length unknown", "bytes 0-9/*", "bytes 0-9/*"},
    {"C-9110-14.4-1", "unsatisfied", "bytes */100", "bytes */100"},
    {"C-9110-14.4-1", "unsatisfied, empty", "bytes */0", "bytes */0"},
    {"C-9110-14.4-1", "last before first", "bytes 9-0/100", NULL},
    {"C-9110-14.4-1", "length is last", "bytes 0-9/9", NULL},
    {"C-9110-14.4-1", "length is last + 1", "bytes 0-9/10", "bytes 0-9/10"},
    {"C-9110-14.4-1", "length 0", "bytes 0-0/0", NULL},
    {"C-9110-14.4-1", "nothing known", "bytes */*", NULL},
    {"C-9110-14.4-1", "largest number",
     "bytes 18446744073709551613-18446744073709551613/"
     "18446744073709551614",
     "bytes 18446744073709551613-18446744073709551613/18446744073709551614"},
    {"C-9110-14.4-1", "length beyond 64 bits", "bytes 0-9/" BIG, NULL},
    {"C-9110-14.4-1", "last beyond 64 bits", "bytes 0-" BIG "/*", NULL},
    {"C-9110-14.4-1", "positions that saturate alike", "bytes " BIG "-" BIG "/*", NULL},
    {"C-9110-14.4-1", "no length", "bytes 0-9", NULL},
    {"C-9110-14.4-1", "empty length", "bytes 0-9/", NULL},
    {"C-9110-14.4-1", "no range", "bytes /100", NULL},
    {"C-9110-14.4-1", "no first", "bytes -9/100", NULL},
    {"C-9110-14.4-1", "no last", "bytes 0-/100", NULL},
    {"C-9110-14.4-1", "no dash", "bytes 9/100", NULL},
    {"C-9110-14.4-1", "two spaces", "bytes  0-9/100", NULL},
    {"C-9110-14.4-1", "equals for space", "bytes=0-9/100", NULL},
    {"C-9110-14.4-1", "space inside", "bytes 0-9 /100", NULL},
    {"C-9110-14.4-1", "two slashes", "bytes 0-9/100/200", NULL},
    {"C-9110-14.4-1", "two ranges", "bytes 0-9,20-29/100", NULL},
    {"C-9110-14.4-1", "only a unit", "bytes", NULL},
    {"C-9110-14.4-1", "only a unit and a space", "bytes ", NULL},
    {"C-9110-14.4-1", "nothing", "", NULL},
    {"C-9110-14.4-1", "hexadecimal", "bytes 0x0-0x9/100", NULL},
    {"C-9110-14.4-2", "unknown unit", "items 0-9/100", NULL},
    {"C-9110-14.4-2", "unit with bytes as prefix", "bytess 0-9/100", NULL},
};

static const char *content_range_show(const struct stet_content_range *range, char *to)
{
    size_t length = 0;

    if (!range->satisfied) {
        length = stet_content_range_write_unsatisfied(range->length, to);
    } else {
        length = stet_content_range_write(range->range, range->length, to);
        if (!range->length_known) {
            length = (size_t)((char *)memchr(to, '/', length) - to) + 2;
            to[length - 1] = '*';
        }
    }
    to[length] = '\0';
    return to;
}

static void test_content_ranges(void **state)
{
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof content_range_rows / sizeof *content_range_rows; i++) {
        const struct content_range_row *row = &content_range_rows[i];
        struct stet_content_range got = {.length = 7};
        char text[STET_CONTENT_RANGE_MAX + 1] = "";
        bool valid = stet_content_range_read(stet_span_of(row->value), &got);
        bool right = valid == (row->want != NULL);

        if (right && valid)
            right = !strcmp(content_range_show(&got, text), row->want);
        else if (right)
            right = got.length == 7 && !got.satisfied && !got.length_known;
        if (!right) {
            print_error("%s %s: %s\n", row->id, row->name, valid ? text : "invalid");
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

/* C-9110-14.4-3, C-9110-15.3.7.1-1, C-9110-15.5.17-1: exactly what is sent, and the length. */
static void test_content_range_writing(void **state)
{
    struct stet_range all = {UINT64_MAX - 1, UINT64_MAX - 1};
    char text[STET_CONTENT_RANGE_MAX];

    (void)state;
    assert_int_equal(stet_content_range_write((struct stet_range){0, 9}, 100, text), 13);
    assert_memory_equal(text, "bytes 0-9/100", 13);
    assert_int_equal(stet_content_range_write_unsatisfied(100, text), 11);
    assert_memory_equal(text, "bytes */100", 11);
    assert_int_equal(stet_content_range_write_unsatisfied(0, text), 9);
    assert_memory_equal(text, "bytes */0", 9);
    assert_int_equal(stet_content_range_write(all, UINT64_MAX, text), 68);
    assert_memory_equal(text,
                        "bytes 18446744073709551614-18446744073709551614/18446744073709551615", 68);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets),           cmocka_unit_test(test_heads),
        cmocka_unit_test(test_many),           cmocka_unit_test(test_amplification),
        cmocka_unit_test(test_content_ranges), cmocka_unit_test(test_content_range_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
