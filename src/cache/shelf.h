/* The shelf: what is stored under a URI: found, judged, put in, renewed, marked. Nothing here waits
 * and nothing asks the network or the clock.
 *
 * Under a URI's primary key there is either one response without Vary, found by a single probe, or
 * a *signpost* that holds the field names of the newest Vary, and the variants behind it. A variant
 * that was stored under an older Vary is found by looking at all of them.
 */
#ifndef CACHE_SHELF_H
#define CACHE_SHELF_H

#include "cache/rules.h"
#include "stet/reuse.h"
#include "stet/validation.h"
#include "store/store.h"

struct shelf {
    struct store *store;
    uint64_t seed[2];
};

/* The key of a target URI (D-38): its text, and the hash of it. */
struct shelf_key {
    struct stet_span url; /* partition and normal form */
    struct entry_key key; /* `variant` is 0 */
};

/* Room that the text of a key takes at most. */
size_t shelf_key_room(const struct cache_rules *rules, const struct stet_request *request);

/* Makes it in `to`, which the key borrows. */
void shelf_key_make(const struct shelf *shelf, const struct cache_rules *rules,
                    const struct stet_request *request, char *to, struct shelf_key *key);

/* What was found: an entry with the head that was judged, one reference of each the caller's. */
struct shelf_pick {
    struct entry *entry; /* NULL: nothing fits */
    struct entry_head *head;
    struct stet_reuse reuse;
};

void shelf_pick_drop(struct shelf_pick *pick);

/* The response that is to answer, or that comes closest: the newest of those that the request
 * selects [RFC 9111 §4], with the judgement at `now`. Entries that broke off are not picked, nor
 * parts that do not cover what is asked. Entries that still fill are. */
struct shelf_pick shelf_pick(const struct shelf *shelf, const struct shelf_key *key,
                             const struct cache_rules *rules, const struct stet_request *request,
                             const struct stet_asked *asked, int64_t now);

/* All that a validation may ask about or that a 304 or a HEAD may update: those that the request
 * selects first, then other variants [RFC 9111 §4.1]. `candidates` points into this struct. */
struct shelf_set {
    size_t count;
    struct entry *entries[STET_CANDIDATES_MAX];
    struct entry_head *heads[STET_CANDIDATES_MAX];
    struct stet_candidate at[STET_CANDIDATES_MAX];
    struct stet_head views[STET_CANDIDATES_MAX];
    struct stet_field *fields; /* heap: the views' */
};

/* `selected` alone: only what the request selects. False when memory is out: then it is empty. */
bool shelf_gather(const struct shelf *shelf, const struct shelf_key *key,
                  const struct stet_request *request, bool selected, struct shelf_set *set);
void shelf_set_drop(struct shelf_set *set);

/* Puts a response that may be stored on the shelf, in the place of the one it replaces, still
 * without content: the entry is filled and sealed by the caller, who calls store_grown. `expected`
 * as in entry_new. NULL when memory is out or it is too large. Its head is made of what
 * stet_may_keep lets through. If the response gives no lifetime itself, the one that
 * `rules->lifetimes` have for its status counts; so it does in shelf_renew. */
struct entry *shelf_put(const struct shelf *shelf, const struct shelf_key *key,
                        const struct cache_rules *rules, const struct stet_transaction *transaction,
                        const struct stet_storing *storing, uint64_t expected);

/* A head for an entry: the fields of `response` that may be kept, with `tag` (a whole ETag value)
 * and `modified` (seconds) added if they are not empty or negative. NULL when memory is out. */
struct entry_head *shelf_head(const struct cache_rules *rules, const struct stet_head *response,
                              const struct stet_stored *stored, struct stet_span tag,
                              int64_t modified);

/* Gives a stored response, of the head it has now, validators that were made here of its content: a
 * whole ETag value, and Last-Modified (seconds) where it has none itself; negative: no date. From
 * now on clients may ask by them; the origin is never asked by them, since it does not know them:
 * shelf_gather leaves them out of its views. They stay when the response is renewed. Marks that
 * come at the same time are not lost. False when memory is out. */
bool shelf_tag(struct entry *entry, const struct cache_rules *rules, struct stet_span tag,
               int64_t modified);

/* What shelf_tag gave it: an empty span, a negative date if it did not. */
struct stet_span shelf_made_tag(const struct entry_head *head);
int64_t shelf_made_modified(const struct entry_head *head);

/* Renews a stored response by a 304 to it, or by another response with the same content: times
 * start again and, with `update`, its fields are updated (D-16) [RFC 9111 §4.3.4]. False when
 * memory is out or Repr-Digest shows other content: then it is marked. */
bool shelf_renew(const struct shelf *shelf, struct entry *entry, const struct cache_rules *rules,
                 const struct stet_response *fresh, const struct stet_times *times, bool update);

/* What a HEAD that was forwarded says of stored GET responses [RFC 9111 §4.3.5]. */
void shelf_learn_head(const struct shelf *shelf, const struct shelf_key *key,
                      const struct cache_rules *rules, const struct stet_request *request,
                      const struct stet_response *response, const struct stet_times *times,
                      int64_t now);

/* Marks what an unsafe request may have made wrong (D-20) [RFC 9111 §4.4]; how many entries. */
size_t shelf_invalidate(const struct shelf *shelf, const struct cache_rules *rules,
                        const struct stet_request *request, const struct stet_response *response,
                        int64_t now);

/* Marks (soft) or removes all under a key; how many entries. */
size_t shelf_purge(const struct shelf *shelf, const struct shelf_key *key, bool hard, int64_t now);

/* ---- heads ---- */

/* The view of a stored head's fields, parsed from its text into `fields` (room for
 * `head->field_count`). */
void shelf_view(const struct entry_head *head, struct stet_field *fields, struct stet_head *view);

#endif
