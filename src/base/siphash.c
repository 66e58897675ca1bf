/* SipHash-1-3 as its authors published it: one round for each word of input, three at the end.
 *
 * Words are read the lowest octet first on any machine, so that a hash means the same everywhere.
 *
 * Given up: two and four rounds. One and three is what hash tables of other languages use; what is
 * found by a hash is compared in full, too.
 */
#include "base/siphash.h"

enum { SIP_FINAL_ROUNDS = 3 };

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

/* The first `len` (at most 8) octets as a number, the first one lowest. */
static uint64_t load(const unsigned char *bytes, size_t len)
{
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

/* The same for eight, in the form that compilers turn into one load. */
static uint64_t load_whole(const unsigned char *b)
{
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
           (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
           (uint64_t)b[7] << 56;
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

static inline uint64_t sip_end(uint64_t v[4])
{
    for (int i = 0; i < SIP_FINAL_ROUNDS; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* All input; `v` is the initial state, which spells "somepseudorandomlygeneratedbytes". */
static inline void sip_input(uint64_t v[4], const unsigned char *bytes, size_t len)
{
    size_t left = len;
    for (; left >= 8; left -= 8, bytes += 8)
        sip_word(v, load_whole(bytes));
    /* The rest is also the upper end of the last eight, if there are as many. */
    const uint64_t rest =
        len < 8 || left == 0 ? load(bytes, left) : load_whole(bytes + left - 8) >> (64 - 8 * left);
    sip_word(v, rest | (uint64_t)len << 56);
}

uint64_t siphash(const uint64_t seed[2], const void *bytes, size_t len)
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575, seed[1] ^ 0x646f72616e646f6d,
                     seed[0] ^ 0x6c7967656e657261, seed[1] ^ 0x7465646279746573};
    sip_input(v, bytes, len);
    v[2] ^= 0xff;
    return sip_end(v);
}

void siphash_wide(const uint64_t seed[2], const void *bytes, size_t len, uint64_t to[2])
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575, seed[1] ^ 0x646f72616e646f6d ^ 0xee,
                     seed[0] ^ 0x6c7967656e657261, seed[1] ^ 0x7465646279746573};
    sip_input(v, bytes, len);
    v[2] ^= 0xee;
    to[0] = sip_end(v);
    v[1] ^= 0xdd;
    to[1] = sip_end(v);
}
