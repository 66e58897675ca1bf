/* Policy: may a response be stored, and what is to be known of it afterwards [RFC 9111 §3].
 *
 * The way of a response through a cache:
 *
 *     stet_may_store()     when its head has come in; stet_may_keep() for each of its fields
 *     stet_stored_of()     what later requests need to know of it: a few numbers, no pointers
 *     stet_may_reuse()     at each later request (reuse.h)
 *     stet_stored_renew()  when the origin was asked and said 304
 */
#ifndef STET_POLICY_H
#define STET_POLICY_H

#include "stet/freshness.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A request and the response to it, as they passed. Borrows both. */
struct stet_transaction {
    const struct stet_request *request;
    const struct stet_response *response;
    struct stet_arrival arrival;
    bool request_content; /* the request has content */
    bool incomplete;      /* the response's content broke off before its end */
    bool authorised;      /* some of what is to be stored answered a request with Authorization,
                             whether `request` has it or not */
    bool unsecured;       /* the transport was not authenticated, or the end of the connection was
                             the end of the content: a private cache then does not believe
                             immutable [RFC 8246 §3] */
};

/* The verdict on storing. */
struct stet_storing {
    bool allowed;
    enum stet_reason reason;             /* why not, or STET_REASON_STORABLE */
    struct stet_cachecontrol directives; /* of the response */
};

/* May this response be stored [RFC 9111 §3]? Said of the head alone, so that it can be asked before
 * the content has come; `incomplete` is then false and asked about again at the end. */
STET_API struct stet_storing stet_may_store(const struct stet_profile *profile,
                                            const struct stet_transaction *transaction);

/* May this field of a response that is stored be stored with it: stet_metadata_is_stored, not named
 * by no-cache or (shared caches) private (D-23), and no cookie that is not to be shared (D-21)
 * [RFC 9111 §3.1]. */
STET_API bool stet_may_keep(const struct stet_profile *profile, const struct stet_head *response,
                            const struct stet_cachecontrol *directives,
                            const struct stet_field *field);

/* What is kept of a stored response for judging it: no pointers, may be written to disk. */
struct stet_stored {
    struct stet_times times;
    enum stet_method method; /* of the request it answered */
    int status;
    uint32_t lifetime; /* seconds from when it was made */
    enum stet_lifetime_source source;
    uint32_t stale_while_revalidate; /* seconds past the lifetime; 0 if none */
    uint32_t stale_if_error;         /* the same; STET_SECONDS_NONE if the response says nothing */
    enum stet_reason barred;         /* why it is never served stale; STET_REASON_NONE if it may */
    bool no_cache;                   /* validate before every use */
    bool immutable;                  /* a reload need not validate while it is fresh */
    bool partial;                    /* not the whole content */
    bool selected;                   /* it has a Vary field */
    bool marked;                     /* invalidated: validate before the next use */
    bool unsecured;                  /* as in the transaction */
    bool authorised; /* it answered a request with Authorization: a shared cache may use it only
                        while its directives permit that */
};

/* Sums up a response that may be stored. */
STET_API struct stet_stored stet_stored_of(const struct stet_profile *profile,
                                           const struct stet_transaction *transaction,
                                           const struct stet_cachecontrol *directives);

/* Sums up again a stored response that was validated: `updated` is its head after the update,
 * `times` are those of the response that validated it (D-11) [RFC 9111 §4.2.3]. */
STET_API void stet_stored_renew(struct stet_stored *stored, const struct stet_profile *profile,
                                const struct stet_head *updated, const struct stet_times *times);

/* Of two stored responses that both fit a request, `a` is the one to use: one chosen by Vary before
 * one without, then the newer Date [RFC 9111 §4, RFC 9111 §4.1]. */
STET_API bool stet_stored_precedes(const struct stet_stored *a, const struct stet_stored *b);

/* Makes it stale from `now` on, as a soft purge or a HEAD that shows another version does (D-17).
 * What allows stale use still does. */
STET_API void stet_stored_expire(struct stet_stored *stored, int64_t now);

/* A stored 200 or 206 answers conditional requests with 304; no other status does (D-04)
 * [RFC 9111 §4.3.2]. */
static inline bool stet_stored_has_conditions(const struct stet_stored *stored)
{
    return stored->status == 200 || stored->status == 206;
}

#ifdef __cplusplus
}
#endif

#endif
