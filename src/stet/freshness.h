/* Freshness: how long a response lives and how old it is [RFC 9111 §4.2].
 *
 * All times are whole seconds, rounded down. Since lifetimes are whole seconds too, rounding never
 * makes anything live longer than it may [RFC 9111 §4.2].
 *
 * There are two clocks. The *wall clock* counts seconds since 1970 and is held against Date alone.
 * The *steady clock* has any origin and never steps back; how long a response has been here is
 * measured by it, so that setting the wall clock makes nothing younger or older (D-25). A caller
 * with one clock passes it as both. Whoever keeps responses beyond the life of the steady clock
 * starts them again with stet_times_resume.
 */
#ifndef STET_FRESHNESS_H
#define STET_FRESHNESS_H

#include "stet/cachecontrol.h"
#include "stet/profile.h"
#include "stet/reason.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The longest lifetime that is ever guessed: a day (D-10). */
#define STET_HEURISTIC_MAX UINT32_C(86400)

/* When a response came. */
struct stet_arrival {
    int64_t requested; /* steady clock: when the request went out */
    int64_t received;  /* steady clock: when the head had come in */
    int64_t wall;      /* wall clock at that moment */
};

/* What is kept of it: made once when a response is stored, and again when it is validated. */
struct stet_times {
    int64_t received;     /* steady clock */
    int64_t wall;         /* wall clock at receipt */
    int64_t date;         /* its Date; `wall` if that is absent or invalid (D-26) */
    uint32_t initial_age; /* seconds old when it came: corrected_initial_age [RFC 9111 §4.2.3] */
    uint32_t age_value;   /* what its Age field said, 0 without one [RFC 9111 §5.1] */
};

/* Reads Date and Age of a response. The initial age is the greater one of what Date and what Age
 * say, with the time since the request was sent added to the latter; a Date in the future gives 0
 * (D-25). Of an Age list the first member counts, if it is a number (D-30). */
STET_API struct stet_times stet_times_of(const struct stet_head *response,
                                         const struct stet_arrival *arrival);

/* Starts kept times again on another steady clock: the response is `age` seconds old at `now`. */
STET_API void stet_times_resume(struct stet_times *times, uint32_t age, int64_t now);

/* The age at `now` (steady clock), 0 to STET_SECONDS_MAX; never less than at receipt
 * [RFC 9111 §4.2.3]. */
STET_API uint32_t stet_age(const struct stet_times *times, int64_t now);

enum stet_lifetime_source {
    STET_LIFETIME_NONE,     /* nothing says how long, and nothing may be guessed: 0 */
    STET_LIFETIME_S_MAXAGE, /* s-maxage, shared caches only */
    STET_LIFETIME_MAX_AGE,  /* max-age */
    STET_LIFETIME_EXPIRES,  /* Expires minus Date */
    STET_LIFETIME_HEURISTIC /* a tenth of Date minus Last-Modified, a day at most (D-10) */
};

/* How long a response lives from when it was made. */
struct stet_lifetime {
    uint32_t seconds; /* 0 to STET_SECONDS_MAX */
    enum stet_lifetime_source source;
    enum stet_reason reason; /* also tells whether the source was flawed, which makes 0 */
};

/* The freshness lifetime of a response [RFC 9111 §4.2.1]: the first of s-maxage (shared), max-age,
 * Expires (not when a targeted field decides), a guess. Flawed information is 0 and is never
 * replaced by a weaker source (D-27, D-29). `directives` are the response's own. */
STET_API struct stet_lifetime stet_lifetime_of(const struct stet_profile *profile,
                                               const struct stet_response *response,
                                               const struct stet_cachecontrol *directives,
                                               const struct stet_times *times);

#ifdef __cplusplus
}
#endif

#endif
