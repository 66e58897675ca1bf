/* HTTP/2 towards an origin: many requests at a time on a connection, sans I/O [RFC 9113].
 *
 *     request --h2_client_begin, _send--> [ streams ] --h2_client_take--> octets to send
 *     octets received --h2_client_feed--> interim*, head, content*, end of each stream
 */
#ifndef WIRE_H2_CLIENT_H
#define WIRE_H2_CLIENT_H

#include "base/limits.h"
#include "base/octets.h"
#include "stet/proxystatus.h"
#include "wire/client.h"

/* From this many octets of request content unsent on a stream has no room; from fewer than a
 * quarter on it has room again. */
#define H2_CLIENT_UNSENT 32768

/* What all connections of a worker have in common: callbacks, room to read heads in. */
struct h2_client_kit;

/* NULL when memory is out. `limits` outlive it. */
struct h2_client_kit *h2_client_kit_new(const struct limits *limits);

/* NULL is allowed. No client uses it any more. */
void h2_client_kit_free(struct h2_client_kit *kit);

/* Who is told of a stream. Events come out of h2_client_feed, _run, _take, _closed and _fail; from
 * any of them only functions that take a stream (but _fail), and h2_client_begin, may be called. */
struct h2_client_events {
    struct client_events response;
    /* After h2_client_send has said "no more": there is room again. */
    void (*room)(void *owner);
};

struct h2_client;

/* What has become of a stream. */
struct h2_client_marks {
    bool closed : 1;  /* nghttp2 knows it no more */
    bool over : 1;    /* `end` was told, or is not wanted */
    bool reset : 1;   /* by the origin */
    bool headed : 1;  /* the final head has come */
    bool whole : 1;   /* so has the rest; `end` waits for what is held to be taken */
    bool paused : 1;  /* its owner takes no content for now */
    bool waits : 1;   /* its owner sends none, for want of room */
    bool last : 1;    /* the request content is complete, perhaps not sent */
    bool counted : 1; /* and its length was announced */
    bool drafted : 1; /* nghttp2 does not know it yet: it waits for the origin's SETTINGS */
};

/* Request content on its way. */
struct h2_client_upload {
    struct octets unsent;
    uint64_t left;             /* by the length that was announced */
    struct stet_span trailers; /* lines behind it */
};

/* A request and its response. Lives in the client, from h2_client_begin until `end` has returned or
 * h2_client_cancel. Whoever began it may read the first five members, also in `end`. */
struct h2_client_stream {
    enum stet_proxy_error error; /* why it did not end CLIENT_COMPLETE, for Proxy-Status */
    bool sent;                   /* its head was given out by h2_client_take */
    bool heard;                  /* something of a response came */
    bool refused;     /* the origin says that it did nothing with the request, or nothing of it was
                         sent: it may be sent again whatever it asks for [RFC 9113 §8.7] */
    bool wants_http1; /* and it wants requests by HTTP/1.1 instead [RFC 9113 §7] */

    struct h2_client_marks is; /* private from here */
    uint8_t method;            /* enum stet_method */
    uint8_t interims;
    int32_t id;
    uint64_t content_left; /* of the response, by its Content-Length */
    struct response_framing framing;
    struct h2_client_upload upload;
    struct octets held;              /* response content that was not wanted yet */
    struct h2_client_head *trailers; /* that were */
    struct h2_client_tunnel *tunnel; /* that is asked for by extended CONNECT, until the answer */
    const struct h2_client_events *events;
    void *owner;
    struct h2_client *client;
    struct h2_client_stream *next, **link;
};

/* A client for a new connection; the preface and SETTINGS are the first it gives out. `scheme`
 * ("http", "https") and the kit outlive it. NULL when memory is out. */
struct h2_client *h2_client_new(struct h2_client_kit *kit, struct stet_span scheme);

/* Ends it; nothing is told of its streams, which are gone. */
void h2_client_free(struct h2_client *client);

/* May begin a request: neither side is leaving, and both allow another stream. */
bool h2_client_has_room(const struct h2_client *client);

/* HTTP/2 can say this: it asks for no upgrade, or for WebSocket [RFC 8441]. */
bool h2_client_takes(const struct client_request *request);

/* Begins a request that can be said, while there is room. NULL when memory is out, and nothing was
 * begun.
 *
 * WebSocket is asked for by extended CONNECT and answered as over HTTP/1.1: with a 101 that accepts
 * the key, behind which both directions are octets of a tunnel. It waits for the SETTINGS of the
 * origin; if they do not offer it, it ends, refused, with http_upgrade_failed. */
struct h2_client_stream *h2_client_begin(struct h2_client *client,
                                         const struct client_request *request,
                                         const struct h2_client_events *events, void *owner);

/* Request content, copied. False: no more until `room`. What comes when the stream wants no more is
 * dropped. Content past a known length, or short of it at the end, is a bug of the caller. */
bool h2_client_send(struct h2_client_stream *stream, struct stet_span bytes);

/* The request content is complete. `trailers` are whole field lines as in wire/reply.h, or empty;
 * they live as long as the stream. */
void h2_client_finish(struct h2_client_stream *stream, struct stet_span trailers);

/* Goes on after `content` returned false: what is held is told by the next h2_client_run. */
void h2_client_resume(struct h2_client_stream *stream);

/* Not wanted any more: nothing is told of it, the origin hears of it (CANCEL). */
void h2_client_cancel(struct h2_client_stream *stream);

/* Takes all of the input; tells what has come. What the origin does wrong with one stream ends that
 * stream, MALFORMED; what it does wrong with the connection ends all. */
void h2_client_feed(struct h2_client *client, const char *bytes, size_t size);

/* Tells what became due outside of feed. */
void h2_client_run(struct h2_client *client);

/* The next octets to send, meaningful until the next call of this header; empty when there are
 * none. */
struct stet_span h2_client_take(struct h2_client *client);

/* Something is due to be told by h2_client_run; there is something to take. */
bool h2_client_is_due(const struct h2_client *client);
bool h2_client_wants_take(const struct h2_client *client);

/* The connection is of no more use, and no stream is in progress: it is to be closed. */
bool h2_client_over(const struct h2_client *client);

/* No more input comes: ends all streams, TRUNCATED. */
void h2_client_closed(struct h2_client *client);

/* Octets of request content that are not given out yet. */
size_t h2_client_unsent(const struct h2_client_stream *stream);

/* It waits for the SETTINGS of the origin. */
bool h2_client_is_drafted(const struct h2_client_stream *stream);

/* Its owner has said that it takes no content, and not that it goes on. */
bool h2_client_is_paused(const struct h2_client_stream *stream);

/* Ends one stream, TRUNCATED, for a reason of ours: a deadline has passed. */
void h2_client_fail(struct h2_client_stream *stream, enum stet_proxy_error error);

#endif
