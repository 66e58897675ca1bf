/* Redirects: what a 3xx with a Location makes of a request [RFC 9110 §15.4].
 */
#ifndef CLIENT_REDIRECT_H
#define CLIENT_REDIRECT_H

#include "stet/head.h"

enum redirect_kind {
    REDIRECT_NONE,  /* the response is the answer */
    REDIRECT_THERE, /* ask again, as the redirect says */
    REDIRECT_OFF    /* it redirects to what is no http or https URL */
};

/* Where to go on. */
struct redirect {
    char *url;          /* for memory_free; without fragment */
    bool get;           /* by GET, without the content of the request [RFC 9110 §15.4.4] */
    bool another;       /* another origin: credentials stay behind [RFC 9110 §15.4] */
    bool out_of_memory; /* REDIRECT_OFF because of that */
};

/* Judges a response to a request of `method` for `url`. `to->url` is for the caller with
 * REDIRECT_THERE alone. */
enum redirect_kind redirect_of(struct stet_span method, struct stet_span url, int status,
                               const struct stet_head *response, struct redirect *to);

/* A field of the request that stays behind: credentials and the host where another origin is
 * asked, what describes the content where that is not sent again. */
bool redirect_drops(const struct redirect *redirect, struct stet_span name);

#endif
