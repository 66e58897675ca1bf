/* What the rooms of an exchange know of each other: exchange.c walks, exchange_route.c chooses the
 * way, exchange_WAY.c has the steps of one.
 */
#ifndef SERVE_EXCHANGE_PARTS_H
#define SERVE_EXCHANGE_PARTS_H

#include "base/arena.h"
#include "net/conn.h"
#include "serve/answer.h"
#include "serve/exchange.h"
#include "serve/tunnel.h"

enum exchange_next {
    EXCHANGE_NEXT, /* on to the next step */
    EXCHANGE_WAIT, /* come back to this one when it is woken */
    EXCHANGE_DONE  /* answered; the stream may be over and the exchange gone */
};

enum exchange_step {
#define STEP(way, name) EXCHANGE_##way##_##name,
#include "serve/steps.tbl"
#undef STEP
    EXCHANGE_STEPS
};

/* What a request to an origin server needs. */
struct gateway {
    struct cache_query query;
    struct forward_client client;    /* of a fetch */
    struct destination *destination; /* of a forward proxy, in use; else NULL */
    struct timer patience;           /* for the origin's "100 (Continue)" */
    bool asked;                      /* cache_forget is due */
    bool held;                       /* request content waits for it */
    struct conn_awaiting awaiting;   /* the end of the handshake */
    char address[SOCK_ADDRESS_TEXT]; /* of the client */
};

struct exchange {
    struct exchange_context *context;
    struct exchange *next_idle;
    struct stream *stream;
    const struct stet_request *request; /* the codec's until `copied`, then `kept` */
    struct stet_request kept;
    struct sites *sites;
    const struct config_route *route; /* that answers; NULL: none does */
    struct files *files;              /* of that route, if it has any */
    struct files_query query;
    struct gateway gateway;
    struct tunnel *tunnel;
    struct arena arena;
    struct accesslog_entry log;
    struct stet_span secure; /* a field line that tells of TLS; or empty */
    enum exchange_step step;
    bool content; /* content of the request is to come */
    bool copied;
    bool waiting;
    bool conditional; /* the client asks whether what it holds has changed */
    bool noted;       /* what a line of a log needs was copied from the request */
};

/* ---- for all ways ---- */

/* Chooses the way of a request: sets route, what belongs to it, and the first step. EXCHANGE_DONE:
 * there is none, and it was answered. */
enum exchange_next exchange_route(struct exchange *exchange);

/* Judges what the site asks of TLS. EXCHANGE_DONE: it was not met, and this was answered. */
enum exchange_next exchange_secure(struct exchange *exchange);

/* Judges a request that may have been recorded and sent again. EXCHANGE_DONE: it is not safe then,
 * and this was answered [RFC 8470 §5]. */
enum exchange_next exchange_early(struct exchange *exchange);

/* Goes on from the present step, after EXCHANGE_WAIT. */
void exchange_go_on(struct exchange *exchange);

/* Copies the request, which the codec only lent, into the arena. False when memory is out. No-op
 * when it was done before. */
bool exchange_keep(struct exchange *exchange);

/* Answers, and notes it for the log. */
enum exchange_next exchange_send(struct exchange *exchange, struct answer *answer);

/* Answers with a page, see answer_page. */
enum exchange_next exchange_page(struct exchange *exchange, int status, struct stet_span block);

/* Answers with the page for an error of this proxy, its status recommended by [RFC 9209 §2.3], and
 * Proxy-Status. The route is known. */
enum exchange_next exchange_proxy_page(struct exchange *exchange, enum stet_proxy_error error,
                                       struct stet_span next_hop);

/* ---- the steps ---- */

#define STEP(way, name) enum exchange_next exchange_##way##_##name(struct exchange *exchange);
#include "serve/steps.tbl"
#undef STEP

/* ---- the ways, beside their steps ---- */

/* The request was copied: what pointed into it, its path at `before`, follows. */
void exchange_files_kept(struct exchange *exchange, struct stet_span before);
void exchange_gateway_kept(struct exchange *exchange);

/* Request content, or octets of a tunnel, and their end. */
bool exchange_gateway_content(struct exchange *exchange, struct stet_span bytes);
void exchange_gateway_content_end(struct exchange *exchange, const struct stet_head *trailers);

/* Whatever is under way is given up; may be called at any time, also when nothing is. */
void exchange_files_forget(struct exchange *exchange);
void exchange_gateway_forget(struct exchange *exchange);
void exchange_tunnel_forget(struct exchange *exchange);

/* Sets up what an exchange keeps for its life. */
void exchange_files_init(struct exchange *exchange);
void exchange_gateway_init(struct exchange *exchange);

#endif
