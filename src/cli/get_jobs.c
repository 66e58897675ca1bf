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

static void get_job_done(void *owner, const struct download_result *result)
{
    struct get_job *job = owner;

    job->download = NULL;
    job->done = true;
    job->status = get_status_of(job->get, result);
    job->result = *result;
    job->retry_after = pace_retry_after(&result->head.head, get_now() / 1000000000);
    get_jobs_each(job, result);
}

void get_job_fini(struct get_job *job)
{
    output_free(job->output);
    memory_free(job->file);
    *job = (struct get_job){0};
}

/* ---- the beginning of one ---- */

static const char *get_method(const struct get *get)
{
    if (get->request.method)
        return get->request.method;
    if (get->request.head_only)
        return "HEAD";
    return get->request.has_content ? "POST" : "GET";
}

static bool get_job_begin(struct get_job *job)
{
    struct get *get = job->get;
    const struct get_request *request = &get->request;
    const bool show_head = get->placing.head || request->head_only;

    job->begun = true;
    if (!job->output)
        job->output = job->spool ? output_new_spool() : output_new(job->file);
    const struct download_request wanted = {
        .cache = &get->caching.cache,
        .output = job->output,
        .method = get_method(get),
        .url = job->url,
        .head = &request->head.head,
        .content = request->has_content ? stet_span(request->content.at ? request->content.at : "",
                                                    request->content.len)
                                        : STET_SPAN_NONE,
        .redirects_max = get->follow ? (unsigned)get->redirects : 0,
        .size_max = get->size_max,
        .show_head = show_head,
        .fail = get->showing.fail,
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

static bool get_fits(const struct get *get, const struct get_job *jobs, size_t index)
{
    const size_t running = get_running(jobs, index);

    if (running >= get->parallel)
        return false;
    for (size_t i = 0; i < index && !jobs[index].file; i++)
        if (!jobs[i].done && !jobs[i].file)
            return false;
    return true;
}

static void get_begin_some(struct get *get, struct get_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].begun || !get_fits(get, jobs, i))
            continue;
        if (!get_job_begin(&jobs[i])) {
            const struct download_result failed = {.end = DOWNLOAD_NETWORK,
                                                   .words = "out of memory",
                                                   .url = jobs[i].url,
                                                   .redirect_url = ""};
            get_job_done(&jobs[i], &failed);
        }
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
        transfers_run(get->transfers, GET_TURN_MS);
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

/* ---- words ---- */

/* A reason in words, and the law it rests on. */
static void get_say_reason(enum stet_reason reason)
{
    const struct stet_span sentence = stet_reason_sentence(reason), law = stet_reason_law(reason);

    fprintf(stderr, "* cache: %.*s%s%.*s%s\n", (int)sentence.len, sentence.at, law.len ? " [" : "",
            (int)law.len, law.at, law.len ? "]" : "");
}

static void get_verbose(const struct download_result *result)
{
    static const char *const sources[] = {
        [CACHE_SOURCE_NETWORK] = "from the network",
        [CACHE_SOURCE_STORED] = "from the cache, still fresh",
        [CACHE_SOURCE_VALIDATED] = "from the cache, not modified",
        [CACHE_SOURCE_STALE] = "from the cache, stale",
        [CACHE_SOURCE_COMPLETED] = "from the cache, and the rest from the network",
        [CACHE_SOURCE_NONE] = "from nowhere",
    };
    const enum stet_reason storing = result->outcome.storing;

    fprintf(stderr, "* cache: %s\n", sources[result->source]);
    get_say_reason(result->reason);
    if (storing != STET_REASON_NONE)
        get_say_reason(storing);
}

void get_report(struct get_job *job, const struct download_result *result)
{
    const struct get_showing *showing = &job->get->showing;
    struct text text = {0};

    if (showing->verbose)
        get_verbose(result);
    if (result->end == DOWNLOAD_HTTP && (!showing->silent || showing->show_error))
        fprintf(stderr, "stet get: %s: the server answers %d\n", result->url, result->status);
    else if (result->words[0] && (!showing->silent || showing->show_error))
        fprintf(stderr, "stet get: %s: %s\n", result->url, result->words);
    if (!showing->write_out)
        return;
    get_write_out(showing->write_out, job, result, &text);
    fwrite(text.at, 1, text.len, stdout);
    fflush(stdout);
    text_fini(&text);
}
