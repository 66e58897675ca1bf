/* A body of several ranges: multipart/byteranges over one representation [RFC 9110 §14.6].
 */
#ifndef SERVE_MULTIPART_BODY_H
#define SERVE_MULTIPART_BODY_H

#include "io/loop.h"
#include "origin/representation.h"
#include "stet/multipart.h"

/* A body with the parts `ranges` of `representation` (referenced). Draws the boundary from `loop`,
 * writes the Content-Type of the whole to `type` and the length of the body to `*length`. NULL when
 * memory is out. */
struct body *multipart_body_new(struct representation *representation,
                                const struct stet_ranges *ranges, struct loop *loop,
                                char type[STET_MULTIPART_TYPE_LENGTH], uint64_t *length);

#endif
