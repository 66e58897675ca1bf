/* Takes answers of the service: their heads become HEADERS, their content is kept for h2_speak.c.
 *
 *     reply --> [ :status, date, content-length, fields ] --> nghttp2 (which copies them)
 *         \-> chunk or body ... h2_read
 *
 * An answer that comes while nobody feeds or takes waits in a copy of its own until the next take,
 * for only then is its date known.
 *
 * What of HTTP/1 an answer bears for its connection does not go out [RFC 9113 §8.2.2]; a 101 is the
 * 200 to the extended CONNECT that asked for it [RFC 8441 §5]. Any other success would tell such a
 * client that there is a tunnel, and becomes 501.
 *
 * Interim answers are let go while the session holds more than its tables, its streams and one
 * large head would take: those that a client does not take must not pile up. But each stream has
 * its 100, for which the client may wait.
 */
#include "wire/h2_parts.h"

#include "base/check.h"
#include "base/memory.h"
#include "wire/h1_write.h"

/* The octets of a session whose tables are full, and of a stream in it. */
enum { H2_HEAP_TABLES = 65536, H2_HEAP_STREAM = 512 };

/* A head that waits; its spans point behind it. */
struct h2_late {
    struct reply reply;
    char bytes[];
};

/* Fields of an answer to be, in the kit's room. */
struct lines {
    struct h2_kit *kit;
    size_t count;
    bool failed; /* memory is out */
};

static void lines_add(struct lines *lines, struct stet_span name, struct stet_span value)
{
    if (lines->count == lines->kit->line_room &&
        !h2_kit_lines(lines->kit, lines->count ? 2 * lines->count : 64)) {
        lines->failed = true;
        return;
    }
    lines->kit->lines[lines->count++] =
        (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name.at,
                     .namelen = name.len,
                     .value = (uint8_t *)(uintptr_t)(value.len ? value.at : ""),
                     .valuelen = value.len};
}

/* Fields of one connection of HTTP/1, and what shows that a server speaks WebSocket there. */
static bool line_stays_here(struct stet_span name)
{
    switch (name.len) {
    case 7:
        return stet_span_equal_nocase(name, STET_SPAN("upgrade"));
    case 10:
        return stet_span_equal_nocase(name, STET_SPAN("connection")) ||
               stet_span_equal_nocase(name, STET_SPAN("keep-alive"));
    case 16:
        return stet_span_equal_nocase(name, STET_SPAN("proxy-connection"));
    case 17:
        return stet_span_equal_nocase(name, STET_SPAN("transfer-encoding"));
    case 20:
        return stet_span_equal_nocase(name, STET_SPAN("sec-websocket-accept"));
    default:
        return false;
    }
}

static void lines_add_block(struct lines *lines, struct stet_span block)
{
    struct stet_span name, value;
    while (reply_block_next(&block, &name, &value))
        if (!line_stays_here(name))
            lines_add(lines, name, value);
}

/* ---- content ---- */

void h2_sending_drop(struct h2_stream *stream)
{
    struct h2_sending *sending = &stream->sending;

    if (sending->late) {
        chunk_unref(sending->late->reply.chunk);
        if (sending->late->reply.body)
            sending->late->reply.body->ops->free(sending->late->reply.body);
        memory_free(sending->late);
    }
    if (sending->chunk)
        chunk_unref(sending->chunk);
    if (sending->body)
        sending->body->ops->free(sending->body);
    sending->late = NULL;
    sending->chunk = NULL;
    sending->body = NULL;
    sending->waits = false;
}

/* The stream sends nothing of the content that the answer describes. */
static bool sending_is_bare(const struct h2_stream *stream, const struct reply *reply)
{
    if (reply->tunnel)
        return false;
    return stream->method == STET_METHOD_HEAD || reply->content == REPLY_NO_CONTENT ||
           (reply->content == REPLY_LENGTH && reply->length == 0) ||
           (stream->extended && reply->status / 100 == 2);
}

static void sending_keep(struct h2_stream *stream, const struct reply *reply)
{
    struct h2_sending *sending = &stream->sending;

    sending->chunk = reply->chunk;
    sending->body = reply->body;
    sending->from = reply->from;
    sending->left = reply->content == REPLY_LENGTH && !reply->tunnel ? reply->length : UINT64_MAX;
    if (sending_is_bare(stream, reply))
        h2_sending_drop(stream);
}

/* ---- heads ---- */

static void head_put(struct lines *lines, const struct h2_stream *stream, const struct reply *reply,
                     struct stet_span date, char numbers[32])
{
    const bool refused = stream->extended && !reply->tunnel && reply->status / 100 == 2;
    const int status = refused ? 501 : reply->tunnel ? 200 : reply->status;
    struct stet_span name, now;

    h1_number_write((uint64_t)status, numbers);
    lines_add(lines, STET_SPAN(":status"), stet_span(numbers, 3));
    if (reply->date.len)
        lines_add(lines, STET_SPAN("date"), reply->date);
    else if (reply_block_next(&date, &name, &now))
        lines_add(lines, STET_SPAN("date"), now);
    if (reply->content == REPLY_LENGTH && !reply->tunnel && !refused)
        lines_add(lines, STET_SPAN("content-length"),
                  stet_span(numbers + 4, h1_number_write(reply->length, numbers + 4)));
    for (size_t i = 0; i < REPLY_BLOCKS; i++)
        lines_add_block(lines, reply->blocks[i]);
}

static void head_prioritise(struct h2 *h2, struct h2_stream *stream, const struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        const nghttp2_nv *line = &h2->kit->lines[i];
        const struct stet_span name = stet_span((const char *)line->name, line->namelen);
        if (name.len != 8 || !stet_span_equal_nocase(name, STET_SPAN("priority")))
            continue;
        h2_priority_state(h2, stream, stet_span((const char *)line->value, line->valuelen));
        return;
    }
}

/* The answer cannot be had, or memory is out. */
static void answer_break(struct h2 *h2, struct h2_stream *stream)
{
    stream->sending.broken = true;
    h2_sending_drop(stream);
    h2_stream_reset(h2, stream, NGHTTP2_INTERNAL_ERROR);
}

/* Hands the head to nghttp2; content follows by h2_read. */
static void answer_send(struct h2 *h2, struct h2_stream *stream, const struct reply *reply)
{
    nghttp2_data_provider content = {.source = {.ptr = stream}, .read_callback = h2_read};
    struct lines lines = {.kit = h2->kit};
    char numbers[32];

    sending_keep(stream, reply);
    head_put(&lines, stream, reply, h2->out->date, numbers);
    head_prioritise(h2, stream, &lines);
    if (lines.failed ||
        nghttp2_submit_response(h2->session, stream->id, h2->kit->lines, lines.count,
                                h2_content_due(stream) ? &content : NULL) != 0)
        answer_break(h2, stream);
    if (reply->close)
        h2_leave(h2);
}

static void late_span(struct stet_span *span, char **at)
{
    if (span->len == 0)
        return;
    memcpy(*at, span->at, span->len);
    span->at = *at;
    *at += span->len;
}

static void answer_keep(struct h2 *h2, struct h2_stream *stream, const struct reply *reply)
{
    struct h2_late *late = memory_new(sizeof *late + h1_head_room(reply));

    if (!late) {
        stream->sending.chunk = reply->chunk;
        stream->sending.body = reply->body;
        answer_break(h2, stream);
        return;
    }
    char *at = late->bytes;
    late->reply = *reply;
    late_span(&late->reply.date, &at);
    for (size_t i = 0; i < REPLY_BLOCKS; i++)
        late_span(&late->reply.blocks[i], &at);
    stream->sending.late = late;
    h2->is.late = true;
    h2_wake(h2);
}

void h2_send_late(struct h2 *h2)
{
    h2->is.late = false;
    for (struct h2_stream *stream = h2->streams; stream; stream = stream->next) {
        struct h2_late *late = stream->sending.late;
        if (!late)
            continue;
        stream->sending.late = NULL;
        answer_send(h2, stream, &late->reply);
        memory_free(late);
    }
}

/* ---- what a service does ---- */

static void h2_reply_check(const struct h2_stream *stream, const struct reply *reply)
{
    CHECK(!stream->sending.answered);
    if (!reply->tunnel) {
        reply_check(reply, stream->method);
        return;
    }
    CHECK(reply->body && !reply->chunk);
    CHECK(reply->status == 101 ? stream->extended
                               : stream->method == STET_METHOD_CONNECT && reply->status / 100 == 2);
}

void h2_reply(struct stream *stream, const struct reply *reply)
{
    struct h2 *h2 = h2_of(stream->codec);
    struct h2_stream *of = h2_stream_of(stream);
    struct h2_sending *sending = &of->sending;

    h2_reply_check(of, reply);
    sending->answered = true;
    sending->tunnel = reply->tunnel;
    sending->status = (uint16_t)reply->status;
    sending->duplex =
        reply->duplex && !of->content.whole && (!of->expects_continue || sending->continued);
    of->content.paused &= sending->duplex; /* else nobody waits for the rest of the content now */
    if (!reply->tunnel)                    /* it waits for a word of ours */
        of->content.unwanted |= (of->expects_continue && !sending->continued) || of->extended ||
                                of->method == STET_METHOD_CONNECT;
    h2->is.due |= of->content.held || of->content.whole;
    if (h2->out)
        answer_send(h2, of, reply);
    else
        answer_keep(h2, of, reply);
}

void h2_body_wake(struct stream *stream)
{
    struct h2 *h2 = h2_of(stream->codec);
    struct h2_stream *of = h2_stream_of(stream);

    if (!of->sending.waits)
        return;
    of->sending.waits = false;
    if (nghttp2_session_resume_data(h2->session, of->id) == NGHTTP2_ERR_NOMEM)
        h2_break(h2);
    h2_wake(h2);
}

/* The session holds more than its tables, its streams and one large head take. */
static bool h2_is_laden(const struct h2 *h2)
{
    const struct limits *limits = h2->codec.limits;
    return h2->heap.used > H2_HEAP_TABLES + H2_HEAP_STREAM * limits->h2_streams + limits->head_size;
}

void h2_interim(struct stream *stream, int status, struct stet_span block)
{
    struct h2 *h2 = h2_of(stream->codec);
    struct h2_stream *of = h2_stream_of(stream);
    struct lines lines = {.kit = h2->kit};
    char number[32];

    CHECK(!of->sending.answered && status >= 100 && status <= 199 && status != 101);
    if (status == 100 ? of->sending.continued : h2_is_laden(h2))
        return;
    h1_number_write((uint64_t)status, number);
    lines_add(&lines, STET_SPAN(":status"), stet_span(number, 3));
    lines_add_block(&lines, block);
    if (lines.failed || nghttp2_submit_headers(h2->session, NGHTTP2_FLAG_NONE, of->id, NULL,
                                               h2->kit->lines, lines.count, NULL) != 0)
        return;
    of->sending.continued |= status == 100;
    h2_wake(h2);
}

/* ---- by ourselves ---- */

static void refuse_send(struct h2_stream *stream, int status)
{
    static const struct stet_span fields =
        STET_SPAN_INIT("Content-Type: text/plain\r\nCache-Control: no-store\r\n");
    struct reply reply = {.status = status, .content = REPLY_LENGTH, .blocks = {fields}};
    const struct stet_span phrase = reply_reason_phrase(status);

    reply.chunk = chunk_new(phrase.len + 1);
    if (reply.chunk) {
        memcpy(reply.chunk->bytes, phrase.at, phrase.len);
        reply.chunk->bytes[phrase.len] = '\n';
        reply.length = phrase.len + 1;
    }
    if (stream->method == STET_METHOD_CONNECT)
        stream->method = STET_METHOD_UNKNOWN;
    h2_reply(&stream->stream, &reply);
}

void h2_refuse(struct h2 *h2, struct h2_stream *stream, int status, struct stet_span line)
{
    const bool answered = stream->sending.answered;

    h2->codec.owner->service->refused(h2->codec.owner->service_owner, &stream->stream, status,
                                      line);
    h2_stream_done(h2, stream);
    stream->extended = false;
    stream->content.unwanted = true;
    if (answered)
        h2_stream_reset(h2, stream, NGHTTP2_PROTOCOL_ERROR);
    else
        refuse_send(stream, status);
}

void h2_trailers(struct h2 *h2, struct h2_stream *stream, struct stet_span block)
{
    struct lines lines = {.kit = h2->kit};

    lines_add_block(&lines, block);
    if (lines.failed ||
        nghttp2_submit_trailer(h2->session, stream->id, h2->kit->lines, lines.count) != 0)
        h2_stream_reset(h2, stream, NGHTTP2_INTERNAL_ERROR);
}
