/* The fields that frame HTTP/1 messages, read alike in requests and responses [RFC 9112 §6, §9.3].
 */
#ifndef WIRE_H1_FRAMING_H
#define WIRE_H1_FRAMING_H

#include "stet/head.h"

/* Judges Transfer-Encoding, which is there: 0 if it is "chunked", once and alone, in HTTP/1.1 and
 * without Content-Length [RFC 9112 §6.1, §7]. -501 if other codings stand before a final chunked,
 * else -400. */
int h1_framing_coding(const struct stet_head *head, unsigned minor);

/* Reads Content-Length, which is there, to `*length`, at most 2^63 - 1; lines and members that all
 * say the same count as one [RFC 9110 §8.6, RFC 9112 §6.3]. 0, -400 off the grammar or
 * contradictory, -413 more than that. */
int h1_framing_length(const struct stet_head *head, uint64_t *length);

/* The sender lets the connection go on after this message: "close" ends it, HTTP/1.1 persists,
 * HTTP/1.0 does if it says "keep-alive" [RFC 9112 §9.3]. */
bool h1_framing_persists(const struct stet_head *head, unsigned minor);

#endif
