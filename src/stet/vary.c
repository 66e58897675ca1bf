/* Writes down what a request had in the fields that Vary names, and compares others with it.
 *
 * The text of a selection has a line for each name, ended by LF:
 *
 *     accept-encoding:br,gzip
 *     cookie                          (no colon: the request had no such field)
 *
 * LF and the colon cannot be confused with anything: names are tokens, and control octets in
 * values become spaces [RFC 9110 §5.5].
 *
 * Writing and comparing are one: the normal form is put octet by octet into a sink that either
 * keeps it or holds it against a text that exists, so the two can never disagree. Members of a set
 * come out sorted by looking for the next greater one again and again; there is no room to sort
 * them in, and there are few. A request with more than SET_MAX members keeps its order, which can
 * only cost a hit.
 *
 * Given up: reading q-values. "gzip" and "gzip;q=1" are two selections, and a response in German
 * is not offered to a request that would rank German first among others: that is not one of the
 * equalities the law allows without asking the origin [RFC 9111 §4.1].
 */
#include "stet/vary.h"
#include "stet/byte.h"
#include "stet/pen.h"

enum { SET_MAX = 32 };

/* Where the normal form goes. */
struct sink {
    struct pen pen;
    struct stet_span expected; /* with `compares`: what should come next */
    bool compares;
    bool differs;
};

static void sink_byte(struct sink *sink, char byte)
{
    if (!sink->compares) {
        pen_byte(&sink->pen, byte);
    } else if (sink->expected.len == 0 || sink->expected.at[0] != byte) {
        sink->differs = true;
    } else {
        sink->expected = stet_span_from(sink->expected, 1);
    }
}

static char lower(char byte)
{
    return (char)stet_byte_lower((unsigned char)byte);
}

static void sink_name(struct sink *sink, struct stet_span name)
{
    for (size_t i = 0; i < name.len; i++)
        sink_byte(sink, lower(name.at[i]));
}

static void sink_text(struct sink *sink, struct stet_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool control = (unsigned char)text.at[i] < 0x20 && text.at[i] != '\t';
        sink_byte(sink, control ? ' ' : text.at[i]);
    }
}

/* Members of a set, compared and written without white space and case. */

/* The next octet of a member's normal form; -1 at its end. */
static int folded_next(struct stet_span *rest)
{
    while (rest->len && (unsigned char)rest->at[0] <= ' ')
        *rest = stet_span_from(*rest, 1);
    if (rest->len == 0)
        return -1;
    int byte = (unsigned char)lower(rest->at[0]);
    *rest = stet_span_from(*rest, 1);
    return byte;
}

/* Below 0, 0 or above 0 as `a` comes before, equals or comes after `b`. */
static int folded_compare(struct stet_span a, struct stet_span b)
{
    int left, right;
    do {
        left = folded_next(&a);
        right = folded_next(&b);
    } while (left == right && left >= 0);
    return left - right;
}

static void sink_folded(struct sink *sink, struct stet_span member)
{
    int byte;
    while ((byte = folded_next(&member)) >= 0)
        sink_byte(sink, (char)byte);
}

/* The least member that comes after `previous`; with none, the least of all. */
static bool set_next(struct stet_list members, const struct stet_span *previous,
                     struct stet_span *least)
{
    struct stet_span member;
    bool found = false;

    while (stet_list_next(&members, &member)) {
        if (previous && folded_compare(member, *previous) <= 0)
            continue;
        if (!found || folded_compare(member, *least) < 0)
            *least = member;
        found = true;
    }
    return found;
}

static void sink_set(struct sink *sink, struct stet_list members)
{
    struct stet_span member, previous;
    bool first = true;

    while (set_next(members, first ? NULL : &previous, &member)) {
        if (!first)
            sink_byte(sink, ',');
        sink_folded(sink, member);
        previous = member;
        first = false;
    }
}

static bool is_few(struct stet_list members)
{
    struct stet_span member;
    unsigned count = 0;
    while (count <= SET_MAX && stet_list_next(&members, &member))
        count++;
    return count <= SET_MAX;
}

/* Values. */

static void sink_list(struct sink *sink, struct stet_list members)
{
    struct stet_span member;
    bool first = true;

    for (; stet_list_next(&members, &member); first = false) {
        if (!first)
            sink_byte(sink, ',');
        sink_text(sink, member);
    }
}

static void sink_lines(struct sink *sink, const struct stet_head *head,
                       const struct stet_field *field)
{
    sink_text(sink, field->value);
    while ((field = stet_head_next(head, field))) {
        sink_byte(sink, ','); /* [RFC 9110 §5.3] */
        sink_byte(sink, ' ');
        sink_text(sink, field->value);
    }
}

static void sink_value(struct sink *sink, const struct stet_head *head,
                       const struct stet_field *field)
{
    struct stet_list members = {head, field, field->value, false};
    bool set = field->id == STET_FIELD_ACCEPT_ENCODING || field->id == STET_FIELD_ACCEPT_LANGUAGE;

    if (set && is_few(members))
        sink_set(sink, members);
    else if (field->id == STET_FIELD_UNKNOWN || stet_field_is_list(field->id))
        sink_list(sink, members);
    else
        sink_lines(sink, head, field);
}

static void sink_field(struct sink *sink, const struct stet_head *head, struct stet_span name)
{
    const struct stet_field *field = stet_head_named(head, name);

    sink_name(sink, name);
    if (field) { /* absent is not empty [RFC 9111 §4.1] */
        sink_byte(sink, ':');
        sink_value(sink, head, field);
    }
    sink_byte(sink, '\n');
}

/* The room's functions. */

bool stet_vary_any(const struct stet_head *response)
{
    struct stet_span name;

    if (!stet_head_has(response, STET_FIELD_VARY))
        return false;
    struct stet_list names = stet_list_of(response, STET_FIELD_VARY);
    while (stet_list_next(&names, &name))
        if (stet_span_equal(name, STET_SPAN("*")) || !stet_span_is_token(name))
            return true; /* [RFC 9111 §4.1] */
    return false;
}

/* Is `name` among the members before the one that begins at `end`? */
static bool is_repeated(struct stet_list names, struct stet_span name)
{
    struct stet_span before;
    while (stet_list_next(&names, &before) && before.at != name.at)
        if (stet_span_equal_nocase(before, name))
            return true;
    return false;
}

size_t stet_vary_names(const struct stet_head *response, char *to, size_t room)
{
    const struct stet_list all = stet_list_of(response, STET_FIELD_VARY);
    struct stet_list names = all;
    struct pen pen = {to, room, 0};
    struct stet_span name;

    while (stet_list_next(&names, &name)) {
        if (is_repeated(all, name))
            continue;
        if (pen.length)
            pen_span(&pen, STET_SPAN(", "));
        for (size_t i = 0; i < name.len; i++)
            pen_byte(&pen, lower(name.at[i]));
    }
    return pen.length;
}

size_t stet_vary_select(struct stet_list vary, const struct stet_head *request, char *to,
                        size_t room)
{
    struct sink sink = {.pen = {to, room, 0}};
    struct stet_span name;

    while (stet_list_next(&vary, &name))
        sink_field(&sink, request, name);
    return sink.pen.length;
}

bool stet_vary_next(struct stet_span *selection, struct stet_span *name, struct stet_span *value)
{
    if (selection->len == 0)
        return false;
    size_t end = stet_span_find(*selection, '\n');
    struct stet_span line = stet_span(selection->at, end);
    size_t colon = stet_span_find(line, ':');
    *selection = stet_span_from(*selection, end + 1);
    *name = stet_span(line.at, colon);
    *value = colon < line.len ? stet_span_from(line, colon + 1) : STET_SPAN_NONE;
    return true;
}

bool stet_vary_match(struct stet_span selection, const struct stet_head *request)
{
    struct sink sink = {.expected = selection, .compares = true};
    struct stet_span name, value;

    while (!sink.differs && stet_vary_next(&selection, &name, &value))
        sink_field(&sink, request, name);
    return !sink.differs && sink.expected.len == 0;
}
