/* Segments: content beyond the room in an entry itself, its own or lent by another entry.
 *
 * For entry.c alone.
 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct entry;

enum segment_kind { SEGMENT_OWN, SEGMENT_PAGES, SEGMENT_LENT };

/* Full before the next one begins. */
struct segment {
    _Atomic(struct segment *) next;
    size_t room;
    char *at; /* its octets: `bytes`, pages, or somewhere in the lender's */
    enum segment_kind kind;
    bool steady; /* its octets never change, not even after it is gone: see base/chunk.h */
    char bytes[];
};

/* An empty one; NULL when memory is out. */
struct segment *segment_new(size_t room);

/* The same in pages of its own, which are taken from the machine as they are written to: so there
 * may be much more room than is needed. Steady. */
struct segment *segment_new_pages(size_t room);

/* A full one, of octets that `lender` keeps: it takes a reference. `cost` is how much memory is
 * kept by that. NULL when memory is out. */
struct segment *segment_new_lent(struct entry *lender, const char *at, size_t size, size_t cost);

/* Who keeps its octets: NULL if they are its own. */
struct entry *segment_lender(const struct segment *segment);

/* Octets of memory that it takes when `filled` octets of it have been written, with what allocation
 * adds and what a lender keeps for it. */
size_t segment_size(const struct segment *segment, size_t filled);

/* Puts one behind the others of a list. Nobody looks at it before he is told of its content. */
void segment_link(_Atomic(struct segment *) *list, struct segment *segment);

/* Frees a list, and gives back the references of lenders. */
void segments_free(struct segment *first);

#endif
