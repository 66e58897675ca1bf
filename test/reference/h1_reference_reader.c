/* Reads the elements that HTTP/1 requests and responses have in common, octet by octet.
 */
#include "h1_reference_reader.h"

#include <stdlib.h>
#include <string.h>

int reader_peek(const struct reader *r)
{
    if (r->at >= r->window)
        return END_OF_WINDOW;
    if (r->at >= r->size)
        return END_OF_STREAM;
    return (unsigned char)r->octets[r->at];
}

int reader_cannot(const struct reader *r)
{
    if (reader_peek(r) == END_OF_WINDOW)
        return r->window_status;
    return reader_peek(r) == END_OF_STREAM ? ENDS : 400;
}

int reader_expect(struct reader *r, char octet)
{
    if (reader_peek(r) != (unsigned char)octet)
        return reader_cannot(r);
    r->at++;
    return OK;
}

int reader_crlf(struct reader *r)
{
    int result = reader_expect(r, '\r');
    return result == OK ? reader_expect(r, '\n') : result;
}

bool octet_is_digit(int c)
{
    return c >= '0' && c <= '9';
}

bool octet_is_tchar(int c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || octet_is_digit(c))
        return true;
    switch (c) {
    case '!':
    case '#':
    case '$':
    case '%':
    case '&':
    case '\'':
    case '*':
    case '+':
    case '-':
    case '.':
    case '^':
    case '_':
    case '`':
    case '|':
    case '~':
        return true;
    default:
        return false;
    }
}

bool octet_is_visible(int c)
{
    return c >= 0x21 && c <= 0x7e;
}

bool octet_is_obs_text(int c)
{
    return c >= 0x80 && c <= 0xff;
}

bool octet_is_space(int c)
{
    return c == ' ' || c == '\t';
}

static int hex_digit(int c)
{
    if (octet_is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool text_same(struct reference_text text, const char *word)
{
    if (text.len != strlen(word))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != word[i])
            return false;
    }
    return true;
}

struct reference_text text_trim(struct reference_text text)
{
    while (text.len > 0 && octet_is_space(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && octet_is_space(text.at[text.len - 1]))
        text.len--;
    return text;
}

bool text_is_token(struct reference_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!octet_is_tchar((unsigned char)text.at[i]))
            return false;
    return text.len > 0;
}

void reader_window(struct reader *r, size_t room, int status)
{
    r->window = room < (size_t)-1 - r->at ? r->at + room : (size_t)-1;
    r->window_status = status;
}

int reader_version(struct reader *r, unsigned *minor)
{
    int major, last;
    for (const char *name = "HTTP/"; *name; name++) {
        int result = reader_expect(r, *name);
        if (result != OK)
            return result;
    }
    major = reader_peek(r);
    if (!octet_is_digit(major))
        return reader_cannot(r);
    r->at++;
    int result = reader_expect(r, '.');
    if (result != OK)
        return result;
    last = reader_peek(r);
    if (!octet_is_digit(last))
        return reader_cannot(r);
    r->at++;
    if (major != '1')
        return 505;
    *minor = last == '0' ? 0 : 1;
    return OK;
}

/* ---- *( field-name ":" OWS field-value OWS CRLF ) CRLF ---- */

static int read_field(struct reader *r, struct reference_field *field)
{
    field->name.at = r->octets + r->at;
    field->name.len = 0;
    while (octet_is_tchar(reader_peek(r))) {
        r->at++;
        field->name.len++;
    }
    if (field->name.len == 0)
        return reader_cannot(r);
    int result = reader_expect(r, ':');
    if (result != OK)
        return result;
    struct reference_text value = {r->octets + r->at, 0};
    while (octet_is_visible(reader_peek(r)) || octet_is_space(reader_peek(r)) ||
           octet_is_obs_text(reader_peek(r))) {
        r->at++;
        value.len++;
    }
    field->value = text_trim(value);
    return reader_crlf(r);
}

int reader_fields(struct reader *r, struct reference_fields *fields)
{
    fields->count = 0;
    for (;;) {
        if (reader_peek(r) == '\r')
            return reader_crlf(r);
        if (reader_peek(r) < 0)
            return reader_cannot(r);
        if (fields->count == r->limits->fields)
            return 431;
        int result = read_field(r, &fields->field[fields->count]);
        if (result != OK)
            return result;
        fields->count++;
    }
}

/* ---- content ---- */

struct reference_content reference_content_new(size_t most)
{
    struct reference_content content = {malloc(most + 1), 0};
    if (!content.octets)
        abort();
    return content;
}

int reader_exactly(struct reader *r, struct reference_text length,
                   struct reference_content *content)
{
    for (size_t n = 0;; n++) {
        char digits[24];
        size_t count = 0;
        for (size_t rest = n; rest > 0 || count == 0; rest /= 10)
            digits[count++] = (char)('0' + rest % 10);
        bool all = count == length.len;
        for (size_t i = 0; all && i < count; i++)
            all = digits[i] == length.at[length.len - 1 - i];
        if (all)
            return OK;
        if (reader_peek(r) < 0)
            return reader_cannot(r);
        content->octets[content->len++] = (char)reader_peek(r);
        r->at++;
    }
}

static void skip_space(struct reader *r)
{
    while (octet_is_space(reader_peek(r)))
        r->at++;
}

static int read_quoted(struct reader *r)
{
    r->at++;
    for (;;) {
        int c = reader_peek(r);
        if (c == '"') {
            r->at++;
            return OK;
        }
        if (c == '\\') {
            r->at++;
            c = reader_peek(r);
        }
        if (!octet_is_space(c) && !octet_is_visible(c) && !octet_is_obs_text(c))
            return reader_cannot(r);
        r->at++;
    }
}

static int read_token(struct reader *r)
{
    if (!octet_is_tchar(reader_peek(r)))
        return reader_cannot(r);
    while (octet_is_tchar(reader_peek(r)))
        r->at++;
    return reader_peek(r) < 0 ? reader_cannot(r) : OK;
}

/* chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ) */
static int read_extensions(struct reader *r)
{
    for (;;) {
        if (reader_peek(r) == '\r')
            return OK;
        skip_space(r);
        int result = reader_expect(r, ';');
        if (result != OK)
            return result;
        skip_space(r);
        result = read_token(r);
        if (result != OK)
            return result;
        size_t behind_name = r->at;
        skip_space(r);
        if (reader_peek(r) < 0)
            return reader_cannot(r);
        if (reader_peek(r) != '=') {
            r->at = behind_name;
            continue;
        }
        r->at++;
        skip_space(r);
        result = reader_peek(r) == '"' ? read_quoted(r) : read_token(r);
        if (result != OK)
            return result;
    }
}

/* One chunk-size line; `*size` is the number of octets that follow, at most the stream's size. */
static int read_chunk_line(struct reader *r, size_t *size, size_t *extensions)
{
    size_t digits = 0;
    bool huge = false;
    *size = 0;
    while (hex_digit(reader_peek(r)) >= 0) {
        huge = huge || (digits == 0 && hex_digit(reader_peek(r)) >= 8);
        if (++digits > 16)
            return 400;
        size_t wide = *size * 16 + (size_t)hex_digit(reader_peek(r));
        *size = wide > r->size ? r->size + 1 : wide;
        r->at++;
    }
    if (digits == 0)
        return reader_cannot(r);
    size_t behind_size = r->at;
    int result = read_extensions(r);
    *extensions += r->at - behind_size;
    if (*extensions > r->limits->chunk_extensions)
        return 400;
    if (result == OK)
        result = reader_crlf(r);
    return result == OK && huge && digits == 16 ? 413 : result;
}

int reader_chunked(struct reader *r, struct reference_content *content,
                   struct reference_fields *trailers)
{
    size_t extensions = 0, size;
    for (;;) {
        reader_window(r, r->limits->chunk_line, 400);
        int result = read_chunk_line(r, &size, &extensions);
        if (result != OK)
            return result;
        if (size == 0)
            break;
        reader_window(r, (size_t)-1, 0);
        for (; size > 0; size--) {
            if (reader_peek(r) < 0)
                return reader_cannot(r);
            content->octets[content->len++] = (char)reader_peek(r);
            r->at++;
        }
        result = reader_crlf(r);
        if (result != OK)
            return result;
    }
    reader_window(r, r->limits->trailer, 431);
    return reader_fields(r, trailers);
}
