/* HTTP/1 towards an origin: one request at a time on a connection, sans I/O.
 *
 *     request --h1_client_begin, h1_client_frame--> octets to send
 *     octets received --h1_client_feed--> interim*, head, content*, end
 */
#ifndef WIRE_H1_CLIENT_H
#define WIRE_H1_CLIENT_H

#include "wire/h1_chunked.h"
#include "wire/h1_client_write.h"
#include "wire/h1_response.h"

/* What all connections of a worker have in common. */
struct h1_client_setup {
    const struct limits *limits;
    struct h1_response_head *head; /* scratch; meaningful while in feed */
    bool lenient;                  /* see h1_response_read */
};

enum h1_client_state {
    H1_CLIENT_IDLE,    /* may begin a request */
    H1_CLIENT_HEAD,    /* the head of the response comes, or an interim one */
    H1_CLIENT_CONTENT, /* its content comes */
    H1_CLIENT_OVER     /* no further request; the connection is to be closed, or is a tunnel */
};

/* The state of one connection. Its owner allocates it; everything in it is private. */
struct h1_client {
    const struct client_events *events;
    void *owner;
    const struct h1_client_setup *setup;
    struct response_framing framing;
    struct h1_chunked chunked;
    uint64_t content_left; /* of the response */
    uint64_t length_left;  /* of the request's content, when its length is known */
    uint32_t scanned;      /* octets of an incomplete head that were looked at */
    uint8_t interims;      /* 1xx so far */
    uint8_t method;        /* enum stet_method */
    uint8_t error;         /* enum stet_proxy_error */
    uint8_t state;         /* enum h1_client_state */
    bool chunked_request;
    bool upgrade; /* the request asked for it */
    bool sent;    /* all of the request was written */
    bool heard;   /* something of the response has come */
    bool paused;
};

/* Makes a client for a new connection. `events` and `setup` outlive it. */
void h1_client_init(struct h1_client *client, const struct client_events *events, void *owner,
                    const struct h1_client_setup *setup);

/* Begins a request: writes its head to `to`, which has h1_client_head_room; returns its length. The
 * client must be usable. */
size_t h1_client_begin(struct h1_client *client, const struct client_request *request, char *to);

/* What goes before and after a piece of request content. */
struct h1_client_frame {
    char before[H1_CHUNK_LINE_MAX];
    char after[8];
    size_t before_len;
    size_t after_len;
};

/* Frames a piece of `size` octets of request content, which may be 0; `last` says that no more
 * follows. With a known length there is nothing to write; content past it or short of it is a bug
 * of the caller, who breaks the connection when its content breaks off. Only while busy: after
 * `end` the rest of the content is not wanted. */
void h1_client_frame(struct h1_client *client, uint64_t size, bool last,
                     struct h1_client_frame *frame);

/* Takes input; returns how many octets were consumed, the rest to be offered again with more behind
 * it (an incomplete line), or after h1_client_resume. With `setup->lenient` heads may be mended in
 * the bytes. Octets beyond a complete response are never consumed as another response: the client
 * is over [RFC 9112 §6.3, §9.2]. Those behind a head that begins a tunnel are the tunnel's. */
size_t h1_client_feed(struct h1_client *client, char *bytes, size_t size);

/* The origin sends no more, and all that came was consumed. Ends a response that runs until close,
 * if the close was `clean`: not a reset, and over TLS said by an alert [RFC 9112 §9.8]. Truncates
 * any other. */
void h1_client_closed(struct h1_client *client, bool clean);

/* Goes on after `content` returned false: what was not consumed is to be fed again. */
void h1_client_resume(struct h1_client *client);

/* The response is not wanted any more: nothing is told of it, the client is over. */
void h1_client_cancel(struct h1_client *client);

/* A request is in progress. */
bool h1_client_busy(const struct h1_client *client);

/* May begin a request. In and after `end` it says whether the connection can be kept: the response
 * was complete, lets it persist, nothing came behind it, and all of the request was written
 * [RFC 9112 §9.3]. */
bool h1_client_usable(const struct h1_client *client);

/* Something of the response to the last request has come, so a retry might do twice what the
 * request asks for [RFC 9110 §9.2.2]. */
bool h1_client_heard(const struct h1_client *client);

/* Why the last response did not end CLIENT_COMPLETE, for Proxy-Status [RFC 9209 §2.3]; else
 * STET_PROXY_ERROR_NONE. */
enum stet_proxy_error h1_client_error(const struct h1_client *client);

#endif
