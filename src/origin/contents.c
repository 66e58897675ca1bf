/* The bytes in memory: a map by digest, a budget, and a clock hand that finds what to drop.
 *
 * Every content lies on a ring. When room is needed the hand goes round: what was used since it
 * last came by stays, the rest leaves the table. Its bytes are free when the last holder has let
 * go; until then they count as held and leaving. So that this is soon, the hand goes on until an
 * eighth of the budget is free, and then all workers are told once to look through what they hold.
 * When they are slow, and the budget is passed by half, nothing new is kept for a while.
 *
 * What is being sent at this moment is held by the connection through the chunk and counted no
 * longer: it is bounded by the number of connections.
 *
 * Given up: queues by age and frequency. Files are not scanned by visitors, and a second chance
 * costs one bit on a hit.
 */
#include "origin/contents.h"

#include "base/memory.h"

void contents_init(struct contents *contents, uint64_t budget, void (*evicted)(void *owner),
                   void *owner)
{
    /* Fixed: the keys are digests, and no one can choose them at will. */
    static const uint64_t seed[2] = {0x636f6e74656e7473, 0x2e6f726967696e2e};
    *contents = (struct contents){.budget = budget, .evicted = evicted, .owner = owner};
    pthread_mutex_init(&contents->lock, NULL);
    map_init(&contents->by_digest, seed);
}

/* Out of ring and map; the table's reference is the caller's then. */
static void content_unlink(struct content *content)
{
    struct contents *contents = content->contents;
    if (contents->hand == content)
        contents->hand = content->after == content ? NULL : content->after;
    content->before->after = content->after;
    content->after->before = content->before;
    map_remove(&contents->by_digest, &content->digest, sizeof content->digest);
    contents->leaving += content->charge;
    atomic_store_explicit(&content->gone, true, memory_order_relaxed);
}

static void content_free(struct content *content)
{
    struct contents *contents = content->contents;
    pthread_mutex_lock(&contents->lock);
    contents->held -= content->charge;
    contents->leaving -= content->charge;
    pthread_mutex_unlock(&contents->lock);
    chunk_unref(content->bytes);
    for (int i = 0; i < STET_CODING_COUNT; i++)
        chunk_unref(content->variants[i].bytes);
    memory_free(content);
}

void content_unref(struct content *content)
{
    if (content && atomic_fetch_sub_explicit(&content->refs, 1, memory_order_acq_rel) == 1)
        content_free(content);
}

void contents_fini(struct contents *contents)
{
    for (struct content *content; (content = contents->hand);) {
        content_unlink(content);
        content_unref(content);
    }
    map_fini(&contents->by_digest);
    pthread_mutex_destroy(&contents->lock);
}

struct content *contents_find(struct contents *contents, const struct digest *digest)
{
    pthread_mutex_lock(&contents->lock);
    struct content *content = map_find(&contents->by_digest, digest, sizeof *digest);
    if (content)
        content_ref(content);
    pthread_mutex_unlock(&contents->lock);
    return content;
}

/* Is there room for `size` bytes more? Moves what is to go to `leaving`, a list through `after`.
 * With the lock held; `spared` stays. */
static bool contents_make_room(struct contents *contents, uint64_t size,
                               const struct content *spared, struct content **leaving)
{
    const uint64_t slack = contents->budget / 8;
    const uint64_t most_held = contents->budget + contents->budget / 2;
    if (size > contents->budget)
        return false;
    if (contents->held - contents->leaving + size <= contents->budget)
        return contents->held + size <= most_held;
    /* Twice round: once to take the marks away, once to find those without. */
    const uint64_t steps = 2 * (uint64_t)contents->by_digest.count;
    const uint64_t wanted = size > contents->budget - slack ? 0 : contents->budget - slack - size;
    for (uint64_t i = 0; i < steps && contents->held - contents->leaving > wanted; i++) {
        struct content *content = contents->hand;
        if (!content)
            break;
        contents->hand = content->after;
        if (content == spared ||
            atomic_exchange_explicit(&content->used, false, memory_order_relaxed))
            continue;
        content_unlink(content);
        content->after = *leaving;
        *leaving = content;
    }
    return contents->held - contents->leaving + size <= contents->budget &&
           contents->held + size <= most_held;
}

/* Lets go of what contents_make_room has put on its list, without the lock. */
static void contents_dismiss(struct contents *contents, struct content *leaving)
{
    if (!leaving)
        return;
    while (leaving) {
        struct content *next = leaving->after;
        content_unref(leaving);
        leaving = next;
    }
    contents->evicted(contents->owner);
}

static struct content *content_new(struct contents *contents, const struct digest *digest,
                                   struct chunk *bytes)
{
    struct content *content = memory_new_zero(sizeof *content);
    if (!content)
        return NULL;
    content->digest = *digest;
    content->bytes = bytes;
    content->charge = sizeof *content + bytes->len;
    content->contents = contents;
    atomic_init(&content->refs, 2); /* the table's and the caller's */
    atomic_init(&content->used, false);
    return content;
}

/* Onto the ring just behind the hand: the last to be judged. */
static bool content_link(struct content *content)
{
    struct contents *contents = content->contents;
    if (!map_put(&contents->by_digest, &content->digest, sizeof content->digest, content))
        return false;
    chunk_ref(content->bytes);
    contents->held += content->charge;
    if (!contents->hand) {
        contents->hand = content->before = content->after = content;
        return true;
    }
    content->after = contents->hand;
    content->before = contents->hand->before;
    content->before->after = content;
    content->after->before = content;
    return true;
}

struct content *contents_add(struct contents *contents, const struct digest *digest,
                             struct chunk *bytes)
{
    struct content *leaving = NULL;
    struct content *spare = content_new(contents, digest, bytes);
    if (!spare)
        return NULL;
    pthread_mutex_lock(&contents->lock);
    struct content *content = map_find(&contents->by_digest, digest, sizeof *digest);
    if (content) {
        content_ref(content);
    } else if (contents_make_room(contents, spare->charge, NULL, &leaving) && content_link(spare)) {
        content = spare;
        spare = NULL;
    }
    pthread_mutex_unlock(&contents->lock);
    memory_free(spare);
    contents_dismiss(contents, leaving);
    return content;
}

struct variant content_variant(struct content *content, enum stet_coding coding)
{
    pthread_mutex_lock(&content->contents->lock);
    struct variant variant = content->variants[coding];
    if (variant.bytes)
        chunk_ref(variant.bytes);
    pthread_mutex_unlock(&content->contents->lock);
    return variant;
}

unsigned content_variants(struct content *content, enum variant_state state)
{
    unsigned bits = 0;
    pthread_mutex_lock(&content->contents->lock);
    for (unsigned i = 0; i < STET_CODING_COUNT; i++)
        if (content->variants[i].state == state)
            bits |= 1U << i;
    pthread_mutex_unlock(&content->contents->lock);
    return bits;
}

unsigned content_sidecars(struct content *content)
{
    unsigned bits = 0;
    pthread_mutex_lock(&content->contents->lock);
    for (unsigned i = 0; i < STET_CODING_COUNT; i++)
        if (content->variants[i].state == VARIANT_READY && content->variants[i].sidecar)
            bits |= 1U << i;
    pthread_mutex_unlock(&content->contents->lock);
    return bits;
}

/* With the lock held. */
static void content_charge(struct content *content, uint64_t more, uint64_t less)
{
    struct contents *contents = content->contents;
    content->charge += more - less;
    contents->held += more - less;
    if (atomic_load_explicit(&content->gone, memory_order_relaxed))
        contents->leaving += more - less;
}

void content_set_variant(struct content *content, enum stet_coding coding,
                         const struct variant *variant)
{
    struct contents *contents = content->contents;
    struct content *leaving = NULL;
    const uint64_t size = variant->bytes ? variant->bytes->len : 0;
    pthread_mutex_lock(&contents->lock);
    struct variant *to = &content->variants[coding];
    struct chunk *old = NULL;
    if (variant->sidecar || !to->sidecar) {
        old = to->bytes;
        content_charge(content, 0, old ? old->len : 0);
        *to = *variant;
        if (size > 0 && contents_make_room(contents, size, content, &leaving)) {
            content_charge(content, size, 0);
            chunk_ref(to->bytes);
        } else if (size > 0) {
            *to = (struct variant){.state = VARIANT_USELESS};
        }
        atomic_fetch_add_explicit(&content->version, 1, memory_order_release);
    }
    pthread_mutex_unlock(&contents->lock);
    chunk_unref(old);
    contents_dismiss(contents, leaving);
}

bool content_new_sidecar(struct content *content, enum stet_coding coding,
                         const struct content_sidecar *sidecar)
{
    struct content_sidecar *known = &content->sidecars[coding];
    pthread_mutex_lock(&content->contents->lock);
    const bool same_place = known->place == sidecar->place;
    const bool new = same_place ? !fs_stamp_equal(&known->stamp, &sidecar->stamp)
                                : !content->variants[coding].sidecar;
    if (new)
        *known = *sidecar;
    pthread_mutex_unlock(&content->contents->lock);
    return new;
}
