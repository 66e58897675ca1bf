/* Groups: under which keys there are responses of a group, so that felling one does not look at
 * everything that is stored [RFC 9875].
 *
 * What it says is a superset: who uses it looks at the responses themselves. Shared by all workers.
 */
#ifndef CACHE_GROUPS_H
#define CACHE_GROUPS_H

#include "stet/cachegroups.h"
#include "store/store.h"

struct groups;

/* Those of what is in `store`, which outlives it. NULL when memory is out. */
struct groups *groups_new(struct store *store, const uint64_t seed[2]);
void groups_free(struct groups *groups);

/* The origin in a key's text, with the partition in front: a group is one within it
 * [RFC 9875 §2.1]. */
struct stet_span groups_origin(struct stet_span url);

/* The path in a key's text: what has No-Vary-Search is noted as if that were a group. */
struct stet_span groups_path(struct stet_span url);

/* A walk over the groups in the Cache-Groups lines of a stored head. */
struct groups_walk {
    struct stet_field fields[32]; /* further lines are not read */
    struct stet_head view;
    struct stet_sf rest;
};

void groups_walk_init(struct groups_walk *walk, const struct entry_head *head);
bool groups_walk_next(struct groups_walk *walk, struct stet_span *group);

/* An entry with this head is on the shelf. */
void groups_note(struct groups *groups, const struct entry *entry, const struct entry_head *head);

/* Calls `each` with all entries of keys that may have some of this group of this origin; the rules
 * of store_each hold. False if not all of them are known: then the store has to be looked through.
 */
bool groups_each(struct groups *groups, struct stet_span origin, struct stet_span group,
                 bool (*each)(void *owner, struct entry *entry), void *owner);

#endif
