/* Responses that pass: not stored, made for the one who asked.
 */
#ifndef CACHE_PASSING_H
#define CACHE_PASSING_H

#include "cache/pipe.h"
#include "cache/source.h"

/* A representation of `response` whose content comes by a pipe (one more reference), once. Neither
 * conditions nor ranges apply to it: the origin has judged them. NULL when memory is out. */
struct source *passing_new(const struct stet_response *response,
                           const struct response_framing *framing, struct pipe *pipe);

/* A representation of a response that was held back until it was whole: a 200 with `content` and a
 * tag made of it (an ETag value), which decides conditions. NULL when memory is out. */
struct source *passing_new_held(const struct stet_response *response, struct stet_span content,
                                struct stet_span tag);

#endif
