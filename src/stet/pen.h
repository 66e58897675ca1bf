/* A pen writes octets into a caller's buffer: not installed, for the rooms of the library only.
 *
 * What does not fit is counted but not written, so that one test at the end tells whether all did.
 */
#ifndef STET_PEN_H
#define STET_PEN_H

#include "stet/span.h"

struct pen {
    char *to;
    size_t room;
    size_t length; /* octets written so far, also those that found no room */
};

static inline void pen_byte(struct pen *pen, char byte)
{
    if (pen->length < pen->room)
        pen->to[pen->length] = byte;
    pen->length++;
}

static inline void pen_span(struct pen *pen, struct stet_span text)
{
    if (text.len && pen->length < pen->room) {
        size_t fits = pen->room - pen->length;
        memcpy(pen->to + pen->length, text.at, text.len < fits ? text.len : fits);
    }
    pen->length += text.len;
}

static inline void pen_number(struct pen *pen, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    pen_span(pen, stet_span(digits + at, sizeof(digits) - at));
}

#endif
