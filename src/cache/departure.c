/* Follows the flight of its key, or begins one, alone or to be joined.
 *
 *     is it worth waiting?  -- no --> a flight of its own, that nobody joins
 *         | yes
 *     is there a flight? -- yes --> follow it, for so long
 *         | no
 *     a flight of its own; whoever comes next may join it, if its answer could be for others
 *
 * It is not worth waiting for what has to be validated for each request anyway, for what lately
 * turned out to be for one only, and for a request that wants the origin to be asked for itself.
 * Nor is a flight joined whose request asks for less than others would, or as somebody: a part, its
 * own conditions, its own authority (D-40), or one that says Early-Data, which may be answered with
 * 425.
 *
 * Flights are told apart by what the response is known to vary by, if one is stored; before that
 * all requests for a URI follow the first, and those that it does not suit form the next one.
 */
#include "cache/departure.h"

#include "base/container.h"
#include "base/map.h"
#include "base/mempool.h"
#include "cache/flight.h"
#include "stet/vary.h"

#define NS_PER_MS INT64_C(1000000)

enum {
    DEPARTURE_ROUNDS = 3, /* waits for others; then alone */
    DEPARTURE_VARY = 512  /* octets of selecting fields that tell flights apart */
};

static struct flights *flights_of(const struct cache_query *query)
{
    return query->worker->cache->flights;
}

/* ---- following ---- */

static void departure_told(struct follower *follower)
{
    struct cache_query *query = CONTAINER(follower, struct cache_query, follower);

    loop_timer_cancel(query->worker->loop, &query->patience);
    query->rounds++;
    if (follower->word.news != FOLLOWER_AGAIN || query->rounds >= DEPARTURE_ROUNDS)
        query->alone = true;
    query->events->ready(query);
}

static void departure_impatient(struct timer *timer)
{
    struct cache_query *query = CONTAINER(timer, struct cache_query, patience);

    flights_forget(&query->follower);
    query->follower.word.news = FOLLOWER_NONE;
    query->alone = true;
    query->events->ready(query);
}

void departure_init(struct cache_query *query)
{
    query->follower.box = &query->worker->box;
    query->follower.told = departure_told;
    timer_init(&query->patience, departure_impatient);
}

void departure_forget(struct cache_query *query)
{
    flights_forget(&query->follower);
    if (query->worker)
        loop_timer_cancel(query->worker->loop, &query->patience);
}

/* It follows now: but not for ever. Without memory for a timer it goes alone at once. */
static bool departure_wait(struct cache_query *query)
{
    struct loop *loop = query->worker->loop;
    const int64_t due = loop_now(loop) + query->route->rules->wait_timeout * NS_PER_MS;

    if (loop_timer_set(loop, &query->patience, due))
        return true;
    flights_forget(&query->follower);
    return false;
}

/* ---- is it worth it? ---- */

/* The stored response is validated before each use, or was never fresh: what one request learns
 * does not serve the next. */
static bool is_never_shared(const struct entry_head *head)
{
    return (head->flags & ENTRY_HEAD_NO_CACHE) ||
           atomic_load_explicit(&head->lifetime, memory_order_relaxed) == 0;
}

/* The request wants the origin to be asked for itself. */
static bool is_demanding(const struct stet_asked *asked)
{
    return asked->no_cache != STET_REASON_NONE || asked->max_age == 0 || asked->min_fresh > 0;
}

static bool departure_waits(const struct cache_query *query, const struct shelf_pick *pick,
                            const struct flights_key *key)
{
    const struct cache_rules *rules = query->route->rules;

    return rules->collapse && !query->alone && query->request->method == STET_METHOD_GET &&
           !is_demanding(&query->asked) && !(pick->head && is_never_shared(pick->head)) &&
           !flights_is_alone(flights_of(query), key, loop_now(query->worker->loop));
}

/* What comes of its request could answer others. */
static bool departure_leads(const struct flight *flight)
{
    const struct flight_errand *errand = &flight->errand;
    const struct stet_head *head = &errand->request.head;

    return errand->request.method == STET_METHOD_GET && !errand->asked.no_store &&
           (errand->plan.asks ||
            (!errand->plan.conditional && !stet_head_has(head, STET_FIELD_RANGE))) &&
           !stet_head_has(head, STET_FIELD_AUTHORIZATION) &&
           !stet_head_has(head, STET_FIELD_EARLY_DATA) && !forward_hides(head);
}

/* ---- the key of a flight ---- */

/* The fields that select, hashed as far as they fit: what is cut off only makes two requests follow
 * one flight. */
static uint64_t hash_of(const struct cache_query *query, const char *text, size_t len)
{
    const struct shelf *shelf = &query->worker->cache->shelf;
    return len > 0 ? map_hash(shelf->seed, text, len < DEPARTURE_VARY ? len : DEPARTURE_VARY) : 0;
}

static uint64_t variant_of(const struct cache_query *query, const struct shelf_pick *pick,
                           const struct shelf_set *set)
{
    char text[DEPARTURE_VARY];

    if (pick->entry) {
        const struct stet_span selecting = entry_selecting(pick->entry);
        return hash_of(query, selecting.at, selecting.len);
    }
    for (size_t i = 0; set && i < set->candidates.count; i++) {
        const struct stet_list vary = stet_list_of(&set->views[i], STET_FIELD_VARY);
        const size_t len = stet_vary_select(vary, &query->request->head, text, sizeof text);
        if (len > 0)
            return hash_of(query, text, len);
    }
    return 0;
}

/* ---- beginning ---- */

/* What is stored besides; NULL if nothing is, or memory is out: then less is asked about. Not
 * cleared: it is large, and most misses need none of it. */
static struct shelf_set *departure_gather(const struct cache_query *query,
                                          const struct shelf_ask *ask,
                                          const struct shelf_pick *pick)
{
    struct shelf_set *set = pick->bare ? NULL : mempool_new(sizeof *set);

    if (set && shelf_gather(&query->worker->cache->shelf, ask, false, set) &&
        set->candidates.count > 0)
        return set;
    mempool_free(set, sizeof *set);
    return NULL;
}

/* Nothing stored fits: because there is nothing, only parts, or only other variants. */
static enum stet_forward departure_miss(const struct shelf_set *set)
{
    enum stet_forward miss = STET_FORWARD_URI_MISS;

    for (size_t i = 0; set && i < set->candidates.count; i++) {
        if (set->stored[i].partial)
            return STET_FORWARD_PARTIAL;
        miss = STET_FORWARD_VARY_MISS;
    }
    return miss;
}

static struct flight *departure_flight(struct cache_query *query,
                                       const struct flight_errand *errand,
                                       const struct flights_key *key)
{
    struct flight *flight = flight_new(query->worker, query->route, errand);

    if (flight)
        flight->place.key = *key;
    return flight;
}

/* It does not go on: because it must not, or cannot. */
static enum cache_outcome departure_refused(struct cache_query *query, enum forward_verdict verdict)
{
    static const struct {
        int status;
        enum stet_proxy_error error;
    } refusals[] = {
        [FORWARD_LOOP] = {502, STET_PROXY_ERROR_PROXY_LOOP_DETECTED}, /* D-47 */
        [FORWARD_ANSWER] = {405, STET_PROXY_ERROR_NONE},
        [FORWARD_NO_MEMORY] = {500, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR},
    };
    query->status = refusals[verdict].status;
    query->facts.error = refusals[verdict].error;
    if (verdict == FORWARD_ANSWER && query->request->method == STET_METHOD_OPTIONS)
        query->status = 204;
    return CACHE_FAILED;
}

/* Starts a flight that is prepared, or not. */
static enum cache_outcome departure_start(struct cache_query *query, struct flight *flight)
{
    if (!flight)
        return departure_refused(query, FORWARD_NO_MEMORY);
    flight->outcome.facts = query->facts;
    flight_start(flight, query);
    return CACHE_WAIT;
}

/* ---- early requests ---- */

/* To say so is for the first on the way that has it from its client [RFC 8470 §5.1]. */
static bool departure_is_early(const struct cache_query *query)
{
    return query->early && !stet_head_has(&query->request->head, STET_FIELD_EARLY_DATA);
}

/* Only a server that knows what Early-Data means is asked before the handshake is over
 * [RFC 8470 §6.1]; and nothing is switched to another protocol. */
static bool departure_must_wait(const struct cache_query *query)
{
    return query->early && (!query->route->forward->early_data || query->upgrade);
}

enum cache_outcome departure_bypass(struct cache_query *query)
{
    const struct flight_errand errand = {.request = *query->request,
                                         .client = *query->events->client(query),
                                         .asked = query->asked,
                                         .content = query->content,
                                         .upgrade = query->upgrade,
                                         .early = departure_is_early(query)};
    if (departure_must_wait(query))
        return CACHE_EARLY;
    struct flight *flight = flight_new(query->worker, query->route, &errand);
    const enum forward_verdict verdict = flight ? flight_prepare(flight) : FORWARD_NO_MEMORY;

    if (verdict == FORWARD_GOES)
        return departure_start(query, flight);
    if (flight)
        flight_drop(flight);
    return departure_refused(query, verdict);
}

static struct flight_errand departure_errand(struct cache_query *query,
                                             const struct departure *departure,
                                             struct shelf_set *set)
{
    const struct flight_errand errand = {.request = *query->request,
                                         .client = *query->events->client(query),
                                         .asked = query->asked,
                                         .key = *departure->ask->key,
                                         .pick = *departure->pick,
                                         .set = set,
                                         .looked_up = true,
                                         .early = departure_is_early(query)};
    *departure->pick = (struct shelf_pick){.entry = NULL};
    return errand;
}

/* Enters the flight among the others, and starts it. */
static enum cache_outcome departure_enter(struct cache_query *query, struct flight *flight,
                                          uint64_t moment, bool waits)
{
    flight->errand.leads = departure_leads(flight);
    const bool joinable = waits && flight->errand.leads;
    struct follower *follower = joinable ? &query->follower : NULL;

    switch (flights_enter(flights_of(query), &flight->place, moment, joinable, follower)) {
    case FLIGHTS_ENTERED:
        return departure_start(query, flight);
    case FLIGHTS_JOINED:
        flight_drop(flight);
        if (departure_wait(query))
            return CACHE_WAIT;
        query->alone = true;
        return CACHE_FOUND;
    default:
        flight_drop(flight);
        return CACHE_FOUND;
    }
}

enum cache_outcome departure_go(struct cache_query *query, struct departure *departure)
{
    const struct shelf_ask *ask = departure->ask;
    struct shelf_set *set = departure_gather(query, ask, departure->pick);
    const struct flights_key key = {{ask->key->primary[0], ask->key->primary[1]},
                                    variant_of(query, departure->pick, set)};
    const bool waits = departure_waits(query, departure->pick, &key);

    if (query->facts.forward == STET_FORWARD_URI_MISS)
        query->facts.forward = departure_miss(set);
    struct flight_errand errand = departure_errand(query, departure, set);
    if (waits && flights_join(flights_of(query), &key, &query->follower)) {
        flight_errand_drop(&errand);
        if (departure_wait(query))
            return CACHE_WAIT;
        query->alone = true;
        return CACHE_FOUND;
    }
    if (departure_must_wait(query)) {
        flight_errand_drop(&errand);
        return CACHE_EARLY;
    }
    struct flight *flight = departure_flight(query, &errand, &key);
    const enum forward_verdict verdict = flight ? flight_prepare(flight) : FORWARD_NO_MEMORY;
    if (verdict == FORWARD_GOES)
        return departure_enter(query, flight, departure->moment, waits);
    if (flight)
        flight_drop(flight);
    return departure_refused(query, verdict);
}

void departure_refresh(struct cache_query *query, struct departure *departure)
{
    const struct shelf_ask *ask = departure->ask;
    const struct flights_key key = {{ask->key->primary[0], ask->key->primary[1]},
                                    variant_of(query, departure->pick, NULL)};
    struct flights *flights = flights_of(query);

    if (query->early || flights_is_alone(flights, &key, loop_now(query->worker->loop)) ||
        flights_join(flights, &key, NULL))
        return;
    struct shelf_pick pick = {.entry = entry_ref(departure->pick->entry),
                              .head = entry_head_ref(departure->pick->head)};
    const struct departure own = {ask, &pick, departure->moment};
    struct flight_errand errand =
        departure_errand(query, &own, departure_gather(query, ask, &pick));
    errand.refresh = errand.leads = true;
    struct flight *flight = departure_flight(query, &errand, &key);
    if (!flight)
        return;
    if (flight_prepare(flight) == FORWARD_GOES &&
        flights_enter(flights, &flight->place, departure->moment, true, NULL) == FLIGHTS_ENTERED)
        flight_start(flight, NULL);
    else
        flight_drop(flight);
}
