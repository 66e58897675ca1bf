/* Blockpen: writes a block of field lines into room that was measured before, by the same strokes
 * with no room.
 */
#ifndef WIRE_BLOCKPEN_H
#define WIRE_BLOCKPEN_H

#include <string.h>

#include "stet/span.h"

/* With `to` NULL the text is only measured. The caller sees to the room. */
struct blockpen {
    char *to;
    size_t len;
};

static inline void blockpen_put(struct blockpen *pen, struct stet_span text)
{
    if (pen->to && text.len > 0)
        memcpy(pen->to + pen->len, text.at, text.len);
    pen->len += text.len;
}

/* "Name: value" and the end of the line. */
static inline void blockpen_line(struct blockpen *pen, struct stet_span name,
                                 struct stet_span value)
{
    blockpen_put(pen, name);
    blockpen_put(pen, STET_SPAN(": "));
    blockpen_put(pen, value);
    blockpen_put(pen, STET_SPAN("\r\n"));
}

#endif
