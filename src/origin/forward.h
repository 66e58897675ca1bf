/* Forwarding: what of a request goes on to the origin, and what of its response comes back
 * [RFC 9110 §7.6, RFC 9112 §9.6].
 */
#ifndef ORIGIN_FORWARD_H
#define ORIGIN_FORWARD_H

#include "base/arena.h"
#include "stet/completion.h"
#include "stet/validation.h"
#include "wire/h1_client_write.h"

/* What is known of a request besides itself. Spans outlive the use. */
struct forward_client {
    struct stet_span address;  /* of the peer, as text: "192.0.2.1", "2001:db8::1", "unix" */
    struct stet_span protocol; /* "1.1", "1.0", "2.0" [RFC 9110 §7.6.3] */
    bool trusted;              /* its Forwarded and X-Forwarded-* fields are believed and kept */
};

/* How a route forwards. Immutable; strings outlive it. */
struct forward_rules {
    struct stet_span name; /* pseudonym for Via and CDN-Loop, a token: "stet" */
    bool keep_host;        /* the client's Host goes on; else the server's own */
    bool forwarded;        /* adds Forwarded [RFC 7239] besides X-Forwarded-* */
    uint32_t max_forwards; /* cap for Max-Forwards [RFC 9110 §7.6.2] */
    bool early_data;       /* its servers know Early-Data, and answer 425 [RFC 8470 §6.1] */
};

/* What a validation adds and replaces, or NULL in `plan` for a request that goes on as it came; or
 * what completes a part that is held. */
struct forward_conditions {
    const struct stet_validation *plan;
    const struct stet_candidates *candidates;
    const struct stet_completion *completion; /* ask for its gap; or NULL */
    bool max_age_zero; /* add "max-age=0" to Cache-Control: ask the origin itself (D-12) */
};

/* One request that is to go on. */
struct forward {
    const struct forward_rules *rules;
    const struct forward_client *client;
    const struct stet_request *request;          /* its target URI is complete, scheme included */
    const struct forward_conditions *conditions; /* or NULL */
    bool content; /* the request has content, framed as its own fields say */
    bool upgrade; /* the route allows upgrades: one that the request asks for goes along */
    bool early;   /* it goes on before the client's handshake is over, and says so */
};

enum forward_verdict {
    FORWARD_GOES,
    FORWARD_LOOP,     /* our own name is in Via or CDN-Loop: 502 (D-47) [RFC 9110 §7.6.3] */
    FORWARD_ANSWER,   /* TRACE or OPTIONS with Max-Forwards 0: we are the final recipient */
    FORWARD_NO_MEMORY /* 500: the arena is full */
};

/* The request has been here before (D-47) [RFC 9110 §7.6, RFC 8586 §2]: what it would wait for may
 * wait for it. */
bool forward_loops(const struct forward_rules *rules, const struct stet_head *request);

/* Judges a request and makes what is sent on: hop-by-hop fields and those that Connection names are
 * gone; so are, from a client that is not trusted, Forwarded, X-Forwarded-* and the fields that
 * applications take for another host, path, method or client (distrusted.tbl): what is no part of
 * the key must not choose the answer. Via, X-Forwarded-For, -Proto, -Host and CDN-Loop are added.
 *
 * The target is sent as it was received, in origin form [RFC 9110 §7.7]. `to->host` is
 * STET_SPAN_NONE where the server's own is to be sent. Upgrade goes along only as HTTP/1.1 asks for
 * it, without content, and never to another version of HTTP: `to->upgrade` says whether it did.
 * Spans of `to` point into the request, the rules and the arena. */
enum forward_verdict forward_request(const struct forward *forward, struct arena *arena,
                                     struct client_request *to);

/* Connection names fields that are there and do not go on: the origin answers another request than
 * one that has them and does not name them, and Vary does not tell the two apart. What it answers
 * is not to be stored. */
bool forward_hides(const struct stet_head *request);

/* Of a response that passes: may this field go to the client? Neither hop-by-hop nor named by
 * Connection; nor what the codec writes itself (Date, Content-Length, Transfer-Encoding). */
bool forward_field(const struct stet_head *head, const struct stet_field *field);

/* Writes the lines of a response that pass, each "Name: value" CRLF, to `to`; returns the octets
 * that takes, also when that is more than `room`: what was written is then cut short. */
size_t forward_response(const struct stet_head *head, char *to, size_t room);

/* The same for the Upgrade line of a 426, which says what the origin wants to be asked in:
 * protocols that may go through here [RFC 9110 §15.5.22]. It is no longer than its lines were. */
size_t forward_upgrade(const struct stet_head *head, char *to, size_t room);

/* The same for the trailers of a response with this `head`: those that may be trailers
 * [RFC 9110 §6.5.1]. */
size_t forward_trailers(const struct stet_head *head, const struct stet_head *trailers, char *to,
                        size_t room);

/* The same for the trailers of a request: digests, and what stet does not know; nothing that
 * frames, routes, authenticates or asks [RFC 9110 §6.5.1], nor what clients claim of where they
 * come from. */
size_t forward_request_trailers(const struct stet_head *head, const struct stet_head *trailers,
                                char *to, size_t room);

#endif
