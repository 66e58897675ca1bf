/* Chunks: counted, immutable bytes that several connections and threads may send at once.
 *
 * Whoever makes a chunk fills it before anyone else gets to see it; from then on it never changes.
 * The count is atomic. The last chunk_unref frees it.
 */
#ifndef BASE_CHUNK_H
#define BASE_CHUNK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* From this length on a chunk is steady, if the machine has pages for it. */
#define CHUNK_STEADY 65536

struct chunk {
    atomic_uint refs;
    bool steady; /* its memory never changes, not even after the chunk is gone */
    size_t len;
    char bytes[];
};

/* A chunk with room for `len` bytes and one reference; NULL when memory is out. */
struct chunk *chunk_new(size_t len);

/* One more reference; returns the same chunk. */
struct chunk *chunk_ref(struct chunk *chunk);

/* One reference less; NULL is allowed. */
void chunk_unref(struct chunk *chunk);

#endif
