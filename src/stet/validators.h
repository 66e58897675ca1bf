/* Validators: what is known of the representation that conditions are compared with
 * [RFC 9110 §8.8].
 */
#ifndef STET_VALIDATORS_H
#define STET_VALIDATORS_H

#include "stet/etag.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is known of the selected representation. */
struct stet_validators {
    bool exists;           /* there is a current representation */
    struct stet_etag etag; /* STET_ETAG_NONE if it has none */
    bool has_modified;     /* `modified` is meaningful */
    bool modified_strong;  /* the date is strong in the sense of [RFC 9110 §8.8.2.2] */
    int64_t modified;      /* Last-Modified, seconds since 1970 */
};

/* A Last-Modified date tells versions apart although it counts whole seconds: the response that
 * carried it was made (`date`) at least a second later by the same clock, or at least a minute
 * later when the clocks may differ [RFC 9110 §8.8.2.2]. An origin asks with its own clock for
 * `date`. */
STET_API bool stet_validators_date_is_strong(int64_t modified, int64_t date, bool same_clock);

/* The validators of a stored response, as a cache compares conditions with them: its ETag and its
 * Last-Modified; without the latter its Date, without that `received`, the time when it came in
 * [RFC 9111 §4.3.2]. Borrows the tag from `head`. */
STET_API struct stet_validators stet_validators_of(const struct stet_head *head, int64_t received);

#ifdef __cplusplus
}
#endif

#endif
