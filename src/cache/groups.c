/* An index of groups: for each a list of the primary keys that had members.
 *
 * Nothing is taken off when a response leaves the store; a list that is full is sorted, what is
 * there twice or leads to nothing any more is dropped, and only if that is not much the list grows.
 * Responses with No-Vary-Search are listed by their path as well (shelf_alike.c).
 *
 * Most sites have no groups, and then there is nothing here at all.
 *
 * It counts against the budget of the store, of which it may take a part. Past that, past a number
 * of members, or when memory is out, the index is given up for good and says so: who fells a group
 * then looks through the store, as he would without it.
 */
#include "cache/groups.h"

#include "base/check.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/siphash.h"
#include "store/cost.h"
#include "wire/reply.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    GROUP_ROOM_MIN = 4,
    GROUPS_MEMBERS_MAX = 1 << 20,
    GROUPS_SHARE = 8 /* it takes no more than this part of the budget */
};

struct member {
    uint64_t primary[2];
};

struct group {
    uint64_t hash; /* of origin and name: what the map finds it by */
    size_t count, room;
    struct member *members;
};

struct groups {
    struct store *store;
    uint64_t seed[2];
    pthread_mutex_t lock; /* of all that follows; taken before the store's */
    struct map map;
    size_t room;      /* of all lists */
    uint64_t octets;  /* of groups and lists */
    uint64_t charged; /* to the store */
    uint64_t most;
    bool incomplete;
};

/* ---- life ---- */

struct groups *groups_new(struct store *store, const uint64_t seed[2])
{
    struct groups *groups = memory_new_zero(sizeof *groups);
    if (!groups)
        return NULL;
    groups->store = store;
    groups->seed[0] = seed[0];
    groups->seed[1] = seed[1];
    map_init(&groups->map, seed);
    struct store_sums sums;
    store_sums(store, &sums);
    groups->most = sums.budget / GROUPS_SHARE;
    CHECK(pthread_mutex_init(&groups->lock, NULL) == 0);
    return groups;
}

/* Octets of the heap for `size` that may be none. */
static uint64_t octets_of(size_t size)
{
    return size > 0 ? cost_of(size) : 0;
}

/* Counts what it takes now; false if that is too much. */
static bool groups_charge(struct groups *groups)
{
    const uint64_t now = groups->octets + octets_of(map_size(&groups->map));
    if (now == groups->charged)
        return true;
    if (now > groups->most || !store_charge(groups->store, groups->charged, now))
        return false;
    groups->charged = now;
    return true;
}

static void groups_empty(struct groups *groups)
{
    struct group *group;
    size_t cursor = 0;
    while ((group = map_next(&groups->map, &cursor)) != NULL) {
        memory_free(group->members);
        memory_free(group);
    }
    map_fini(&groups->map);
    map_init(&groups->map, groups->seed);
    groups->room = 0;
    groups->octets = 0;
    CHECK(groups_charge(groups));
}

void groups_free(struct groups *groups)
{
    if (!groups)
        return;
    groups_empty(groups);
    map_fini(&groups->map);
    pthread_mutex_destroy(&groups->lock);
    memory_free(groups);
}

/* ---- names ---- */

struct stet_span groups_origin(struct stet_span url)
{
    size_t start = url.len, end;
    while (start > 0 && url.at[start - 1] != ' ')
        start--;
    end = start + stet_span_find(stet_span_from(url, start), '/') + sizeof "//" - 1;
    end += stet_span_find(stet_span_from(url, end), '/');
    return stet_span(url.at, end < url.len ? end + 1 : url.len);
}

struct stet_span groups_path(struct stet_span url)
{
    const struct stet_span path = stet_span_from(url, groups_origin(url).len);
    return stet_span(path.at, stet_span_find(path, '?'));
}

void groups_walk_init(struct groups_walk *walk, const struct entry_head *head)
{
    struct stet_span block = entry_head_unchanged(head), name, value;
    const size_t most = sizeof walk->fields / sizeof walk->fields[0];

    walk->view = (struct stet_head){.fields = walk->fields};
    while (head->flags & ENTRY_HEAD_GROUPED && walk->view.count < most &&
           reply_block_next(&block, &name, &value))
        if (stet_field_id(name) == STET_FIELD_CACHE_GROUPS)
            stet_head_add(&walk->view, walk->fields, name, value);
    walk->rest = stet_cachegroups_of(&walk->view);
}

bool groups_walk_next(struct groups_walk *walk, struct stet_span *group)
{
    return stet_cachegroups_next(&walk->rest, group);
}

static uint64_t group_hash(const struct groups *groups, struct stet_span origin,
                           struct stet_span name)
{
    const uint64_t seed[2] = {groups->seed[0] ^ siphash(groups->seed, origin.at, origin.len),
                              groups->seed[1]};
    return siphash(seed, name.at, name.len);
}

/* ---- members ---- */

static int member_compare(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    const size_t at = left->primary[0] == right->primary[0];
    return (left->primary[at] > right->primary[at]) - (left->primary[at] < right->primary[at]);
}

static bool any_entry(void *owner, struct entry *entry)
{
    (void)owner;
    (void)entry;
    return false;
}

/* Drops what is there twice, and what leads to nothing. */
static void group_tidy(const struct groups *groups, struct group *group)
{
    size_t kept = 0;
    if (group->count > 1)
        qsort(group->members, group->count, sizeof group->members[0], member_compare);
    for (size_t i = 0; i < group->count; i++) {
        const struct member *at = &group->members[i];
        const bool again = kept > 0 && member_compare(at, &group->members[kept - 1]) == 0;
        if (!again && store_each_variant(groups->store, at->primary, any_entry, NULL) > 0)
            group->members[kept++] = *at;
    }
    group->count = kept;
}

static bool group_reserve(struct groups *groups, struct group *group)
{
    if (group->count < group->room)
        return true;
    group_tidy(groups, group);
    if (group->room > 0 && group->count <= group->room / 2)
        return true;
    const size_t room = group->room > 0 ? 2 * group->room : GROUP_ROOM_MIN;
    if (groups->room + room - group->room > GROUPS_MEMBERS_MAX)
        return false;
    struct member *members = memory_grow(group->members, room * sizeof *members);
    if (!members)
        return false;
    groups->room += room - group->room;
    groups->octets += octets_of(room * sizeof *members);
    groups->octets -= octets_of(group->room * sizeof *members);
    group->members = members;
    group->room = room;
    return true;
}

/* The group with this hash, made if there is none; NULL when memory is out. */
static struct group *groups_group(struct groups *groups, uint64_t hash)
{
    struct group *group = map_find(&groups->map, &hash, sizeof hash);
    if (group)
        return group;
    group = memory_new_zero(sizeof *group);
    if (!group)
        return NULL;
    group->hash = hash;
    if (!map_put(&groups->map, &group->hash, sizeof group->hash, group)) {
        memory_free(group);
        return NULL;
    }
    groups->octets += octets_of(sizeof *group);
    return group;
}

static bool groups_add(struct groups *groups, uint64_t hash, const uint64_t primary[2])
{
    struct group *group = groups_group(groups, hash);
    if (!group || !group_reserve(groups, group))
        return false;
    group->members[group->count++] = (struct member){{primary[0], primary[1]}};
    return true;
}

/* ---- the calls ---- */

static bool has_novarysearch(const struct entry_head *head)
{
    struct stet_span block = entry_head_unchanged(head), name, value;
    while (reply_block_next(&block, &name, &value))
        if (stet_field_id(name) == STET_FIELD_NO_VARY_SEARCH)
            return true;
    return false;
}

void groups_note(struct groups *groups, const struct entry *entry, const struct entry_head *head)
{
    struct groups_walk walk;
    struct stet_span name;

    if (!groups || !(head->flags & ENTRY_HEAD_GROUPED))
        return;
    const struct stet_span origin = groups_origin(entry_url(entry));
    groups_walk_init(&walk, head);
    pthread_mutex_lock(&groups->lock);
    bool done = true;
    if (!groups->incomplete && has_novarysearch(head))
        done = groups_add(groups, group_hash(groups, origin, groups_path(entry_url(entry))),
                          entry_key(entry)->primary);
    while (!groups->incomplete && done && groups_walk_next(&walk, &name))
        done = groups_add(groups, group_hash(groups, origin, name), entry_key(entry)->primary);
    groups->incomplete |= !done || !groups_charge(groups);
    if (groups->incomplete)
        groups_empty(groups);
    pthread_mutex_unlock(&groups->lock);
}

bool groups_each(struct groups *groups, struct stet_span origin, struct stet_span group,
                 bool (*each)(void *owner, struct entry *entry), void *owner)
{
    const uint64_t hash = group_hash(groups, origin, group);
    pthread_mutex_lock(&groups->lock);
    const bool complete = !groups->incomplete;
    struct group *found = complete ? map_find(&groups->map, &hash, sizeof hash) : NULL;
    if (found)
        group_tidy(groups, found);
    for (size_t i = 0; found && i < found->count; i++)
        store_each_variant(groups->store, found->members[i].primary, each, owner);
    pthread_mutex_unlock(&groups->lock);
    return complete;
}
