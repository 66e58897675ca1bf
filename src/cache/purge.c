/* Purging: what an operator takes out of the store, or makes stale, by what its URLs look like.
 *
 * A URL is found by its key, as long as no route keeps a partition of its own; everything else by
 * looking at all there is, once. What goes is noted first and taken out afterwards, since the store
 * may not be changed while one looks at it; what only becomes stale does so on the spot. Flights
 * under way are told before, so that what they bring is not taken for newer than the purge.
 *
 * Given up: an index by prefix. A purge is rare; a look at two hundred thousand URLs takes some
 * hundredths of a second, of a thread that serves nobody.
 */
#include "base/memory.h"
#include "cache/cache_parts.h"
#include "cache/pattern.h"
#include "stet/uri.h"

/* What is looked for, what becomes of it, and what was found. */
struct purge {
    struct cache *cache;
    enum cache_purge_scope scope;
    struct stet_span text;
    bool hard;
    int64_t now;
    struct pattern *pattern;
    struct pattern_scratch scratch;
    struct entry **gone; /* those to be taken out, one reference each */
    size_t gone_count, room;
    int64_t reached;
    const char *error;
};

/* ---- looking at everything ---- */

static bool purge_fits_pattern(struct purge *purge, struct stet_span url)
{
    struct pattern_match match;

    purge->scratch.effort = PATTERN_EFFORT;
    const enum pattern_found found = pattern_find(purge->pattern, url, 0, &purge->scratch, &match);
    if (found == PATTERN_FAILED)
        purge->error = "the expression takes too long on some URL";
    return found == PATTERN_FOUND;
}

static bool purge_fits_group(const struct purge *purge, struct entry *entry)
{
    struct entry_head *head = entry_head(entry);
    const bool fits = head && shelf_in_group(head, purge->text);

    entry_head_unref(head);
    return fits;
}

static bool purge_fits(struct purge *purge, struct entry *entry)
{
    const struct stet_span url = shelf_key_url(entry_url(entry));

    switch (purge->scope) {
    case CACHE_PURGE_URL:
        return stet_span_equal(url, purge->text) || shelf_is_alike(entry, url, purge->text);
    case CACHE_PURGE_PREFIX:
        return stet_span_starts(url, purge->text);
    case CACHE_PURGE_MATCH:
        return purge_fits_pattern(purge, url);
    case CACHE_PURGE_GROUP:
        return purge_fits_group(purge, entry);
    default:
        return true;
    }
}

static bool purge_note(struct purge *purge, struct entry *entry)
{
    if (purge->gone_count == purge->room) {
        const size_t room = purge->room > 0 ? 2 * purge->room : 64;
        struct entry **gone = memory_grow(purge->gone, room * sizeof *gone);
        if (!gone) {
            purge->error = "memory is out";
            return false;
        }
        purge->gone = gone;
        purge->room = room;
    }
    purge->gone[purge->gone_count++] = entry_ref(entry);
    return true;
}

static bool purge_look(void *owner, struct entry *entry)
{
    struct purge *purge = owner;

    if (!purge_fits(purge, entry))
        return !purge->error;
    if (purge->hard)
        return purge_note(purge, entry);
    purge->reached += entry_expire(entry, purge->now);
    return true;
}

/* What only leads to responses goes with them, and is not counted. */
static void purge_take_out(struct purge *purge)
{
    for (size_t i = 0; i < purge->gone_count; i++) {
        struct entry_head *head = entry_head(purge->gone[i]);
        purge->reached += head != NULL;
        entry_head_unref(head);
        store_drop(purge->cache->shelf.store, purge->gone[i]);
        entry_unref(purge->gone[i]);
    }
    memory_free(purge->gone);
}

static void purge_all(struct purge *purge)
{
    flights_outdate(purge->cache->flights, NULL);
    store_each(purge->cache->shelf.store, purge_look, purge);
    purge_take_out(purge);
    pattern_scratch_fini(&purge->scratch);
}

/* ---- by key ---- */

/* In normal form, as keys have it, in memory of its own; NULL, with the error, if it is no URL or
 * memory is out. */
static char *purge_normal(struct purge *purge, struct shelf_key *key)
{
    const struct cache_rules rules = cache_rules_default();
    struct stet_uri uri;

    if (!stet_uri_split(purge->text, &uri)) {
        purge->error = "this is no absolute http URL";
        return NULL;
    }
    const struct stet_request target = {
        .scheme = uri.scheme, .authority = uri.authority, .path = uri.path, .query = uri.query};
    char *text = memory_new(shelf_key_room(&rules, &target));
    if (!text)
        purge->error = "memory is out";
    else
        shelf_key_make(&purge->cache->shelf, &rules, &target, text, key);
    return text;
}

static void purge_url(struct purge *purge)
{
    struct cache *cache = purge->cache;
    struct shelf_key key;
    char *text = purge_normal(purge, &key);

    if (!text)
        return;
    purge->text = key.url;
    if (purge->scope == CACHE_PURGE_PREFIX || atomic_load(&cache->partitioned)) {
        purge_all(purge);
    } else {
        flights_outdate(cache->flights,
                        shelf_may_be_alike(&cache->shelf, key.url) ? NULL : key.primary);
        purge->reached = (int64_t)shelf_purge(&cache->shelf, &key, purge->hard, purge->now);
        shelf_each_alike(&cache->shelf, key.url, purge_look, purge); /* D-20 */
        purge_take_out(purge);
    }
    memory_free(text);
}

int64_t cache_purge(struct cache *cache, enum cache_purge_scope scope, struct stet_span text,
                    const struct cache_purge_way *way, const char **error)
{
    static _Thread_local char message[PATTERN_MESSAGE];
    struct purge purge = {
        .cache = cache, .scope = scope, .text = text, .hard = way->hard, .now = way->now};

    if (scope == CACHE_PURGE_URL || scope == CACHE_PURGE_PREFIX) {
        purge_url(&purge);
    } else if (scope != CACHE_PURGE_MATCH) {
        purge_all(&purge);
    } else {
        purge.pattern = pattern_new(text, message);
        if (purge.pattern)
            purge_all(&purge);
        else
            purge.error = message;
        pattern_free(purge.pattern);
    }
    *error = purge.error;
    return purge.error ? -1 : purge.reached;
}
