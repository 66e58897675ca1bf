/* Landings: what the head of a response means, and who is told what.
 */
#ifndef CACHE_LANDING_H
#define CACHE_LANDING_H

#include "cache/flight.h"

/* The head of the final response has come. */
void landing_head(struct flight *flight, const struct stet_response *response);

/* There will be none. */
void landing_none(struct flight *flight);

/* Whether there would have been one is not known, and what the request has done neither: before the
 * fetch is given up, or when it has ended without an answer. */
void landing_lost(struct flight *flight);

/* A response that is held back has come to its end, whole or broken. */
void landing_held_end(struct flight *flight, bool whole);

/* It is held back no longer: it passes. */
void landing_held_over(struct flight *flight);

/* Memory is out: the leader is told, and the flight is given up. */
void landing_broke(struct flight *flight);

#endif
