/* HTTP/1 request heads: read in one strict pass, in place [RFC 9112 §2 to §5].
 */
#ifndef WIRE_H1_HEAD_H
#define WIRE_H1_HEAD_H

#include "base/limits.h"
#include "stet/head.h"

/* Room for fields; limits.field_count may not be more. */
#define H1_FIELDS_MAX 256

/* Room for a Host that is remembered as valid. */
#define H1_HOST_MAX 64

/* A request head. The spans of `request` point into the bytes it was read from. One per worker, all
 * zero at the start. */
struct h1_head {
    struct stet_request request;
    unsigned minor; /* the version is HTTP/1.minor */
    size_t skipped; /* octets of an empty line before the request line [RFC 9112 §2.2] */
    size_t host_size;
    char host[H1_HOST_MAX]; /* the last Host that was valid: most requests have the same */
    struct stet_field fields[H1_FIELDS_MAX];
};

/* Reads a request head at the start of `size` octets. Returns its length in octets (> 0), 0 when
 * more octets are needed, or a negative status code: -400 off the grammar, -414 target too long,
 * -431 head or fields past a limit, -501 method too long, -505 version not 1.x. Faults are reported
 * as soon as the octets that show them are there. Strict (D-49): CRLF only, no folding, no space
 * before the colon, no control octets in values, one SP between the parts of the request line; one
 * empty line (CRLF) before the request line is skipped. Fills method, method_name, target and head
 * of `head->request`, not the parts of the URI (see h1_request_check). */
int h1_request_read(const char *bytes, size_t size, const struct limits *limits,
                    struct h1_head *head);

/* The same by the scalar scanner, for machines without the vector instructions and for tests: must
 * agree with h1_request_read on every input. */
int h1_request_read_scalar(const char *bytes, size_t size, const struct limits *limits,
                           struct h1_head *head);

/* There may be a whole head in the octets: some LF is followed by CRLF or LF, looking no earlier
 * than `from`, which says up to where an earlier call had looked. Keeps a drip of single
 * octets from being read anew from the start each time. */
bool h1_head_may_end(const char *bytes, size_t size, size_t from);

/* Reads a trailer section (field lines and the empty line) as h1_request_read does; returns its
 * length, 0 for more, or a negative status [RFC 9112 §7.1.2]. `head` borrows `fields`. */
int h1_trailers_read(const char *bytes, size_t size, const struct limits *limits,
                     struct stet_field fields[H1_FIELDS_MAX], struct stet_head *head);

/* How the message goes on after its head [RFC 9112 §6]. */
enum h1_content { H1_NO_CONTENT, H1_LENGTH, H1_CHUNKED };

struct h1_framing {
    uint64_t length; /* H1_LENGTH: octets, 1 to 2^63 - 1; else 0 */
    enum h1_content content;
    bool persistent;       /* the client lets the connection go on [RFC 9112 §9.3] */
    bool keep_alive;       /* an HTTP/1.0 client that asked for it: the answer must say so */
    bool expects_continue; /* waits for 100 (HTTP/1.1 with content only) [RFC 9110 §10.1.1] */
};

/* Judges a head: Host [RFC 9112 §3.2], target form and URI parts [RFC 9112 §3.2, §3.3] (fills
 * scheme, authority, path, query of the request; `scheme` is what the connection speaks), framing
 * [RFC 9112 §6.3]. 0, or a negative status: -400, -413 (a Content-Length past 2^63 - 1), -417
 * (an unknown expectation), -421 (an absolute target of another scheme than the connection's
 * [RFC 9110 §7.4]), -501 (other transfer codings before a final chunked). After a refusal the
 * connection must be closed. Transfer-Encoding beside Content-Length, Transfer-Encoding in
 * HTTP/1.0, and any other than "chunked" once and alone, are refused with -400 [RFC 9112 §6.1], and
 * so is content of CONNECT [RFC 9110 §9.3.6].
 * Content-Length lines and members that all say the same count as one [RFC 9112 §6.3]; a
 * Content-Length of 0 is H1_NO_CONTENT. Upgrade is ignored. */
int h1_request_check(struct h1_head *head, struct stet_span scheme, struct h1_framing *framing);

#endif
