/* Counted immutable bytes.
 *
 * The count and the length stand before the bytes in one allocation. A reference is taken relaxed,
 * because whoever takes it holds one already; it is given back with release, and the last holder
 * acquires, so that the free comes after everyone's last read.
 *
 * A large chunk has pages of its own, so that the kernel can send them without a copy and look at
 * them as long as it likes. Its bytes begin a page, the count ends the one before: a piece of them
 * that is cut at pages fills the kernel's lists of pages and its segments evenly, which made an
 * answer of 1 MiB cheaper by a quarter.
 */
#include "base/chunk.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdint.h>

/* Where pages are larger, only the alignment is less good. */
enum { CHUNK_PAGE = 4096 };
_Static_assert(offsetof(struct chunk, bytes) == sizeof(struct chunk), "the bytes begin a page");

static struct chunk *chunk_new_steady(size_t len)
{
    char *pages = memory_new_pages(CHUNK_PAGE + len);
    if (!pages)
        return NULL;
    struct chunk *chunk = (void *)(pages + CHUNK_PAGE - sizeof *chunk);
    chunk->steady = true;
    return chunk;
}

static struct chunk *chunk_new_plain(size_t len)
{
    struct chunk *chunk = memory_new(sizeof *chunk + len);
    if (chunk)
        chunk->steady = false;
    return chunk;
}

struct chunk *chunk_new(size_t len)
{
    if (len > SIZE_MAX - CHUNK_PAGE)
        return NULL;
    struct chunk *chunk = len >= CHUNK_STEADY ? chunk_new_steady(len) : NULL;
    if (!chunk)
        chunk = chunk_new_plain(len);
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
    if (before > 1)
        return;
    if (chunk->steady)
        memory_free_pages((char *)chunk + offsetof(struct chunk, bytes) - CHUNK_PAGE,
                          CHUNK_PAGE + chunk->len);
    else
        memory_free(chunk);
}
