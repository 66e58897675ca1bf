/* HTTP/1 answer heads: status line, Date, the blocks, framing, the empty line [RFC 9112 §4, §6].
 */
#ifndef WIRE_H1_WRITE_H
#define WIRE_H1_WRITE_H

#include "base/octets.h"
#include "wire/reply.h"

/* What of the answer the connection decides. */
struct h1_answer {
    unsigned minor;        /* the request's version was HTTP/1.minor */
    bool close;            /* say "Connection: close" */
    bool keep_alive;       /* say "Connection: keep-alive" (HTTP/1.0) */
    bool chunked;          /* say "Transfer-Encoding: chunked" */
    struct stet_span date; /* "Date: ..." CRLF, or empty; not looked at if the reply has its own */
};

/* Octets that suffice for the head of `reply`. */
size_t h1_head_room(const struct reply *reply);

/* Writes the head; returns its length. Writes Content-Length if reply->content is REPLY_LENGTH and
 * the status allows it [RFC 9110 §8.6]; never on 1xx, 204, 304 and the head of a tunnel, which says
 * "Connection: upgrade" instead if it is a 101 [RFC 9110 §7.8]. Always HTTP/1.1 in the status
 * line [RFC 9112 §2.3]. */
size_t h1_head_write(const struct reply *reply, const struct h1_answer *answer, char *to);

/* Octets that suffice for an interim head with `block`. */
size_t h1_interim_room(struct stet_span block);

/* Writes the head of a 1xx; returns its length. */
size_t h1_interim_write(int status, struct stet_span block, char *to);

/* Copies a span; returns where it ends in `to`. */
static inline char *h1_span_write(struct stet_span bytes, char *to)
{
    octets_copy(to, bytes.at, bytes.len);
    return to + bytes.len;
}

/* Writes a decimal number; returns its length (at most 20). */
size_t h1_number_write(uint64_t number, char *to);

#endif
