/* Turns a Range field into the few disjoint parts that are sent, never more than the content.
 *
 * The members of the set are taken in order. Each is resolved against the length (a suffix becomes
 * its positions, a last position beyond the end becomes the end) and laid to the parts found so
 * far: it swallows every part that is near and stands in the place of the first of them, else it
 * is a new part at the end. So parts are always further apart than STET_RANGE_GAP, and one pass
 * over the set is enough:
 *
 *     parts    |aaaa|       |bb|                |cc|      a range near a and b
 *     range            |rrr|                              joins them in a's place
 *     parts    |aaaaaaaaaaaaaaa|                |cc|
 *
 * One member off the grammar makes the set invalid, and an invalid set is no set. A set that asks
 * too much is treated the same: the answer is the whole content, which is what the client would
 * have got from a server without ranges. Sorting the set first would find a few more joins, but
 * needs room for all members; giving 416 or 400 instead would break clients that merely ask badly.
 */
#include "stet/range.h"

#include "stet/list.h"
#include "stet/pen.h"

/* What one member of a set says about a content of a given length. */
enum spec {
    SPEC_INVALID,       /* off the grammar */
    SPEC_UNSATISFIABLE, /* no octet of the content */
    SPEC_EMPTY,         /* satisfiable, but there is no octet to send */
    SPEC_RANGE          /* at least one octet */
};

/* A set while it is read. */
struct gather {
    struct stet_ranges *ranges;
    size_t members;     /* seen */
    size_t overlapping; /* of them, how many shared an octet with those before */
    bool empty;         /* a SPEC_EMPTY was among them */
};

static struct stet_ranges ranges_answer(enum stet_range_answer answer, enum stet_reason reason)
{
    return (struct stet_ranges){.answer = answer, .reason = reason};
}

/* "-" suffix-length [RFC 9110 §14.1.2]. */
static enum spec suffix_resolve(struct stet_span digits, uint64_t length, struct stet_range *to)
{
    uint64_t suffix = 0;

    if (!stet_span_number(digits, UINT64_MAX, &suffix))
        return SPEC_INVALID;
    if (suffix == 0)
        return SPEC_UNSATISFIABLE;
    if (length == 0)
        return SPEC_EMPTY;
    to->first = suffix < length ? length - suffix : 0;
    to->last = length - 1;
    return SPEC_RANGE;
}

/* first-pos "-" [ last-pos ], or a suffix [RFC 9110 §14.1.1, RFC 9110 §14.1.2]. */
static enum spec spec_resolve(struct stet_span spec, uint64_t length, struct stet_range *to)
{
    size_t dash = stet_span_find(spec, '-');
    struct stet_span last = stet_span_from(spec, dash + 1);

    if (dash == spec.len)
        return SPEC_INVALID;
    if (dash == 0)
        return suffix_resolve(last, length, to);
    if (!stet_span_number(stet_span(spec.at, dash), UINT64_MAX, &to->first))
        return SPEC_INVALID;
    to->last = UINT64_MAX;
    if (last.len > 0 && !stet_span_number(last, UINT64_MAX, &to->last))
        return SPEC_INVALID;
    if (to->last < to->first)
        return SPEC_INVALID;
    if (to->first >= length)
        return SPEC_UNSATISFIABLE;
    if (to->last >= length)
        to->last = length - 1;
    return SPEC_RANGE;
}

static bool range_overlaps(struct stet_range a, struct stet_range b)
{
    return a.first <= b.last && b.first <= a.last;
}

/* The two are better sent as one [RFC 9110 §15.3.7.2]. */
static bool range_near(struct stet_range a, struct stet_range b)
{
    uint64_t end = a.last < b.last ? a.last : b.last;
    uint64_t begin = a.first > b.first ? a.first : b.first;

    return begin <= end || begin - end - 1 < STET_RANGE_GAP;
}

static struct stet_range range_hull(struct stet_range a, struct stet_range b)
{
    return (struct stet_range){a.first < b.first ? a.first : b.first,
                               a.last > b.last ? a.last : b.last};
}

/* Lays `range` to the parts. False when that would ask too much. */
static bool gather_range(struct gather *gather, struct stet_range range)
{
    struct stet_ranges *parts = gather->ranges;
    size_t kept = 0, place = STET_RANGES_MAX;
    bool overlaps = false;

    for (size_t i = 0; i < parts->count; i++) {
        struct stet_range part = parts->at[i];
        if (!range_near(part, range)) {
            parts->at[kept++] = part;
            continue;
        }
        overlaps |= range_overlaps(part, range);
        range = range_hull(part, range);
        if (place == STET_RANGES_MAX)
            place = kept++;
    }
    gather->overlapping += overlaps;
    if (place == STET_RANGES_MAX)
        place = kept++;
    if (place == STET_RANGES_MAX || gather->overlapping > 1)
        return false;
    parts->at[place] = range;
    parts->count = kept;
    return true;
}

/* Takes one member in. False when the whole set is to be ignored. */
static bool gather_member(struct gather *gather, struct stet_span member, uint64_t length)
{
    struct stet_range range = {0, 0};

    gather->members++;
    switch (spec_resolve(member, length, &range)) {
    case SPEC_RANGE:
        return gather_range(gather, range);
    case SPEC_EMPTY:
        gather->empty = true;
        return true;
    case SPEC_UNSATISFIABLE:
        return true;
    case SPEC_INVALID:
        break;
    }
    return false;
}

/* Reads the whole set. False if it is to be ignored. */
static bool gather_set(struct gather *gather, struct stet_span set, uint64_t length)
{
    struct stet_list members = stet_list_in(set);
    struct stet_span member;

    while (stet_list_next(&members, &member))
        if (!gather_member(gather, member, length))
            return false;
    return gather->members > 0;
}

struct stet_ranges stet_ranges_in(struct stet_span value, uint64_t length)
{
    struct stet_ranges ranges = {.answer = STET_RANGE_PARTS};
    struct gather gather = {.ranges = &ranges};
    size_t equals = stet_span_find(value, '=');
    struct stet_span unit = stet_span(value.at, equals);

    /* Unit names compare without case [RFC 9110 §14.1]. */
    if (!stet_span_equal_nocase(unit, STET_SPAN("bytes")) ||
        !gather_set(&gather, stet_span_from(value, equals + 1), length))
        return ranges_answer(STET_RANGE_WHOLE, STET_REASON_RANGE_IGNORED);
    if (gather.empty)
        return ranges_answer(STET_RANGE_WHOLE, STET_REASON_RANGE_SATISFIED);
    if (ranges.count == 0)
        return ranges_answer(STET_RANGE_UNSATISFIABLE, STET_REASON_RANGE_UNSATISFIABLE);
    ranges.reason = STET_REASON_RANGE_SATISFIED;
    return ranges;
}

struct stet_ranges stet_ranges_of(const struct stet_head *head, uint64_t length)
{
    if (!stet_head_has(head, STET_FIELD_RANGE))
        return ranges_answer(STET_RANGE_WHOLE, STET_REASON_NONE);
    /* Range is no list field: two lines of it are off the grammar [RFC 9110 §5.3]. */
    return stet_ranges_in(stet_head_single(head, STET_FIELD_RANGE), length);
}

/* A number that is exact: false when it does not fit. */
static bool number_read(struct stet_span digits, uint64_t *number)
{
    return stet_span_number(digits, UINT64_MAX, number) && *number < UINT64_MAX;
}

bool stet_content_range_read(struct stet_span value, struct stet_content_range *to)
{
    size_t space = stet_span_find(value, ' ');
    struct stet_span rest = stet_span_from(value, space + 1);
    size_t slash = stet_span_find(rest, '/');
    struct stet_span range = stet_span(rest.at, slash), length = stet_span_from(rest, slash + 1);
    struct stet_content_range read = {
        .satisfied = !stet_span_equal(range, STET_SPAN("*")),
        .length_known = !stet_span_equal(length, STET_SPAN("*")),
    };

    if (!stet_span_equal_nocase(stet_span(value.at, space), STET_SPAN("bytes")))
        return false;
    if (read.length_known && !number_read(length, &read.length))
        return false;
    if (read.satisfied) {
        size_t dash = stet_span_find(range, '-');
        if (!number_read(stet_span(range.at, dash), &read.range.first) ||
            !number_read(stet_span_from(range, dash + 1), &read.range.last) ||
            read.range.last < read.range.first)
            return false;
    }
    /* [RFC 9110 §14.4]: the complete length lies beyond the last position, and the form for an
     * unsatisfied range always tells it. */
    if (read.length_known ? read.satisfied && read.length <= read.range.last : !read.satisfied)
        return false;
    *to = read;
    return true;
}

size_t stet_content_range_write(struct stet_range range, uint64_t length,
                                char to[STET_CONTENT_RANGE_MAX])
{
    struct pen pen = {to, STET_CONTENT_RANGE_MAX, 0};

    pen_span(&pen, STET_SPAN("bytes "));
    pen_number(&pen, range.first);
    pen_byte(&pen, '-');
    pen_number(&pen, range.last);
    pen_byte(&pen, '/');
    pen_number(&pen, length);
    return pen.length;
}

size_t stet_content_range_write_unsatisfied(uint64_t length, char to[STET_CONTENT_RANGE_MAX])
{
    struct pen pen = {to, STET_CONTENT_RANGE_MAX, 0};

    pen_span(&pen, STET_SPAN("bytes */"));
    pen_number(&pen, length);
    return pen.length;
}
