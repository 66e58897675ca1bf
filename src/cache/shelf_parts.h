/* Parts: responses with status 206 on the shelf [RFC 9111 §3.3]. (shelf_part_offset is here, too.)
 */
#ifndef CACHE_SHELF_PARTS_H
#define CACHE_SHELF_PARTS_H

#include "cache/shelf.h"

/* A partial response holds all octets that the request asks for, of the version it asks for. */
bool shelf_parts_answer(const struct entry_head *head, const struct stet_request *request);

/* shelf_put for a 206. */
struct entry *shelf_parts_put(const struct shelf *shelf, const struct shelf_offer *offer);

#endif
