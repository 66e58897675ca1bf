/* Segments: a list of stretches of memory, each with its own octets or with a loan in their place.
 *
 *     | next | room | at = bytes | octets ...
 *     | next | room | at         |                     at --> pages
 *     | next | room | at         | lender, cost        at --> somewhere in the lender's content
 *
 * Lending is how parts become one content without a copy. What an entry has once read does not move
 * as long as the entry lives, which is what a loan's reference sees to.
 *
 * Pages are what the kernel may send without a copy (doc/notes/large-contents.md). They go back to
 * the machine and not to the heap, so whoever still sends them sees what they held.
 */
#include "store/segment.h"

#include "base/memory.h"
#include "store/cost.h"
#include "store/entry.h"

#include <stdint.h>
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
    segment->kind = SEGMENT_OWN;
    segment->steady = false;
    return segment;
}

struct segment *segment_new(size_t room)
{
    return segment_make(room, room);
}

struct segment *segment_new_pages(size_t room)
{
    char *pages = memory_new_pages(room);
    if (!pages)
        return NULL;
    struct segment *segment = segment_make(0, room);
    if (!segment) {
        memory_free_pages(pages, room);
        return NULL;
    }
    segment->at = pages;
    segment->kind = SEGMENT_PAGES;
    segment->steady = true;
    return segment;
}

struct segment *segment_new_lent(struct entry *lender, const char *at, size_t size, size_t cost)
{
    struct segment *segment = segment_make(sizeof(struct loan), size);
    if (!segment)
        return NULL;
    const struct loan loan = {entry_ref(lender), cost};
    memcpy(segment->bytes, &loan, sizeof loan);
    segment->at = (char *)(uintptr_t)at; /* nobody writes there: it is full */
    segment->kind = SEGMENT_LENT;
    return segment;
}

/* The loan of a segment; without a lender if its octets are its own. */
static struct loan segment_loan(const struct segment *segment)
{
    struct loan loan = {NULL, 0};
    if (segment->kind == SEGMENT_LENT)
        memcpy(&loan, segment->bytes, sizeof loan);
    return loan;
}

struct entry *segment_lender(const struct segment *segment)
{
    return segment_loan(segment).lender;
}

size_t segment_size(const struct segment *segment, size_t filled)
{
    switch (segment->kind) {
    case SEGMENT_PAGES:
        return cost_of(sizeof *segment) + cost_of_pages(filled);
    case SEGMENT_LENT:
        return cost_of(sizeof *segment + sizeof(struct loan)) + segment_loan(segment).cost;
    default:
        return cost_of(sizeof *segment + segment->room);
    }
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
        if (first->kind == SEGMENT_PAGES)
            memory_free_pages(first->at, first->room);
        memory_free(first);
        first = next;
    }
}
