/* A worker that calls origin servers in the simulated world, and ears that write down what a call
 * tells them: what the tests of calls and upstreams share. */
#ifndef TEST_UNIT_CALL_WORLD_H
#define TEST_UNIT_CALL_WORLD_H

#include "net/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/loop_sim.h"
#include "table.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
#define PLACE "192.0.2.9"
#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static const struct call_place world_place = {.host = PLACE, .port = 80};

struct world {
    struct limits limits;
    struct sim_world *sim;
    struct loop *loop;
    struct resolver *resolver;
    struct caller *caller;
    struct sim_origin *origin; /* at PLACE */
};

enum { EAR_ROOM = 4096 };

/* Hears what a call, or a fetch, tells: "(103) 200 length [hello] X=y complete". */
struct ear {
    void (*cancel)(struct ear *ear);
    unsigned cancel_at; /* in the event of this number, from 1 */
    bool pauses;        /* stops content each time */
    char heard[EAR_ROOM];
    size_t used;
    size_t content; /* octets */
    uint32_t sum;   /* of the content */
    int status;     /* of the final head */
    unsigned heads, ends, rooms, calls;
    enum client_end end;
    bool in_content, cancelled;
};

static const char *const ear_framing[] = {"none", "length", "chunked", "close", "tunnel"};
static const char *const ear_ends[] = {"complete", "truncated", "malformed"};

static inline void ear_hear(struct ear *ear, const char *text, size_t size)
{
    if (ear->used + size >= sizeof ear->heard)
        return;
    memcpy(ear->heard + ear->used, text, size);
    ear->used += size;
    ear->heard[ear->used] = '\0';
}

/* Another event: none comes after the last. */
static inline void ear_event(struct ear *ear)
{
    assert_int_equal(ear->ends, 0);
    assert_false(ear->cancelled);
    ear->calls++;
}

static inline void ear_hear_text(struct ear *ear, const char *text)
{
    if (ear->in_content)
        ear_hear(ear, "] ", 2);
    ear->in_content = false;
    ear_hear(ear, text, strlen(text));
}

static inline void ear_done(struct ear *ear)
{
    if (ear->calls != ear->cancel_at)
        return;
    ear->cancelled = true;
    ear->cancel(ear);
}

static inline void ear_interim(void *owner, const struct stet_response *response)
{
    struct ear *ear = owner;
    char text[32];
    snprintf(text, sizeof text, "(%d) ", response->status);
    ear_event(ear);
    assert_int_equal(ear->heads, 0);
    ear_hear_text(ear, text);
    ear_done(ear);
}

static inline void ear_head(void *owner, const struct stet_response *response,
                            const struct response_framing *framing)
{
    struct ear *ear = owner;
    char text[64];
    snprintf(text, sizeof text, "%d %s ", response->status, ear_framing[framing->content]);
    ear_event(ear);
    assert_int_equal(ear->heads++, 0);
    ear->status = response->status;
    ear_hear_text(ear, text);
    ear_done(ear);
}

/* Of octets that follow others, whose sum is given. */
static inline uint32_t sum_of(uint32_t sum, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + (unsigned char)bytes[i];
    return sum;
}

static inline bool ear_content(void *owner, struct stet_span bytes)
{
    struct ear *ear = owner;
    ear_event(ear);
    assert_true(ear->heads == 1 && bytes.len > 0);
    if (!ear->in_content)
        ear_hear(ear, "[", 1);
    ear->in_content = true;
    ear_hear(ear, bytes.at, bytes.len);
    ear->content += bytes.len;
    ear->sum = sum_of(ear->sum, bytes.at, bytes.len);
    ear_done(ear);
    return !ear->pauses;
}

static inline void ear_room(void *owner)
{
    struct ear *ear = owner;
    ear_event(ear);
    ear_hear_text(ear, "room ");
    ear->rooms++;
    ear_done(ear);
}

static inline void ear_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct ear *ear = owner;
    ear_event(ear);
    for (size_t i = 0; i < trailers->count; i++) {
        const struct stet_field *field = &trailers->fields[i];
        char text[100];
        snprintf(text, sizeof text, "%.*s=%.*s ", (int)field->name.len, field->name.at,
                 (int)field->value.len, field->value.at);
        ear_hear_text(ear, text);
    }
    ear_hear_text(ear, ear_ends[end]);
    ear->end = end;
    ear->ends++;
    ear_done(ear);
}

static const struct call_events ear_events = {ear_interim, ear_head, ear_content, ear_room,
                                              ear_end};

/* A call with its ear. */
struct talk {
    struct ear ear; /* first */
    struct call call;
    struct client_request request;
};

static inline void talk_cancel(struct ear *ear)
{
    struct talk *talk = (struct talk *)(void *)ear;
    talk->ear.cancelled = true;
    call_cancel(&talk->call);
}

static inline struct client_request world_request(const char *method)
{
    struct stet_span name = stet_span_of(method);
    return (struct client_request){.method = stet_method_of(name),
                                   .method_name = name,
                                   .target = STET_SPAN("/"),
                                   .host = STET_SPAN("a")};
}

static inline struct talk talk_of(const char *method)
{
    struct talk talk = {.ear.cancel = talk_cancel};
    talk.request = world_request(method);
    return talk;
}

static inline void talk_begin_at(struct world *world, struct talk *talk,
                                 const struct call_place *place, bool fresh)
{
    talk->call.events = &ear_events;
    talk->call.owner = talk;
    talk->call.request = &talk->request;
    call_start(world->caller, &talk->call, place, fresh);
    assert_int_equal(talk->ear.calls, 0);
}

static inline void talk_begin(struct world *world, struct talk *talk, bool fresh)
{
    talk_begin_at(world, talk, &world_place, fresh);
}

static inline void world_run(struct world *world)
{
    sim_world_run_until_idle(world->sim);
}

static inline void world_tick(struct task *task)
{
    (void)task;
}

/* Lets time pass, and the loop know. */
static inline void world_pass(struct world *world, int64_t ns)
{
    struct task tick = {.run = world_tick};
    sim_world_advance(world->sim, ns);
    loop_post(world->loop, &tick);
    world_run(world);
}

/* A GET, begun and sent. */
static inline void talk_get(struct world *world, struct talk *talk)
{
    *talk = talk_of("GET");
    talk_begin(world, talk, false);
    world_run(world);
}

/* What the origin's end of a connection has received, taken from it, is this. */
static inline bool origin_got(struct sim_client *end, const char *want)
{
    bool same = sim_client_len(end) == strlen(want) &&
                memcmp(sim_client_bytes(end), want, strlen(want)) == 0;
    if (!same)
        print_error("got: %.*s\n", (int)sim_client_len(end), sim_client_bytes(end));
    sim_client_take(end, sim_client_len(end));
    return same;
}

static inline void origin_say(struct world *world, struct sim_client *end, const char *text)
{
    sim_client_say(end, text);
    world_run(world);
}

static inline struct sim_client *world_next(struct world *world)
{
    struct sim_client *end = sim_origin_next(world->origin);
    assert_non_null(end);
    return end;
}

/* The far end of a connection that rests after a call. */
static inline struct sim_client *rested(struct world *world, const char *answer)
{
    struct talk talk;
    talk_get(world, &talk);
    struct sim_client *end = world_next(world);
    sim_client_take(end, sim_client_len(end));
    origin_say(world, end, answer);
    assert_int_equal(talk.ear.end, CLIENT_COMPLETE);
    return end;
}

/* Limits may be changed and faults set between this and world_open. */
static inline int world_setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    memory_fail_nth(0);
    world->limits = limits_default();
    world->sim = sim_world_new(1);
    world->loop = sim_world_loop(world->sim);
    *state = world;
    return 0;
}

static inline void world_open(struct world *world)
{
    world->origin = sim_origin_open(world->sim, PLACE ":80");
    world->resolver = resolver_new(world->loop, NULL);
    assert_non_null(world->resolver);
    world->caller = caller_new(world->loop, &world->limits, world->resolver);
    assert_non_null(world->caller);
}

static inline int world_setup_open(void **state)
{
    world_setup(state);
    world_open(*state);
    return 0;
}

/* No call is left over, whatever the test did. */
static inline void world_close(struct world *world)
{
    if (!world->caller)
        return;
    world_run(world);
    assert_int_equal(caller_busy(world->caller), 0);
    caller_free(world->caller);
    world->caller = NULL;
    resolver_free(world->resolver);
}

static inline int world_teardown(void **state)
{
    struct world *world = *state;
    world_close(world);
    loop_free(world->loop);
    sim_world_free(world->sim);
    free(world);
    return 0;
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup_open, world_teardown)
#define WORLD_TEST_CLOSED(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

#endif
