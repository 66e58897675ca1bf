/* Sites: one array of routes at work, in the order of their numbers, with a count of who uses them.
 *
 *     sites_open -> [ refs: the worker, each exchange ]  sites_unref
 *                   [ flights: each fetch             ]  landed
 *                          both none: a task ends it
 *
 * The end is deferred because it takes away what whoever brings the news may still stand on.
 */
#include "serve/site.h"

#include "base/check.h"
#include "base/container.h"
#include "base/memory.h"

/* ---- grounds ---- */

struct grounds *grounds_new(struct config *config)
{
    struct grounds *grounds =
        memory_new_zero(sizeof *grounds + config->route_count * sizeof(struct library *));
    if (!grounds)
        return NULL;
    atomic_init(&grounds->refs, 1);
    grounds->config = config_ref(config);
    return grounds;
}

struct grounds *grounds_ref(struct grounds *grounds)
{
    atomic_fetch_add_explicit(&grounds->refs, 1, memory_order_relaxed);
    return grounds;
}

void grounds_unref(struct grounds *grounds)
{
    if (!grounds || atomic_fetch_sub_explicit(&grounds->refs, 1, memory_order_acq_rel) != 1)
        return;
    config_unref(grounds->config);
    tls_context_unref(grounds->tls);
    memory_free(grounds);
}

/* ---- the end ---- */

static void site_route_close(struct site_route *route)
{
    if (route->files)
        files_close(route->files);
    if (route->cache.upstream)
        upstream_free(route->cache.upstream);
}

static void sites_close(struct sites *sites)
{
    *sites->link = sites->next;
    if (sites->next)
        sites->next->link = sites->link;
    for (size_t i = 0; i < sites->count; i++)
        site_route_close(&sites->routes[i]);
    outbound_fini(&sites->outbound);
    grounds_unref(sites->grounds);
    memory_free(sites);
}

static void sites_end(struct task *task)
{
    sites_close(CONTAINER(task, struct sites, end));
}

/* Nobody can come to use it again: only who has a reference may begin a fetch. */
static void sites_settle(struct sites *sites)
{
    if (sites->refs > 0 || sites->ending || !outbound_is_settled(&sites->outbound))
        return;
    for (size_t i = 0; i < sites->count; i++) {
        if (sites->routes[i].cache.flights > 0)
            return;
    }
    sites->ending = true;
    loop_defer(sites->loop, &sites->end);
}

void sites_unref(struct sites *sites)
{
    CHECK(sites->refs > 0);
    sites->refs--;
    sites_settle(sites);
}

void sites_close_all(struct sites **list)
{
    while (*list)
        sites_close(*list);
}

static void site_route_landed(struct cache_route *cache)
{
    sites_settle(CONTAINER(cache, struct site_route, cache)->sites);
}

static void sites_outbound_settled(struct outbound *outbound)
{
    sites_settle(CONTAINER(outbound, struct sites, outbound));
}

/* ---- opening ---- */

static bool site_route_open(struct site_route *route, struct caller *caller)
{
    const struct config_route *config = route->config;
    struct sites *sites = route->sites;

    if (config->kind == CONFIG_FILES) {
        route->files = files_open(sites->grounds->libraries[config->number], sites->loop);
        return route->files != NULL;
    }
    if (config->kind != CONFIG_PROXY)
        return true;
    route->cache = (struct cache_route){
        .rules = &config->cache, .forward = &config->forward, .landed = site_route_landed};
    route->cache.upstream =
        upstream_new(caller, sites->loop, config->upstreams, config->upstream_count);
    return route->cache.upstream != NULL;
}

static bool sites_open_routes(struct sites *sites, struct caller *caller)
{
    const struct config *config = sites->config;
    for (size_t i = 0; i < config->site_count; i++) {
        for (size_t j = 0; j < config->sites[i].route_count; j++) {
            const struct config_route *from = &config->sites[i].routes[j];
            struct site_route *route = &sites->routes[from->number];
            route->config = from;
            route->sites = sites;
            if (!site_route_open(route, caller))
                return false;
        }
    }
    return true;
}

/* The route that takes everything, if there is such a one. */
static struct site_route *sites_only(struct sites *sites)
{
    const struct config *config = sites->config;
    if (config->hosts.count != 1 || config->route_count != 1 ||
        !stet_span_equal(config->hosts.at[0].name, STET_SPAN("*")) ||
        !stet_span_equal(stet_span_of(config->hosts.at[0].site->routes[0].path), STET_SPAN("/")))
        return NULL;
    return &sites->routes[0];
}

struct sites *sites_open(struct grounds *grounds, struct loop *loop, struct caller *caller,
                         struct sites **list)
{
    const struct config *config = grounds->config;
    struct sites *sites =
        memory_new_zero(sizeof *sites + config->route_count * sizeof *sites->routes);

    if (!sites)
        return NULL;
    sites->grounds = grounds_ref(grounds);
    sites->config = config;
    sites->loop = loop;
    sites->refs = 1;
    sites->end.run = sites_end;
    sites->count = config->route_count;
    sites->next = *list;
    sites->link = list;
    if (sites->next)
        sites->next->link = &sites->next;
    *list = sites;
    outbound_init(&sites->outbound, &config->forward, caller, loop);
    sites->outbound.settled = sites_outbound_settled;
    if (!sites_open_routes(sites, caller)) {
        sites_close(sites);
        return NULL;
    }
    sites->only = sites_only(sites);
    return sites;
}

/* ---- finding ---- */

enum sites_found sites_find(struct sites *sites, struct stet_span host, struct stet_span path,
                            char *scratch, struct site_route **route)
{
    const struct config_site *site = config_site(sites->config, host);
    /* "*" asks about the server as a whole [RFC 9110 §9.3.7] */
    const struct stet_span plain =
        stet_span_equal(path, STET_SPAN("*")) ? STET_SPAN("/") : config_path(path, scratch);
    const struct config_route *found;

    if (!site)
        return SITES_NO_SITE;
    if (!plain.at)
        return SITES_BAD_PATH;
    found = config_route(site, plain);
    if (!found)
        return SITES_NO_ROUTE;
    *route = &sites->routes[found->number];
    return SITES_FOUND;
}
