/* Reads one request the way the RFC writes it, and forgives nothing.
 *
 *     method SP request-target SP HTTP/1.1 CRLF *( field-line CRLF ) CRLF [ content ]
 *
 * Content is framed by one Content-Length, or by "chunked" alone; a request with both, with two of
 * either, or with a field that belongs to the connection before it is a fault of the gateway's.
 */
#include "request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct reading {
    struct request *request;
    const char *at, *end;
    char *fault;
};

__attribute__((format(printf, 2, 3))) static enum response_verdict bad(struct reading *reading,
                                                                       const char *form, ...)
{
    va_list arguments;
    va_start(arguments, form);
    vsnprintf(reading->fault, RESPONSE_FAULT, form, arguments);
    va_end(arguments);
    return RESPONSE_BAD;
}

static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const unsigned char byte = (unsigned char)text[i];
        if (byte <= 0x20 || byte >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", byte))
            return false;
    }
    return len > 0;
}

const char *request_field(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->count; i++) {
        if (strcasecmp(request->fields[i].name, name) == 0)
            return request->fields[i].value;
    }
    return NULL;
}

char *request_list(const struct request *request, const char *name)
{
    char *list = NULL;
    for (size_t i = 0; i < request->count; i++) {
        if (strcasecmp(request->fields[i].name, name) != 0)
            continue;
        char *joined = NULL;
        if (asprintf(&joined, "%s%s%s", list ? list : "", list ? ", " : "",
                     request->fields[i].value) < 0)
            abort();
        free(list);
        list = joined;
    }
    return list;
}

static size_t count_of(const struct request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->count; i++)
        count += strcasecmp(request->fields[i].name, name) == 0;
    return count;
}

/* In our own memory: the spaces become NULs. */
static enum response_verdict read_line(struct reading *reading, char *line)
{
    struct request *request = reading->request;
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version || strcmp(version, " HTTP/1.1") != 0 || !is_token(line, (size_t)(target - line)))
        return bad(reading, "the request line is \"%.80s\"", line);
    *target = *version = '\0';
    for (const char *at = target + 1; *at; at++) {
        if ((unsigned char)*at <= 0x20 || *at == 0x7f || *at == '#')
            return bad(reading, "an octet of the target is 0x%02x", (unsigned char)*at);
    }
    if (target[1] != '/' && strcmp(target + 1, "*") != 0)
        return bad(reading, "the target \"%.80s\" is not in origin form", target + 1);
    request->method = line;
    request->target = target + 1;
    return RESPONSE_WHOLE;
}

static enum response_verdict read_field(struct reading *reading, char *line)
{
    struct request *request = reading->request;
    char *colon = strchr(line, ':');
    if (!colon || !is_token(line, (size_t)(colon - line)))
        return bad(reading, "no field line: \"%.80s\"", line);
    if (request->count == RESPONSE_FIELDS)
        return bad(reading, "more than %d fields", RESPONSE_FIELDS);
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    for (char *last = value + strlen(value); last > value && strchr(" \t", last[-1]);)
        *--last = '\0';
    for (const char *at = value; *at; at++) {
        if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f)
            return bad(reading, "a control octet in %s", line);
    }
    request->fields[request->count++] = (struct response_field){line, value};
    return RESPONSE_WHOLE;
}

/* What no recipient is to get from an intermediary [RFC 9110 §7.6.1]. */
static enum response_verdict check_fields(struct reading *reading)
{
    static const char *const hop[] = {"Keep-Alive", "Proxy-Connection", "Proxy-Authorization",
                                      "Trailer", "HTTP2-Settings"};
    const struct request *request = reading->request;
    const char *connection = request_field(request, "Connection");
    const size_t lengths = count_of(request, "Content-Length");
    const size_t codings = count_of(request, "Transfer-Encoding");

    if (count_of(request, "Host") != 1)
        return bad(reading, "%zu lines of Host", count_of(request, "Host"));
    if (lengths + codings > 1)
        return bad(reading, "%zu lengths and %zu transfer codings", lengths, codings);
    if (codings && strcmp(request_field(request, "Transfer-Encoding"), "chunked") != 0)
        return bad(reading, "Transfer-Encoding is \"%s\"",
                   request_field(request, "Transfer-Encoding"));
    for (size_t i = 0; i < sizeof hop / sizeof *hop; i++) {
        if (count_of(request, hop[i]))
            return bad(reading, "%s has come along", hop[i]);
    }
    if (connection && strcasecmp(connection, "close") != 0 && strcasecmp(connection, "TE") != 0 &&
        strcasecmp(connection, "Upgrade") != 0)
        return bad(reading, "Connection is \"%s\"", connection);
    if (!request_field(request, "Via"))
        return bad(reading, "there is no Via");
    return RESPONSE_WHOLE;
}

static enum response_verdict read_head(struct reading *reading)
{
    struct request *request = reading->request;
    const char *end = reading->at;
    while (end + 4 <= reading->end && memcmp(end, "\r\n\r\n", 4) != 0)
        end++;
    if (end + 4 > reading->end)
        return RESPONSE_PART;
    const size_t size = (size_t)(end + 2 - reading->at);
    request->text = malloc(size + 1);
    memcpy(request->text, reading->at, size);
    request->text[size] = '\0';
    reading->at = end + 4;
    if (strlen(request->text) != size)
        return bad(reading, "a NUL in the head");
    for (char *line = request->text, *next; *line; line = next + 2) {
        next = strstr(line, "\r\n");
        *next = '\0';
        if (strpbrk(line, "\r\n"))
            return bad(reading, "a bare CR or LF in the head");
        enum response_verdict verdict =
            line == request->text ? read_line(reading, line) : read_field(reading, line);
        if (verdict == RESPONSE_BAD)
            return verdict;
    }
    return check_fields(reading);
}

static void keep(struct reading *reading, size_t len)
{
    struct request *request = reading->request;
    request->content = realloc(request->content, request->len + len + 1);
    memcpy(request->content + request->len, reading->at, len);
    request->len += len;
    request->content[request->len] = '\0';
    reading->at += len;
}

static enum response_verdict read_length(struct reading *reading, const char *text)
{
    const size_t digits = strspn(text, "0123456789");
    const size_t length = strtoull(text, NULL, 10);
    if (digits == 0 || digits > 18 || text[digits])
        return bad(reading, "Content-Length is \"%s\"", text);
    if ((size_t)(reading->end - reading->at) < length)
        return RESPONSE_PART;
    keep(reading, length);
    return RESPONSE_WHOLE;
}

/* Lines up to an empty one [RFC 9112 §7.1.2]. */
static enum response_verdict read_trailers(struct reading *reading, const char *line)
{
    const size_t left = (size_t)(reading->end - line);
    const char *end = memmem(line, left, "\r\n\r\n", 4);
    if (!end)
        return left < 9000 ? RESPONSE_PART : bad(reading, "trailers without an end");
    if (end > line)
        reading->request->trailers = strndup(line + 2, (size_t)(end - line));
    reading->at = end + 4;
    return RESPONSE_WHOLE;
}

static enum response_verdict read_chunks(struct reading *reading)
{
    for (;;) {
        const size_t left = (size_t)(reading->end - reading->at);
        const char *line = memmem(reading->at, left, "\r\n", 2);
        if (!line)
            return left < 20 ? RESPONSE_PART : bad(reading, "a chunk line without an end");
        const size_t digits = strspn(reading->at, "0123456789abcdefABCDEF");
        if (digits == 0 || digits > 8 || reading->at + digits != line)
            return bad(reading, "a chunk line is \"%.20s\"", reading->at);
        const size_t size = strtoull(reading->at, NULL, 16);
        if (size == 0)
            return read_trailers(reading, line);
        if ((size_t)(reading->end - line) < size + 4)
            return RESPONSE_PART;
        if (memcmp(line + 2 + size, "\r\n", 2) != 0)
            return bad(reading, "a chunk without its CRLF");
        reading->at = line + 2;
        keep(reading, size);
        reading->at += 2;
    }
}

enum response_verdict request_read(struct request *request, const char *bytes, size_t len,
                                   size_t *used, char fault[RESPONSE_FAULT])
{
    struct reading reading = {request, bytes, bytes + len, fault};
    *request = (struct request){0};
    fault[0] = '\0';
    enum response_verdict verdict = read_head(&reading);
    if (verdict == RESPONSE_WHOLE) {
        const char *length = request_field(request, "Content-Length");
        const bool chunked = request_field(request, "Transfer-Encoding") != NULL;
        request->has_content = length || chunked;
        if (length)
            verdict = read_length(&reading, length);
        else if (chunked)
            verdict = read_chunks(&reading);
    }
    *used = (size_t)(reading.at - bytes);
    return verdict;
}

void request_fini(struct request *request)
{
    free(request->text);
    free(request->content);
    free(request->trailers);
    *request = (struct request){0};
}
