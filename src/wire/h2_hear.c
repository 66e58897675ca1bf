/* The hearing half of the HTTP/2 codec: frames become requests and their content.
 *
 *     HEADERS [CONTINUATION]* --> begin_headers, header*, frame  --> service->request
 *     DATA*                   --> chunk*, frame                  --> service->content, ->end
 *     HEADERS                 --> (trailers)                     --> service->end
 *     RST_STREAM, our answer  --> stream_close                   --> service->done
 *
 * Content that the service does not take is held here; it is no more than the stream's window,
 * which opens again only when the service has taken it [RFC 9113 §5.2.2]. The connection's window
 * opens as well only then, so a client can make us hold no more than that, whatever it opens. The
 * octets of a tunnel wait in the same place until there is one.
 *
 * Given up: trailers behind content that is held. They are let go, as they may [RFC 9110 §6.5.1].
 */
#include "wire/h2_parts.h"

#include "base/check.h"
#include "base/memory.h"

/* The most of a request's first line that logs are told. */
#define H2_LINE_MAX 2048

static struct h2_stream *hear_stream(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

/* ---- content ---- */

/* The service still wants the content. */
static bool content_is_heard(const struct h2_stream *stream)
{
    const struct h2_sending *sending = &stream->sending;
    return stream->open && (!sending->answered || sending->duplex || sending->tunnel);
}

/* Octets were taken, or dropped: the client may send as many again. Some clients read no answer
 * before all their content is out, so what nobody wants is let in as well, within a limit. */
static void content_consume(struct h2 *h2, struct h2_stream *stream, size_t size)
{
    struct h2_content *content = &stream->content;

    nghttp2_session_consume_connection(h2->session, size);
    if (!content_is_heard(stream))
        content->drained += size;
    content->unwanted |= content->drained > h2->codec.limits->h2_drain_size;
    if (!content->unwanted)
        nghttp2_session_consume_stream(h2->session, stream->id, size);
    else if (stream->sending.ended && !content->whole)
        h2_stream_reset(h2, stream, NGHTTP2_NO_ERROR);
}

/* Hands octets to the service, or nobody. */
static void content_hand(struct h2 *h2, struct h2_stream *stream, struct stet_span bytes)
{
    const struct codec_owner *owner = h2->codec.owner;

    if (content_is_heard(stream)) {
        const bool more = owner->service->content(owner->service_owner, &stream->stream, bytes);
        stream->content.paused = !more && content_is_heard(stream);
    }
    content_consume(h2, stream, bytes.len);
}

/* Keeps octets for later. False when memory is out. */
static bool content_keep(struct h2_stream *stream, struct stet_span bytes)
{
    struct h2_content *content = &stream->content;
    const size_t need = content->size + bytes.len;

    if (need > content->room) {
        size_t room = content->room ? content->room : 4096;
        while (room < need)
            room *= 2;
        char *held = memory_grow(content->held, room);
        if (!held)
            return false;
        content->held = held;
        content->room = (uint32_t)room;
    }
    memcpy(content->held + content->size, bytes.at, bytes.len);
    content->size = (uint32_t)need;
    return true;
}

static void content_drop_held(struct h2_stream *stream)
{
    memory_free(stream->content.held);
    stream->content.held = NULL;
    stream->content.size = stream->content.room = 0;
}

/* The content has ended, and the service has all of it. */
static void content_tell_end(struct h2 *h2, struct h2_stream *stream,
                             const struct stet_head *trailers)
{
    const struct codec_owner *owner = h2->codec.owner;

    if (stream->content.told)
        return;
    stream->content.told = true;
    if (content_is_heard(stream))
        owner->service->end(owner->service_owner, &stream->stream, trailers);
}

/* A tunnel that is asked for has no content: what comes is the tunnel's. */
static bool content_must_wait(const struct h2_stream *stream)
{
    const bool early = (stream->method == STET_METHOD_CONNECT || stream->extended) &&
                       !stream->sending.answered && stream->open;
    return early || stream->content.held || (stream->content.paused && content_is_heard(stream));
}

static void content_end(struct h2 *h2, struct h2_stream *stream, const struct stet_head *trailers)
{
    stream->content.whole = true;
    if (!content_must_wait(stream))
        content_tell_end(h2, stream, trailers);
}

static void content_deliver(struct h2 *h2, struct h2_stream *stream)
{
    static const struct stet_head none = {0};
    struct h2_content *content = &stream->content;

    if (content->paused && content_is_heard(stream))
        return;
    if (content->held) {
        char *held = content->held;
        const struct stet_span bytes = stet_span(held, content->size);
        content->held = NULL;
        content->size = content->room = 0;
        content_hand(h2, stream, bytes);
        memory_free(held);
    }
    if (content->whole && !content->paused)
        content_tell_end(h2, stream, &none);
}

void h2_deliver(struct h2 *h2)
{
    struct h2_stream *next;

    h2->is.due = false;
    for (struct h2_stream *stream = h2->streams; stream; stream = next) {
        next = stream->next;
        const bool tunnel_comes = (stream->method == STET_METHOD_CONNECT || stream->extended) &&
                                  !stream->sending.answered;
        if (!tunnel_comes &&
            (stream->content.held || (stream->content.whole && !stream->content.told)))
            content_deliver(h2, stream);
    }
}

static int hear_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                     size_t size, void *owner)
{
    struct h2 *h2 = owner;
    struct h2_stream *stream = hear_stream(session, id);
    const struct stet_span bytes = stet_span((const char *)data, size);

    (void)flags;
    if (!stream) {
        nghttp2_session_consume_connection(session, size);
        return 0;
    }
    h2_guard_content(h2);
    stream->content.came += size;
    if (!content_must_wait(stream)) {
        content_hand(h2, stream, bytes);
        return 0;
    }
    if (content_keep(stream, bytes))
        return 0;
    nghttp2_session_consume_connection(session, size + stream->content.size);
    content_drop_held(stream);
    h2_stream_reset(h2, stream, NGHTTP2_INTERNAL_ERROR);
    return 0;
}

/* ---- heads ---- */

void h2_continue(struct h2 *h2, struct h2_stream *stream)
{
    (void)h2;
    if (stream->expects_continue && stream->open && !stream->sending.answered)
        h2_interim(&stream->stream, 100, STET_SPAN_NONE);
}

static int hear_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct h2 *h2 = owner;
    const bool request = frame->headers.cat == NGHTTP2_HCAT_REQUEST;

    h2_head_begin(h2->kit->head, !request);
    h2->is.reading = true;
    if (!request)
        return 0;
    struct h2_stream *stream = h2_stream_open(h2, frame->hd.stream_id);
    if (!stream)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    nghttp2_session_set_stream_user_data(session, stream->id, stream);
    return 0;
}

static int hear_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                       nghttp2_rcbuf *value, uint8_t flags, void *owner)
{
    struct h2 *h2 = owner;
    (void)session, (void)frame, (void)flags;

    if (h2_head_add(h2->kit->head, h2->codec.limits, name, value) == H2_HEAD_GOES)
        return 0;
    h2_part(h2, NGHTTP2_ENHANCE_YOUR_CALM);
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static struct stet_span hear_line(const struct h2_head *head, char room[H2_LINE_MAX])
{
    return stet_span(room, h2_head_line(head, room, H2_LINE_MAX));
}

/* Off the rules of HTTP/2: nghttp2 resets the stream, or ends the connection. */
static int hear_invalid_frame(nghttp2_session *session, const nghttp2_frame *frame, int error,
                              void *owner)
{
    struct h2 *h2 = owner;
    const struct codec_owner *codec_owner = h2->codec.owner;
    struct h2_stream *stream = hear_stream(session, frame->hd.stream_id);
    struct h2_stream nobody = {.stream = {.codec = &h2->codec, .protocol = "HTTP/2.0"}};
    char line[H2_LINE_MAX];
    struct stet_span said = STET_SPAN_NONE;
    (void)error;

    if (frame->hd.type == NGHTTP2_HEADERS && h2->is.reading) {
        said = hear_line(h2->kit->head, line);
        h2_head_fini(h2->kit->head);
        h2->is.reading = false;
    }
    codec_owner->service->refused(codec_owner->service_owner,
                                  stream ? &stream->stream : &nobody.stream, 400, said);
    return 0;
}

/* nghttp2 would leave such a field out; who sent it may mean it for somebody behind us. */
static int hear_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                               const uint8_t *name, size_t name_size, const uint8_t *value,
                               size_t value_size, uint8_t flags, void *owner)
{
    (void)name, (void)name_size, (void)value, (void)value_size, (void)flags;
    hear_invalid_frame(session, frame, NGHTTP2_ERR_HTTP_HEADER, owner);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void hear_refuse(struct h2 *h2, struct h2_stream *stream, int status)
{
    char line[H2_LINE_MAX];
    stream->method = (uint8_t)stet_method_of(h2->kit->head->request.method_name);
    h2_refuse(h2, stream, status, hear_line(h2->kit->head, line));
}

/* Malformed: a stream error [RFC 9113 §8.1.1]. */
static void hear_malformed(struct h2 *h2, struct h2_stream *stream)
{
    const struct codec_owner *owner = h2->codec.owner;
    char line[H2_LINE_MAX];

    owner->service->refused(owner->service_owner, &stream->stream, 400,
                            hear_line(h2->kit->head, line));
    h2_stream_reset(h2, stream, NGHTTP2_PROTOCOL_ERROR);
}

static void hear_request(struct h2 *h2, struct h2_stream *stream, bool content)
{
    const struct codec_owner *owner = h2->codec.owner;
    struct h2_head *head = h2->kit->head;

    stream->stream.number = ++h2->codec.begun;
    stream->method = (uint8_t)head->request.method;
    stream->extended = head->protocol.len > 0;
    stream->open = true;
    h2_priority_ask(h2, stream, &head->request.head);
    stream->expects_continue = head->expects_continue && content;
    stream->content.whole = stream->content.told = !content;
    const bool tunnel = stream->extended || stream->method == STET_METHOD_CONNECT;
    if (tunnel)
        stream->content.told = false; /* of the tunnel */
    if (h2->codec.begun >= h2->codec.limits->requests_per_connection)
        h2_leave(h2);
    owner->service->request(owner->service_owner, &stream->stream, &head->request,
                            content && !tunnel);
    if (content && !stream->content.paused)
        h2_continue(h2, stream);
}

static void hear_head(struct h2 *h2, struct h2_stream *stream, const nghttp2_frame *frame)
{
    struct h2_head *head = h2->kit->head;
    const bool content = !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    const int verdict = h2_head_check(head, h2->codec.owner->scheme, h2->codec.begun);

    stream->content.whole = !content;
    if (verdict == H2_HEAD_GOES)
        hear_request(h2, stream, content);
    else if (verdict == H2_HEAD_MALFORMED)
        hear_malformed(h2, stream);
    else if (verdict == H2_HEAD_NO_MEMORY)
        h2_stream_reset(h2, stream, NGHTTP2_INTERNAL_ERROR);
    else
        hear_refuse(h2, stream, verdict);
}

static void hear_trailers(struct h2 *h2, struct h2_stream *stream)
{
    struct h2_head *head = h2->kit->head;
    const int verdict = h2_head_check(head, h2->codec.owner->scheme, 0);

    if (verdict == H2_HEAD_GOES)
        content_end(h2, stream, &head->request.head);
    else
        h2_refuse(h2, stream, verdict, STET_SPAN_NONE);
}

static void hear_headers(struct h2 *h2, struct h2_stream *stream, const nghttp2_frame *frame)
{
    h2->is.reading = false;
    if (stream)
        h2_guard_asked(h2);
    if (stream && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        hear_head(h2, stream, frame);
    else if (stream && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        hear_trailers(h2, stream);
    h2_head_fini(h2->kit->head);
}

/* ---- frames ---- */

static int hear_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *frame, void *owner)
{
    struct h2 *h2 = owner;
    (void)session;

    if (frame->type != NGHTTP2_CONTINUATION)
        h2->is.reading = false; /* also of a head that was malformed */
    return 0;
}

/* Why the connection must end, if it must: one reset too many, or an update of the priority of no
 * stream, which nghttp2 passes over [RFC 9218 §7.1]. */
static uint32_t frame_fault(struct h2 *h2, const nghttp2_frame *frame)
{
    const nghttp2_ext_priority_update *update = frame->ext.payload;

    if (frame->hd.type == NGHTTP2_RST_STREAM && !h2_guard_reset(h2))
        return NGHTTP2_ENHANCE_YOUR_CALM;
    if (frame->hd.type == NGHTTP2_PRIORITY_UPDATE && update->stream_id == 0)
        return NGHTTP2_PROTOCOL_ERROR;
    return NGHTTP2_NO_ERROR;
}

static int hear_frame(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    static const struct stet_head none = {0};
    struct h2 *h2 = owner;
    struct h2_stream *stream = hear_stream(session, frame->hd.stream_id);

    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        hear_headers(h2, stream, frame);
        break;
    case NGHTTP2_DATA:
        if (stream && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
            content_end(h2, stream, &none);
        break;
    case NGHTTP2_SETTINGS:
        h2->is.greeted = true;
        break;
    case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) && h2->is.draining)
            h2_leave(h2);
        break;
    case NGHTTP2_PRIORITY_UPDATE:
        h2_priority_update(h2, frame->ext.payload);
        break;
    default:
        break;
    }
    const uint32_t fault = frame_fault(h2, frame);
    if (fault != NGHTTP2_NO_ERROR) {
        h2_part(h2, fault);
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return h2->is.broken ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int hear_close(nghttp2_session *session, int32_t id, uint32_t error, void *owner)
{
    struct h2 *h2 = owner;
    struct h2_stream *stream = hear_stream(session, id);

    if (!stream)
        return 0;
    if (error == NGHTTP2_NO_ERROR && stream->sending.ended)
        h2_guard_answered(h2);
    nghttp2_session_set_stream_user_data(session, id, NULL);
    h2_stream_close(h2, stream);
    return 0;
}

void h2_hear(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, hear_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, hear_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, hear_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, hear_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, hear_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, hear_frame);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, hear_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, hear_close);
}
