/* A table of entries by primary key; one of a shard of the store.
 *
 * Entries of one primary key are a list, `sibling` by `sibling`: the one of variant 0 if there is
 * one, then the others, the youngest first. The table owns no entries, and locks nothing.
 */
#ifndef STORE_TABLE_H
#define STORE_TABLE_H

#include "store/entry_parts.h"

struct table {
    struct entry **firsts; /* by place, NULL: the slot is empty; behind them their hashes */
    size_t capacity;       /* 0 or a power of two */
    size_t count;          /* of slots in use */
};

/* Makes room for one primary key more; false when memory is out. */
bool table_reserve(struct table *table);

/* The first entry of a primary key with this hash, or NULL. */
struct entry *table_find(const struct table *table, uint64_t hash, const uint64_t primary[2]);

/* Puts an entry in front of its siblings, or behind the one of variant 0. There must be room. */
void table_add(struct table *table, uint64_t hash, struct entry *entry);

/* Takes out an entry that is in. */
void table_remove(struct table *table, uint64_t hash, struct entry *entry);

/* The first entry of the next primary key, in no order: start with *cursor = 0; NULL at the end.
 */
struct entry *table_next(const struct table *table, size_t *cursor);

/* Octets of memory. */
size_t table_size(const struct table *table);

void table_fini(struct table *table);

#endif
