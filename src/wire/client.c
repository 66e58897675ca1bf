/* What every protocol asks of a request before it leaves, and says of its content.
 *
 * Whoever made the request has read it strictly. It is looked at once more all the same: an octet
 * too many in a request to an origin is another request to it, and a field too many decides where
 * this one ends [RFC 9112 §11.2, RFC 9113 §10.3]. The look costs less than the copy.
 */
#include "wire/client.h"

#include "base/check.h"
#include "wire/h1_cursor.h"

/* All of the span is one run of this class. */
static bool is_run(struct stet_span text, enum h1_run run)
{
    const char *end = text.at + text.len;
    if (text.len < H1_SCAN_LEAST)
        return h1_scan(text.at, end, run, H1_SCAN_SCALAR) == end;
    return h1_scan(text.at, end, run, H1_SCAN_VECTOR) == end;
}

/* A field that a caller may send: of the others the recipient would take the wrong one, or end the
 * request elsewhere. */
static bool may_send(enum stet_field_id id, bool upgrade)
{
    if (id == STET_FIELD_UPGRADE)
        return upgrade;
    return id != STET_FIELD_HOST && id != STET_FIELD_CONTENT_LENGTH && !stet_field_is_hop(id);
}

/* As strictly as a head that comes in. */
static void block_check(const struct client_request *request)
{
    const struct stet_span block = request->block;
    const char *bytes = block.len > 0 ? block.at : ""; /* NULL has no offsets, not even 0 */
    struct h1_cursor cursor = h1_cursor_over(bytes, block.len, block.len);
    struct stet_field field;
    bool upgrades = false;

    while (cursor.at < cursor.end) {
        const bool whole = cursor.end - cursor.at >= H1_SCAN_LEAST
                               ? h1_cursor_field(&cursor, &field, H1_SCAN_VECTOR)
                               : h1_cursor_field(&cursor, &field, H1_SCAN_SCALAR);
        CHECK(whole && may_send(field.id, request->upgrade));
        upgrades |= field.id == STET_FIELD_UPGRADE;
    }
    CHECK(upgrades == request->upgrade);
}

void client_request_check(const struct client_request *request)
{
    CHECK(request->method_name.len > 0 && is_run(request->method_name, H1_RUN_TOKEN));
    CHECK(request->target.len > 0 && is_run(request->target, H1_RUN_GRAPH));
    CHECK(request->host.len == 0 || is_run(request->host, H1_RUN_GRAPH));
    CHECK(request->te.len == 0 || stet_span_equal(request->te, STET_SPAN("trailers")));
    block_check(request);
}

/* Methods that define a meaning for content: without a length their recipient may think that one is
 * missing [RFC 9110 §8.6, §9.3.3, §9.3.4, RFC 5789 §2, RFC 10008 §2]. */
static bool method_means_content(enum stet_method method)
{
    return method == STET_METHOD_POST || method == STET_METHOD_PUT || method == STET_METHOD_PATCH ||
           method == STET_METHOD_QUERY;
}

bool client_request_length(const struct client_request *request, uint64_t *length)
{
    *length = request->has_content ? request->length : 0;
    return request->has_content ? request->length_known : method_means_content(request->method);
}
