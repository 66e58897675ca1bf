/* Plans what completes a content that is held in part, and proves that an answer does.
 *
 *     held      |-------|      |---|        |-----|
 *     wanted        |---------------------------|
 *     gap                |------------------|         one request: from the first octet that is
 *                                                     missing to the last
 *
 * What is held between two stretches that are missing is asked for again: one range is all that a
 * proof is made for (D-19), and a second request would be a second chance for a change.
 *
 * Given up: completing a request that has If-None-Match or another condition. If-Range stands next
 * to it then, and what the origin means by its answer is told by rules for both.
 */
#include "stet/completion.h"

/* Neither for a client's copy nor for the origin's is anything to be decided. */
static bool has_conditions(const struct stet_head *head)
{
    return stet_head_has(head, STET_FIELD_IF_MATCH) ||
           stet_head_has(head, STET_FIELD_IF_NONE_MATCH) ||
           stet_head_has(head, STET_FIELD_IF_MODIFIED_SINCE) ||
           stet_head_has(head, STET_FIELD_IF_UNMODIFIED_SINCE) ||
           stet_head_has(head, STET_FIELD_IF_RANGE);
}

/* One range, or the whole where none is asked for or Range is ignored [RFC 9110 §14.2]. */
static bool wanted_of(const struct stet_request *request, uint64_t length, struct stet_range *to)
{
    const struct stet_ranges ranges = stet_ranges_of(&request->head, length);

    if (length == 0 || ranges.answer == STET_RANGE_UNSATISFIABLE || ranges.count > 1)
        return false;
    *to = ranges.count == 1 ? ranges.at[0] : (struct stet_range){0, length - 1};
    return true;
}

/* Takes from the ends of a range what is held; false if nothing is left. */
static bool gap_of(const struct stet_parts *parts, struct stet_range *gap)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct stet_range *held = &parts->at[i];
        if (held->first <= gap->first && gap->last <= held->last)
            return false;
        if (held->first <= gap->first && gap->first <= held->last)
            gap->first = held->last + 1;
        if (held->first <= gap->last && gap->last <= held->last)
            gap->last = held->first - 1;
    }
    return true;
}

bool stet_completion_of(const struct stet_request *request, const struct stet_head *stored,
                        const struct stet_parts *parts, struct stet_completion *to)
{
    const struct stet_etag tag = stet_etag_of(stored);
    struct stet_completion asked = {.length = parts->length};

    if (request->method != STET_METHOD_GET || has_conditions(&request->head) ||
        !stet_etag_present(tag) || tag.weak || /* [RFC 9110 §13.1.5] */
        !wanted_of(request, parts->length, &asked.wanted))
        return false;
    asked.gap = asked.wanted;
    if (!gap_of(parts, &asked.gap) ||
        (asked.gap.first == asked.wanted.first && asked.gap.last == asked.wanted.last))
        return false;
    asked.tag = stet_head_single(stored, STET_FIELD_ETAG);
    *to = asked;
    return true;
}

enum stet_completion_answer stet_completion_judge(const struct stet_completion *asked,
                                                  const struct stet_head *stored,
                                                  const struct stet_response *response)
{
    struct stet_content_range part;

    if (response->status != 206)
        return response->status == 416 ? STET_COMPLETION_REPEAT : STET_COMPLETION_WHOLE;
    if (!stet_part_read(response, &part) ||
        !stet_part_fits(stored, asked->length, &response->head, &part) ||
        part.range.first != asked->gap.first || part.range.last != asked->gap.last)
        return STET_COMPLETION_REPEAT;
    return STET_COMPLETION_FITS;
}
