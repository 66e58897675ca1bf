/* What the two halves of the HTTP/1 codec know of each other: h1.c reads, h1_answer.c writes.
 */
#ifndef WIRE_H1_PARTS_H
#define WIRE_H1_PARTS_H

#include "wire/h1.h"

static inline struct h1 *h1_of(struct codec *codec)
{
    return (struct h1 *)(void *)codec;
}

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

/* Sends "100 Continue" [RFC 9110 §10.1.1]. */
void h1_continue(struct h1 *h1);

/* Drops what is left of the answer's content. */
void h1_content_drop(struct h1 *h1);

/* The answer is out (or never will be): the service hears it, the next request may come. */
void h1_finish(struct h1 *h1);

#endif
