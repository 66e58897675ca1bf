/* Octets that a connection has to hold: read and not consumed, or written and not sent.
 */
#ifndef BASE_OCTETS_H
#define BASE_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Those from `done` to `size` are held. All zero when there are none: then it holds no memory. */
struct octets {
    char *bytes;
    uint32_t size, done, room;
};

static inline size_t octets_left(const struct octets *octets)
{
    return octets->size - octets->done;
}

static inline char *octets_at(const struct octets *octets)
{
    return octets->bytes + octets->done;
}

/* Adds `size` octets at the end. False when memory is out: then it is as before. */
bool octets_add(struct octets *octets, const char *bytes, size_t size);

/* Room for `size` octets behind the last one, which the caller writes and then counts in `size` of
 * the struct. NULL when memory is out: then it is as before. */
char *octets_reserve(struct octets *octets, size_t size);

/* The first `count` are done with. */
void octets_skip(struct octets *octets, size_t count);

/* The same, but when none is left the memory stays, for more. */
void octets_spend(struct octets *octets, size_t count);

/* Lets all of them go. */
void octets_fini(struct octets *octets);

/* memcpy for what is mostly names and short values: up to 32 octets go as two words that overlap
 * where they must. `from` may be NULL if there is nothing to copy. */
static inline void octets_copy(char *to, const char *from, size_t size)
{
    struct word {
        char octets[16];
    };
    if (size > 32) {
        memcpy(to, from, size);
    } else if (size >= 16) {
        struct word first, last;
        memcpy(&first, from, 16);
        memcpy(&last, from + size - 16, 16);
        memcpy(to, &first, 16);
        memcpy(to + size - 16, &last, 16);
    } else if (size >= 8) {
        uint64_t first, last;
        memcpy(&first, from, 8);
        memcpy(&last, from + size - 8, 8);
        memcpy(to, &first, 8);
        memcpy(to + size - 8, &last, 8);
    } else if (size >= 4) {
        uint32_t first, last;
        memcpy(&first, from, 4);
        memcpy(&last, from + size - 4, 4);
        memcpy(to, &first, 4);
        memcpy(to + size - 4, &last, 4);
    } else {
        for (size_t i = 0; i < size; i++)
            to[i] = from[i];
    }
}

#endif
