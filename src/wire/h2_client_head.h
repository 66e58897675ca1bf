/* Heads and trailers of HTTP/2 responses: collected line by line as they are decompressed, and
 * judged as those of HTTP/1 are [RFC 9113 §8.2, §8.3.2].
 */
#ifndef WIRE_H2_CLIENT_HEAD_H
#define WIRE_H2_CLIENT_HEAD_H

#include "base/limits.h"
#include "stet/proxystatus.h"
#include "wire/client.h"
#include "wire/h1_head.h"

#include <nghttp2/nghttp2.h>

/* Fields that may be put behind those that came. */
enum { H2_CLIENT_HEAD_EXTRA = 2 };

/* One that is being collected. The spans point into buffers that nghttp2 lends until
 * h2_client_head_clear. */
struct h2_client_head {
    struct stet_response response;
    enum stet_proxy_error fault; /* the first that was found */
    size_t count;                /* of fields */
    size_t size;                 /* octets, as HTTP/1 would have them */
    bool trailers;
    struct h2_client_head *next; /* while it is spare */
    struct stet_field fields[H1_FIELDS_MAX + H2_CLIENT_HEAD_EXTRA];
    nghttp2_rcbuf *lent[2 * H1_FIELDS_MAX];
};

/* Adds a line. What is wrong with it, or past a limit, is noted as the fault. False when the whole
 * is past limits.h2_header_excess: nobody sends that in good faith. */
bool h2_client_head_add(struct h2_client_head *head, const struct limits *limits,
                        nghttp2_rcbuf *name, nghttp2_rcbuf *value);

/* The section is whole: fills response.head. The fault, or none. */
enum stet_proxy_error h2_client_head_check(struct h2_client_head *head);

/* How the response goes on behind this head, the last in the stream if `ends`. A fault, or none:
 * Content-Length off the grammar, contradictory, or more than what comes
 * [RFC 9110 §8.6, RFC 9113 §8.1.1]. */
enum stet_proxy_error h2_client_head_frame(const struct h2_client_head *head,
                                           enum stet_method method, bool ends,
                                           struct response_framing *framing);

/* Gives back what was lent; makes it ready for another section. */
void h2_client_head_clear(struct h2_client_head *head, bool trailers);

#endif
