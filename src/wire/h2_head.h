/* Heads of HTTP/2 requests: collected field by field as they are decompressed, then judged as those
 * of HTTP/1 are [RFC 9113 §8.2, §8.3].
 */
#ifndef WIRE_H2_HEAD_H
#define WIRE_H2_HEAD_H

#include "base/limits.h"
#include "stet/head.h"
#include "wire/h1_head.h"

#include <nghttp2/nghttp2.h>

/* Fields that are ours: Host from :authority, and what an upgrade of HTTP/1 says. */
#define H2_FIELDS_OWN 4
#define H2_FIELDS_MAX (H1_FIELDS_MAX + H2_FIELDS_OWN)

/* What nghttp2 may lend for one head: two buffers a line, also of pseudo-header fields. */
#define H2_LENT_MAX (2 * (H1_FIELDS_MAX + 8))

enum h2_verdict {
    H2_HEAD_GOES = 0,
    H2_HEAD_MALFORMED = -1, /* a stream error [RFC 9113 §8.1.1] */
    H2_HEAD_NO_MEMORY = -2,
    H2_HEAD_FLOOD = -3 /* so much of it that the connection ends */
};

/* One that is being collected. The spans point into buffers that nghttp2 lends until
 * h2_head_fini. */
struct h2_head {
    struct stet_request request;
    struct stet_span protocol; /* :protocol [RFC 8441 §4], or empty */
    char *cookie;              /* its crumbs, joined; or NULL */
    size_t count;              /* of fields; the first is kept free for Host */
    size_t size;               /* octets, as HTTP/1 would have them */
    size_t lent_count;
    int refused; /* the status of the first fault found, or 0 */
    bool trailers;
    bool expects_continue; /* waits for 100, if content comes [RFC 9110 §10.1.1] */
    char key[25];          /* Sec-WebSocket-Key, made up */
    struct stet_field fields[H2_FIELDS_MAX];
    nghttp2_rcbuf *lent[H2_LENT_MAX];
};

/* Begins a head, or a trailer section. */
void h2_head_begin(struct h2_head *head, bool trailers);

/* One line. Past a limit of HTTP/1 it only notes which; past limits.h2_header_excess it is
 * H2_HEAD_FLOOD; else H2_HEAD_GOES. */
enum h2_verdict h2_head_add(struct h2_head *head, const struct limits *limits, nghttp2_rcbuf *name,
                            nghttp2_rcbuf *value);

/* The section is whole: judges a request, whose connection speaks `scheme`, and fills what is not
 * filled yet of head->request; `number` makes up a key. H2_HEAD_GOES, a fault as above, or the
 * status (> 0) to refuse it with: 431, 414, 501, 400, 417, 421 as h1_request_check does. Of
 * trailers only the fields are put in order. */
int h2_head_check(struct h2_head *head, struct stet_span scheme, uint64_t number);

/* Writes what HTTP/1 would have for its first line, cut to `room`; returns its length. */
size_t h2_head_line(const struct h2_head *head, char *to, size_t room);

/* Gives back what was lent. */
void h2_head_fini(struct h2_head *head);

#endif
