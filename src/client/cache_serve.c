/* Answers from a stored response: the head, and what of the content is asked for.
 *
 * The whole content is held against its checksum before the first octet of it is told, so nobody
 * ever gets half of something damaged; where it is, the caller of this room goes to the origin.
 *
 * Conditions and ranges of the request are judged on what is stored as an origin would judge them
 * on what it has [RFC 9111 §4.3.2], by the same functions of the library.
 *
 * Given up: several ranges in one answer. They are answered with the whole, as they may be
 * [RFC 9110 §14.2].
 */
#include "client/cache_parts.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "stet/metadata.h"
#include "stet/precondition.h"
#include "stet/range.h"

/* An answer: what of the stored content, with which status. */
struct answer {
    int status;
    bool if_range;
    struct stet_range range; /* of the whole content; of a 206 */
    uint64_t offset, size;   /* in what is stored */
};

static bool add(struct message *to, enum stet_field_id id, struct stet_span value)
{
    return message_add(to, stet_field_name(id), value);
}

static bool add_number(struct message *to, enum stet_field_id id, uint64_t number)
{
    char text[24];
    const int size = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return add(to, id, stet_span(text, (size_t)size));
}

/* ---- the answer ---- */

/* False if a part does not have what is wanted. */
static bool range_answer(const struct cache_fetch *fetch, const struct storage_entry *entry,
                         bool look, struct answer *answer)
{
    struct stet_ranges ranges = {.answer = STET_RANGE_WHOLE};
    if (look)
        ranges = stet_ranges_of(&fetch->asking.head.head, entry->length);
    if (ranges.answer == STET_RANGE_UNSATISFIABLE)
        *answer = (struct answer){.status = 416};
    if (ranges.answer == STET_RANGE_UNSATISFIABLE || (ranges.count != 1 && !entry->stored.partial))
        return true;
    if (ranges.count != 1 || ranges.at[0].first < entry->first ||
        ranges.at[0].last >= entry->first + entry->content_size)
        return false; /* [RFC 9111 §3.3] */
    answer->status = 206;
    answer->range = ranges.at[0];
    answer->if_range = stet_head_has(&fetch->asking.head.head, STET_FIELD_IF_RANGE);
    answer->offset = ranges.at[0].first - entry->first;
    answer->size = ranges.at[0].last - ranges.at[0].first + 1;
    return true;
}

static bool answer_make(const struct cache_fetch *fetch, const struct storage_entry *entry,
                        struct answer *answer)
{
    const struct stet_validators validators =
        stet_validators_of(&entry->response.head, entry->stored.times.wall);
    const struct stet_precondition verdict =
        stet_precondition(&fetch->asking.as, &validators, STET_AS_CACHE, cache_now(fetch));

    *answer = (struct answer){.status = entry->stored.status, .size = entry->content_size};
    if (!stet_stored_has_conditions(&entry->stored)) /* D-04 */
        return true;
    if (verdict.answer == STET_NOT_MODIFIED) {
        *answer = (struct answer){.status = 304};
        return true;
    }
    const bool look = verdict.range && fetch->asking.asked.range;
    return range_answer(fetch, entry, look, answer);
}

/* ---- the head ---- */

static bool is_sent(const struct answer *answer, const struct stet_head *head,
                    const struct stet_field *field)
{
    if (field->id == STET_FIELD_AGE)
        return false;
    if (answer->status == 304)
        return stet_metadata_in_304(head, field);
    if (answer->status == 206)
        return stet_metadata_in_206(field, answer->if_range);
    if (answer->status == 416)
        return field->id == STET_FIELD_DATE || field->id == STET_FIELD_ETAG;
    return true;
}

static bool lengths_add(const struct answer *answer, const struct storage_entry *entry,
                        struct message *to)
{
    char range[STET_CONTENT_RANGE_MAX];
    size_t size;

    if (answer->status == 416) {
        size = stet_content_range_write_unsatisfied(entry->length, range);
        return add(to, STET_FIELD_CONTENT_RANGE, stet_span(range, size)) &&
               add_number(to, STET_FIELD_CONTENT_LENGTH, 0);
    }
    if (answer->status != 206)
        return true;
    size = stet_content_range_write(answer->range, entry->length, range);
    return add(to, STET_FIELD_CONTENT_RANGE, stet_span(range, size)) &&
           add_number(to, STET_FIELD_CONTENT_LENGTH, answer->size);
}

static bool head_make(const struct answer *answer, const struct storage_entry *entry,
                      const struct stet_reuse *reuse, struct message *to)
{
    const struct stet_head *head = &entry->response.head;
    const bool validated = reuse->reason == STET_REASON_VALIDATED;

    for (size_t i = 0; i < head->count; i++)
        if (is_sent(answer, head, &head->fields[i]) &&
            !message_add(to, head->fields[i].name, head->fields[i].value))
            return false;
    /* [RFC 9111 §4]; a 304 from the origin itself leaves nothing to say */
    if ((!validated || reuse->age > 0) && !add_number(to, STET_FIELD_AGE, reuse->age))
        return false;
    return lengths_add(answer, entry, to);
}

/* ---- the content ---- */

/* True: all of it was told. */
static bool content_tell(struct cache_fetch *fetch, int fd, const struct answer *answer)
{
    char piece[65536];
    uint64_t at = answer->offset, left = answer->size;

    while (left) {
        const ssize_t got =
            pread(fd, piece, left < sizeof piece ? (size_t)left : sizeof piece, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || !cache_tell_content(fetch, stet_span(piece, (size_t)got)))
            return false;
        at += (uint64_t)got;
        left -= (uint64_t)got;
    }
    return true;
}

static void outcome_set(struct cache_fetch *fetch, const struct storage_entry *entry,
                        const struct stet_reuse *reuse)
{
    struct cache_outcome *outcome = &fetch->outcome;
    outcome->reason = reuse->reason;
    outcome->ttl = reuse->ttl;
    outcome->stored = true;
    outcome->changed = false;
    if (reuse->reason == STET_REASON_VALIDATED)
        outcome->source = CACHE_SOURCE_VALIDATED;
    else if (reuse->answer == STET_REUSE_FRESH)
        outcome->source = CACHE_SOURCE_STORED;
    else
        outcome->source = CACHE_SOURCE_STALE;
    if (fetch->asking.as.method != STET_METHOD_HEAD)
        outcome->saved = entry->content_size;
}

bool cache_serve(struct cache_fetch *fetch, struct storage_entry *entry,
                 const struct stet_reuse *reuse)
{
    const bool head_only = fetch->asking.as.method == STET_METHOD_HEAD;
    struct answer answer;
    struct message head = {0};
    bool served = false;

    if (!answer_make(fetch, entry, &answer))
        return false;
    const int fd = storage_content(fetch->cache->storage, entry, !head_only);
    if (fd < 0 && !head_only)
        return false;
    if (head_make(&answer, entry, reuse, &head)) {
        outcome_set(fetch, entry, reuse);
        if (answer.status == 206 && !head_only)
            fetch->outcome.saved = answer.size;
        cache_tell(fetch, answer.status, &head.head);
        fetch->outcome.whole = head_only || fetch->asking.quiet || content_tell(fetch, fd, &answer);
        served = true;
    }
    message_fini(&head);
    if (fd >= 0)
        close(fd);
    return served;
}

void cache_refuse(struct cache_fetch *fetch, int status, enum stet_reason reason)
{
    struct message head = {0};

    fetch->outcome.source = CACHE_SOURCE_NONE;
    fetch->outcome.reason = reason;
    if (add_number(&head, STET_FIELD_CONTENT_LENGTH, 0))
        cache_tell(fetch, status, &head.head);
    message_fini(&head);
}
