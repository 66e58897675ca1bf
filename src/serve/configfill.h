/* A configuration being filled in: what becomes of the values and parts of the file.
 *
 * The functions here stand in configschema.tbl, one for each key that is not just stored.
 */
#ifndef SERVE_CONFIGFILL_H
#define SERVE_CONFIGFILL_H

#include "serve/config.h"
#include "serve/configclaim.h"
#include "serve/configvalue.h"

struct configfill {
    struct config *config;
    struct config_errors *errors;
    struct arena *arena;          /* ends with the reading */
    const char *directory;        /* that relative paths begin at, whole */
    const struct yamlnode *part;  /* that is being entered */
    const struct yamlnode *route; /* in hand; NULL outside of routes */
    const char *path;             /* of the route in hand; NULL: it has a wrong one */
    struct configclaim *claims;
    size_t claim_count;
    struct stet_span *ignored; /* patterns of the cache in hand */
    size_t ignored_count;
    char *pseudonym; /* when one was needed */
    bool memo;       /* of the files in hand: given */
    bool no_memory;
};

/* Keeps a value. False when memory is out. `target` is what the place fills. */
typedef bool configfill_keep(struct configfill *fill, void *target,
                             const struct configvalue *value);

/* Enters a part that stands in the file; gives what it fills, NULL when memory is out. */
typedef void *configfill_enter(struct configfill *fill, void *target);

configfill_keep configfill_tls_listen, configfill_certificate, configfill_key, configfill_ocsp;
configfill_keep configfill_listen, configfill_socket, configfill_trusted, configfill_purger,
    configfill_client, configfill_connect_port, configfill_host, configfill_path,
    configfill_cache_control, configfill_memo, configfill_to, configfill_name,
    configfill_forward_name, configfill_enabled, configfill_profile, configfill_lifetime,
    configfill_ignore, configfill_redirect_status, configfill_respond_status;

configfill_enter configfill_tls, configfill_site_tls;
configfill_enter configfill_same, configfill_forward, configfill_forward_cache, configfill_site,
    configfill_route, configfill_files, configfill_proxy, configfill_redirect, configfill_respond;

/* Ends a part, written as `node`: what follows from all of its keys. False when memory is out. */
bool configfill_leave_files(struct configfill *fill, struct config_route *route);
bool configfill_leave_cache(struct configfill *fill, struct config_route *route,
                            const struct yamlnode *node);
bool configfill_leave_proxy(struct configfill *fill, struct config_route *route,
                            const struct yamlnode *node);
bool configfill_leave_redirect(struct configfill *fill, const struct config_route *route,
                               const struct yamlnode *node);
bool configfill_leave_site(struct configfill *fill, const struct yamlnode *node);
bool configfill_leave_tls(struct configfill *fill, const struct config_tls *tls,
                          const struct yamlnode *node);
bool configfill_leave_forward(struct configfill *fill, const struct yamlnode *node);

/* Judges what can be told of TLS when all was read; `root` is the tree's. */
void configfill_judge_tls(struct configfill *fill, const struct yamlnode *root);

/* The site in hand. */
struct config_site *configfill_last_site(const struct configfill *fill);

/* Tells of a value that its type allows, but its key does not. True: memory is not out. */
#define CONFIGFILL_COMPLAIN(fill, node, ...) \
    (config_errors_add((fill)->errors, (node)->line, (node)->column, __VA_ARGS__), true)

#endif
