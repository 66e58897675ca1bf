/* Extended CONNECT: a handshake of WebSocket as a stream of HTTP/2 [RFC 8441 §5].
 *
 *     GET /a  Upgrade: websocket  --> [drafted] --SETTINGS offer it--> :method CONNECT,
 *                                         |                            :protocol websocket, ...
 *                                         +--they do not--> end, refused: http_upgrade_failed
 *     101  Upgrade, Sec-WebSocket-Accept <-- :status 2xx
 *
 * Whoever asked has asked as in HTTP/1.1, and is answered so: with the accept of his key, which
 * never leaves. What the origin may be asked is known when its SETTINGS have come; until then a
 * copy of the lines waits with the stream.
 *
 * Given up: other protocols than WebSocket. Nobody knows what their handshakes say in fields that
 * HTTP/2 does not have. And a half-close by the origin that leaves the other half open: as over
 * HTTP/1.1 its end is the end of both.
 */
#include "base/check.h"
#include "base/memory.h"
#include "wire/h2_client_parts.h"
#include "wire/reply.h"
#include "wire/websocket.h"

#include <string.h>

struct h2_client_tunnel {
    char accept[WEBSOCKET_ACCEPT];
    size_t count;
    nghttp2_nv lines[]; /* with their text behind */
};

/* :method, :protocol, :scheme, :authority, :path */
enum { LINES_OWN = 5 };

bool h2_client_takes(const struct client_request *request)
{
    return !request->upgrade || websocket_key(request).len > 0;
}

bool h2_client_is_drafted(const struct h2_client_stream *stream)
{
    return stream->is.drafted;
}

/* ---- the request ---- */

/* What HTTP/2 says by other means. */
static bool line_goes(struct stet_span name)
{
    return stet_field_id(name) != STET_FIELD_UPGRADE &&
           !stet_span_equal_nocase(name, STET_SPAN("sec-websocket-key"));
}

static uint8_t *text_keep(char **to, struct stet_span text)
{
    uint8_t *at = (uint8_t *)*to;
    if (text.len > 0)
        memcpy(at, text.at, text.len);
    *to += text.len;
    return at;
}

static void line_keep(struct h2_client_tunnel *tunnel, char **to, struct stet_span name,
                      struct stet_span value)
{
    nghttp2_nv *line = &tunnel->lines[tunnel->count++];

    *line = (nghttp2_nv){.namelen = name.len, .valuelen = value.len};
    line->name = text_keep(to, name);
    for (size_t i = 0; i < name.len; i++) /* [RFC 9113 §8.2.1] */
        if (line->name[i] >= 'A' && line->name[i] <= 'Z')
            line->name[i] |= 0x20;
    line->value = text_keep(to, value);
}

/* [RFC 8441 §4] */
static void lines_keep(struct h2_client_tunnel *tunnel, char *to, struct stet_span scheme,
                       const struct client_request *request)
{
    struct stet_span rest = request->block, name, value;

    line_keep(tunnel, &to, STET_SPAN(":method"), STET_SPAN("CONNECT"));
    line_keep(tunnel, &to, STET_SPAN(":protocol"), STET_SPAN("websocket"));
    line_keep(tunnel, &to, STET_SPAN(":scheme"), scheme);
    line_keep(tunnel, &to, STET_SPAN(":authority"), request->host);
    line_keep(tunnel, &to, STET_SPAN(":path"), request->target);
    while (reply_block_next(&rest, &name, &value))
        if (line_goes(name))
            line_keep(tunnel, &to, name, value);
}

bool h2_client_tunnel_draft(struct h2_client_stream *stream, const struct client_request *request)
{
    static const struct stet_span own =
        STET_SPAN_INIT(":method:protocol:scheme:authority:pathCONNECTwebsocket");
    const struct stet_span scheme = stream->client->scheme;
    struct stet_span rest = request->block, name, value;
    size_t count = LINES_OWN;

    client_request_check(request);
    CHECK(h2_client_takes(request));
    while (reply_block_next(&rest, &name, &value))
        count += line_goes(name);
    const size_t size = sizeof *stream->tunnel + count * sizeof(nghttp2_nv);
    stream->tunnel = memory_new(size + own.len + scheme.len + request->host.len +
                                request->target.len + request->block.len);
    if (!stream->tunnel)
        return false;
    stream->tunnel->count = 0;
    websocket_accept(websocket_key(request), stream->tunnel->accept);
    lines_keep(stream->tunnel, (char *)stream->tunnel + size, scheme, request);
    stream->is.drafted = true;
    return true;
}

/* The origin has said so [RFC 8441 §3]. */
static bool client_offers(const struct h2_client *client)
{
    return nghttp2_session_get_remote_settings(client->session,
                                               NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

void h2_client_tunnel_go(struct h2_client_stream *stream)
{
    const struct h2_client_tunnel *tunnel = stream->tunnel;

    if (!client_offers(stream->client)) {
        stream->refused = true;
        h2_client_stream_fail(stream, CLIENT_TRUNCATED, STET_PROXY_ERROR_HTTP_UPGRADE_FAILED,
                              NGHTTP2_CANCEL);
    } else if (h2_client_submit_lines(stream, tunnel->lines, tunnel->count)) {
        stream->is.drafted = false;
    } else {
        h2_client_stream_fail(stream, CLIENT_TRUNCATED, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR,
                              NGHTTP2_INTERNAL_ERROR);
    }
}

/* ---- the answer ---- */

/* An accept that HTTP/2 does not have would be a second one. */
static size_t fields_without_accept(struct stet_field *fields, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (!stet_span_equal_nocase(fields[i].name, STET_SPAN("sec-websocket-accept")))
            fields[kept++] = fields[i];
    return kept;
}

void h2_client_tunnel_answer(const struct h2_client_stream *stream, struct h2_client_head *head)
{
    static const struct stet_field upgrade = {STET_SPAN_INIT("Upgrade"),
                                              STET_SPAN_INIT("websocket"), STET_FIELD_UPGRADE};
    const struct stet_span accept = {stream->tunnel->accept, WEBSOCKET_ACCEPT};
    size_t count = fields_without_accept(head->fields, head->count);

    head->fields[count++] = upgrade;
    head->fields[count++] =
        (struct stet_field){STET_SPAN("Sec-WebSocket-Accept"), accept, STET_FIELD_UNKNOWN};
    head->response.status = 101;
    head->response.head.count = count;
    stet_head_index(&head->response.head);
}
