/* What the parts of the HTTP/1 codec know of each other: h1.c reads, h1_answer.c writes,
 * h1_tunnel.c does neither.
 */
#ifndef WIRE_H1_PARTS_H
#define WIRE_H1_PARTS_H

#include "wire/h1.h"

static inline struct h1 *h1_of(struct codec *codec)
{
    return (struct h1 *)(void *)codec;
}

/* codec_ops->interim: an answer before the answer. */
void h1_interim(struct stream *stream, int status, struct stet_span block);

/* codec_ops->reply: begins the answer of the open request. */
void h1_reply(struct stream *stream, const struct reply *reply);

/* codec_ops->wake: the body has bytes again. */
void h1_body_wake(struct stream *stream);

/* Puts more of the answer into `out`; true if it put anything. */
bool h1_take(struct codec *codec, struct outbox *out);

/* `count` octets of the outbox's tail went. */
void h1_took(struct codec *codec, size_t count);

/* There is something to take. */
bool h1_wants_take(const struct codec *codec);

/* Answers a request that never became one with `status`, and is over. */
void h1_refuse(struct h1 *h1, int status, struct stet_span line);

/* The service wants the content of the request: sends "100 Continue" if the client waits for it
 * [RFC 9110 §10.1.1]. */
void h1_continue(struct h1 *h1);

/* Writes the head of the answer. False: there is no memory for it. */
bool h1_head_put(struct h1 *h1, const struct reply *reply);

/* Something of the answer's content is to come. */
static inline bool h1_content_due(const struct h1 *h1)
{
    return h1->sending.chunk || h1->sending.body;
}

/* Drops what is left of the answer's content. */
void h1_content_drop(struct h1 *h1);

/* The rest of the answer cannot be had: drops it, finishes, and breaks the connection. */
void h1_content_break(struct h1 *h1);

/* The answer is out (or never will be): the service hears it, the next request may come. */
void h1_finish(struct h1 *h1);

/* Answers the open request with a reply that begins a tunnel. */
void h1_tunnel_reply(struct h1 *h1, const struct reply *reply);

/* Octets of the client, all of which are taken. */
void h1_tunnel_feed(struct h1 *h1, struct stet_span octets);

/* The client sends no more. */
void h1_tunnel_ended(struct h1 *h1);

#endif
