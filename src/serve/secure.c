/* From sites to what TLS calls sites: those with `tls` of their own are numbered by config_seal;
 * all others share number 0, which is also for clients that name nobody. It has the certificates of
 * the server as a whole, or, if there are none, those of the first site that has any.
 */
#include "serve/secure.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Who has certificates for those that have none. */
static const struct config_tls *secure_first(const struct config *config)
{
    if (config->secure.preset.certificate_count)
        return &config->secure.preset;
    for (size_t i = 0; i < config->site_count; i++) {
        if (config->sites[i].tls.certificate_count)
            return &config->sites[i].tls;
    }
    return NULL;
}

/* Whose certificates are shown for one that may have none. */
static const struct config_tls *secure_source(const struct config *config,
                                              const struct config_tls *tls)
{
    return tls->certificate_count ? tls : secure_first(config);
}

static bool secure_fill(struct tls_site *site, const struct config *config,
                        const struct config_tls *tls)
{
    const struct config_tls *from = secure_source(config, tls);
    struct tls_pair *pairs = memory_new_zero(from->certificate_count * sizeof *pairs);

    if (!pairs)
        return false;
    for (size_t i = 0; i < from->certificate_count; i++)
        pairs[i] = (struct tls_pair){from->certificates[i], from->keys[i],
                                     i < from->ocsp_count ? from->ocsp[i] : NULL};
    site->pairs = pairs;
    site->pair_count = from->certificate_count;
    site->demand = tls->demand;
    site->client_ca = tls->client_ca;
    return true;
}

static bool secure_fill_all(struct tls_site *sites, const struct config *config)
{
    bool well = secure_fill(&sites[0], config, &config->secure.preset);

    for (size_t i = 0; i < config->site_count && well; i++) {
        const struct config_site *from = &config->sites[i];
        struct tls_site *site = &sites[from->tls.number];
        if (!from->tls.number)
            continue;
        well = secure_fill(site, config, &from->tls);
        site->names = (const char *const *)from->hosts;
        site->name_count = from->host_count;
    }
    return well;
}

static struct tls_early secure_early(const struct config *config)
{
    const struct limits *limits = &config->limits;

    if (!config->secure.early)
        return (struct tls_early){.size = 0};
    return (struct tls_early){.size = limits->early_data_size,
                              .most = limits->early_data_handshakes,
                              .window = (uint32_t)limits->early_data_window};
}

struct tls_context *secure_open(const struct config *config, struct tls_tickets *tickets,
                                char complaint[TLS_WORDS])
{
    const size_t count = config->secure.count;
    struct tls_site *sites = memory_new_zero(count * sizeof *sites);
    const struct tls_server server = {
        .sites = sites,
        .site_count = count,
        .protocols = TLS_HTTP1 | TLS_HTTP2,
        .minimum = config->secure.minimum,
        .tickets = tickets,
        .handshake_size = config->limits.handshake_size,
        .early = secure_early(config),
    };
    struct tls_context *context = NULL;

    if (sites && secure_fill_all(sites, config))
        context = tls_context_server(&server, complaint);
    else
        snprintf(complaint, TLS_WORDS, "out of memory");
    for (size_t i = 0; sites && i < count; i++)
        memory_free((void *)(uintptr_t)sites[i].pairs);
    memory_free(sites);
    return context;
}

/* ---- origin servers ---- */

static bool secure_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool secure_same(const struct config_origin *a, const struct config_origin *b)
{
    return a->verify == b->verify && a->protocol == b->protocol &&
           secure_same_text(a->ca_file, b->ca_file) &&
           secure_same_text(a->certificate, b->certificate) && secure_same_text(a->key, b->key);
}

/* What another route has that asks for the same; or nothing. */
static struct config_origin secure_find(const struct config *config,
                                        const struct config_origin *origin)
{
    for (size_t i = 0; i < config->site_count; i++) {
        for (size_t j = 0; j < config->sites[i].route_count; j++) {
            const struct config_origin *other = &config->sites[i].routes[j].origin;
            if (other->context && secure_same(origin, other))
                return *other;
        }
    }
    return (struct config_origin){.context = NULL};
}

static struct tls_context *secure_make(const struct config_origin *origin, unsigned protocols,
                                       char complaint[TLS_WORDS])
{
    const struct tls_client client = {.ca_file = origin->ca_file,
                                      .unverified = !origin->verify,
                                      .certificate = origin->certificate,
                                      .key = origin->key,
                                      .protocols = protocols};
    return tls_context_client(&client, complaint);
}

/* The contexts, as they are or new. An upgrade needs HTTP/1.1 [RFC 9113 §8.6], but for WebSocket
 * where the server takes it otherwise [RFC 8441]; so where both are offered it has a context that
 * offers that alone. False with a complaint. */
static bool secure_contexts(const struct config *config, struct config_origin *origin,
                            char complaint[TLS_WORDS])
{
    static const unsigned protocols[] = {
        [CONFIG_PROTOCOL_AUTO] = TLS_HTTP1 | TLS_HTTP2,
        [CONFIG_PROTOCOL_HTTP1] = TLS_HTTP1,
        [CONFIG_PROTOCOL_HTTP2] = TLS_HTTP2,
    };
    const struct config_origin other = secure_find(config, origin);
    const bool both = origin->protocol == CONFIG_PROTOCOL_AUTO;

    if (other.context) {
        origin->context = tls_context_ref(other.context);
        origin->upgrade = other.upgrade ? tls_context_ref(other.upgrade) : NULL;
        return true;
    }
    origin->context = secure_make(origin, protocols[origin->protocol], complaint);
    if (origin->context && both)
        origin->upgrade = secure_make(origin, TLS_HTTP1, complaint);
    return origin->context && (origin->upgrade || !both);
}

bool secure_route(const struct config *config, struct config_route *route,
                  char complaint[TLS_WORDS])
{
    struct config_origin *origin = &route->origin;
    bool secure = false;

    for (size_t i = 0; i < route->upstream_count; i++) {
        secure |= route->upstreams[i].secure;
        route->upstreams[i].h2c |=
            !route->upstreams[i].secure && origin->protocol == CONFIG_PROTOCOL_HTTP2;
    }
    if (!secure)
        return true;
    if (!origin->certificate != !origin->key) {
        snprintf(complaint, TLS_WORDS, "certificate and key go together");
        return false;
    }
    if (!secure_contexts(config, origin, complaint))
        return false;
    for (size_t i = 0; i < route->upstream_count; i++) {
        if (!route->upstreams[i].secure)
            continue;
        route->upstreams[i].tls = origin->context;
        route->upstreams[i].tls_upgrade = origin->upgrade;
    }
    return true;
}

/* ---- doubts ---- */

struct secure_doubts {
    const char *file;
    void (*tell)(void *owner, const char *words);
    void *owner;
};

static void secure_doubt(void *owner, const char *words)
{
    const struct secure_doubts *doubts = owner;
    char line[TLS_WORDS];

    snprintf(line, sizeof line, "%s: %s", doubts->file, words);
    doubts->tell(doubts->owner, line);
}

/* Whoever stands between us and such an origin server may be it. */
static void secure_check_origins(const struct config *config, struct secure_doubts *doubts)
{
    const struct config_route *route;

    for (size_t i = 0; (route = config_route_at(config, i)); i++) {
        if (!route->origin.context || route->origin.verify)
            continue;
        doubts->file = route->upstreams[0].text;
        secure_doubt(doubts, "its certificate is not verified (verify: false)");
    }
}

static void secure_check_files(const struct config_tls *tls, int64_t wall,
                               struct secure_doubts *doubts)
{
    const struct tls_critic critic = {secure_doubt, doubts};

    for (size_t i = 0; i < tls->certificate_count; i++) {
        doubts->file = tls->certificates[i];
        tls_certificate_check(doubts->file, wall, &critic);
    }
}

/* The names of a site that a certificate shown for it does not cover. */
static void secure_check_names(const struct config *config, const struct config_site *site,
                               struct secure_doubts *doubts)
{
    const struct config_tls *from = secure_source(config, &site->tls);
    char words[TLS_NAME_MAX + 40];

    for (size_t i = 0; from && i < from->certificate_count; i++) {
        doubts->file = from->certificates[i];
        for (size_t j = 0; j < site->host_count; j++) {
            const char *name = site->hosts[j];
            if (strcmp(name, "*") == 0 || tls_certificate_covers(doubts->file, name))
                continue;
            snprintf(words, sizeof words, "does not cover the name %.255s", name);
            secure_doubt(doubts, words);
        }
    }
}

void secure_check(const struct config *config, int64_t wall,
                  void (*tell)(void *owner, const char *words), void *owner)
{
    struct secure_doubts doubts = {.tell = tell, .owner = owner};

    secure_check_files(&config->secure.preset, wall, &doubts);
    for (size_t i = 0; i < config->site_count; i++) {
        const struct config_site *site = &config->sites[i];
        if (site->tls.given)
            secure_check_files(&site->tls, wall, &doubts);
        secure_check_names(config, site, &doubts);
    }
    secure_check_origins(config, &doubts);
    if (config->secure.early && !config_is_secure(config))
        tell(owner, "there is tls-early-data, but no certificate: nothing speaks TLS");
    if (config_is_secure(config) && config->listen_count && !config->secure.listen_count)
        tell(owner, "there are certificates, but tls-listen is missing: nothing speaks TLS");
}

unsigned secure_port(const struct config *config)
{
    for (size_t i = 0; i < config->secure.listen_count; i++) {
        const char *address = config->secure.listen[i], *colon = strrchr(address, ':');
        if (strncmp(address, "unix:", 5) != 0 && colon)
            return (unsigned)strtoul(colon + 1, NULL, 10);
    }
    return config->listen_count == 0 && config_is_secure(config) ? 8443 : 0;
}
