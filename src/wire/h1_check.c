/* Judges the head of an HTTP/1 request: whom it asks for, how its content is framed, what becomes
 * of the connection.
 *
 * Everything two readers may understand differently is refused, for that is what requests are
 * smuggled through: faults of the framing (h1_framing.c), more than one Host. The order of the
 * questions decides only which fault is named when there are several.
 */
#include "wire/h1_head.h"

#include "stet/list.h"
#include "stet/uri.h"
#include "wire/h1_framing.h"

static bool host_valid(struct h1_head *head, struct stet_span host)
{
    if (stet_span_equal(host, stet_span(head->host, head->host_size)))
        return true;
    if (!stet_authority_valid(host))
        return false;
    if (host.len > 0 && host.len <= sizeof head->host) {
        memcpy(head->host, host.at, host.len);
        head->host_size = host.len;
    }
    return true;
}

/* Host: exactly one and valid; HTTP/1.0 may have none [RFC 9112 §3.2]. */
static int host_check(struct h1_head *head, struct stet_span *host)
{
    *host = STET_SPAN_NONE;
    const struct stet_head *fields = &head->request.head;
    const struct stet_field *field = stet_head_first(fields, STET_FIELD_HOST);
    if (!field)
        return head->minor > 0 ? -400 : 0;
    if (stet_head_next(fields, field) || !host_valid(head, field->value))
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

/* What the fields that frame content say, one of which is there [RFC 9112 §6.3]. */
static int framing_check(const struct stet_head *head, unsigned minor, struct h1_framing *framing)
{
    if (stet_head_has(head, STET_FIELD_TRANSFER_ENCODING)) {
        framing->content = H1_CHUNKED;
        return h1_framing_coding(head, minor);
    }
    int verdict = h1_framing_length(head, &framing->length);
    framing->content = framing->length > 0 ? H1_LENGTH : H1_NO_CONTENT;
    return verdict;
}

/* The same of a request. CONNECT has no content: what follows its head would be content to one
 * reader and the tunnel's to the next [RFC 9110 §9.3.6]. */
static int framed_check(const struct stet_request *request, unsigned minor,
                        struct h1_framing *framing)
{
    int verdict = framing_check(&request->head, minor, framing);
    if (verdict == 0 && framing->content && request->method == STET_METHOD_CONNECT)
        return -400;
    return verdict;
}

/* The content's length. */
static int content_check(const struct stet_request *request, unsigned minor,
                         struct h1_framing *framing)
{
    const struct stet_head *head = &request->head;
    framing->content = H1_NO_CONTENT;
    framing->length = 0;
    if (!stet_head_has(head, STET_FIELD_TRANSFER_ENCODING) &&
        !stet_head_has(head, STET_FIELD_CONTENT_LENGTH))
        return 0;
    return framed_check(request, minor, framing);
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

int h1_request_check(struct h1_head *head, struct stet_span scheme, struct h1_framing *framing)
{
    const struct stet_head *fields = &head->request.head;
    struct stet_span host;
    int verdict = host_check(head, &host);
    if (verdict == 0)
        verdict = target_check(&head->request, scheme, host);
    if (verdict == 0)
        verdict = content_check(&head->request, head->minor, framing);
    if (verdict == 0)
        verdict = expectation_check(fields, head->minor, framing);
    if (verdict != 0)
        return verdict;
    framing->persistent = stet_head_has(fields, STET_FIELD_CONNECTION)
                              ? h1_framing_persists(fields, head->minor)
                              : head->minor > 0; /* most say nothing */
    framing->keep_alive = head->minor == 0 && framing->persistent;
    return 0;
}
