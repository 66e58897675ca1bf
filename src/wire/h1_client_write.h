/* HTTP/1 request heads: request line, Host, the block, framing, the empty line [RFC 9112 §3, §6].
 */
#ifndef WIRE_H1_CLIENT_WRITE_H
#define WIRE_H1_CLIENT_WRITE_H

#include "wire/client.h"

/* Octets that suffice for the head of this request. */
size_t h1_client_head_room(const struct client_request *request);

/* Writes the head; returns its length. Always HTTP/1.1. Host comes first [RFC 9110 §7.2]; then the
 * block; then Content-Length or Transfer-Encoding, never both [RFC 9112 §6.2], and for a method
 * that means something by content Content-Length also of 0 [RFC 9110 §8.6]. Whatever would end a
 * line or begin another message where none should is a bug of the caller, and dies. */
size_t h1_client_head_write(const struct client_request *request, char *to);

#endif
