/* A hash map with open addressing, ordered by distance from home (Robin Hood).
 *
 *     home(key) = hash & (capacity - 1); a run of full slots after it is sorted by home
 *
 * An entry on its way in displaces one that is nearer to its own home. So a look-up may stop as
 * soon as it meets an entry nearer to home than itself, which keeps misses short even when the
 * table is 7/8 full. Taking out shifts the rest of the run back by one: there are no tombstones,
 * and the table never needs cleaning.
 *
 * map_next walks downwards, and begins below the highest empty slot. What a removal shifts then
 * always lies on the side already seen, also where a run goes over the end of the table.
 *
 * Given up: keys stored in the table (they live in the entries anyway), and shrinking.
 */
#include "base/map.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/siphash.h"

#include <string.h>

enum { MAP_CAPACITY_MIN = 16 };

struct map_slot {
    uint64_t hash;
    const void *key;
    size_t len;
    void *value; /* NULL: the slot is empty */
};

uint64_t map_hash(const uint64_t seed[2], const void *key, size_t len)
{
    return siphash(seed, key, len);
}

void map_init(struct map *map, const uint64_t seed[2])
{
    *map = (struct map){.seed = {seed[0], seed[1]}};
}

static size_t map_distance(const struct map *map, size_t place)
{
    return (place - map->slots[place].hash) & (map->capacity - 1);
}

/* The place of a key; capacity when it is absent. */
static size_t map_place(const struct map *map, uint64_t hash, const void *key, size_t len)
{
    if (map->count == 0)
        return map->capacity;
    size_t place = hash & (map->capacity - 1);
    for (size_t distance = 0;; distance++) {
        const struct map_slot *slot = &map->slots[place];
        if (!slot->value || map_distance(map, place) < distance)
            return map->capacity;
        if (slot->hash == hash && slot->len == len && (len == 0 || !memcmp(slot->key, key, len)))
            return place;
        place = (place + 1) & (map->capacity - 1);
    }
}

/* Puts in an entry whose key is not there yet, in a table that has room. */
static void map_insert(struct map *map, struct map_slot entry)
{
    size_t place = entry.hash & (map->capacity - 1);
    for (size_t distance = 0;; distance++) {
        struct map_slot *slot = &map->slots[place];
        if (!slot->value) {
            *slot = entry;
            map->count++;
            return;
        }
        size_t theirs = map_distance(map, place);
        if (theirs < distance) {
            struct map_slot displaced = *slot;
            *slot = entry;
            entry = displaced;
            distance = theirs;
        }
        place = (place + 1) & (map->capacity - 1);
    }
}

static bool map_grow(struct map *map)
{
    size_t capacity = map->capacity > 0 ? 2 * map->capacity : MAP_CAPACITY_MIN;
    if (capacity > SIZE_MAX / 2 / sizeof(struct map_slot))
        return false;
    struct map_slot *slots = memory_new_zero(capacity * sizeof *slots);
    if (!slots)
        return false;
    struct map old = *map;
    map->slots = slots;
    map->capacity = capacity;
    map->count = 0;
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].value)
            map_insert(map, old.slots[i]);
    }
    memory_free(old.slots);
    return true;
}

void *map_find(const struct map *map, const void *key, size_t len)
{
    if (map->count == 0)
        return NULL;
    size_t place = map_place(map, siphash(map->seed, key, len), key, len);
    return place < map->capacity ? map->slots[place].value : NULL;
}

bool map_put(struct map *map, const void *key, size_t len, void *value)
{
    CHECK(value != NULL);
    struct map_slot entry = {siphash(map->seed, key, len), key, len, value};
    size_t place = map_place(map, entry.hash, key, len);
    if (place < map->capacity) {
        map->slots[place] = entry;
        return true;
    }
    if (map->count + 1 > map->capacity - map->capacity / 8 && !map_grow(map))
        return false;
    map_insert(map, entry);
    return true;
}

void *map_remove(struct map *map, const void *key, size_t len)
{
    size_t place = map_place(map, siphash(map->seed, key, len), key, len);
    if (place >= map->capacity)
        return NULL;
    void *value = map->slots[place].value;
    for (;;) {
        size_t next = (place + 1) & (map->capacity - 1);
        if (!map->slots[next].value || map_distance(map, next) == 0)
            break;
        map->slots[place] = map->slots[next];
        place = next;
    }
    map->slots[place] = (struct map_slot){0};
    map->count--;
    return value;
}

/* The cursor is the last place seen plus one, or plus one plus capacity on the far side of the
 * table: the full slots above the highest empty one, which are walked last. */
void *map_next(const struct map *map, size_t *cursor)
{
    size_t at = *cursor;
    if (map->count == 0)
        return NULL;
    if (at == 0) {
        at = map->capacity;
        while (map->slots[at - 1].value)
            at--;
    }
    while (at <= map->capacity && at > 1) {
        at--;
        *cursor = at;
        if (map->slots[at - 1].value)
            return map->slots[at - 1].value;
    }
    if (at == 1)
        at = 2 * map->capacity + 1;
    at--;
    *cursor = at;
    return at > map->capacity ? map->slots[at - 1 - map->capacity].value : NULL;
}

size_t map_size(const struct map *map)
{
    return map->capacity * sizeof *map->slots;
}

void map_fini(struct map *map)
{
    memory_free(map->slots);
    *map = (struct map){.seed = {map->seed[0], map->seed[1]}};
}
