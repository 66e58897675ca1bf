/* Entries: a stored response in as few allocations as its content allows, read without a lock.
 *
 *     struct entry | url | selecting | content ...
 *     struct entry | segments | url | selecting          segments --> [ ... ] --> [ ... ]
 *
 * Content whose length is announced and modest stands in the entry's own allocation. Other is in
 * segments. From 64 KiB on these are pages of their own, which the kernel can send without a copy,
 * and which take memory only as they are filled: so there is one for all that was announced, and
 * large ones where nothing was. Before that, or where there are no pages, each has a quarter of
 * what is there already, or, if the length was announced, what is still expected of it, but no more
 * than is there already. So little room stays empty, what is there never moves, and a walk over the
 * segments is short. Only one thread appends. It writes past `length` and then moves `length` on
 * (release); a reader takes `length` (acquire) and reads before it. The state is written after the
 * last length.
 *
 * The latch is for the two things that several threads change: the head's pointer, which a reader
 * must follow and count in one step, and the list of waiters. A waiter is posted under the latch,
 * one at a time: so entry_forget either still finds it, or its task is in its loop's mail.
 *
 * Given up: giving back the empty end of a last segment on the heap (a fifth of the content at
 * most), because readers may hold pointers into it and the heap may move what it shrinks. Moving
 * the first 64 KiB of a content that was not announced into pages: it would be there twice for as
 * long as someone reads it. And a lock-free counted pointer to the head: it needs a wide
 * compare-and-swap, or a pointer with a count in its upper bits, to save one exchange.
 */
#include "store/entry.h"

#include "base/check.h"
#include "base/chunk.h"
#include "base/memory.h"
#include "store/cost.h"
#include "store/entry_parts.h"

enum {
    /* What is allocated on an origin's word before an octet of content has come. 16 bits count it,
     * and more is better in pages. */
    ENTRY_ROOM_MAX = UINT16_MAX,
    /* Below this the headers of segments would cost more than their empty ends. */
    ENTRY_SEGMENT_MIN = 512,
    /* So that a large filling entry is not counted with room it may never use, nor takes more
     * addresses than it may need. */
    ENTRY_SEGMENT_MAX = 16 << 20,
    /* Room in pages when nobody knows how much will come. */
    ENTRY_PAGES_MIN = 256 << 10,
    /* A segment has this part of what is there already, when nobody knows how much will come. */
    ENTRY_GROWTH = 4
};
_Static_assert((int)ENTRY_ROOM_MAX < (int)CHUNK_STEADY, "what could be steady is");
_Static_assert(offsetof(struct entry, texts) % sizeof(struct segment *) == 0, "a link fits there");
_Static_assert(offsetof(struct entry, texts) == 104, "every octet counts");

/* ---- parts of the allocation ---- */

/* Where the segments of one without room begin. */
static _Atomic(struct segment *) *entry_link(const struct entry *entry)
{
    return (void *)(uintptr_t)entry->texts;
}

static struct segment *entry_segments(const struct entry *entry)
{
    return entry->room > 0 ? NULL : atomic_load_explicit(entry_link(entry), memory_order_acquire);
}

static char *entry_texts(const struct entry *entry)
{
    const char *texts = entry->texts + (entry->room > 0 ? 0 : sizeof(struct segment *));
    return (char *)(uintptr_t)texts;
}

static char *entry_content(const struct entry *entry)
{
    return entry_texts(entry) + entry->url_len + entry->selecting_len;
}

/* ---- heads ---- */

struct entry_head *entry_head(struct entry *entry)
{
    latch_take(&entry->latch);
    struct entry_head *head = entry->head ? entry_head_ref(entry->head) : NULL;
    latch_give(&entry->latch);
    return head;
}

void entry_amend(struct entry *entry, struct entry_head *head)
{
    latch_take(&entry->latch);
    struct entry_head *old = entry->head;
    entry->head = head;
    latch_give(&entry->latch);
    entry_head_unref(old);
}

bool entry_amend_from(struct entry *entry, const struct entry_head *former, unsigned char changes,
                      struct entry_head *head)
{
    latch_take(&entry->latch);
    struct entry_head *old = entry->head;
    const bool same = old == former && entry_head_changes(old) == changes;
    if (same)
        entry->head = head;
    latch_give(&entry->latch);
    if (same)
        entry_head_unref(old);
    return same;
}

bool entry_mark(struct entry *entry)
{
    latch_take(&entry->latch);
    struct entry_head *head = entry->head;
    if (head)
        entry_head_mark(head);
    latch_give(&entry->latch);
    return head != NULL;
}

bool entry_expire(struct entry *entry, int64_t now)
{
    latch_take(&entry->latch);
    struct entry_head *head = entry->head;
    if (head)
        entry_head_expire(head, now);
    latch_give(&entry->latch);
    return head != NULL;
}

/* ---- life ---- */

static void text_copy(char *to, struct stet_span text)
{
    if (text.len > 0)
        memcpy(to, text.at, text.len);
}

struct entry *entry_new(const struct entry_key *key, struct stet_span url,
                        struct stet_span selecting, struct entry_head *head, uint64_t expected)
{
    CHECK(url.len <= ENTRY_TEXT_MAX && selecting.len <= ENTRY_TEXT_MAX);
    const size_t room = expected <= ENTRY_ROOM_MAX ? (size_t)expected : 0;
    const size_t link = room > 0 ? 0 : sizeof(struct segment *);
    struct entry *entry = memory_new(sizeof *entry + link + url.len + selecting.len + room);
    if (!entry) {
        entry_head_unref(head);
        return NULL;
    }
    *entry = (struct entry){.key = *key,
                            .head = head,
                            .room = (uint16_t)room,
                            .url_len = (uint16_t)url.len,
                            .selecting_len = (uint16_t)selecting.len};
    entry_announce(entry, expected);
    atomic_init(&entry->refs, 1);
    atomic_init(&entry->state, ENTRY_FILLING);
    if (room == 0)
        atomic_init(entry_link(entry), NULL);
    char *texts = entry_texts(entry);
    text_copy(texts, url);
    text_copy(texts + url.len, selecting);
    return entry;
}

struct entry *entry_ref(struct entry *entry)
{
    unsigned before = atomic_fetch_add_explicit(&entry->refs, 1, memory_order_relaxed);
    CHECK(before > 0 && before < UINT32_MAX / 2);
    return entry;
}

static void entry_free(struct entry *entry)
{
    CHECK(!entry->waiters);
    segments_free(entry_segments(entry));
    entry_head_unref(entry->head);
    memory_free(entry);
}

void entry_unref(struct entry *entry)
{
    if (!entry)
        return;
    unsigned before = atomic_fetch_sub_explicit(&entry->refs, 1, memory_order_acq_rel);
    CHECK(before > 0);
    if (before == 1)
        entry_free(entry);
}

const struct entry_key *entry_key(const struct entry *entry)
{
    return &entry->key;
}

struct stet_span entry_url(const struct entry *entry)
{
    return stet_span(entry_texts(entry), entry->url_len);
}

struct stet_span entry_selecting(const struct entry *entry)
{
    return stet_span(entry_texts(entry) + entry->url_len, entry->selecting_len);
}

enum entry_state entry_state(const struct entry *entry)
{
    return (enum entry_state)atomic_load_explicit(&entry->state, memory_order_acquire);
}

uint32_t entry_expected(const struct entry *entry)
{
    return entry->expected;
}

void entry_announce(struct entry *entry, uint64_t expected)
{
    entry->expected = expected < UINT32_MAX ? (uint32_t)expected : UINT32_MAX;
}

uint64_t entry_length(const struct entry *entry)
{
    return atomic_load_explicit(&entry->length, memory_order_acquire);
}

size_t entry_size(struct entry *entry)
{
    const size_t texts = (size_t)(entry_content(entry) - (const char *)entry);
    size_t size = cost_of(texts + entry->room);
    const uint64_t length = entry_length(entry);
    uint64_t left = length > entry->room ? length - entry->room : 0;
    struct segment *segment = entry_segments(entry);
    for (; segment; segment = atomic_load_explicit(&segment->next, memory_order_acquire)) {
        const size_t filled = left < segment->room ? (size_t)left : segment->room;
        size += segment_size(segment, filled);
        left -= filled;
    }
    latch_take(&entry->latch);
    size += entry->head ? cost_of(entry_head_size(entry->head)) : 0;
    latch_give(&entry->latch);
    return size;
}

/* ---- content ---- */

/* Where an offset is: in a segment, or in the entry itself if that is NULL. */
struct entry_spot {
    struct segment *segment;
    char *at;
    size_t room; /* from there on; 0: the offset is past all there is */
};

static struct entry_spot entry_spot(const struct entry *entry, uint64_t offset)
{
    if (offset < entry->room)
        return (struct entry_spot){NULL, entry_content(entry) + offset,
                                   entry->room - (size_t)offset};
    struct segment *segment = entry_segments(entry);
    for (; segment; segment = atomic_load_explicit(&segment->next, memory_order_acquire)) {
        if (offset < segment->room)
            return (struct entry_spot){segment, segment->at + offset,
                                       segment->room - (size_t)offset};
        offset -= segment->room;
    }
    return (struct entry_spot){NULL, NULL, 0};
}

struct entry_piece entry_piece(const struct entry *entry, uint64_t offset)
{
    const uint64_t length = entry_length(entry);
    if (offset >= length)
        return (struct entry_piece){STET_SPAN_NONE, false};
    const struct entry_spot spot = entry_spot(entry, offset);
    const size_t size = length - offset < spot.room ? (size_t)(length - offset) : spot.room;
    return (struct entry_piece){stet_span(spot.at, size), spot.segment && spot.segment->steady};
}

size_t entry_read(const struct entry *entry, uint64_t offset, const char **bytes)
{
    const struct entry_piece piece = entry_piece(entry, offset);
    if (piece.bytes.len > 0)
        *bytes = piece.bytes.at;
    return piece.bytes.len;
}

/* Room on the heap for a segment in which `size` octets come after `length` others. */
static size_t entry_growth(const struct entry *entry, uint64_t length, size_t size)
{
    uint64_t room = length / ENTRY_GROWTH;
    if (entry->expected > length)
        room = entry->expected - length < length ? entry->expected - length : length;
    else if (length > 0 && room < ENTRY_SEGMENT_MIN)
        room = ENTRY_SEGMENT_MIN;
    if (room > ENTRY_SEGMENT_MAX)
        room = ENTRY_SEGMENT_MAX;
    return room > size ? (size_t)room : size;
}

/* The same in pages. */
static size_t entry_growth_pages(const struct entry *entry, uint64_t length, size_t size)
{
    uint64_t room = length > ENTRY_PAGES_MIN ? length : ENTRY_PAGES_MIN;
    if (entry->expected > length)
        room = entry->expected - length;
    if (room > ENTRY_SEGMENT_MAX)
        room = ENTRY_SEGMENT_MAX;
    return room > size ? (size_t)room : size;
}

static struct segment *entry_segment(const struct entry *entry, uint64_t length, size_t size)
{
    struct segment *segment = NULL;
    if (entry->expected >= CHUNK_STEADY || length + size >= CHUNK_STEADY)
        segment = segment_new_pages(entry_growth_pages(entry, length, size));
    return segment ? segment : segment_new(entry_growth(entry, length, size));
}

/* Everyone who waits now, each once. The list is taken whole at first: who is woken may wait again
 * before the last one has been woken. */
static void entry_wake(struct entry *entry)
{
    latch_take(&entry->latch);
    struct entry_waiter *woken = entry->waiters;
    entry->waiters = NULL;
    if (woken)
        woken->link = &woken;
    while (woken) {
        struct entry_waiter *waiter = woken;
        woken = waiter->next;
        if (woken)
            woken->link = &woken;
        waiter->link = NULL;
        loop_post(waiter->loop, &waiter->task);
        latch_give(&entry->latch);
        latch_take(&entry->latch);
    }
    latch_give(&entry->latch);
}

bool entry_append(struct entry *entry, const char *bytes, size_t size)
{
    CHECK(entry_state(entry) == ENTRY_FILLING);
    if (size == 0)
        return true;
    const uint64_t length = atomic_load_explicit(&entry->length, memory_order_relaxed);
    const struct entry_spot spot = entry_spot(entry, length);
    const size_t fits = spot.room < size ? spot.room : size;
    if (fits < size) {
        struct segment *segment =
            entry->room > 0 ? NULL : entry_segment(entry, length + fits, size - fits);
        if (!segment) {
            entry_seal(entry, false);
            return false;
        }
        memcpy(segment->at, bytes + fits, size - fits);
        segment_link(entry_link(entry), segment);
    }
    if (fits > 0)
        memcpy(spot.at, bytes, fits);
    atomic_store_explicit(&entry->length, length + size, memory_order_release);
    entry_wake(entry);
    return true;
}

bool entry_lend(struct entry *entry, struct entry *lender, uint64_t offset, uint64_t size)
{
    CHECK(entry_state(entry) == ENTRY_FILLING && offset + size <= entry_length(lender));
    size_t cost = entry_size(lender);
    while (size > 0) {
        const uint64_t length = atomic_load_explicit(&entry->length, memory_order_relaxed);
        const struct entry_spot spot = entry_spot(lender, offset);
        struct entry *keeper = spot.segment ? segment_lender(spot.segment) : NULL;
        const size_t fits = spot.room < size ? spot.room : (size_t)size;
        CHECK(entry->room == 0 && entry_spot(entry, length).room == 0);
        struct segment *segment = segment_new_lent(keeper ? keeper : lender, spot.at, fits, cost);
        if (!segment) {
            entry_seal(entry, false);
            return false;
        }
        segment->steady = spot.segment && spot.segment->steady;
        segment_link(entry_link(entry), segment);
        atomic_store_explicit(&entry->length, length + fits, memory_order_release);
        offset += fits;
        size -= fits;
        cost = 0;
    }
    entry_wake(entry);
    return true;
}

void entry_seal(struct entry *entry, bool whole)
{
    const enum entry_state state = entry_state(entry);
    CHECK(state == ENTRY_FILLING || (state == ENTRY_BROKEN && !whole));
    if (state != ENTRY_FILLING)
        return;
    atomic_store_explicit(&entry->state, whole ? ENTRY_WHOLE : ENTRY_BROKEN, memory_order_release);
    entry_wake(entry);
}

/* ---- waiting ---- */

bool entry_wait(struct entry *entry, struct entry_waiter *waiter, uint64_t offset)
{
    latch_take(&entry->latch);
    const bool waits = entry_state(entry) == ENTRY_FILLING && entry_length(entry) <= offset;
    if (waits) {
        CHECK(!waiter->link);
        waiter->next = entry->waiters;
        waiter->link = &entry->waiters;
        if (waiter->next)
            waiter->next->link = &waiter->next;
        entry->waiters = waiter;
    }
    latch_give(&entry->latch);
    return waits;
}

bool entry_forget(struct entry *entry, struct entry_waiter *waiter)
{
    latch_take(&entry->latch);
    const bool waited = waiter->link != NULL;
    if (waited) {
        *waiter->link = waiter->next;
        if (waiter->next)
            waiter->next->link = waiter->link;
        waiter->link = NULL;
    }
    latch_give(&entry->latch);
    return waited;
}
