/* Upstreams in the simulated world: a farm of three servers, and fetches with ears. */
#ifndef TEST_UNIT_UPSTREAM_WORLD_H
#define TEST_UNIT_UPSTREAM_WORLD_H

#include "call_world.h"
#include "origin/upstream.h"

enum { SERVERS = 3 };

struct farm {
    struct world world; /* first; its origin is not used */
    struct upstream *upstream;
    struct upstream_url urls[SERVERS];
    struct sim_origin *origins[SERVERS];
};

/* A fetch with its ear. */
struct chat {
    struct ear ear; /* first */
    struct fetch fetch;
    struct client_request request;
};

static inline void chat_cancel(struct ear *ear)
{
    struct chat *chat = (struct chat *)(void *)ear;
    chat->ear.cancelled = true;
    fetch_cancel(&chat->fetch);
}

static inline struct chat chat_of(const char *method)
{
    struct chat chat = {.ear.cancel = chat_cancel};
    chat.request = world_request(method);
    chat.request.host = STET_SPAN_NONE;
    return chat;
}

static inline void chat_begin(struct upstream *upstream, struct chat *chat)
{
    chat->fetch.events = &ear_events;
    chat->fetch.owner = chat;
    chat->fetch.request = &chat->request;
    fetch_start(upstream, &chat->fetch);
    assert_int_equal(chat->ear.calls, 0);
}

static inline void chat_get(struct farm *farm, struct chat *chat)
{
    *chat = chat_of("GET");
    chat_begin(farm->upstream, chat);
    world_run(&farm->world);
}

static inline int farm_setup(void **state)
{
    static const char *const texts[SERVERS] = {"http://192.0.2.11", "http://192.0.2.12:8080",
                                               "http+unix:/run/c"};
    static const char *const addresses[SERVERS] = {"192.0.2.11:80", "192.0.2.12:8080",
                                                   "unix:/run/c"};
    struct farm *farm = calloc(1, sizeof *farm);
    void *inner;

    world_setup_open(&inner);
    assert_non_null(farm);
    farm->world = *(struct world *)inner;
    farm->world.limits = limits_default();
    free(inner);
    caller_free(farm->world.caller); /* its limits have moved */
    farm->world.caller = caller_new(farm->world.loop, &farm->world.limits, farm->world.resolver);
    for (size_t i = 0; i < SERVERS; i++) {
        assert_null(upstream_url_read(texts[i], &farm->urls[i]));
        farm->origins[i] = sim_origin_open(farm->world.sim, addresses[i]);
    }
    *state = farm;
    return 0;
}

static inline void farm_open(struct farm *farm, size_t count)
{
    farm->upstream = upstream_new(farm->world.caller, farm->world.loop, farm->urls, count);
    assert_non_null(farm->upstream);
}

static inline int farm_teardown(void **state)
{
    struct farm *farm = *state;
    world_run(&farm->world);
    upstream_free(farm->upstream);
    for (size_t i = 0; i < SERVERS; i++)
        upstream_url_fini(&farm->urls[i]);
    return world_teardown(state);
}

static inline struct sim_client *farm_next(struct farm *farm, size_t server)
{
    struct sim_client *end = sim_origin_next(farm->origins[server]);
    assert_non_null(end);
    return end;
}

static inline size_t farm_count(const struct farm *farm)
{
    size_t count = 0;
    for (size_t i = 0; i < SERVERS; i++)
        count += sim_origin_count(farm->origins[i]);
    return count;
}

static inline size_t farm_tries(const struct farm *farm)
{
    size_t tries = 0;
    for (size_t i = 0; i < SERVERS; i++)
        tries += sim_origin_tries(farm->origins[i]);
    return tries;
}

/* All servers do the same with those who connect. */
static inline void farm_answers(struct farm *farm, enum sim_origin_answer answer)
{
    for (size_t i = 0; i < SERVERS; i++)
        sim_origin_answers(farm->origins[i], answer, 0);
}

/* Answers on the connection where a request is. */
static inline void answers_hello(struct sim_client *end, void *owner)
{
    (void)owner;
    if (sim_client_state(end) != SIM_CLIENT_OPEN || sim_client_len(end) == 0)
        return;
    sim_client_take(end, sim_client_len(end));
    sim_client_say(end, HELLO);
}

static inline void farm_serves(struct farm *farm)
{
    for (size_t i = 0; i < SERVERS; i++)
        sim_origin_heard(farm->origins[i], answers_hello, NULL);
}

#define FARM_TEST(name) cmocka_unit_test_setup_teardown(name, farm_setup, farm_teardown)

#endif
