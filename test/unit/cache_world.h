/* The cache in the simulated world, between askers and an origin that the test plays: two workers,
 * one store, and a link-time fake of origin/upstream.h. The stories it is in: cache_story.h.
 */
#ifndef TEST_UNIT_CACHE_WORLD_H
#define TEST_UNIT_CACHE_WORLD_H

#include "base/memory.h"
#include "cache/cache.h"
#include "cache/noise.h"
#include "fetch_facts.h"
#include "io/loop_sim.h"
#include "message.h"
#include "stet/answer.h"
#include "stet/cachestatus.h"
#include "table.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORLD_WORKERS = 2,
    WORLD_FETCHES = 64,
    WORLD_ASKERS = 26,
    WORLD_LINE = 1024,
    WORLD_TEXT = 300000
};

#define MS INT64_C(1000000)

/* The fake upstream: one a worker. */
struct upstream {
    struct world *world;
};

struct origin_fetch {
    struct fetch *fetch; /* NULL: over */
    struct client_request request;
    char *request_text; /* what the spans of `request` were, so that they are known to be right */
    char *uploaded;
    size_t uploaded_len;
    char *given; /* its content so far */
    size_t given_len;
    uint64_t length; /* as announced */
    int status;
    bool whole; /* it has ended well */
    bool finished, cancelled, paused, resumed, headed;
};

enum asker_state {
    ASKER_ABSENT,
    ASKER_WAITS,
    ASKER_EARLY, /* for the end of its handshake */
    ASKER_FOUND,
    ASKER_FAILED,
    ASKER_GONE
};

struct asker {
    struct world *world;
    struct cache_query query;
    struct arena arena;
    struct forward_client client;
    char *line; /* all texts of the request */
    struct message message;
    struct stet_request request;
    enum asker_state state;
    unsigned worker;
    int status;
    struct stet_span block;
    struct representation *representation;
    struct body *body;
    struct stet_span trailers;
    uint64_t left; /* UINT64_MAX: to the end */
    char *text;
    size_t text_len;
    bool stalls, ended, broken;
    bool moody; /* leaves as soon as it is told something */
    unsigned interims, rooms, readies;
};

struct world {
    struct sim_world *sim;
    struct loop *loops[WORLD_WORKERS];
    struct cache_worker *workers[WORLD_WORKERS];
    struct upstream upstreams[WORLD_WORKERS];
    struct cache_route routes[WORLD_WORKERS];
    struct store *store;
    struct cache *cache;
    struct cache_rules rules;
    struct forward_rules forward;
    struct noise *noise;
    struct origin_fetch fetches[WORLD_FETCHES];
    unsigned count;  /* of fetches so far */
    unsigned landed; /* how often the last flight of a route has landed */
    struct asker askers[WORLD_ASKERS];
    char kept[128];
    bool loose; /* nothing is expected: memory fails, or askers leave early */
    const char *id, *name, *step;
};

static inline void nothing(struct task *task)
{
    (void)task;
}

/* Each loop turns once, and so reads its clock: what the test does next is done at that time. */
static inline void world_turn(struct world *world)
{
    struct task tasks[WORLD_WORKERS];
    for (unsigned i = 0; i < WORLD_WORKERS; i++) {
        tasks[i] = (struct task){.run = nothing};
        loop_post(world->loops[i], &tasks[i]);
    }
    sim_world_run_until_idle(world->sim);
}

/* ---- the fake origin ---- */

static struct world *the_world;

static inline struct origin_fetch *origin_of(const struct fetch *fetch)
{
    for (unsigned i = the_world->count; i-- > 0;)
        if (the_world->fetches[i].fetch == fetch)
            return &the_world->fetches[i];
    return NULL;
}

static inline char *text_copy(struct stet_span text)
{
    char *copy = malloc(text.len + 1);
    assert_non_null(copy);
    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return copy;
}

static inline void origin_read_request(struct origin_fetch *origin)
{
    const struct client_request *request = origin->fetch->request;
    char line[8192];
    snprintf(line, sizeof line, "%.*s %.*s\r\n%.*s", (int)request->method_name.len,
             request->method_name.at, (int)request->target.len, request->target.at,
             (int)request->block.len, request->block.at);
    free(origin->request_text);
    origin->request_text = text_copy(stet_span_of(line));
    origin->request = *request;
}

void fetch_start(struct upstream *upstream, struct fetch *fetch)
{
    struct world *world = upstream->world;
    assert_true(world->count < WORLD_FETCHES);
    struct origin_fetch *origin = &world->fetches[world->count++];
    *origin = (struct origin_fetch){.fetch = fetch};
    fetch->call.error = STET_PROXY_ERROR_NONE;
    origin_read_request(origin);
}

bool fetch_send(struct fetch *fetch, struct stet_span bytes)
{
    struct origin_fetch *origin = origin_of(fetch);
    assert_non_null(origin);
    origin->uploaded = realloc(origin->uploaded, origin->uploaded_len + bytes.len + 1);
    assert_non_null(origin->uploaded);
    memcpy(origin->uploaded + origin->uploaded_len, bytes.at, bytes.len);
    origin->uploaded_len += bytes.len;
    origin->uploaded[origin->uploaded_len] = '\0';
    return origin->uploaded_len < 8;
}

void fetch_finish(struct fetch *fetch)
{
    struct origin_fetch *origin = origin_of(fetch);
    assert_non_null(origin);
    origin->finished = true;
}

void fetch_resume(struct fetch *fetch)
{
    struct origin_fetch *origin = origin_of(fetch);
    assert_non_null(origin);
    assert_true(origin->paused);
    origin->paused = false;
    origin->resumed = true;
}

void fetch_cancel(struct fetch *fetch)
{
    struct origin_fetch *origin = origin_of(fetch);
    assert_non_null(origin);
    origin->cancelled = true;
    origin->fetch = NULL;
}

/* ---- askers ---- */

static inline void asker_answer(struct asker *asker);

/* Reads what there is. In small steps: a socket takes what it likes. */
static inline void asker_read(struct asker *asker)
{
    struct stet_span bytes;
    char scratch[512];

    while (asker->body && !asker->stalls && !asker->ended && !asker->broken) {
        if (asker->left == 0) {
            asker->ended = true;
            break;
        }
        switch (asker->body->ops->peek(asker->body, scratch, sizeof scratch, &bytes)) {
        case BODY_WAIT:
            return;
        case BODY_END:
            if (asker->body->ops->trailers)
                asker->trailers = asker->body->ops->trailers(asker->body);
            asker->ended = asker->left == UINT64_MAX;
            asker->broken = !asker->ended;
            break;
        case BODY_BROKEN:
            asker->broken = true;
            break;
        default:
            assert_true(bytes.len > 0);
            if (bytes.len > 4096)
                bytes.len = 4096;
            if (bytes.len > asker->left)
                bytes.len = (size_t)asker->left;
            assert_true(asker->text_len + bytes.len < WORLD_TEXT);
            memcpy(asker->text + asker->text_len, bytes.at, bytes.len);
            asker->text_len += bytes.len;
            if (asker->left != UINT64_MAX)
                asker->left -= bytes.len;
            (asker->body->ops->skip)(asker->body, bytes.len); /* cmocka has a macro of that name */
        }
    }
}

static inline void asker_body(struct asker *asker, uint64_t from, uint64_t length)
{
    struct representation *representation = asker->representation;

    if (asker->request.method == STET_METHOD_HEAD || asker->status == 204 || asker->status == 304 ||
        (length == 0 && !representation->unknown_length)) {
        asker->ended = true;
        return;
    }
    if (representation->bytes) {
        memcpy(asker->text, representation->bytes->bytes + from, (size_t)length);
        asker->text_len = (size_t)length;
        asker->ended = true;
        return;
    }
    asker->left = representation->unknown_length ? UINT64_MAX : length;
    asker->body = representation->ops->body(representation, from, length);
    if (asker->body)
        asker_read(asker);
    else
        asker->broken = true;
}

/* What serve/answer.c does, in short. */
static inline void asker_answer(struct asker *asker)
{
    struct representation *representation = asker->representation;
    struct stet_answer answer = {.status = representation->status};

    if (representation->status == 200 && !representation->passes) {
        if (representation->unknown_length)
            answer.status =
                stet_precondition(&asker->request, &representation->validators, STET_AS_CACHE, 0)
                            .answer == STET_NOT_MODIFIED
                    ? 304
                    : 200;
        else
            answer = stet_answer_of(&asker->request, &representation->validators, STET_AS_CACHE,
                                    representation->length, 0);
    }
    asker->status = answer.status;
    asker->block = answer.status == 304 && !representation->passes   ? representation->unchanged
                   : answer.status == 206 && !representation->passes ? representation->piece
                                                                     : representation->whole;
    if (answer.status == 206 && !representation->passes)
        asker_body(asker, answer.ranges.at[0].first,
                   answer.ranges.at[0].last - answer.ranges.at[0].first + 1);
    else if (answer.status == 416)
        asker->ended = true;
    else
        asker_body(asker, 0, representation->length);
}

/* Moves the request to other memory, and spoils the old: who kept a piece of it is found out. */
static inline void asker_move(struct asker *asker)
{
    size_t size = strlen(asker->line);
    char *line = text_copy(stet_span(asker->line, size));
    ptrdiff_t off = line - asker->line;
    struct stet_request *request = &asker->request;
    struct stet_span *spans[] = {&request->target, &request->path, &request->query,
                                 &request->method_name};

    for (size_t i = 0; i < COUNT(spans); i++)
        if (spans[i]->at)
            spans[i]->at += off;
    for (size_t i = 0; i < request->head.count; i++) {
        asker->message.storage[i].name.at += off;
        asker->message.storage[i].value.at += off;
    }
    memset(asker->line, '#', size);
    free(asker->line);
    asker->line = line;
}

static inline void asker_find(struct asker *asker)
{
    struct world *world = asker->world;

    switch (cache_find(world->workers[asker->worker], &asker->query)) {
    case CACHE_WAIT:
        asker->state = ASKER_WAITS;
        asker_move(asker);
        break;
    case CACHE_EARLY:
        assert_true(asker->query.early);
        asker->state = ASKER_EARLY;
        asker_move(asker);
        break;
    case CACHE_FOUND:
        asker->state = ASKER_FOUND;
        asker->representation = asker->query.representation;
        assert_non_null(asker->representation);
        asker_answer(asker);
        break;
    default:
        asker->state = ASKER_FAILED;
        asker->status = asker->query.status;
        asker->ended = true;
    }
}

static inline struct asker *asker_of(struct cache_query *query)
{
    return (struct asker *)(void *)((char *)query - offsetof(struct asker, query));
}

/* It leaves, in the order that a connection does: content, answer, query. */
static inline void asker_forget(struct asker *asker)
{
    if (asker->state == ASKER_ABSENT || asker->state == ASKER_GONE)
        return;
    if (asker->body)
        asker->body->ops->free(asker->body);
    asker->body = NULL;
    representation_unref(asker->representation);
    asker->representation = NULL;
    cache_forget(&asker->query);
    arena_fini(&asker->arena);
    memset(&asker->query, '#', sizeof asker->query);
    asker->state = ASKER_GONE;
}

static inline void asker_ready(struct cache_query *query)
{
    struct asker *asker = asker_of(query);
    assert_int_equal(asker->state, ASKER_WAITS);
    asker->readies++;
    if (asker->moody)
        asker_forget(asker);
    else
        asker_find(asker);
}

static inline void asker_interim(struct cache_query *query, const struct stet_response *response)
{
    assert_true(response->status >= 100 && response->status < 200);
    asker_of(query)->interims++;
}

static inline void asker_more(struct cache_query *query)
{
    asker_read(asker_of(query));
}

static inline void asker_room(struct cache_query *query)
{
    asker_of(query)->rooms++;
}

/* ---- the world ---- */

static inline void world_landed(struct cache_route *route)
{
    assert_int_equal(route->flights, 0);
    the_world->landed++;
}

static inline void world_open(struct world *world)
{
    static const uint64_t seed[2] = {3, 4};
    *world = (struct world){.rules = cache_rules_default()};
    the_world = world;
    world->sim = sim_world_new(1);
    world->forward = (struct forward_rules){.name = STET_SPAN("stet"), .max_forwards = 10};
    world->store = store_mem_new(8 << 20, 8 << 20, seed);
    world->cache = cache_new(world->store, seed);
    assert_non_null(world->store);
    assert_non_null(world->cache);
    for (unsigned i = 0; i < WORLD_WORKERS; i++) {
        world->loops[i] = sim_world_loop(world->sim);
        world->workers[i] = cache_open(world->cache, world->loops[i]);
        assert_non_null(world->workers[i]);
        world->upstreams[i].world = world;
        world->routes[i] = (struct cache_route){.rules = &world->rules,
                                                .forward = &world->forward,
                                                .upstream = &world->upstreams[i],
                                                .landed = world_landed};
    }
    for (unsigned i = 0; i < WORLD_ASKERS; i++)
        world->askers[i].world = world;
}

static inline void world_close(struct world *world)
{
    for (unsigned i = 0; i < WORLD_ASKERS; i++) {
        asker_forget(&world->askers[i]);
        free(world->askers[i].line);
        free(world->askers[i].text);
    }
    for (unsigned i = 0; i < WORLD_WORKERS; i++)
        cache_close(world->workers[i]); /* what the loops still know goes when they turn */
    sim_world_run_until_idle(world->sim);
    assert_true(world->count == 0 || world->landed > 0);
    for (unsigned i = 0; i < WORLD_FETCHES; i++) {
        assert_null(world->fetches[i].fetch);
        free(world->fetches[i].request_text);
        free(world->fetches[i].uploaded);
        free(world->fetches[i].given);
    }
    for (unsigned i = 0; i < WORLD_WORKERS; i++) {
        assert_int_equal(world->routes[i].flights, 0);
        loop_free(world->loops[i]);
    }
    noise_free(world->noise);
    cache_free(world->cache);
    store_free(world->store);
    sim_world_free(world->sim);
    the_world = NULL;
}

#endif
