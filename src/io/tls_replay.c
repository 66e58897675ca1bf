/* A set of fingerprints in two parts, the present one and the one before it, each as long as the
 * window.
 *
 *     note --> in either part? -- yes --> it was here before
 *                | no
 *              room in the present part? -- no --> nothing is taken for a window from now
 *                | yes
 *              into it; when its time is over it becomes the one before, and that is emptied
 *
 * A fingerprint is a keyed hash of 64 bits: nobody can make two that clash, and if two do, one
 * client is refused what it can do without.
 *
 * What is not noted has to be refused until it is too old. That is why a full memory, and a clock
 * that was set back, refuse everything for a window and not only for as long as they last: a window
 * from the last one that found no room. What is refused meanwhile is noted where there is room, so
 * that it is known when the window is over.
 *
 * GnuTLS has a window of its own, of which it tells the time of the beginning with the mark (the
 * first 12 octets): the same hello would have another mark in the next one. They are left out. When
 * a window is over it begins the next with the next hello, and from then on refuses tickets that
 * are older than that: a window is also how long a ticket is good for early data, at most.
 *
 * Given up: a shorter window, by which a memory for some thousands would do. It would refuse most
 * of those who come back.
 */
#include "io/tls_replay.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/siphash.h"
#include "io/tls_parts.h"

#include <gnutls/crypto.h>
#include <pthread.h>
#include <string.h>

/* Clocks of threads differ by so many seconds at most. */
enum { REPLAY_SLACK = 2 };

/* What GnuTLS puts before the mark. */
enum { REPLAY_WINDOW_MARK = 12 };

/* As many as there may be workers. */
enum { REPLAY_GUARDS = 256 };

struct replay_guard {
    struct replay_guard *next;
    const void *owner;
    gnutls_anti_replay_t anti_replay;
};

struct replay_part {
    uint64_t *slots; /* 0: free */
    size_t count;
};

struct tls_replay {
    pthread_mutex_t lock;
    uint64_t seed[2];
    size_t most, mask;
    uint32_t window; /* ms */
    int64_t span;    /* s: how long a part is the present one, at least */
    int64_t since;   /* when the present part became it */
    int64_t latest;  /* the latest time that was seen */
    int64_t closed;  /* nothing is taken before this */
    struct replay_part parts[2];
    struct replay_guard *guards;
};

/* ---- parts ---- */

/* Where it is, or the free place where it would be. At least a quarter of the places is free. */
static uint64_t *part_find(const struct replay_part *part, size_t mask, uint64_t print)
{
    size_t at = (size_t)print & mask;

    while (part->slots[at] != 0 && part->slots[at] != print)
        at = (at + 1) & mask;
    return &part->slots[at];
}

/* Pages that were never written to take no memory, and stay so. */
static void part_clear(struct replay_part *part, size_t mask)
{
    if (part->count > 0)
        memset(part->slots, 0, (mask + 1) * sizeof *part->slots);
    part->count = 0;
}

/* ---- time ---- */

static void replay_close(struct tls_replay *replay)
{
    replay->closed = replay->latest + replay->span;
}

/* Begins the next part when the time of the present one is over: all that was in it is older than
 * the window when it is thrown away. */
static void replay_turn(struct tls_replay *replay, int64_t now)
{
    const struct replay_part before = replay->parts[1];
    const int64_t age = now - replay->since;

    if (age <= replay->span)
        return;
    part_clear(&replay->parts[1], replay->mask);
    replay->parts[1] = replay->parts[0];
    replay->parts[0] = (struct replay_part){before.slots, 0};
    if (age > 2 * replay->span)
        part_clear(&replay->parts[1], replay->mask);
    replay->since = now;
}

/* ---- noting ---- */

static bool replay_note_print(struct tls_replay *replay, uint64_t print, int64_t now)
{
    struct replay_part *present = &replay->parts[0];

    if (now < replay->latest - REPLAY_SLACK) {
        replay_close(replay); /* who came last week may be here again */
        return false;
    }
    replay->latest = now > replay->latest ? now : replay->latest;
    replay_turn(replay, replay->latest);
    uint64_t *slot = part_find(present, replay->mask, print);
    if (*slot == print || *part_find(&replay->parts[1], replay->mask, print) == print)
        return false;
    if (present->count >= replay->most) {
        replay_close(replay);
        return false;
    }
    *slot = print;
    present->count++;
    return replay->latest >= replay->closed;
}

bool tls_replay_note(struct tls_replay *replay, const void *mark, size_t size, int64_t now)
{
    const uint64_t hash = siphash(replay->seed, mark, size);
    const uint64_t print = hash ? hash : 1;

    pthread_mutex_lock(&replay->lock);
    const bool fresh = replay_note_print(replay, print, now);
    pthread_mutex_unlock(&replay->lock);
    return fresh;
}

/* ---- GnuTLS ---- */

/* `expires` is a window after now, in whole seconds. */
static int replay_add(void *owner, time_t expires, const gnutls_datum_t *key,
                      const gnutls_datum_t *data)
{
    struct tls_replay *replay = owner;
    const int64_t now = (int64_t)expires - replay->window / 1000;

    (void)data;
    if (key->size > REPLAY_WINDOW_MARK && tls_replay_note(replay, key->data + REPLAY_WINDOW_MARK,
                                                          key->size - REPLAY_WINDOW_MARK, now))
        return 0;
    return GNUTLS_E_DB_ENTRY_EXISTS;
}

/* Without an owner so far. */
static struct replay_guard *guard_new(struct tls_replay *replay)
{
    struct replay_guard *guard = memory_new_zero(sizeof *guard);

    if (!guard || gnutls_anti_replay_init(&guard->anti_replay) < 0) {
        memory_free(guard);
        return NULL;
    }
    gnutls_anti_replay_set_window(guard->anti_replay, replay->window);
    gnutls_anti_replay_set_ptr(guard->anti_replay, replay);
    gnutls_anti_replay_set_add_function(guard->anti_replay, replay_add);
    guard->next = replay->guards;
    replay->guards = guard;
    return guard;
}

static struct replay_guard *guard_of(const struct tls_replay *replay, const void *owner)
{
    struct replay_guard *guard = replay->guards;
    while (guard && guard->owner != owner)
        guard = guard->next;
    return guard;
}

gnutls_anti_replay_t tls_replay_guard(struct tls_replay *replay, const void *owner)
{
    pthread_mutex_lock(&replay->lock);
    struct replay_guard *guard = guard_of(replay, owner);
    if (!guard)
        guard = guard_of(replay, NULL);
    if (!guard)
        guard = guard_new(replay);
    if (guard)
        guard->owner = owner;
    pthread_mutex_unlock(&replay->lock);
    return guard ? guard->anti_replay : NULL;
}

/* One that is made later takes no tickets from before: so all are made at once. */
static bool guard_all(struct tls_replay *replay)
{
    for (int i = 0; i < REPLAY_GUARDS; i++)
        if (!guard_new(replay))
            return false;
    return true;
}

/* ---- life ---- */

struct tls_replay *tls_replay_new(size_t most, uint32_t window)
{
    struct tls_replay *replay = memory_new_zero(sizeof *replay);
    size_t slots = 16;

    CHECK(most > 0 && window > 0);
    if (!replay)
        return NULL;
    tls_begin();
    while (slots / 4 * 3 < most)
        slots *= 2;
    CHECK(gnutls_rnd(GNUTLS_RND_KEY, replay->seed, sizeof replay->seed) == 0);
    pthread_mutex_init(&replay->lock, NULL);
    replay->most = most;
    replay->mask = slots - 1;
    replay->window = window;
    replay->span = window / 1000 + 1 + REPLAY_SLACK;
    for (int i = 0; i < 2; i++)
        replay->parts[i].slots = memory_new_zero(slots * sizeof *replay->parts[i].slots);
    if (replay->parts[0].slots && replay->parts[1].slots && guard_all(replay))
        return replay;
    tls_replay_free(replay);
    return NULL;
}

void tls_replay_free(struct tls_replay *replay)
{
    if (!replay)
        return;
    while (replay->guards) {
        struct replay_guard *guard = replay->guards;
        replay->guards = guard->next;
        gnutls_anti_replay_deinit(guard->anti_replay);
        memory_free(guard);
    }
    for (int i = 0; i < 2; i++)
        memory_free(replay->parts[i].slots);
    pthread_mutex_destroy(&replay->lock);
    memory_free(replay);
}
