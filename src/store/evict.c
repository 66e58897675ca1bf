/* Eviction: S3-FIFO, weighed in octets.
 *
 *                      used < 2
 *     new --> small ------------> ghosts
 *               |                    |
 *               | used >= 2          | comes back
 *               v                    v
 *     round --> main <---------------+
 *       ^        |
 *       | used   | not used
 *       +--------+--------------> gone
 *
 * While `small` holds more than its tenth its oldest are looked at, else those of `main`. So a
 * flood of what is asked for once passes through a tenth of the memory, and leaves the rest alone.
 * A hit moves nothing, which is why it needs no lock.
 *
 * One policy for all shards: queues of their own would each get too few octets for large objects
 * (a sixty-fourth of a small budget is less than many an image), would be filled unevenly, and a
 * budget cut into pieces is not the budget that was asked for. The lock this needs is taken only by
 * what changes the store, which happens at a miss.
 *
 * Given up: what looks at sizes (GDSF has fewer misses of objects, and more of octets, which is
 * what an origin pays for).
 */
#include "store/evict.h"

#include "base/check.h"

enum {
    EVICT_SMALL_SHARE =
        10, /* the small queue is a tenth, as its authors found best on most traces */
    EVICT_PROMOTED_AT = 2, /* one use more may be a reload; two are a habit */
    EVICT_GHOSTS_EACH = 1  /* the table of ghosts grows while it has fewer slots than are in */
};

void evict_init(struct evict *evict, uint64_t capacity)
{
    *evict = (struct evict){.capacity = capacity};
    ghosts_init(&evict->ghosts, capacity);
}

void evict_fini(struct evict *evict)
{
    ghosts_fini(&evict->ghosts);
}

uint64_t evict_octets(const struct evict *evict)
{
    return evict->queues[EVICT_SMALL].octets + evict->queues[EVICT_MAIN].octets;
}

static void queue_push(struct evict *evict, struct evict_node *node, enum evict_place place)
{
    struct evict_queue *queue = &evict->queues[place];
    node->place = (unsigned char)place;
    node->younger = NULL;
    node->older = queue->youngest;
    if (queue->youngest)
        queue->youngest->younger = node;
    else
        queue->oldest = node;
    queue->youngest = node;
    queue->octets += node->size;
    evict->count++;
}

static void queue_take(struct evict *evict, struct evict_node *node)
{
    struct evict_queue *queue = &evict->queues[node->place];
    CHECK(node->place == EVICT_SMALL || node->place == EVICT_MAIN);
    if (node->older)
        node->older->younger = node->younger;
    else
        queue->oldest = node->younger;
    if (node->younger)
        node->younger->older = node->older;
    else
        queue->youngest = node->older;
    queue->octets -= node->size;
    evict->count--;
    node->older = node->younger = NULL;
    node->place = EVICT_GONE;
}

void evict_add(struct evict *evict, struct evict_node *node, uint64_t hash, uint64_t size)
{
    CHECK(node->place == EVICT_OUTSIDE);
    node->size = size;
    node->fingerprint = (uint32_t)(hash >> 32 ^ hash);
    atomic_store_explicit(&node->uses, 0, memory_order_relaxed);
    queue_push(evict, node,
               ghosts_take(&evict->ghosts, node->fingerprint) ? EVICT_MAIN : EVICT_SMALL);
}

void evict_remove(struct evict *evict, struct evict_node *node)
{
    queue_take(evict, node);
}

void evict_lift(struct evict *evict, struct evict_node *node)
{
    const unsigned char place = node->place;
    queue_take(evict, node);
    node->place = place;
}

void evict_lower(struct evict *evict, struct evict_node *node, uint64_t size)
{
    node->size = size;
    queue_push(evict, node, (enum evict_place)node->place);
}

/* The oldest of the small queue: true if it goes, false if it went on to the main one. */
static bool small_turn(struct evict *evict, struct evict_node *node)
{
    queue_take(evict, node);
    if (atomic_load_explicit(&node->uses, memory_order_relaxed) >= EVICT_PROMOTED_AT) {
        atomic_store_explicit(&node->uses, 0, memory_order_relaxed);
        queue_push(evict, node, EVICT_MAIN);
        return false;
    }
    ghosts_add(&evict->ghosts, node->fingerprint, node->size, EVICT_GHOSTS_EACH * evict->count);
    return true;
}

/* The oldest of the main queue: true if it goes, false if it got another round. */
static bool main_turn(struct evict *evict, struct evict_node *node)
{
    const unsigned uses = atomic_load_explicit(&node->uses, memory_order_relaxed);
    queue_take(evict, node);
    if (uses == 0)
        return true;
    atomic_store_explicit(&node->uses, (unsigned char)(uses - 1), memory_order_relaxed);
    queue_push(evict, node, EVICT_MAIN);
    return false;
}

struct evict_node *evict_next(struct evict *evict)
{
    const struct evict_queue *small = &evict->queues[EVICT_SMALL];
    const struct evict_queue *main = &evict->queues[EVICT_MAIN];
    while (small->oldest || main->oldest) {
        const bool from_small =
            small->oldest && (!main->oldest || small->octets > evict->capacity / EVICT_SMALL_SHARE);
        struct evict_node *node = from_small ? small->oldest : main->oldest;
        if (from_small ? small_turn(evict, node) : main_turn(evict, node))
            return node;
    }
    return NULL;
}
