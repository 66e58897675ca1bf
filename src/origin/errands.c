/* A list of the jobs that are out, behind a lock. */
#include "origin/errands.h"

#include <stddef.h>

void errands_init(struct errands *errands, struct work *work)
{
    *errands = (struct errands){.work = work};
    pthread_mutex_init(&errands->lock, NULL);
}

void errands_fini(struct errands *errands)
{
    while (errands->first) {
        struct errand *errand = errands->first;
        errands->first = errand->after;
        errand->drop(errand);
    }
    pthread_mutex_destroy(&errands->lock);
}

void errands_send(struct errands *errands, struct errand *errand, struct loop *loop,
                  enum work_urgency urgency)
{
    pthread_mutex_lock(&errands->lock);
    errand->before = NULL;
    errand->after = errands->first;
    if (errands->first)
        errands->first->before = errand;
    errands->first = errand;
    pthread_mutex_unlock(&errands->lock);
    work_submit(errands->work, &errand->job, loop, urgency);
}

void errands_back(struct errands *errands, struct errand *errand)
{
    pthread_mutex_lock(&errands->lock);
    if (errand->before)
        errand->before->after = errand->after;
    else
        errands->first = errand->after;
    if (errand->after)
        errand->after->before = errand->before;
    pthread_mutex_unlock(&errands->lock);
}
