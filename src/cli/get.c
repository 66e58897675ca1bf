/* stet get: a client like curl, with a private cache that is a true one.
 */
#include "cli/get.h"

#include "base/memory.h"
#include "client/limit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* ---- clock and signals ---- */

int64_t get_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t get_steady(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t get_steady_ms(void)
{
    return get_steady() / 1000000;
}

uint64_t get_random(void)
{
    uint64_t number = 0;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
        number = (uint64_t)get_now();
    return number;
}

static volatile sig_atomic_t get_stop;
static struct transfers *get_transfers; /* for the handler alone */

bool get_stopped(void)
{
    return get_stop != 0;
}

static void get_on_signal(int number)
{
    get_stop = number;
    transfers_stop(get_transfers);
}

/* A shell that runs this in a loop ends the loop only if it sees that the signal has ended us. */
void get_end_of_signal(void)
{
    if (get_stop)
        raise(get_stop); /* its handler went with its first use */
}

static void get_heed_signals(struct transfers *transfers)
{
    const struct sigaction action = {.sa_handler = get_on_signal, .sa_flags = SA_RESETHAND};
    static const int numbers[] = {SIGINT, SIGTERM};
    struct sigaction before;

    get_transfers = transfers;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action,
                      NULL); /* what is ignored stays so, as in "&" and nohup */
}

/* What is ignored stays ignored in the programs that a process becomes: here that is what the
 * storage does not want to die of. */
void get_forget_signals(void)
{
    signal(SIGXFSZ, SIG_DFL);
}

bool get_sleep(int64_t ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    while (!get_stopped() && nanosleep(&pause, &pause) != 0)
        continue;
    return !get_stopped();
}

char *get_copy(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = memory_new(size);

    return copy ? memcpy(copy, text, size) : NULL;
}

/* ---- the cache ---- */

/* "$XDG_CACHE_HOME/stet", or below the home folder. False: there is neither. */
static bool get_cache_folder(struct text *to)
{
    const char *caches = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (caches && caches[0] == '/')
        text_say(to, "%s/stet%c", caches, '\0');
    else if (home && home[0] == '/')
        text_say(to, "%s/.cache/stet%c", home, '\0');
    return to->len > 0 && !to->failed;
}

static void get_warn_cache(const struct get *get, const char *folder, const char *error)
{
    if (!get->showing.silent)
        fprintf(stderr, "stet get: going on without a cache: %s: %s\n", folder, error);
}

/* Without a cache all works, only slower. */
static void get_open_cache(struct get *get)
{
    struct get_caching *caching = &get->caching;
    const char *error = "neither XDG_CACHE_HOME nor HOME is set";
    struct text folder = {0};

    if (caching->off) {
        caching->cache.mode = CACHE_OFF;
        return;
    }
    if (caching->folder)
        text_say(&folder, "%s%c", caching->folder, '\0');
    if (folder.len || get_cache_folder(&folder)) {
        get_make_folders(folder.at, 0700);
        caching->cache.storage = storage_open(folder.at, caching->size, &error);
    }
    if (!caching->cache.storage)
        get_warn_cache(get, folder.len ? folder.at : "the cache", error);
    text_fini(&folder);
    caching->insistent = caching->cache;
    caching->insistent.mode = CACHE_REVALIDATE;
}

void get_keep_cache(struct get *get)
{
    struct get_caching *caching = &get->caching;

    if (!caching->cache.storage || storage_stands(caching->cache.storage))
        return;
    storage_close(caching->cache.storage);
    caching->cache.storage = NULL;
    get_open_cache(get);
}

/* ---- once ---- */

static int get_once(struct get *get)
{
    struct get_job *jobs = memory_new_zero(get->url_count * sizeof *jobs);
    int status = GET_FINE;
    bool placed = jobs != NULL;

    for (size_t i = 0; placed && i < get->url_count; i++) {
        jobs[i] = (struct get_job){.get = get, .url = get->urls[i]};
        placed = get_job_place(&jobs[i], i);
    }
    placed = placed && get_places_differ(jobs, get->url_count);
    if (placed)
        status = get_jobs_run(get, jobs, get->url_count, get_report)
                     ? get_jobs_status(get, jobs, get->url_count)
                     : GET_NETWORK;
    for (size_t i = 0; jobs && i < get->url_count; i++)
        get_job_fini(&jobs[i]);
    memory_free(jobs);
    return placed ? status : GET_USAGE;
}

static int get_go(struct get *get)
{
    if (get->group)
        return get_group(get);
    return get->showing.watch ? get_watch(get) : get_once(get);
}

/* How long the process may outlive its answers. */
static uint32_t get_behind_ms(const struct get *get)
{
    const uint64_t longest = get->patience.longest;

    return longest && longest < CLIENT_REFRESH_TIME_MAX ? (uint32_t)longest
                                                        : CLIENT_REFRESH_TIME_MAX;
}

int get_with(struct get *get)
{
    int status = GET_NETWORK;

    get->transfers = transfers_new(&get->setup);
    if (get->transfers && get_complete_request(get)) {
        get_heed_signals(get->transfers);
        get->caching.cache.transfers = get->transfers;
        get->caching.cache.now = get_now;
        get->caching.cache.lives = !get->showing.watch && !get->group;
        get->caching.cache.behind_ms = get_behind_ms(get);
        get->caching.cache.behind_size = get->size_max;
        get_open_cache(get);
        status = get_go(get);
        if (get->lost && (status == GET_FINE || status == GET_UNCHANGED))
            status = GET_HTTP;
        /* what is validated behind an answer goes on to its end, which behind_ms bounds */
        while (!get_stopped() && !transfers_run(get->transfers, -1))
            continue;
        storage_close(get->caching.cache.storage);
    } else {
        fprintf(stderr, "stet get: out of memory\n");
    }
    if (get->transfers && transfers_run(get->transfers, 0))
        transfers_free(get->transfers);
    return status;
}
