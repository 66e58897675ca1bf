/* What a back end gives to the job calls. Inside io/ only.
 */
#ifndef IO_WORK_OPS_H
#define IO_WORK_OPS_H

#include "io/work.h"

struct work_ops {
    void (*submit)(struct work *work, struct job *job, enum work_urgency urgency);
    uint64_t (*pending)(struct work *work);
    void (*free)(struct work *work);
};

struct work {
    const struct work_ops *ops;
};

/* A queue of jobs, first in first out. */
struct work_queue {
    struct job *first;
    struct job *last;
};
void work_queue_put(struct work_queue *queue, struct job *job);
struct job *work_queue_take(struct work_queue *queue);

/* Sends a job that has run to its loop, where `done` is called. From any thread. */
void work_finish(struct job *job);

#endif
