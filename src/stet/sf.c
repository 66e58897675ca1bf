/* Walks over structured fields: opened once, judged as a whole, then member by member.
 *
 * A walk always stands at the start of a member or at the end. One step scans that member and then
 * whatever must stand before the next one, over the end of the line if there is another line:
 *
 *     line 1:  a=1 , b=2        the end of a line and the beginning of the next count
 *     line 2:  c;x              as one comma [RFC 9651 §4.2]
 *              ^ rest
 *
 * Opening takes all the steps of a copy. Only when none of them finds a flaw does the caller get
 * the walk, and then the same steps cannot fail again.
 *
 * Given up: reading each octet only once. Judging before walking costs a second pass, and an Inner
 * List or Parameters one more when they are looked at; in return nobody needs room for a parsed
 * form, and no caller can act on the first half of a field whose second half is broken.
 */
#include "stet/sf.h"
#include "stet/sf_scan.h"

enum sf_step { SF_FLAW, SF_END, SF_MEMBER };

static void sf_skip_ows(struct stet_span *rest)
{
    while (rest->len && stet_byte_is_ows(rest->at[0]))
        *rest = stet_span_from(*rest, 1);
}

/* Goes to the next line of the field, if there is one. */
static bool sf_next_line(struct stet_sf *walk)
{
    const struct stet_field *field = NULL;
    if (walk->field)
        field = stet_head_next(walk->head, walk->field);
    if (!field)
        return false;
    walk->field = field;
    walk->rest = field->value;
    return true;
}

/* From the end of a List's or Dictionary's member to the start of the next. */
static bool sf_pass_comma(struct stet_sf *walk)
{
    sf_skip_ows(&walk->rest);
    if (walk->rest.len == 0) {
        walk->more = sf_next_line(walk);
        if (!walk->more)
            return true;
    } else if (walk->rest.at[0] == ',') {
        walk->rest = stet_span_from(walk->rest, 1);
    } else {
        return false;
    }
    sf_skip_ows(&walk->rest);
    return walk->rest.len > 0; /* a comma is never the last thing [RFC 9651 §4.2.1] */
}

/* Goes from behind a member to the next one, and notes whether there is one. */
static bool sf_advance(struct stet_sf *walk)
{
    switch (walk->kind) {
    case STET_SF_LIST:
    case STET_SF_DICTIONARY:
        return sf_pass_comma(walk);
    case STET_SF_ITEM:
        stet_sf_skip_spaces(&walk->rest);
        walk->more = false;
        return walk->rest.len == 0 && !sf_next_line(walk); /* [RFC 9651 §4.2] */
    case STET_SF_INNER:
        stet_sf_skip_spaces(&walk->rest);
        break;
    case STET_SF_PARAMETERS:
        break;
    }
    walk->more = walk->rest.len > 0;
    return true;
}

static bool sf_scan(struct stet_sf *walk, struct stet_sf_member *member)
{
    member->key = STET_SPAN_NONE;
    switch (walk->kind) {
    case STET_SF_LIST:
        return stet_sf_scan_member(&walk->rest, member);
    case STET_SF_DICTIONARY:
        return stet_sf_scan_pair(&walk->rest, member);
    case STET_SF_ITEM:
    case STET_SF_INNER:
        return stet_sf_scan_item(&walk->rest, member);
    case STET_SF_PARAMETERS:
        return stet_sf_scan_parameter(&walk->rest, member);
    }
    return false;
}

static enum sf_step sf_step(struct stet_sf *walk, struct stet_sf_member *member)
{
    if (!walk->more)
        return SF_END;
    if (!sf_scan(walk, member) || !sf_advance(walk))
        return SF_FLAW;
    return SF_MEMBER;
}

/* Finds the first member. A List or Dictionary may be empty, an Item not. */
static bool sf_begin(struct stet_sf *walk)
{
    stet_sf_skip_spaces(&walk->rest); /* no tabs here [RFC 9651 §4.2] */
    walk->more = walk->rest.len > 0;
    return walk->more || (walk->kind != STET_SF_ITEM && !sf_next_line(walk));
}

static bool sf_judge(struct stet_sf *walk)
{
    struct stet_sf_member ignored;
    enum sf_step step;
    if (sf_begin(walk)) {
        struct stet_sf copy = *walk;
        do
            step = sf_step(&copy, &ignored);
        while (step == SF_MEMBER);
        if (step == SF_END)
            return true;
    }
    walk->more = false; /* a flaw voids the field [RFC 9651 §4.2] */
    return false;
}

static bool sf_open_lines(struct stet_sf *walk, const struct stet_head *head,
                          const struct stet_field *first, enum stet_sf_kind kind)
{
    *walk = (struct stet_sf){head, first, STET_SPAN_NONE, kind, false};
    if (!first)
        return false;
    walk->rest = first->value;
    return sf_judge(walk);
}

bool stet_sf_of(struct stet_sf *walk, const struct stet_head *head, enum stet_field_id id,
                enum stet_sf_kind kind)
{
    return sf_open_lines(walk, head, stet_head_first(head, id), kind);
}

bool stet_sf_named(struct stet_sf *walk, const struct stet_head *head, struct stet_span name,
                   enum stet_sf_kind kind)
{
    return sf_open_lines(walk, head, stet_head_named(head, name), kind);
}

bool stet_sf_in(struct stet_sf *walk, struct stet_span value, enum stet_sf_kind kind)
{
    *walk = (struct stet_sf){NULL, NULL, value, kind, false};
    return sf_judge(walk);
}

bool stet_sf_next(struct stet_sf *walk, struct stet_sf_member *member)
{
    return sf_step(walk, member) == SF_MEMBER;
}

bool stet_sf_get(const struct stet_sf *walk, struct stet_span key, struct stet_sf_member *member)
{
    struct stet_sf copy = *walk;
    struct stet_sf_member candidate;
    bool found = false;
    while (stet_sf_next(&copy, &candidate)) {
        if (stet_span_equal(candidate.key, key)) {
            *member = candidate; /* the last one counts [RFC 9651 §4.2.2] */
            found = true;
        }
    }
    return found;
}

struct stet_sf stet_sf_inner(const struct stet_sf_member *member)
{
    struct stet_sf walk = {NULL, NULL, STET_SPAN_NONE, STET_SF_INNER, false};
    if (member->type == STET_SF_INNER_LIST)
        walk.rest = member->text;
    stet_sf_skip_spaces(&walk.rest);
    walk.more = walk.rest.len > 0;
    return walk;
}

struct stet_sf stet_sf_parameters(const struct stet_sf_member *member)
{
    bool more = member->parameters.len > 0;
    return (struct stet_sf){NULL, NULL, member->parameters, STET_SF_PARAMETERS, more};
}

bool stet_sf_parameter(const struct stet_sf_member *member, struct stet_span key,
                       struct stet_sf_member *parameter)
{
    struct stet_sf walk = stet_sf_parameters(member);
    return stet_sf_get(&walk, key, parameter);
}
