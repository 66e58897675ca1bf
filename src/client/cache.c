/* A fetch: looks for what is stored, and answers from it, or asks.
 *
 *     select --> judge --> serve                                       fresh, or stale and allowed
 *                      --> refuse 504                                  nothing, and only-if-cached
 *                      --> plan --> ask --> land --> update --> serve        304
 *                                                --> keep                    all else
 *
 * Given up: one request for several fetches of a URL at the same time. A user of a command line who
 * asks for a URL twice at once gets it twice.
 */
#include "client/cache.h"

#include <stdio.h>

#include "base/memory.h"
#include "client/cache_parts.h"
#include "stet/uri.h"

/* ---- telling ---- */

void cache_tell(struct cache_fetch *fetch, int status, const struct stet_head *head)
{
    fetch->told = true;
    fetch->events->head(fetch->owner, status, head);
}

bool cache_tell_content(struct cache_fetch *fetch, struct stet_span bytes)
{
    if (!fetch->refuse && bytes.len)
        fetch->refuse = !fetch->events->content(fetch->owner, bytes);
    return !fetch->refuse;
}

static void fetch_free(struct cache_fetch *fetch)
{
    cache_keep_drop(fetch);
    storage_set_fini(&fetch->found.set);
    message_fini(&fetch->errand.head);
    message_fini(&fetch->asking.head);
    memory_free(fetch->found.key);
    memory_free(fetch->asking.method);
    memory_free(fetch->asking.url);
    memory_free(fetch->asking.address);
    memory_free(fetch);
}

void cache_end(struct cache_fetch *fetch)
{
    if (fetch->errand.doomed)
        storage_remove(fetch->cache->storage, cache_key(fetch), fetch->errand.doomed);
    fetch->events->end(fetch->owner, &fetch->outcome);
    fetch_free(fetch);
}

/* ---- asking ---- */

static bool copy(const char *text, char **to)
{
    if (!text)
        return true;
    const size_t size = strlen(text) + 1;
    *to = memory_new(size);
    if (*to)
        memcpy(*to, text, size);
    return *to != NULL;
}

static bool directive_add(struct message *to, const char *name, int64_t seconds)
{
    char text[64];
    const int size = seconds < 0 ? snprintf(text, sizeof text, "%s", name)
                                 : snprintf(text, sizeof text, "%s=%lld", name, (long long)seconds);
    return message_add(to, stet_field_name(STET_FIELD_CACHE_CONTROL),
                       stet_span(text, (size_t)size));
}

/* What goes out unasked is a part of the request as Vary sees it. */
static bool agent_add(const struct client_cache *cache, struct message *to)
{
    return !cache->user_agent || stet_head_has(&to->head, STET_FIELD_USER_AGENT) ||
           message_add(to, stet_field_name(STET_FIELD_USER_AGENT), stet_span_of(cache->user_agent));
}

/* What the user of this cache wants of all its answers stands in the request, where everyone on the
 * way can read it [RFC 9111 §5.2.1]. */
static bool directives_add(const struct client_cache *cache, struct message *to)
{
    return (cache->mode != CACHE_REVALIDATE || directive_add(to, "no-cache", -1)) &&
           (cache->mode != CACHE_OFFLINE || directive_add(to, "only-if-cached", -1)) &&
           (cache->max_age < 0 || directive_add(to, "max-age", cache->max_age)) &&
           (cache->stale_ok < 0 || directive_add(to, "max-stale", cache->stale_ok));
}

static void uri_read(struct cache_asking *asking)
{
    struct stet_uri uri;

    asking->is_uri = stet_uri_split(stet_span_of(asking->url), &uri);
    if (!asking->is_uri)
        return;
    asking->as.scheme = uri.scheme;
    asking->as.authority = uri.authority;
    asking->as.path = uri.path;
    asking->as.query = uri.query;
}

static bool asking_make(struct cache_fetch *fetch, const struct cache_request *request)
{
    struct cache_asking *asking = &fetch->asking;
    const struct transfer_request *from = &request->transfer;

    if (!copy(from->method, &asking->method) || !copy(from->url, &asking->url) ||
        !copy(from->address, &asking->address) ||
        (from->head && !message_add_all(&asking->head, from->head)) ||
        !agent_add(fetch->cache, &asking->head) || !directives_add(fetch->cache, &asking->head))
        return false;
    asking->content = from->content;
    asking->version = from->version;
    asking->fresh = from->fresh;
    asking->longest = from->longest;
    asking->quiet = request->quiet;
    uri_read(asking);
    asking->as.method_name = stet_span_of(asking->method);
    asking->as.method = stet_method_of(asking->as.method_name);
    asking->as.head = asking->head.head;
    asking->asked = stet_asked_of(&fetch->profile, &asking->as, from->content.at != NULL);
    return true;
}

static struct cache_fetch *fetch_new(struct client_cache *cache,
                                     const struct cache_request *request,
                                     const struct cache_events *events, void *owner)
{
    struct cache_fetch *fetch = memory_new_zero(sizeof *fetch);

    if (!fetch)
        return NULL;
    fetch->cache = cache;
    fetch->events = events;
    fetch->owner = owner;
    fetch->profile = stet_profile_private();
    fetch->keeping.part = -1;
    fetch->outcome.source = CACHE_SOURCE_NONE;
    if (asking_make(fetch, request) && cache_select(fetch))
        return fetch;
    fetch_free(fetch);
    return NULL;
}

/* ---- validating behind an answer ---- */

static void silent_head(void *owner, int status, const struct stet_head *head)
{
    (void)owner, (void)status, (void)head;
}

static bool silent_content(void *owner, struct stet_span bytes)
{
    const struct cache_fetch *behind = owner;
    const uint64_t most = behind->cache->behind_size;
    (void)bytes;

    return !most || behind->keeping.came <= most;
}

static void silent_end(void *owner, const struct cache_outcome *outcome)
{
    (void)owner, (void)outcome;
}

/* What was just served stale is validated [RFC 5861 §3]; nobody waits for that for long. */
static void refresh(const struct cache_fetch *fetch, const struct cache_request *answered)
{
    static const struct cache_events silent = {silent_head, silent_content, silent_end};
    const struct transfer_request *as = &answered->transfer;
    const struct cache_request request = {.transfer = {.method = "GET",
                                                       .url = as->url,
                                                       .head = as->head,
                                                       .address = as->address,
                                                       .version = as->version,
                                                       .longest = fetch->cache->behind_ms},
                                          .quiet = true};

    if (!fetch->cache->lives || fetch->asking.asked.only_if_cached) /* [RFC 9111 §5.2.1.7] */
        return;
    struct cache_fetch *behind = fetch_new(fetch->cache, &request, &silent, NULL);
    if (!behind)
        return;
    behind->owner = behind;
    if (!cache_ask(behind, cache_plan(behind)))
        fetch_free(behind);
}

/* ---- the fetch ---- */

static bool go_on(struct cache_fetch *fetch, struct cache_fetch **to)
{
    if (cache_ask(fetch, cache_plan(fetch))) {
        *to = fetch;
        return true;
    }
    fetch_free(fetch);
    return false;
}

static bool refused(struct cache_fetch *fetch, enum stet_reason reason)
{
    cache_refuse(fetch, 504, reason); /* [RFC 9111 §5.2.1.7] */
    cache_end(fetch);
    return true;
}

/* What was to answer is damaged: nothing is stored. */
static bool go_on_without(struct cache_fetch *fetch, struct cache_fetch **to)
{
    fetch->found.best = NULL;
    fetch->found.count = 0;
    const struct stet_reuse reuse = cache_judge(fetch);
    fetch->outcome.reason = reuse.reason;
    if (reuse.answer == STET_REUSE_FORWARD)
        return go_on(fetch, to);
    return refused(fetch, reuse.reason);
}

bool cache_fetch(struct client_cache *cache, const struct cache_request *request,
                 const struct cache_events *events, void *owner, struct cache_fetch **to)
{
    struct cache_fetch *fetch = fetch_new(cache, request, events, owner);

    *to = NULL;
    if (!fetch)
        return false;
    const struct stet_reuse reuse = cache_judge(fetch);
    fetch->outcome.reason = reuse.reason;
    switch (reuse.answer) {
    case STET_REUSE_FRESH:
    case STET_REUSE_STALE:
    case STET_REUSE_REFRESH:
        if (!cache_serve(fetch, fetch->found.best, &reuse))
            return go_on_without(fetch, to);
        if (reuse.answer == STET_REUSE_REFRESH)
            refresh(fetch, request);
        cache_end(fetch);
        return true;
    case STET_REUSE_TIMEOUT:
    case STET_REUSE_ERROR:
        return refused(fetch, reuse.reason);
    case STET_REUSE_VALIDATE:
    case STET_REUSE_FORWARD:
        break;
    }
    return go_on(fetch, to);
}

bool cache_answers(struct client_cache *cache, const struct cache_request *request)
{
    struct cache_fetch *fetch = fetch_new(cache, request, NULL, NULL);

    if (!fetch)
        return false;
    const enum stet_reuse_answer answer = cache_judge(fetch).answer;
    fetch_free(fetch);
    return answer == STET_REUSE_FRESH || answer == STET_REUSE_STALE || answer == STET_REUSE_REFRESH;
}

uint16_t cache_fetch_version(const struct cache_fetch *fetch)
{
    return fetch->errand.transfer ? transfer_version(fetch->errand.transfer) : 0;
}

void cache_fetch_cancel(struct cache_fetch *fetch)
{
    fetch->refuse = true;
    if (fetch->errand.transfer)
        transfer_cancel(fetch->errand.transfer);
}
