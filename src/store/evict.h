/* Eviction: who has to go when there is no more room. S3-FIFO, in octets.
 *
 * Three queues. What is new enters `small` (a tenth of the capacity). What was used at least twice
 * there goes on to `main`; the rest leaves, and a ghost of it (a fingerprint) is remembered for as
 * many octets as the capacity. What comes back while its ghost is there enters `main` at once.
 * In `main` each use is worth one more round, up to three.
 *
 * It knows sizes and uses only, and holds no lock: its owner does, for all calls but evict_used.
 */
#ifndef STORE_EVICT_H
#define STORE_EVICT_H

#include "store/ghost.h"

#include <stdatomic.h>
#include <stdint.h>

enum evict_place {
    EVICT_OUTSIDE, /* has never been in */
    EVICT_SMALL,
    EVICT_MAIN,
    EVICT_GONE /* was in */
};

/* Embedded in what may be evicted; all zero before it is added. */
struct evict_node {
    struct evict_node *older, *younger; /* neighbours; once it is out, its owner's */
    uint64_t size;                      /* octets, as counted */
    uint32_t fingerprint;
    unsigned char place; /* enum evict_place */
    atomic_uchar uses;   /* since it came in, or since the last round; saturates */
};

struct evict_queue {
    struct evict_node *oldest, *youngest;
    uint64_t octets;
};

struct evict {
    uint64_t capacity;
    struct evict_queue queues[EVICT_MAIN + 1]; /* by place; the one of EVICT_OUTSIDE is empty */
    struct ghosts ghosts;
    uint64_t count;
};

/* Nothing is in. `capacity` is what the tenth is taken of, and how long ghosts are remembered; how
 * much may be in is for the owner to see to. */
void evict_init(struct evict *evict, uint64_t capacity);

/* Gives back the ghosts. What is still in is its owner's. */
void evict_fini(struct evict *evict);

/* Octets of all that is in. */
uint64_t evict_octets(const struct evict *evict);

/* Lets in what has never been in. Makes no room: evict_next does. */
void evict_add(struct evict *evict, struct evict_node *node, uint64_t hash, uint64_t size);

/* Takes out, with no ghost: it did not have to go. */
void evict_remove(struct evict *evict, struct evict_node *node);

/* Takes one that is in out for a moment, while room is made for what it has become; the second call
 * puts it back, of another size, among the youngest of its queue: only now has all of it come in.
 */
void evict_lift(struct evict *evict, struct evict_node *node);
void evict_lower(struct evict *evict, struct evict_node *node, uint64_t size);

/* The next one that has to go, taken out; NULL if nothing is in. */
struct evict_node *evict_next(struct evict *evict);

enum { EVICT_USES_MAX = 3 }; /* two bits, as the authors of S3-FIFO found sufficient */

/* A hit. By any thread, without a lock: a lost count is lost, and costs little. */
static inline void evict_used(struct evict_node *node)
{
    unsigned uses = atomic_load_explicit(&node->uses, memory_order_relaxed);
    if (uses < EVICT_USES_MAX)
        atomic_store_explicit(&node->uses, (unsigned char)(uses + 1), memory_order_relaxed);
}

#endif
