/* Structured fields, scanned: not installed, for sf.c and sf_writer.c only.
 *
 * Each function reads one thing from the start of `*rest` and moves `*rest` past it. False if that
 * thing does not stand there or is flawed; then where `*rest` stands means nothing.
 */
#ifndef STET_SF_SCAN_H
#define STET_SF_SCAN_H

#include "stet/byte.h"
#include "stet/sf_member.h"

bool stet_sf_scan_key(struct stet_span *rest, struct stet_span *key);

/* A bare Item; fills type, number and text. */
bool stet_sf_scan_bare(struct stet_span *rest, struct stet_sf_member *member);

/* An Item with its Parameters; fills all but the key. */
bool stet_sf_scan_item(struct stet_span *rest, struct stet_sf_member *member);

/* An Item or an Inner List, with Parameters; fills all but the key. */
bool stet_sf_scan_member(struct stet_span *rest, struct stet_sf_member *member);

/* A Dictionary's member with its key. */
bool stet_sf_scan_pair(struct stet_span *rest, struct stet_sf_member *member);

/* One Parameter from its semicolon on. */
bool stet_sf_scan_parameter(struct stet_span *rest, struct stet_sf_member *parameter);

/* Classes of octets. */
static inline bool stet_sf_is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static inline bool stet_sf_is_key_start(char c)
{
    return stet_sf_is_lower(c) || c == '*';
}

static inline bool stet_sf_is_key(char c)
{
    return stet_sf_is_key_start(c) || stet_byte_is_digit((unsigned char)c) || c == '_' ||
           c == '-' || c == '.';
}

static inline bool stet_sf_is_token_start(char c)
{
    return stet_sf_is_lower((char)(c | 0x20)) || c == '*';
}

static inline bool stet_sf_is_token(char c)
{
    return stet_byte_is(c, BYTE_TCHAR) || c == ':' || c == '/';
}

static inline bool stet_sf_is_printable(char c)
{
    return c >= 0x20 && c < 0x7f;
}

/* The octet stands at the start of the text. */
static inline bool stet_sf_at(struct stet_span text, char c)
{
    return text.len && text.at[0] == c;
}

static inline void stet_sf_skip_spaces(struct stet_span *rest)
{
    while (stet_sf_at(*rest, ' '))
        *rest = stet_span_from(*rest, 1);
}

#endif
