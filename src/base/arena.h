/* An arena: memory that is taken piece by piece and given back all at once, with a ceiling.
 *
 * One arena serves one exchange that has to wait. It grows in blocks; past its ceiling it gives
 * NULL, which ends that exchange and nothing else.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *last; /* the block in use, linked to the earlier ones */
    size_t used;              /* bytes given out of that block */
    size_t total;             /* bytes of all blocks */
    size_t ceiling;           /* the most that `total` may become */
};

/* An empty arena that holds no memory yet. */
void arena_init(struct arena *arena, size_t ceiling);

/* `size` bytes aligned for any type, not cleared, valid until arena_fini; NULL past the ceiling. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of `size` bytes. */
void *arena_copy(struct arena *arena, const void *bytes, size_t size);

/* Gives everything back; the arena is empty and may be used again. */
void arena_fini(struct arena *arena);

#endif
