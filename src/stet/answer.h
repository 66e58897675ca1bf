/* Answers: conditions and ranges taken together, for programs that hold one representation and
 * want to know what to send.
 */
#ifndef STET_ANSWER_H
#define STET_ANSWER_H

#include "stet/precondition.h"
#include "stet/range.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a request is answered with. `status` is 304, 400 or 412 as the conditions decide; else 206
 * (send `ranges`), 416 (send the length in Content-Range), or 200: perform the method, send the
 * whole content. */
struct stet_answer {
    int status;
    enum stet_reason reason;
    struct stet_ranges ranges; /* `count` is 0 unless the status is 206 */
};

/* Decides about a request for a representation of `length` octets. What stet_precondition says of
 * its arguments holds here too: among others, that without conditions the answer would be a
 * 200. */
STET_API struct stet_answer stet_answer_of(const struct stet_request *request,
                                           const struct stet_validators *validators,
                                           enum stet_precondition_role role, uint64_t length,
                                           int64_t now);

#ifdef __cplusplus
}
#endif

#endif
