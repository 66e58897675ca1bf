/* Writes the head of an HTTP/1 request: a request line, Host, what was made before, what the
 * connection decides.
 *
 * Everything is copied once, forward. Everything is also looked at once more, although whoever made
 * it has read it strictly: an octet too many in a request to an origin is another request to it,
 * and a field too many decides where this one ends [RFC 9112 §11.2]. The look costs less than the
 * copy.
 */
#include "wire/h1_client_write.h"

#include "base/check.h"
#include "wire/h1_scan.h"
#include "wire/h1_write.h"

/* The spaces and the version of the request line, the names of the fields written here, their line
 * ends, the empty line, a length: about 110 octets. */
#define FIXED_MAX 192

size_t h1_client_head_room(const struct client_request *request)
{
    return FIXED_MAX + request->method_name.len + request->target.len + request->host.len +
           request->block.len;
}

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

H1_INLINE void lines_check(const struct client_request *request, enum h1_scan scan)
{
    const char *at = request->block.at, *end = at + request->block.len;
    bool upgrades = false;
    while (at < end) {
        const struct h1_line line = h1_scan_line(at, end, scan);
        const enum stet_field_id id = stet_field_id(stet_span(at, (size_t)(line.name_end - at)));
        CHECK(line.name_end > at && line.name_end < end && *line.name_end == ':');
        CHECK(end - line.value_end >= 2 && memcmp(line.value_end, "\r\n", 2) == 0);
        CHECK(may_send(id, request->upgrade));
        upgrades |= id == STET_FIELD_UPGRADE;
        at = line.value_end + 2;
    }
    CHECK(upgrades == request->upgrade);
}

static void block_check(const struct client_request *request)
{
    if (request->block.len < H1_SCAN_LEAST)
        lines_check(request, H1_SCAN_SCALAR);
    else
        lines_check(request, H1_SCAN_VECTOR);
}

static void request_check(const struct client_request *request)
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

static char *framing_put(char *to, const struct client_request *request)
{
    if (request->has_content && !request->length_known)
        return h1_span_write(STET_SPAN("Transfer-Encoding: chunked\r\n"), to);
    if (!request->has_content && !method_means_content(request->method))
        return to;
    to = h1_span_write(STET_SPAN("Content-Length: "), to);
    to += h1_number_write(request->has_content ? request->length : 0, to);
    return h1_span_write(STET_SPAN("\r\n"), to);
}

/* What is meant for the next hop alone is named in Connection [RFC 9110 §7.6.1, §7.8, §10.1.4]. */
static char *connection_put(char *to, const struct client_request *request)
{
    bool te = request->te.len > 0;
    if (te)
        to = h1_span_write(STET_SPAN("TE: trailers\r\n"), to);
    if (te && request->upgrade)
        return h1_span_write(STET_SPAN("Connection: TE, upgrade\r\n"), to);
    if (request->upgrade)
        return h1_span_write(STET_SPAN("Connection: upgrade\r\n"), to);
    return te ? h1_span_write(STET_SPAN("Connection: TE\r\n"), to) : to;
}

size_t h1_client_head_write(const struct client_request *request, char *to)
{
    request_check(request);
    char *at = h1_span_write(request->method_name, to);
    at = h1_span_write(STET_SPAN(" "), at);
    at = h1_span_write(request->target, at);
    at = h1_span_write(STET_SPAN(" HTTP/1.1\r\nHost: "), at);
    at = h1_span_write(request->host, at);
    at = h1_span_write(STET_SPAN("\r\n"), at);
    at = h1_span_write(request->block, at);
    at = framing_put(at, request);
    at = connection_put(at, request);
    at = h1_span_write(STET_SPAN("\r\n"), at);
    return (size_t)(at - to);
}
