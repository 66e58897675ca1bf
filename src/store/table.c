/* A table of entries: open addressing, ordered by distance from home (Robin Hood), as base/map.c.
 *
 *     slot:  hash | first entry --sibling--> older entry --> ...
 *
 * What differs from the map: a key is found by a hash its caller has already, the octets of a slot
 * are two words, since they are counted with every entry of the cache, and a key has several
 * entries. Those hang one on another and not in slots of their own: a flood of variants of one key
 * would otherwise be one endless run. Their number is bounded by the store. The one without a
 * variant leads: most look-ups begin with it.
 *
 * Given up: shrinking. Octets of the table are counted against the budget, whoever needs them.
 */
#include "store/table.h"

#include "base/check.h"
#include "base/memory.h"
#include "store/cost.h"

enum { TABLE_CAPACITY_MIN = 8 };

struct table_slot {
    uint64_t hash;
    struct entry *first; /* NULL: the slot is empty */
};

static size_t table_distance(const struct table *table, size_t place)
{
    return (place - table->slots[place].hash) & (table->capacity - 1);
}

static bool entry_is_of(const struct entry *entry, const uint64_t primary[2])
{
    return entry->key.primary[0] == primary[0] && entry->key.primary[1] == primary[1];
}

/* The slot of a key; NULL when it is absent. */
static struct table_slot *table_slot(const struct table *table, uint64_t hash,
                                     const uint64_t primary[2])
{
    if (table->count == 0)
        return NULL;
    size_t place = hash & (table->capacity - 1);
    for (size_t distance = 0;; distance++) {
        struct table_slot *slot = &table->slots[place];
        if (!slot->first || table_distance(table, place) < distance)
            return NULL;
        if (slot->hash == hash && entry_is_of(slot->first, primary))
            return slot;
        place = (place + 1) & (table->capacity - 1);
    }
}

/* Puts in a key that is not there yet. */
static void table_insert(struct table *table, struct table_slot new)
{
    size_t place = new.hash &(table->capacity - 1);
    for (size_t distance = 0; table->slots[place].first; distance++) {
        const size_t theirs = table_distance(table, place);
        if (theirs < distance) {
            struct table_slot displaced = table->slots[place];
            table->slots[place] = new;
            new = displaced;
            distance = theirs;
        }
        place = (place + 1) & (table->capacity - 1);
    }
    table->slots[place] = new;
    table->count++;
}

/* At most 7/8 are full. */
bool table_reserve(struct table *table)
{
    if (table->count + 1 <= table->capacity - table->capacity / 8)
        return true;
    const size_t capacity = table->capacity > 0 ? 2 * table->capacity : TABLE_CAPACITY_MIN;
    if (capacity > SIZE_MAX / 2 / sizeof(struct table_slot))
        return false;
    struct table grown = {memory_new_zero(capacity * sizeof(struct table_slot)), capacity, 0};
    if (!grown.slots)
        return false;
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->slots[i].first)
            table_insert(&grown, table->slots[i]);
    }
    memory_free(table->slots);
    *table = grown;
    return true;
}

struct entry *table_find(const struct table *table, uint64_t hash, const uint64_t primary[2])
{
    const struct table_slot *slot = table_slot(table, hash, primary);
    return slot ? slot->first : NULL;
}

void table_add(struct table *table, uint64_t hash, struct entry *entry)
{
    struct table_slot *slot = table_slot(table, hash, entry->key.primary);
    entry->sibling = NULL;
    if (slot) {
        const bool behind = entry->key.variant != 0 && slot->first->key.variant == 0;
        struct entry **link = behind ? &slot->first->sibling : &slot->first;
        entry->sibling = *link;
        *link = entry;
        return;
    }
    CHECK(table->count < table->capacity);
    table_insert(table, (struct table_slot){hash, entry});
}

/* Empties a slot; the rest of its run moves back by one. */
static void table_empty(struct table *table, struct table_slot *slot)
{
    size_t place = (size_t)(slot - table->slots);
    for (;;) {
        const size_t next = (place + 1) & (table->capacity - 1);
        if (!table->slots[next].first || table_distance(table, next) == 0)
            break;
        table->slots[place] = table->slots[next];
        place = next;
    }
    table->slots[place] = (struct table_slot){0};
    table->count--;
}

void table_remove(struct table *table, uint64_t hash, struct entry *entry)
{
    struct table_slot *slot = table_slot(table, hash, entry->key.primary);
    CHECK(slot != NULL);
    struct entry **link = &slot->first;
    while (*link != entry) {
        CHECK(*link != NULL);
        link = &(*link)->sibling;
    }
    *link = entry->sibling;
    entry->sibling = NULL;
    if (!slot->first)
        table_empty(table, slot);
}

struct entry *table_next(const struct table *table, size_t *cursor)
{
    while (*cursor < table->capacity) {
        struct entry *first = table->slots[(*cursor)++].first;
        if (first)
            return first;
    }
    return NULL;
}

size_t table_size(const struct table *table)
{
    return table->capacity > 0 ? cost_of(table->capacity * sizeof *table->slots) : 0;
}

void table_fini(struct table *table)
{
    memory_free(table->slots);
    *table = (struct table){NULL, 0, 0};
}
