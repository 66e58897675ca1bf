/* The chunked coding, read line by line and octet by octet from whatever has arrived.
 *
 *     LINE --size > 0--> BYTES --all read--> CRLF --> LINE
 *       +---size 0-----> LAST
 *
 * A chunk-size line is judged from its start each time until it is whole; it is short, and a limit
 * keeps it so. A fault is reported with the first octet that shows it. Extensions are held to
 * their grammar, because their loose ends (a bare LF, a quote that never closes) are where two
 * readers part ways, and have no other effect [RFC 9112 §7.1.1].
 */
#include "wire/h1_chunked.h"

#include "base/check.h"

/* Digits of 64 bits. */
#define SIZE_DIGITS_MAX 16

/* A larger chunk is none; leaves sums room in 64 bits. */
#define SIZE_MAX_VALUE ((uint64_t)INT64_MAX)

/* A walk over a line that may be incomplete. */
struct line {
    const char *at;
    const char *end;
};

enum { LINE_FAULT = -400, LINE_MORE = 0, LINE_READ = 1 };

static bool is_ows(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* BWS [RFC 9110 §5.6.3]. */
static void space_skip(struct line *line)
{
    while (line->at < line->end && is_ows(*line->at))
        line->at++;
}

static int hex_value(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* chunk-size, 1 to 16 digits: no sign, no prefix, no space [RFC 9112 §7.1]. */
static int size_read(struct line *line, uint64_t *size)
{
    size_t digits = 0;
    for (*size = 0; line->at < line->end && hex_value(*line->at) >= 0; line->at++) {
        if (++digits > SIZE_DIGITS_MAX)
            return LINE_FAULT;
        *size = *size << 4 | (unsigned)hex_value(*line->at);
    }
    if (line->at == line->end)
        return LINE_MORE;
    return digits > 0 ? LINE_READ : LINE_FAULT;
}

static int token_read(struct line *line)
{
    const char *start = line->at;
    while (line->at < line->end && stet_byte_is_tchar((unsigned char)*line->at))
        line->at++;
    if (line->at == line->end)
        return LINE_MORE;
    return line->at > start ? LINE_READ : LINE_FAULT;
}

/* Any octet of a quoted-string but DQUOTE, with what may stand behind a backslash
 * [RFC 9110 §5.6.4]. */
static bool is_quotable(char byte)
{
    unsigned char octet = (unsigned char)byte;
    return octet == '\t' || (octet >= 0x20 && octet != 0x7f);
}

static int quoted_read(struct line *line)
{
    bool escaped = false;
    for (line->at++; line->at < line->end; line->at++) {
        if (!is_quotable(*line->at))
            return LINE_FAULT;
        if (*line->at == '"' && !escaped) {
            line->at++;
            return LINE_READ;
        }
        escaped = *line->at == '\\' && !escaped;
    }
    return LINE_MORE;
}

/* chunk-ext-name [ BWS "=" BWS chunk-ext-val ] [RFC 9112 §7.1.1]. */
static int extension_read(struct line *line)
{
    space_skip(line);
    int got = line->at == line->end ? LINE_MORE : token_read(line);
    if (got != LINE_READ)
        return got;
    struct line ahead = *line;
    space_skip(&ahead);
    if (ahead.at == ahead.end)
        return LINE_MORE;
    if (*ahead.at != '=')
        return LINE_READ;
    ahead.at++;
    space_skip(&ahead);
    *line = ahead;
    if (line->at == line->end)
        return LINE_MORE;
    return *line->at == '"' ? quoted_read(line) : token_read(line);
}

/* *( BWS ";" BWS extension ) CRLF */
static int extensions_read(struct line *line)
{
    for (;;) {
        const char *start = line->at;
        space_skip(line);
        if (line->at == line->end)
            return LINE_MORE;
        if (*line->at != ';')
            return line->at == start ? LINE_READ : LINE_FAULT;
        line->at++;
        int got = extension_read(line);
        if (got != LINE_READ)
            return got;
    }
}

static int crlf_read(struct line *line)
{
    for (size_t i = 0; i < 2; i++, line->at++) {
        if (line->at == line->end)
            return LINE_MORE;
        if (*line->at != "\r\n"[i])
            return LINE_FAULT;
    }
    return LINE_READ;
}

/* One chunk-size line. */
static int line_read(struct line *line, uint64_t *size, uint64_t *extensions)
{
    int got = size_read(line, size);
    if (got != LINE_READ)
        return got;
    const char *start = line->at;
    got = extensions_read(line);
    *extensions += (uint64_t)(line->at - start);
    return got == LINE_READ ? crlf_read(line) : got;
}

static int chunk_line_take(struct h1_chunked *chunked, struct stet_span *input,
                           const struct limits *limits)
{
    size_t window =
        input->len < limits->chunk_line_size ? input->len : (size_t)limits->chunk_line_size;
    struct line line = {input->at, input->at + window};
    uint64_t extensions = chunked->extensions;
    int got = line_read(&line, &chunked->left, &extensions);
    if (got == LINE_FAULT || extensions > limits->chunk_extension_total)
        return -400;
    if (got == LINE_MORE)
        return window == limits->chunk_line_size ? -400 : LINE_MORE;
    if (chunked->left > SIZE_MAX_VALUE)
        return -413;
    chunked->extensions = extensions;
    chunked->state = chunked->left > 0 ? H1_CHUNK_BYTES : H1_CHUNK_LAST;
    *input = stet_span_from(*input, (size_t)(line.at - input->at));
    return LINE_READ;
}

static void bytes_take(struct h1_chunked *chunked, struct stet_span *input, struct stet_span *data)
{
    size_t part = input->len < chunked->left ? input->len : (size_t)chunked->left;
    *data = stet_span(input->at, part);
    *input = stet_span_from(*input, part);
    chunked->left -= part;
    if (chunked->left == 0)
        chunked->state = H1_CHUNK_CRLF;
}

/* The data must end where the size said, with CRLF [RFC 9112 §7.1]. */
static int crlf_take(struct h1_chunked *chunked, struct stet_span *input)
{
    struct line line = {input->at, input->at + input->len};
    int got = crlf_read(&line);
    if (got != LINE_READ)
        return got;
    chunked->state = H1_CHUNK_LINE;
    *input = stet_span_from(*input, 2);
    return LINE_READ;
}

int h1_chunked_read(struct h1_chunked *chunked, struct stet_span *input, struct stet_span *data,
                    const struct limits *limits)
{
    while (chunked->state != H1_CHUNK_LAST) {
        if (input->len == 0)
            return H1_CHUNKED_MORE;
        if (chunked->state == H1_CHUNK_BYTES) {
            bytes_take(chunked, input, data);
            return H1_CHUNKED_DATA;
        }
        int got = chunked->state == H1_CHUNK_LINE ? chunk_line_take(chunked, input, limits)
                                                  : crlf_take(chunked, input);
        if (got != LINE_READ)
            return got == LINE_MORE ? H1_CHUNKED_MORE : got;
    }
    return H1_CHUNKED_TRAILERS;
}

size_t h1_chunk_line_write(uint64_t size, char to[H1_CHUNK_LINE_MAX])
{
    char digits[SIZE_DIGITS_MAX];
    char *at = digits + sizeof digits;
    do
        *--at = "0123456789abcdef"[size & 15];
    while ((size >>= 4) > 0);
    size_t len = (size_t)(digits + sizeof digits - at);
    memcpy(to, at, len);
    memcpy(to + len, "\r\n", 2);
    return len + 2;
}
