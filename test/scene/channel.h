/* A client's connection of HTTP/2 in a scene: questions go out as streams, and what comes back is
 * told in the words of HTTP/1, so that all that reads and judges answers is the same.
 */
#ifndef TEST_SCENE_CHANNEL_H
#define TEST_SCENE_CHANNEL_H

#include "end.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct channel;

/* Speaks over `end` from now on, and reacts by itself to what comes. */
struct channel *channel_new(struct end *end);
void channel_free(struct channel *channel);

/* Asks; `lines` are field lines, each but the last ended by "\n". Those of one connection of HTTP/1
 * are left out. Returns the number of the stream, or -1: no new ones on this connection. */
int32_t channel_ask(struct channel *channel, const char *method, const char *target,
                    const char *host, const char *lines, const char *content);

/* What has come of the answer on a stream, as HTTP/1; until channel_take. */
const char *channel_bytes(const struct channel *channel, int32_t id, size_t *len);

/* The stream is over, whole or not. */
bool channel_over(const struct channel *channel, int32_t id);

/* Forgets a stream. */
void channel_take(struct channel *channel, int32_t id);

/* What the server has done that is against the rules of HTTP/2; NULL: nothing. */
const char *channel_fault(const struct channel *channel);

#endif
