/* Table tests of precondition, and the whole matrix of the five fields against a slow oracle. */
#include "precondition_oracle.h"
#include "stet/precondition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define SAME "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"
#define FUTURE "Fri, 06 Nov 2099 08:49:37 GMT"
#define SAME_AT INT64_C(784111777)
#define NOW INT64_C(1800000000) /* in 2027 */

#define LINES_MAX 12

/* The representations there are. */
enum resource {
    STRONG,       /* "a", date strong */
    WEAK,         /* W/"a", date weak */
    DATED,        /* no tag, date strong */
    DATED_WEAKLY, /* no tag, date weak */
    TAGGED,       /* "a", no date */
    PLAIN,        /* no validator */
    MISSING,
    RESOURCES
};

static const struct oracle_resource resources[RESOURCES] = {
    [STRONG] = {true, "\"a\"", true, true, SAME_AT},
    [WEAK] = {true, "W/\"a\"", true, false, SAME_AT},
    [DATED] = {true, NULL, true, true, SAME_AT},
    [DATED_WEAKLY] = {true, NULL, true, false, SAME_AT},
    [TAGGED] = {true, "\"a\"", false, false, 0},
    [PLAIN] = {true, NULL, false, false, 0},
    [MISSING] = {false, "\"a\"", true, true, SAME_AT}, /* what it had once */
};

static struct stet_validators validators_of(const struct oracle_resource *resource)
{
    return (struct stet_validators){
        .exists = resource->exists,
        .etag = stet_etag_read(stet_span_of(resource->tag)),
        .has_modified = resource->dated,
        .modified_strong = resource->date_strong,
        .modified = resource->date,
    };
}

struct row {
    const char *id;
    const char *name;
    const char *method;
    enum resource resource;
    const char *lines; /* "Name: value", divided by line feeds */
    const char *want;  /* "200" (look at Range), "200 whole" (do not), or a status */
    enum stet_reason reason;
};

#define R(word) STET_REASON_##word

static const struct row rows[] = {
    {"C-9110-13.1.1-1", "weak never matches If-Match", "GET", WEAK, "If-Match: W/\"a\"", "412",
     R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-1", "strong tag, weak member", "PUT", STRONG, "If-Match: W/\"a\"", "412",
     R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-1", "weak tag, strong member", "PUT", WEAK, "If-Match: \"a\"", "412",
     R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-2", "PUT, match", "PUT", STRONG, "If-Match: \"a\"", "200 whole",
     R(IF_MATCH_TRUE)},
    {"C-9110-13.1.1-2", "PUT, other", "PUT", STRONG, "If-Match: \"b\"", "412", R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-2", "DELETE, other", "DELETE", STRONG, "If-Match: \"b\"", "412",
     R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-2", "GET, match", "GET", STRONG, "If-Match: \"a\"", "200", R(IF_MATCH_TRUE)},
    {"C-9110-13.1.1-2", "GET, other", "GET", STRONG, "If-Match: \"b\"", "412", R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-2", "unknown method, other", "FOO", STRONG, "If-Match: \"b\"", "412",
     R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-3", "* of something", "PUT", PLAIN, "If-Match: *", "200 whole",
     R(IF_MATCH_TRUE)},
    {"C-9110-13.1.1-3", "* of nothing", "PUT", MISSING, "If-Match: *", "412", R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-3", "last of a list", "PUT", STRONG, "If-Match: \"x\", W/\"a\" ,\"a\"",
     "200 whole", R(IF_MATCH_TRUE)},
    {"C-9110-13.1.1-3", "in the second line", "PUT", STRONG, "If-Match: \"x\"\nIf-Match: \"a\"",
     "200 whole", R(IF_MATCH_TRUE)},
    {"C-9110-13.1.1-3", "list, no tag", "PUT", PLAIN, "If-Match: \"a\"", "412", R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-3", "list, nothing there", "PUT", MISSING, "If-Match: \"a\"", "412",
     R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-3", "empty value", "PUT", STRONG, "If-Match:", "412", R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-4", "the change may be in place: still 412 (D-08)", "PUT", STRONG,
     "If-Match: \"before\"", "412", R(IF_MATCH_FALSE)},
    {"C-9110-13.1.1-6", "If-Match, * and tag, GET: field ignored", "GET", STRONG,
     "If-Match: *, \"b\"", "200", R(CONDITION_MALFORMED)},
    {"C-9110-13.1.1-6", "If-Match, * and tag, HEAD", "HEAD", STRONG, "If-Match: \"b\", *",
     "200 whole", R(CONDITION_MALFORMED)},
    {"C-9110-13.1.1-6", "If-Match, * and tag, PUT", "PUT", STRONG, "If-Match: *, \"a\"", "400",
     R(CONDITION_MALFORMED)},
    {"C-9110-13.1.1-6", "If-Match, * and * in two lines, PUT", "PUT", STRONG,
     "If-Match: *\nIf-Match: *", "400", R(CONDITION_MALFORMED)},
    {"C-9110-13.1.1-6", "If-None-Match, * and tag, GET", "GET", STRONG, "If-None-Match: *, \"a\"",
     "200", R(CONDITION_MALFORMED)},
    {"C-9110-13.1.1-6", "If-None-Match, * and tag, QUERY", "QUERY", STRONG,
     "If-None-Match: *, \"a\"", "200", R(CONDITION_MALFORMED)},
    {"C-9110-13.1.1-6", "If-None-Match, * and tag, PUT", "PUT", MISSING, "If-None-Match: *, \"a\"",
     "400", R(CONDITION_MALFORMED)},
    {"C-9110-13.1.1-6", "If-None-Match, * and tag, unknown method", "FOO", MISSING,
     "If-None-Match: \"a\", *", "400", R(CONDITION_MALFORMED)},
    {"C-9110-13.1.1-6", "a quoted * is a tag", "PUT", STRONG, "If-Match: \"*\", \"a\"", "200 whole",
     R(IF_MATCH_TRUE)},
    {"D-06", "If-Match, unquoted", "PUT", STRONG, "If-Match: a", "412", R(IF_MATCH_FALSE)},
    {"D-06", "If-None-Match, unquoted", "GET", STRONG, "If-None-Match: a", "200",
     R(IF_NONE_MATCH_TRUE)},
    {"D-06", "If-None-Match, unclosed", "GET", STRONG, "If-None-Match: \"a", "200",
     R(IF_NONE_MATCH_TRUE)},
    {"D-06", "If-None-Match, w/ in lower case", "GET", STRONG, "If-None-Match: w/\"a\"", "200",
     R(IF_NONE_MATCH_TRUE)},
    {"D-06", "If-None-Match, good after bad", "GET", STRONG, "If-None-Match: a, w/\"a\", \"a\"",
     "304", R(IF_NONE_MATCH_FALSE)},
    {"D-06", "If-Match, good after bad", "PUT", STRONG, "If-Match: a, \"a\"", "200 whole",
     R(IF_MATCH_TRUE)},

    {"C-9110-13.1.2-1", "strong, strong", "GET", STRONG, "If-None-Match: \"a\"", "304",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.2-1", "strong, weak", "GET", STRONG, "If-None-Match: W/\"a\"", "304",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.2-1", "weak, strong", "GET", WEAK, "If-None-Match: \"a\"", "304",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.2-1", "weak, weak", "GET", WEAK, "If-None-Match: W/\"a\"", "304",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.2-2", "GET, other", "GET", STRONG, "If-None-Match: \"b\"", "200",
     R(IF_NONE_MATCH_TRUE)},
    {"C-9110-13.1.2-2", "PUT, other", "PUT", STRONG, "If-None-Match: \"b\"", "200 whole",
     R(IF_NONE_MATCH_TRUE)},
    {"C-9110-13.1.2-3", "* of something", "GET", PLAIN, "If-None-Match: *", "304",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.2-3", "* of nothing", "PUT", MISSING, "If-None-Match: *", "200 whole",
     R(IF_NONE_MATCH_TRUE)},
    {"C-9110-13.1.2-3", "one of a list", "GET", STRONG, "If-None-Match: \"b\", \"a\", \"c\"", "304",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.2-3", "in the second line", "GET", STRONG,
     "If-None-Match: \"b\"\nIf-None-Match: \"a\"", "304", R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.2-3", "list, no tag", "GET", PLAIN, "If-None-Match: \"a\"", "200",
     R(IF_NONE_MATCH_TRUE)},
    {"C-9110-13.1.2-3", "list, nothing there", "PUT", MISSING, "If-None-Match: \"a\"", "200 whole",
     R(IF_NONE_MATCH_TRUE)},
    {"C-9110-13.1.2-3", "empty value", "GET", STRONG, "If-None-Match:", "200",
     R(IF_NONE_MATCH_TRUE)},
    {"C-9110-13.1.2-4", "HEAD", "HEAD", STRONG, "If-None-Match: \"a\"", "304",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.2-4", "PUT * on existing", "PUT", STRONG, "If-None-Match: *", "412",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.2-4", "POST", "POST", STRONG, "If-None-Match: \"a\"", "412",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.2-4", "DELETE", "DELETE", STRONG, "If-None-Match: \"a\"", "412",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.2-4", "unknown method", "FOO", STRONG, "If-None-Match: \"a\"", "412",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-15.4.5-1", "QUERY", "QUERY", STRONG, "If-None-Match: \"a\"", "304",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9110-15.4.5-1", "never to an unconditional GET (D-01)", "GET", STRONG, "Accept: */*", "200",
     R(UNCONDITIONAL)},
    {"C-9110-15.4.5-1", "never to an unconditional HEAD (D-01)", "HEAD", STRONG, "", "200 whole",
     R(UNCONDITIONAL)},

    {"C-9110-13.1.3-1", "If-None-Match misses, If-Modified-Since would hit", "GET", STRONG,
     "If-None-Match: \"b\"\nIf-Modified-Since: " SAME, "200", R(IF_NONE_MATCH_TRUE)},
    {"C-9110-13.1.3-1", "the same, the other way round", "GET", STRONG,
     "If-Modified-Since: " SAME "\nIf-None-Match: \"b\"", "200", R(IF_NONE_MATCH_TRUE)},
    {"C-9110-13.1.3-1", "If-None-Match hits, If-Modified-Since would miss", "GET", STRONG,
     "If-None-Match: \"a\"\nIf-Modified-Since: " BEFORE, "304", R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.3-1", "If-None-Match of rubbish still outranks", "GET", DATED,
     "If-None-Match: a\nIf-Modified-Since: " SAME, "200", R(IF_NONE_MATCH_TRUE)},
    {"C-9110-13.1.3-1", "If-None-Match mixed still outranks", "GET", STRONG,
     "If-None-Match: *, \"a\"\nIf-Modified-Since: " SAME, "200", R(CONDITION_MALFORMED)},
    {"C-9110-13.1.3-2", "no date", "GET", STRONG, "If-Modified-Since: x", "200", R(UNCONDITIONAL)},
    {"C-9110-13.1.3-2", "number", "GET", STRONG, "If-Modified-Since: 784111777", "200",
     R(UNCONDITIONAL)},
    {"C-9110-13.1.3-2", "empty", "GET", STRONG, "If-Modified-Since:", "200", R(UNCONDITIONAL)},
    {"C-9110-13.1.3-2", "other zone", "GET", STRONG,
     "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 CET", "200", R(UNCONDITIONAL)},
    {"C-9110-13.1.3-2", "two lines", "GET", STRONG,
     "If-Modified-Since: " SAME "\nIf-Modified-Since: " SAME, "200", R(UNCONDITIONAL)},
    {"C-9110-13.1.3-2", "two members", "GET", STRONG, "If-Modified-Since: " SAME ", " SAME, "200",
     R(UNCONDITIONAL)},
    {"C-9110-13.1.3-2", "POST", "POST", STRONG, "If-Modified-Since: " SAME, "200 whole",
     R(UNCONDITIONAL)},
    {"C-9110-13.1.3-2", "QUERY", "QUERY", STRONG, "If-Modified-Since: " SAME, "200",
     R(UNCONDITIONAL)},
    {"C-9110-13.1.3-3", "no modification date", "GET", TAGGED, "If-Modified-Since: " SAME, "200",
     R(UNCONDITIONAL)},
    {"C-9110-13.1.3-3", "nothing there", "GET", MISSING, "If-Modified-Since: " SAME, "200",
     R(UNCONDITIONAL)},
    {"C-9110-13.1.3-4", "RFC 850 date of this clock's century", "GET", STRONG,
     "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT", "304", R(IF_MODIFIED_SINCE_FALSE)},
    {"C-9110-13.1.3-5", "a second earlier", "GET", STRONG, "If-Modified-Since: " BEFORE, "200",
     R(IF_MODIFIED_SINCE_TRUE)},
    {"C-9110-13.1.3-5", "the same second", "GET", STRONG, "If-Modified-Since: " SAME, "304",
     R(IF_MODIFIED_SINCE_FALSE)},
    {"C-9110-13.1.3-5", "a second later", "GET", STRONG, "If-Modified-Since: " AFTER, "304",
     R(IF_MODIFIED_SINCE_FALSE)},
    {"C-9110-13.1.3-5", "in the future (D-05)", "GET", STRONG, "If-Modified-Since: " FUTURE, "304",
     R(IF_MODIFIED_SINCE_FALSE)},
    {"C-9110-13.1.3-5", "HEAD", "HEAD", STRONG, "If-Modified-Since: " SAME, "304",
     R(IF_MODIFIED_SINCE_FALSE)},
    {"C-9110-13.1.3-5", "a weak date will do", "GET", DATED_WEAKLY, "If-Modified-Since: " SAME,
     "304", R(IF_MODIFIED_SINCE_FALSE)},

    {"C-9110-13.1.4-1", "If-Match is present", "PUT", STRONG,
     "If-Match: \"a\"\nIf-Unmodified-Since: " BEFORE, "200 whole", R(IF_MATCH_TRUE)},
    {"C-9110-13.1.4-1", "no date", "PUT", STRONG, "If-Unmodified-Since: x", "200 whole",
     R(UNCONDITIONAL)},
    {"C-9110-13.1.4-1", "two lines", "PUT", STRONG,
     "If-Unmodified-Since: " BEFORE "\nIf-Unmodified-Since: " BEFORE, "200 whole",
     R(UNCONDITIONAL)},
    {"C-9110-13.1.4-1", "no modification date", "PUT", TAGGED, "If-Unmodified-Since: " BEFORE,
     "200 whole", R(UNCONDITIONAL)},
    {"C-9110-13.1.4-1", "If-Match mixed still outranks", "GET", STRONG,
     "If-Match: *, \"a\"\nIf-Unmodified-Since: " BEFORE, "200", R(CONDITION_MALFORMED)},
    {"C-9110-13.1.4-2", "lost update", "PUT", STRONG, "If-Unmodified-Since: " BEFORE, "412",
     R(IF_UNMODIFIED_SINCE_FALSE)},
    {"C-9110-13.1.4-2", "the same second", "PUT", STRONG, "If-Unmodified-Since: " SAME, "200 whole",
     R(IF_UNMODIFIED_SINCE_TRUE)},
    {"C-9110-13.1.4-2", "a second later", "DELETE", STRONG, "If-Unmodified-Since: " AFTER,
     "200 whole", R(IF_UNMODIFIED_SINCE_TRUE)},
    {"C-9110-13.1.4-2", "GET", "GET", STRONG, "If-Unmodified-Since: " BEFORE, "412",
     R(IF_UNMODIFIED_SINCE_FALSE)},

    {"C-9110-13.1.5-2", "If-Range without Range", "GET", STRONG, "If-Range: \"b\"", "200",
     R(UNCONDITIONAL)},
    {"C-9110-13.1.5-4", "tag", "GET", STRONG, "Range: bytes=0-\nIf-Range: \"a\"", "200",
     R(UNCONDITIONAL)},
    {"C-9110-13.1.5-4", "weak member", "GET", STRONG, "Range: bytes=0-\nIf-Range: W/\"a\"",
     "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-4", "weak both", "GET", WEAK, "Range: bytes=0-\nIf-Range: W/\"a\"", "200 whole",
     R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-4", "the same date", "GET", STRONG, "Range: bytes=0-\nIf-Range: " SAME, "200",
     R(UNCONDITIONAL)},
    {"C-9110-13.1.5-4", "the same date in other words", "GET", STRONG,
     "Range: bytes=0-\nIf-Range: Sun Nov  6 08:49:37 1994", "200", R(UNCONDITIONAL)},
    {"C-9110-13.1.5-4", "an earlier date", "GET", STRONG, "Range: bytes=0-\nIf-Range: " BEFORE,
     "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-4", "a later date", "GET", STRONG, "Range: bytes=0-\nIf-Range: " AFTER,
     "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-4", "a weak date", "GET", DATED_WEAKLY, "Range: bytes=0-\nIf-Range: " SAME,
     "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-4", "a date, no modification date", "GET", TAGGED,
     "Range: bytes=0-\nIf-Range: " SAME, "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-4", "a list", "GET", STRONG, "Range: bytes=0-\nIf-Range: \"a\", \"b\"",
     "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-4", "a wildcard", "GET", STRONG, "Range: bytes=0-\nIf-Range: *", "200 whole",
     R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-4", "two lines", "GET", STRONG,
     "Range: bytes=0-\nIf-Range: \"a\"\nIf-Range: \"a\"", "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-4", "nothing there", "GET", MISSING, "Range: bytes=0-\nIf-Range: \"a\"",
     "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-5", "a quote third: a tag", "GET", STRONG, "Range: bytes=0-\nIf-Range: W/\"",
     "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-5", "a quote fourth: a date", "GET", STRONG,
     "Range: bytes=0-\nIf-Range: Sun\"a\"", "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-5", "empty", "GET", STRONG, "Range: bytes=0-\nIf-Range:", "200 whole",
     R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-6", "false tag: whole", "GET", STRONG, "Range: bytes=0-\nIf-Range: \"b\"",
     "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.1.5-6", "false tag, QUERY", "QUERY", STRONG, "Range: bytes=0-\nIf-Range: \"b\"",
     "200 whole", R(IF_RANGE_FALSE)},

    {"C-9110-13.2.1-3", "OPTIONS", "OPTIONS", STRONG, "If-Match: \"b\"", "200 whole",
     R(METHOD_HAS_NO_CONDITIONS)},
    {"C-9110-13.2.1-3", "TRACE", "TRACE", STRONG, "If-None-Match: *", "200 whole",
     R(METHOD_HAS_NO_CONDITIONS)},
    {"C-9110-13.2.1-3", "CONNECT", "CONNECT", STRONG, "If-None-Match: *, \"a\"", "200 whole",
     R(METHOD_HAS_NO_CONDITIONS)},

    {"C-9110-13.2.2-1", "412 comes before 304", "GET", STRONG,
     "If-None-Match: \"a\"\nIf-Match: \"b\"", "412", R(IF_MATCH_FALSE)},
    {"C-9110-13.2.2-1", "true goes to step 3", "GET", STRONG,
     "If-Match: \"a\"\nIf-None-Match: \"a\"", "304", R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.2.2-2", "412 comes before 304", "GET", STRONG,
     "If-None-Match: \"a\"\nIf-Unmodified-Since: " BEFORE, "412", R(IF_UNMODIFIED_SINCE_FALSE)},
    {"C-9110-13.2.2-2", "true goes to step 3", "GET", STRONG,
     "If-Unmodified-Since: " SAME "\nIf-Modified-Since: " SAME, "304", R(IF_MODIFIED_SINCE_FALSE)},
    {"C-9110-13.2.2-3", "true goes to step 5", "GET", STRONG,
     "If-None-Match: \"b\"\nRange: bytes=0-\nIf-Range: \"b\"", "200 whole", R(IF_RANGE_FALSE)},
    {"C-9110-13.2.2-4", "true goes to step 5", "GET", STRONG,
     "If-Modified-Since: " BEFORE "\nRange: bytes=0-\nIf-Range: \"a\"", "200",
     R(IF_MODIFIED_SINCE_TRUE)},
    {"C-9110-13.2.2-5", "If-Range with a guard", "GET", STRONG,
     "If-Match: \"a\"\nRange: bytes=0-\nIf-Range: \"b\"", "200 whole", R(IF_RANGE_FALSE)},

    {"C-9110-14.2-1", "HEAD", "HEAD", STRONG, "Range: bytes=0-0", "200 whole", R(UNCONDITIONAL)},
    {"C-9110-14.2-1", "PUT", "PUT", STRONG, "Range: bytes=0-0", "200 whole", R(UNCONDITIONAL)},
    {"C-9110-14.2-1", "GET", "GET", STRONG, "Range: bytes=0-0", "200", R(UNCONDITIONAL)},
    {"C-9110-14.2-1", "QUERY", "QUERY", STRONG, "Range: bytes=0-0", "200", R(UNCONDITIONAL)},
    {"C-9110-14.2-4", "304 before Range", "GET", STRONG, "If-None-Match: \"a\"\nRange: bytes=0-0",
     "304", R(IF_NONE_MATCH_FALSE)},
};

static size_t lines_add(const char *lines, struct stet_head *head, struct stet_field *storage)
{
    while (*lines) {
        size_t name = strcspn(lines, ":"), line = strcspn(lines, "\n");
        assert_true(name < line && head->count < LINES_MAX);
        stet_head_add(head, storage, stet_span(lines, name),
                      stet_span(lines + name + 1, line - name - 1));
        lines += line + (lines[line] == '\n');
    }
    return head->count;
}

static const char *show(struct stet_precondition verdict)
{
    switch (verdict.answer) {
    case STET_PROCEED:
        return verdict.range ? "200" : "200 whole";
    case STET_NOT_MODIFIED:
        return verdict.range ? "304 with a range" : "304";
    case STET_PRECONDITION_FAILED:
        return verdict.range ? "412 with a range" : "412";
    case STET_CONDITION_MALFORMED:
        return verdict.range ? "400 with a range" : "400";
    }
    return "?";
}

static struct stet_precondition verdict_of(const struct row *row, enum stet_precondition_role role)
{
    struct stet_field storage[LINES_MAX];
    struct stet_validators validators = validators_of(&resources[row->resource]);
    struct stet_request request = {.method = stet_method_of(stet_span_of(row->method)),
                                   .method_name = stet_span_of(row->method),
                                   .head = {.fields = storage}};

    lines_add(row->lines, &request.head, storage);
    return stet_precondition(&request, &validators, role, NOW);
}

static void test_rows(void **state)
{
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stet_precondition got = verdict_of(&rows[i], STET_AS_ORIGIN);

        if (strcmp(show(got), rows[i].want) || got.reason != rows[i].reason) {
            print_error("%s %s: got %s (%s), want %s (%s)\n", rows[i].id, rows[i].name, show(got),
                        stet_reason_word(got.reason).at, rows[i].want,
                        stet_reason_word(rows[i].reason).at);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

static const struct row cache_rows[] = {
    {"C-9111-4.3.2-1", "If-None-Match", "GET", STRONG, "If-None-Match: W/\"a\"", "304",
     R(IF_NONE_MATCH_FALSE)},
    {"C-9111-4.3.2-1", "If-Modified-Since", "GET", DATED_WEAKLY, "If-Modified-Since: " SAME, "304",
     R(IF_MODIFIED_SINCE_FALSE)},
    {"C-9111-4.3.2-1", "*", "GET", PLAIN, "If-None-Match: *", "304", R(IF_NONE_MATCH_FALSE)},
    {"C-9110-13.1.1-5", "If-Match is not evaluated", "GET", STRONG, "If-Match: \"b\"", "200",
     R(UNCONDITIONAL)},
    {"C-9111-4.3.2-2", "If-Match is not evaluated", "GET", STRONG,
     "If-Match: \"b\"\nIf-None-Match: \"a\"", "304", R(IF_NONE_MATCH_FALSE)},
    {"C-9111-4.3.2-2", "If-Match mixed is not evaluated", "GET", STRONG, "If-Match: \"b\", *",
     "200", R(UNCONDITIONAL)},
    {"C-9111-4.3.2-2", "If-Unmodified-Since is not evaluated", "GET", STRONG,
     "If-Unmodified-Since: " BEFORE, "200", R(UNCONDITIONAL)},
    {"C-9111-4.3.2-3", "If-None-Match outranks", "GET", STRONG,
     "If-None-Match: \"b\"\nIf-Modified-Since: " SAME, "200", R(IF_NONE_MATCH_TRUE)},
    {"C-9111-4.3.2-5", "If-Range", "GET", STRONG, "Range: bytes=0-\nIf-Range: \"b\"", "200 whole",
     R(IF_RANGE_FALSE)},
    {"C-9110-15.4.5-1", "never to an unconditional GET (D-01)", "GET", STRONG, "", "200",
     R(UNCONDITIONAL)},
};

static void test_cache_rows(void **state)
{
    int failed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cache_rows / sizeof *cache_rows; i++) {
        const struct row *row = &cache_rows[i];
        struct stet_precondition got = verdict_of(row, STET_AS_CACHE);

        if (strcmp(show(got), row->want) || got.reason != row->reason) {
            print_error("%s %s: got %s (%s), want %s\n", row->id, row->name, show(got),
                        stet_reason_word(got.reason).at, row->want);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

/* The matrix: every way each field can be there. An empty string is no field. */
static const char *const if_match_ways[] = {
    "",
    "If-Match: \"a\"",
    "If-Match: W/\"a\"",
    "If-Match: \"x\", \"a\"",
    "If-Match: \"x\"",
    "If-Match: *",
    "If-Match: *, \"a\"",
    "If-Match: a",
};
static const char *const if_unmodified_since_ways[] = {
    "",
    "If-Unmodified-Since: " BEFORE,
    "If-Unmodified-Since: " SAME,
    "If-Unmodified-Since: " AFTER,
    "If-Unmodified-Since: x",
    "If-Unmodified-Since: " BEFORE "\nIf-Unmodified-Since: " BEFORE,
};
static const char *const if_none_match_ways[] = {
    "",
    "If-None-Match: \"a\"",
    "If-None-Match: W/\"a\"",
    "If-None-Match: \"x\"\nIf-None-Match: \"a\"",
    "If-None-Match: \"x\"",
    "If-None-Match: *",
    "If-None-Match: \"x\"\nIf-None-Match: *",
    "If-None-Match: \"a",
};
static const char *const if_modified_since_ways[] = {
    "",
    "If-Modified-Since: " BEFORE,
    "If-Modified-Since: " SAME,
    "If-Modified-Since: " AFTER,
    "If-Modified-Since: x",
    "If-Modified-Since: " SAME "\nIf-Modified-Since: " SAME,
};
static const char *const range_ways[] = {
    "",
    "If-Range: \"x\"",
    "Range: bytes=0-0",
    "Range: bytes=0-0\nIf-Range: \"a\"",
    "Range: bytes=0-0\nIf-Range: W/\"a\"",
    "Range: bytes=0-0\nIf-Range: \"x\"",
    "Range: bytes=0-0\nIf-Range: " SAME,
    "Range: bytes=0-0\nIf-Range: " AFTER,
    "Range: bytes=0-0\nIf-Range: a",
    "Range: bytes=0-0\nIf-Range: \"a\"\nIf-Range: \"a\"",
};

#define WAYS_MAX 10

struct axis {
    const char *const *ways;
    size_t count;
};

#define AXIS(ways)                       \
    {                                    \
        ways, sizeof ways / sizeof *ways \
    }

enum { AXES = 5 };

static const struct axis axes[AXES] = {
    AXIS(if_match_ways),      AXIS(if_unmodified_since_ways),
    AXIS(if_none_match_ways), AXIS(if_modified_since_ways),
    AXIS(range_ways),
};

/* One way of one axis, made ready once: its lines, and its truth for each resource. */
struct way {
    struct stet_field lines[2 + 1];
    struct stet_head head;
    struct oracle_truths truths[RESOURCES];
};

static struct way ways[AXES][WAYS_MAX];

static void ways_make(void)
{
    for (size_t axis = 0; axis < AXES; axis++) {
        for (size_t i = 0; i < axes[axis].count; i++) {
            struct way *way = &ways[axis][i];
            way->head = (struct stet_head){.fields = way->lines};
            lines_add(axes[axis].ways[i], &way->head, way->lines);
            for (size_t resource = 0; resource < RESOURCES; resource++)
                way->truths[resource] =
                    oracle_truths_of(way->lines, way->head.count, &resources[resource]);
        }
    }
}

/* Puts the lines of one way of each axis together. */
static void head_join(struct stet_head *head, struct stet_field *storage, const size_t at[AXES])
{
    *head = (struct stet_head){.fields = storage};
    for (size_t axis = 0; axis < AXES; axis++) {
        const struct stet_head *part = &ways[axis][at[axis]].head;
        memcpy(storage + head->count, part->fields, part->count * sizeof *storage);
        head->count += part->count;
        head->seen[0] |= part->seen[0];
        head->seen[1] |= part->seen[1];
    }
}

static struct oracle_truths truths_join(enum resource resource, const size_t at[AXES])
{
    return (struct oracle_truths){
        .if_match = ways[0][at[0]].truths[resource].if_match,
        .if_unmodified_since = ways[1][at[1]].truths[resource].if_unmodified_since,
        .if_none_match = ways[2][at[2]].truths[resource].if_none_match,
        .if_modified_since = ways[3][at[3]].truths[resource].if_modified_since,
        .if_range = ways[4][at[4]].truths[resource].if_range,
        .range = ways[4][at[4]].truths[resource].range,
    };
}

static const char *oracle_show(struct oracle_verdict verdict)
{
    return verdict.status == 304   ? "304"
           : verdict.status == 412 ? "412"
           : verdict.status == 400 ? "400"
           : verdict.range         ? "200"
                                   : "200 whole";
}

static const char *const methods[] = {"GET",     "HEAD", "PUT",   "POST",  "DELETE",
                                      "OPTIONS", "FOO",  "QUERY", "TRACE", "CONNECT"};

/* All methods, resources and roles for one head. Returns the number of disagreements. */
static size_t cell_check(const struct stet_head *head, const size_t at[AXES],
                         const struct stet_validators *validators)
{
    size_t failed = 0;

    for (size_t i = 0; i < sizeof methods / sizeof *methods * RESOURCES * 2; i++) {
        const char *method = methods[i / RESOURCES / 2];
        enum resource resource = i / 2 % RESOURCES;
        enum stet_precondition_role role = i % 2 ? STET_AS_CACHE : STET_AS_ORIGIN;
        struct oracle_truths truths = truths_join(resource, at);
        struct oracle_verdict want = oracle_walk(method, role == STET_AS_CACHE, &truths);
        struct stet_request request = {.method = stet_method_of(stet_span_of(method)),
                                       .head = *head};
        struct stet_precondition got =
            stet_precondition(&request, &validators[resource], role, NOW);

        if (strcmp(show(got), oracle_show(want))) {
            print_error("C-9110-13.2.2-1 matrix: %s, resource %d, role %d, ways %zu %zu %zu %zu "
                        "%zu: got %s, want %s\n",
                        method, resource, role, at[0], at[1], at[2], at[3], at[4], show(got),
                        oracle_show(want));
            failed++;
        }
    }
    return failed;
}

/* Steps to the next combination; false after the last. */
static bool odometer(size_t at[AXES])
{
    for (size_t axis = 0; axis < AXES; axis++) {
        if (++at[axis] < axes[axis].count)
            return true;
        at[axis] = 0;
    }
    return false;
}

/* C-9110-13.2.2-1 to C-9110-13.2.2-5: all of it. */
static void test_matrix(void **state)
{
    struct stet_validators validators[RESOURCES];
    struct stet_field storage[LINES_MAX];
    size_t at[AXES] = {0}, cells = 0, failed = 0;
    struct stet_head head;

    (void)state;
    ways_make();
    for (size_t i = 0; i < RESOURCES; i++)
        validators[i] = validators_of(&resources[i]);
    do {
        head_join(&head, storage, at);
        failed += cell_check(&head, at, validators);
        cells++;
    } while (failed < 20 && odometer(at));
    assert_int_equal(failed, 0);
    assert_int_equal(cells, 8 * 6 * 8 * 6 * 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_cache_rows),
                                       cmocka_unit_test(test_matrix)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
