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
    size_t fits = pen->length < pen->room ? pen->room - pen->length : 0;
    if (text.len && text.len <= fits) /* alone, so that a constant text is stored and not copied */
        memcpy(pen->to + pen->length, text.at, text.len);
    else if (text.len && fits)
        memcpy(pen->to + pen->length, text.at, fits);
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
    while (at < sizeof(digits))
        pen_byte(pen, digits[at++]);
}

#endif
