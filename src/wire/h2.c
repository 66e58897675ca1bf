/* A connection of HTTP/2: its streams, its beginning, and the ways it ends [RFC 9113].
 *
 *     feed --> nghttp2 --callbacks (h2_hear.c)--> service        request, content, end
 *                 ^ submit                            |
 *                 +------- h2_answer.c <-- reply -----+
 *     take <-- nghttp2 --callbacks (h2_speak.c)--> outbox
 *
 * Framing, compression, windows and the order of what is sent are nghttp2's. Ours is what a stream
 * means, what a client may make us hold or do, and the end. feed writes nothing: whatever is to be
 * sent leaves with the next take, so that all frames of a turn go in one write, and never before
 * what a full socket has left over.
 *
 * The end: `h2_leave` is the last GOAWAY of a graceful one, streams that are open go on; `h2_part`
 * is for clients that break the rules past what nghttp2 answers by itself, all streams are over.
 * Then the codec is over, and the connection closes in stages. In a drain a first GOAWAY says only
 * that the end is near; the last one follows when the client has answered a PING sent behind it,
 * and so has nothing on the way that it would lose [RFC 9113 §6.8].
 */
#include "wire/h2.h"

#include "base/memory.h"
#include "wire/h2_parts.h"

/* ---- streams ---- */

struct h2_stream *h2_stream_open(struct h2 *h2, int32_t id)
{
    struct h2_stream *stream = h2_kit_stream(h2->kit);

    if (!stream)
        return NULL;
    stream->stream = (struct stream){.codec = &h2->codec, .protocol = "HTTP/2.0"};
    stream->id = id;
    stream->priority.asked = STET_PRIORITY_DEFAULT;
    stream->link = &h2->streams;
    stream->next = h2->streams;
    if (stream->next)
        stream->next->link = &stream->next;
    h2->streams = stream;
    return stream;
}

void h2_stream_done(struct h2 *h2, struct h2_stream *stream)
{
    const struct h2_sending *sending = &stream->sending;
    const struct stream_outcome outcome = {
        .status = sending->status,
        .content_sent = sending->sent,
        .complete = sending->ended && !sending->broken,
    };

    if (!stream->open)
        return;
    stream->open = false;
    h2->codec.owner->service->done(h2->codec.owner->service_owner, &stream->stream,
                                   sending->answered ? &outcome : NULL);
}

void h2_stream_close(struct h2 *h2, struct h2_stream *stream)
{
    *stream->link = stream->next;
    if (stream->next)
        stream->next->link = stream->link;
    h2_sending_drop(stream);
    h2_stream_done(h2, stream);
    if (stream->content.held)
        nghttp2_session_consume_connection(h2->session, stream->content.size);
    memory_free(stream->content.held);
    h2_kit_recycle(h2->kit, stream);
}

static void h2_streams_close(struct h2 *h2)
{
    while (h2->streams) {
        struct h2_stream *stream = h2->streams;
        nghttp2_session_set_stream_user_data(h2->session, stream->id, NULL);
        h2_stream_close(h2, stream);
    }
}

void h2_stream_reset(struct h2 *h2, struct h2_stream *stream, uint32_t code)
{
    if (nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, stream->id, code) != 0)
        h2_break(h2);
    h2_wake(h2);
}

/* ---- ends ---- */

void h2_break(struct h2 *h2)
{
    h2->is.over = h2->is.broken = true;
    h2_wake(h2);
}

void h2_part(struct h2 *h2, uint32_t code)
{
    if (h2->is.over)
        return;
    h2->farewell = code;
    h2->is.over = h2->is.parted = true;
}

void h2_leave(struct h2 *h2)
{
    const int32_t last = nghttp2_session_get_last_proc_stream_id(h2->session);

    if (h2->is.over || h2->is.parting)
        return;
    h2->is.parting = true;
    if (nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0) != 0)
        h2_break(h2);
    h2_wake(h2);
}

void h2_wake(struct h2 *h2)
{
    if (!h2->out)
        h2->codec.owner->wake(h2->codec.owner);
}

void h2_settle(struct h2 *h2)
{
    if (!h2->is.over && !nghttp2_session_want_read(h2->session) &&
        !nghttp2_session_want_write(h2->session))
        h2->is.over = true;
    if (h2->is.over)
        h2_streams_close(h2);
}

/* ---- what a connection asks ---- */

/* A head that is not whole stays with us: the next connection reads into the same room. */
static void h2_keep_head(struct h2 *h2)
{
    struct h2_head *scratch = h2->kit->head;

    if (!h2->is.reading || h2->is.over) {
        h2_head_fini(scratch);
        return;
    }
    h2->head = memory_new(sizeof *h2->head);
    if (h2->head) {
        memcpy(h2->head, scratch, sizeof *scratch);
        scratch->lent_count = 0;
        scratch->cookie = NULL;
    } else {
        h2_head_fini(scratch);
        h2_break(h2);
    }
}

static void h2_drop_head(struct h2 *h2)
{
    if (h2->head)
        h2_head_fini(h2->head);
    memory_free(h2->head);
    h2->head = NULL;
}

static void h2_restore_head(struct h2 *h2)
{
    if (!h2->head)
        return;
    memcpy(h2->kit->head, h2->head, sizeof *h2->head);
    h2->head->lent_count = 0;
    h2->head->cookie = NULL;
    h2_drop_head(h2);
}

static size_t h2_feed(struct codec *codec, const char *bytes, size_t size, struct outbox *out)
{
    struct h2 *h2 = h2_of(codec);

    if (h2->is.over)
        return size; /* thrown away, so that closing does not reset what was sent */
    h2->out = out;
    h2_restore_head(h2);
    const uint32_t fault = h2_guard_read(h2, bytes, size);
    ssize_t got = NGHTTP2_ERR_FLOODED;
    if (fault != NGHTTP2_NO_ERROR)
        h2_part(h2, fault);
    else
        got = nghttp2_session_mem_recv(h2->session, (const uint8_t *)(const void *)bytes, size);
    if (got == NGHTTP2_ERR_NOMEM)
        h2_break(h2);
    else if (got == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
        h2_part(h2, NGHTTP2_PROTOCOL_ERROR);
    else if (got < 0) /* our own refusals have said why before; else it is a flood */
        h2_part(h2, NGHTTP2_ENHANCE_YOUR_CALM);
    h2_keep_head(h2);
    h2_settle(h2);
    h2->out = NULL;
    return size;
}

static void h2_ended(struct codec *codec)
{
    struct h2 *h2 = h2_of(codec);

    h2->is.ended = true;
    if (!h2->is.greeted) {
        h2->is.over = true;
        h2_settle(h2);
        return;
    }
    for (struct h2_stream *stream = h2->streams; stream; stream = stream->next)
        if (!stream->content.whole)
            h2_stream_reset(h2, stream, NGHTTP2_CANCEL); /* it will never be [RFC 9113 §8.1] */
    h2_leave(h2);
}

static bool h2_wants_feed(const struct codec *codec)
{
    const struct h2 *h2 = (const struct h2 *)(const void *)codec;
    return !h2->is.broken;
}

/* What comes to a tunnel that is asked for is not what its answer waits for. */
static bool h2_stream_wants_content(const struct h2_stream *stream)
{
    return !stream->content.whole && !stream->content.paused && !stream->extended &&
           stream->method != STET_METHOD_CONNECT;
}

enum codec_wait h2_stream_waits(const struct h2_stream *stream)
{
    const struct h2_sending *sending = &stream->sending;

    if (!sending->answered)
        return h2_stream_wants_content(stream) ? CODEC_CONTENT : CODEC_ANSWER;
    if (sending->ended && !sending->tunnel)
        return CODEC_CONTENT; /* which is thrown away */
    if (h2_content_due(stream) && !sending->waits)
        return CODEC_SENDING;
    return sending->tunnel ? CODEC_TUNNEL : CODEC_ANSWER;
}

/* The first of these that some stream waits for is what the connection does. */
static enum codec_wait h2_streams_wait(const struct h2 *h2)
{
    static const enum codec_wait order[] = {CODEC_CONTENT, CODEC_SENDING, CODEC_ANSWER,
                                            CODEC_TUNNEL};
    unsigned seen = 0;

    for (const struct h2_stream *stream = h2->streams; stream; stream = stream->next)
        seen |= 1u << h2_stream_waits(stream);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (seen & 1u << order[i])
            return order[i];
    return CODEC_IDLE;
}

static enum codec_wait h2_waits(const struct codec *codec)
{
    const struct h2 *h2 = (const struct h2 *)(const void *)codec;

    if (h2->is.broken)
        return CODEC_BROKEN;
    if (h2->is.over)
        return CODEC_OVER;
    if (!h2->is.greeted || h2->is.reading)
        return CODEC_HEAD;
    const enum codec_wait wait = h2_streams_wait(h2);
    if (wait == CODEC_IDLE && h2->is.draining && !h2->is.parting)
        return CODEC_HEAD; /* for the answer to our PING */
    return wait;
}

static void h2_expired(struct codec *codec, struct outbox *out)
{
    struct h2 *h2 = h2_of(codec);

    h2->out = out;
    if (h2->is.greeted && !h2->is.reading)
        h2_leave(h2); /* no answer to our PING */
    else
        h2_part(h2, NGHTTP2_ENHANCE_YOUR_CALM);
    h2_settle(h2);
    h2->out = NULL;
}

static void h2_drain(struct codec *codec)
{
    struct h2 *h2 = h2_of(codec);

    if (h2->is.over || h2->is.draining || h2->is.parting)
        return;
    h2->is.draining = true;
    if (nghttp2_submit_shutdown_notice(h2->session) != 0)
        h2_break(h2);
    h2_wake(h2);
}

static void h2_free(struct codec *codec)
{
    struct h2 *h2 = h2_of(codec);

    h2->is.over = true;
    h2_streams_close(h2);
    h2_drop_head(h2);
    chunk_unref(h2->lent.chunk);
    h2_heap_fini(&h2->heap);
    memory_free(h2);
}

/* ---- what a service does with a stream ---- */

static void h2_hold(struct stream *stream)
{
    struct h2_stream *of = h2_stream_of(stream);
    of->content.paused = !of->content.told && !of->sending.answered;
}

static void h2_resume(struct stream *stream)
{
    struct h2 *h2 = h2_of(stream->codec);
    struct h2_stream *of = h2_stream_of(stream);

    of->content.paused = false;
    h2->is.due = true;
    if (!of->content.whole)
        h2_continue(h2, of);
    h2_wake(h2);
}

static const struct codec_ops h2_ops = {
    .feed = h2_feed,
    .take = h2_take,
    .took = h2_took,
    .ended = h2_ended,
    .wants_feed = h2_wants_feed,
    .waits = h2_waits,
    .wants_take = h2_wants_take,
    .expired = h2_expired,
    .due = h2_due,
    .late = h2_late,
    .drain = h2_drain,
    .fini = h2_free,
    .interim = h2_interim,
    .reply = h2_reply,
    .hold = h2_hold,
    .resume = h2_resume,
    .wake = h2_body_wake,
};

/* ---- the beginning ---- */

/* Our SETTINGS, and a window for all streams together [RFC 9113 §6.5.2, §6.9.2, RFC 8441 §3,
 * RFC 9218 §2.1]. */
static bool h2_greet(struct h2 *h2)
{
    const struct limits *limits = h2->codec.limits;
    const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)limits->h2_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t)limits->h2_stream_window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)limits->head_size},
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };

    return nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, entries,
                                   sizeof entries / sizeof *entries) == 0 &&
           nghttp2_session_set_local_window_size(h2->session, NGHTTP2_FLAG_NONE, 0,
                                                 (int32_t)limits->h2_connection_window) == 0;
}

struct codec *h2_new(struct codec_owner *owner, struct h2_kit *kit)
{
    struct h2 *h2 = memory_new_zero(sizeof *h2);

    if (!h2)
        return NULL;
    h2->codec = (struct codec){.ops = &h2_ops, .owner = owner, .limits = kit->limits};
    h2->kit = kit;
    h2->meter.skip = H2_PREFACE_SIZE;
    h2->resets = (int64_t)kit->limits->h2_resets;
    h2->idle_frames = (int64_t)kit->limits->h2_idle_frames;
    h2_heap_init(&h2->heap);
    if (nghttp2_session_server_new3(&h2->session, kit->callbacks, h2, kit->option,
                                    &h2->heap.functions) == 0 &&
        h2_greet(h2))
        return &h2->codec;
    h2_heap_fini(&h2->heap);
    memory_free(h2);
    return NULL;
}
