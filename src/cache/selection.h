/* Selections: what a request has in the fields that a Vary names, as text and as the second part of
 * a key [RFC 9111 §4.1].
 */
#ifndef CACHE_SELECTION_H
#define CACHE_SELECTION_H

#include "cache/shelf_key.h"

/* The caller's memory; must not move. */
struct selection {
    struct stet_span text; /* as by stet_vary_select; empty if nothing is named */
    uint64_t variant;      /* never 0 */
    char *heap;            /* if `room` is too small for the text */
    char room[512];
};

/* Makes the selection of `request` among `names`, a list as by stet_vary_names. False when memory
 * is out or it is too long to be stored. */
bool selection_make(struct selection *to, const struct shelf *shelf, struct stet_span names,
                    const struct stet_head *request);
/* The variant of a selection. */
uint64_t selection_hash(const struct shelf *shelf, struct stet_span text);
void selection_fini(struct selection *selection);

/* The text is one that was made of these names. */
bool selection_has_names(struct stet_span text, struct stet_span names);

#endif
