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
 * are sorted in a small buffer; those that do not fit, or that have quotes, come out sorted by
 * looking for the next greater one again and again. A request with more than SET_MAX members keeps
 * its order, which can only cost a hit.
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

static void sink_span(struct sink *sink, struct stet_span text)
{
    if (!sink->compares)
        pen_span(&sink->pen, text);
    else if (stet_span_starts(sink->expected, text))
        sink->expected = stet_span_from(sink->expected, text.len);
    else
        sink->differs = true;
}

static void sink_byte(struct sink *sink, char byte)
{
    if (!sink->compares)
        pen_byte(&sink->pen, byte);
    else if (sink->expected.len > 0 && sink->expected.at[0] == byte)
        sink->expected = stet_span_from(sink->expected, 1);
    else
        sink->differs = true;
}

static char lower(char byte)
{
    return (char)stet_byte_lower((unsigned char)byte);
}

static bool is_control(char byte)
{
    return (unsigned char)byte < 0x20 && byte != '\t';
}

/* Names that have been written down once are in lower case already. */
static void sink_name(struct sink *sink, struct stet_span name)
{
    size_t small = 0;
    while (small < name.len && !(name.at[small] >= 'A' && name.at[small] <= 'Z'))
        small++;
    sink_span(sink, stet_span(name.at, small));
    for (size_t i = small; i < name.len; i++)
        sink_byte(sink, lower(name.at[i]));
}

static void sink_text(struct sink *sink, struct stet_span text)
{
    size_t clean = 0;
    while (clean < text.len && !is_control(text.at[clean]))
        clean++;
    sink_span(sink, stet_span(text.at, clean));
    for (size_t i = clean; i < text.len; i++)
        sink_byte(sink, is_control(text.at[i]) ? ' ' : text.at[i]);
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

/* Sets as they mostly are: one line, no quotes, not long. The members are folded into a buffer in
 * one pass, and then put in order. */

enum { PLAIN_MAX = 256 };

struct plain_set {
    struct stet_span members[SET_MAX];
    size_t count;
    char folded[PLAIN_MAX];
};

/* Below 0, 0 or above 0 as folded_compare says of what they were made of. */
static int plain_compare(struct stet_span a, struct stet_span b)
{
    const size_t both = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < both; i++)
        if (a.at[i] != b.at[i])
            return (unsigned char)a.at[i] - (unsigned char)b.at[i];
    return (a.len > b.len) - (a.len < b.len);
}

/* Puts a member in its place, unless it is there. False if there are too many. */
static bool plain_put(struct plain_set *set, struct stet_span member)
{
    size_t at = set->count;
    int order = 1;
    while (at > 0 && (order = plain_compare(member, set->members[at - 1])) < 0)
        at--;
    if (order == 0)
        return true;
    if (set->count == SET_MAX)
        return false;
    for (size_t i = set->count++; i > at; i--)
        set->members[i] = set->members[i - 1];
    set->members[at] = member;
    return true;
}

/* False if the value is none of that kind. */
static bool plain_read(struct plain_set *set, struct stet_span value)
{
    size_t start = 0, size = 0;
    set->count = 0;
    if (value.len > PLAIN_MAX)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        const char byte = value.at[i];
        if ((unsigned char)byte > ',') { /* mostly */
            set->folded[size++] = lower(byte);
        } else if (byte == ',') {
            if (size > start && !plain_put(set, stet_span(set->folded + start, size - start)))
                return false;
            start = size;
        } else if (byte == '"' || is_control(byte)) {
            return false;
        } else if (!stet_byte_is_ows(byte)) {
            set->folded[size++] = byte;
        }
    }
    return size == start || plain_put(set, stet_span(set->folded + start, size - start));
}

/* False, and nothing written, if the members have to be looked at one by one. */
static bool sink_plain_set(struct sink *sink, const struct stet_head *head,
                           const struct stet_field *field)
{
    struct plain_set set;
    if (!plain_read(&set, field->value) || stet_head_next(head, field))
        return false;
    for (size_t i = 0; i < set.count; i++) {
        if (i > 0)
            sink_byte(sink, ',');
        sink_span(sink, set.members[i]);
    }
    return true;
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

    if (set && sink_plain_set(sink, head, field))
        return;
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
