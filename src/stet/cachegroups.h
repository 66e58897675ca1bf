/* Cache groups: which stored responses fall together, and who fells them [RFC 9875].
 *
 * Both fields are Lists of Strings. A group is its String, octet by octet, within one origin
 * [RFC 9875 §2.1]: comparing origins is the caller's (stet_uri_same_origin). What an invalidation
 * takes with it takes nothing further: it does not cascade [RFC 9875 §2.2.1].
 */
#ifndef STET_CACHEGROUPS_H
#define STET_CACHEGROUPS_H

#include "stet/sf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A walk over the groups that a response belongs to (Cache-Groups). Without members if the field is
 * absent or off the grammar. */
STET_API struct stet_sf stet_cachegroups_of(const struct stet_head *response);

/* A walk over the groups that a response to a request with `method` invalidates
 * (Cache-Group-Invalidation). Without members for safe methods, whose responses must not
 * [RFC 9875 §3]. */
STET_API struct stet_sf stet_cachegroups_invalidated(enum stet_method method,
                                                     const struct stet_head *response);

/* The next group of a walk: the text of its String as it stands on the wire, which is the same for
 * the same String, so groups may be compared and hashed by it. Members that are no Strings are
 * passed over, Parameters are ignored [RFC 9875 §2]. False at the end. */
STET_API bool stet_cachegroups_next(struct stet_sf *walk, struct stet_span *group);

/* The group is among those of the walk. */
STET_API bool stet_cachegroups_has(struct stet_sf walk, struct stet_span group);

#ifdef __cplusplus
}
#endif

#endif
