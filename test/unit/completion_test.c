/* Table tests of completion: what is asked for where some octets are held, and what fits. */
#include "stet/completion.h"

#include "message.h"
#include "table.h"

#define TAG "ETag: \"a\""

struct plan_row {
    const char *id;
    const char *name;
    const char *method;
    const char *request;
    const char *stored;
    size_t count;
    struct stet_range held[3]; /* of 100 octets */
    bool asks;
    struct stet_range wanted, gap;
};

static const struct plan_row plan_rows[] = {
    {"C-9111-3.3-3",
     "the beginning is held",
     "GET",
     NULL,
     TAG,
     1,
     {{0, 39}},
     true,
     {0, 99},
     {40, 99}},
    {"C-9111-3.3-3", "the end is held", "GET", NULL, TAG, 1, {{60, 99}}, true, {0, 99}, {0, 59}},
    {"C-9111-3.3-3",
     "both ends are held",
     "GET",
     NULL,
     TAG,
     2,
     {{0, 0}, {99, 99}},
     true,
     {0, 99},
     {1, 98}},
    {"C-9111-3.3-3",
     "and some between",
     "GET",
     NULL,
     TAG,
     3,
     {{0, 9}, {50, 59}, {90, 99}},
     true,
     {0, 99},
     {10, 89}},
    {"C-9111-3.3-3",
     "only the middle is held",
     "GET",
     NULL,
     TAG,
     1,
     {{40, 59}},
     false,
     {0, 0},
     {0, 0}},
    {"C-9111-3.3-3", "all of it is held", "GET", NULL, TAG, 1, {{0, 99}}, false, {0, 0}, {0, 0}},
    {"C-9111-3.3-3", "nothing is held", "GET", NULL, TAG, 0, {{0, 0}}, false, {0, 0}, {0, 0}},
    {"C-9111-3.3-3",
     "a range, its beginning is held",
     "GET",
     "Range: bytes=30-49",
     TAG,
     1,
     {{0, 39}},
     true,
     {30, 49},
     {40, 49}},
    {"C-9111-3.3-3",
     "a range, its end is held",
     "GET",
     "Range: bytes=-50",
     TAG,
     1,
     {{60, 99}},
     true,
     {50, 99},
     {50, 59}},
    {"C-9111-3.3-3",
     "a range between two that are held",
     "GET",
     "Range: bytes=5-94",
     TAG,
     2,
     {{0, 9}, {90, 99}},
     true,
     {5, 94},
     {10, 89}},
    {"C-9111-3.3-3",
     "a range that is held",
     "GET",
     "Range: bytes=5-9",
     TAG,
     1,
     {{0, 9}},
     false,
     {0, 0},
     {0, 0}},
    {"C-9111-3.3-3",
     "a range that only touches",
     "GET",
     "Range: bytes=10-19",
     TAG,
     1,
     {{0, 9}},
     false,
     {0, 0},
     {0, 0}},
    {"C-9111-3.3-3",
     "one octet is missing",
     "GET",
     NULL,
     TAG,
     1,
     {{0, 98}},
     true,
     {0, 99},
     {99, 99}},
    {"C-9110-14.2-2",
     "a range in other units is ignored",
     "GET",
     "Range: items=0-1",
     TAG,
     1,
     {{0, 39}},
     true,
     {0, 99},
     {40, 99}},
    {"D-19",
     "ranges close together are one",
     "GET",
     "Range: bytes=0-0,99-99",
     TAG,
     1,
     {{0, 39}},
     true,
     {0, 99},
     {40, 99}},
    {"C-9110-14.2-5",
     "a range behind the end",
     "GET",
     "Range: bytes=100-",
     TAG,
     1,
     {{0, 39}},
     false,
     {0, 0},
     {0, 0}},
    {"C-9110-14.2-1", "HEAD", "HEAD", NULL, TAG, 1, {{0, 39}}, false, {0, 0}, {0, 0}},
    {"D-19", "a weak tag", "GET", NULL, "ETag: W/\"a\"", 1, {{0, 39}}, false, {0, 0}, {0, 0}},
    {"D-19",
     "no tag",
     "GET",
     NULL,
     "Last-Modified: " MESSAGE_DATE,
     1,
     {{0, 39}},
     false,
     {0, 0},
     {0, 0}},
    {"C-9110-13.1.5-4",
     "If-Range of the client's",
     "GET",
     "Range: bytes=0-50\nIf-Range: \"a\"",
     TAG,
     1,
     {{0, 39}},
     false,
     {0, 0},
     {0, 0}},
    {"C-9111-4.3.2-7",
     "If-None-Match",
     "GET",
     "If-None-Match: \"b\"",
     TAG,
     1,
     {{0, 39}},
     false,
     {0, 0},
     {0, 0}},
    {"C-9111-4.3.2-7",
     "If-Match",
     "GET",
     "If-Match: \"a\"",
     TAG,
     1,
     {{0, 39}},
     false,
     {0, 0},
     {0, 0}},
    {"C-9111-4.3.2-7",
     "a date",
     "GET",
     "If-Modified-Since: " MESSAGE_DATE,
     TAG,
     1,
     {{0, 39}},
     false,
     {0, 0},
     {0, 0}},
    {"C-9111-4.3.2-7",
     "another date",
     "GET",
     "If-Unmodified-Since: " MESSAGE_DATE,
     TAG,
     1,
     {{0, 39}},
     false,
     {0, 0},
     {0, 0}},
};

static bool same_range(struct stet_range a, struct stet_range b)
{
    return a.first == b.first && a.last == b.last;
}

static void test_plan(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(plan_rows); i++) {
        const struct plan_row *row = &plan_rows[i];
        struct message asked, held;
        const struct stet_request request = message_request(&asked, row->method, row->request);
        const struct stet_head *stored = message_head(&held, row->stored);
        struct stet_parts parts = {.length = 100};
        struct stet_completion plan = {.length = 7};
        for (size_t j = 0; j < row->count; j++)
            check_row(row, stet_parts_add(&parts, row->held[j]));
        check_row(row, stet_completion_of(&request, stored, &parts, &plan) == row->asks);
        check_row(row, plan.length == (row->asks ? 100 : 7));
        if (!row->asks)
            continue;
        check_row(row, same_range(plan.wanted, row->wanted));
        check_row(row, same_range(plan.gap, row->gap));
        check_row(row, stet_span_equal(plan.tag, STET_SPAN("\"a\"")));
    }
}

/* Several ranges are answered in several parts, which are never stored (D-19). */
static void test_several(void **state)
{
    struct message asked, held;
    const struct stet_request request = message_request(&asked, "GET", "Range: bytes=0-50,900-999");
    const struct stet_parts parts = {1000, 1, {{0, 39}}};
    struct stet_completion plan;
    (void)state;
    assert_false(stet_completion_of(&request, message_head(&held, TAG), &parts, &plan));
}

static void test_nothing_has_no_gap(void **state)
{
    struct message asked, held;
    const struct stet_request request = message_request(&asked, "GET", NULL);
    const struct stet_parts parts = {.length = 0};
    struct stet_completion plan;
    (void)state;
    assert_false(stet_completion_of(&request, message_head(&held, TAG), &parts, &plan));
}

struct answer_row {
    const char *id;
    const char *name;
    int status;
    const char *lines;
    enum stet_completion_answer answer;
};

#define GAP "Content-Range: bytes 40-99/100\n"

static const struct answer_row answer_rows[] = {
    {"C-9110-15.3.7.3-1", "exactly the gap, the same tag", 206, GAP TAG, STET_COMPLETION_FITS},
    {"C-9110-15.3.7.3-1", "another tag", 206, GAP "ETag: \"b\"", STET_COMPLETION_REPEAT},
    {"C-9110-15.3.7.3-1", "a weak tag", 206, GAP "ETag: W/\"a\"", STET_COMPLETION_REPEAT},
    {"C-9110-15.3.7.3-1", "no tag", 206, GAP, STET_COMPLETION_REPEAT},
    {"C-9111-3.4-1", "another length", 206, "Content-Range: bytes 40-99/101\n" TAG,
     STET_COMPLETION_REPEAT},
    {"D-19", "another coding", 206, GAP TAG "\nContent-Encoding: gzip", STET_COMPLETION_REPEAT},
    {"D-19", "less than was asked for", 206, "Content-Range: bytes 40-98/100\n" TAG,
     STET_COMPLETION_REPEAT},
    {"D-19", "more than was asked for", 206, "Content-Range: bytes 39-99/100\n" TAG,
     STET_COMPLETION_REPEAT},
    {"D-19", "a length that does not agree", 206, GAP TAG "\nContent-Length: 61",
     STET_COMPLETION_REPEAT},
    {"D-19", "several parts", 206, GAP TAG "\nContent-Type: multipart/byteranges; boundary=x",
     STET_COMPLETION_REPEAT},
    {"C-9110-14.4-2", "no Content-Range", 206, TAG, STET_COMPLETION_REPEAT},
    {"C-9110-14.2-5", "it has no such octets", 416, "Content-Range: bytes */10",
     STET_COMPLETION_REPEAT},
    {"C-9110-13.1.5-4", "the whole, of the same tag", 200, TAG, STET_COMPLETION_WHOLE},
    {"C-9110-13.1.5-4", "another version", 200, "ETag: \"b\"", STET_COMPLETION_WHOLE},
    {"C-9110-13.1.5-4", "it is gone", 404, NULL, STET_COMPLETION_WHOLE},
    {"C-9110-13.1.5-4", "it fails", 503, NULL, STET_COMPLETION_WHOLE},
};

static void test_answer(void **state)
{
    const struct stet_completion asked = {100, {0, 99}, {40, 99}, STET_SPAN("\"a\"")};
    (void)state;
    for (size_t i = 0; i < COUNT(answer_rows); i++) {
        const struct answer_row *row = &answer_rows[i];
        struct message held, came;
        const struct stet_head *stored = message_head(&held, TAG);
        const struct stet_response response = message_response(&came, row->status, row->lines);
        check_row(row, stet_completion_judge(&asked, stored, &response) == row->answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_nothing_has_no_gap),
        cmocka_unit_test(test_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
