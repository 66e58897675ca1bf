/* Synthesis: validators for responses whose origin gives none, made of their octets.
 *
 * What the tag promises, why one user's never satisfies another's request, and when none is made:
 * doc/notes/synthesized-validators.md.
 */
#ifndef CACHE_SYNTHESIS_H
#define CACHE_SYNTHESIS_H

#include "cache/rules.h"
#include "origin/digest.h"
#include "stet/head.h"
#include "store/entry_head.h"

/* A stored response gets an entity tag when it is whole: a 200 to GET without a tag of its own, and
 * nothing in it speaks against it. */
bool synthesis_of_stored(const struct cache_rules *rules, const struct stet_request *request,
                         const struct stet_response *response);

/* One that only passes is held back, hashed and given a tag: the same, but it has no validator at
 * all, is not to be streamed, sets no cookie, and is not to be sliced. Private ones are not
 * excepted. Its length is judged by the caller. */
bool synthesis_of_passing(const struct cache_rules *rules, const struct stet_request *request,
                          const struct stet_response *response);

/* The request carries conditions that a tag still to be made for this stored response could decide;
 * or the response has no validator and is validated before each use, so that nobody would ever get
 * to know that tag: as long as it fills, it is worth waiting for. */
bool synthesis_awaited(const struct cache_rules *rules, const struct stet_request *request,
                       const struct entry_head *head);

/* Writes the tag for a content; weak if something was left out as noise. Returns its length, 0 if
 * the noise could not be told. */
size_t synthesis_tag(const struct cache_rules *rules, struct stet_span content,
                     char to[DIGEST_TAG_ROOM]);

#endif
