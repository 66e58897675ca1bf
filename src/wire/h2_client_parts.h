/* What the parts of the HTTP/2 client know of each other: h2_client.c keeps the connection and its
 * streams, h2_client_send.c writes requests, h2_client_hear.c reads responses.
 */
#ifndef WIRE_H2_CLIENT_PARTS_H
#define WIRE_H2_CLIENT_PARTS_H

#include "wire/h2_client.h"
#include "wire/h2_client_head.h"
#include "wire/h2_heap.h"

/* The most that is kept of heads that were given back. */
#define H2_CLIENT_HEADS_SPARE 8

struct h2_client_kit {
    const struct limits *limits;
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    struct h2_client_head *spare;
    size_t spare_count;
};

struct h2_client {
    nghttp2_session *session;
    struct h2_heap heap; /* what the session holds */
    struct h2_client_kit *kit;
    struct stet_span scheme;
    struct h2_client_stream *streams;
    struct h2_client_head *head; /* the one that is being read, or NULL */
    size_t open;                 /* streams that nghttp2 has not closed */
    size_t busy;                 /* streams that have not ended */
    int64_t idle_frames;         /* that ask for nothing and the origin may still send */
    enum stet_proxy_error fault; /* of the connection; it is the end of it */
    bool wants_http1;            /* the origin has left for HTTP/1.1 */
    bool greeted;                /* the SETTINGS of the origin have come */
    bool due;                    /* some stream has something to tell, or to begin */
    bool swept;                  /* no stream is to be freed */
};

/* ---- h2_client.c ---- */

/* The last event of a stream, unless it had that. */
void h2_client_stream_end(struct h2_client_stream *stream, enum client_end end,
                          const struct stet_head *trailers);

/* The same for what went wrong, which the origin is told of with `code` [RFC 9113 §7]. */
void h2_client_stream_fail(struct h2_client_stream *stream, enum client_end end,
                           enum stet_proxy_error error, uint32_t code);

/* nghttp2 knows the stream no more. */
void h2_client_stream_close(struct h2_client_stream *stream);

/* Ends the connection, and says why with `code`; its streams end when nghttp2's functions have
 * returned. */
void h2_client_part(struct h2_client *client, enum stet_proxy_error fault, uint32_t code);

/* Content that was taken: the origin may send as much again. With `whole` also on the connection.
 */
void h2_client_consume(struct h2_client *client, struct h2_client_stream *stream, size_t size,
                       bool whole);

/* A head to read into; NULL when memory is out. And back. */
struct h2_client_head *h2_client_head_lend(struct h2_client_kit *kit, bool trailers);
void h2_client_head_return(struct h2_client_kit *kit, struct h2_client_head *head);

/* ---- h2_client_hear.c ---- */

/* Sets the callbacks for what comes in. */
void h2_client_hear(nghttp2_session_callbacks *callbacks);

/* Some octets of the response were told: those of the stream that are held, if they are wanted, and
 * its end, if that is due. */
void h2_client_tell(struct h2_client_stream *stream);

/* ---- h2_client_send.c ---- */

/* Sets the callbacks for what goes out. */
void h2_client_speak(nghttp2_session_callbacks *callbacks);

/* Hands the request to nghttp2, for `stream`. False when memory is out. */
bool h2_client_submit(struct h2_client_stream *stream, const struct client_request *request);

/* The same for a head that is written already. */
bool h2_client_submit_lines(struct h2_client_stream *stream, const nghttp2_nv *lines, size_t count);

/* Useful work pays for frames that ask for nothing. */
void h2_client_pay(struct h2_client *client, int64_t frames);

/* ---- h2_client_tunnel.c ---- */

/* Keeps a handshake of WebSocket for when it is known whether the origin wants it as extended
 * CONNECT. False when memory is out. */
bool h2_client_tunnel_draft(struct h2_client_stream *stream, const struct client_request *request);

/* It is known: submits what was drafted, or ends the stream. */
void h2_client_tunnel_go(struct h2_client_stream *stream);

/* Makes the 2xx that has opened the tunnel the 101 that was asked for. */
void h2_client_tunnel_answer(const struct h2_client_stream *stream, struct h2_client_head *head);

#endif
