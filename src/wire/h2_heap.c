/* Hands memory to nghttp2, and remembers which pieces it holds.
 *
 * nghttp2 (1.52) can lose track of a piece when memory is out in the middle of sending: its own end
 * would then give it back twice. Here the end of a session is that all its pieces go, whatever
 * nghttp2 thinks of them. They come from base/mempool.h, for most of them come and go with each
 * request.
 */
#include "wire/h2_heap.h"

#include "base/check.h"
#include "base/mempool.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

struct h2_piece {
    struct h2_piece *next, **link;
    size_t size; /* of the whole */
    alignas(max_align_t) char bytes[];
};

static void piece_link(struct h2_heap *heap, struct h2_piece *piece)
{
    piece->link = &heap->first;
    piece->next = heap->first;
    if (piece->next)
        piece->next->link = &piece->next;
    heap->first = piece;
    heap->used += piece->size;
}

static void piece_unlink(struct h2_heap *heap, struct h2_piece *piece)
{
    *piece->link = piece->next;
    if (piece->next)
        piece->next->link = piece->link;
    heap->used -= piece->size;
}

static struct h2_piece *piece_of(void *bytes)
{
    return (struct h2_piece *)(void *)((char *)bytes - offsetof(struct h2_piece, bytes));
}

static void *piece_new(size_t size, void *owner)
{
    const size_t whole = sizeof(struct h2_piece) + size;
    struct h2_piece *piece = size < SIZE_MAX / 2 ? mempool_new(whole) : NULL;

    if (!piece)
        return NULL;
    piece->size = whole;
    piece_link(owner, piece);
    return piece->bytes;
}

static void piece_free(void *bytes, void *owner)
{
    if (!bytes)
        return;
    struct h2_piece *piece = piece_of(bytes);
    piece_unlink(owner, piece);
    mempool_free(piece, piece->size);
}

static void *piece_new_zero(size_t count, size_t size, void *owner)
{
    CHECK(size == 0 || count <= SIZE_MAX / 4 / size);
    void *bytes = piece_new(count * size, owner);
    if (bytes)
        memset(bytes, 0, count * size);
    return bytes;
}

static void *piece_grow(void *bytes, size_t size, void *owner)
{
    if (!bytes)
        return piece_new(size, owner);
    struct h2_piece *piece = piece_of(bytes);
    const size_t whole = sizeof *piece + size;

    piece_unlink(owner, piece);
    struct h2_piece *grown = mempool_grow(piece, piece->size, whole);
    if (grown)
        grown->size = whole;
    piece_link(owner, grown ? grown : piece);
    return grown ? grown->bytes : NULL;
}

void h2_heap_init(struct h2_heap *heap)
{
    *heap =
        (struct h2_heap){.functions = {heap, piece_new, piece_free, piece_new_zero, piece_grow}};
}

void h2_heap_fini(struct h2_heap *heap)
{
    while (heap->first) {
        struct h2_piece *piece = heap->first;
        piece_unlink(heap, piece);
        mempool_free(piece, piece->size);
    }
}
