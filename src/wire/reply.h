/* An answer as a protocol sees it: status, fields, content. HTTP/1, 2 and 3 all send this.
 */
#ifndef WIRE_REPLY_H
#define WIRE_REPLY_H

#include "base/chunk.h"
#include "stet/head.h"
#include "wire/body.h"

/* How many blocks of fields an answer may be put together from. */
#define REPLY_BLOCKS 4

enum reply_content {
    REPLY_NO_CONTENT,    /* 1xx, 204, 304: ends with the head, has no length */
    REPLY_LENGTH,        /* `length` octets */
    REPLY_UNKNOWN_LENGTH /* until the body ends: chunked, or until close for HTTP/1.0 */
};

/* An answer. Spans are borrowed until stream_reply returns; chunk and body are taken by it.
 *
 * A block holds whole field lines, each "Name: value" CRLF, made once and sent many times. No block
 * may hold Date, Content-Length, Transfer-Encoding, Connection or Keep-Alive: these are the
 * protocol's to write. `content` is REPLY_NO_CONTENT for the statuses that have none and for no
 * others. For a HEAD request the caller describes the content (`length`) and need not give it; what
 * it gives is dropped.
 *
 * With `tunnel` the head begins one [RFC 9110 §7.8, §9.3.6]: the status is 101, to a request of
 * HTTP/1.1 or above, or 2xx to CONNECT, and nothing else is that. The octets of `body` go out
 * behind the head as they are, to the end of the body, which is the end of this side; the client's
 * octets are told to service->content, those behind the request's head first, and their end to
 * service->end. The stream is over when both sides have ended, and its connection with it.
 * `content` and `length` are not looked at. For 101 a block holds Upgrade; that Connection names it
 * is the protocol's to write; so it is of a 426. */
struct reply {
    int status;
    enum reply_content content;
    struct stet_span blocks[REPLY_BLOCKS];
    uint64_t length;
    struct chunk *chunk; /* content in memory: `length` octets from `from`; or NULL */
    uint64_t from;
    struct body *body;     /* content from elsewhere; or NULL */
    bool close;            /* the connection ends after this answer */
    bool tunnel;           /* the head begins a tunnel */
    bool duplex;           /* content of the request that is still to come goes on to the service,
                              until the answer is out; else it is thrown away */
    struct stet_span date; /* value of Date, of an answer made elsewhere; empty: now */
};

/* Dies of an answer that is no tunnel and contradicts itself: it would put the connection out of
 * step, or send octets that are not its own. `method` is that of the request. */
void reply_check(const struct reply *reply, enum stet_method method);

/* Walks the field lines of a block: name and value without white space around. False at its end. */
bool reply_block_next(struct stet_span *block, struct stet_span *name, struct stet_span *value);

/* False for those whose answers end with their head whatever it says: 1xx, 204 and 304
 * [RFC 9112 §6.3]. */
bool reply_status_has_content(int status);

/* The reason phrase of a status code; empty for one that has none registered. */
struct stet_span reply_reason_phrase(int status);

#endif
