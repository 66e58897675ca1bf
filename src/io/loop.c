/* What every loop does alike: the order of a turn, timers, deferred tasks and mail.
 *
 *     wait -> clocks -> mail -> ready sockets -> due timers -> deferred tasks
 *
 * Mail is a stack that other threads push on with one compare-and-swap. Whoever finds it empty
 * wakes the loop, the others know that a wake-up is under way. The loop takes the whole stack at
 * once and turns it round, so tasks run in the order they were posted; what is posted meanwhile
 * waits for the next turn, which keeps loop_turn's promise.
 *
 * Given up: priorities. A turn is short because every callback is.
 */
#include "io/loop.h"

#include "base/check.h"
#include "io/tls_parts.h"

#include <stddef.h>

void timer_init(struct timer *timer, void (*fire)(struct timer *timer))
{
    *timer = (struct timer){.fire = fire};
}

void loop_init(struct loop *loop, const struct loop_ops *ops)
{
    *loop = (struct loop){.ops = ops};
    loop->deferred_end = &loop->deferred;
    atomic_init(&loop->mail, NULL);
}

void loop_fini(struct loop *loop)
{
    CHECK(loop->timers.count == 0);
    timers_fini(&loop->timers);
    tls_desk_free(loop->tls);
}

static void loop_run_tasks(struct task *task)
{
    while (task) {
        struct task *next = task->next;
        task->next = NULL;
        task->run(task);
        task = next;
    }
}

static void loop_run_deferred(struct loop *loop)
{
    struct task *first = loop->deferred;
    loop->deferred = NULL;
    loop->deferred_end = &loop->deferred;
    loop_run_tasks(first);
}

/* All mail, in the order it was posted. */
static struct task *loop_take_mail(struct loop *loop)
{
    struct task *mail = atomic_exchange_explicit(&loop->mail, NULL, memory_order_acquire);
    struct task *first = NULL;
    while (mail) {
        struct task *next = mail->next;
        mail->next = first;
        first = mail;
        mail = next;
    }
    return first;
}

bool loop_has_tasks(struct loop *loop)
{
    return loop->deferred || atomic_load_explicit(&loop->mail, memory_order_relaxed);
}

void loop_once(struct loop *loop)
{
    loop->ops->wait(loop, loop_has_tasks(loop) ? loop->now : timers_next(&loop->timers));
    loop->turn++;
    loop_run_tasks(loop_take_mail(loop));
    loop->ops->dispatch(loop);
    timers_fire(&loop->timers, loop->now);
    loop_run_deferred(loop);
}

void loop_run(struct loop *loop)
{
    while (!loop->stopping)
        loop_once(loop);
    loop->stopping = false;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}

void loop_free(struct loop *loop)
{
    loop->ops->free(loop);
}

int64_t loop_now(const struct loop *loop)
{
    return loop->now;
}

int64_t loop_wall(const struct loop *loop)
{
    return loop->wall;
}

uint64_t loop_turn(const struct loop *loop)
{
    return loop->turn;
}

bool loop_timer_set(struct loop *loop, struct timer *timer, int64_t due)
{
    return timers_set(&loop->timers, timer, due);
}

void loop_timer_cancel(struct loop *loop, struct timer *timer)
{
    timers_cancel(&loop->timers, timer);
}

void loop_defer(struct loop *loop, struct task *task)
{
    task->next = NULL;
    *loop->deferred_end = task;
    loop->deferred_end = &task->next;
}

void loop_post(struct loop *loop, struct task *task)
{
    struct task *before = atomic_load_explicit(&loop->mail, memory_order_relaxed);
    do {
        task->next = before;
    } while (!atomic_compare_exchange_weak_explicit(&loop->mail, &before, task,
                                                    memory_order_release, memory_order_relaxed));
    if (!before)
        loop->ops->wake(loop);
}

bool loop_signals(struct loop *loop, const int *numbers, void (*caught)(void *owner, int number),
                  void *owner)
{
    return loop->ops->signals(loop, numbers, caught, owner);
}

void loop_random(struct loop *loop, void *to, uint32_t size)
{
    loop->ops->random(loop, to, size);
}
