/* A whole HTTP/1 connection: octets arrive in pieces of any size, a service answers early, late,
 * large, in streams, with interim answers before and trailers behind, stops content for a while or
 * takes it beside the answer, or begins a tunnel; the socket takes what it likes. The service hears
 * the requests that the reference reader finds, and in a tunnel all octets behind its request; the
 * client gets the answers in order, each whole, framed once, dated once, with its own content, and
 * nothing behind the last one.
 *
 * The first three octets of an input choose all that, the rest is the connection. */
#include <string.h>

#include "base/chunk.h"
#include "wire/h1.h"

#include "fuzz.h"
#include "h1_reference.h"

enum { SIZE_MOST = 4096, SENT_MOST = 1 << 20, LARGE = 9000, STEPS_MOST = 100000 };

static const struct limits limits = {
    .head_size = 600,
    .target_size = 80,
    .method_size = 12,
    .field_count = 12,
    .trailer_size = 100,
    .chunk_line_size = 40,
    .chunk_extension_total = 60,
    .drain_size = 200,
    .pipeline_depth = 3,
    .requests_per_connection = 20,
    .send_turn = 3000,
};

static const struct reference_limits reference_limits = {
    .head = 600,
    .target = 80,
    .method = 12,
    .fields = 12,
    .trailer = 100,
    .chunk_line = 40,
    .chunk_extensions = 60,
};

/* When and how a request is answered. */
enum manner { SMALL, EMPTY, BIG, STREAM, CLOSE, TUNNEL, WAITING = 9 };

#define NOW "Sun, 06 Nov 1994 08:49:37 GMT"
#define THEN "Thu, 01 Jan 1998 00:00:00 GMT"

/* What was promised to the client for a request. */
struct promise {
    bool answered;
    enum manner manner;
    int status;
    size_t length;
    size_t interims; /* but 100 */
    bool continues;  /* 100 may come */
    bool dated;      /* by the service */
    bool trailers;
};

struct pattern_body {
    struct body body;
    struct world *world;
    size_t number, at, length;
};

struct world {
    struct h1 h1;
    struct codec_owner owner;
    struct outbox out;
    uint32_t random;
    const char *octets;
    const char *fed; /* the copy of those from `at` on that is being fed */
    size_t size, at, have;
    size_t tunnel_at; /* where octets of a tunnel begin */
    size_t unread;    /* at the end of the stream */
    struct reference reference;
    struct stream *stream; /* the open one */
    size_t heard, content_read;
    struct promise promises[REFERENCE_REQUESTS_MAX + 1];
    enum manner manner;
    bool content, content_over, paused, body_waits, ended, tunnel, duplex, broken;
    bool may_stop; /* an answer that lets the codec end before the stream does */
    int refused;
    size_t sent_size;
    size_t sent_before; /* the answer under way */
};

static struct world world;
static struct h1_head scratch_head;
static char text[16384], scratch[512], sent[SENT_MOST];

static uint32_t chance(uint32_t below)
{
    world.random ^= world.random << 13;
    world.random ^= world.random >> 17;
    world.random ^= world.random << 5;
    return (uint32_t)((uint64_t)(world.random * 2654435761U) * below >> 32);
}

static char pattern(size_t number, size_t at)
{
    return (char)('a' + (number * 7 + at) % 26);
}

/* ---- the service ---- */

static enum body_peek body_peek(struct body *body, char *to, size_t room, struct stet_span *bytes)
{
    struct pattern_body *self = (struct pattern_body *)(void *)body;
    size_t count = self->length - self->at;
    if (count == 0)
        return BODY_END;
    if (chance(4) == 0) {
        self->world->body_waits = true;
        return BODY_WAIT;
    }
    count = count < room ? count : room;
    for (size_t i = 0; i < count; i++)
        to[i] = pattern(self->number, self->at + i);
    *bytes = stet_span(to, count);
    return BODY_BYTES;
}

static void body_skip(struct body *body, size_t count)
{
    struct pattern_body *self = (struct pattern_body *)(void *)body;
    must(count <= self->length - self->at);
    self->at += count;
}

static struct stet_span body_trailers(struct body *body)
{
    const struct pattern_body *self = (const struct pattern_body *)(const void *)body;
    must(self->at == self->length);
    return self->world->promises[self->number].trailers ? STET_SPAN("X-T: 1\r\n") : STET_SPAN_NONE;
}

static void body_free(struct body *body)
{
    world.body_waits = false;
    free(body);
}

static const struct body_ops body_ops = {
    .peek = body_peek, .skip = body_skip, .trailers = body_trailers, .free = body_free};

static struct body *body_new(size_t number, size_t length)
{
    struct pattern_body *self = malloc(sizeof *self);
    must(self);
    *self = (struct pattern_body){{&body_ops, false}, &world, number, 0, length};
    return &self->body;
}

static struct chunk *chunk_made(size_t number, size_t length)
{
    struct chunk *chunk = chunk_new(length);
    must(chunk);
    for (size_t i = 0; i < length; i++)
        chunk->bytes[i] = pattern(number, i);
    return chunk;
}

static const struct reference_request *wanted(void)
{
    return &world.reference.request[world.heard - 1];
}

static bool is_connect(void)
{
    return wanted()->method.len == 7 && memcmp(wanted()->method.at, "CONNECT", 7) == 0;
}

/* An interim answer, perhaps the one that a client waits for. */
static void hint(void)
{
    struct promise *promise = &world.promises[world.heard];
    int status = 100 + (int)chance(4);
    if (status == 101)
        return;
    stream_interim(world.stream, status, STET_SPAN("X-I: 1\r\n"));
    if (status == 100)
        promise->continues = true;
    else
        promise->interims++;
}

static void answer_fill(struct reply *reply, struct promise *promise)
{
    switch (promise->manner) {
    case EMPTY:
        reply->status = 304;
        reply->content = REPLY_NO_CONTENT;
        break;
    case TUNNEL:
        reply->status = is_connect() ? 200 : 101;
        reply->tunnel = true;
        promise->length = chance(2000);
        reply->body = body_new(world.heard, promise->length);
        break;
    case STREAM:
        promise->length = chance(2000);
        promise->trailers = chance(2);
        reply->content = chance(2) ? REPLY_LENGTH : REPLY_UNKNOWN_LENGTH;
        reply->body = body_new(world.heard, promise->length);
        break;
    default:
        promise->length = promise->manner == BIG ? LARGE + chance(LARGE) : 1 + chance(50);
        reply->chunk = chunk_made(world.heard, promise->length);
    }
    reply->length = promise->length;
}

static void answer(void)
{
    struct promise *promise = &world.promises[world.heard];
    char block[32];
    int size = snprintf(block, sizeof block, "X-N: %zu\r\n", world.heard);
    struct reply reply = {.status = is_connect() ? 404 : 200, .content = REPLY_LENGTH};

    if (world.manner == TUNNEL && (!world.content_over || (wanted()->minor == 0 && !is_connect())))
        world.manner = SMALL;
    promise->answered = true;
    promise->manner = world.manner;
    promise->dated = chance(2);
    reply.date = promise->dated ? STET_SPAN(THEN) : STET_SPAN_NONE;
    reply.blocks[chance(REPLY_BLOCKS)] = stet_span(block, (size_t)size);
    reply.close = world.manner == CLOSE;
    answer_fill(&reply, promise);
    promise->status = reply.status;
    world.tunnel = reply.tunnel;
    /* Content that the client was not told to send does not come. */
    reply.duplex = chance(2);
    world.duplex =
        reply.duplex && !world.content_over && (!wanted()->expects_continue || promise->continues);
    world.paused &= world.duplex;
    world.sent_before = world.sent_size + world.out.used;
    world.may_stop |= reply.close || reply.tunnel || (world.content && !world.content_over);
    stream_reply(world.stream, &reply);
}

static bool same(struct stet_span a, struct reference_text b)
{
    return !a.at == !b.at && a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static bool same_fields(const struct stet_head *a, const struct reference_fields *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same(a->fields[i].name, b->field[i].name) ||
            !same(a->fields[i].value, b->field[i].value))
            return false;
    return true;
}

/* Where the octets behind a head begin. */
static size_t behind(const struct stet_request *request)
{
    const struct stet_head *head = &request->head;
    struct stet_span last = head->count ? head->fields[head->count - 1].value : request->target;
    const char *at = last.at + last.len;
    while (memcmp(at, "\r\n\r\n", 4) != 0)
        at++;
    return world.at + (size_t)(at + 4 - world.fed);
}

static void on_request(void *owner, struct stream *stream, const struct stet_request *request,
                       bool content)
{
    (void)owner;
    must(!world.stream && !world.refused && world.heard < world.reference.count);
    world.stream = stream;
    world.heard++;
    must(stream->number == world.heard);
    must(same(request->method_name, wanted()->method) && same(request->path, wanted()->path));
    must(same(request->authority, wanted()->authority) && same(request->query, wanted()->query));
    must(same(request->target, wanted()->target));
    must(same_fields(&request->head, &wanted()->headers));
    must(content || (wanted()->content_len == 0 && wanted()->complete));
    world.content = content;
    world.content_over = !content;
    world.content_read = 0;
    world.tunnel_at = content ? 0 : behind(request);
    world.manner = (enum manner)chance(16);
    if (content && chance(4) == 0) {
        stream_hold(stream);
        world.paused = true;
    } else {
        world.promises[world.heard].continues = wanted()->expects_continue;
    }
    if (chance(4) == 0)
        hint();
    if (world.manner < WAITING) {
        world.manner = world.manner > TUNNEL ? SMALL : world.manner;
        answer();
    }
}

/* Octets of a tunnel: each once, from behind its request on. */
static bool tunnel_content(struct stet_span bytes)
{
    must(bytes.len > 0 && world.at + (size_t)(bytes.at - world.fed) == world.tunnel_at);
    must(bytes.len <= world.have - world.tunnel_at);
    world.tunnel_at += bytes.len;
    world.paused = chance(4) == 0;
    return !world.paused;
}

static bool on_content(void *owner, struct stream *stream, struct stet_span bytes)
{
    (void)owner;
    must(world.stream == stream && !world.paused);
    if (world.tunnel)
        return tunnel_content(bytes);
    must(world.content && !world.content_over);
    must(!world.promises[world.heard].answered || world.duplex);
    must(bytes.len > 0 && bytes.len <= wanted()->content_len - world.content_read);
    must(memcmp(bytes.at, wanted()->content + world.content_read, bytes.len) == 0);
    world.content_read += bytes.len;
    world.paused = chance(4) == 0;
    return !world.paused;
}

static void on_end(void *owner, struct stream *stream, const struct stet_head *trailers)
{
    (void)owner;
    must(world.stream == stream);
    if (world.tunnel) {
        must(world.ended && world.tunnel_at == world.at && trailers->count == 0);
        return;
    }
    must(!world.content_over && (!world.promises[world.heard].answered || world.duplex));
    must(wanted()->complete && world.content_read == wanted()->content_len);
    must(same_fields(trailers, &wanted()->trailers));
    world.content_over = true;
}

static void on_done(void *owner, struct stream *stream, const struct stream_outcome *outcome)
{
    (void)owner;
    must(world.stream == stream);
    must(!outcome == !world.promises[world.heard].answered);
    world.broken = outcome && !outcome->complete;
    /* What breaks an answer is only the end of the content that it is given beside. */
    must(!world.broken || (world.duplex && (world.ended || world.refused)));
    world.stream = NULL;
    world.paused = false;
}

static void on_refused(void *owner, struct stream *stream, int status, struct stet_span line)
{
    (void)owner, (void)line;
    must(!world.tunnel && (!world.stream || stream == world.stream));
    must(!world.refused && status == world.reference.status);
    must(world.heard == world.reference.count);
    world.refused = status;
}

static const struct service service = {on_request, on_content, on_end, on_done, on_refused};

static void on_wake(struct codec_owner *owner)
{
    (void)owner;
}

/* ---- the connection ---- */

static void put(const char *bytes, size_t count)
{
    must(count <= SENT_MOST - world.sent_size);
    if (count > 0)
        memcpy(sent + world.sent_size, bytes, count);
    world.sent_size += count;
}

/* Sends; sometimes the socket takes no more for now. */
static void flush(void)
{
    struct codec *codec = &world.h1.codec;
    do {
        size_t count = world.out.tail.len;
        if (count > 0 && chance(2))
            count = chance((uint32_t)count + 1);
        put(world.out.text, world.out.used);
        put(world.out.tail.at, count);
        world.out.used = 0;
        world.out.tail = STET_SPAN_NONE;
        codec->ops->took(codec, count);
    } while (chance(8) && codec->ops->wants_take(codec) && codec->ops->take(codec, &world.out));
}

static void feed(void)
{
    struct codec *codec = &world.h1.codec;
    size_t size = world.have - world.at;
    char *copy = malloc(size ? size : 1);
    must(copy);
    memcpy(copy, world.octets + world.at, size);
    world.fed = copy;
    size_t used = codec->ops->feed(codec, copy, size, &world.out);
    must(used <= size);
    free(copy);
    world.at += used;
}

static void arrive(void)
{
    size_t left = world.size - world.have;
    size_t piece = 1 + chance(1U << chance(11));
    world.have += piece < left ? piece : left;
}

static bool is_over(void)
{
    enum codec_wait waits = world.h1.codec.ops->waits(&world.h1.codec);
    must((waits == CODEC_BROKEN) == world.broken);
    return world.broken || (waits == CODEC_OVER && !world.stream &&
                            !world.h1.codec.ops->wants_take(&world.h1.codec));
}

/* One thing that may happen to a connection now. */
static void step(void)
{
    struct codec *codec = &world.h1.codec;
    if (world.stream && !world.promises[world.heard].answered && chance(6) == 0) {
        world.manner = (enum manner)chance(TUNNEL + 1);
        if (world.content)
            world.tunnel_at = world.at;
        answer();
    } else if (world.stream && !world.promises[world.heard].answered && chance(6) == 0) {
        hint();
    } else if (world.paused && chance(4) == 0) {
        world.paused = false;
        world.promises[world.heard].continues |= wanted()->expects_continue;
        stream_resume(world.stream);
    } else if (world.body_waits && chance(2)) {
        world.body_waits = false;
        stream_wake(world.stream);
    } else if (world.have < world.size && chance(2)) {
        arrive();
    } else if (world.have == world.size && !world.ended && chance(8) == 0 &&
               (world.at == world.size || codec->ops->waits(codec) != CODEC_ANSWER)) {
        feed();
        if (world.at == world.size || codec->ops->waits(codec) == CODEC_HEAD ||
            codec->ops->waits(codec) == CODEC_CONTENT) {
            world.ended = true;
            world.unread = world.size - world.at;
            codec->ops->ended(codec);
        }
    }
    if (world.at < world.have)
        feed();
    flush();
}

/* ---- what the client got ---- */

struct client {
    const char *at;
    const char *end;
};

static struct stet_span line_next(struct client *client)
{
    const char *stop = memchr(client->at, '\n', (size_t)(client->end - client->at));
    must(stop && stop > client->at && stop[-1] == '\r');
    struct stet_span line = stet_span(client->at, (size_t)(stop - 1 - client->at));
    client->at = stop + 1;
    return line;
}

struct answer_head {
    int status;
    size_t number; /* X-N, or 0 */
    size_t dates;
    bool dated; /* by the service */
    bool close, chunked, has_length, upgrade;
    uint64_t length;
};

static void field_noted(struct stet_span line, struct answer_head *head)
{
    struct stet_span name = stet_span(line.at, stet_span_find(line, ':'));
    struct stet_span value = stet_span_trim(stet_span_from(line, name.len + 1));
    uint64_t number = 0;
    must(stet_span_is_token(name) && name.len < line.len);
    if (stet_span_equal(name, STET_SPAN("X-N"))) {
        must(head->number == 0 && stet_span_number(value, 1000, &number));
        head->number = (size_t)number;
    } else if (stet_span_equal(name, STET_SPAN("Content-Length"))) {
        must(!head->has_length && stet_span_number(value, UINT64_MAX, &head->length));
        head->has_length = true;
    } else if (stet_span_equal(name, STET_SPAN("Transfer-Encoding"))) {
        must(!head->chunked && stet_span_equal(value, STET_SPAN("chunked")));
        head->chunked = true;
    } else if (stet_span_equal(name, STET_SPAN("Connection"))) {
        head->close = stet_span_equal(value, STET_SPAN("close"));
        head->upgrade = stet_span_equal(value, STET_SPAN("upgrade"));
        must(head->close || head->upgrade || stet_span_equal(value, STET_SPAN("keep-alive")));
    } else if (stet_span_equal(name, STET_SPAN("Date"))) {
        head->dates++;
        head->dated = stet_span_equal(value, STET_SPAN(THEN));
        must(head->dated || stet_span_equal(value, STET_SPAN(NOW)));
    }
}

static struct answer_head head_got(struct client *client)
{
    struct answer_head head = {0};
    struct stet_span line = line_next(client);
    uint64_t status = 0;
    must(stet_span_starts(line, STET_SPAN("HTTP/1.1 ")) && line.len >= 13 && line.at[12] == ' ');
    must(stet_span_number(stet_span(line.at + 9, 3), 999, &status));
    head.status = (int)status;
    while ((line = line_next(client)).len > 0)
        field_noted(line, &head);
    must(!head.chunked || !head.has_length);
    return head;
}

static void octets_got(struct client *client, size_t number, size_t from, size_t count)
{
    must(count <= (size_t)(client->end - client->at));
    for (size_t i = 0; i < count; i++)
        must(client->at[i] == pattern(number, from + i));
    client->at += count;
}

static size_t chunks_got(struct client *client, size_t number)
{
    size_t got = 0;
    for (;;) {
        struct stet_span line = line_next(client);
        size_t size = 0;
        must(line.len > 0 && line.len < 8);
        for (size_t i = 0; i < line.len; i++) {
            const char *digit = memchr("0123456789abcdef", line.at[i], 16);
            must(digit);
            size = size * 16 + (size_t)(digit - "0123456789abcdef");
        }
        octets_got(client, number, got, size);
        got += size;
        if (size == 0 && world.promises[number].trailers)
            must(stet_span_equal(line_next(client), STET_SPAN("X-T: 1")));
        must(line_next(client).len == 0);
        if (size == 0)
            return got;
    }
}

static void content_got(struct client *client, const struct answer_head *head, bool to_head)
{
    const struct promise *promise = &world.promises[head->number];
    bool old = world.reference.request[head->number - 1].minor == 0;
    must(head->status == promise->status && head->dates == 1 && head->dated == promise->dated);
    must(head->upgrade == (head->status == 101));
    if (promise->manner == EMPTY || promise->manner == TUNNEL)
        must(!head->chunked && !head->has_length);
    if (promise->manner == TUNNEL) {
        octets_got(client, head->number, 0, promise->length);
        must(client->at == client->end);
        return;
    }
    if (promise->manner == EMPTY)
        return;
    must(!head->has_length || head->length == promise->length);
    must(!head->chunked || !old);
    if (to_head)
        return;
    if (head->chunked) {
        must(chunks_got(client, head->number) == promise->length);
        return;
    }
    must(head->has_length || (head->close && old));
    octets_got(client, head->number, 0, promise->length);
    must(head->has_length || client->at == client->end);
}

/* A head that comes slowly is not read before it may be whole, so a fault in it may go unnoticed
 * when the stream ends first; there is no request then. */
static bool head_unread(void)
{
    const char *rest = world.octets + world.size - world.unread;
    return world.ended && world.unread > 0 && !h1_head_may_end(rest, world.unread, 0);
}

static bool is_head(const struct reference_request *request)
{
    /* With a target: the method may be half of one. */
    return request->target.at && request->method.len == 4 &&
           memcmp(request->method.at, "HEAD", 4) == 0;
}

/* The answers to the requests that were heard, in order, and the refusal. */
static void client_content(void)
{
    struct client client = {sent, sent + (world.broken ? world.sent_before : world.sent_size)};
    size_t number = 0, interims = 0;
    bool refused = false, over = false, continued = false;
    while (client.at < client.end) {
        must(!over);
        struct answer_head head = head_got(&client);
        if (head.status < 200 && head.status != 101) {
            const struct promise *promise = &world.promises[number + 1];
            must(number < world.heard && world.reference.request[number].minor > 0);
            must(head.status == 100 ? promise->continues && !continued
                                    : interims++ < promise->interims);
            continued |= head.status == 100;
            must(!head.chunked && !head.has_length && !head.close && head.dates == 0);
            continue;
        }
        continued = false;
        interims = 0;
        over = head.close;
        if (head.number > 0) {
            number++;
            must(head.number == number && number <= world.heard);
            content_got(&client, &head, is_head(&world.reference.request[number - 1]));
            world.may_stop |= head.close;
            continue;
        }
        must(world.refused && head.status == world.refused && head.close && head.has_length);
        refused = true;
        /* The request that was refused, in its head or in its content. */
        bool in_head = world.heard == number;
        bool to_head = is_head(&world.reference.request[in_head ? number : world.heard - 1]);
        must((size_t)(client.end - client.at) == (to_head ? 0 : head.length));
        client.at = client.end;
    }
    must(number + (refused ? 1 : 0) >= world.heard || world.ended || world.broken);
    must(world.may_stop || world.heard == world.reference.count);
    must(world.may_stop || world.refused == world.reference.status || head_unread());
    must(!world.refused || refused || world.promises[world.heard].answered);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > SIZE_MOST)
        return 0;
    memset(&world, 0, sizeof world);
    world.random = (uint32_t)data[0] << 16 | (uint32_t)data[1] << 8 | data[2] | 1U << 31;
    world.octets = (const char *)data + 3;
    world.size = size - 3;
    world.owner = (struct codec_owner){&service, &world, on_wake, STET_SPAN("http")};
    world.out = (struct outbox){
        .text = text,
        .size = sizeof text,
        .scratch = scratch,
        .scratch_size = sizeof scratch,
        .date = STET_SPAN("Date: " NOW "\r\n"),
    };
    reference_read(&world.reference, world.octets, world.size, &reference_limits);
    h1_init(&world.h1, &world.owner, &limits, &scratch_head);

    size_t steps = 0;
    while (!is_over() && steps++ < STEPS_MOST)
        step();
    must(steps < STEPS_MOST);
    world.h1.codec.ops->fini(&world.h1.codec);
    must(!world.stream);
    client_content();
    reference_free(&world.reference);
    return 0;
}
