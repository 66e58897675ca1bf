/* Awaiting: an asker whose conditions are decided by a tag that a stored response gets only when it
 * is whole. He waits for that, but not for long.
 */
#ifndef CACHE_AWAITING_H
#define CACHE_AWAITING_H

#include "cache/cache_parts.h"

struct awaiting;

/* The query waits until the entry does not fill any more, has more than `limit` octets, or has
 * taken too long; then it is `held` and told `ready`. False if there is nothing to wait for, or
 * memory is out. */
bool awaiting_begin(struct cache_query *query, struct entry *entry, uint64_t limit);

/* The query does not wait any more, if it did. */
void awaiting_end(struct cache_query *query);

#endif
