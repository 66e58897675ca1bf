/* Octets that a connection has to hold: read and not consumed, or written and not sent.
 */
#ifndef BASE_OCTETS_H
#define BASE_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* Lets all of them go. */
void octets_fini(struct octets *octets);

#endif
