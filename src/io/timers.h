/* The timers of one loop: a heap that gives the earliest first. Inside io/ only.
 */
#ifndef IO_TIMERS_H
#define IO_TIMERS_H

#include "io/loop.h"

struct timers_entry {
    int64_t due; /* a copy, so that sifting reads no timer but those it moves */
    struct timer *timer;
};

struct timers {
    struct timers_entry *heap; /* places count from 1; heap[0] is never used */
    uint32_t count;
    uint32_t capacity;
};

/* Puts a timer in or moves it. False when memory is out; a timer that was set is never lost. */
bool timers_set(struct timers *timers, struct timer *timer, int64_t due);

/* Takes a timer out; no-op when it is not in. */
void timers_cancel(struct timers *timers, struct timer *timer);

/* The earliest `due`; INT64_MAX when there is no timer. */
int64_t timers_next(const struct timers *timers);

/* Fires what is due at `now`: at most as many as are set at the start, so that a timer which sets
 * itself to the past again cannot keep the loop here. */
void timers_fire(struct timers *timers, int64_t now);

/* Frees the heap. */
void timers_fini(struct timers *timers);

#endif
