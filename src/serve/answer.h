/* The one place that decides: 200, 206, 304, 412 or 416 for a representation and a request.
 *
 * Static files, stored responses and responses that pass through all end here [RFC 9110 §13.2.2,
 * §14.2]. No other room says 304.
 */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include "io/loop.h"
#include "origin/representation.h"
#include "stet/reason.h"
#include "wire/reply.h"

/* An answer: what to send and why. `reply` points into `text`: the struct must not move between
 * answer_make and stream_reply. */
struct answer {
    struct reply reply;
    enum stet_reason reason;
    uint64_t
        saved; /* octets of content that the client need not be sent again, for this is a 304 */
    char text[256];
};

/* Decides and prepares the answer to a GET or HEAD request, or to any that `representation` passes
 * to. `representation` is borrowed; what the reply needs of it is referenced there. `loop` gives
 * the wall clock and random octets. */
void answer_make(struct answer *answer, const struct stet_request *request,
                 struct representation *representation, struct loop *loop);

/* Prepares an answer that is an error or a bare notice: `status` with a small HTML page that says
 * its phrase. `block` (may be empty) holds more field lines; borrowed. Statuses without content get
 * none. */
void answer_page(struct answer *answer, int status, struct stet_span block);

/* The same with content of the caller's: copied. `type` is its Content-Type line, with CRLF;
 * borrowed. */
void answer_text(struct answer *answer, int status, struct stet_span type, struct stet_span text);

#endif
