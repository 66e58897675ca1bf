/* What an entry is made of. For entry.c and for the store that it rests in; nobody else.
 */
#ifndef STORE_ENTRY_PARTS_H
#define STORE_ENTRY_PARTS_H

#include "base/latch.h"
#include "store/entry.h"
#include "store/evict.h"
#include "store/segment.h"

struct entry {
    struct entry_key key;
    atomic_uint refs;
    atomic_uchar state;
    struct latch latch;     /* of `head`, of its marks and of `waiters` */
    uint16_t room;          /* for content, in `texts`; 0: it is in segments */
    struct evict_node node; /* the store's; here so that what a hit writes lies together */
    struct entry_head *head;
    struct entry *sibling; /* the store's: the next older entry of the same primary key */
    struct entry_waiter *waiters;
    _Atomic(uint64_t) length; /* octets of content that may be read */
    uint32_t expected;        /* octets of content; saturates */
    uint16_t url_len;
    uint16_t selecting_len;
    char texts[]; /* the first of the segments, or NULL; or nothing where there is room; then url,
                     selecting, content */
};

#endif
