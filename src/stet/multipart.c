/* Writes the framing of multipart/byteranges, and says in advance how long a body will be.
 *
 * Part:  [CRLF] "--" boundary CRLF ["Content-Type: " type CRLF] "Content-Range: " range CRLF CRLF
 * End:   CRLF "--" boundary "--" CRLF
 *
 * The length is found by writing the framing into a scratch buffer and counting, not by a formula
 * beside it: a Content-Length that disagrees with the body by one octet breaks the connection, and
 * an answer has sixteen parts at most. There is no preamble and no epilogue: clients have been seen
 * that skip neither.
 */
#include "stet/multipart.h"

#define CRLF "\r\n"

static char *put(char *to, struct stet_span text)
{
    if (text.len > 0)
        memcpy(to, text.at, text.len);
    return to + text.len;
}

/* Octets of the line that names the type of a part. */
static size_t type_line_length(struct stet_span type)
{
    return type.len > 0 ? sizeof "Content-Type: " CRLF - 1 + type.len : 0;
}

static char *put_delimiter(char *to, const struct stet_multipart *multipart)
{
    to = put(to, STET_SPAN("--"));
    return put(to, stet_span(multipart->boundary, STET_BOUNDARY_LENGTH));
}

void stet_multipart_type_write(const struct stet_multipart *multipart,
                               char to[STET_MULTIPART_TYPE_LENGTH])
{
    /* A boundary of token octets needs no quotes, and old clients do not take them off
     * [RFC 9110 §14.6]. */
    to = put(to, STET_SPAN("multipart/byteranges; boundary="));
    put(to, stet_span(multipart->boundary, STET_BOUNDARY_LENGTH));
}

size_t stet_multipart_part_write(const struct stet_multipart *multipart, bool first,
                                 struct stet_range range, char *to)
{
    char *end = first ? to : put(to, STET_SPAN(CRLF));

    end = put(put_delimiter(end, multipart), STET_SPAN(CRLF));
    if (multipart->type.len > 0) {
        end = put(put(end, STET_SPAN("Content-Type: ")), multipart->type);
        end = put(end, STET_SPAN(CRLF));
    }
    end = put(end, STET_SPAN("Content-Range: "));
    end += stet_content_range_write(range, multipart->length, end);
    end = put(end, STET_SPAN(CRLF CRLF));
    return (size_t)(end - to);
}

void stet_multipart_end_write(const struct stet_multipart *multipart,
                              char to[STET_MULTIPART_END_LENGTH])
{
    to = put_delimiter(put(to, STET_SPAN(CRLF)), multipart);
    put(to, STET_SPAN("--" CRLF));
}

uint64_t stet_multipart_length(const struct stet_multipart *multipart,
                               const struct stet_ranges *ranges)
{
    struct stet_multipart untyped = *multipart;
    uint64_t length = STET_MULTIPART_END_LENGTH;
    char scratch[STET_MULTIPART_PART_MAX(0)];

    untyped.type = STET_SPAN_NONE;
    for (size_t i = 0; i < ranges->count; i++) {
        struct stet_range range = ranges->at[i];
        length += stet_multipart_part_write(&untyped, i == 0, range, scratch);
        length += type_line_length(multipart->type) + (range.last - range.first + 1);
    }
    return length;
}
