/* Status lines, for people and for programs that read heads as text.
 */
#ifndef CLIENT_STATUSLINE_H
#define CLIENT_STATUSLINE_H

#include "stet/span.h"

#include <stdint.h>

/* The phrase of a status as its definition has it; "" if it has none that is known here. */
const char *statusline_phrase(int status);

#define STATUSLINE_ROOM 64

/* "HTTP/1.1 200 OK" or "HTTP/2 200", without an end. `version` is 10, 11 or 20; 0, of what is
 * stored, is written as 1.1. Phrases of servers are not repeated: nothing may depend on them
 * [RFC 9112 §4]. Returns the length. */
size_t statusline_write(uint16_t version, int status, char to[STATUSLINE_ROOM]);

#endif
