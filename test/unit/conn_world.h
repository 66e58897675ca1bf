/* A set of connections in the simulated world, with a service that answers by the path: what the
 * tests of net/ share.
 *
 *     /n/NUMBER      that many octets, at once       /later    when world_answer is called
 *     /304           Not Modified                    /upload   when the content has ended
 *     /stream        what world_say gives            /pause    takes no content until world_resume
 *     /careless      304, without asking for a moment
 *     /hold          takes no content at all until world_resume, then answers when it has ended
 *     /hint          103, and then as /later
 *     /duplex        at once what world_say gives, and takes content meanwhile
 *     /tunnel        101, and what world_say gives; CONNECT the same with 200
 */
#ifndef TEST_UNIT_CONN_WORLD_H
#define TEST_UNIT_CONN_WORLD_H

#include "base/container.h"
#include "base/memory.h"
#include "io/loop_sim.h"
#include "net/conn.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MS ((int64_t)1000000)
#define SECOND (1000 * MS)

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"

enum { WORLD_NOTES = 512 };

/* A body whose octets the test gives, in the order it likes. */
struct world_body {
    struct body body;
    struct world *world;
    char text[4096];
    size_t used, done;
    bool whole;  /* nothing more comes */
    bool broken; /* ... nor ever will */
};

struct world {
    struct sim_world *sim;
    struct loop *loop;
    struct limits limits;
    struct conn_census *census;
    struct listener listener;
    struct conn_set set;

    struct stream *waiting; /* of those that wait for the test */
    struct world_body *body;
    bool paused;
    bool streams; /* the end of the content is no cue for an answer */
    unsigned requests, done, unanswered, cut, refused, drained, bodies, ends;
    uint64_t content;
    uint64_t moments[WORLD_NOTES]; /* of each request */
};

static inline void world_reply(struct stream *stream, size_t size)
{
    struct reply reply = {.status = 200, .content = REPLY_LENGTH, .length = size};
    reply.chunk = chunk_new(size);
    if (reply.chunk)
        memset(reply.chunk->bytes, 'z', size);
    else
        reply.length = 0;
    stream_reply(stream, &reply);
}

static inline enum body_peek world_body_peek(struct body *body, char *scratch, size_t room,
                                             struct stet_span *bytes)
{
    struct world_body *self = (struct world_body *)(void *)body;
    (void)scratch, (void)room;
    if (self->broken)
        return BODY_BROKEN;
    if (self->done == self->used)
        return self->whole ? BODY_END : BODY_WAIT;
    *bytes = stet_span(self->text + self->done, self->used - self->done);
    return BODY_BYTES;
}

static inline void world_body_skip(struct body *body, size_t count)
{
    struct world_body *self = (struct world_body *)(void *)body;
    self->done += count;
    assert_true(self->done <= self->used);
}

static inline void world_body_free(struct body *body)
{
    struct world_body *self = (struct world_body *)(void *)body;
    self->world->body = NULL;
    self->world->bodies--;
    free(self);
}

/* With a `tunnel` that is the status of the answer, else 0. */
static inline void world_stream(struct world *world, struct stream *stream, int tunnel)
{
    static const struct body_ops ops = {
        .peek = world_body_peek, .skip = world_body_skip, .free = world_body_free};
    struct world_body *body = calloc(1, sizeof *body);
    struct reply reply = {.status = tunnel ? tunnel : 200,
                          .content = REPLY_UNKNOWN_LENGTH,
                          .tunnel = tunnel,
                          .duplex = !tunnel,
                          .blocks = {STET_SPAN("X-B: 1\r\n")}};
    assert_non_null(body);
    body->body.ops = &ops;
    body->world = world;
    world->body = body;
    world->bodies++;
    reply.body = &body->body;
    stream_reply(stream, &reply);
}

/* More octets of the /stream, or its end (NULL). */
static inline void world_say(struct world *world, const char *text)
{
    struct world_body *body = world->body;
    assert_non_null(body);
    if (text) {
        memcpy(body->text + body->used, text, strlen(text));
        body->used += strlen(text);
    } else {
        body->whole = true;
    }
    stream_wake(world->waiting);
    sim_world_run_until_idle(world->sim);
}

static inline void world_answer(struct world *world)
{
    world_reply(world->waiting, 5);
    sim_world_run_until_idle(world->sim);
}

static inline void world_resume(struct world *world)
{
    world->paused = false;
    stream_resume(world->waiting);
    sim_world_run_until_idle(world->sim);
}

static inline void world_request(void *owner, struct stream *stream,
                                 const struct stet_request *request, bool content)
{
    static const struct reply unchanged = {.status = 304, .content = REPLY_NO_CONTENT};
    struct world *world = owner;
    char path[32] = "";

    (void)content;
    if (request->path.len)
        memcpy(path, request->path.at, request->path.len < 31 ? request->path.len : 31);
    bool careless = strcmp(path, "/careless") == 0;
    world->moments[world->requests++ % WORLD_NOTES] = careless ? 0 : conn_moment(stream);
    bool connect = request->method == STET_METHOD_CONNECT;
    bool tunnel = connect || strcmp(path, "/tunnel") == 0;
    bool duplex = strcmp(path, "/duplex") == 0;
    if (tunnel || duplex || strcmp(path, "/later") == 0 || strcmp(path, "/stream") == 0 ||
        strcmp(path, "/pause") == 0 || strcmp(path, "/hold") == 0 || strcmp(path, "/hint") == 0)
        world->waiting = stream;
    world->paused = strcmp(path, "/pause") == 0;
    world->streams = tunnel || duplex;
    if (strcmp(path, "/hold") == 0)
        stream_hold(stream);
    if (strcmp(path, "/hint") == 0)
        stream_interim(stream, 103, STET_SPAN("Link: </a>\r\n"));
    if (strncmp(path, "/n/", 3) == 0)
        world_reply(stream, (size_t)strtoul(path + 3, NULL, 10));
    else if (strcmp(path, "/304") == 0 || careless)
        stream_reply(stream, &unchanged);
    else if (tunnel || duplex || strcmp(path, "/stream") == 0)
        world_stream(world, stream, connect ? 200 : tunnel ? 101 : 0);
}

static inline bool world_content(void *owner, struct stream *stream, struct stet_span bytes)
{
    struct world *world = owner;
    (void)stream;
    world->content += bytes.len;
    return !world->paused;
}

static inline void world_end(void *owner, struct stream *stream, const struct stet_head *trailers)
{
    struct world *world = owner;
    (void)trailers;
    world->ends++;
    if (!world->streams)
        world_reply(stream, 5);
}

static inline void world_done(void *owner, struct stream *stream,
                              const struct stream_outcome *outcome)
{
    struct world *world = owner;
    world->done++;
    world->unanswered += !outcome;
    world->cut += outcome && !outcome->complete;
    if (world->waiting == stream)
        world->waiting = NULL;
}

static inline void world_refused(void *owner, struct stream *stream, int status,
                                 struct stet_span line)
{
    struct world *world = owner;
    (void)status, (void)line;
    assert_int_equal(conn_peer(stream)->family, AF_INET);
    world->refused++;
}

static const struct service world_service = {.request = world_request,
                                             .content = world_content,
                                             .end = world_end,
                                             .done = world_done,
                                             .refused = world_refused};

static inline void world_accepted(struct listener *listener, struct sock *sock,
                                  const struct sock_address *peer)
{
    struct world *world = listener->owner;
    conn_open(&world->set, sock, peer);
}

static inline void world_drained(struct conn_set *set)
{
    ((struct world *)set->owner)->drained++;
}

/* Limits may be changed and faults set between this and world_open. */
static inline int world_setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->limits = limits_default();
    world->sim = sim_world_new(1);
    world->loop = sim_world_loop(world->sim);
    *state = world;
    return 0;
}

static inline void world_open(struct world *world)
{
    const uint64_t seed[2] = {1, 2};
    world->census = conn_census_new(&world->limits, seed);
    world->set = (struct conn_set){.loop = world->loop,
                                   .limits = &world->limits,
                                   .census = world->census,
                                   .service = &world_service,
                                   .service_owner = world,
                                   .drained = world_drained,
                                   .owner = world};
    assert_true(conn_set_init(&world->set));
    world->listener = (struct listener){
        .loop = world->loop, .accepted = world_accepted, .owner = world, .fd = -1};
    world->listener.fd = sim_world_listen(world->sim, "server:80");
    assert_true(listener_start(&world->listener));
}

/* Nothing is left over, whatever the test did. */
static inline int world_teardown(void **state)
{
    struct world *world = *state;
    if (world->census) {
        listener_stop(&world->listener);
        conn_set_fini(&world->set);
        assert_int_equal(conn_census_open(world->census), 0);
        assert_int_equal(world->requests, world->done);
        assert_int_equal(world->bodies, 0);
        conn_census_free(world->census);
    }
    loop_free(world->loop);
    sim_world_free(world->sim);
    free(world);
    return 0;
}

static inline void world_pass(struct world *world, int64_t ns)
{
    sim_world_advance(world->sim, ns);
}

static inline struct sim_client *world_client(struct world *world)
{
    struct sim_client *client = sim_client_open(world->sim, "server:80", NULL);
    assert_non_null(client);
    sim_world_run_until_idle(world->sim);
    return client;
}

static inline void world_send(struct world *world, struct sim_client *client, const char *text)
{
    sim_client_say(client, text);
    sim_world_run_until_idle(world->sim);
}

/* How often `text` is in what the client has received. */
static inline unsigned world_count(const struct sim_client *client, const char *text)
{
    const char *at = sim_client_bytes(client), *end = at + sim_client_len(client);
    const size_t len = strlen(text);
    unsigned count = 0;
    /* not by memmem: a sanitizer looks at all of the haystack for each call */
    while ((size_t)(end - at) >= len) {
        const bool here = *at == *text && memcmp(at, text, len) == 0;
        at += here ? len : 1;
        count += here;
    }
    return count;
}

/* Milliseconds until the client sees the connection end, or the server has given it up. */
static inline int64_t world_ends_in(struct world *world, const struct sim_client *client,
                                    bool released)
{
    for (int64_t ms = 0; ms < 1000000; ms++) {
        if (released ? sim_client_released(client) : sim_client_state(client) != SIM_CLIENT_OPEN)
            return ms;
        world_pass(world, MS);
    }
    return -1;
}

#endif
