/* The fields that say where an HTTP/1 message ends and whether the connection outlives it, for
 * requests and responses alike.
 *
 * A message that two readers may frame differently is refused: a transfer coding beside a length,
 * any spelling of the coding but the one, lengths that differ.
 *
 * Given up: empty list members around "chunked" and "Content-Length", which [RFC 9110 §5.6.1.2]
 * would have skipped in other fields; in these two nobody sends them in good faith.
 */
#include "wire/h1_framing.h"

#include "stet/list.h"

/* More than any content; leaves sums of lengths room in 64 bits. */
#define LENGTH_MAX ((uint64_t)INT64_MAX)

/* Which fault a Transfer-Encoding other than plain "chunked" is. */
static int codings_judge(const struct stet_head *head)
{
    struct stet_list list = stet_list_of(head, STET_FIELD_TRANSFER_ENCODING);
    struct stet_span member;
    size_t members = 0, chunked = 0;
    bool ends = false;
    for (; stet_list_next(&list, &member); members++) {
        struct stet_span name = stet_span(member.at, stet_span_find(member, ';'));
        if (!stet_span_is_token(stet_span_trim(name)))
            return -400;
        ends = stet_span_equal_nocase(member, STET_SPAN("chunked"));
        chunked += ends;
    }
    /* Without "chunked" at the end, and only there, nobody can tell where the content ends
     * [RFC 9112 §6.3]; behind other codings it is only more than we can decode
     * [RFC 9112 §6.1]. */
    return ends && chunked == 1 && members > 1 ? -501 : -400;
}

/* Only where the sender knows what it means, and where no length says otherwise
 * [RFC 9112 §6.1, §7]. */
int h1_framing_coding(const struct stet_head *head, unsigned minor)
{
    const struct stet_field *field = stet_head_first(head, STET_FIELD_TRANSFER_ENCODING);
    if (minor == 0 || stet_head_has(head, STET_FIELD_CONTENT_LENGTH))
        return -400;
    if (!stet_head_next(head, field) && stet_span_equal_nocase(field->value, STET_SPAN("chunked")))
        return 0;
    return codings_judge(head);
}

/* One Content-Length line: a number, or the same number several times over
 * [RFC 9110 §8.6, RFC 9112 §6.3]. `*length` is UINT64_MAX as long as none was seen. */
static bool length_line_check(struct stet_span line, uint64_t *length)
{
    uint64_t number;
    if (*length == UINT64_MAX && stet_span_number(line, LENGTH_MAX + 1, length))
        return true; /* which is what all say */
    for (;;) {
        size_t comma = stet_span_find(line, ',');
        if (!stet_span_number(stet_span_trim(stet_span(line.at, comma)), LENGTH_MAX + 1, &number))
            return false;
        if (*length != UINT64_MAX && *length != number)
            return false;
        *length = number;
        if (comma == line.len)
            return true;
        line = stet_span_from(line, comma + 1);
    }
}

int h1_framing_length(const struct stet_head *head, uint64_t *length)
{
    *length = UINT64_MAX;
    const struct stet_field *field = stet_head_first(head, STET_FIELD_CONTENT_LENGTH);
    for (; field; field = stet_head_next(head, field))
        if (!length_line_check(field->value, length))
            return -400;
    return *length > LENGTH_MAX ? -413 : 0;
}

/* [RFC 9112 §9.3] */
bool h1_framing_persists(const struct stet_head *head, unsigned minor)
{
    const struct stet_field *field = stet_head_first(head, STET_FIELD_CONNECTION);
    if (!field)
        return minor > 0;
    if (stet_span_equal(field->value, STET_SPAN("keep-alive")) && !stet_head_next(head, field))
        return true; /* which is what browsers say */
    struct stet_list options = stet_list_of(head, STET_FIELD_CONNECTION);
    if (stet_list_has(options, STET_SPAN("close")))
        return false;
    return minor > 0 || stet_list_has(options, STET_SPAN("keep-alive"));
}
