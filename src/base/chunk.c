/* Counted immutable bytes.
 *
 * The count and the length stand before the bytes in one allocation. A reference is taken relaxed,
 * because whoever takes it holds one already; it is given back with release, and the last holder
 * acquires, so that the free comes after everyone's last read.
 *
 * A large chunk has pages of its own, so that the kernel can send them without a copy and look at
 * them as long as it likes.
 */
#include "base/chunk.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdint.h>

struct chunk *chunk_new(size_t len)
{
    if (len > SIZE_MAX - sizeof(struct chunk))
        return NULL;
    const size_t size = sizeof(struct chunk) + len;
    struct chunk *chunk = len >= CHUNK_STEADY ? memory_new_pages(size) : NULL;
    bool steady = chunk != NULL;
    if (!chunk)
        chunk = memory_new(size);
    if (!chunk)
        return NULL;
    atomic_init(&chunk->refs, 1);
    chunk->steady = steady;
    chunk->len = len;
    return chunk;
}

struct chunk *chunk_ref(struct chunk *chunk)
{
    unsigned before = atomic_fetch_add_explicit(&chunk->refs, 1, memory_order_relaxed);
    CHECK(before > 0 && before < UINT32_MAX / 2);
    return chunk;
}

void chunk_unref(struct chunk *chunk)
{
    if (!chunk)
        return;
    unsigned before = atomic_fetch_sub_explicit(&chunk->refs, 1, memory_order_acq_rel);
    CHECK(before > 0);
    if (before > 1)
        return;
    if (chunk->steady)
        memory_free_pages(chunk, sizeof *chunk + chunk->len);
    else
        memory_free(chunk);
}
