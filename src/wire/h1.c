/* The reading half of the HTTP/1 codec: bytes become requests, one after the other.
 *
 *     HEAD --request--> CONTENT --end--> DONE --answer is out--> HEAD
 *       |                  |             | ^                      (or OVER)
 *       |                  |        TUNNEL +-- the client's end
 *       +---- refusal, "close", end of stream, drain ---> OVER
 *
 * A request is read in place from the bytes that feed is given; what the codec does not consume
 * stays with the connection and comes again. While an answer is under way nothing is read but the
 * content of its own request: pipelined requests wait in the connection, so one client never
 * holds more than one request of ours. An answer that comes before its request's content has ended
 * makes us read that content and throw it away, within a limit [RFC 9112 §9.3].
 *
 * Given up: reading a second request while the first waits. It would hide latency of origins from
 * pipelining clients, which hardly exist, at the price of a queue in each connection.
 */
#include "wire/h1.h"

#include "base/check.h"
#include "wire/h1_parts.h"

/* Room that must be free in the outbox before the next pipelined request is begun: an answer head
 * and a small content mostly fit, and what does not fit takes the slow way. */
#define H1_ROOM 8192

static bool h1_persists(const struct h1 *h1)
{
    /* [RFC 9112 §9.3] */
    return h1->framing.persistent && !h1->draining && !h1->ended &&
           h1->codec.begun < h1->codec.limits->requests_per_connection;
}

static void h1_begin(struct h1 *h1)
{
    struct h1_head *head = h1->head;
    bool content = h1->framing.content != H1_NO_CONTENT &&
                   !(h1->framing.content == H1_LENGTH && h1->framing.length == 0);

    h1->stream.number = ++h1->codec.begun;
    h1->stream.protocol = head->minor ? "HTTP/1.1" : "HTTP/1.0";
    h1->minor = (uint8_t)head->minor;
    h1->method = (uint8_t)head->request.method;
    h1->close = !h1_persists(h1);
    h1->open = true;
    h1->answered = h1->paused = false;
    h1->sending.sent = 0;
    h1->sending.continued = h1->sending.duplex = false;
    h1->drained = 0;
    h1->scanned = 0;
    h1->content_left = h1->framing.length;
    h1->chunked = (struct h1_chunked){0};
    h1->input = content ? H1_INPUT_CONTENT : H1_INPUT_DONE;
    h1->codec.owner->service->request(h1->codec.owner->service_owner, &h1->stream, &head->request,
                                      content);
    if (content && !h1->paused)
        h1_continue(h1);
}

/* What there is of the request line, without an empty line before it. */
static struct stet_span h1_line_of(const char *bytes, size_t size)
{
    struct stet_span rest = stet_span(bytes, size);
    if (stet_span_starts(rest, STET_SPAN("\r\n")))
        rest = stet_span_from(rest, 2);
    return stet_span(rest.at, stet_span_find(rest, '\n'));
}

/* Reads one head. How many octets it took; 0 when it needs more or has refused. */
static size_t h1_feed_head(struct h1 *h1, const char *bytes, size_t size)
{
    if (h1->scanned && size < h1->codec.limits->head_size &&
        !h1_head_may_end(bytes, size, h1->scanned)) {
        h1->scanned = (uint32_t)size;
        return 0;
    }
    int length = h1_request_read(bytes, size, h1->codec.limits, h1->head);
    if (length == 0) {
        h1->scanned = (uint32_t)size;
        return 0;
    }
    int verdict =
        length < 0 ? length : h1_request_check(h1->head, h1->codec.owner->scheme, &h1->framing);
    if (verdict < 0) {
        h1_refuse(h1, -verdict, h1_line_of(bytes, size));
        return 0;
    }
    h1_begin(h1);
    return (size_t)length;
}

/* The service still wants the content. */
static bool h1_is_heard(const struct h1 *h1)
{
    return h1->open && (!h1->answered || h1->sending.duplex);
}

static void h1_content_end(struct h1 *h1, const struct stet_head *trailers)
{
    h1->input = H1_INPUT_DONE;
    if (!h1->open) {
        h1->input = h1->close ? H1_INPUT_OVER : H1_INPUT_HEAD;
        return;
    }
    if (h1_is_heard(h1))
        h1->codec.owner->service->end(h1->codec.owner->service_owner, &h1->stream, trailers);
}

/* Content goes to the service, or nowhere once the answer was given (or is out, in duplex). */
static void h1_content(struct h1 *h1, struct stet_span bytes)
{
    if (h1_is_heard(h1)) {
        bool more =
            h1->codec.owner->service->content(h1->codec.owner->service_owner, &h1->stream, bytes);
        h1->paused = !more && h1_is_heard(h1);
        return;
    }
    h1->drained += bytes.len;
    if (h1->drained > h1->codec.limits->drain_size) {
        h1->close = true;
        h1->input = h1->open ? H1_INPUT_DONE : H1_INPUT_OVER;
    }
}

static size_t h1_feed_length(struct h1 *h1, const char *bytes, size_t size)
{
    static const struct stet_head none = {0};
    size_t part = size < h1->content_left ? size : (size_t)h1->content_left;

    h1->content_left -= part;
    h1_content(h1, stet_span(bytes, part));
    if (h1->content_left == 0 && h1->input == H1_INPUT_CONTENT)
        h1_content_end(h1, &none);
    return part;
}

static size_t h1_feed_trailers(struct h1 *h1, const char *bytes, size_t size)
{
    struct stet_head trailers;
    int length = h1_trailers_read(bytes, size, h1->codec.limits, h1->head->fields, &trailers);
    if (length < 0)
        h1_refuse(h1, -length, STET_SPAN_NONE);
    if (length <= 0)
        return 0;
    h1_content_end(h1, &trailers);
    return (size_t)length;
}

static size_t h1_feed_chunked(struct h1 *h1, const char *bytes, size_t size)
{
    if (h1->chunked.state == H1_CHUNK_LAST)
        return h1_feed_trailers(h1, bytes, size);
    struct stet_span input = stet_span(bytes, size), data;
    int got = h1_chunked_read(&h1->chunked, &input, &data, h1->codec.limits);
    if (got < 0)
        h1_refuse(h1, -got, STET_SPAN_NONE);
    else if (got == H1_CHUNKED_DATA)
        h1_content(h1, data);
    return size - input.len;
}

/* One step on the input. What it consumed; `*again` says whether another step makes sense. */
static size_t h1_step(struct h1 *h1, const char *bytes, size_t size, bool *again)
{
    uint8_t before = h1->input;
    enum h1_chunked_state chunked_before = h1->chunked.state;
    size_t used = 0;

    switch (h1->input) {
    case H1_INPUT_HEAD:
        used = h1_feed_head(h1, bytes, size);
        break;
    case H1_INPUT_CONTENT:
        used = h1->framing.content == H1_CHUNKED ? h1_feed_chunked(h1, bytes, size)
                                                 : h1_feed_length(h1, bytes, size);
        break;
    case H1_INPUT_TUNNEL:
        h1_tunnel_feed(h1, stet_span(bytes, size));
        used = size;
        break;
    case H1_INPUT_OVER:
        used = size; /* read and thrown away, so that closing does not reset the answer */
        break;
    default:
        break;
    }
    *again = used > 0 || h1->input != before || h1->chunked.state != chunked_before;
    return used;
}

/* What comes is handed to the service as it comes. */
static bool h1_streams(const struct h1 *h1)
{
    return h1->input == H1_INPUT_CONTENT || h1->input == H1_INPUT_TUNNEL;
}

/* May the next step begin? Answers leave in order, so an unfinished one bars the next head. */
static bool h1_may_step(const struct h1 *h1, const struct outbox *out, size_t answered)
{
    if (h1->input == H1_INPUT_DONE || (h1_streams(h1) && h1->paused))
        return false;
    if (h1->input == H1_INPUT_HEAD)
        return !h1->open && answered < h1->codec.limits->pipeline_depth &&
               out->size - out->used >= H1_ROOM && out->tail.len == 0;
    return true;
}

static size_t h1_feed(struct codec *codec, const char *bytes, size_t size, struct outbox *out)
{
    struct h1 *h1 = h1_of(codec);
    uint64_t first = h1->codec.begun;
    size_t used = 0;
    bool again = true;

    h1->out = out;
    while (again && used < size && h1_may_step(h1, out, (size_t)(h1->codec.begun - first)))
        used += h1_step(h1, bytes + used, size - used, &again);
    h1->out = NULL;
    return used;
}

static void h1_ended(struct codec *codec)
{
    struct h1 *h1 = h1_of(codec);
    h1->ended = true;
    if (h1->input == H1_INPUT_CONTENT) {
        /* A request cut short is incomplete and gets no answer [RFC 9112 §6.3, §8]. */
        h1->close = true;
        h1->input = H1_INPUT_OVER;
        if (h1->open && !h1->answered)
            h1_finish(h1);
        else if (h1_is_heard(h1))
            h1_content_break(h1); /* what it is the answer to will never be whole */
    } else if (h1->input == H1_INPUT_TUNNEL) {
        h1_tunnel_ended(h1);
    } else if (h1->input == H1_INPUT_HEAD) {
        h1->input = H1_INPUT_OVER;
    } else {
        h1->close = true;
    }
}

static bool h1_wants_feed(const struct codec *codec)
{
    const struct h1 *h1 = (const struct h1 *)(const void *)codec;
    if (h1->sending.broken)
        return false;
    if (h1_streams(h1))
        return !h1->paused;
    return !h1->open; /* else the answer goes first */
}

static enum codec_wait h1_waits(const struct codec *codec)
{
    const struct h1 *h1 = (const struct h1 *)(const void *)codec;
    if (h1->sending.broken)
        return CODEC_BROKEN;
    if (h1->input == H1_INPUT_CONTENT && !h1->paused && !(h1->answered && h1_is_heard(h1)))
        return CODEC_CONTENT;
    if (h1->open && h1->sending.tunnel)
        return h1->sending.late.bytes || h1_content_due(h1) ? CODEC_TUNNEL : CODEC_HALF;
    if (h1->open)
        return CODEC_ANSWER;
    if (h1->input == H1_INPUT_OVER)
        return CODEC_OVER;
    return h1->scanned ? CODEC_HEAD : CODEC_IDLE;
}

static void h1_expired(struct codec *codec, struct outbox *out)
{
    struct h1 *h1 = h1_of(codec);
    h1->out = out;
    if (!h1->open && h1->input == H1_INPUT_HEAD && h1->scanned)
        h1_refuse(h1, 408, STET_SPAN_NONE);
    else if (h1->open && !h1->answered && h1->input == H1_INPUT_CONTENT)
        h1_refuse(h1, 408, STET_SPAN_NONE);
    h1->out = NULL;
    h1->close = true;
    if (!h1->open || h1->answered)
        h1->input = h1->open ? H1_INPUT_DONE : H1_INPUT_OVER;
}

static void h1_drain(struct codec *codec)
{
    struct h1 *h1 = h1_of(codec);
    h1->draining = true;
    h1->close = true;
}

static void h1_fini(struct codec *codec)
{
    struct h1 *h1 = h1_of(codec);
    h1->input = H1_INPUT_OVER;
    if (h1->open)
        h1_finish(h1);
    h1_content_drop(h1); /* of a refusal */
    h1_late_fini(&h1->sending.late);
}

static void h1_hold(struct stream *stream)
{
    struct h1 *h1 = h1_of(stream->codec);
    h1->paused = h1->input == H1_INPUT_CONTENT && !h1->answered;
}

static void h1_resume(struct stream *stream)
{
    struct h1 *h1 = h1_of(stream->codec);
    h1->paused = false;
    if (h1->input == H1_INPUT_CONTENT)
        h1_continue(h1);
    h1->codec.owner->wake(h1->codec.owner);
}

static const struct codec_ops h1_ops = {
    .feed = h1_feed,
    .take = h1_take,
    .took = h1_took,
    .ended = h1_ended,
    .wants_feed = h1_wants_feed,
    .waits = h1_waits,
    .wants_take = h1_wants_take,
    .expired = h1_expired,
    .drain = h1_drain,
    .fini = h1_fini,
    .interim = h1_interim,
    .reply = h1_reply,
    .hold = h1_hold,
    .resume = h1_resume,
    .wake = h1_body_wake,
};

void h1_init(struct h1 *h1, struct codec_owner *owner, const struct limits *limits,
             struct h1_head *head)
{
    CHECK(limits->field_count <= H1_FIELDS_MAX);
    *h1 = (struct h1){.codec = {.ops = &h1_ops, .owner = owner, .limits = limits}, .head = head};
    h1->stream.codec = &h1->codec;
}
