/* A UTF-8 decoder that is fed one octet at a time.
 *
 * A lead octet says how many follow and within which bounds the first of them must be; the bounds
 * are what shuts out overlong forms, surrogates and codes beyond Unicode, so that no finished code
 * needs a second look. A broken character ends before the octet that breaks it, which is the unit
 * that form-urlencoded parsing replaces by one U+FFFD.
 */
#include "stet/utf8.h"

static enum stet_utf8_step utf8_lead(struct stet_utf8 *utf8, unsigned char octet)
{
    utf8->low = 0x80;
    utf8->high = 0xbf;
    if (octet < 0x80) {
        utf8->code = octet;
        return STET_UTF8_DONE;
    }
    if (octet < 0xc2 || octet > 0xf4)
        return STET_UTF8_BAD; /* [RFC 3629 §4] */
    utf8->need = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3;
    utf8->code = octet & (0x3fu >> utf8->need);
    if (octet == 0xe0)
        utf8->low = 0xa0;
    if (octet == 0xed)
        utf8->high = 0x9f;
    if (octet == 0xf0)
        utf8->low = 0x90;
    if (octet == 0xf4)
        utf8->high = 0x8f;
    return STET_UTF8_MORE;
}

enum stet_utf8_step stet_utf8_feed(struct stet_utf8 *utf8, unsigned char octet)
{
    if (utf8->need == 0)
        return utf8_lead(utf8, octet);
    if (octet < utf8->low || octet > utf8->high) {
        utf8->need = 0;
        return STET_UTF8_BROKEN;
    }
    utf8->low = 0x80;
    utf8->high = 0xbf;
    utf8->code = utf8->code << 6 | (octet & 0x3fu);
    return --utf8->need ? STET_UTF8_MORE : STET_UTF8_DONE;
}
