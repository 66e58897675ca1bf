/* The life of a fetch: from the request that is sent to the last octet of its answer.
 *
 * What the head means is landing.c's to say. Here the octets are moved, and here it is decided when
 * a flight goes on without its leader: while its head is awaited, if others wait; while it fills
 * the store, always; while it only passes, never. An unsafe request that has gone out whole is
 * awaited too: its answer says what has changed [RFC 9111 §4.4].
 *
 * Whatever is told to an asker may come back as a call that ends the flight. So each function that
 * is called from outside marks it as busy, and it goes when that is over.
 *
 * Given up: sending the whole of what did not fit into the store to all who read along. They would
 * have to share one pipe, and the slowest of them would set the pace; only the leader goes on.
 */
#include "cache/flight.h"

#include "base/check.h"
#include "base/container.h"
#include "base/mempool.h"
#include "cache/copy.h"
#include "cache/landing.h"

/* Memory of one flight besides its copy of the request: what is sent on with up to
 * STET_CANDIDATES_MAX tags, and heads that are kept. */
enum { FLIGHT_CEILING = 1 << 20 };

/* Unwanted content up to this size is read, so that its connection can be used again. */
enum { FLIGHT_READ_OVER = 65536 };

/* ---- life ---- */

static void flight_link(struct flight *flight)
{
    struct flight **first = &flight->worker->flights;

    flight->next = *first;
    flight->link = first;
    if (flight->next)
        flight->next->link = &flight->next;
    *first = flight;
}

static void flight_unlink(struct flight *flight)
{
    *flight->link = flight->next;
    if (flight->next)
        flight->next->link = flight->link;
}

/* The fields that a request of the cache's own leaves out: the client's conditions, and what it
 * says to caches. */
static bool flight_leaves(const struct stet_field *field)
{
    switch (field->id) {
    case STET_FIELD_IF_MATCH:
    case STET_FIELD_IF_NONE_MATCH:
    case STET_FIELD_IF_MODIFIED_SINCE:
    case STET_FIELD_IF_UNMODIFIED_SINCE:
    case STET_FIELD_IF_RANGE:
    case STET_FIELD_RANGE:
    case STET_FIELD_CACHE_CONTROL:
    case STET_FIELD_PRAGMA:
        return true;
    default:
        return false;
    }
}

static bool flight_copy(struct flight *flight, const struct stet_request *request)
{
    struct flight_errand *errand = &flight->errand;

    if (!copy_request(&flight->arena, request, errand->refresh ? flight_leaves : NULL,
                      &errand->request) ||
        !copy_span(&flight->arena, &errand->client.address) ||
        !copy_span(&flight->arena, &errand->client.protocol) ||
        (errand->looked_up && !copy_span(&flight->arena, &errand->key.url)))
        return false;
    if (errand->refresh) {
        errand->request.method = STET_METHOD_GET;
        errand->request.method_name = stet_method_name(STET_METHOD_GET);
    }
    return true;
}

/* How the request goes on. The origin does not know a tag that was made here: it is asked neither
 * by it nor by what the client, which has it from us, lists. Then the whole is fetched, and the
 * client's conditions are judged by what comes. */
static void errand_plan(struct flight_errand *errand, const struct cache_rules *rules)
{
    static const struct stet_validation whole = {.asks = true,
                                                 .reason = STET_REASON_NOTHING_TO_VALIDATE};
    const struct stet_candidates none = {NULL, 0};
    const struct stet_head *head = &errand->request.head;
    const bool made = errand->pick.head && (errand->pick.head->flags & ENTRY_HEAD_TAG_MADE);
    const bool filling = rules->fill_on_conditional && !errand->pick.entry &&
                         !stet_head_has(head, STET_FIELD_RANGE); /* D-14 */
    struct stet_validation *plan = &errand->plan;

    *plan = stet_validation_of(&errand->request, errand->set ? &errand->set->candidates : &none);
    if (made && plan->asks)
        plan->joined = false;
    else if ((made || filling) && plan->reason == STET_REASON_NOTHING_TO_VALIDATE)
        *plan = whole;
}

/* Of what is held in part, that which leaves least to be asked for. */
static void errand_complete(struct flight_errand *errand, const struct cache_rules *rules)
{
    const struct shelf_set *set = errand->set;
    struct flight_completion *best = &errand->completion;
    struct stet_parts parts;
    struct stet_completion what;

    for (size_t i = 0; i < set->candidates.count; i++) {
        if (set->at[i].other || !shelf_parts_held(set->entries[i], set->heads[i], &parts) ||
            !stet_completion_of(&errand->request, &set->views[i], &parts, &what) ||
            what.wanted.last - what.wanted.first >= rules->object_max)
            continue;
        if (!best->asks ||
            what.gap.last - what.gap.first < best->what.gap.last - best->what.gap.first)
            *best = (struct flight_completion){.asks = true, .index = i, .what = what};
    }
}

void flight_errand_drop(struct flight_errand *errand)
{
    shelf_pick_drop(&errand->pick);
    if (errand->set)
        shelf_set_drop(errand->set);
    mempool_free(errand->set, sizeof *errand->set);
    errand->set = NULL;
}

struct flight *flight_new(struct cache_worker *worker, struct cache_route *route,
                          const struct flight_errand *errand)
{
    struct flight *flight = mempool_new(sizeof *flight);

    if (!flight) {
        struct flight_errand taken = *errand;
        flight_errand_drop(&taken);
        return NULL;
    }
    memset(flight, 0, sizeof *flight); /* an initialiser would make it aside, and copy it */
    flight->worker = worker;
    flight->route = route;
    flight->errand = *errand;
    arena_init(&flight->arena, FLIGHT_CEILING + 8 * copy_size(&errand->request));
    flight_link(flight);
    route->flights++;
    if (!flight_copy(flight, &errand->request)) {
        flight_drop(flight);
        return NULL;
    }
    if (errand->looked_up)
        errand_plan(&flight->errand, route->rules);
    if (flight->errand.set && !flight->errand.plan.sent && !flight->errand.asked.no_store)
        errand_complete(&flight->errand, route->rules);
    return flight;
}

static void flight_close_pipe(struct flight *flight, enum pipe_state state)
{
    if (flight->pipe && flight->pipe->state == PIPE_OPEN)
        pipe_end(flight->pipe, state);
}

void flight_drop(struct flight *flight)
{
    struct cache_route *route = flight->route;
    struct flight_outcome *outcome = &flight->outcome;

    flights_exit(&flight->place);
    if (flight->reader)
        stored_watch(flight->reader, NULL);
    flight_close_pipe(flight, PIPE_BROKEN);
    pipe_unref(flight->pipe);
    holding_end(&flight->holding);
    fill_end(&flight->fill);
    flight_errand_drop(&flight->errand);
    shelf_pick_drop(&outcome->pick);
    if (outcome->source)
        representation_unref(&outcome->source->representation);
    arena_fini(&flight->arena);
    flight_unlink(flight);
    mempool_free(flight, sizeof *flight);
    if (--route->flights == 0 && route->landed)
        route->landed(route);
}

/* The end of each function that is called from outside. */
static void flight_settle(struct flight *flight)
{
    struct cache_query *leader = flight->leader;

    flight->busy = false;
    if (!flight->over || (leader && !flight->outcome.asked))
        return;
    if (leader)
        leader->flight = NULL;
    flight_drop(flight);
}

/* Tells the leader what there is to tell. */
static void flight_tell(struct flight *flight)
{
    struct flight_outcome *outcome = &flight->outcome;

    if (!flight->leader || outcome->told == FLIGHT_TOLD_NOTHING || outcome->noticed)
        return;
    outcome->noticed = true;
    flight->leader->events->ready(flight->leader);
}

/* ---- without it ---- */

void flight_set_alone(struct flight *flight)
{
    const int64_t seconds = flight->route->rules->alone;
    const int64_t now = loop_now(flight->worker->loop);

    if (flight->errand.leads && seconds > 0)
        flights_set_alone(flight->worker->cache->flights, &flight->place.key,
                          now + seconds * INT64_C(1000000000));
}

void flight_cancel(struct flight *flight)
{
    static const struct follower_word alone = {.news = FOLLOWER_ALONE};

    if (flight->over)
        return;
    if (flight->stage == FLIGHT_IN_THE_AIR)
        landing_lost(flight);
    fetch_cancel(&flight->fetch);
    flight->over = true;
    flights_land(&flight->place, &alone);
    holding_end(&flight->holding);
    if (flight->stage == FLIGHT_FILLS)
        fill_break(&flight->fill);
    flight_close_pipe(flight, PIPE_BROKEN);
}

void flight_drop_content(struct flight *flight)
{
    struct pipe *pipe = flight->pipe;

    flight->stage = FLIGHT_DROPS;
    if (flight->answer.left > FLIGHT_READ_OVER)
        flight_cancel(flight);
    else if (pipe && pipe->full && !flight->over)
        fetch_resume(&flight->fetch);
}

/* An unsafe request has gone out whole, or may have. */
static bool flight_changes(const struct flight *flight)
{
    const struct flight_errand *errand = &flight->errand;

    return !stet_method_is_safe(errand->request.method) && (!errand->content || errand->finished);
}

void flight_leave(struct flight *flight)
{
    const bool busy = flight->busy;

    flight->busy = true;
    flight->leader->flight = NULL;
    flight->leader = NULL;
    switch (flight->stage) {
    case FLIGHT_IN_THE_AIR:
    case FLIGHT_REPEATS:
        if (flights_give_up(&flight->place) && !flight_changes(flight))
            flight_cancel(flight);
        break;
    case FLIGHT_PASSES:
    case FLIGHT_HELD:
        holding_end(&flight->holding);
        flight_drop_content(flight);
        break;
    default:
        break;
    }
    if (!busy)
        flight_settle(flight);
}

void flight_asked(struct flight *flight)
{
    flight->outcome.asked = true;
    if (!flight->busy)
        flight_settle(flight);
}

void flight_end_all(struct cache_worker *worker)
{
    while (worker->flights) {
        struct flight *flight = worker->flights;
        CHECK(!flight->leader && !flight->busy);
        flight_cancel(flight);
        flight_settle(flight);
    }
}

/* ---- out ---- */

enum forward_verdict flight_prepare(struct flight *flight)
{
    const struct flight_errand *errand = &flight->errand;
    const struct stet_candidates none = {NULL, 0};
    const struct forward_conditions conditions = {
        .plan = &errand->plan,
        .candidates = errand->set ? &errand->set->candidates : &none,
        .max_age_zero = errand->origin,
        .completion = errand->completion.asks ? &errand->completion.what : NULL,
    };
    const bool asks = errand->plan.asks || errand->origin || errand->completion.asks;
    const struct forward forward = {
        .rules = flight->route->forward,
        .client = &errand->client,
        .request = &errand->request,
        .conditions = asks ? &conditions : NULL,
        .content = errand->content,
        .upgrade = errand->upgrade,
        .early = errand->early,
    };

    return forward_request(&forward, &flight->arena, &flight->sent);
}

bool flight_content(struct flight *flight, struct stet_span bytes)
{
    return flight->over || fetch_send(&flight->fetch, bytes);
}

/* Those that pass; without memory, none [RFC 9110 §6.5.1]. */
static struct stet_span flight_trails(struct flight *flight, const struct stet_head *trailers)
{
    const struct stet_head *head = &flight->errand.request.head;
    const size_t size = trailers->count > 0 ? forward_request_trailers(head, trailers, NULL, 0) : 0;
    char *to = size > 0 ? arena_alloc(&flight->arena, size) : NULL;

    if (to)
        forward_request_trailers(head, trailers, to, size);
    return stet_span(to, to ? size : 0);
}

void flight_content_end(struct flight *flight, const struct stet_head *trailers)
{
    flight->errand.finished = true;
    if (flight->over)
        return;
    fetch_trail(&flight->fetch, flight_trails(flight, trailers));
    fetch_finish(&flight->fetch);
}

static void flight_room(void *owner)
{
    struct flight *flight = owner;
    if (flight->leader)
        flight->leader->events->room(flight->leader);
}

/* ---- in ---- */

static void flight_interim(void *owner, const struct stet_response *response)
{
    struct flight *flight = owner;
    if (flight->leader && flight->stage == FLIGHT_IN_THE_AIR) /* [RFC 9110 §15.2] */
        flight->leader->events->interim(flight->leader, response);
}

static void flight_head(void *owner, const struct stet_response *response,
                        const struct response_framing *framing)
{
    struct flight *flight = owner;
    struct flight_answer *answer = &flight->answer;

    flight->busy = true;
    answer->framing = *framing;
    answer->left = framing->content == RESPONSE_LENGTH       ? framing->length
                   : framing->content == RESPONSE_NO_CONTENT ? 0
                                                             : UINT64_MAX;
    answer->arrival.received = cache_seconds(flight->worker->loop);
    answer->arrival.wall = cache_wall_seconds(flight->worker->loop);
    landing_head(flight, response);
    flight_tell(flight);
    flight_settle(flight);
}

/* The reader has taken some: the origin goes on. */
static void flight_resumed(void *owner)
{
    struct flight *flight = owner;
    if (!flight->over)
        fetch_resume(&flight->fetch);
}

bool flight_open_pipe(struct flight *flight)
{
    flight->pipe = pipe_new();
    if (flight->pipe)
        flight->pipe->writer = (struct pipe_end){flight_resumed, flight};
    return flight->pipe != NULL;
}

/* False: the origin is to pause. */
static bool flight_pass(struct flight *flight, struct stet_span bytes)
{
    if (!pipe_write(flight->pipe, bytes))
        flight_cancel(flight);
    return flight->over || !flight->pipe->full;
}

/* It does not fit into the store. The leader reads on by a pipe behind what is there; without one
 * nobody has use for the rest. */
static bool flight_spill(struct flight *flight, struct stet_span bytes)
{
    const bool wanted =
        flight->leader && (flight->reader || !flight->outcome.asked) && !flight->fill.behind.entry;

    flight_set_alone(flight);
    if (!wanted || !flight_open_pipe(flight)) {
        flight_cancel(flight);
        return true;
    }
    if (flight->reader)
        stored_continue(flight->reader, flight->pipe);
    fill_break(&flight->fill);
    flight->stage = FLIGHT_PASSES;
    return flight_pass(flight, bytes);
}

static void flight_held_too_long(struct holding *holding)
{
    struct flight *flight = CONTAINER(holding, struct flight, holding);

    flight->busy = true;
    landing_held_over(flight);
    flight_tell(flight);
    flight_settle(flight);
}

bool flight_begin_to_hold(struct flight *flight)
{
    return holding_begin(&flight->holding, flight->worker->loop, flight_held_too_long);
}

static bool flight_hold(struct flight *flight, struct stet_span bytes)
{
    const uint64_t limit = flight->route->rules->validate_up_to;

    (void)flight_pass(flight, bytes);
    holding_touch(&flight->holding);
    if (flight->over)
        landing_broke(flight);
    else if (pipe_content(flight->pipe).len > limit)
        landing_held_over(flight);
    flight_tell(flight);
    if (flight->over)
        return true;
    flight->pipe->full = pipe_content(flight->pipe).len >= flight->pipe->limit;
    return !flight->pipe->full;
}

static bool flight_take(struct flight *flight, struct stet_span bytes)
{
    switch (flight->stage) {
    case FLIGHT_FILLS:
        return fill_append(&flight->fill, bytes) == FILL_GOES || flight_spill(flight, bytes);
    case FLIGHT_PASSES:
        return flight_pass(flight, bytes);
    case FLIGHT_HELD:
        return flight_hold(flight, bytes);
    default:
        return true;
    }
}

static bool flight_content_in(void *owner, struct stet_span bytes)
{
    struct flight *flight = owner;

    flight->busy = true;
    if (flight->answer.left != UINT64_MAX)
        flight->answer.left -= bytes.len;
    const bool more = flight_take(flight, bytes);
    flight_settle(flight);
    return more;
}

/* Fields behind the content go with it to who gets it, if he reads them, and are never stored
 * (D-48). */
static void flight_trailers(struct flight *flight, const struct stet_head *trailers)
{
    const bool read = flight->sent.te.len > 0; /* [RFC 9110 §6.5.1] */
    const size_t size = read ? forward_trailers(trailers, trailers, NULL, 0) : 0;
    char *to = size > 0 ? pipe_trailers(flight->pipe, size) : NULL;

    if (to)
        forward_trailers(trailers, trailers, to, size);
}

static void flight_ended(struct flight *flight, bool whole, const struct stet_head *trailers)
{
    switch (flight->stage) {
    case FLIGHT_IN_THE_AIR:
        landing_lost(flight);
        landing_none(flight);
        break;
    case FLIGHT_FILLS:
        if (whole)
            fill_finish(&flight->fill);
        else
            fill_break(&flight->fill);
        if (flights_begin_storing(&flight->place)) {
            fill_keep_parts(&flight->fill);
            flights_end_storing(&flight->place);
        }
        break;
    case FLIGHT_PASSES:
        if (whole)
            flight_trailers(flight, trailers);
        flight_close_pipe(flight, whole ? PIPE_ENDED : PIPE_BROKEN);
        break;
    case FLIGHT_HELD:
        landing_held_end(flight, whole);
        break;
    default:
        break;
    }
}

/* The request goes out once more. It has been sent before, so it can be made. */
static bool flight_again(struct flight *flight)
{
    if (flight->stage != FLIGHT_REPEATS)
        return false;
    flight->stage = FLIGHT_IN_THE_AIR;
    if (flight_prepare(flight) != FORWARD_GOES)
        return false;
    flight->answer.arrival.requested = cache_seconds(flight->worker->loop);
    fetch_start(flight->route->upstream, &flight->fetch);
    return true;
}

static void flight_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct flight *flight = owner;

    flight->busy = true;
    if (!flight_again(flight)) {
        flight->over = true;
        flight_ended(flight, end == CLIENT_COMPLETE, trailers);
        flight_tell(flight);
    }
    flight_settle(flight);
}

void flight_start(struct flight *flight, struct cache_query *leader)
{
    static const struct call_events events = {.interim = flight_interim,
                                              .head = flight_head,
                                              .content = flight_content_in,
                                              .room = flight_room,
                                              .end = flight_end};

    flight->leader = leader;
    if (leader)
        leader->flight = flight;
    flight->answer.arrival.requested = cache_seconds(flight->worker->loop);
    flight->fetch.events = &events;
    flight->fetch.owner = flight;
    flight->fetch.request = &flight->sent;
    fetch_start(flight->route->upstream, &flight->fetch);
}
