/* Copies of requests and responses, for whoever needs them longer than the codec lends them.
 */
#ifndef CACHE_COPY_H
#define CACHE_COPY_H

#include "base/arena.h"
#include "stet/head.h"

/* Octets that a request takes, all its parts together. */
size_t copy_size(const struct stet_request *request);

/* Copy all of it into the arena, but for fields of which `leaves` (may be NULL) says that they stay
 * behind. `to` may be what is copied. False when the arena is full; `to` is then as before. */
bool copy_request(struct arena *arena, const struct stet_request *request,
                  bool (*leaves)(const struct stet_field *field), struct stet_request *to);
bool copy_response(struct arena *arena, const struct stet_response *response,
                   struct stet_response *to);
bool copy_span(struct arena *arena, struct stet_span *span);

#endif
