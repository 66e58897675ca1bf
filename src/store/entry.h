/* Entries: stored responses, in memory, shared by all workers.
 *
 * An entry is append-only while it fills and never changes after it is sealed; a new head (after a
 * validation) makes a new head object, which replaces the old one by a pointer that readers hold
 * counted. Whoever has a reference may read it from any thread.
 */
#ifndef STORE_ENTRY_H
#define STORE_ENTRY_H

#include "io/loop.h"
#include "store/entry_head.h"

/* What an entry is found by: 128 bits of the primary key and 64 bits of the variant, keyed hashes
 * of the full texts, which the entry keeps and a look-up compares. */
struct entry_key {
    uint64_t primary[2];
    uint64_t variant; /* 0: no Vary, or the signpost itself */
};

enum entry_state { ENTRY_FILLING, ENTRY_WHOLE, ENTRY_BROKEN };

struct entry;

/* The most octets that the texts of a key may have. */
enum { ENTRY_TEXT_MAX = UINT16_MAX };

/* An empty entry in state ENTRY_FILLING with one reference; takes `head`, which is NULL for what is
 * no response but leads to some. `url` is the full primary key text and `selecting` the normalised
 * selecting fields (stet_vary_*), both copied, of at most ENTRY_TEXT_MAX octets. `expected` is how
 * many octets of content there will be, 0 if that is not known: room for as much is made
 * beforehand, but little memory taken, for it is what an origin says, not a promise. Where it is
 * less than 64 KiB no more than that may come. NULL when memory is out (the head is then released).
 */
struct entry *entry_new(const struct entry_key *key, struct stet_span url,
                        struct stet_span selecting, struct entry_head *head, uint64_t expected);
struct entry *entry_ref(struct entry *entry);
void entry_unref(struct entry *entry);

const struct entry_key *entry_key(const struct entry *entry);
struct stet_span entry_url(const struct entry *entry);
struct stet_span entry_selecting(const struct entry *entry);

/* The present head, one reference the caller's; NULL if there never is any. */
struct entry_head *entry_head(struct entry *entry);

/* Replaces the head; takes it. From any thread, in any state. */
void entry_amend(struct entry *entry, struct entry_head *head);

/* The same, if `former` is the present head and has only those `changes`: then true. If not, false,
 * and `head` is still the caller's. */
bool entry_amend_from(struct entry *entry, const struct entry_head *former, unsigned char changes,
                      struct entry_head *head);

/* Marks the present head invalid, or makes it stale at `now` (steady clock, seconds). From any
 * thread. False if there never is any. */
bool entry_mark(struct entry *entry);
bool entry_expire(struct entry *entry, int64_t now);

/* Appends content while it fills; false when memory is out, or it is more than was announced (the
 * entry is then ENTRY_BROKEN and has no more content than before). By one thread, the one that made
 * it. Wakes the readers that wait.
 */
bool entry_append(struct entry *entry, const char *bytes, size_t size);

/* Appends `size` octets that `lender` has from `offset`, without a copy: the lender lives as long,
 * and its memory counts for this entry. Only to an entry made with 0 expected, and never after
 * entry_append. As entry_append else. */
bool entry_lend(struct entry *entry, struct entry *lender, uint64_t offset, uint64_t size);

/* The content is complete (`whole`) or has broken off. Wakes the readers. No-op when the entry is
 * ENTRY_BROKEN already and not `whole`. */
void entry_seal(struct entry *entry, bool whole);

enum entry_state entry_state(const struct entry *entry);

/* Octets of content that were announced: 0 if none were, UINT32_MAX for that and more. The second
 * says so of content that will never be here, before anyone else sees the entry. */
uint32_t entry_expected(const struct entry *entry);
void entry_announce(struct entry *entry, uint64_t expected);

/* Octets of content so far. Asked after entry_state said that it does not fill any more, all. */
uint64_t entry_length(const struct entry *entry);

/* Octets of memory: structs, key texts, head, content and what allocation adds to them. */
size_t entry_size(struct entry *entry);

/* A stretch of content that lies together. */
struct entry_piece {
    struct stet_span bytes;
    bool steady; /* they never change, not even after the entry is gone: see base/chunk.h */
};

/* Lends content from `offset`: empty when there is nothing there (yet). It stays valid while the
 * caller holds a reference. Steady is, if the machine has pages for it, all of a content of which
 * 64 KiB or more were announced; if nothing was, what comes behind the first 64 KiB. */
struct entry_piece entry_piece(const struct entry *entry, uint64_t offset);

/* The same: how many octets stand at `*bytes`. */
size_t entry_read(const struct entry *entry, uint64_t offset, const char **bytes);

/* Someone who waits for more content: `task` is posted to `loop` once when there is more or the
 * state has changed. Embedded in its owner; `next` and `link` are the entry's, NULL before. */
struct entry_waiter {
    struct task task;
    struct loop *loop;
    struct entry_waiter *next, **link;
};

/* Waits unless there is content past `offset` or the entry is sealed already: then false. One who
 * waits, or whose task has been posted and has not run, may not wait again; the waiter holds a
 * reference of the entry meanwhile. */
bool entry_wait(struct entry *entry, struct entry_waiter *waiter, uint64_t offset);

/* Takes a waiter back: true, and its task will not run. False: it does not wait here any more; if
 * it ever did, its task has been posted and runs, or has run. */
bool entry_forget(struct entry *entry, struct entry_waiter *waiter);

#endif
