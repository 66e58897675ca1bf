/* Cache-Status: how a cache handled a request, written as one member [RFC 9211].
 *
 * The field is a List that grows from the origin outwards: a cache appends its member, best as a
 * field line of its own behind those received, and leaves the others alone [RFC 9211 §2].
 */
#ifndef STET_CACHESTATUS_H
#define STET_CACHESTATUS_H

#include "stet/reason.h"

#ifdef __cplusplus
extern "C" {
#endif

enum stet_forward {
    STET_FORWARD_NONE, /* the request did not go forward */
#define FORWARD(identifier, token) STET_FORWARD_##identifier,
#include "stet/cachestatus.tbl"
#undef FORWARD
    STET_FORWARD_COUNT
};

/* The token of a reason to go forward; empty for STET_FORWARD_NONE and numbers out of range. */
STET_API struct stet_span stet_forward_token(enum stet_forward forward);

/* What is to be said. Zero-initialised, with a name, it says nothing. */
struct stet_cachestatus {
    struct stet_span cache;    /* the name of this cache: a Token if it is one, else a String */
    bool hit;                  /* answered from the store, nothing went forward; a stale answer is
                                  a hit too [RFC 9211 §2.1] */
    enum stet_forward forward; /* why it went forward; never together with `hit` */
    int forward_status;        /* the status that came back; 0 says: the one that is sent */
    bool stored;               /* the response that came back was stored */
    bool collapsed;            /* the request joined another that was under way */
    bool has_ttl;              /* `ttl` is known */
    int64_t ttl;               /* seconds of freshness left, negative if stale */
    struct stet_span key;      /* the cache key; leave it empty unless the reader may see it
                                  [RFC 9211 §6] */
    enum stet_reason detail;   /* the reason word; STET_REASON_NONE for none */
};

/* Octets that always suffice for a member with this name and key. */
#define STET_CACHESTATUS_ROOM(cache, key) (2 * ((cache) + (key)) + 160)

/* Writes the member. Returns the octets written; 0 if there is nothing to send: the status says
 * neither hit nor forward, because the response was made here and rests on nothing stored
 * [RFC 9211 §2], or it says both, or it has no name that can be written, or `room` is too small.
 * `forward_status`, `stored` and `collapsed` are written only of a request that went forward
 * [RFC 9211 §2.3, §2.5, §2.6]; a key that is no printable ASCII is left out. */
STET_API size_t stet_cachestatus_write(const struct stet_cachestatus *status, char *to,
                                       size_t room);

#ifdef __cplusplus
}
#endif

#endif
