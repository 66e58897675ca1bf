/* What the fields that frame messages mean, read from their text each time they are asked for.
 */
#include "h1_reference_reader.h"

#include <string.h>

static void members_of_line(struct reference_text line, reference_each *each, void *state)
{
    struct reference_text member = {line.at, 0};
    bool quoted = false;
    for (size_t i = 0; i <= line.len; i++) {
        char c = i < line.len ? line.at[i] : ',';
        if (i == line.len || (c == ',' && !quoted)) {
            member = text_trim(member);
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

size_t fields_lines(const struct reference_fields *fields, const char *name,
                    struct reference_text *last)
{
    size_t lines = 0;
    for (size_t i = 0; i < fields->count; i++)
        if (text_same(fields->field[i].name, name)) {
            lines++;
            *last = fields->field[i].value;
        }
    return lines;
}

void fields_members(const struct reference_fields *fields, const char *name, reference_each *each,
                    void *state)
{
    for (size_t i = 0; i < fields->count; i++)
        if (text_same(fields->field[i].name, name))
            members_of_line(fields->field[i].value, each, state);
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
    codings->broken = codings->broken || !text_is_token(text_trim(name));
    codings->count++;
    codings->last_chunked = text_same(member, "chunked");
    if (codings->last_chunked)
        codings->chunked++;
}

int fields_coding(const struct reference_fields *fields, unsigned minor, bool *chunked)
{
    struct reference_text value = {NULL, 0}, unused;
    size_t lines = fields_lines(fields, "transfer-encoding", &value);
    if (lines == 0)
        return OK;
    if (minor == 0 || fields_lines(fields, "content-length", &unused) > 0)
        return 400;
    *chunked = true;
    if (lines == 1 && text_same(value, "chunked"))
        return OK;
    struct codings codings = {0, 0, false, false};
    fields_members(fields, "transfer-encoding", each_coding, &codings);
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
        if (!octet_is_digit(text.at[i]))
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
    if (!read_digits(text_trim(text), &digits))
        return false;
    if (length->at && (length->len != digits.len || memcmp(length->at, digits.at, digits.len) != 0))
        return false;
    *length = digits;
    return true;
}

int fields_length(const struct reference_fields *fields, struct reference_text *length)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (!text_same(fields->field[i].name, "content-length"))
            continue;
        struct reference_text line = fields->field[i].value, member = {line.at, 0};
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

static void each_option(struct reference_text member, void *state)
{
    struct fields_options *options = state;
    if (text_same(member, "close"))
        options->close = true;
    if (text_same(member, "keep-alive"))
        options->keep_alive = true;
}

struct fields_options fields_options(const struct reference_fields *fields)
{
    struct fields_options options = {false, false};
    fields_members(fields, "connection", each_option, &options);
    return options;
}
