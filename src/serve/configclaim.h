/* Claims: what parts of a configuration say of the same thing, judged against each other.
 */
#ifndef SERVE_CONFIGCLAIM_H
#define SERVE_CONFIGCLAIM_H

#include "serve/config.h"
#include "serve/configerror.h"

/* One claim, with its place in the file. */
struct configclaim {
    enum configclaim_kind {
        CONFIGCLAIM_HOST,     /* this site answers for the host `text` */
        CONFIGCLAIM_ROUTE,    /* this site has a route at the path `text` */
        CONFIGCLAIM_UPSTREAM, /* a route asks the server `text` */
        CONFIGCLAIM_REDIRECT  /* the route at `path` redirects to the path `text` */
    } kind;
    size_t site; /* its index in the configuration */
    const char *text, *path;
    unsigned line, column;
};

/* Tells of hosts and routes that stand twice, of servers that are this one itself, and of redirects
 * that lead to themselves. The configuration is sealed; the claims are put into another order.
 * False when memory is out. */
bool configclaims_judge(const struct config *config, struct configclaim *claims, size_t count,
                        struct config_errors *errors);

#endif
