/* Heads: the numbers of struct stet_stored and of the validators packed, and the text behind them.
 *
 *     numbers | text | spans of time | of a part: count, length, first, last, first, last ...
 *
 * There is one for each stored response, mostly small ones: 45 octets of numbers where the structs
 * they stand for have 130. That a response was aged when it came, or may be used stale, is said of
 * few; what they have of it stands behind the text. Instants have 40 bits, which is 17,000 years on
 * either side of 1970. Where a tag stands is not written down: it is in the first line or there is
 * none.
 *
 * A mark and an expiry change the head itself: they must not fail for want of memory, and a purge
 * reaches a million heads. Both only make it live shorter, so whoever reads a head while it is
 * marked does what he would have done a moment before. They are counted, from one head of an entry
 * to the next, so that who replaces a head by a better one sees what came in between.
 *
 * Given up: the wall clock's time of receipt. What it served for, reading Date and Expires, is done
 * when a head is made.
 */
#include "store/entry_head.h"

#include "base/check.h"
#include "base/memory.h"

#include <stddef.h>

_Static_assert(offsetof(struct entry_head, text) == 45, "every octet counts");
_Static_assert(STET_REASON_COUNT <= UINT8_MAX && STET_METHOD_COUNT <= UINT8_MAX,
               "reasons and methods are packed");

/* ---- packing ---- */

static void pack(unsigned char to[5], int64_t value)
{
    const int64_t most = (INT64_C(1) << 39) - 1;
    const int64_t kept = value > most ? most : value < -most ? -most : value;
    for (unsigned i = 0; i < 5; i++)
        to[i] = (unsigned char)((uint64_t)kept >> 8 * i);
}

static int64_t unpack(const unsigned char from[5])
{
    /* in the form that compilers turn into one load */
    const uint32_t low = (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
                         (uint32_t)from[3] << 24;
    const int64_t high = from[4] < 0x80 ? from[4] : from[4] - 0x100;
    return high * (INT64_C(1) << 32) + low;
}

/* Spans of time in seconds, for which most responses have the usual ones. */
struct spans {
    uint32_t initial_age;
    uint32_t stale_while_revalidate;
    uint32_t stale_if_error;
};

static const struct spans usual_spans = {0, 0, STET_SECONDS_NONE};

static struct spans spans_of(const struct stet_stored *stored)
{
    return (struct spans){stored->times.initial_age, stored->stale_while_revalidate,
                          stored->stale_if_error};
}

static bool spans_are_usual(const struct spans *spans)
{
    return spans->initial_age == usual_spans.initial_age &&
           spans->stale_while_revalidate == usual_spans.stale_while_revalidate &&
           spans->stale_if_error == usual_spans.stale_if_error;
}

static struct spans head_spans(const struct entry_head *head)
{
    struct spans spans = usual_spans;
    if (head->flags & ENTRY_HEAD_SPANS)
        memcpy(&spans, head->text + head->ends[ENTRY_HEAD_WHOLE], sizeof spans);
    return spans;
}

/* How much room the parts take: a count and pairs of numbers, the length first. */
static size_t parts_size(size_t count)
{
    return 1 + sizeof(uint64_t) + count * sizeof(struct stet_range);
}

static char *parts_put(char *to, const void *from, size_t size)
{
    memcpy(to, from, size);
    return to + size;
}

static void parts_pack(char *to, const struct stet_parts *parts)
{
    *to = (char)parts->count;
    to = parts_put(to + 1, &parts->length, sizeof parts->length);
    parts_put(to, parts->at, parts->count * sizeof parts->at[0]);
}

/* Where they stand. */
static const char *head_parts(const struct entry_head *head)
{
    return head->text + head->ends[ENTRY_HEAD_WHOLE] +
           (head->flags & ENTRY_HEAD_SPANS ? sizeof(struct spans) : 0);
}

static unsigned flags_of(const struct stet_stored *stored, bool usual)
{
    return (usual ? 0U : ENTRY_HEAD_SPANS) | (stored->no_cache ? ENTRY_HEAD_NO_CACHE : 0U) |
           (stored->immutable ? ENTRY_HEAD_IMMUTABLE : 0U) |
           (stored->partial ? ENTRY_HEAD_PARTIAL : 0U) |
           (stored->selected ? ENTRY_HEAD_SELECTED : 0U) |
           (stored->unsecured ? ENTRY_HEAD_UNSECURED : 0U) |
           (stored->authorised ? ENTRY_HEAD_AUTHORISED : 0U) |
           (stored->times.age_value > 0 ? ENTRY_HEAD_AGED : 0U);
}

static void head_pack(struct entry_head *head, const struct stet_stored *stored)
{
    atomic_init(&head->lifetime, stored->lifetime);
    atomic_init(&head->changes, stored->marked ? ENTRY_HEAD_MARKED : 0);
    head->status = (uint16_t)stored->status;
    head->method = (unsigned char)stored->method;
    head->source = (unsigned char)stored->source;
    head->barred = (unsigned char)stored->barred;
    pack(head->date, stored->times.date);
    pack(head->received, stored->times.received);
}

/* ---- life ---- */

struct entry_head *entry_head_new(const struct stet_stored *stored, const struct stet_parts *parts,
                                  size_t text)
{
    CHECK(text <= ENTRY_HEAD_TEXT_MAX && stored->partial == (parts != NULL));
    const struct spans spans = spans_of(stored);
    const bool usual = spans_are_usual(&spans);
    const size_t more = (usual ? 0 : sizeof spans) + (parts ? parts_size(parts->count) : 0);
    struct entry_head *head = memory_new_zero(offsetof(struct entry_head, text) + text + more);
    if (!head)
        return NULL;
    atomic_init(&head->refs, 1);
    head_pack(head, stored);
    head->flags = (uint16_t)flags_of(stored, usual);
    head->ends[ENTRY_HEAD_WHOLE] = (uint16_t)text;
    if (!usual)
        memcpy(head->text + text, &spans, sizeof spans);
    if (parts)
        parts_pack(head->text + text + (usual ? 0 : sizeof spans), parts);
    return head;
}

struct entry_head *entry_head_ref(struct entry_head *head)
{
    unsigned before = atomic_fetch_add_explicit(&head->refs, 1, memory_order_relaxed);
    CHECK(before > 0 && before < UINT32_MAX / 2);
    return head;
}

void entry_head_unref(struct entry_head *head)
{
    if (!head)
        return;
    unsigned before = atomic_fetch_sub_explicit(&head->refs, 1, memory_order_acq_rel);
    CHECK(before > 0);
    if (before == 1)
        memory_free(head);
}

void entry_head_set_modified(struct entry_head *head, int64_t modified)
{
    pack(head->modified, modified);
    head->flags |= ENTRY_HEAD_DATED;
}

void entry_head_set_count(struct entry_head *head, unsigned char changes)
{
    const unsigned marked = entry_head_changes(head) & ENTRY_HEAD_MARKED;
    atomic_init(&head->changes, (unsigned char)(marked | (changes & ENTRY_HEAD_COUNT)));
}

size_t entry_head_size(const struct entry_head *head)
{
    const char *behind = head_parts(head);
    const bool partial = head->flags & ENTRY_HEAD_PARTIAL;
    return (size_t)(behind - (const char *)head) +
           (partial ? parts_size((unsigned char)*behind) : 0);
}

/* ---- judging ---- */

static bool has(const struct entry_head *head, unsigned flag)
{
    return head->flags & flag;
}

struct stet_stored entry_head_stored(const struct entry_head *head)
{
    const int64_t date = unpack(head->date);
    const struct spans spans = head_spans(head);
    return (struct stet_stored){
        .times = {.received = unpack(head->received),
                  .wall = date,
                  .date = date,
                  .initial_age = spans.initial_age,
                  .age_value = has(head, ENTRY_HEAD_AGED)},
        .method = (enum stet_method)head->method,
        .status = head->status,
        .lifetime = atomic_load_explicit(&head->lifetime, memory_order_relaxed),
        .source = (enum stet_lifetime_source)head->source,
        .stale_while_revalidate = spans.stale_while_revalidate,
        .stale_if_error = spans.stale_if_error,
        .barred = (enum stet_reason)head->barred,
        .no_cache = has(head, ENTRY_HEAD_NO_CACHE),
        .immutable = has(head, ENTRY_HEAD_IMMUTABLE),
        .partial = has(head, ENTRY_HEAD_PARTIAL),
        .selected = has(head, ENTRY_HEAD_SELECTED),
        .marked = entry_head_changes(head) & ENTRY_HEAD_MARKED,
        .unsecured = has(head, ENTRY_HEAD_UNSECURED),
        .authorised = has(head, ENTRY_HEAD_AUTHORISED),
    };
}

bool entry_head_parts(const struct entry_head *head, struct stet_parts *parts)
{
    if (!has(head, ENTRY_HEAD_PARTIAL))
        return false;
    const char *from = head_parts(head);
    *parts = (struct stet_parts){.count = (unsigned char)*from};
    memcpy(&parts->length, from + 1, sizeof parts->length);
    memcpy(parts->at, from + 1 + sizeof parts->length, parts->count * sizeof parts->at[0]);
    return true;
}

static void head_changed(struct entry_head *head, unsigned marked)
{
    const unsigned char changes = entry_head_changes(head);
    const unsigned count = (changes + 1U) & ENTRY_HEAD_COUNT;
    marked |= changes & ENTRY_HEAD_MARKED;
    atomic_store_explicit(&head->changes, (unsigned char)(count | marked), memory_order_relaxed);
}

void entry_head_mark(struct entry_head *head)
{
    head_changed(head, ENTRY_HEAD_MARKED);
}

void entry_head_expire(struct entry_head *head, int64_t now)
{
    struct stet_stored stored = entry_head_stored(head);
    stet_stored_expire(&stored, now);
    atomic_store_explicit(&head->lifetime, stored.lifetime, memory_order_relaxed);
    head_changed(head, 0);
}

/* ---- comparing ---- */

struct stet_span entry_head_tag(const struct entry_head *head)
{
    const size_t from = sizeof "ETag: " - 1, end = sizeof "\r\n" - 1;
    if (!has(head, ENTRY_HEAD_TAGGED))
        return STET_SPAN_NONE;
    return stet_span(head->text + from, head->ends[ENTRY_HEAD_FIRST] - from - end);
}

int64_t entry_head_date(const struct entry_head *head)
{
    return unpack(head->date);
}

int64_t entry_head_modified(const struct entry_head *head)
{
    return unpack(head->modified);
}

/* The usable tag, taken apart without being judged again. */
static struct stet_etag head_tag(const struct entry_head *head)
{
    const struct stet_span text = entry_head_tag(head);
    if (text.len == 0)
        return STET_ETAG_NONE;
    const bool weak = text.at[0] == 'W';
    const size_t from = weak ? sizeof "W/\"" - 1 : 1;
    return (struct stet_etag){stet_span(text.at + from, text.len - from - 1), weak};
}

struct stet_validators entry_head_validators(const struct entry_head *head)
{
    const bool dated = has(head, ENTRY_HEAD_DATED);
    const int64_t date = unpack(head->date);
    const int64_t modified = dated ? unpack(head->modified) : date; /* [RFC 9111 §4.3.2] */
    return (struct stet_validators){
        .exists = true,
        .etag = head_tag(head),
        .has_modified = true,
        .modified_strong = dated && stet_validators_date_is_strong(modified, date, false),
        .modified = modified,
    };
}

/* ---- sending ---- */

struct stet_span entry_head_type(const struct entry_head *head)
{
    const size_t name = sizeof "Content-Type: " - 1, end = sizeof "\r\n" - 1;
    const struct stet_span line = entry_head_lines(head, ENTRY_HEAD_TYPE, ENTRY_HEAD_TYPE);
    return line.len > 0 ? stet_span(line.at + name, line.len - name - end) : STET_SPAN_NONE;
}
