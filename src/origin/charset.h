/* Does content read as UTF-8 text? Asked of files whose type is text, to say charset=utf-8.
 */
#ifndef ORIGIN_CHARSET_H
#define ORIGIN_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A look at bytes as they come by. Zero-initialise. */
struct charset {
    bool other;   /* it is not UTF-8 text */
    uint8_t need; /* octets that the character at the end still lacks */
    uint8_t low;  /* bounds of the next octet */
    uint8_t high;
};

void charset_feed(struct charset *charset, const void *bytes, size_t len);

/* All that came was valid UTF-8 [RFC 3629 §3], ended with a whole character, and held neither NUL
 * nor ESC: an ISO-2022 encoding is all ASCII and full of ESC, and must not be called UTF-8. */
bool charset_is_utf8(const struct charset *charset);

#endif
