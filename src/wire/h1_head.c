/* Reads the head of an HTTP/1 request in one pass over its octets, making views, copying nothing.
 *
 * A cursor walks over the window of octets that there are and that the limit allows. Each step
 * reads one element and moves the cursor, or stops it: for good with a status code, or for now
 * with 0 because octets are missing. Steps judge octets in the order of the wire, so an input cut
 * anywhere gives 0 or what the whole gives.
 *
 * A usual field line costs one look at its first 32 octets, which finds colon and CR at once, a
 * look-up of its name, and some more blocks if its value is longer. All steps exist once and are
 * compiled twice, with the vector scanners and with the scalar ones.
 *
 * Given up: going on where the last read stopped. A head mostly arrives whole, and one that does
 * not is looked at by h1_head_may_end until it has an end; a reader with states costs every head.
 * Leniency was given up as well (D-49): what others may read differently is refused.
 */
#include "wire/h1_head.h"

#include "wire/h1_scan.h"

#include <limits.h>

struct cursor {
    const char *at;
    const char *end;
    int fault; /* once stopped: a negative status, or 0 for want of octets */
};

H1_INLINE bool cursor_stop(struct cursor *cursor, int fault)
{
    cursor->fault = fault;
    return false;
}

H1_INLINE bool cursor_octet(struct cursor *cursor, char wanted)
{
    if (cursor->at == cursor->end)
        return cursor_stop(cursor, 0);
    if (*cursor->at != wanted)
        return cursor_stop(cursor, -400);
    cursor->at++;
    return true;
}

/* CRLF and nothing else: no bare LF, no bare CR [RFC 9112 §2.2], D-49. */
H1_INLINE bool line_end_read(struct cursor *cursor)
{
    return cursor_octet(cursor, '\r') && cursor_octet(cursor, '\n');
}

/* The cursor over `size` octets of which at most `limit` are looked at. */
static struct cursor cursor_over(const char *bytes, size_t size, uint64_t limit)
{
    size_t window = limit < INT_MAX ? (size_t)limit : INT_MAX;
    return (struct cursor){bytes, bytes + (size < window ? size : window), 0};
}

/* What a read that stopped says: want of octets turns into 431 where no more are allowed
 * [RFC 9110 §5.4]. */
static int cursor_verdict(const struct cursor *cursor, const char *bytes, uint64_t limit)
{
    bool full = (uint64_t)(cursor->end - bytes) >= limit || cursor->end - bytes == INT_MAX;
    return cursor->fault == 0 && full ? -431 : cursor->fault;
}

static size_t smaller(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

/* method SP [RFC 9112 §3.1]. A longer one than we know is not implemented [RFC 9112 §3]. */
H1_INLINE bool method_scan(struct cursor *cursor, uint64_t limit, struct stet_request *request,
                           enum h1_scan scan)
{
    const char *stop = h1_scan(cursor->at, cursor->end, H1_RUN_TOKEN, scan);
    request->method_name = stet_span(cursor->at, (size_t)(stop - cursor->at));
    request->method = stet_method_of(request->method_name);
    cursor->at = stop;
    if (request->method_name.len > limit)
        return cursor_stop(cursor, -501);
    if (request->method_name.len == 0 && stop < cursor->end)
        return cursor_stop(cursor, -400);
    return cursor_octet(cursor, ' ');
}

/* Most requests begin with the same four octets, and need no scan to find where they end. */
H1_INLINE bool method_read(struct cursor *cursor, uint64_t limit, struct stet_request *request,
                           enum h1_scan scan)
{
    if (cursor->end - cursor->at < 4 || limit < 3 || memcmp(cursor->at, "GET ", 4) != 0)
        return method_scan(cursor, limit, request, scan);
    request->method = STET_METHOD_GET;
    request->method_name = stet_span(cursor->at, 3);
    cursor->at += 4;
    return true;
}

/* request-target SP; which octets may stand where is for stet_target_split to say. */
H1_INLINE bool target_read(struct cursor *cursor, uint64_t limit, struct stet_request *request,
                           enum h1_scan scan)
{
    const char *stop = h1_scan(cursor->at, cursor->end, H1_RUN_GRAPH, scan);
    request->target = stet_span(cursor->at, (size_t)(stop - cursor->at));
    cursor->at = stop;
    if (request->target.len > limit)
        return cursor_stop(cursor, -414); /* [RFC 9112 §3] */
    if (request->target.len == 0 && stop < cursor->end)
        return cursor_stop(cursor, -400);
    return cursor_octet(cursor, ' ');
}

/* Any "HTTP/" DIGIT "." DIGIT. A higher minor version is read as the highest we know
 * [RFC 9110 §2.5]. */
static bool version_read_slowly(struct cursor *cursor, unsigned *minor)
{
    const char *at = cursor->at;
    for (size_t i = 0; i < 8; i++) {
        if (at + i == cursor->end)
            return cursor_stop(cursor, 0);
        bool fits =
            i == 5 || i == 7 ? stet_byte_is_digit((unsigned char)at[i]) : at[i] == "HTTP/1.1"[i];
        if (!fits)
            return cursor_stop(cursor, -400);
    }
    if (at[5] != '1')
        return cursor_stop(cursor, -505);
    *minor = at[7] != '0';
    cursor->at += 8;
    return true;
}

/* HTTP-version, case counts [RFC 9112 §2.3]. */
H1_INLINE bool version_read(struct cursor *cursor, unsigned *minor)
{
    if (cursor->end - cursor->at < 8 || memcmp(cursor->at, "HTTP/1.1", 8) != 0)
        return version_read_slowly(cursor, minor);
    *minor = 1;
    cursor->at += 8;
    return true;
}

H1_INLINE bool is_ows(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* field-name ":" OWS field-value OWS CRLF [RFC 9112 §5]. Nothing stands before the name (that would
 * be obs-fold or what may pass for it, [RFC 9112 §2.2, §5.2]) nor between it and the colon
 * [RFC 9112 §5.1]; the value has no NUL and no other control octets [RFC 9110 §5.5]. */
H1_INLINE bool field_read(struct cursor *cursor, struct stet_field *field, enum h1_scan scan)
{
    struct h1_line line = h1_scan_line(cursor->at, cursor->end, scan);
    field->name = stet_span(cursor->at, (size_t)(line.name_end - cursor->at));
    field->id = stet_field_id(field->name);
    cursor->at = line.name_end;
    if (field->name.len == 0)
        return cursor_stop(cursor, -400);
    if (!cursor_octet(cursor, ':'))
        return false;
    const char *start = cursor->at, *stop = line.value_end;
    while (start < stop && is_ows(*start))
        start++;
    while (stop > start && is_ows(stop[-1]))
        stop--;
    field->value = stet_span(start, (size_t)(stop - start));
    cursor->at = line.value_end;
    return line_end_read(cursor);
}

/* *( field-line CRLF ) CRLF */
H1_INLINE bool fields_read(struct cursor *cursor, uint64_t limit, struct stet_field *fields,
                           struct stet_head *head, enum h1_scan scan)
{
    size_t most = smaller(limit, H1_FIELDS_MAX);
    struct stet_field *field = fields;
    uint64_t seen[2] = {0, 0};
    for (; cursor->at < cursor->end && *cursor->at != '\r'; field++) {
        if ((size_t)(field - fields) == most)
            return cursor_stop(cursor, -431);
        if (!field_read(cursor, field, scan))
            return false;
        seen[(unsigned)field->id >> 6] |= UINT64_C(1) << ((unsigned)field->id & 63);
    }
    *head = (struct stet_head){
        .fields = fields,
        .count = (size_t)(field - fields),
        .seen = {seen[0] & ~(UINT64_C(1) << STET_FIELD_UNKNOWN), seen[1]},
    };
    return line_end_read(cursor);
}

/* One empty line may stand before a request: some clients of old sent one too many after their
 * content [RFC 9112 §2.2]. */
H1_INLINE bool empty_line_skip(struct cursor *cursor, size_t *skipped)
{
    *skipped = 0;
    if (cursor->at == cursor->end || *cursor->at != '\r')
        return true;
    *skipped = 2;
    return line_end_read(cursor);
}

H1_INLINE int request_read(struct cursor cursor, const struct limits *limits, struct h1_head *head,
                           enum h1_scan scan)
{
    const char *bytes = cursor.at;
    struct stet_request *request = &head->request;
    request->scheme = request->authority = request->path = request->query = STET_SPAN_NONE;
    if (empty_line_skip(&cursor, &head->skipped) &&
        method_read(&cursor, limits->method_size, request, scan) &&
        target_read(&cursor, limits->target_size, request, scan) &&
        version_read(&cursor, &head->minor) && line_end_read(&cursor) &&
        fields_read(&cursor, limits->field_count, head->fields, &request->head, scan))
        return (int)(cursor.at - bytes);
    return cursor_verdict(&cursor, bytes, limits->head_size);
}

int h1_request_read_scalar(const char *bytes, size_t size, const struct limits *limits,
                           struct h1_head *head)
{
    return request_read(cursor_over(bytes, size, limits->head_size), limits, head, H1_SCAN_SCALAR);
}

int h1_request_read(const char *bytes, size_t size, const struct limits *limits,
                    struct h1_head *head)
{
    struct cursor cursor = cursor_over(bytes, size, limits->head_size);
    if (cursor.end - cursor.at < H1_SCAN_LEAST)
        return request_read(cursor, limits, head, H1_SCAN_SCALAR);
    return request_read(cursor, limits, head, H1_SCAN_VECTOR);
}

bool h1_head_may_end(const char *bytes, size_t size, size_t from)
{
    /* The earlier look may have ended inside of LF CR LF. */
    size_t start = from < 2 ? 0 : from - 2;
    struct stet_span rest = stet_span_from(stet_span(bytes, size), start);
    for (;;) {
        rest = stet_span_from(rest, stet_span_find(rest, '\n') + 1);
        if (rest.len == 0)
            return false;
        if (rest.at[0] == '\n' || (rest.len > 1 && rest.at[0] == '\r' && rest.at[1] == '\n'))
            return true;
    }
}

int h1_trailers_read(const char *bytes, size_t size, const struct limits *limits,
                     struct stet_field fields[H1_FIELDS_MAX], struct stet_head *head)
{
    struct cursor cursor = cursor_over(bytes, size, limits->trailer_size);
    bool read = cursor.end - cursor.at < H1_SCAN_LEAST
                    ? fields_read(&cursor, limits->field_count, fields, head, H1_SCAN_SCALAR)
                    : fields_read(&cursor, limits->field_count, fields, head, H1_SCAN_VECTOR);
    if (read)
        return (int)(cursor.at - bytes);
    return cursor_verdict(&cursor, bytes, limits->trailer_size);
}
