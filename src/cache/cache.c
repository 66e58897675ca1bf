/* The judgement: may a stored response answer this request, or where else does the answer come
 * from?
 *
 *     bypass? ----------------------------------------------------------> own flight, passes
 *     shelf_pick --fresh, stale but allowed-----------------------------> found
 *         |      --fresh enough while it is made fresh------------------> found, and a flight
 *         |      --nothing that may be used, and only-if-cached---------> 504
 *         v
 *     a flight of this key? --join--> follower --news--> judge again
 *         | none, or better alone
 *         v
 *     own flight --landed--> found, passes, failed
 *
 * A hit takes one key, one probe, one judgement; it touches nothing shared but the entry. Whoever
 * waits for another's flight gets nothing from it: he judges what is stored by his own request
 * afterwards, as on a hit. After three rounds of that he goes alone.
 */
#include "cache/cache.h"

#include "base/memory.h"
#include "cache/awaiting.h"
#include "cache/departure.h"
#include "cache/flight.h"

/* Room for the text of a key on the stack; a longer one is in the asker's arena. */
enum { CACHE_KEY_ROOM = 512 };

/* ---- the cache ---- */

struct cache *cache_new(struct store *store, const uint64_t seed[2])
{
    struct cache *cache = memory_new_zero(sizeof *cache);

    if (!cache)
        return NULL;
    cache->shelf = (struct shelf){store, {seed[0], seed[1]}, groups_new(store, seed)};
    cache->flights = flights_new();
    if (cache->flights && cache->shelf.groups)
        return cache;
    cache_free(cache);
    return NULL;
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    flights_free(cache->flights);
    groups_free(cache->shelf.groups);
    memory_free(cache);
}

/* ---- facts ---- */

/* Why a request goes forward, by what stood in the way [RFC 9211 §2.2]. */
static enum stet_forward forward_of(const struct stet_reuse *reuse)
{
    switch (reuse->reason) {
    case STET_REASON_NOT_STORED:
        return STET_FORWARD_URI_MISS; /* or another miss, as it turns out */
    case STET_REASON_REQUEST_NO_CACHE:
    case STET_REASON_REQUEST_PRAGMA:
    case STET_REASON_REQUEST_MAX_AGE:
    case STET_REASON_REQUEST_MIN_FRESH:
        return reuse->ttl > 0 ? STET_FORWARD_REQUEST : STET_FORWARD_STALE;
    default:
        return STET_FORWARD_STALE;
    }
}

static enum cache_outcome cache_failed(struct cache_query *query, int status,
                                       enum stet_proxy_error error)
{
    query->status = status;
    query->facts.error = error;
    return CACHE_FAILED;
}

static enum cache_outcome cache_out_of_memory(struct cache_query *query)
{
    return cache_failed(query, 500, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR);
}

/* ---- found ---- */

/* It still fills, and gets the tag that decides when it is whole. */
static bool cache_awaits(struct cache_query *query, const struct shelf_pick *pick)
{
    const struct cache_rules *rules = query->route->rules;
    const uint32_t expected =
        pick->head->flags & ENTRY_HEAD_SIZED ? entry_expected(pick->entry) : 0;

    return !query->held && entry_state(pick->entry) == ENTRY_FILLING &&
           expected <= rules->validate_up_to &&
           synthesis_awaited(rules, query->request, pick->head) &&
           awaiting_begin(query, pick->entry, rules->validate_up_to);
}

/* The asker gets it, and is told when there is more of it. */
static void cache_hand_out(struct cache_query *query, struct source *source)
{
    query->representation = &source->representation;
    source_listen(source, query);
}

/* The pick's references go on to the representation: each one counted costs a locked instruction.
 */
static enum cache_outcome cache_hand_out_stored(struct cache_query *query, struct shelf_pick *pick)
{
    const bool fills = entry_state(pick->entry) == ENTRY_FILLING;

    query->facts.synthesized = pick->head->flags & ENTRY_HEAD_TAG_MADE;
    query->facts.received = entry_head_version(pick->head);
    struct stored *stored = stored_new(query->worker, pick->entry, pick->head, STET_SPAN_NONE);
    pick->entry = NULL;
    pick->head = NULL;
    if (!stored)
        return cache_out_of_memory(query);
    if (fills)
        cache_hand_out(query, stored_source(stored));
    else
        query->representation = &stored_source(stored)->representation;
    return CACHE_FOUND;
}

/* A stored response answers that was not fetched for this request. Takes the pick. */
static enum cache_outcome cache_found(struct cache_query *query, struct shelf_pick *pick)
{
    struct cache_facts *facts = &query->facts;
    enum cache_outcome outcome = CACHE_WAIT;

    if (!cache_awaits(query, pick)) {
        facts->hit = query->rounds == 0;
        facts->collapsed = query->rounds > 0;
        if (facts->hit)
            facts->forward = STET_FORWARD_NONE;
        facts->has_ttl = facts->has_age = true; /* [RFC 9111 §4] */
        facts->ttl = pick->reuse.ttl;
        facts->age = pick->reuse.age;
        facts->reason = pick->reuse.reason;
        outcome = cache_hand_out_stored(query, pick);
    }
    shelf_pick_drop(pick);
    return outcome;
}

/* ---- the own flight has landed ---- */

/* The head that was judged, or the same one with the tag that it has got since. What the origin has
 * said to others meanwhile has another age, and is not about this request. */
static struct entry_head *cache_head(const struct shelf_pick *pick)
{
    struct entry_head *now = entry_head(pick->entry);
    const struct stet_stored judged = entry_head_stored(pick->head);
    const struct stet_stored stored = entry_head_stored(now);

    if ((now->flags & ENTRY_HEAD_TAG_MADE) && stored.times.received == judged.times.received &&
        stored.times.date == judged.times.date)
        return now;
    entry_head_unref(now);
    return entry_head_ref(pick->head);
}

static struct stored *cache_stored(struct cache_query *query, const struct shelf_pick *pick,
                                   struct stet_span extra)
{
    struct entry_head *head = cache_head(pick);

    query->facts.synthesized = head->flags & ENTRY_HEAD_TAG_MADE;
    query->facts.received = entry_head_version(head);
    return stored_new(query->worker, entry_ref(pick->entry), head, extra);
}

/* What is stored answers the one who asked for it. */
static enum cache_outcome cache_landed_stored(struct cache_query *query)
{
    struct flight *flight = query->flight;
    struct flight_outcome *outcome = &flight->outcome;
    const struct shelf_pick *pick = &outcome->pick;

    if (cache_awaits(query, pick))
        return CACHE_WAIT;
    if (entry_state(pick->entry) == ENTRY_BROKEN && !flight->pipe) {
        const enum stet_proxy_error error = fetch_error(&flight->fetch);
        return error == STET_PROXY_ERROR_NONE ? cache_out_of_memory(query)
                                              : cache_failed(query, 502, error);
    }
    if (flight->fill.same)
        query->facts.reason = STET_REASON_VALIDATED; /* the same octets: as good as a 304 */
    struct stored *stored = cache_stored(query, pick, outcome->extra);
    if (!stored)
        return cache_out_of_memory(query);
    cache_hand_out(query, stored_source(stored));
    if (flight->pipe)
        stored_continue(stored, flight->pipe);
    else if (flight->stage == FLIGHT_FILLS && !flight->over)
        stored_watch(stored, &flight->reader);
    return CACHE_FOUND;
}

static enum cache_outcome cache_landed_passes(struct cache_query *query)
{
    struct flight_outcome *outcome = &query->flight->outcome;
    struct source *source = outcome->source;

    outcome->source = NULL;
    cache_hand_out(query, source);
    return CACHE_FOUND;
}

/* The origin refused to answer before the handshake was over: the request is as it was before. */
static enum cache_outcome cache_landed_early(struct cache_query *query)
{
    query->facts = (struct cache_facts){.hit = false};
    flight_leave(query->flight);
    return query->early ? CACHE_EARLY : cache_find(query->worker, query);
}

/* The outcome of the own fetch, once it is known. */
static enum cache_outcome cache_landed(struct cache_query *query)
{
    struct flight *flight = query->flight;
    enum cache_outcome outcome = CACHE_WAIT;

    query->facts = flight->outcome.facts;
    switch (flight->outcome.told) {
    case FLIGHT_TOLD_STORED:
        outcome = cache_landed_stored(query);
        break;
    case FLIGHT_TOLD_PASSES:
        outcome = cache_landed_passes(query);
        break;
    case FLIGHT_TOLD_FAILED:
        outcome = cache_failed(query, flight->outcome.status, query->facts.error);
        break;
    case FLIGHT_TOLD_EARLY:
        return cache_landed_early(query);
    default:
        break;
    }
    if (outcome != CACHE_WAIT)
        flight_asked(flight);
    return outcome;
}

/* ---- the judgement ---- */

/* Nothing is looked up for it, and nothing of it stored, nor shared (D-36). */
static bool cache_bypasses(const struct cache_query *query)
{
    const enum stet_method method = query->request->method;

    return query->route->rules->off || query->content || query->upgrade ||
           (method != STET_METHOD_GET && method != STET_METHOD_HEAD);
}

static enum cache_outcome cache_bypass(struct cache_query *query)
{
    const enum stet_method method = query->request->method;
    const bool method_asks = method != STET_METHOD_GET && method != STET_METHOD_HEAD;

    query->facts.forward = method_asks ? STET_FORWARD_METHOD : STET_FORWARD_BYPASS;
    if (query->content && !method_asks && !query->route->rules->off)
        query->facts.reason = STET_REASON_REQUEST_HAS_CONTENT;
    return departure_bypass(query);
}

/* The flight that was waited for failed: what is stored may answer instead, or nothing does. False:
 * it goes on as usual. Takes the pick if it is true. */
static bool cache_follows_failure(struct cache_query *query, struct shelf_pick *pick,
                                  enum cache_outcome *outcome)
{
    const struct follower_word word = query->follower.word;

    query->follower.word.news = FOLLOWER_NONE;
    if (word.news != FOLLOWER_FAILED && !(word.news == FOLLOWER_ALONE && word.status > 0))
        return false;
    if (pick->entry) {
        const struct stet_stored stored = entry_head_stored(pick->head);
        struct stet_reuse reuse = stet_may_reuse_on_error(
            &query->route->rules->profile, &stored, &query->asked,
            word.news == FOLLOWER_FAILED ? 0 : word.status, cache_seconds(query->worker->loop));
        if (reuse.answer != STET_REUSE_ERROR) {
            pick->reuse = reuse;
            *outcome = cache_found(query, pick);
            return true;
        }
    }
    if (word.news == FOLLOWER_ALONE)
        return false;
    shelf_pick_drop(pick);
    query->facts.collapsed = true;
    *outcome = cache_failed(query, word.status, word.error);
    return true;
}

static enum cache_outcome cache_go(struct cache_query *query, const struct shelf_ask *ask,
                                   struct shelf_pick *pick, uint64_t moment)
{
    struct departure departure = {ask, pick, moment};
    enum cache_outcome outcome;

    if (cache_follows_failure(query, pick, &outcome))
        return outcome;
    query->facts.forward = forward_of(&pick->reuse);
    query->facts.reason = pick->reuse.reason;
    outcome = departure_go(query, &departure);
    shelf_pick_drop(pick);
    return outcome;
}

/* One look at what is stored. CACHE_FOUND without a representation: it has changed, look again. */
static enum cache_outcome cache_look(struct cache_query *query, const struct shelf_key *key)
{
    struct cache *cache = query->worker->cache;
    const struct shelf_ask ask = {.key = key,
                                  .rules = query->route->rules,
                                  .request = query->request,
                                  .asked = &query->asked,
                                  .now = cache_seconds(query->worker->loop)};
    const uint64_t moment = flights_moment(cache->flights, key->primary);
    struct shelf_pick pick = shelf_pick(&cache->shelf, &ask);
    struct departure departure = {&ask, &pick, moment};

    switch (pick.reuse.answer) {
    case STET_REUSE_REFRESH:
        departure_refresh(query, &departure);
        return cache_found(query, &pick);
    case STET_REUSE_FRESH:
    case STET_REUSE_STALE:
        return cache_found(query, &pick);
    case STET_REUSE_TIMEOUT: /* [RFC 9111 §5.2.1.7] */
        query->facts.reason = pick.reuse.reason;
        shelf_pick_drop(&pick);
        return cache_failed(query, 504, STET_PROXY_ERROR_NONE);
    default:
        return cache_go(query, &ask, &pick, moment);
    }
}

static enum cache_outcome cache_judge(struct cache_query *query)
{
    char room[CACHE_KEY_ROOM];
    const struct cache_rules *rules = query->route->rules;
    const size_t size = shelf_key_room(rules, query->request);
    char *text = size <= sizeof room ? room : arena_alloc(query->arena, size);
    struct shelf_key key;
    enum cache_outcome outcome;

    if (!text)
        return cache_out_of_memory(query);
    if (rules->partition.len > 0)
        atomic_store_explicit(&query->worker->cache->partitioned, true, memory_order_relaxed);
    const size_t len = shelf_key_write(rules, query->request, &query->worker->servers, text);
    shelf_key_read(&query->worker->cache->shelf, stet_span(text, len), &key);
    do
        outcome = cache_look(query, &key);
    while (outcome == CACHE_FOUND && !query->representation);
    return outcome;
}

enum cache_outcome cache_find(struct cache_worker *worker, struct cache_query *query)
{
    if (query->flight)
        return cache_landed(query);
    if (!query->worker) {
        query->worker = worker;
        query->asked = stet_asked_of(&query->route->rules->profile, query->request, query->content);
        departure_init(query);
    }
    return cache_bypasses(query) ? cache_bypass(query) : cache_judge(query);
}

/* ---- while it lasts ---- */

bool cache_content(struct cache_query *query, struct stet_span bytes)
{
    return !query->flight || flight_content(query->flight, bytes);
}

void cache_content_end(struct cache_query *query, const struct stet_head *trailers)
{
    if (query->flight)
        flight_content_end(query->flight, trailers);
}

void cache_forget(struct cache_query *query)
{
    source_forget(query);
    awaiting_end(query);
    departure_forget(query);
    if (query->flight)
        flight_leave(query->flight);
}
