/* The stage of a gateway: one site, one route "/" to the played origins, a cache in memory. The
 * same assembly as serve/server.c makes, without sockets, signals and threads.
 */
#include "gateway.h"
#include "origin_parts.h"

#include "cache/noise.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_SECOND 1000000000

enum { GATEWAY_MEMORY = 1 << 26, GATEWAY_OBJECT = 1 << 24 };

static struct gateway *gateway_of(struct scene *s)
{
    if (s->gateway)
        return s->gateway;
    struct gateway *gateway = calloc(1, sizeof *gateway);
    gateway->rules = cache_rules_default();
    gateway->forward = (struct forward_rules){
        .name = STET_SPAN_INIT("stet"), .keep_host = true, .max_forwards = 10};
    gateway->rules.lifetimes = gateway->lifetimes;
    gateway->memory = GATEWAY_MEMORY;
    gateway->oracle = oracle_new();
    gateway->oracle->secure = s->cover != END_PLAIN;
    gateway->oracle->troubled = s->chaos->has_origin_faults ? s->chaos->origin_faults.reset_after
                                                            : s->chaos->faults.reset_after;
    gateway->oracle->forgetful = s->chaos->relaxed;
    s->gateway = gateway;
    return gateway;
}

struct gateway *scene_gateway(struct scene *s)
{
    if (s->started)
        scene_fail(s, "settings come too late");
    return gateway_of(s);
}

struct origin *scene_another_origin(struct scene *s)
{
    struct gateway *gateway = scene_gateway(s);
    if (gateway->origin_count == GATEWAY_ORIGINS)
        scene_fail(s, "too many origins");
    struct origin *origin = origin_new(s, gateway->oracle, gateway->origin_count);
    gateway->origins[gateway->origin_count++] = origin;
    return origin;
}

struct origin *scene_origin(struct scene *s)
{
    const struct gateway *gateway = gateway_of(s);
    return gateway->origin_count ? gateway->origins[0] : scene_another_origin(s);
}

void gateway_by_the_letter(struct gateway *gateway)
{
    gateway->rules.profile = stet_profile_rfc9111();
    gateway->oracle->keeps_cookies = true;
    gateway->oracle->guesses = true;
}

void gateway_gives(struct gateway *gateway, int status, uint32_t seconds)
{
    gateway->lifetimes[gateway->rules.lifetime_count++] = (struct cache_lifetime){status, seconds};
    gateway->oracle->given[gateway->oracle->given_count++] = (struct given){status, seconds};
}

/* ---- at work ---- */

static bool gateway_set_noise(struct scene *s, struct config_route *route)
{
    struct gateway *gateway = s->gateway;
    const struct stet_span pattern = stet_span_of(gateway->noise ? gateway->noise : "");
    char message[PATTERN_MESSAGE];
    size_t fault;
    if (!gateway->noise)
        return true;
    if (!gateway->oracle->noise) {
        gateway->oracle->noise = malloc(sizeof *gateway->oracle->noise);
        if (regcomp(gateway->oracle->noise, gateway->noise, REG_EXTENDED) != 0)
            scene_fail(s, "no regular expression: %s", gateway->noise);
    }
    route->cache.noise = noise_new(&pattern, 1, message, &fault);
    return route->cache.noise != NULL;
}

static bool gateway_route(struct scene *s, struct config *config, struct config_site *site)
{
    struct gateway *gateway = s->gateway;
    struct config_route *route = config_add_route(config, site, "/", CONFIG_PROXY);
    if (!route)
        return false;
    route->cache = gateway->rules;
    route->forward = gateway->forward;
    route->upgrade = !gateway->no_upgrade;
    route->via = true;
    for (unsigned i = 0; i < gateway->origin_count; i++) {
        char url[64];
        struct upstream_url *urls =
            config_append(config, route->upstreams, i, sizeof *route->upstreams);
        snprintf(url, sizeof url, "%s://%s", s->origin_h2 ? "h2c" : "http",
                 origin_address(gateway->origins[i]));
        if (!urls || upstream_url_read(url, &urls[i]))
            return false;
        route->upstreams = urls;
        route->upstream_count = i + 1;
    }
    return gateway_set_noise(s, route);
}

static bool gateway_configure(struct scene *s, struct config *config)
{
    struct config_site *site = config_add_site(config);
    if (!site || !config_add_host(config, site, "*") || !gateway_route(s, config, site))
        return false;
    config->log.format = s->log;
    if (s->gateway->configure)
        s->gateway->configure(s, config);
    return config_seal(config);
}

bool gateway_assemble(struct scene *s)
{
    static const uint64_t seed[2] = {1, 2};
    struct gateway *gateway = s->gateway;

    s->census = conn_census_new(&s->limits, seed);
    gateway->config = config_new();
    if (!s->census || !gateway->config || !gateway_configure(s, gateway->config))
        return false;
    gateway->store = store_mem_new(gateway->memory, GATEWAY_OBJECT, seed);
    gateway->cache = gateway->store ? cache_new(gateway->store, seed) : NULL;
    s->grounds = gateway->cache ? grounds_new(gateway->config) : NULL;
    if (s->grounds)
        s->grounds->cache = gateway->cache;
    return s->grounds != NULL;
}

void gateway_stop(struct scene *s)
{
    struct gateway *gateway = s->gateway;
    if (gateway->cache)
        cache_free(gateway->cache);
    if (gateway->store)
        store_free(gateway->store);
    config_unref(gateway->config);
    gateway->cache = NULL;
    gateway->store = NULL;
    gateway->config = NULL;
}

void gateway_free(struct scene *s)
{
    struct gateway *gateway = s->gateway;
    for (unsigned i = 0; i < gateway->origin_count; i++)
        origin_free(gateway->origins[i]);
    oracle_free(gateway->oracle);
    free(gateway);
    s->gateway = NULL;
}

void gateway_calm(struct scene *s, const char *target, const char *content)
{
    for (unsigned i = 0; i < s->gateway->origin_count; i++) {
        origin_calm(s->gateway->origins[i]);
        origin_holds(s->gateway->origins[i], target, "", content);
    }
}

void gateway_pump(struct scene *s)
{
    for (unsigned i = 0; i < s->gateway->origin_count; i++)
        origin_pump(s->gateway->origins[i]);
}

int64_t gateway_due(const struct scene *s)
{
    int64_t due = INT64_MAX;
    for (unsigned i = 0; s->gateway && i < s->gateway->origin_count; i++) {
        const int64_t next = origin_due(s->gateway->origins[i]);
        due = next < due ? next : due;
    }
    return due;
}

bool gateway_unblock(struct scene *s)
{
    bool any = false;
    for (unsigned i = 0; i < s->gateway->origin_count; i++) {
        any = any || origin_is_waiting(s->gateway->origins[i]);
        origin_goes_on(s->gateway->origins[i]);
    }
    return any;
}

/* ---- operators ---- */

int64_t scene_purge_by(struct scene *s, enum cache_purge_scope scope, const char *text, bool hard)
{
    const struct cache_purge_way way = {.hard = hard,
                                        .now = sim_world_now(s->world) / NS_PER_SECOND};
    const char *error = NULL;
    scene_start(s);
    const int64_t count =
        cache_purge(s->gateway->cache, scope, stet_span(text, strlen(text)), &way, &error);
    if (count < 0 && !s->chaos->relaxed)
        scene_fail(s, "no purge: %s", error);
    return count;
}

int64_t scene_purge(struct scene *s, const char *path)
{
    const int64_t count = scene_purge_by(s, CACHE_PURGE_URL, scene_url(s, path), false);
    if (count >= 0) /* else it said that it was not done */
        oracle_purged(s->gateway->oracle, path, sim_world_now(s->world));
    return count;
}
