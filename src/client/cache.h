/* The client's private cache: a request, answered from storage, by one conditional request, or by
 * the origin [RFC 9111]. All judging is libstet's, in the role of a private cache.
 *
 *     cache_fetch --fresh--> answered without the network
 *                 --stale--> one request with If-None-Match --304--> the stored content
 *                                                           --200--> the new, stored as it comes
 */
#ifndef CLIENT_CACHE_H
#define CLIENT_CACHE_H

#include "client/storage.h"
#include "client/transfer.h"
#include "stet/reason.h"

enum cache_mode {
    CACHE_USUAL,
    CACHE_OFF,        /* nothing is looked up or stored */
    CACHE_OFFLINE,    /* only-if-cached [RFC 9111 §5.2.1.7] */
    CACHE_REVALIDATE, /* asks even if fresh: no-cache in the request */
};

struct client_cache {
    struct transfers *transfers;
    struct storage *storage; /* NULL: there is none */
    enum cache_mode mode;
    int64_t max_age;      /* s, accepted age; -1: any [RFC 9111 §5.2.1.1] */
    int64_t stale_ok;     /* s past freshness that are accepted, -1: none [RFC 9111 §5.2.1.2] */
    int64_t (*now)(void); /* steady in what it is compared with: wall clock, ns */
};

enum cache_source {
    CACHE_SOURCE_NETWORK,   /* new content */
    CACHE_SOURCE_STORED,    /* fresh, no request was sent */
    CACHE_SOURCE_VALIDATED, /* 304, the stored content */
    CACHE_SOURCE_STALE      /* stale, because asking failed or stale is accepted */
};

/* What became of it; borrowed by `end`. */
struct cache_outcome {
    struct transfer_outcome transfer; /* of the last request sent; zero if none was */
    enum cache_source source;
    enum stet_reason reason;
    bool changed;      /* the content is not the one that was stored before */
    int64_t ttl;       /* s it stays fresh, negative when stale */
    uint64_t saved;    /* octets of content that were not sent over the network */
    unsigned requests; /* sent */
};

struct cache_events {
    /* The head of the answer, from wherever. */
    void (*head)(void *owner, int status, const struct stet_head *head);
    bool (*content)(void *owner, struct stet_span bytes);
    /* `outcome->source` tells whether content was the stored one; with CACHE_SOURCE_VALIDATED or
     * _STORED and `quiet`, content was not told at all. */
    void (*end)(void *owner, const struct cache_outcome *outcome);
};

struct cache_request {
    struct transfer_request transfer;
    bool quiet; /* content that has not changed is not wanted: the caller has it */
};

struct cache_fetch;

/* Begins. Events come out of transfers_run, or, where no request is needed, out of this function.
 * NULL when memory is out. */
struct cache_fetch *cache_fetch(struct client_cache *cache, const struct cache_request *request,
                                const struct cache_events *events, void *owner);

void cache_fetch_cancel(struct cache_fetch *fetch);

#endif
