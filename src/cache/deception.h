/* Deception: an address that looks like a style sheet and answers with somebody's account.
 *
 * Where an application answers "/account/x.css" with the page of "/account", who lures a user to
 * that address would find the page in a cache that goes by extensions. This one does not; but
 * where the operator or a guess gives the lifetime, the answer should be what its address says.
 */
#ifndef CACHE_DECEPTION_H
#define CACHE_DECEPTION_H

#include "stet/head.h"

/* The path ends in an extension that `response` does not fit by its Content-Type. Without one, or
 * with application/octet-stream, it fits everything. */
bool deception_suspected(struct stet_span path, const struct stet_head *response);

#endif
