/* The job calls that the back ends share: queues, and the way home to the loop.
 */
#include "io/work.h"

#include "base/container.h"
#include "io/work_ops.h"

#include <stddef.h>

void work_queue_put(struct work_queue *queue, struct job *job)
{
    job->next = NULL;
    if (queue->first)
        queue->last->next = job;
    else
        queue->first = job;
    queue->last = job;
}

struct job *work_queue_take(struct work_queue *queue)
{
    struct job *job = queue->first;
    if (job)
        queue->first = job->next;
    return job;
}

static void work_done(struct task *task)
{
    struct job *job = CONTAINER(task, struct job, task);
    job->done(job);
}

void work_finish(struct job *job)
{
    job->task = (struct task){.run = work_done};
    loop_post(job->loop, &job->task);
}

void work_submit(struct work *work, struct job *job, struct loop *loop, enum work_urgency urgency)
{
    job->loop = loop;
    work->ops->submit(work, job, urgency);
}

uint64_t work_pending(struct work *work)
{
    return work->ops->pending(work);
}

void work_free(struct work *work)
{
    work->ops->free(work);
}
