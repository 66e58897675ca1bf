/* Writes the head of an HTTP/1 request: a request line, Host, what was made before, what the
 * connection decides.
 *
 * Everything is copied once, forward.
 */
#include "wire/h1_client_write.h"

#include "wire/h1_write.h"

/* The spaces and the version of the request line, the names of the fields written here, their line
 * ends, the empty line, a length: about 110 octets. */
#define FIXED_MAX 192

size_t h1_client_head_room(const struct client_request *request)
{
    return FIXED_MAX + request->method_name.len + request->target.len + request->host.len +
           request->block.len;
}

static char *framing_put(char *to, const struct client_request *request)
{
    uint64_t length;

    if (request->has_content && !request->length_known)
        return h1_span_write(STET_SPAN("Transfer-Encoding: chunked\r\n"), to);
    if (!client_request_length(request, &length))
        return to;
    to = h1_span_write(STET_SPAN("Content-Length: "), to);
    to += h1_number_write(length, to);
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
    client_request_check(request);
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
