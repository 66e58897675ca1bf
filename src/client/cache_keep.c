/* Stores a response while it comes.
 *
 * Whether it may be is asked of its head, when that has come, and again when the content has ended
 * or broken off. What broke off is kept if what is missing can be asked for later, by a range and a
 * strong tag (D-19); it is never taken for the whole. How much has come is held against what the
 * head said.
 *
 * What could not be written, for want of space or a permission, is told to the caller all the same.
 *
 * A part is stored as one stretch. A 206 that completes it makes a new one of both: the old octets
 * are copied, the new ones follow as they come.
 */
#include "client/cache_parts.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "stet/parts.h"
#include "stet/update.h"

static struct stet_transaction transaction_of(const struct cache_fetch *fetch,
                                              const struct stet_response *response)
{
    return (struct stet_transaction){.request = &fetch->asking.as,
                                     .response = response,
                                     .arrival = fetch->keeping.arrival,
                                     .request_content = fetch->asking.asked.content};
}

void cache_keep_drop(struct cache_fetch *fetch)
{
    struct cache_keeping *keeping = &fetch->keeping;

    if (keeping->draft)
        storage_abandon(keeping->draft);
    storage_entry_fini(&keeping->entry);
    if (keeping->part >= 0)
        close(keeping->part);
    *keeping = (struct cache_keeping){.part = -1, .expected = UINT64_MAX};
}

/* ---- beginning ---- */

static bool is_keeping(const struct cache_fetch *fetch)
{
    return fetch->cache->storage && fetch->cache->mode != CACHE_OFF && fetch->asking.is_uri;
}

/* The fields that may be kept. */
static bool head_keep(struct cache_fetch *fetch, const struct stet_response *response)
{
    struct cache_keeping *keeping = &fetch->keeping;
    struct message dated = {0};
    bool done = cache_dated(&response->head, keeping->arrival.wall, &dated);

    for (size_t i = 0; done && i < dated.head.count; i++) {
        const struct stet_field *field = &dated.head.fields[i];
        if (stet_may_keep(&fetch->profile, &response->head, &keeping->storing.directives, field))
            done = message_add(&keeping->entry.response, field->name, field->value);
    }
    message_fini(&dated);
    return done && cache_selection(&response->head, &fetch->asking.head.head, &keeping->entry);
}

/* What the head says of the content: how much of it comes. */
static void expect(struct cache_fetch *fetch, const struct stet_response *response)
{
    struct cache_keeping *keeping = &fetch->keeping;
    struct stet_content_range part;
    uint64_t length;

    keeping->expected = UINT64_MAX;
    if (fetch->asking.as.method == STET_METHOD_HEAD) {
        keeping->expected = 0;
    } else if (response->status == 206 && stet_part_read(response, &part)) {
        keeping->entry.first = part.range.first;
        keeping->entry.length = part.length;
        keeping->expected = part.range.last - part.range.first + 1;
    } else if (stet_span_number(stet_head_single(&response->head, STET_FIELD_CONTENT_LENGTH),
                                UINT64_MAX, &length)) {
        keeping->expected = keeping->entry.length = length;
    }
}

void cache_keep_begin(struct cache_fetch *fetch, const struct stet_response *response)
{
    struct cache_keeping *keeping = &fetch->keeping;

    cache_keep_drop(fetch);
    expect(fetch, response);
    if (!is_keeping(fetch))
        return;
    keeping->arrival = cache_arrival(fetch);
    const struct stet_transaction transaction = transaction_of(fetch, response);
    keeping->storing = stet_may_store(&fetch->profile, &transaction);
    fetch->outcome.storing = keeping->storing.reason;
    if (!keeping->storing.allowed || !head_keep(fetch, response))
        return;
    memcpy(keeping->entry.credentials, fetch->found.credentials, sizeof keeping->entry.credentials);
    keeping->entry.stored.status = response->status;
    keeping->entry.generation = fetch->errand.generation;
    keeping->draft = storage_begin(fetch->cache->storage, cache_key(fetch));
}

void cache_keep(struct cache_fetch *fetch, struct stet_span bytes)
{
    fetch->keeping.came += bytes.len;
    if (fetch->keeping.draft)
        storage_write(fetch->keeping.draft, bytes);
}

/* ---- ending ---- */

/* Both would be of the part as it came; what is told of a part is written when it is told. */
static bool lengths_drop(struct storage_entry *entry)
{
    struct message kept = {0};
    const struct stet_head *head = &entry->response.head;
    bool done = true;

    for (size_t i = 0; done && i < head->count; i++)
        if (head->fields[i].id != STET_FIELD_CONTENT_LENGTH &&
            head->fields[i].id != STET_FIELD_CONTENT_RANGE)
            done = message_add(&kept, head->fields[i].name, head->fields[i].value);
    message_fini(&entry->response);
    entry->response = kept;
    return done;
}

/* The octets stopped before the end, in a way that proves those that came. */
static bool is_cut(const struct cache_fetch *fetch, const struct transfer_outcome *transfer)
{
    const struct cache_keeping *keeping = &fetch->keeping;
    const bool stopped = transfer->result == TRANSFER_CANCELLED ||
                         transfer->result == TRANSFER_TIMEOUT ||
                         transfer->result == TRANSFER_BROKEN;
    return stopped && keeping->came > 0 && keeping->came < keeping->expected &&
           keeping->expected != UINT64_MAX && keeping->behind == 0;
}

static bool is_complete(const struct cache_fetch *fetch, const struct transfer_outcome *transfer)
{
    const struct cache_keeping *keeping = &fetch->keeping;
    return transfer->result == TRANSFER_COMPLETE &&
           (keeping->expected == UINT64_MAX || keeping->came == keeping->expected);
}

/* Sums it up. False: it is not to be stored after all. */
static bool entry_make(struct cache_fetch *fetch, const struct transfer_outcome *transfer, bool cut)
{
    struct cache_keeping *keeping = &fetch->keeping;
    struct storage_entry *entry = &keeping->entry;
    const struct stet_response response = {entry->stored.status, entry->response.head};
    struct stet_transaction transaction = transaction_of(fetch, &response);

    transaction.incomplete = cut;
    transaction.unsecured = !transfer->secure || !transfer->delimited;
    if (cut && response.status != 206) {
        keeping->storing = stet_may_store(&fetch->profile, &transaction);
        fetch->outcome.storing = keeping->storing.reason;
        if (!keeping->storing.allowed)
            return false;
    }
    entry->stored = stet_stored_of(&fetch->profile, &transaction, &keeping->storing.directives);
    return !entry->stored.partial || lengths_drop(entry);
}

static bool is_same_content(const struct cache_fetch *fetch)
{
    const struct storage_entry *old = fetch->found.best, *made = &fetch->keeping.entry;
    return old && !old->stored.partial && !made->stored.partial &&
           old->content_size == made->content_size && made->content_size > 0 &&
           memcmp(old->digest, made->digest, sizeof old->digest) == 0;
}

static void commit(struct cache_fetch *fetch)
{
    struct cache_keeping *keeping = &fetch->keeping;
    const uint64_t replaces = fetch->errand.part ? fetch->errand.part->number : 0;
    const struct stet_stored *stored = &keeping->entry.stored;

    fetch->outcome.stored = storage_commit(keeping->draft, &keeping->entry, replaces);
    keeping->draft = NULL;
    fetch->outcome.ttl =
        (int64_t)stored->lifetime - (int64_t)stet_age(&stored->times, cache_now(fetch));
    if (is_same_content(fetch))
        fetch->outcome.changed = false;
}

void cache_keep_end(struct cache_fetch *fetch, const struct transfer_outcome *transfer)
{
    struct cache_keeping *keeping = &fetch->keeping;
    const bool complete = is_complete(fetch, transfer), cut = is_cut(fetch, transfer);

    fetch->outcome.whole = complete;
    if (complete && keeping->behind)
        fetch->outcome.whole = cache_complete_piece(fetch, true);
    if (keeping->draft && (complete || cut) && entry_make(fetch, transfer, cut))
        commit(fetch);
    cache_keep_drop(fetch);
}

/* ---- parts ---- */

/* The head of both: the stored one with the fields of the new one [RFC 9110 §15.3.7.3]. */
static bool combine(struct cache_fetch *fetch, const struct stet_response *response)
{
    const struct stet_head *held = &fetch->errand.part->response.head;
    struct message dated = {0};
    struct stet_head updated;
    struct stet_field *fields = NULL;
    bool done = cache_dated(&response->head, fetch->keeping.arrival.wall, &dated);

    if (done)
        fields = memory_new((held->count + dated.head.count + 1) * sizeof *fields);
    done =
        fields &&
        stet_update(&fetch->profile, held, &dated.head, fields, &updated) == STET_REASON_UPDATED &&
        message_add_all(&fetch->keeping.entry.response, &updated) &&
        cache_selection(&updated, &fetch->asking.head.head, &fetch->keeping.entry);
    memory_free(fields);
    message_fini(&dated);
    return done;
}

static bool number_add(struct message *to, enum stet_field_id id, uint64_t number)
{
    char text[24];
    const int size = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return message_add(to, stet_field_name(id), stet_span(text, (size_t)size));
}

/* Tells the head of what is wanted. */
static bool combined_tell(struct cache_fetch *fetch)
{
    const struct stet_completion *asked = &fetch->errand.completion;
    const uint64_t size = asked->wanted.last - asked->wanted.first + 1;
    char range[STET_CONTENT_RANGE_MAX];
    struct message head = {0};
    bool done = message_add_all(&head, &fetch->keeping.entry.response.head) &&
                number_add(&head, STET_FIELD_CONTENT_LENGTH, size);

    if (done && size != asked->length) {
        const size_t written = stet_content_range_write(asked->wanted, asked->length, range);
        done = message_add(&head, stet_field_name(STET_FIELD_CONTENT_RANGE),
                           stet_span(range, written));
    }
    if (done)
        cache_tell(fetch, size == asked->length ? 200 : 206, &head.head);
    message_fini(&head);
    return done;
}

/* Where the new part is: the old stretch and the gap that it touches. False if its content is
 * gone. */
static bool part_open(struct cache_fetch *fetch)
{
    struct cache_keeping *keeping = &fetch->keeping;
    const struct storage_entry *part = fetch->errand.part;
    const struct stet_range gap = fetch->errand.completion.gap;
    const bool is_before = part->first < gap.first;

    keeping->part = storage_content(fetch->cache->storage, part, true);
    keeping->before = is_before ? part->content_size : 0;
    keeping->behind = is_before ? 0 : part->content_size;
    keeping->entry.first = is_before ? part->first : gap.first;
    keeping->entry.length = part->length;
    keeping->expected = gap.last - gap.first + 1;
    return keeping->part >= 0;
}

bool cache_complete(struct cache_fetch *fetch, const struct stet_response *response)
{
    struct cache_keeping *keeping = &fetch->keeping;

    cache_keep_drop(fetch);
    keeping->arrival = cache_arrival(fetch);
    if (!part_open(fetch) || !combine(fetch, response)) {
        cache_keep_drop(fetch);
        return false;
    }
    const uint64_t size = fetch->errand.part->content_size + keeping->expected;
    const bool whole = size == keeping->entry.length;
    const struct stet_transaction transaction = transaction_of(fetch, response);
    keeping->storing = stet_may_store(&fetch->profile, &transaction);
    fetch->outcome.storing = keeping->storing.reason;
    keeping->entry.stored.status = whole ? 200 : 206;
    keeping->entry.generation = fetch->errand.generation;
    memcpy(keeping->entry.credentials, fetch->found.credentials, sizeof keeping->entry.credentials);
    if (!combined_tell(fetch)) {
        cache_keep_drop(fetch);
        return false;
    }
    if (keeping->storing.allowed &&
        (!whole ||
         number_add(&keeping->entry.response, STET_FIELD_CONTENT_LENGTH, keeping->entry.length)))
        keeping->draft = storage_begin(fetch->cache->storage, cache_key(fetch));
    return true;
}

/* What of a piece that begins at `at` in the whole is wanted. */
static void piece_tell(struct cache_fetch *fetch, uint64_t at, struct stet_span piece)
{
    const struct stet_range wanted = fetch->errand.completion.wanted;
    const uint64_t end = at + piece.len;
    const uint64_t first = at > wanted.first ? at : wanted.first;
    const uint64_t past = end < wanted.last + 1 ? end : wanted.last + 1;

    if (first >= past)
        return;
    fetch->outcome.saved += past - first;
    cache_tell_content(fetch, stet_span(piece.at + (first - at), (size_t)(past - first)));
}

bool cache_complete_piece(struct cache_fetch *fetch, bool behind)
{
    struct cache_keeping *keeping = &fetch->keeping;
    uint64_t left = behind ? keeping->behind : keeping->before, at = 0;
    char piece[65536];

    while (left) {
        const ssize_t got = pread(keeping->part, piece, sizeof piece, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        if (keeping->draft)
            storage_write(keeping->draft, stet_span(piece, (size_t)got));
        piece_tell(fetch, fetch->errand.part->first + at, stet_span(piece, (size_t)got));
        at += (uint64_t)got;
        left -= (uint64_t)got < left ? (uint64_t)got : left;
    }
    return true;
}
