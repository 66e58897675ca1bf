/* The deadlines of single streams: each must move as much as a connection of HTTP/1 that carries
 * its request alone would have to.
 *
 *     content to come   limits.body_floor octets in each body_timeout    else 408, or RST_STREAM
 *     content to go     limits.send_floor octets in each send_timeout    else RST_STREAM
 *
 * So one stream that is busy does not keep others alive that stand still behind windows their
 * client never opens. A stream whose own window is open may have to wait for those before it, and
 * all may have to wait for a slow network: they are let be while the client takes that floor for
 * each stream that sends. One whose content cannot
 * come because we have not opened the connection's window is not to blame.
 *
 * The time that the service does not want content for does not count, nor does it begin the
 * client's time anew: else an octet now and then would be enough.
 *
 * Given up: the time of streams that wait for the service, or of a tunnel. Those behind it have
 * deadlines for that.
 */
#include "wire/h2_parts.h"

static const int64_t watch_ms = 1000000; /* ns */

/* Octets that it has moved the way it waits for. */
static uint64_t watch_moved(const struct h2_stream *stream, enum codec_wait wait)
{
    return wait == CODEC_CONTENT ? stream->content.came : stream->sending.sent;
}

static void watch_begin(struct h2_stream *stream, enum codec_wait wait,
                        const struct codec_pace *pace)
{
    stream->watch = (struct h2_watch){.time = pace->now,
                                      .from = watch_moved(stream, wait),
                                      .all = pace->sent,
                                      .wait = (uint8_t)wait,
                                      .runs = true};
}

/* What it waits for now; true if it has a deadline. */
static bool watch_enter(struct h2_stream *stream, const struct codec_pace *pace)
{
    const enum codec_wait wait = h2_stream_waits(stream);
    const bool runs = wait == CODEC_CONTENT || wait == CODEC_SENDING;
    struct h2_watch *watch = &stream->watch;

    if (runs && wait != watch->wait) {
        watch_begin(stream, wait, pace);
    } else if (runs != watch->runs) {
        watch->time = pace->now - watch->time; /* what is gone of it, and back */
        watch->runs = runs;
        if (watch->wait == CODEC_SENDING)
            watch->wait = CODEC_IDLE; /* the client has taken all there was */
    }
    return runs;
}

static int64_t watch_due(const struct h2 *h2, const struct h2_stream *stream)
{
    const struct limits *limits = h2->codec.limits;
    const uint64_t window =
        stream->watch.wait == CODEC_CONTENT ? limits->body_timeout : limits->send_timeout;

    return stream->watch.time + (int64_t)window * watch_ms;
}

int64_t h2_due(struct codec *codec, const struct codec_pace *pace)
{
    struct h2 *h2 = h2_of(codec);
    int64_t first = INT64_MAX;

    for (struct h2_stream *stream = h2->streams; stream; stream = stream->next) {
        const int64_t due = watch_enter(stream, pace) ? watch_due(h2, stream) : INT64_MAX;
        first = due < first ? due : first;
    }
    return first;
}

static bool watch_has_come(const struct h2 *h2, const struct h2_stream *stream)
{
    const uint64_t least = h2->codec.limits->body_floor;

    return stream->content.came - stream->watch.from >= least ||
           nghttp2_session_get_local_window_size(h2->session) < (int32_t)least;
}

/* One of `senders` that have something to send. */
static bool watch_has_gone(const struct h2 *h2, const struct h2_stream *stream, uint64_t senders,
                           const struct codec_pace *pace)
{
    const uint64_t least = h2->codec.limits->send_floor;
    const struct h2_watch *watch = &stream->watch;

    if (stream->sending.sent - watch->from >= least)
        return true;
    if (!pace->full && nghttp2_session_get_stream_remote_window_size(h2->session, stream->id) == 0)
        return false;
    return pace->sent - watch->all >= least * senders;
}

static void watch_miss(struct h2 *h2, struct h2_stream *stream)
{
    if (stream->watch.wait == CODEC_CONTENT && !stream->sending.answered)
        h2_refuse(h2, stream, 408, STET_SPAN_NONE);
    else
        h2_stream_reset(h2, stream, stream->sending.ended ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
}

void h2_late(struct codec *codec, const struct codec_pace *pace, struct outbox *out)
{
    struct h2 *h2 = h2_of(codec);
    uint64_t senders = 0;

    h2->out = out;
    for (struct h2_stream *stream = h2->streams; stream; stream = stream->next)
        senders += h2_stream_waits(stream) == CODEC_SENDING;
    for (struct h2_stream *stream = h2->streams; stream; stream = stream->next) {
        if (!watch_enter(stream, pace) || watch_due(h2, stream) > pace->now)
            continue;
        const enum codec_wait wait = stream->watch.wait;
        const bool moved = wait == CODEC_CONTENT ? watch_has_come(h2, stream)
                                                 : watch_has_gone(h2, stream, senders, pace);
        watch_begin(stream, wait, pace);
        if (moved)
            continue;
        senders -= wait == CODEC_SENDING;
        watch_miss(h2, stream);
    }
    h2_settle(h2);
    h2->out = NULL;
}
