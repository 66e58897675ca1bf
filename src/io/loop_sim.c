/* The simulated world: one virtual clock, the loops under it, and who runs next.
 *
 * The world has actors: each loop, the pool of jobs, and the other side of the network. As long as
 * an actor has something to do, a drawn one of them takes a turn; when none has, time may go on to
 * the next timer or job. A loop's turn is that of loop.c: the back end's wait only reads the
 * virtual clocks, and its dispatch delivers the events that were there when the turn began.
 *
 * Given up: latency of the network. A scene that needs it sends later.
 */
#include "io/loop_sim.h"

#include "base/check.h"
#include "io/resolve_ops.h"
#include "io/sim_ops.h"

#include <stdlib.h>
#include <string.h>

enum { SIM_TURNS_MAX = 1000000, SIM_FIRST_FD = 1 << 20, SIM_FIRST_PEER_PORT = 49152 };

static const int64_t sim_start = 1000000000;
static const int64_t sim_start_wall = 1704067200000000000;

void *sim_alloc(void *old, size_t size)
{
    void *memory = realloc(old, size);
    CHECK(memory);
    return memory;
}

char *sim_text(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(sim_alloc(NULL, size), text, size);
}

uint64_t sim_world_draw(struct sim_world *world, uint64_t below)
{
    /* splitmix64: any seed will do, neighbours too. */
    world->dice += 0x9e3779b97f4a7c15;
    uint64_t word = world->dice;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    word ^= word >> 31;
    return below > 0 ? word % below : word;
}

static void sim_loop_wait(struct loop *base, int64_t until);

static void sim_loop_random(struct loop *base, void *to, uint32_t size)
{
    struct sim_loop *loop = (struct sim_loop *)base;
    unsigned char *bytes = to;
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)sim_world_draw(loop->world, 256);
}

/* Mail alone makes a simulated loop ready. */
static void sim_loop_wake(struct loop *base)
{
    (void)base;
}

static bool sim_loop_signals(struct loop *base, const int *numbers,
                             void (*caught)(void *owner, int number), void *owner)
{
    struct sim_loop *loop = (struct sim_loop *)base;
    (void)numbers;
    loop->caught = caught;
    loop->caught_owner = owner;
    return true;
}

void sim_loop_signal(struct loop *base, int number)
{
    struct sim_loop *loop = (struct sim_loop *)base;
    CHECK(loop->caught && loop->signal_count < SIM_SIGNALS);
    loop->signals[loop->signal_count++] = number;
}

static void sim_loop_deliver_signals(struct sim_loop *loop)
{
    for (size_t i = 0; i < loop->signal_count; i++)
        loop->caught(loop->caught_owner, loop->signals[i]);
    loop->signal_count = 0;
}

static void sim_loop_shuffle(struct sim_loop *loop, struct sim_client **clients, size_t count)
{
    for (size_t i = count; loop->world->faults.shuffle && i > 1; i--) {
        size_t other = sim_world_draw(loop->world, i);
        struct sim_client *swapped = clients[i - 1];
        clients[i - 1] = clients[other];
        clients[other] = swapped;
    }
}

static void sim_loop_dispatch(struct loop *base)
{
    struct sim_loop *loop = (struct sim_loop *)base;
    struct sim_client **clients = loop->ready;
    size_t count = loop->ready_count;
    /* What becomes ready meanwhile is for the next turn. */
    loop->ready = NULL;
    loop->ready_count = loop->ready_capacity = 0;
    sim_loop_shuffle(loop, clients, count);
    sim_loop_deliver_signals(loop);
    for (struct sim_port *port = loop->world->ports; port; port = port->next) {
        if (listener_sim_ready(port, loop))
            listener_sim_accept(port);
    }
    for (size_t i = 0; i < count; i++)
        sock_sim_deliver(clients[i]);
    free(clients);
}

static void sim_loop_free(struct loop *base)
{
    struct sim_loop *loop = (struct sim_loop *)base;
    struct sim_world *world = loop->world;
    CHECK(loop->open == 0);
    for (struct sim_port *port = world->ports; port; port = port->next)
        CHECK(port->stopped || !port->listener || port->listener->loop != base);
    struct sim_loop **place = &world->loops;
    while (*place != loop)
        place = &(*place)->next;
    *place = loop->next;
    loop_fini(base);
    free(loop->ready);
    free(loop);
}

static const struct loop_ops sim_loop_ops = {
    .wait = sim_loop_wait,
    .dispatch = sim_loop_dispatch,
    .wake = sim_loop_wake,
    .signals = sim_loop_signals,
    .random = sim_loop_random,
    .free = sim_loop_free,
    .sock_start = sock_sim_start,
    .sock_read = sock_sim_read,
    .sock_write = sock_sim_write,
    .sock_write_steady = sock_sim_write,
    .sock_shutdown = sock_sim_shutdown,
    .sock_close = sock_sim_close,
    .sock_connect = sock_sim_connect,
    .sock_connect_state = sock_sim_connect_state,
    .sock_move = sock_sim_move,
    .sock_again = sock_sim_again,
    .resolve = &resolve_sim_ops,
    .listener_start = listener_sim_start,
    .listener_stop = listener_sim_stop,
};

static void sim_loop_clocks(struct sim_loop *loop)
{
    loop->loop.now = loop->world->now;
    loop->loop.wall = sim_world_wall(loop->world);
}

struct loop *sim_world_loop(struct sim_world *world)
{
    struct sim_loop *loop = sim_alloc(NULL, sizeof *loop);
    *loop = (struct sim_loop){.world = world};
    loop_init(&loop->loop, &sim_loop_ops);
    struct sim_loop **place = &world->loops;
    while (*place)
        place = &(*place)->next;
    *place = loop;
    sim_loop_clocks(loop);
    return &loop->loop;
}

struct sim_world *sim_loop_world(struct loop *loop)
{
    return ((struct sim_loop *)loop)->world;
}

bool sim_loop_stopped(const struct loop *loop)
{
    return loop->stopping;
}

static bool sim_loop_ready(struct sim_loop *loop)
{
    if (loop->loop.stopping)
        return false;
    if (loop->ready_count > 0 || loop->signal_count > 0 || loop_has_tasks(&loop->loop) ||
        timers_next(&loop->loop.timers) <= loop->world->now)
        return true;
    for (const struct sim_port *port = loop->world->ports; port; port = port->next) {
        if (listener_sim_ready(port, loop))
            return true;
    }
    return false;
}

/* One turn of a drawn actor, `except` apart. False when none has anything to do. */
static bool sim_world_turn(struct sim_world *world, const struct sim_loop *except)
{
    const bool far = sim_far_due(world) <= world->now;
    uint64_t ready = (uint64_t)far + (work_sim_due(world) <= world->now);
    for (struct sim_loop *loop = world->loops; loop; loop = loop->next)
        ready += loop != except && sim_loop_ready(loop);
    if (ready == 0)
        return false;
    uint64_t chosen = sim_world_draw(world, ready);
    for (struct sim_loop *loop = world->loops; loop; loop = loop->next) {
        if (loop != except && sim_loop_ready(loop) && chosen-- == 0) {
            loop_once(&loop->loop);
            return true;
        }
    }
    if (far && (chosen > 0 || work_sim_due(world) > world->now)) {
        sim_far_run(world);
        return true;
    }
    return work_sim_run(world);
}

/* When something will happen by itself. */
static int64_t sim_world_next(const struct sim_world *world)
{
    int64_t next = work_sim_due(world);
    if (sim_far_due(world) < next)
        next = sim_far_due(world);
    for (const struct sim_loop *loop = world->loops; loop; loop = loop->next) {
        int64_t timer = timers_next(&loop->loop.timers);
        if (!loop->loop.stopping && timer < next)
            next = timer;
    }
    return next;
}

void sim_world_run_until_idle(struct sim_world *world)
{
    CHECK(!world->driving);
    world->driving = true;
    uint32_t turns = 0;
    while (sim_world_turn(world, NULL))
        CHECK(++turns < SIM_TURNS_MAX);
    world->driving = false;
}

void sim_world_advance(struct sim_world *world, int64_t ns)
{
    CHECK(ns >= 0 && ns <= INT64_MAX - world->now);
    const int64_t end = world->now + ns;
    sim_world_run_until_idle(world);
    for (int64_t next; (next = sim_world_next(world)) <= end;) {
        world->now = next;
        sim_world_run_until_idle(world);
    }
    world->now = end;
}

int64_t sim_world_due(struct sim_world *world)
{
    int64_t next = sim_world_next(world);
    for (struct sim_loop *loop = world->loops; loop; loop = loop->next) {
        if (sim_loop_ready(loop))
            return 0;
    }
    return next == INT64_MAX ? next : next > world->now ? next - world->now : 0;
}

/* Under sim_world_run_until_idle this only reads the clocks. Under loop_run it is where the rest of
 * the world goes on, and time passes. */
static void sim_loop_wait(struct loop *base, int64_t until)
{
    struct sim_loop *loop = (struct sim_loop *)base;
    struct sim_world *world = loop->world;
    (void)until;
    if (!world->driving) {
        world->driving = true;
        while (!sim_loop_ready(loop) && !base->stopping) {
            if (sim_world_turn(world, loop))
                continue;
            int64_t next = sim_world_next(world);
            if (next == INT64_MAX)
                loop_stop(base);
            else
                world->now = next;
        }
        world->driving = false;
    }
    sim_loop_clocks(loop);
}

struct sim_world *sim_world_new(uint64_t seed)
{
    struct sim_world *world = sim_alloc(NULL, sizeof *world);
    *world = (struct sim_world){.dice = seed,
                                .now = sim_start,
                                .wall_offset = sim_start_wall - sim_start,
                                .next_fd = SIM_FIRST_FD,
                                .next_peer_port = SIM_FIRST_PEER_PORT};
    return world;
}

void sim_world_free(struct sim_world *world)
{
    CHECK(!world->loops && !world->jobs);
    while (world->clients) {
        struct sim_client *client = world->clients;
        world->clients = client->next;
        free(client->up.sent.bytes);
        free(client->down.received.bytes);
        free(client->far.target);
        free(client);
    }
    while (world->ports) {
        struct sim_port *port = world->ports;
        world->ports = port->next;
        free(port->address);
        free(port);
    }
    sim_far_fini(world);
    sim_names_fini(world);
    free(world);
}

int64_t sim_world_now(const struct sim_world *world)
{
    return world->now;
}

int64_t sim_world_wall(const struct sim_world *world)
{
    return world->now + world->wall_offset;
}

void sim_world_set_wall(struct sim_world *world, int64_t wall)
{
    world->wall_offset = wall - world->now;
}

void sim_world_step_wall(struct sim_world *world, int64_t ns)
{
    world->wall_offset += ns;
}

void sim_world_faults(struct sim_world *world, const struct sim_faults *faults)
{
    world->faults = *faults;
}

void sim_world_fail_accept(struct sim_world *world, int64_t ns)
{
    world->accept_fails_until = world->now + ns;
}

int sim_world_listen(struct sim_world *world, const char *address)
{
    struct sim_port *port = sim_alloc(NULL, sizeof *port);
    *port = (struct sim_port){.world = world, .fd = world->next_fd++};
    port->address = sim_text(address);
    port->end = &port->first;
    struct sim_port **place = &world->ports;
    while (*place)
        place = &(*place)->next;
    *place = port;
    return port->fd;
}
