/* Base64 read leniently at its end and strictly elsewhere, and written canonically.
 *
 * Reading takes four characters to three octets; the last group may be short, with or without its
 * padding. Measuring and decoding are apart, so that a reader can judge a text long before anyone
 * has room for its octets.
 */
#include "stet/base64.h"

static const char base64_letters[64] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits of a letter; 64 or more for anything else. */
static unsigned base64_bits(char letter)
{
    unsigned c = (unsigned char)letter;
    if (c - 'A' < 26)
        return c - 'A';
    if (c - 'a' < 26)
        return c - 'a' + 26;
    if (c - '0' < 10)
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

static size_t base64_unpadded(struct stet_span text)
{
    size_t len = text.len;
    while (len && text.len - len < 2 && text.at[len - 1] == '=')
        len--;
    return len;
}

bool stet_base64_length(struct stet_span text, size_t *length)
{
    size_t letters = base64_unpadded(text);
    size_t padding = text.len - letters;
    unsigned bits = 0;
    for (size_t i = 0; i < letters; i++)
        bits |= base64_bits(text.at[i]);
    if (bits > 63 || letters % 4 == 1)
        return false;
    if (padding && (letters + padding) % 4 != 0)
        return false;
    *length = letters / 4 * 3 + (letters % 4 ? letters % 4 - 1 : 0);
    return true;
}

void stet_base64_decode(struct stet_span text, char *to, size_t room)
{
    size_t letters = base64_unpadded(text);
    uint32_t group = 0;
    size_t done = 0;
    for (size_t i = 0; i < letters && done < room; i++) {
        group = group << 6 | base64_bits(text.at[i]);
        if (i % 4 != 0) /* the second, third and fourth letter complete an octet each */
            to[done++] = (char)(group >> (6 - 2 * (i % 4)) & 0xff);
    }
}

void stet_base64_encode(const void *octets, size_t length, char *to)
{
    const unsigned char *from = octets;
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)from[i] << 16;
        group |= left > 1 ? (uint32_t)from[i + 1] << 8 : 0;
        group |= left > 2 ? from[i + 2] : 0;
        *to++ = base64_letters[group >> 18];
        *to++ = base64_letters[group >> 12 & 63];
        *to++ = left > 1 ? base64_letters[group >> 6 & 63] : '=';
        *to++ = left > 2 ? base64_letters[group & 63] : '=';
    }
}
