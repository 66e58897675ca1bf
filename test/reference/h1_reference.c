/* Reads the requests of a connection as the grammar says, one octet after the other.
 *
 * Every function returns OK, or why it could not go on.
 */
#include "h1_reference.h"

#include "h1_reference_reader.h"

#include <stdlib.h>
#include <string.h>

/* ---- request-line = method SP request-target SP HTTP-version CRLF ---- */

static int read_method(struct reader *r, struct reference_request *q)
{
    q->method.at = r->octets + r->at;
    while (octet_is_tchar(reader_peek(r))) {
        r->at++;
        q->method.len++;
        if (q->method.len > r->limits->method)
            return 501;
    }
    if (q->method.len == 0)
        return reader_cannot(r);
    return reader_expect(r, ' ');
}

static int read_target(struct reader *r, struct reference_request *q)
{
    q->target.at = r->octets + r->at;
    while (octet_is_visible(reader_peek(r))) {
        r->at++;
        q->target.len++;
        if (q->target.len > r->limits->target)
            return 414;
    }
    if (q->target.len == 0)
        return reader_cannot(r);
    return reader_expect(r, ' ');
}

static int read_request_line(struct reader *r, struct reference_request *q)
{
    int result = read_method(r, q);
    if (result == OK)
        result = read_target(r, q);
    if (result == OK)
        result = reader_version(r, &q->minor);
    return result == OK ? reader_crlf(r) : result;
}

/* ---- what the fields mean ---- */

static int judge_host(struct reference_request *q)
{
    struct reference_text host = {NULL, 0};
    size_t lines = fields_lines(&q->headers, "host", &host);
    if (lines > 1 || (lines == 0 && q->minor > 0))
        return 400;
    if (lines == 1 && !reference_host_valid(host))
        return 400;
    q->authority = host;
    return OK;
}

static void each_expectation(struct reference_text member, void *state)
{
    int *result = state;
    if (!text_same(member, "100-continue"))
        *result = 417;
    else if (*result != 417)
        *result = 100;
}

static int judge_expectation(struct reference_request *q, bool content)
{
    int result = OK;
    if (q->minor > 0)
        fields_members(&q->headers, "expect", each_expectation, &result);
    q->expects_continue = result == 100 && content;
    return result == 417 ? 417 : OK;
}

static void judge_persistence(struct reference_request *q)
{
    struct fields_options options = fields_options(&q->headers);
    if (options.close)
        q->persistent = false;
    else if (q->minor > 0)
        q->persistent = true;
    else
        q->persistent = q->keep_alive = options.keep_alive;
}

/* ---- all of it ---- */

static int read_head(struct reader *r, struct reference_request *q, struct reference_text *length)
{
    reader_window(r, r->limits->head, 431);
    int result = OK;
    if (reader_peek(r) == '\r')
        result = reader_crlf(r);
    if (result == OK)
        result = read_request_line(r, q);
    if (result == OK)
        result = reader_fields(r, &q->headers);
    if (result == OK)
        result = judge_host(q);
    if (result == OK)
        result = reference_target(q);
    if (result == OK)
        result = fields_coding(&q->headers, q->minor, &q->chunked);
    if (result == OK && !q->chunked)
        result = fields_length(&q->headers, length);
    bool content = q->chunked || (length->at && length->at[0] != '0');
    if (result == OK && content && q->method.len == 7 && memcmp(q->method.at, "CONNECT", 7) == 0)
        result = 400;
    if (result == OK)
        result = judge_expectation(q, content);
    if (result == OK)
        judge_persistence(q);
    return result;
}

static int read_content(struct reader *r, struct reference_request *q, struct reference_text length)
{
    struct reference_content content = reference_content_new(r->size);
    int result = OK;
    reader_window(r, (size_t)-1, 0);
    if (q->chunked)
        result = reader_chunked(r, &content, &q->trailers);
    else if (length.at)
        result = reader_exactly(r, length, &content);
    q->content = content.octets;
    q->content_len = content.len;
    return result;
}

void reference_read(struct reference *reference, const char *octets, size_t size,
                    const struct reference_limits *limits)
{
    struct reader reader = {.octets = octets, .size = size, .limits = limits};
    memset(reference, 0, sizeof *reference);
    while (reference->count < REFERENCE_REQUESTS_MAX) {
        struct reference_request *q = &reference->request[reference->count];
        struct reference_text length = {NULL, 0};
        int result = read_head(&reader, q, &length);
        if (result == OK) {
            reference->count++;
            result = read_content(&reader, q, length);
            q->complete = result == OK;
        }
        reference->status = result > 0 ? result : 0;
        if (result != OK || !q->persistent)
            break;
    }
}

void reference_free(struct reference *reference)
{
    for (size_t i = 0; i < reference->count; i++)
        free(reference->request[i].content);
}
