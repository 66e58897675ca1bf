/* The client's private cache: a request, answered from storage, by one conditional request, or by
 * the origin [RFC 9111]. All judging is libstet's, in the role of a private cache.
 *
 *     cache_fetch --fresh--> answered without the network
 *                 --stale--> one request with If-None-Match --304--> the stored content
 *                                                           --200--> the new, stored as it comes
 *                 --part---> one request with Range and If-Range --206--> both together
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
    CACHE_REVALIDATE, /* asks even if fresh: no-cache in the request [RFC 9111 §5.2.1.4] */
};

struct client_cache {
    struct transfers *transfers;
    struct storage *storage; /* NULL: there is none */
    enum cache_mode mode;
    int64_t max_age;         /* s, accepted age; -1: any [RFC 9111 §5.2.1.1] */
    int64_t stale_ok;        /* s past freshness that are accepted, -1: none [RFC 9111 §5.2.1.2] */
    int64_t (*now)(void);    /* wall clock, ns */
    const char *user_agent;  /* what the transfers send where a request says nothing; Vary may look
                                at it */
    const char *certificate; /* tells apart the users that certificates of the client stand for;
                                NULL: there is none */
    const char *trust;       /* which servers are believed, where that is not as usual: what came
                                over TLS under another trust is not there; NULL: as usual */
    const char *places;      /* the same for where servers are, if not where their names lead */
    bool lives;              /* the process goes on: what is served stale under
                                stale-while-revalidate is validated behind it [RFC 5861 §3] */
    uint32_t behind_ms;      /* how long that may take; 0: no bound */
    uint64_t behind_size;    /* octets of content that may come then; 0: no bound */
};

enum cache_source {
    CACHE_SOURCE_NETWORK,   /* new content */
    CACHE_SOURCE_STORED,    /* fresh, no request was sent */
    CACHE_SOURCE_VALIDATED, /* 304, the stored content */
    CACHE_SOURCE_STALE,     /* stale, because asking failed or stale is accepted */
    CACHE_SOURCE_COMPLETED, /* some of it was stored, the rest is new */
    CACHE_SOURCE_NONE       /* an error that was made here: 504, 502 */
};

/* What became of it; borrowed by `end`. */
struct cache_outcome {
    struct transfer_outcome transfer; /* of the last request sent; zero if none was */
    enum cache_source source;
    enum stet_reason reason;  /* why it was answered so */
    enum stet_reason storing; /* why it was stored or not; STET_REASON_NONE if that was no question
                               */
    bool stored;              /* it is in the storage now */
    bool changed;             /* the content is not the one that was stored before */
    bool whole;               /* all of it was told, or (quiet) could have been */
    int64_t ttl;              /* s it stays fresh, negative when stale */
    uint64_t saved;           /* octets of content that were not sent over the network */
    unsigned requests;        /* sent */
};

struct cache_events {
    /* The head of the answer, from wherever; once. Not called if there is none to tell, which
     * `end` explains. */
    void (*head)(void *owner, int status, const struct stet_head *head);
    /* False: no more is wanted. */
    bool (*content)(void *owner, struct stet_span bytes);
    /* The last call; the fetch is gone when it returns. `outcome->source` tells whether content was
     * the stored one; with `quiet`, such content was not told at all. */
    void (*end)(void *owner, const struct cache_outcome *outcome);
};

struct cache_request {
    struct transfer_request transfer;
    bool quiet; /* content that is stored and current is not wanted: the caller has it */
};

struct cache_fetch;

/* Begins. Events come out of transfers_run, or, where no request is needed, out of this function;
 * then `*fetch` is NULL. The request is borrowed until this returns, its content, and `events`,
 * until `end`. False, and no event, when memory is out. */
bool cache_fetch(struct client_cache *cache, const struct cache_request *request,
                 const struct cache_events *events, void *owner, struct cache_fetch **fetch);

/* Would cache_fetch answer from what is stored, and not ask? */
bool cache_answers(struct client_cache *cache, const struct cache_request *request);

/* The version of HTTP that the head came in which is being told: 10, 11 or 20; 0: it was stored. */
uint16_t cache_fetch_version(const struct cache_fetch *fetch);

/* Not wanted any more: `end` follows, out of transfers_run. What has come of the content is kept
 * if it can be completed later. */
void cache_fetch_cancel(struct cache_fetch *fetch);

#endif
