/* The configuration: a tree in one arena, built up by whoever reads it, then sealed for look-ups.
 *
 * Hosts become a sorted table that is searched in halves: for the name itself, then for each
 * "*.domain" above it, then for "*". Routes of a site are sorted so that the first one that fits is
 * the longest. Both are made once, for a configuration never changes afterwards.
 *
 * Given up: arrays that grow leave their old selves in the arena. A configuration is small, and it
 * is gone with the next one.
 */
#include "serve/config.h"

#include "base/check.h"
#include "base/memory.h"
#include "cache/noise.h"
#include "stet/uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Far more than any operator writes. */
#define CONFIG_CEILING ((size_t)256 << 20)

#define CONFIG_MEMORY (UINT64_C(256) << 20)

/* Longer names cannot be resolved [RFC 1035 §2.3.4]. */
#define CONFIG_HOST_MAX 255

#define CONFIG_MAX_FORWARDS 32

/* ---- making ---- */

struct config *config_new(void)
{
    struct config *config = memory_new_zero(sizeof *config);
    if (!config)
        return NULL;
    atomic_init(&config->refs, 1);
    arena_init(&config->arena, CONFIG_CEILING);
    config->memory = CONFIG_MEMORY;
    config->secure.h2c = true;
    config->limits = limits_default();
    return config;
}

struct config *config_ref(struct config *config)
{
    atomic_fetch_add_explicit(&config->refs, 1, memory_order_relaxed);
    return config;
}

static void config_free_noise(const struct config_route *route)
{
    noise_free((struct noise *)(uintptr_t)route->cache.noise); /* made for this route alone */
}

static void config_free(struct config *config)
{
    for (size_t i = 0; i < config->site_count; i++) {
        const struct config_site *site = &config->sites[i];
        for (size_t j = 0; j < site->route_count; j++) {
            const struct config_route *route = &site->routes[j];
            for (size_t k = 0; k < route->upstream_count; k++)
                upstream_url_fini(&route->upstreams[k]);
            tls_context_unref(route->origin.context);
            tls_context_unref(route->origin.upgrade);
            config_free_noise(route);
        }
    }
    config_free_noise(&config->forward.route);
    arena_fini(&config->arena);
    memory_free(config);
}

void config_unref(struct config *config)
{
    if (config && atomic_fetch_sub_explicit(&config->refs, 1, memory_order_acq_rel) == 1)
        config_free(config);
}

char *config_text(struct config *config, const char *text)
{
    return arena_copy(&config->arena, text, strlen(text) + 1);
}

/* Room doubles: an array is moved when its length is 0 or a power of two. */
void *config_append(struct config *config, void *array, size_t count, size_t size)
{
    if (count & (count - 1)) {
        memset((char *)array + count * size, 0, size);
        return array;
    }
    const size_t room = count ? 2 * count : 1;
    char *larger = arena_alloc(&config->arena, room * size);
    if (!larger)
        return NULL;
    if (count)
        memcpy(larger, array, count * size);
    memset(larger + count * size, 0, size);
    return larger;
}

struct config_site *config_add_site(struct config *config)
{
    struct config_site *sites =
        config_append(config, config->sites, config->site_count, sizeof *sites);
    if (!sites)
        return NULL;
    config->sites = sites;
    return &sites[config->site_count++];
}

static void config_route_init(struct config_route *route, enum config_route_kind kind)
{
    *route = (struct config_route){
        .kind = kind,
        .files = files_options_default(),
        .cache = cache_rules_default(),
        .forward = {.name = STET_SPAN("stet"),
                    .keep_host = true,
                    .max_forwards = CONFIG_MAX_FORWARDS},
        .origin = {.verify = true},
        .upgrade = true,
        .status = kind == CONFIG_REDIRECT ? 308 : 200,
    };
}

struct config_route *config_add_route(struct config *config, struct config_site *site,
                                      const char *path, enum config_route_kind kind)
{
    struct config_route *routes =
        config_append(config, site->routes, site->route_count, sizeof *routes);
    char *copy = config_text(config, path);
    if (!routes || !copy)
        return NULL;
    site->routes = routes;
    struct config_route *route = &routes[site->route_count++];
    config_route_init(route, kind);
    route->path = copy;
    return route;
}

bool config_add_host(struct config *config, struct config_site *site, const char *host)
{
    char **hosts = config_append(config, site->hosts, site->host_count, sizeof *hosts);
    char *name = config_text(config, host);
    if (!hosts || !name)
        return false;
    for (char *at = name; *at; at++)
        *at = (char)stet_byte_lower((unsigned char)*at);
    site->hosts = hosts;
    hosts[site->host_count++] = name;
    return true;
}

bool config_add_network(struct config *config, struct networks *networks,
                        const struct network *network)
{
    /* the array was made here: it is ours to write */
    void *old = (void *)(uintptr_t)networks->at;
    struct network *at = config_append(config, old, networks->count, sizeof *at);
    if (!at)
        return false;
    at[networks->count++] = *network;
    networks->at = at;
    return true;
}

char *config_pseudonym(struct config *config)
{
    char name[24];
    uint32_t number = 0;
    if (getrandom(&number, sizeof number, 0) != sizeof number)
        return NULL;
    snprintf(name, sizeof name, "stet-%08x", number);
    return config_text(config, name);
}

bool config_enable_forward(struct config *config)
{
    static const char *const clients[] = {"127.0.0.0/8", "::1", "unix"};
    static const uint16_t ports[] = {443};
    struct config_forward *forward = &config->forward;

    config_route_init(&forward->route, CONFIG_PROXY);
    forward->route.cache.profile = stet_profile_forward();
    forward->route.cache.partition = STET_SPAN("forward ");
    forward->route.cache.synthesize = false;
    forward->route.via = true;
    forward->route.forward.max_forwards = CONFIG_MAX_FORWARDS;
    forward->on = true;
    forward->ports = ports;
    forward->port_count = 1;
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        struct network network;
        CHECK(!network_read(clients[i], &network));
        if (!config_add_network(config, &forward->clients, &network))
            return false;
    }
    return true;
}

/* ---- sealing ---- */

static int config_compare(struct stet_span a, struct stet_span b)
{
    const size_t least = a.len < b.len ? a.len : b.len;
    const int order = least ? memcmp(a.at, b.at, least) : 0;
    if (order)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

static int config_compare_hosts(const void *a, const void *b)
{
    const struct config_host *one = a, *other = b;
    const int order = config_compare(one->name, other->name);
    if (order)
        return order;
    return one->site < other->site ? -1 : one->site > other->site; /* the first one written */
}

/* Longer paths first. */
static int config_compare_routes(const void *a, const void *b)
{
    const struct config_route *one = a, *other = b;
    const size_t x = strlen(one->path), y = strlen(other->path);
    if (x != y)
        return x > y ? -1 : 1;
    return strcmp(one->path, other->path);
}

static bool config_seal_hosts(struct config *config)
{
    size_t count = 0;
    for (size_t i = 0; i < config->site_count; i++)
        count += config->sites[i].host_count;
    config->hosts.at = arena_alloc(&config->arena, (count + 1) * sizeof *config->hosts.at);
    if (!config->hosts.at)
        return false;
    for (size_t i = 0; i < config->site_count; i++) {
        const struct config_site *site = &config->sites[i];
        for (size_t j = 0; j < site->host_count; j++)
            config->hosts.at[config->hosts.count++] =
                (struct config_host){stet_span_of(site->hosts[j]), site};
    }
    qsort(config->hosts.at, count, sizeof *config->hosts.at, config_compare_hosts);
    return true;
}

/* [RFC 6797 §6.1] */
static bool config_seal_hsts(struct config *config, struct config_tls *tls)
{
    char line[80];

    if (tls->hsts == 0)
        return true;
    const int size = snprintf(line, sizeof line, "Strict-Transport-Security: max-age=%llu\r\n",
                              (unsigned long long)tls->hsts);
    const char *kept = config_text(config, line);
    tls->hsts_line = stet_span(kept, kept ? (size_t)size : 0);
    return kept != NULL;
}

static void config_inherit(struct config_tls *tls, const struct config_tls *preset)
{
    *tls = *preset;
    tls->given = false;
}

/* What has no TLS of its own is served as the server as a whole. */
static bool config_seal_secure(struct config *config)
{
    struct config_secure *secure = &config->secure;

    if (!config_is_secure(config))
        return true;
    secure->count = 1;
    if (!config_seal_hsts(config, &secure->preset))
        return false;
    for (size_t i = 0; i < config->site_count; i++) {
        struct config_tls *tls = &config->sites[i].tls;
        if (tls->given && !config_seal_hsts(config, tls))
            return false;
        if (tls->given)
            tls->number = secure->count++;
        else
            config_inherit(tls, &secure->preset);
        secure->guarded |= tls->hsts > 0 || tls->redirect || tls->demand != TLS_DEMAND_NOTHING;
    }
    return true;
}

bool config_seal(struct config *config)
{
    CHECK(!config->hosts.at);
    for (size_t i = 0; i < config->site_count; i++) {
        struct config_site *site = &config->sites[i];
        if (site->route_count)
            qsort(site->routes, site->route_count, sizeof *site->routes, config_compare_routes);
        for (size_t j = 0; j < site->route_count; j++)
            site->routes[j].number = config->route_count++;
    }
    return config_seal_hosts(config) && config_seal_secure(config);
}

/* ---- asking ---- */

bool config_is_secure(const struct config *config)
{
    bool secure = config->secure.preset.certificate_count > 0;
    for (size_t i = 0; i < config->site_count; i++)
        secure |= config->sites[i].tls.certificate_count > 0;
    return secure;
}

bool config_fetches(const struct config *config)
{
    bool fetches = config->forward.on;
    for (size_t i = 0; i < config->site_count; i++) {
        for (size_t j = 0; j < config->sites[i].route_count; j++)
            fetches |= config->sites[i].routes[j].kind == CONFIG_PROXY;
    }
    return fetches;
}

const struct config_route *config_route_at(const struct config *config, size_t index)
{
    for (size_t i = 0; i < config->site_count; i++) {
        if (index < config->sites[i].route_count)
            return &config->sites[i].routes[index];
        index -= config->sites[i].route_count;
    }
    return NULL;
}

/* The first one with this name, or NULL. */
static const struct config_site *config_named(const struct config *config, struct stet_span name)
{
    size_t low = 0, high = config->hosts.count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (config_compare(config->hosts.at[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == config->hosts.count || !stet_span_equal(config->hosts.at[low].name, name))
        return NULL;
    return config->hosts.at[low].site;
}

/* Without port and final dot. */
static struct stet_span config_bare_host(struct stet_span host)
{
    const bool literal = host.len && host.at[0] == '[';
    host.len = literal && stet_span_find(host, ']') < host.len ? stet_span_find(host, ']') + 1
                                                               : stet_span_find(host, ':');
    if (host.len > 1 && host.at[host.len - 1] == '.')
        host.len--;
    return host;
}

const struct config_site *config_own_site(const struct config *config, struct stet_span host)
{
    char lower[CONFIG_HOST_MAX + 1];
    const struct stet_span bare = config_bare_host(host);

    if (bare.len > CONFIG_HOST_MAX)
        return NULL;
    for (size_t i = 0; i < bare.len; i++)
        lower[i + 1] = (char)stet_byte_lower((unsigned char)bare.at[i]);
    struct stet_span name = stet_span(lower + 1, bare.len);
    const struct config_site *site = config_named(config, name);
    while (!site && stet_span_find(name, '.') < name.len) {
        name = stet_span_from(name, stet_span_find(name, '.'));
        lower[name.at - 1 - lower] = '*'; /* over the last octet of what was cut off */
        site = config_named(config, stet_span(name.at - 1, name.len + 1));
        name = stet_span_from(name, 1);
    }
    return site;
}

const struct config_site *config_site(const struct config *config, struct stet_span host)
{
    const struct config_site *site = config_own_site(config, host);
    return site ? site : config_named(config, STET_SPAN("*"));
}

/* Takes the last segment away from what was written so far; its first "/" stays. */
static size_t config_up(const char *to, size_t written)
{
    if (written > 1)
        written--; /* the slash that ends it */
    while (written > 1 && to[written - 1] != '/')
        written--;
    return written;
}

struct stet_span config_path(struct stet_span path, char *to)
{
    const size_t size = stet_path_decode(path, to);
    size_t written = 0, from = 0;

    if (size == SIZE_MAX)
        return STET_SPAN_NONE;
    while (from < size) { /* a segment with its "/" behind it [RFC 3986 §5.2.4] */
        const size_t end = from + stet_span_find(stet_span(to + from, size - from), '/');
        const struct stet_span segment = stet_span(to + from, end - from);
        const size_t next = end < size ? end + 1 : size;
        if (stet_span_equal(segment, STET_SPAN("..")))
            written = config_up(to, written);
        else if (!stet_span_equal(segment, STET_SPAN("."))) {
            memmove(to + written, to + from, next - from);
            written += next - from;
        }
        from = next;
    }
    return stet_span(to, written);
}

static bool config_route_fits(const struct config_route *route, struct stet_span path)
{
    const struct stet_span prefix = stet_span_of(route->path);
    if (!stet_span_starts(path, prefix))
        return false;
    return path.len == prefix.len || prefix.at[prefix.len - 1] == '/' || path.at[prefix.len] == '/';
}

const struct config_route *config_route(const struct config_site *site, struct stet_span path)
{
    for (size_t i = 0; i < site->route_count; i++) {
        if (config_route_fits(&site->routes[i], path))
            return &site->routes[i];
    }
    return NULL;
}
