/* Recognises UTF-8 text, at the speed of memory where the text is ASCII.
 *
 * Eight octets at a time are looked at as one word; only where one of them is not plain ASCII are
 * they taken singly. Binary files fail within their first octets and cost nothing from then on.
 *
 * Given up: naming any other charset. What is not UTF-8 is sent without a charset, and the
 * document's own word for it counts.
 */
#include "origin/charset.h"

#include <string.h>

#define CHARSET_EACH(octet) (UINT64_C(0x0101010101010101) * (octet))

/* One of the eight octets is zero. */
static bool charset_has_zero(uint64_t word)
{
    return (word - CHARSET_EACH(0x01)) & ~word & CHARSET_EACH(0x80);
}

/* Eight octets of 01 to 7F without ESC. */
static bool charset_plain(const unsigned char *octets)
{
    uint64_t word;
    memcpy(&word, octets, sizeof word);
    return !(word & CHARSET_EACH(0x80)) && !charset_has_zero(word) &&
           !charset_has_zero(word ^ CHARSET_EACH(0x1b));
}

/* The first octet of a character. The bounds of the second exclude overlong forms, surrogates and
 * codes above 10FFFF [RFC 3629 §4]. */
static void charset_begin(struct charset *charset, unsigned char octet)
{
    charset->low = 0x80;
    charset->high = 0xbf;
    if (octet < 0x80) {
        charset->other = octet == 0 || octet == 0x1b;
    } else if (octet >= 0xc2 && octet <= 0xdf) {
        charset->need = 1;
    } else if (octet >= 0xe0 && octet <= 0xef) {
        charset->need = 2;
        charset->low = octet == 0xe0 ? 0xa0 : 0x80;
        charset->high = octet == 0xed ? 0x9f : 0xbf;
    } else if (octet >= 0xf0 && octet <= 0xf4) {
        charset->need = 3;
        charset->low = octet == 0xf0 ? 0x90 : 0x80;
        charset->high = octet == 0xf4 ? 0x8f : 0xbf;
    } else {
        charset->other = true;
    }
}

static void charset_octet(struct charset *charset, unsigned char octet)
{
    if (charset->need == 0) {
        charset_begin(charset, octet);
        return;
    }
    charset->other = octet < charset->low || octet > charset->high;
    charset->need--;
    charset->low = 0x80;
    charset->high = 0xbf;
}

void charset_feed(struct charset *charset, const void *bytes, size_t len)
{
    const unsigned char *octets = bytes;
    size_t i = 0;
    while (i < len && !charset->other) {
        if (charset->need == 0 && len - i >= 8 && charset_plain(octets + i))
            i += 8;
        else
            charset_octet(charset, octets[i++]);
    }
}

bool charset_is_utf8(const struct charset *charset)
{
    return !charset->other && charset->need == 0;
}
