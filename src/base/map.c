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

#include <string.h>

enum { MAP_CAPACITY_MIN = 16 };

struct map_slot {
    uint64_t hash;
    const void *key;
    size_t len;
    void *value; /* NULL: the slot is empty */
};

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

/* The first `len` (at most 8) bytes as a number, the first one lowest. */
static uint64_t load(const unsigned char *bytes, size_t len)
{
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++)
        word |= (uint64_t)bytes[i] << (8 * i);
    return word;
}

/* The same for eight, in the form that compilers turn into one load. */
static uint64_t load_whole(const unsigned char *b)
{
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
           (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
           (uint64_t)b[7] << 56;
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

uint64_t map_hash(const uint64_t seed[2], const void *key, size_t len)
{
    const unsigned char *bytes = key;
    /* SipHash's initial state spells "somepseudorandomlygeneratedbytes". */
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575, seed[1] ^ 0x646f72616e646f6d,
                     seed[0] ^ 0x6c7967656e657261, seed[1] ^ 0x7465646279746573};
    size_t left = len;
    for (; left >= 8; left -= 8, bytes += 8)
        sip_word(v, load_whole(bytes));
    sip_word(v, load(bytes, left) | (uint64_t)len << 56);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
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
    size_t place = map_place(map, map_hash(map->seed, key, len), key, len);
    return place < map->capacity ? map->slots[place].value : NULL;
}

bool map_put(struct map *map, const void *key, size_t len, void *value)
{
    CHECK(value != NULL);
    struct map_slot entry = {map_hash(map->seed, key, len), key, len, value};
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
    size_t place = map_place(map, map_hash(map->seed, key, len), key, len);
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

void map_fini(struct map *map)
{
    memory_free(map->slots);
    *map = (struct map){.seed = {map->seed[0], map->seed[1]}};
}
