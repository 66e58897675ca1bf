/* Signposts: what stands under a URI whose responses have Vary, and leads to them.
 */
#ifndef CACHE_SIGNPOST_H
#define CACHE_SIGNPOST_H

#include "store/store.h"

/* What one says. */
struct signpost {
    struct stet_span names; /* of the newest Vary, as by stet_vary_names */
    bool mixed;             /* there are responses that another Vary, or none, has selected */
};

/* An entry that is a signpost, sealed, with one reference; `key` is of variant 0. NULL when memory
 * is out. */
struct entry *signpost_new(const struct entry_key *key, struct stet_span url,
                           const struct signpost *says);

/* Reads an entry that has no head, and so is one. Borrows from it. */
struct signpost signpost_read(const struct entry *entry);

#endif
