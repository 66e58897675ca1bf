/* Jobs in the simulated world: each begins after a drawn time, and takes none.
 *
 * The world keeps them in the order they were submitted. Of those that are due the urgent ones go
 * first, in that order, or in a drawn one when the faults say so.
 */
#include "io/work.h"

#include "io/loop_sim.h"
#include "io/sim_ops.h"

#include <stdlib.h>

struct work_sim {
    struct work work;
    struct sim_world *world;
};

static void work_sim_submit(struct work *work, struct job *job, enum work_urgency urgency)
{
    struct sim_world *world = ((struct work_sim *)work)->world;
    struct sim_job *entry = sim_alloc(NULL, sizeof *entry);
    int64_t delay = 0;
    if (world->faults.job_delay > 0)
        delay = (int64_t)sim_world_draw(world, (uint64_t)world->faults.job_delay + 1);
    *entry =
        (struct sim_job){.work = work, .job = job, .due = world->now + delay, .urgency = urgency};
    struct sim_job **end = &world->jobs;
    while (*end)
        end = &(*end)->next;
    *end = entry;
}

static uint64_t work_sim_pending(struct work *work)
{
    uint64_t count = 0;
    for (const struct sim_job *job = ((struct work_sim *)work)->world->jobs; job; job = job->next)
        count += job->work == work;
    return count;
}

static void work_sim_free(struct work *work)
{
    struct sim_job **place = &((struct work_sim *)work)->world->jobs;
    while (*place) {
        struct sim_job *entry = *place;
        if (entry->work == work) {
            *place = entry->next;
            free(entry);
        } else {
            place = &entry->next;
        }
    }
    free(work);
}

static const struct work_ops work_sim_ops = {
    .submit = work_sim_submit,
    .pending = work_sim_pending,
    .free = work_sim_free,
};

struct work *work_new_sim(struct loop *loop)
{
    struct work_sim *work = sim_alloc(NULL, sizeof *work);
    *work = (struct work_sim){.work.ops = &work_sim_ops, .world = sim_loop_world(loop)};
    return &work->work;
}

int64_t work_sim_due(const struct sim_world *world)
{
    int64_t due = INT64_MAX;
    for (const struct sim_job *job = world->jobs; job; job = job->next) {
        if (job->due < due)
            due = job->due;
    }
    return due;
}

/* Where the next job to run hangs in the list; NULL when none is due. */
static struct sim_job **work_sim_choose(struct sim_world *world)
{
    struct sim_job **chosen = NULL;
    uint64_t equals = 0;
    for (struct sim_job **place = &world->jobs; *place; place = &(*place)->next) {
        if ((*place)->due > world->now)
            continue;
        if (chosen && (*place)->urgency > (*chosen)->urgency)
            continue;
        equals = chosen && (*place)->urgency == (*chosen)->urgency ? equals + 1 : 1;
        if (equals == 1 || (world->faults.shuffle && sim_world_draw(world, equals) == 0))
            chosen = place;
    }
    return chosen;
}

bool work_sim_run(struct sim_world *world)
{
    struct sim_job **place = work_sim_choose(world);
    if (!place)
        return false;
    struct sim_job *entry = *place;
    struct job *job = entry->job;
    *place = entry->next;
    free(entry);
    job->run(job);
    work_finish(job);
    return true;
}
