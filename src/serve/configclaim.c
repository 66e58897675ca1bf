/* Claims of a configuration, judged.
 *
 * Sorted by what they are about, claims of one thing are neighbours: the first one in the file
 * stands, the later ones are told. What a server calls itself, and where a redirect leads, is asked
 * of the configuration.
 *
 * Given up: names that are resolved. That "app.example.org" is this machine shows when it is asked
 * (D-47).
 */
#include "serve/configclaim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- twice ---- */

static int configclaim_order(const struct configclaim *one, const struct configclaim *other)
{
    if (one->kind != other->kind)
        return one->kind < other->kind ? -1 : 1;
    if (one->kind == CONFIGCLAIM_ROUTE && one->site != other->site)
        return one->site < other->site ? -1 : 1;
    return strcmp(one->text, other->text);
}

static int configclaim_compare(const void *a, const void *b)
{
    const struct configclaim *one = a, *other = b;
    const int order = configclaim_order(one, other);
    if (order)
        return order;
    if (one->line != other->line)
        return one->line < other->line ? -1 : 1;
    return one->column < other->column ? -1 : one->column > other->column;
}

static void configclaim_twice(const struct configclaim *first, const struct configclaim *claim,
                              struct config_errors *errors)
{
    if (claim->kind == CONFIGCLAIM_HOST)
        config_errors_add(errors, claim->line, claim->column,
                          "host \"%.100s\" twice; the first one is in line %u", claim->text,
                          first->line);
    if (claim->kind == CONFIGCLAIM_ROUTE)
        config_errors_add(errors, claim->line, claim->column,
                          "two routes of a site with the path \"%.100s\"; the first one is in "
                          "line %u",
                          claim->text, first->line);
}

static void configclaims_twice(struct configclaim *claims, size_t count,
                               struct config_errors *errors)
{
    qsort(claims, count, sizeof *claims, configclaim_compare);
    for (size_t i = 1, first = 0; i < count; i++) {
        if (configclaim_order(&claims[first], &claims[i]) == 0)
            configclaim_twice(&claims[first], &claims[i], errors);
        else
            first = i;
    }
}

/* ---- itself ---- */

static bool configclaim_is(struct stet_span host, const char *name)
{
    return stet_span_equal_nocase(host, stet_span_of(name));
}

/* The addresses that "localhost" means. */
static bool configclaim_is_home(struct stet_span host)
{
    return configclaim_is(host, "localhost") || configclaim_is(host, "127.0.0.1") ||
           configclaim_is(host, "::1");
}

static bool configclaim_is_any(struct stet_span host)
{
    return host.len == 0 || configclaim_is(host, "0.0.0.0") || configclaim_is(host, "::");
}

/* Does who connects to `host` come to who listens on `own`? */
static bool configclaim_reaches(struct stet_span host, struct stet_span own)
{
    if (stet_span_equal_nocase(host, own))
        return true;
    if (configclaim_is_any(own))
        return configclaim_is_home(host) || stet_span_starts(host, STET_SPAN("127."));
    return configclaim_is_home(host) && configclaim_is_home(own) &&
           (configclaim_is(host, "localhost") || configclaim_is(own, "localhost"));
}

/* Splits an address to listen on, which is known to be one. */
static struct stet_span configclaim_listen_host(const char *listen, unsigned *port)
{
    const char *colon = strrchr(listen, ':');
    struct stet_span host = stet_span(listen, (size_t)(colon - listen));
    *port = (unsigned)strtoul(colon + 1, NULL, 10);
    if (host.len >= 2 && host.at[0] == '[')
        host = stet_span(host.at + 1, host.len - 2);
    return host;
}

static bool configclaim_meets(const struct upstream_url *url, const char *listen)
{
    const bool local = strncmp(listen, "unix:", 5) == 0;
    unsigned port = 0;

    if (local || url->unix_socket)
        return local && url->unix_socket && strcmp(listen + 5, url->host) == 0;
    const struct stet_span own = configclaim_listen_host(listen, &port);
    return port == url->port && configclaim_reaches(stet_span_of(url->host), own);
}

/* Which of our addresses a server's URL is; NULL: none of them. */
static const char *configclaim_self(const struct config *config, const struct upstream_url *url)
{
    static const char *const usual[] = {"127.0.0.1:8080", "[::1]:8080"};
    const size_t count = config->listen_count ? config->listen_count : 2;

    for (size_t i = 0; i < count; i++) {
        const char *listen = config->listen_count ? config->listen[i] : usual[i];
        if (configclaim_meets(url, listen))
            return listen;
    }
    return NULL;
}

static bool configclaim_upstream(const struct config *config, const struct configclaim *claim,
                                 struct config_errors *errors)
{
    struct upstream_url url;
    if (upstream_url_read(claim->text, &url))
        return false; /* it was read before: memory is out */
    const char *self = configclaim_self(config, &url);
    upstream_url_fini(&url);
    if (self)
        config_errors_add(errors, claim->line, claim->column,
                          "to \"%.80s\": this is stet itself, which listens on %.80s", claim->text,
                          self);
    return true;
}

static void configclaim_redirect(const struct config *config, const struct configclaim *claim,
                                 struct config_errors *errors)
{
    char path[1024];
    const struct stet_span target = stet_span(claim->text, strcspn(claim->text, "?#"));

    if (target.len > sizeof path)
        return;
    const struct stet_span normal = config_path(target, path);
    const struct config_route *route =
        normal.at ? config_route(&config->sites[claim->site], normal) : NULL;
    if (route && strcmp(route->path, claim->path) == 0)
        config_errors_add(errors, claim->line, claim->column,
                          "to \"%.80s\": leads to the route at \"%.80s\" itself, round and round",
                          claim->text, claim->path);
}

bool configclaims_judge(const struct config *config, struct configclaim *claims, size_t count,
                        struct config_errors *errors)
{
    if (count)
        configclaims_twice(claims, count, errors);
    for (size_t i = 0; i < count; i++) {
        if (claims[i].kind == CONFIGCLAIM_UPSTREAM &&
            !configclaim_upstream(config, &claims[i], errors))
            return false;
        if (claims[i].kind == CONFIGCLAIM_REDIRECT)
            configclaim_redirect(config, &claims[i], errors);
    }
    return true;
}
