/* Preconditions, in the order of [RFC 9110 §13.2.2]: the one place that says 304 or 412.
 */
#ifndef STET_PRECONDITION_H
#define STET_PRECONDITION_H

#include "stet/reason.h"
#include "stet/validators.h"

#ifdef __cplusplus
extern "C" {
#endif

enum stet_precondition_role {
    STET_AS_ORIGIN, /* evaluates everything */
    STET_AS_CACHE   /* If-Match and If-Unmodified-Since are meant for origins: not evaluated
                       [RFC 9111 §4.3.2] */
};

enum stet_precondition_answer {
    STET_PROCEED,             /* perform the method */
    STET_NOT_MODIFIED,        /* 304 */
    STET_PRECONDITION_FAILED, /* 412 */
    STET_CONDITION_MALFORMED  /* 400: "*" mixed with tags on a method that changes things (D-07) */
};

struct stet_precondition {
    enum stet_precondition_answer answer;
    enum stet_reason reason;
    bool range; /* answer is STET_PROCEED, the method is GET (or QUERY) and If-Range does not forbid
                   to look at the Range field */
};

/* Evaluates the conditions of a request whose unconditional answer would be a 2xx (or 412): the
 * caller asks only then [RFC 9110 §13.2.1]. `now` serves to read two-digit years only. */
STET_API struct stet_precondition stet_precondition(const struct stet_request *request,
                                                    const struct stet_validators *validators,
                                                    enum stet_precondition_role role, int64_t now);

#ifdef __cplusplus
}
#endif

#endif
