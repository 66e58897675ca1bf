/* A growing text: doubles its room, and stops growing when memory is out.
 */
#include "base/text.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_LEAST = 256 };

void text_fini(struct text *text)
{
    memory_free(text->at);
    *text = (struct text){0};
}

/* Room for `len` more octets. */
static bool text_grow(struct text *text, size_t len)
{
    size_t room = text->room ? text->room : TEXT_LEAST;

    if (text->failed || len > SIZE_MAX / 4 - text->len) {
        text->failed = true;
        return false;
    }
    while (room - text->len < len)
        room *= 2;
    if (room == text->room)
        return true;
    char *at = memory_grow(text->at, room);
    if (!at) {
        text->failed = true;
        return false;
    }
    text->at = at;
    text->room = room;
    return true;
}

void text_put(struct text *text, const char *bytes, size_t len)
{
    if (len == 0 || !text_grow(text, len))
        return;
    memcpy(text->at + text->len, bytes, len);
    text->len += len;
}

void text_say(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0 || !text_grow(text, (size_t)len + 1))
        return;
    va_start(arguments, format);
    vsnprintf(text->at + text->len, (size_t)len + 1, format, arguments);
    va_end(arguments);
    text->len += (size_t)len;
}

size_t text_sequence(const char *at, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)at;
    static const struct {
        unsigned char first_least, first_most, second_least, second_most, octets;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (bytes[0] < forms[i].first_least || bytes[0] > forms[i].first_most)
            continue;
        if (forms[i].octets > len)
            return 0;
        for (size_t j = 1; j < forms[i].octets; j++) {
            if (bytes[j] < (j == 1 ? forms[i].second_least : 0x80) ||
                bytes[j] > (j == 1 ? forms[i].second_most : 0xbf))
                return 0;
        }
        return forms[i].octets;
    }
    return 0;
}

void text_json(struct text *text, const char *bytes, size_t len)
{
    text_put(text, "\"", 1);
    for (size_t i = 0; i < len;) {
        const unsigned char octet = (unsigned char)bytes[i];
        size_t octets = text_sequence(bytes + i, len - i);
        if (octets == 0)
            text_say(text, "\\ufffd");
        else if (octet == '"' || octet == '\\')
            text_say(text, "\\%c", octet);
        else if (octet < 0x20 || octet == 0x7f)
            text_say(text, "\\u%04x", octet);
        else
            text_put(text, bytes + i, octets);
        i += octets ? octets : 1;
    }
    text_put(text, "\"", 1);
}

void text_label(struct text *text, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            text_put(text, "\\n", 2);
        else if (bytes[i] == '"' || bytes[i] == '\\')
            text_say(text, "\\%c", bytes[i]);
        else
            text_put(text, bytes + i, 1);
    }
}
