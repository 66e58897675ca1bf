/* Dates: three formats in, one out, every day of the calendar. */
#include "table.h"

#include <stdlib.h>
#include <time.h>

#include "stet/date.h"

#define EXAMPLE INT64_C(784111777) /* 1994-11-06T08:49:37Z */
#define NOW INT64_C(1790000000)    /* 2026-09-21T14:13:20Z */

struct format_row {
    const char *id, *name, *text;
    bool read;
    int64_t when;
};

static const struct format_row format_rows[] = {
    {"C-9110-5.6.7-1", "IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", true, EXAMPLE},
    {"C-9110-5.6.7-1", "RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", true, EXAMPLE},
    {"C-9110-5.6.7-1", "asctime", "Sun Nov  6 08:49:37 1994", true, EXAMPLE},
    {"C-9110-5.6.7-4", "asctime, two digits", "Sun Nov 16 08:49:37 1994", true, EXAMPLE + 864000},
    {"C-9110-5.6.7-4", "asctime, zero for the space", "Sun Nov 06 08:49:37 1994", true, EXAMPLE},
    {"C-9110-5.6.7-1", "epoch", "Thu, 01 Jan 1970 00:00:00 GMT", true, 0},
    {"C-9110-5.6.7-1", "before the epoch", "Wed, 31 Dec 1969 23:59:59 GMT", true, -1},
    {"C-9110-5.6.7-1", "after 2038", "Tue, 19 Jan 2038 03:14:08 GMT", true, 2147483648},
    {"C-9110-5.6.7-1", "year 1", "Mon, 01 Jan 0001 00:00:00 GMT", true, -62135596800},
    {"C-9110-5.6.7-1", "year 9999", "Fri, 31 Dec 9999 23:59:59 GMT", true, 253402300799},
    {"C-9110-5.6.7-4", "second 60", "Sat, 31 Dec 2016 23:59:60 GMT", true, 1483228800},
    {"C-9110-5.6.7-4", "second 60, asctime", "Sat Dec 31 23:59:60 2016", true, 1483228800},
    {"C-9110-5.6.7-4", "second 61", "Sat, 31 Dec 2016 23:59:61 GMT", false, 0},
    {"C-9111-4.2-2", "all upper case", "SUN, 06 NOV 1994 08:49:37 GMT", true, EXAMPLE},
    {"C-9111-4.2-2", "all lower case", "sun, 06 nov 1994 08:49:37 gmt", true, EXAMPLE},
    {"C-9111-4.2-2", "RFC 850 in lower case", "sunday, 06-nov-94 08:49:37 gmt", true, EXAMPLE},
    {"C-9111-4.2-2", "asctime in upper case", "SUN NOV  6 08:49:37 1994", true, EXAMPLE},
    {"C-9111-4.2-5", "UTC", "Sun, 06 Nov 1994 08:49:37 UTC", false, 0},
    {"C-9111-4.2-5", "EST", "Sun, 06 Nov 1994 08:49:37 EST", false, 0},
    {"C-9111-4.2-5", "offset", "Sun, 06 Nov 1994 08:49:37 +00", false, 0},
    {"C-9111-4.2-5", "numeric zone", "Sun, 06 Nov 1994 08:49:37 +0000", false, 0},
    {"C-9111-4.2-5", "RFC 850 in UTC", "Sunday, 06-Nov-94 08:49:37 UTC", false, 0},
    {"C-9111-4.2-5", "no zone", "Sun, 06 Nov 1994 08:49:37", false, 0},
    {"C-9110-5.6.7-1", "day name is not checked", "Mon, 06 Nov 1994 08:49:37 GMT", true, EXAMPLE},
    {"C-9110-5.6.7-1", "no day name", "Foo, 06 Nov 1994 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "no month", "Sun, 06 Foo 1994 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "29 February", "Tue, 29 Feb 2000 00:00:00 GMT", true, 951782400},
    {"C-9110-5.6.7-1", "no 29 February in 1900", "Thu, 29 Feb 1900 00:00:00 GMT", false, 0},
    {"C-9110-5.6.7-1", "no 29 February in 2001", "Thu, 29 Feb 2001 00:00:00 GMT", false, 0},
    {"C-9110-5.6.7-1", "no 31 April", "Sun, 31 Apr 1994 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "day 32", "Sun, 32 Nov 1994 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "day 0", "Sun, 00 Nov 1994 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "year 0", "Sun, 06 Nov 0000 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "hour 24", "Sun, 06 Nov 1994 24:00:00 GMT", false, 0},
    {"C-9110-5.6.7-1", "minute 60", "Sun, 06 Nov 1994 08:60:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "letter in the year", "Sun, 06 Nov 199x 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "letter in the century", "Sun, 06 Nov x994 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "letter in the day", "Sun, x6 Nov 1994 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "letter in the second", "Sun, 06 Nov 1994 08:49:3x GMT", false, 0},
    {"C-9110-5.6.7-1", "sign in the hour", "Sun, 06 Nov 1994 +8:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "space in the day", "Sun,  6 Nov 1994 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "one digit day", "Sun, 6 Nov 1994 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "hyphens in IMF", "Sun, 06-Nov-1994 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "spaces in RFC 850", "Sunday, 06 Nov 94 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "short name in RFC 850", "Sun, 06-Nov-94 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "wrong long name", "Funday, 06-Nov-94 08:49:37 GMT", false, 0},
    {"C-9110-5.6.7-1", "surplus text", "Sun, 06 Nov 1994 08:49:37 GMT ", false, 0},
    {"C-9110-5.6.7-1", "surplus digit in asctime", "Sun Nov  6 08:49:37 19940", false, 0},
    {"C-9110-5.6.7-1", "dots for colons", "Sun, 06 Nov 1994 08.49.37 GMT", false, 0},
    {"C-9110-5.6.7-1", "no comma", "Sun  06 Nov 1994 08:49:37 GMT", false, 0},
    {"C-9111-5.3-1", "0", "0", false, 0},
    {"C-9111-5.3-1", "-1", "-1", false, 0},
    {"C-9111-5.3-1", "empty", "", false, 0},
    {"C-9111-5.3-1", "ISO 8601", "1994-11-06T08:49:37Z", false, 0},
    {"C-9110-13.1.5-4", "an entity tag", "\"0123456789012345678901234567\"", false, 0},
};

static void formats(void **state)
{
    (void)state;
    for (const struct format_row *row = format_rows; row < format_rows + COUNT(format_rows);
         row++) {
        int64_t when = 4711;
        check_row(row, stet_date_read(stet_span_of(row->text), NOW, &when) == row->read);
        check_row(row, when == (row->read ? row->when : 4711));
    }
    int64_t when;
    assert_false(stet_date_read(STET_SPAN_NONE, NOW, &when));
}

/* Each octet of the fixed columns matters: no other one is taken for a separator. */
static void every_column(void **state)
{
    (void)state;
    static const char *const texts[] = {"Sun, 06 Nov 1994 08:49:37 GMT",
                                        "Sunday, 06-Nov-94 08:49:37 GMT",
                                        "Sun Nov 16 08:49:37 1994"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t len = strlen(texts[i]);
        for (size_t at = 0; at < len; at++) {
            char text[40];
            int64_t when;
            memcpy(text, texts[i], len);
            for (int octet = 1; octet < 256; octet++) {
                text[at] = (char)octet;
                bool letter = stet_byte_lower((unsigned char)octet) !=
                                  stet_byte_lower((unsigned char)texts[i][at]) &&
                              (octet | 0x20) >= 'a' && (octet | 0x20) <= 'z';
                bool digit = stet_byte_is_digit((unsigned char)octet);
                bool same = stet_byte_lower((unsigned char)octet) ==
                            stet_byte_lower((unsigned char)texts[i][at]);
                bool blank_day = i == 2 && at == 8 && octet == ' ';
                bool read = stet_date_read(stet_span(text, len), NOW, &when);
                if (same ? !read : read && !letter && !digit && !blank_day)
                    fail_msg("C-9110-5.6.7-1 (%s): octet %02x at %zu", texts[i], octet, at);
            }
        }
    }
}

static void put_pair(char *to, int value)
{
    to[0] = (char)('0' + value / 10);
    to[1] = (char)('0' + value % 10);
}

/* C-9110-5.6.7-3: all two-digit years as seen from several instants. */
static void two_digit_years(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        int64_t now;
        int first; /* the year that the digits of (first % 100) mean; the others follow it */
    } rows[] = {
        {"C-9110-5.6.7-3", "from September 2026, for a November", NOW, 1976},
        {"C-9110-5.6.7-3", "from 1994, the same second", EXAMPLE, 1945},
        {"C-9110-5.6.7-3", "from 1994, a second before", EXAMPLE - 1, 1944},
        {"C-9110-5.6.7-3", "from the epoch", 0, 1920},
        {"C-9110-5.6.7-3", "from the end of 2099", 4102444799, 2050},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++)
        for (int year = row->first; year < row->first + 100; year++) {
            char text[] = "Sunday, 06-Nov-yy 08:49:37 GMT";
            char full[] = "Sun, 06 Nov yyyy 08:49:37 GMT";
            put_pair(text + 15, year % 100);
            put_pair(full + 12, year / 100);
            put_pair(full + 14, year % 100);
            int64_t when = 0, want = 0;
            check_row(row, stet_date_read(stet_span_of(text), row->now, &when));
            check_row(row, stet_date_read(stet_span_of(full), row->now, &want));
            if (when != want)
                fail_msg("%s (%s): %s is not %d", row->id, row->name, text, year);
        }
}

static void two_digit_year_oddities(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name, *text;
        int64_t now;
        bool read;
        int64_t when;
    } rows[] = {
        {"C-9110-5.6.7-3", "a leap day is judged in its own year",
         "Tuesday, 29-Feb-00 00:00:00 GMT", NOW, true, 951782400},
        {"C-9110-5.6.7-3", "no leap day in 1900", "Thursday, 29-Feb-00 00:00:00 GMT",
         -1577923200 /* 1920 */, false, 0},
        {"C-9110-5.6.7-3", "before year 1", "Sunday, 06-Nov-99 08:49:37 GMT", INT64_MIN, false, 0},
        {"C-9110-5.6.7-3", "now at the end of time", "Sunday, 06-Nov-94 08:49:37 GMT", INT64_MAX,
         true, 253239727777},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        int64_t when = 0;
        check_row(row, stet_date_read(stet_span_of(row->text), row->now, &when) == row->read);
        check_row(row, when == row->when);
    }
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* C-9110-5.6.7-2, C-9110-5.6.7-5: a calendar counted day by day beside the one under test, from the
 * first day of year 1 to the last of 9999; each day is written, compared and read again. */
static void every_day(void **state)
{
    (void)state;
    static const char days[] = "MonTueWedThuFriSatSun";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = 1, month = 0, day = 1;
    int64_t when = INT64_C(-62135596800);
    for (int count = 0; year < 10000; count++, when += 86400) {
        int second = (int)((int64_t)count * 7919 % 86400);
        char want[STET_DATE_LENGTH], got[STET_DATE_LENGTH];
        memcpy(want, "Www, dd Mmm yyyy hh:mm:ss GMT", STET_DATE_LENGTH);
        memcpy(want, days + count % 7 * 3, 3);
        put_pair(want + 5, day);
        memcpy(want + 8, months + month * 3, 3);
        put_pair(want + 12, year / 100);
        put_pair(want + 14, year % 100);
        put_pair(want + 17, second / 3600);
        put_pair(want + 20, second / 60 % 60);
        put_pair(want + 23, second % 60);
        stet_date_write(when + second, got);
        if (memcmp(got, want, sizeof got) != 0)
            fail_msg("C-9110-5.6.7-2: wrote %.29s for %.29s", got, want);
        int64_t again;
        if (!stet_date_read(stet_span(got, sizeof got), 0, &again) || again != when + second)
            fail_msg("C-9110-5.6.7-2: %.29s does not come back", got);
        day++;
        if (day > lengths[month] + (month == 1 && is_leap(year))) {
            day = 1;
            month = (month + 1) % 12;
            year += month == 0;
        }
    }
    assert_int_equal(when, INT64_C(253402300800));
}

static void clamped(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        int64_t when;
        const char *text;
    } rows[] = {
        {"C-9110-5.6.7-2", "before year 1", -62135596801, "Mon, 01 Jan 0001 00:00:00 GMT"},
        {"C-9110-5.6.7-2", "the first instant", INT64_MIN, "Mon, 01 Jan 0001 00:00:00 GMT"},
        {"C-9110-5.6.7-2", "after 9999", 253402300800, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"C-9110-5.6.7-2", "the last instant", INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"C-9110-5.6.7-2", "the example", EXAMPLE, "Sun, 06 Nov 1994 08:49:37 GMT"},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        char text[STET_DATE_LENGTH];
        stet_date_write(row->when, text);
        check_row(row, memcmp(text, row->text, sizeof text) == 0);
    }
}

/* C-9111-4.2-4: wherever the machine believes itself to be. */
static void no_time_zone(void **state)
{
    (void)state;
    static const char *const zones[] = {"Asia/Tokyo", "JST-9", "EST5EDT,M3.2.0,M11.1.0"};
    for (size_t i = 0; i < COUNT(zones); i++) {
        char text[STET_DATE_LENGTH];
        int64_t when = 0;
        assert_int_equal(setenv("TZ", zones[i], 1), 0);
        tzset();
        assert_true(stet_date_read(STET_SPAN("Sun Nov  6 08:49:37 1994"), NOW, &when));
        assert_int_equal(when, EXAMPLE);
        stet_date_write(EXAMPLE, text);
        assert_memory_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT", sizeof text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),         cmocka_unit_test(every_column),
        cmocka_unit_test(two_digit_years), cmocka_unit_test(two_digit_year_oddities),
        cmocka_unit_test(every_day),       cmocka_unit_test(clamped),
        cmocka_unit_test(no_time_zone),
    };
    return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
