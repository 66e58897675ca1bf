/* The desk of a worker: the buffers that its connections share, one connection at a time.
 *
 * What lies on it is lent for the turn of one connection. Under AddressSanitizer whoever looks at
 * it while it is closed dies, so a pointer that is kept too long is found out.
 */
#ifndef NET_DESK_H
#define NET_DESK_H

#include "net/dateline.h"
#include "wire/codec.h"
#include "wire/h1_head.h"
#include "wire/h2.h"

/* The most octets of one read: enough for a deep pipeline, little enough to be kept for each of
 * many clients that take no answers. */
#define DESK_READ 32768

struct desk {
    char *input; /* for a read: DESK_READ octets */
    struct outbox out;
    struct h1_head *head; /* scratch of the codecs */
    struct h2_kit *kit;   /* the same, of HTTP/2 */
    struct dateline date;
};

/* A closed desk. False when memory is out: then nothing is kept. */
bool desk_init(struct desk *desk, const struct limits *limits);

/* No-op on one that is all zero. */
void desk_fini(struct desk *desk);

/* Opens it for one connection at the wall clock `wall`; may be open already. */
void desk_open(struct desk *desk, int64_t wall);

/* Closes it; what was not sent is gone. */
void desk_close(struct desk *desk);

#endif
