/* Pen: writes lines of fields into room that was measured before, by the same strokes with no room.
 */
#ifndef WIRE_PEN_H
#define WIRE_PEN_H

#include <string.h>

#include "stet/span.h"

/* With `to` NULL the text is only measured. The caller sees to the room. */
struct pen {
    char *to;
    size_t len;
};

static inline void pen_put(struct pen *pen, struct stet_span text)
{
    if (pen->to && text.len > 0)
        memcpy(pen->to + pen->len, text.at, text.len);
    pen->len += text.len;
}

/* "Name: value" and the end of the line. */
static inline void pen_put_line(struct pen *pen, struct stet_span name, struct stet_span value)
{
    pen_put(pen, name);
    pen_put(pen, STET_SPAN(": "));
    pen_put(pen, value);
    pen_put(pen, STET_SPAN("\r\n"));
}

#endif
