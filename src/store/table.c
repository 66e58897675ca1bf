/* A table of entries: open addressing, ordered by distance from home (Robin Hood), as base/map.c.
 *
 *     firsts:  entry --sibling--> older entry --> ...  |  entry ...
 *     hashes:  32 bits of its hash                     |  ...
 *
 * What differs from the map: a key is found by a hash its caller has already, a slot has 12
 * octets, since they are counted with every entry of the cache, and a key has several entries.
 * Those hang one on another and not in slots of their own: a flood of variants of one key would
 * otherwise be one endless run. Their number is bounded by the store. The one without a variant
 * leads: most look-ups begin with it.
 *
 * Given up: shrinking. Octets of the table are counted against the budget, whoever needs them.
 */
#include "store/table.h"

#include "base/check.h"
#include "base/memory.h"
#include "store/cost.h"

/* A slot's octets, and how many of them a hash can tell apart. */
#define TABLE_SLOT (sizeof(struct entry *) + sizeof(uint32_t))
#define TABLE_CAPACITY_MAX ((size_t)1 << 31)

enum { TABLE_CAPACITY_MIN = 8 };

static uint32_t *table_hashes(const struct table *table)
{
    return (uint32_t *)(void *)(table->firsts + table->capacity);
}

static size_t table_distance(const struct table *table, size_t place)
{
    return (place - table_hashes(table)[place]) & (table->capacity - 1);
}

static bool entry_is_of(const struct entry *entry, const uint64_t primary[2])
{
    return entry->key.primary[0] == primary[0] && entry->key.primary[1] == primary[1];
}

/* The place of a key; the capacity when it is absent. */
static size_t table_place(const struct table *table, uint64_t hash, const uint64_t primary[2])
{
    if (table->count == 0)
        return table->capacity;
    size_t place = hash & (table->capacity - 1);
    for (size_t distance = 0;; distance++) {
        struct entry *first = table->firsts[place];
        if (!first || table_distance(table, place) < distance)
            return table->capacity;
        if (table_hashes(table)[place] == (uint32_t)hash && entry_is_of(first, primary))
            return place;
        place = (place + 1) & (table->capacity - 1);
    }
}

/* Puts in a key that is not there yet. */
static void table_insert(struct table *table, uint32_t hash, struct entry *first)
{
    size_t place = hash & (table->capacity - 1);
    for (size_t distance = 0; table->firsts[place]; distance++) {
        const size_t theirs = table_distance(table, place);
        if (theirs < distance) {
            const uint32_t displaced_hash = table_hashes(table)[place];
            struct entry *displaced = table->firsts[place];
            table_hashes(table)[place] = hash;
            table->firsts[place] = first;
            hash = displaced_hash;
            first = displaced;
            distance = theirs;
        }
        place = (place + 1) & (table->capacity - 1);
    }
    table_hashes(table)[place] = hash;
    table->firsts[place] = first;
    table->count++;
}

/* At most 7/8 are full. */
bool table_reserve(struct table *table)
{
    if (table->count + 1 <= table->capacity - table->capacity / 8)
        return true;
    const size_t capacity = table->capacity > 0 ? 2 * table->capacity : TABLE_CAPACITY_MIN;
    if (capacity > TABLE_CAPACITY_MAX)
        return false;
    struct table grown = {.firsts = memory_new_zero(capacity * TABLE_SLOT), .capacity = capacity};
    if (!grown.firsts)
        return false;
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->firsts[i])
            table_insert(&grown, table_hashes(table)[i], table->firsts[i]);
    }
    memory_free(table->firsts);
    *table = grown;
    return true;
}

struct entry *table_find(const struct table *table, uint64_t hash, const uint64_t primary[2])
{
    const size_t place = table_place(table, hash, primary);
    return place < table->capacity ? table->firsts[place] : NULL;
}

void table_add(struct table *table, uint64_t hash, struct entry *entry)
{
    const size_t place = table_place(table, hash, entry->key.primary);
    entry->sibling = NULL;
    if (place < table->capacity) {
        struct entry **first = &table->firsts[place];
        const bool behind = entry->key.variant != 0 && (*first)->key.variant == 0;
        struct entry **link = behind ? &(*first)->sibling : first;
        entry->sibling = *link;
        *link = entry;
        return;
    }
    CHECK(table->count < table->capacity);
    table_insert(table, (uint32_t)hash, entry);
}

/* Empties a slot; the rest of its run moves back by one. */
static void table_empty(struct table *table, size_t place)
{
    for (;;) {
        const size_t next = (place + 1) & (table->capacity - 1);
        if (!table->firsts[next] || table_distance(table, next) == 0)
            break;
        table_hashes(table)[place] = table_hashes(table)[next];
        table->firsts[place] = table->firsts[next];
        place = next;
    }
    table->firsts[place] = NULL;
    table->count--;
}

void table_remove(struct table *table, uint64_t hash, struct entry *entry)
{
    const size_t place = table_place(table, hash, entry->key.primary);
    CHECK(place < table->capacity);
    struct entry **link = &table->firsts[place];
    while (*link != entry) {
        CHECK(*link != NULL);
        link = &(*link)->sibling;
    }
    *link = entry->sibling;
    entry->sibling = NULL;
    if (!table->firsts[place])
        table_empty(table, place);
}

struct entry *table_next(const struct table *table, size_t *cursor)
{
    while (*cursor < table->capacity) {
        struct entry *first = table->firsts[(*cursor)++];
        if (first)
            return first;
    }
    return NULL;
}

size_t table_size(const struct table *table)
{
    return table->capacity > 0 ? cost_of(table->capacity * TABLE_SLOT) : 0;
}

void table_fini(struct table *table)
{
    memory_free(table->firsts);
    *table = (struct table){.capacity = 0};
}
