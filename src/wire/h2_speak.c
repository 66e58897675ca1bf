/* The speaking half of the HTTP/2 codec: what nghttp2 has to send goes into the outbox.
 *
 *     nghttp2_session_mem_send --> [ HEADERS ][ SETTINGS ] ... copied  --> outbox.text
 *                 \-- h2_read, send_data --> [ DATA | content ] copied --> outbox.text
 *                                            [ DATA ]  and the content --> outbox.tail, lent
 *
 * Frames of content are at most 16 KiB, so a write for each would cost more than a copy: as long as
 * the outbox has room and not too much was copied, content is copied behind its frame's head; the
 * last frame of a write is lent where it is part of a chunk. What a body reads is read right into
 * its place. A frame whose content was lent goes on before all else, even when its stream is over
 * by then: its length was said. So the codec keeps the chunk until all of it went.
 *
 * nghttp2 decides whose turn it is, by urgency and then in turn or in order [RFC 9218 §10].
 *
 * Given up: lending what bodies show. It may change before the socket takes it, and a frame once
 * begun cannot be taken back.
 */
#include "wire/h2_parts.h"

#include "base/check.h"

enum {
    H2_COPY_MAX = 65536, /* octets of content copied for one write */
    H2_READ_LEAST = 1024 /* room below which a write ends, rather than the frame is cut */
};

/* ---- content ---- */

/* Puts off the frame until there is room. */
static bool read_must_pause(const struct h2 *h2)
{
    const struct outbox *out = h2->out;
    return out->tail.len || out->size - out->used < H2_FRAME_HEAD + H2_READ_LEAST;
}

static ssize_t read_chunk(struct h2 *h2, struct h2_stream *stream, size_t length, uint32_t *flags)
{
    const size_t room = h2->out->size - h2->out->used - H2_FRAME_HEAD;
    const size_t part = stream->sending.left < length ? (size_t)stream->sending.left : length;

    h2->lend = part > room || h2->copied + part > H2_COPY_MAX;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (part == stream->sending.left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)part;
}

/* Behind the end: fields that were known only now. */
static void read_trailers(struct h2 *h2, struct h2_stream *stream, uint32_t *flags)
{
    struct body *body = stream->sending.body;
    struct stet_span trailers = STET_SPAN_NONE;

    if (body->ops->trailers && !stream->sending.tunnel)
        trailers = body->ops->trailers(body);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (trailers.len == 0)
        return;
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    h2_trailers(h2, stream, trailers);
}

static ssize_t read_broken(struct h2_stream *stream)
{
    stream->sending.broken = true;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* RST_STREAM with INTERNAL_ERROR */
}

static ssize_t read_body(struct h2 *h2, struct h2_stream *stream, size_t length, uint32_t *flags)
{
    struct h2_sending *sending = &stream->sending;
    struct outbox *out = h2->out;
    struct stet_span bytes = STET_SPAN_NONE;
    size_t room = out->size - out->used - H2_FRAME_HEAD;

    if (room > length)
        room = length;
    if (room > sending->left)
        room = (size_t)sending->left;
    switch (sending->body->ops->peek(sending->body, out->text + out->used + H2_FRAME_HEAD, room,
                                     &bytes)) {
    case BODY_BYTES:
        CHECK(bytes.len > 0);
        break;
    case BODY_END:
        if (sending->left != UINT64_MAX)
            return read_broken(stream); /* shorter than its Content-Length said */
        read_trailers(h2, stream, flags);
        return 0;
    case BODY_WAIT:
        sending->waits = true;
        return NGHTTP2_ERR_DEFERRED;
    default:
        return read_broken(stream);
    }
    if (bytes.len > room)
        bytes.len = room;
    h2->peeked = bytes.at;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (bytes.len == sending->left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)bytes.len;
}

ssize_t h2_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t length, uint32_t *flags,
                nghttp2_data_source *source, void *owner)
{
    struct h2 *h2 = owner;
    struct h2_stream *stream = source->ptr;
    (void)session, (void)id, (void)to;

    if (read_must_pause(h2))
        return NGHTTP2_ERR_PAUSE;
    h2_guard_sent(h2, length);
    h2->lend = false;
    return stream->sending.chunk ? read_chunk(h2, stream, length, flags)
                                 : read_body(h2, stream, length, flags);
}

static int speak_chunk(struct h2 *h2, struct h2_stream *stream, size_t length)
{
    struct outbox *out = h2->out;
    struct chunk *chunk = stream->sending.chunk;
    const char *bytes = chunk->bytes + stream->sending.from;

    stream->sending.from += length;
    if (!h2->lend) {
        memcpy(out->text + out->used, bytes, length);
        out->used += length;
        h2->copied += length;
        return 0;
    }
    h2->lent = (struct h2_lent){chunk_ref(chunk), bytes, length};
    out->tail = stet_span(bytes, length);
    out->steady = chunk->steady;
    return NGHTTP2_ERR_PAUSE;
}

static int speak_body(struct h2 *h2, struct h2_stream *stream, size_t length)
{
    struct outbox *out = h2->out;

    if (h2->peeked != out->text + out->used)
        memcpy(out->text + out->used, h2->peeked, length);
    out->used += length;
    h2->copied += length;
    stream->sending.body->ops->skip(stream->sending.body, length);
    return 0;
}

/* A frame of content as h2_read has promised it. */
static int speak_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                      size_t length, nghttp2_data_source *source, void *owner)
{
    struct h2 *h2 = owner;
    struct h2_stream *stream = source->ptr;
    struct outbox *out = h2->out;
    (void)session, (void)frame;

    memcpy(out->text + out->used, head, H2_FRAME_HEAD);
    out->used += H2_FRAME_HEAD;
    stream->sending.sent += length;
    if (stream->sending.left != UINT64_MAX)
        stream->sending.left -= length;
    return stream->sending.chunk ? speak_chunk(h2, stream, length) : speak_body(h2, stream, length);
}

/* ---- frames ---- */

/* The answer is out. What is to come of the request's content nobody wants; but a client that is
 * told so at once may think that its request has failed [RFC 9113 §8.1]. */
static void speak_end(struct h2 *h2, struct h2_stream *stream)
{
    stream->sending.ended = true;
    h2_sending_drop(stream);
    if (stream->content.whole || stream->sending.tunnel) /* which has two sides */
        return;
    h2_stream_done(h2, stream);
    if (stream->content.unwanted)
        h2_stream_reset(h2, stream, NGHTTP2_NO_ERROR);
}

static int speak_frame(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct h2 *h2 = owner;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    if (frame->hd.type == NGHTTP2_RST_STREAM)
        return frame->rst_stream.error_code == NGHTTP2_NO_ERROR ||
                       frame->rst_stream.error_code == NGHTTP2_INTERNAL_ERROR || h2_guard_reset(h2)
                   ? 0
                   : NGHTTP2_ERR_CALLBACK_FAILURE;
    if (frame->hd.type == NGHTTP2_GOAWAY && h2->is.draining && !h2->is.parting &&
        nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, NULL) != 0)
        h2_break(h2);
    if (stream && (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        speak_end(h2, stream);
    return 0;
}

/* A head that is too large for nghttp2, or a stream that is over. */
static int speak_nothing(nghttp2_session *session, const nghttp2_frame *frame, int error,
                         void *owner)
{
    struct h2 *h2 = owner;
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    (void)error;

    if (!stream || frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    stream->sending.broken = true;
    h2_stream_reset(h2, stream, NGHTTP2_INTERNAL_ERROR);
    return 0;
}

void h2_speak(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_send_data_callback(callbacks, speak_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, speak_frame);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, speak_nothing);
}

/* ---- the outbox ---- */

/* The GOAWAY of a connection that nghttp2 has given up [RFC 9113 §6.8]. */
static void speak_farewell(struct h2 *h2, struct outbox *out)
{
    const uint32_t last = (uint32_t)nghttp2_session_get_last_proc_stream_id(h2->session);
    const uint32_t code = h2->farewell;
    const unsigned char frame[17] = {0,
                                     0,
                                     8,
                                     NGHTTP2_GOAWAY,
                                     0,
                                     0,
                                     0,
                                     0,
                                     0,
                                     (unsigned char)(last >> 24),
                                     (unsigned char)(last >> 16),
                                     (unsigned char)(last >> 8),
                                     (unsigned char)last,
                                     (unsigned char)(code >> 24),
                                     (unsigned char)(code >> 16),
                                     (unsigned char)(code >> 8),
                                     (unsigned char)code};

    if (out->size - out->used < sizeof frame)
        return;
    memcpy(out->text + out->used, frame, sizeof frame);
    out->used += sizeof frame;
    h2->is.parted = false;
}

/* What did not fit the last time. */
static void speak_pending(struct h2 *h2, struct outbox *out)
{
    const size_t room = out->size - out->used;
    const size_t part = h2->pending.len < room ? h2->pending.len : room;

    memcpy(out->text + out->used, h2->pending.at, part);
    out->used += part;
    h2->pending = stet_span_from(h2->pending, part);
}

/* The next frames of nghttp2. False when there are none for now, or no room. */
static bool speak_next(struct h2 *h2, struct outbox *out)
{
    const uint8_t *bytes;
    const ssize_t size = nghttp2_session_mem_send(h2->session, &bytes);

    if (size == NGHTTP2_ERR_NOMEM)
        h2_break(h2);
    else if (size < 0)
        h2_part(h2, NGHTTP2_ENHANCE_YOUR_CALM);
    if (size <= 0)
        return false;
    h2->pending = stet_span((const char *)bytes, (size_t)size);
    speak_pending(h2, out);
    return h2->pending.len == 0;
}

bool h2_take(struct codec *codec, struct outbox *out)
{
    struct h2 *h2 = h2_of(codec);
    const size_t used = out->used;

    if (h2->lent.left) {
        out->tail = stet_span(h2->lent.at, h2->lent.left);
        out->steady = h2->lent.chunk->steady;
        return true;
    }
    h2->out = out;
    h2->copied = 0;
    if (h2->is.due && !h2->is.over)
        h2_deliver(h2);
    if (h2->is.late && !h2->is.over)
        h2_send_late(h2);
    if (h2->pending.len)
        speak_pending(h2, out);
    while (!h2->is.over && !h2->pending.len && out->tail.len == 0 && speak_next(h2, out))
        ;
    h2_settle(h2);
    if (h2->is.parted && !h2->is.broken && !h2->pending.len && out->tail.len == 0)
        speak_farewell(h2, out);
    h2->out = NULL;
    return out->used > used || out->tail.len;
}

void h2_took(struct codec *codec, size_t count)
{
    struct h2_lent *lent = &h2_of(codec)->lent;

    lent->at += count;
    lent->left -= count;
    if (lent->left > 0 || !lent->chunk)
        return;
    chunk_unref(lent->chunk);
    *lent = (struct h2_lent){0};
}

bool h2_wants_take(const struct codec *codec)
{
    const struct h2 *h2 = (const struct h2 *)(const void *)codec;

    if (h2->is.broken)
        return false;
    if (h2->lent.left || h2->pending.len || h2->is.parted)
        return true;
    return !h2->is.over && (h2->is.due || h2->is.late || nghttp2_session_want_write(h2->session));
}
