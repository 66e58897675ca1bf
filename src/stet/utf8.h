/* UTF-8, octet by octet: not installed, for the rooms of the library only.
 *
 * The decoder takes one octet at a time, so that it can stand behind any other decoding
 * (percent-escapes, escapes in strings) without a buffer between the two.
 */
#ifndef STET_UTF8_H
#define STET_UTF8_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialise. Between characters `need` is 0. */
struct stet_utf8 {
    uint32_t code; /* of the character, when stet_utf8_feed says so */
    uint8_t need;  /* octets that the character still lacks */
    uint8_t low;   /* bounds of the next octet */
    uint8_t high;
};

enum stet_utf8_step {
    STET_UTF8_MORE,  /* the octet belongs to a character that is not complete */
    STET_UTF8_DONE,  /* `code` is a character */
    STET_UTF8_BAD,   /* the octet can begin no character */
    STET_UTF8_BROKEN /* the octet ends an incomplete character early; feed it once more */
};

/* Takes one octet. Overlong forms, surrogates and codes above 10FFFF are bad [RFC 3629 §3]. After
 * STET_UTF8_BAD and STET_UTF8_BROKEN the decoder stands between characters again. */
enum stet_utf8_step stet_utf8_feed(struct stet_utf8 *utf8, unsigned char octet);

#endif
