/* Outbound: the origin servers that clients of a forward proxy ask for, by authority.
 *
 * Each has an upstream of its own, made when it is first asked for, so that connections and what is
 * known of its health are kept. Those that nobody uses are forgotten, the longest unused first.
 */
#ifndef SERVE_OUTBOUND_H
#define SERVE_OUTBOUND_H

#include "base/map.h"
#include "cache/cache.h"
#include "serve/config.h"

/* How many are remembered that nobody uses. */
#define OUTBOUND_IDLE_MAX 256

struct outbound;

/* One origin server. */
struct destination {
    struct cache_route cache; /* how to ask it */
    struct outbound *outbound;
    struct upstream_url url; /* its text, behind the scheme, is the key */
    size_t users;
    struct destination *newer, *older; /* among those that nobody uses */
};

struct outbound {
    const struct config_forward *forward;
    struct caller *caller;
    struct loop *loop;
    /* Nobody uses any of them any more; under the rules of cache_route.landed. May be NULL. */
    void (*settled)(struct outbound *outbound);

    struct map map; /* private from here */
    struct destination *newest, *oldest;
    size_t idle;
};

/* An empty one. `forward`, `caller` and `loop` outlive it. */
void outbound_init(struct outbound *outbound, const struct config_forward *forward,
                   struct caller *caller, struct loop *loop);

/* Nobody uses any of them any more, or the loop runs no more. */
void outbound_fini(struct outbound *outbound);

/* The server for a valid authority ("example.org", "[::1]:8080"; port 80 if it gives none), in use
 * until outbound_leave. NULL when memory is out. */
struct destination *outbound_enter(struct outbound *outbound, struct stet_span authority);
void outbound_leave(struct destination *destination);

/* Nobody uses any of them: no exchange, no fetch. */
static inline bool outbound_is_settled(const struct outbound *outbound)
{
    return outbound->map.count == outbound->idle;
}

#endif
