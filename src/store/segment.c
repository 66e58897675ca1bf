/* Segments: a list of stretches of memory, each with its own octets or with a loan in their place.
 *
 *     | next | room | at = bytes | octets ...
 *     | next | room | at         | lender, cost        at --> somewhere in the lender's content
 *
 * Lending is how parts become one content without a copy. What an entry has once read does not move
 * as long as the entry lives, which is what a loan's reference sees to.
 */
#include "store/segment.h"

#include "base/memory.h"
#include "store/cost.h"
#include "store/entry.h"

#include <string.h>

struct loan {
    struct entry *lender;
    size_t cost;
};

static struct segment *segment_make(size_t behind, size_t room)
{
    if (behind > SIZE_MAX - sizeof(struct segment))
        return NULL;
    struct segment *segment = memory_new(sizeof *segment + behind);
    if (!segment)
        return NULL;
    atomic_init(&segment->next, NULL);
    segment->room = room;
    segment->at = segment->bytes;
    return segment;
}

struct segment *segment_new(size_t room)
{
    return segment_make(room, room);
}

struct segment *segment_new_lent(struct entry *lender, const char *at, size_t size, size_t cost)
{
    struct segment *segment = segment_make(sizeof(struct loan), size);
    if (!segment)
        return NULL;
    const struct loan loan = {entry_ref(lender), cost};
    memcpy(segment->bytes, &loan, sizeof loan);
    segment->at = at;
    return segment;
}

/* The loan of a segment; without a lender if its octets are its own. */
static struct loan segment_loan(const struct segment *segment)
{
    struct loan loan = {NULL, 0};
    if (segment->at != segment->bytes)
        memcpy(&loan, segment->bytes, sizeof loan);
    return loan;
}

struct entry *segment_lender(const struct segment *segment)
{
    return segment_loan(segment).lender;
}

size_t segment_size(const struct segment *segment)
{
    const struct loan loan = segment_loan(segment);
    return loan.lender ? cost_of(sizeof *segment + sizeof loan) + loan.cost
                       : cost_of(sizeof *segment + segment->room);
}

void segment_link(_Atomic(struct segment *) *list, struct segment *segment)
{
    struct segment *at;
    while ((at = atomic_load_explicit(list, memory_order_relaxed)) != NULL)
        list = &at->next;
    atomic_store_explicit(list, segment, memory_order_release);
}

void segments_free(struct segment *first)
{
    while (first) {
        struct segment *next = atomic_load_explicit(&first->next, memory_order_relaxed);
        entry_unref(segment_lender(first));
        memory_free(first);
        first = next;
    }
}
