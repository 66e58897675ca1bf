/* HTTP/1 response heads from an origin: read strictly, in place [RFC 9112 §4 to §6].
 */
#ifndef WIRE_H1_RESPONSE_H
#define WIRE_H1_RESPONSE_H

#include "wire/h1_head.h"

/* A response head. The spans point into the bytes it was read from. */
struct h1_response_head {
    struct stet_response response;
    struct stet_span reason_phrase;
    unsigned minor;
    struct stet_field fields[H1_FIELDS_MAX];
};

/* Reads a response head at the start of `size` octets. Returns its length (> 0), 0 when more are
 * needed, -502 for anything that makes the answer invalid: off the grammar, past a limit, another
 * major version, a status outside 100 to 599. White space before a colon is dropped with its
 * meaning kept and obs-fold becomes SP only if `lenient`; by default both are -502 (D-49). NUL, CR
 * and LF inside of values always are [RFC 9110 §5.5]. */
int h1_response_read(const char *bytes, size_t size, const struct limits *limits, bool lenient,
                     struct h1_response_head *head);

enum h1_response_content {
    H1_RESPONSE_NO_CONTENT,
    H1_RESPONSE_LENGTH,
    H1_RESPONSE_CHUNKED,
    H1_RESPONSE_UNTIL_CLOSE,
    H1_RESPONSE_TUNNEL /* 2xx to CONNECT, 101 */
};

struct h1_response_framing {
    enum h1_response_content content;
    uint64_t length;
    bool persistent; /* the connection may serve another request afterwards */
};

/* How the response goes on after its head, given the method of its request [RFC 9112 §6.3]. 0, or
 * -502: Content-Length off the grammar or contradictory, Transfer-Encoding beside
 * Content-Length, in HTTP/1.0, on 1xx or 204, or with a coding other than a final chunked. */
int h1_response_check(const struct h1_response_head *head, enum stet_method method,
                      struct h1_response_framing *framing);

#endif
