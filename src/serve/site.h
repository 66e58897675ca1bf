/* Sites: a configuration at work in one worker, with a view of the files, an upstream and a way to
 * the cache for each of its routes.
 *
 * A set of sites is made as a whole and replaced as a whole. Each exchange holds a reference to the
 * set it began with: one that was replaced ends with its last exchange and its last fetch.
 */
#ifndef SERVE_SITE_H
#define SERVE_SITE_H

#include "cache/cache.h"
#include "serve/config.h"
#include "serve/outbound.h"

/* ---- what the sites of all workers stand on ---- */

/* A sealed configuration, and what is shared for it. Counted, from any thread. */
struct grounds {
    atomic_uint refs;
    struct config *config;
    struct tls_context *tls;     /* NULL: no certificates. Owned */
    uint16_t secure_port;        /* where TLS is spoken; 0: as the configuration says */
    struct cache *cache;         /* NULL: nothing of it fetches. Lent, as are the libraries */
    struct library *libraries[]; /* of its files routes, by config_route.number; else NULL */
};

/* One with a reference to the configuration; cache and libraries are to be filled in by the caller.
 * NULL when memory is out. */
struct grounds *grounds_new(struct config *config);
struct grounds *grounds_ref(struct grounds *grounds);
void grounds_unref(struct grounds *grounds);

/* ---- one worker's ---- */

/* One route at work. */
struct site_route {
    const struct config_route *config;
    struct sites *sites;
    struct files *files;      /* CONFIG_FILES */
    struct cache_route cache; /* CONFIG_PROXY */
};

struct sites {
    struct grounds *grounds;
    const struct config *config; /* of the grounds */
    struct loop *loop;
    struct site_route *only;  /* where every request goes, whatever its host and path; or NULL */
    struct outbound outbound; /* of a forward proxy */
    unsigned refs;            /* private from here */
    bool ending;
    struct task end;
    struct sites *next, **link; /* all sets of a worker */
    size_t count;
    struct site_route routes[];
};

/* Opens all routes and puts the set, with one reference, into a list that is the worker's. `caller`
 * may be NULL if the configuration fetches nothing (config_fetches). NULL when memory is out. */
struct sites *sites_open(struct grounds *grounds, struct loop *loop, struct caller *caller,
                         struct sites **list);

static inline struct sites *sites_ref(struct sites *sites)
{
    sites->refs++;
    return sites;
}

void sites_unref(struct sites *sites);

/* Ends all sets of a list at once: no exchange is open, no fetch under way, the loop runs no more.
 */
void sites_close_all(struct sites **list);

enum sites_found {
    SITES_FOUND,
    SITES_NO_SITE,  /* nothing is known of this host */
    SITES_NO_ROUTE, /* ... of this path on it */
    SITES_BAD_PATH  /* the path holds a broken escape, or NUL */
};

/* The route for a host and a path, as received. `scratch` has room for `path.len` octets. */
enum sites_found sites_find(struct sites *sites, struct stet_span host, struct stet_span path,
                            char *scratch, struct site_route **route);

#endif
