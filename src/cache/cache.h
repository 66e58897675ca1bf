/* The cache: one judgement over stored responses, and the one way to fetch.
 *
 *     cache_find --> may a stored response answer? ------------------------> CACHE_FOUND
 *         ^            | no: join the flight of its key, or begin one
 *         |            v
 *         `-- ready -- CACHE_WAIT     (a flight ends in: stored, renewed, passing, failed)
 *
 * `struct cache` is shared by all workers; a `struct cache_worker` belongs to one. The outcome is
 * always a representation, for the one place that answers (serve/answer.h): a stored response, one
 * that is still filling, or one that only passes.
 */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include "cache/follower.h"
#include "cache/rules.h"
#include "origin/forward.h"
#include "origin/representation.h"
#include "origin/upstream.h"
#include "stet/cachestatus.h"
#include "stet/reuse.h"
#include "store/store.h"

struct cache;
struct cache_worker;

/* `store` outlives it. `seed` keys the hashes of keys. NULL when memory is out. */
struct cache *cache_new(struct store *store, const uint64_t seed[2]);

/* All workers' parts are closed. */
void cache_free(struct cache *cache);

/* One worker's part. NULL when memory is out. */
struct cache_worker *cache_open(struct cache *cache, struct loop *loop);

/* Ends it: flights that nobody waits for are given up; no query is open and no representation of it
 * left. What its loop still knows of it is freed when the loop turns once more. */
void cache_close(struct cache_worker *worker);

/* Where a request goes that nothing stored answers. Belongs to one worker; it and all it points to
 * stay until no query names it and no fetch uses it any more. */
struct cache_route {
    const struct cache_rules *rules;
    const struct forward_rules *forward;
    struct upstream *upstream; /* of the same worker */

    size_t flights; /* the cache's: fetches by this route, those nobody waits for among them */
    /* The last of them has ended: called on the loop as the last thing that is done with the
     * route. The route must not go from within. May be NULL. */
    void (*landed)(struct cache_route *route);
};

struct cache_query;

/* What the asker is told, on its own loop. From any of them it may call cache_find, cache_forget
 * and the rest. */
struct cache_events {
    /* CACHE_WAIT is over: ask again. */
    void (*ready)(struct cache_query *query);
    /* An interim response that is to be relayed [RFC 9110 §15.2]. */
    void (*interim)(struct cache_query *query, const struct stet_response *response);
    /* The body of the representation, which had said BODY_WAIT, has more. */
    void (*more)(struct cache_query *query);
    /* After cache_content has said "no more": there is room again. */
    void (*room)(struct cache_query *query);
    /* Who asks? A fetch wants to know, a hit does not. Borrowed until the asker is called again. */
    const struct forward_client *(*client)(struct cache_query *query);
};

/* What is known of an answer besides the representation, for Cache-Status, Proxy-Status, Age, logs
 * and metrics. */
struct cache_facts {
    bool hit;
    bool stored;    /* the response that came back is being stored */
    bool collapsed; /* it was fetched for someone else */
    bool has_ttl;
    bool has_age;     /* `age` is to be sent */
    bool synthesized; /* the validators are ours */
    uint32_t age;
    int64_t ttl;
    enum stet_forward forward;
    int forward_status;          /* what the origin said; 0: not asked, or no answer */
    enum stet_reason reason;     /* of the judgement that decided */
    enum stet_reason storing;    /* why it was stored or not; STET_REASON_NONE: was not asked */
    enum stet_proxy_error error; /* of a fetch that failed */
    uint8_t alert;               /* of tls_alert_received */
    uint8_t spoken;              /* the version of HTTP, ten times, that the fetch spoke; 0: none */
    uint8_t received; /* by which the response that answers came, now or when it was stored */
    struct stet_span next_hop; /* whom the fetch asked; lives as long as the route */
};

enum cache_outcome {
    CACHE_FOUND, /* `representation`, one reference the asker's */
    CACHE_WAIT,  /* `ready` is called when asking again makes sense */
    CACHE_EARLY, /* it would have to be fetched, which an early request may not be: to be asked
                    again when it is early no more */
    CACHE_FAILED /* `status` says with what to answer: 500, 502, 503, 504; or, if Max-Forwards ends
                    here, 204 to OPTIONS and 405 to TRACE [RFC 9110 §7.6.2]; `facts` say why */
};

/* One question. The asker sets the first part and leaves it alone until cache_forget, but for
 * `request`, which may move to a copy while it waits; all else is zero at first. */
struct cache_query {
    const struct stet_request *request; /* its target URI is complete, scheme included */
    struct cache_route *route;
    const struct cache_events *events;
    struct arena *arena; /* the exchange's: for the text of a long key */
    bool content;        /* the request has content: follows by cache_content */
    bool upgrade;        /* HTTP/1.1 asked for an upgrade, which the route allows */
    bool early;          /* so far it may be a replay (io/tls.h): may only become false */

    struct representation *representation; /* the outcome */
    int status;
    struct cache_facts facts;

    struct cache_worker *worker; /* private from here on */
    struct flight *flight;       /* its own fetch */
    struct awaiting *awaiting;   /* it waits for a stored response to be whole */
    struct source *source;       /* what tells it of more, one reference */
    struct follower follower;    /* it waits for another's fetch ... */
    struct timer patience;       /* ... for so long */
    struct stet_asked asked;
    unsigned rounds; /* how often it has waited for others */
    bool alone;      /* it does not wait any more */
    bool held;       /* it has been held back long enough */
};

/* Judges, and fetches if need be. */
enum cache_outcome cache_find(struct cache_worker *worker, struct cache_query *query);

/* Request content goes on to the origin. False: no more until `room`. Octets that nobody wants any
 * more are dropped. */
bool cache_content(struct cache_query *query, struct stet_span bytes);
void cache_content_end(struct cache_query *query, const struct stet_head *trailers);

/* The asker is done, or goes away at any point. A fetch that fills the store for others or for
 * later goes on; one that only passed to this asker is given up. */
void cache_forget(struct cache_query *query);

/* ---- operating ---- */

enum cache_purge_scope {
    CACHE_PURGE_URL,    /* this URL with all its variants, and others that No-Vary-Search makes the
                           same; `text` is an absolute URL */
    CACHE_PURGE_PREFIX, /* all URLs that begin so; an absolute URL as well */
    CACHE_PURGE_MATCH,  /* all URLs that this regular expression (pcre2) finds */
    CACHE_PURGE_GROUP,  /* all responses in this group [RFC 9875] */
    CACHE_PURGE_ALL
};

/* What becomes of it: soft makes stale and keeps validators; hard removes. */
struct cache_purge_way {
    bool hard;
    int64_t now; /* steady clock, seconds */
};

/* Purges, in all partitions. How many stored responses were reached; or -1, and `*error` says what
 * is wrong (until this thread purges again): perhaps after some were reached. From any thread. */
int64_t cache_purge(struct cache *cache, enum cache_purge_scope scope, struct stet_span text,
                    const struct cache_purge_way *way, const char **error);

#endif
