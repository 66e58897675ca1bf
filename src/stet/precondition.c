/* Decides the conditions of a request, step by step as [RFC 9110 §13.2.2] orders them.
 *
 *     If-Match ------------- false: 412        origin only
 *       | else If-Unmodified-Since: false: 412 origin only
 *     If-None-Match -------- false: 304 for GET, HEAD, QUERY; 412 for others
 *       | else If-Modified-Since (GET, HEAD): false: 304
 *     If-Range (GET, QUERY)- false: the Range field is not looked at
 *     perform the method
 *
 * Each step returns whether it ended the matter. A date field that is no date, that repeats, or
 * that meets a resource without a date is as if absent. A tag field that is present always outranks
 * its date, even when it is malformed: the law says so, and the error costs a transfer, never a
 * wrong 304.
 *
 * Given up: telling a retried change that has already been applied from a lost update (D-08). That
 * needs state which nothing here has, so a false If-Match is 412 always.
 */
#include "stet/precondition.h"

#include "stet/date.h"

/* Methods whose answer is a representation that the client may hold already. */
static bool method_retrieves(enum stet_method method)
{
    return method == STET_METHOD_GET || method == STET_METHOD_HEAD || method == STET_METHOD_QUERY;
}

static bool decide(struct stet_precondition *verdict, enum stet_precondition_answer answer,
                   enum stet_reason reason)
{
    verdict->answer = answer;
    verdict->reason = reason;
    return answer != STET_PROCEED;
}

/* "*" among other members. To ignore it would turn a guarded write into an unguarded one, so only
 * where nothing is written it is ignored (D-07). */
static bool decide_mixed(struct stet_precondition *verdict, enum stet_method method)
{
    return decide(verdict, method_retrieves(method) ? STET_PROCEED : STET_CONDITION_MALFORMED,
                  STET_REASON_CONDITION_MALFORMED);
}

typedef bool tags_equal(struct stet_etag, struct stet_etag);

/* Some usable member of the field equals the current tag; members off the grammar do not (D-06). */
static bool lists_tag(const struct stet_head *head, enum stet_field_id id, struct stet_etag current,
                      tags_equal *equal)
{
    struct stet_list list = stet_list_of(head, id);
    struct stet_etag tag;

    while (stet_etags_next(&list, &tag))
        if (equal(tag, current))
            return true;
    return false;
}

/* Step 1 [RFC 9110 §13.1.1]. */
static bool step_if_match(const struct stet_request *request,
                          const struct stet_validators *validators,
                          struct stet_precondition *verdict)
{
    bool match = validators->exists;

    switch (stet_etags_kind(&request->head, STET_FIELD_IF_MATCH)) {
    case STET_ETAGS_ABSENT:
        return false;
    case STET_ETAGS_MIXED:
        return decide_mixed(verdict, request->method);
    case STET_ETAGS_LIST:
        match = match && lists_tag(&request->head, STET_FIELD_IF_MATCH, validators->etag,
                                   stet_etag_equal_strong);
        break;
    case STET_ETAGS_ANY:
        break;
    }
    return match ? decide(verdict, STET_PROCEED, STET_REASON_IF_MATCH_TRUE)
                 : decide(verdict, STET_PRECONDITION_FAILED, STET_REASON_IF_MATCH_FALSE);
}

/* Reads a date field that can be compared with the representation. False when it is to be ignored:
 * no valid date, several lines, or no modification date [RFC 9110 §13.1.3, RFC 9110 §13.1.4]. */
static bool date_applies(const struct stet_head *head, enum stet_field_id id,
                         const struct stet_validators *validators, int64_t now, int64_t *date)
{
    return stet_head_has(head, id) && validators->exists && validators->has_modified &&
           stet_date_read(stet_head_single(head, id), now, date);
}

/* Step 2 [RFC 9110 §13.1.4]. */
static bool step_if_unmodified_since(const struct stet_request *request,
                                     const struct stet_validators *validators, int64_t now,
                                     struct stet_precondition *verdict)
{
    int64_t since = 0;

    if (!date_applies(&request->head, STET_FIELD_IF_UNMODIFIED_SINCE, validators, now, &since))
        return false;
    if (validators->modified <= since)
        return decide(verdict, STET_PROCEED, STET_REASON_IF_UNMODIFIED_SINCE_TRUE);
    return decide(verdict, STET_PRECONDITION_FAILED, STET_REASON_IF_UNMODIFIED_SINCE_FALSE);
}

/* The client has what there is: nothing to send, or nothing to write over. */
static bool decide_unchanged(struct stet_precondition *verdict, enum stet_method method)
{
    return decide(verdict, method_retrieves(method) ? STET_NOT_MODIFIED : STET_PRECONDITION_FAILED,
                  STET_REASON_IF_NONE_MATCH_FALSE);
}

/* The field is one line that holds nothing but the current tag, as it mostly does when nothing was
 * modified. Whether both are weak makes no difference here. */
static bool is_tag_alone(const struct stet_head *head, enum stet_field_id id, struct stet_span tag)
{
    const struct stet_field *field = stet_head_first(head, id);

    return field && tag.len > 0 && field->value.len == tag.len + 2 && field->value.at[0] == '"' &&
           field->value.at[tag.len + 1] == '"' &&
           memcmp(field->value.at + 1, tag.at, tag.len) == 0 && !stet_head_next(head, field);
}

/* Step 3 [RFC 9110 §13.1.2]. */
static bool step_if_none_match(const struct stet_request *request,
                               const struct stet_validators *validators,
                               struct stet_precondition *verdict)
{
    const enum stet_field_id id = STET_FIELD_IF_NONE_MATCH;
    bool match = validators->exists;

    if (match && is_tag_alone(&request->head, id, validators->etag.opaque))
        return decide_unchanged(verdict, request->method);
    switch (stet_etags_kind(&request->head, id)) {
    case STET_ETAGS_ABSENT:
        return false;
    case STET_ETAGS_MIXED:
        return decide_mixed(verdict, request->method);
    case STET_ETAGS_LIST:
        match = match && lists_tag(&request->head, id, validators->etag, stet_etag_equal_weak);
        break;
    case STET_ETAGS_ANY:
        break;
    }
    return match ? decide_unchanged(verdict, request->method)
                 : decide(verdict, STET_PROCEED, STET_REASON_IF_NONE_MATCH_TRUE);
}

/* Step 4 [RFC 9110 §13.1.3]. A date in the future is compared like any other (D-05). */
static bool step_if_modified_since(const struct stet_request *request,
                                   const struct stet_validators *validators, int64_t now,
                                   struct stet_precondition *verdict)
{
    int64_t since = 0;

    if (request->method != STET_METHOD_GET && request->method != STET_METHOD_HEAD)
        return false;
    if (!date_applies(&request->head, STET_FIELD_IF_MODIFIED_SINCE, validators, now, &since))
        return false;
    if (validators->modified > since)
        return decide(verdict, STET_PROCEED, STET_REASON_IF_MODIFIED_SINCE_TRUE);
    return decide(verdict, STET_NOT_MODIFIED, STET_REASON_IF_MODIFIED_SINCE_FALSE);
}

/* If-Range holds [RFC 9110 §13.1.5]. A DQUOTE among the first three octets marks a tag. */
static bool if_range(const struct stet_head *head, const struct stet_validators *validators,
                     int64_t now)
{
    struct stet_span value = stet_head_single(head, STET_FIELD_IF_RANGE);
    int64_t date = 0;

    if (!validators->exists)
        return false;
    if (stet_span_find(value, '"') < 3)
        return stet_etag_equal_strong(stet_etag_read(value), validators->etag);
    return validators->has_modified && validators->modified_strong &&
           stet_date_read(value, now, &date) && date == validators->modified;
}

/* Step 5: may the Range field be looked at? Only these methods define it [RFC 9110 §14.2]. */
static void step_if_range(const struct stet_request *request,
                          const struct stet_validators *validators, int64_t now,
                          struct stet_precondition *verdict)
{
    const struct stet_head *head = &request->head;

    verdict->range = request->method == STET_METHOD_GET || request->method == STET_METHOD_QUERY;
    /* If-Range without Range says nothing [RFC 9110 §13.1.5]. */
    if (!verdict->range || !stet_head_has(head, STET_FIELD_RANGE) ||
        !stet_head_has(head, STET_FIELD_IF_RANGE) || if_range(head, validators, now))
        return;
    verdict->range = false;
    verdict->reason = STET_REASON_IF_RANGE_FALSE;
}

/* Steps 1 and 2: the conditions that guard a change. True if one of them is false. */
static bool steps_guarding(const struct stet_request *request,
                           const struct stet_validators *validators, int64_t now,
                           struct stet_precondition *verdict)
{
    if (stet_head_has(&request->head, STET_FIELD_IF_MATCH))
        return step_if_match(request, validators, verdict);
    return step_if_unmodified_since(request, validators, now, verdict);
}

/* Steps 3 and 4: the conditions that ask for news. True if one of them is false. */
static bool steps_asking(const struct stet_request *request,
                         const struct stet_validators *validators, int64_t now,
                         struct stet_precondition *verdict)
{
    if (stet_head_has(&request->head, STET_FIELD_IF_NONE_MATCH))
        return step_if_none_match(request, validators, verdict);
    return step_if_modified_since(request, validators, now, verdict);
}

struct stet_precondition stet_precondition(const struct stet_request *request,
                                           const struct stet_validators *validators,
                                           enum stet_precondition_role role, int64_t now)
{
    struct stet_precondition verdict = {STET_PROCEED, STET_REASON_UNCONDITIONAL, false};

    if (request->method == STET_METHOD_CONNECT || request->method == STET_METHOD_OPTIONS ||
        request->method == STET_METHOD_TRACE) { /* [RFC 9110 §13.2.1] */
        verdict.reason = STET_REASON_METHOD_HAS_NO_CONDITIONS;
        return verdict;
    }
    if (role == STET_AS_ORIGIN && steps_guarding(request, validators, now, &verdict))
        return verdict;
    if (!steps_asking(request, validators, now, &verdict))
        step_if_range(request, validators, now, &verdict);
    return verdict;
}
