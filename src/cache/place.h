/* Places: where on the shelf a response goes, and what it changes there.
 */
#ifndef CACHE_PLACE_H
#define CACHE_PLACE_H

#include "cache/selection.h"

/* The caller's memory; must not move. The caller sets the first part, which is borrowed. */
struct place {
    const struct shelf *shelf;
    const struct shelf_key *key;
    enum shelf_side side;
    const struct stet_head *request; /* its fields select; NULL for place_find_like */

    struct stet_span names; /* in Vary, as by stet_vary_names; empty if it selects by nothing */
    uint64_t variant;
    struct selection selection;
    char *heap; /* of `names` */
    char room[256];
};

/* Finds the place for a response with these fields. False when memory is out, or what selects it is
 * too long: then nothing is to be ended. */
bool place_find(struct place *place, const struct stet_head *response);

/* The same for one that a request has selected with this text; borrows it. */
bool place_find_like(struct place *place, struct stet_span selecting);
void place_fini(struct place *place);

/* Makes the place one for these parts of the version with this ETag value; the same request selects
 * them [RFC 9111 §3.3]. */
void place_set_aside(struct place *place, const struct stet_parts *parts, struct stet_span tag);

/* An entry for it; takes the head. NULL when memory is out. */
struct entry *place_entry(const struct place *place, struct entry_head *head, uint64_t expected);

/* Puts it there: sets up the signpost that leads to it, and takes away what it replaces. False when
 * memory is out or the store has no room: then it is not there. */
bool place_put(const struct place *place, struct entry *entry);

#endif
