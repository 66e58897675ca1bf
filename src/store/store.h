/* The store: where entries rest. One small interface; memory is the first tier behind it.
 *
 * Shared by all workers. A look-up takes a shard's lock for the length of a probe; a hit costs one
 * relaxed store besides (the eviction's bit) and never moves anything.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/entry.h"

struct store;

/* How many entries of one primary key there may be besides its signpost: who lets anyone choose
 * among endless variants keeps the youngest only. */
#define STORE_VARIANTS_MAX 64

/* Sums, exact while nobody writes. */
struct store_sums {
    uint64_t entries;
    uint64_t octets; /* all that counts against the budget: entries, tables, ghosts, charges */
    uint64_t budget;
    uint64_t evicted; /* entries that had to go */
    uint64_t refused; /* entries that could not come in, or could not stay as they grew */
};

/* A store in memory of `budget` octets; entries larger than `object_max` are refused. `seed` keys
 * the table. Eviction is S3-FIFO: a small queue of a tenth, a main queue, ghosts; metadata counts,
 * entries that are out of the store and still referenced do not. NULL when memory is out. */
struct store *store_mem_new(uint64_t budget, uint64_t object_max, const uint64_t seed[2]);

/* Ends it: its entries lose their reference. Nobody may be in any call here. */
void store_free(struct store *store);

/* The entry of a key, one reference the caller's, NULL if there is none. `url` and `selecting` are
 * compared in full. Counts as a use. */
struct entry *store_find(struct store *store, const struct entry_key *key, struct stet_span url,
                         struct stet_span selecting);

/* Puts an entry in (one reference is taken), in the place of one with the same key. It may still be
 * filling: its size is counted anew by store_grown. An entry is put in once in its life. False if
 * it is too large or memory is out; what is at its key then stays. */
bool store_put(struct store *store, struct entry *entry);

/* The entry has grown, been sealed or been amended: counts anew, evicts others if need be. False:
 * it is no longer in the store, because it has become too large now, or had to go before. */
bool store_grown(struct store *store, struct entry *entry);

/* Takes an entry out, if it is still the one at its key. */
void store_drop(struct store *store, struct entry *entry);

/* What others keep because of what is stored here counts against the budget as well: it took
 * `before` octets and takes `now`. Evicts entries if need be. False if there never is room for as
 * much: then nothing has changed, and it has to take less. */
bool store_charge(struct store *store, uint64_t before, uint64_t now);

/* All variants of a primary key, the one that is 0 first, then the youngest: calls `each` with
 * every entry (borrowed) until it returns false. How many were called. Hashes may collide: who
 * needs to be sure compares entry_url. `each` may not call the store; it may keep a reference for
 * later.
 */
size_t store_each_variant(struct store *store, const uint64_t primary[2],
                          bool (*each)(void *owner, struct entry *entry), void *owner);

/* Every entry, in no order, a shard at a time; the same rules. */
size_t store_each(struct store *store, bool (*each)(void *owner, struct entry *entry), void *owner);

void store_sums(struct store *store, struct store_sums *to);

#endif
