/* Status codes as a cache sees them [RFC 9110 §15, RFC 9111 §3].
 */
#ifndef STET_STATUS_H
#define STET_STATUS_H

#include "stet/span.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 200 to 599: the code ends an exchange [RFC 9110 §15]. */
static inline bool stet_status_is_final(int status)
{
    return status >= 200 && status <= 599;
}

/* The code is known here with what it asks of caches: what must-understand wants
 * [RFC 9111 §5.2.2.3] (D-28). */
STET_API bool stet_status_is_understood(int status);

/* Its definition allows a guessed lifetime [RFC 9110 §15.1, RFC 7725 §3]. */
STET_API bool stet_status_is_heuristic(int status);

/* The same, and deployed caches make use of it (D-33). */
STET_API bool stet_status_is_usual(int status);

/* A response with this code may be stored at all. */
STET_API bool stet_status_is_storable(int status);

/* A failure of the server for which stale-if-error was made: 500, 502, 503, 504 [RFC 5861 §4]. */
static inline bool stet_status_is_failure(int status)
{
    return status == 500 || (status >= 502 && status <= 504);
}

#ifdef __cplusplus
}
#endif

#endif
