/* Sends the request of a fetch: as the caller wants it, with conditions for what is stored, or for
 * what of it is missing.
 *
 * All tags that are stored for the URL and this user go in one If-None-Match [RFC 9111 §4.3.1]. A
 * range of something stored whole is not asked for: the whole is validated, then sliced (D-18).
 * If it turns out to be another one the range is asked for after all; and at once where nothing
 * that is stored fits the request.
 *
 * Given up: validating what answers HEAD. HEAD goes on as it came, and tells what it tells (D-17).
 */
#include "client/cache_parts.h"

#include <stdio.h>

#include "base/memory.h"
#include "client/limit.h"
#include "stet/range.h"

static bool add(struct message *to, enum stet_field_id id, struct stet_span value)
{
    return message_add(to, stet_field_name(id), value);
}

/* ---- plan ---- */

/* Nothing that is stored is asked about, so nothing is judged by the answer. */
static void plan_nothing(struct cache_fetch *fetch)
{
    fetch->found.count = 0;
    fetch->errand.plan =
        stet_validation_of(&fetch->asking.as, &(const struct stet_candidates){NULL, 0});
}

static bool plan_gap(struct cache_fetch *fetch)
{
    struct cache_errand *errand = &fetch->errand;
    for (size_t i = 0; i < fetch->found.count; i++) {
        struct storage_entry *entry = fetch->found.entries[i];
        struct stet_parts parts = {.length = entry->length};
        if (!entry->stored.partial || fetch->found.candidates[i].other || !entry->content_size ||
            entry->stored.marked ||
            !stet_parts_add(
                &parts, (struct stet_range){entry->first, entry->first + entry->content_size - 1}))
            continue;
        if (!stet_completion_of(&fetch->asking.as, &entry->response.head, &parts,
                                &errand->completion))
            continue;
        errand->part = entry;
        return true;
    }
    return false;
}

enum cache_way cache_plan(struct cache_fetch *fetch)
{
    const struct stet_candidates candidates = {fetch->found.candidates, fetch->found.count};
    struct cache_errand *errand = &fetch->errand;

    errand->plan = stet_validation_of(&fetch->asking.as, &candidates);
    if (!fetch->found.best && plan_gap(fetch)) {
        errand->plan.asks = false;
        return CACHE_GAP;
    }
    if (!fetch->found.best && fetch->asking.asked.range)
        plan_nothing(fetch);
    return errand->plan.asks ? CACHE_CONDITIONS : CACHE_AS_IT_IS;
}

/* ---- head ---- */

static bool is_dropped(const struct cache_errand *errand, enum stet_field_id id)
{
    if (errand->way == CACHE_GAP)
        return id == STET_FIELD_RANGE;
    return stet_validation_drops(&errand->plan, id);
}

static bool conditions_add(struct cache_fetch *fetch)
{
    struct cache_errand *errand = &fetch->errand;
    const struct stet_candidates candidates = {fetch->found.candidates, fetch->found.count};
    const size_t size =
        stet_validation_tags(&errand->plan, &fetch->asking.as, &candidates, NULL, 0);
    bool done = true;

    if (size) {
        char *tags = memory_new(size);
        if (!tags)
            return false;
        stet_validation_tags(&errand->plan, &fetch->asking.as, &candidates, tags, size);
        done = add(&errand->head, STET_FIELD_IF_NONE_MATCH, stet_span(tags, size));
        memory_free(tags);
    }
    if (done && errand->plan.modified.at)
        done = add(&errand->head, STET_FIELD_IF_MODIFIED_SINCE, errand->plan.modified);
    if (done && errand->way == CACHE_END_TO_END)
        done = add(&errand->head, STET_FIELD_CACHE_CONTROL, STET_SPAN("max-age=0"));
    return done;
}

static bool gap_add(struct cache_errand *errand)
{
    char range[64];
    const int size = snprintf(range, sizeof range, "bytes=%llu-%llu",
                              (unsigned long long)errand->completion.gap.first,
                              (unsigned long long)errand->completion.gap.last);
    return add(&errand->head, STET_FIELD_RANGE, stet_span(range, (size_t)size)) &&
           add(&errand->head, STET_FIELD_IF_RANGE, errand->completion.tag); /* [RFC 9110 §13.1.5] */
}

static bool head_make(struct cache_fetch *fetch)
{
    struct cache_errand *errand = &fetch->errand;
    const struct stet_head *wanted = &fetch->asking.head.head;

    message_fini(&errand->head);
    for (size_t i = 0; i < wanted->count; i++)
        if (!is_dropped(errand, wanted->fields[i].id) &&
            !message_add(&errand->head, wanted->fields[i].name, wanted->fields[i].value))
            return false;
    if (errand->way == CACHE_GAP)
        return gap_add(errand);
    return errand->way == CACHE_AS_IT_IS || conditions_add(fetch);
}

/* ---- sending ---- */

bool cache_ask(struct cache_fetch *fetch, enum cache_way way)
{
    const struct cache_asking *asking = &fetch->asking;
    struct cache_errand *errand = &fetch->errand;

    errand->way = way;
    errand->then = CACHE_THEN_END;
    errand->heard = errand->deaf = false;
    if (way == CACHE_AS_IT_IS && fetch->outcome.requests > 0)
        plan_nothing(fetch);
    if (!head_make(fetch) || fetch->outcome.requests == CLIENT_REQUESTS_MAX)
        return false;
    const struct transfer_request request = {.method = asking->method,
                                             .url = asking->url,
                                             .head = &errand->head.head,
                                             .content = asking->content,
                                             .address = asking->address,
                                             .version = asking->version,
                                             .longest = asking->longest,
                                             .fresh = asking->fresh};
    errand->requested = cache_now(fetch);
    errand->generation = cache_generation(fetch);
    errand->transfer = transfer_start(fetch->cache->transfers, &request, &cache_landing, fetch);
    fetch->outcome.requests += errand->transfer != NULL;
    return errand->transfer != NULL;
}
