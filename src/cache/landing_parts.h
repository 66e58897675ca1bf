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

/* A stored response answers the leader; takes the pick. */
void landing_tell_stored(struct flight *flight, struct shelf_pick *pick);
void landing_tell_passes(struct flight *flight, struct source *source);
void landing_tell_failed(struct flight *flight, int status, enum stet_proxy_error error);

/* ---- ways ---- */

/* A full response: onto the shelf if it may, and to the leader in any case [RFC 9111 §4.3.3]. */
void landing_replace(struct flight *flight, const struct stet_response *response);

/* The leader gets it as it comes; without a leader it is of no use. */
void landing_pass(struct flight *flight, const struct stet_response *response);

/* As landing_pass, but its validator is made first, where that is wanted and likely to be soon. */
void landing_pass_named(struct flight *flight, const struct stet_response *response);

/* Keeps the lines of a response that are not stored but belong to its requester. `stored` is the
 * head that is stored, and says by its directives what may be; the response's own, if that was
 * stored as far as it may be. False when memory is out. */
bool landing_extra(struct flight *flight, const struct stet_head *head,
                   const struct stet_head *stored);

#endif
