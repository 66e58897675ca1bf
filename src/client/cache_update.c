/* What a response says of stored ones: a 304 and a HEAD renew them, an unsafe request invalidates
 * them [RFC 9111 §4.3.4, RFC 9111 §4.3.5, RFC 9111 §4.4].
 *
 * What is renewed here, in memory, is what the caller is answered from, whether or not it can be
 * written to disk as well.
 */
#include "client/cache_parts.h"

#include "base/memory.h"
#include "stet/date.h"
#include "stet/invalidation.h"
#include "stet/update.h"
#include "stet/uri.h"

struct stet_arrival cache_arrival(const struct cache_fetch *fetch)
{
    const int64_t now = cache_now(fetch);
    return (struct stet_arrival){
        .requested = fetch->errand.requested, .received = now, .wall = now};
}

/* D-26: what has no date that can be read was made when it came [RFC 9110 §6.6.1]. */
bool cache_dated(const struct stet_head *head, int64_t wall, struct message *to)
{
    char date[STET_DATE_LENGTH];
    int64_t when;
    const bool has = stet_head_has(head, STET_FIELD_DATE) &&
                     stet_date_read(stet_head_single(head, STET_FIELD_DATE), wall, &when);

    for (size_t i = 0; i < head->count; i++)
        if ((has || head->fields[i].id != STET_FIELD_DATE) &&
            !message_add(to, head->fields[i].name, head->fields[i].value))
            return false;
    stet_date_write(wall, date);
    return has || message_add(to, stet_field_name(STET_FIELD_DATE), stet_span(date, sizeof date));
}

/* ---- 304 ---- */

/* Lays a head over that of an entry. STET_REASON_NONE: memory is out, nothing changed. */
static enum stet_reason fields_update(const struct cache_fetch *fetch, struct storage_entry *entry,
                                      const struct stet_head *fresh)
{
    const size_t room = entry->response.head.count + fresh->count + 1;
    struct stet_field *fields = memory_new(room * sizeof *fields);
    struct stet_head updated;
    struct message made = {0};
    enum stet_reason reason = STET_REASON_NONE;

    if (fields)
        reason = stet_update(&fetch->profile, &entry->response.head, fresh, fields, &updated);
    if (reason == STET_REASON_UPDATED) {
        if (message_add_all(&made, &updated)) {
            const struct message was = entry->response;
            entry->response = made;
            made = was;
        } else {
            reason = STET_REASON_NONE;
        }
    }
    message_fini(&made);
    memory_free(fields);
    return reason;
}

/* Its new head may still be stored. */
static bool is_storable(const struct cache_fetch *fetch, const struct storage_entry *entry)
{
    struct stet_request as = fetch->asking.as;
    const struct stet_response response = {entry->stored.status == 206 ? 200 : entry->stored.status,
                                           entry->response.head};
    as.method = entry->stored.method;
    const struct stet_transaction transaction = {
        .request = &as, .response = &response, .arrival = cache_arrival(fetch)};
    return stet_may_store(&fetch->profile, &transaction).allowed;
}

/* What may no longer be stored answers this one request, and is removed then. */
static void entry_save(struct cache_fetch *fetch, struct storage_entry *entry)
{
    entry->generation = fetch->errand.generation;
    if (is_storable(fetch, entry))
        storage_renew(fetch->cache->storage, cache_key(fetch), entry);
    else if (fetch->errand.doomed)
        storage_remove(fetch->cache->storage, cache_key(fetch), entry->number);
    else
        fetch->errand.doomed = entry->number;
}

static void entry_renew(struct cache_fetch *fetch, struct storage_entry *entry,
                        const struct stet_head *fresh)
{
    const struct stet_arrival arrival = cache_arrival(fetch);
    const struct stet_times times = stet_times_of(fresh, &arrival);
    stet_stored_renew(&entry->stored, &fetch->profile, &entry->response.head, &times);
}

/* False: its content is another one, it is gone. */
static bool entry_update(struct cache_fetch *fetch, size_t index, const struct stet_head *fresh)
{
    struct storage_entry *entry = fetch->found.entries[index];

    switch (fields_update(fetch, entry, fresh)) {
    case STET_REASON_UPDATED:
        break;
    case STET_REASON_DIGEST_DIFFERS: /* D-16 */
        storage_remove(fetch->cache->storage, cache_key(fetch), entry->number);
        return false;
    default:
        return true;
    }
    /* a new Vary looks at other fields of the request that was just answered */
    if (!fetch->found.candidates[index].other)
        return cache_selection(&entry->response.head, &fetch->asking.head.head, entry);
    return true;
}

bool cache_update(struct cache_fetch *fetch, const struct stet_validated *verdict,
                  const struct stet_head *fresh)
{
    struct message dated = {0};
    bool usable = cache_dated(fresh, cache_now(fetch), &dated);
    const bool made = usable;

    for (size_t i = 0; made && i < fetch->found.count; i++) {
        const uint32_t bit = UINT32_C(1) << i;
        struct storage_entry *entry = fetch->found.entries[i];
        if (!((verdict->update | verdict->renew) & bit))
            continue;
        if ((verdict->update & bit) && !entry_update(fetch, i, &dated.head)) {
            usable = usable && i != verdict->use;
            continue;
        }
        if (verdict->renew & bit)
            entry_renew(fetch, entry, &dated.head);
        entry_save(fetch, entry);
    }
    message_fini(&dated);
    return usable;
}

/* ---- HEAD ---- */

static void entry_by_head(struct cache_fetch *fetch, size_t index,
                          const struct stet_response *response)
{
    struct storage_entry *entry = fetch->found.entries[index];

    switch (stet_update_by_head(&entry->response.head, entry->length, response)) {
    case STET_REASON_UPDATED:
        if (!entry_update(fetch, index, &response->head))
            return;
        entry_renew(fetch, entry, &response->head);
        break;
    case STET_REASON_NOT_COMPARABLE:
        return;
    default: /* D-17 */
        stet_stored_expire(&entry->stored, cache_now(fetch));
        break;
    }
    entry_save(fetch, entry);
}

void cache_update_by_head(struct cache_fetch *fetch, const struct stet_response *response)
{
    struct message dated = {0};
    const struct cache_found *found = &fetch->found;

    if (cache_dated(&response->head, cache_now(fetch), &dated)) {
        const struct stet_response fresh = {response->status, dated.head};
        for (size_t i = 0; i < found->count; i++)
            if (!found->candidates[i].other && found->entries[i]->stored.status == 200 &&
                found->entries[i]->stored.method == STET_METHOD_GET)
                entry_by_head(fetch, i, &fresh);
    }
    message_fini(&dated);
}

/* ---- unsafe methods ---- */

static void mark(struct cache_fetch *fetch, const struct stet_request *target)
{
    const size_t room = target->scheme.len + target->authority.len + target->path.len +
                        target->query.len + (size_t)8;
    char *key = memory_new(room);
    if (!key)
        return;
    const size_t size = stet_uri_key(target, key, room);
    storage_mark(fetch->cache->storage, stet_span(key, size));
    memory_free(key);
}

void cache_invalidate(struct cache_fetch *fetch, const struct stet_response *response)
{
    struct stet_invalidation walk = stet_invalidation_of(&fetch->asking.as, response);
    struct stet_request target;
    char to[8192];

    if (!fetch->cache->storage || !fetch->asking.is_uri || walk.reason != STET_REASON_INVALIDATES)
        return;
    while (stet_invalidation_next(&walk, to, sizeof to, &target)) /* D-20 */
        mark(fetch, &target);
    fetch->errand.generation = cache_generation(fetch); /* our own marks are no news to us */
}
