/* stet get --group: members are fetched until they fit together, and then take their place at once.
 *
 * All members go to a new folder. A pass over them that finds every plain member as the pass before
 * it has left it proves that they were all current at one moment, the end of that pass; members
 * that an index lists are proved by their digests.
 */
#include "cli/get.h"

#include "base/memory.h"
#include "client/group.h"
#include "client/groupfolder.h"
#include "client/limit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct group_run {
    struct get *get;
    struct group group;
    struct groupfolder folder;
    struct get_job *jobs;
    char words[1024]; /* why the members do not fit */
};

static int group_fail(const struct group_run *run, const char *words)
{
    fprintf(stderr, "stet get: %s: %s\n", run->get->group, words);
    return GET_USAGE;
}

/* The description, read. */
static bool group_load_file(struct group_run *run)
{
    const int fd = open(run->get->group, O_RDONLY | O_CLOEXEC);
    char *text = memory_new(CLIENT_GROUP_FILE_MAX);
    const ssize_t got = fd < 0 || !text ? -1 : read(fd, text, CLIENT_GROUP_FILE_MAX);
    bool well = false;

    if (got < 0)
        snprintf(run->words, sizeof run->words, "%s", strerror(errno));
    else if (got == CLIENT_GROUP_FILE_MAX)
        snprintf(run->words, sizeof run->words, "it is too long");
    else
        well = group_read(&run->group, stet_span(text, (size_t)got), run->words, sizeof run->words);
    if (fd >= 0)
        close(fd);
    memory_free(text);
    return well;
}

static bool group_prepare(struct group_run *run)
{
    char path[4096];

    for (size_t i = 0; i < run->group.count; i++) {
        struct get_job *job = &run->jobs[i];
        get_job_fini(job);
        *job = (struct get_job){.get = run->get, .url = run->group.members[i].url};
        if (!groupfolder_member(&run->folder, &run->group.members[i], path, sizeof path) ||
            !(job->file = get_copy(path)))
            return false;
    }
    return true;
}

/* Which member is the cause, in words. */
static bool group_misfit(struct group_run *run, size_t index, const char *what)
{
    snprintf(run->words, sizeof run->words, "%s %s", run->group.members[index].file, what);
    return false;
}

/* What a pass has brought fits. `*status` is of members that could not be had. */
static bool group_judge(struct group_run *run, bool first, int *status)
{
    const bool again = group_asks_again(&run->group);

    *status = GET_FINE;
    for (size_t i = 0; i < run->group.count; i++)
        if (run->jobs[i].status != GET_FINE && run->jobs[i].status != GET_UNCHANGED) {
            *status = run->jobs[i].status;
            return group_misfit(run, i, "could not be fetched");
        }
    if (!group_fits(&run->group, run->folder.beside, run->words, sizeof run->words))
        return false;
    for (size_t i = 0; again && i < run->group.count; i++)
        if (!run->group.members[i].name && (first || run->jobs[i].result.changed))
            return group_misfit(run, i, "changed in the meantime");
    return true;
}

static int group_commit(struct group_run *run)
{
    bool changed = false;

    if (!groupfolder_commit(&run->folder, &run->group, &changed)) {
        fprintf(stderr, "stet get: %s\n", run->folder.words);
        return GET_HTTP;
    }
    return run->get->showing.changed && !changed ? GET_UNCHANGED : GET_FINE;
}

/* Passes over the members. Only what has gone wrong is waited for: the second look at members that
 * an index does not list follows at once. */
static int group_passes(struct group_run *run)
{
    struct get *get = run->get;
    int status = GET_FINE;

    for (uint64_t pass = 0, misses = 0; misses < get->attempts; pass++) {
        if (!group_prepare(run))
            return group_fail(run, "out of memory");
        if (!get_jobs_run(get, run->jobs, run->group.count, get_report))
            return GET_NETWORK;
        get->caching.cache.mode = CACHE_REVALIDATE;
        if (group_judge(run, pass == 0, &status))
            return group_commit(run);
        const bool confirms =
            pass == 0 && status == GET_FINE && group_asks_again(&run->group) &&
            group_fits(&run->group, run->folder.beside, run->words, sizeof run->words);
        if (confirms)
            continue;
        if (++misses < get->attempts && !get_sleep((int64_t)get->pause))
            return GET_NETWORK;
    }
    fprintf(stderr, "stet get: %s: the members do not fit together: %s\n", get->group, run->words);
    return status == GET_FINE ? GET_HTTP : status;
}

static int group_run(struct group_run *run)
{
    if (!groupfolder_open(&run->folder, &run->group, run->get->placing.folder)) {
        fprintf(stderr, "stet get: %s\n", run->folder.words);
        groupfolder_close(&run->folder);
        return GET_HTTP;
    }
    const int status = group_passes(run);
    for (size_t i = 0; i < run->group.count; i++)
        get_job_fini(&run->jobs[i]);
    groupfolder_close(&run->folder);
    return status;
}

int get_group(struct get *get)
{
    struct group_run run = {.get = get};
    int status;

    get->showing.fail = true;
    if (!group_load_file(&run)) {
        status = group_fail(&run, run.words);
    } else {
        run.jobs = memory_new_zero(run.group.count * sizeof *run.jobs);
        status = run.jobs ? group_run(&run) : group_fail(&run, "out of memory");
    }
    memory_free(run.jobs);
    group_fini(&run.group);
    return status;
}
