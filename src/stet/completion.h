/* Completion: what to ask the origin for where a cache holds some of the octets that a request
 * wants, and whether its answer has the rest of them [RFC 9111 §3.3, RFC 9110 §13.1.5].
 *
 *     stet_completion_of(request, stored head, parts, &ask)    before the request goes on
 *         send "Range: bytes=GAP" and "If-Range: TAG", and no Range of the client's
 *     stet_completion_judge(&ask, stored head, response)       when the answer's head has come
 *
 * Nothing of what is held may be sent before that: only the answer proves that it is current.
 */
#ifndef STET_COMPLETION_H
#define STET_COMPLETION_H

#include "stet/parts.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is asked for. Octets of `wanted` outside of `gap` are held. */
struct stet_completion {
    uint64_t length;          /* of the whole content */
    struct stet_range wanted; /* what the request wants of it: one range, or all */
    struct stet_range gap;    /* what of that is to come */
    struct stet_span tag;     /* the ETag value as it was stored, a strong one */
};

/* Plans it. `stored` and `parts` are the head of an incomplete response that the request selects
 * and what is held of its content. False if that does not help, or may not be used: nothing is held
 * at either end of what is wanted, or all of it; there is no strong tag to prove it by; the request
 * is no GET, wants several ranges, or has conditions, which are for the origin to judge by the
 * whole [RFC 9110 §13.2.2]. */
STET_API bool stet_completion_of(const struct stet_request *request, const struct stet_head *stored,
                                 const struct stet_parts *parts, struct stet_completion *to);

enum stet_completion_answer {
    STET_COMPLETION_FITS,  /* it has exactly the gap, of the same representation */
    STET_COMPLETION_WHOLE, /* it answers the request by itself, whatever is held: a 200, an error */
    STET_COMPLETION_REPEAT /* it answers a Range that the client did not send, and does not fit:
                              send the client's request as it came */
};

/* Judges the answer to a request that went on as planned, by the proof that lets parts be combined
 * [RFC 9110 §15.3.7.3]. */
STET_API enum stet_completion_answer stet_completion_judge(const struct stet_completion *asked,
                                                           const struct stet_head *stored,
                                                           const struct stet_response *response);

#ifdef __cplusplus
}
#endif

#endif
