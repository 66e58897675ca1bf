/* stet proxy: a shared cache in front of HTTP servers, or for the clients of a forward proxy.
 */
#include "base/units.h"
#include "cache/noise.h"
#include "cli/commands.h"
#include "cli/serving.h"
#include "serve/secure.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROXY_PATTERNS_MAX 64
#define PROXY_PORTS_MAX 64

/* What decides about more than one setting is only noted while options are read. */
struct proxy_command {
    struct serving serving;
    struct config_route *route;
    struct stet_span patterns[PROXY_PATTERNS_MAX];
    size_t pattern_count;
    struct networks forward_from;
    uint16_t ports[PROXY_PORTS_MAX];
    size_t port_count;
    char *name;
    bool letter; /* --profile rfc9111 */
    bool forward;
};

static struct cache_rules *proxy_rules(void *target)
{
    return &((struct proxy_command *)target)->route->cache;
}

static struct forward_rules *proxy_forward(void *target)
{
    return &((struct proxy_command *)target)->route->forward;
}

static struct config *proxy_config(void *target)
{
    return ((struct proxy_command *)target)->serving.config;
}

/* ---- the cache ---- */

static const char *proxy_memory(void *target, const char *value)
{
    return units_size(value, &proxy_config(target)->memory) ? NULL
                                                            : "expected a size such as 256MiB";
}

static const char *proxy_profile(void *target, const char *value)
{
    struct proxy_command *proxy = target;
    proxy->letter = strcmp(value, "rfc9111") == 0;
    return proxy->letter || strcmp(value, "gateway") == 0 ? NULL : "expected gateway or rfc9111";
}

static const char *proxy_object_max(void *target, const char *value)
{
    return units_size(value, &proxy_rules(target)->object_max) ? NULL
                                                               : "expected a size such as 64MiB";
}

static const char *proxy_keep(void *target, const char *value)
{
    uint64_t milliseconds;
    if (!units_duration(value, &milliseconds) || milliseconds / 1000 > UINT32_MAX)
        return "expected a duration such as 1h or 7d";
    proxy_rules(target)->keep = (uint32_t)(milliseconds / 1000);
    return NULL;
}

static const char *proxy_no_collapse(void *target, const char *value)
{
    (void)value;
    proxy_rules(target)->collapse = false;
    return NULL;
}

static const char *proxy_fill(void *target, const char *value)
{
    (void)value;
    proxy_rules(target)->fill_on_conditional = true;
    return NULL;
}

static const char *proxy_show_key(void *target, const char *value)
{
    (void)value;
    proxy_rules(target)->show_key = true;
    return NULL;
}

/* ---- validators ---- */

static const char *proxy_validate_up_to(void *target, const char *value)
{
    return units_size(value, &proxy_rules(target)->validate_up_to) ? NULL
                                                                   : "expected a size such as 1MiB";
}

static const char *proxy_no_synthesize(void *target, const char *value)
{
    (void)value;
    proxy_rules(target)->synthesize = false;
    return NULL;
}

/* Each is compiled once by itself, so that what is wrong with it is said beside it. */
static const char *proxy_ignore(void *target, const char *value)
{
    static char message[PATTERN_MESSAGE];
    struct proxy_command *proxy = target;
    struct pattern *pattern = pattern_new(stet_span_of(value), message);

    if (!pattern)
        return message;
    pattern_free(pattern);
    if (proxy->pattern_count == PROXY_PATTERNS_MAX)
        return "too many patterns";
    proxy->patterns[proxy->pattern_count++] = stet_span_of(value);
    return NULL;
}

/* ---- forwarding ---- */

static const char *proxy_host(void *target, const char *value)
{
    proxy_forward(target)->keep_host = strcmp(value, "keep") == 0;
    return proxy_forward(target)->keep_host || strcmp(value, "origin") == 0
               ? NULL
               : "expected keep or origin";
}

static const char *proxy_forwarded(void *target, const char *value)
{
    (void)value;
    proxy_forward(target)->forwarded = true;
    return NULL;
}

static const char *proxy_origin_early_data(void *target, const char *value)
{
    (void)value;
    proxy_forward(target)->early_data = true;
    return NULL;
}

static const char *proxy_via(void *target, const char *value)
{
    (void)value;
    ((struct proxy_command *)target)->route->via = true;
    return NULL;
}

static const char *proxy_name(void *target, const char *value)
{
    struct proxy_command *proxy = target;
    if (!stet_span_is_token(stet_span_of(value)) || strlen(value) > 64)
        return "expected one word such as stet or edge-1";
    return serving_text(&proxy->serving, &proxy->name, value);
}

static const char *proxy_no_upgrade(void *target, const char *value)
{
    (void)value;
    ((struct proxy_command *)target)->route->upgrade = false;
    return NULL;
}

/* ---- clients ---- */

static const char *proxy_network(void *target, struct networks *networks, const char *value)
{
    struct network network;
    const char *complaint = network_read(value, &network);
    if (complaint)
        return complaint;
    return config_add_network(proxy_config(target), networks, &network) ? NULL : "out of memory";
}

static const char *proxy_trust(void *target, const char *value)
{
    return proxy_network(target, &proxy_config(target)->trusted, value);
}

static const char *proxy_purge_from(void *target, const char *value)
{
    return proxy_network(target, &proxy_config(target)->purgers, value);
}

static const char *proxy_forward_mode(void *target, const char *value)
{
    (void)value;
    ((struct proxy_command *)target)->forward = true;
    return NULL;
}

static const char *proxy_forward_from(void *target, const char *value)
{
    return proxy_network(target, &((struct proxy_command *)target)->forward_from, value);
}

static const char *proxy_connect_ports(void *target, const char *value)
{
    struct proxy_command *proxy = target;
    struct stet_span rest = stet_span_of(value);

    proxy->port_count = 0;
    while (rest.at) {
        const size_t end = stet_span_find(rest, ',');
        uint64_t port = 0;
        if (!stet_span_number(stet_span(rest.at, end), UINT16_MAX + 1, &port) || port == 0 ||
            port > UINT16_MAX)
            return "expected port numbers with commas between, such as 443,8443";
        if (proxy->port_count == PROXY_PORTS_MAX)
            return "too many ports";
        proxy->ports[proxy->port_count++] = (uint16_t)port;
        rest = end < rest.len ? stet_span_from(rest, end + 1) : STET_SPAN_NONE;
    }
    return NULL;
}

static const char *proxy_file(struct proxy_command *proxy, char **to, const char *value)
{
    return access(value, R_OK) == 0 ? serving_text(&proxy->serving, to, value) : strerror(errno);
}

static const char *proxy_origin_ca(void *target, const char *value)
{
    struct proxy_command *proxy = target;
    return proxy_file(proxy, &proxy->route->origin.ca_file, value);
}

static const char *proxy_origin_cert(void *target, const char *value)
{
    struct proxy_command *proxy = target;
    return proxy_file(proxy, &proxy->route->origin.certificate, value);
}

static const char *proxy_origin_key(void *target, const char *value)
{
    struct proxy_command *proxy = target;
    return proxy_file(proxy, &proxy->route->origin.key, value);
}

static const char *proxy_origin_insecure(void *target, const char *value)
{
    struct proxy_command *proxy = target;
    (void)value;
    proxy->route->origin.verify = false;
    return NULL;
}

static const struct option_row proxy_options[] = {
    SERVING_ROWS,
    {"origin-ca", 0, "FILE",
     "who vouches for origin servers whose URL is https, PEM\n"
     "(default: whom the system trusts)",
     proxy_origin_ca},
    {"origin-insecure", 0, NULL, "take any certificate of theirs", proxy_origin_insecure},
    {"origin-cert", 0, "FILE", "our own certificate, if they ask for one, PEM", proxy_origin_cert},
    {"origin-key", 0, "FILE", "its key, PEM", proxy_origin_key},
    {"memory", 'm', "SIZE", "for stored responses, all told (default: 256MiB)", proxy_memory},
    {"object-max", 0, "SIZE", "largest response that is stored (default: 64MiB)", proxy_object_max},
    {"keep", 0, "DURATION",
     "how long a stale response stays, to be validated or served\n"
     "when the origin fails (default: 1d)",
     proxy_keep},
    {"profile", 0, "gateway|rfc9111",
     "gateway: no guessed lifetimes, no shared cookies, guards on\n"
     "(default); rfc9111: to the letter of the law",
     proxy_profile},
    {"validate-up-to", 0, "SIZE",
     "largest response that is held back to make a validator for it\n"
     "(default: 1MiB)",
     proxy_validate_up_to},
    {"no-synthesize", 0, NULL, "make no validators for responses that have none",
     proxy_no_synthesize},
    {"ignore", 0, "REGEX",
     "what matches is no part of a response's identity (tokens,\n"
     "nonces); may repeat",
     proxy_ignore},
    {"fill-on-conditional", 0, NULL, "a conditional request that misses fetches the whole response",
     proxy_fill},
    {"no-collapse", 0, NULL, "equal requests that miss are fetched each by itself",
     proxy_no_collapse},
    {"show-key", 0, NULL, "show the cache key in Cache-Status", proxy_show_key},
    {"host", 0, "keep|origin", "Host for the origin: the client's (default), or that of the URL",
     proxy_host},
    {"forwarded", 0, NULL, "send Forwarded besides X-Forwarded-For, -Proto and -Host",
     proxy_forwarded},
    {"origin-early-data", 0, NULL,
     "the origin knows Early-Data and answers 425: it may be asked\n"
     "before the handshake of a client is over",
     proxy_origin_early_data},
    {"via", 0, NULL, "add Via to responses, too", proxy_via},
    {"name", 0, "NAME",
     "of this proxy in Via and Cache-Status (default: stet; in Via\n"
     "with a random number behind it)",
     proxy_name},
    {"no-upgrade", 0, NULL, "do not let connections be upgraded (WebSocket)", proxy_no_upgrade},
    {"trust", 0, "NETWORK",
     "believe Forwarded and X-Forwarded-* from these clients, for\n"
     "example 10.0.0.0/8, ::1 or unix; may repeat",
     proxy_trust},
    {"purge-from", 0, "NETWORK", "answer PURGE from these clients; may repeat", proxy_purge_from},
    {"forward", 0, NULL, "be a forward proxy: http URLs in full, and CONNECT", proxy_forward_mode},
    {"forward-from", 0, "NETWORK",
     "clients of the forward proxy; may repeat (default: this machine)", proxy_forward_from},
    {"connect-ports", 0, "PORT,...", "where CONNECT may lead (default: 443)", proxy_connect_ports},
    SERVING_LAST_ROWS,
};

/* ---- putting it together ---- */

static bool proxy_init(struct proxy_command *proxy)
{
    struct config_site *site;

    if (!serving_init(&proxy->serving))
        return false;
    site = config_add_site(proxy->serving.config);
    if (site && config_add_host(proxy->serving.config, site, "*"))
        proxy->route = config_add_route(proxy->serving.config, site, "/", CONFIG_PROXY);
    if (!proxy->route)
        fputs("stet: out of memory\n", stderr);
    return proxy->route != NULL;
}

/* The operands: all of them serve the same. What is wrong with one, or NULL. */
static const char *proxy_upstreams(struct proxy_command *proxy, char **urls, size_t count,
                                   const char **about)
{
    struct config *config = proxy->serving.config;
    struct config_route *route = proxy->route;

    for (size_t i = 0; i < count; i++) {
        *about = urls[i];
        if (i == UPSTREAM_SERVERS)
            return "too many URLs";
        struct upstream_url *upstreams =
            config_append(config, route->upstreams, route->upstream_count, sizeof *upstreams);
        if (!upstreams)
            return "out of memory";
        route->upstreams = upstreams;
        const char *complaint = upstream_url_read(urls[i], &upstreams[i]);
        if (complaint)
            return complaint;
        route->upstream_count++;
    }
    return NULL;
}

/* To the letter: what the law does not ask for is off. */
static void proxy_apply_profile(struct cache_rules *rules, bool letter)
{
    if (letter) {
        rules->profile = stet_profile_rfc9111();
        rules->synthesize = rules->guard_deception = false;
    }
    rules->profile.validates_bare = rules->synthesize;
}

static bool proxy_apply_names(struct proxy_command *proxy, struct config_route *route)
{
    const char *name = proxy->name ? proxy->name : config_pseudonym(proxy->serving.config);
    if (proxy->name)
        route->cache.name = stet_span_of(name);
    route->forward.name = stet_span_of(name);
    return name != NULL;
}

static bool proxy_apply_forward(struct proxy_command *proxy)
{
    struct config *config = proxy->serving.config;
    struct config_forward *forward = &config->forward;

    if (!proxy->forward)
        return true;
    if (!config_enable_forward(config) || !proxy_apply_names(proxy, &forward->route))
        return false;
    forward->route.cache.collapse = proxy->route->cache.collapse;
    forward->route.cache.object_max = proxy->route->cache.object_max;
    forward->route.cache.keep = proxy->route->cache.keep;
    forward->route.cache.show_key = proxy->route->cache.show_key;
    if (proxy->forward_from.count)
        forward->clients = proxy->forward_from;
    if (proxy->port_count) {
        forward->ports = proxy->ports;
        forward->port_count = proxy->port_count;
    }
    return true;
}

/* What was noted is put where it belongs. An exit status, or OPTIONS_GO_ON. */
static int proxy_apply(struct proxy_command *proxy)
{
    struct cache_rules *rules = &proxy->route->cache;
    char message[PATTERN_MESSAGE], complaint[TLS_WORDS];
    size_t fault;

    proxy_apply_profile(rules, proxy->letter);
    if (proxy->pattern_count) {
        rules->noise = noise_new(proxy->patterns, proxy->pattern_count, message, &fault);
        if (!rules->noise)
            return options_error(&command_proxy, "--ignore", message);
    }
    if (!secure_route(proxy->serving.config, proxy->route, complaint))
        return options_error(&command_proxy, "https", complaint);
    if (!proxy_apply_names(proxy, proxy->route) || !proxy_apply_forward(proxy))
        return options_error(&command_proxy, "out of memory", NULL);
    if (proxy->route->upstream_count == 0) { /* a forward proxy alone */
        proxy->serving.config->forward.route.cache.noise = rules->noise;
        proxy->serving.config->site_count = 0;
    }
    return OPTIONS_GO_ON;
}

static int proxy_with(struct proxy_command *proxy, int argc, char **argv)
{
    const char *about = NULL;
    int operand;
    int result = options_parse(&command_proxy, argc, argv, proxy, &operand);

    if (result != OPTIONS_GO_ON)
        return result;
    if (proxy->serving.show_limits)
        return serving_print_limits();
    if (operand == argc && !proxy->forward)
        return options_error(&command_proxy, "name the server to ask, as http://HOST:PORT", NULL);
    if (!proxy->forward && (proxy->forward_from.count || proxy->port_count))
        return options_error(&command_proxy, "--forward-from and --connect-ports need --forward",
                             NULL);
    const char *complaint =
        proxy_upstreams(proxy, argv + operand, (size_t)(argc - operand), &about);
    if (complaint)
        return options_error(&command_proxy, about, complaint);
    result = proxy_apply(proxy);
    return result == OPTIONS_GO_ON ? serving_run(&proxy->serving) : result;
}

static int proxy_run(int argc, char **argv)
{
    static struct proxy_command proxy;

    const int status = proxy_init(&proxy) ? proxy_with(&proxy, argc, argv) : 2;
    config_unref(proxy.serving.config);
    return status;
}

const struct command command_proxy = {
    .name = "proxy",
    .usage = "[OPTION]... URL...",
    .summary = "Cache what HTTP servers say, and answer 304 where they cannot.",
    .details =
        "URL is http[s]://HOST[:PORT] or http+unix:PATH. Several of them serve the same: the\n"
        "one with the least to do is asked, and one that fails is left alone for a while.\n"
        "Signals: TERM finishes requests in progress and ends, INT ends at once, USR1\n"
        "reopens the log. Exit status: 0 fine, 2 usage, 3 network.\n",
    .options = proxy_options,
    .run = proxy_run,
};
