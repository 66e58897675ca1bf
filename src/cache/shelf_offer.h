/* Offers: what a response that may be stored looks like on the shelf. (shelf_may_store is here,
 * too.)
 */
#ifndef CACHE_SHELF_OFFER_H
#define CACHE_SHELF_OFFER_H

#include "cache/shelf.h"

/* The head of the response, with the fields that may be kept; `parts` of a partial one, else NULL.
 * NULL when memory is out or it is too large. */
struct entry_head *shelf_offer_head(const struct shelf_offer *offer,
                                    const struct stet_parts *parts);

/* The content's length as the response tells it; false if it does not. */
bool shelf_offer_length(const struct shelf_offer *offer, uint64_t *length);

#endif
