/* Departures: how a request goes forward that nothing stored answers as it is.
 */
#ifndef CACHE_DEPARTURE_H
#define CACHE_DEPARTURE_H

#include "cache/cache_parts.h"

/* A look at what is stored that led to nothing. */
struct departure {
    const struct shelf_ask *ask;
    struct shelf_pick *pick; /* what came closest; is taken */
    uint64_t moment;         /* flights_moment from before the look */
};

/* Goes forward without a look: what comes is the asker's alone. Gives CACHE_WAIT, CACHE_EARLY or
 * CACHE_FAILED. */
enum cache_outcome departure_bypass(struct cache_query *query);

/* Follows a flight, or begins one. CACHE_WAIT; CACHE_EARLY; CACHE_FAILED; or CACHE_FOUND, which
 * means here that something was stored meanwhile and the look is to be repeated. */
enum cache_outcome departure_go(struct cache_query *query, struct departure *departure);

/* Begins a flight that nobody waits for, to make a stale response fresh, unless one is under way
 * already, or went wrong a moment ago (D-42) [RFC 5861 §3]. Borrows the pick. */
void departure_refresh(struct cache_query *query, struct departure *departure);

/* The query does not follow any flight any more. */
void departure_forget(struct cache_query *query);

/* Prepares a query for all this; once. */
void departure_init(struct cache_query *query);

#endif
