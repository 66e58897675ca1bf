/* Calls: a request sent to an origin server and the response to it, over HTTP/1 or HTTP/2.
 *
 *     call_start --[a connection with room, or dial]--> head, content --> origin server
 *                               interim*, head, content*, end <--
 *
 * The caller of a worker keeps connections that may be used again, by place. Back-pressure goes
 * both ways: content of the response stops when `content` says so, content of the request when
 * call_send says so. Nothing above learns which protocol was spoken.
 */
#ifndef NET_CALL_H
#define NET_CALL_H

#include "base/limits.h"
#include "io/resolve.h"
#include "io/tls_context.h"
#include "wire/h1_client.h"
#include "wire/h2_client.h"

/* Where an origin server listens. Borrowed by calls: outlives them. */
struct call_place {
    const char *host; /* a name, or an address without brackets; for AF_UNIX the socket's path */
    uint16_t port;
    bool unix_socket;
    struct tls_context *tls; /* it is to speak TLS by this, and to prove `host`; NULL: plain */
    bool h2c;                /* it is known to speak HTTP/2 without TLS [RFC 9113 §3.3] */
};

/* The most octets of `host`. */
#define CALL_HOST_MAX 255

/* The connections to origin servers of one worker. */
struct caller;

/* `limits` outlive it. NULL when memory is out. */
struct caller *caller_new(struct loop *loop, const struct limits *limits,
                          struct resolver *resolver);

/* Closes idle connections. No call is open any more, and the loop may not run any more. */
void caller_free(struct caller *caller);

/* Connections that wait for a request, and those in use. */
size_t caller_idle(const struct caller *caller);
size_t caller_busy(const struct caller *caller);

struct call;

/* Who is told. What is handed over is borrowed until the function returns. The order: any number of
 * `interim`, one `head`, any number of `content`, one `end`; `end` may come at any point before.
 * All come out of turns of the loop, none from within a function of this header. A call may be
 * cancelled from any of them. */
struct call_events {
    void (*interim)(void *owner, const struct stet_response *response);
    /* The final head; also 101 and a 2xx to CONNECT, after which both directions are octets of a
     * tunnel, handed over as content and sent by call_send. */
    void (*head)(void *owner, const struct stet_response *response,
                 const struct response_framing *framing);
    /* Content, at least one octet. False: no more until call_resume, but perhaps the end. What was
     * handed over counts as taken. */
    bool (*content)(void *owner, struct stet_span bytes);
    /* After call_send has said "no more": there is room again. */
    void (*room)(void *owner);
    /* The last call: how it ended. `trailers` may be empty. */
    void (*end)(void *owner, enum client_end end, const struct stet_head *trailers);
};

struct line;

/* How far a call has come on a connection that it shares. */
struct call_stage {
    bool headed; /* the final head has come */
    bool last;   /* the request is complete */
    bool tunnel; /* it is a tunnel */
};

/* One call. Embedded in its owner, whose fields are the first three; the rest is private, but what
 * the comments tell may be read in and after `end`. Not to be moved while open. */
struct call {
    const struct call_events *events;
    void *owner;
    const struct client_request *request; /* its spans live until call_start returns */
    struct stet_span trailers; /* lines behind the content, set before call_finish, that live until
                                  the end; left out where there are no chunks [RFC 9110 §6.5.1] */

    struct caller *caller;
    const struct call_place *place;
    struct line *line;           /* its connection, or what becomes one; NULL: not open */
    struct call *next, **link;   /* of those on its line; while `end` is due for what failed */
    enum stet_proxy_error error; /* why it did not end CLIENT_COMPLETE */
    uint8_t version; /* of HTTP that was spoken, ten times: 11, 20; 0: it was not connected; in and
                        after `end` */
    bool reused;     /* on a connection that had served before */
    bool heard;      /* something of a response came */
    bool sent;       /* some of the request may have reached the server */
    bool refused; /* but the server did nothing with it: it may be sent again [RFC 9113 §8.7], or
                     with http_upgrade_failed over HTTP/1.1 */
    bool wants_http1; /* ... by HTTP/1.1: it does not want this by HTTP/2 [RFC 9113 §7] */

    struct h2_client_stream *stream; /* on a connection it shares; NULL: has one of its own */
    int64_t since;                   /* loop_now: of the last thing that keeps it alive there */
    size_t unsent;                   /* request content then */
    struct call_stage stage;         /* how far it is there */
};

/* With `error` tls_alert_received, in `end`: the number of that alert [RFC 8446 §6]. */
int call_alert(const struct call *call);

/* Starts a call. Never fails at once: what goes wrong is told by `end`. With `fresh` no idle
 * connection is used. An idle connection that turns out to be dead before anything was sent is
 * replaced by a new one, unseen. */
void call_start(struct caller *caller, struct call *call, const struct call_place *place,
                bool fresh);

/* Request content, if the request has any: copied or sent at once. False: no more until `room`;
 * these octets were taken all the same. What comes when nobody wants it any more, because the
 * server has refused it or the call has ended, is dropped. */
bool call_send(struct call *call, struct stet_span bytes);

/* So much content is worth keeping until something is heard: the server may still refuse the
 * request and so have it sent once more [RFC 9113 §8.7]. 0: it has no way to do that. */
size_t call_keeps(const struct call *call);

/* The request content is complete. In a tunnel: half-close. */
void call_finish(struct call *call);

/* Goes on after `content` said false. */
void call_resume(struct call *call);

/* Some of the request may have reached the server by now. */
static inline bool call_was_sent(const struct call *call)
{
    return call->sent || (call->stream && call->stream->sent);
}

/* Not wanted any more: no event follows; a connection in the middle of something is closed. No-op
 * on a call that has ended. */
void call_cancel(struct call *call);

/* Ended badly before anything of a response came, on a connection that had served before: the
 * server had most likely closed it, and an idempotent request without content may be sent once more
 * [RFC 9110 §9.2.2, RFC 9112 §9.3.1]. One that was refused may be whatever it asks for. In and
 * after `end`. */
static inline bool call_may_repeat(const struct call *call)
{
    return (call->reused || call->refused) && !call->heard;
}

#endif
