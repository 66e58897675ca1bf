/* Marking: what an unsafe request or an operator makes invalid, stale or gone.
 *
 * What is stored under a URI is found by its key, all variants at once. Groups are found by looking
 * at every entry, which costs as much as there is stored; only heads with Cache-Groups are read. An
 * origin that names groups to fell has reason to, and does it seldom.
 *
 * A group is one within an origin [RFC 9875 §2.1], and the text of a key begins with it.
 *
 * Given up: an index of groups, which would cost memory in every cache for what few origins use.
 * And marking what is equal under its No-Vary-Search: look-ups do not find it under another URI
 * than its own either (D-20).
 */
#include "base/memory.h"
#include "cache/shelf.h"
#include "cache/siblings.h"
#include "stet/cachegroups.h"
#include "stet/invalidation.h"
#include "wire/reply.h"

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
    enum { LINES_MAX = 32 };
    struct stet_field fields[LINES_MAX];
    struct stet_head view = {.fields = fields};
    struct stet_span block = entry_head_unchanged(head), name, value;

    if (!(head->flags & ENTRY_HEAD_GROUPED))
        return false;
    while (view.count < LINES_MAX && reply_block_next(&block, &name, &value))
        if (stet_field_id(name) == STET_FIELD_CACHE_GROUPS)
            stet_head_add(&view, fields, name, value);
    return stet_cachegroups_has(stet_cachegroups_of(&view), group);
}

struct felling {
    struct stet_span origin; /* what a key's text begins with */
    struct stet_sf groups;
    size_t count;
};

static bool felling_each(void *owner, struct entry *entry)
{
    struct felling *felling = owner;
    struct stet_sf walk = felling->groups;
    struct stet_span group;
    bool found = false;
    if (!stet_span_starts(entry_url(entry), felling->origin))
        return true;
    struct entry_head *head = entry_head(entry);
    while (head && !found && stet_cachegroups_next(&walk, &group))
        found = shelf_in_group(head, group);
    if (found && entry_mark(entry))
        felling->count++;
    entry_head_unref(head);
    return true;
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

static size_t mark_target(const struct shelf *shelf, const struct cache_rules *rules,
                          const struct stet_request *target)
{
    struct keeping keeping;
    struct marking marking = {.soft = false};
    if (!keeping_make(&keeping, shelf, rules, target))
        return 0;
    mark_key(shelf, &keeping.key, &marking);
    memory_free(keeping.heap);
    return marking.count;
}

/* [RFC 9875 §3] */
static size_t mark_groups(const struct shelf *shelf, const struct cache_rules *rules,
                          const struct stet_request *request, const struct stet_response *response)
{
    const struct stet_request root = {.scheme = request->scheme, .authority = request->authority};
    struct felling felling = {.groups =
                                  stet_cachegroups_invalidated(request->method, &response->head)};
    struct stet_sf walk = felling.groups;
    struct stet_span group;
    struct keeping keeping;
    if (!stet_cachegroups_next(&walk, &group) || !keeping_make(&keeping, shelf, rules, &root))
        return 0;
    felling.origin = keeping.key.url;
    store_each(shelf->store, felling_each, &felling);
    memory_free(keeping.heap);
    return felling.count;
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
    while (stet_invalidation_next(&walk, room, sizeof room, &target))
        count += mark_target(shelf, rules, &target);
    return count + mark_groups(shelf, rules, request, response);
}
