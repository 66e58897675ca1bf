/* Reads the head of an HTTP/1 response as h1_head.c does that of a request, and says what follows.
 *
 * Leniency is not in the reader: an answer that the strict reader refuses is mended in place where
 * it may be, and then read strictly again. So an answer that needs no mending costs nothing more,
 * and nothing reaches anyone that the strict reader has not accepted.
 *
 *     Name : value    Name:  value        Name: a CR LF b    Name: a SP SP b
 *
 * Mending goes by whole lines, because what stands before a colon is known only when the colon has
 * come. What was mended once looks, when the same octets come again with more behind them, like
 * what never needed it.
 *
 * Given up: a lone LF as line end. It would have to grow by an octet, and who sends it from an
 * origin of today sends other surprises with it.
 */
#include "wire/h1_response.h"

#include "wire/h1_cursor.h"
#include "wire/h1_framing.h"

/* status-code = 3DIGIT. Codes outside of the five classes are invalid [RFC 9110 §15]. */
static bool code_read(struct h1_cursor *cursor, int *status)
{
    *status = 0;
    for (unsigned digits = 0; digits < 3; digits++) {
        if (cursor->at == cursor->end)
            return h1_cursor_stop(cursor, 0);
        int digit = *cursor->at - '0';
        if (digit < 0 || digit > 9 || (digits == 0 && (digit < 1 || digit > 5)))
            return h1_cursor_stop(cursor, -400);
        *status = *status * 10 + digit;
        cursor->at++;
    }
    return true;
}

/* SP [ reason-phrase ] CRLF [RFC 9112 §4] */
H1_INLINE bool phrase_read(struct h1_cursor *cursor, bool lenient, struct stet_span *phrase,
                           enum h1_scan scan)
{
    *phrase = stet_span(cursor->at, 0);
    if (lenient && cursor->at < cursor->end && *cursor->at == '\r')
        return h1_cursor_line_end(cursor);
    if (!h1_cursor_octet(cursor, ' '))
        return false;
    const char *stop = h1_scan(cursor->at, cursor->end, H1_RUN_VALUE, scan);
    *phrase = stet_span(cursor->at, (size_t)(stop - cursor->at));
    cursor->at = stop;
    return h1_cursor_line_end(cursor);
}

H1_INLINE int response_read(struct h1_cursor cursor, const struct limits *limits, bool lenient,
                            struct h1_response_head *head, enum h1_scan scan)
{
    const char *bytes = cursor.at;
    struct stet_response *response = &head->response;
    if (h1_cursor_version(&cursor, &head->minor) && h1_cursor_octet(&cursor, ' ') &&
        code_read(&cursor, &response->status) &&
        phrase_read(&cursor, lenient, &head->reason_phrase, scan) &&
        h1_cursor_fields(&cursor, limits->field_count, head->fields, &response->head, scan))
        return (int)(cursor.at - bytes);
    return h1_cursor_verdict(&cursor, bytes, limits->head_size);
}

static int response_read_strictly(const char *bytes, size_t size, const struct limits *limits,
                                  bool lenient, struct h1_response_head *head)
{
    struct h1_cursor cursor = h1_cursor_over(bytes, size, limits->head_size);
    if (cursor.end - cursor.at < H1_SCAN_LEAST)
        return response_read(cursor, limits, lenient, head, H1_SCAN_SCALAR);
    return response_read(cursor, limits, lenient, head, H1_SCAN_VECTOR);
}

/* Puts the colon right behind the name, where white space stands between [RFC 9112 §5.1]. False if
 * this is no field line. */
static bool colon_mend(char *line, const char *end)
{
    char *name_end = line;
    while (name_end < end && stet_byte_is_tchar((unsigned char)*name_end))
        name_end++;
    char *colon = name_end;
    while (colon < end && h1_is_ows(*colon))
        colon++;
    if (name_end == line || colon == end || *colon != ':')
        return false;
    *colon = ' ';
    *name_end = ':';
    return true;
}

/* The line before goes on with this one: CRLF becomes SP SP [RFC 9112 §5.2]. */
static void fold_mend(char *line)
{
    if (line[-2] == '\r')
        memcpy(line - 2, "  ", 2);
}

/* Mends the whole lines behind the status line up to the empty one; returns where they end, or 0 if
 * there is no whole line. Only a line that is a field may be folded. */
static size_t lines_mend(char *bytes, size_t size)
{
    bool field = false;
    char *line = bytes, *end;
    while ((end = memchr(line, '\n', size - (size_t)(line - bytes)))) {
        bool empty = end == line || (end == line + 1 && *line == '\r');
        if (line == bytes)
            field = false;
        else if (!h1_is_ows(*line))
            field = colon_mend(line, end);
        else if (field)
            fold_mend(line);
        line = end + 1;
        if (empty)
            break;
    }
    return (size_t)(line - bytes);
}

/* `fault` is what a strict reader says of them: off the grammar, or a line too many where the last
 * one may only go on. */
static int mended_read(int fault, char *bytes, size_t size, const struct limits *limits,
                       struct h1_response_head *head)
{
    size_t window = size < limits->head_size ? size : (size_t)limits->head_size;
    size_t whole = lines_mend(bytes, window);
    if (whole == 0)
        return fault; /* the status line is not mended */
    int got = response_read_strictly(bytes, whole, limits, true, head);
    return got == 0 && window == limits->head_size ? -431 : got;
}

/* The error that a status of the readers shared with requests stands for. */
static int error_of(int verdict)
{
    switch (verdict) {
    case -413:
        return -(int)STET_PROXY_ERROR_HTTP_RESPONSE_BODY_SIZE;
    case -431:
        return -(int)STET_PROXY_ERROR_HTTP_RESPONSE_HEADER_SECTION_SIZE;
    case -501:
        return -(int)STET_PROXY_ERROR_HTTP_RESPONSE_TRANSFER_CODING;
    default:
        return -(int)STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR;
    }
}

int h1_response_read(char *bytes, size_t size, const struct limits *limits, bool lenient,
                     struct h1_response_head *head)
{
    int got = response_read_strictly(bytes, size, limits, lenient, head);
    if (lenient && (got == -400 || got == -431))
        got = mended_read(got, bytes, size, limits, head);
    return got < 0 ? error_of(got) : got;
}

/* Responses that end with their head whatever their fields say [RFC 9112 §6.3]. */
static bool lacks_content(int status, enum stet_method method)
{
    return method == STET_METHOD_HEAD || status < 200 || status == 204 || status == 304;
}

/* What the fields alone say of the content. */
static int fields_check(const struct h1_response_head *head, struct response_framing *framing)
{
    const struct stet_head *fields = &head->response.head;
    int status = head->response.status;
    framing->content = RESPONSE_UNTIL_CLOSE;
    if (stet_head_has(fields, STET_FIELD_TRANSFER_ENCODING)) {
        framing->content = RESPONSE_DELIMITED;
        /* [RFC 9112 §6.1] */
        return status < 200 || status == 204 ? -400 : h1_framing_coding(fields, head->minor);
    }
    if (!stet_head_has(fields, STET_FIELD_CONTENT_LENGTH))
        return 0;
    framing->content = RESPONSE_LENGTH;
    framing->has_length = true;
    return h1_framing_length(fields, &framing->length);
}

int h1_response_check(const struct h1_response_head *head, enum stet_method method,
                      struct response_framing *framing)
{
    int status = head->response.status;
    *framing = (struct response_framing){.content = RESPONSE_TUNNEL,
                                         .version = (uint8_t)(10 + head->minor)};
    if (method == STET_METHOD_CONNECT && status / 100 == 2)
        return 0; /* [RFC 9112 §6.3] */
    int verdict = fields_check(head, framing);
    if (verdict < 0)
        return error_of(verdict);
    if (lacks_content(status, method))
        framing->content = status == 101 ? RESPONSE_TUNNEL : RESPONSE_NO_CONTENT;
    /* Who announces content in a 204 may send it, and it would pass for the next response. */
    bool ends = framing->content == RESPONSE_TUNNEL || framing->content == RESPONSE_UNTIL_CLOSE ||
                (status == 204 && framing->length > 0);
    framing->persistent = !ends && h1_framing_persists(&head->response.head, head->minor);
    return 0;
}
