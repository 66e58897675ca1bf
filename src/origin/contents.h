/* Contents: bytes kept in memory by their digest, with their coded variants, shared by all workers.
 *
 * Copies of a file share one content. There is a budget for all; past it those not used lately go.
 * May be used from any thread.
 */
#ifndef ORIGIN_CONTENTS_H
#define ORIGIN_CONTENTS_H

#include "base/chunk.h"
#include "base/map.h"
#include "io/fs.h"
#include "origin/digest.h"

#include <pthread.h>
#include <stdatomic.h>

enum variant_state {
    VARIANT_UNKNOWN, /* not tried yet */
    VARIANT_READY,   /* `bytes` */
    VARIANT_USELESS  /* does not get smaller */
};

/* The content in one coding. */
struct variant {
    enum variant_state state;
    bool sidecar; /* from a file beside it */
    struct chunk *bytes;
    struct digest digest; /* of the coded bytes */
};

/* The file beside that was last judged, right or wrong. */
struct content_sidecar {
    struct fs_stamp stamp;
    uint64_t place; /* a hash of its path */
};

/* What the bytes of a digest are. Counted; its variants belong to the lock of `contents`. */
struct content {
    atomic_uint refs;
    atomic_bool used;    /* set by whoever answers from it */
    atomic_bool gone;    /* out of the table: whoever holds it should let go */
    atomic_uint version; /* counts changes of the variants */
    struct digest digest;
    struct chunk *bytes;
    uint64_t charge;
    struct contents *contents;
    struct content *before; /* ring */
    struct content *after;
    struct variant variants[STET_CODING_COUNT];
    struct content_sidecar sidecars[STET_CODING_COUNT];
};

struct contents {
    pthread_mutex_t lock;
    struct map by_digest;
    struct content *hand;         /* on the ring: the next to be judged */
    uint64_t budget;              /* bytes */
    uint64_t held;                /* by contents that someone holds, those that are gone included */
    uint64_t leaving;             /* the part of it that is gone */
    void (*evicted)(void *owner); /* contents have gone: let go of them */
    void *owner;
};

/* `evicted` is called without the lock, from the thread that added bytes. */
void contents_init(struct contents *contents, uint64_t budget, void (*evicted)(void *owner),
                   void *owner);
void contents_fini(struct contents *contents);

/* The content of a digest, one reference the caller's; NULL if it is not kept. */
struct content *contents_find(struct contents *contents, const struct digest *digest);

/* Keeps bytes (takes one more reference of the chunk). The content, one reference the caller's, be
 * it this one or one that was there already. NULL when there is no room, or memory is out. */
struct content *contents_add(struct contents *contents, const struct digest *digest,
                             struct chunk *bytes);

void content_unref(struct content *content);
static inline struct content *content_ref(struct content *content)
{
    atomic_fetch_add_explicit(&content->refs, 1, memory_order_relaxed);
    return content;
}

/* Copies a variant; of its bytes, if any, one reference is the caller's. */
struct variant content_variant(struct content *content, enum stet_coding coding);

/* The bits (1 << coding) of variants in a state. */
unsigned content_variants(struct content *content, enum variant_state state);

/* Of those that are ready: from sidecars. */
unsigned content_sidecars(struct content *content);

/* Sets a variant; keeps a reference of its bytes. One from a sidecar is not replaced by one of our
 * own. If there is no room for the bytes it becomes useless. */
void content_set_variant(struct content *content, enum stet_coding coding,
                         const struct variant *variant);

/* A sidecar in this state has not been judged yet; from now on it has. False as well if the variant
 * is from the sidecar of a copy, at another place. */
bool content_new_sidecar(struct content *content, enum stet_coding coding,
                         const struct content_sidecar *sidecar);

#endif
