/* Table tests of parts: which may be stored, which belong together, and what they make. */
#include "stet/parts.h"

#include "message.h"
#include "table.h"

struct fit_row {
    const char *id;
    const char *name;
    const char *stored; /* of 100 octets */
    const char *response;
    bool readable;
    bool fits;
};

#define CR "Content-Range: bytes 10-19/100\n"

static const struct fit_row fit_rows[] = {
    {"C-9110-15.3.7.3-1", "one strong tag", "ETag: \"a\"", CR "ETag: \"a\"", true, true},
    {"C-9110-15.3.7.3-1", "another strong tag", "ETag: \"a\"", CR "ETag: \"b\"", true, false},
    {"C-9110-15.3.7.3-1", "a weak tag", "ETag: \"a\"", CR "ETag: W/\"a\"", false, false},
    {"C-9110-15.3.7.3-1", "stored under a weak tag", "ETag: W/\"a\"", CR "ETag: \"a\"", true,
     false},
    {"C-9110-15.3.7.3-1", "a date is not enough", "Last-Modified: " MESSAGE_DATE,
     CR "Last-Modified: " MESSAGE_DATE, false, false},
    {"C-9111-3.4-1", "another length", "ETag: \"a\"", "Content-Range: bytes 10-19/101\nETag: \"a\"",
     true, false},
    {"D-19", "an unknown length", "ETag: \"a\"", "Content-Range: bytes 10-19/*\nETag: \"a\"", false,
     false},
    {"D-19", "another coding", "ETag: \"a\"\nContent-Encoding: gzip", CR "ETag: \"a\"", true,
     false},
    {"D-19", "the same codings", "ETag: \"a\"\nContent-Encoding: gzip, br",
     CR "ETag: \"a\"\nContent-Encoding: GZIP\nContent-Encoding: br", true, true},
    {"D-19", "fewer codings", "ETag: \"a\"\nContent-Encoding: gzip, br",
     CR "ETag: \"a\"\nContent-Encoding: gzip", true, false},
    {"C-9110-14.4-2", "an invalid Content-Range", "ETag: \"a\"",
     "Content-Range: bytes 19-10/100\nETag: \"a\"", false, false},
    {"C-9110-14.4-2", "another unit", "ETag: \"a\"", "Content-Range: items 10-19/100\nETag: \"a\"",
     false, false},
    {"C-9110-14.4-2", "two Content-Ranges", "ETag: \"a\"", CR CR "ETag: \"a\"", false, false},
    {"C-9110-14.4-1", "the form of a 416", "ETag: \"a\"", "Content-Range: bytes */100\nETag: \"a\"",
     false, false},
    {"D-19", "a Content-Length that agrees", "ETag: \"a\"", CR "Content-Length: 10\nETag: \"a\"",
     true, true},
    {"D-19", "one that does not", "ETag: \"a\"", CR "Content-Length: 9\nETag: \"a\"", false, false},
    {"D-19", "several parts", "ETag: \"a\"",
     CR "Content-Type: Multipart/ByteRanges; boundary=x\nETag: \"a\"", false, false},
};

static void test_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fit_rows); i++) {
        const struct fit_row *row = &fit_rows[i];
        struct message stored, answered;
        const struct stet_head *head = message_head(&stored, row->stored);
        struct stet_response response = message_response(&answered, 206, row->response);
        struct stet_content_range part = {.length = 7};
        check_row(row, stet_part_read(&response, &part) == row->readable);
        check_row(row, row->readable || part.length == 7);
        check_row(row,
                  (row->readable && stet_part_fits(head, 100, &response.head, &part)) == row->fits);
        response.status = 200;
        check_row(row, !stet_part_read(&response, &part));
    }
}

/* Adds stretches as "first-last" pairs and checks what they make. */
struct add_row {
    const char *id;
    const char *name;
    struct stet_range add[4];
    size_t count; /* how many are added */
    size_t held;  /* how many separate ones that makes */
    struct stet_range covered;
    bool covers;
    bool misses;
    struct stet_range missing;
    enum stet_parts_form form;
};

/* Of a content of 100 octets. */
static const struct add_row add_rows[] = {
    {"C-9110-15.3.7.3-3",
     "nothing",
     {{0, 0}},
     0,
     0,
     {0, 0},
     false,
     true,
     {0, 99},
     STET_PARTS_PIECES},
    {"C-9110-15.3.7.3-3",
     "a beginning",
     {{0, 9}},
     1,
     1,
     {3, 9},
     true,
     true,
     {10, 99},
     STET_PARTS_PREFIX},
    {"C-9110-15.3.7.3-3",
     "a middle",
     {{10, 19}},
     1,
     1,
     {10, 20},
     false,
     true,
     {0, 9},
     STET_PARTS_PIECES},
    {"C-9110-15.3.7.3-3",
     "two halves",
     {{50, 99}, {0, 49}},
     2,
     1,
     {0, 99},
     true,
     false,
     {0, 0},
     STET_PARTS_WHOLE},
    {"C-9110-15.3.7.3-3",
     "overlapping",
     {{0, 60}, {40, 99}},
     2,
     1,
     {30, 70},
     true,
     false,
     {0, 0},
     STET_PARTS_WHOLE},
    {"C-9111-3.3-3",
     "a gap of one octet",
     {{0, 49}, {51, 99}},
     2,
     2,
     {49, 51},
     false,
     true,
     {50, 50},
     STET_PARTS_PIECES},
    {"C-9111-3.4-1",
     "three in any order, then the bridge",
     {{80, 89}, {0, 9}, {40, 49}, {5, 84}},
     4,
     1,
     {0, 89},
     true,
     true,
     {90, 99},
     STET_PARTS_PREFIX},
    {"C-9111-3.4-1",
     "inside another",
     {{10, 90}, {20, 30}},
     2,
     1,
     {10, 90},
     true,
     true,
     {0, 9},
     STET_PARTS_PIECES},
};

static void test_add(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(add_rows); i++) {
        const struct add_row *row = &add_rows[i];
        struct stet_parts parts = {.length = 100};
        struct stet_range missing = {0, 0};
        for (size_t k = 0; k < row->count; k++)
            check_row(row, stet_parts_add(&parts, row->add[k]));
        check_row(row, parts.count == row->held);
        check_row(row, stet_parts_cover(&parts, row->covered) == row->covers);
        check_row(row, stet_parts_missing(&parts, &missing) == row->misses);
        check_row(row, missing.first == row->missing.first && missing.last == row->missing.last);
        check_row(row, stet_parts_form(&parts) == row->form);
    }
}

/* Against a map of octets, with random stretches from a fixed seed. */
static void test_against_map(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (int round = 0; round < 2000; round++) {
        struct stet_parts parts = {.length = 64};
        uint64_t map = 0;
        for (int k = 0; k < 12; k++) {
            seed = seed * 1664525 + 1013904223;
            struct stet_range range = {seed >> 26, 0};
            range.last = range.first + (seed >> 8) % 9;
            bool added = stet_parts_add(&parts, range);
            assert_int_equal(added, range.last < 64);
            for (uint64_t octet = range.first; added && octet <= range.last; octet++)
                map |= UINT64_C(1) << octet;
        }
        for (uint64_t octet = 0; octet < 64; octet++)
            assert_int_equal(stet_parts_cover(&parts, (struct stet_range){octet, octet}),
                             map >> octet & 1);
        for (size_t k = 1; k < parts.count; k++)
            assert_true(parts.at[k].first > parts.at[k - 1].last + 1);
    }
}

static void test_bounds(void **state)
{
    struct stet_parts parts = {.length = 1000}, none = {.length = 0};
    struct stet_parts huge = {.length = UINT64_MAX};

    (void)state;
    assert_false(stet_parts_add(&parts, (struct stet_range){5, 4}));
    assert_false(stet_parts_add(&parts, (struct stet_range){0, 1000}));
    assert_false(stet_parts_cover(&parts, (struct stet_range){5, 4}));
    for (uint64_t i = 0; i < STET_PARTS_MAX; i++)
        assert_true(stet_parts_add(&parts, (struct stet_range){i * 10 + 5, i * 10 + 6}));
    assert_false(stet_parts_add(&parts, (struct stet_range){500, 501}));
    assert_false(stet_parts_add(&parts, (struct stet_range){0, 1}));
    assert_int_equal(parts.count, STET_PARTS_MAX);
    assert_true(stet_parts_add(&parts, (struct stet_range){7, 14})); /* joins two */
    assert_int_equal(parts.count, STET_PARTS_MAX - 1);
    assert_int_equal(stet_parts_form(&none), STET_PARTS_WHOLE);
    assert_true(stet_parts_add(&huge, (struct stet_range){0, UINT64_MAX - 1}));
    assert_int_equal(stet_parts_form(&huge), STET_PARTS_WHOLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_against_map),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
