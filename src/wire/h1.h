/* HTTP/1 as a codec: one request at a time on a connection, answers in order [RFC 9112].
 */
#ifndef WIRE_H1_H
#define WIRE_H1_H

#include "wire/codec.h"
#include "wire/h1_chunked.h"
#include "wire/h1_head.h"
#include "wire/h1_late.h"

/* How far the request in progress has been read. */
enum h1_input {
    H1_INPUT_HEAD,    /* the next head comes */
    H1_INPUT_CONTENT, /* its content comes */
    H1_INPUT_TUNNEL,  /* octets of a tunnel come */
    H1_INPUT_DONE,    /* all of it was read; the answer is not out yet */
    H1_INPUT_OVER     /* nothing more is read as a request */
};

/* The answer under way: what of it is still to be sent. */
struct h1_sending {
    struct chunk *chunk; /* content: the rest of this chunk ... */
    uint64_t from;
    struct body *body; /* ... or of this body */
    uint64_t left;     /* octets that are to come; in chunked coding: of the present chunk */
    uint64_t sent;     /* octets of content that went */
    struct h1_late late;
    uint16_t status;
    bool chunked;
    bool chunk_begun; /* a CRLF is due before the next chunk line */
    bool tunnel;      /* the body is the other side of a tunnel */
    bool duplex;      /* content of the request still goes to the service */
    bool continued;   /* a 100 was sent */
    bool waits;       /* the body said BODY_WAIT */
    bool broken;      /* the content broke off */
};

/* The state of one connection's codec. Its owner allocates it; everything here is private to
 * wire/h1*.c but the codec at its start. */
struct h1 {
    struct codec codec;
    struct stream stream;
    struct outbox *out;   /* while in feed or take, else NULL */
    struct h1_head *head; /* the worker's scratch; meaningful while in feed */

    struct h1_framing framing;
    struct h1_chunked chunked;
    uint64_t content_left; /* of a request with Content-Length */
    uint64_t drained;      /* content read after the answer was given */
    struct h1_sending sending;

    uint32_t scanned; /* octets of an incomplete head that were looked at */
    uint8_t minor;
    uint8_t input;  /* enum h1_input */
    uint8_t method; /* enum stet_method */
    bool open;      /* a request is with the service */
    bool answered;
    bool close;  /* over after this answer */
    bool paused; /* the service wants no more content for now */
    bool draining;
    bool ended; /* the peer sends no more */
};

/* Makes a codec in `h1`. `head` is scratch shared by all codecs of a worker; owner and limits
 * outlive it. */
void h1_init(struct h1 *h1, struct codec_owner *owner, const struct limits *limits,
             struct h1_head *head);

#endif
