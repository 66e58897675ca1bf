/* Towards origins: a request and the response to it as every protocol sees them.
 *
 *     client_request --> [ h1_client | h2_client ] --> octets to the origin
 *     octets of the origin --> [ ... ] --> interim*, head, content*, end
 */
#ifndef WIRE_CLIENT_H
#define WIRE_CLIENT_H

#include "stet/head.h"

/* 1xx responses before a final one; past it the answer is malformed. */
#define CLIENT_INTERIMS_MAX 32

/* A request to be sent. Spans are borrowed for the call.
 *
 * `block` holds whole field lines as in wire/reply.h, all that go end to end and, with `upgrade`,
 * Upgrade. What else the protocol writes itself may not be in it: Host, Content-Length and the
 * fields of one connection (stet_field_is_hop). */
struct client_request {
    enum stet_method method;
    struct stet_span method_name;
    struct stet_span target; /* in the form for this hop: origin form, or as the caller decides */
    struct stet_span host;   /* may be empty [RFC 9110 §7.2] */
    struct stet_span block;
    bool has_content;
    bool length_known;   /* else HTTP/1 sends chunks: only for who is known to speak HTTP/1.1 */
    uint64_t length;     /* of the content */
    bool upgrade;        /* the block asks for an upgrade: say "Connection: upgrade" */
    struct stet_span te; /* "trailers" or empty [RFC 9110 §10.1.4] */
};

/* Dies of a request that would end a line, a head or the content where none should end. */
void client_request_check(const struct client_request *request);

/* Whether Content-Length is to be sent, and what it says: where a length is known, and as 0 for a
 * method that means something by content [RFC 9110 §8.6]. */
bool client_request_length(const struct client_request *request, uint64_t *length);

/* How the content of a response ends. */
enum response_content {
    RESPONSE_NO_CONTENT,
    RESPONSE_LENGTH,      /* when all of it has come; also of 0 octets */
    RESPONSE_DELIMITED,   /* when the protocol says so: the last chunk, the end of the stream */
    RESPONSE_UNTIL_CLOSE, /* with the connection */
    RESPONSE_TUNNEL       /* 2xx to CONNECT, 101 */
};

struct response_framing {
    uint64_t length; /* what Content-Length says, up to 2^63 - 1, also where no content follows */
    enum response_content content;
    bool has_length;
    bool persistent; /* the connection may serve another request afterwards [RFC 9112 §9.3] */
    uint8_t version; /* of HTTP, ten times: 10, 11, 20 */
};

/* How a response ended. */
enum client_end {
    CLIENT_COMPLETE,
    CLIENT_TRUNCATED, /* it broke off before its end [RFC 9112 §8, RFC 9113 §5.4] */
    CLIENT_MALFORMED  /* off the grammar: nothing more of it is to be believed */
};

/* Who is told. All spans and heads are borrowed until the function returns. For each request there
 * come any number of `interim`, then `head`, then any number of `content`, then `end`; `end` may
 * come at any point before. */
struct client_events {
    /* 1xx other than 101 [RFC 9110 §15.2]. */
    void (*interim)(void *owner, const struct stet_response *response);
    /* The final head, which may also be 101. */
    void (*head)(void *owner, const struct stet_response *response,
                 const struct response_framing *framing);
    /* Content without its framing, at least one octet. False: no more of it until the client is
     * told to resume; the end may still be told. */
    bool (*content)(void *owner, struct stet_span bytes);
    /* The last call for this request. `trailers` may be empty; they are no part of the header
     * fields [RFC 9110 §6.5.1]. */
    void (*end)(void *owner, enum client_end end, const struct stet_head *trailers);
};

#endif
