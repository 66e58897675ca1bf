/* The configuration: everything the operator asked for, whether by flags or by stet.yaml.
 *
 * A tree of plain structs, made by config_read or by a command from its flags, checked as a whole,
 * then immutable and counted: a reload makes another one beside it.
 */
#ifndef SERVE_CONFIG_H
#define SERVE_CONFIG_H

#include "base/limits.h"
#include "cache/rules.h"
#include "origin/files.h"
#include "origin/forward.h"
#include "origin/upstream.h"
#include "serve/accesslog.h"

#include <stdatomic.h>

enum config_route_kind { CONFIG_FILES, CONFIG_PROXY, CONFIG_REDIRECT, CONFIG_RESPOND };

/* What becomes of requests whose path begins with `path`. */
struct config_route {
    char *path; /* "/" or "/static/": the longest that fits decides */
    enum config_route_kind kind;

    /* CONFIG_FILES */
    char *directory;
    struct files_options files;

    /* CONFIG_PROXY */
    struct upstream_url *upstreams;
    size_t upstream_count;
    struct cache_rules cache;
    struct forward_rules forward;
    bool upgrade; /* Upgrade (WebSocket) is allowed */

    /* CONFIG_REDIRECT, CONFIG_RESPOND */
    int status;
    char *location; /* the rest of the target is appended when it ends with "/" */
    char *text;
};

/* Requests for some hosts. */
struct config_site {
    char **hosts; /* lower case, without port; "*" alone: all; "*.example.org": below it */
    size_t host_count;
    struct config_route *routes;
    size_t route_count;
};

struct config {
    atomic_uint refs;
    char *path; /* of the file, for messages; NULL: from flags */
    char **listen;
    size_t listen_count;
    unsigned workers; /* 0: as many as there are processors */
    enum accesslog_format log;
    char *log_path; /* NULL: standard output */
    bool quiet;
    bool forward_proxy; /* absolute-form http targets and CONNECT are served for anyone's URLs */
    uint16_t *connect_ports; /* that CONNECT may reach; default 443 */
    size_t connect_port_count;
    char **trusted; /* addresses and networks whose Forwarded and X-Forwarded-* count */
    size_t trusted_count;
    char **purgers; /* addresses and networks that may send PURGE */
    size_t purger_count;
    char *admin_socket; /* path of the local socket; NULL: none */
    char *admin_listen; /* loopback address for metrics; NULL: none */
    uint64_t memory;    /* octets of the store */
    struct limits limits;
    struct config_site *sites;
    size_t site_count;
};

/* A configuration with every default, no site and one reference. NULL when memory is out. */
struct config *config_new(void);
struct config *config_ref(struct config *config);
void config_unref(struct config *config);

/* The site for a host (as in Host: with or without port, any case) and the route in it for a path;
 * NULL if there is none. */
const struct config_route *config_route(const struct config *config, struct stet_span host,
                                        struct stet_span path);

#endif
