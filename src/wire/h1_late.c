/* Heads that wait for the connection: one piece of memory, with a hole for the time of sending.
 *
 *     [ interim heads | status line ^ fields of the answer | end of the content ]
 *                                   Date, at the moment when this leaves
 */
#include "wire/h1_late.h"

#include "base/check.h"
#include "base/mempool.h"

char *h1_late_room(struct h1_late *late, size_t room)
{
    CHECK(room <= UINT32_MAX - late->size);
    char *bytes = mempool_grow(late->bytes, late->room, late->size + room);
    if (!bytes)
        return NULL;
    late->bytes = bytes;
    late->room = (uint32_t)(late->size + room);
    return bytes + late->size;
}

void h1_late_add(struct h1_late *late, size_t size, bool dated)
{
    CHECK(late->date_at == 0);
    if (dated) {
        struct stet_span head = stet_span(late->bytes + late->size, size);
        late->date_at = late->size + (uint32_t)stet_span_find(head, '\n') + 1;
    }
    late->size += (uint32_t)size;
}

/* Moves those up to `end`, or as many as there is room for; true if that was all. */
static bool late_move(struct h1_late *late, struct outbox *out, uint32_t end)
{
    size_t room = out->size - out->used, left = end - late->done;
    size_t part = left < room ? left : room;
    memcpy(out->text + out->used, late->bytes + late->done, part);
    out->used += part;
    late->done += (uint32_t)part;
    return part == left;
}

bool h1_late_take(struct h1_late *late, struct outbox *out)
{
    size_t before = out->used;
    if (late->date_at > 0) {
        if (!late_move(late, out, late->date_at) || out->size - out->used < out->date.len)
            return out->used > before;
        memcpy(out->text + out->used, out->date.at, out->date.len);
        out->used += out->date.len;
        late->date_at = 0;
    }
    if (late_move(late, out, late->size))
        h1_late_fini(late);
    return out->used > before;
}

void h1_late_fini(struct h1_late *late)
{
    mempool_free(late->bytes, late->room);
    *late = (struct h1_late){0};
}
