/* A representation: what one answer path needs to know to say 200, 206, 304, 412 or 416, be it a
 * static file, a stored response or one that passes through.
 *
 * Immutable once made, counted, shared by connections and workers.
 */
#ifndef ORIGIN_REPRESENTATION_H
#define ORIGIN_REPRESENTATION_H

#include "base/chunk.h"
#include "stet/precondition.h"
#include "wire/body.h"

#include <stdatomic.h>

struct representation;

struct representation_ops {
    /* A body of `length` octets from `from`; NULL when memory or descriptors are out. The body
     * keeps what it needs: the representation may go. */
    struct body *(*body)(struct representation *representation, uint64_t from, uint64_t length);
    void (*free)(struct representation *representation);
};

struct representation {
    const struct representation_ops *ops;
    atomic_uint refs;
    struct stet_validators validators; /* borrow from this struct's own memory */
    int status;                        /* of the unconditional answer: 200, or 404 of a 404.html */
    uint64_t length;                   /* octets of content */
    struct chunk *bytes;               /* all of the content in memory, or NULL: then ops->body */
    struct stet_span whole;            /* block of fields of the 200 (see wire/reply.h) */
    struct stet_span piece;            /* of a 206; empty: `whole` serves [RFC 9110 §15.3.7.1] */
    struct stet_span part;             /* of a 206 that answers If-Range [RFC 9110 §15.3.7] */
    struct stet_span unchanged;        /* of the 304 (D-02) */
    struct stet_span type;             /* Content-Type, for the parts of a multipart answer */
    struct stet_span whole_untyped;    /* `whole` without Content-Type, for multipart answers */
    struct stet_span etag_text;        /* the tag as sent, quotes and W/ included; empty if none */
    struct stet_span date;             /* value of Date, of a response made elsewhere; empty: now */
    bool stored; /* a cache's: conditions are evaluated as a cache does [RFC 9111 §4.3.2] */
    bool passes; /* neither conditions nor ranges apply: whoever made it has judged them */
    bool unknown_length; /* `length` is not known yet: no ranges */
    bool tunnel;         /* what follows the head is no content but a tunnel's octets */
};

static inline struct representation *representation_ref(struct representation *representation)
{
    atomic_fetch_add_explicit(&representation->refs, 1, memory_order_relaxed);
    return representation;
}

static inline void representation_unref(struct representation *representation)
{
    if (!representation)
        return;
    /* Who has the only reference need not tell anyone that it goes. */
    if (atomic_load_explicit(&representation->refs, memory_order_acquire) == 1 ||
        atomic_fetch_sub_explicit(&representation->refs, 1, memory_order_acq_rel) == 1)
        representation->ops->free(representation);
}

#endif
