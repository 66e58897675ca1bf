/* Table tests of validators: strong dates, and what a cache compares conditions with. */
#include "stet/validators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct strong_row {
    const char *id;
    const char *name;
    int64_t modified;
    int64_t date;
    bool same_clock;
    bool want;
};

static const struct strong_row strong_rows[] = {
    {"C-9110-8.8.2.2-1", "one clock, the same second", 1000, 1000, true, false},
    {"C-9110-8.8.2.2-1", "one clock, a second later", 1000, 1001, true, true},
    {"C-9110-8.8.2.2-1", "one clock, a minute later", 1000, 1060, true, true},
    {"C-9110-8.8.2.2-1", "one clock, modified in the future", 1000, 999, true, false},
    {"C-9110-8.8.2.2-1", "two clocks, the same second", 1000, 1000, false, false},
    {"C-9110-8.8.2.2-1", "two clocks, a second later", 1000, 1001, false, false},
    {"C-9110-8.8.2.2-1", "two clocks, 59 s later", 1000, 1059, false, false},
    {"C-9110-8.8.2.2-1", "two clocks, 60 s later", 1000, 1060, false, true},
    {"C-9110-8.8.2.2-1", "the end of time", INT64_MAX, INT64_MAX, true, false},
    {"C-9110-8.8.2.2-1", "the beginning of time", INT64_MIN, INT64_MAX, false, true},
};

static void test_strong(void **state)
{
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof strong_rows / sizeof *strong_rows; i++) {
        const struct strong_row *row = &strong_rows[i];
        if (stet_validators_date_is_strong(row->modified, row->date, row->same_clock) !=
            row->want) {
            print_error("%s %s\n", row->id, row->name);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT" /* 784111777 */
#define DATE_AT INT64_C(784111777)
#define RECEIVED (DATE_AT + 500)

struct stored_row {
    const char *id;
    const char *name;
    const char *etag;
    const char *modified;
    const char *date;
    int64_t want_modified;
    bool want_strong;
    bool want_etag;
};

static const struct stored_row stored_rows[] = {
    {"C-9111-4.3.2-4", "Last-Modified long before Date", "\"a\"", "Sun, 06 Nov 1994 08:48:37 GMT",
     DATE, DATE_AT - 60, true, true},
    {"C-9110-8.8.2.2-1", "Last-Modified shortly before Date", "W/\"a\"",
     "Sun, 06 Nov 1994 08:48:38 GMT", DATE, DATE_AT - 59, false, true},
    {"C-9110-8.8.2.2-1", "Last-Modified without Date", NULL, "Sun, 06 Nov 1994 08:48:37 GMT", NULL,
     DATE_AT - 60, false, false},
    {"C-9111-4.3.2-4", "only Date", NULL, NULL, DATE, DATE_AT, false, false},
    {"C-9111-4.3.2-4", "neither", "\"\"", NULL, NULL, RECEIVED, false, true},
    {"C-9111-4.3.2-4", "Last-Modified is no date", "a", "yesterday", DATE, DATE_AT, false, false},
    {"C-9111-4.3.2-4", "no field is a date", NULL, "0", "-1", RECEIVED, false, false},
};

static struct stet_head head_of(const struct stored_row *row, struct stet_field *storage)
{
    struct stet_head head = {.fields = storage};

    if (row->etag)
        stet_head_add(&head, storage, STET_SPAN("ETag"), stet_span_of(row->etag));
    if (row->modified)
        stet_head_add(&head, storage, STET_SPAN("Last-Modified"), stet_span_of(row->modified));
    if (row->date)
        stet_head_add(&head, storage, STET_SPAN("Date"), stet_span_of(row->date));
    return head;
}

static void test_stored(void **state)
{
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof stored_rows / sizeof *stored_rows; i++) {
        const struct stored_row *row = &stored_rows[i];
        struct stet_field storage[3];
        struct stet_head head = head_of(row, storage);
        struct stet_validators got = stet_validators_of(&head, RECEIVED);

        if (!got.exists || !got.has_modified || got.modified != row->want_modified ||
            got.modified_strong != row->want_strong ||
            stet_etag_present(got.etag) != row->want_etag) {
            print_error("%s %s: modified %lld, strong %d\n", row->id, row->name,
                        (long long)got.modified, got.modified_strong);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_strong),
                                       cmocka_unit_test(test_stored)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
