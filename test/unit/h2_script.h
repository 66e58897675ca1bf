/* What an origin says by HTTP/2, frame by frame, from a line of text, so that it may also say what
 * no honest library would.
 *
 *     S                SETTINGS, empty            A            SETTINGS, the acknowledgment
 *     H :status=200    HEADERS of stream 1        He ...       with END_STREAM
 *       &name=value      more lines; "%41" is an octet          H3, H3e: of stream 3
 *     C&... as H, but without END_HEADERS         K ...        CONTINUATION with END_HEADERS
 *     D text           DATA                       De text      with END_STREAM
 *     R 8              RST_STREAM with this code  G 1 0        GOAWAY: last stream, code
 *     X 00000004...    octets in hexadecimal      N20 ...      what follows, 20 times
 *
 * Commands are separated by ";". */
#ifndef H2_SCRIPT_H
#define H2_SCRIPT_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { H2_SCRIPT_ROOM = 1 << 20, H2_SCRIPT_LINES = 400 };

struct h2_script {
    uint8_t *bytes;
    size_t size;
    nghttp2_hd_deflater *deflater;
    uint32_t stream; /* of those commands that name none */
    bool literal;    /* fields leave nothing behind in the table of who decompresses them */
};

static inline void h2_script_init(struct h2_script *script)
{
    script->bytes = malloc(H2_SCRIPT_ROOM);
    script->size = 0;
    script->stream = 1;
    script->literal = false;
    nghttp2_hd_deflate_new(&script->deflater, 4096);
}

static inline void h2_script_fini(struct h2_script *script)
{
    nghttp2_hd_deflate_del(script->deflater);
    free(script->bytes);
}

static inline void h2_script_frame(struct h2_script *script, uint8_t type, uint8_t flags,
                                   uint32_t stream, const void *payload, size_t size)
{
    uint8_t *at = script->bytes + script->size;
    if (script->size + 9 + size > H2_SCRIPT_ROOM)
        abort();
    at[0] = (uint8_t)(size >> 16);
    at[1] = (uint8_t)(size >> 8);
    at[2] = (uint8_t)size;
    at[3] = type;
    at[4] = flags;
    for (unsigned i = 0; i < 4; i++)
        at[5 + i] = (uint8_t)(stream >> (24 - 8 * i));
    if (size > 0)
        memcpy(at + 9, payload, size);
    script->size += 9 + size;
}

/* Takes "%41" out; returns the length. */
static inline size_t h2_script_decode(char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '%' && i + 2 < size + 0) {
            const char digits[3] = {text[i + 1], text[i + 2], '\0'};
            text[used++] = (char)strtoul(digits, NULL, 16);
            i += 2;
        } else {
            text[used++] = text[i];
        }
    }
    return used;
}

/* The block of "name=value&name=value"; a name may begin with a colon. */
static inline size_t h2_script_block(struct h2_script *script, const char *lines, size_t size,
                                     uint8_t *to, size_t room)
{
    static nghttp2_nv list[H2_SCRIPT_LINES];
    char *text = malloc(size + 1), *at = text;
    size_t count = 0;
    memcpy(text, lines, size);
    text[size] = '\0';
    while (*at) {
        char *end = strchrnul(at, '&'), *equals = memchr(at, '=', (size_t)(end - at));
        bool more = *end;
        size_t name = equals ? (size_t)(equals - at) : (size_t)(end - at);
        size_t value = equals ? (size_t)(end - equals) - 1 : 0;
        list[count++] = (nghttp2_nv){(uint8_t *)at, (uint8_t *)(equals ? equals + 1 : end),
                                     h2_script_decode(at, name),
                                     equals ? h2_script_decode(equals + 1, value) : 0,
                                     script->literal ? NGHTTP2_NV_FLAG_NO_INDEX : 0};
        at = more ? end + 1 : end;
    }
    ssize_t used = nghttp2_hd_deflate_hd(script->deflater, to, room, list, count);
    free(text);
    if (used < 0)
        abort();
    return (size_t)used;
}

static inline void h2_script_hex(struct h2_script *script, const char *text, size_t size)
{
    for (size_t i = 0; i + 1 < size; i += 2) {
        const char digits[3] = {text[i], text[i + 1], '\0'};
        script->bytes[script->size++] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

static inline void h2_script_numbers(struct h2_script *script, uint8_t type, uint32_t stream,
                                     const char *text)
{
    uint8_t payload[8];
    size_t size = 0;
    for (char *end; size < sizeof payload; text = end) {
        unsigned long number = strtoul(text, &end, 10);
        if (end == text)
            break;
        for (unsigned i = 0; i < 4; i++)
            payload[size++] = (uint8_t)(number >> (24 - 8 * i));
    }
    h2_script_frame(script, type, 0, stream, payload, size);
}

/* One command, of `size` octets. */
static inline void h2_script_one(struct h2_script *script, const char *text, size_t size)
{
    static uint8_t block[H2_SCRIPT_ROOM];
    char word[128] = "";
    const char *space = memchr(text, ' ', size);
    size_t head = space ? (size_t)(space - text) : size;
    const char *rest = space ? space + 1 : text + size;
    size_t left = space ? size - head - 1 : 0;
    bool ends = head > 1 && text[head - 1] == 'e';
    uint32_t stream =
        head > 1 && text[1] >= '0' && text[1] <= '9' ? (uint32_t)atoi(text + 1) : script->stream;

    snprintf(word, sizeof word, "%.*s", (int)(left < 100 ? left : 100), rest);
    switch (text[0]) {
    case 'S':
    case 'A':
        h2_script_frame(script, NGHTTP2_SETTINGS, text[0] == 'A', 0, NULL, 0);
        break;
    case 'H':
    case 'C':
    case 'K':
        head = h2_script_block(script, rest, left, block, sizeof block);
        h2_script_frame(script, text[0] == 'K' ? NGHTTP2_CONTINUATION : NGHTTP2_HEADERS,
                        (uint8_t)((text[0] == 'C' ? 0 : NGHTTP2_FLAG_END_HEADERS) | ends), stream,
                        block, head);
        break;
    case 'D':
        h2_script_frame(script, NGHTTP2_DATA, ends, stream, rest, left);
        break;
    case 'R':
        h2_script_numbers(script, NGHTTP2_RST_STREAM, stream, word);
        break;
    case 'G':
        h2_script_numbers(script, NGHTTP2_GOAWAY, 0, word);
        break;
    case 'X':
        h2_script_hex(script, rest, left);
        break;
    default:
        abort();
    }
}

/* All of a line of commands. */
static inline void h2_script_add(struct h2_script *script, const char *text)
{
    while (*text) {
        const char *end = strchrnul(text, ';');
        unsigned times = 1;
        if (*text == 'N') {
            char *rest;
            times = (unsigned)strtoul(text + 1, &rest, 10);
            text = rest + 1;
        }
        for (unsigned i = 0; i < times; i++)
            h2_script_one(script, text, (size_t)(end - text));
        text = *end ? end + 1 : end;
    }
}

#endif
