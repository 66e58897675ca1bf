/* Lists, words and parameters, read in place.
 *
 * A list is walked member by member; the walk steps from line to line of its field by itself. A
 * member ends at a comma outside quotes; inside quotes a backslash protects the next octet. What
 * stands in a member is not judged here: only its user knows its grammar.
 *
 * Given up: quoted strings that run over from one line to the next. Joining the lines would allow
 * them, nobody means them, and a swallowed line is the smaller harm than two swallowed ones.
 */
#include "stet/list.h"
#include "stet/byte.h"

struct stet_list stet_list_of(const struct stet_head *head, enum stet_field_id id)
{
    const struct stet_field *field = stet_head_first(head, id);
    return (struct stet_list){head, field, field ? field->value : STET_SPAN_NONE, false};
}

struct stet_list stet_list_in(struct stet_span value)
{
    return (struct stet_list){NULL, NULL, value, false};
}

/* Where the quoted string that begins at `at` goes on after its closing quote; `end` if it has
 * none, which sets `*unclosed`. */
static const char *quotes_end(const char *at, const char *end, bool *unclosed)
{
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\')
            at++;
    }
    *unclosed = true;
    return end;
}

static const char *member_end(const char *at, const char *end, bool *unclosed)
{
    while (at < end) {
        if (!stet_byte_is(*at, BYTE_LIST_STOP))
            at++;
        else if (*at == '"')
            at = quotes_end(at, end, unclosed);
        else
            break;
    }
    return at;
}

/* Moves to the next line of the field; false when there is none. */
static bool line_next(struct stet_list *list)
{
    if (!list->head || !list->field)
        return false;
    list->field = stet_head_next(list->head, list->field);
    if (!list->field)
        return false;
    list->rest = list->field->value;
    return true;
}

/* Takes the next member off the line. */
static bool member_take(struct stet_span *rest, struct stet_span *member, bool *unclosed)
{
    if (rest->len == 0)
        return false;
    const char *at = rest->at;
    const char *end = at + rest->len;
    while (at < end && (*at == ',' || stet_byte_is_ows(*at)))
        at++;
    const char *stop = member_end(at, end, unclosed);
    *rest = stet_span(stop, (size_t)(end - stop));
    if (stop == at)
        return false;
    *member = stet_span_trim(stet_span(at, (size_t)(stop - at)));
    return true;
}

bool stet_list_next(struct stet_list *list, struct stet_span *member)
{
    do {
        if (member_take(&list->rest, member, &list->unclosed))
            return true;
    } while (line_next(list));
    return false;
}

bool stet_list_has(struct stet_list list, struct stet_span token)
{
    struct stet_span member;
    while (stet_list_next(&list, &member))
        if (stet_span_equal_nocase(member, token))
            return true;
    return false;
}

static bool is_quotable(char byte)
{
    return stet_byte_is(byte, BYTE_QDTEXT) || byte == '"' || byte == '\\';
}

/* The length of the quoted-string that `text` begins with, quotes included; 0 if there is none. */
static size_t quoted_length(struct stet_span text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.at[i] == '"')
            return i + 1;
        if (text.at[i] == '\\')
            i++;
        else if (!stet_byte_is(text.at[i], BYTE_QDTEXT))
            return 0;
        if (i < text.len && !is_quotable(text.at[i]))
            return 0;
    }
    return 0;
}

static size_t token_length(struct stet_span text)
{
    size_t length = 0;
    while (length < text.len && stet_byte_is(text.at[length], BYTE_TCHAR))
        length++;
    return length;
}

bool stet_word_next(struct stet_span *text, struct stet_span *value, bool *quoted)
{
    bool quotes = text->len && text->at[0] == '"';
    size_t length = quotes ? quoted_length(*text) : token_length(*text);
    if (length == 0)
        return false;
    *value = quotes ? stet_span(text->at + 1, length - 2) : stet_span(text->at, length);
    if (quoted)
        *quoted = quotes;
    *text = stet_span_from(*text, length);
    return true;
}

size_t stet_unquote(struct stet_span inside, char *to)
{
    size_t written = 0;
    for (size_t i = 0; i < inside.len; i++) {
        if (inside.at[i] == '\\' && i + 1 < inside.len)
            i++;
        to[written++] = inside.at[i];
    }
    return written;
}

static size_t ows_length(struct stet_span text)
{
    size_t length = 0;
    while (length < text.len && stet_byte_is_ows(text.at[length]))
        length++;
    return length;
}

/* Moves past `byte`, which must come next. */
static bool byte_take(struct stet_span *text, char byte)
{
    if (text->len == 0 || text->at[0] != byte)
        return false;
    *text = stet_span_from(*text, 1);
    return true;
}

bool stet_parameter_next(struct stet_span *rest, struct stet_span *name, struct stet_span *value)
{
    struct stet_span at = *rest;
    for (;;) {
        at = stet_span_from(at, ows_length(at));
        if (at.len == 0)
            break;
        if (!byte_take(&at, ';'))
            return false;
        at = stet_span_from(at, ows_length(at));
        if (at.len == 0)
            break;
        if (at.at[0] == ';')
            continue;
        size_t length = token_length(at);
        *name = stet_span(at.at, length);
        at = stet_span_from(at, length);
        if (length == 0 || !byte_take(&at, '=') || !stet_word_next(&at, value, NULL))
            return false;
        *rest = at;
        return true;
    }
    *rest = at;
    return false;
}

/* 0 or 1 with at most three decimals, as thousandths; -1 if it is not [RFC 9110 §12.4.2]. */
static int weight_read(struct stet_span text)
{
    if (text.len == 0 || text.len > 5 || (text.len > 1 && text.at[1] != '.') ||
        (text.at[0] != '0' && text.at[0] != '1'))
        return -1;
    int weight = (text.at[0] - '0') * 1000;
    int unit = 100;
    for (size_t i = 2; i < text.len; i++, unit /= 10) {
        if (!stet_byte_is_digit((unsigned char)text.at[i]))
            return -1;
        weight += (text.at[i] - '0') * unit;
    }
    return weight <= 1000 ? weight : -1;
}

int stet_weight(struct stet_span rest)
{
    struct stet_span name, value, weight = STET_SPAN_NONE;
    while (stet_parameter_next(&rest, &name, &value))
        if (!weight.at && name.len == 1 && (name.at[0] | 0x20) == 'q')
            weight = value;
    if (rest.len)
        return -1;
    if (!weight.at)
        return 1000;
    /* A weight is no parameter in the grammar: it may not be quoted. */
    return weight.at[-1] == '"' ? -1 : weight_read(weight);
}
