/* Judges whether a stored response may answer a request at a moment in time.
 *
 * From two small structs, what is stored and what is asked, in this order:
 *
 *     does it answer such a request at all -> must it be validated whatever its age
 *     -> fresh, and fresh enough for this client -> stale, but with a permission -> validate
 *
 * A response that bars stale use is never served stale, whoever permits it: the client by
 * max-stale, the response by stale-while-revalidate or stale-if-error, or the profile (D-24, D-41,
 * D-42) [RFC 9111 §4.2.4].
 *
 * A request's max-age is compared as a lifetime is: an age that equals it is too old. The true age
 * lies up to a second above the rounded one, and "max-age=0" means what clients mean by it.
 */
#include "stet/reuse.h"

#include "stet/status.h"

struct stet_asked stet_asked_of(const struct stet_profile *profile,
                                const struct stet_request *request, bool content)
{
    const struct stet_head *head = &request->head;
    struct stet_asked asked = {
        .method = request->method,
        .content = content,
        .range = stet_head_has(head, STET_FIELD_RANGE),
        .max_age = STET_SECONDS_NONE,
        .max_stale = STET_SECONDS_NONE,
        .stale_if_error = STET_SECONDS_NONE,
    };

    /* most requests say nothing */
    if (!stet_head_has(head, STET_FIELD_CACHE_CONTROL) && !stet_head_has(head, STET_FIELD_PRAGMA))
        return asked;
    const struct stet_cachecontrol said = stet_cachecontrol_of_request(head);
    asked.only_if_cached = stet_cachecontrol_has(&said, STET_DIRECTIVE_ONLY_IF_CACHED);
    asked.no_store = stet_cachecontrol_has(&said, STET_DIRECTIVE_NO_STORE);
    if (!profile->request_freshness) /* D-24 */
        return asked;
    if (stet_cachecontrol_has(&said, STET_DIRECTIVE_NO_CACHE))
        asked.no_cache = said.source == STET_FIELD_PRAGMA ? STET_REASON_REQUEST_PRAGMA
                                                          : STET_REASON_REQUEST_NO_CACHE;
    if (stet_cachecontrol_has(&said, STET_DIRECTIVE_MIN_FRESH))
        asked.min_fresh = said.seconds[STET_DIRECTIVE_MIN_FRESH];
    asked.max_age = stet_cachecontrol_seconds(&said, STET_DIRECTIVE_MAX_AGE);
    asked.max_stale = stet_cachecontrol_seconds(&said, STET_DIRECTIVE_MAX_STALE);
    asked.stale_if_error = stet_cachecontrol_seconds(&said, STET_DIRECTIVE_STALE_IF_ERROR);
    return asked;
}

/* Why the stored response does not answer such a request, whatever its age. */
static enum stet_reason misfit(const struct stet_stored *stored, const struct stet_asked *asked)
{
    bool reusable = asked->method == STET_METHOD_GET || asked->method == STET_METHOD_HEAD ||
                    asked->method == STET_METHOD_QUERY;
    bool fits = stored->method == asked->method || /* [RFC 9110 §9.3.1, RFC 10008 §2.7] */
                (stored->method == STET_METHOD_GET && asked->method == STET_METHOD_HEAD); /* D-37 */

    if (!reusable || !fits)
        return STET_REASON_NOT_FOR_METHOD; /* [RFC 9111 §4] */
    if (asked->content && asked->method != STET_METHOD_QUERY)
        return STET_REASON_REQUEST_HAS_CONTENT; /* D-36 */
    if (stored->partial && !(asked->range && asked->method != STET_METHOD_HEAD))
        return STET_REASON_NOT_WHOLE; /* [RFC 9111 §3.3] */
    return STET_REASON_NONE;
}

/* Why it must be validated, whatever its age. */
static enum stet_reason duty(const struct stet_profile *profile, const struct stet_stored *stored,
                             const struct stet_asked *asked)
{
    if (stored->marked)
        return STET_REASON_MARKED_INVALID; /* [RFC 9111 §4.4] */
    if (stored->no_cache)
        return STET_REASON_NO_CACHE; /* [RFC 9111 §5.2.2.4] */
    if (profile->clockless)
        return STET_REASON_NO_CLOCK; /* [RFC 9111 §4] */
    return asked->no_cache;          /* [RFC 9111 §5.2.1.4] */
}

/* A verdict with the age and the remaining lifetime. */
static struct stet_reuse measured(const struct stet_stored *stored, int64_t now)
{
    uint32_t age = stet_age(&stored->times, now);
    return (struct stet_reuse){.age = age, .ttl = (int64_t)stored->lifetime - age};
}

static struct stet_reuse verdict(struct stet_reuse reuse, enum stet_reuse_answer answer,
                                 enum stet_reason reason)
{
    reuse.answer = answer;
    reuse.reason = reason;
    return reuse;
}

/* The verdict on a fresh response: it may still be too old for this client. An immutable one is
 * not, or the reload that asks for max-age=0 would be what the origin wants to spare
 * [RFC 8246 §2.1]. */
static struct stet_reuse fresh(const struct stet_stored *stored, const struct stet_asked *asked,
                               struct stet_reuse reuse)
{
    if (reuse.ttl < (int64_t)asked->min_fresh)
        return verdict(reuse, STET_REUSE_VALIDATE, STET_REASON_REQUEST_MIN_FRESH);
    if (reuse.age < asked->max_age)
        return verdict(reuse, STET_REUSE_FRESH, STET_REASON_FRESH);
    return stored->immutable ? verdict(reuse, STET_REUSE_FRESH, STET_REASON_FRESH_IMMUTABLE)
                             : verdict(reuse, STET_REUSE_VALIDATE, STET_REASON_REQUEST_MAX_AGE);
}

/* The response is stale by so many seconds, and the window is wide enough. */
static bool within(struct stet_reuse reuse, uint32_t window)
{
    return window != STET_SECONDS_NONE && -reuse.ttl <= (int64_t)window;
}

static struct stet_reuse stale(const struct stet_stored *stored, const struct stet_asked *asked,
                               struct stet_reuse reuse)
{
    bool limits = asked->min_fresh > 0 || reuse.age >= asked->max_age;
    bool wants_fresh = asked->min_fresh > 0 || asked->max_age != STET_SECONDS_NONE;

    if (stored->barred != STET_REASON_NONE)
        return verdict(reuse, STET_REUSE_VALIDATE, stored->barred);
    if (within(reuse, asked->max_stale) && !limits) /* [RFC 9111 §5.2.1.2] */
        return verdict(reuse, STET_REUSE_STALE, STET_REASON_STALE_MAX_STALE);
    if (stored->stale_while_revalidate && within(reuse, stored->stale_while_revalidate) &&
        !wants_fresh) /* [RFC 5861 §3, RFC 9111 §5.2.1.1] */
        return verdict(reuse, STET_REUSE_REFRESH, STET_REASON_STALE_WHILE_REVALIDATE);
    return verdict(reuse, STET_REUSE_VALIDATE, STET_REASON_STALE);
}

/* What a request that may not go on gets instead of going on [RFC 9111 §5.2.1.7]. */
static struct stet_reuse or_timeout(struct stet_reuse reuse, const struct stet_asked *asked)
{
    bool goes_on = reuse.answer == STET_REUSE_VALIDATE || reuse.answer == STET_REUSE_FORWARD;

    if (goes_on && asked->only_if_cached)
        return verdict(reuse, STET_REUSE_TIMEOUT, STET_REASON_ONLY_IF_CACHED);
    return reuse;
}

struct stet_reuse stet_may_reuse(const struct stet_profile *profile,
                                 const struct stet_stored *stored, const struct stet_asked *asked,
                                 int64_t now)
{
    struct stet_reuse reuse = measured(stored, now);
    enum stet_reason why;

    if ((why = misfit(stored, asked)) != STET_REASON_NONE)
        reuse = verdict(reuse, STET_REUSE_FORWARD, why);
    else if ((why = duty(profile, stored, asked)) != STET_REASON_NONE)
        reuse = verdict(reuse, STET_REUSE_VALIDATE, why);
    else if (reuse.ttl > 0) /* [RFC 9111 §4.2] */
        reuse = fresh(stored, asked, reuse);
    else
        reuse = stale(stored, asked, reuse);
    return or_timeout(reuse, asked);
}

struct stet_reuse stet_reuse_of_nothing(const struct stet_asked *asked)
{
    struct stet_reuse reuse = {.answer = STET_REUSE_FORWARD, .reason = STET_REASON_NOT_STORED};
    return or_timeout(reuse, asked);
}

/* The wider one of two windows, of which either may be absent. */
static uint32_t wider(uint32_t a, uint32_t b)
{
    if (a == STET_SECONDS_NONE || b == STET_SECONDS_NONE)
        return a == STET_SECONDS_NONE ? b : a;
    return a > b ? a : b;
}

struct stet_reuse stet_may_reuse_on_error(const struct stet_profile *profile,
                                          const struct stet_stored *stored,
                                          const struct stet_asked *asked, int status, int64_t now)
{
    struct stet_reuse reuse = measured(stored, now);
    enum stet_reason why = misfit(stored, asked);
    uint32_t window = wider(stored->stale_if_error, asked->stale_if_error);

    if (status != 0 && !stet_status_is_failure(status)) /* [RFC 5861 §4] */
        return verdict(reuse, STET_REUSE_ERROR, STET_REASON_ERROR_PASSED);
    if (why != STET_REASON_NONE || (why = duty(profile, stored, asked)) != STET_REASON_NONE)
        return verdict(reuse, STET_REUSE_ERROR, why);
    if (reuse.ttl > 0)
        return verdict(reuse, STET_REUSE_FRESH, STET_REASON_FRESH);
    if (stored->barred != STET_REASON_NONE) /* [RFC 9111 §5.2.2.2] */
        return verdict(reuse, STET_REUSE_ERROR, stored->barred);
    if (within(reuse, window))
        return verdict(reuse, STET_REUSE_STALE, STET_REASON_STALE_IF_ERROR);
    if (status == 0 && profile->disconnected && window == STET_SECONDS_NONE)
        return verdict(reuse, STET_REUSE_STALE, STET_REASON_STALE_DISCONNECTED);
    return verdict(reuse, STET_REUSE_ERROR, STET_REASON_ERROR_PASSED);
}

struct stet_reuse stet_may_reuse_validated(const struct stet_stored *stored, int64_t now)
{
    struct stet_reuse reuse = measured(stored, now);
    bool end_to_end = stored->no_cache || stored->barred != STET_REASON_NONE;

    if (reuse.ttl > 0)
        return verdict(reuse, STET_REUSE_FRESH, STET_REASON_VALIDATED);
    if (stored->times.age_value > 0 && end_to_end) /* D-12 */
        return verdict(reuse, STET_REUSE_VALIDATE,
                       stored->no_cache ? STET_REASON_NO_CACHE : stored->barred);
    return verdict(reuse, STET_REUSE_STALE, STET_REASON_VALIDATED);
}
