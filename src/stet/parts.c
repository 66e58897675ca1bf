/* Keeps the stretches of a content in order, and proves that a part belongs to them.
 *
 * Joining the wrong octets cannot be undone by anyone downstream, so the proof wants everything at
 * once and gives up at the first thing that is missing (D-19).
 *
 * Given up: multipart/byteranges, whose parts would each have to be proved; it passes unstored.
 */
#include "stet/parts.h"

static bool length_agrees(const struct stet_head *head, const struct stet_range *range)
{
    uint64_t length;

    if (!stet_head_has(head, STET_FIELD_CONTENT_LENGTH))
        return true;
    return stet_span_number(stet_head_single(head, STET_FIELD_CONTENT_LENGTH), UINT64_MAX,
                            &length) &&
           length == range->last - range->first + 1;
}

static bool is_multipart(const struct stet_head *head)
{
    struct stet_span type = stet_head_single(head, STET_FIELD_CONTENT_TYPE);
    struct stet_span multipart = STET_SPAN("multipart/byteranges");

    return type.len >= multipart.len &&
           stet_span_equal_nocase(stet_span(type.at, multipart.len), multipart);
}

bool stet_part_read(const struct stet_response *response, struct stet_content_range *part)
{
    const struct stet_head *head = &response->head;
    struct stet_etag tag = stet_etag_of(head);
    struct stet_content_range read;

    if (response->status != 206 || is_multipart(head) || !stet_etag_present(tag) || tag.weak)
        return false;
    struct stet_span value = stet_head_single(head, STET_FIELD_CONTENT_RANGE);
    if (!stet_content_range_read(value, &read) || !read.satisfied || !read.length_known ||
        !length_agrees(head, &read.range)) /* [RFC 9110 §14.4] */
        return false;
    *part = read;
    return true;
}

static bool codings_equal(const struct stet_head *a, const struct stet_head *b)
{
    struct stet_list left = stet_list_of(a, STET_FIELD_CONTENT_ENCODING);
    struct stet_list right = stet_list_of(b, STET_FIELD_CONTENT_ENCODING);
    struct stet_span one, other;

    while (stet_list_next(&left, &one))
        if (!stet_list_next(&right, &other) || !stet_span_equal_nocase(one, other))
            return false;
    return !stet_list_next(&right, &other);
}

bool stet_part_fits(const struct stet_head *stored, uint64_t length,
                    const struct stet_head *response, const struct stet_content_range *part)
{
    return part->length_known && part->length == length && codings_equal(stored, response) &&
           stet_etag_equal_strong(stet_etag_of(stored), stet_etag_of(response));
}

/* Whether the two leave no octet between them. The ends are below the length, so no sum wraps. */
static bool touches(struct stet_range a, struct stet_range b)
{
    return a.first <= b.last + 1 && b.first <= a.last + 1;
}

bool stet_parts_add(struct stet_parts *parts, struct stet_range range)
{
    struct stet_parts joined = {.length = parts->length};
    bool placed = false;

    if (range.first > range.last || range.last >= parts->length)
        return false;
    for (size_t i = 0; i < parts->count; i++) {
        struct stet_range held = parts->at[i];
        if (touches(held, range)) {
            range.first = held.first < range.first ? held.first : range.first;
            range.last = held.last > range.last ? held.last : range.last;
            continue;
        }
        if (!placed && held.first > range.last) {
            joined.at[joined.count++] = range;
            placed = true;
        }
        if (joined.count == STET_PARTS_MAX)
            return false;
        joined.at[joined.count++] = held;
    }
    if (!placed) {
        if (joined.count == STET_PARTS_MAX)
            return false;
        joined.at[joined.count++] = range;
    }
    *parts = joined;
    return true;
}

bool stet_parts_cover(const struct stet_parts *parts, struct stet_range range)
{
    for (size_t i = 0; i < parts->count; i++)
        if (parts->at[i].first <= range.first && range.last <= parts->at[i].last)
            return range.first <= range.last;
    return false;
}

bool stet_parts_missing(const struct stet_parts *parts, struct stet_range *range)
{
    bool from_start = parts->count && parts->at[0].first == 0;
    size_t next = from_start ? 1 : 0;
    uint64_t first = from_start ? parts->at[0].last + 1 : 0;

    if (first >= parts->length)
        return false;
    *range = (struct stet_range){first, next < parts->count ? parts->at[next].first - 1
                                                            : parts->length - 1};
    return true;
}

enum stet_parts_form stet_parts_form(const struct stet_parts *parts)
{
    struct stet_range missing;

    if (!stet_parts_missing(parts, &missing))
        return STET_PARTS_WHOLE;
    return parts->count == 1 && parts->at[0].first == 0 ? STET_PARTS_PREFIX : STET_PARTS_PIECES;
}
