/* HTTP/1 response heads from an origin: read strictly, in place [RFC 9112 §4 to §6].
 *
 * What is wrong with an answer is named by an enum stet_proxy_error, with its sign changed: the
 * client of the proxy gets 502, and the name in Proxy-Status [RFC 9209 §2.3].
 */
#ifndef WIRE_H1_RESPONSE_H
#define WIRE_H1_RESPONSE_H

#include "stet/proxystatus.h"
#include "wire/client.h"
#include "wire/h1_head.h"

/* A response head. The spans point into the bytes it was read from. One per worker. */
struct h1_response_head {
    struct stet_response response;
    struct stet_span reason_phrase; /* for people; may be empty, may be a lie */
    unsigned minor;                 /* the version is HTTP/1.minor */
    struct stet_field fields[H1_FIELDS_MAX];
};

/* Reads a response head at the start of `size` octets. Returns its length (> 0), 0 when more are
 * needed, or what makes the answer invalid: STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR (off the grammar,
 * another major version, a status outside 100 to 599), .._HTTP_RESPONSE_HEADER_SECTION_SIZE (past a
 * limit), negative. A fault is reported once the octets that show it are there, or, with `lenient`,
 * the end of their line.
 *
 * Strict as h1_request_read (D-49). With `lenient`, three things that cannot be mistaken are
 * mended, in the bytes themselves and leaving their number as it is: white space between a field
 * name and its colon goes behind the colon [RFC 9112 §5.1], obs-fold becomes SP [RFC 9112 §5.2],
 * the SP behind a status code may be missing if no phrase follows [RFC 9112 §4]. NUL, CR and LF in
 * values never pass [RFC 9110 §5.5], nor does a lone LF as line end. Without `lenient` the bytes
 * are not written to. */
int h1_response_read(char *bytes, size_t size, const struct limits *limits, bool lenient,
                     struct h1_response_head *head);

/* How the response goes on after its head, given the method of its request [RFC 9112 §6.3]. 0, or a
 * negative error: STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR (Content-Length off the grammar or
 * contradictory; Transfer-Encoding beside Content-Length, in HTTP/1.0, on 1xx or 204, or without
 * "chunked" at its end), .._HTTP_RESPONSE_TRANSFER_CODING (other codings before a final chunked),
 * .._HTTP_RESPONSE_BODY_SIZE (a length past 2^63 - 1). These fields are judged on every response
 * but a 2xx to CONNECT; where the law says that there is no content they have no further effect,
 * except that a 204 that speaks of content ends the connection. */
int h1_response_check(const struct h1_response_head *head, enum stet_method method,
                      struct response_framing *framing);

#endif
