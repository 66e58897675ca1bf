/* Table tests of validation: which conditions go along, and what the answer means. */
#include "stet/validation.h"

#include "message.h"
#include "table.h"

#define LM "Last-Modified: Sun, 06 Nov 1994 08:32:57 GMT"
#define LM_VALUE "Sun, 06 Nov 1994 08:32:57 GMT"
#define OTHER_LM "Last-Modified: Sun, 06 Nov 1994 08:32:58 GMT"

/* Up to three stored responses, the first one the newest; NULL for none. A text that begins with
 * "-" is a part, with "+" a part that covers what is asked, with "~" another variant. */
struct stored_set {
    struct message messages[3];
    struct stet_stored stored[3];
    struct stet_candidate candidates[3];
    struct stet_candidates all;
};

static const struct stet_candidates *stored_set(struct stored_set *to, const char *const texts[3])
{
    size_t count = 0;

    for (; count < 3 && texts[count]; count++) {
        const char *text = texts[count];
        bool partial = *text == '-' || *text == '+';
        bool covers = *text == '+';
        bool other = *text == '~';
        to->stored[count] = (struct stet_stored){
            .status = 200, .times = {.date = MESSAGE_DATE_AT - (int64_t)count}, .partial = partial};
        to->candidates[count] =
            (struct stet_candidate){message_head(&to->messages[count], text + (partial || other)),
                                    &to->stored[count], covers, other};
    }
    to->all = (struct stet_candidates){to->candidates, count};
    return &to->all;
}

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

#define R(reason) STET_REASON_##reason
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

struct judge_row {
    const char *id;
    const char *name;
    const char *method;
    const char *asked;
    const char *stored[3];
    int status;
    const char *answer;
    enum stet_validated_answer want;
    enum stet_reason why;
    uint32_t update;
    uint32_t renew;
    size_t use;
};

#define USE STET_VALIDATED_USE
#define PASS STET_VALIDATED_PASS
#define REPEAT STET_VALIDATED_REPEAT
#define FAULT STET_VALIDATED_FAULT
#define NOTHING 0, 0, 0

static const struct judge_row judge_rows[] = {
    {"C-9111-4.3.3-1",
     "304 with our tag",
     "GET",
     "",
     {"ETag: \"a\""},
     304,
     "ETag: \"a\"",
     USE,
     R(VALIDATED),
     1,
     1,
     0},
    {"C-9111-4.3.4-2",
     "of two variants the one with the tag",
     "GET",
     "",
     {"ETag: \"a\"", "ETag: \"b\""},
     304,
     "ETag: \"b\"",
     USE,
     R(VALIDATED),
     2,
     2,
     1},
    {"C-9111-4.3.4-2",
     "all that have the strong tag, the newest is used",
     "GET",
     "",
     {"ETag: \"b\"", "ETag: \"a\"", "ETag: \"a\""},
     304,
     "ETag: \"a\"",
     USE,
     R(VALIDATED),
     6,
     6,
     1},
    {"C-9111-4.3.4-2",
     "a strong tag does not fit a weak one",
     "GET",
     "",
     {"ETag: W/\"a\""},
     304,
     "ETag: \"a\"",
     REPEAT,
     R(MATCHES_NOTHING),
     NOTHING},
    {"C-9111-4.3.4-2",
     "nor does the same date help against another tag",
     "GET",
     "",
     {"ETag: \"a\"\n" LM},
     304,
     "ETag: \"b\"\n" LM,
     REPEAT,
     R(MATCHES_NOTHING),
     NOTHING},
    {"C-9111-4.3.4-3",
     "two weak variants: the newest",
     "GET",
     "",
     {"ETag: W/\"b\"", "ETag: W/\"a\"", "ETag: W/\"a\""},
     304,
     "ETag: W/\"a\"",
     USE,
     R(VALIDATED),
     2,
     2,
     1},
    {"C-9111-4.3.4-3",
     "a weak tag fits the strong one",
     "GET",
     "",
     {"ETag: \"a\""},
     304,
     "ETag: W/\"a\"",
     USE,
     R(VALIDATED),
     1,
     1,
     0},
    {"C-9111-4.3.4-3",
     "a date alone: the newest",
     "GET",
     "",
     {"ETag: \"b\"", LM, LM},
     304,
     LM,
     USE,
     R(VALIDATED),
     2,
     2,
     1},
    {"C-9111-4.3.4-3",
     "another date",
     "GET",
     "",
     {LM},
     304,
     OTHER_LM,
     REPEAT,
     R(MATCHES_NOTHING),
     NOTHING},
    {"C-9111-4.3.4-4",
     "no validator anywhere",
     "GET",
     "If-Modified-Since: " MESSAGE_DATE,
     {"Vary: a"},
     304,
     "",
     PASS,
     R(CLIENT_CURRENT),
     1,
     1,
     0},
    {"C-9111-4.3.4-4",
     "no validator, and a later date",
     "GET",
     "If-Modified-Since: Sat, 06 Nov 2094 08:49:38 GMT",
     {"Vary: a"},
     304,
     "",
     PASS,
     R(CLIENT_CURRENT),
     NOTHING},
    {"C-9111-4.3.4-4",
     "no validator, and any tag",
     "GET",
     "If-None-Match: *",
     {"Vary: a"},
     304,
     "",
     PASS,
     R(CLIENT_CURRENT),
     NOTHING},
    {"C-9111-4.3.4-4",
     "no validator, two stored",
     "GET",
     "If-Modified-Since: " MESSAGE_DATE,
     {"Vary: a", "Vary: a"},
     304,
     "",
     PASS,
     R(CLIENT_CURRENT),
     NOTHING},
    {"C-9111-4.3.4-4",
     "no validator, but only one was asked about",
     "GET",
     "",
     {"ETag: \"a\""},
     304,
     "",
     USE,
     R(VALIDATED_ALONE),
     0,
     1,
     0},
    {"C-9111-4.3.4-4",
     "asked about by date",
     "GET",
     "If-Modified-Since: " MESSAGE_DATE,
     {LM},
     304,
     "",
     USE,
     R(VALIDATED_ALONE),
     0,
     1,
     0},
    {"C-9111-4.3.4-4",
     "the client asks about the same",
     "GET",
     "If-None-Match: \"a\"",
     {"ETag: \"a\""},
     304,
     "",
     USE,
     R(VALIDATED_ALONE),
     0,
     1,
     0},
    {"C-9111-4.3.4-4",
     "the client asks about something else as well",
     "GET",
     "If-None-Match: \"x\"",
     {"ETag: \"a\""},
     304,
     "",
     REPEAT,
     R(MATCHES_NOTHING),
     NOTHING},
    {"C-9111-4.3.4-4",
     "two were asked about",
     "GET",
     "",
     {"ETag: \"a\"", "ETag: \"b\""},
     304,
     "",
     REPEAT,
     R(MATCHES_NOTHING),
     NOTHING},
    {"C-9111-4.3.4-4",
     "a date beside the client's tags",
     "GET",
     "If-None-Match: \"x\"",
     {LM},
     304,
     "",
     REPEAT,
     R(MATCHES_NOTHING),
     NOTHING},
    {"C-9111-4.3.4-1",
     "what was not asked about may be updated too",
     "GET",
     "Range: bytes=0-9",
     {"ETag: \"a\"", "-ETag: \"a\""},
     304,
     "ETag: \"a\"",
     USE,
     R(VALIDATED),
     3,
     3,
     0},
    {"C-9111-4.3.2-8",
     "ours, not the client's: answered from the store",
     "GET",
     "If-None-Match: \"x\"",
     {"ETag: \"a\""},
     304,
     "ETag: \"a\"",
     USE,
     R(VALIDATED),
     1,
     1,
     0},
    {"D-15",
     "the client's, not ours",
     "GET",
     "If-None-Match: \"x\"",
     {"ETag: \"a\""},
     304,
     "ETag: \"x\"",
     PASS,
     R(CLIENT_CURRENT),
     NOTHING},
    {"D-15",
     "nobody's",
     "GET",
     "If-None-Match: \"x\"",
     {"ETag: \"a\""},
     304,
     "ETag: \"z\"",
     REPEAT,
     R(MATCHES_NOTHING),
     NOTHING},
    {"D-14",
     "nothing stored",
     "GET",
     "If-None-Match: \"x\"",
     {NULL},
     304,
     "ETag: \"x\"",
     PASS,
     R(CLIENT_CURRENT),
     NOTHING},
    {"C-9110-15.4.5-5",
     "the client's own condition, passed as it was",
     "GET",
     "If-None-Match: *",
     {"ETag: \"a\""},
     304,
     "ETag: \"a\"",
     PASS,
     R(CLIENT_CURRENT),
     1,
     1,
     0},
    {"D-01",
     "304 to no condition",
     "GET",
     "",
     {NULL},
     304,
     "ETag: \"a\"",
     FAULT,
     R(NEVER_ASKED),
     NOTHING},
    {"D-01",
     "304 to a HEAD without conditions",
     "HEAD",
     "",
     {"ETag: \"a\""},
     304,
     "ETag: \"a\"",
     FAULT,
     R(NEVER_ASKED),
     NOTHING},
    {"C-9111-4.3.3-2",
     "a full answer",
     "GET",
     "",
     {"ETag: \"a\""},
     200,
     "ETag: \"b\"",
     STET_VALIDATED_REPLACE,
     R(REPLACED),
     NOTHING},
    {"C-9111-4.3.3-2",
     "a 404 is one",
     "GET",
     "",
     {"ETag: \"a\""},
     404,
     "",
     STET_VALIDATED_REPLACE,
     R(REPLACED),
     NOTHING},
    {"C-9111-4.3.4-2",
     "another variant by its strong tag",
     "GET",
     "",
     {"~ETag: \"a\"", "~ETag: \"b\""},
     304,
     "ETag: \"b\"",
     USE,
     R(VALIDATED),
     2,
     2,
     1},
    {"C-9111-4.3.4-3",
     "never another variant by a weak one",
     "GET",
     "If-None-Match: W/\"a\"",
     {"~ETag: W/\"a\""},
     304,
     "ETag: W/\"a\"",
     PASS,
     R(CLIENT_CURRENT),
     NOTHING},
    {"C-9111-4.3.4-3",
     "nor by its date",
     "GET",
     "If-Modified-Since: " LM_VALUE,
     {"~" LM},
     304,
     LM,
     PASS,
     R(CLIENT_CURRENT),
     NOTHING},
    {"C-9111-4.3.4-3",
     "the selected one by the date that both have",
     "GET",
     "",
     {"~" LM, LM},
     304,
     LM,
     USE,
     R(VALIDATED),
     2,
     2,
     1},
    {"D-01",
     "to If-Match alone",
     "GET",
     "If-Match: \"a\"",
     {NULL},
     304,
     "ETag: \"a\"",
     FAULT,
     R(NEVER_ASKED),
     NOTHING},
    {"D-01",
     "to If-Range alone",
     "GET",
     "Range: bytes=0-1\nIf-Range: \"a\"",
     {"ETag: \"a\""},
     304,
     "ETag: \"a\"",
     FAULT,
     R(NEVER_ASKED),
     NOTHING},
    {"C-9111-4.3.3-3",
     "a 503 while validating",
     "GET",
     "",
     {"ETag: \"a\""},
     503,
     "",
     STET_VALIDATED_FAILED,
     R(ORIGIN_FAILED),
     NOTHING},
    {"D-41",
     "501 is a full answer",
     "GET",
     "",
     {"ETag: \"a\""},
     501,
     "",
     STET_VALIDATED_REPLACE,
     R(REPLACED),
     NOTHING},
};

static void test_judge(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(judge_rows); i++) {
        const struct judge_row *row = &judge_rows[i];
        struct message asked, answered;
        struct stored_set set;
        struct stet_request request = message_request(&asked, row->method, row->asked);
        struct stet_response response = message_response(&answered, row->status, row->answer);
        const struct stet_candidates *candidates = stored_set(&set, row->stored);
        struct stet_validation plan = stet_validation_of(&request, candidates);
        struct stet_validated verdict =
            stet_validation_judge(&plan, &request, candidates, &response);
        if (verdict.reason != row->why)
            fail_msg("%s (%s): %.*s", row->id, row->name, (int)stet_reason_word(verdict.reason).len,
                     stet_reason_word(verdict.reason).at);
        check_row(row, verdict.answer == row->want);
        check_row(row, verdict.update == row->update);
        check_row(row, verdict.renew == row->renew);
        check_row(row, verdict.answer != USE || verdict.use == row->use);
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
        cmocka_unit_test(test_judge),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
