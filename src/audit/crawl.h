/* The crawl: fetches a sitemap, or all those of an index, and collects the URLs.
 */
#ifndef AUDIT_CRAWL_H
#define AUDIT_CRAWL_H

#include "audit/targets.h"
#include "client/transfer.h"

/* Room for what is said of a failure. */
#define CRAWL_MESSAGE 256

struct crawl {
    struct transfers *transfers;
    const char *const *fields;   /* lines for every request, NULL at the end; may be NULL */
    struct targets *targets;     /* is told the URLs */
    uint64_t sitemaps;           /* read */
    uint64_t requests_max;       /* that may be sent; 0: no bound */
    uint32_t longest;            /* ms that one request may take; 0: no bound */
    uint64_t requests;           /* sent */
    uint64_t urls;               /* among the targets now */
    uint64_t foreign;            /* of other hosts than the sitemap's: not this one's to speak of */
    uint64_t failed;             /* sitemaps of an index that could not be read */
    bool unreachable;            /* the failure was the network's */
    bool spent;                  /* there were no requests left */
    bool left_alone;             /* the host said 429 or 503: it is asked for nothing more */
    char message[CRAWL_MESSAGE]; /* the first failure, in words */
};

/* Reads the sitemap, one request after another, on this host alone. False when it could not be read
 * at all; `message` says why. */
bool crawl_sitemap(struct crawl *crawl, const char *url);

#endif
