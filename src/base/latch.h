/* A latch: a lock of one octet, for what is held during a few instructions.
 *
 * There is one in every entry of the store, where a mutex of 40 octets would cost more than it
 * guards. Whoever finds it taken tries again and lets other threads run in between. All zero is
 * free. Never to be held over anything that waits.
 */
#ifndef BASE_LATCH_H
#define BASE_LATCH_H

#include <sched.h>
#include <stdatomic.h>

struct latch {
    atomic_uchar taken;
};

static inline void latch_take(struct latch *latch)
{
    while (atomic_exchange_explicit(&latch->taken, 1, memory_order_acquire))
        sched_yield();
}

static inline void latch_give(struct latch *latch)
{
    atomic_store_explicit(&latch->taken, 0, memory_order_release);
}

#endif
