/* What heads of requests and of responses have in common: a cursor that reads them element by
 * element, and the elements that both have. The rooms that use it say how it works: h1_head.c.
 *
 * All steps that scan are inlined, because each room compiles them twice, with the vector scanners
 * and with the scalar ones.
 */
#ifndef WIRE_H1_CURSOR_H
#define WIRE_H1_CURSOR_H

#include "wire/h1_head.h"
#include "wire/h1_scan.h"

#include <limits.h>

/* A walk over octets of which more may come. */
struct h1_cursor {
    const char *at;
    const char *end;
    int fault; /* once stopped: a negative status, or 0 for want of octets */
};

H1_INLINE bool h1_cursor_stop(struct h1_cursor *cursor, int fault)
{
    cursor->fault = fault;
    return false;
}

H1_INLINE bool h1_cursor_octet(struct h1_cursor *cursor, char wanted)
{
    if (cursor->at == cursor->end)
        return h1_cursor_stop(cursor, 0);
    if (*cursor->at != wanted)
        return h1_cursor_stop(cursor, -400);
    cursor->at++;
    return true;
}

/* CRLF and nothing else: no bare LF, no bare CR [RFC 9112 §2.2], D-49. */
H1_INLINE bool h1_cursor_line_end(struct h1_cursor *cursor)
{
    if (cursor->end - cursor->at < 2 || memcmp(cursor->at, "\r\n", 2) != 0)
        return h1_cursor_octet(cursor, '\r') && h1_cursor_octet(cursor, '\n'); /* says why not */
    cursor->at += 2;
    return true;
}

H1_INLINE bool h1_is_ows(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* The cursor over `size` octets of which at most `limit` are looked at. */
static inline struct h1_cursor h1_cursor_over(const char *bytes, size_t size, uint64_t limit)
{
    size_t window = limit < INT_MAX ? (size_t)limit : INT_MAX;
    return (struct h1_cursor){bytes, bytes + (size < window ? size : window), 0};
}

/* What a read that stopped says: want of octets turns into 431 where no more are allowed
 * [RFC 9110 §5.4]. */
static inline int h1_cursor_verdict(const struct h1_cursor *cursor, const char *bytes,
                                    uint64_t limit)
{
    bool full = (uint64_t)(cursor->end - bytes) >= limit || cursor->end - bytes == INT_MAX;
    return cursor->fault == 0 && full ? -431 : cursor->fault;
}

/* Any "HTTP/" DIGIT "." DIGIT. A higher minor version is read as the highest we know
 * [RFC 9110 §2.5]. */
static inline bool h1_cursor_version_slowly(struct h1_cursor *cursor, unsigned *minor)
{
    const char *at = cursor->at;
    for (size_t i = 0; i < 8; i++) {
        if (at + i == cursor->end)
            return h1_cursor_stop(cursor, 0);
        bool fits =
            i == 5 || i == 7 ? stet_byte_is_digit((unsigned char)at[i]) : at[i] == "HTTP/1.1"[i];
        if (!fits)
            return h1_cursor_stop(cursor, -400);
    }
    if (at[5] != '1')
        return h1_cursor_stop(cursor, -505);
    *minor = at[7] != '0';
    cursor->at += 8;
    return true;
}

/* HTTP-version, case counts [RFC 9112 §2.3]. */
H1_INLINE bool h1_cursor_version(struct h1_cursor *cursor, unsigned *minor)
{
    if (cursor->end - cursor->at < 8 || memcmp(cursor->at, "HTTP/1.1", 8) != 0)
        return h1_cursor_version_slowly(cursor, minor);
    *minor = 1;
    cursor->at += 8;
    return true;
}

/* field-name ":" OWS field-value OWS CRLF [RFC 9112 §5]. Nothing stands before the name (that would
 * be obs-fold or what may pass for it, [RFC 9112 §2.2, §5.2]) nor between it and the colon
 * [RFC 9112 §5.1]; the value has no NUL and no other control octets [RFC 9110 §5.5]. */
H1_INLINE bool h1_cursor_field(struct h1_cursor *cursor, struct stet_field *field,
                               enum h1_scan scan)
{
    struct h1_line line = h1_scan_line(cursor->at, cursor->end, scan);
    field->name = stet_span(cursor->at, (size_t)(line.name_end - cursor->at));
    field->id = stet_field_id(field->name);
    cursor->at = line.name_end;
    if (field->name.len == 0)
        return h1_cursor_stop(cursor, -400);
    if (!h1_cursor_octet(cursor, ':'))
        return false;
    const char *start = cursor->at, *stop = line.value_end;
    while (start < stop && h1_is_ows(*start))
        start++;
    while (stop > start && h1_is_ows(stop[-1]))
        stop--;
    field->value = stet_span(start, (size_t)(stop - start));
    cursor->at = line.value_end;
    return h1_cursor_line_end(cursor);
}

/* *( field-line CRLF ) CRLF */
H1_INLINE bool h1_cursor_fields(struct h1_cursor *cursor, uint64_t limit, struct stet_field *fields,
                                struct stet_head *head, enum h1_scan scan)
{
    const struct stet_field *most = fields + (limit < H1_FIELDS_MAX ? limit : H1_FIELDS_MAX);
    struct stet_field *field = fields;
    uint64_t seen[2] = {0, 0};
    for (; cursor->at < cursor->end && *cursor->at != '\r'; field++) {
        if (field == most)
            return h1_cursor_stop(cursor, -431);
        if (!h1_cursor_field(cursor, field, scan))
            return false;
        seen[(unsigned)field->id >> 6] |= UINT64_C(1) << ((unsigned)field->id & 63);
    }
    *head = (struct stet_head){
        .fields = fields,
        .count = (size_t)(field - fields),
        .seen = {seen[0] & ~(UINT64_C(1) << STET_FIELD_UNKNOWN), seen[1]},
    };
    return h1_cursor_line_end(cursor);
}

#endif
