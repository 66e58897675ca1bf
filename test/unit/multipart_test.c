/* Tests of multipart: the framing reads back as a multipart reader reads it, and its length is
 * known before. */
#include "stet/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define BOUNDARY "3d6b6a416f9b53e416f9b53e"

static struct stet_multipart multipart_of(const char *type, uint64_t length)
{
    struct stet_multipart multipart = {.type = stet_span_of(type), .length = length};

    memcpy(multipart.boundary, BOUNDARY, STET_BOUNDARY_LENGTH);
    return multipart;
}

/* Writes the whole body over `content`; returns its length. */
static size_t body_write(const struct stet_multipart *multipart, const struct stet_ranges *ranges,
                         const char *content, char *to)
{
    char *end = to;

    for (size_t i = 0; i < ranges->count; i++) {
        size_t octets = (size_t)(ranges->at[i].last - ranges->at[i].first + 1);
        size_t framing = stet_multipart_part_write(multipart, i == 0, ranges->at[i], end);

        assert_true(framing <= STET_MULTIPART_PART_MAX(multipart->type.len));
        end += framing;
        memcpy(end, content + ranges->at[i].first, octets);
        end += octets;
    }
    stet_multipart_end_write(multipart, end);
    return (size_t)(end - to) + STET_MULTIPART_END_LENGTH;
}

/* C-9110-14.6-1: CRLF only, a Content-Range and a Content-Type of its own for each part. */
static void test_framing(void **state)
{
    static const char want[] = "--" BOUNDARY "\r\n"
                               "Content-Type: text/plain\r\n"
                               "Content-Range: bytes 8-9/10\r\n"
                               "\r\n"
                               "89\r\n"
                               "--" BOUNDARY "\r\n"
                               "Content-Type: text/plain\r\n"
                               "Content-Range: bytes 0-0/10\r\n"
                               "\r\n"
                               "0\r\n"
                               "--" BOUNDARY "--\r\n";
    struct stet_multipart multipart = multipart_of("text/plain", 10);
    struct stet_ranges ranges = {.count = 2, .at = {{8, 9}, {0, 0}}};
    char body[1024];
    size_t length = body_write(&multipart, &ranges, "0123456789", body);

    (void)state;
    assert_int_equal(length, sizeof want - 1);
    assert_memory_equal(body, want, length);
}

/* C-9110-14.6-1: a part has no Content-Type where the 200 would have none. */
static void test_without_type(void **state)
{
    static const char want[] = "--" BOUNDARY "\r\nContent-Range: bytes 0-0/10\r\n\r\n";
    struct stet_multipart multipart = multipart_of(NULL, 10);
    char text[STET_MULTIPART_PART_MAX(0)];

    (void)state;
    assert_int_equal(stet_multipart_part_write(&multipart, true, (struct stet_range){0, 0}, text),
                     sizeof want - 1);
    assert_memory_equal(text, want, sizeof want - 1);
}

/* C-9110-15.3.7.2-1, C-9110-14.6-1: the boundary is not quoted. */
static void test_type(void **state)
{
    static const char want[] = "multipart/byteranges; boundary=" BOUNDARY;
    struct stet_multipart multipart = multipart_of(NULL, 0);
    char text[STET_MULTIPART_TYPE_LENGTH];

    (void)state;
    stet_multipart_type_write(&multipart, text);
    assert_int_equal(sizeof text, sizeof want - 1);
    assert_memory_equal(text, want, sizeof text);
}

struct length_row {
    const char *name;
    const char *value;
    const char *type;
    uint64_t length;
};

static const struct length_row length_rows[] = {
    {"two", "bytes=0-0,-1", "text/html; charset=utf-8", 1000},
    {"two without type", "bytes=0-0,-1", "", 1000},
    {"two of many digits", "bytes=9-999,50000-", "image/png", 65536},
    {"three in another order", "bytes=60000-,0-9,9999-10000", "image/png", 65536},
    {"sixteen",
     "bytes=0-0,1000-1000,2000-2000,3000-3000,4000-4000,5000-5000,6000-6000,7000-7000,8000-8000,"
     "9000-9000,10000-10000,11000-11000,12000-12000,13000-13000,14000-14000,15000-15009",
     "a/b", 65536},
};

/* C-9110-15.3.7.2-1: the length said in advance is the length written. */
static void test_length(void **state)
{
    static char content[65536], body[65536 + 4096];
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof length_rows / sizeof *length_rows; i++) {
        const struct length_row *row = &length_rows[i];
        struct stet_multipart multipart = multipart_of(row->type, row->length);
        struct stet_ranges ranges = stet_ranges_in(stet_span_of(row->value), row->length);
        size_t written = body_write(&multipart, &ranges, content, body);

        if (ranges.count < 2 || stet_multipart_length(&multipart, &ranges) != written) {
            print_error("C-9110-15.3.7.2-1 %s: %zu parts, %zu written\n", row->name, ranges.count,
                        written);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

/* The numbers of a content that no buffer holds. */
static void test_length_of_much(void **state)
{
    struct stet_multipart multipart = multipart_of("", UINT64_C(1) << 63);
    struct stet_ranges ranges =
        stet_ranges_in(STET_SPAN("bytes=0-999999999999,-1"), multipart.length);
    char text[2][STET_MULTIPART_PART_MAX(0)];
    size_t framing = STET_MULTIPART_END_LENGTH;

    (void)state;
    assert_int_equal(ranges.count, 2);
    framing += stet_multipart_part_write(&multipart, true, ranges.at[0], text[0]);
    framing += stet_multipart_part_write(&multipart, false, ranges.at[1], text[1]);
    assert_int_equal(stet_multipart_length(&multipart, &ranges),
                     framing + UINT64_C(1000000000000) + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framing),        cmocka_unit_test(test_without_type),
        cmocka_unit_test(test_type),           cmocka_unit_test(test_length),
        cmocka_unit_test(test_length_of_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
