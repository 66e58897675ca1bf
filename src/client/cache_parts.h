/* What the rooms of the cache share: one fetch.
 */
#ifndef CLIENT_CACHE_PARTS_H
#define CLIENT_CACHE_PARTS_H

#include "client/cache.h"
#include "stet/completion.h"
#include "stet/reuse.h"
#include "stet/validation.h"

/* What is asked; owned. Spans of `as` point into `url` and `head`. */
struct cache_asking {
    char *method, *url, *address;
    struct message head;
    struct stet_request as;
    struct stet_asked asked;
    struct stet_span content;
    enum transfer_version version;
    uint32_t longest; /* ms, of all its requests; 0: no bound */
    bool fresh, quiet;
    bool is_uri; /* the URL is one that can be a key */
};

/* What is stored for it. */
struct cache_found {
    char *key;
    size_t key_size;
    char credentials[STORAGE_CREDENTIALS_SIZE + 1];
    struct storage_set set;
    struct stet_candidate candidates[STET_CANDIDATES_MAX];
    struct storage_entry *entries[STET_CANDIDATES_MAX]; /* the same ones; in `set` */
    size_t count;
    struct storage_entry *best; /* that selected by the request; NULL if there is none */
};

enum cache_way {
    CACHE_AS_IT_IS,   /* as the caller wants it */
    CACHE_CONDITIONS, /* with conditions for what is stored */
    CACHE_GAP,        /* for what is missing */
    CACHE_END_TO_END  /* with conditions, and max-age=0 (D-12) */
};

/* What is done when the present transfer has ended. */
enum cache_then {
    CACHE_THEN_END,
    CACHE_THEN_SERVE,  /* answer from `serve` */
    CACHE_THEN_REPEAT, /* send it as it is */
    CACHE_THEN_INSIST  /* send it with max-age=0 */
};

/* The request that is under way. */
struct cache_errand {
    enum cache_way way;
    struct message head; /* as sent */
    struct stet_validation plan;
    struct stet_completion completion;
    struct storage_entry *part; /* that is completed */
    struct transfer *transfer;
    int64_t requested;  /* s */
    int64_t generation; /* of the storage, when it was sent */
    enum cache_then then;
    struct storage_entry *serve;
    struct stet_reuse reuse; /* of `serve` */
    uint64_t doomed;         /* number of an entry that is to go at the end; 0: none */
    bool heard;              /* a final head */
    bool deaf;               /* what content comes is not for the caller */
};

/* What is being stored. */
struct cache_keeping {
    struct storage_draft *draft;
    struct storage_entry entry;
    struct stet_storing storing;
    struct stet_arrival arrival;
    uint64_t came;           /* octets of content, of this transfer */
    uint64_t expected;       /* UINT64_MAX: not known */
    uint64_t before, behind; /* octets of a part that stand around those that come */
    int part;                /* the content of that part; -1: none */
};

struct cache_fetch {
    struct client_cache *cache;
    const struct cache_events *events;
    void *owner;
    struct stet_profile profile;
    struct cache_asking asking;
    struct cache_found found;
    struct cache_errand errand;
    struct cache_keeping keeping;
    struct cache_outcome outcome;
    bool told;   /* a head */
    bool refuse; /* the caller wants no more */
};

static inline int64_t cache_now(const struct cache_fetch *fetch)
{
    return fetch->cache->now() / 1000000000;
}

/* cache_select.c: finds what is stored, and judges it. False when memory is out. */
bool cache_select(struct cache_fetch *fetch);
struct stet_reuse cache_judge(struct cache_fetch *fetch);
struct stet_span cache_key(const struct cache_fetch *fetch);

/* storage_generation for what is asked; 0 where nothing is stored. */
int64_t cache_generation(const struct cache_fetch *fetch);

/* The text that an entry is selected by, for requests like this: without credentials, which are
 * compared as digests. For memory_free. False when memory is out. */
bool cache_selection(const struct stet_head *response, const struct stet_head *request,
                     struct storage_entry *to);

/* cache_ask.c: sends a request. False when memory is out. */
bool cache_ask(struct cache_fetch *fetch, enum cache_way way);

/* Plans what to ask for, given what is stored. */
enum cache_way cache_plan(struct cache_fetch *fetch);

/* cache_land.c: what came in answer. */
extern const struct transfer_events cache_landing;

/* cache_update.c: what a response says of stored ones. */
bool cache_update(struct cache_fetch *fetch, const struct stet_validated *verdict,
                  const struct stet_head *fresh);
void cache_update_by_head(struct cache_fetch *fetch, const struct stet_response *response);
void cache_invalidate(struct cache_fetch *fetch, const struct stet_response *response);
struct stet_arrival cache_arrival(const struct cache_fetch *fetch);
bool cache_dated(const struct stet_head *head, int64_t wall, struct message *to);

/* cache_keep.c: stores what comes. */
void cache_keep_begin(struct cache_fetch *fetch, const struct stet_response *response);
void cache_keep(struct cache_fetch *fetch, struct stet_span bytes);
void cache_keep_end(struct cache_fetch *fetch, const struct transfer_outcome *transfer);
void cache_keep_drop(struct cache_fetch *fetch);

/* The answer that a 206 makes with the part that is stored. False: it cannot be made. */
bool cache_complete(struct cache_fetch *fetch, const struct stet_response *response);
/* Tells and stores a piece of that part: what stands before or behind the new octets. */
bool cache_complete_piece(struct cache_fetch *fetch, bool behind);

/* cache_serve.c: answers from a stored response. False, and nothing told: its content is damaged or
 * gone. */
bool cache_serve(struct cache_fetch *fetch, struct storage_entry *entry,
                 const struct stet_reuse *reuse);
/* Answers with an error of our own. */
void cache_refuse(struct cache_fetch *fetch, int status, enum stet_reason reason);

/* cache.c */
void cache_tell(struct cache_fetch *fetch, int status, const struct stet_head *head);
bool cache_tell_content(struct cache_fetch *fetch, struct stet_span bytes);
/* The last call; nothing is left. */
void cache_end(struct cache_fetch *fetch);

#endif
