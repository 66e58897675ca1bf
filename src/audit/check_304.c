/* Answers to conditions: held against what libstet would have answered, and what a 304 carries.
 *
 * stet_precondition is the one place that says 304; here it is asked what was due, with the
 * validators that the server sent and the conditions that we sent. So a row of condition.tbl knows
 * nothing of the law: it names a question, and the finding for a wrong answer.
 *
 * Given up: judging where the content changes between two requests. A 200 with other content where
 * a 304 was due is no fault.
 */
#include "audit/check.h"

#include "stet/precondition.h"
#include "stet/range.h"

enum { COUNTED_DOWN = 60 }; /* s */

static struct stet_validators validators_of(const struct probe *base)
{
    struct stet_validators validators = {.exists = true, .modified_strong = true};

    validators.etag = stet_etag_of(&base->response.head);
    validators.has_modified = check_date(base, STET_FIELD_LAST_MODIFIED, &validators.modified);
    return validators;
}

/* The status that was due. */
static int due(const struct condition *condition, const struct probe *base,
               const struct probe *answer)
{
    const struct stet_span method = stet_span_of(condition->method);
    const struct stet_request request = {
        .method = stet_method_of(method), .method_name = method, .head = answer->request.head};
    const struct stet_validators validators = validators_of(base);
    const struct stet_precondition verdict =
        stet_precondition(&request, &validators, STET_AS_ORIGIN, check_now(answer));

    if (verdict.answer == STET_NOT_MODIFIED)
        return 304;
    if (verdict.answer != STET_PROCEED)
        return 412;
    if (!verdict.range)
        return base->status;
    switch (stet_ranges_of(&request.head, base->length).answer) {
    case STET_RANGE_PARTS:
        return 206;
    case STET_RANGE_UNSATISFIABLE:
        return 416;
    case STET_RANGE_WHOLE:
        break;
    }
    return base->status;
}

/* What no condition may lead to. */
static bool is_nonsense(int status)
{
    return status != 200 && status != 203 && status != 206 && status != 304 && status != 412 &&
           status != 416;
}

/* Other content came: nothing can be said of conditions about the one before. */
static bool has_changed(const struct probe *base, const struct probe *answer)
{
    return answer->status == base->status && strcmp(answer->method, "GET") == 0 && !base->cut &&
           !answer->cut && !probe_same_content(base, answer);
}

/* The validator that was given back is not what is sent now: check_again says so. */
static bool has_moved(const struct condition *condition, const struct probe *base,
                      const struct probe *answer)
{
    const enum stet_field_id id =
        condition->finding == FINDING_DATE_IGNORED ? STET_FIELD_LAST_MODIFIED : STET_FIELD_ETAG;

    return (condition->finding == FINDING_TAG_IGNORED ||
            condition->finding == FINDING_DATE_IGNORED) &&
           answer->status == 200 &&
           !stet_span_equal(check_value(base, id), check_value(answer, id));
}

/* Another connection did not honour the tag that it sends itself. */
static enum finding_id finding_of(const struct condition *condition, const struct probe *base,
                                  const struct probe *answer)
{
    const bool same =
        stet_span_equal(check_value(base, STET_FIELD_ETAG), check_value(answer, STET_FIELD_ETAG));

    return condition->finding == FINDING_TAG_UNSTABLE_CONNECTION && same ? FINDING_TAG_IGNORED
                                                                         : condition->finding;
}

bool check_condition(struct check *check, const struct condition *condition,
                     const struct probe *base, const struct probe *answer)
{
    const struct exchanges proof = {base, answer};
    const int wanted = due(condition, base, answer);

    if (!answer->status) {
        check_say(check, FINDING_CONDITION_BREAKS, proof, "%s: no answer: %s", condition->name,
                  answer->words);
        return false;
    }
    if (answer->status == wanted)
        return true;
    if ((condition->needs & CONDITION_ORIGIN) && check_from_cache(answer))
        return false; /* that is not a cache's to look at [RFC 9110 §13.1.1] */
    if (is_nonsense(answer->status)) {
        check_say(check, FINDING_CONDITION_BREAKS, proof, "%s: %d where %d was due",
                  condition->name, answer->status, wanted);
        return false;
    }
    if (has_changed(base, answer) || has_moved(condition, base, answer))
        return false;
    check_say(check, finding_of(condition, base, answer), proof, "%s: %d where %d was due",
              condition->name, answer->status, wanted);
    return false;
}

/* ---- what a 304 carries ---- */

static bool lacks(const struct probe *base, const struct probe *answer, enum stet_field_id id)
{
    return stet_head_has(&base->response.head, id) && !stet_head_has(&answer->response.head, id);
}

static void check_304_tag(struct check *check, const struct probe *base, const struct probe *answer)
{
    const struct exchanges proof = {base, answer};
    const struct stet_etag held = stet_etag_of(&base->response.head);
    const struct stet_etag named = stet_etag_of(&answer->response.head);

    if (lacks(base, answer, STET_FIELD_ETAG))
        check_say(check, FINDING_N304_TAG_MISSING, proof, "%s", "");
    else if (stet_etag_present(held) && !stet_etag_equal_weak(held, named))
        check_say(check, FINDING_N304_TAG_DIFFERS, proof, "%.*s and then %.*s",
                  SHOWN(check_value(base, STET_FIELD_ETAG)),
                  SHOWN(check_value(answer, STET_FIELD_ETAG)));
}

/* The same rules. Lifetimes that end at an instant are counted down from answer to answer. */
static bool same_control(const struct probe *a, const struct probe *b)
{
    const struct stet_cachecontrol one = stet_cachecontrol_of_response(&a->response.head, NULL, 0);
    const struct stet_cachecontrol other =
        stet_cachecontrol_of_response(&b->response.head, NULL, 0);
    const int64_t apart = (int64_t)stet_cachecontrol_seconds(&one, STET_DIRECTIVE_MAX_AGE) -
                          (int64_t)stet_cachecontrol_seconds(&other, STET_DIRECTIVE_MAX_AGE);

    return one.present == other.present && apart <= COUNTED_DOWN && apart >= -COUNTED_DOWN;
}

static void check_304_control(struct check *check, const struct probe *base,
                              const struct probe *answer)
{
    const struct exchanges proof = {base, answer};

    if (lacks(base, answer, STET_FIELD_CACHE_CONTROL)) {
        check_say(check, FINDING_N304_CONTROL_MISSING, proof, "Cache-Control");
        return;
    }
    if (lacks(base, answer, STET_FIELD_EXPIRES))
        check_say(check, FINDING_N304_CONTROL_MISSING, proof, "Expires");
    if (!same_control(base, answer))
        check_say(check, FINDING_N304_CONTROL_DIFFERS, proof, "\"%.*s\" and then \"%.*s\"",
                  SHOWN(check_value(base, STET_FIELD_CACHE_CONTROL)),
                  SHOWN(check_value(answer, STET_FIELD_CACHE_CONTROL)));
}

/* Fields that say something of content, of which a 304 has none. */
static const enum stet_field_id content_fields[] = {
    STET_FIELD_CONTENT_TYPE,
    STET_FIELD_CONTENT_LANGUAGE,
    STET_FIELD_CONTENT_RANGE,
    STET_FIELD_CONTENT_DISPOSITION,
};

static void check_304_content(struct check *check, const struct probe *base,
                              const struct probe *answer)
{
    const struct exchanges proof = {base, answer};
    const struct stet_head *head = &answer->response.head;
    const struct stet_span coding = check_value(answer, STET_FIELD_CONTENT_ENCODING);
    uint64_t length = 0;

    for (size_t i = 0; i < sizeof content_fields / sizeof content_fields[0]; i++) {
        const struct stet_span name = stet_field_name(content_fields[i]);
        if (stet_head_has(head, content_fields[i]))
            check_say(check, FINDING_N304_CONTENT_FIELDS, proof, "%.*s", SHOWN(name));
    }
    if (coding.at &&
        !stet_span_equal_nocase(coding, check_value(base, STET_FIELD_CONTENT_ENCODING)))
        check_say(check, FINDING_N304_CODING_WRONG, proof, "%.*s", SHOWN(coding));
    else if (coding.at)
        check_say(check, FINDING_N304_CONTENT_FIELDS, proof, "Content-Encoding");
    if (stet_span_number(stet_head_single(head, STET_FIELD_CONTENT_LENGTH), UINT64_MAX, &length) &&
        !base->cut && length != base->length)
        check_say(check, FINDING_N304_LENGTH_WRONG, proof, "%llu, and the content has %llu",
                  (unsigned long long)length, (unsigned long long)base->length);
    if (answer->early)
        check_say(check, FINDING_N304_BODY, proof, "%s", "");
}

void check_not_modified(struct check *check, const struct probe *base, const struct probe *answer)
{
    const struct exchanges proof = {base, answer};

    check_304_tag(check, base, answer);
    check_304_control(check, base, answer);
    check_304_content(check, base, answer);
    if (lacks(base, answer, STET_FIELD_VARY))
        check_say(check, FINDING_N304_VARY_MISSING, proof, "Vary: %.*s",
                  SHOWN(check_value(base, STET_FIELD_VARY)));
    if (lacks(base, answer, STET_FIELD_CONTENT_LOCATION))
        check_say(check, FINDING_N304_LOCATION_MISSING, proof, "%s", "");
    if (!stet_head_has(&answer->response.head, STET_FIELD_DATE))
        check_say(check, FINDING_N304_DATE_MISSING, proof, "%s", "");
    if (stet_head_has(&answer->response.head, STET_FIELD_SET_COOKIE))
        check_say(check, FINDING_N304_COOKIE, proof, "%s", "");
}

/* ---- HEAD ---- */

/* What both should say; HEAD may leave out what only making the content tells
 * [RFC 9110 §9.3.2]. */
static const enum stet_field_id head_fields[] = {
    STET_FIELD_ETAG,          STET_FIELD_LAST_MODIFIED,    STET_FIELD_CONTENT_TYPE,
    STET_FIELD_CACHE_CONTROL, STET_FIELD_CONTENT_ENCODING, STET_FIELD_VARY,
};

/* It is known already that this one is not always the same. */
static bool validator_moves(const struct check *check, enum stet_field_id id)
{
    if (id == STET_FIELD_ETAG && check_tags_move(check))
        return true;
    if (id == STET_FIELD_LAST_MODIFIED && check_has(check, FINDING_MODIFIED_MOVING))
        return true;
    return (id == STET_FIELD_ETAG || id == STET_FIELD_LAST_MODIFIED) &&
           check_has(check, FINDING_TAG_SOMETIMES);
}

static bool same_field(const struct probe *get, const struct probe *head, enum stet_field_id id)
{
    if (id == STET_FIELD_CACHE_CONTROL && check_value(head, id).at && check_value(get, id).at)
        return same_control(get, head);
    if (id == STET_FIELD_ETAG &&
        stet_etag_equal_weak(stet_etag_of(&get->response.head), stet_etag_of(&head->response.head)))
        return true; /* it hardened meanwhile: both revalidate the content */
    return stet_span_equal(check_value(get, id), check_value(head, id));
}

void check_head(struct check *check, const struct probe *get, const struct probe *head)
{
    const struct exchanges proof = {get, head};
    const struct stet_span length = check_value(head, STET_FIELD_CONTENT_LENGTH);
    uint64_t octets = 0;

    if (head->early)
        check_say(check, FINDING_HEAD_BODY, proof, "%s", "");
    if (head->status != get->status) {
        check_say(check, FINDING_HEAD_STATUS, proof, "%d and %d", head->status, get->status);
        return;
    }
    for (size_t i = 0; i < sizeof head_fields / sizeof head_fields[0]; i++) {
        const struct stet_span name = stet_field_name(head_fields[i]);
        const bool moves = validator_moves(check, head_fields[i]);
        const bool there = stet_head_has(&head->response.head, head_fields[i]);
        if (!moves && !same_field(get, head, head_fields[i]))
            check_say(check, there ? FINDING_HEAD_FIELDS : FINDING_HEAD_LACKS, proof, "%.*s",
                      SHOWN(name));
    }
    if (length.at && !get->cut &&
        (!stet_span_number(length, UINT64_MAX, &octets) || octets != get->length))
        check_say(check, FINDING_HEAD_FIELDS, proof,
                  "Content-Length: %.*s, and the content has %llu", SHOWN(length),
                  (unsigned long long)get->length);
}
