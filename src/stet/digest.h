/* Digest fields: hashes of content and of representations, and who wants which [RFC 9530].
 *
 * Content-Digest is over the content of the message it is in: a slice in a 206, nothing in the
 * answer to a HEAD. Repr-Digest is over the whole selected representation in its content coding: a
 * 206 carries the same as the 200 [RFC 9530 §2, §3]. Checking them is a choice of the recipient.
 */
#ifndef STET_DIGEST_H
#define STET_DIGEST_H

#include "stet/sf.h"

#ifdef __cplusplus
extern "C" {
#endif

enum stet_digest {
#define DIGEST(identifier, key, octets) STET_DIGEST_##identifier,
#include "stet/digest.tbl"
#undef DIGEST
    STET_DIGEST_COUNT
};

/* What a hash is over, and so which fields speak of it. */
enum stet_digest_scope {
    STET_DIGEST_CONTENT, /* Content-Digest, Want-Content-Digest */
    STET_DIGEST_REPR     /* Repr-Digest, Want-Repr-Digest */
};

/* Octets of the longest hash, and of the longest field value that stet_digest_write makes. */
#define STET_DIGEST_MAX 64
#define STET_DIGEST_ROOM 98

/* The key of an algorithm; empty for numbers out of range. */
STET_API struct stet_span stet_digest_key(enum stet_digest digest);

/* The octets of a hash; 0 for numbers out of range. */
STET_API size_t stet_digest_size(enum stet_digest digest);

/* The hash of one algorithm in the Content-Digest or Repr-Digest field. Writes stet_digest_size
 * octets to `to`. False, and `to` untouched, if the field is absent or off the grammar, or has none
 * of this algorithm or one that is no Byte Sequence of the right size. */
STET_API bool stet_digest_of(const struct stet_head *head, enum stet_digest_scope scope,
                             enum stet_digest digest, unsigned char *to);

/* Writes a field value with one hash, as `sha-256=:RK/0qy...:`. Returns the octets written; 0 if
 * `room` is too small (STET_DIGEST_ROOM always suffices). */
STET_API size_t stet_digest_write(enum stet_digest digest, const unsigned char *hash, char *to,
                                  size_t room);

/* How much an algorithm is wanted by the Want-Content-Digest or Want-Repr-Digest field: 1 to 10, 0
 * for "not acceptable", -1 if the field does not say, is absent or off the grammar, or says
 * anything but an Integer from 0 to 10 [RFC 9530 §4]. */
STET_API int stet_digest_wanted(const struct stet_head *head, enum stet_digest_scope scope,
                                enum stet_digest digest);

/* The algorithm among `available` (bit 1 << digest) that is wanted most, the stronger among equals.
 * STET_DIGEST_COUNT if none is wanted: whether to send a digest unasked is the caller's choice,
 * as a wish is a hint only [RFC 9530 §4]. */
STET_API enum stet_digest stet_digest_choose(const struct stet_head *head,
                                             enum stet_digest_scope scope, unsigned available);

#ifdef __cplusplus
}
#endif

#endif
