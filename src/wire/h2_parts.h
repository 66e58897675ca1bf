/* What the parts of the HTTP/2 codec know of each other: h2.c keeps the connection, h2_hear.c
 * reads, h2_answer.c takes answers, h2_speak.c sends them in the order of h2_priority.c, h2_watch.c
 * waits no longer than it must, h2_guard.c counts what clients may not do for ever.
 */
#ifndef WIRE_H2_PARTS_H
#define WIRE_H2_PARTS_H

#include "stet/priority.h"
#include "wire/h2.h"
#include "wire/h2_heap.h"
#include "wire/h2_kit.h"

/* The octets of a frame's beginning [RFC 9113 §4.1]. */
#define H2_FRAME_HEAD 9

/* The content of a request, on its way to the service. */
struct h2_content {
    char *held; /* octets that the service does not take yet, or NULL */
    uint32_t size, room;
    uint64_t came;     /* octets so far */
    uint64_t drained;  /* of them, those that nobody wanted */
    bool unwanted : 1; /* no more of it is read once the answer is out */
    bool whole : 1;    /* the client sends no more of it */
    bool told : 1;     /* and the service knows */
    bool paused : 1;   /* the service wants no more for now */
};

/* The answer: what of it is still to be sent. */
struct h2_sending {
    struct h2_late *late; /* a head that waits to be sent: it came when nobody was sending */
    struct chunk *chunk;  /* content: the rest of this chunk ... */
    uint64_t from;
    struct body *body; /* ... or of this body */
    uint64_t left;     /* octets that are to come; UINT64_MAX: until the body ends */
    uint64_t sent;     /* octets of content that went */
    uint16_t status;
    bool answered : 1;
    bool tunnel : 1;    /* the body is the other side of a tunnel */
    bool duplex : 1;    /* content of the request still goes to the service */
    bool continued : 1; /* a 100 was sent */
    bool waits : 1;     /* the body said BODY_WAIT */
    bool ended : 1;     /* END_STREAM went */
    bool broken : 1;    /* the content broke off */
};

/* What a stream waits for its client with, and since when; see h2_watch.c. */
struct h2_watch {
    int64_t time;  /* ns: when that began; if it does not run, how much of it is gone */
    uint64_t from; /* octets that the stream had moved by then */
    uint64_t all;  /* ... and the client had taken of the connection */
    uint8_t wait;  /* enum codec_wait: CODEC_CONTENT, CODEC_SENDING, or CODEC_IDLE for none */
    bool runs;
};

/* See h2_priority.c. */
struct h2_priority {
    struct stet_priority asked;  /* by the client */
    struct stet_priority stated; /* by the origin; nothing, until it has answered */
};

/* A request and its answer. */
struct h2_stream {
    struct stream stream;
    struct h2_stream *next, **link; /* of its connection */
    struct h2_content content;
    struct h2_sending sending;
    struct h2_watch watch;
    struct h2_priority priority;
    int32_t id;
    uint8_t method; /* enum stet_method */
    bool open : 1;  /* with the service */
    bool expects_continue : 1;
    bool extended : 1; /* was extended CONNECT [RFC 8441] */
};

/* Where frames begin in what the client sends. */
struct h2_meter {
    uint32_t skip; /* octets until the next one; at first the preface */
    uint8_t have;  /* octets of its beginning */
    uint8_t head[H2_FRAME_HEAD];
};

/* A piece of a DATA frame that the connection has not taken: it goes before all else. */
struct h2_lent {
    struct chunk *chunk; /* a reference; NULL: nothing is lent */
    const char *at;
    size_t left;
};

/* The last PRIORITY_UPDATE of a stream that was not there yet. */
struct h2_early {
    struct stet_priority priority;
    int32_t id; /* 0: none */
};

/* How far a connection is. */
struct h2_state {
    bool greeted : 1;  /* the client's SETTINGS have come */
    bool reading : 1;  /* a head is being read */
    bool due : 1;      /* something held may go to the service */
    bool late : 1;     /* some head waits to be sent */
    bool draining : 1; /* the first GOAWAY was sent */
    bool parting : 1;  /* so was the last */
    bool ended : 1;    /* the client sends no more */
    bool parted : 1;   /* `farewell` is to be sent */
    bool over : 1;     /* nothing more is read */
    bool broken : 1;   /* nor sent */
};

/* The state of one connection's codec. */
struct h2 {
    struct codec codec;
    nghttp2_session *session;
    struct h2_heap heap; /* what the session holds */
    struct h2_kit *kit;
    struct h2_stream *streams; /* those that nghttp2 has not closed */
    struct h2_head *head;      /* one that is not whole, kept between two reads; or NULL */
    struct outbox *out;        /* while in feed or take, else NULL */
    struct stet_span pending;  /* frames that nghttp2 has written and the outbox has no room for */
    struct h2_lent lent;
    const char *peeked; /* what a body has shown for the frame under way */
    size_t copied;      /* octets of content put into the present outbox as text */
    struct h2_meter meter;
    struct h2_early early;
    int64_t resets;      /* that the client may still cause */
    int64_t idle_frames; /* that ask for nothing and it may still send */
    uint32_t farewell;   /* error code of the GOAWAY that is still to be written by hand */
    bool lend;           /* the frame under way is to be lent */
    struct h2_state is;
};

static inline struct h2 *h2_of(struct codec *codec)
{
    return (struct h2 *)(void *)codec;
}

static inline struct h2_stream *h2_stream_of(struct stream *stream)
{
    return (struct h2_stream *)(void *)stream;
}

/* ---- h2.c ---- */

/* Opens a stream; NULL when memory is out. */
struct h2_stream *h2_stream_open(struct h2 *h2, int32_t id);

/* Forgets it: the service hears `done` if it had it, what is left of both contents is dropped. */
void h2_stream_close(struct h2 *h2, struct h2_stream *stream);

/* The service hears that the stream is over; something may still be sent on it. */
void h2_stream_done(struct h2 *h2, struct h2_stream *stream);

/* Ends the stream with an error code of RFC 9113 §7. */
void h2_stream_reset(struct h2 *h2, struct h2_stream *stream, uint32_t code);

/* Ends the connection with one: all streams are over, a GOAWAY is the last that is sent. */
void h2_part(struct h2 *h2, uint32_t code);

/* Memory is out, or worse: ends it without a word. */
void h2_break(struct h2 *h2);

/* Says that no new streams are taken, and ends when the present ones are over. */
void h2_leave(struct h2 *h2);

/* What a stream waits for. */
enum codec_wait h2_stream_waits(const struct h2_stream *stream);

/* Behind nghttp2's functions: is it over by now? */
void h2_settle(struct h2 *h2);

/* Something is to be sent: tells the connection, if it does not know. */
void h2_wake(struct h2 *h2);

/* ---- h2_hear.c ---- */

/* Sets the callbacks for what comes in. */
void h2_hear(nghttp2_session_callbacks *callbacks);

/* Content that was held goes to the service, where it is wanted by now. */
void h2_deliver(struct h2 *h2);

/* The client waits for 100, and may have it. */
void h2_continue(struct h2 *h2, struct h2_stream *stream);

/* ---- h2_answer.c ---- */

/* codec_ops->interim, ->reply and ->wake. */
void h2_interim(struct stream *stream, int status, struct stet_span block);
void h2_reply(struct stream *stream, const struct reply *reply);
void h2_body_wake(struct stream *stream);

/* Heads that waited are handed to nghttp2, now that the date is known. */
void h2_send_late(struct h2 *h2);

/* Answers with `status` by ourselves, and tells the service that we do; `line` for its logs. */
void h2_refuse(struct h2 *h2, struct h2_stream *stream, int status, struct stet_span line);

/* The last HEADERS of a stream whose content has ended, with the fields of `block`. */
void h2_trailers(struct h2 *h2, struct h2_stream *stream, struct stet_span block);

/* Drops what is left of the answer. */
void h2_sending_drop(struct h2_stream *stream);

/* Something of the answer's content is to come. */
static inline bool h2_content_due(const struct h2_stream *stream)
{
    return stream->sending.chunk || stream->sending.body;
}

/* ---- h2_priority.c ---- */

/* What the client asks for with the fields of its request, or by a frame; what the answer states.
 */
void h2_priority_ask(struct h2 *h2, struct h2_stream *stream, const struct stet_head *fields);
void h2_priority_update(struct h2 *h2, const nghttp2_ext_priority_update *update);
void h2_priority_state(struct h2 *h2, struct h2_stream *stream, struct stet_span value);

/* ---- h2_speak.c ---- */

/* Sets the callbacks for what goes out. */
void h2_speak(nghttp2_session_callbacks *callbacks);

/* nghttp2 asks for content here. */
ssize_t h2_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t length, uint32_t *flags,
                nghttp2_data_source *source, void *owner);

/* codec_ops->take and ->took; it has something to send. */
bool h2_take(struct codec *codec, struct outbox *out);
void h2_took(struct codec *codec, size_t count);
bool h2_wants_take(const struct codec *codec);

/* ---- h2_watch.c ---- */

/* codec_ops->due and ->late. */
int64_t h2_due(struct codec *codec, const struct codec_pace *pace);
void h2_late(struct codec *codec, const struct codec_pace *pace, struct outbox *out);

/* ---- h2_guard.c ---- */

/* Octets come from the client. NGHTTP2_NO_ERROR, or why the connection must end: a frame begins in
 * them that is one too many of those that ask for nothing, or one that may not be. */
uint32_t h2_guard_read(struct h2 *h2, const char *bytes, size_t size);

/* A stream was reset, by the client or for its fault: false if that is one too many. */
bool h2_guard_reset(struct h2 *h2);

/* A head that is whole, or content, of a stream that is open: they pay for their frames, and for
 * others. */
void h2_guard_asked(struct h2 *h2);
void h2_guard_content(struct h2 *h2);

/* Work was done that the client has asked for, and pays for as much again. */
void h2_guard_answered(struct h2 *h2);
void h2_guard_sent(struct h2 *h2, size_t window);

#endif
