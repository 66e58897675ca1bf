/* Jobs on threads: one lock, one condition, two queues.
 *
 * A thread takes from the urgent queue as long as there is something in it. The lock is held for a
 * few instructions per job, and a job is a file hashed or a body compressed; nothing finer pays.
 *
 * Given up: fairness between the queues. What nobody waits for may wait.
 */
#include "io/work_ops.h"

#include "base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

struct work_threads {
    struct work work;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct work_queue queues[2]; /* by urgency */
    uint64_t pending;            /* queued or running */
    bool ending;
    unsigned count;
    pthread_t threads[];
};

/* The next job, waiting for one; NULL at the end. Called with the lock held. */
static struct job *work_wait(struct work_threads *pool)
{
    for (;;) {
        if (pool->ending)
            return NULL;
        struct job *job = work_queue_take(&pool->queues[WORK_NOW]);
        if (!job)
            job = work_queue_take(&pool->queues[WORK_LATER]);
        if (job)
            return job;
        pthread_cond_wait(&pool->more, &pool->lock);
    }
}

static void *work_thread(void *argument)
{
    struct work_threads *pool = argument;
    pthread_mutex_lock(&pool->lock);
    for (struct job *job; (job = work_wait(pool));) {
        pthread_mutex_unlock(&pool->lock);
        job->run(job);
        pthread_mutex_lock(&pool->lock);
        pool->pending--; /* before `done` can ask */
        work_finish(job);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void work_threads_submit(struct work *work, struct job *job, enum work_urgency urgency)
{
    struct work_threads *pool = (struct work_threads *)work;
    pthread_mutex_lock(&pool->lock);
    work_queue_put(&pool->queues[urgency], job);
    pool->pending++;
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_signal(&pool->more);
}

static uint64_t work_threads_pending(struct work *work)
{
    struct work_threads *pool = (struct work_threads *)work;
    pthread_mutex_lock(&pool->lock);
    uint64_t pending = pool->pending;
    pthread_mutex_unlock(&pool->lock);
    return pending;
}

static void work_threads_free(struct work *work)
{
    struct work_threads *pool = (struct work_threads *)work;
    pthread_mutex_lock(&pool->lock);
    pool->ending = true;
    pthread_mutex_unlock(&pool->lock);
    pthread_cond_broadcast(&pool->more);
    for (unsigned i = 0; i < pool->count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    memory_free(pool);
}

static const struct work_ops work_threads_ops = {
    .submit = work_threads_submit,
    .pending = work_threads_pending,
    .free = work_threads_free,
};

/* Starts the threads with all signals blocked: those are for the loop's signalfd. */
static bool work_threads_start(struct work_threads *pool, unsigned threads)
{
    sigset_t all;
    sigset_t before;
    int failed = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->count < threads) {
        failed = pthread_create(&pool->threads[pool->count], NULL, work_thread, pool);
        if (failed)
            break;
        pool->count++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = failed;
    return failed == 0;
}

struct work *work_new(unsigned threads)
{
    struct work_threads *pool = memory_new_zero(sizeof *pool + threads * sizeof pool->threads[0]);
    if (!pool)
        return NULL;
    pool->work.ops = &work_threads_ops;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    if (!work_threads_start(pool, threads)) {
        int why = errno;
        work_threads_free(&pool->work);
        errno = why;
        return NULL;
    }
    return &pool->work;
}
