/* Looks at the shelf: picks what answers, and gathers what may be asked about.
 *
 *     store_find(variant 0) -- a response --> judge it            the usual hit: one probe
 *          |            |
 *          |            `-- a signpost --> store_find(selection) --> judge it
 *          |                     |
 *          nothing               mixed
 *          |                     |
 *          `---------------------`--> look at all, judge each
 *
 * If nothing is at variant 0 there may still be variants, whose signpost had to make room, or
 * parts.
 *
 * Of several that fit, one that may answer goes before one that may not: only what satisfies all
 * conditions counts as suitable [RFC 9111 §4].
 */
#include "cache/shelf.h"

#include "base/memory.h"
#include "cache/selection.h"
#include "cache/shelf_head.h"
#include "cache/shelf_parts.h"
#include "cache/siblings.h"
#include "cache/signpost.h"
#include "stet/vary.h"

/* ---- judging ---- */

/* Nobody has asked about it for longer than stale responses are kept, nor may it be used stale. */
static bool is_outlived(const struct cache_rules *rules, const struct stet_stored *stored,
                        int64_t now)
{
    const uint32_t age = stet_age(&stored->times, now);
    uint32_t keep = rules->keep;
    if (age <= stored->lifetime)
        return false;
    if (stored->stale_while_revalidate > keep)
        keep = stored->stale_while_revalidate;
    if (stored->stale_if_error != STET_SECONDS_NONE && stored->stale_if_error > keep)
        keep = stored->stale_if_error;
    return age - stored->lifetime > keep;
}

/* May it be looked at, or does it leave for having been stale too long? */
static bool is_kept(const struct shelf *shelf, const struct shelf_ask *ask, struct entry *entry,
                    const struct stet_stored *stored)
{
    if (entry_state(entry) == ENTRY_BROKEN)
        return false;
    if (!is_outlived(ask->rules, stored, ask->now))
        return true;
    if (entry_state(entry) == ENTRY_WHOLE)
        store_drop(shelf->store, entry);
    return false;
}

static bool is_usable(const struct stet_reuse *reuse)
{
    return reuse->answer == STET_REUSE_FRESH || reuse->answer == STET_REUSE_STALE ||
           reuse->answer == STET_REUSE_REFRESH;
}

/* ---- picking ---- */

struct look {
    const struct shelf *shelf;
    const struct shelf_ask *ask;
    struct shelf_pick best;
    struct stet_stored stored; /* of the best */
    bool bare;                 /* nothing is stored for GET */
};

static bool look_prefers(const struct look *look, const struct stet_reuse *reuse,
                         const struct stet_stored *stored)
{
    const bool usable = is_usable(reuse);
    if (!look->best.entry)
        return true;
    if (usable != is_usable(&look->best.reuse))
        return usable;
    return stet_stored_precedes(stored, &look->stored);
}

/* Judges an entry that the request selects; takes both. */
static void look_judge(struct look *look, struct entry *entry, struct entry_head *head)
{
    const struct shelf_ask *ask = look->ask;
    const struct stet_stored stored = entry_head_stored(head);
    struct shelf_pick pick = {.entry = entry, .head = head};

    if (is_kept(look->shelf, ask, entry, &stored) &&
        (!stored.partial || shelf_parts_answer(head, ask->request))) {
        pick.reuse = stet_may_reuse(&ask->rules->profile, &stored, ask->asked, ask->now);
        if (look_prefers(look, &pick.reuse, &stored)) {
            shelf_pick_drop(&look->best);
            look->best = pick;
            look->stored = stored;
            return;
        }
    }
    shelf_pick_drop(&pick);
}

static void look_at_all(struct look *look, enum shelf_side side)
{
    const struct shelf_ask *ask = look->ask;
    struct siblings siblings;
    siblings_take(&siblings, look->shelf, ask->key, side);
    look->bare |= side == SHELF_GET && siblings.count == 0 && !siblings.signpost;
    for (size_t i = 0; i < siblings.count; i++) {
        const struct sibling *at = &siblings.at[i];
        if (stet_vary_match(entry_selecting(at->entry), &ask->request->head))
            look_judge(look, entry_ref(at->entry), entry_head_ref(at->head));
    }
    siblings_drop(&siblings);
}

/* Follows a signpost that all responses behind it agree with. */
static void look_behind(struct look *look, enum shelf_side side, struct stet_span names)
{
    const struct shelf_ask *ask = look->ask;
    struct selection selection;
    if (!selection_make(&selection, look->shelf, names, &ask->request->head))
        return;
    const struct entry_key key = shelf_key_entry(ask->key, side, selection.variant);
    struct entry *entry = store_find(look->shelf->store, &key, ask->key->url, selection.text);
    if (entry)
        look_judge(look, entry, entry_head(entry));
    selection_fini(&selection);
}

static void look_on(struct look *look, enum shelf_side side)
{
    const struct shelf_ask *ask = look->ask;
    const struct entry_key key = shelf_key_entry(ask->key, side, 0);
    struct entry *entry = store_find(look->shelf->store, &key, ask->key->url, STET_SPAN_NONE);
    struct entry_head *head = entry ? entry_head(entry) : NULL;
    bool all = !entry;

    if (head) {
        look_judge(look, entry, head);
    } else if (entry) {
        const struct signpost says = signpost_read(entry);
        all = says.mixed;
        if (!all)
            look_behind(look, side, says.names);
        entry_unref(entry);
    }
    /* a part may do where the whole does not */
    if (all || (ask->asked->range && !is_usable(&look->best.reuse)))
        look_at_all(look, side);
}

void shelf_pick_drop(struct shelf_pick *pick)
{
    entry_head_unref(pick->head);
    entry_unref(pick->entry);
    pick->head = NULL;
    pick->entry = NULL;
}

struct shelf_pick shelf_pick(const struct shelf *shelf, const struct shelf_ask *ask)
{
    struct look look = {.shelf = shelf, .ask = ask};

    look.best.reuse = stet_reuse_of_nothing(ask->asked);
    look_on(&look, SHELF_GET);
    if (ask->asked->method == STET_METHOD_HEAD && !is_usable(&look.best.reuse))
        look_on(&look, SHELF_HEAD); /* [RFC 9110 §9.3.2] */
    look.best.bare = look.bare;
    return look.best;
}

bool shelf_length(const struct entry *entry, const struct entry_head *head, uint64_t *length)
{
    const uint32_t expected = entry_expected(entry);
    struct stet_parts parts;

    if (entry_head_parts(head, &parts)) {
        *length = parts.length;
        return true;
    }
    if (head->method != STET_METHOD_HEAD && entry_state(entry) == ENTRY_WHOLE) {
        *length = entry_length(entry);
        return true;
    }
    *length = expected;
    return (head->flags & ENTRY_HEAD_SIZED) && expected < UINT32_MAX;
}

/* ---- gathering ---- */

static void set_add(struct shelf_set *set, const struct sibling *sibling,
                    const struct stet_request *request, bool selected)
{
    const size_t i = set->candidates.count++;
    set->entries[i] = entry_ref(sibling->entry);
    set->heads[i] = entry_head_ref(sibling->head);
    set->changes[i] = entry_head_changes(sibling->head);
    set->stored[i] = entry_head_stored(sibling->head);
    set->at[i] = (struct stet_candidate){
        .head = &set->views[i],
        .stored = &set->stored[i],
        .covers = set->stored[i].partial && shelf_parts_answer(sibling->head, request),
        .other = !selected,
    };
}

/* Adds those that the request selects, or the others. */
static void set_add_those(struct shelf_set *set, const struct shelf *shelf,
                          const struct shelf_ask *ask, const struct siblings *siblings,
                          bool selected)
{
    for (size_t i = 0; i < siblings->count && set->candidates.count < STET_CANDIDATES_MAX; i++) {
        const struct sibling *at = &siblings->at[i];
        const struct stet_stored stored = entry_head_stored(at->head);
        if (stet_vary_match(entry_selecting(at->entry), &ask->request->head) == selected &&
            is_kept(shelf, ask, at->entry, &stored))
            set_add(set, at, ask->request, selected);
    }
}

static bool set_view(struct shelf_set *set)
{
    size_t lines = 0;
    for (size_t i = 0; i < set->candidates.count; i++)
        lines += set->heads[i]->lines;
    set->fields = memory_new((lines + 1) * sizeof *set->fields);
    if (!set->fields)
        return false;
    lines = 0;
    for (size_t i = 0; i < set->candidates.count; i++) {
        shelf_head_view(set->heads[i], set->fields + lines, &set->views[i]);
        lines += set->heads[i]->lines;
    }
    return true;
}

bool shelf_gather(const struct shelf *shelf, const struct shelf_ask *ask, bool selected,
                  struct shelf_set *set)
{
    struct siblings siblings;

    set->candidates = (struct stet_candidates){set->at, 0};
    set->fields = NULL;
    siblings_take(&siblings, shelf, ask->key, SHELF_GET);
    set_add_those(set, shelf, ask, &siblings, true);
    if (!selected)
        set_add_those(set, shelf, ask, &siblings, false); /* [RFC 9111 §4.1] */
    siblings_drop(&siblings);
    const bool done = set->candidates.count == 0 || set_view(set);
    if (!done)
        shelf_set_drop(set);
    return done;
}

void shelf_set_drop(struct shelf_set *set)
{
    for (size_t i = 0; i < set->candidates.count; i++) {
        entry_head_unref(set->heads[i]);
        entry_unref(set->entries[i]);
    }
    memory_free(set->fields);
    set->candidates.count = 0;
    set->fields = NULL;
}
