/* Judges whether a response may be stored, and sums up those that are.
 *
 * One question after the other; the first that says no gives the reason:
 *
 *     method, content of the request, status -> what the request and the response forbid
 *     -> is there a permission [RFC 9111 §3] -> would it ever be of use
 *
 * The sum is a handful of numbers, so that a hit parses nothing that was known before.
 *
 * Given up: POST and PATCH responses with a lifetime and a Content-Location, which the law allows
 * to store (D-35).
 */
#include "stet/policy.h"

#include "stet/metadata.h"
#include "stet/parts.h"
#include "stet/status.h"
#include "stet/vary.h"

/* Storing. */

static bool has(const struct stet_cachecontrol *directives, enum stet_directive directive)
{
    return stet_cachecontrol_has(directives, directive);
}

static bool is_shared(const struct stet_profile *profile)
{
    return profile->role == STET_ROLE_SHARED;
}

static enum stet_reason method_refusal(const struct stet_profile *profile,
                                       const struct stet_transaction *transaction)
{
    enum stet_method method = transaction->request->method;
    bool query = method == STET_METHOD_QUERY && profile->query; /* [RFC 10008 §2.7] */

    if (method != STET_METHOD_GET && method != STET_METHOD_HEAD && !query)
        return STET_REASON_METHOD_NOT_STORED;
    if (transaction->request_content && !query)
        return STET_REASON_REQUEST_HAS_CONTENT; /* D-36 */
    return STET_REASON_NONE;
}

static enum stet_reason status_refusal(const struct stet_profile *profile, int status)
{
    if (!stet_status_is_storable(status))
        return STET_REASON_STATUS_NOT_STORED;
    if (profile->refuses_errors && (status == 400 || status == 413 || status == 501))
        return STET_REASON_ERROR_NOT_SHARED;
    return STET_REASON_NONE;
}

/* A part is stored if it is proved, a response that broke off if what is missing can be asked for
 * and joined: under a strong tag [RFC 9111 §3.3]. */
static enum stet_reason part_refusal(const struct stet_profile *profile,
                                     const struct stet_transaction *transaction)
{
    const struct stet_response *response = transaction->response;
    struct stet_content_range part;
    bool is_part = response->status == 206;

    if (!is_part && !transaction->incomplete)
        return STET_REASON_NONE;
    if (!profile->ranges)
        return STET_REASON_PART_UNSUPPORTED;
    if (transaction->request->method != STET_METHOD_GET)
        return STET_REASON_PART_UNPROVED;
    if (is_part)
        return stet_part_read(response, &part) ? STET_REASON_NONE : STET_REASON_PART_UNPROVED;
    struct stet_etag tag = stet_etag_of(&response->head);
    bool completable = response->status == 200 && stet_etag_present(tag) && !tag.weak &&
                       stet_head_lines(&response->head, STET_FIELD_CONTENT_LENGTH) == 1;
    return completable ? STET_REASON_NONE : STET_REASON_PART_UNPROVED;
}

/* no-store, and must-understand, which lifts it where the status is understood (D-28)
 * [RFC 9111 §5.2.2.3]. */
static enum stet_reason no_store_refusal(const struct stet_profile *profile, int status,
                                         const struct stet_cachecontrol *directives)
{
    bool careful = has(directives, STET_DIRECTIVE_MUST_UNDERSTAND);
    bool understood = stet_status_is_understood(status) && (status != 206 || profile->ranges);

    if (directives->unclosed)
        return STET_REASON_QUOTES_UNCLOSED;
    if (careful && !understood)
        return STET_REASON_STATUS_NOT_UNDERSTOOD;
    if (has(directives, STET_DIRECTIVE_NO_STORE) && !careful)
        return STET_REASON_NO_STORE;
    return STET_REASON_NONE;
}

static bool is_authorised(const struct stet_transaction *transaction)
{
    return transaction->authorised ||
           stet_head_has(&transaction->request->head, STET_FIELD_AUTHORIZATION);
}

/* What answered an authorised request is shared only with an explicit word for it
 * [RFC 9111 §3.5]. */
static bool is_guarded(const struct stet_profile *profile,
                       const struct stet_transaction *transaction,
                       const struct stet_cachecontrol *directives)
{
    return is_authorised(transaction) &&
           !(profile->authorised && (has(directives, STET_DIRECTIVE_PUBLIC) ||
                                     has(directives, STET_DIRECTIVE_MUST_REVALIDATE) ||
                                     has(directives, STET_DIRECTIVE_S_MAXAGE)));
}

/* The response sets cookies that were not excepted by name, and does not say that it is for all
 * (D-21). */
static bool sets_cookie(const struct stet_profile *profile, const struct stet_head *response,
                        const struct stet_cachecontrol *directives)
{
    struct stet_span name = STET_SPAN("Set-Cookie");
    bool targeted =
        directives->source != STET_FIELD_UNKNOWN && directives->source != STET_FIELD_CACHE_CONTROL;

    if (!stet_head_has(response, STET_FIELD_SET_COOKIE) || profile->cookies == STET_COOKIES_KEEP ||
        stet_cachecontrol_names(directives, STET_DIRECTIVE_NO_CACHE, name) ||
        stet_cachecontrol_names(directives, STET_DIRECTIVE_PRIVATE, name))
        return false;
    return profile->cookies == STET_COOKIES_REFUSE ||
           !(has(directives, STET_DIRECTIVE_PUBLIC) || has(directives, STET_DIRECTIVE_S_MAXAGE) ||
             (targeted && has(directives, STET_DIRECTIVE_MAX_AGE)));
}

static enum stet_reason shared_refusal(const struct stet_profile *profile,
                                       const struct stet_transaction *transaction,
                                       const struct stet_cachecontrol *directives)
{
    if (has(directives, STET_DIRECTIVE_PRIVATE))
        return STET_REASON_PRIVATE; /* [RFC 9111 §5.2.2.7] */
    if (is_guarded(profile, transaction, directives))
        return STET_REASON_AUTHORIZATION;
    if (sets_cookie(profile, &transaction->response->head, directives))
        return STET_REASON_SET_COOKIE;
    return STET_REASON_NONE;
}

/* [RFC 9111 §3], the last item of its list. */
static bool is_permitted(const struct stet_profile *profile, const struct stet_response *response,
                         const struct stet_cachecontrol *directives)
{
    bool ordinary =
        directives->source == STET_FIELD_CACHE_CONTROL || directives->source == STET_FIELD_UNKNOWN;

    return has(directives, STET_DIRECTIVE_PUBLIC) || has(directives, STET_DIRECTIVE_MAX_AGE) ||
           has(directives, is_shared(profile) ? STET_DIRECTIVE_S_MAXAGE : STET_DIRECTIVE_PRIVATE) ||
           (ordinary && stet_head_has(&response->head, STET_FIELD_EXPIRES)) ||
           (profile->heuristics == STET_HEURISTICS_FULL ? stet_status_is_heuristic(response->status)
                                                        : stet_status_is_usual(response->status));
}

static bool is_bare(const struct stet_head *response)
{
    return !stet_head_has(response, STET_FIELD_ETAG) &&
           !stet_head_has(response, STET_FIELD_LAST_MODIFIED);
}

/* With nothing to validate it by, only its lifetime or a permission to serve it stale could make
 * it answer a request. */
static bool is_useless(const struct stet_profile *profile,
                       const struct stet_transaction *transaction,
                       const struct stet_cachecontrol *directives)
{
    if (profile->validates_bare || !is_bare(&transaction->response->head))
        return false;
    struct stet_stored stored = stet_stored_of(profile, transaction, directives);
    bool stale_use = stored.stale_while_revalidate ||
                     (stored.stale_if_error != 0 && stored.stale_if_error != STET_SECONDS_NONE);
    return stored.no_cache || (stored.lifetime == 0 && !stale_use);
}

static enum stet_reason head_refusal(const struct stet_profile *profile,
                                     const struct stet_transaction *transaction,
                                     const struct stet_cachecontrol *directives)
{
    const struct stet_response *response = transaction->response;
    enum stet_reason refusal = no_store_refusal(profile, response->status, directives);

    if (refusal == STET_REASON_NONE && is_shared(profile))
        refusal = shared_refusal(profile, transaction, directives);
    if (refusal != STET_REASON_NONE)
        return refusal;
    if (stet_vary_any(&response->head))
        return STET_REASON_VARY_ANY; /* D-09 */
    refusal = part_refusal(profile, transaction);
    if (refusal != STET_REASON_NONE)
        return refusal;
    if (!is_permitted(profile, response, directives))
        return STET_REASON_NO_PERMISSION;
    return is_useless(profile, transaction, directives) ? STET_REASON_NEVER_REUSABLE
                                                        : STET_REASON_NONE;
}

static enum stet_reason request_refusal(const struct stet_profile *profile,
                                        const struct stet_transaction *transaction)
{
    enum stet_reason refusal = method_refusal(profile, transaction);

    if (refusal == STET_REASON_NONE)
        refusal = status_refusal(profile, transaction->response->status);
    if (refusal == STET_REASON_NONE) {
        struct stet_cachecontrol asked = stet_cachecontrol_of_request(&transaction->request->head);
        if (has(&asked, STET_DIRECTIVE_NO_STORE))
            refusal = STET_REASON_REQUEST_NO_STORE; /* [RFC 9111 §5.2.1.5] */
    }
    return refusal;
}

struct stet_storing stet_may_store(const struct stet_profile *profile,
                                   const struct stet_transaction *transaction)
{
    struct stet_storing storing = {
        .directives = stet_cachecontrol_of_response(&transaction->response->head, profile->targets,
                                                    profile->target_count)};
    enum stet_reason refusal = request_refusal(profile, transaction);

    if (refusal == STET_REASON_NONE)
        refusal = head_refusal(profile, transaction, &storing.directives);
    storing.allowed = refusal == STET_REASON_NONE;
    storing.reason = storing.allowed ? STET_REASON_STORABLE : refusal;
    return storing;
}

bool stet_may_keep(const struct stet_profile *profile, const struct stet_head *response,
                   const struct stet_cachecontrol *directives, const struct stet_field *field)
{
    bool shared = is_shared(profile);

    if (!stet_metadata_is_stored(response, field) ||
        (shared && field->id == STET_FIELD_SET_COOKIE && profile->cookies != STET_COOKIES_KEEP))
        return false;
    return directives->list_count == 0 || /* [RFC 9111 §5.2.2.4, RFC 9111 §5.2.2.7] */
           (!stet_cachecontrol_names(directives, STET_DIRECTIVE_NO_CACHE, field->name) &&
            !(shared && stet_cachecontrol_names(directives, STET_DIRECTIVE_PRIVATE, field->name)));
}

/* What is stored. */

static enum stet_reason barred_by(const struct stet_profile *profile,
                                  const struct stet_cachecontrol *directives)
{
    if (has(directives, STET_DIRECTIVE_MUST_REVALIDATE))
        return STET_REASON_MUST_REVALIDATE;
    if (is_shared(profile) && has(directives, STET_DIRECTIVE_PROXY_REVALIDATE))
        return STET_REASON_PROXY_REVALIDATE;
    if (is_shared(profile) && has(directives, STET_DIRECTIVE_S_MAXAGE))
        return STET_REASON_S_MAXAGE;
    return STET_REASON_NONE;
}

/* Fills in what the directives and the times say of a response with this head. */
static void stored_judge(struct stet_stored *stored, const struct stet_profile *profile,
                         const struct stet_response *response,
                         const struct stet_cachecontrol *directives)
{
    struct stet_lifetime lifetime = stet_lifetime_of(profile, response, directives, &stored->times);
    uint32_t window = stet_cachecontrol_seconds(directives, STET_DIRECTIVE_STALE_WHILE_REVALIDATE);

    stored->lifetime = lifetime.seconds;
    stored->source = lifetime.source;
    stored->stale_while_revalidate = window == STET_SECONDS_NONE ? 0 : window;
    stored->stale_if_error = stet_cachecontrol_seconds(directives, STET_DIRECTIVE_STALE_IF_ERROR);
    stored->barred = barred_by(profile, directives);
    stored->no_cache = has(directives, STET_DIRECTIVE_NO_CACHE);
    stored->immutable = has(directives, STET_DIRECTIVE_IMMUTABLE) &&
                        (is_shared(profile) || !stored->unsecured); /* [RFC 8246 §3] */
    stored->selected = stet_head_has(&response->head, STET_FIELD_VARY);
}

struct stet_stored stet_stored_of(const struct stet_profile *profile,
                                  const struct stet_transaction *transaction,
                                  const struct stet_cachecontrol *directives)
{
    const struct stet_response *response = transaction->response;
    struct stet_stored stored = {
        .times = stet_times_of(&response->head, &transaction->arrival),
        .method = transaction->request->method,
        .status = response->status,
        .partial = response->status == 206 || transaction->incomplete,
        .unsecured = transaction->unsecured,
        .authorised = is_authorised(transaction),
    };

    stored_judge(&stored, profile, response, directives);
    return stored;
}

void stet_stored_renew(struct stet_stored *stored, const struct stet_profile *profile,
                       const struct stet_head *updated, const struct stet_times *times)
{
    struct stet_response response = {stored->status, *updated};
    struct stet_cachecontrol directives =
        stet_cachecontrol_of_response(updated, profile->targets, profile->target_count);

    stored->times = *times;
    stored->marked = false;
    stored_judge(stored, profile, &response, &directives);
}

bool stet_stored_precedes(const struct stet_stored *a, const struct stet_stored *b)
{
    if (a->selected != b->selected)
        return a->selected; /* [RFC 9111 §4.1] */
    if (a->times.date != b->times.date)
        return a->times.date > b->times.date; /* [RFC 9111 §4] */
    return a->times.received > b->times.received;
}

void stet_stored_expire(struct stet_stored *stored, int64_t now)
{
    uint32_t age = stet_age(&stored->times, now);
    if (stored->lifetime > age)
        stored->lifetime = age;
}
