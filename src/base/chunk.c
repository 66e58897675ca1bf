/* Counted immutable bytes.
 *
 * The count and the length stand before the bytes in one allocation. A reference is taken relaxed,
 * because whoever takes it holds one already; it is given back with release, and the last holder
 * acquires, so that the free comes after everyone's last read.
 */
#include "base/chunk.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdint.h>

struct chunk *chunk_new(size_t len)
{
    if (len > SIZE_MAX - sizeof(struct chunk))
        return NULL;
    struct chunk *chunk = memory_new(sizeof *chunk + len);
    if (!chunk)
        return NULL;
    atomic_init(&chunk->refs, 1);
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
    if (before == 1)
        memory_free(chunk);
}
