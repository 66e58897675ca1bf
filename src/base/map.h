/* A hash map from byte strings to pointers, keyed against collision attacks (SipHash-1-3).
 *
 * The map owns neither keys nor values: a key must live, unchanged, as long as its entry. Open
 * addressing, grows by doubling, at most 7/8 full; a look-up of an absent key is one probe mostly.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t capacity; /* 0 or a power of two */
    size_t count;
    uint64_t seed[2];
};

/* SipHash-1-3 of `len` bytes under `seed`. */
uint64_t map_hash(const uint64_t seed[2], const void *key, size_t len);

/* An empty map. `seed` comes from random_fill in a server, is fixed in a test. */
void map_init(struct map *map, const uint64_t seed[2]);

/* The value of a key, NULL if it has none. */
void *map_find(const struct map *map, const void *key, size_t len);

/* Sets the value (not NULL) of a key, replacing an earlier one, whose key memory is then no longer
 * used. False when memory is out; the map is then as it was. */
bool map_put(struct map *map, const void *key, size_t len, void *value);

/* Takes a key out and returns its value, NULL if it had none. */
void *map_remove(struct map *map, const void *key, size_t len);

/* Walks all values in no particular order: start with *cursor = 0; NULL at the end. The map must
 * not change meanwhile, except that the value just returned may be removed. */
void *map_next(const struct map *map, size_t *cursor);

/* Octets of the table. */
size_t map_size(const struct map *map);

/* Frees the table. */
void map_fini(struct map *map);

#endif
