/* Downloads: one URL to one output, through redirects, codings and breaks.
 *
 *     cache_fetch --> redirect? --> undo the coding --> output
 *          ^------------/  ^------- the rest, after a break: never of another version
 *
 * A download that broke off is continued by itself if what came has a strong tag: from the cache,
 * which then asks for what is missing, or with Range and If-Range. What is kept beside a file from
 * an earlier run (output.h) is continued in the same way.
 */
#ifndef CLIENT_DOWNLOAD_H
#define CLIENT_DOWNLOAD_H

#include "client/cache.h"
#include "client/output.h"

/* What is wanted. All is borrowed until `done`, but for the strings, which may go after
 * download_start. */
struct download_request {
    struct client_cache *cache;
    struct output *output;
    const char *method, *url; /* userinfo of the URL is sent as Basic credentials */
    const struct stet_head *head;
    struct stet_span content; /* NULL `at`: none */
    unsigned redirects_max;   /* followed */
    uint64_t size_max;        /* octets of decoded content; 0: no bound */
    bool follow;              /* redirects: past `redirects_max` it is a failure */
    bool show_head;           /* goes to the output, before the content; of redirects as well */
    bool fail;                /* content of 400 and above does not go to the output */
    bool hold;                /* nor does that of a status after which the caller asks again:
                                 download_may_pass */
    bool once;                /* what was done must not be done again */
    bool decode;              /* asks for codings and undoes them, but for ranges */
    bool resume;              /* what an earlier run left is continued */
    bool quiet;               /* cache_request's */
};

enum download_end {
    DOWNLOAD_DONE,
    DOWNLOAD_HTTP,     /* a status of 400 or above, and `fail` or `hold` */
    DOWNLOAD_NETWORK,  /* no whole answer came */
    DOWNLOAD_OUTPUT,   /* the output cannot be written */
    DOWNLOAD_CANCELLED /* by download_cancel */
};

/* How it went; borrowed by `done`, and until then what is known so far. */
struct download_result {
    enum download_end end;
    const char *words; /* of a failure; "" */
    const char *url;   /* that was asked last */
    int status;        /* of the last head; 0: there was none */
    struct message head;
    enum cache_source source;
    enum stet_reason reason;
    bool changed;             /* what is in the output was not there, or not in the cache, before */
    int64_t ttl;              /* s */
    uint64_t saved;           /* octets of content that did not come over the network */
    uint64_t received;        /* octets of content that did */
    uint64_t length;          /* octets of content in the output */
    unsigned requests;        /* sent */
    unsigned redirects;       /* followed */
    unsigned continuations;   /* after breaks */
    const char *redirect_url; /* where a redirect that was not followed leads; "" */
    struct cache_outcome outcome; /* of the last fetch; its strings are good in `done` only */
};

struct download;

/* Begins. `done` comes out of transfers_run, or out of this function where no request is needed;
 * nothing is left of the download then. `*to` is the download, set before anything is called: the
 * owner forgets it in `done`. False, and no call, when memory is out. */
bool download_start(const struct download_request *request,
                    void (*done)(void *owner, const struct download_result *result), void *owner,
                    struct download **to);

/* Not wanted any more: `done` follows, out of transfers_run. */
void download_cancel(struct download *download);

/* May the request be sent again, from its first URL on, after this status? If it is not to be done
 * twice, only a status that says it was not done will do, and only of the first URL: a redirect
 * says that it was done, or may have been [RFC 9110 §9.2.2]. */
bool download_may_pass(bool once, const struct download_result *result, int status);

/* Octets of content that have come, and of all that are to come as far as is known (else 0). */
uint64_t download_progress(const struct download *download, uint64_t *total);

#endif
