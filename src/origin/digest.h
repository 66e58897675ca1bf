/* Digests: SHA-256 of content, and the entity tags made of them.
 *
 * One digest serves the ETag and whatever else names content by its bytes. The tag is made of the
 * bytes that are sent, so it is the same on every node and after every restart.
 */
#ifndef ORIGIN_DIGEST_H
#define ORIGIN_DIGEST_H

#include "stet/coding.h"

#include <nettle/sha2.h>

/* The SHA-256 of some bytes. */
struct digest {
    uint8_t octets[SHA256_DIGEST_SIZE];
};

/* Bytes on their way into a digest. */
struct digesting {
    struct sha256_ctx sha;
};

void digesting_init(struct digesting *digesting);
void digesting_feed(struct digesting *digesting, const void *bytes, size_t len);
void digesting_end(struct digesting *digesting, struct digest *to);

/* The digest of `len` bytes. */
struct digest digest_of(const void *bytes, size_t len);

static inline bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Room for the longest tag: W/, two quotes, 24 characters, a suffix of four. */
#define DIGEST_TAG_ROOM 32

/* Writes the entity tag of content with this digest: the first 18 octets (144 bits) in base64url,
 * a suffix for the coding it is in (-gz, -zst, -br), W/ before it if `weak`. Returns its length. */
size_t digest_tag(const struct digest *digest, enum stet_coding coding, bool weak,
                  char to[DIGEST_TAG_ROOM]);

#endif
