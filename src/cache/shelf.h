/* The shelf: what is stored under a URI: found, judged, put in, renewed, marked. Nothing here waits
 * and nothing asks the network or the clock.
 *
 * Under a URI's primary key there is either one response without Vary, found by a single probe, or
 * a *signpost* that holds the field names of the newest Vary, and the variants behind it. A variant
 * that was stored under an older Vary, or without one, is found by looking at all of them.
 * Responses to HEAD stand beside, and so do parts.
 *
 * All times are whole seconds of the steady clock (stet/freshness.h).
 */
#ifndef CACHE_SHELF_H
#define CACHE_SHELF_H

#include "cache/rules.h"
#include "cache/shelf_key.h"
#include "stet/reuse.h"
#include "stet/validation.h"

/* ---- looking ---- */

/* What is looked for. Borrows all of it. */
struct shelf_ask {
    const struct shelf_key *key;
    const struct cache_rules *rules;
    const struct stet_request *request;
    const struct stet_asked *asked;
    int64_t now;
};

/* What was found: an entry with the head that was judged, one reference of each the caller's. */
struct shelf_pick {
    struct entry *entry; /* NULL: nothing fits; then `reuse` is stet_reuse_of_nothing */
    struct entry_head *head;
    struct stet_reuse reuse;
    bool bare; /* nothing at all is stored for GET: there is nothing to gather */
};

void shelf_pick_drop(struct shelf_pick *pick);

/* The response that is to answer, or that comes closest: of those that the request selects
 * [RFC 9111 §4] one that may answer as it is, then stet_stored_precedes. Entries that broke off are
 * not picked, nor parts that do not cover what is asked, nor what has been stale for longer than
 * `rules->keep`: that is dropped. Entries that still fill are. */
struct shelf_pick shelf_pick(const struct shelf *shelf, const struct shelf_ask *ask);

/* All that a validation may ask about or that a 304 may update: those that the request selects
 * first, then other variants [RFC 9111 §4.1]. `candidates` points into this struct. The heads are
 * kept as they were: a renewal is told from them. */
struct shelf_set {
    struct stet_candidates candidates;
    struct entry *entries[STET_CANDIDATES_MAX];
    struct entry_head *heads[STET_CANDIDATES_MAX];
    unsigned char changes[STET_CANDIDATES_MAX]; /* entry_head_changes at the time */
    struct stet_candidate at[STET_CANDIDATES_MAX];
    struct stet_stored stored[STET_CANDIDATES_MAX];
    struct stet_head views[STET_CANDIDATES_MAX];
    struct stet_field *fields; /* heap: the views' */
};

/* `selected` alone: only what the request selects. False when memory is out: then it is empty. An
 * all-zero set is empty, too. */
bool shelf_gather(const struct shelf *shelf, const struct shelf_ask *ask, bool selected,
                  struct shelf_set *set);
void shelf_set_drop(struct shelf_set *set);

/* The length of the whole content, as far as it is known: of one that still fills, or that is the
 * answer to HEAD, only if it was announced. */
bool shelf_length(const struct entry *entry, const struct entry_head *head, uint64_t *length);

/* ---- putting ---- */

/* stet_may_store with the route's own rules: an operator's lifetime is a permission where the
 * response has none, and what looks like deception (deception.h) needs an explicit lifetime. */
struct stet_storing shelf_may_store(const struct cache_rules *rules,
                                    const struct stet_transaction *transaction);

/* A response that may be stored. Borrows all of it. */
struct shelf_offer {
    const struct shelf_key *key;
    const struct cache_rules *rules;
    const struct stet_transaction *transaction;
    const struct stet_storing *storing; /* shelf_may_store allowed it */
    uint64_t expected;                  /* octets of content; 0 if that is not known */
    uint8_t version;                    /* of HTTP that it came by, ten times; 0 counts as 11 */
};

/* Puts it on the shelf, in the place of the one it replaces, still without content: the entry is
 * filled and sealed by the caller, who calls store_grown, and then shelf_join if it is a part. One
 * reference is the caller's. NULL when memory is out or it is too large. Its head is made of what
 * stet_may_keep lets through. If the response gives no lifetime itself, the one that
 * `rules->lifetimes` have for its status counts; so it does in shelf_renew. */
struct entry *shelf_put(const struct shelf *shelf, const struct shelf_offer *offer);

/* What is held of a partial response that is sealed and has all its parts; else false. */
bool shelf_parts_held(const struct entry *entry, const struct entry_head *head,
                      struct stet_parts *parts);

/* The head that what is stored has together with a further part of it, whose head is `fresh`
 * [RFC 9110 §15.3.7.3]; without fields that tell of the octets of one part alone. `storage` has
 * room for the fields of both; the view lends from both. False when memory is out, or if they are
 * of different contents after all. */
bool shelf_combine(const struct stet_profile *profile, const struct entry_head *stored,
                   const struct stet_head *fresh, struct stet_field *storage,
                   struct stet_head *combined);

/* Joins a part, sealed and whole, with the other parts there are of its content; if that makes all
 * of it, there is a whole response then, and the parts are gone [RFC 9111 §3.4]. One reference of
 * what holds its octets now is the caller's: perhaps of `part` itself. */
struct entry *shelf_join(const struct shelf *shelf, const struct cache_rules *rules,
                         struct entry *part);

/* Keeps what there is of a response to GET that broke off, as a part, if a strong tag and a known
 * length allow to ask for the rest [RFC 9111 §3.3]. False if it does not. */
bool shelf_salvage(const struct shelf *shelf, const struct cache_rules *rules,
                   struct entry *broken);

/* Where in the content of a partial response the octet `first` of the whole one is, which it has.
 */
uint64_t shelf_part_offset(const struct entry_head *head, uint64_t first);

/* Gives a stored response, of the head it has now, validators that were made here of its content: a
 * whole ETag value, and Last-Modified (seconds) where it has none itself; negative: no date. From
 * now on clients may ask by them; the origin is never asked by them, since it does not know them:
 * shelf_gather leaves them out of its views. They stay when the response is renewed, unless it then
 * has its own. Marks that come at the same time are not lost. False when memory is out. */
bool shelf_tag(struct entry *entry, struct stet_span tag, int64_t modified);

/* What shelf_tag gave it: an empty span, a negative date if it did not. */
struct stet_span shelf_made_tag(const struct entry_head *head);
int64_t shelf_made_modified(const struct entry_head *head);

/* ---- renewing ---- */

/* What a response tells of one that is stored. Borrows all of it. */
struct shelf_renewal {
    const struct cache_rules *rules;
    const struct stet_request *request;   /* that it answers; its fields select, if Vary changes */
    const struct stet_response *response; /* a 304, or another response with the same content */
    const struct stet_times *times;       /* of `response` */
    bool update;                          /* fields are updated, too (D-16) */
};

/* Renews entry `index` of a set that was gathered before the origin was asked: its times start
 * again, and with `update` its fields are updated [RFC 9111 §4.3.4]. A mark that was set meanwhile
 * stays. Afterwards entry_head gives the new head. If Vary has changed, the entry moves to where
 * requests now look for it. If the response forbids to keep it, it leaves the shelf, and is renewed
 * for this one use: nobody else gets that head. False when memory is out, or Repr-Digest shows
 * other content: then it is marked. `*used`, unless `used` is NULL, becomes the head that answers
 * whose request was answered, one reference the caller's; NULL if false. */
bool shelf_renew(const struct shelf *shelf, struct shelf_set *set, size_t index,
                 const struct shelf_renewal *renewal, struct entry_head **used);

/* What a HEAD that was forwarded says of the stored GET responses that it selects (D-17)
 * [RFC 9111 §4.3.5]. `ask->request` is the HEAD request. */
void shelf_learn_head(const struct shelf *shelf, const struct shelf_ask *ask,
                      const struct stet_response *response, const struct stet_times *times);

/* ---- marking ---- */

/* Marks what an unsafe request may have made wrong (D-20) [RFC 9111 §4.4, RFC 9875 §3]: its target,
 * Location and Content-Location, with all variants and all that their No-Vary-Search makes the
 * same, and groups; how many entries. */
size_t shelf_invalidate(const struct shelf *shelf, const struct cache_rules *rules,
                        const struct stet_request *request, const struct stet_response *response);

/* Makes stale (soft) or removes all under a key, without what is alike; how many entries. */
size_t shelf_purge(const struct shelf *shelf, const struct shelf_key *key, bool hard, int64_t now);

/* An entry whose key's text, or what of it is to be compared, is `own`, is stored under another
 * query than `url` has, and its No-Vary-Search makes the two the same [No-Vary-Search §6]. */
bool shelf_is_alike(struct entry *entry, struct stet_span own, struct stet_span url);

/* Calls `each` with all of them, of `url`, the text of a key; the rules of store_each hold. */
void shelf_each_alike(const struct shelf *shelf, struct stet_span url,
                      bool (*each)(void *owner, struct entry *entry), void *owner);

/* There may be some, of this URL or of another with this path. */
bool shelf_may_be_alike(const struct shelf *shelf, struct stet_span url);

/* The stored response is a member of this group, whatever its origin [RFC 9875 §2]. */
bool shelf_in_group(const struct entry_head *head, struct stet_span group);

#endif
