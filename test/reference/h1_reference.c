/* Reads the requests of a connection as the grammar says, one octet after the other.
 *
 * `peek` gives the next octet, or says that there is none: because the stream ends there, or
 * because a limit forbids to look. Every function returns OK, or why it could not go on.
 */
#include "h1_reference.h"

#include <stdlib.h>
#include <string.h>

enum { OK = 0, ENDS = -1 }; /* else a status */
enum { END_OF_STREAM = -1, END_OF_WINDOW = -2 };

struct reader {
    const char *octets;
    size_t size;
    size_t at;
    size_t window;     /* no octet from here on may be looked at ... */
    int window_status; /* ... or else this is the answer */
    const struct reference_limits *limits;
};

static int peek(const struct reader *r)
{
    if (r->at >= r->window)
        return END_OF_WINDOW;
    if (r->at >= r->size)
        return END_OF_STREAM;
    return (unsigned char)r->octets[r->at];
}

static int cannot(const struct reader *r)
{
    if (peek(r) == END_OF_WINDOW)
        return r->window_status;
    return peek(r) == END_OF_STREAM ? ENDS : 400;
}

static int expect(struct reader *r, char octet)
{
    if (peek(r) != (unsigned char)octet)
        return cannot(r);
    r->at++;
    return OK;
}

static int expect_crlf(struct reader *r)
{
    int result = expect(r, '\r');
    return result == OK ? expect(r, '\n') : result;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_tchar(int c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c))
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

static bool is_visible(int c)
{
    return c >= 0x21 && c <= 0x7e;
}

static bool is_obs_text(int c)
{
    return c >= 0x80 && c <= 0xff;
}

static bool is_space(int c)
{
    return c == ' ' || c == '\t';
}

static int hex_digit(int c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool same_letters(struct reference_text text, const char *word)
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

static struct reference_text trim(struct reference_text text)
{
    while (text.len > 0 && is_space(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && is_space(text.at[text.len - 1]))
        text.len--;
    return text;
}

static bool is_token(struct reference_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_tchar((unsigned char)text.at[i]))
            return false;
    return text.len > 0;
}

/* ---- request-line = method SP request-target SP HTTP-version CRLF ---- */

static int read_method(struct reader *r, struct reference_request *q)
{
    q->method.at = r->octets + r->at;
    while (is_tchar(peek(r))) {
        r->at++;
        q->method.len++;
        if (q->method.len > r->limits->method)
            return 501;
    }
    if (q->method.len == 0)
        return cannot(r);
    return expect(r, ' ');
}

static int read_target(struct reader *r, struct reference_request *q)
{
    q->target.at = r->octets + r->at;
    while (is_visible(peek(r))) {
        r->at++;
        q->target.len++;
        if (q->target.len > r->limits->target)
            return 414;
    }
    if (q->target.len == 0)
        return cannot(r);
    return expect(r, ' ');
}

static int read_version(struct reader *r, struct reference_request *q)
{
    int major, minor;
    for (const char *name = "HTTP/"; *name; name++) {
        int result = expect(r, *name);
        if (result != OK)
            return result;
    }
    major = peek(r);
    if (!is_digit(major))
        return cannot(r);
    r->at++;
    int result = expect(r, '.');
    if (result != OK)
        return result;
    minor = peek(r);
    if (!is_digit(minor))
        return cannot(r);
    r->at++;
    if (major != '1')
        return 505;
    q->minor = minor == '0' ? 0 : 1;
    return expect_crlf(r);
}

static int read_request_line(struct reader *r, struct reference_request *q)
{
    int result = read_method(r, q);
    if (result == OK)
        result = read_target(r, q);
    if (result == OK)
        result = read_version(r, q);
    return result;
}

/* ---- *( field-name ":" OWS field-value OWS CRLF ) CRLF ---- */

static int read_field(struct reader *r, struct reference_field *field)
{
    field->name.at = r->octets + r->at;
    field->name.len = 0;
    while (is_tchar(peek(r))) {
        r->at++;
        field->name.len++;
    }
    if (field->name.len == 0)
        return cannot(r);
    int result = expect(r, ':');
    if (result != OK)
        return result;
    struct reference_text value = {r->octets + r->at, 0};
    while (is_visible(peek(r)) || is_space(peek(r)) || is_obs_text(peek(r))) {
        r->at++;
        value.len++;
    }
    field->value = trim(value);
    return expect_crlf(r);
}

static int read_fields(struct reader *r, struct reference_fields *fields)
{
    fields->count = 0;
    for (;;) {
        if (peek(r) == '\r')
            return expect_crlf(r);
        if (peek(r) < 0)
            return cannot(r);
        if (fields->count == r->limits->fields)
            return 431;
        int result = read_field(r, &fields->field[fields->count]);
        if (result != OK)
            return result;
        fields->count++;
    }
}

/* ---- what the fields mean ---- */

/* Calls `each` for the members of all lines of a field; a comma in quotes is no comma. */
typedef void each_member(struct reference_text member, void *state);

static void members_of_line(struct reference_text line, each_member *each, void *state)
{
    struct reference_text member = {line.at, 0};
    bool quoted = false;
    for (size_t i = 0; i <= line.len; i++) {
        char c = i < line.len ? line.at[i] : ',';
        if (i == line.len || (c == ',' && !quoted)) {
            member = trim(member);
            if (member.len > 0)
                each(member, state);
            member = (struct reference_text){line.at + i + 1, 0};
            continue;
        }
        member.len++;
        if (c == '"')
            quoted = !quoted;
        if (c == '\\' && quoted && i + 1 < line.len) {
            i++;
            member.len++;
        }
    }
}

static size_t lines_of(const struct reference_fields *fields, const char *name,
                       struct reference_text *last)
{
    size_t lines = 0;
    for (size_t i = 0; i < fields->count; i++)
        if (same_letters(fields->field[i].name, name)) {
            lines++;
            *last = fields->field[i].value;
        }
    return lines;
}

static void members_of(const struct reference_fields *fields, const char *name, each_member *each,
                       void *state)
{
    for (size_t i = 0; i < fields->count; i++)
        if (same_letters(fields->field[i].name, name))
            members_of_line(fields->field[i].value, each, state);
}

static int judge_host(struct reference_request *q)
{
    struct reference_text host = {NULL, 0};
    size_t lines = lines_of(&q->headers, "host", &host);
    if (lines > 1 || (lines == 0 && q->minor > 0))
        return 400;
    if (lines == 1 && !reference_host_valid(host))
        return 400;
    q->authority = host;
    return OK;
}

struct codings {
    size_t count, chunked;
    bool last_chunked, broken;
};

static void each_coding(struct reference_text member, void *state)
{
    struct codings *codings = state;
    struct reference_text name = member;
    for (size_t i = 0; i < member.len; i++)
        if (member.at[i] == ';') {
            name.len = i;
            break;
        }
    codings->broken = codings->broken || !is_token(trim(name));
    codings->count++;
    codings->last_chunked = same_letters(member, "chunked");
    if (codings->last_chunked)
        codings->chunked++;
}

static int judge_coding(struct reference_request *q)
{
    struct reference_text value = {NULL, 0}, unused;
    size_t lines = lines_of(&q->headers, "transfer-encoding", &value);
    if (lines == 0)
        return OK;
    if (q->minor == 0 || lines_of(&q->headers, "content-length", &unused) > 0)
        return 400;
    q->chunked = true;
    if (lines == 1 && same_letters(value, "chunked"))
        return OK;
    struct codings codings = {0, 0, false, false};
    members_of(&q->headers, "transfer-encoding", each_coding, &codings);
    if (codings.broken || codings.chunked != 1 || !codings.last_chunked || codings.count == 1)
        return 400;
    return 501;
}

/* Digits as a number that compares; 0 leading zeros are dropped, and all that are 2^63 or more
 * become one. */
static bool read_digits(struct reference_text text, struct reference_text *digits)
{
    static const char most[] = "9223372036854775807";
    for (size_t i = 0; i < text.len; i++)
        if (!is_digit(text.at[i]))
            return false;
    if (text.len == 0)
        return false;
    while (text.len > 1 && text.at[0] == '0') {
        text.at++;
        text.len--;
    }
    if (text.len > 19 || (text.len == 19 && memcmp(text.at, most, 19) > 0))
        text = (struct reference_text){"huge", 4};
    *digits = text;
    return true;
}

static bool add_length(struct reference_text text, struct reference_text *length)
{
    struct reference_text digits;
    if (!read_digits(trim(text), &digits))
        return false;
    if (length->at && (length->len != digits.len || memcmp(length->at, digits.at, digits.len) != 0))
        return false;
    *length = digits;
    return true;
}

static int judge_length(struct reference_request *q, struct reference_text *length)
{
    for (size_t i = 0; i < q->headers.count; i++) {
        if (!same_letters(q->headers.field[i].name, "content-length"))
            continue;
        struct reference_text line = q->headers.field[i].value, member = {line.at, 0};
        for (size_t n = 0; n <= line.len; n++) {
            if (n < line.len && line.at[n] != ',') {
                member.len++;
                continue;
            }
            if (!add_length(member, length))
                return 400;
            member = (struct reference_text){line.at + n + 1, 0};
        }
    }
    return length->at && length->at[0] == 'h' ? 413 : OK;
}

static void each_expectation(struct reference_text member, void *state)
{
    int *result = state;
    if (!same_letters(member, "100-continue"))
        *result = 417;
    else if (*result != 417)
        *result = 100;
}

static int judge_expectation(struct reference_request *q, bool content)
{
    int result = OK;
    if (q->minor > 0)
        members_of(&q->headers, "expect", each_expectation, &result);
    q->expects_continue = result == 100 && content;
    return result == 417 ? 417 : OK;
}

struct options {
    bool close, keep_alive;
};

static void each_option(struct reference_text member, void *state)
{
    struct options *options = state;
    if (same_letters(member, "close"))
        options->close = true;
    if (same_letters(member, "keep-alive"))
        options->keep_alive = true;
}

static void judge_persistence(struct reference_request *q)
{
    struct options options = {false, false};
    members_of(&q->headers, "connection", each_option, &options);
    if (options.close)
        q->persistent = false;
    else if (q->minor > 0)
        q->persistent = true;
    else
        q->persistent = q->keep_alive = options.keep_alive;
}

/* ---- content ---- */

static int read_exactly(struct reader *r, struct reference_request *q, struct reference_text length)
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
        if (peek(r) < 0)
            return cannot(r);
        q->content[q->content_len++] = (char)peek(r);
        r->at++;
    }
}

static void skip_space(struct reader *r)
{
    while (is_space(peek(r)))
        r->at++;
}

static int read_quoted(struct reader *r)
{
    r->at++;
    for (;;) {
        int c = peek(r);
        if (c == '"') {
            r->at++;
            return OK;
        }
        if (c == '\\') {
            r->at++;
            c = peek(r);
        }
        if (!is_space(c) && !is_visible(c) && !is_obs_text(c))
            return cannot(r);
        r->at++;
    }
}

static int read_token(struct reader *r)
{
    if (!is_tchar(peek(r)))
        return cannot(r);
    while (is_tchar(peek(r)))
        r->at++;
    return peek(r) < 0 ? cannot(r) : OK;
}

/* chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ) */
static int read_extensions(struct reader *r)
{
    for (;;) {
        if (peek(r) == '\r')
            return OK;
        skip_space(r);
        int result = expect(r, ';');
        if (result != OK)
            return result;
        skip_space(r);
        result = read_token(r);
        if (result != OK)
            return result;
        size_t behind_name = r->at;
        skip_space(r);
        if (peek(r) < 0)
            return cannot(r);
        if (peek(r) != '=') {
            r->at = behind_name;
            continue;
        }
        r->at++;
        skip_space(r);
        result = peek(r) == '"' ? read_quoted(r) : read_token(r);
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
    while (hex_digit(peek(r)) >= 0) {
        huge = huge || (digits == 0 && hex_digit(peek(r)) >= 8);
        if (++digits > 16)
            return 400;
        size_t wide = *size * 16 + (size_t)hex_digit(peek(r));
        *size = wide > r->size ? r->size + 1 : wide;
        r->at++;
    }
    if (digits == 0)
        return cannot(r);
    size_t behind_size = r->at;
    int result = read_extensions(r);
    *extensions += r->at - behind_size;
    if (*extensions > r->limits->chunk_extensions)
        return 400;
    if (result == OK)
        result = expect_crlf(r);
    return result == OK && huge && digits == 16 ? 413 : result;
}

static void set_window(struct reader *r, size_t room, int status)
{
    r->window = room < (size_t)-1 - r->at ? r->at + room : (size_t)-1;
    r->window_status = status;
}

static int read_chunked(struct reader *r, struct reference_request *q)
{
    size_t extensions = 0, size;
    for (;;) {
        set_window(r, r->limits->chunk_line, 400);
        int result = read_chunk_line(r, &size, &extensions);
        if (result != OK)
            return result;
        if (size == 0)
            break;
        set_window(r, (size_t)-1, 0);
        for (; size > 0; size--) {
            if (peek(r) < 0)
                return cannot(r);
            q->content[q->content_len++] = (char)peek(r);
            r->at++;
        }
        result = expect_crlf(r);
        if (result != OK)
            return result;
    }
    set_window(r, r->limits->trailer, 431);
    return read_fields(r, &q->trailers);
}

/* ---- all of it ---- */

static int read_head(struct reader *r, struct reference_request *q, struct reference_text *length)
{
    set_window(r, r->limits->head, 431);
    int result = OK;
    if (peek(r) == '\r')
        result = expect_crlf(r);
    if (result == OK)
        result = read_request_line(r, q);
    if (result == OK)
        result = read_fields(r, &q->headers);
    if (result == OK)
        result = judge_host(q);
    if (result == OK)
        result = reference_target(q);
    if (result == OK)
        result = judge_coding(q);
    if (result == OK && !q->chunked)
        result = judge_length(q, length);
    if (result == OK)
        result = judge_expectation(q, q->chunked || (length->at && length->at[0] != '0'));
    if (result == OK)
        judge_persistence(q);
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
            q->content = malloc(size + 1);
            if (!q->content)
                abort();
            set_window(&reader, (size_t)-1, 0);
            if (q->chunked)
                result = read_chunked(&reader, q);
            else if (length.at)
                result = read_exactly(&reader, q, length);
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
