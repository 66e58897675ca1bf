/* Waits for an entry to be whole, piece by piece: the entry wakes whoever waits whenever it grows.
 *
 * What the loop still knows of outlives its query, as a stray, until its task has run.
 */
#include "cache/awaiting.h"

#include "base/container.h"
#include "base/memory.h"
#include "cache/holding.h"

struct awaiting {
    struct entry_waiter waiter;
    struct holding holding;
    struct cache_worker *worker;
    struct cache_query *query; /* NULL: it does not wait any more */
    struct entry *entry;       /* one reference */
    uint64_t limit;
    bool waits; /* the waiter waits, or its task is under way */
};

static void awaiting_free(struct awaiting *awaiting)
{
    entry_unref(awaiting->entry);
    memory_free(awaiting);
}

/* Parts from its query. */
static void awaiting_leave(struct awaiting *awaiting)
{
    holding_end(&awaiting->holding);
    awaiting->query->awaiting = NULL;
    awaiting->query = NULL;
    if (awaiting->waits && !entry_forget(awaiting->entry, &awaiting->waiter))
        awaiting->worker->strays++;
    else
        awaiting_free(awaiting);
}

static void awaiting_done(struct awaiting *awaiting)
{
    struct cache_query *query = awaiting->query;

    awaiting_leave(awaiting);
    query->held = true;
    query->events->ready(query);
}

/* Waits for more; false if enough has come, or all. */
static bool awaiting_more(struct awaiting *awaiting)
{
    const uint64_t length = entry_length(awaiting->entry);

    awaiting->waits =
        length <= awaiting->limit && entry_wait(awaiting->entry, &awaiting->waiter, length);
    return awaiting->waits;
}

static void awaiting_woken(struct task *task)
{
    struct awaiting *awaiting = CONTAINER(task, struct awaiting, waiter.task);
    struct cache_worker *worker = awaiting->worker;

    awaiting->waits = false;
    if (!awaiting->query) {
        awaiting_free(awaiting);
        cache_stray_home(worker);
        return;
    }
    holding_touch(&awaiting->holding);
    if (!awaiting_more(awaiting))
        awaiting_done(awaiting);
}

static void awaiting_over(struct holding *holding)
{
    awaiting_done(CONTAINER(holding, struct awaiting, holding));
}

bool awaiting_begin(struct cache_query *query, struct entry *entry, uint64_t limit)
{
    struct cache_worker *worker = query->worker;
    struct awaiting *awaiting = memory_new_zero(sizeof *awaiting);

    if (!awaiting)
        return false;
    awaiting->waiter = (struct entry_waiter){.task.run = awaiting_woken, .loop = worker->loop};
    awaiting->worker = worker;
    awaiting->query = query;
    awaiting->entry = entry_ref(entry);
    awaiting->limit = limit;
    query->awaiting = awaiting;
    if (holding_begin(&awaiting->holding, worker->loop, awaiting_over) && awaiting_more(awaiting))
        return true;
    awaiting_leave(awaiting);
    return false;
}

void awaiting_end(struct cache_query *query)
{
    if (query->awaiting)
        awaiting_leave(query->awaiting);
}
