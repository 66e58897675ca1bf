/* A codec: turns the bytes of a connection into requests and answers into bytes. It knows no
 * sockets, no clock and no cache: HTTP/1 (h1.h), HTTP/2 (h2.h).
 *
 *     bytes in --feed--> [ codec ] --service->request()--> whoever answers
 *     bytes out <--take-- [ codec ] <--stream_reply()----- (now or later)
 */
#ifndef WIRE_CODEC_H
#define WIRE_CODEC_H

#include "base/limits.h"
#include "stet/head.h"
#include "wire/reply.h"

struct codec;
struct stream;

/* What became of an answer, for the access log. */
struct stream_outcome {
    int status;
    uint64_t content_sent; /* octets of content handed to the connection */
    bool complete;         /* all of it was */
};

/* Who answers: a table of functions handed down to the codec. */
struct service {
    /* A request head has arrived; `request` and its bytes are borrowed until this returns. With
     * `content` its content follows by the next two calls, else there is none. */
    void (*request)(void *owner, struct stream *stream, const struct stet_request *request,
                    bool content);
    /* Content, borrowed. False: no more until stream_resume; an answer ends the pause as well, and
     * what is left of the content. In a tunnel (see wire/reply.h): octets of the client. */
    bool (*content)(void *owner, struct stream *stream, struct stet_span bytes);
    /* The content has ended; `trailers` may be empty. Not called when there was none. In a tunnel:
     * the client sends no more, which does not end the other side. */
    void (*end)(void *owner, struct stream *stream, const struct stet_head *trailers);
    /* The stream is over, the answer sent or not, perhaps because the client has gone; the last
     * call for this stream, of which nothing may be asked any more. `outcome` is NULL if the
     * service never answered. */
    void (*done)(void *owner, struct stream *stream, const struct stream_outcome *outcome);
    /* The codec refuses something with `status`, off the grammar or past a limit, and answers with
     * it unless an answer was given before. Either it never became a request: then `line` is what
     * there is of its first line, possibly with any octets, and `stream` only tells the connection.
     * Or it is the rest of the request on `stream`, of which `done` is still to be heard if it was
     * not. For logs and counters. */
    void (*refused)(void *owner, struct stream *stream, int status, struct stet_span line);
};

/* A request and its answer on a connection. Lives in the codec. */
struct stream {
    struct codec *codec;
    void *exchange;       /* the service's own */
    const char *protocol; /* "HTTP/1.1", for logs */
    uint64_t number;      /* of this stream in its connection, from 1 */
};

/* What a codec asks of the connection that drives it. */
struct codec_owner {
    const struct service *service;
    void *service_owner;
    /* The codec has something to send or can go on reading, outside of feed and take: called when
     * an answer comes later. */
    void (*wake)(struct codec_owner *owner);
    struct stet_span scheme; /* what the connection speaks: "http" */
};

/* Where a codec puts bytes to be sent: text of its own in `text`, and behind it at most one piece
 * of lent memory. One per worker, used by one connection at a time. */
struct outbox {
    char *text;
    size_t size;           /* room in `text` */
    size_t used;           /* octets in `text` */
    struct stet_span tail; /* sent after the text */
    bool steady;           /* the tail never changes: see base/chunk.h */
    char *scratch;         /* for bodies that must be read */
    size_t scratch_size;
    struct stet_span date; /* the line "Date: ..." CRLF of this second */
};

/* What a connection is waiting for, which decides its deadline and its end. */
enum codec_wait {
    CODEC_IDLE,    /* for a request */
    CODEC_HEAD,    /* for the rest of a request head */
    CODEC_CONTENT, /* for request content */
    CODEC_ANSWER,  /* for the service */
    CODEC_SENDING, /* for the peer to let it send more: windows are closed */
    CODEC_TUNNEL,  /* for octets of either side: reading and sending do not wait for each other */
    CODEC_HALF, /* the same, and we have none left: after the output is sent, say so, but read on */
    CODEC_OVER, /* nothing more will be read: after the output is sent, close in stages */
    CODEC_BROKEN /* an answer broke off: after the output is sent, reset the connection */
};

/* What a connection knows of time and of its client. */
struct codec_pace {
    int64_t now;   /* ns of a steady clock */
    uint64_t sent; /* octets that the client has taken so far */
    bool full;     /* and takes no more for now */
};

struct codec_ops {
    /* Takes input. Returns how many octets were consumed; the rest is offered again, with more
     * behind it when the codec waits for input, or after wake. Puts output into `out` as it goes;
     * stops consuming when `out` has no room for another answer. */
    size_t (*feed)(struct codec *codec, const char *bytes, size_t size, struct outbox *out);
    /* Puts more output into `out`. True if it put anything. */
    bool (*take)(struct codec *codec, struct outbox *out);
    /* `count` octets of out->tail went out. Called after each send that offered one,
     * also with 0. */
    void (*took)(struct codec *codec, size_t count);
    /* No more input comes: the peer has ended, or we stop reading. */
    void (*ended)(struct codec *codec);
    /* It would take input now. */
    bool (*wants_feed)(const struct codec *codec);
    /* What it waits for. */
    enum codec_wait (*waits)(const struct codec *codec);
    /* It has something to send. */
    bool (*wants_take)(const struct codec *codec);
    /* A deadline has passed while waiting for `waits` (a head, content): answer 408 if a request
     * had begun, and be over. */
    void (*expired)(struct codec *codec, struct outbox *out);
    /* Where streams have deadlines of their own, for content and for sending, instead; else NULL:
     * begins those of streams that have begun to wait by now, and tells the first of all, INT64_MAX
     * if there is none. */
    int64_t (*due)(struct codec *codec, const struct codec_pace *pace);
    /* Ends the streams that have missed theirs, and no others. */
    void (*late)(struct codec *codec, const struct codec_pace *pace, struct outbox *out);
    /* Graceful stop: answers from now on say that the connection ends. What has arrived is still
     * answered; whoever finds nothing more to read calls `ended` when the codec is idle. */
    void (*drain)(struct codec *codec);
    /* Ends it, at any point; the service hears `done` of unfinished streams. Frees a codec that is
     * on the heap. */
    void (*fini)(struct codec *codec);
    /* What a service does with a stream; see stream_reply and the others below. */
    void (*interim)(struct stream *stream, int status, struct stet_span block);
    void (*reply)(struct stream *stream, const struct reply *reply);
    void (*hold)(struct stream *stream);
    void (*resume)(struct stream *stream);
    void (*wake)(struct stream *stream);
};

struct codec {
    const struct codec_ops *ops;
    struct codec_owner *owner;
    const struct limits *limits;
    uint64_t begun; /* requests so far: the number of the last stream */
};

/* Answers a request: once per stream, from within service->request or at any later time before
 * service->done. An answer given before the content has ended makes the codec throw the rest
 * away, or close if that is too much [RFC 9112 §9.3]; with reply->duplex it does so when the answer
 * is out. */
static inline void stream_reply(struct stream *stream, const struct reply *reply)
{
    stream->codec->ops->reply(stream, reply);
}

/* Sends an interim answer before the final one: `status` is 100 to 199 but not 101, `block` whole
 * field lines as in wire/reply.h, both borrowed. Any number of them, from within service->request
 * or later, in order with the final one. Dropped are all of them towards HTTP/1.0 [RFC 9110 §15.2],
 * a second 100, and those for which there is no memory or too many already wait for a client that
 * does not take them (more than limits.head_size octets). */
static inline void stream_interim(struct stream *stream, int status, struct stet_span block)
{
    stream->codec->ops->interim(stream, status, block);
}

/* From within service->request, which has content to come: it is not wanted yet. None comes before
 * stream_resume or an answer. Where the client waits for "100 (Continue)" [RFC 9110 §10.1.1] the
 * codec sends it by itself when service->request has returned, but not to a stream that is held: to
 * that one with stream_resume, unless stream_interim has relayed one by then. */
static inline void stream_hold(struct stream *stream)
{
    stream->codec->ops->hold(stream);
}

/* Goes on with content that service->content or stream_hold had stopped. */
static inline void stream_resume(struct stream *stream)
{
    stream->codec->ops->resume(stream);
}

/* The body of this stream's answer, which had said BODY_WAIT, has bytes now. */
static inline void stream_wake(struct stream *stream)
{
    stream->codec->ops->wake(stream);
}

#endif
