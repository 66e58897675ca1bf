/* Table tests of the audit's conditions: the lines that are sent, and what the answers lead to. */
#include "audit/check.h"

#include <stdio.h>

#include "audit_fixture.h"

#define BASE                                                                             \
    "200\nETag: \"a\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nDate: Tue, 14 Nov " \
    "2023 22:13:20 GMT"

struct line_row {
    const char *id;
    const char *name;
    enum condition_id condition;
    const char *base;
    const char *wanted;
};

static const struct line_row line_rows[] = {
    {"9110-13.1.2", "its tag", CONDITION_OWN_TAG_ROW, BASE, "If-None-Match: \"a\""},
    {"9110-13.1.2", "its weak tag", CONDITION_OWN_TAG_ROW, "200\nETag: W/\"b,c\"",
     "If-None-Match: W/\"b,c\""},
    {"9110-13.1.2", "an empty tag", CONDITION_OWN_TAG_ROW, "200\nETag: \"\"",
     "If-None-Match: \"\""},
    {"9110-13.1.2", "weakened", CONDITION_TAG_WEAK_ROW, BASE, "If-None-Match: W/\"a\""},
    {"9110-5.6.7", "IMF", CONDITION_OWN_DATE_ROW, BASE,
     "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"},
    {"9110-5.6.7", "RFC 850", CONDITION_DATE_850_ROW, BASE,
     "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"},
    {"9110-5.6.7", "asctime", CONDITION_DATE_ASCTIME_ROW, BASE,
     "If-Modified-Since: Sun Nov  6 08:49:37 1994"},
    {"9110-5.6.7", "asctime, two figures", CONDITION_DATE_ASCTIME_ROW,
     "200\nLast-Modified: Wed, 16 Nov 1994 08:49:37 GMT",
     "If-Modified-Since: Wed Nov 16 08:49:37 1994"},
    {"9110-13.1.3", "a day before", CONDITION_DATE_OLD_ROW, BASE,
     "If-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT"},
    {"9110-13.1.3", "an hour later", CONDITION_DATE_LATER_ROW, BASE,
     "If-Modified-Since: Sun, 06 Nov 1994 09:49:37 GMT"},
    {"9110-13.1.3", "not much later than just now", CONDITION_DATE_LATER_ROW,
     "200\nLast-Modified: Tue, 14 Nov 2023 22:13:00 GMT\nDate: Tue, 14 Nov 2023 22:13:20 GMT",
     "If-Modified-Since: Tue, 14 Nov 2023 22:13:01 GMT"},
    {"9110-13.2.2", "two lines", CONDITION_OWN_TAG_OLD_DATE_ROW, BASE,
     "If-None-Match: \"a\"\nIf-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT"},
};

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(line_rows); i++) {
        const struct line_row *row = &line_rows[i];
        struct probe base = fixture_probe("http://h/", row->base, "content");
        char *lines = condition_lines(condition_row(row->condition), &base);
        if (strcmp(lines, row->wanted) != 0)
            fail_msg("%s (%s): \"%s\"", row->id, row->name, lines);
        memory_free(lines);
        probe_fini(&base);
    }
}

struct row {
    const char *id;
    const char *name;
    enum condition_id condition;
    const char *answer;
    const char *content;
    const char *wanted;
};

#define ROW(condition) CONDITION_##condition##_ROW
#define OK "200\nETag: \"a\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT"

static const struct row rows[] = {
    {"9110-13.1.2", "304", ROW(OWN_TAG), "304", "", ""},
    {"9110-13.1.2", "200 with the same", ROW(OWN_TAG), OK, "content", "own-tag-ignored"},
    {"9110-13.1.2", "200 with other content", ROW(OWN_TAG), "200\nETag: \"b\"", "new", ""},
    {"9110-13.1.2", "200 with another tag", ROW(OWN_TAG), "200\nETag: \"b\"", "content", ""},
    {"9110-13.2", "500", ROW(OWN_TAG), "500", "", "condition-breaks"},
    {"9110-13.2", "400", ROW(TAG_LIST), "400", "", "condition-breaks"},
    {"9110-13.1.2", "another connection", ROW(OWN_TAG_FRESH), "200\nETag: \"b\"", "content",
     "etag-differs-by-connection"},
    {"9110-13.1.2", "another connection, the same tag", ROW(OWN_TAG_FRESH), OK, "content",
     "own-tag-ignored"},
    {"9110-13.1.2", "a list", ROW(TAG_LIST), OK, "content", "tag-list-ignored"},
    {"9110-13.1.2", "a list, and it has changed", ROW(TAG_LIST), "200\nETag: \"b\"", "new", ""},
    {"9110-13.1.2", "a star", ROW(TAG_STAR), OK, "content", "tag-star-ignored"},
    {"9110-13.1.2", "W/", ROW(TAG_WEAK), OK, "content", "tag-weak-form-ignored"},
    {"9110-13.1.2", "another tag, 200", ROW(OTHER_TAG), OK, "content", ""},
    {"9110-13.1.2", "another tag, 304", ROW(OTHER_TAG), "304", "", "other-tag-304"},
    {"9110-13.1.3", "its date, 304", ROW(OWN_DATE), "304", "", ""},
    {"9110-13.1.3", "its date, 200", ROW(OWN_DATE), OK, "content", "own-date-ignored"},
    {"9110-13.1.3", "an earlier date, 304", ROW(DATE_OLD), "304", "", "date-old-304"},
    {"9110-13.1.3", "a later date, 200", ROW(DATE_LATER), OK, "content", "date-later-ignored"},
    {"9110-13.1.3", "no date, 304", ROW(DATE_INVALID), "304", "", "date-invalid-304"},
    {"9110-13.1.3", "no date, 200", ROW(DATE_INVALID), OK, "content", ""},
    {"9110-13.1.3", "the tag outranks", ROW(OTHER_TAG_OWN_DATE), OK, "content", ""},
    {"9110-13.1.3", "the date outranks", ROW(OTHER_TAG_OWN_DATE), "304", "", "order-date-over-tag"},
    {"9110-13.1.3", "the date is needed", ROW(OWN_TAG_OLD_DATE), OK, "content",
     "order-tag-needs-date"},
    {"9110-13.1.1", "412", ROW(MATCH_OTHER), "412", "", ""},
    {"9110-13.1.1", "200", ROW(MATCH_OTHER), OK, "content", "if-match-ignored"},
    {"C-9111-5.1-3", "200, from a cache", ROW(MATCH_OTHER), OK "\nAge: 1", "content", ""},
    {"9110-13.1.1", "its own, 412", ROW(MATCH_OWN), "412", "", "if-match-refused"},
    {"9110-13.1.1", "weak, 412", ROW(MATCH_WEAK), "412", "", ""},
    {"9110-13.1.1", "weak, 200", ROW(MATCH_WEAK), OK, "content", "if-match-weak"},
    {"9110-13.2.2", "412 first", ROW(MATCH_OTHER_NONE_OWN), "412", "", ""},
    {"9110-13.2.2", "304 first", ROW(MATCH_OTHER_NONE_OWN), "304", "", "order-304-before-412"},
    {"9110-13.1.4", "the date after If-Match", ROW(MATCH_OWN_OLD_DATE), "412", "",
     "order-date-over-match"},
    {"9110-13.1.4", "not looked at", ROW(UNMODIFIED_OLD), OK, "content",
     "if-unmodified-since-ignored"},
    {"9110-13.2.1", "HEAD, 304", ROW(HEAD_OWN_TAG), "304 HEAD", "", ""},
    {"9110-13.2.1", "HEAD, 200", ROW(HEAD_OWN_TAG), "200 HEAD", "", "head-condition-ignored"},
    {"9110-13.2.2", "the range first", ROW(RANGE_OWN_TAG), "206", "c",
     "order-range-before-condition"},
    {"9110-13.1.5", "its own tag, 206", ROW(IF_RANGE_OWN), "206", "c", ""},
    {"9110-13.1.5", "its own tag, 200", ROW(IF_RANGE_OWN), OK, "content", "if-range-refused"},
    {"9110-13.1.5", "another tag, 200", ROW(IF_RANGE_OTHER), OK, "content", ""},
    {"9110-13.1.5", "another tag, 206", ROW(IF_RANGE_OTHER), "206", "c", "if-range-other-tag"},
    {"9110-13.1.5", "a weak tag, 206", ROW(IF_RANGE_WEAK), "206", "c", "if-range-weak"},
    {"9110-13.1.5", "another date, 206", ROW(IF_RANGE_DATE), "206", "c", "if-range-other-date"},
};

/* The request that the row makes, with this answer. */
static struct probe answer_to(const struct row *row, const struct probe *base)
{
    struct probe answer = fixture_probe("http://h/", row->answer, row->content);
    char *lines = condition_lines(condition_row(row->condition), base);

    for (char *line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(message_add_line(&answer.request, stet_span_of(line)));
    memory_free(lines);
    return answer;
}

static void test_conditions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct findings findings = {0};
        struct check check = {.findings = &findings, .url = "http://h/"};
        struct probe base = fixture_probe("http://h/", BASE, "content");
        struct probe answer = answer_to(row, &base);
        check_condition(&check, condition_row(row->condition), &base, &answer);
        if (strcmp(fixture_ids(&findings), row->wanted) != 0)
            fail_msg("%s (%s): found \"%s\", wanted \"%s\"", row->id, row->name,
                     fixture_ids(&findings), row->wanted);
        probe_fini(&base);
        probe_fini(&answer);
        findings_fini(&findings);
    }
}

struct has_row {
    const char *id;
    const char *name;
    const char *base;
    unsigned wanted;
};

static const struct has_row has_rows[] = {
    {"9110-8.8", "all", BASE, CONDITION_TAG | CONDITION_STRONG | CONDITION_DATE | CONDITION_ORIGIN},
    {"9110-8.8", "a weak tag", "200\nETag: W/\"a\"", CONDITION_TAG | CONDITION_ORIGIN},
    {"9110-8.8", "a date that is none", "200\nLast-Modified: today", CONDITION_ORIGIN},
    {"C-9111-5.1-3", "Age: not straight from the origin", "200\nAge: 1", 0},
    {"C-9111-5.1-3", "Age: 0 neither", "200\nAge: 0", 0},
    {"C-9111-5.1-3", "no Age proves nothing", "200\nVia: 1.1 cache", 0},
    {"C-9111-5.1-3", "nor does it beside X-Cache", "200\nX-Cache: HIT", 0},
    {"9111-4.3.2", "a hit", "200\nCache-Status: a; fwd=miss, b; hit", 0},
    {"9111-4.3.2", "a miss", "200\nCache-Status: a; fwd=miss", CONDITION_ORIGIN},
};

static void test_has(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(has_rows); i++) {
        struct probe base = fixture_probe("http://h/", has_rows[i].base, "");
        check_row(&has_rows[i], condition_has(&base) == has_rows[i].wanted);
        probe_fini(&base);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines),
                                       cmocka_unit_test(test_conditions),
                                       cmocka_unit_test(test_has)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
