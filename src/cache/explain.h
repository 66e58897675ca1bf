/* Explaining: each decision about a URL or a response, in words, with the law it rests on.
 *
 * Nothing is decided here: the same functions are asked as for an answer, and what they say is put
 * down line by line.
 */
#ifndef CACHE_EXPLAIN_H
#define CACHE_EXPLAIN_H

#include "base/text.h"
#include "cache/cache.h"
#include "cache/shelf.h"

enum explain_form { EXPLAIN_WORDS, EXPLAIN_JSON };

/* What is stored for the target of `ask->request`, and how that request would be answered at
 * `ask->now`. False when memory is out. */
bool explain_stored(const struct shelf *shelf, const struct shelf_ask *ask, enum explain_form form,
                    struct text *to);

/* A question about a URL. Borrows all of it. */
struct explain_ask {
    const struct cache *cache;
    const struct cache_rules *rules;
    const struct stet_request *request; /* its target URI is complete */
    int64_t now;                        /* steady clock, seconds */
};

/* The same for a whole cache. */
bool explain_request(const struct explain_ask *ask, enum explain_form form, struct text *to);

/* What would become of a response: stored or not, for how long, and how a second request would be
 * answered at once. `url` is what was asked for. */
void explain_response(const struct cache_rules *rules, struct stet_span url,
                      const struct stet_transaction *transaction, enum explain_form form,
                      struct text *to);

#endif
