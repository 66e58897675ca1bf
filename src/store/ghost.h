/* Ghosts: fingerprints of what was evicted of late.
 *
 * A ghost is forgotten once as many octets have been evicted after it as the cache holds. What is
 * asked for may be answered wrongly, at about one in 2^32 for each ghost there is; that costs a
 * place in the wrong queue and nothing else.
 */
#ifndef STORE_GHOST_H
#define STORE_GHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ghost_bucket;

struct ghosts {
    struct ghost_bucket *buckets;
    size_t count;    /* of buckets; 0 or a power of two */
    uint64_t window; /* octets for which a ghost is remembered */
    uint64_t unit;   /* octets a stamp counts in */
    uint64_t clock;  /* octets that have become ghosts */
    uint64_t lost;   /* that had to be forgotten too early since `began` */
    uint64_t began;  /* by the clock */
};

void ghosts_init(struct ghosts *ghosts, uint64_t window);
void ghosts_fini(struct ghosts *ghosts);

/* Remembers something of `size` octets that was evicted. `most` bounds the table: as many ghosts as
 * that are worth remembering. Without memory for a larger table the oldest are forgotten. */
void ghosts_add(struct ghosts *ghosts, uint32_t fingerprint, uint64_t size, uint64_t most);

/* Was it there? It is not any more. */
bool ghosts_take(struct ghosts *ghosts, uint32_t fingerprint);

/* Octets of memory the table takes. */
size_t ghosts_size(const struct ghosts *ghosts);

#endif
