/* The writing half of the HTTP/1 codec: an answer becomes bytes in the outbox.
 *
 * An answer that comes while its request is being fed (the usual case) is written straight into the
 * worker's outbox, a small content behind its head, so that all answers to one read leave in
 * one send. A larger content stays here and is lent to the socket piece by piece. An answer that
 * comes later finds no outbox, and a very large head no room in it: such a head waits in memory of
 * its own (h1_late.c) until the connection takes it, in pieces if need be. So do interim answers,
 * and trailers that find no room.
 *
 *     interim --> [ head ] ----------------> outbox.text, or late --> outbox.text
 *     reply ----> [ head | small content ] --^
 *             \-> chunk or body ... take --> outbox.tail --> took
 *
 * Given up: interim answers without bound. Those a client does not take wait up to the size of one
 * head; whoever makes them faster than the client reads them is not worth the memory.
 */
#include "wire/h1_parts.h"

#include "base/check.h"
#include "base/memory.h"
#include "wire/h1_write.h"

/* A content up to this size is copied behind its head. */
#define H1_COPY_MAX 8192

void h1_content_drop(struct h1 *h1)
{
    if (h1->sending.chunk)
        chunk_unref(h1->sending.chunk);
    if (h1->sending.body)
        h1->sending.body->ops->free(h1->sending.body);
    h1->sending.chunk = NULL;
    h1->sending.body = NULL;
    h1->sending.waits = false;
}

void h1_finish(struct h1 *h1)
{
    struct stream_outcome outcome = {
        .status = h1->sending.status,
        .content_sent = h1->sending.sent,
        .complete = h1->answered && !h1_content_due(h1) && !h1->sending.broken,
    };
    bool heard = h1->open; /* a refusal was never a request of the service */

    h1_content_drop(h1);
    h1->open = h1->paused = false;
    if (h1->input == H1_INPUT_DONE || (h1->input == H1_INPUT_CONTENT && h1->close))
        h1->input = h1->close ? H1_INPUT_OVER : H1_INPUT_HEAD;
    if (heard)
        h1->codec.owner->service->done(h1->codec.owner->service_owner, &h1->stream,
                                       h1->answered ? &outcome : NULL);
}

/* The client has been told to send its content, and the service wants to go on with it. */
static bool h1_goes_on(const struct h1 *h1, const struct reply *reply)
{
    return reply->duplex && h1->input == H1_INPUT_CONTENT &&
           (!h1->framing.expects_continue || h1->sending.continued);
}

/* Does the answer say that the connection ends? A body we would have to read and may not, or a
 * client that waits for a 100 that never comes, end it too [RFC 9110 §10.1.1, RFC 9112 §9.3]. */
static bool h1_must_close(const struct h1 *h1, const struct reply *reply)
{
    if (h1->close || reply->close)
        return true;
    if (h1->input != H1_INPUT_CONTENT || h1->sending.duplex)
        return false;
    return (h1->framing.expects_continue && !h1->sending.continued) ||
           (h1->framing.content == H1_LENGTH && h1->content_left > h1->codec.limits->drain_size);
}

/* The outbox takes `room` octets of text now. */
static bool h1_has_room(const struct h1 *h1, size_t room)
{
    const struct outbox *out = h1->out;
    return out && !h1->sending.late.bytes && out->tail.len == 0 && out->size - out->used >= room;
}

/* Where `room` octets can be written: in the outbox, or behind what waits already. NULL when memory
 * is out. */
static char *h1_place(struct h1 *h1, size_t room)
{
    if (h1_has_room(h1, room))
        return h1->out->text + h1->out->used;
    return h1_late_room(&h1->sending.late, room);
}

/* `size` octets were written there. */
static void h1_placed(struct h1 *h1, size_t size)
{
    if (h1->sending.late.bytes)
        h1_late_add(&h1->sending.late, size, false);
    else
        h1->out->used += size;
}

bool h1_head_put(struct h1 *h1, const struct reply *reply)
{
    struct h1_answer answer = {
        .minor = h1->minor,
        .close = h1->close,
        .keep_alive = h1->framing.keep_alive && !h1->close,
        .chunked = h1->sending.chunked,
    };
    const size_t room = h1_head_room(reply);

    if (h1_has_room(h1, room)) {
        answer.date = h1->out->date;
        h1->out->used += h1_head_write(reply, &answer, h1->out->text + h1->out->used);
        return true;
    }
    char *to = h1_late_room(&h1->sending.late, room);
    if (to)
        h1_late_add(&h1->sending.late, h1_head_write(reply, &answer, to), reply->date.len == 0);
    return to;
}

/* The rest cannot be had: nothing must look as if the answer were complete [RFC 9112 §8]. */
void h1_content_break(struct h1 *h1)
{
    h1->sending.broken = true;
    h1->close = true;
    h1->input = H1_INPUT_OVER;
    h1_content_drop(h1);
    if (h1->open)
        h1_finish(h1);
}

/* The small content that is at hand, all of it; empty if it is not. */
static struct stet_span h1_content_small(struct h1 *h1, const struct outbox *out)
{
    struct h1_sending *sending = &h1->sending;
    struct stet_span bytes = STET_SPAN_NONE;

    if (sending->chunk)
        return stet_span(sending->chunk->bytes + sending->from, (size_t)sending->left);
    const enum body_peek peek =
        sending->body->ops->peek(sending->body, out->scratch, out->scratch_size, &bytes);
    sending->waits = peek == BODY_WAIT;
    if (peek != BODY_BYTES || bytes.len < sending->left)
        return STET_SPAN_NONE;
    return stet_span(bytes.at, (size_t)sending->left);
}

/* Copies a small content behind the head: it leaves with it, in one piece. */
static void h1_content_copy(struct h1 *h1)
{
    struct outbox *out = h1->out;
    if (!out || h1->sending.chunked || h1->sending.late.bytes || h1->sending.left > H1_COPY_MAX ||
        out->size - out->used < h1->sending.left)
        return;
    const struct stet_span content = h1_content_small(h1, out);
    if (content.len == 0)
        return;
    memcpy(out->text + out->used, content.at, content.len);
    out->used += content.len;
    if (!h1->sending.chunk)
        h1->sending.body->ops->skip(h1->sending.body, content.len);
    h1->sending.sent = content.len;
    h1->sending.left = 0;
    h1_content_drop(h1);
}

static void h1_content_keep(struct h1 *h1, const struct reply *reply)
{
    h1->sending.chunk = reply->chunk;
    h1->sending.body = reply->body;
    h1->sending.from = reply->from;
    h1->sending.left = h1->sending.chunked ? 0 : reply->length;
    if (reply->content == REPLY_UNKNOWN_LENGTH && !h1->sending.chunked)
        h1->sending.left = UINT64_MAX; /* until the body ends, and then the connection */
    bool head_only = h1->method == STET_METHOD_HEAD;
    if (head_only || reply->content == REPLY_NO_CONTENT || h1->sending.left == 0) {
        /* [RFC 9112 §6.3]: HEAD, 1xx, 204 and 304 end with the head */
        if (!h1->sending.chunked || head_only)
            h1_content_drop(h1);
    }
    if (h1_content_due(h1))
        h1_content_copy(h1);
}

/* Sends the head and takes the content; without memory for the head the connection breaks. */
static void h1_send(struct h1 *h1, const struct reply *reply)
{
    if (h1_head_put(h1, reply)) {
        h1_content_keep(h1, reply);
        return;
    }
    h1->sending.chunk = reply->chunk;
    h1->sending.body = reply->body;
    h1_content_break(h1);
}

void h1_reply(struct stream *stream, const struct reply *reply)
{
    struct h1 *h1 = h1_of(stream->codec);

    if (reply->tunnel) {
        h1_tunnel_reply(h1, reply);
        return;
    }
    CHECK(h1->open && !h1->answered);
    reply_check(reply, h1->method);
    h1->answered = true;
    h1->sending.duplex = h1_goes_on(h1, reply);
    h1->paused &= h1->sending.duplex; /* else nobody waits for the rest of the content now */
    h1->sending.status = (uint16_t)reply->status;
    /* Neither chunked nor a length is possible towards 1.0: close delimits [RFC 9112 §6.1, §6.3] */
    h1->sending.chunked = reply->content == REPLY_UNKNOWN_LENGTH && h1->minor > 0;
    h1->sending.chunk_begun = false;
    h1->close =
        h1_must_close(h1, reply) || (reply->content == REPLY_UNKNOWN_LENGTH && h1->minor == 0);
    if (h1->close && h1->input == H1_INPUT_CONTENT && !h1->sending.duplex)
        h1->input = H1_INPUT_DONE; /* what is left of its content is never read as a request */
    h1_send(h1, reply);
    if (h1->open && !h1_content_due(h1) && !h1->sending.late.bytes)
        h1_finish(h1);
    if (!h1->out)
        h1->codec.owner->wake(h1->codec.owner);
}

void h1_body_wake(struct stream *stream)
{
    struct h1 *h1 = h1_of(stream->codec);
    h1->sending.waits = false;
    h1->codec.owner->wake(h1->codec.owner);
}

bool h1_wants_take(const struct codec *codec)
{
    const struct h1 *h1 = (const struct h1 *)(const void *)codec;
    return h1->sending.late.bytes || (h1_content_due(h1) && !h1->sending.waits);
}

static bool h1_chunk_take(struct h1 *h1, struct outbox *out)
{
    size_t turn = (size_t)h1->codec.limits->send_turn;
    out->steady = h1->sending.chunk->steady;
    out->tail = stet_span(h1->sending.chunk->bytes + h1->sending.from,
                          h1->sending.left < turn ? (size_t)h1->sending.left : turn);
    return true;
}

/* The last chunk, with what the body has to say behind its end [RFC 9112 §7.1.2]. */
static void h1_last_chunk(struct h1 *h1)
{
    const struct stet_span before =
        h1->sending.chunk_begun ? STET_SPAN("\r\n0\r\n") : STET_SPAN("0\r\n");
    struct body *body = h1->sending.body;
    struct stet_span trailers = STET_SPAN_NONE;

    if (body->ops->trailers)
        trailers = body->ops->trailers(body);
    char *to = h1_place(h1, before.len + trailers.len + 2);
    if (!to) {
        h1_content_break(h1);
        return;
    }
    h1_span_write(STET_SPAN("\r\n"), h1_span_write(trailers, h1_span_write(before, to)));
    h1_placed(h1, before.len + trailers.len + 2);
    h1_content_drop(h1);
    if (!h1->sending.late.bytes)
        h1_finish(h1);
}

static void h1_body_end(struct h1 *h1)
{
    if (h1->sending.chunked && h1->sending.left == 0) {
        h1_last_chunk(h1);
        return;
    }
    if (h1->sending.left != UINT64_MAX) {
        h1_content_break(h1); /* shorter than its Content-Length said */
        return;
    }
    h1_content_drop(h1);
    if (h1->input != H1_INPUT_TUNNEL) /* which has two sides */
        h1_finish(h1);
}

/* Begins a chunk of `size` octets: CRLF of the one before, and the size line. */
static void h1_chunk_open(struct h1 *h1, struct outbox *out, size_t size)
{
    if (h1->sending.chunk_begun) {
        memcpy(out->text + out->used, "\r\n", 2);
        out->used += 2;
    }
    out->used += h1_chunk_line_write(size, out->text + out->used);
    h1->sending.chunk_begun = true;
    h1->sending.left = size;
}

/* Ends the chunk that went, when it is not known when the next one comes: a client that waits for
 * the end of each piece must not wait for the next [RFC 9112 §7.1]. */
static bool h1_chunk_end(struct h1 *h1, struct outbox *out)
{
    if (!h1->sending.chunked || !h1->sending.chunk_begun || h1->sending.left > 0)
        return false;
    memcpy(out->text + out->used, "\r\n", 2);
    out->used += 2;
    h1->sending.chunk_begun = false;
    return true;
}

static bool h1_body_take(struct h1 *h1, struct outbox *out)
{
    struct stet_span bytes = STET_SPAN_NONE;
    size_t room = out->scratch_size, used = out->used;

    if (out->size - out->used < 64)
        return false;
    if (room > h1->codec.limits->send_turn)
        room = (size_t)h1->codec.limits->send_turn;
    switch (h1->sending.body->ops->peek(h1->sending.body, out->scratch, room, &bytes)) {
    case BODY_BYTES:
        CHECK(bytes.len > 0); /* a chunk of that size would be the last */
        break;
    case BODY_END:
        h1_body_end(h1);
        return out->used > used;
    case BODY_WAIT:
        h1->sending.waits = true;
        return h1_chunk_end(h1, out);
    default:
        h1_content_break(h1);
        return false;
    }
    if (bytes.len > h1->codec.limits->send_turn)
        bytes.len = (size_t)h1->codec.limits->send_turn;
    if (h1->sending.chunked && h1->sending.left == 0)
        h1_chunk_open(h1, out, bytes.len);
    if (bytes.len > h1->sending.left)
        bytes.len = (size_t)h1->sending.left;
    out->steady = h1->sending.body->steady;
    out->tail = bytes;
    return true;
}

/* The head that came late, with a small content behind it. False: some of it still waits. */
static bool h1_late_head_take(struct h1 *h1, struct outbox *out, bool *put)
{
    *put = h1_late_take(&h1->sending.late, out);
    if (h1->sending.late.bytes)
        return false;
    h1->out = out;
    if (h1_content_due(h1) && !h1->sending.waits && out->tail.len == 0)
        h1_content_copy(h1);
    h1->out = NULL;
    if (h1->open && h1->answered && !h1_content_due(h1))
        h1_finish(h1);
    return true;
}

bool h1_take(struct codec *codec, struct outbox *out)
{
    struct h1 *h1 = h1_of(codec);
    bool put = false;

    if (h1->sending.late.bytes && !h1_late_head_take(h1, out, &put))
        return put;
    if (out->tail.len || h1->sending.waits)
        return put;
    h1->out = out;
    if (h1->sending.chunk)
        put |= h1_chunk_take(h1, out);
    else if (h1->sending.body)
        put |= h1_body_take(h1, out);
    h1->out = NULL;
    return put;
}

void h1_took(struct codec *codec, size_t count)
{
    struct h1 *h1 = h1_of(codec);

    if (!h1_content_due(h1) || count == 0)
        return;
    h1->sending.sent += count;
    if (h1->sending.left != UINT64_MAX)
        h1->sending.left -= count;
    if (h1->sending.chunk)
        h1->sending.from += count;
    else
        h1->sending.body->ops->skip(h1->sending.body, count);
    if (h1->sending.left == 0 && !h1->sending.chunked) {
        h1_content_drop(h1);
        h1_finish(h1);
    }
}

/* False: it was not sent, because memory is out or too much waits already. */
static bool h1_interim_put(struct h1 *h1, int status, struct stet_span block)
{
    if (h1_late_left(&h1->sending.late) + block.len > h1->codec.limits->head_size)
        return false;
    char *to = h1_place(h1, h1_interim_room(block));
    if (to)
        h1_placed(h1, h1_interim_write(status, block, to));
    return to;
}

void h1_interim(struct stream *stream, int status, struct stet_span block)
{
    struct h1 *h1 = h1_of(stream->codec);

    CHECK(h1->open && !h1->answered && status >= 100 && status <= 199 && status != 101);
    /* A client of 1.0 would take it for the answer [RFC 9110 §15.2]. */
    if (h1->minor == 0 || (status == 100 && h1->sending.continued))
        return;
    if (h1_interim_put(h1, status, block) && status == 100)
        h1->sending.continued = true;
    if (!h1->out)
        h1->codec.owner->wake(h1->codec.owner);
}

void h1_continue(struct h1 *h1)
{
    if (h1->framing.expects_continue && h1->open && !h1->answered)
        h1_interim(&h1->stream, 100, STET_SPAN_NONE);
}

void h1_refuse(struct h1 *h1, int status, struct stet_span line)
{
    static const struct stet_span fields =
        STET_SPAN_INIT("Content-Type: text/plain\r\nCache-Control: no-store\r\n");
    struct reply reply = {.status = status, .content = REPLY_LENGTH, .blocks = {fields}};
    struct stet_span phrase = reply_reason_phrase(status);

    /* The rest of a request whose answer was given: a second one would pass for the answer to the
     * next request, so only the end can be said. */
    bool begun = h1->input == H1_INPUT_CONTENT;
    bool answered = begun && h1->answered;

    h1->close = true;
    h1->input = H1_INPUT_OVER;
    h1->codec.owner->service->refused(h1->codec.owner->service_owner, &h1->stream, status, line);
    if (answered && h1->open && h1->sending.duplex)
        h1_content_break(h1);
    if (answered)
        return;
    h1->minor = 1;
    h1->sending.chunked = false;
    h1->framing = (struct h1_framing){0};
    if (h1->open)
        h1_finish(h1);
    reply.chunk = chunk_new(phrase.len + 1);
    if (reply.chunk) {
        memcpy(reply.chunk->bytes, phrase.at, phrase.len);
        reply.chunk->bytes[phrase.len] = '\n';
        reply.length = phrase.len + 1;
    }
    if (!begun) /* [RFC 9110 §9.3.2] */
        h1->method =
            stet_span_starts(line, STET_SPAN("HEAD ")) ? STET_METHOD_HEAD : STET_METHOD_UNKNOWN;
    h1_send(h1, &reply);
}
