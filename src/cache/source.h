/* Sources: representations of the cache, which may have to tell their asker that there is more.
 */
#ifndef CACHE_SOURCE_H
#define CACHE_SOURCE_H

#include "cache/cache.h"

struct source {
    struct representation representation;
    struct cache_query *query; /* who is told; NULL: nobody listens */
};

/* The query is told from now on, and holds a reference until source_forget. It listens to nothing
 * else. */
static inline void source_listen(struct source *source, struct cache_query *query)
{
    representation_ref(&source->representation);
    source->query = query;
    query->source = source;
}

/* It is not told any more; no-op if it is not. */
static inline void source_forget(struct cache_query *query)
{
    struct source *source = query->source;
    if (!source)
        return;
    query->source = NULL;
    source->query = NULL;
    representation_unref(&source->representation);
}

/* There is more. */
static inline void source_tell(struct source *source)
{
    if (source->query)
        source->query->events->more(source->query);
}

#endif
