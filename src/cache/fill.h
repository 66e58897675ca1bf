/* Filling: content on its way into a stored response.
 */
#ifndef CACHE_FILL_H
#define CACHE_FILL_H

#include "cache/cache_parts.h"
#include "cache/mosaic.h"
#include "cache/synthesis.h"

/* Embedded in its owner. All zero: nothing is filled. */
struct fill {
    struct entry *entry; /* one reference */
    const struct shelf *shelf;
    const struct cache_rules *rules;
    int64_t seen;     /* wall clock, seconds: when the response came; its owner's to set */
    uint64_t counted; /* octets at which the store counts anew */
    bool tags;        /* it gets a tag when it is whole */
    bool part;        /* it is a 206; its owner's to set */
    bool same;        /* it turned out to be what was stored before */
    char former[DIGEST_TAG_ROOM]; /* the tag made for what was stored before; empty: none */
    size_t former_len;
    int64_t former_modified;    /* its date; negative: none */
    struct mosaic_piece behind; /* what is held of it behind what comes; its entry is a reference */
};

/* Begins to fill an entry; takes the reference. With `tags` validators are made of it. */
void fill_begin(struct fill *fill, const struct shelf *shelf, const struct cache_rules *rules,
                struct entry *entry, bool tags);

/* What was stored before, whose made tag and date go on if the octets are the same. */
void fill_follow(struct fill *fill, const struct entry_head *former);

/* The content is completed: these octets are there already, before and behind those that come
 * [RFC 9111 §3.4]. A piece without an entry is none. Called before anything is appended. False when
 * memory is out: then only fill_break may follow. */
bool fill_complete(struct fill *fill, const struct mosaic_piece *before,
                   const struct mosaic_piece *behind);

enum fill_went {
    FILL_GOES,
    FILL_FULL /* it is too large now, or memory is out: the octets were not taken */
};

/* More content. After FILL_FULL only fill_break may follow. */
enum fill_went fill_append(struct fill *fill, struct stet_span bytes);

/* All of it has come. When memory is out for what is held behind it, it is broken. */
void fill_finish(struct fill *fill);

/* It ends here: it leaves the store, and its readers break off. */
void fill_break(struct fill *fill);

/* After fill_finish, or after fill_break because the origin broke off: joins a part with others, or
 * keeps what there is as one [RFC 9111 §3.3, §3.4]. */
void fill_keep_parts(struct fill *fill);

/* Gives the reference back, in any state but one that still fills. No-op when it is all zero. */
void fill_end(struct fill *fill);

#endif
