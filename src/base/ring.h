/* A ring: records on their way from one thread to another, without a lock and without waiting.
 *
 * One thread puts, one takes. What finds no room is dropped and counted, so whoever puts is never
 * held up by whoever takes.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
    char *bytes;
    size_t size;             /* a power of two */
    _Atomic(uint64_t) put;   /* octets put so far, lengths of records included */
    _Atomic(uint64_t) taken; /* octets taken so far */
    _Atomic(uint64_t) lost;  /* records that found no room */
    atomic_bool open;        /* someone takes */
};

/* An empty ring that nobody takes from. `size` is a power of two. False when memory is out. */
bool ring_init(struct ring *ring, size_t size);

/* Neither thread may use it any more. No-op on one that is all zero. */
void ring_fini(struct ring *ring);

/* Someone takes: whoever puts asks first, so that a ring without a reader costs one load. */
static inline bool ring_is_open(const struct ring *ring)
{
    return atomic_load_explicit(&ring->open, memory_order_relaxed);
}

/* By the taking thread. What was left in it before is dropped when it opens. */
void ring_open(struct ring *ring, bool open);

/* Puts a record of `len` octets (at least one, fewer than the ring's size). */
void ring_put(struct ring *ring, const void *record, size_t len);

/* Takes the next record: its length, 0 when there is none. Of one longer than `room` the first
 * `room` octets are given and the rest is dropped. */
size_t ring_take(struct ring *ring, void *to, size_t room);

/* Records that were lost so far. */
uint64_t ring_lost(const struct ring *ring);

#endif
