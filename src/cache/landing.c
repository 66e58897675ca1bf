/* Judges what has come, and says who gets what.
 *
 *     head --> 304  it renews what is stored, which answers           (or: repeat, pass, fault)
 *         --> 206  to a request for what is missing: what is stored is completed  (or: repeat)
 *         --> 5xx  what is stored answers, if it may; else as a 200
 *         --> 200  storable: onto the shelf; leader and followers read it as it fills
 *                  not storable: the leader alone gets it
 *
 * Followers are never given anything here. They are told to judge again, each by the own request,
 * or to go alone; so what was meant for one, a private answer, a cookie, a 304 to one's own
 * condition, cannot reach another. What of a response is not stored but belongs to its requester
 * goes to the leader in lines of its own.
 *
 * A 425 to what was sent on before the client's handshake was over is nobody's, for the client has
 * not said that it came so.
 *
 * Of two answers that crossed an unsafe request or a purge nobody can tell which is newer; such a
 * one is for its leader, and does not stay in the store.
 */
#include "cache/landing.h"

#include "cache/landing_parts.h"
#include "cache/shelf_head.h"
#include "stet/cachegroups.h"
#include "stet/invalidation.h"

/* ---- telling ---- */

static struct follower_word word_of(const struct flight *flight, enum follower_news news,
                                    int status)
{
    return (struct follower_word){
        .news = news, .status = status, .error = flight->outcome.facts.error};
}

void landing_word(struct flight *flight, enum follower_news news, int status)
{
    const struct follower_word word = word_of(flight, news, status);
    flights_land(&flight->place, &word);
}

void landing_word_of_pass(struct flight *flight, int status)
{
    const struct follower_word word = word_of(flight, FOLLOWER_ALONE, status);
    flights_pass(&flight->place, &word);
}

void landing_tell_stored(struct flight *flight, struct shelf_pick *pick)
{
    struct flight_outcome *outcome = &flight->outcome;

    outcome->told = FLIGHT_TOLD_STORED;
    outcome->pick = *pick;
    *pick = (struct shelf_pick){.entry = NULL};
    outcome->facts.has_ttl = true;
    outcome->facts.ttl = outcome->pick.reuse.ttl;
    outcome->facts.age = outcome->pick.reuse.age;
}

void landing_tell_passes(struct flight *flight, struct source *source)
{
    flight->outcome.told = FLIGHT_TOLD_PASSES;
    flight->outcome.source = source;
}

void landing_tell_failed(struct flight *flight, int status, enum stet_proxy_error error)
{
    flight->outcome.told = FLIGHT_TOLD_FAILED;
    flight->outcome.status = status;
    flight->outcome.facts.error = error;
}

void landing_broke(struct flight *flight)
{
    landing_tell_failed(flight, 500, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR);
    flight_cancel(flight);
}

/* ---- what is stored answers ---- */

/* Instead of an answer that failed (D-41) [RFC 5861 §4]. `status` is 0 if there was none. */
static bool landing_stale(struct flight *flight, int status)
{
    struct flight_errand *errand = &flight->errand;

    if (!errand->pick.entry)
        return false;
    const struct stet_stored stored = entry_head_stored(errand->pick.head);
    errand->pick.reuse =
        stet_may_reuse_on_error(&rules_of(flight)->profile, &stored, &errand->asked, status,
                                cache_seconds(flight->worker->loop));
    if (errand->pick.reuse.answer == STET_REUSE_ERROR)
        return false;
    flight->outcome.facts.reason = errand->pick.reuse.reason;
    flight->outcome.facts.has_age = true;
    landing_tell_stored(flight, &errand->pick);
    return true;
}

static void landing_failed(struct flight *flight, const struct stet_response *response)
{
    if (!landing_stale(flight, response->status)) {
        landing_replace(flight, response);
        return;
    }
    if (flight->errand.refresh)
        flight_set_alone(flight);
    landing_word(flight, FOLLOWER_ALONE, response->status);
    flight_drop_content(flight);
}

/* What is stored but may not be served without the origin makes it a time-out at the gateway
 * [RFC 9111 §5.2.2.2]. */
static int landing_status(const struct flight *flight, enum stet_proxy_error error)
{
    const int status = stet_proxy_error_status(error);

    if (flight->errand.pick.entry)
        return 504;
    return status > 0 ? status : 502;
}

void landing_none(struct flight *flight)
{
    const enum stet_proxy_error error = fetch_error(&flight->fetch);
    struct cache_facts *facts = &flight->outcome.facts;
    const int status = landing_status(flight, error);

    facts->error = error;
    facts->alert =
        error == STET_PROXY_ERROR_TLS_ALERT_RECEIVED ? (uint8_t)fetch_alert(&flight->fetch) : 0;
    facts->spoken = (uint8_t)fetch_version(&flight->fetch);
    facts->next_hop = fetch_next_hop(&flight->fetch);
    if (flight->errand.refresh)
        flight_set_alone(flight);
    if (!flight->errand.looked_up || !landing_stale(flight, 0))
        landing_tell_failed(flight, status, error);
    landing_word(flight, FOLLOWER_FAILED, status);
}

/* ---- 304 ---- */

void landing_repeat(struct flight *flight)
{
    struct flight_errand *errand = &flight->errand;
    const struct stet_candidates none = {NULL, 0};

    if (errand->set)
        shelf_set_drop(errand->set);
    errand->plan = stet_validation_of(&errand->request, &none);
    errand->completion.asks = false;
    errand->repeated = true;
    flight->stage = FLIGHT_REPEATS;
}

/* Renews what a 304 confirms. The head of the one that is to answer, one reference; NULL if it
 * could not be renewed. */
static struct entry_head *landing_renew(struct flight *flight, const struct stet_response *response,
                                        const struct stet_validated *verdict)
{
    const struct stet_times times = stet_times_of(&response->head, &flight->answer.arrival);
    struct shelf_set *set = flight->errand.set;
    struct entry_head *used = NULL;

    for (size_t i = 0; set && i < set->candidates.count; i++) {
        const uint32_t bit = UINT32_C(1) << i;
        const struct shelf_renewal renewal = {.rules = rules_of(flight),
                                              .request = &flight->errand.request,
                                              .response = response,
                                              .times = &times,
                                              .update = verdict->update & bit};
        if (verdict->renew & bit)
            shelf_renew(shelf_of(flight), set, i, &renewal, i == verdict->use ? &used : NULL);
    }
    return used;
}

/* What of a 304 is stored, is said by the directives that hold now: it may have left some as they
 * were, or all of the stored head. */
static bool landing_extra_of_304(struct flight *flight, const struct stet_response *response)
{
    const struct entry_head *head = flight->outcome.pick.head;
    struct stet_field *fields =
        arena_alloc(&flight->arena, (head->lines + (size_t)1) * sizeof *fields);
    struct stet_head stored;

    if (!fields)
        return false;
    shelf_head_view(head, fields, &stored);
    return landing_extra(flight, &response->head, &stored);
}

/* What is stored is current: it answers the leader, and is there for those who follow. */
static void landing_use(struct flight *flight, const struct stet_response *response,
                        const struct stet_validated *verdict)
{
    struct flight_errand *errand = &flight->errand;
    struct cache_facts *facts = &flight->outcome.facts;
    struct entry *entry = errand->set->entries[verdict->use];

    struct entry_head *head = landing_renew(flight, response, verdict);
    if (!head || entry_state(entry) == ENTRY_BROKEN) {
        entry_head_unref(head);
        landing_repeat(flight);
        return;
    }
    struct shelf_pick pick = {.entry = entry_ref(entry), .head = head};
    const struct stet_stored stored = entry_head_stored(pick.head);
    pick.reuse = stet_may_reuse_validated(&stored, flight->answer.arrival.received);
    if (pick.reuse.answer == STET_REUSE_VALIDATE && !errand->origin) {
        shelf_pick_drop(&pick);
        errand->origin = true;
        flight->stage = FLIGHT_REPEATS; /* D-12 */
        return;
    }
    facts->reason = verdict->reason;
    facts->has_age = pick.head->flags & ENTRY_HEAD_AGED; /* D-11 */
    landing_word(flight, FOLLOWER_AGAIN, 304);
    landing_tell_stored(flight, &pick);
    flight_drop_content(flight);
    if (!landing_extra_of_304(flight, response))
        landing_broke(flight);
}

/* A 304 to the client's own condition (D-14). */
static void landing_current(struct flight *flight, const struct stet_response *response,
                            const struct stet_validated *verdict)
{
    entry_head_unref(landing_renew(flight, response, verdict));
    flight->outcome.facts.reason = verdict->reason;
    landing_pass(flight, response);
}

/* A 304 to no condition at all (D-01). */
static void landing_fault(struct flight *flight, const struct stet_validated *verdict)
{
    flight->outcome.facts.reason = verdict->reason;
    flight->outcome.facts.error = STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR;
    if (!landing_stale(flight, 502))
        landing_tell_failed(flight, 502, STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR);
    landing_word(flight, FOLLOWER_FAILED, 502);
    flight_drop_content(flight);
}

/* ---- the head ---- */

static void landing_judge(struct flight *flight, const struct stet_response *response)
{
    const struct flight_errand *errand = &flight->errand;
    const struct stet_candidates none = {NULL, 0};
    const struct stet_validated verdict = stet_validation_judge(
        &errand->plan, &errand->request, errand->set ? &errand->set->candidates : &none, response);

    switch (verdict.answer) {
    case STET_VALIDATED_USE:
        landing_use(flight, response, &verdict);
        break;
    case STET_VALIDATED_PASS:
        landing_current(flight, response, &verdict);
        break;
    case STET_VALIDATED_REPEAT:
        landing_repeat(flight);
        break;
    case STET_VALIDATED_FAULT:
        landing_fault(flight, &verdict);
        break;
    case STET_VALIDATED_FAILED:
        landing_failed(flight, response);
        break;
    default:
        if (errand->plan.conditional && errand->plan.asks)
            flight->outcome.facts.reason = verdict.reason;
        landing_replace(flight, response);
    }
}

/* Flights of this target are not joined any more, nor stored. */
static void landing_outdate(struct flight *flight, const struct stet_request *target)
{
    struct shelf_key key;
    char *to = arena_alloc(&flight->arena, shelf_key_room(rules_of(flight), target));

    if (!to) {
        flights_outdate(flight->worker->cache->flights, NULL);
        return;
    }
    shelf_key_make(shelf_of(flight), rules_of(flight), target, to, &key);
    const bool alone = !shelf_may_be_alike(shelf_of(flight), key.url); /* D-20 */
    flights_outdate(flight->worker->cache->flights, alone ? key.primary : NULL);
}

/* What an unsafe request has changed is not served any more [RFC 9111 §4.4] (D-20). */
static void landing_change(struct flight *flight, const struct stet_response *response)
{
    const struct stet_request *request = &flight->errand.request;
    struct stet_invalidation walk = stet_invalidation_of(request, response);
    struct stet_sf groups = stet_cachegroups_invalidated(request->method, &response->head);
    struct stet_request target;
    struct stet_span group;
    char uri[4096];

    if (walk.reason != STET_REASON_INVALIDATES)
        return;
    while (stet_invalidation_next(&walk, uri, sizeof uri, &target))
        landing_outdate(flight, &target);
    if (stet_cachegroups_next(&groups, &group))
        flights_outdate(flight->worker->cache->flights, NULL);
    shelf_invalidate(shelf_of(flight), rules_of(flight), request, response);
}

/* An unsafe request that was sent and never answered may have changed what it is about all the
 * same: as if it had gone well [RFC 9111 §4.4] (D-20). */
void landing_lost(struct flight *flight)
{
    static const struct stet_response unheard = {.status = 204};

    if (fetch_may_have_acted(&flight->fetch))
        landing_change(flight, &unheard);
}

/* What came past the store is passed on as it is, but for a 304 that was never asked for (D-01).
 * What other methods mean by one is theirs to know. */
static void landing_past(struct flight *flight, const struct stet_response *response)
{
    const struct flight_errand *errand = &flight->errand;
    const enum stet_method method = errand->request.method;
    const struct stet_candidates none = {NULL, 0};
    const struct stet_validated verdict =
        stet_validation_judge(&errand->plan, &errand->request, &none, response);

    if (verdict.answer == STET_VALIDATED_FAULT &&
        (method == STET_METHOD_GET || method == STET_METHOD_HEAD)) {
        landing_fault(flight, &verdict);
        return;
    }
    landing_change(flight, response);
    landing_pass(flight, response);
}

/* The origin does not want it before the handshake is over: the leader asks again when it is
 * [RFC 8470 §5.2], and those who follow do so for themselves. */
static bool landing_too_early(struct flight *flight, const struct stet_response *response)
{
    if (response->status != 425 || !flight->errand.early)
        return false;
    flight->outcome.told = FLIGHT_TOLD_EARLY;
    landing_word(flight, FOLLOWER_AGAIN, 425);
    flight_drop_content(flight);
    return true;
}

void landing_head(struct flight *flight, const struct stet_response *response)
{
    struct cache_facts *facts = &flight->outcome.facts;

    facts->forward_status = response->status;
    facts->spoken = facts->received = flight->answer.framing.version;
    facts->next_hop = fetch_next_hop(&flight->fetch);
    if (landing_too_early(flight, response))
        return;
    if (flight->errand.completion.asks && landing_complete(flight, response))
        return;
    if (flight->errand.looked_up)
        landing_judge(flight, response);
    else
        landing_past(flight, response);
}
