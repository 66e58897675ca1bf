/* Memory taken piece by piece and given back at once.
 *
 * Blocks are linked backwards from the one in use. A piece is cut off the end of the last block; if
 * it does not fit, a new block comes, twice as large as the one before up to ARENA_BLOCK_MAX, or as
 * large as the piece, but never larger than what is left below the ceiling. The end of the block
 * before is lost.
 *
 * Given up: going back to earlier blocks for small pieces. An exchange asks for few pieces, and the
 * loss is bounded by the ceiling.
 */
#include "base/arena.h"

#include "base/mempool.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

enum { ARENA_BLOCK_MIN = 1024, ARENA_BLOCK_MAX = 65536 };

struct arena_block {
    alignas(max_align_t) struct arena_block *before;
    size_t size; /* bytes that follow this header */
};

void arena_init(struct arena *arena, size_t ceiling)
{
    *arena = (struct arena){.ceiling = ceiling};
}

/* How large the next block is to be, header included; 0 when the ceiling does not allow it. */
static size_t arena_block_size(const struct arena *arena, size_t size)
{
    size_t left = arena->ceiling - arena->total;
    if (left < sizeof(struct arena_block) || size > left - sizeof(struct arena_block))
        return 0;
    size_t wanted = ARENA_BLOCK_MIN;
    if (arena->last)
        wanted = 2 * (arena->last->size + sizeof(struct arena_block));
    if (wanted > ARENA_BLOCK_MAX)
        wanted = ARENA_BLOCK_MAX;
    if (wanted < size + sizeof(struct arena_block))
        wanted = size + sizeof(struct arena_block);
    return wanted < left ? wanted : left;
}

static struct arena_block *arena_grow(struct arena *arena, size_t size)
{
    size_t whole = arena_block_size(arena, size);
    struct arena_block *block = whole > 0 ? mempool_new(whole) : NULL;
    if (!block)
        return NULL;
    block->before = arena->last;
    block->size = whole - sizeof *block;
    arena->last = block;
    arena->used = 0;
    arena->total += whole;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX - alignof(max_align_t))
        return NULL;
    size_t taken = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    struct arena_block *block = arena->last;
    /* The last piece of a block may end unaligned, hence `used` may pass `size`. */
    if (!block || arena->used > block->size || size > block->size - arena->used) {
        block = arena_grow(arena, size);
        if (!block)
            return NULL;
    }
    char *piece = (char *)(block + 1) + arena->used;
    arena->used += taken;
    return piece;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (copy && size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

void arena_fini(struct arena *arena)
{
    struct arena_block *block = arena->last;
    while (block) {
        struct arena_block *before = block->before;
        mempool_free(block, block->size + sizeof *block);
        block = before;
    }
    arena_init(arena, arena->ceiling);
}
