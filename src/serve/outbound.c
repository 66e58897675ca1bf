/* Outbound: a map from authority to upstream, and a list of those that nobody uses.
 *
 *     enter: in the map? else make it       users > 0 or fetches under way: in use
 *     leave, landed: neither any more  ->   newest of the idle ones; past the bound the oldest goes
 *
 * Clients choose the authorities, so the map is keyed, and what it may hold without use is bounded;
 * what is in use is bounded by the connections.
 */
#include "serve/outbound.h"

#include "base/container.h"
#include "base/memory.h"

#include <string.h>

#define OUTBOUND_SCHEME "http://"

/* The authority as the client wrote it: the key. */
static struct stet_span destination_name(const struct destination *destination)
{
    return stet_span_of(destination->url.text + sizeof OUTBOUND_SCHEME - 1);
}

void outbound_init(struct outbound *outbound, const struct config_forward *forward,
                   struct caller *caller, struct loop *loop)
{
    uint64_t seed[2];

    loop_random(loop, seed, sizeof seed);
    *outbound = (struct outbound){.forward = forward, .caller = caller, .loop = loop};
    map_init(&outbound->map, seed);
}

static void destination_free(struct destination *destination)
{
    if (destination->cache.upstream)
        upstream_free(destination->cache.upstream);
    upstream_url_fini(&destination->url);
    memory_free(destination);
}

void outbound_fini(struct outbound *outbound)
{
    struct destination *destination;
    size_t cursor = 0;

    while ((destination = map_next(&outbound->map, &cursor)))
        destination_free(destination);
    map_fini(&outbound->map);
    outbound->newest = outbound->oldest = NULL;
    outbound->idle = 0;
}

/* ---- the idle ones ---- */

static void destination_unlink(struct destination *destination)
{
    struct outbound *outbound = destination->outbound;
    struct destination *newer = destination->newer, *older = destination->older;

    *(newer ? &newer->older : &outbound->newest) = older;
    *(older ? &older->newer : &outbound->oldest) = newer;
    outbound->idle--;
}

static void destination_forget(struct destination *destination)
{
    const struct stet_span name = destination_name(destination);

    destination_unlink(destination);
    map_remove(&destination->outbound->map, name.at, name.len);
    destination_free(destination);
}

static bool destination_is_idle(const struct destination *destination)
{
    return destination->users == 0 && destination->cache.flights == 0;
}

/* Its last use has ended. */
static void destination_rest(struct destination *destination)
{
    struct outbound *outbound = destination->outbound;

    destination->newer = NULL;
    destination->older = outbound->newest;
    *(outbound->newest ? &outbound->newest->newer : &outbound->oldest) = destination;
    outbound->newest = destination;
    if (++outbound->idle > OUTBOUND_IDLE_MAX)
        destination_forget(outbound->oldest);
    if (outbound->settled && outbound_is_settled(outbound))
        outbound->settled(outbound);
}

static void destination_landed(struct cache_route *route)
{
    struct destination *destination = CONTAINER(route, struct destination, cache);
    if (destination_is_idle(destination))
        destination_rest(destination);
}

/* ---- using them ---- */

static struct destination *destination_new(struct outbound *outbound, const char *text)
{
    struct destination *destination = memory_new_zero(sizeof *destination);

    if (!destination)
        return NULL;
    destination->outbound = outbound;
    destination->cache.rules = &outbound->forward->route.cache;
    destination->cache.forward = &outbound->forward->route.forward;
    destination->cache.landed = destination_landed;
    if (upstream_url_read(text, &destination->url)) {
        memory_free(destination);
        return NULL;
    }
    const struct stet_span name = destination_name(destination);
    destination->cache.upstream =
        upstream_new(outbound->caller, outbound->loop, &destination->url, 1);
    if (destination->cache.upstream && map_put(&outbound->map, name.at, name.len, destination))
        return destination;
    destination_free(destination);
    return NULL;
}

/* Two spellings of one authority become two destinations, which costs a connection, no more: the
 * key of what is stored has a normal form of its own (D-38). */
struct destination *outbound_enter(struct outbound *outbound, struct stet_span authority)
{
    struct destination *destination = map_find(&outbound->map, authority.at, authority.len);

    if (!destination) {
        const size_t scheme = sizeof OUTBOUND_SCHEME - 1;
        char *text = memory_new(scheme + authority.len + 1);
        if (!text)
            return NULL;
        memcpy(text, OUTBOUND_SCHEME, scheme);
        memcpy(text + scheme, authority.at, authority.len);
        text[scheme + authority.len] = '\0';
        destination = destination_new(outbound, text);
        memory_free(text);
        if (!destination)
            return NULL;
    } else if (destination_is_idle(destination)) {
        destination_unlink(destination);
    }
    destination->users++;
    return destination;
}

void outbound_leave(struct destination *destination)
{
    destination->users--;
    if (destination_is_idle(destination))
        destination_rest(destination);
}
