/* Parts of responses: put and asked (D-19).
 *
 *     content   | stretch | stretch | ...      one behind the other
 *     head      which octets of the whole each one is
 *
 * A part that comes in is an entry of its own, at a place of its own, beside all else that its URI
 * has; shelf_join.c makes one of several.
 */
#include "cache/shelf_parts.h"

#include "cache/place.h"
#include "cache/shelf_offer.h"
#include "stet/answer.h"

static bool parts_cover(const struct stet_parts *parts, const struct stet_ranges *ranges)
{
    for (size_t i = 0; i < ranges->count; i++)
        if (!stet_parts_cover(parts, ranges->at[i]))
            return false;
    return true;
}

bool shelf_parts_answer(const struct entry_head *head, const struct stet_request *request)
{
    const struct stet_validators validators = entry_head_validators(head);
    struct stet_parts parts;
    if (!entry_head_parts(head, &parts))
        return false;
    const struct stet_answer answer =
        stet_answer_of(request, &validators, STET_AS_CACHE, parts.length, entry_head_date(head));
    return answer.status == 304 ||
           (answer.status == 206 && parts_cover(&parts, &answer.ranges)); /* [RFC 9111 §3.3] */
}

bool shelf_parts_held(const struct entry *entry, const struct entry_head *head,
                      struct stet_parts *parts)
{
    uint64_t length = 0;
    if (entry_state(entry) != ENTRY_WHOLE || !entry_head_parts(head, parts))
        return false;
    for (size_t i = 0; i < parts->count; i++)
        length += parts->at[i].last - parts->at[i].first + 1;
    return length == entry_length(entry);
}

uint64_t shelf_part_offset(const struct entry_head *head, uint64_t first)
{
    struct stet_parts parts = {.count = 0};
    uint64_t offset = 0;
    entry_head_parts(head, &parts);
    for (size_t i = 0; i < parts.count; i++) {
        const struct stet_range *at = &parts.at[i];
        if (first <= at->last)
            return offset + (first - at->first);
        offset += at->last - at->first + 1;
    }
    return offset;
}

struct entry *shelf_parts_put(const struct shelf *shelf, const struct shelf_offer *offer)
{
    const struct stet_transaction *transaction = offer->transaction;
    struct place place = {.shelf = shelf,
                          .key = offer->key,
                          .side = SHELF_GET,
                          .request = &transaction->request->head};
    struct stet_content_range part;
    if (!stet_part_read(transaction->response, &part))
        return NULL;
    const uint64_t size = part.range.last - part.range.first + 1;
    const struct stet_parts parts = {part.length, 1, {part.range}};
    if (size > offer->rules->object_max || !place_find(&place, &transaction->response->head))
        return NULL;
    place_set_aside(&place, &parts,
                    stet_head_single(&transaction->response->head, STET_FIELD_ETAG));
    struct entry_head *head = shelf_offer_head(offer, &parts);
    struct entry *entry = head ? place_entry(&place, head, size) : NULL;
    if (entry && !place_put(&place, entry)) {
        entry_unref(entry);
        entry = NULL;
    }
    place_fini(&place);
    return entry;
}
