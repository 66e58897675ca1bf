/* Update: the head of a stored response after a 304, a HEAD or a further part
 * [RFC 9111 §3.2, RFC 9111 §4.3.4, RFC 9111 §4.3.5, RFC 9110 §15.3.7.3].
 */
#ifndef STET_UPDATE_H
#define STET_UPDATE_H

#include "stet/head.h"
#include "stet/profile.h"
#include "stet/reason.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the head that a stored response has after `fresh`, the head of a 304 to it, of a HEAD
 * response that fits it, or of a 206 that was joined to it. Each field of `fresh` replaces all
 * lines of its name, new ones come last; but (D-16)
 *   - what tells how the stored octets are to be read stays: Content-Length, Content-Range,
 *     Content-Encoding, Content-Digest, Content-MD5;
 *   - what is never stored stays out: hop-by-hop fields, Proxy-Authenticate and its kind, cookies
 *     that the profile does not share, fields that the new no-cache="..." or private="..." name;
 *   - an Age goes unless `fresh` has one (D-11).
 * Writes fields to `storage`, which has room for those of both heads and is not part of either, and
 * makes `*updated` a view of it. The spans point into the heads' octets. Returns
 * STET_REASON_UPDATED; or STET_REASON_DIGEST_DIFFERS if Repr-Digest shows that the content is
 * another one: then the stored response is not to be used, and `*updated` is untouched. */
STET_API enum stet_reason stet_update(const struct stet_profile *profile,
                                      const struct stet_head *stored, const struct stet_head *fresh,
                                      struct stet_field *storage, struct stet_head *updated);

/* What the response to a HEAD that was forwarded says of a stored 200 to GET, whose content is
 * `length` octets long [RFC 9111 §4.3.5] (D-17): STET_REASON_UPDATED if all validators it has are
 * those stored and any Content-Length fits: update the head. STET_REASON_VALIDATORS_DIFFER or
 * STET_REASON_LENGTH_DIFFERS if not: make it stale. STET_REASON_NOT_COMPARABLE if `head` is no 200,
 * or has neither a validator nor a length: leave it. */
STET_API enum stet_reason stet_update_by_head(const struct stet_head *stored, uint64_t length,
                                              const struct stet_response *head);

#ifdef __cplusplus
}
#endif

#endif
