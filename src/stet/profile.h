/* What kind of cache asks: its role, and the choices that the law leaves to it.
 */
#ifndef STET_PROFILE_H
#define STET_PROFILE_H

#include "stet/field.h"

#ifdef __cplusplus
extern "C" {
#endif

enum stet_role {
    STET_ROLE_SHARED, /* answers many users: a proxy, a gateway */
    STET_ROLE_PRIVATE /* answers one user: a browser, a command-line client */
};

/* When a lifetime may be guessed from Last-Modified [RFC 9111 §4.2.2]. */
enum stet_heuristics {
    STET_HEURISTICS_OFF,
    STET_HEURISTICS_USUAL, /* for the statuses that deployed caches guess for (D-33) */
    STET_HEURISTICS_FULL   /* for all that are heuristically cacheable [RFC 9110 §15.1] */
};

/* What becomes of Set-Cookie (D-21) [RFC 9111 §7.3]. */
enum stet_cookies {
    STET_COOKIES_KEEP,     /* stored and replayed like any field, where storing is allowed */
    STET_COOKIES_EXPLICIT, /* a response with cookies is stored only if public, s-maxage or a
                              lifetime in a targeted field says so, and then without them */
    STET_COOKIES_REFUSE    /* a response with cookies is never stored */
};

/* A profile. Take one of those below and change what is to be different. Borrows `targets`. */
struct stet_profile {
    enum stet_role role;
    enum stet_heuristics heuristics;
    enum stet_cookies cookies;
    bool authorised;        /* may store what answered a request with Authorization, where the
                               response permits it (D-22); false: never. Shared caches only */
    bool ranges;            /* stores parts and incomplete responses (D-19) */
    bool query;             /* keys for QUERY cover the content of the request (D-39) */
    bool request_freshness; /* obeys max-age, max-stale, min-fresh, no-cache, stale-if-error and
                               Pragma of requests; no-store and only-if-cached are obeyed always
                               (D-24) */
    bool disconnected;      /* while the origin cannot be reached, serves what is stale without a
                               permission, where nothing forbids it [RFC 9111 §4.2.4] */
    bool refuses_errors;    /* never stores 400, 413 and 501: what a request that differs outside
                               the key has provoked shall not reach others */
    bool validates_bare;    /* the caller makes validators for responses that have none: the lack
                               of one is no reason not to store */
    bool clockless;         /* there is no reliable clock: everything is validated before use
                               [RFC 9111 §4] */
    const enum stet_field_id *targets; /* targeted fields to obey, the first one first (D-46) */
    size_t target_count;
};

/* A gateway as a site runs it: nothing guessed, cookies guarded, Stet-Cache-Control and
 * CDN-Cache-Control obeyed. */
STET_API struct stet_profile stet_profile_gateway(void);

/* A gateway to the letter of the law: heuristics on, cookies stored and replayed. */
STET_API struct stet_profile stet_profile_rfc9111(void);

/* A forward proxy: as the gateway, but no targeted field is addressed to it. */
STET_API struct stet_profile stet_profile_forward(void);

/* One user's own cache. */
STET_API struct stet_profile stet_profile_private(void);

#ifdef __cplusplus
}
#endif

#endif
