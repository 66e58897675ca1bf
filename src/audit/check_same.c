/* Two answers to the same question: is the content the same, and do the validators say so?
 *
 * Contents that differ in a small part only are shown with that part: it is mostly a token or a
 * time that could be elsewhere. "Small" is a fifth, counted in octets between the common beginning
 * and the common end, or else in lines, for several such parts.
 */
#include "audit/check.h"

#include "base/text.h"
#include "stet/etag.h"

enum { DIFFERENCE_SMALL = 5, DIFFERENCE_SHOWN = 100, DIFFERENCE_BEFORE = 20 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- where they part ---- */

static size_t line_at(const struct probe *probe, size_t from)
{
    while (from < probe->content_kept && probe->content[from] != '\n')
        from++;
    return from + 1;
}

/* At most a fifth of the lines differ, and there are equally many. */
static bool differs_in_few_lines(const struct probe *a, const struct probe *b)
{
    size_t lines = 0, other = 0, i = 0, j = 0;

    while (i < a->content_kept && j < b->content_kept) {
        size_t end = line_at(a, i), mate = line_at(b, j);
        lines++;
        other += end - i != mate - j ||
                 memcmp(a->content + i, b->content + j, least(end, a->content_kept) - i) != 0;
        i = end;
        j = mate;
    }
    return i >= a->content_kept && j >= b->content_kept && other * DIFFERENCE_SMALL <= lines;
}

bool check_difference(const struct probe *a, const struct probe *b, struct difference *to)
{
    const size_t both = least(a->content_kept, b->content_kept);
    const bool whole = a->length == a->content_kept && b->length == b->content_kept;
    size_t from = 0, behind = 0;

    while (from < both && a->content[from] == b->content[from])
        from++;
    if (from == both && a->content_kept == b->content_kept)
        return false;
    while (whole && behind < both - from &&
           a->content[a->content_kept - 1 - behind] == b->content[b->content_kept - 1 - behind])
        behind++;
    to->from = from;
    to->length[0] = a->content_kept - from - behind;
    to->length[1] = b->content_kept - from - behind;
    const size_t most = to->length[0] > to->length[1] ? to->length[0] : to->length[1];
    to->small = most * DIFFERENCE_SMALL <= from + behind || differs_in_few_lines(a, b);
    return true;
}

static void show_part(struct text *text, const struct probe *probe, size_t from, size_t len)
{
    size_t first = from > DIFFERENCE_BEFORE ? from - DIFFERENCE_BEFORE : 0;
    size_t end = least(from + least(len, DIFFERENCE_SHOWN), probe->content_kept);

    text_json(text, probe->content + first, end - first);
}

static void say_difference(struct check *check, const struct probe *a, const struct probe *b,
                           const struct difference *difference)
{
    const enum finding_id id = difference->small ? FINDING_CONTENT_NOISE : FINDING_CONTENT_VARIES;
    struct text text = {0};

    if (check_has(check, id))
        return; /* one place of it tells enough */
    text_say(&text, "at octet %zu: ", difference->from);
    show_part(&text, a, difference->from, difference->length[0]);
    text_say(&text, " and then ");
    show_part(&text, b, difference->from, difference->length[1]);
    check_say(check, id, (struct exchanges){a, b}, "%.*s", (int)text.len, text.at ? text.at : "");
    check->failed |= text.failed;
    text_fini(&text);
}

/* ---- once more ---- */

static bool same_value(const struct probe *a, const struct probe *b, enum stet_field_id id)
{
    return stet_span_equal(check_value(a, id), check_value(b, id));
}

static bool has_both(const struct probe *a, const struct probe *b, enum stet_field_id id)
{
    return stet_head_has(&a->response.head, id) && stet_head_has(&b->response.head, id);
}

/* The same text, or tags of which one is weak and which revalidate each other. */
static bool same_tag(const struct probe *a, const struct probe *b)
{
    return same_value(a, b, STET_FIELD_ETAG) ||
           stet_etag_equal_weak(stet_etag_of(&a->response.head), stet_etag_of(&b->response.head));
}

void check_tag_comes(struct check *check, const struct probe *first, const struct probe *again)
{
    if (stet_head_has(&first->response.head, STET_FIELD_ETAG) !=
        stet_head_has(&again->response.head, STET_FIELD_ETAG))
        check_say(check, FINDING_TAG_SOMETIMES, (struct exchanges){first, again}, "%s", "");
}

static void check_same_content(struct check *check, const struct probe *first,
                               const struct probe *again)
{
    const struct exchanges proof = {first, again};

    check_tag_comes(check, first, again);
    if (has_both(first, again, STET_FIELD_ETAG) && !same_tag(first, again))
        check_say(check, FINDING_TAG_UNSTABLE, proof, "%.*s and then %.*s",
                  SHOWN(check_value(first, STET_FIELD_ETAG)),
                  SHOWN(check_value(again, STET_FIELD_ETAG)));
    if (has_both(first, again, STET_FIELD_LAST_MODIFIED) &&
        !same_value(first, again, STET_FIELD_LAST_MODIFIED))
        check_say(check, FINDING_MODIFIED_MOVING, proof, "%.*s and then %.*s",
                  SHOWN(check_value(first, STET_FIELD_LAST_MODIFIED)),
                  SHOWN(check_value(again, STET_FIELD_LAST_MODIFIED)));
}

static void check_other_content(struct check *check, const struct probe *first,
                                const struct probe *again)
{
    const struct stet_etag a = stet_etag_of(&first->response.head);
    const struct stet_etag b = stet_etag_of(&again->response.head);
    struct difference difference;

    if (stet_etag_equal_strong(a, b))
        check_say(check, FINDING_TAG_REUSED, (struct exchanges){first, again}, "%.*s",
                  SHOWN(check_value(first, STET_FIELD_ETAG)));
    if (stet_etag_equal_weak(a, b) && a.weak)
        return; /* they are equivalent, as the server says [RFC 9110 §8.8.1] */
    if (check_difference(first, again, &difference))
        say_difference(check, first, again, &difference);
    else
        check_say(check, FINDING_CONTENT_VARIES, (struct exchanges){first, again},
                  "behind the first %d octets", PROBE_KEPT);
}

void check_again(struct check *check, const struct probe *first, const struct probe *again)
{
    if (!probe_answered(again) || again->status != first->status || first->cut || again->cut)
        return;
    if (probe_same_content(first, again))
        check_same_content(check, first, again);
    else
        check_other_content(check, first, again);
    if (has_both(first, again, STET_FIELD_SET_COOKIE) &&
        !same_value(first, again, STET_FIELD_SET_COOKIE))
        check_say(check, FINDING_COOKIE_EACH_TIME, (struct exchanges){first, again}, "%s", "");
}

/* ---- elsewhere ---- */

void check_address(struct check *check, const struct probe *first, const struct probe *other)
{
    const struct exchanges proof = {first, other};
    const char *where = other->address[0] ? other->address : other->words;

    if (!probe_answered(other) || other->status != first->status) {
        check_say(check, FINDING_ADDRESS_UNREACHABLE, proof, "%s: %d", where, other->status);
        return;
    }
    if (first->cut || other->cut)
        return;
    if (!probe_same_content(first, other)) {
        check_say(check, FINDING_CONTENT_DIFFERS_ADDRESS, proof, "%s", where);
        return;
    }
    if (!same_tag(first, other))
        check_say(check, FINDING_TAG_DIFFERS_ADDRESS, proof, "%s: %.*s", where,
                  SHOWN(check_value(other, STET_FIELD_ETAG)));
    if (!same_value(first, other, STET_FIELD_LAST_MODIFIED))
        check_say(check, FINDING_MODIFIED_DIFFERS_ADDRESS, proof, "%s: %.*s", where,
                  SHOWN(check_value(other, STET_FIELD_LAST_MODIFIED)));
}
