/* Judges the head of an HTTP/1 request: whom it asks for, how its content is framed, what becomes
 * of the connection.
 *
 * Everything two readers may understand differently is refused, for that is what requests are
 * smuggled through: a transfer coding beside a length, any spelling of the coding but the one,
 * lengths that differ, more than one Host. The order of the questions decides only which fault is
 * named when there are several.
 *
 * Given up: empty list members around "chunked" and "Content-Length", which [RFC 9110 §5.6.1.2]
 * would have skipped in other fields; in these two nobody sends them in good faith.
 */
#include "wire/h1_head.h"

#include "stet/list.h"
#include "stet/uri.h"

/* More than any content; leaves sums of lengths room in 64 bits. */
#define LENGTH_MAX ((uint64_t)INT64_MAX)

/* Host: exactly one and valid; HTTP/1.0 may have none [RFC 9112 §3.2]. */
static int host_check(const struct stet_head *head, unsigned minor, struct stet_span *host)
{
    *host = STET_SPAN_NONE;
    const struct stet_field *field = stet_head_first(head, STET_FIELD_HOST);
    if (!field)
        return minor > 0 ? -400 : 0;
    if (stet_head_next(head, field) || !stet_authority_valid(field->value))
        return -400;
    *host = field->value;
    return 0;
}

/* The target URI [RFC 9112 §3.2, §3.3]. The authority of an absolute target outranks Host
 * [RFC 9112 §3.2.2]. */
static int target_check(struct stet_request *request, struct stet_span scheme,
                        struct stet_span host)
{
    switch (stet_target_split(request->target, request->method, request)) {
    case STET_TARGET_ORIGIN:
    case STET_TARGET_ASTERISK:
        request->scheme = scheme;
        request->authority = host;
        return 0;
    case STET_TARGET_AUTHORITY:
        request->scheme = scheme;
        return 0;
    case STET_TARGET_ABSOLUTE:
        /* What was not asked for over its own scheme's connection is not ours to answer
         * [RFC 9110 §7.4]. */
        return stet_span_equal_nocase(request->scheme, scheme) ? 0 : -421;
    case STET_TARGET_INVALID:
        break;
    }
    return -400;
}

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

/* Transfer-Encoding: "chunked", once, alone, and only where the client knows what it means
 * [RFC 9112 §6.1, §7]. */
static int coding_check(const struct stet_head *head, unsigned minor)
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
    for (;;) {
        size_t comma = stet_span_find(line, ',');
        uint64_t number;
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

static int length_check(const struct stet_head *head, uint64_t *length)
{
    *length = UINT64_MAX;
    const struct stet_field *field = stet_head_first(head, STET_FIELD_CONTENT_LENGTH);
    for (; field; field = stet_head_next(head, field))
        if (!length_line_check(field->value, length))
            return -400;
    return *length > LENGTH_MAX ? -413 : 0;
}

/* The content's length [RFC 9112 §6.3]. */
static int content_check(const struct stet_head *head, unsigned minor, struct h1_framing *framing)
{
    framing->content = H1_NO_CONTENT;
    framing->length = 0;
    if (stet_head_has(head, STET_FIELD_TRANSFER_ENCODING)) {
        framing->content = H1_CHUNKED;
        return coding_check(head, minor);
    }
    if (!stet_head_has(head, STET_FIELD_CONTENT_LENGTH))
        return 0;
    int verdict = length_check(head, &framing->length);
    framing->content = framing->length > 0 ? H1_LENGTH : H1_NO_CONTENT;
    return verdict;
}

/* [RFC 9110 §10.1.1]: an HTTP/1.0 client cannot mean it. */
static int expectation_check(const struct stet_head *head, unsigned minor,
                             struct h1_framing *framing)
{
    framing->expects_continue = false;
    if (minor == 0 || !stet_head_has(head, STET_FIELD_EXPECT))
        return 0;
    struct stet_list list = stet_list_of(head, STET_FIELD_EXPECT);
    struct stet_span member;
    while (stet_list_next(&list, &member)) {
        if (!stet_span_equal_nocase(member, STET_SPAN("100-continue")))
            return -417;
        framing->expects_continue = framing->content != H1_NO_CONTENT;
    }
    return 0;
}

/* Whether the client lets the connection go on [RFC 9112 §9.3]. */
static void persistence_find(const struct stet_head *head, unsigned minor,
                             struct h1_framing *framing)
{
    framing->persistent = minor > 0;
    framing->keep_alive = false;
    if (!stet_head_has(head, STET_FIELD_CONNECTION))
        return;
    struct stet_list options = stet_list_of(head, STET_FIELD_CONNECTION);
    if (minor == 0)
        framing->keep_alive = stet_list_has(options, STET_SPAN("keep-alive"));
    bool close = stet_list_has(options, STET_SPAN("close"));
    framing->keep_alive &= !close;
    framing->persistent = !close && (minor > 0 || framing->keep_alive);
}

int h1_request_check(struct h1_head *head, struct stet_span scheme, struct h1_framing *framing)
{
    const struct stet_head *fields = &head->request.head;
    struct stet_span host;
    int verdict = host_check(fields, head->minor, &host);
    if (verdict == 0)
        verdict = target_check(&head->request, scheme, host);
    if (verdict == 0)
        verdict = content_check(fields, head->minor, framing);
    if (verdict == 0)
        verdict = expectation_check(fields, head->minor, framing);
    if (verdict == 0)
        persistence_find(fields, head->minor, framing);
    return verdict;
}
