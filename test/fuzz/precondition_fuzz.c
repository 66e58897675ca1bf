/* Preconditions of any text against the slow oracle of the unit tests.
 *
 * The first octet chooses the method, the second the resource and the role; the rest is field
 * lines, divided by line feeds, each a letter that names the field and then its value.
 */
#include "fuzz.h"
#include "precondition_oracle.h"
#include "stet/precondition.h"

#define LINES_MAX 16
#define SAME_AT INT64_C(784111777) /* Sun, 06 Nov 1994 08:49:37 GMT */

static const char *const methods[] = {"GET",     "HEAD",  "QUERY",   "PUT",   "POST", "DELETE",
                                      "OPTIONS", "TRACE", "CONNECT", "PATCH", "FOO"};

static const struct oracle_resource resources[] = {
    {true, "\"a\"", true, true, SAME_AT}, {true, "W/\"a\"", true, false, SAME_AT},
    {true, NULL, true, true, SAME_AT},    {true, "\"a,b\"", false, false, 0},
    {true, "\"\"", true, false, SAME_AT}, {true, "\"a\\\"", true, true, 0},
    {true, NULL, false, false, 0},        {false, "\"a\"", true, true, SAME_AT},
};

static enum stet_field_id field_of(char letter)
{
    switch (letter) {
    case 'm':
        return STET_FIELD_IF_MATCH;
    case 'u':
        return STET_FIELD_IF_UNMODIFIED_SINCE;
    case 'n':
        return STET_FIELD_IF_NONE_MATCH;
    case 's':
        return STET_FIELD_IF_MODIFIED_SINCE;
    case 'r':
        return STET_FIELD_IF_RANGE;
    case 'R':
        return STET_FIELD_RANGE;
    default:
        return STET_FIELD_ACCEPT;
    }
}

static void head_read(struct stet_head *head, struct stet_field *storage, struct stet_span text)
{
    while (text.len > 0 && head->count < LINES_MAX) {
        struct stet_span line = stet_span(text.at, stet_span_find(text, '\n'));
        if (line.len > 0)
            stet_head_add(head, storage, stet_field_name(field_of(line.at[0])),
                          stet_span_from(line, 1));
        text = stet_span_from(text, line.len + 1);
    }
}

static void compare(struct stet_precondition got, struct oracle_verdict want)
{
    static const enum stet_precondition_answer answers[] = {
        STET_PROCEED, STET_NOT_MODIFIED, STET_PRECONDITION_FAILED, STET_CONDITION_MALFORMED};
    static const int statuses[] = {0, 304, 412, 400};

    for (size_t i = 0; i < 4; i++)
        must((got.answer == answers[i]) == (want.status == statuses[i]));
    must(got.range == want.range);
    must(got.reason > STET_REASON_NONE && got.reason < STET_REASON_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stet_field storage[LINES_MAX];
    struct stet_request request = {.head = {.fields = storage}};

    if (size < 2)
        return 0;
    const char *method = methods[data[0] % (sizeof methods / sizeof *methods)];
    const struct oracle_resource *resource = &resources[data[1] % 8];
    bool cache = data[1] & 8;
    struct stet_validators validators = {.exists = resource->exists,
                                         .etag = stet_etag_read(stet_span_of(resource->tag)),
                                         .has_modified = resource->dated,
                                         .modified_strong = resource->date_strong,
                                         .modified = resource->date};

    request.method = stet_method_of(stet_span_of(method));
    head_read(&request.head, storage, stet_span((const char *)data + 2, size - 2));
    struct oracle_truths truths = oracle_truths_of(storage, request.head.count, resource);
    compare(stet_precondition(&request, &validators, cache ? STET_AS_CACHE : STET_AS_ORIGIN, 0),
            oracle_walk(method, cache, &truths));
    return 0;
}
