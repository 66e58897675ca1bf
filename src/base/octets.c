/* Octets held: one piece of memory, just as large as what is put there at once, and growing by half
 * when more comes, so that a drip of single octets is not copied anew with each of them.
 */
#include "base/octets.h"

#include "base/check.h"
#include "base/mempool.h"

#include <string.h>

static bool octets_grow(struct octets *octets, size_t wanted)
{
    size_t room = octets->size > 0 ? wanted + wanted / 2 : wanted;
    CHECK(room <= UINT32_MAX);
    char *bytes = mempool_grow(octets->bytes, octets->room, room);
    if (!bytes)
        return false;
    octets->bytes = bytes;
    octets->room = (uint32_t)room;
    return true;
}

char *octets_reserve(struct octets *octets, size_t size)
{
    size_t left = octets_left(octets);

    if (size > octets->room - octets->size && octets->done > 0) {
        memmove(octets->bytes, octets_at(octets), left);
        octets->size = (uint32_t)left;
        octets->done = 0;
    }
    if (size > octets->room - octets->size && !octets_grow(octets, left + size))
        return NULL;
    return octets->bytes + octets->size;
}

bool octets_add(struct octets *octets, const char *bytes, size_t size)
{
    char *to = size > 0 ? octets_reserve(octets, size) : NULL;

    if (!to)
        return size == 0;
    memcpy(to, bytes, size);
    octets->size += (uint32_t)size;
    return true;
}

void octets_skip(struct octets *octets, size_t count)
{
    CHECK(count <= octets_left(octets));
    octets->done += (uint32_t)count;
    if (octets->done == octets->size)
        octets_fini(octets);
}

void octets_spend(struct octets *octets, size_t count)
{
    CHECK(count <= octets_left(octets));
    octets->done += (uint32_t)count;
    if (octets->done == octets->size)
        octets->done = octets->size = 0;
}

void octets_fini(struct octets *octets)
{
    mempool_free(octets->bytes, octets->room);
    *octets = (struct octets){0};
}
