/* Errands: jobs given to the pool, so that those which the pool drops at its end are freed.
 */
#ifndef ORIGIN_ERRANDS_H
#define ORIGIN_ERRANDS_H

#include "io/work.h"

#include <pthread.h>

/* A job on the heap. First member of its owner. */
struct errand {
    struct job job;
    void (*drop)(struct errand *errand); /* frees it: it will not be done */
    struct errand *before;
    struct errand *after;
};

struct errands {
    pthread_mutex_t lock;
    struct errand *first;
    struct work *work;
};

void errands_init(struct errands *errands, struct work *work);

/* Drops all that are still out. The pool does not run any more. */
void errands_fini(struct errands *errands);

/* Gives the job to the pool. */
void errands_send(struct errands *errands, struct errand *errand, struct loop *loop,
                  enum work_urgency urgency);

/* The job is done (called by its `done`): it belongs to its owner alone again. */
void errands_back(struct errands *errands, struct errand *errand);

#endif
