/* Stored responses as representations: whole ones, and those that still fill.
 */
#ifndef CACHE_STORED_H
#define CACHE_STORED_H

#include "cache/cache_parts.h"
#include "cache/pipe.h"
#include "cache/source.h"

struct stored;

/* A representation of a stored response with one reference; takes one of the entry and one of the
 * head. `extra` are lines for this one asker, whose fetch brought them, and which are not stored:
 * they go with the 200 and the 304. NULL when memory is out. */
struct stored *stored_new(struct cache_worker *worker, struct entry *entry, struct entry_head *head,
                          struct stet_span extra);

/* As a source; its representation is the first member. */
struct source *stored_source(struct stored *stored);

/* The entry breaks off here, but this reader is to get the rest, by a pipe (one more reference). */
void stored_continue(struct stored *stored, struct pipe *rest);

/* `*to` becomes NULL when it goes; NULL: not any more. */
void stored_watch(struct stored *stored, struct stored **to);

#endif
