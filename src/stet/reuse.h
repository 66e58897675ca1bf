/* Reuse: may a stored response answer a request, now [RFC 9111 §4].
 *
 * That the URI and the fields of Vary match is for the caller's key and stet_vary_match; all else
 * is judged here, from what policy.h keeps of the response and from what the request says about
 * caching, which is read once per request.
 */
#ifndef STET_REUSE_H
#define STET_REUSE_H

#include "stet/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a request says about caching. */
struct stet_asked {
    enum stet_method method;
    bool content;              /* it has content */
    bool range;                /* it asks for a part */
    bool only_if_cached;       /* no request may go on [RFC 9111 §5.2.1.7] */
    bool no_store;             /* store nothing of this exchange */
    enum stet_reason no_cache; /* why it wants validation; STET_REASON_NONE if it does not */
    uint32_t max_age;          /* STET_SECONDS_NONE if any age will do */
    uint32_t max_stale;        /* STET_SECONDS_NONE if it accepts nothing stale */
    uint32_t min_fresh;        /* 0 if it does not ask */
    uint32_t stale_if_error;   /* STET_SECONDS_NONE if it does not say */
};

/* Reads it. `content` tells that the request has content. */
STET_API struct stet_asked stet_asked_of(const struct stet_profile *profile,
                                         const struct stet_request *request, bool content);

enum stet_reuse_answer {
    STET_REUSE_FRESH,    /* serve it */
    STET_REUSE_STALE,    /* serve it, stale as it is */
    STET_REUSE_REFRESH,  /* serve it, and validate without waiting (D-42) */
    STET_REUSE_VALIDATE, /* ask the origin first */
    STET_REUSE_FORWARD,  /* it does not answer this request: go on without it */
    STET_REUSE_TIMEOUT,  /* 504: the request forbids to go on */
    STET_REUSE_ERROR     /* pass the origin's error on; 504 if there was no answer */
};

/* The verdict on reuse. */
struct stet_reuse {
    enum stet_reuse_answer answer;
    enum stet_reason reason;
    uint32_t age; /* seconds, for the Age field [RFC 9111 §5.1] */
    int64_t ttl;  /* seconds it stays fresh, negative when stale [RFC 9211 §2.4] */
};

/* May the stored response answer at `now` (steady clock) [RFC 9111 §4]? A part may only if the
 * request asks for a range; that the part covers it is for stet_parts_cover. */
STET_API struct stet_reuse stet_may_reuse(const struct stet_profile *profile,
                                          const struct stet_stored *stored,
                                          const struct stet_asked *asked, int64_t now);

/* The verdict when nothing fits: STET_REUSE_FORWARD, or STET_REUSE_TIMEOUT. */
STET_API struct stet_reuse stet_reuse_of_nothing(const struct stet_asked *asked);

/* May it answer after all, now that the origin was asked and failed (D-41) [RFC 5861 §4,
 * RFC 9111 §4.2.4]? `status` is what it answered, 0 if there was no answer: refused, reset, timed
 * out. Gives FRESH, STALE or ERROR. */
STET_API struct stet_reuse stet_may_reuse_on_error(const struct stet_profile *profile,
                                                   const struct stet_stored *stored,
                                                   const struct stet_asked *asked, int status,
                                                   int64_t now);

/* May it answer the request for whose sake it was validated just now, after stet_stored_renew?
 * FRESH or STALE, with STET_REASON_VALIDATED: validation is what every duty asks for [RFC 9111
 * §4.3.3]. But VALIDATE if the answer came from another cache, is itself stale, and the response
 * wants its origin to be asked: then send the request once more with "max-age=0" added (D-12). */
STET_API struct stet_reuse stet_may_reuse_validated(const struct stet_stored *stored, int64_t now);

#ifdef __cplusplus
}
#endif

#endif
