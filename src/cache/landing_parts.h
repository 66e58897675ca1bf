/* What the rooms of the landing have in common; nobody else includes it.
 */
#ifndef CACHE_LANDING_PARTS_H
#define CACHE_LANDING_PARTS_H

#include "cache/landing.h"

static inline const struct cache_rules *rules_of(const struct flight *flight)
{
    return flight->route->rules;
}

static inline const struct shelf *shelf_of(const struct flight *flight)
{
    return &flight->worker->cache->shelf;
}

/* ---- telling ---- */

/* Those who follow are told. */
void landing_word(struct flight *flight, enum follower_news news, int status);

/* The same of what is for the leader alone, and stays out of the store. */
void landing_word_of_pass(struct flight *flight, int status);

/* A stored response answers the leader; takes the pick. */
void landing_tell_stored(struct flight *flight, struct shelf_pick *pick);
void landing_tell_passes(struct flight *flight, struct source *source);
void landing_tell_failed(struct flight *flight, int status, enum stet_proxy_error error);

/* ---- ways ---- */

/* Once more, as the client's request came (D-15) [RFC 9111 §4.3.4]. */
void landing_repeat(struct flight *flight);

/* The answer to a request for what is missing of a stored part: the part is completed with it, or
 * the client's own request goes out. False: the answer stands by itself, whatever was asked. */
bool landing_complete(struct flight *flight, const struct stet_response *response);

/* A full response: onto the shelf if it may, and to the leader in any case [RFC 9111 §4.3.3]. */
void landing_replace(struct flight *flight, const struct stet_response *response);

/* The leader gets it as it comes; without a leader it is of no use. */
void landing_pass(struct flight *flight, const struct stet_response *response);

/* As landing_pass, but its validator is made first, where that is wanted and likely to be soon. */
void landing_pass_named(struct flight *flight, const struct stet_response *response);

/* Onto the shelf, with `expected` octets of content if that is not 0. NULL if it may not be stored,
 * as `*storing` says, or if there is no room. */
struct entry *landing_put(struct flight *flight, const struct stet_transaction *transaction,
                          uint64_t expected, struct stet_storing *storing);

/* It is on the shelf: everyone may read it as it fills. Takes the entry. `came` is the head that
 * came, of which `response` was stored. */
void landing_store(struct flight *flight, const struct stet_response *response,
                   const struct stet_head *came, struct entry *entry);

/* Keeps the lines of a response that are not stored but belong to its requester. `stored` is the
 * head that is stored, and says by its directives what may be; the response's own, if that was
 * stored as far as it may be. False when memory is out. */
bool landing_extra(struct flight *flight, const struct stet_head *head,
                   const struct stet_head *stored);

#endif
