/* Lists of pieces by size, each thread its own.
 *
 *     96 | 160 | 288 | 544 | 1056 | 2080 | 4128 | 8224        larger: the heap
 *      |     |
 *     piece piece
 *      |
 *     piece
 *
 * With many requests under way at once they all take before any of them gives back, which is more
 * than the caches of malloc hold; and what they do not hold costs ten times as much.
 *
 * What is given back last is taken first, since it is still in the processor's caches. Under
 * AddressSanitizer it is the other way round, and nobody may touch what is kept: a pointer that was
 * kept too long finds no living object in its place for as long as possible, and is found out. Only
 * the link can be read, for without it LeakSanitizer would take the rest of the list for lost.
 *
 * Given up: giving memory back when a thread has had no use for it for a while. A thread keeps less
 * than three MiB, and only after that many requests at once.
 */
#include "base/mempool.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MEMPOOL_SIZES = 8 };

_Static_assert((MEMPOOL_LEAST - MEMPOOL_HEADER) << (MEMPOOL_SIZES - 1) ==
                   MEMPOOL_MOST - MEMPOOL_HEADER,
               "one list for each size");

#if defined(MEMORY_HIDES)
static const bool rests = true;
#else
static const bool rests = false;
#endif

struct mempool_piece {
    struct mempool_piece *next;
};

struct mempool {
    struct mempool_piece *first, *last;
    uint32_t count;
};

/* What a thread keeps. */
struct mempools {
    struct mempool of[MEMPOOL_SIZES];
    bool open; /* it is emptied when the thread ends */
};

static _Thread_local struct mempools mempools;

static pthread_once_t mempool_once = PTHREAD_ONCE_INIT;
static pthread_key_t mempool_key;
static bool mempool_keyed;

/* The number of the list, less than MEMPOOL_SIZES for what is not larger than MEMPOOL_MOST. */
static inline unsigned list_of(size_t size)
{
    return size <= MEMPOOL_LEAST ? 0 : 58 - (unsigned)__builtin_clzl(size - MEMPOOL_HEADER - 1);
}

static inline size_t size_of(unsigned list)
{
    return ((size_t)(MEMPOOL_LEAST - MEMPOOL_HEADER) << list) + MEMPOOL_HEADER;
}

/* So many of them are kept at most. */
static inline uint32_t kept_of(unsigned list)
{
    return MEMPOOL_KEPT / (MEMPOOL_LEAST - MEMPOOL_HEADER) >> list;
}

static struct mempool_piece *pool_take(struct mempool *pool)
{
    struct mempool_piece *piece = pool->first;

    pool->first = piece->next;
    pool->count--;
    return piece;
}

static void pool_put(struct mempool *pool, struct mempool_piece *piece, size_t size)
{
    memory_show(piece, size);
    memory_hide(piece + 1, size - sizeof *piece);
    if (rests && pool->first) {
        piece->next = NULL;
        pool->last = pool->last->next = piece;
    } else {
        piece->next = pool->first;
        pool->first = pool->last = piece;
    }
    pool->count++;
}

/* ---- the end of a thread ---- */

static void mempool_end(void *ended)
{
    struct mempools *pools = ended;

    pools->open = false;
    for (unsigned i = 0; i < MEMPOOL_SIZES; i++)
        while (pools->of[i].first)
            memory_free(pool_take(&pools->of[i]));
}

static void mempool_prepare(void)
{
    mempool_keyed = pthread_key_create(&mempool_key, mempool_end) == 0;
}

/* Without it nothing is kept: nobody would give it back. */
static bool mempool_open(void)
{
    pthread_once(&mempool_once, mempool_prepare);
    mempools.open = mempool_keyed && pthread_setspecific(mempool_key, &mempools) == 0;
    return mempools.open;
}

/* ---- pieces ---- */

/* Of a piece of a list, `size` octets are anybody's. */
static void piece_show(void *piece, size_t size, unsigned list)
{
    memory_show(piece, size);
    memory_hide((char *)piece + size, size_of(list) - size);
}

static void *piece_new(unsigned list)
{
    struct mempool *pool = &mempools.of[list];

    if (!pool->first || (rests && pool->count < kept_of(list)))
        return memory_new(size_of(list));
    return memory_refuses() ? NULL : pool_take(pool);
}

void *mempool_new(size_t size)
{
    const unsigned list = list_of(size);

    if (list >= MEMPOOL_SIZES)
        return memory_new(size);
    void *piece = piece_new(list);
    if (piece)
        piece_show(piece, size, list);
    return piece;
}

void mempool_free(void *memory, size_t size)
{
    const unsigned list = list_of(size);

    if (!memory)
        return;
    if (list >= MEMPOOL_SIZES || mempools.of[list].count >= kept_of(list) ||
        !(mempools.open || mempool_open()))
        memory_free(memory);
    else
        pool_put(&mempools.of[list], memory, size_of(list));
}

/* Into another piece, of the heap or not. */
static void *mempool_move(void *old, size_t old_size, size_t size)
{
    void *to = mempool_new(size);

    if (!to)
        return NULL;
    memcpy(to, old, old_size < size ? old_size : size);
    mempool_free(old, old_size);
    return to;
}

void *mempool_grow(void *old, size_t old_size, size_t size)
{
    const unsigned list = list_of(size);

    if (!old)
        return mempool_new(size);
    if (list_of(old_size) < MEMPOOL_SIZES) {
        if (list_of(old_size) != list)
            return mempool_move(old, old_size, size);
        piece_show(old, size, list);
        return old;
    }
    return list < MEMPOOL_SIZES ? mempool_move(old, old_size, size) : memory_grow(old, size);
}
