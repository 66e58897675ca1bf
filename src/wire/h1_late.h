/* Octets of an HTTP/1 codec that found no outbox, or no room in it: heads of answers that come
 * later, in order.
 */
#ifndef WIRE_H1_LATE_H
#define WIRE_H1_LATE_H

#include "wire/codec.h"

/* Those from `done` to `size` wait. All zero when there are none: then it holds no memory. */
struct h1_late {
    char *bytes;
    uint32_t size, done, room;
    uint32_t date_at; /* where the line "Date: ..." of the moment of sending belongs; 0: nowhere */
};

static inline size_t h1_late_left(const struct h1_late *late)
{
    return late->size - late->done;
}

/* Room for `room` octets behind those that wait; what is used of it is told by h1_late_add. NULL
 * when memory is out: then it is as before. */
char *h1_late_room(struct h1_late *late, size_t room);

/* `size` octets were written there. With `dated` they are a head without Date: it gets one behind
 * its first line. Nothing may be added behind such a head. */
void h1_late_add(struct h1_late *late, size_t size, bool dated);

/* Moves what fits into the outbox. True if it moved anything. */
bool h1_late_take(struct h1_late *late, struct outbox *out);

/* Lets all of them go. */
void h1_late_fini(struct h1_late *late);

#endif
