/* Collects the head of a HTTP/2 response and makes of it what every other part of the server knows:
 * a struct stet_response.
 *
 * nghttp2 refuses much of what is malformed by itself, but not everything, and not all of it in the
 * same way; so every rule is asked here as well, by the scanners of HTTP/1. What passes could be
 * written into an HTTP/1 response as it is: no CR, LF or NUL, no colon in a name, no field that
 * frames a message or belongs to a connection [RFC 9113 §8.2.1, §8.2.2, §10.3].
 *
 * Nothing is copied: names and values are buffers of nghttp2, counted, and held while the head is
 * needed. Behind the first fault nothing is collected any more.
 */
#include "wire/h2_client_head.h"

#include "base/check.h"
#include "wire/h1_framing.h"
#include "wire/h1_scan.h"

enum { LINE_EXTRA = sizeof ": \r\n" - 1 };

void h2_client_head_clear(struct h2_client_head *head, bool trailers)
{
    for (size_t i = 0; i < 2 * head->count; i++)
        nghttp2_rcbuf_decref(head->lent[i]);
    head->response = (struct stet_response){0};
    head->fault = STET_PROXY_ERROR_NONE;
    head->count = head->size = 0;
    head->trailers = trailers;
}

static void head_refuse(struct h2_client_head *head, enum stet_proxy_error fault)
{
    if (head->fault == STET_PROXY_ERROR_NONE)
        head->fault = fault;
}

static struct stet_span span_of(nghttp2_rcbuf *buffer)
{
    const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
    return stet_span((const char *)bytes.base, bytes.len);
}

static bool is_run(struct stet_span text, enum h1_run run)
{
    const char *end = text.at + text.len;
    return text.len == 0 || h1_scan(text.at, end, run, H1_SCAN_SCALAR) == end;
}

/* Lower case only [RFC 9113 §8.2.1]. */
static bool name_is_valid(struct stet_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] >= 'A' && name.at[i] <= 'Z')
            return false;
    return name.len > 0 && is_run(name, H1_RUN_TOKEN);
}

/* [RFC 9113 §8.2.1] */
static bool value_is_valid(struct stet_span value)
{
    return is_run(value, H1_RUN_VALUE) && stet_span_trim(value).len == value.len;
}

/* What says something of a connection that is not this one [RFC 9113 §8.2.2]. */
static bool field_is_misplaced(const struct stet_field *field)
{
    switch (field->id) {
    case STET_FIELD_CONNECTION:
    case STET_FIELD_PROXY_CONNECTION:
    case STET_FIELD_KEEP_ALIVE:
    case STET_FIELD_TRANSFER_ENCODING:
    case STET_FIELD_UPGRADE:
        return true;
    case STET_FIELD_TE:
        return !stet_span_equal_nocase(field->value, STET_SPAN("trailers"));
    default:
        return false;
    }
}

/* Three digits of one of the five classes [RFC 9110 §15]; 0 if it is anything else. */
static int status_of(struct stet_span text)
{
    uint64_t status;
    bool valid =
        text.len == 3 && stet_span_number(text, 999, &status) && status >= 100 && status <= 599;
    return valid ? (int)status : 0;
}

/* One :status, before all others, and not in trailers [RFC 9113 §8.3, §8.3.2]. */
static void head_add_pseudo(struct h2_client_head *head, struct stet_span name,
                            struct stet_span value)
{
    const bool first = head->response.status == 0 && head->count == 0 && !head->trailers;

    if (first && stet_span_equal(name, STET_SPAN(":status")))
        head->response.status = status_of(value);
    if (!first || head->response.status == 0)
        head_refuse(head, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR);
}

static void head_add_field(struct h2_client_head *head, nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
    struct stet_field *field = &head->fields[head->count];

    field->name = span_of(name);
    field->value = span_of(value);
    if (!name_is_valid(field->name) || !value_is_valid(field->value)) {
        head_refuse(head, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR);
        return;
    }
    field->id = stet_field_id(field->name);
    if (field_is_misplaced(field)) {
        head_refuse(head, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR);
        return;
    }
    head->lent[2 * head->count] = name;
    head->lent[2 * head->count + 1] = value;
    nghttp2_rcbuf_incref(name);
    nghttp2_rcbuf_incref(value);
    head->count++;
}

bool h2_client_head_add(struct h2_client_head *head, const struct limits *limits,
                        nghttp2_rcbuf *name, nghttp2_rcbuf *value)
{
    const struct stet_span word = span_of(name);

    head->size += word.len + span_of(value).len + LINE_EXTRA;
    if (head->size > limits->h2_header_excess)
        return false;
    if (head->size > (head->trailers ? limits->trailer_size : limits->head_size) ||
        head->count == limits->field_count)
        head_refuse(head, head->trailers ? STET_PROXY_ERROR_HTTP_RESPONSE_TRAILER_SECTION_SIZE
                                         : STET_PROXY_ERROR_HTTP_RESPONSE_HEADER_SECTION_SIZE);
    if (head->fault != STET_PROXY_ERROR_NONE)
        return true;
    if (word.len > 0 && word.at[0] == ':')
        head_add_pseudo(head, word, span_of(value));
    else
        head_add_field(head, name, value);
    return true;
}

enum stet_proxy_error h2_client_head_check(struct h2_client_head *head)
{
    if (!head->trailers && head->response.status == 0)
        head_refuse(head, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR);
    if (head->response.status == 101) /* there is no such thing here [RFC 9113 §8.6] */
        head_refuse(head, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR);
    head->response.head.fields = head->fields;
    head->response.head.count = head->count;
    stet_head_index(&head->response.head);
    return head->fault;
}

/* Responses that end with their head whatever their fields say [RFC 9110 §6.4.1]. */
static bool lacks_content(int status, enum stet_method method)
{
    return method == STET_METHOD_HEAD || status < 200 || status == 204 || status == 304;
}

enum stet_proxy_error h2_client_head_frame(const struct h2_client_head *head,
                                           enum stet_method method, bool ends,
                                           struct response_framing *framing)
{
    const struct stet_head *fields = &head->response.head;
    const int status = head->response.status;

    *framing =
        (struct response_framing){.content = RESPONSE_DELIMITED, .persistent = true, .version = 20};
    if (method == STET_METHOD_CONNECT && status / 100 == 2) {
        framing->content = RESPONSE_TUNNEL;
        return STET_PROXY_ERROR_NONE;
    }
    framing->has_length = stet_head_has(fields, STET_FIELD_CONTENT_LENGTH);
    if (framing->has_length) {
        const int verdict = h1_framing_length(fields, &framing->length);
        if (verdict < 0)
            return verdict == -413 ? STET_PROXY_ERROR_HTTP_RESPONSE_BODY_SIZE
                                   : STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR;
        framing->content = RESPONSE_LENGTH;
    }
    if (lacks_content(status, method))
        framing->content = RESPONSE_NO_CONTENT;
    else if (ends && framing->length > 0)
        return STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR;
    else if (ends)
        framing->content = framing->has_length ? RESPONSE_LENGTH : RESPONSE_NO_CONTENT;
    return STET_PROXY_ERROR_NONE;
}
