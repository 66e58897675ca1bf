/* From bytes to a name for them: SHA-256, cut to 144 bits, in base64url.
 *
 * Why a cryptographic hash: the bytes may come from someone who would like two versions to share
 * a tag. 144 bits are 24 characters without padding, and a collision costs 2^72 work.
 *
 * The digest of a coded variant is that of the coded bytes, not of the file: another version of a
 * compressor makes other bytes, and a strong tag promises bytes [RFC 9110 §8.8.1] (D-03). The
 * suffix only tells a reader what he looks at.
 *
 * Given up: a faster hash without resistance. Hashing runs off the loops, once per version.
 */
#include "origin/digest.h"

enum { DIGEST_TAG_OCTETS = 18 };

static const char *const digest_suffixes[STET_CODING_COUNT] = {
    [STET_CODING_IDENTITY] = "",
    [STET_CODING_GZIP] = "-gz",
    [STET_CODING_ZSTD] = "-zst",
    [STET_CODING_BROTLI] = "-br",
};

void digesting_init(struct digesting *digesting)
{
    sha256_init(&digesting->sha);
}

void digesting_feed(struct digesting *digesting, const void *bytes, size_t len)
{
    sha256_update(&digesting->sha, len, bytes);
}

void digesting_end(struct digesting *digesting, struct digest *to)
{
    sha256_digest(&digesting->sha, sizeof to->octets, to->octets);
}

struct digest digest_of(const void *bytes, size_t len)
{
    struct digesting digesting;
    struct digest digest;
    digesting_init(&digesting);
    digesting_feed(&digesting, bytes, len);
    digesting_end(&digesting, &digest);
    return digest;
}

/* Three octets as four characters [RFC 4648 §5]. */
static void digest_write_group(const uint8_t *octets, char *to)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = (uint32_t)octets[0] << 16 | (uint32_t)octets[1] << 8 | octets[2];
    for (unsigned i = 0; i < 4; i++)
        to[i] = alphabet[bits >> (18 - 6 * i) & 63];
}

size_t digest_tag(const struct digest *digest, enum stet_coding coding, bool weak,
                  char to[DIGEST_TAG_ROOM])
{
    const char *suffix = digest_suffixes[coding];
    const size_t suffix_len = strlen(suffix);
    char *at = to;
    if (weak) {
        *at++ = 'W';
        *at++ = '/';
    }
    *at++ = '"';
    for (unsigned i = 0; i < DIGEST_TAG_OCTETS; i += 3, at += 4)
        digest_write_group(digest->octets + i, at);
    memcpy(at, suffix, suffix_len);
    at += suffix_len;
    *at++ = '"';
    return (size_t)(at - to);
}
