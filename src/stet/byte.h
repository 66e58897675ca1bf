/* Classes of octets as one constant table: not installed, for the rooms of the library only.
 *
 * One look-up answers every question of a scanner's inner loop without a call. The classes are
 * those of the grammars, named as there. Path and query hold a few octets more than RFC 3986 has:
 * those that browsers send as they are, because the URL standard does not escape them.
 */
#ifndef STET_BYTE_H
#define STET_BYTE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BYTE_TCHAR = 1,       /* [RFC 9110 §5.6.2] */
    BYTE_ETAGC = 2,       /* [RFC 9110 §8.8.3] */
    BYTE_QDTEXT = 4,      /* [RFC 9110 §5.6.4] */
    BYTE_LIST_STOP = 8,   /* DQUOTE and comma: where a list's scan must look closer */
    BYTE_UNRESERVED = 16, /* [RFC 3986 §2.3] */
    BYTE_HEX = 32,        /* [RFC 5234 §B.1], both cases */
    BYTE_REG_NAME = 64,   /* [RFC 3986 §3.2.2] without percent-escapes */
    BYTE_PATH = 128, /* segments and slashes [RFC 3986 §3.3] without escapes, and BROWSER_PATH */
    BYTE_QUERY = 256 /* [RFC 3986 §3.4] without escapes, and BROWSER_QUERY */
};

extern const uint16_t stet_byte_class[256];

static inline bool stet_byte_is(char byte, unsigned classes)
{
    return stet_byte_class[(unsigned char)byte] & classes;
}

static inline bool stet_byte_is_ows(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* The value of a hex digit; the caller has seen that it is one. */
static inline unsigned stet_byte_hex(char byte)
{
    unsigned digit = (unsigned char)byte;
    return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}

#endif
