/* Records in a circle of octets: a length, then the record, either of which may run over the end
 * to the beginning.
 *
 *     ... taken [len|record][len|record] put ...
 *
 * `put` is written by one thread and `taken` by the other, each after the octets it speaks of, so
 * neither ever sees a record that is half there.
 */
#include "base/ring.h"

#include "base/check.h"
#include "base/memory.h"

#include <string.h>

bool ring_init(struct ring *ring, size_t size)
{
    CHECK(size && (size & (size - 1)) == 0);
    *ring = (struct ring){.bytes = memory_new(size), .size = size};
    return ring->bytes != NULL;
}

void ring_fini(struct ring *ring)
{
    memory_free(ring->bytes);
    ring->bytes = NULL;
}

void ring_open(struct ring *ring, bool open)
{
    if (open)
        atomic_store_explicit(&ring->taken, atomic_load_explicit(&ring->put, memory_order_acquire),
                              memory_order_release);
    atomic_store_explicit(&ring->open, open, memory_order_relaxed);
}

static void ring_write(struct ring *ring, uint64_t at, const void *from, size_t len)
{
    size_t place = (size_t)at & (ring->size - 1), first = ring->size - place;
    if (first > len)
        first = len;
    memcpy(ring->bytes + place, from, first);
    memcpy(ring->bytes, (const char *)from + first, len - first);
}

static void ring_read(const struct ring *ring, uint64_t at, void *to, size_t len)
{
    size_t place = (size_t)at & (ring->size - 1), first = ring->size - place;
    if (first > len)
        first = len;
    memcpy(to, ring->bytes + place, first);
    memcpy((char *)to + first, ring->bytes, len - first);
}

void ring_put(struct ring *ring, const void *record, size_t len)
{
    const uint32_t length = (uint32_t)len;
    uint64_t put = atomic_load_explicit(&ring->put, memory_order_relaxed);
    uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_acquire);

    CHECK(len && len < ring->size);
    if (ring->size - (size_t)(put - taken) < sizeof length + len) {
        atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
        return;
    }
    ring_write(ring, put, &length, sizeof length);
    ring_write(ring, put + sizeof length, record, len);
    atomic_store_explicit(&ring->put, put + sizeof length + len, memory_order_release);
}

size_t ring_take(struct ring *ring, void *to, size_t room)
{
    uint64_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    uint32_t length;

    if (taken == atomic_load_explicit(&ring->put, memory_order_acquire))
        return 0;
    ring_read(ring, taken, &length, sizeof length);
    size_t given = length < room ? length : room;
    ring_read(ring, taken + sizeof length, to, given);
    atomic_store_explicit(&ring->taken, taken + sizeof length + length, memory_order_release);
    return given;
}

uint64_t ring_lost(const struct ring *ring)
{
    return atomic_load_explicit(&ring->lost, memory_order_relaxed);
}
