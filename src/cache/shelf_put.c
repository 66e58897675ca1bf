/* Putting responses on the shelf.
 */
#include "base/check.h"
#include "cache/place.h"
#include "cache/shelf.h"
#include "cache/shelf_offer.h"
#include "cache/shelf_parts.h"

/* An answer to HEAD has no content, and yet a length that is told again. */
static struct entry *offer_entry(const struct shelf_offer *offer, const struct place *place)
{
    struct entry_head *head = shelf_offer_head(offer, NULL);
    uint64_t length;
    if (!head)
        return NULL;
    if (place->side == SHELF_GET)
        return place_entry(place, head, offer->expected);
    struct entry *entry = place_entry(place, head, 0);
    if (entry && shelf_offer_length(offer, &length))
        entry_announce(entry, length);
    return entry;
}

struct entry *shelf_put(const struct shelf *shelf, const struct shelf_offer *offer)
{
    const struct stet_transaction *transaction = offer->transaction;
    const bool head = transaction->request->method == STET_METHOD_HEAD;
    struct place place = {.shelf = shelf,
                          .key = offer->key,
                          .side = head ? SHELF_HEAD : SHELF_GET,
                          .request = &transaction->request->head};
    CHECK(offer->storing->allowed && !transaction->incomplete);
    if (offer->expected > offer->rules->object_max)
        return NULL;
    if (transaction->response->status == 206)
        return shelf_parts_put(shelf, offer);
    if (!place_find(&place, &transaction->response->head))
        return NULL;
    struct entry *entry = offer_entry(offer, &place);
    if (entry && !place_put(&place, entry)) {
        entry_unref(entry);
        entry = NULL;
    }
    place_fini(&place);
    return entry;
}
