/* The HTTP/2 codec without a socket: frames go in as they are built here, octet by octet if wished,
 * and what comes out is read frame by frame into lines of text; so is what the service hears.
 *
 *     ask(f, 1, END, GET("/5"));
 *     expect(f, "headers 1 :status=200 date=... content-length=5\n" "data 1 5 end\n");
 *
 * The service answers by the path: /NUMBER that many octets of a chunk, and see fixture_request. */
#ifndef TEST_UNIT_H2_FIXTURE_H
#define TEST_UNIT_H2_FIXTURE_H

#include "wire/h2.h"

#include "base/memory.h"
#include "table.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { END = NGHTTP2_FLAG_END_STREAM, HEAD_END = NGHTTP2_FLAG_END_HEADERS };

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define SAID_DATE "date=Sun, 06 Nov 1994 08:49:37 GMT"
#define BASE ":scheme=http\n:authority=a\n"
#define GET(path) ":method=GET\n" BASE ":path=" path "\n"
#define POST(path) ":method=POST\n" BASE ":path=" path "\n"
#define HELLO(id) \
    "headers " #id " :status=200 " SAID_DATE " content-length=5 x-a=1\ndata " #id " 5 end\n"

struct fixture;

struct test_body {
    struct body body;
    struct fixture *fixture;
    const char *text;
    size_t done;
    bool waits, breaks;
    unsigned freed;
};

enum { STREAMS = 8, LOG = 65536 };

struct fixture {
    struct limits limits;
    struct h2_kit *kit;
    struct codec *codec;
    struct codec_owner owner;
    struct outbox out;
    char text[98304], scratch[4096];
    nghttp2_hd_deflater *deflater;
    nghttp2_hd_inflater *inflater;
    struct stream *streams[STREAMS]; /* of those that wait, in the order they came */
    size_t count;
    struct stream *asked; /* the last one that came */
    struct test_body body;
    struct stet_span date, trailers;
    struct stet_span block;
    const char *interim; /* sent before the answer: status and block */
    bool duplex, closes, stops;
    bool slowly;       /* input in single octets */
    size_t tail_max;   /* the most octets of a tail that the socket takes at once */
    bool full;         /* the socket takes nothing */
    char heard[LOG];   /* a line for each call of the service */
    char said[LOG];    /* a line for each frame sent */
    char content[LOG]; /* octets of the DATA frames */
    size_t content_size;
    unsigned char sent[1 << 20]; /* not read yet */
    size_t sent_size;
    size_t wakes;
    bool fields; /* `heard` names the fields of requests */
    uint64_t frames;
    struct codec_pace pace;
};

static inline void note(char *log, const char *text)
{
    const size_t used = strlen(log);
    snprintf(log + used, LOG - used, "%s", text);
}

static inline void hear(struct fixture *f, const char *what, struct stet_span text)
{
    const size_t used = strlen(f->heard);
    snprintf(f->heard + used, LOG - used, "%s%.*s\n", what, (int)text.len, text.len ? text.at : "");
}

/* ---- the service ---- */

static inline enum body_peek test_peek(struct body *body, char *scratch, size_t room,
                                       struct stet_span *bytes)
{
    struct test_body *self = (struct test_body *)(void *)body;
    const size_t left = strlen(self->text) - self->done;
    (void)scratch, (void)room;
    if (left == 0)
        return self->breaks ? BODY_BROKEN : self->waits ? BODY_WAIT : BODY_END;
    *bytes = stet_span(self->text + self->done, left);
    return BODY_BYTES;
}

static inline void test_skip(struct body *body, size_t count)
{
    ((struct test_body *)(void *)body)->done += count;
}

static inline struct stet_span test_trailers(struct body *body)
{
    return ((struct test_body *)(void *)body)->fixture->trailers;
}

static inline void test_let_go(struct body *body)
{
    ((struct test_body *)(void *)body)->freed++;
}

static const struct body_ops test_body_ops = {test_peek, test_skip, test_trailers, test_let_go};

static inline struct reply test_reply(struct fixture *f)
{
    return (struct reply){.status = 200,
                          .content = REPLY_LENGTH,
                          .blocks = {f->block},
                          .close = f->closes,
                          .duplex = f->duplex,
                          .date = f->date};
}

/* Answers with `size` octets. */
static inline void answer(struct fixture *f, struct stream *stream, size_t size)
{
    struct reply reply = test_reply(f);
    reply.chunk = chunk_new(size);
    if (reply.chunk)
        memset(reply.chunk->bytes, 'z', size);
    reply.length = reply.chunk ? size : 0;
    stream_reply(stream, &reply);
}

static inline void answer_empty(struct fixture *f, struct stream *stream, int status)
{
    struct reply reply = test_reply(f);
    reply.status = status;
    reply.content = REPLY_NO_CONTENT;
    stream_reply(stream, &reply);
}

/* Answers with a body of which `text` is there; only one at a time. */
static inline void answer_stream(struct fixture *f, struct stream *stream, const char *text,
                                 int status, enum reply_content content, uint64_t length)
{
    struct reply reply = test_reply(f);
    const unsigned freed = f->body.freed;
    const bool waits = f->body.waits, breaks = f->body.breaks;
    f->body = (struct test_body){.body.ops = &test_body_ops,
                                 .fixture = f,
                                 .text = text,
                                 .waits = waits,
                                 .breaks = breaks,
                                 .freed = freed};
    reply.status = status;
    reply.content = content;
    reply.length = length;
    reply.body = &f->body.body;
    reply.tunnel = status == 101 || content == REPLY_NO_CONTENT;
    stream_reply(stream, &reply);
}

static inline void test_head(struct fixture *f, const struct stet_request *request)
{
    hear(f, "method ", request->method_name);
    hear(f, "authority ", request->authority);
    hear(f, "path ", request->path);
    for (size_t i = 0; i < request->head.count; i++) {
        const struct stet_field *field = &request->head.fields[i];
        char text[1024];
        snprintf(text, sizeof text, "  %.*s: ", (int)field->name.len, field->name.at);
        hear(f, text, field->value);
        assert_int_equal(field->id, stet_field_id(field->name));
    }
}

static inline void test_request(void *owner, struct stream *stream,
                                const struct stet_request *request, bool content)
{
    struct fixture *f = owner;
    const char *at = request->target.at;
    f->asked = stream;
    hear(f, content ? "request+ " : "request ", request->target);
    if (f->fields)
        test_head(f, request);
    if (f->interim)
        stream_interim(stream, atoi(f->interim), stet_span_of(f->interim + 4));
    if (stet_span_equal(request->target, STET_SPAN("/304")))
        answer_empty(f, stream, 304);
    else if (stet_span_equal(request->target, STET_SPAN("/204")))
        answer_empty(f, stream, 204);
    else if (stet_span_equal(request->target, STET_SPAN("/stream")))
        answer_stream(f, stream, "abcdefg", 200, REPLY_UNKNOWN_LENGTH, 0);
    else if (stet_span_equal(request->target, STET_SPAN("/short")))
        answer_stream(f, stream, "abc", 200, REPLY_LENGTH, 10);
    else if (stet_span_starts(request->target, STET_SPAN("/")) && at[1] >= '0' && at[1] <= '9')
        answer(f, stream, (size_t)strtoul(at + 1, NULL, 10));
    else if (f->count < STREAMS)
        f->streams[f->count++] = stream;
    if (stet_span_equal(request->target, STET_SPAN("/hold")))
        stream_hold(stream);
}

static inline bool test_content(void *owner, struct stream *stream, struct stet_span bytes)
{
    struct fixture *f = owner;
    (void)stream;
    if (bytes.len <= 64)
        hear(f, "content ", bytes);
    else
        f->content_size += bytes.len;
    return !f->stops;
}

static inline void test_end(void *owner, struct stream *stream, const struct stet_head *trailers)
{
    (void)stream;
    hear(owner, trailers->count ? "end with trailers" : "end", STET_SPAN_NONE);
}

static inline void test_done(void *owner, struct stream *stream,
                             const struct stream_outcome *outcome)
{
    struct fixture *f = owner;
    char text[64] = "unanswered";
    if (outcome)
        snprintf(text, sizeof text, "%d %llu %s", outcome->status,
                 (unsigned long long)outcome->content_sent, outcome->complete ? "complete" : "cut");
    hear(f, "done ", stet_span_of(text));
    for (size_t i = 0; i < f->count; i++)
        if (f->streams[i] == stream)
            f->streams[i] = NULL;
}

static inline void test_refused(void *owner, struct stream *stream, int status,
                                struct stet_span line)
{
    char text[1024];
    assert_non_null(stream->codec);
    snprintf(text, sizeof text, "%d %.*s", status, (int)(line.len < 60 ? line.len : 60),
             line.len ? line.at : "");
    hear(owner, "refused ", stet_span_of(text));
}

static const struct service test_service = {test_request, test_content, test_end, test_done,
                                            test_refused};

static inline void test_wake(struct codec_owner *owner)
{
    struct fixture *f = (struct fixture *)(void *)((char *)owner - offsetof(struct fixture, owner));
    f->wakes++;
}

/* ---- what comes out ---- */

static inline void said_fields(struct fixture *f, const unsigned char *block, size_t size)
{
    nghttp2_nv field;
    int flags;
    do {
        const ssize_t used = nghttp2_hd_inflate_hd2(f->inflater, &field, &flags, block, size, 1);
        assert_true(used >= 0);
        block += used;
        size -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT) {
            char text[2048];
            snprintf(text, sizeof text, " %.*s=%.*s", (int)field.namelen, (const char *)field.name,
                     (int)(field.valuelen < 900 ? field.valuelen : 900), (const char *)field.value);
            note(f->said, text);
        }
    } while (!(flags & NGHTTP2_HD_INFLATE_FINAL));
    nghttp2_hd_inflate_end_headers(f->inflater);
}

static inline uint32_t number_at(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void said_frame(struct fixture *f, const unsigned char *frame, size_t size)
{
    static const char *const names[] = {"data", "headers", "priority", "rst",    "settings",
                                        "push", "ping",    "goaway",   "window", "continuation"};
    const unsigned type = frame[3], flags = frame[4];
    const uint32_t id = number_at(frame + 5);
    char text[128] = "";
    assert_true(type < 10);
    snprintf(text, sizeof text, "%s %u", names[type], id);
    note(f->said, text);
    text[0] = '\0';
    if (type == NGHTTP2_DATA) {
        snprintf(text, sizeof text, " %zu", size);
        if (f->content_size + size < LOG) {
            memcpy(f->content + f->content_size, frame + 9, size);
            f->content_size += size;
        }
    } else if (type == NGHTTP2_HEADERS) {
        assert_true(flags & HEAD_END);
        said_fields(f, frame + 9, size);
    } else if (type == NGHTTP2_RST_STREAM || type == NGHTTP2_WINDOW_UPDATE) {
        snprintf(text, sizeof text, " %u", number_at(frame + 9));
    } else if (type == NGHTTP2_GOAWAY) {
        snprintf(text, sizeof text, " last %u code %u", number_at(frame + 9),
                 number_at(frame + 13));
    } else if (flags & 1) {
        snprintf(text, sizeof text, " ack");
    }
    note(f->said, text);
    if (type < 2 && (flags & END))
        note(f->said, " end");
    note(f->said, "\n");
}

/* Reads the whole frames of what was sent. */
static inline void said_read(struct fixture *f)
{
    size_t at = 0;
    while (f->sent_size - at >= 9) {
        const unsigned char *frame = f->sent + at;
        const size_t size = (size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2];
        if (f->sent_size - at < 9 + size)
            break;
        said_frame(f, frame, size);
        f->frames++;
        at += 9 + size;
    }
    f->sent_size -= at;
    memmove(f->sent, f->sent + at, f->sent_size);
}

/* What a connection does: sends what is there until nothing is left to send. */
static inline void flush(struct fixture *f)
{
    if (f->full)
        return;
    while (f->codec->ops->wants_take(f->codec) && f->codec->ops->take(f->codec, &f->out)) {
        size_t tail = f->out.tail.len < f->tail_max ? f->out.tail.len : f->tail_max;
        assert_true(f->sent_size + f->out.used + tail <= sizeof f->sent);
        memcpy(f->sent + f->sent_size, f->text, f->out.used);
        f->sent_size += f->out.used;
        if (tail)
            memcpy(f->sent + f->sent_size, f->out.tail.at, tail);
        f->sent_size += tail;
        const bool offered = f->out.tail.len;
        f->out.used = 0;
        f->out.tail = STET_SPAN_NONE;
        if (offered)
            f->codec->ops->took(f->codec, tail);
        said_read(f);
    }
}

/* ---- what goes in ---- */

static inline void input(struct fixture *f, const void *bytes, size_t size)
{
    const char *at = bytes;
    const size_t step = f->slowly ? 1 : size;
    for (size_t done = 0; done < size; done += step) {
        const size_t part = size - done < step ? size - done : step;
        assert_int_equal(f->codec->ops->feed(f->codec, at + done, part, &f->out), part);
        assert_int_equal(f->out.used, 0);
        flush(f);
    }
}

static inline void frame(struct fixture *f, unsigned type, unsigned flags, uint32_t id,
                         const void *payload, size_t size)
{
    unsigned char bytes[9 + 70000];
    const unsigned char head[9] = {
        (unsigned char)(size >> 16), (unsigned char)(size >> 8), (unsigned char)size,
        (unsigned char)type,         (unsigned char)flags,       (unsigned char)(id >> 24),
        (unsigned char)(id >> 16),   (unsigned char)(id >> 8),   (unsigned char)id};
    assert_true(size <= 70000);
    memcpy(bytes, head, 9);
    if (size)
        memcpy(bytes + 9, payload, size);
    input(f, bytes, 9 + size);
}

static inline void frame_number(struct fixture *f, unsigned type, uint32_t id, uint32_t number)
{
    const unsigned char payload[4] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
                                      (unsigned char)(number >> 8), (unsigned char)number};
    frame(f, type, 0, id, payload, 4);
}

static inline void data(struct fixture *f, uint32_t id, unsigned flags, const char *text)
{
    frame(f, NGHTTP2_DATA, flags, id, text, strlen(text));
}

/* Lines "name=value" become a header block in `to`; returns its size. */
static inline size_t block_of(struct fixture *f, const char *lines, unsigned char *to, size_t room)
{
    nghttp2_nv fields[300];
    size_t count = 0;
    while (*lines) {
        const char *equals = strchr(lines + 1, '='), *end = strchr(lines, '\n');
        assert_true(equals && end && equals < end && count < 300);
        fields[count++] = (nghttp2_nv){(uint8_t *)(uintptr_t)lines,
                                       (uint8_t *)(uintptr_t)(equals + 1), (size_t)(equals - lines),
                                       (size_t)(end - equals - 1), NGHTTP2_NV_FLAG_NO_INDEX};
        lines = end + 1;
    }
    const ssize_t size = nghttp2_hd_deflate_hd(f->deflater, to, room, fields, count);
    assert_true(size >= 0);
    return (size_t)size;
}

static inline void ask(struct fixture *f, uint32_t id, unsigned flags, const char *lines)
{
    unsigned char block[70000];
    frame(f, NGHTTP2_HEADERS, flags | HEAD_END, id, block, block_of(f, lines, block, sizeof block));
}

static inline void greet(struct fixture *f)
{
    input(f, H2_PREFACE, H2_PREFACE_SIZE);
    frame(f, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    frame(f, NGHTTP2_SETTINGS, 1, 0, NULL, 0);
}

static inline void forget(struct fixture *f)
{
    f->said[0] = f->heard[0] = '\0';
    f->content_size = 0;
}

static inline enum codec_wait waits(struct fixture *f)
{
    return f->codec->ops->waits(f->codec);
}

/* Time passes, as a connection sees it: deadlines of streams begin, and some are missed. */
static inline void pass(struct fixture *f, int64_t seconds)
{
    const int64_t second = 1000000000;
    for (; seconds > 0; seconds--) {
        const int64_t due = f->codec->ops->due(f->codec, &f->pace);
        assert_true(due > f->pace.now);
        f->pace.now += second;
        if (due <= f->pace.now)
            f->codec->ops->late(f->codec, &f->pace, &f->out);
        flush(f);
    }
}

/* ---- life ---- */

static inline void fixture_open(struct fixture *f)
{
    f->kit = h2_kit_new(&f->limits);
    f->codec = f->kit ? h2_new(&f->owner, f->kit) : NULL;
}

static inline void fixture_close(struct fixture *f)
{
    if (f->codec)
        f->codec->ops->fini(f->codec);
    h2_kit_free(f->kit);
    f->codec = NULL;
    f->kit = NULL;
}

static inline struct fixture *fixture_new(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->limits = limits_default();
    f->owner = (struct codec_owner){&test_service, f, test_wake, STET_SPAN("http")};
    f->block = STET_SPAN("X-A: 1\r\n");
    f->tail_max = SIZE_MAX;
    f->out = (struct outbox){.text = f->text,
                             .size = sizeof f->text,
                             .scratch = f->scratch,
                             .scratch_size = sizeof f->scratch,
                             .date = STET_SPAN(DATE)};
    assert_int_equal(nghttp2_hd_deflate_new(&f->deflater, 4096), 0);
    assert_int_equal(nghttp2_hd_inflate_new(&f->inflater), 0);
    return f;
}

static inline int setup(void **state)
{
    struct fixture *f = fixture_new();
    fixture_open(f);
    assert_non_null(f->codec);
    greet(f);
    forget(f);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    nghttp2_hd_deflate_del(f->deflater);
    nghttp2_hd_inflate_del(f->inflater);
    free(f);
    return 0;
}

/* A connection with other limits than the usual. */
static inline void again(struct fixture *f)
{
    fixture_close(f);
    nghttp2_hd_deflate_del(f->deflater);
    nghttp2_hd_inflate_del(f->inflater);
    assert_int_equal(nghttp2_hd_deflate_new(&f->deflater, 4096), 0);
    assert_int_equal(nghttp2_hd_inflate_new(&f->inflater), 0);
    f->sent_size = f->count = 0;
    fixture_open(f);
    greet(f);
    forget(f);
}

#define expect_said(f, text) assert_string_equal((f)->said, text)
#define expect_heard(f, text) assert_string_equal((f)->heard, text)

#endif
