/* HTTP/1 towards an origin: one request at a time on a connection, sans I/O.
 *
 *     request head, content --h1_client_send*--> outbox
 *     bytes in --h1_client_feed--> interim heads, head, content, end
 */
#ifndef WIRE_H1_CLIENT_H
#define WIRE_H1_CLIENT_H

#include "wire/codec.h"
#include "wire/h1_chunked.h"
#include "wire/h1_response.h"

/* A request to be sent. Spans are borrowed for the call. `block` holds all end-to-end field lines
 * as in wire/reply.h; Host, framing and connection fields are written here. */
struct h1_client_request {
    enum stet_method method;
    struct stet_span method_name;
    struct stet_span target; /* in the form for this hop: origin form, or as the caller decides */
    struct stet_span host;
    struct stet_span block;
    bool has_content;
    bool length_known;
    uint64_t length;
    bool upgrade;        /* the block asks for an upgrade: say "Connection: upgrade" */
    struct stet_span te; /* "trailers" or empty; then listed in Connection [RFC 9110 §7.6.1] */
};

/* Why a response ended. */
enum h1_client_end {
    H1_CLIENT_COMPLETE,
    H1_CLIENT_TRUNCATED, /* the connection ended before the content did [RFC 9112 §8] */
    H1_CLIENT_MALFORMED  /* off the grammar: nothing more of this connection is to be believed */
};

/* Who is told. All spans and heads are borrowed until the function returns. */
struct h1_client_events {
    /* 1xx other than 101; any number of them [RFC 9110 §15.2]. */
    void (*interim)(void *owner, const struct stet_response *response);
    void (*head)(void *owner, const struct stet_response *response,
                 const struct h1_response_framing *framing);
    /* Content without its transfer coding. False: no more until h1_client_resume. */
    bool (*content)(void *owner, struct stet_span bytes);
    /* The last call for this request. `trailers` may be empty. */
    void (*end)(void *owner, enum h1_client_end end, const struct stet_head *trailers);
};

struct h1_client {
    const struct h1_client_events *events;
    void *owner;
    const struct limits *limits;
    struct h1_response_head *head; /* the worker's scratch */
    struct h1_response_framing framing;
    struct h1_chunked chunked;
    uint64_t content_left; /* of the response */
    uint64_t length_left;  /* of the request's content, when its length is known */
    size_t scanned;
    uint32_t interims; /* 1xx so far; bounded */
    enum stet_method method;
    uint8_t state;
    bool reusable; /* after `end`: the connection may carry another request */
    bool paused;
    bool chunked_request;
    bool heard; /* something of the response has come */
};

void h1_client_init(struct h1_client *client, const struct h1_client_events *events, void *owner,
                    const struct limits *limits, struct h1_response_head *head);

/* Octets that suffice for the head of this request. */
size_t h1_client_head_room(const struct h1_client_request *request);

/* Begins a request: writes its head to `to`; returns its length. The connection must be idle. */
size_t h1_client_begin(struct h1_client *client, const struct h1_client_request *request, char *to);

/* Room that the framing of one piece of content fits into. */
#define H1_CLIENT_FRAME_MAX 32

/* Writes what goes before (and with `last` after) a piece of `size` octets of request content to
 * `before` and `after`; lengths to `*before_len` and `*after_len`. With a known length both are
 * empty and content past it is a bug of the caller. */
void h1_client_frame(struct h1_client *client, uint64_t size, bool last,
                     char before[H1_CLIENT_FRAME_MAX], size_t *before_len,
                     char after[H1_CLIENT_FRAME_MAX], size_t *after_len);

/* Takes input; returns how many octets were consumed, the rest to be offered again with more behind
 * it. Octets beyond a complete response are never consumed as another response: they make the
 * connection unusable [RFC 9112 §6.3, §9.2]. */
size_t h1_client_feed(struct h1_client *client, const char *bytes, size_t size);

/* The origin sends no more: ends a response that runs until close, truncates any other. */
void h1_client_closed(struct h1_client *client);

/* Goes on after `content` returned false. */
void h1_client_resume(struct h1_client *client);

/* A request is in progress. */
bool h1_client_busy(const struct h1_client *client);

#endif
