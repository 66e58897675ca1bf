/* What a worker's part of the cache holds besides its flights: pools, news, and strays.
 *
 * A stray is something its owner is done with, but that the loop still knows: a task of it is in
 * the mail, and mail cannot be taken back. It goes when its task has run; and so does the worker's
 * part itself, if it is closed, with the last of them.
 */
#include "cache/cache_parts.h"

#include "base/container.h"
#include "base/memory.h"
#include "cache/flight.h"

#define NS_PER_SECOND INT64_C(1000000000)

/* How many objects of a kind wait to be used again. */
enum { CACHE_POOL_MAX = 256 };

/* ---- pools ---- */

void *cache_pool_take(struct cache_pool *pool, size_t size)
{
    void *object = pool->first;

    if (!object)
        return memory_new(size);
    memcpy(&pool->first, object, sizeof pool->first);
    pool->count--;
    return object;
}

void cache_pool_give(struct cache_pool *pool, void *object)
{
    if (pool->count >= CACHE_POOL_MAX) {
        memory_free(object);
        return;
    }
    memcpy(object, &pool->first, sizeof pool->first);
    pool->first = object;
    pool->count++;
}

static void cache_pool_fini(struct cache_pool *pool)
{
    while (pool->first)
        memory_free(cache_pool_take(pool, 0));
}

/* ---- life ---- */

static void cache_box_emptied(struct letterbox *box)
{
    cache_stray_home(CONTAINER(box, struct cache_worker, box));
}

struct cache_worker *cache_open(struct cache *cache, struct loop *loop)
{
    struct cache_worker *worker = memory_new_zero(sizeof *worker);

    if (!worker)
        return NULL;
    worker->cache = cache;
    worker->loop = loop;
    stet_date_write(worker->dated, worker->date);
    letterbox_init(&worker->box, loop, cache_box_emptied);
    return worker;
}

void cache_stray_home(struct cache_worker *worker)
{
    if (--worker->strays > 0 || !worker->closed)
        return;
    cache_pool_fini(&worker->stored);
    cache_pool_fini(&worker->bodies);
    memory_free(worker);
}

void cache_close(struct cache_worker *worker)
{
    flight_end_all(worker);
    worker->strays++; /* the letter box */
    worker->closed = true;
    letterbox_close(&worker->box);
}

/* ---- clocks ---- */

int64_t cache_seconds(const struct loop *loop)
{
    return loop_now(loop) / NS_PER_SECOND;
}

int64_t cache_wall_seconds(const struct loop *loop)
{
    return loop_wall(loop) / NS_PER_SECOND;
}
