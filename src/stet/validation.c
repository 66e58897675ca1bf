/* Plans conditional requests and reads what a 304 confirms.
 *
 * A 304 says "what you asked about is current", and when several things were asked about, only its
 * validators tell which. Freshening the wrong stored response with it would give one variant the
 * fields of another, or one user the cookie of another; so what fits nothing updates nothing, and
 * the request is repeated without our conditions (D-15).
 *
 * A Last-Modified alone counts as weak here even where it is strong: variants share dates. For the
 * same reason a variant that the request does not select is asked about by a strong tag or not at
 * all: a page in another language may be as old, and weakly as new.
 *
 * Given up: asking by If-Modified-Since with the Date of a response that has no validator. An
 * origin that sends no Last-Modified does not evaluate it either.
 */
#include "stet/validation.h"

#include "stet/date.h"
#include "stet/etag.h"
#include "stet/pen.h"
#include "stet/status.h"

/* The plan. */

static size_t count_of(const struct stet_candidates *candidates)
{
    return candidates->count < STET_CANDIDATES_MAX ? candidates->count : STET_CANDIDATES_MAX;
}

static uint32_t bit(size_t index)
{
    return UINT32_C(1) << index;
}

static bool is_one_bit(uint32_t bits)
{
    return bits && !(bits & (bits - 1));
}

static size_t index_of(uint32_t one_bit)
{
    size_t index = 0;
    while (!(one_bit & bit(index)))
        index++;
    return index;
}

static bool has_own_conditions(const struct stet_head *head)
{
    return stet_head_has(head, STET_FIELD_IF_MATCH) ||
           stet_head_has(head, STET_FIELD_IF_UNMODIFIED_SINCE) ||
           stet_head_has(head, STET_FIELD_IF_RANGE);
}

/* The client's If-None-Match is absent or a list with at least one usable tag. */
static bool tags_joinable(const struct stet_head *head)
{
    enum stet_etag_list_kind kind = stet_etags_kind(head, STET_FIELD_IF_NONE_MATCH);
    struct stet_list list = stet_list_of(head, STET_FIELD_IF_NONE_MATCH);
    struct stet_etag tag;

    return kind == STET_ETAGS_ABSENT || (kind == STET_ETAGS_LIST && stet_etags_next(&list, &tag));
}

static struct stet_span modified_of(const struct stet_candidate *candidate)
{
    return stet_head_has(candidate->head, STET_FIELD_LAST_MODIFIED)
               ? stet_head_single(candidate->head, STET_FIELD_LAST_MODIFIED)
               : STET_SPAN_NONE;
}

static bool has_strong_tag(const struct stet_head *head)
{
    struct stet_etag tag = stet_etag_of(head);
    return stet_etag_present(tag) && !tag.weak;
}

/* A part is asked about only where it could answer [RFC 9111 §4.3.2]; a date says something of a
 * whole response only [RFC 9111 §4.3.1]. */
static bool is_askable(const struct stet_candidate *candidate)
{
    if (candidate->other)
        return has_strong_tag(candidate->head) && !candidate->stored->partial;
    if (stet_etag_present(stet_etag_of(candidate->head)))
        return !candidate->stored->partial || candidate->covers;
    return !candidate->stored->partial && modified_of(candidate).at;
}

static uint32_t askable(const struct stet_candidates *candidates)
{
    uint32_t sent = 0;
    for (size_t i = 0; i < count_of(candidates); i++)
        if (is_askable(&candidates->at[i]))
            sent |= bit(i);
    return sent;
}

static struct stet_validation plan_as_is(const struct stet_request *request,
                                         enum stet_reason reason)
{
    const struct stet_head *head = &request->head;
    bool conditional = has_own_conditions(head) || stet_head_has(head, STET_FIELD_IF_NONE_MATCH) ||
                       stet_head_has(head, STET_FIELD_IF_MODIFIED_SINCE);

    return (struct stet_validation){.reason = reason, .conditional = conditional};
}

struct stet_validation stet_validation_of(const struct stet_request *request,
                                          const struct stet_candidates *candidates)
{
    const struct stet_head *head = &request->head;

    if (request->method != STET_METHOD_GET && request->method != STET_METHOD_QUERY)
        return plan_as_is(request, STET_REASON_HEAD_UNCONDITIONAL);
    if (has_own_conditions(head) || !tags_joinable(head)) /* [RFC 9111 §4.3.2] */
        return plan_as_is(request, STET_REASON_CONDITIONS_KEPT);
    uint32_t sent = askable(candidates);
    if (!sent)
        return plan_as_is(request, STET_REASON_NOTHING_TO_VALIDATE);
    struct stet_validation plan = {.asks = true,
                                   .reason = STET_REASON_VALIDATES_STORED,
                                   .conditional = true,
                                   .joined = stet_head_has(head, STET_FIELD_IF_NONE_MATCH),
                                   .sent = sent};
    for (size_t i = 0; is_one_bit(sent) && i < count_of(candidates); i++)
        if (sent == bit(i) && !candidates->at[i].stored->partial && !candidates->at[i].other)
            plan.modified = modified_of(&candidates->at[i]);
    return plan;
}

bool stet_validation_drops(const struct stet_validation *plan, enum stet_field_id id)
{
    return plan->asks && (id == STET_FIELD_IF_NONE_MATCH || id == STET_FIELD_IF_MODIFIED_SINCE ||
                          id == STET_FIELD_RANGE);
}

/* The list of tags: first ours, then the client's. */

struct tags {
    const struct stet_validation *plan;
    const struct stet_candidates *candidates;
    size_t index;
    struct stet_list list;
};

static struct tags tags_of(const struct stet_validation *plan, const struct stet_request *request,
                           const struct stet_candidates *candidates)
{
    return (struct tags){plan, candidates, 0,
                         stet_list_of(&request->head, STET_FIELD_IF_NONE_MATCH)};
}

static bool tags_next(struct tags *tags, struct stet_etag *tag)
{
    while (tags->index < count_of(tags->candidates)) {
        size_t i = tags->index++;
        *tag = stet_etag_of(tags->candidates->at[i].head);
        if ((tags->plan->sent & bit(i)) && stet_etag_present(*tag))
            return true;
    }
    return tags->plan->joined && stet_etags_next(&tags->list, tag);
}

static bool same_tag(struct stet_etag a, struct stet_etag b)
{
    return a.weak == b.weak && stet_span_equal(a.opaque, b.opaque);
}

/* The tag is among the first `count`. */
static bool is_repeated(struct tags walk, size_t count, struct stet_etag tag)
{
    struct stet_etag before;
    while (count-- && tags_next(&walk, &before))
        if (same_tag(before, tag))
            return true;
    return false;
}

size_t stet_validation_tags(const struct stet_validation *plan, const struct stet_request *request,
                            const struct stet_candidates *candidates, char *to, size_t room)
{
    const struct tags all = tags_of(plan, request, candidates);
    struct tags walk = all;
    struct pen pen = {to, room, 0};
    struct stet_etag tag;

    for (size_t count = 0; tags_next(&walk, &tag); count++) {
        if (is_repeated(all, count, tag))
            continue;
        if (pen.length)
            pen_span(&pen, STET_SPAN(", "));
        pen_span(&pen, tag.weak ? STET_SPAN("W/\"") : STET_SPAN("\""));
        pen_span(&pen, tag.opaque);
        pen_byte(&pen, '"');
    }
    return pen.length;
}

/* The answer. */

enum proof { PROOF_STRONG_TAG, PROOF_WEAK_TAG, PROOF_DATE, PROOF_NONE };

static enum proof proof_of(const struct stet_head *response)
{
    struct stet_etag tag = stet_etag_of(response);

    if (stet_etag_present(tag))
        return tag.weak ? PROOF_WEAK_TAG : PROOF_STRONG_TAG;
    return stet_head_has(response, STET_FIELD_LAST_MODIFIED) ? PROOF_DATE : PROOF_NONE;
}

static bool is_proved(const struct stet_candidate *candidate, const struct stet_head *response,
                      enum proof proof)
{
    struct stet_etag theirs = stet_etag_of(response);
    struct stet_etag ours = stet_etag_of(candidate->head);
    struct stet_span modified;

    if (candidate->other && proof != PROOF_STRONG_TAG)
        return false;
    switch (proof) {
    case PROOF_STRONG_TAG:
        return stet_etag_equal_strong(theirs, ours);
    case PROOF_WEAK_TAG:
        return stet_etag_equal_weak(theirs, ours);
    case PROOF_DATE:
        modified = stet_head_single(response, STET_FIELD_LAST_MODIFIED);
        return modified.at && modified_of(candidate).at &&
               stet_span_equal(modified, modified_of(candidate));
    default:
        return !stet_etag_present(ours) && !modified_of(candidate).at;
    }
}

static uint32_t newest_of(const struct stet_candidates *candidates, uint32_t among)
{
    uint32_t best = 0;
    const struct stet_stored *newest = NULL;

    for (size_t i = 0; i < count_of(candidates); i++) {
        const struct stet_stored *stored = candidates->at[i].stored;
        if ((among & bit(i)) && (!newest || stet_stored_precedes(stored, newest))) {
            newest = stored;
            best = bit(i);
        }
    }
    return best;
}

/* The candidates that this 304 updates [RFC 9111 §4.3.4]. */
static uint32_t identified(const struct stet_candidates *candidates,
                           const struct stet_head *response, enum proof proof)
{
    uint32_t fitting = 0;

    for (size_t i = 0; i < count_of(candidates); i++)
        if (is_proved(&candidates->at[i], response, proof))
            fitting |= bit(i);
    if (proof == PROOF_STRONG_TAG)
        return fitting;
    if (proof == PROOF_NONE)
        return candidates->count == 1 ? fitting : 0;
    return newest_of(candidates, fitting);
}

/* Exactly one candidate was asked about, and with no tag besides its own. */
static bool asked_alone(const struct stet_validation *plan, const struct stet_request *request,
                        const struct stet_candidates *candidates)
{
    struct tags walk = tags_of(plan, request, candidates);
    struct stet_etag tag;

    if (!is_one_bit(plan->sent))
        return false;
    struct stet_etag own = stet_etag_of(candidates->at[index_of(plan->sent)].head);
    while (tags_next(&walk, &tag))
        if (!stet_etag_present(own) || !same_tag(own, tag))
            return false;
    return true;
}

/* The 304's tag is one that the client has listed itself. */
static bool client_lists(const struct stet_request *request, const struct stet_head *response)
{
    struct stet_list list = stet_list_of(&request->head, STET_FIELD_IF_NONE_MATCH);
    struct stet_etag theirs = stet_etag_of(response), tag;

    while (stet_etags_next(&list, &tag))
        if (stet_etag_equal_weak(theirs, tag))
            return true;
    return false;
}

/* The client's request has a condition to which 304 is an answer; If-Match, If-Unmodified-Since and
 * If-Range are none [RFC 9110 §13.1]. */
static bool asks_itself(const struct stet_head *request)
{
    return stet_head_has(request, STET_FIELD_IF_NONE_MATCH) ||
           stet_head_has(request, STET_FIELD_IF_MODIFIED_SINCE);
}

/* A 304 without a validator says of the only stored response, which has none either, that it is
 * current, if what the client asked about is a date that this is no older than: what was not
 * modified since then was not since. If it asked by tags, or by "*", nothing is known of ours
 * [RFC 9111 §4.3.4]. */
static bool speaks_of_it(const struct stet_request *request,
                         const struct stet_candidates *candidates)
{
    struct stet_span text = stet_head_single(&request->head, STET_FIELD_IF_MODIFIED_SINCE);
    int64_t since;

    if (candidates->count != 1 || stet_head_has(&request->head, STET_FIELD_IF_NONE_MATCH))
        return false;
    int64_t date = candidates->at[0].stored->times.date;
    return stet_date_read(text, date, &since) && since <= date;
}

static struct stet_validated answered(enum stet_validated_answer answer, enum stet_reason reason)
{
    return (struct stet_validated){.answer = answer, .reason = reason};
}

/* Uses the newest of those that were asked about: a part that does not cover what the request asks
 * for may be renewed with them, but is no answer [RFC 9111 §3.3]. */
static struct stet_validated use(const struct stet_validation *plan,
                                 const struct stet_candidates *candidates, uint32_t update,
                                 uint32_t renew)
{
    struct stet_validated verdict =
        answered(STET_VALIDATED_USE, update ? STET_REASON_VALIDATED : STET_REASON_VALIDATED_ALONE);

    verdict.update = update;
    verdict.renew = renew;
    verdict.use = index_of(newest_of(candidates, renew & plan->sent));
    return verdict;
}

static struct stet_validated judge_304(const struct stet_validation *plan,
                                       const struct stet_request *request,
                                       const struct stet_candidates *candidates,
                                       const struct stet_response *response)
{
    enum proof proof = proof_of(&response->head);
    uint32_t update = identified(candidates, &response->head, proof);

    if (plan->asks ? !plan->conditional : !asks_itself(&request->head))
        return answered(STET_VALIDATED_FAULT, STET_REASON_NEVER_ASKED); /* D-01 */
    if (!plan->asks) { /* all conditions were the client's [RFC 9110 §15.4.5] */
        struct stet_validated pass = answered(STET_VALIDATED_PASS, STET_REASON_CLIENT_CURRENT);
        if (proof != PROOF_NONE || speaks_of_it(request, candidates))
            pass.update = pass.renew = update;
        return pass;
    }
    if (update & plan->sent)
        return use(plan, candidates, update, update);
    if (proof == PROOF_NONE && asked_alone(plan, request, candidates))
        return use(plan, candidates, 0, plan->sent);
    if (plan->joined && client_lists(request, &response->head))
        return answered(STET_VALIDATED_PASS, STET_REASON_CLIENT_CURRENT); /* D-15 */
    return answered(STET_VALIDATED_REPEAT, STET_REASON_MATCHES_NOTHING);  /* D-15 */
}

struct stet_validated stet_validation_judge(const struct stet_validation *plan,
                                            const struct stet_request *request,
                                            const struct stet_candidates *candidates,
                                            const struct stet_response *response)
{
    if (response->status == 304)
        return judge_304(plan, request, candidates, response);
    if (stet_status_is_failure(response->status)) /* D-41 */
        return answered(STET_VALIDATED_FAILED, STET_REASON_ORIGIN_FAILED);
    return answered(STET_VALIDATED_REPLACE, STET_REASON_REPLACED);
}
