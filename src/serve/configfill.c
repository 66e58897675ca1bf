/* From values of the file to members of the configuration, where storing is not all.
 *
 * A site, route or part is made when it is entered, its keys come in the order of the schema, and
 * what follows from several of them is done when it is left. What can only be judged against other
 * parts of the file becomes a claim.
 *
 *     enter SITE -> hosts -> enter ROUTE -> path -> enter PROXY -> to, ... -> leave PROXY -> ...
 */
#include "serve/configfill.h"

#include "cache/noise.h"
#include "serve/memoplace.h"
#include "serve/secure.h"
#include "stet/status.h"

#include <stdlib.h>
#include <string.h>

/* ---- claims ---- */

/* Room doubles, as in config_append, but in the arena of the reading. */
static void *configfill_append(struct configfill *fill, void *array, size_t count, size_t size)
{
    if (count & (count - 1))
        return array;
    void *larger = arena_alloc(fill->arena, (count ? 2 * count : 1) * size);
    if (larger && count)
        memcpy(larger, array, count * size);
    return larger;
}

static bool configfill_claim(struct configfill *fill, const struct configclaim *claim)
{
    struct configclaim *claims =
        configfill_append(fill, fill->claims, fill->claim_count, sizeof *claims);
    if (!claims)
        return false;
    claims[fill->claim_count] = *claim;
    claims[fill->claim_count++].site = fill->config->site_count - 1;
    fill->claims = claims;
    return true;
}

/* ---- the top of the file ---- */

static bool configfill_network(struct configfill *fill, struct networks *networks,
                               const struct configvalue *value)
{
    if (value->index == 0)
        networks->count = 0; /* instead of the default */
    return config_add_network(fill->config, networks, &value->network);
}

bool configfill_trusted(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config *config = target;
    return configfill_network(fill, &config->trusted, value);
}

bool configfill_purger(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config *config = target;
    return configfill_network(fill, &config->purgers, value);
}

bool configfill_client(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config *config = target;
    return configfill_network(fill, &config->forward.clients, value);
}

bool configfill_listen(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config *config = target;
    (void)fill;
    for (size_t i = 0; i < config->listen_count; i++) {
        if (strcmp(config->listen[i], value->text) == 0)
            return CONFIGFILL_COMPLAIN(fill, value->node, "listen \"%.60s\" twice", value->text);
    }
    char **listen = config_append(config, config->listen, config->listen_count, sizeof *listen);
    char *text = config_text(config, value->text);
    if (!listen || !text)
        return false;
    config->listen = listen;
    listen[config->listen_count++] = text;
    return true;
}

bool configfill_socket(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config *config = target;
    (void)fill;
    config->admin_socket = config_text(config, value->text ? value->text : "off");
    return config->admin_socket;
}

bool configfill_connect_port(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config *config = target;
    struct config_forward *forward = &config->forward;
    (void)fill;
    if (value->index == 0)
        forward->port_count = 0; /* instead of the default */
    /* after that the array was made here: it is ours to write */
    void *old = (void *)(uintptr_t)forward->ports;
    uint16_t *ports = config_append(config, old, forward->port_count, sizeof *ports);
    if (!ports)
        return false;
    ports[forward->port_count++] = (uint16_t)value->number;
    forward->ports = ports;
    return true;
}

void *configfill_same(struct configfill *fill, void *target)
{
    (void)fill;
    return target;
}

void *configfill_forward(struct configfill *fill, void *target)
{
    return config_enable_forward(fill->config) ? target : NULL;
}

void *configfill_forward_cache(struct configfill *fill, void *target)
{
    struct config *config = target;
    (void)fill;
    return &config->forward.route;
}

/* ---- sites and routes ---- */

struct config_site *configfill_last_site(const struct configfill *fill)
{
    return &fill->config->sites[fill->config->site_count - 1];
}

void *configfill_site(struct configfill *fill, void *target)
{
    (void)target;
    return config_add_site(fill->config);
}

bool configfill_host(struct configfill *fill, void *target, const struct configvalue *value)
{
    const struct configclaim claim = {.kind = CONFIGCLAIM_HOST,
                                      .text = value->text,
                                      .line = value->node->line,
                                      .column = value->node->column};
    (void)target;
    return config_add_host(fill->config, configfill_last_site(fill), value->text) &&
           configfill_claim(fill, &claim);
}

bool configfill_leave_site(struct configfill *fill, const struct yamlnode *node)
{
    const struct configclaim claim = {
        .kind = CONFIGCLAIM_HOST, .text = "*", .line = node->line, .column = node->column};
    if (yamlnode_get(node, "hosts"))
        return true;
    return config_add_host(fill->config, configfill_last_site(fill), "*") &&
           configfill_claim(fill, &claim);
}

void *configfill_route(struct configfill *fill, void *target)
{
    fill->route = fill->part;
    fill->path = yamlnode_get(fill->route, "path") ? NULL : "/";
    return target;
}

bool configfill_path(struct configfill *fill, void *target, const struct configvalue *value)
{
    (void)target;
    fill->path = value->text;
    return true;
}

/* A site for every host, where the file names none. */
static bool configfill_only_site(struct configfill *fill)
{
    if (fill->config->site_count)
        return true;
    struct config_site *site = config_add_site(fill->config);
    return site && config_add_host(fill->config, site, "*");
}

static struct config_route *configfill_add_route(struct configfill *fill,
                                                 enum config_route_kind kind)
{
    const struct yamlnode *written = fill->route ? yamlnode_get(fill->route, "path") : NULL;
    const struct yamlnode *node = written ? written : fill->part;
    const char *path = fill->route ? fill->path : "/";
    const struct configclaim claim = {
        .kind = CONFIGCLAIM_ROUTE, .text = path, .line = node->line, .column = node->column};

    if (!configfill_only_site(fill) || (path && !configfill_claim(fill, &claim)))
        return NULL;
    return config_add_route(fill->config, configfill_last_site(fill), path ? path : "/", kind);
}

/* ---- files ---- */

void *configfill_files(struct configfill *fill, void *target)
{
    struct config_route *route = configfill_add_route(fill, CONFIG_FILES);
    (void)target;
    fill->memo = false;
    if (route)
        route->files.mime_types = "/etc/mime.types";
    return route;
}

bool configfill_cache_control(struct configfill *fill, void *target,
                              const struct configvalue *value)
{
    struct config_route *route = target;
    struct files_options *files = &route->files;
    void *old = (void *)(uintptr_t)files->rules; /* made here: it is ours to write */
    struct files_rule *rules = config_append(fill->config, old, files->rule_count, sizeof *rules);
    const char *glob = config_text(fill->config, value->key->text);
    const char *text = config_text(fill->config, value->text);
    if (!rules || !glob || !text)
        return false;
    rules[files->rule_count++] = (struct files_rule){glob, text};
    files->rules = rules;
    return true;
}

bool configfill_memo(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config_route *route = target;
    route->files.memo_path = value->text ? config_text(fill->config, value->text) : NULL;
    fill->memo = true;
    return !value->text || route->files.memo_path;
}

bool configfill_leave_files(struct configfill *fill, struct config_route *route)
{
    char path[MEMOPLACE_PATH];
    if (fill->memo || !route->directory || !memoplace_find(route->directory, path))
        return true;
    route->files.memo_path = config_text(fill->config, path);
    return route->files.memo_path;
}

/* ---- proxies ---- */

void *configfill_proxy(struct configfill *fill, void *target)
{
    (void)target;
    return configfill_add_route(fill, CONFIG_PROXY);
}

bool configfill_to(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config_route *route = target;
    const struct configclaim claim = {.kind = CONFIGCLAIM_UPSTREAM,
                                      .text = value->text,
                                      .line = value->node->line,
                                      .column = value->node->column};
    for (size_t i = 0; i < route->upstream_count; i++) {
        if (strcmp(route->upstreams[i].text, value->text) == 0)
            return CONFIGFILL_COMPLAIN(fill, value->node, "to \"%.60s\" twice", value->text);
    }
    struct upstream_url *urls =
        config_append(fill->config, route->upstreams, route->upstream_count, sizeof *urls);
    if (!urls)
        return false;
    route->upstreams = urls;
    if (upstream_url_read(value->text, &urls[route->upstream_count]))
        return false; /* it was read before: memory is out */
    route->upstream_count++;
    return configfill_claim(fill, &claim);
}

static bool configfill_set_name(struct configfill *fill, struct config_route *route,
                                const char *text)
{
    const char *name = config_text(fill->config, text);
    route->forward.name = route->cache.name = stet_span_of(name);
    return name;
}

bool configfill_name(struct configfill *fill, void *target, const struct configvalue *value)
{
    return configfill_set_name(fill, target, value->text);
}

bool configfill_forward_name(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config *config = target;
    return configfill_set_name(fill, &config->forward.route, value->text);
}

/* In Via a name of its own, unless the file has one (D-47). */
bool configfill_leave_proxy(struct configfill *fill, struct config_route *route,
                            const struct yamlnode *node)
{
    char complaint[TLS_WORDS];

    if (!secure_route(fill->config, route, complaint))
        (void)CONFIGFILL_COMPLAIN(fill, node, "tls: %.300s", complaint);
    if (yamlnode_get(node, "name"))
        return true;
    if (!fill->pseudonym)
        fill->pseudonym = config_pseudonym(fill->config);
    route->forward.name = stet_span_of(fill->pseudonym);
    return fill->pseudonym;
}

bool configfill_leave_forward(struct configfill *fill, const struct yamlnode *node)
{
    struct config_forward *forward = &fill->config->forward;
    const struct yamlnode *ports = yamlnode_get(node, "connect-ports");
    if (ports && ports->kind == YAMLNODE_LIST && ports->count == 0)
        forward->port_count = 0;
    return configfill_leave_proxy(fill, &forward->route, node);
}

bool configfill_enabled(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config_route *route = target;
    (void)fill;
    route->cache.off = !value->number;
    return true;
}

bool configfill_profile(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config_route *route = target;
    const bool forward = route == &fill->config->forward.route;
    struct stet_profile *profile = &route->cache.profile;

    if (value->number) { /* what the law does not ask for is off */
        *profile = stet_profile_rfc9111();
        route->cache.synthesize = route->cache.guard_deception = false;
    } else {
        *profile = forward ? stet_profile_forward() : stet_profile_gateway();
    }
    if (forward) /* no targeted field is addressed to it (D-46) */
        profile->target_count = 0;
    return true;
}

bool configfill_lifetime(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config_route *route = target;
    struct cache_rules *rules = &route->cache;
    const int status = (int)value->key->number;

    if (!stet_status_is_storable(status))
        return CONFIGFILL_COMPLAIN(fill, value->key->node,
                                   "lifetimes \"%d\": responses with this status are never stored",
                                   status);
    for (size_t i = 0; i < rules->lifetime_count; i++) {
        if (rules->lifetimes[i].status == status)
            return CONFIGFILL_COMPLAIN(fill, value->key->node, "lifetimes \"%d\" twice", status);
    }
    void *old = (void *)(uintptr_t)rules->lifetimes; /* made here: it is ours to write */
    struct cache_lifetime *lifetimes =
        config_append(fill->config, old, rules->lifetime_count, sizeof *lifetimes);
    if (!lifetimes)
        return false;
    lifetimes[rules->lifetime_count++] = (struct cache_lifetime){status, (uint32_t)value->number};
    rules->lifetimes = lifetimes;
    return true;
}

bool configfill_ignore(struct configfill *fill, void *target, const struct configvalue *value)
{
    (void)target;
    struct stet_span *ignored =
        configfill_append(fill, fill->ignored, fill->ignored_count, sizeof *ignored);
    if (!ignored)
        return false;
    ignored[fill->ignored_count++] = stet_span_of(value->text);
    fill->ignored = ignored;
    return true;
}

bool configfill_leave_cache(struct configfill *fill, struct config_route *route,
                            const struct yamlnode *node)
{
    struct cache_rules *rules = &route->cache;
    char message[PATTERN_MESSAGE];
    size_t fault;

    rules->profile.validates_bare = rules->synthesize;
    if (fill->ignored_count == 0)
        return true;
    if (!rules->synthesize) {
        const struct yamlnode *ignore = yamlnode_get(node, "ignore");
        return CONFIGFILL_COMPLAIN(fill, ignore->key,
                                   "ignore: without effect where synthesize is false");
    }
    rules->noise = noise_new(fill->ignored, fill->ignored_count, message, &fault);
    fill->ignored = NULL;
    fill->ignored_count = 0;
    return rules->noise;
}

/* ---- redirects and responses ---- */

void *configfill_redirect(struct configfill *fill, void *target)
{
    (void)target;
    return configfill_add_route(fill, CONFIG_REDIRECT);
}

bool configfill_redirect_status(struct configfill *fill, void *target,
                                const struct configvalue *value)
{
    struct config_route *route = target;
    (void)fill;
    route->status = (int)strtol(value->text, NULL, 10);
    return true;
}

bool configfill_leave_redirect(struct configfill *fill, const struct config_route *route,
                               const struct yamlnode *node)
{
    const struct yamlnode *to = node->kind == YAMLNODE_MAPPING ? yamlnode_get(node, "to") : node;
    const struct configclaim claim = {.kind = CONFIGCLAIM_REDIRECT,
                                      .text = route->location,
                                      .path = route->path,
                                      .line = to ? to->line : 0,
                                      .column = to ? to->column : 0};
    if (!route->location || route->location[0] != '/')
        return true;
    return configfill_claim(fill, &claim);
}

void *configfill_respond(struct configfill *fill, void *target)
{
    (void)target;
    return configfill_add_route(fill, CONFIG_RESPOND);
}

bool configfill_respond_status(struct configfill *fill, void *target,
                               const struct configvalue *value)
{
    static const uint64_t conditional[] = {206, 304, 412, 416};
    struct config_route *route = target;

    for (size_t i = 0; i < sizeof conditional / sizeof *conditional; i++) {
        if (value->number == conditional[i])
            return CONFIGFILL_COMPLAIN(fill, value->node,
                                       "status \"%s\": this depends on what the request asks for",
                                       value->text);
    }
    route->status = (int)value->number;
    return true;
}
