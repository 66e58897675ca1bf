/* The framing of several ranges in one body, multipart/byteranges [RFC 9110 §14.6, RFC 2046 §5.1].
 *
 * The body is: for each part what stet_multipart_part_write gives and then the octets of the range;
 * in the end what stet_multipart_end_write gives. Nothing here sees the content.
 */
#ifndef STET_MULTIPART_H
#define STET_MULTIPART_H

#include "stet/range.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Octets of a boundary. */
#define STET_BOUNDARY_LENGTH 24

/* What all parts of one body share. */
struct stet_multipart {
    char boundary[STET_BOUNDARY_LENGTH]; /* token octets that do not occur in the content: the
                                            caller draws them at random */
    struct stet_span type;               /* Content-Type of the parts; empty leaves it out */
    uint64_t length;                     /* octets of the complete content, below 2^63 */
};

/* Octets of the Content-Type of the whole body. */
#define STET_MULTIPART_TYPE_LENGTH (31 + STET_BOUNDARY_LENGTH)

/* Writes that Content-Type: "multipart/byteranges; boundary=" and the boundary, unquoted. */
STET_API void stet_multipart_type_write(const struct stet_multipart *multipart,
                                        char to[STET_MULTIPART_TYPE_LENGTH]);

/* Room that the framing of one part fits into, given the length of the parts' Content-Type. */
#define STET_MULTIPART_PART_MAX(type_length) \
    (4 + STET_BOUNDARY_LENGTH + 2 + 14 + (type_length) + 2 + 15 + STET_CONTENT_RANGE_MAX + 4)

/* Writes what goes before a part: CRLF "--" boundary CRLF, Content-Type, Content-Range, an empty
 * line [RFC 9110 §14.6]. `first` leaves out the leading CRLF. Returns the octets written. */
STET_API size_t stet_multipart_part_write(const struct stet_multipart *multipart, bool first,
                                          struct stet_range range, char *to);

/* Octets of the end of the body. */
#define STET_MULTIPART_END_LENGTH (4 + STET_BOUNDARY_LENGTH + 4)

/* Writes CRLF "--" boundary "--" CRLF. */
STET_API void stet_multipart_end_write(const struct stet_multipart *multipart,
                                       char to[STET_MULTIPART_END_LENGTH]);

/* The length of the whole body: parts, framing and end. */
STET_API uint64_t stet_multipart_length(const struct stet_multipart *multipart,
                                        const struct stet_ranges *ranges);

#ifdef __cplusplus
}
#endif

#endif
