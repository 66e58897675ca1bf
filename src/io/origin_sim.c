/* The other side of the simulated network: where servers connect to.
 *
 *     sock_connect -> the other side's queue -> an origin of the test: accepted, refused, ...
 *                                            -> a listener of this world: its backlog
 *
 * The other side is an actor of its own: a connect is answered, and a test's `heard` called, in a
 * turn between those of the loops, never from within a call that a server makes. What takes time
 * waits in the same queue until it is due.
 *
 * Two servers of one world are joined by two clients that know each other: what a server's end
 * writes to one is sent by the other, and so are ends and resets. Between them lies room for 64 KiB
 * each way, after which the writer waits for the reader.
 *
 * Given up: several origins at one address. A listener that shares its address does that better.
 */
#include "io/loop_sim.h"

#include "base/check.h"
#include "io/sim_ops.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SIM_PIPE = 65536, SIM_TARGET = SOCK_ADDRESS_TEXT + 8 };
static const int64_t sim_kernel_patience = 127000000000; /* ns: six retries of a SYN */

static void sim_far_queue(struct sim_client *client, int64_t due)
{
    struct sim_client **place = &client->world->far;
    if (client->far.queued)
        return;
    while (*place)
        place = &(*place)->far.next;
    *place = client;
    client->far.next = NULL;
    client->far.queued = true;
    client->far.due = due;
}

void sim_far_note(struct sim_client *client)
{
    if (client->far.heard)
        sim_far_queue(client, client->world->now);
}

void sim_far_drop(struct sim_client *client)
{
    struct sim_client **place = &client->world->far;
    while (*place && *place != client)
        place = &(*place)->far.next;
    if (*place)
        *place = client->far.next;
    client->far.queued = false;
}

int64_t sim_far_due(const struct sim_world *world)
{
    int64_t due = INT64_MAX;
    for (const struct sim_client *client = world->far; client; client = client->far.next) {
        if (client->far.due < due)
            due = client->far.due;
    }
    return due;
}

/* The first of those that are due, or a drawn one. */
static struct sim_client *sim_far_pick(struct sim_world *world)
{
    struct sim_client *chosen = NULL;
    uint64_t found = 0;
    for (struct sim_client *client = world->far; client; client = client->far.next) {
        if (client->far.due > world->now)
            continue;
        found++;
        if (!chosen || (world->faults.shuffle && sim_world_draw(world, found) == 0))
            chosen = client;
    }
    return chosen;
}

size_t sim_far_room(const struct sim_client *client)
{
    if (!client->far.other || client->gone)
        return SIZE_MAX;
    size_t waiting = client->far.other->up.sent.len;
    return waiting < SIM_PIPE ? SIM_PIPE - waiting : 0;
}

static void sim_connect_ends(struct sim_client *client, enum sock_connected state)
{
    client->sock->connected = (uint8_t)state;
    if (state != SOCK_CONNECTED)
        client->broken = true;
    sim_client_raise(client, SOCK_WRITABLE | (client->broken ? SOCK_READABLE : 0));
}

static struct sim_origin *sim_origin_find(struct sim_world *world, const char *address)
{
    struct sim_origin *origin = world->origins;
    while (origin && strcmp(origin->address, address) != 0)
        origin = origin->next;
    return origin;
}

static void sim_origin_join(struct sim_origin *origin, struct sim_client *client)
{
    origin->count++;
    *origin->end = client;
    origin->end = &client->next_in;
    client->accepted = true;
    sim_connect_ends(client, SOCK_CONNECTED);
    sim_client_heard(client, origin->heard, origin->owner);
    sim_far_note(client);
}

/* Both servers have a client to talk to, which is the other's. */
static void sim_port_connect(struct sim_port *port, struct sim_client *client)
{
    const char *peer = client->peer.family == AF_UNIX ? "unix" : "127.0.0.1";
    struct sim_client *other = sim_client_new(client->world, peer);
    client->far.other = other;
    other->far.other = client;
    client->accepted = true;
    sim_port_join(port, other);
    sim_connect_ends(client, SOCK_CONNECTED);
}

static void sim_connect_accept(struct sim_client *client, const char *target)
{
    struct sim_origin *origin = sim_origin_find(client->world, target);
    struct sim_port *port = origin ? NULL : sim_port_find(client->world, target);
    if (origin)
        sim_origin_join(origin, client);
    else if (port)
        sim_port_connect(port, client);
    else
        sim_connect_ends(client, SOCK_REFUSED);
}

static void sim_connect_answer(struct sim_client *client)
{
    char *target = client->far.target;
    client->far.target = NULL;
    if (client->far.answer == SIM_ORIGIN_ACCEPTS)
        sim_connect_accept(client, target);
    else if (client->far.answer == SIM_ORIGIN_REFUSES)
        sim_connect_ends(client, SOCK_REFUSED);
    else
        sim_connect_ends(client, client->far.answer == SIM_ORIGIN_HANGS ? SOCK_TIMED_OUT
                                                                        : SOCK_UNREACHABLE);
    free(target);
}

void sim_far_run(struct sim_world *world)
{
    struct sim_client *client = sim_far_pick(world);
    sim_far_drop(client);
    if (client->far.target)
        sim_connect_answer(client);
    else if (client->far.heard)
        client->far.heard(client, client->far.owner);
}

static char *sim_target(const struct sock_address *address, const char *path)
{
    char host[SOCK_ADDRESS_TEXT];
    char text[SIM_TARGET];
    if (path) {
        size_t size = strlen(path) + sizeof "unix:";
        char *target = sim_alloc(NULL, size);
        (void)snprintf(target, size, "unix:%s", path);
        return target;
    }
    (void)sock_address_text(address, host);
    (void)snprintf(text, sizeof text, address->family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
                   (unsigned)address->port);
    return sim_text(text);
}

/* What connect says at once, as far as it says anything. */
static enum sock_connected sim_connect_first(const struct sim_origin *origin, bool path_missing)
{
    if (path_missing)
        return SOCK_REFUSED;
    if (origin && origin->answer == SIM_ORIGIN_EXHAUSTED)
        return SOCK_EXHAUSTED;
    if (origin && origin->answer == SIM_ORIGIN_UNREACHABLE && origin->after == 0)
        return SOCK_UNREACHABLE;
    return SOCK_CONNECTING;
}

enum sock_connected sock_sim_connect(struct sock *sock, const struct sock_address *address,
                                     const char *path)
{
    struct sim_loop *loop = (struct sim_loop *)sock->loop;
    struct sim_world *world = loop->world;
    char *target = sim_target(address, path);
    struct sim_origin *origin = sim_origin_find(world, target);
    const bool missing = path && !origin && !sim_port_find(world, target);
    enum sock_connected first = sim_connect_first(origin, missing);
    if (origin)
        origin->tries++;
    if (first != SOCK_CONNECTING) {
        free(target);
        return first;
    }
    struct sim_client *client = sim_client_new(world, path ? "unix" : NULL);
    if (origin && origin->faulty)
        sim_client_suffer(client, &origin->faults);
    client->far.target = target;
    client->far.answer = origin ? origin->answer : SIM_ORIGIN_ACCEPTS;
    client->loop = loop;
    client->sock = sock;
    sock->end = client;
    sock->fd = world->next_fd++;
    loop->open++;
    const bool hangs = client->far.answer == SIM_ORIGIN_HANGS;
    sim_far_queue(client, world->now + (hangs ? sim_kernel_patience : origin ? origin->after : 0));
    if (world->faults.spurious && sim_world_draw(world, 4) == 0)
        sim_client_raise(client, SOCK_READABLE | SOCK_WRITABLE);
    return SOCK_CONNECTING;
}

enum sock_connected sock_sim_connect_state(struct sock *sock)
{
    return sock->connected;
}

bool sock_sim_move(struct sock *from, struct sock *to)
{
    struct sim_client *client = from->end;
    const bool readable = client->up.sent.len > 0 || client->up.end || client->broken;
    to->fd = from->fd;
    to->end = client;
    to->connected = from->connected;
    client->sock = to;
    from->fd = -1;
    sim_client_raise(client, SOCK_WRITABLE | (readable ? SOCK_READABLE : 0));
    return true;
}

/* Is it written as sock_connect's address will be? Another spelling would never be found. */
static bool sim_origin_address_good(const char *address)
{
    char host[SIM_TARGET];
    struct sock_address read = {.family = address[0] == '[' ? AF_INET6 : AF_INET};
    const char *colon = strrchr(address, ':');
    if (strncmp(address, "unix:", 5) == 0)
        return address[5] != '\0';
    size_t bracket = address[0] == '[';
    if (!colon || (size_t)(colon - address) >= sizeof host)
        return false;
    (void)snprintf(host, sizeof host, "%.*s", (int)((size_t)(colon - address) - 2 * bracket),
                   address + bracket);
    read.port = (uint16_t)atoi(colon + 1);
    if (inet_pton(read.family, host, read.bytes) != 1)
        return false;
    char *target = sim_target(&read, NULL);
    bool same = strcmp(target, address) == 0;
    free(target);
    return same;
}

struct sim_origin *sim_origin_open(struct sim_world *world, const char *address)
{
    struct sim_origin *origin = sim_alloc(NULL, sizeof *origin);
    struct sim_origin **place = &world->origins;
    CHECK(sim_origin_address_good(address));
    *origin = (struct sim_origin){.world = world, .address = sim_text(address)};
    origin->end = &origin->first;
    while (*place)
        place = &(*place)->next;
    *place = origin;
    return origin;
}

void sim_origin_answers(struct sim_origin *origin, enum sim_origin_answer answer, int64_t after)
{
    origin->answer = answer;
    origin->after = after;
}

void sim_origin_faults(struct sim_origin *origin, const struct sim_faults *faults)
{
    static const struct sim_faults none;
    origin->faulty = faults != NULL;
    origin->faults = faults ? *faults : none;
}

void sim_origin_heard(struct sim_origin *origin,
                      void (*heard)(struct sim_client *client, void *owner), void *owner)
{
    origin->heard = heard;
    origin->owner = owner;
}

struct sim_client *sim_origin_next(struct sim_origin *origin)
{
    struct sim_client *client = origin->first;
    if (!client)
        return NULL;
    origin->first = client->next_in;
    if (!origin->first)
        origin->end = &origin->first;
    return client;
}

size_t sim_origin_tries(const struct sim_origin *origin)
{
    return origin->tries;
}

size_t sim_origin_count(const struct sim_origin *origin)
{
    return origin->count;
}

void sim_client_heard(struct sim_client *client,
                      void (*heard)(struct sim_client *client, void *owner), void *owner)
{
    client->far.heard = heard;
    client->far.owner = owner;
}

void sim_far_fini(struct sim_world *world)
{
    while (world->origins) {
        struct sim_origin *origin = world->origins;
        world->origins = origin->next;
        free(origin->address);
        free(origin);
    }
}
