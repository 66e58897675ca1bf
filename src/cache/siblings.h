/* Siblings: all that is stored under one primary key, held for a closer look.
 */
#ifndef CACHE_SIBLINGS_H
#define CACHE_SIBLINGS_H

#include "cache/shelf_key.h"

struct sibling {
    struct entry *entry;
    struct entry_head *head;
};

/* The caller's memory, 1 KiB. */
struct siblings {
    struct entry *signpost; /* NULL if there is none */
    size_t count;
    struct sibling at[STORE_VARIANTS_MAX + 1]; /* responses */
};

/* Takes a reference of each entry and of its present head. */
void siblings_take(struct siblings *siblings, const struct shelf *shelf,
                   const struct shelf_key *key, enum shelf_side side);
void siblings_drop(struct siblings *siblings);

#endif
