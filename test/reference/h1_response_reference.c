/* Reads the responses of an origin as the grammar says, one octet after the other.
 *
 * What may be mended is mended in a copy as the reader comes to it: a field name is looked at with
 * the white space behind it, the end of a line with the octet behind it.
 */
#include "h1_response_reference.h"

#include "h1_reference_reader.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct reader r;
    struct reference_answer *answer;
    const struct reference_question *question;
    bool in_head;
};

/* ---- status-line = HTTP-version SP status-code SP [ reason-phrase ] CRLF ---- */

static int read_code(struct reader *r, int *status)
{
    *status = 0;
    for (int place = 0; place < 3; place++) {
        int c = reader_peek(r);
        if (!octet_is_digit(c))
            return reader_cannot(r);
        if (place == 0 && (c == '0' || c > '5'))
            return 400;
        *status = *status * 10 + (c - '0');
        r->at++;
    }
    return OK;
}

static int read_status_line(struct walk *w, struct reference_response *response)
{
    struct reader *r = &w->r;
    int result = reader_version(r, &response->minor);
    if (result == 505)
        return 400;
    if (result == OK)
        result = reader_expect(r, ' ');
    if (result == OK)
        result = read_code(r, &response->status);
    if (result != OK)
        return result;
    response->phrase = (struct reference_text){r->octets + r->at, 0};
    if (w->question->lenient && reader_peek(r) == '\r')
        return reader_crlf(r);
    result = reader_expect(r, ' ');
    if (result != OK)
        return result;
    response->phrase.at++;
    while (octet_is_space(reader_peek(r)) || octet_is_visible(reader_peek(r)) ||
           octet_is_obs_text(reader_peek(r))) {
        r->at++;
        response->phrase.len++;
    }
    return reader_crlf(r);
}

/* ---- fields that may need mending ---- */

/* field-name OWS ":" */
static int read_loose_name(struct walk *w, struct reference_field *field)
{
    struct reader *r = &w->r;
    field->name = (struct reference_text){r->octets + r->at, 0};
    while (octet_is_tchar(reader_peek(r))) {
        r->at++;
        field->name.len++;
    }
    if (field->name.len == 0)
        return reader_cannot(r);
    while (octet_is_space(reader_peek(r)))
        r->at++;
    return reader_expect(r, ':');
}

/* A value goes on over CRLF SP and CRLF HTAB; it is whole when another octet stands behind CRLF. */
static int read_loose_value(struct walk *w, struct reference_field *field)
{
    struct reader *r = &w->r;
    struct reference_text value = {r->octets + r->at, 0};
    for (;;) {
        while (octet_is_space(reader_peek(r)) || octet_is_visible(reader_peek(r)) ||
               octet_is_obs_text(reader_peek(r))) {
            r->at++;
            value.len++;
        }
        int result = reader_crlf(r);
        if (result != OK)
            return result;
        if (!octet_is_space(reader_peek(r)))
            break;
        memset(w->answer->mended + r->at - 2, ' ', 2);
        value.len += 2;
    }
    field->value = text_trim(value);
    return OK;
}

static int read_loose_fields(struct walk *w, struct reference_fields *fields)
{
    struct reader *r = &w->r;
    fields->count = 0;
    for (;;) {
        if (reader_peek(r) == '\r')
            return reader_crlf(r);
        if (reader_peek(r) < 0)
            return reader_cannot(r);
        if (fields->count == r->limits->fields)
            return 431;
        struct reference_field *field = &fields->field[fields->count];
        int result = read_loose_name(w, field);
        if (result == OK)
            result = read_loose_value(w, field);
        if (result != OK)
            return result;
        fields->count++;
    }
}

static int read_head(struct walk *w, struct reference_response *response)
{
    w->in_head = true;
    reader_window(&w->r, w->r.limits->head, 431);
    int result = read_status_line(w, response);
    if (result == OK)
        result = w->question->lenient ? read_loose_fields(w, &response->headers)
                                      : reader_fields(&w->r, &response->headers);
    return result;
}

/* ---- what the head says of the rest ---- */

static bool asked(const struct walk *w, const char *method)
{
    return strcmp(w->question->method, method) == 0;
}

static int judge_fields(const struct reference_response *head, struct reference_text *length,
                        bool *chunked)
{
    struct reference_text unused;
    bool coding = fields_lines(&head->headers, "transfer-encoding", &unused) > 0;
    if (coding && (head->status < 200 || head->status == 204))
        return 400;
    int result = fields_coding(&head->headers, head->minor, chunked);
    if (result == OK && !coding)
        result = fields_length(&head->headers, length);
    return result;
}

/* The message body length, rule by rule [RFC 9112 §6.3]. */
static enum reference_framing
framing_of(const struct walk *w, const struct reference_response *head, bool chunked, bool length)
{
    if (head->status == 101)
        return REFERENCE_TUNNEL;
    if (asked(w, "HEAD") || head->status < 200 || head->status == 204 || head->status == 304)
        return REFERENCE_NO_CONTENT;
    if (chunked)
        return REFERENCE_CHUNKED;
    return length ? REFERENCE_LENGTH : REFERENCE_UNTIL_CLOSE;
}

static bool persists(const struct reference_answer *answer, struct reference_text length)
{
    const struct reference_response *head = &answer->final;
    struct fields_options options = fields_options(&head->headers);
    if (answer->framing == REFERENCE_TUNNEL || answer->framing == REFERENCE_UNTIL_CLOSE)
        return false;
    if (head->status == 204 && length.at && length.at[0] != '0')
        return false;
    return !options.close && (head->minor > 0 || options.keep_alive);
}

static int judge_head(struct walk *w, const struct reference_response *head,
                      struct reference_text *length)
{
    struct reference_answer *answer = w->answer;
    bool chunked = false;
    if (asked(w, "CONNECT") && head->status >= 200 && head->status <= 299) {
        answer->framing = REFERENCE_TUNNEL;
        return OK;
    }
    int result = judge_fields(head, length, &chunked);
    if (result != OK)
        return result;
    struct reference_text line;
    if (head->status == 101 &&
        (!w->question->upgrade || fields_lines(&head->headers, "upgrade", &line) == 0))
        return 400;
    answer->framing = framing_of(w, head, chunked, length->at != NULL);
    return OK;
}

/* ---- all of it ---- */

static int read_content(struct walk *w, struct reference_text length)
{
    struct reference_answer *answer = w->answer;
    struct reference_content content = {answer->content, 0};
    int result = OK;
    reader_window(&w->r, (size_t)-1, 0);
    if (answer->framing == REFERENCE_LENGTH)
        result = reader_exactly(&w->r, length, &content);
    if (answer->framing == REFERENCE_CHUNKED) {
        result = reader_chunked(&w->r, &content, &answer->trailers);
        answer->in_trailer = result == 431;
    }
    if (answer->framing == REFERENCE_UNTIL_CLOSE) {
        for (; w->r.at < w->r.size; w->r.at++)
            content.octets[content.len++] = w->r.octets[w->r.at];
        result = w->question->clean ? OK : ENDS;
    }
    answer->content_len = content.len;
    return result;
}

static int read_answer(struct walk *w)
{
    struct reference_answer *answer = w->answer;
    for (;;) {
        struct reference_response *head = &answer->final;
        struct reference_text length = {NULL, 0};
        int result = read_head(w, head);
        if (result == OK) {
            w->in_head = false;
            result = judge_head(w, head, &length);
        }
        if (result != OK)
            return result;
        if (head->status >= 200 || head->status == 101) {
            answer->has_final = true;
            answer->persistent = persists(answer, length);
            return read_content(w, length);
        }
        if (answer->interims == REFERENCE_INTERIMS_MAX)
            return 400;
        answer->interim[answer->interims++] = *head;
    }
}

void reference_answer_read(struct reference_answer *answer,
                           const struct reference_question *question, const char *octets,
                           size_t size, const struct reference_limits *limits)
{
    memset(answer, 0, sizeof *answer);
    answer->mended = malloc(size + 1);
    answer->content = malloc(size + 1);
    if (!answer->mended || !answer->content)
        abort();
    memcpy(answer->mended, octets, size);
    struct walk walk = {
        .r = {.octets = answer->mended, .size = size, .limits = limits},
        .answer = answer,
        .question = question,
    };
    int result = read_answer(&walk);
    answer->end = result == OK ? REFERENCE_COMPLETE
                               : (result == ENDS ? REFERENCE_TRUNCATED : REFERENCE_MALFORMED);
    answer->fault = result > 0 ? result : 0;
    answer->used = walk.r.at;
    size_t end = walk.r.window < size ? walk.r.window : size;
    answer->open_line = walk.in_head && result > 0 && walk.r.at < walk.r.window &&
                        !memchr(octets + walk.r.at, '\n', end - walk.r.at);
}

void reference_answer_free(struct reference_answer *answer)
{
    free(answer->mended);
    free(answer->content);
}
