/* The timers of a loop: a heap with four children to a node.
 *
 *     place 1 is the root; the children of p are 4p-2 .. 4p+1; the parent of p is (p+2)/4
 *
 * Four children halve the depth of a binary heap, and their due times lie side by side in one cache
 * line. Each timer knows its place, so that moving and cancelling need no search; place 0 means
 * "not set", which a zeroed timer is.
 *
 * Given up: a timer wheel. Its constant time pays for timers that are set and cancelled with every
 * request; connections here leave their timer where it is and look at it when it fires.
 */
#include "io/timers.h"

#include "base/check.h"
#include "base/memory.h"

enum { TIMERS_CAPACITY_MIN = 64 };

static void timers_put(struct timers *timers, uint32_t place, struct timers_entry entry)
{
    timers->heap[place] = entry;
    entry.timer->place = place;
}

static void timers_up(struct timers *timers, uint32_t place, struct timers_entry entry)
{
    while (place > 1) {
        uint32_t parent = (place + 2) / 4;
        if (timers->heap[parent].due <= entry.due)
            break;
        timers_put(timers, place, timers->heap[parent]);
        place = parent;
    }
    timers_put(timers, place, entry);
}

static void timers_down(struct timers *timers, uint32_t place, struct timers_entry entry)
{
    for (;;) {
        uint64_t first = 4 * (uint64_t)place - 2;
        if (first > timers->count)
            break;
        uint32_t least = (uint32_t)first;
        uint32_t last = first + 3 < timers->count ? least + 3 : timers->count;
        for (uint32_t child = least + 1; child <= last; child++) {
            if (timers->heap[child].due < timers->heap[least].due)
                least = child;
        }
        if (timers->heap[least].due >= entry.due)
            break;
        timers_put(timers, place, timers->heap[least]);
        place = least;
    }
    timers_put(timers, place, entry);
}

/* Puts an entry where it belongs, given that `place` is free. */
static void timers_settle(struct timers *timers, uint32_t place, struct timers_entry entry)
{
    if (place > 1 && timers->heap[(place + 2) / 4].due > entry.due)
        timers_up(timers, place, entry);
    else
        timers_down(timers, place, entry);
}

static bool timers_reserve(struct timers *timers)
{
    if (timers->count + 1 < timers->capacity)
        return true;
    if (timers->capacity > UINT32_MAX / 2)
        return false;
    uint32_t capacity = timers->capacity > 0 ? 2 * timers->capacity : TIMERS_CAPACITY_MIN;
    struct timers_entry *heap = memory_grow(timers->heap, capacity * sizeof *heap);
    if (!heap)
        return false;
    timers->heap = heap;
    timers->capacity = capacity;
    return true;
}

bool timers_set(struct timers *timers, struct timer *timer, int64_t due)
{
    struct timers_entry entry = {due, timer};
    if (timer->place > 0) {
        CHECK(timer->place <= timers->count && timers->heap[timer->place].timer == timer);
        timer->due = due;
        timers_settle(timers, timer->place, entry);
        return true;
    }
    if (!timers_reserve(timers))
        return false;
    timer->due = due;
    timers->count++;
    timers_up(timers, timers->count, entry);
    return true;
}

void timers_cancel(struct timers *timers, struct timer *timer)
{
    uint32_t place = timer->place;
    if (place == 0)
        return;
    CHECK(place <= timers->count && timers->heap[place].timer == timer);
    struct timers_entry last = timers->heap[timers->count--];
    timer->place = 0;
    if (last.timer != timer)
        timers_settle(timers, place, last);
}

int64_t timers_next(const struct timers *timers)
{
    return timers->count > 0 ? timers->heap[1].due : INT64_MAX;
}

void timers_fire(struct timers *timers, int64_t now)
{
    for (uint32_t left = timers->count; left > 0 && timers_next(timers) <= now; left--) {
        struct timer *timer = timers->heap[1].timer;
        timers_cancel(timers, timer);
        timer->fire(timer);
    }
}

void timers_fini(struct timers *timers)
{
    memory_free(timers->heap);
    *timers = (struct timers){0};
}
