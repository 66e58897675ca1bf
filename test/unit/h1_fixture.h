/* The HTTP/1 codec without a socket, a service that answers it in several manners, and what both
 * heard and said: what the tests of the codec share. */
#ifndef TEST_UNIT_H1_FIXTURE_H
#define TEST_UNIT_H1_FIXTURE_H

#include "wire/h1.h"

#include "base/memory.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"

/* How the service of these tests answers. */
enum manner {
    SMALL,    /* at once, "hello" */
    LARGE,    /* at once, 20,000 octets of a chunk */
    LATER,    /* not before test_answer */
    PAUSE,    /* the same, and content is stopped */
    HOLD,     /* the same, and content is held from the start */
    WHOLE,    /* at once, 5 octets of a body that has them */
    STREAM,   /* a body of unknown length, "abc" then "defg" */
    SHORT,    /* a body that breaks off after 3 of 10 octets */
    EMPTY304, /* 304 */
    EMPTY204, /* 204 */
    TUNNEL,   /* 101, or 200 to CONNECT, and "abc", "defg" behind it */
    UNKNOWN   /* no content and no length: what a HEAD request may get */
};

struct fixture;

struct test_body {
    struct body body;
    struct fixture *fixture;
    const char *pieces[4];
    size_t at, done;
    bool waits, breaks, freed;
};

struct fixture {
    struct limits limits;
    struct h1 h1;
    struct h1_head head;
    struct codec_owner owner;
    struct outbox out;
    char text[65536], scratch[4096];
    char sent[200000];
    size_t sent_size;
    size_t tail_max; /* the most octets of a tail that the socket takes at once */
    bool steady;     /* bodies lend what never changes */
    size_t steadily; /* octets that were sent as such */
    enum manner manner;
    struct stet_span block; /* fields of the answers */
    struct stet_span date, trailers;
    bool closes;         /* answers end the connection */
    const char *interim; /* sent before any answer: status and block */
    bool stops;          /* takes no more content */
    bool duplex;         /* answers leave the content to come */
    bool waits;          /* streams do not end by themselves */
    struct test_body body;
    struct stream *stream;
    char heard[4096]; /* a line for each call of the service */
    size_t wakes;
    char kept[200000]; /* input that was not consumed */
    size_t kept_size;
};

static inline void hear(struct fixture *f, const char *what, struct stet_span text)
{
    size_t used = strlen(f->heard);
    snprintf(f->heard + used, sizeof f->heard - used, "%s%.*s\n", what, (int)text.len,
             text.len ? text.at : "");
}

static inline enum body_peek test_body_peek(struct body *body, char *scratch, size_t room,
                                            struct stet_span *bytes)
{
    struct test_body *self = (struct test_body *)(void *)body;
    (void)scratch, (void)room;
    const char *piece = self->pieces[self->at];
    if (!piece)
        return self->breaks ? BODY_BROKEN : self->waits ? BODY_WAIT : BODY_END;
    *bytes = stet_span(piece + self->done, strlen(piece) - self->done);
    body->steady = self->fixture->steady;
    return BODY_BYTES;
}

static inline void test_body_skip(struct body *body, size_t count)
{
    struct test_body *self = (struct test_body *)(void *)body;
    self->done += count;
    if (self->done == strlen(self->pieces[self->at])) {
        self->at++;
        self->done = 0;
    }
}

static inline struct stet_span test_body_trailers(struct body *body)
{
    struct test_body *self = (struct test_body *)(void *)body;
    return self->fixture->trailers;
}

static inline void test_body_free(struct body *body)
{
    ((struct test_body *)(void *)body)->freed = true;
}

static const struct body_ops test_body_ops = {.peek = test_body_peek,
                                              .skip = test_body_skip,
                                              .trailers = test_body_trailers,
                                              .free = test_body_free};

static inline void test_answer(struct fixture *f)
{
    struct reply reply = {.status = 200,
                          .content = REPLY_LENGTH,
                          .blocks = {f->block},
                          .close = f->closes,
                          .duplex = f->duplex,
                          .date = f->date};
    struct test_body *body = &f->body;

    switch (f->manner) {
    case EMPTY304:
    case EMPTY204:
        reply.status = f->manner == EMPTY304 ? 304 : 204;
        reply.content = REPLY_NO_CONTENT;
        break;
    case UNKNOWN:
        reply.content = REPLY_UNKNOWN_LENGTH;
        break;
    case WHOLE:
        *body = (struct test_body){.body.ops = &test_body_ops, .fixture = f, .pieces = {"hello"}};
        reply.length = 5;
        reply.body = &body->body;
        break;
    case STREAM:
    case SHORT:
    case TUNNEL:
        *body =
            (struct test_body){.body.ops = &test_body_ops, .fixture = f, .pieces = {"abc", "defg"}};
        reply.content = f->manner == STREAM ? REPLY_UNKNOWN_LENGTH : REPLY_LENGTH;
        reply.length = 10;
        reply.body = &body->body;
        if (f->manner == SHORT) {
            body->pieces[1] = NULL;
            body->breaks = true;
        }
        reply.tunnel = f->manner == TUNNEL;
        body->waits = reply.tunnel || f->waits;
        if (reply.tunnel && f->h1.method != STET_METHOD_CONNECT)
            reply.status = 101;
        break;
    default:
        reply.length = f->manner == LARGE ? 20000 : 5;
        reply.chunk = chunk_new((size_t)reply.length);
        assert_non_null(reply.chunk);
        memset(reply.chunk->bytes, 'z', (size_t)reply.length);
        if (f->manner != LARGE)
            memcpy(reply.chunk->bytes, "hello", 5);
    }
    stream_reply(f->stream, &reply);
}

/* "103 Link: <a>" CRLF */
static inline void test_interim(struct fixture *f, const char *text)
{
    stream_interim(f->stream, atoi(text), stet_span_of(text + (text[3] ? 4 : 3)));
}

static inline void test_request(void *owner, struct stream *stream,
                                const struct stet_request *request, bool content)
{
    struct fixture *f = owner;
    f->stream = stream;
    hear(f, content ? "request+ " : "request ", request->target);
    if (f->interim)
        test_interim(f, f->interim);
    if (f->manner == HOLD)
        stream_hold(stream);
    else if (f->manner != LATER && f->manner != PAUSE)
        test_answer(f);
}

static inline bool test_content(void *owner, struct stream *stream, struct stet_span bytes)
{
    struct fixture *f = owner;
    (void)stream;
    hear(f, "content ", bytes);
    return f->manner != PAUSE && !f->stops;
}

static inline void test_end(void *owner, struct stream *stream, const struct stet_head *trailers)
{
    (void)stream;
    hear(owner, trailers->count ? "end with trailers" : "end", STET_SPAN_NONE);
}

static inline void test_done(void *owner, struct stream *stream,
                             const struct stream_outcome *outcome)
{
    char text[64] = "unanswered";
    (void)stream;
    if (outcome)
        snprintf(text, sizeof text, "%d %llu %s", outcome->status,
                 (unsigned long long)outcome->content_sent, outcome->complete ? "complete" : "cut");
    hear(owner, "done ", stet_span_of(text));
}

static inline void test_refused(void *owner, struct stream *stream, int status,
                                struct stet_span line)
{
    char text[32];
    (void)stream, (void)line;
    snprintf(text, sizeof text, "%d", status);
    hear(owner, "refused ", stet_span_of(text));
}

static const struct service test_service = {.request = test_request,
                                            .content = test_content,
                                            .end = test_end,
                                            .done = test_done,
                                            .refused = test_refused};

static inline void test_wake(struct codec_owner *owner)
{
    struct fixture *f = (struct fixture *)(void *)((char *)owner - offsetof(struct fixture, owner));
    f->wakes++;
}

static inline int setup(void **state)
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
    h1_init(&f->h1, &f->owner, &f->limits, &f->head);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    f->h1.codec.ops->fini(&f->h1.codec);
    free(f);
    return 0;
}

/* What a connection does: sends what is there until nothing is left to send. */
static inline void flush(struct fixture *f)
{
    struct codec *codec = &f->h1.codec;
    do {
        memcpy(f->sent + f->sent_size, f->text, f->out.used);
        f->sent_size += f->out.used;
        size_t tail = f->out.tail.len < f->tail_max ? f->out.tail.len : f->tail_max;
        memcpy(f->sent + f->sent_size, f->out.tail.at ? f->out.tail.at : "", tail);
        f->sent_size += tail;
        f->steadily += f->out.steady ? tail : 0;
        f->out.used = 0;
        f->out.tail = STET_SPAN_NONE;
        codec->ops->took(codec, tail);
    } while (codec->ops->wants_take(codec) && codec->ops->take(codec, &f->out));
    assert_true(f->sent_size < sizeof f->sent);
    f->sent[f->sent_size] = '\0';
}

static inline void input(struct fixture *f, const char *bytes, size_t size)
{
    size_t used;
    memcpy(f->kept + f->kept_size, bytes, size);
    f->kept_size += size;
    do {
        used = f->h1.codec.ops->feed(&f->h1.codec, f->kept, f->kept_size, &f->out);
        f->kept_size -= used;
        memmove(f->kept, f->kept + used, f->kept_size);
        flush(f);
    } while (used && f->kept_size);
}

static inline void input_text(struct fixture *f, const char *text)
{
    input(f, text, strlen(text));
}

static inline void input_slowly(struct fixture *f, const char *text)
{
    for (; *text; text++)
        input(f, text, 1);
}

static inline enum codec_wait waits(struct fixture *f)
{
    return f->h1.codec.ops->waits(&f->h1.codec);
}

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"
#define HELLO "HTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\nContent-Length: 5\r\n\r\nhello"
#define HELLO_CLOSE \
    "HTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"

#endif
