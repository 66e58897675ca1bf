/* Table tests of validation: which conditions go along. */
#include "validation_fixture.h"

struct plan_row {
    const char *id;
    const char *name;
    const char *method;
    const char *asked;
    const char *stored[3];
    const char *tags;     /* If-None-Match that is sent; NULL if the request goes as it is */
    const char *modified; /* If-Modified-Since that is sent */
    enum stet_reason why;
};

#define AS_IS(reason) NULL, NULL, STET_REASON_##reason

static const struct plan_row plan_rows[] = {
    {"C-9111-4.3.1-2",
     "the stored tag",
     "GET",
     "",
     {"ETag: \"a\""},
     "\"a\"",
     NULL,
     R(VALIDATES_STORED)},
    {"C-9111-4.3.1-2",
     "a weak one as it is",
     "GET",
     "",
     {"ETag: W/\"a\""},
     "W/\"a\"",
     NULL,
     R(VALIDATES_STORED)},
    {"C-9111-4.3.1-3",
     "and the date",
     "GET",
     "",
     {"ETag: \"a\"\n" LM},
     "\"a\"",
     LM_VALUE,
     R(VALIDATES_STORED)},
    {"C-9111-4.3.1-3", "the date alone", "GET", "", {LM}, "", LM_VALUE, R(VALIDATES_STORED)},
    {"C-9110-13.1.2-5",
     "all tags in one list",
     "GET",
     "",
     {"ETag: \"a\"\n" LM, "ETag: \"b\"", "ETag: \"c\""},
     "\"a\", \"b\", \"c\"",
     NULL,
     R(VALIDATES_STORED)},
    {"C-9111-4.1-7",
     "no tag twice",
     "GET",
     "",
     {"ETag: \"a\"", "ETag: \"a\"", "ETag: W/\"a\""},
     "\"a\", W/\"a\"",
     NULL,
     R(VALIDATES_STORED)},
    {"C-9111-4.1-7",
     "other variants by their strong tags",
     "GET",
     "",
     {"~ETag: \"a\"\n" LM, "~ETag: W/\"b\"", "~" LM},
     "\"a\"",
     NULL,
     R(VALIDATES_STORED)},
    {"C-9111-4.1-7",
     "other variants without any",
     "GET",
     "",
     {"~ETag: W/\"b\"", "~" LM},
     AS_IS(NOTHING_TO_VALIDATE)},
    {"C-9111-4.3.1-3",
     "the date of the one that is selected",
     "GET",
     "",
     {LM, "~" LM},
     "",
     LM_VALUE,
     R(VALIDATES_STORED)},
    {"C-9111-4.3.2-6",
     "the union with the client's",
     "GET",
     "If-None-Match: \"x\", W/\"y\"",
     {"ETag: \"a\""},
     "\"a\", \"x\", W/\"y\"",
     NULL,
     R(VALIDATES_STORED)},
    {"D-13",
     "the client has our tag",
     "GET",
     "If-None-Match: \"x\", \"a\"",
     {"ETag: \"a\""},
     "\"a\", \"x\"",
     NULL,
     R(VALIDATES_STORED)},
    {"D-13",
     "members off the grammar stay behind",
     "GET",
     "If-None-Match: x, \"y\"",
     {"ETag: \"a\""},
     "\"a\", \"y\"",
     NULL,
     R(VALIDATES_STORED)},
    {"D-13",
     "the client's date is replaced by our tag",
     "GET",
     "If-Modified-Since: " MESSAGE_DATE,
     {"ETag: \"a\""},
     "\"a\"",
     NULL,
     R(VALIDATES_STORED)},
    {"D-13",
     "and by our date",
     "GET",
     "If-Modified-Since: " MESSAGE_DATE,
     {LM},
     "",
     LM_VALUE,
     R(VALIDATES_STORED)},
    {"D-13",
     "the client's tags beside our date",
     "GET",
     "If-None-Match: \"x\"",
     {LM},
     "\"x\"",
     LM_VALUE,
     R(VALIDATES_STORED)},
    {"C-10008-2.6-1",
     "QUERY works as GET",
     "QUERY",
     "",
     {"ETag: \"a\""},
     "\"a\"",
     NULL,
     R(VALIDATES_STORED)},
    {"D-18",
     "a range waits for the whole",
     "GET",
     "Range: bytes=0-9",
     {"ETag: \"a\""},
     "\"a\"",
     NULL,
     R(VALIDATES_STORED)},
    {"C-9111-4.3.2-7",
     "a part that does not cover is not asked about",
     "GET",
     "Range: bytes=0-9",
     {"ETag: \"a\"", "-ETag: \"b\""},
     "\"a\"",
     NULL,
     R(VALIDATES_STORED)},
    {"C-9111-4.3.2-7",
     "one that covers is",
     "GET",
     "Range: bytes=0-9",
     {"+ETag: \"b\"\n" LM},
     "\"b\"",
     NULL,
     R(VALIDATES_STORED)},
    {"C-9111-4.3.1-3",
     "a part is not asked about by date",
     "GET",
     "Range: bytes=0-9",
     {"+" LM},
     AS_IS(NOTHING_TO_VALIDATE)},
    {"D-13",
     "If-None-Match: *",
     "GET",
     "If-None-Match: *",
     {"ETag: \"a\""},
     AS_IS(CONDITIONS_KEPT)},
    {"D-13",
     "* among others",
     "GET",
     "If-None-Match: *, \"x\"",
     {"ETag: \"a\""},
     AS_IS(CONDITIONS_KEPT)},
    {"D-13", "no usable tag", "GET", "If-None-Match: x", {"ETag: \"a\""}, AS_IS(CONDITIONS_KEPT)},
    {"C-9111-4.3.2-2",
     "If-Match is for the origin",
     "GET",
     "If-Match: \"x\"",
     {"ETag: \"a\""},
     AS_IS(CONDITIONS_KEPT)},
    {"C-9110-13.1.1-5",
     "so is If-Unmodified-Since",
     "GET",
     "If-Unmodified-Since: " MESSAGE_DATE,
     {"ETag: \"a\""},
     AS_IS(CONDITIONS_KEPT)},
    {"D-13",
     "If-Range",
     "GET",
     "Range: bytes=0-9\nIf-Range: \"x\"",
     {"ETag: \"a\""},
     AS_IS(CONDITIONS_KEPT)},
    {"D-01",
     "HEAD is never made conditional",
     "HEAD",
     "",
     {"ETag: \"a\""},
     AS_IS(HEAD_UNCONDITIONAL)},
    {"C-9110-13.2.1-4",
     "methods that cannot be answered from a store",
     "PUT",
     "If-None-Match: \"x\"",
     {"ETag: \"a\""},
     AS_IS(HEAD_UNCONDITIONAL)},
    {"D-14", "nothing stored", "GET", "If-None-Match: \"x\"", {NULL}, AS_IS(NOTHING_TO_VALIDATE)},
    {"C-9111-4.3.1-2",
     "nothing with a validator",
     "GET",
     "",
     {"Vary: a"},
     AS_IS(NOTHING_TO_VALIDATE)},
    {"D-06", "a tag off the grammar is none", "GET", "", {"ETag: a"}, AS_IS(NOTHING_TO_VALIDATE)},
};

static void test_plan(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(plan_rows); i++) {
        const struct plan_row *row = &plan_rows[i];
        struct message asked;
        struct stored_set set;
        struct stet_request request = message_request(&asked, row->method, row->asked);
        const struct stet_candidates *candidates = stored_set(&set, row->stored);
        struct stet_validation plan = stet_validation_of(&request, candidates);
        char tags[200];
        size_t length = stet_validation_tags(&plan, &request, candidates, tags, sizeof(tags));

        check_row(row, plan.reason == row->why);
        check_row(row, plan.asks == (row->tags != NULL));
        check_row(row, stet_validation_drops(&plan, STET_FIELD_RANGE) == plan.asks);
        check_row(row, stet_validation_drops(&plan, STET_FIELD_IF_NONE_MATCH) == plan.asks);
        check_row(row, !stet_validation_drops(&plan, STET_FIELD_IF_MATCH));
        if (!row->tags)
            continue;
        if (!stet_span_equal(stet_span(tags, length), stet_span_of(row->tags)))
            fail_msg("%s (%s): %.*s", row->id, row->name, (int)length, tags);
        check_row(row, stet_validation_tags(&plan, &request, candidates, tags, 2) == length);
        check_row(row, stet_span_equal(plan.modified, stet_span_of(row->modified)));
    }
}

/* More candidates than bits: the rest is left out, nothing else. */
static void test_many(void **state)
{
    struct message message, asked;
    struct stet_stored stored = {.status = 200};
    struct stet_candidate candidates[STET_CANDIDATES_MAX + 8];
    struct stet_candidates all = {candidates, COUNT(candidates)};
    struct stet_request request = message_request(&asked, "GET", "");
    struct stet_response response = {304, *message_head(&message, "ETag: \"a\"")};
    char tags[10];

    (void)state;
    for (size_t i = 0; i < COUNT(candidates); i++)
        candidates[i] = (struct stet_candidate){.head = &message.head, .stored = &stored};
    struct stet_validation plan = stet_validation_of(&request, &all);
    assert_int_equal(plan.sent, UINT32_MAX);
    assert_int_equal(stet_validation_tags(&plan, &request, &all, tags, sizeof(tags)), 3);
    assert_int_equal(stet_validation_judge(&plan, &request, &all, &response).update, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
