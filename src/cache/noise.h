/* Noise: what differs from one answer to the next without meaning anything, such as a token against
 * forged requests. A route declares it by patterns; it is cut out before content is hashed.
 */
#ifndef CACHE_NOISE_H
#define CACHE_NOISE_H

#include "cache/pattern.h"
#include "origin/digest.h"

/* A list of patterns: immutable, for any thread. */
struct noise;

/* Compiles `count` patterns. NULL, with a message and the index of the one at fault (`count` if it
 * was none of them), if one is no regular expression or memory is out. */
struct noise *noise_new(const struct stet_span *patterns, size_t count,
                        char message[PATTERN_MESSAGE], size_t *fault);

/* NULL is allowed. */
void noise_free(struct noise *noise);

/* The digest of what is left of `content` without all that a pattern matches; where it was cut
 * counts, too. False: a pattern met its limits, or memory is out, and nothing is known. */
bool noise_digest(const struct noise *noise, struct stet_span content, struct digest *to);

#endif
