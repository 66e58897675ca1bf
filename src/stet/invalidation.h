/* Invalidation: which stored responses an unsafe request may have made wrong [RFC 9111 §4.4].
 *
 * Here it is URIs; groups that the response names besides are for stet_cachegroups_invalidated, and
 * what is stored under a No-Vary-Search that makes its URI equal is for the cache to find (D-20).
 */
#ifndef STET_INVALIDATION_H
#define STET_INVALIDATION_H

#include "stet/head.h"
#include "stet/reason.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A walk over the URIs to invalidate. Borrows request and response. To be treated as opaque, but
 * for `reason`. */
struct stet_invalidation {
    const struct stet_request *request;
    const struct stet_response *response;
    enum stet_reason reason; /* STET_REASON_INVALIDATES, or why nothing is to be done */
    unsigned step;
};

/* An unsafe or unknown method that was answered with 2xx or 3xx invalidates its target, and the
 * URIs in Location and Content-Location if they have the same origin (D-20)
 * [RFC 9111 §4.4, RFC 9110 §9.2.1]. */
STET_API struct stet_invalidation stet_invalidation_of(const struct stet_request *request,
                                                       const struct stet_response *response);

/* The next URI: scheme, authority, path and query of `*target` are set (as stet_uri_key wants
 * them), all else is empty. Those of Location and Content-Location are written to `to` and hold
 * until the next call; one that is longer than `room` is left out. All variants of what is stored
 * under it are to be marked, which makes them validate before their next use. False at the end. */
STET_API bool stet_invalidation_next(struct stet_invalidation *walk, char *to, size_t room,
                                     struct stet_request *target);

#ifdef __cplusplus
}
#endif

#endif
