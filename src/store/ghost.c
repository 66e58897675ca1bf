/* Ghosts: a table of fingerprints in buckets of one cache line, each with the time it was put in.
 *
 *     bucket = fingerprint & (count - 1):  | fingerprint stamp | x 8
 *
 * Time is counted in octets that have become ghosts: so a ghost's age tells at once whether it is
 * still remembered, and nothing has to be taken out when its time is over. A new one takes an empty
 * slot, or that of the oldest. Was that still remembered, it is lost; when that happens to a
 * sixteenth of the table within one window, the table doubles.
 *
 * A stamp has 32 bits, a window is 2^20 of its units: after 4096 windows a slot that nobody wrote
 * over in all that time would look young again, and be wrong once.
 *
 * Given up: the exact order of a queue (8 octets a ghost more), and the full hash.
 */
#include "store/ghost.h"

#include "base/memory.h"
#include "store/cost.h"

#include <string.h>

enum {
    GHOST_SLOTS = 8,        /* of 8 octets: a cache line */
    GHOST_BUCKETS_MIN = 16, /* 1 KiB */
    GHOST_WINDOW_UNITS = 1 << 20,
    GHOST_LOST_SHARE = 16
};

struct ghost_slot {
    uint32_t fingerprint; /* 0: empty */
    uint32_t stamp;
};

struct ghost_bucket {
    struct ghost_slot slots[GHOST_SLOTS];
};

void ghosts_init(struct ghosts *ghosts, uint64_t window)
{
    const uint64_t unit = window / GHOST_WINDOW_UNITS;
    *ghosts = (struct ghosts){.window = window, .unit = unit > 0 ? unit : 1};
}

void ghosts_fini(struct ghosts *ghosts)
{
    memory_free(ghosts->buckets);
    *ghosts = (struct ghosts){.window = 0};
}

size_t ghosts_size(const struct ghosts *ghosts)
{
    return ghosts->count > 0 ? cost_of(ghosts->count * sizeof *ghosts->buckets) : 0;
}

/* 0 means "empty", so no fingerprint is 0. */
static uint32_t ghost_name(uint32_t fingerprint)
{
    return fingerprint > 0 ? fingerprint : 1;
}

static uint32_t ghost_age(const struct ghosts *ghosts, const struct ghost_slot *slot)
{
    return (uint32_t)(ghosts->clock / ghosts->unit) - slot->stamp;
}

static bool ghost_remembered(const struct ghosts *ghosts, const struct ghost_slot *slot)
{
    return slot->fingerprint > 0 && ghost_age(ghosts, slot) <= ghosts->window / ghosts->unit;
}

static struct ghost_bucket *ghost_bucket(const struct ghosts *ghosts, uint32_t fingerprint)
{
    return &ghosts->buckets[fingerprint & (ghosts->count - 1)];
}

/* The slot to write to: an empty one, or the oldest. */
static struct ghost_slot *ghost_room(const struct ghosts *ghosts, uint32_t fingerprint)
{
    struct ghost_bucket *bucket = ghost_bucket(ghosts, fingerprint);
    struct ghost_slot *best = &bucket->slots[0];
    for (unsigned i = 0; i < GHOST_SLOTS; i++) {
        struct ghost_slot *slot = &bucket->slots[i];
        if (slot->fingerprint == 0)
            return slot;
        if (ghost_age(ghosts, slot) > ghost_age(ghosts, best))
            best = slot;
    }
    return best;
}

/* Twice the table, with what is still remembered. Every old bucket feeds two new ones. */
static void ghosts_grow(struct ghosts *ghosts)
{
    const size_t count = ghosts->count > 0 ? 2 * ghosts->count : GHOST_BUCKETS_MIN;
    struct ghost_bucket *buckets = memory_new_zero(count * sizeof *buckets);
    ghosts->lost = 0;
    if (!buckets)
        return;
    struct ghosts old = *ghosts;
    ghosts->buckets = buckets;
    ghosts->count = count;
    for (size_t i = 0; i < old.count * GHOST_SLOTS; i++) {
        const struct ghost_slot *slot = &old.buckets[i / GHOST_SLOTS].slots[i % GHOST_SLOTS];
        if (ghost_remembered(&old, slot))
            *ghost_room(ghosts, slot->fingerprint) = *slot;
    }
    memory_free(old.buckets);
}

void ghosts_add(struct ghosts *ghosts, uint32_t fingerprint, uint64_t size, uint64_t most)
{
    const size_t slots = ghosts->count * GHOST_SLOTS;
    if (ghosts->clock - ghosts->began > ghosts->window) {
        ghosts->began = ghosts->clock;
        ghosts->lost = 0;
    }
    if (slots == 0 || (ghosts->lost > slots / GHOST_LOST_SHARE && slots < most))
        ghosts_grow(ghosts);
    ghosts->clock += size;
    if (ghosts->count == 0)
        return;
    const uint32_t name = ghost_name(fingerprint);
    struct ghost_slot *slot = ghost_room(ghosts, name);
    ghosts->lost += ghost_remembered(ghosts, slot);
    *slot = (struct ghost_slot){name, (uint32_t)(ghosts->clock / ghosts->unit)};
}

bool ghosts_take(struct ghosts *ghosts, uint32_t fingerprint)
{
    if (ghosts->count == 0)
        return false;
    const uint32_t name = ghost_name(fingerprint);
    struct ghost_bucket *bucket = ghost_bucket(ghosts, name);
    for (unsigned i = 0; i < GHOST_SLOTS; i++) {
        struct ghost_slot *slot = &bucket->slots[i];
        if (slot->fingerprint == name && ghost_remembered(ghosts, slot)) {
            slot->fingerprint = 0;
            return true;
        }
    }
    return false;
}
