/* Entity tags read, compared and picked out of lists.
 *
 * Members of a list are divided by commas outside quotes, and quotes here know no escapes, so the
 * walk of list.c does not serve: `"a\", "b"` is two tags. The usual member, a tag and then a comma
 * or the end, is read in one scan; only what is off the grammar is scanned again to find where the
 * next member begins (D-06).
 */
#include "stet/etag.h"
#include "stet/byte.h"

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS (ONES * 0x80)

/* Some octet of the word is no etagc: below 21, 22 or 7F [RFC 9110 §8.8.3]. */
static inline bool word_has_stranger(uint64_t word)
{
    uint64_t low = (word - ONES * 0x21) & ~word;
    uint64_t quote = word ^ (ONES * 0x22);
    uint64_t rubout = word ^ (ONES * 0x7f);
    quote = (quote - ONES) & ~quote;
    rubout = (rubout - ONES) & ~rubout;
    return ((low | quote | rubout) & HIGHS) != 0;
}

static inline const char *etagc_end(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        if (word_has_stranger(word))
            break;
        at += 8;
    }
    while (at < end && stet_byte_is(*at, BYTE_ETAGC))
        at++;
    return at;
}

/* Reads the entity tag that begins at `at`; returns where it ends, NULL when none stands there. */
static inline const char *tag_read(const char *at, const char *end, struct stet_etag *tag)
{
    tag->weak = end - at >= 2 && at[0] == 'W' && at[1] == '/';
    if (tag->weak)
        at += 2;
    if (at == end || *at != '"')
        return NULL;
    const char *close = etagc_end(at + 1, end);
    if (close == end || *close != '"')
        return NULL;
    tag->opaque = stet_span(at + 1, (size_t)(close - at) - 1);
    return close + 1;
}

struct stet_etag stet_etag_read(struct stet_span text)
{
    struct stet_etag tag;
    if (text.len == 0 || tag_read(text.at, text.at + text.len, &tag) != text.at + text.len)
        return STET_ETAG_NONE;
    return tag;
}

struct stet_etag stet_etag_of(const struct stet_head *head)
{
    return stet_etag_read(stet_head_single(head, STET_FIELD_ETAG));
}

bool stet_etag_equal_strong(struct stet_etag a, struct stet_etag b)
{
    return !a.weak && !b.weak && stet_etag_equal_weak(a, b);
}

bool stet_etag_equal_weak(struct stet_etag a, struct stet_etag b)
{
    return stet_etag_present(a) && stet_etag_present(b) && stet_span_equal(a.opaque, b.opaque);
}

/* The comma outside quotes that ends the member at `at`, or `end` [RFC 9110 §8.8.3] (D-06). */
static const char *member_end(const char *at, const char *end, bool *unclosed)
{
    bool inside = false;
    for (; at < end; at++) {
        if (*at == '"')
            inside = !inside;
        else if (*at == ',' && !inside)
            break;
    }
    *unclosed = *unclosed || inside;
    return at;
}

static inline const char *skip_ows(const char *at, const char *end)
{
    while (at < end && stet_byte_is_ows(*at))
        at++;
    return at;
}

static inline const char *skip_gap(const char *at, const char *end)
{
    while (at < end && (*at == ',' || stet_byte_is_ows(*at)))
        at++;
    return at;
}

/* Takes the next usable tag off the line, passing over members off the grammar. */
static bool line_take(struct stet_list *list, struct stet_etag *tag)
{
    if (list->rest.len == 0)
        return false;
    const char *end = list->rest.at + list->rest.len;
    const char *at = skip_gap(list->rest.at, end);
    while (at < end) {
        const char *after = tag_read(at, end, tag);
        if (after)
            after = skip_ows(after, end);
        if (after && (after == end || *after == ',')) {
            list->rest = stet_span(after, (size_t)(end - after));
            return true;
        }
        at = skip_gap(member_end(at, end, &list->unclosed), end);
    }
    list->rest = stet_span(end, 0);
    return false;
}

bool stet_etags_next(struct stet_list *list, struct stet_etag *tag)
{
    while (!line_take(list, tag)) {
        if (!list->field || !list->head)
            return false;
        list->field = stet_head_next(list->head, list->field);
        if (!list->field)
            return false;
        list->rest = list->field->value;
    }
    return true;
}

/* Counts the members of one line, and those that are a bare "*". */
static void line_count(struct stet_span line, size_t *members, size_t *stars)
{
    if (line.len == 0)
        return;
    bool unclosed = false;
    const char *end = line.at + line.len;
    const char *at = skip_gap(line.at, end);
    while (at < end) {
        const char *stop = member_end(at, end, &unclosed);
        *stars += *at == '*' && skip_ows(at + 1, stop) == stop;
        *members += 1;
        at = skip_gap(stop, end);
    }
}

/* Hardly any list has an asterisk in it, and then there is nothing to count. */
static bool lines_have_asterisk(const struct stet_head *head, const struct stet_field *field)
{
    for (; field; field = stet_head_next(head, field))
        if (stet_span_find(field->value, '*') < field->value.len)
            return true;
    return false;
}

enum stet_etag_list_kind stet_etags_kind(const struct stet_head *head, enum stet_field_id id)
{
    size_t members = 0, stars = 0;
    const struct stet_field *field = stet_head_first(head, id);
    if (!field)
        return STET_ETAGS_ABSENT;
    if (!lines_have_asterisk(head, field))
        return STET_ETAGS_LIST;
    for (; field; field = stet_head_next(head, field))
        line_count(field->value, &members, &stars);
    if (stars == 0)
        return STET_ETAGS_LIST;
    return members == 1 ? STET_ETAGS_ANY : STET_ETAGS_MIXED;
}
