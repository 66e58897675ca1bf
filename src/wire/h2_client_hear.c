/* Reads what an origin says by HTTP/2, and tells the owner of each stream.
 *
 *     HEADERS 1xx        -> interim
 *     HEADERS            -> head          \
 *     DATA               -> content       | of one stream; whatever is wrong with one of them
 *     HEADERS END_STREAM -> trailers, end | ends that stream alone [RFC 9113 §8.1.1]
 *     RST_STREAM         -> end           /
 *
 * Content that its owner does not take is held by the stream, at most a window of it, and the
 * window is not opened again until it was taken; that of the connection is opened at once, so that
 * one client who is slow holds up nobody else.
 *
 * Frames that ask for nothing and bring nothing are counted; requests, heads and content pay for
 * them. An origin that goes on for ever loses the connection [RFC 9113 §10.5].
 */
#include "base/check.h"
#include "base/memory.h"
#include "wire/h2_client_parts.h"

enum { HEAD_PAYS = 8, CONTENT_PAYS = 2 };

static const struct stet_head no_trailers;

static struct h2_client_stream *stream_of(nghttp2_session *session, int32_t id)
{
    struct h2_client_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    return stream && !stream->is.over ? stream : NULL;
}

static void stream_refuse(struct h2_client_stream *stream, enum stet_proxy_error error)
{
    h2_client_stream_fail(stream, CLIENT_MALFORMED, error, NGHTTP2_PROTOCOL_ERROR);
}

/* ---- the end of a response ---- */

/* The owner has all content by now. */
static void stream_tell_end(struct h2_client_stream *stream)
{
    struct h2_client_kit *kit = stream->client->kit;
    struct h2_client_head *trailers = stream->trailers;

    stream->trailers = NULL;
    h2_client_stream_end(stream, CLIENT_COMPLETE,
                         trailers ? &trailers->response.head : &no_trailers);
    if (trailers)
        h2_client_head_return(kit, trailers);
}

/* The stream has ended, with these trailers or without, and takes them. */
static void stream_whole(struct h2_client_stream *stream, struct h2_client_head *trailers)
{
    stream->trailers = trailers;
    if (stream->content_left > 0) {
        stream_refuse(stream, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR); /* [RFC 9113 §8.1.1] */
        return;
    }
    stream->is.whole = true;
    if (octets_left(&stream->held) == 0)
        stream_tell_end(stream);
}

/* What is held goes to its owner, who may cancel the stream: it is taken out for as long. The
 * memory is used again, for who has paused once will pause again. */
static void stream_tell_held(struct h2_client_stream *stream)
{
    struct octets bytes = stream->held;

    stream->held = (struct octets){0};
    stream->is.paused = !stream->events->response.content(
        stream->owner, stet_span(octets_at(&bytes), octets_left(&bytes)));
    h2_client_consume(stream->client, stream, octets_left(&bytes), false);
    octets_spend(&bytes, octets_left(&bytes));
    if (stream->is.over || stream->is.whole)
        octets_fini(&bytes);
    stream->held = bytes;
}

void h2_client_tell(struct h2_client_stream *stream)
{
    if (octets_left(&stream->held) > 0 && !stream->is.paused && !stream->is.over)
        stream_tell_held(stream);
    if (stream->is.whole && octets_left(&stream->held) == 0 && !stream->is.over)
        stream_tell_end(stream);
}

/* ---- heads ---- */

static void hear_final(struct h2_client_stream *stream, struct h2_client_head *head, bool ends)
{
    enum stet_proxy_error fault =
        h2_client_head_frame(head, stream->method, ends, &stream->framing);

    if (fault) {
        stream_refuse(stream, fault);
        return;
    }
    stream->is.headed = true;
    stream->content_left = stream->framing.content == RESPONSE_LENGTH ? stream->framing.length : 0;
    if (stream->tunnel && stream->framing.content == RESPONSE_TUNNEL)
        h2_client_tunnel_answer(stream, head);
    stream->events->response.head(stream->owner, &head->response, &stream->framing);
    memory_free(stream->tunnel);
    stream->tunnel = NULL;
    if (ends && !stream->is.over)
        stream_whole(stream, NULL);
}

static void hear_interim(struct h2_client_stream *stream, const struct h2_client_head *head,
                         bool ends)
{
    if (ends || ++stream->interims > CLIENT_INTERIMS_MAX)
        stream_refuse(stream, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR);
    else
        stream->events->response.interim(stream->owner, &head->response);
}

/* A section is whole. True: the stream has taken it, as trailers. */
static bool hear_head(struct h2_client_stream *stream, struct h2_client_head *head, bool ends)
{
    enum stet_proxy_error fault = h2_client_head_check(head);

    stream->heard = true;
    const bool tunnel = stream->is.headed && stream->framing.content == RESPONSE_TUNNEL;

    if (head->trailers && (!ends || tunnel) && !fault)
        fault = STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR; /* [RFC 9113 §8.1, §8.5] */
    if (fault) {
        stream_refuse(stream, fault);
    } else if (head->trailers) {
        stream_whole(stream, head);
        return true;
    } else if (head->response.status < 200) {
        hear_interim(stream, head, ends);
    } else {
        hear_final(stream, head, ends);
    }
    return false;
}

static void head_drop(struct h2_client *client)
{
    if (client->head)
        h2_client_head_return(client->kit, client->head);
    client->head = NULL;
}

static int begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct h2_client *client = owner;
    struct h2_client_stream *stream = stream_of(session, frame->hd.stream_id);

    head_drop(client);
    if (!stream)
        return 0;
    client->head = h2_client_head_lend(client->kit, stream->is.headed);
    if (!client->head)
        h2_client_stream_fail(stream, CLIENT_TRUNCATED, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR,
                              NGHTTP2_INTERNAL_ERROR);
    return 0;
}

static int header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                  nghttp2_rcbuf *value, uint8_t flags, void *owner)
{
    struct h2_client *client = owner;

    (void)session, (void)frame, (void)flags;
    if (client->head && !h2_client_head_add(client->head, client->kit->limits, name, value))
        h2_client_part(client, STET_PROXY_ERROR_HTTP_RESPONSE_HEADER_SECTION_SIZE,
                       NGHTTP2_ENHANCE_YOUR_CALM);
    return client->fault ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

/* nghttp2 would leave it out. */
static int invalid_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                          nghttp2_rcbuf *value, uint8_t flags, void *owner)
{
    struct h2_client *client = owner;

    (void)session, (void)frame, (void)name, (void)value, (void)flags;
    if (client->head && !client->head->fault)
        client->head->fault = STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR;
    return 0;
}

static void hear_headers(struct h2_client *client, struct h2_client_stream *stream, bool ends)
{
    struct h2_client_head *head = client->head;

    client->head = NULL;
    if (!head)
        return;
    h2_client_pay(client, HEAD_PAYS);
    if (!stream || !hear_head(stream, head, ends))
        h2_client_head_return(client->kit, head);
}

/* ---- content ---- */

static void content_hold(struct h2_client_stream *stream, const char *bytes, size_t size)
{
    if (!octets_add(&stream->held, bytes, size))
        h2_client_stream_fail(stream, CLIENT_TRUNCATED, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR,
                              NGHTTP2_INTERNAL_ERROR);
}

/* More than was announced, or some where there is none [RFC 9113 §8.1.1]. */
static bool content_fits(const struct h2_client_stream *stream, size_t size)
{
    if (!stream->is.headed || stream->framing.content == RESPONSE_NO_CONTENT)
        return false;
    return stream->framing.content != RESPONSE_LENGTH || size <= stream->content_left;
}

static void content_take(struct h2_client_stream *stream, const char *bytes, size_t size)
{
    if (stream->framing.content == RESPONSE_LENGTH)
        stream->content_left -= size;
    if (stream->is.paused || octets_left(&stream->held) > 0) {
        h2_client_consume(stream->client, NULL, size, true);
        content_hold(stream, bytes, size);
        return;
    }
    stream->is.paused = !stream->events->response.content(stream->owner, stet_span(bytes, size));
    h2_client_consume(stream->client, stream, size, true);
}

static int data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                      size_t size, void *owner)
{
    struct h2_client *client = owner;
    struct h2_client_stream *stream = stream_of(session, id);

    (void)flags;
    if (!stream || !content_fits(stream, size)) {
        h2_client_consume(client, NULL, size, true);
        if (stream)
            stream_refuse(stream, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR);
        return 0;
    }
    h2_client_pay(client, CONTENT_PAYS);
    content_take(stream, (const char *)bytes, size);
    return 0;
}

/* ---- frames ---- */

static int begin_frame(nghttp2_session *session, const nghttp2_frame_hd *frame, void *owner)
{
    struct h2_client *client = owner;

    (void)session;
    if (frame->type == NGHTTP2_PUSH_PROMISE) /* was forbidden [RFC 9113 §8.4] */
        h2_client_part(client, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR, NGHTTP2_PROTOCOL_ERROR);
    if (--client->idle_frames < 0)
        h2_client_part(client, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR, NGHTTP2_ENHANCE_YOUR_CALM);
    return 0;
}

static int frame_received(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct h2_client *client = owner;
    struct h2_client_stream *stream = stream_of(session, frame->hd.stream_id);
    const bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;

    if (frame->hd.type == NGHTTP2_HEADERS)
        hear_headers(client, stream, ends);
    else if (frame->hd.type == NGHTTP2_DATA && ends && stream && stream->is.headed)
        stream_whole(stream, NULL);
    else if (frame->hd.type == NGHTTP2_RST_STREAM && stream)
        stream->is.reset = true;
    else if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
        client->due = client->greeted = true;
    else if (frame->hd.type == NGHTTP2_GOAWAY)
        client->wants_http1 |= frame->goaway.error_code == NGHTTP2_HTTP_1_1_REQUIRED;
    return 0;
}

/* nghttp2 has found a fault, and tells the origin by itself. */
static int frame_invalid(nghttp2_session *session, const nghttp2_frame *frame, int error,
                         void *owner)
{
    struct h2_client *client = owner;
    struct h2_client_stream *stream = stream_of(session, frame->hd.stream_id);

    (void)error;
    head_drop(client);
    if (stream) {
        stream->error = STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR;
        h2_client_stream_end(stream, CLIENT_MALFORMED, &no_trailers);
    }
    return 0;
}

/* What is to be told of a stream that nghttp2 has closed before its end. */
static void stream_cut(struct h2_client_stream *stream, uint32_t code)
{
    const bool wants_http1 = stream->is.reset && code == NGHTTP2_HTTP_1_1_REQUIRED;
    const bool broken = !stream->is.reset && stream->sent && code != NGHTTP2_REFUSED_STREAM;
    const bool undone = !stream->sent || code == NGHTTP2_REFUSED_STREAM || wants_http1;

    stream->refused = !stream->heard && undone; /* [RFC 9113 §8.7] */
    stream->wants_http1 = stream->refused && (wants_http1 || stream->client->wants_http1);
    if (stream->refused)
        stream->error = STET_PROXY_ERROR_CONNECTION_TERMINATED;
    else
        stream->error = broken ? STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR
                               : STET_PROXY_ERROR_HTTP_RESPONSE_INCOMPLETE;
    h2_client_stream_end(stream, broken ? CLIENT_MALFORMED : CLIENT_TRUNCATED, &no_trailers);
}

static int stream_closed(nghttp2_session *session, int32_t id, uint32_t code, void *owner)
{
    struct h2_client_stream *stream = nghttp2_session_get_stream_user_data(session, id);

    (void)owner;
    if (!stream)
        return 0;
    if (!stream->is.over && !stream->is.whole)
        stream_cut(stream, code);
    h2_client_stream_close(stream);
    return 0;
}

void h2_client_hear(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_chunk);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, begin_frame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_received);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, frame_invalid);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
}
