/* Reads cache directives, from the list grammar of Cache-Control and from structured fields.
 *
 * Both readers come down to the same few moves on the struct: a directive stands, stands with
 * seconds, stands with field names, or is in doubt. They differ in what a repetition means: in
 * Cache-Control all members count, and what contradicts is settled by the more restrictive value
 * (D-31); in a Dictionary the last one counts alone, so a member first takes back what an earlier
 * one of its name has set [RFC 9651 §4.2.2].
 *
 * Field names stay where they are, as the raw inside of their quotes. Since no name can hold a
 * backslash, an escape never changes what a name means, and the walk over names steps over it.
 *
 * Given up: keeping unknown directives. Whoever forwards a message forwards its lines.
 */
#include "stet/cachecontrol.h"
#include "stet/byte.h"
#include "stet/pen.h"
#include "stet/sf.h"

enum argument { SECONDS, NAMES, NOTHING };

static const struct {
    const char *name;
    size_t length;
    enum argument argument;
    uint32_t doubt;
} directives_known[STET_DIRECTIVE_COUNT] = {
#define DIRECTIVE(identifier, name, argument, doubt) {name, sizeof(name) - 1, argument, doubt},
#include "stet/directive.tbl"
#undef DIRECTIVE
};

struct stet_span stet_directive_name(enum stet_directive directive)
{
    if ((unsigned)directive >= STET_DIRECTIVE_COUNT)
        return stet_span("", 0);
    return stet_span(directives_known[directive].name, directives_known[directive].length);
}

static enum stet_directive directive_of(struct stet_span name)
{
    unsigned directive = 0;
    while (directive < STET_DIRECTIVE_COUNT &&
           !stet_span_equal_nocase(name, stet_directive_name(directive)))
        directive++;
    return directive;
}

/* Names of fields in the raw inside of quotes. */

static bool is_between_names(char byte)
{
    return byte == ',' || byte == '\\' || stet_byte_is_ows(byte);
}

/* Takes the next name off `*rest`; escapes may still stand inside it. */
static bool name_next(struct stet_span *rest, struct stet_span *name)
{
    while (rest->len && is_between_names(rest->at[0]))
        *rest = stet_span_from(*rest, 1);
    size_t length = stet_span_find(*rest, ',');
    struct stet_span found = stet_span(rest->at, length);
    *rest = stet_span_from(*rest, length);
    while (found.len && is_between_names(found.at[found.len - 1]))
        found.len--;
    *name = found;
    return found.len > 0;
}

/* The name with its escapes taken out is a token. */
static bool name_valid(struct stet_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] != '\\' && !stet_byte_is(name.at[i], BYTE_TCHAR))
            return false;
    return true;
}

/* There is at least one name and every one is valid. An escaped backslash belongs to no name. */
static bool names_valid(struct stet_span names)
{
    struct stet_span rest = names, name;
    size_t count = 0;
    for (; name_next(&rest, &name); count++)
        if (!name_valid(name))
            return false;
    for (size_t i = 1; i < names.len; i++)
        if (names.at[i - 1] == '\\' && names.at[i] == '\\')
            return false;
    return count > 0;
}

static bool name_equal(struct stet_span name, struct stet_span field)
{
    size_t at = 0;
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == '\\')
            continue;
        if (at == field.len || stet_byte_lower((unsigned char)name.at[i]) !=
                                   stet_byte_lower((unsigned char)field.at[at]))
            return false;
        at++;
    }
    return at == field.len;
}

bool stet_cachecontrol_names(const struct stet_cachecontrol *directives,
                             enum stet_directive directive, struct stet_span field)
{
    for (size_t i = 0; i < directives->list_count; i++) {
        struct stet_span rest = directives->lists[i].names, name;
        if (directives->lists[i].directive != directive)
            continue;
        while (name_next(&rest, &name))
            if (name_equal(name, field))
                return true;
    }
    return false;
}

/* The moves on the struct. */

static void directive_set(struct stet_cachecontrol *to, enum stet_directive directive)
{
    to->present |= UINT32_C(1) << directive;
}

/* The directive is there, but what it says cannot be made out. */
static void directive_doubt(struct stet_cachecontrol *to, enum stet_directive directive)
{
    uint32_t doubt = directives_known[directive].doubt;

    to->flawed |= UINT32_C(1) << directive;
    if (directives_known[directive].argument == SECONDS)
        to->seconds[directive] = doubt; /* [RFC 9111 §4.2.1] */
    else if (!doubt)
        return;
    directive_set(to, directive);
}

/* Of two different values a lifetime keeps none (D-31), all others the more restrictive one. */
static void directive_seconds(struct stet_cachecontrol *to, enum stet_directive directive,
                              uint32_t seconds)
{
    bool again = stet_cachecontrol_has(to, directive);
    uint32_t before = to->seconds[directive];

    if (again && before != seconds) {
        to->flawed |= UINT32_C(1) << directive;
        if (directive == STET_DIRECTIVE_MAX_AGE || directive == STET_DIRECTIVE_S_MAXAGE)
            seconds = 0;
        else if ((directive == STET_DIRECTIVE_MIN_FRESH) == (before > seconds))
            seconds = before;
    }
    to->seconds[directive] = seconds;
    directive_set(to, directive);
}

/* A list of names that is unreadable, or one too many, counts as none: the whole response. */
static void directive_names(struct stet_cachecontrol *to, enum stet_directive directive,
                            struct stet_span names)
{
    if (!names_valid(names))
        directive_doubt(to, directive);
    else if (to->list_count == STET_DIRECTIVE_LISTS_MAX)
        directive_set(to, directive);
    else
        to->lists[to->list_count++] = (struct stet_directive_list){directive, names};
}

/* Takes back what was said of a directive. */
static void directive_clear(struct stet_cachecontrol *to, enum stet_directive directive)
{
    uint8_t kept = 0;

    to->present &= ~(UINT32_C(1) << directive);
    to->flawed &= ~(UINT32_C(1) << directive);
    for (uint8_t i = 0; i < to->list_count; i++)
        if (to->lists[i].directive != directive)
            to->lists[kept++] = to->lists[i];
    to->list_count = kept;
}

/* Cache-Control. */

/* Reads delta-seconds that may have stood in quotes, with escapes [RFC 9111 §1.2.2]. */
static bool seconds_read(struct stet_span text, uint32_t *seconds)
{
    uint64_t value = 0;
    bool any = false;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\\')
            continue;
        if (!stet_byte_is_digit((unsigned char)text.at[i]))
            return false;
        any = true;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
        if (value > STET_SECONDS_MAX)
            value = STET_SECONDS_MAX;
    }
    *seconds = (uint32_t)value;
    return any;
}

static void argument_read(struct stet_cachecontrol *to, enum stet_directive directive,
                          struct stet_span argument)
{
    uint32_t seconds;

    switch (directives_known[directive].argument) {
    case SECONDS:
        if (seconds_read(argument, &seconds))
            directive_seconds(to, directive, seconds);
        else
            directive_doubt(to, directive);
        break;
    case NAMES:
        directive_names(to, directive, argument);
        break;
    case NOTHING:
        directive_set(to, directive); /* [RFC 8246 §2] */
        break;
    }
}

static void argument_missing(struct stet_cachecontrol *to, enum stet_directive directive)
{
    if (directive == STET_DIRECTIVE_MAX_STALE)
        directive_seconds(to, directive, STET_SECONDS_MAX); /* [RFC 9111 §5.2.1.2] */
    else if (directives_known[directive].argument == SECONDS)
        directive_doubt(to, directive);
    else
        directive_set(to, directive);
}

/* cache-directive = token [ "=" ( token / quoted-string ) ], no white space (D-32). */
static void member_read(struct stet_cachecontrol *to, struct stet_span member)
{
    struct stet_span name, argument;
    bool quoted;

    if (!stet_word_next(&member, &name, &quoted) || quoted)
        return;
    enum stet_directive directive = directive_of(name);
    if (directive == STET_DIRECTIVE_COUNT)
        return; /* [RFC 9111 §5.2.3] */
    if (member.len == 0) {
        argument_missing(to, directive);
        return;
    }
    bool equals = member.at[0] == '=';
    member = stet_span_from(member, 1);
    if (equals && stet_word_next(&member, &argument, NULL) && member.len == 0)
        argument_read(to, directive, argument);
    else
        directive_doubt(to, directive);
}

static struct stet_cachecontrol list_read(struct stet_list list, enum stet_field_id source)
{
    struct stet_cachecontrol read = {.source = source};
    struct stet_span member;

    while (stet_list_next(&list, &member))
        member_read(&read, member);
    if (list.unclosed) { /* no-store may be among what was swallowed (D-32) */
        read.unclosed = true;
        directive_set(&read, STET_DIRECTIVE_NO_STORE);
    }
    return read;
}

/* Targeted fields. */

static bool is_true(const struct stet_sf_member *member)
{
    return member->type == STET_SF_BOOLEAN && member->number == 1;
}

static void target_seconds(struct stet_cachecontrol *to, enum stet_directive directive,
                           const struct stet_sf_member *member)
{
    if (member->type != STET_SF_INTEGER || member->number < 0)
        directive_doubt(to, directive); /* D-45 */
    else
        directive_seconds(to, directive,
                          member->number > STET_SECONDS_MAX ? STET_SECONDS_MAX
                                                            : (uint32_t)member->number);
}

static void target_member(struct stet_cachecontrol *to, const struct stet_sf_member *member)
{
    enum stet_directive directive = directive_of(member->key);

    if (directive == STET_DIRECTIVE_COUNT)
        return;
    directive_clear(to, directive);
    if (directives_known[directive].argument == SECONDS)
        target_seconds(to, directive, member);
    else if (is_true(member))
        directive_set(to, directive);
    else if (directives_known[directive].argument == NAMES &&
             (member->type == STET_SF_STRING || member->type == STET_SF_TOKEN))
        directive_names(to, directive, member->text);
    /* Other types are not what the directive takes, and ?0 says that it is absent
     * [RFC 9213 §2.1]. */
}

/* False if the field is absent, invalid or empty [RFC 9213 §2.1]. */
static bool target_read(const struct stet_head *head, enum stet_field_id id,
                        struct stet_cachecontrol *to)
{
    struct stet_sf walk;

    if (!stet_head_has(head, id) || !stet_sf_of(&walk, head, id, STET_SF_DICTIONARY))
        return false;
    struct stet_cachecontrol read = {.source = id};
    struct stet_sf_member member;
    bool any = false;
    while (stet_sf_next(&walk, &member)) {
        any = true;
        target_member(&read, &member);
    }
    if (any)
        *to = read;
    return any;
}

struct stet_cachecontrol stet_cachecontrol_of_response(const struct stet_head *head,
                                                       const enum stet_field_id *targets,
                                                       size_t count)
{
    struct stet_cachecontrol read = {.source = STET_FIELD_UNKNOWN};

    for (size_t i = 0; i < count; i++)
        if (target_read(head, targets[i], &read))
            return read;
    if (stet_head_has(head, STET_FIELD_CACHE_CONTROL))
        return list_read(stet_list_of(head, STET_FIELD_CACHE_CONTROL), STET_FIELD_CACHE_CONTROL);
    return read;
}

struct stet_cachecontrol stet_cachecontrol_of_request(const struct stet_head *head)
{
    struct stet_cachecontrol read = {.source = STET_FIELD_UNKNOWN};

    if (stet_head_has(head, STET_FIELD_CACHE_CONTROL)) {
        read = list_read(stet_list_of(head, STET_FIELD_CACHE_CONTROL), STET_FIELD_CACHE_CONTROL);
        for (size_t i = 0; i < read.list_count; i++)
            directive_set(&read, read.lists[i].directive);
        read.list_count = 0;
    } else if (stet_head_has(head, STET_FIELD_PRAGMA)) {
        read.source = STET_FIELD_PRAGMA;
        if (stet_list_has(stet_list_of(head, STET_FIELD_PRAGMA), STET_SPAN("no-cache")))
            directive_set(&read, STET_DIRECTIVE_NO_CACHE); /* [RFC 9111 §5.4] */
    }
    return read;
}

struct stet_cachecontrol stet_cachecontrol_in(struct stet_span value)
{
    return list_read(stet_list_in(value), STET_FIELD_CACHE_CONTROL);
}

/* Writing. */

static void separator_write(struct pen *pen)
{
    if (pen->length)
        pen_span(pen, STET_SPAN(", "));
}

/* All names of a directive in one pair of quotes [RFC 9111 §5.2.2.4]. */
static void names_write(struct pen *pen, const struct stet_cachecontrol *from,
                        enum stet_directive directive)
{
    bool open = false;

    for (size_t i = 0; i < from->list_count; i++) {
        struct stet_span rest = from->lists[i].names, name;
        while (from->lists[i].directive == directive && name_next(&rest, &name)) {
            if (!open) {
                separator_write(pen);
                pen_span(pen, stet_directive_name(directive));
            }
            pen_span(pen, open ? STET_SPAN(", ") : STET_SPAN("=\""));
            open = true;
            for (size_t at = 0; at < name.len; at++)
                if (name.at[at] != '\\')
                    pen_byte(pen, name.at[at]);
        }
    }
    if (open)
        pen_byte(pen, '"');
}

static void directive_write(struct pen *pen, const struct stet_cachecontrol *from,
                            enum stet_directive directive)
{
    separator_write(pen);
    pen_span(pen, stet_directive_name(directive));
    if (directives_known[directive].argument != SECONDS)
        return;
    if (directive == STET_DIRECTIVE_MAX_STALE && from->seconds[directive] == STET_SECONDS_MAX)
        return;
    pen_byte(pen, '=');
    pen_number(pen,
               from->seconds[directive]); /* never quoted [RFC 9111 §5.2.2.1, RFC 9111 §5.2.2.10] */
}

size_t stet_cachecontrol_write(const struct stet_cachecontrol *directives, char *to, size_t room)
{
    struct pen pen = {to, room, 0};

    for (unsigned directive = 0; directive < STET_DIRECTIVE_COUNT; directive++) {
        if (stet_cachecontrol_has(directives, directive))
            directive_write(&pen, directives, directive);
        else
            names_write(&pen, directives, directive);
    }
    return pen.length;
}
