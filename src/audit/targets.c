/* Counts URLs: a map from each to its numbers, and a table of who had what.
 *
 * When the map is full, the rarer half goes. A URL that is forgotten and comes again begins anew,
 * so what counts few may be counted too low; what is asked for most never falls into that half. Who
 * had what is one table of fingerprints, each in the one slot its hash names: another one in the
 * same slot takes its place, and repeats are then counted too low. (Clients who share an address
 * are one here.)
 *
 * Given up: exact counts by sorting on disk. The audit looks at some dozens of URLs.
 */
#include "audit/targets.h"

#include "audit/inputlimit.h"
#include "base/memory.h"
#include "base/siphash.h"
#include "stet/uri.h"

#include <stdlib.h>

/* Fingerprints are told apart by them alone, and who writes a log can at most hide repeats. */
static const uint64_t targets_seed[2] = {0x73746574, 0x6c657420697420};

/* Octets of the table of who had what; pages that nobody comes to take no memory. */
static size_t targets_visits_size(void)
{
    return inputlimit(INPUTLIMIT_VISITS) * sizeof(uint64_t);
}

void targets_init(struct targets *targets, size_t most)
{
    *targets = (struct targets){.most = most};
    map_init(&targets->map, targets_seed);
}

static void target_free(struct target *target)
{
    memory_free(target->url);
    memory_free(target);
}

void targets_fini(struct targets *targets)
{
    struct target *target;

    for (size_t cursor = 0; (target = map_next(&targets->map, &cursor)) != NULL;)
        target_free(target);
    map_fini(&targets->map);
    if (targets->visits)
        memory_free_pages(targets->visits, targets_visits_size());
    memory_free(targets->list);
    *targets = (struct targets){0};
}

static int target_order(const void *a, const void *b)
{
    const struct target *one = *(struct target *const *)a, *other = *(struct target *const *)b;

    if (one->requests != other->requests)
        return one->requests > other->requests ? -1 : 1;
    return one->order < other->order ? -1 : 1;
}

struct target *const *targets_list(struct targets *targets, size_t *count)
{
    struct target *target;

    *count = 0;
    memory_free(targets->list);
    targets->list = memory_new((targets->map.count + 1) * sizeof *targets->list);
    if (!targets->list)
        return NULL;
    for (size_t cursor = 0; (target = map_next(&targets->map, &cursor)) != NULL;)
        targets->list[(*count)++] = target;
    qsort(targets->list, *count, sizeof *targets->list, target_order);
    return targets->list;
}

/* Forgets the rarer half. */
static bool targets_thin(struct targets *targets)
{
    size_t count;
    struct target *const *list = targets_list(targets, &count);

    if (!list)
        return false;
    for (size_t i = count / 2; i < count; i++) {
        map_remove(&targets->map, list[i]->url, strlen(list[i]->url));
        target_free(list[i]);
        targets->forgotten++;
    }
    memory_free(targets->list);
    targets->list = NULL;
    return true;
}

static struct target *targets_new(struct targets *targets, struct stet_span url)
{
    if (targets->map.count >= targets->most && !targets_thin(targets))
        return NULL;
    struct target *target = memory_new_zero(sizeof *target);
    if (!target)
        return NULL;
    target->url = memory_new(url.len + 1);
    if (target->url) {
        memcpy(target->url, url.at, url.len);
        target->url[url.len] = '\0';
    }
    if (!target->url || !map_put(&targets->map, target->url, url.len, target)) {
        target_free(target);
        return NULL;
    }
    target->order = ++targets->order;
    return target;
}

/* The target of a URL, found or made; NULL and `*result` if there can be none. */
static struct target *targets_of(struct targets *targets, struct stet_span *url,
                                 enum targets_result *result)
{
    struct stet_uri uri;

    *result = TARGETS_UNFIT;
    if (url->len > inputlimit(INPUTLIMIT_URL) || !stet_uri_split(*url, &uri))
        return NULL;
    url->len = stet_span_find(*url, '#'); /* no server is told of it [RFC 9110 §7.1] */
    struct target *target = map_find(&targets->map, url->at, url->len);
    if (!target)
        target = targets_new(targets, *url);
    *result = target ? TARGETS_TAKEN : TARGETS_MEMORY;
    return target;
}

enum targets_result targets_add(struct targets *targets, struct stet_span url)
{
    enum targets_result result;
    struct target *target = targets_of(targets, &url, &result);

    if (target)
        target->requests++;
    return result;
}

/* Notes that a client has got this content; true if it had it before. Without memory for the table
 * nothing is a repeat. */
static bool targets_had(struct targets *targets, const struct target_visit *visit,
                        struct stet_span url)
{
    const size_t slots = inputlimit(INPUTLIMIT_VISITS);
    const uint64_t who[3] = {siphash(targets_seed, visit->client.at, visit->client.len),
                             siphash(targets_seed, url.at, url.len), visit->octets};
    const uint64_t print = siphash(targets_seed, who, sizeof who);

    if (!targets->visits)
        targets->visits = memory_new_pages(targets_visits_size());
    if (!targets->visits)
        return false;
    uint64_t *slot = &targets->visits[print % slots];
    const bool had = *slot == print;
    *slot = print;
    return had;
}

enum targets_result targets_visit(struct targets *targets, const struct target_visit *visit)
{
    enum targets_result result;
    struct stet_span url = visit->url;
    struct target *target = targets_of(targets, &url, &result);

    if (!target)
        return result;
    target->requests++;
    target->validated += visit->status == 304;
    if (visit->status == 200 && visit->octets > 0 && targets_had(targets, visit, url)) {
        target->repeats++;
        target->octets += visit->octets;
    }
    return result;
}
