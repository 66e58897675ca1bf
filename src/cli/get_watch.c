/* stet get --watch: asks again and again, no more often than makes sense, and tells of changes.
 *
 * Content is gathered before any of it is shown, so what is printed or given to a command is whole
 * and differs from what was before.
 */
#include "cli/get.h"

#include "client/pace.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What was seen last. */
struct watch {
    struct get *get;
    uint8_t digest[SHA256_DIGEST_SIZE];
    bool seen;
    unsigned failures;
    uint64_t polls;
};

static bool watch_digest(int fd, uint8_t digest[SHA256_DIGEST_SIZE])
{
    struct sha256_ctx sha;
    uint8_t piece[65536];
    ssize_t got;

    sha256_init(&sha);
    while ((got = read(fd, piece, sizeof piece)) > 0)
        sha256_update(&sha, (size_t)got, piece);
    sha256_digest(&sha, SHA256_DIGEST_SIZE, digest);
    return got == 0;
}

/* Gathered content to standard output. */
static void watch_print(struct get *get, int fd)
{
    char piece[65536];
    ssize_t got;

    do
        got = read(fd, piece, sizeof piece);
    while (got > 0 && get_print(get, piece, (size_t)got));
}

/* The command gets the content as its standard input, and the name of the file if it has one. */
static void watch_command(const struct get_job *job, int fd)
{
    const pid_t child = fork();
    int status;

    if (child == 0) {
        get_forget_signals();
        setenv("STET_URL", job->url, 1);
        if (job->file) {
            setenv("STET_FILE", job->file, 1);
            fd = open(job->file, O_RDONLY);
        }
        if (fd >= 0)
            dup2(fd, STDIN_FILENO);
        execl("/bin/sh", "sh", "-c", job->get->showing.run, (char *)NULL);
        _exit(127);
    }
    pid_t ended;
    do
        ended = child < 0 ? child : waitpid(child, &status, 0);
    while (ended < 0 && child > 0 && errno == EINTR); /* it has got the signal as well */
    if (ended < 0)
        perror("stet get: cannot run the command");
    else if (status != 0 && !job->get->showing.silent)
        fprintf(stderr, "stet get: the command ended with status %d\n",
                WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void watch_tell(struct get_job *job)
{
    const int fd = job->spool ? output_descriptor(job->output) : -1;

    if (job->get->showing.run)
        watch_command(job, fd);
    else if (fd >= 0)
        watch_print(job->get, fd);
}

/* Is it another content than the last one? A file was compared when it was written. */
static bool watch_is_new(struct watch *watch, struct get_job *job)
{
    uint8_t digest[SHA256_DIGEST_SIZE];

    if (!job->spool)
        return job->result.changed;
    if (!watch_digest(output_descriptor(job->output), digest))
        return false;
    const bool same = watch->seen && memcmp(digest, watch->digest, sizeof digest) == 0;
    memcpy(watch->digest, digest, sizeof digest);
    watch->seen = true;
    return !same;
}

/* One answer is taken for a failure if it says so itself. */
static bool watch_failed(const struct get_job *job)
{
    return job->status == GET_HTTP || job->status == GET_NETWORK || job->result.status >= 500 ||
           job->result.status == 429;
}

static int64_t watch_pause(const struct watch *watch, const struct get_job *job)
{
    const struct pace pace = {.interval = watch->get->showing.watch,
                              .ttl = watch_failed(job) ? 0 : job->result.ttl,
                              .retry_after = job->retry_after,
                              .failures = watch->failures,
                              .random = get_random()};
    return pace_next(&pace);
}

/* Asks once. The pause until the next time, ms; -1: stopped. */
static int64_t watch_poll(struct watch *watch, struct get_job *job)
{
    if (!get_jobs_run(watch->get, job, 1, get_report))
        return -1;
    watch->failures = watch_failed(job) ? watch->failures + 1 : 0;
    if (!watch_failed(job) && watch_is_new(watch, job))
        watch_tell(job);
    watch->polls++;
    return watch_pause(watch, job);
}

int get_watch(struct get *get)
{
    struct watch watch = {.get = get};
    int status = GET_FINE;
    int64_t pause;

    get->showing.fail = true; /* an error is no change of the content */
    do {
        struct get_job job = {.get = get, .url = get->urls[0]};
        if (!get_job_place(&job, 0))
            return GET_USAGE;
        job.spool = !job.file;
        get_keep_cache(get);
        pause = watch_poll(&watch, &job);
        status = job.status == GET_UNCHANGED ? GET_FINE : job.status;
        get_job_fini(&job);
    } while (pause >= 0 && !get->lost &&
             (!get->showing.polls || watch.polls < get->showing.polls) && get_sleep(pause));
    return get_stopped() ? GET_FINE : status;
}
