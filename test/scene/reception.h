/* A played origin's connection of HTTP/2: requests come as streams and are told in the words of
 * HTTP/1, answers are given in them, so that all that reads requests and makes answers is the same.
 */
#ifndef TEST_SCENE_RECEPTION_H
#define TEST_SCENE_RECEPTION_H

#include "io/loop_sim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reception;

/* Speaks over `end` from now on, whose octets reception_hear takes. */
struct reception *reception_new(struct sim_client *end);
void reception_free(struct reception *reception);

/* Takes what has come. */
void reception_hear(struct reception *reception);

/* The next request that has begun, a stream; 0: none. */
int32_t reception_next(struct reception *reception);

/* What has come of it, as HTTP/1. */
const char *reception_bytes(const struct reception *reception, int32_t id, size_t *len);

/* Nobody waits for its answer any more. */
bool reception_lost(const struct reception *reception, int32_t id);

/* Some or all of the answer, as HTTP/1: interim responses, a head, content by length, in chunks or
 * up to reception_finish. What belongs to a connection of HTTP/1 is left out. */
void reception_say(struct reception *reception, int32_t id, const char *bytes, size_t len);

/* That was all of it; or it breaks off here, behind what was said. */
void reception_finish(struct reception *reception, int32_t id);
void reception_break(struct reception *reception, int32_t id);

/* Nothing was done with the request, and nothing will be (REFUSED_STREAM). */
void reception_refuse(struct reception *reception, int32_t id);

/* An answer of frames that no library would send: h2_script.h. */
void reception_script(struct reception *reception, int32_t id, const char *script);

/* GOAWAY: what has come is answered, no more. */
void reception_leave(struct reception *reception);

/* No content of requests is let in on streams, or all of it again. */
void reception_stall(struct reception *reception, bool stalls);

/* Octets of answers that the other side does not let through. */
size_t reception_unsent(const struct reception *reception);

/* What the other side has done that is against the rules of HTTP/2; NULL: nothing. */
const char *reception_fault(const struct reception *reception);

#endif
