/* SipHash-1-3, a keyed hash: who does not know the seed cannot choose inputs that collide.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* 64 bits of `len` octets. */
uint64_t siphash(const uint64_t seed[2], const void *bytes, size_t len);

/* 128 bits; neither half is the value of siphash. */
void siphash_wide(const uint64_t seed[2], const void *bytes, size_t len, uint64_t to[2]);

#endif
