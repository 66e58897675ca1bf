/* The configuration: everything the operator asked for, whether by flags or by stet.yaml.
 *
 * A tree of plain structs, made by a reader or by a command from its flags, sealed, then immutable
 * and counted: a reload makes another one beside it. All that it points to lives in its arena and
 * ends with it; only what a `struct upstream_url` holds and a route's noise are of their own, and
 * end with it as well.
 *
 *     config_new -> config_add_site, config_add_route, ... config_append -> config_seal -> server
 */
#ifndef SERVE_CONFIG_H
#define SERVE_CONFIG_H

#include "base/arena.h"
#include "base/limits.h"
#include "cache/rules.h"
#include "io/tls_context.h"
#include "origin/files.h"
#include "origin/forward.h"
#include "origin/upstream.h"
#include "serve/accesslog.h"
#include "serve/network.h"

#include <stdatomic.h>

enum config_protocol {
    CONFIG_PROTOCOL_AUTO, /* what the handshake of TLS agrees on; without TLS HTTP/1.1 */
    CONFIG_PROTOCOL_HTTP1,
    CONFIG_PROTOCOL_HTTP2
};

/* How origin servers are spoken to: in which protocol and, if their URL is https, by what. */
struct config_origin {
    enum config_protocol protocol;
    char *ca_file; /* path; NULL: whom the system trusts */
    bool verify;
    char *certificate, *key;     /* paths; our own, if they ask; NULL: none */
    struct tls_context *context; /* by secure_route; owned; NULL: none is https */
    struct tls_context *upgrade; /* the same for what needs HTTP/1.1; owned; NULL: as others */
};

enum config_route_kind { CONFIG_FILES, CONFIG_PROXY, CONFIG_REDIRECT, CONFIG_RESPOND };

/* What becomes of requests for one path and all that is below it. */
struct config_route {
    char *path;    /* "/", "/static/" (what is below it) or "/health" (itself and what is below it);
                      the longest that fits decides */
    size_t number; /* of this route in its config, from 0; given by config_seal */
    enum config_route_kind kind;

    /* CONFIG_FILES. The path of a file in the directory is what follows the route's. */
    char *directory;
    struct files_options files;

    /* CONFIG_PROXY */
    struct upstream_url *upstreams;
    size_t upstream_count;
    struct config_origin origin;
    struct cache_rules cache;
    struct forward_rules forward;
    bool upgrade; /* Upgrade (WebSocket) is allowed */
    bool via;     /* Via is added to responses [RFC 9110 §7.6.3] */

    /* CONFIG_REDIRECT, CONFIG_RESPOND */
    int status;
    char *location; /* what follows the route's path, and the query, are appended when it ends with
                       "/" */
    char *type;     /* Content-Type of `text`; NULL: text/plain */
    char *text;     /* NULL: a page that says the status */
};

/* How some hosts are served over TLS. The lists go together: the first key is that of the first
 * certificate. */
struct config_tls {
    char **certificates, **keys, **ocsp; /* paths */
    size_t certificate_count, key_count, ocsp_count;
    char *client_ca; /* path; NULL: none */
    enum tls_demand demand;
    uint64_t hsts; /* s; 0: no Strict-Transport-Security */
    bool redirect; /* requests that came without TLS are sent to where there is some */
    bool given;
    struct stet_span hsts_line; /* these two by config_seal */
    size_t number;              /* among those that secure.h makes a context of, from 0 */
};

/* TLS for the server as a whole. */
struct config_secure {
    bool h2c; /* without TLS clients may begin with HTTP/2 */
    char **listen;
    size_t listen_count; /* 0: none; but if nothing else listens and there are certificates,
                            localhost, port 8443 */
    enum tls_version minimum;
    bool early;               /* early data is taken */
    struct config_tls preset; /* for sites that have none of their own */
    size_t count;             /* these two by config_seal: how many are numbered */
    bool guarded;             /* some site asks for TLS, or tells of it */
};

/* Requests for some hosts. */
struct config_site {
    struct config_tls tls;
    char **hosts; /* lower case, without port; "*" alone: all; "*.example.org": below it */
    size_t host_count;
    struct config_route *routes;
    size_t route_count;
};

/* Where the access log goes. */
struct config_log {
    enum accesslog_format format;
    char *path; /* NULL: standard output */
};

/* The forward proxy: absolute-form http targets and CONNECT, for anyone's URLs. */
struct config_forward {
    bool on;
    struct networks clients; /* who may use it */
    const uint16_t *ports;   /* that CONNECT may reach */
    size_t port_count;
    struct config_route route; /* how it caches and forwards; has no path and no upstreams */
};

/* A name and whose it is, sorted by name; made by config_seal. */
struct config_host {
    struct stet_span name; /* as in a site's hosts */
    const struct config_site *site;
};

struct config_hosts {
    struct config_host *at;
    size_t count;
};

struct config {
    atomic_uint refs;
    struct arena arena;
    char *path; /* of the file, for messages; NULL: from flags */
    char **listen;
    size_t listen_count; /* 0: localhost, port 8080, IPv4 and IPv6 */
    struct config_secure secure;
    unsigned workers; /* 0: as many as there are processors */
    bool quiet;       /* no progress and no notices on standard error */
    struct config_log log;
    struct config_forward forward;
    struct networks trusted; /* whose Forwarded and X-Forwarded-* count */
    struct networks purgers; /* who may send PURGE */
    char *admin_socket; /* path of the local socket, or "off"; NULL: the default place, if it can be
                           had (serve/adminpath.h) */
    char *admin_listen; /* loopback address for metrics; NULL: none */
    uint64_t memory;    /* octets of the store */
    struct limits limits;
    struct config_site *sites;
    size_t site_count;
    struct config_hosts hosts; /* these two by config_seal */
    size_t route_count;
};

/* A configuration with every default, no site and one reference. NULL when memory is out. */
struct config *config_new(void);
struct config *config_ref(struct config *config);
void config_unref(struct config *config);

/* ---- making one; all give NULL or false when memory is out ---- */

/* A copy of a text. */
char *config_text(struct config *config, const char *text);

/* An array of `count` elements of `size` octets with room for one more, which is zero: `array`
 * itself or a larger copy; NULL is the array of none. */
void *config_append(struct config *config, void *array, size_t count, size_t size);

/* Another site, and another route of a site, with the defaults of its kind. What was handed out
 * before may move. */
struct config_site *config_add_site(struct config *config);
struct config_route *config_add_route(struct config *config, struct config_site *site,
                                      const char *path, enum config_route_kind kind);
bool config_add_host(struct config *config, struct config_site *site, const char *host);
bool config_add_network(struct config *config, struct networks *networks,
                        const struct network *network);

/* A name for Via and CDN-Loop that no other process has, as "stet-1b9f03c2": two caches in a row
 * must not take each other for themselves (D-47). */
char *config_pseudonym(struct config *config);

/* Turns the forward proxy on, with its defaults: clients of this machine, CONNECT to port 443. */
bool config_enable_forward(struct config *config);

/* Ends the making: numbers the routes, sorts them and the names of hosts. */
bool config_seal(struct config *config);

/* ---- asking a sealed one ---- */

/* There is a certificate: it can be served over TLS. */
bool config_is_secure(const struct config *config);

/* Something of it fetches: it needs a cache, and ways to origin servers. */
bool config_fetches(const struct config *config);

/* Every route of the sites, the first at 0; NULL past the last. */
const struct config_route *config_route_at(const struct config *config, size_t index);

/* The site for a host (as in Host: with or without port, any case); NULL if there is none. An exact
 * name goes before "*.example.org", a longer one of those before a shorter, "*" comes last. */
const struct config_site *config_site(const struct config *config, struct stet_span host);

/* The same, but not by "*": a site says that this host is its own. */
const struct config_site *config_own_site(const struct config *config, struct stet_span host);

/* Writes a path as routes see it: escapes decoded, "." and ".." resolved, so that no spelling leads
 * around a route. `to` has room for `path.len` octets. STET_SPAN_NONE if an escape is broken or
 * yields NUL. */
struct stet_span config_path(struct stet_span path, char *to);

/* The route of a site for a path made by config_path; NULL if there is none. */
const struct config_route *config_route(const struct config_site *site, struct stet_span path);

#endif
