/* Forwarding: what of a request goes on to the origin, and what of its response comes back
 * [RFC 9110 §7.6, RFC 9112 §9.6].
 */
#ifndef ORIGIN_FORWARD_H
#define ORIGIN_FORWARD_H

#include "base/arena.h"
#include "stet/validation.h"
#include "wire/h1_client_write.h"

/* What is known of a request besides itself. Spans outlive the use. */
struct forward_client {
    struct stet_span address;  /* of the peer, as text: "192.0.2.1", "2001:db8::1", "unix" */
    struct stet_span protocol; /* "1.1", "1.0", "2" [RFC 9110 §7.6.3] */
    bool trusted;              /* its Forwarded and X-Forwarded-* fields are believed and kept */
};

/* How a route forwards. Immutable; strings outlive it. */
struct forward_rules {
    struct stet_span name; /* pseudonym for Via and CDN-Loop, a token: "stet" */
    bool keep_host;        /* the client's Host goes on; else the server's own */
    bool forwarded;        /* adds Forwarded [RFC 7239] besides X-Forwarded-* */
    uint32_t max_forwards; /* cap for Max-Forwards [RFC 9110 §7.6.2] */
};

/* What a validation adds and replaces, or NULL in `plan` for a request that goes on as it came. */
struct forward_conditions {
    const struct stet_validation *plan;
    const struct stet_candidates *candidates;
    bool max_age_zero; /* add "max-age=0" to Cache-Control: ask the origin itself (D-12) */
};

enum forward_verdict {
    FORWARD_GOES,
    FORWARD_LOOP,     /* our own name is in Via or CDN-Loop: 502 (D-47) [RFC 9110 §7.6.3] */
    FORWARD_ANSWER,   /* TRACE or OPTIONS with Max-Forwards 0: we are the final recipient */
    FORWARD_NO_MEMORY /* 500: the arena is full */
};

/* Judges a request and makes what is sent on: hop-by-hop fields and those that Connection names are
 * gone; so are, from a client that is not trusted, Forwarded, X-Forwarded-* and the fields that
 * applications take for another host, path or method (X-Original-URL, X-Rewrite-URL,
 * X-HTTP-Method-Override and their kind): what is no part of the key must not choose the answer.
 * Via, X-Forwarded-For, -Proto, -Host and CDN-Loop are added. The target is sent as it was
 * received, in origin form [RFC 9110 §7.7]. Spans of `to` point into the request and the arena.
 * Content framing is read from the request's own fields: `has_content` says that there is content.
 * With `upgrade` Upgrade goes along. */
enum forward_verdict forward_request(const struct forward_rules *rules,
                                     const struct forward_client *client,
                                     const struct stet_request *request, bool has_content,
                                     const struct forward_conditions *conditions,
                                     struct arena *arena, struct h1_client_request *to);

/* Of a response that passes: may this field go to the client? Neither hop-by-hop nor named by
 * Connection; nor what the codec writes itself (Date, Content-Length, Transfer-Encoding). */
bool forward_field(const struct stet_head *head, const struct stet_field *field);

/* Writes the lines of a response that pass, each "Name: value" CRLF, to `to`; returns the octets
 * that takes, also when that is more than `room`. */
size_t forward_response(const struct stet_head *head, char *to, size_t room);

#endif
