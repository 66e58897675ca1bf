/* stet get: a client like curl, with a private cache that is a true one.
 */
#include "cli/get.h"

#include "base/memory.h"
#include "stet/base64.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* ---- clock and signals ---- */

int64_t get_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static volatile sig_atomic_t get_stop;
static struct transfers *get_transfers; /* for the handler alone */

bool get_stopped(void)
{
    return get_stop;
}

static void get_on_signal(int number)
{
    (void)number;
    get_stop = 1;
    transfers_stop(get_transfers);
}

static void get_heed_signals(struct transfers *transfers)
{
    struct sigaction action = {.sa_handler = get_on_signal, .sa_flags = SA_RESETHAND};

    get_transfers = transfers;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
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

/* ---- where content goes ---- */

/* The last piece of a URL's path; NULL if there is none that can be a name. */
static char *get_name_of(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = strchr(host ? host + 3 : url, '/');
    const size_t len = path ? strcspn(path, "?#") : 0;
    const char *slash = path ? memrchr(path, '/', len) : NULL;
    char *name = slash ? get_copy(slash + 1) : NULL;

    if (name)
        name[len - (size_t)(slash + 1 - path)] = '\0';
    if (!name || !name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        memory_free(name);
        return NULL;
    }
    return name;
}

/* With the folder of --output-dir before it. Takes `name`. */
static char *get_in_folder(const struct get *get, char *name)
{
    struct text path = {0};

    if (!get->placing.folder || !name || strcmp(name, "-") == 0)
        return name;
    text_say(&path, "%s/%s%c", get->placing.folder, name, '\0');
    memory_free(name);
    if (path.failed)
        text_fini(&path);
    return path.at;
}

bool get_job_place(struct get_job *job, size_t index)
{
    const struct get_placing *placing = &job->get->placing;
    char *name;

    if (index >= placing->count && !placing->named)
        return true;
    name = index < placing->count ? get_copy(placing->files[index]) : get_name_of(job->url);
    if (!name) {
        fprintf(stderr, "stet get: %s has no name for a file; -o FILE gives it one\n", job->url);
        return false;
    }
    job->file = get_in_folder(job->get, name);
    if (job->file && strcmp(job->file, "-") == 0) {
        memory_free(job->file);
        job->file = NULL;
    }
    return true;
}

/* ---- the cache ---- */

/* Makes a folder for this user, and those above it. */
static void get_make_folder(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

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
        get_make_folder(folder.at);
        caching->cache.storage = storage_open(folder.at, caching->size, &error);
    }
    if (!caching->cache.storage)
        get_warn_cache(get, folder.len ? folder.at : "the cache", error);
    text_fini(&folder);
}

/* ---- the request ---- */

static bool get_add(struct get *get, const char *name, const char *value)
{
    return stet_head_named(&get->request.head.head, stet_span_of(name)) ||
           message_add(&get->request.head, stet_span_of(name), stet_span_of(value));
}

static bool get_add_user(struct get *get)
{
    const char *user = get->request.user;
    char *value;

    if (!user || stet_head_has(&get->request.head.head, STET_FIELD_AUTHORIZATION))
        return true;
    const size_t size = stet_base64_room(strlen(user));
    value = memory_new(6 + size);
    if (!value)
        return false;
    memcpy(value, "Basic ", 6); /* [RFC 7617 §2] */
    stet_base64_encode(user, strlen(user), value + 6);
    const bool well =
        message_add(&get->request.head, STET_SPAN("Authorization"), stet_span(value, 6 + size));
    memory_free(value);
    return well;
}

static bool get_complete_request(struct get *get)
{
    const struct get_request *request = &get->request;
    const char *type = request->json ? "application/json" : "application/x-www-form-urlencoded";

    return get_add_user(get) && (!request->has_content || get_add(get, "Content-Type", type)) &&
           get_add(get, "Accept", request->json ? "application/json" : "*/*") &&
           !request->content.failed;
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

int get_with(struct get *get)
{
    int status = GET_NETWORK;

    get->transfers = transfers_new(&get->setup);
    if (get->transfers && get_complete_request(get)) {
        get_heed_signals(get->transfers);
        get->caching.cache.transfers = get->transfers;
        get->caching.cache.now = get_now;
        get->caching.cache.lives = !get->showing.watch && !get->group;
        get_open_cache(get);
        status = get_go(get);
        /* what is validated behind an answer goes on to its end */
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
