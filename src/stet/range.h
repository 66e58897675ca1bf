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
 * sent) [RFC 9110 §14.2, §17.15]. */
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

/* What a Range field comes to. Ranges that overlap, touch, or lie closer together than a part's
 * overhead are one (in the place of the first of them); the order is otherwise the requested one
 * [RFC 9110 §15.3.7.2]. The parts together never exceed the content's length. */
struct stet_ranges {
    enum stet_range_answer answer;
    enum stet_reason reason;
    size_t count;
    struct stet_range at[STET_RANGES_MAX];
};

/* Decides about the Range field of `head` for a content of `length` octets. Gives
 * STET_RANGE_WHOLE when there is no Range, several Range lines, an unknown unit, an invalid set, or
 * a set that asks too much (more than STET_RANGES_MAX parts after joining, or more than two
 * that overlap). The caller has seen to method and preconditions before. Positions beyond 64 bits
 * saturate. */
STET_API struct stet_ranges stet_ranges_of(const struct stet_head *head, uint64_t length);

/* The same for a bare value, e.g. "bytes=0-9,-5". */
STET_API struct stet_ranges stet_ranges_in(struct stet_span value, uint64_t length);

/* A Content-Range as read: "bytes 0-9/100", "bytes 0-9/" "*", or "bytes " "*" "/100". */
struct stet_content_range {
    bool satisfied;      /* `range` is meaningful; false for the form of a 416 */
    bool length_known;   /* `length` is meaningful */
    struct stet_range range;
    uint64_t length;
};

/* Reads one; false if the unit is not bytes or it is invalid: last before first, or the complete
 * length not beyond last [RFC 9110 §14.4]. */
STET_API bool stet_content_range_read(struct stet_span value, struct stet_content_range *to);

/* Room that any Content-Range value written here fits into. */
#define STET_CONTENT_RANGE_MAX 72

/* Write "bytes FIRST-LAST/LENGTH" and "bytes " "*" "/LENGTH"; return the number of octets written. */
STET_API size_t stet_content_range_write(struct stet_range range, uint64_t length,
                                         char to[STET_CONTENT_RANGE_MAX]);
STET_API size_t stet_content_range_write_unsatisfied(uint64_t length,
                                                     char to[STET_CONTENT_RANGE_MAX]);

/* Octets of a boundary as used by the framing below; any token characters. */
#define STET_BOUNDARY_LENGTH 24

/* Room that the framing of one part fits into, given the length of its Content-Type. */
#define STET_PART_MAX(type_length)                                                                 \
    (2 + 2 + STET_BOUNDARY_LENGTH + 2 + 14 + (type_length) + 2 + 15 + STET_CONTENT_RANGE_MAX + 4)

/* Writes what goes before a part of multipart/byteranges: CRLF "--" boundary CRLF, Content-Type (if
 * `type` is not empty), Content-Range, an empty line [RFC 9110 §14.6]. `first` leaves out the
 * leading CRLF. Returns the octets written. */
STET_API size_t stet_part_write(bool first, const char boundary[STET_BOUNDARY_LENGTH],
                                struct stet_span type, struct stet_range range, uint64_t length,
                                char *to);

/* Room for the end of the multipart body. */
#define STET_PART_END_MAX (2 + 2 + STET_BOUNDARY_LENGTH + 2 + 2)

/* Writes CRLF "--" boundary "--" CRLF; returns the octets written. */
STET_API size_t stet_part_end_write(const char boundary[STET_BOUNDARY_LENGTH],
                                    char to[STET_PART_END_MAX]);

/* The length of the whole multipart body: parts, framing and end. */
STET_API uint64_t stet_multipart_length(const struct stet_ranges *ranges, struct stet_span type,
                                        uint64_t length);

#ifdef __cplusplus
}
#endif

#endif
