/* What the files of downloads share.
 */
#ifndef CLIENT_DOWNLOAD_PARTS_H
#define CLIENT_DOWNLOAD_PARTS_H

#include "client/decoding.h"
#include "client/download.h"
#include "client/redirect.h"

/* What is done when the present fetch has ended. */
enum download_then {
    DOWNLOAD_THEN_END,
    DOWNLOAD_THEN_REDIRECT, /* `redirect` says where */
    DOWNLOAD_THEN_ANEW      /* what was held does not fit: from the beginning */
};

/* A version of the content, and how much of it we have. */
struct download_version {
    char tag[OUTPUT_TAG]; /* strong, and of the content as it comes; "" if there is none */
    uint64_t held;        /* octets before those to come; of the present request */
    uint64_t skip;        /* octets to come that we have */
    bool from_part;       /* `held` are in the output's part, not in this run's output */
    bool asked;           /* the present request is for the rest */
    bool by_range;        /* with Range */
    unsigned in_a_row;    /* breaks without an octet between */
};

/* What the heads so far mean for what comes. */
struct download_hearing {
    bool deaf;    /* content is not wanted */
    bool refused; /* the answer's is not for the output */
    bool early;   /* it was too early once, and is asked for again */
};

struct download {
    struct download_request request;
    void (*done)(void *owner, const struct download_result *result);
    void *owner;
    struct cache_fetch *fetch;
    struct client_cache plain; /* the cache switched off, for ranges */
    char *url;
    char *method;
    struct message head; /* to send */
    struct stet_span content;
    struct decoding *decoding;
    struct download_version version;
    struct redirect redirect;
    struct download_result result;
    enum download_then then;
    uint64_t came;        /* octets of content of this version as on the wire, with those held */
    uint64_t expected;    /* of them; 0: not known */
    uint64_t head_octets; /* of the head that went to the output */
    bool opened;          /* the output */
    struct download_hearing hearing;
    char words[320];
};

/* The first failure counts. Returns false. */
bool download_fail(struct download *download, enum download_end end, const char *words);

/* Heads and content, as cache_events has them. */
void download_on_head(void *owner, int status, const struct stet_head *head);
bool download_on_content(void *owner, struct stet_span bytes);

/* The output is dropped; what it has is kept, if `keep` and it can be continued. */
void download_drop(struct download *download, bool keep);

/* Forgets what was held: the next request is for all. */
void download_forget(struct download *download);

#endif
