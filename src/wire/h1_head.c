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

#include "wire/h1_cursor.h"

/* method SP [RFC 9112 §3.1]. A longer one than we know is not implemented [RFC 9112 §3]. */
H1_INLINE bool method_scan(struct h1_cursor *cursor, uint64_t limit, struct stet_request *request,
                           enum h1_scan scan)
{
    const char *stop = h1_scan(cursor->at, cursor->end, H1_RUN_TOKEN, scan);
    request->method_name = stet_span(cursor->at, (size_t)(stop - cursor->at));
    request->method = stet_method_of(request->method_name);
    cursor->at = stop;
    if (request->method_name.len > limit)
        return h1_cursor_stop(cursor, -501);
    if (request->method_name.len == 0 && stop < cursor->end)
        return h1_cursor_stop(cursor, -400);
    return h1_cursor_octet(cursor, ' ');
}

/* Most requests begin with the same four octets, and need no scan to find where they end. */
H1_INLINE bool method_read(struct h1_cursor *cursor, uint64_t limit, struct stet_request *request,
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
H1_INLINE bool target_read(struct h1_cursor *cursor, uint64_t limit, struct stet_request *request,
                           enum h1_scan scan)
{
    const char *stop = h1_scan(cursor->at, cursor->end, H1_RUN_GRAPH, scan);
    request->target = stet_span(cursor->at, (size_t)(stop - cursor->at));
    cursor->at = stop;
    if (request->target.len > limit)
        return h1_cursor_stop(cursor, -414); /* [RFC 9112 §3] */
    if (request->target.len == 0 && stop < cursor->end)
        return h1_cursor_stop(cursor, -400);
    return h1_cursor_octet(cursor, ' ');
}

/* One empty line may stand before a request: some clients of old sent one too many after their
 * content [RFC 9112 §2.2]. */
H1_INLINE bool empty_line_skip(struct h1_cursor *cursor, size_t *skipped)
{
    *skipped = 0;
    if (cursor->at == cursor->end || *cursor->at != '\r')
        return true;
    *skipped = 2;
    return h1_cursor_line_end(cursor);
}

H1_INLINE int request_read(struct h1_cursor cursor, const struct limits *limits,
                           struct h1_head *head, enum h1_scan scan)
{
    const char *bytes = cursor.at;
    struct stet_request *request = &head->request;
    request->scheme = request->authority = request->path = request->query = STET_SPAN_NONE;
    if (empty_line_skip(&cursor, &head->skipped) &&
        method_read(&cursor, limits->method_size, request, scan) &&
        target_read(&cursor, limits->target_size, request, scan) &&
        h1_cursor_version(&cursor, &head->minor) && h1_cursor_line_end(&cursor) &&
        h1_cursor_fields(&cursor, limits->field_count, head->fields, &request->head, scan))
        return (int)(cursor.at - bytes);
    return h1_cursor_verdict(&cursor, bytes, limits->head_size);
}

int h1_request_read_scalar(const char *bytes, size_t size, const struct limits *limits,
                           struct h1_head *head)
{
    return request_read(h1_cursor_over(bytes, size, limits->head_size), limits, head,
                        H1_SCAN_SCALAR);
}

int h1_request_read(const char *bytes, size_t size, const struct limits *limits,
                    struct h1_head *head)
{
    struct h1_cursor cursor = h1_cursor_over(bytes, size, limits->head_size);
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
    struct h1_cursor cursor = h1_cursor_over(bytes, size, limits->trailer_size);
    bool read = cursor.end - cursor.at < H1_SCAN_LEAST
                    ? h1_cursor_fields(&cursor, limits->field_count, fields, head, H1_SCAN_SCALAR)
                    : h1_cursor_fields(&cursor, limits->field_count, fields, head, H1_SCAN_VECTOR);
    if (read)
        return (int)(cursor.at - bytes);
    return h1_cursor_verdict(&cursor, bytes, limits->trailer_size);
}
