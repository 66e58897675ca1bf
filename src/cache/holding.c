/* The clock of what is held back: a stall, or too long altogether, ends it.
 *
 * A page is held until it is whole; a stream that never is whole must not be noticed to be held at
 * all. A tenth of a second without an octet tells the one from the other; a second altogether is
 * for those that drip.
 */
#include "cache/holding.h"

#include "base/container.h"

static void holding_fire(struct timer *timer)
{
    struct holding *holding = CONTAINER(timer, struct holding, timer);
    holding->loop = NULL;
    holding->over(holding);
}

static int64_t holding_due(const struct holding *holding)
{
    int64_t stall = loop_now(holding->loop) + HOLDING_STALL;
    int64_t most = holding->begun + HOLDING_MOST;
    return stall < most ? stall : most;
}

bool holding_begin(struct holding *holding, struct loop *loop,
                   void (*over)(struct holding *holding))
{
    *holding = (struct holding){.loop = loop, .begun = loop_now(loop), .over = over};
    timer_init(&holding->timer, holding_fire);
    if (loop_timer_set(loop, &holding->timer, holding_due(holding)))
        return true;
    holding->loop = NULL;
    return false;
}

void holding_touch(struct holding *holding)
{
    if (holding->loop) /* a timer that is set can be moved without memory */
        (void)loop_timer_set(holding->loop, &holding->timer, holding_due(holding));
}

void holding_end(struct holding *holding)
{
    if (holding->loop)
        loop_timer_cancel(holding->loop, &holding->timer);
    holding->loop = NULL;
}
