/* Byte ranges: parsed, resolved against a length, bounded, framed [RFC 9110 §14].
 */
#ifndef STET_RANGE_H
#define STET_RANGE_H

#include "stet/head.h"
#include "stet/reason.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most parts one answer is made of. A set that asks for more is ignored (the whole content is
 * sent) [RFC 9110 §14.2, RFC 9110 §17.15]. */
#define STET_RANGES_MAX 16

/* Octets from `first` to `last`, both included, counted from 0. */
struct stet_range {
    uint64_t first;
    uint64_t last;
};

enum stet_range_answer {
    STET_RANGE_WHOLE,        /* send the whole content with 200 */
    STET_RANGE_PARTS,        /* send `count` parts with 206 */
    STET_RANGE_UNSATISFIABLE /* send 416 */
};

/* Ranges with fewer octets than this between them are sent as one: a further part would cost about
 * as much as the gap [RFC 9110 §15.3.7.2]. It also keeps a multipart body below twice the content's
 * length, framing included, unless the Content-Type of the parts is longer than 60 octets. */
#define STET_RANGE_GAP 160

/* What a Range field comes to. Ranges that overlap, touch, or lie closer together than
 * STET_RANGE_GAP are one (in the place of the first of them); the order is otherwise the requested
 * one [RFC 9110 §15.3.7.2]. The parts never overlap, so together they never exceed the content's
 * length. */
struct stet_ranges {
    enum stet_range_answer answer;
    enum stet_reason reason;
    size_t count; /* 0 unless the answer is STET_RANGE_PARTS */
    struct stet_range at[STET_RANGES_MAX];
};

/* Decides about the Range field of `head` for a content of `length` octets. Gives
 * STET_RANGE_WHOLE when there is no Range, several Range lines, an unknown unit, an invalid set, a
 * set that asks too much, or a suffix of an empty content (which no Content-Range can describe). A
 * set asks too much when its members, read in order, need more than STET_RANGES_MAX parts, or when
 * more than one of them shares an octet with the parts before it [RFC 9110 §14.2, RFC 9110 §17.15].
 * The caller has seen to method and preconditions before. Positions beyond 64 bits saturate. */
STET_API struct stet_ranges stet_ranges_of(const struct stet_head *head, uint64_t length);

/* The same for a bare value, e.g. "bytes=0-9,-5". */
STET_API struct stet_ranges stet_ranges_in(struct stet_span value, uint64_t length);

/* A Content-Range as read: "bytes 0-9/100", "bytes 0-9/" "*", or "bytes " "*" "/100". */
struct stet_content_range {
    bool satisfied;    /* `range` is meaningful; false for the form of a 416 */
    bool length_known; /* `length` is meaningful */
    struct stet_range range;
    uint64_t length;
};

/* Reads one; false, and `*to` untouched, if the unit is not bytes or it is invalid: last before
 * first, the complete length not beyond last, or a number beyond 64 bits (here a number that is
 * not exact would join the wrong octets) [RFC 9110 §14.4]. */
STET_API bool stet_content_range_read(struct stet_span value, struct stet_content_range *to);

/* Room that any Content-Range value written here fits into. */
#define STET_CONTENT_RANGE_MAX 72

/* What a single part, each part of several, and a 416 say of themselves [RFC 9110 §15.3.7.1,
 * RFC 9110 §15.5.17]: write "bytes FIRST-LAST/LENGTH" and "bytes " "*" "/LENGTH". Both return the
 * number of octets written. */
STET_API size_t stet_content_range_write(struct stet_range range, uint64_t length,
                                         char to[STET_CONTENT_RANGE_MAX]);
STET_API size_t stet_content_range_write_unsatisfied(uint64_t length,
                                                     char to[STET_CONTENT_RANGE_MAX]);

#ifdef __cplusplus
}
#endif

#endif
