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

#include "stet/pen.h"

#define CRLF "\r\n"

/* Octets of the line that names the type of a part. */
static size_t type_line_length(struct stet_span type)
{
    return type.len > 0 ? sizeof "Content-Type: " CRLF - 1 + type.len : 0;
}

static void pen_boundary(struct pen *pen, const struct stet_multipart *multipart)
{
    pen_span(pen, stet_span(multipart->boundary, STET_BOUNDARY_LENGTH));
}

void stet_multipart_type_write(const struct stet_multipart *multipart,
                               char to[STET_MULTIPART_TYPE_LENGTH])
{
    struct pen pen = {to, STET_MULTIPART_TYPE_LENGTH, 0};

    /* A boundary of token octets needs no quotes, and old clients do not take them off
     * [RFC 9110 §14.6]. */
    pen_span(&pen, STET_SPAN("multipart/byteranges; boundary="));
    pen_boundary(&pen, multipart);
}

size_t stet_multipart_part_write(const struct stet_multipart *multipart, bool first,
                                 struct stet_range range, char *to)
{
    struct pen pen = {to, STET_MULTIPART_PART_MAX(multipart->type.len), 0};
    char text[STET_CONTENT_RANGE_MAX];

    if (!first)
        pen_span(&pen, STET_SPAN(CRLF));
    pen_span(&pen, STET_SPAN("--"));
    pen_boundary(&pen, multipart);
    pen_span(&pen, STET_SPAN(CRLF));
    if (multipart->type.len > 0) {
        pen_span(&pen, STET_SPAN("Content-Type: "));
        pen_span(&pen, multipart->type);
        pen_span(&pen, STET_SPAN(CRLF));
    }
    pen_span(&pen, STET_SPAN("Content-Range: "));
    pen_span(&pen, stet_span(text, stet_content_range_write(range, multipart->length, text)));
    pen_span(&pen, STET_SPAN(CRLF CRLF));
    return pen.length;
}

void stet_multipart_end_write(const struct stet_multipart *multipart,
                              char to[STET_MULTIPART_END_LENGTH])
{
    struct pen pen = {to, STET_MULTIPART_END_LENGTH, 0};

    pen_span(&pen, STET_SPAN(CRLF "--"));
    pen_boundary(&pen, multipart);
    pen_span(&pen, STET_SPAN("--" CRLF));
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
