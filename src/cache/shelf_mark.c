/* Marking: what an unsafe request or an operator makes invalid, stale or gone.
 *
 * What is stored under a URI is found by its key, all variants at once; members of groups by an
 * index (groups.h), or, without one, by looking at everything. What falls with its group takes no
 * other group with it.
 */
#include "base/memory.h"
#include "cache/shelf.h"
#include "cache/siblings.h"
#include "stet/cachegroups.h"
#include "stet/invalidation.h"

/* ---- one key ---- */

struct marking {
    struct stet_span url;
    int64_t now;
    bool soft; /* makes stale; else marks invalid */
    size_t count;
};

static bool marking_each(void *owner, struct entry *entry)
{
    struct marking *marking = owner;
    if (stet_span_equal(entry_url(entry), marking->url))
        marking->count += marking->soft ? entry_expire(entry, marking->now) : entry_mark(entry);
    return true;
}

static bool marking_alike(void *owner, struct entry *entry)
{
    struct marking *marking = owner;
    marking->count += entry_mark(entry);
    return true;
}

/* All variants of both sides. */
static size_t mark_key(const struct shelf *shelf, const struct shelf_key *key,
                       struct marking *marking)
{
    const enum shelf_side sides[] = {SHELF_GET, SHELF_HEAD};
    marking->url = key->url;
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        const struct entry_key at = shelf_key_entry(key, sides[i], 0);
        store_each_variant(shelf->store, at.primary, marking_each, marking);
    }
    return marking->count;
}

static size_t drop_key(const struct shelf *shelf, const struct shelf_key *key, enum shelf_side side)
{
    struct siblings siblings;
    siblings_take(&siblings, shelf, key, side);
    const size_t count = siblings.count;
    for (size_t i = 0; i < count; i++)
        store_drop(shelf->store, siblings.at[i].entry);
    if (siblings.signpost)
        store_drop(shelf->store, siblings.signpost);
    siblings_drop(&siblings);
    return count;
}

size_t shelf_purge(const struct shelf *shelf, const struct shelf_key *key, bool hard, int64_t now)
{
    struct marking marking = {.now = now, .soft = true};
    if (hard)
        return drop_key(shelf, key, SHELF_GET) + drop_key(shelf, key, SHELF_HEAD);
    return mark_key(shelf, key, &marking);
}

/* ---- groups ---- */

bool shelf_in_group(const struct entry_head *head, struct stet_span group)
{
    struct groups_walk walk;
    struct stet_span name;

    if (!(head->flags & ENTRY_HEAD_GROUPED))
        return false;
    groups_walk_init(&walk, head);
    while (groups_walk_next(&walk, &name))
        if (stet_span_equal(name, group)) /* [RFC 9875 §2.1] */
            return true;
    return false;
}

struct felling {
    struct stet_span origin; /* what a key's text begins with */
    struct stet_span group;
    size_t count; /* of those that were valid before */
};

static bool felling_each(void *owner, struct entry *entry)
{
    struct felling *felling = owner;
    if (!stet_span_starts(entry_url(entry), felling->origin))
        return true;
    struct entry_head *head = entry_head(entry);
    if (head && shelf_in_group(head, felling->group)) {
        felling->count += !(entry_head_changes(head) & ENTRY_HEAD_MARKED);
        entry_mark(entry);
    }
    entry_head_unref(head);
    return true;
}

static size_t fell(const struct shelf *shelf, struct stet_span origin, struct stet_span group)
{
    struct felling felling = {.origin = origin, .group = group};
    if (!shelf->groups || !groups_each(shelf->groups, origin, group, felling_each, &felling))
        store_each(shelf->store, felling_each, &felling);
    return felling.count;
}

/* The groups that the response names [RFC 9875 §3]. */
static size_t fell_named(const struct shelf *shelf, struct stet_span origin,
                         enum stet_method method, const struct stet_response *response)
{
    struct stet_sf walk = stet_cachegroups_invalidated(method, &response->head);
    struct stet_span group;
    size_t count = 0;
    while (stet_cachegroups_next(&walk, &group))
        count += fell(shelf, origin, group);
    return count;
}

/* The groups of what is stored under the target; theirs are left alone [RFC 9875 §2.2.1]. */
static size_t fell_own(const struct shelf *shelf, const struct shelf_key *key)
{
    const struct stet_span origin = groups_origin(key->url);
    struct siblings siblings;
    struct groups_walk walk;
    struct stet_span group;
    size_t count = 0;
    siblings_take(&siblings, shelf, key, SHELF_GET);
    for (size_t i = 0; i < siblings.count; i++) {
        groups_walk_init(&walk, siblings.at[i].head);
        while (groups_walk_next(&walk, &group))
            count += fell(shelf, origin, group);
    }
    siblings_drop(&siblings);
    return count;
}

/* ---- unsafe requests ---- */

/* A key in memory of its own. */
struct keeping {
    struct shelf_key key;
    char *heap;
    char room[2048];
};

/* False when memory is out. */
static bool keeping_make(struct keeping *keeping, const struct shelf *shelf,
                         const struct cache_rules *rules, const struct stet_request *target)
{
    const size_t room = shelf_key_room(rules, target);
    keeping->heap = room > sizeof keeping->room ? memory_new(room) : NULL;
    if (room > sizeof keeping->room && !keeping->heap)
        return false;
    shelf_key_make(shelf, rules, target, keeping->heap ? keeping->heap : keeping->room,
                   &keeping->key);
    return true;
}

/* `first`: it is the target of the request itself. */
static size_t mark_target(const struct shelf *shelf, const struct cache_rules *rules,
                          const struct stet_request *target, const struct stet_invalidation *walk,
                          bool first)
{
    struct keeping keeping;
    struct marking marking = {.soft = false};
    if (!keeping_make(&keeping, shelf, rules, target))
        return 0;
    mark_key(shelf, &keeping.key, &marking);
    shelf_each_alike(shelf, keeping.key.url, marking_alike, &marking);
    if (first)
        marking.count +=
            fell_own(shelf, &keeping.key) + fell_named(shelf, groups_origin(keeping.key.url),
                                                       walk->request->method, walk->response);
    memory_free(keeping.heap);
    return marking.count;
}

size_t shelf_invalidate(const struct shelf *shelf, const struct cache_rules *rules,
                        const struct stet_request *request, const struct stet_response *response)
{
    struct stet_invalidation walk = stet_invalidation_of(request, response);
    struct stet_request target;
    char room[4096];
    size_t count = 0;

    if (walk.reason != STET_REASON_INVALIDATES)
        return 0;
    for (bool first = true; stet_invalidation_next(&walk, room, sizeof room, &target);
         first = false)
        count += mark_target(shelf, rules, &target, &walk, first);
    return count;
}
