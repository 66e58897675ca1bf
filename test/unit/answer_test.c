/* Table tests of answer: conditions before ranges, ranges only where the answer would be 200. */
#include "stet/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LENGTH 1000
#define LINES 3

struct row {
    const char *id;
    const char *name;
    enum stet_method method;
    const char *lines[LINES][2];
    int status;
    size_t parts;
    enum stet_reason reason;
};

#define GET STET_METHOD_GET
#define HEAD STET_METHOD_HEAD
#define PUT STET_METHOD_PUT
#define R(word) STET_REASON_##word

static const struct row rows[] = {
    {"C-9110-14.2-5", "nothing asked", GET, {{0}}, 200, 0, R(UNCONDITIONAL)},
    {"C-9110-14.2-5", "satisfiable", GET, {{"Range", "bytes=0-9"}}, 206, 1, R(RANGE_SATISFIED)},
    {"C-9110-14.2-5", "two parts", GET, {{"Range", "bytes=0-9,-1"}}, 206, 2, R(RANGE_SATISFIED)},
    {"C-9110-14.2-5",
     "unsatisfiable",
     GET,
     {{"Range", "bytes=1000-"}},
     416,
     0,
     R(RANGE_UNSATISFIABLE)},
    {"C-9110-14.2-2", "unknown unit", GET, {{"Range", "items=0-9"}}, 200, 0, R(RANGE_IGNORED)},
    {"C-9110-14.2-1", "HEAD", HEAD, {{"Range", "bytes=0-9"}}, 200, 0, R(UNCONDITIONAL)},
    {"C-9110-14.2-1", "PUT", PUT, {{"Range", "bytes=1000-"}}, 200, 0, R(UNCONDITIONAL)},
    {"C-9110-14.2-4",
     "304 before 206",
     GET,
     {{"Range", "bytes=0-9"}, {"If-None-Match", "\"a\""}},
     304,
     0,
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-14.2-4",
     "304 before 416",
     GET,
     {{"Range", "bytes=1000-"}, {"If-None-Match", "\"a\""}},
     304,
     0,
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-14.2-4",
     "412 before 416",
     GET,
     {{"Range", "bytes=1000-"}, {"If-Match", "\"b\""}},
     412,
     0,
     R(IF_MATCH_FALSE)},
    {"C-9110-14.2-4",
     "true condition, then 206",
     GET,
     {{"Range", "bytes=0-9"}, {"If-None-Match", "\"b\""}},
     206,
     1,
     R(RANGE_SATISFIED)},
    {"C-9110-13.1.5-3",
     "If-Range false before 416",
     GET,
     {{"Range", "bytes=1000-"}, {"If-Range", "\"b\""}},
     200,
     0,
     R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-6",
     "If-Range true",
     GET,
     {{"Range", "bytes=0-9"}, {"If-Range", "\"a\""}},
     206,
     1,
     R(RANGE_SATISFIED)},
    {"C-9110-13.1.1-6",
     "malformed",
     PUT,
     {{"If-Match", "*, \"a\""}},
     400,
     0,
     R(CONDITION_MALFORMED)},
};

static void test_rows(void **state)
{
    struct stet_validators validators = {.exists = true,
                                         .etag = stet_etag_read(STET_SPAN("\"a\""))};
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct stet_field storage[LINES];
        struct stet_request request = {.method = row->method, .head = {.fields = storage}};

        for (size_t line = 0; line < LINES && row->lines[line][0]; line++)
            stet_head_add(&request.head, storage, stet_span_of(row->lines[line][0]),
                          stet_span_of(row->lines[line][1]));
        struct stet_answer got = stet_answer_of(&request, &validators, STET_AS_ORIGIN, LENGTH, 0);
        if (got.status != row->status || got.ranges.count != row->parts ||
            got.reason != row->reason) {
            print_error("%s %s: %d with %zu parts (%s)\n", row->id, row->name, got.status,
                        got.ranges.count, stet_reason_word(got.reason).at);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
