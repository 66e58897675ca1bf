/* The event loop: the only room that asks the clock and the only one that waits.
 *
 * A worker has one loop and one thread. Two back ends stand behind this header: loop_epoll (the
 * machine) and loop_sim (a virtual clock, memory sockets, an in-memory file system, faults on
 * order). What runs on the loop cannot tell which.
 *
 * One turn: wait for events (not longer than the next timer), read the clocks once, call what is
 * ready, fire what is due, run what was deferred. All callbacks run on the loop's thread and may
 * do anything but block, freeing their own object included.
 */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* A call at some time. Embedded in its owner; all zero but `fire` until it is set. */
struct timer {
    void (*fire)(struct timer *timer);
    int64_t due;    /* ns of loop_now; meaningful while set */
    uint32_t place; /* place in the loop's heap, 0 when not set */
};

/* A call soon. Embedded in its owner; may not be queued twice at once. */
struct task {
    void (*run)(struct task *task);
    struct task *next;
};

/* Makes a timer that is not set. */
void timer_init(struct timer *timer, void (*fire)(struct timer *timer));

/* A loop on the machine; NULL when the kernel or memory refuses, errno says why. */
struct loop *loop_new_epoll(void);

/* Ends a loop. Its sockets and listeners are to be closed, its timers cancelled before, and no
 * thread may be in loop_post any more. Tasks that wait are dropped. */
void loop_free(struct loop *loop);

/* Runs until loop_stop. */
void loop_run(struct loop *loop);

/* Makes loop_run return after the present turn, or at once if it is not running yet. From the
 * loop's own thread; others post a task that does it. */
void loop_stop(struct loop *loop);

/* Nanoseconds on a clock that never goes back, as read at the start of this turn. */
int64_t loop_now(const struct loop *loop);

/* Nanoseconds since 1970 on the wall clock, as read at the start of this turn. */
int64_t loop_wall(const struct loop *loop);

/* Number of this turn, from 1 up: what was learnt of the world in this turn was learnt after every
 * event that is delivered in it had become ready. */
uint64_t loop_turn(const struct loop *loop);

/* Sets (or moves) a timer to `due`, in ns of loop_now. False when memory is out. */
bool loop_timer_set(struct loop *loop, struct timer *timer, int64_t due);

/* Takes a timer back; no-op when it is not set. */
void loop_timer_cancel(struct loop *loop, struct timer *timer);

/* Runs `task` at the end of this turn (or of the next one, when called from a deferred task). */
void loop_defer(struct loop *loop, struct task *task);

/* Runs `task` on the loop's thread soon. The only call here that any thread may make. */
void loop_post(struct loop *loop, struct task *task);

/* Signals (machine only, once a loop): `caught` is called on the loop with each number of the
 * zero-terminated list. Blocks them in the calling thread; call it before threads start, so that
 * these inherit the mask. False on failure. */
bool loop_signals(struct loop *loop, const int *numbers, void (*caught)(void *owner, int number),
                  void *owner);

/* Fills memory with random bytes (seeded ones in the simulated world). */
void loop_random(struct loop *loop, void *to, uint32_t size);

#endif
