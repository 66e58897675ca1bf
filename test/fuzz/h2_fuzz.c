/* A whole HTTP/2 connection: octets behind the preface arrive at once, octet by octet, or in
 * pieces; a service answers at once, later, with a chunk, with a body, stops content for a while,
 * begins tunnels; the socket takes what it likes. Whatever comes, each request that was told has
 * one end, content comes only between the two, and what goes out are frames of HTTP/2 in an order
 * that makes sense: a head before content, nothing behind the end, as much content as was said.
 * However the octets are cut, the service hears the same requests, or the connection has ended
 * before.
 *
 * The first two octets of an input choose how, the rest is the connection. */
#include <string.h>

#include "base/chunk.h"
#include "wire/h2.h"

#include <nghttp2/nghttp2.h>

#include "fuzz.h"

enum { INPUT_MOST = 8192, STREAMS = 512, HEARD = 16384, TEXT = 98304 };

/* What the client knows of a stream. */
struct reader_stream {
    bool headed; /* a final head came */
    bool ended;  /* END_STREAM, or a reset */
    bool far;    /* too far to be remembered */
    bool has_length;
    uint64_t length, got;
};

/* What a service has to do with one. */
struct asked {
    struct stream *stream; /* NULL: over */
    bool content;          /* may come */
    bool answered;
    bool tunnel;
    bool waits; /* the body, for the end of the input */
    struct body body;
    size_t left; /* of the body */
};

struct world {
    struct limits limits;
    struct h2_kit *kit;
    struct codec *codec;
    struct codec_owner owner;
    struct outbox out;
    nghttp2_hd_inflater *inflater;
    struct asked asked[STREAMS];
    size_t count, over;
    struct reader_stream read[STREAMS];
    unsigned char sent[1 << 18];
    size_t sent_size;
    char heard[HEARD]; /* the targets of requests */
    size_t heard_size;
    unsigned manner, more, cut;
    char text[TEXT], scratch[64];
};

/* ---- the service ---- */

static enum body_peek body_peek(struct body *body, char *scratch, size_t room,
                                struct stet_span *bytes)
{
    struct asked *asked = (struct asked *)(void *)((char *)body - offsetof(struct asked, body));
    static const char text[] = "abcdefghijklmnopqrstuvwxyz";
    (void)scratch, (void)room;
    if (asked->waits)
        return BODY_WAIT;
    if (asked->left == 0)
        return BODY_END;
    *bytes = stet_span(text, asked->left < 26 ? asked->left : 26);
    return BODY_BYTES;
}

static void body_skip(struct body *body, size_t count)
{
    struct asked *asked = (struct asked *)(void *)((char *)body - offsetof(struct asked, body));
    must(count <= asked->left);
    asked->left -= count;
}

static struct stet_span body_trailers(struct body *body)
{
    (void)body;
    return STET_SPAN("X-Trailer: 1\r\n");
}

static void body_free(struct body *body)
{
    struct asked *asked = (struct asked *)(void *)((char *)body - offsetof(struct asked, body));
    must(asked->answered);
}

static const struct body_ops body_ops = {
    .peek = body_peek, .skip = body_skip, .trailers = body_trailers, .free = body_free};

static void answer(struct world *world, struct asked *asked)
{
    struct reply reply = {.status = 200,
                          .content = REPLY_LENGTH,
                          .blocks = {STET_SPAN("X-A: 1\r\nConnection: x\r\n")},
                          .duplex = world->manner & 8};

    if (world->more & 64)
        reply.blocks[1] = STET_SPAN("Priority: u=1, i\r\nUpgrade: x\r\nKeep-Alive: 5\r\n"
                                    "Transfer-Encoding: x\r\nSec-WebSocket-Accept: x\r\n");
    asked->answered = true;
    asked->waits = world->more & 32;
    asked->body.ops = &body_ops;
    asked->left = world->manner & 4 ? 40000 : 70;
    if (asked->tunnel) {
        reply.tunnel = true;
        reply.status = world->manner & 1 ? 101 : 200;
        reply.body = &asked->body;
    } else if (world->manner & 2) {
        reply.content = REPLY_UNKNOWN_LENGTH;
        reply.body = &asked->body;
    } else {
        reply.length = asked->left;
        reply.chunk = chunk_new(asked->left);
        must(reply.chunk);
        memset(reply.chunk->bytes, 'c', asked->left);
    }
    stream_reply(asked->stream, &reply);
}

static void answer_connect(struct world *world, struct asked *asked, bool extended)
{
    struct reply reply = {.status = 403, .content = REPLY_LENGTH};

    asked->answered = true;
    if ((world->manner & 1) == extended) {
        asked->tunnel = true;
        answer(world, asked);
        return;
    }
    stream_reply(asked->stream, &reply);
}

static void told_request(void *owner, struct stream *stream, const struct stet_request *request,
                         bool content)
{
    struct world *world = owner;
    const bool extended = stet_head_has(&request->head, STET_FIELD_UPGRADE);
    const bool connect = request->method == STET_METHOD_CONNECT;

    must(world->count < STREAMS);
    must(request->head.count > 0 && stet_head_has(&request->head, STET_FIELD_HOST));
    must(connect || request->path.len > 0);
    for (size_t i = 0; i < request->target.len; i++)
        must(request->target.at[i] > 0x20 && request->target.at[i] < 0x7f);
    for (size_t i = 0; i < request->head.count; i++)
        for (size_t j = 0; j < request->head.fields[i].value.len; j++)
            must(!strchr("\r\n", request->head.fields[i].value.at[j]));
    must(world->heard_size + request->target.len + 1 < HEARD);
    memcpy(world->heard + world->heard_size, request->target.at, request->target.len);
    world->heard_size += request->target.len;
    world->heard[world->heard_size++] = '\n';
    struct asked *asked = &world->asked[world->count++];
    *asked = (struct asked){.stream = stream, .content = content || connect || extended};
    stream->exchange = asked;
    if (world->more & 128)
        stream_interim(stream, 103, STET_SPAN("Link: </a>\r\n"));
    if (connect || extended)
        answer_connect(world, asked, extended);
    else if (!(world->manner & 16))
        answer(world, asked);
    else if (world->manner & 32)
        stream_hold(stream);
}

static bool told_content(void *owner, struct stream *stream, struct stet_span bytes)
{
    const struct world *world = owner;
    const struct asked *asked = stream->exchange;
    must(asked->stream == stream && asked->content && bytes.len > 0);
    return !(world->manner & 64);
}

static void told_end(void *owner, struct stream *stream, const struct stet_head *trailers)
{
    struct asked *asked = stream->exchange;
    (void)owner, (void)trailers;
    must(asked->stream == stream && asked->content);
    asked->content = false;
}

static void told_done(void *owner, struct stream *stream, const struct stream_outcome *outcome)
{
    struct world *world = owner;
    struct asked *asked = stream->exchange;
    must(asked->stream == stream && (outcome != NULL) == asked->answered);
    asked->stream = NULL;
    world->over++;
}

static void told_refused(void *owner, struct stream *stream, int status, struct stet_span line)
{
    (void)owner, (void)line;
    must(stream->codec && status >= 400 && status < 600);
}

static const struct service service = {told_request, told_content, told_end, told_done,
                                       told_refused};

static void wake(struct codec_owner *owner)
{
    (void)owner;
}

/* ---- what goes out ---- */

static void read_head(struct world *world, struct reader_stream *stream, const uint8_t *block,
                      size_t size)
{
    nghttp2_nv field;
    int flags, status = 0;
    do {
        const ssize_t used =
            nghttp2_hd_inflate_hd2(world->inflater, &field, &flags, block, size, 1);
        must(used >= 0);
        block += used;
        size -= (size_t)used;
        if (!(flags & NGHTTP2_HD_INFLATE_EMIT))
            continue;
        must(field.namelen != 10 || memcmp(field.name, "connection", 10) != 0);
        if (field.namelen == 7 && memcmp(field.name, ":status", 7) == 0)
            status = atoi((const char *)field.value);
        if (field.namelen == 14 && memcmp(field.name, "content-length", 14) == 0) {
            stream->has_length = true;
            stream->length = strtoull((const char *)field.value, NULL, 10);
        }
    } while (!(flags & NGHTTP2_HD_INFLATE_FINAL));
    nghttp2_hd_inflate_end_headers(world->inflater);
    must(stream->far || !stream->headed == (status != 0)); /* else they are trailers */
    stream->headed |= status >= 200;
}

static void read_frame(struct world *world, const uint8_t *frame, size_t size)
{
    const uint8_t type = frame[3], flags = frame[4];
    const uint32_t id =
        (uint32_t)frame[5] << 24 | (uint32_t)frame[6] << 16 | (uint32_t)frame[7] << 8 | frame[8];
    must(type < 10 && type != NGHTTP2_PRIORITY && type != NGHTTP2_PUSH_PROMISE);
    if (type != NGHTTP2_DATA && type != NGHTTP2_HEADERS && type != NGHTTP2_RST_STREAM)
        return;
    must(id % 2 == 1);
    struct reader_stream *stream = &world->read[id / 2 % STREAMS];
    if (id / 2 >= STREAMS) {
        if (type == NGHTTP2_HEADERS) {
            struct reader_stream other = {.far = true};
            read_head(world, &other, frame + 9, size);
        }
        return;
    }
    if (type == NGHTTP2_RST_STREAM) {
        stream->ended = true;
        return;
    }
    must(!stream->ended);
    if (type == NGHTTP2_HEADERS) {
        must(flags & NGHTTP2_FLAG_END_HEADERS);
        read_head(world, stream, frame + 9, size);
    } else {
        must(stream->headed);
        stream->got += size;
        must(!stream->has_length || stream->got <= stream->length);
    }
    if (flags & NGHTTP2_FLAG_END_STREAM) {
        must(stream->headed);
        must(type == NGHTTP2_HEADERS || !stream->has_length || stream->got == stream->length);
        stream->ended = true;
    }
}

static void read_sent(struct world *world)
{
    size_t at = 0;
    while (world->sent_size - at >= 9) {
        const uint8_t *frame = world->sent + at;
        const size_t size = (size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2];
        if (world->sent_size - at < 9 + size)
            break;
        read_frame(world, frame, size);
        at += 9 + size;
    }
    world->sent_size -= at;
    memmove(world->sent, world->sent + at, world->sent_size);
}

static void flush(struct world *world)
{
    struct codec *codec = world->codec;
    struct outbox *out = &world->out;
    for (size_t steps = 0; codec->ops->wants_take(codec); steps++) {
        must(steps < 100000);
        codec->ops->take(codec, out);
        size_t tail = out->tail.len;
        if (world->cut & 4 && tail > 1000)
            tail = 1000;
        must(world->sent_size + out->used + tail <= sizeof world->sent);
        memcpy(world->sent + world->sent_size, out->text, out->used);
        world->sent_size += out->used;
        if (tail)
            memcpy(world->sent + world->sent_size, out->tail.at, tail);
        world->sent_size += tail;
        const bool offered = out->tail.len > 0;
        out->used = 0;
        out->tail = STET_SPAN_NONE;
        if (offered)
            codec->ops->took(codec, tail);
        read_sent(world);
    }
}

/* ---- the connection ---- */

static void feed(struct world *world, const uint8_t *bytes, size_t size)
{
    struct codec *codec = world->codec;
    const size_t step = world->cut & 1 ? 1 : world->cut & 2 ? 1 + size / 3 : size;
    for (size_t at = 0; at < size; at += step) {
        const size_t part = size - at < step ? size - at : step;
        must(codec->ops->feed(codec, (const char *)bytes + at, part, &world->out) == part);
        must(world->out.used == 0 && world->out.tail.len == 0);
        flush(world);
    }
}

/* What waits goes on: content that was stopped, answers. */
static void go_on(struct world *world)
{
    world->manner &= ~64u;
    for (size_t i = 0; i < world->count; i++) {
        struct asked *asked = &world->asked[i];
        if (asked->stream)
            stream_resume(asked->stream);
        if (asked->stream && !asked->answered)
            answer(world, asked);
        asked->waits = false;
        if (asked->stream && asked->body.ops)
            stream_wake(asked->stream);
        flush(world);
    }
}

/* A minute goes by in which nothing comes. */
static void be_late(struct world *world)
{
    struct codec *codec = world->codec;
    struct codec_pace pace = {.now = 1, .full = world->manner & 1};

    const int64_t due = codec->ops->due(codec, &pace);
    pace.now = 60 * (int64_t)1000000000;
    if (due < pace.now)
        codec->ops->late(codec, &pace, &world->out);
    flush(world);
    must(codec->ops->due(codec, &pace) > pace.now);
}

static struct world *world_tell(const uint8_t *data, size_t size, unsigned cut)
{
    static const uint8_t settings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    struct world *world = calloc(1, sizeof *world);
    must(world);
    world->limits = limits_default();
    world->limits.h2_streams = STREAMS;
    world->limits.head_size = 600;
    world->limits.field_count = 12;
    world->limits.target_size = 80;
    world->limits.h2_resets = world->limits.h2_idle_frames = 100000;
    if (data[0] & 128) {
        world->limits.h2_resets = 5;
        world->limits.h2_idle_frames = 16;
        world->limits.h2_streams = 3;
    }
    world->manner = data[0];
    world->more = data[1];
    world->cut = cut;
    world->owner = (struct codec_owner){&service, world, wake, STET_SPAN("http")};
    world->out = (struct outbox){.text = world->text,
                                 .size = sizeof world->text,
                                 .scratch = world->scratch,
                                 .scratch_size = sizeof world->scratch,
                                 .date = STET_SPAN("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")};
    must(nghttp2_hd_inflate_new(&world->inflater) == 0);
    world->kit = h2_kit_new(&world->limits);
    world->codec = h2_new(&world->owner, world->kit);
    must(world->kit && world->codec);
    feed(world, (const uint8_t *)H2_PREFACE, H2_PREFACE_SIZE);
    feed(world, settings, sizeof settings);
    feed(world, data + 2, size - 2);
    if (data[1] & 1)
        world->codec->ops->drain(world->codec);
    if (data[1] & 2)
        world->codec->ops->ended(world->codec);
    flush(world);
    if (data[1] & 4)
        world->codec->ops->expired(world->codec, &world->out);
    flush(world);
    if (data[1] & 16)
        be_late(world);
    go_on(world);
    (void)world->codec->ops->waits(world->codec);
    world->codec->ops->fini(world->codec);
    must(world->over == world->count);
    h2_kit_free(world->kit);
    nghttp2_hd_inflate_del(world->inflater);
    return world;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > INPUT_MOST)
        return 0;
    struct world *whole = world_tell(data, size, 0);
    struct world *cut = world_tell(data, size, data[1] & 8 ? 1 : 2 | 4);
    const size_t least = whole->heard_size < cut->heard_size ? whole->heard_size : cut->heard_size;
    if (!(data[0] & 128))
        must(memcmp(whole->heard, cut->heard, least) == 0);
    free(whole);
    free(cut);
    return 0;
}
