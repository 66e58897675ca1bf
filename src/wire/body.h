/* Bodies: the bytes of an answer, pulled as the socket takes them.
 *
 * Whoever sends looks at the next bytes (peek), offers them to the socket, and says how many went
 * (skip); what the socket did not take is looked at again later, so a slow client holds no buffer.
 */
#ifndef WIRE_BODY_H
#define WIRE_BODY_H

#include "stet/span.h"

#include <sys/types.h>

struct body;

enum body_peek {
    BODY_BYTES = 1,  /* `*bytes` has at least one byte */
    BODY_END = 0,    /* nothing is left */
    BODY_WAIT = -1,  /* nothing yet; the body's maker calls stream_wake when there is */
    BODY_BROKEN = -2 /* the rest cannot be had, or would be of another version: the connection must
                        be closed so that the client sees the answer is incomplete */
};

struct body_ops {
    /* The next bytes: lent memory, or read into `scratch` of `room` octets. They stay valid until
     * the next call on this body or the next use of the scratch. */
    enum body_peek (*peek)(struct body *body, char *scratch, size_t room, struct stet_span *bytes);
    /* `count` bytes of those last seen by peek are done with. */
    void (*skip)(struct body *body, size_t count);
    /* After BODY_END: fields that were known only now, a block of whole lines as in wire/reply.h,
     * or empty; borrowed until the body ends. Asked for where they can be sent, that is with
     * chunks: whether the client reads them is the maker's to know [RFC 9110 §6.5.1]. May be NULL.
     */
    struct stet_span (*trailers)(struct body *body);
    /* Ends the body, at any point. */
    void (*free)(struct body *body);
};

/* Embedded as first member in each kind of body. */
struct body {
    const struct body_ops *ops;
    bool steady; /* set by peek: the bytes it showed last never change: see base/chunk.h */
};

#endif
