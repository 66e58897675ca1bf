/* Reads what a response says about time, once, into numbers.
 *
 *     corrected_age_value   = Age + (received - requested)          both steady
 *     apparent_age          = max(0, wall - Date)
 *     corrected_initial_age = max(corrected_age_value, apparent_age)
 *     current_age           = corrected_initial_age + (now - received)
 *
 * Everything saturates at 2^31 seconds, so nothing wraps and nothing is immortal
 * [RFC 9111 §1.2.2].
 *
 * Given up: believing Age alone when all hops are known to be good, which the law allows
 * [RFC 9111 §4.2.3]; a wrong Date then costs some hits, never a stale answer.
 */
#include "stet/freshness.h"
#include "stet/date.h"
#include "stet/status.h"

/* The seconds from `from` to `to`, 0 if that is backwards. */
static uint32_t seconds_between(int64_t from, int64_t to)
{
    if (to <= from)
        return 0;
    uint64_t gap = (uint64_t)to - (uint64_t)from;
    return gap > STET_SECONDS_MAX ? STET_SECONDS_MAX : (uint32_t)gap;
}

static uint32_t seconds_add(uint32_t a, uint32_t b)
{
    uint64_t sum = (uint64_t)a + b;
    return sum > STET_SECONDS_MAX ? STET_SECONDS_MAX : (uint32_t)sum;
}

/* The first member of Age, if it is delta-seconds; else the field says nothing
 * [RFC 9111 §5.1]. */
static uint32_t age_read(const struct stet_head *response)
{
    struct stet_list list = stet_list_of(response, STET_FIELD_AGE);
    struct stet_span member;
    uint64_t seconds;

    if (stet_list_next(&list, &member) && stet_span_number(member, STET_SECONDS_MAX, &seconds))
        return (uint32_t)seconds;
    return 0;
}

struct stet_times stet_times_of(const struct stet_head *response,
                                const struct stet_arrival *arrival)
{
    struct stet_times times = {arrival->received, arrival->wall, arrival->wall, 0, 0};

    if (stet_head_has(response, STET_FIELD_DATE)) /* an invalid one changes nothing (D-26) */
        stet_date_read(stet_head_single(response, STET_FIELD_DATE), arrival->wall, &times.date);
    if (stet_head_has(response, STET_FIELD_AGE))
        times.age_value = age_read(response);
    uint32_t delay = seconds_between(arrival->requested, arrival->received);
    uint32_t corrected = seconds_add(times.age_value, delay); /* [RFC 9111 §4.2.3] */
    uint32_t apparent = seconds_between(times.date, arrival->wall);
    times.initial_age = corrected > apparent ? corrected : apparent;
    return times;
}

void stet_times_resume(struct stet_times *times, uint32_t age, int64_t now)
{
    times->received = now;
    times->initial_age = age;
}

uint32_t stet_age(const struct stet_times *times, int64_t now)
{
    return seconds_add(times->initial_age, seconds_between(times->received, now));
}

/* Lifetimes. */

static struct stet_lifetime lifetime_of_directive(const struct stet_cachecontrol *directives,
                                                  enum stet_directive directive,
                                                  enum stet_lifetime_source source,
                                                  enum stet_reason reason)
{
    bool flawed = (directives->flawed >> directive) & 1;
    return (struct stet_lifetime){directives->seconds[directive], source,
                                  flawed ? STET_REASON_LIFETIME_FLAWED : reason};
}

/* Several Expires lines say one thing if they say the same [RFC 9111 §4.2.1] (D-29). */
static bool expires_read(const struct stet_head *response, int64_t wall, int64_t *expires)
{
    const struct stet_field *field = stet_head_first(response, STET_FIELD_EXPIRES);
    int64_t other;

    if (!field || !stet_date_read(field->value, wall, expires))
        return false;
    while ((field = stet_head_next(response, field)))
        if (!stet_date_read(field->value, wall, &other) || other != *expires)
            return false;
    return true;
}

/* An invalid date is in the past [RFC 9111 §5.3]. */
static struct stet_lifetime lifetime_of_expires(const struct stet_head *response,
                                                const struct stet_times *times)
{
    struct stet_lifetime lifetime = {0, STET_LIFETIME_EXPIRES, STET_REASON_LIFETIME_FLAWED};
    int64_t expires;

    if (expires_read(response, times->wall, &expires)) {
        lifetime.seconds = seconds_between(times->date, expires);
        lifetime.reason = STET_REASON_LIFETIME_EXPIRES;
    }
    return lifetime;
}

/* [RFC 9111 §4.2.2] */
static bool may_guess(const struct stet_profile *profile, int status,
                      const struct stet_cachecontrol *directives)
{
    if (profile->heuristics == STET_HEURISTICS_OFF)
        return false;
    if (stet_cachecontrol_has(directives, STET_DIRECTIVE_PUBLIC))
        return true; /* [RFC 9111 §5.2.2.9] */
    return profile->heuristics == STET_HEURISTICS_FULL ? stet_status_is_heuristic(status)
                                                       : stet_status_is_usual(status);
}

static struct stet_lifetime lifetime_guessed(const struct stet_head *response,
                                             const struct stet_times *times)
{
    struct stet_lifetime lifetime = {0, STET_LIFETIME_NONE, STET_REASON_LIFETIME_NONE};
    int64_t modified;

    if (!stet_head_has(response, STET_FIELD_LAST_MODIFIED) ||
        !stet_date_read(stet_head_single(response, STET_FIELD_LAST_MODIFIED), times->wall,
                        &modified))
        return lifetime;
    uint32_t tenth = seconds_between(modified, times->date) / 10;
    lifetime.seconds = tenth < STET_HEURISTIC_MAX ? tenth : STET_HEURISTIC_MAX; /* D-10 */
    lifetime.source = STET_LIFETIME_HEURISTIC;
    lifetime.reason = STET_REASON_LIFETIME_HEURISTIC;
    return lifetime;
}

struct stet_lifetime stet_lifetime_of(const struct stet_profile *profile,
                                      const struct stet_response *response,
                                      const struct stet_cachecontrol *directives,
                                      const struct stet_times *times)
{
    bool ordinary =
        directives->source == STET_FIELD_CACHE_CONTROL || directives->source == STET_FIELD_UNKNOWN;

    if (profile->role == STET_ROLE_SHARED &&
        stet_cachecontrol_has(directives, STET_DIRECTIVE_S_MAXAGE)) /* [RFC 9111 §5.2.2.10] */
        return lifetime_of_directive(directives, STET_DIRECTIVE_S_MAXAGE, STET_LIFETIME_S_MAXAGE,
                                     STET_REASON_LIFETIME_S_MAXAGE);
    if (stet_cachecontrol_has(directives, STET_DIRECTIVE_MAX_AGE)) /* [RFC 9111 §5.3] */
        return lifetime_of_directive(directives, STET_DIRECTIVE_MAX_AGE, STET_LIFETIME_MAX_AGE,
                                     STET_REASON_LIFETIME_MAX_AGE);
    if (ordinary && stet_head_has(&response->head, STET_FIELD_EXPIRES)) /* [RFC 9213 §2.2] */
        return lifetime_of_expires(&response->head, times);
    if (may_guess(profile, response->status, directives))
        return lifetime_guessed(&response->head, times);
    return (struct stet_lifetime){0, STET_LIFETIME_NONE, STET_REASON_LIFETIME_NONE};
}
