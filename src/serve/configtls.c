/* Filling in what the file says of TLS. Certificates are read when their part is left, so that a
 * key that does not fit is told with its place in the file, and a reload finds out before it
 * begins.
 */
#include "serve/configfill.h"

#include <string.h>

void *configfill_tls(struct configfill *fill, void *target)
{
    (void)target;
    fill->config->secure.preset.given = true;
    return &fill->config->secure.preset;
}

void *configfill_site_tls(struct configfill *fill, void *target)
{
    struct config_tls *tls = &configfill_last_site(fill)->tls;
    (void)target;
    tls->given = true;
    return tls;
}

/* One more text. */
static bool configtls_append(struct configfill *fill, char ***texts, size_t *count,
                             const struct configvalue *value)
{
    char **larger = config_append(fill->config, *texts, *count, sizeof *larger);
    char *text = config_text(fill->config, value->text);

    if (!larger || !text)
        return false;
    larger[(*count)++] = text;
    *texts = larger;
    return true;
}

/* Port 0 is another one each time. */
static bool configtls_same(const char *address, const char *other)
{
    const char *port = strrchr(address, ':');
    return strcmp(address, other) == 0 && !(port && strcmp(port, ":0") == 0);
}

bool configfill_tls_listen(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config *config = target;
    struct config_secure *secure = &config->secure;

    for (size_t i = 0; i < secure->listen_count; i++) {
        if (configtls_same(secure->listen[i], value->text))
            return CONFIGFILL_COMPLAIN(fill, value->node, "tls-listen \"%.60s\" twice",
                                       value->text);
    }
    for (size_t i = 0; i < config->listen_count; i++) {
        if (configtls_same(config->listen[i], value->text))
            return CONFIGFILL_COMPLAIN(fill, value->node,
                                       "tls-listen \"%.60s\": listen has it already", value->text);
    }
    return configtls_append(fill, &secure->listen, &secure->listen_count, value);
}

bool configfill_certificate(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config_tls *tls = target;
    return configtls_append(fill, &tls->certificates, &tls->certificate_count, value);
}

bool configfill_key(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config_tls *tls = target;
    return configtls_append(fill, &tls->keys, &tls->key_count, value);
}

bool configfill_ocsp(struct configfill *fill, void *target, const struct configvalue *value)
{
    struct config_tls *tls = target;
    return configtls_append(fill, &tls->ocsp, &tls->ocsp_count, value);
}

/* A complaint begins with this file, which is written relative to that of the configuration. */
static bool configtls_names(const char *complaint, struct stet_span file)
{
    const char *at = file.len > 0 ? strstr(complaint, file.at) : NULL;
    return at && (at == complaint || at[-1] == '/') && at[file.len] == ':';
}

/* Where in the list or mapping the file of a complaint is named; else the node itself. */
static const struct yamlnode *configtls_place(const struct yamlnode *node, const char *complaint)
{
    for (const struct yamlnode *child = node->first; child; child = child->next) {
        const struct yamlnode *place =
            child->kind == YAMLNODE_TEXT ? child : configtls_place(child, complaint);
        if (place->kind == YAMLNODE_TEXT && configtls_names(complaint, place->text))
            return place;
    }
    return node;
}

/* The key of a mapping; else the node itself. */
static const struct yamlnode *configtls_key(const struct yamlnode *node, const char *name)
{
    const struct yamlnode *value = yamlnode_get(node, name);
    return value ? value->key : node;
}

/* Whether the files are what they should be, together. */
static bool configtls_try(struct configfill *fill, const struct config_tls *tls,
                          const struct yamlnode *node)
{
    char complaint[TLS_WORDS];
    struct tls_pair *pairs = arena_alloc(fill->arena, (tls->certificate_count + 1) * sizeof *pairs);
    struct tls_site site = {.pairs = pairs,
                            .pair_count = tls->certificate_count,
                            .demand = tls->demand,
                            .client_ca = tls->client_ca};
    const struct tls_server server = {.sites = &site, .site_count = 1};

    if (!pairs)
        return false;
    for (size_t i = 0; i < tls->certificate_count; i++)
        pairs[i] = (struct tls_pair){tls->certificates[i], tls->keys[i],
                                     i < tls->ocsp_count ? tls->ocsp[i] : NULL};
    struct tls_context *context = tls_context_server(&server, complaint);
    if (!context)
        return CONFIGFILL_COMPLAIN(fill, configtls_place(node, complaint), "tls: %.300s",
                                   complaint);
    tls_context_unref(context);
    return true;
}

/* Not all that is written there was taken: what was wrong with it has been told. */
static bool configtls_lacks(const struct yamlnode *node, const char *name, size_t taken)
{
    const struct yamlnode *value = yamlnode_get(node, name);
    return value && (value->kind == YAMLNODE_LIST ? value->count : 1) != taken;
}

bool configfill_leave_tls(struct configfill *fill, const struct config_tls *tls,
                          const struct yamlnode *node)
{
    const size_t written = fill->errors->count;

    if (configtls_lacks(node, "certificate", tls->certificate_count) ||
        configtls_lacks(node, "key", tls->key_count) ||
        configtls_lacks(node, "ocsp", tls->ocsp_count))
        return true;
    if (tls->certificate_count != tls->key_count)
        (void)CONFIGFILL_COMPLAIN(fill, configtls_key(node, tls->key_count ? "key" : "certificate"),
                                  "tls: %zu certificates and %zu keys; they go together",
                                  tls->certificate_count, tls->key_count);
    if (tls->ocsp_count > tls->certificate_count)
        (void)CONFIGFILL_COMPLAIN(fill, configtls_key(node, "ocsp"),
                                  "tls: more ocsp than certificates");
    if (tls->certificate_count == 0 && fill->config->secure.preset.certificate_count == 0)
        (void)CONFIGFILL_COMPLAIN(fill, node,
                                  "tls: no certificate, neither here nor for the file as a whole");
    if ((tls->demand == TLS_DEMAND_NOTHING) != !tls->client_ca)
        (void)CONFIGFILL_COMPLAIN(
            fill, configtls_key(node, tls->client_ca ? "client-ca" : "client-certificate"),
            "tls: client-certificate and client-ca go together");
    return fill->errors->count > written || configtls_try(fill, tls, node);
}

void configfill_judge_tls(struct configfill *fill, const struct yamlnode *root)
{
    const struct config *config = fill->config;

    if (!root || root->kind != YAMLNODE_MAPPING || fill->no_memory)
        return;
    const struct yamlnode *listen = yamlnode_get(root, "tls-listen");
    if (listen && config->secure.listen_count && !config_is_secure(config))
        (void)CONFIGFILL_COMPLAIN(
            fill, listen->key,
            "tls-listen: without certificates; give one in tls: of the file or of "
            "a site");
    const size_t count = config->listen_count + config->secure.listen_count;
    if (listen && count > 16)
        (void)CONFIGFILL_COMPLAIN(fill, listen->key,
                                  "tls-listen: %zu addresses with those of listen, at "
                                  "most 16",
                                  count);
}
