/* Holding back: an answer waits for a moment until its validator is known, and never longer.
 */
#ifndef CACHE_HOLDING_H
#define CACHE_HOLDING_H

#include "io/loop.h"

/* How long an origin may send nothing before what is there is sent on, and how long something is
 * held back at most, in ns. */
#define HOLDING_STALL (INT64_C(100) * 1000000)
#define HOLDING_MOST (INT64_C(1000) * 1000000)

/* Embedded in its owner. All zero: nothing is held. */
struct holding {
    struct timer timer;
    struct loop *loop;
    int64_t begun;
    void (*over)(struct holding *holding);
};

/* Begins; `over` is called when it has lasted too long. False when memory is out: then do not hold.
 */
bool holding_begin(struct holding *holding, struct loop *loop,
                   void (*over)(struct holding *holding));

/* Something has come. */
void holding_touch(struct holding *holding);

/* No more; no-op when nothing is held. */
void holding_end(struct holding *holding);

#endif
