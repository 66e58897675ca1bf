/* A whole worker in the simulated world, with a configuration of the test's making, clients, and
 * origin servers that the test plays: what the tests of gateways share.
 *
 *     gate_open, config_add_..., gate_start
 *     gate_ask        a client sends a request; what it has got by then is in gate->got
 *     gate_origin     the request that has come to an origin server; gate_answer answers it
 */
#ifndef TEST_UNIT_GATEWAY_WORLD_H
#define TEST_UNIT_GATEWAY_WORLD_H

#include "base/memory.h"
#include "io/loop_sim.h"
#include "serve/worker.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GATE_SECOND ((int64_t)1000000000)

struct gate {
    struct sim_world *world;
    struct limits limits;
    struct conn_census *census;
    struct config *config;
    struct config_site *site;   /* "*" */
    struct config_route *route; /* "/", a proxy of 192.0.2.9:80 */
    struct grounds *grounds;
    struct store *store;
    struct cache *cache;
    struct worker *worker;
    struct sim_origin *origin; /* 192.0.2.9:80 */
    struct sim_client *asked;  /* the connection that it was asked on */
    struct sim_client *client;
    char got[1 << 16];
    unsigned configured;
};

static inline void gate_configured(void *owner, bool well)
{
    struct gate *gate = owner;
    gate->configured += well;
}

/* A configuration with one site; `proxied`: its route "/" leads to the origin. */
static inline struct gate *gate_open(bool proxied)
{
    struct gate *gate = calloc(1, sizeof *gate);
    assert_non_null(gate);
    gate->world = sim_world_new(7);
    gate->limits = limits_default();
    gate->origin = sim_origin_open(gate->world, "192.0.2.9:80");
    gate->config = config_new();
    gate->site = config_add_site(gate->config);
    assert_true(config_add_host(gate->config, gate->site, "*"));
    if (!proxied)
        return gate;
    gate->route = config_add_route(gate->config, gate->site, "/", CONFIG_PROXY);
    gate->route->upstreams = config_append(gate->config, NULL, 0, sizeof *gate->route->upstreams);
    assert_null(upstream_url_read("http://192.0.2.9", &gate->route->upstreams[0]));
    gate->route->upstream_count = 1;
    return gate;
}

static inline void gate_start(struct gate *gate)
{
    static const uint64_t seed[2] = {1, 2};
    assert_true(config_seal(gate->config));
    gate->census = conn_census_new(&gate->limits, seed);
    gate->grounds = grounds_new(gate->config);
    gate->store = store_mem_new(1 << 24, 1 << 22, seed);
    gate->cache = gate->grounds->cache = cache_new(gate->store, seed);
    const struct worker_setup setup = {.loop = sim_world_loop(gate->world),
                                       .limits = &gate->limits,
                                       .census = gate->census,
                                       .grounds = gate->grounds,
                                       .configured = gate_configured,
                                       .owner = gate};
    gate->worker = worker_new(&setup);
    assert_non_null(gate->worker);
    assert_true(worker_listen(gate->worker, sim_world_listen(gate->world, "www")));
}

static inline void gate_close(struct gate *gate)
{
    worker_free(gate->worker);
    cache_free(gate->cache);
    store_free(gate->store);
    grounds_unref(gate->grounds);
    config_unref(gate->config);
    conn_census_free(gate->census);
    sim_world_free(gate->world);
    free(gate);
}

/* All that the client has got since it was looked at last. */
static inline const char *gate_hear(struct gate *gate)
{
    sim_world_run_until_idle(gate->world);
    size_t len = sim_client_len(gate->client);
    assert_true(len < sizeof gate->got);
    memcpy(gate->got, sim_client_bytes(gate->client), len);
    gate->got[len] = '\0';
    sim_client_take(gate->client, len);
    return gate->got;
}

/* Another client; the one before stays as it is. */
static inline void gate_client(struct gate *gate, const char *peer)
{
    gate->client = sim_client_open(gate->world, "www", peer);
    assert_non_null(gate->client);
}

static inline const char *gate_say(struct gate *gate, const char *text)
{
    sim_client_say(gate->client, text);
    return gate_hear(gate);
}

/* A new client asks. */
static inline const char *gate_ask(struct gate *gate, const char *text)
{
    gate_client(gate, NULL);
    return gate_say(gate, text);
}

/* What the origin was sent that it has not answered, on the connection it was asked on last or on
 * one that has come since; NULL if there is nothing. */
static inline const char *gate_origin(struct gate *gate)
{
    static char text[1 << 16];
    struct sim_client *next;
    while ((next = sim_origin_next(gate->origin)))
        gate->asked = next;
    if (!gate->asked || sim_client_len(gate->asked) == 0)
        return NULL;
    size_t len = sim_client_len(gate->asked);
    assert_true(len < sizeof text);
    memcpy(text, sim_client_bytes(gate->asked), len);
    text[len] = '\0';
    sim_client_take(gate->asked, len);
    return text;
}

/* The origin sends; what the client has got then. */
static inline const char *gate_answer(struct gate *gate, const char *text)
{
    sim_client_say(gate->asked, text);
    return gate_hear(gate);
}

static inline bool gate_has(const char *text, const char *part)
{
    return text && strstr(text, part);
}

#define assert_has(text, part)                                              \
    do {                                                                    \
        const char *has_ = (text);                                          \
        if (!gate_has(has_, part))                                          \
            fail_msg("no \"%s\" in:\n%s", part, has_ ? has_ : "(nothing)"); \
    } while (0)

#define assert_lacks(text, part)                    \
    do {                                            \
        const char *has_ = (text);                  \
        if (gate_has(has_, part))                   \
            fail_msg("\"%s\" in:\n%s", part, has_); \
    } while (0)

#endif
