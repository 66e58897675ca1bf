/* Reads one response the way the RFC writes it, octet by octet, without mercy and without haste.
 *
 *     status-line CRLF *( field-line CRLF ) CRLF [ content ]
 *
 * The head is found first (by its empty line), then judged line by line, then the content is framed
 * by status, method, Transfer-Encoding and Content-Length, in this order [RFC 9112 §6.3].
 */
#include "response.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reader {
    struct response *response;
    const char *at;
    const char *end;
    const char *method;
    bool ended;
    char *fault;
};

__attribute__((format(printf, 2, 3))) static bool bad(struct reader *reader, const char *form, ...)
{
    va_list arguments;
    va_start(arguments, form);
    vsnprintf(reader->fault, RESPONSE_FAULT, form, arguments);
    va_end(arguments);
    return false;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_token_char(char byte)
{
    return byte != '\0' && (is_digit(byte) || (byte >= 'a' && byte <= 'z') ||
                            (byte >= 'A' && byte <= 'Z') || strchr("!#$%&'*+-.^_`|~", byte));
}

const char *response_field(const struct response *response, const char *name)
{
    for (size_t i = 0; i < response->count; i++) {
        if (strcasecmp(response->fields[i].name, name) == 0)
            return response->fields[i].value;
    }
    return NULL;
}

size_t response_count(const struct response *response, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < response->count; i++)
        count += strcasecmp(response->fields[i].name, name) == 0;
    return count;
}

char *response_list(const struct response *response, const char *name)
{
    size_t room = 1;
    for (size_t i = 0; i < response->count; i++)
        room += strlen(response->fields[i].value) + 2;
    if (response_count(response, name) == 0)
        return NULL;
    char *list = calloc(1, room);
    for (size_t i = 0; i < response->count; i++) {
        if (strcasecmp(response->fields[i].name, name) != 0)
            continue;
        strcat(list, list[0] ? ", " : "");
        strcat(list, response->fields[i].value);
    }
    return list;
}

/* "HTTP/1.1 " 3DIGIT " " reason-phrase [RFC 9112 §4] */
static bool read_status_line(struct reader *reader, const char *line, size_t len)
{
    if (len < 13 || memcmp(line, "HTTP/1.1 ", 9) != 0)
        return bad(reader, "the status line begins with \"%.*s\"", len < 20 ? (int)len : 20, line);
    if (line[9] < '1' || line[9] > '5' || !is_digit(line[10]) || !is_digit(line[11]))
        return bad(reader, "the status code is \"%.3s\"", line + 9);
    if (line[12] != ' ')
        return bad(reader, "no space stands behind the status code");
    for (size_t i = 13; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            return bad(reader, "a control octet stands in the reason phrase");
    }
    reader->response->status = 100 * (line[9] - '0') + 10 * (line[10] - '0') + (line[11] - '0');
    return true;
}

/* field-name ":" OWS field-value OWS; the line is in our own memory and loses its colon. */
static bool read_field_line(struct reader *reader, char *line, size_t len)
{
    struct response *response = reader->response;
    size_t name = 0;
    while (name < len && is_token_char(line[name]))
        name++;
    if (name == 0 || name == len || line[name] != ':')
        return bad(reader, "no field line: \"%.60s\"", line);
    if (response->count == RESPONSE_FIELDS)
        return bad(reader, "more than %d fields", RESPONSE_FIELDS);
    for (size_t i = name; i < len; i++) {
        unsigned char byte = (unsigned char)line[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return bad(reader, "a control octet in field %.*s", (int)name, line);
    }
    line[name] = '\0';
    char *value = line + name + 1;
    while (*value == ' ' || *value == '\t')
        value++;
    for (char *last = line + len; last > value && (last[-1] == ' ' || last[-1] == '\t');)
        *--last = '\0';
    response->fields[response->count++] = (struct response_field){line, value};
    return true;
}

static bool has_option(const struct response *response, const char *option)
{
    const char *value = response_field(response, "Connection");
    return value && strcasecmp(value, option) == 0;
}

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 20 && text[digits] == '\0';
}

/* Lists that another server may have spread over lines. */
static bool is_foreign_list(const struct reader *reader, const char *name)
{
    return reader->response->passed &&
           (strcmp(name, "Cache-Control") == 0 || strcmp(name, "Vary") == 0 ||
            strcmp(name, "Allow") == 0 || strcmp(name, "Accept-Ranges") == 0);
}

/* Fields of which a second line is off the grammar, or a contradiction. */
static bool check_single(struct reader *reader)
{
    static const char *const single[] = {"Age",
                                         "Connection",
                                         "Content-Encoding",
                                         "Content-Length",
                                         "Content-Range",
                                         "Content-Type",
                                         "Cache-Control",
                                         "Date",
                                         "ETag",
                                         "Expires",
                                         "Last-Modified",
                                         "Location",
                                         "Server",
                                         "Vary",
                                         "Accept-Ranges",
                                         "Allow",
                                         "Transfer-Encoding"};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        if (response_count(reader->response, single[i]) > 1 && !is_foreign_list(reader, single[i]))
            return bad(reader, "more than one line of %s", single[i]);
    }
    return true;
}

bool response_is_etag(const char *text)
{
    if (strncmp(text, "W/", 2) == 0)
        text += 2;
    if (*text++ != '"')
        return false;
    while (*text == 0x21 || (unsigned char)*text >= 0x80 || (*text >= 0x23 && *text <= 0x7e))
        text++;
    return strcmp(text, "\"") == 0;
}

static int64_t days_before(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t y = year - (month < 2);
    return 365 * (int64_t)(year - 1970) + before[month] + (day - 1) + (y / 4 - y / 100 + y / 400) -
           (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static int number_at(const char *text, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (!is_digit(text[i]))
            return -1;
        value = 10 * value + (text[i] - '0');
    }
    return value;
}

int64_t response_date(const char *text)
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970 began with a Thursday */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (strlen(text) != 29 || memcmp(text + 3, ", ", 2) != 0 || text[7] != ' ' || text[11] != ' ' ||
        text[16] != ' ' || text[19] != ':' || text[22] != ':' || strcmp(text + 25, " GMT") != 0)
        return -1;
    const char name[4] = {text[8], text[9], text[10], '\0'};
    const char *month = strstr(months, name);
    const int day = number_at(text + 5, 2), year = number_at(text + 12, 4);
    const int hour = number_at(text + 17, 2), minute = number_at(text + 20, 2);
    const int second = number_at(text + 23, 2);
    if (!month || (month - months) % 3 || day < 1 || day > 31 || year < 1970 || hour < 0 ||
        hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return -1;
    const int64_t count = days_before(year, (int)(month - months) / 3, day);
    if (memcmp(text, days + 3 * (count % 7), 3) != 0)
        return -1;
    return 86400 * count + 3600 * hour + 60 * minute + second;
}

/* What every head must keep to, whatever was asked. */
static bool check_head(struct reader *reader)
{
    const struct response *response = reader->response;
    const char *date = response_field(response, "Date");
    const char *etag = response_field(response, "ETag");
    const char *modified = response_field(response, "Last-Modified");
    const char *length = response_field(response, "Content-Length");
    const char *coding = response_field(response, "Transfer-Encoding");

    if (!check_single(reader))
        return false;
    if (!date || response_date(date) < 0) /* [RFC 9110 §6.6.1] */
        return bad(reader, "Date is \"%s\"", date ? date : "absent");
    if (etag && !response_is_etag(etag))
        return bad(reader, "ETag is %s", etag);
    if (modified && !response->passed &&
        (response_date(modified) < 0 || response_date(modified) > response_date(date)))
        return bad(reader, "Last-Modified is \"%s\", Date is \"%s\"", modified, date);
    if (length && !is_number(length))
        return bad(reader, "Content-Length is \"%s\"", length);
    if (coding && (length || strcmp(coding, "chunked") != 0))
        return bad(reader, "Transfer-Encoding \"%s\", Content-Length \"%s\"", coding,
                   length ? length : "");
    if (response_field(response, "Connection") && !has_option(response, "close") &&
        !has_option(response, "keep-alive") &&
        !(response->status == 426 && has_option(response, "upgrade")))
        return bad(reader, "Connection is \"%s\"", response_field(response, "Connection"));
    if (response_field(response, "Warning") && !response->passed)
        return bad(reader, "Warning is no more");
    return true;
}

/* Which fields a status must have, and which it must not. */
static bool check_status(struct reader *reader)
{
    const struct response *response = reader->response;
    const char *range = response_field(response, "Content-Range");
    const char *type = response_field(response, "Content-Type");
    const bool parts = type && strncmp(type, "multipart/byteranges; boundary=", 31) == 0;
    const bool length = response_field(response, "Content-Length") != NULL;

    if (response->status == 206 && (range != NULL) == parts)
        return bad(reader, "206 with Content-Range \"%s\" and type \"%s\"", range ? range : "",
                   type ? type : "");
    if (range && response->status != 206 && response->status != 416)
        return bad(reader, "%d with Content-Range", response->status);
    if ((response->status == 204 || response->status == 304) &&
        (length || response_field(response, "Transfer-Encoding")))
        return bad(reader, "%d speaks of content", response->status);
    if (response->passed)
        return true;
    if (response->status == 416 && (!range || strncmp(range, "bytes */", 8) != 0))
        return bad(reader, "416 with Content-Range \"%s\"", range ? range : "");
    if (response->status == 405 && !response_field(response, "Allow"))
        return bad(reader, "405 without Allow");
    if ((response->status == 301 || response->status == 308) &&
        !response_field(response, "Location"))
        return bad(reader, "%d without Location", response->status);
    if (response->status == 304 &&
        (type || response_field(response, "Content-Encoding") || range)) /* D-02 */
        return bad(reader, "304 with metadata of content");
    if (response->status == 304 && response_field(response, "ETag") &&
        response_field(response, "Last-Modified")) /* D-02 */
        return bad(reader, "304 with ETag and Last-Modified");
    return true;
}

/* Where the head ends: behind its empty line; NULL when that has not come. */
static const char *head_end(const char *at, const char *end)
{
    for (; at + 4 <= end; at++) {
        if (memcmp(at, "\r\n\r\n", 4) == 0)
            return at + 4;
    }
    return NULL;
}

/* The lines of a head that is there in full. */
static bool read_head(struct reader *reader, const char *end)
{
    struct response *response = reader->response;
    size_t size = (size_t)(end - reader->at) - 2;
    free(response->text);
    response->count = 0;
    response->text = malloc(size + 1);
    memcpy(response->text, reader->at, size);
    response->text[size] = '\0';
    reader->at = end;
    char *line = response->text;
    for (char *stop = response->text + size; line < stop;) {
        char *next = strstr(line, "\r\n");
        if (!next || memchr(line, '\n', (size_t)(next - line)))
            return bad(reader, "a NUL or a bare LF in the head");
        *next = '\0';
        if (!(line == response->text ? read_status_line(reader, line, (size_t)(next - line))
                                     : read_field_line(reader, line, (size_t)(next - line))))
            return false;
        line = next + 2;
    }
    return true;
}

static void keep_content(struct reader *reader, size_t len)
{
    struct response *response = reader->response;
    response->body = realloc(response->body, response->len + len + 1);
    if (len > 0)
        memcpy(response->body + response->len, reader->at, len);
    response->len += len;
    response->body[response->len] = '\0';
    reader->at += len;
}

/* chunk-size CRLF, of hex digits only; false when more must come or it is bad. */
static bool read_chunk_line(struct reader *reader, size_t *size)
{
    const char *at = reader->at;
    *size = 0;
    while (at < reader->end && ((is_digit(*at)) || (*at >= 'a' && *at <= 'f'))) {
        *size = 16 * *size + (size_t)(is_digit(*at) ? *at - '0' : *at - 'a' + 10);
        at++;
    }
    if (at - reader->at > 15 || (at < reader->end && (*at != '\r' || at == reader->at)))
        return bad(reader, "a bad chunk line");
    if (reader->end - at < 2)
        return false;
    if (at[1] != '\n')
        return bad(reader, "a bad chunk line");
    reader->at = at + 2;
    return true;
}

/* Behind the last chunk: *( field-line CRLF ) CRLF. */
static enum response_verdict read_trailers(struct reader *reader)
{
    const char *start = reader->at, *at = start;
    for (;;) {
        const char *line = at;
        while (at + 1 < reader->end && memcmp(at, "\r\n", 2) != 0)
            at++;
        if (at + 1 >= reader->end)
            return RESPONSE_PART;
        at += 2;
        if (at - line == 2)
            break;
    }
    if (at - start > 2 && !reader->response->passed) {
        bad(reader, "trailers");
        return RESPONSE_BAD;
    }
    if (at - start > 2)
        reader->response->trailers = strndup(start, (size_t)(at - start) - 2);
    reader->at = at;
    return RESPONSE_WHOLE;
}

static enum response_verdict read_chunks(struct reader *reader)
{
    for (size_t size; read_chunk_line(reader, &size);) {
        const char *start = reader->at;
        if (size == 0)
            return read_trailers(reader);
        if ((size_t)(reader->end - start) < size + 2) {
            size_t there = (size_t)(reader->end - start);
            keep_content(reader, there < size ? there : size);
            return RESPONSE_PART;
        }
        if (memcmp(start + size, "\r\n", 2) != 0) {
            bad(reader, "a chunk without its CRLF");
            return RESPONSE_BAD;
        }
        keep_content(reader, size);
        reader->at += 2;
    }
    return reader->fault[0] ? RESPONSE_BAD : RESPONSE_PART;
}

static enum response_verdict read_until_close(struct reader *reader)
{
    if (!reader->response->closes) {
        bad(reader, "content without a length, and no close");
        return RESPONSE_BAD;
    }
    keep_content(reader, (size_t)(reader->end - reader->at));
    return reader->ended ? RESPONSE_WHOLE : RESPONSE_PART;
}

static enum response_verdict read_content(struct reader *reader)
{
    struct response *response = reader->response;
    const char *length = response_field(response, "Content-Length");
    const size_t there = (size_t)(reader->end - reader->at);

    keep_content(reader, 0);
    if (length)
        response->expects = (size_t)strtoull(length, NULL, 10);
    if (strcmp(reader->method, "HEAD") == 0 || response->status == 204 || response->status == 304) {
        response->expects = strcmp(reader->method, "HEAD") == 0 ? response->expects : 0;
        return RESPONSE_WHOLE;
    }
    response->chunked = response_field(response, "Transfer-Encoding") != NULL;
    if (response->chunked)
        return read_chunks(reader);
    if (!length) {
        response->expects = SIZE_MAX;
        return read_until_close(reader);
    }
    keep_content(reader, there < response->expects ? there : response->expects);
    return response->len == response->expects ? RESPONSE_WHOLE : RESPONSE_PART;
}

/* Heads up to and with the first that is final. */
static enum response_verdict read_heads(struct reader *reader)
{
    struct response *response = reader->response;
    for (;;) {
        const char *end = head_end(reader->at, reader->end);
        response->status = 0;
        if (!end)
            return RESPONSE_PART;
        if (!read_head(reader, end))
            return RESPONSE_BAD;
        if (response->status >= 200)
            break;
        if (!response->passed && (response->count > 0 || response->status != 100)) {
            bad(reader, "%d with %zu fields", response->status, response->count);
            return RESPONSE_BAD;
        }
        response->interims++;
    }
    response->closes = has_option(response, "close");
    return check_head(reader) && check_status(reader) ? RESPONSE_WHOLE : RESPONSE_BAD;
}

enum response_verdict response_read(struct response *response, const char *bytes, size_t len,
                                    const char *method, bool ended, size_t *used,
                                    char fault[RESPONSE_FAULT])
{
    struct reader reader = {response, bytes, bytes + len, method, ended, fault};
    *response = (struct response){.passed = response->passed};
    fault[0] = '\0';
    if (len > 0 && memcmp(bytes, "HTTP/1.1 ", len < 9 ? len : 9) != 0) {
        bad(&reader, "no status line: \"%.*s\"", len < 40 ? (int)len : 40, bytes);
        return RESPONSE_BAD;
    }
    enum response_verdict verdict = read_heads(&reader);
    if (verdict == RESPONSE_WHOLE)
        verdict = read_content(&reader);
    *used = (size_t)(reader.at - bytes);
    return verdict;
}

void response_fini(struct response *response)
{
    free(response->text);
    free(response->body);
    free(response->trailers);
    *response = (struct response){.passed = response->passed};
}
