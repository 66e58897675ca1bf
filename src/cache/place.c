/* Finds places, puts up signposts, clears away.
 *
 *     no Vary, nothing else there    variant 0
 *     no Vary, variants there        behind the signpost, as the one that every request selects
 *     Vary                           behind a signpost with its names
 *
 * A signpost is mixed as soon as something behind it was selected by other names than it says; then
 * all are looked at. Two threads may put responses with different Vary at once. Each puts the
 * response first and the signpost afterwards, looks again, and puts up a better one if it is not
 * true, so that in the end it is.
 *
 * A response replaces not only the one at its own place but each that its request selects and that
 * is no newer: the request was forwarded although that was there. But those with Vary and those
 * without leave each other alone: the latter may be the default that an origin gives to all
 * [RFC 9111 §4.1].
 *
 * Parts stand beside, each under a hash of its own: they are looked for when nothing else does.
 *
 * Given up: moving a response without Vary behind the signpost when the first one with Vary comes.
 * An entry's key does not change; it is fetched once more if it is ever needed.
 */
#include "cache/place.h"

#include "base/memory.h"
#include "base/siphash.h"
#include "cache/siblings.h"
#include "cache/signpost.h"
#include "stet/vary.h"

/* ---- finding ---- */

static bool place_names(struct place *place, const struct stet_head *response)
{
    size_t size = stet_vary_names(response, place->room, sizeof place->room);
    place->heap = NULL;
    place->names = stet_span(place->room, size);
    if (size <= sizeof place->room)
        return true;
    place->heap = size < ENTRY_TEXT_MAX ? memory_new(size) : NULL;
    if (!place->heap)
        return false;
    stet_vary_names(response, place->heap, size);
    place->names.at = place->heap;
    return true;
}

/* There are responses behind a signpost. */
static bool place_has_variants(const struct place *place)
{
    struct siblings siblings;
    siblings_take(&siblings, place->shelf, place->key, place->side);
    const bool found = siblings.signpost && siblings.count > 0;
    siblings_drop(&siblings);
    return found;
}

bool place_find(struct place *place, const struct stet_head *response)
{
    place->variant = 0;
    if (place->key->url.len > ENTRY_TEXT_MAX || !place_names(place, response))
        return false;
    if (!selection_make(&place->selection, place->shelf, place->names, place->request)) {
        memory_free(place->heap);
        return false;
    }
    if (place->names.len > 0 || place_has_variants(place))
        place->variant = place->selection.variant;
    return true;
}

/* Writes the names in a selection as stet_vary_names does; they are no longer than it is. */
static size_t names_write(struct stet_span selecting, char *to)
{
    struct stet_span name, value;
    size_t size = 0;
    while (stet_vary_next(&selecting, &name, &value)) {
        if (size > 0) {
            memcpy(to + size, ", ", 2);
            size += 2;
        }
        memcpy(to + size, name.at, name.len);
        size += name.len;
    }
    return size;
}

bool place_find_like(struct place *place, struct stet_span selecting)
{
    const size_t room = 2 * selecting.len; /* a line feed becomes two octets */
    place->heap = room > sizeof place->room ? memory_new(room) : NULL;
    if (room > sizeof place->room && !place->heap)
        return false;
    char *to = place->heap ? place->heap : place->room;
    place->names = stet_span(to, names_write(selecting, to));
    place->selection.heap = NULL;
    place->selection.text = selecting;
    place->selection.variant = selection_hash(place->shelf, selecting);
    place->variant = 0;
    if (place->names.len > 0 || place_has_variants(place))
        place->variant = place->selection.variant;
    return true;
}

void place_fini(struct place *place)
{
    selection_fini(&place->selection);
    memory_free(place->heap);
    place->heap = NULL;
}

void place_set_aside(struct place *place, const struct stet_parts *parts, struct stet_span tag)
{
    const uint64_t *seed = place->shelf->seed;
    const uint64_t version = siphash(seed, tag.at, tag.len) ^ parts->length;
    const uint64_t own[2] = {seed[0] ^ place->selection.variant, seed[1] ^ version};
    const uint64_t hash = siphash(own, parts->at, parts->count * sizeof parts->at[0]);
    place->variant = hash != 0 ? hash : 1;
}

struct entry *place_entry(const struct place *place, struct entry_head *head, uint64_t expected)
{
    const struct entry_key key = shelf_key_entry(place->key, place->side, place->variant);
    return entry_new(&key, place->key->url, place->selection.text, head, expected);
}

/* ---- signposts ---- */

/* All that is behind the signpost was selected by these names. What is in its place does not count:
 * it has to go. */
static bool all_have_names(const struct siblings *siblings, struct stet_span names)
{
    for (size_t i = 0; i < siblings->count; i++) {
        const struct entry *entry = siblings->at[i].entry;
        if (entry_key(entry)->variant != 0 && !selection_has_names(entry_selecting(entry), names))
            return false;
    }
    return true;
}

/* The signpost does not have to be put up anew: `names` stand on it, or somebody else's, which is
 * as good once ours have stood there. */
static bool signpost_stands(const struct siblings *siblings, const struct stet_span *names)
{
    if (!siblings->signpost)
        return false;
    const struct signpost says = signpost_read(siblings->signpost);
    return (!names || stet_span_equal(says.names, *names)) &&
           (says.mixed || all_have_names(siblings, says.names));
}

/* What it should say. */
static struct signpost signpost_wanted(const struct place *place, const struct siblings *siblings)
{
    struct signpost wanted = {.names = place->names};
    if (wanted.names.len == 0 && siblings->signpost)
        wanted.names = signpost_read(siblings->signpost).names;
    wanted.mixed = !all_have_names(siblings, wanted.names);
    return wanted;
}

static bool signpost_put(const struct place *place, const struct signpost *says)
{
    const struct entry_key key = shelf_key_entry(place->key, place->side, 0);
    struct entry *entry = signpost_new(&key, place->key->url, says);
    const bool done = entry && store_put(place->shelf->store, entry);
    entry_unref(entry);
    return done;
}

/* Sees to it that a signpost leads to what was put. */
static bool place_direct(const struct place *place)
{
    const struct stet_span *names = place->names.len > 0 ? &place->names : NULL;
    struct siblings siblings;
    bool stands = false, done = true;
    while (done && !stands) {
        siblings_take(&siblings, place->shelf, place->key, place->side);
        stands = signpost_stands(&siblings, names);
        if (!stands) {
            const struct signpost wanted = signpost_wanted(place, &siblings);
            done = signpost_put(place, &wanted);
        }
        siblings_drop(&siblings);
        names = NULL;
    }
    return done;
}

/* ---- putting ---- */

static bool is_replaced(const struct place *place, const struct sibling *sibling,
                        const struct stet_stored *by)
{
    const struct stet_stored stored = entry_head_stored(sibling->head);
    const struct stet_span selecting = entry_selecting(sibling->entry);
    return stored.times.date <= by->times.date && by->selected == stored.selected &&
           (place->request ? stet_vary_match(selecting, place->request)
                           : stet_span_equal(selecting, place->selection.text));
}

/* Takes away what the same request selected before. */
static void place_clear(const struct place *place, const struct entry *entry,
                        const struct stet_stored *stored)
{
    struct siblings siblings;
    siblings_take(&siblings, place->shelf, place->key, place->side);
    for (size_t i = 0; i < siblings.count; i++) {
        struct sibling *sibling = &siblings.at[i];
        if (sibling->entry != entry && is_replaced(place, sibling, stored))
            store_drop(place->shelf->store, sibling->entry);
    }
    siblings_drop(&siblings);
}

bool place_put(const struct place *place, struct entry *entry)
{
    struct entry_head *head = entry_head(entry);
    const struct stet_stored stored = entry_head_stored(head);
    const bool aside = stored.partial && place->names.len == 0;
    const bool done = store_put(place->shelf->store, entry);
    if (done)
        groups_note(place->shelf->groups, entry, head);
    entry_head_unref(head);
    if (!done)
        return false;
    if (place->variant != 0 && !aside && !place_direct(place)) {
        store_drop(place->shelf->store, entry);
        return false;
    }
    if (!stored.partial)
        place_clear(place, entry, &stored);
    return true;
}
