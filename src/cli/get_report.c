/* What `stet get` says of a URL on standard error, and what --write-out wants.
 */
#include "cli/get.h"

#include "base/units.h"
#include "client/statusline.h"

#include <stdio.h>

/* A reason in words, and the law it rests on. */
static void get_say_reason(enum stet_reason reason)
{
    const struct stet_span sentence = stet_reason_sentence(reason), law = stet_reason_law(reason);

    fprintf(stderr, "* cache: %.*s%s%.*s%s\n", (int)sentence.len, sentence.at, law.len ? " [" : "",
            (int)law.len, law.at, law.len ? "]" : "");
}

/* The head of an answer that did not come as it is: "<" is for what came. */
static void get_say_head(const struct download_result *result)
{
    const struct stet_head *head = &result->head.head;
    char line[STATUSLINE_ROOM];

    statusline_write(0, result->status, line);
    fprintf(stderr, "= %s\n", line);
    for (size_t i = 0; i < head->count; i++)
        fprintf(stderr, "= %.*s: %.*s\n", (int)head->fields[i].name.len, head->fields[i].name.at,
                (int)head->fields[i].value.len, head->fields[i].value.at);
    fprintf(stderr, "=\n");
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
    if (result->source != CACHE_SOURCE_NETWORK && result->source != CACHE_SOURCE_NONE)
        get_say_head(result);
}

static void get_say_failure(const struct download_result *result)
{
    const char *phrase = statusline_phrase(result->status);

    if (result->end == DOWNLOAD_HTTP)
        fprintf(stderr, "stet get: %s: the server answers %d%s%s\n", result->url, result->status,
                phrase[0] ? " " : "", phrase);
    else if (result->words[0])
        fprintf(stderr, "stet get: %s: %s\n", result->url, result->words);
}

void get_say_retry(const struct get_job *job, const struct download_result *result, int64_t pause)
{
    const struct get_showing *showing = &job->get->showing;
    char time[UNITS_TEXT];

    if (showing->silent && !showing->show_error)
        return;
    get_say_failure(result);
    units_write_duration((uint64_t)(pause < 1000 ? pause : (pause + 999) / 1000 * 1000), time);
    fprintf(stderr, "stet get: %s: once more in %s\n", result->url, time);
}

bool get_print(struct get *get, const char *bytes, size_t size)
{
    if (fwrite(bytes, 1, size, stdout) == size && fflush(stdout) == 0)
        return true;
    if (!get->lost)
        perror("stet get: cannot write to standard output");
    get->lost = true;
    return false;
}

void get_report(struct get_job *job, const struct download_result *result)
{
    const struct get_showing *showing = &job->get->showing;
    struct text text = {0};

    if (showing->verbose)
        get_verbose(result);
    if (!showing->silent || showing->show_error)
        get_say_failure(result);
    if (!showing->write_out)
        return;
    get_write_out(showing->write_out, job, result, &text);
    if (text.len)
        get_print(job->get, text.at, text.len);
    text_fini(&text);
}
