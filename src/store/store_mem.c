/* The memory tier: entries in the tables of 64 shards, under one budget.
 *
 *     look-up:  shard's lock -> probe, compare, count a reference -> unlock -> mark as used
 *     change:   ledger's lock -> make room: evict others -> shard's lock -> table -> unlock
 *
 * Two kinds of locks, always taken in this order. The ledger's guards what is one for all: queues,
 * ghosts, sums. Whatever changes a table holds it, too; so who holds it may read any table. A
 * shard's lock keeps look-ups and changes of one table apart, and is held for a few instructions
 * (for as long as copying takes when the table doubles). Entries that leave are let go after all
 * locks.
 *
 * Whatever comes in makes room first, so the budget is not exceeded. It covers the entries with
 * their keys and heads, this struct, the tables, the ghosts, and what was charged; not the old half
 * of a table that is being doubled, nor entries that are out and still being read.
 *
 * Given up: a look-up without any lock. It would need entries and tables that outlive their last
 * reference for as long as somebody may look at them, to save the two atomic operations of a lock
 * that nobody else holds.
 */
#include "store/store.h"

#include "base/check.h"
#include "base/container.h"
#include "base/memory.h"
#include "store/cost.h"
#include "store/table.h"

#include <pthread.h>

/* More than the cores there will be, so that two look-ups seldom meet. */
enum { STORE_SHARD_BITS = 6, STORE_SHARDS = 1 << STORE_SHARD_BITS };

struct shard {
    pthread_mutex_t lock;
    struct table table;
};

struct store {
    struct shard shards[STORE_SHARDS];
    uint64_t seed[2];
    uint64_t budget;
    uint64_t object_max;
    pthread_mutex_t ledger; /* of all that follows */
    struct evict evict;
    uint64_t fixed; /* octets of this struct, of the tables, and of what others keep */
    uint64_t evicted;
    uint64_t refused;
};

/* ---- keys ---- */

/* The low bits are the home in a table, the high ones tell the shard. Keys are keyed hashes
 * already; this stirs them in case they were made with another seed. */
static uint64_t store_hash(const struct store *store, const uint64_t primary[2])
{
    uint64_t hash = (primary[0] ^ store->seed[0]) * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 32 ^ primary[1] ^ store->seed[1]) * UINT64_C(0xbf58476d1ce4e5b9);
    return hash ^ hash >> 29;
}

static struct shard *store_shard(struct store *store, uint64_t hash)
{
    return &store->shards[hash >> (64 - STORE_SHARD_BITS)];
}

static bool entry_has_key(const struct entry *entry, const struct entry_key *key)
{
    return entry->key.primary[0] == key->primary[0] && entry->key.primary[1] == key->primary[1] &&
           entry->key.variant == key->variant;
}

static struct entry *shard_find(const struct shard *shard, uint64_t hash,
                                const struct entry_key *key)
{
    struct entry *entry = table_find(&shard->table, hash, key->primary);
    while (entry && !entry_has_key(entry, key))
        entry = entry->sibling;
    return entry;
}

/* ---- room ---- */

/* Entries that have left and wait for all locks to be given back, by `older`. */
struct leavers {
    struct evict_node *first;
};

static void leavers_add(struct leavers *leavers, struct entry *entry)
{
    entry->node.older = leavers->first;
    leavers->first = &entry->node;
}

static void leavers_release(struct leavers *leavers)
{
    while (leavers->first) {
        struct evict_node *node = leavers->first;
        leavers->first = node->older;
        node->older = NULL;
        entry_unref(CONTAINER(node, struct entry, node));
    }
}

static uint64_t store_octets(const struct store *store)
{
    return store->fixed + ghosts_size(&store->evict.ghosts) + evict_octets(&store->evict);
}

/* Takes out of the table what is out of the queues. */
static void store_unlist(struct store *store, struct entry *entry, struct leavers *leavers)
{
    const uint64_t hash = store_hash(store, entry->key.primary);
    struct shard *shard = store_shard(store, hash);
    pthread_mutex_lock(&shard->lock);
    table_remove(&shard->table, hash, entry);
    pthread_mutex_unlock(&shard->lock);
    leavers_add(leavers, entry);
}

static void store_remove(struct store *store, struct entry *entry, struct leavers *leavers)
{
    evict_remove(&store->evict, &entry->node);
    store_unlist(store, entry, leavers);
}

/* Evicts until `size` octets fit; false if they never will. */
static bool store_make_room(struct store *store, uint64_t size, struct leavers *leavers)
{
    while (store_octets(store) > store->budget || size > store->budget - store_octets(store)) {
        struct evict_node *node = evict_next(&store->evict);
        if (!node)
            return false;
        store->evicted++;
        store_unlist(store, CONTAINER(node, struct entry, node), leavers);
    }
    return true;
}

/* Could it fit, if all else went? */
static bool store_may_hold(const struct store *store, uint64_t size)
{
    return size <= store->object_max &&
           size + store_octets(store) - evict_octets(&store->evict) <= store->budget;
}

/* Room for one key more in the table. */
static bool store_reserve(struct store *store, struct shard *shard)
{
    pthread_mutex_lock(&shard->lock);
    const size_t before = table_size(&shard->table);
    const bool done = table_reserve(&shard->table);
    store->fixed += table_size(&shard->table) - before;
    pthread_mutex_unlock(&shard->lock);
    return done;
}

/* ---- life ---- */

struct store *store_mem_new(uint64_t budget, uint64_t object_max, const uint64_t seed[2])
{
    struct store *store = memory_new_zero(sizeof *store);
    if (!store)
        return NULL;
    store->seed[0] = seed[0];
    store->seed[1] = seed[1];
    store->budget = budget;
    store->object_max = object_max;
    store->fixed = cost_of(sizeof *store);
    evict_init(&store->evict, budget);
    CHECK(pthread_mutex_init(&store->ledger, NULL) == 0);
    for (unsigned i = 0; i < STORE_SHARDS; i++)
        CHECK(pthread_mutex_init(&store->shards[i].lock, NULL) == 0);
    return store;
}

void store_free(struct store *store)
{
    struct leavers leavers = {NULL};
    for (unsigned i = 0; i < STORE_SHARDS; i++) {
        struct shard *shard = &store->shards[i];
        size_t cursor = 0;
        struct entry *entry;
        while ((entry = table_next(&shard->table, &cursor)) != NULL) {
            for (; entry; entry = entry->sibling) {
                evict_remove(&store->evict, &entry->node);
                leavers_add(&leavers, entry);
            }
        }
        table_fini(&shard->table);
        pthread_mutex_destroy(&shard->lock);
    }
    leavers_release(&leavers);
    evict_fini(&store->evict);
    pthread_mutex_destroy(&store->ledger);
    memory_free(store);
}

/* ---- look-ups ---- */

struct entry *store_find(struct store *store, const struct entry_key *key, struct stet_span url,
                         struct stet_span selecting)
{
    const uint64_t hash = store_hash(store, key->primary);
    struct shard *shard = store_shard(store, hash);
    pthread_mutex_lock(&shard->lock);
    struct entry *entry = shard_find(shard, hash, key);
    if (entry && stet_span_equal(entry_url(entry), url) &&
        stet_span_equal(entry_selecting(entry), selecting))
        entry_ref(entry);
    else
        entry = NULL;
    pthread_mutex_unlock(&shard->lock);
    if (entry)
        evict_used(&entry->node);
    return entry;
}

size_t store_each_variant(struct store *store, const uint64_t primary[2],
                          bool (*each)(void *owner, struct entry *entry), void *owner)
{
    const uint64_t hash = store_hash(store, primary);
    struct shard *shard = store_shard(store, hash);
    size_t count = 0;
    pthread_mutex_lock(&shard->lock);
    struct entry *entry = table_find(&shard->table, hash, primary);
    for (bool more = true; entry && more; entry = entry->sibling, count++)
        more = each(owner, entry);
    pthread_mutex_unlock(&shard->lock);
    return count;
}

size_t store_each(struct store *store, bool (*each)(void *owner, struct entry *entry), void *owner)
{
    size_t count = 0;
    bool more = true;
    for (unsigned i = 0; i < STORE_SHARDS && more; i++) {
        struct shard *shard = &store->shards[i];
        size_t cursor = 0;
        struct entry *entry;
        pthread_mutex_lock(&shard->lock);
        while (more && (entry = table_next(&shard->table, &cursor)) != NULL) {
            for (; entry && more; entry = entry->sibling, count++)
                more = each(owner, entry);
        }
        pthread_mutex_unlock(&shard->lock);
    }
    return count;
}

void store_sums(struct store *store, struct store_sums *to)
{
    pthread_mutex_lock(&store->ledger);
    *to = (struct store_sums){.entries = store->evict.count,
                              .octets = store_octets(store),
                              .budget = store->budget,
                              .evicted = store->evicted,
                              .refused = store->refused};
    pthread_mutex_unlock(&store->ledger);
}

/* ---- changes ---- */

/* With too many variants of a key the oldest goes; never the signpost, which leads to all. */
static void store_bound_variants(struct store *store, const struct shard *shard, uint64_t hash,
                                 const uint64_t primary[2], struct leavers *leavers)
{
    struct entry *oldest = NULL;
    unsigned count = 0;
    for (struct entry *at = table_find(&shard->table, hash, primary); at; at = at->sibling) {
        if (at->key.variant == 0)
            continue;
        oldest = at;
        count++;
    }
    if (count < STORE_VARIANTS_MAX)
        return;
    store->evicted++;
    store_remove(store, oldest, leavers);
}

/* Lets in an entry that fits. */
static bool store_let_in(struct store *store, struct shard *shard, struct entry *entry,
                         uint64_t size, struct leavers *leavers)
{
    const uint64_t hash = store_hash(store, entry->key.primary);
    struct entry *former = shard_find(shard, hash, &entry->key);
    if (former)
        store_remove(store, former, leavers);
    else if (entry->key.variant != 0)
        store_bound_variants(store, shard, hash, entry->key.primary, leavers);
    if (!store_make_room(store, size, leavers))
        return false;
    const uint64_t ghost = hash ^ entry->key.variant * UINT64_C(0x9e3779b97f4a7c15);
    evict_add(&store->evict, &entry->node, ghost, size);
    pthread_mutex_lock(&shard->lock);
    table_add(&shard->table, hash, entry_ref(entry));
    pthread_mutex_unlock(&shard->lock);
    return true;
}

bool store_put(struct store *store, struct entry *entry)
{
    struct shard *shard = store_shard(store, store_hash(store, entry->key.primary));
    struct leavers leavers = {NULL};
    pthread_mutex_lock(&store->ledger);
    CHECK(entry->node.place == EVICT_OUTSIDE);
    const uint64_t size = entry_size(entry); /* once: it may be growing */
    const bool done = store_may_hold(store, size) && store_reserve(store, shard) &&
                      store_may_hold(store, size) &&
                      store_let_in(store, shard, entry, size, &leavers);
    store->refused += !done;
    store_make_room(store, 0, &leavers); /* for a table that has grown for nothing */
    pthread_mutex_unlock(&store->ledger);
    leavers_release(&leavers);
    return done;
}

static bool entry_is_in(const struct entry *entry)
{
    return entry->node.place == EVICT_SMALL || entry->node.place == EVICT_MAIN;
}

bool store_grown(struct store *store, struct entry *entry)
{
    struct leavers leavers = {NULL};
    pthread_mutex_lock(&store->ledger);
    bool stays = entry_is_in(entry);
    const uint64_t size = entry_size(entry);
    if (stays && size != entry->node.size) {
        evict_lift(&store->evict, &entry->node);
        stays = store_may_hold(store, size) && store_make_room(store, size, &leavers);
        evict_lower(&store->evict, &entry->node, stays ? size : 0);
        if (!stays)
            store_remove(store, entry, &leavers);
        store->refused += !stays;
    }
    pthread_mutex_unlock(&store->ledger);
    leavers_release(&leavers);
    return stays;
}

bool store_charge(struct store *store, uint64_t before, uint64_t now)
{
    struct leavers leavers = {NULL};
    pthread_mutex_lock(&store->ledger);
    CHECK(store->fixed >= before);
    const uint64_t others = store_octets(store) - evict_octets(&store->evict) - before;
    const bool fits = now <= before || (now <= store->budget && others <= store->budget - now);
    if (fits) {
        store->fixed += now - before;
        (void)store_make_room(store, 0, &leavers);
    }
    pthread_mutex_unlock(&store->ledger);
    leavers_release(&leavers);
    return fits;
}

void store_drop(struct store *store, struct entry *entry)
{
    struct leavers leavers = {NULL};
    pthread_mutex_lock(&store->ledger);
    if (entry_is_in(entry))
        store_remove(store, entry, &leavers);
    pthread_mutex_unlock(&store->ledger);
    leavers_release(&leavers);
}
