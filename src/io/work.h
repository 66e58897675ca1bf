/* Blocking work off the loops: a few threads that run jobs, and tell the loop when they are done.
 *
 * In the simulated world there are no threads: jobs run on the loop, in a seeded order, after some
 * virtual time.
 */
#ifndef IO_WORK_H
#define IO_WORK_H

#include "io/loop.h"

struct work;

/* A piece of work. Embedded in its owner, which stays alive until `done`. */
struct job {
    void (*run)(struct job *job);  /* on a thread of the pool: may block */
    void (*done)(struct job *job); /* on the loop given to work_submit */
    struct loop *loop;
    struct job *next;
    struct task task;
};

/* Two queues: what a client waits for goes before what nobody waits for. */
enum work_urgency { WORK_NOW, WORK_LATER };

/* A pool of `threads` threads (all signals blocked in them). NULL on failure, errno says why. */
struct work *work_new(unsigned threads);

/* A pool of the simulated world: everything runs on `loop`. */
struct work *work_new_sim(struct loop *loop);

/* Queues a job; `done` will be called on `loop` exactly once. From any thread. */
void work_submit(struct work *work, struct job *job, struct loop *loop, enum work_urgency urgency);

/* How many jobs are queued or running. */
uint64_t work_pending(struct work *work);

/* Stops: jobs not yet begun are dropped (no `done`), running ones are waited for. */
void work_free(struct work *work);

#endif
