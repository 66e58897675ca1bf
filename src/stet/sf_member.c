/* What the text of a structured field's member means.
 *
 * Strings and Display Strings are taken apart octet by octet, Byte Sequences by base64.c. Nothing
 * is checked here: the scan that made the member has done so [RFC 9651 §4.2.5, §4.2.7, §4.2.10].
 */
#include "stet/sf_member.h"
#include "stet/base64.h"
#include "stet/byte.h"

char stet_sf_octet_next(enum stet_sf_type type, struct stet_span *text)
{
    char c = text->at[0];
    size_t used = 1;
    if (type == STET_SF_STRING && c == '\\') {
        c = text->at[1];
        used = 2;
    } else if (type == STET_SF_DISPLAY && c == '%') {
        c = (char)(stet_byte_hex(text->at[1]) << 4 | stet_byte_hex(text->at[2]));
        used = 3;
    }
    *text = stet_span_from(*text, used);
    return c;
}

static size_t sf_decode_text(const struct stet_sf_member *member, char *to, size_t room)
{
    struct stet_span text = member->text;
    size_t length = 0;
    while (text.len) {
        char c = stet_sf_octet_next(member->type, &text);
        if (length < room)
            to[length] = c;
        length++;
    }
    return length;
}

size_t stet_sf_decode(const struct stet_sf_member *member, char *to, size_t room)
{
    size_t length = 0;
    switch (member->type) {
    case STET_SF_STRING:
    case STET_SF_TOKEN:
    case STET_SF_DISPLAY:
        return sf_decode_text(member, to, room);
    case STET_SF_BYTES:
        if (stet_base64_length(member->text, &length))
            stet_base64_decode(member->text, to, room);
        return length;
    default:
        return 0;
    }
}
