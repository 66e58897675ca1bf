/* The URLs of one `stet get`: which are fetched when, and what their ends mean.
 *
 * Content that goes to standard output goes there in the order of the URLs, so such URLs are
 * fetched one after the other; files do not mind.
 */
#include "cli/get.h"

#include "base/memory.h"
#include "client/pace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GET_TURN_MS = 100 };

/* The one run there is: who is told of jobs. */
static void (*get_jobs_each)(struct get_job *job, const struct download_result *result);

static const char *get_method(const struct get *get)
{
    if (get->request.method)
        return get->request.method;
    if (get->request.head_only)
        return "HEAD";
    return get->request.has_content ? "POST" : "GET";
}

/* ---- the end of one ---- */

static int get_status_of(const struct get *get, const struct download_result *result)
{
    switch (result->end) {
    case DOWNLOAD_HTTP:
        return GET_HTTP;
    case DOWNLOAD_NETWORK:
    case DOWNLOAD_CANCELLED:
        return GET_NETWORK;
    case DOWNLOAD_OUTPUT:
        return GET_HTTP;
    case DOWNLOAD_DONE:
        break;
    }
    return get->showing.changed && !result->changed ? GET_UNCHANGED : GET_FINE;
}

/* What this asks for must not be done twice [RFC 9110 §9.2.2]. */
static bool get_is_once(const struct get *get)
{
    return !stet_method_is_idempotent(stet_method_of(stet_span_of(get_method(get))));
}

/* What would be sent again may have been done already, if it got that far: to another server as
 * well, that has sent us on to the one that cannot be reached. */
static bool get_may_repeat(const struct get *get, const struct download_result *result)
{
    switch (result->outcome.transfer.result) {
    case TRANSFER_NAME:
    case TRANSFER_CONNECT:
        return !get_is_once(get) || result->redirects == 0;
    case TRANSFER_TIMEOUT:
    case TRANSFER_BROKEN:
        return !get_is_once(get);
    default:
        return false;
    }
}

/* It failed in a way that may pass, and nothing of the answer has been written. */
static bool get_tries_again(const struct get_job *job, const struct download_result *result)
{
    const struct get *get = job->get;

    if (job->tries >= get->patience.retries || get_stopped() ||
        (output_is_stream(job->output) && output_length(job->output) > 0))
        return false;
    if (result->end == DOWNLOAD_HTTP)
        return download_may_pass(get_is_once(get), result, result->status);
    return job->late ? !get_is_once(get)
                     : result->end == DOWNLOAD_NETWORK && get_may_repeat(get, result);
}

static void get_job_again(struct get_job *job, const struct download_result *result)
{
    const struct pace pace = {.interval = (int64_t)job->get->patience.delay,
                              .retry_after =
                                  pace_retry_after(&result->head.head, get_now() / 1000000000),
                              .failures = job->tries,
                              .random = get_random()};
    const int64_t pause = pace_next(&pace);

    job->tries++;
    job->begun = job->late = false;
    job->next = get_steady_ms() + pause;
    get_say_retry(job, result, pause);
    output_free(job->output);
    job->output = NULL;
}

static void get_job_end(struct get_job *job, const struct download_result *result)
{
    job->done = true;
    job->status = get_status_of(job->get, result);
    job->result = *result;
    job->retry_after = pace_retry_after(&result->head.head, get_now() / 1000000000);
    get_jobs_each(job, result);
}

static void get_job_done(void *owner, const struct download_result *result)
{
    struct get_job *job = owner;
    struct download_result told = *result;

    job->download = NULL;
    if (job->late && result->end == DOWNLOAD_CANCELLED) {
        told.end = DOWNLOAD_NETWORK;
        told.words = "it took longer than --max-time";
    }
    if (get_tries_again(job, &told))
        get_job_again(job, &told);
    else
        get_job_end(job, &told);
}

void get_job_fini(struct get_job *job)
{
    output_free(job->output);
    memory_free(job->file);
    *job = (struct get_job){0};
}

/* ---- the beginning of one ---- */

static bool get_job_begin(struct get_job *job)
{
    struct get *get = job->get;
    const struct get_request *request = &get->request;
    const bool show_head = get->placing.head || request->head_only;

    job->begun = true;
    job->began = get_steady();
    if (!job->output)
        job->output = job->spool ? output_new_spool() : output_new(job->file);
    const bool insists = job->tries && get->caching.cache.mode == CACHE_USUAL;
    const struct download_request wanted = {
        .cache = insists ? &get->caching.insistent : &get->caching.cache,
        .output = job->output,
        .method = get_method(get),
        .url = job->url,
        .head = &request->head.head,
        .content = request->has_content ? stet_span(request->content.at ? request->content.at : "",
                                                    request->content.len)
                                        : STET_SPAN_NONE,
        .follow = get->follow,
        .redirects_max = (unsigned)get->redirects,
        .size_max = get->size_max,
        .show_head = show_head,
        .fail = get->showing.fail,
        .hold = job->tries < get->patience.retries,
        .once = get_is_once(get),
        .decode = !request->identity,
        .resume = !show_head,
    };
    return job->output && download_start(&wanted, get_job_done, job, &job->download);
}

/* ---- all of them ---- */

static size_t get_running(const struct get_job *jobs, size_t count)
{
    size_t running = 0;

    for (size_t i = 0; i < count; i++)
        running += jobs[i].begun && !jobs[i].done;
    return running;
}

static void get_begin_some(struct get *get, struct get_job *jobs, size_t count)
{
    const int64_t now = get_steady_ms();
    size_t running = 0;
    bool speaks = false; /* one before has standard output */

    for (size_t i = 0; i < count && running < get->parallel; i++) {
        struct get_job *job = &jobs[i];
        const bool fits = !job->begun && job->next <= now && (job->file || !speaks);
        if (fits && !get_job_begin(job)) {
            const struct download_result failed = {.end = DOWNLOAD_NETWORK,
                                                   .words = "out of memory",
                                                   .url = job->url,
                                                   .redirect_url = ""};
            get_job_end(job, &failed);
        }
        running += job->begun && !job->done;
        speaks |= !job->done && !job->file;
    }
}

static void get_cancel_all(struct get *get, struct get_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (jobs[i].download)
            download_cancel(jobs[i].download);
    while (!transfers_run(get->transfers, -1))
        continue;
}

static bool get_all_done(const struct get_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!jobs[i].done)
            return false;
    return true;
}

/* What takes longer than it may is ended. */
static void get_cancel_late(const struct get *get, struct get_job *jobs, size_t count)
{
    const int64_t longest = (int64_t)get->patience.longest, now = get_steady_ms();

    for (size_t i = 0; longest && i < count; i++)
        if (jobs[i].download && !jobs[i].late && now - jobs[i].began / 1000000 >= longest) {
            jobs[i].late = true;
            download_cancel(jobs[i].download);
        }
}

/* Lets time pass: until something comes, or somebody is late, or may begin. */
static void get_turn(struct get *get, struct get_job *jobs, size_t count)
{
    const int64_t now = get_steady_ms();
    int64_t least = GET_TURN_MS;
    bool ready = false; /* somebody begins as soon as another has ended */

    for (size_t i = 0; i < count; i++) {
        int64_t when = jobs[i].next;
        ready |= !jobs[i].begun && when <= now;
        if (jobs[i].download && get->patience.longest)
            when = jobs[i].began / 1000000 + (int64_t)get->patience.longest;
        if (!jobs[i].done && when > now && when - now < least)
            least = when - now;
    }
    const bool idle = transfers_run(get->transfers, (int)least);
    if (idle && !ready && !get_all_done(jobs, count) && get_running(jobs, count) == 0)
        get_sleep(least);
    get_cancel_late(get, jobs, count);
}

bool get_jobs_run(struct get *get, struct get_job *jobs, size_t count,
                  void (*each)(struct get_job *job, const struct download_result *result))
{
    struct get_progress progress;

    get_jobs_each = each;
    get_progress_begin(&progress, get);
    while (!get_all_done(jobs, count) && !get_stopped()) {
        get_begin_some(get, jobs, count);
        if (get_all_done(jobs, count))
            break;
        get_turn(get, jobs, count);
        get_progress_show(&progress, jobs, count);
    }
    get_progress_end(&progress);
    if (!get_stopped())
        return true;
    get_cancel_all(get, jobs, count);
    return false;
}

int get_jobs_status(const struct get *get, const struct get_job *jobs, size_t count)
{
    int worst = GET_FINE;
    bool changed = false;

    for (size_t i = 0; i < count; i++) {
        changed |= jobs[i].status == GET_FINE;
        if (jobs[i].status != GET_UNCHANGED && jobs[i].status > worst)
            worst = jobs[i].status;
    }
    if (worst != GET_FINE)
        return worst;
    return get->showing.changed && !changed ? GET_UNCHANGED : GET_FINE;
}
