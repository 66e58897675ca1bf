/* A whole HTTP/1 connection: octets arrive in pieces of any size, a service answers early, late,
 * large, in streams, with interim answers before and trailers behind, stops content for a while or
 * takes it beside the answer, or begins a tunnel; the socket takes what it likes. The service hears
 * the requests that the reference reader finds, and in a tunnel all octets behind its request; the
 * client gets the answers in order, each whole, framed once, dated once, with its own content, and
 * nothing behind the last one.
 *
 * The first three octets of an input choose all that, the rest is the connection. */
#include "h1_codec_client.h"

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
    const struct reference_limits most = reference_limits_of(&limits);
    reference_read(&world.reference, world.octets, world.size, &most);
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
