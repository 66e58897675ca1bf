/* HTTP/1 request heads: request line, Host, the block, framing, the empty line [RFC 9112 §3, §6].
 */
#ifndef WIRE_H1_CLIENT_WRITE_H
#define WIRE_H1_CLIENT_WRITE_H

#include "stet/head.h"

/* A request to be sent. Spans are borrowed for the call.
 *
 * `block` holds whole field lines as in wire/reply.h, all that go end to end and, with `upgrade`,
 * Upgrade. What else is written here may not be in it: Host, Content-Length and the fields of one
 * connection (stet_field_is_hop). */
struct h1_client_request {
    enum stet_method method;
    struct stet_span method_name;
    struct stet_span target; /* in the form for this hop: origin form, or as the caller decides */
    struct stet_span host;   /* may be empty [RFC 9110 §7.2] */
    struct stet_span block;
    bool has_content;
    bool length_known;   /* else the content is chunked: only for who is known to speak HTTP/1.1 */
    uint64_t length;     /* of the content */
    bool upgrade;        /* the block asks for an upgrade: say "Connection: upgrade" */
    struct stet_span te; /* "trailers" or empty; then listed in Connection [RFC 9110 §7.6.1] */
};

/* Octets that suffice for the head of this request. */
size_t h1_client_head_room(const struct h1_client_request *request);

/* Writes the head; returns its length. Always HTTP/1.1. Host comes first [RFC 9110 §7.2]; then the
 * block; then Content-Length or Transfer-Encoding, never both [RFC 9112 §6.2], and for a method
 * that means something by content Content-Length also of 0 [RFC 9110 §8.6]. Whatever would end a
 * line or begin another message where none should is a bug of the caller, and dies. */
size_t h1_client_head_write(const struct h1_client_request *request, char *to);

#endif
