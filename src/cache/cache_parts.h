/* What a cache and its workers' parts are made of. For the rooms of the judgement; nobody else.
 */
#ifndef CACHE_CACHE_PARTS_H
#define CACHE_CACHE_PARTS_H

#include "cache/cache.h"
#include "cache/flights.h"
#include "cache/shelf.h"
#include "cache/shelf_key.h"
#include "stet/date.h"

struct cache {
    struct shelf shelf;
    struct flights *flights;
    atomic_bool partitioned; /* some route keeps a partition of its own */
};

/* Objects of one kind that wait to be used again. */
struct cache_pool {
    void *first; /* each begins with a pointer to the next */
    unsigned count;
};

struct cache_worker {
    struct cache *cache;
    struct loop *loop;
    struct letterbox box;     /* news for its followers */
    struct flight *flights;   /* all that are under way */
    struct cache_pool stored; /* representations, */
    struct cache_pool bodies; /* and bodies of stored responses */
    int64_t dated;            /* the last date that was written, and how */
    char date[STET_DATE_LENGTH];
    struct shelf_servers servers; /* asked for lately */
    unsigned strays; /* objects that are done with, but known to the loop; the box too */
    bool closed;
};

/* An object of `size` octets, not cleared; NULL when memory is out. */
void *cache_pool_take(struct cache_pool *pool, size_t size);
void cache_pool_give(struct cache_pool *pool, void *object);

/* A stray has come home: perhaps the last thing of a closed worker. */
void cache_stray_home(struct cache_worker *worker);

/* The steady and the wall clock in whole seconds, as the rules want them. */
int64_t cache_seconds(const struct loop *loop);
int64_t cache_wall_seconds(const struct loop *loop);

#endif
