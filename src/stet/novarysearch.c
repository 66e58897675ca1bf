/* Queries compared as a No-Vary-Search field says.
 *
 * The rule is read into a view of its Inner List. A query is split into pairs that stay encoded;
 * names and values are compared through a reader that decodes on the way, one character at a time:
 *
 *     octets -> String escapes (names of the field only) -> "+" and "%41" -> UTF-8 -> characters
 *
 * so that nothing has to be stored but where each pair stands. Sorting is by insertion, stable, and
 * over a number of pairs that the caller has bounded.
 *
 * Given up: the order of UTF-16 code units that the draft sorts by. Both queries are sorted by the
 * same total order of names, and any such order gives the same verdict.
 */
#include "stet/novarysearch.h"
#include "stet/byte.h"
#include "stet/pen.h"
#include "stet/utf8.h"

/* Encoded text on its way to characters. */
struct form_text {
    struct stet_span rest;
    struct stet_utf8 utf8;
    bool string; /* the text of a String: a backslash escapes */
};

enum { FORM_END = 0x110000, FORM_REPLACEMENT = 0xfffd };

static bool form_escape(struct stet_span text)
{
    return text.len >= 3 && stet_byte_is(text.at[1], BYTE_HEX) &&
           stet_byte_is(text.at[2], BYTE_HEX);
}

/* Takes one octet: "+" is a space, and only then are percent-escapes taken out, so that "%2B" stays
 * a plus sign [No-Vary-Search §5.3]. */
static unsigned char form_octet(struct form_text *form)
{
    struct stet_span *rest = &form->rest;
    unsigned char octet = (unsigned char)rest->at[0];
    size_t used = 1;
    if (form->string && octet == '\\')
        return (unsigned char)stet_sf_octet_next(STET_SF_STRING, rest);
    if (octet == '+') {
        octet = ' ';
    } else if (octet == '%' && form_escape(*rest)) {
        octet = (unsigned char)(stet_byte_hex(rest->at[1]) << 4 | stet_byte_hex(rest->at[2]));
        used = 3;
    }
    *rest = stet_span_from(*rest, used);
    return octet;
}

/* Takes one character; broken UTF-8 becomes U+FFFD, a byte order mark stays
 * [No-Vary-Search §5.3]. */
static uint32_t form_character(struct form_text *form)
{
    while (form->rest.len) {
        struct stet_span before = form->rest;
        switch (stet_utf8_feed(&form->utf8, form_octet(form))) {
        case STET_UTF8_MORE:
            break;
        case STET_UTF8_DONE:
            return form->utf8.code;
        case STET_UTF8_BROKEN:
            form->rest = before;
            return FORM_REPLACEMENT;
        case STET_UTF8_BAD:
            return FORM_REPLACEMENT;
        }
    }
    bool broken = form->utf8.need > 0;
    form->utf8.need = 0;
    return broken ? FORM_REPLACEMENT : FORM_END;
}

/* An octet that means itself and is a character. */
static bool form_plain(char octet)
{
    return (unsigned char)octet < 0x80 && octet != '%' && octet != '+' && octet != '\\';
}

/* Passes what both texts have in common as far as it needs no decoding. */
static void form_skip(struct form_text *a, struct form_text *b)
{
    size_t most = a->rest.len < b->rest.len ? a->rest.len : b->rest.len;
    size_t same = 0;
    while (same < most && a->rest.at[same] == b->rest.at[same] && form_plain(a->rest.at[same]))
        same++;
    a->rest = stet_span_from(a->rest, same);
    b->rest = stet_span_from(b->rest, same);
}

/* Below, at or above 0 as the decoded `a` sorts before, with or behind the decoded `b`. */
static int form_compare(struct form_text a, struct form_text b)
{
    uint32_t x, y;
    do {
        form_skip(&a, &b);
        x = form_character(&a);
        y = form_character(&b);
    } while (x == y && x != FORM_END);
    if (x == y)
        return 0;
    return y == FORM_END || (x != FORM_END && x < y) ? -1 : 1;
}

static int query_compare(struct stet_span a, struct stet_span b)
{
    struct form_text x = {.rest = a}, y = {.rest = b};
    return form_compare(x, y);
}

static bool rule_names(const struct stet_novarysearch *rule, struct stet_span name)
{
    struct stet_sf walk = rule->names;
    struct stet_sf_member listed;
    while (stet_sf_next(&walk, &listed)) {
        struct form_text text = {.rest = listed.text, .string = true}, other = {.rest = name};
        if (form_compare(text, other) == 0)
            return true;
    }
    return false;
}

/* An Inner List of Strings, not too long. */
static bool rule_list(const struct stet_sf_member *member, struct stet_sf *names)
{
    struct stet_sf_member name;
    struct stet_sf walk = *names = stet_sf_inner(member);
    size_t count = 0;
    if (member->text.len > STET_NOVARYSEARCH_TEXT_MAX)
        return false;
    while (stet_sf_next(&walk, &name))
        if (name.type != STET_SF_STRING || ++count > STET_NOVARYSEARCH_NAMES_MAX)
            return false; /* [No-Vary-Search §5.1] */
    return member->type == STET_SF_INNER_LIST;
}

/* The members of the field that mean something; those absent have a NULL key. */
struct rule_field {
    struct stet_sf_member order, params, except;
};

static void rule_take(struct rule_field *field, const struct stet_sf_member *member)
{
    if (stet_span_equal(member->key, STET_SPAN("key-order")))
        field->order = *member;
    else if (stet_span_equal(member->key, STET_SPAN("params")))
        field->params = *member;
    else if (stet_span_equal(member->key, STET_SPAN("except")))
        field->except = *member;
    /* others are ignored [No-Vary-Search §3] */
}

/* The older drafts' Boolean `params`: it stands with or without `except` and then says only that
 * the rule is the latter's (D-43). False if it does not fit. */
static bool rule_legacy(struct rule_field *field, struct stet_novarysearch *rule)
{
    bool all = field->params.number != 0;
    field->params.key = STET_SPAN_NONE;
    if (field->except.key.at)
        return all;
    if (all)
        rule->rule = STET_NOVARYSEARCH_ONLY;
    return true;
}

static bool rule_read(struct rule_field *field, struct stet_novarysearch *rule, bool legacy)
{
    if (field->order.key.at) {
        if (field->order.type != STET_SF_BOOLEAN)
            return false;
        rule->order_free = field->order.number != 0;
    }
    if (legacy && field->params.key.at && field->params.type == STET_SF_BOOLEAN &&
        !rule_legacy(field, rule))
        return false;
    if (field->params.key.at && field->except.key.at)
        return false; /* [No-Vary-Search §5.1] */
    if (field->params.key.at)
        return rule_list(&field->params, &rule->names);
    if (!field->except.key.at)
        return true; /* lone key-order (D-43), or nothing */
    rule->rule = STET_NOVARYSEARCH_ONLY;
    return rule_list(&field->except, &rule->names);
}

struct stet_novarysearch stet_novarysearch_of(const struct stet_head *head, bool legacy)
{
    struct stet_novarysearch rule = {.rule = STET_NOVARYSEARCH_ALL_BUT};
    struct rule_field field = {.order = {.key = STET_SPAN_NONE}};
    struct stet_sf walk;
    struct stet_sf_member member;
    bool ok = stet_sf_of(&walk, head, STET_FIELD_NO_VARY_SEARCH, STET_SF_DICTIONARY);
    while (stet_sf_next(&walk, &member))
        rule_take(&field, &member);
    ok = ok && rule_read(&field, &rule, legacy);
    bool idle = rule.rule == STET_NOVARYSEARCH_ALL_BUT && !rule.order_free && !rule.names.more;
    if (!ok || idle)
        return (struct stet_novarysearch){.rule = STET_NOVARYSEARCH_EXACT};
    return rule;
}

/* The pairs of a query that matter. */
struct query {
    struct stet_query_pair *pairs;
    size_t count;
};

/* Appends the pairs of `text` that matter, as the form-urlencoded parser finds them
 * [No-Vary-Search §6]; `*left` is how many pairs may still be looked at. */
static bool query_split(struct query *query, const struct stet_novarysearch *rule,
                        struct stet_span text, size_t *left)
{
    while (text.len) {
        struct stet_span part = stet_span(text.at, stet_span_find(text, '&'));
        text = stet_span_from(text, part.len + 1);
        if (part.len == 0)
            continue;
        if ((*left)-- == 0)
            return false;
        size_t equals = stet_span_find(part, '=');
        struct stet_query_pair pair = {stet_span(part.at, equals),
                                       stet_span_from(part, equals + 1)};
        if (rule_names(rule, pair.name) == (rule->rule == STET_NOVARYSEARCH_ONLY))
            query->pairs[query->count++] = pair;
    }
    return true;
}

static void query_sort(const struct query *query)
{
    for (size_t i = 1; i < query->count; i++) {
        struct stet_query_pair pair = query->pairs[i];
        size_t at = i;
        for (; at > 0 && query_compare(query->pairs[at - 1].name, pair.name) > 0; at--)
            query->pairs[at] = query->pairs[at - 1];
        query->pairs[at] = pair;
    }
}

static bool query_same(const struct query *a, const struct query *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (query_compare(a->pairs[i].name, b->pairs[i].name) != 0 ||
            query_compare(a->pairs[i].value, b->pairs[i].value) != 0)
            return false;
    return true;
}

bool stet_novarysearch_equal(const struct stet_novarysearch *rule, struct stet_span a,
                             struct stet_span b, struct stet_query_pair *room, size_t count)
{
    if (stet_span_equal(a, b) && (a.at == NULL) == (b.at == NULL))
        return true;
    if (rule->rule == STET_NOVARYSEARCH_EXACT)
        return false; /* [No-Vary-Search §6] */
    size_t left = count;
    struct query x = {room, 0};
    if (!query_split(&x, rule, a, &left))
        return false;
    struct query y = {room + x.count, 0};
    if (!query_split(&y, rule, b, &left))
        return false;
    if (rule->order_free) {
        query_sort(&x);
        query_sort(&y);
    }
    return query_same(&x, &y);
}

bool stet_novarysearch_match(const struct stet_novarysearch *rule, const struct stet_request *a,
                             const struct stet_request *b, struct stet_query_pair *room,
                             size_t count)
{
    return stet_span_equal_nocase(a->scheme, b->scheme) &&
           stet_span_equal_nocase(a->authority, b->authority) &&
           stet_span_equal(a->path, b->path) && /* [No-Vary-Search §6] */
           stet_novarysearch_equal(rule, a->query, b->query, room, count);
}

/* Writes a name so that a reader decodes it to itself, and a String needs no escapes. */
static void pen_form(struct pen *pen, struct stet_span name)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < name.len; i++) {
        unsigned char octet = (unsigned char)name.at[i];
        if (stet_byte_is(name.at[i], BYTE_UNRESERVED)) {
            pen_byte(pen, name.at[i]);
        } else if (octet == ' ') {
            pen_byte(pen, '+');
        } else {
            pen_byte(pen, '%');
            pen_byte(pen, hex[octet >> 4]);
            pen_byte(pen, hex[octet & 15]);
        }
    }
}

size_t stet_novarysearch_write(const struct stet_span *names, size_t count, bool order_free,
                               char *to, size_t room)
{
    struct pen pen = {to, room, 0};
    if (count == 0 && !order_free)
        return 0;
    if (order_free)
        pen_span(&pen, STET_SPAN("key-order, "));
    pen_span(&pen, STET_SPAN("params=("));
    for (size_t i = 0; i < count; i++) {
        pen_span(&pen, i ? STET_SPAN(" \"") : STET_SPAN("\""));
        pen_form(&pen, names[i]);
        pen_byte(&pen, '"');
    }
    pen_byte(&pen, ')');
    return pen.length <= room ? pen.length : 0;
}
