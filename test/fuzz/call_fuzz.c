/* Calls: whatever an origin server sends, in pieces of any size, whatever the owner of the call
 * does meanwhile, each call is told of in order and ends once, nothing is told after that, and what
 * remains is no connection that is in use.
 *
 * The first octet chooses the request, the next two the pieces and the manners, the rest is what
 * the server sends on all its connections together. */
#include <string.h>

#include "io/loop_sim.h"
#include "net/call.h"

#include "fuzz.h"

enum { SIZE_MOST = 4096, CALLS = 3 };

/* What the first octet says. */
enum {
    METHODS = 3,
    UPGRADES = 4,
    PAUSES = 8,
    CANCELS = 16,
    CLOSES = 32,
    RESETS = 64,
    SPURIOUS = 128
};

static const char *const methods[] = {"GET", "HEAD", "CONNECT", "POST"};

static const struct call_place place = {.host = "192.0.2.9", .port = 80};

/* Small, so that a fuzzer reaches them. */
static struct limits limits_small(void)
{
    struct limits limits = limits_default();
    limits.head_size = 400;
    limits.field_count = 12;
    limits.trailer_size = 100;
    return limits;
}

struct client {
    struct world *world;
    struct call call;
    struct client_request request;
    size_t content;
    bool open, head, tunnel, finished, paused;
};

struct world {
    struct sim_world *sim;
    struct caller *caller;
    const char *octets; /* that are left */
    size_t size;
    unsigned options;
    uint32_t pieces; /* a random state */
    struct client clients[CALLS];
};

static uint32_t chance(struct world *world, uint32_t of)
{
    world->pieces = world->pieces * 1664525 + 1013904223;
    return (world->pieces >> 8) % of;
}

static void cancelled_perhaps(struct client *client)
{
    if (!(client->world->options & CANCELS) || chance(client->world, 8) != 0)
        return;
    call_cancel(&client->call);
    client->open = false;
}

static void on_interim(void *owner, const struct stet_response *response)
{
    struct client *client = owner;
    must(client->open && !client->head && response->status < 200 && response->status != 101);
    cancelled_perhaps(client);
}

static void on_head(void *owner, const struct stet_response *response,
                    const struct response_framing *framing)
{
    struct client *client = owner;
    must(client->open && !client->head);
    must(response->status >= 200 || framing->content == RESPONSE_TUNNEL);
    client->head = true;
    client->tunnel = framing->content == RESPONSE_TUNNEL;
    client->finished &= !client->tunnel;
    cancelled_perhaps(client);
}

static bool on_content(void *owner, struct stet_span bytes)
{
    struct client *client = owner;
    must(client->open && client->head && bytes.len > 0 && !client->paused);
    client->content += bytes.len;
    client->paused = (client->world->options & PAUSES) && chance(client->world, 2);
    bool more = !client->paused;
    cancelled_perhaps(client);
    return more;
}

static void on_room(void *owner)
{
    struct client *client = owner;
    must(client->open);
    cancelled_perhaps(client);
}

static void on_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct client *client = owner;
    must(client->open && client->content <= SIZE_MOST);
    must(end != CLIENT_COMPLETE || client->head);
    must(end == CLIENT_COMPLETE || trailers->count == 0);
    must((end == CLIENT_COMPLETE) == (client->call.error == STET_PROXY_ERROR_NONE));
    must(!client->head || !call_may_repeat(&client->call));
    client->open = false;
}

static const struct call_events events = {on_interim, on_head, on_content, on_room, on_end};

static void client_begins(struct world *world, struct client *client)
{
    struct stet_span name = stet_span_of(methods[world->options & METHODS]);
    bool upgrade = world->options & UPGRADES;

    *client = (struct client){.world = world, .open = true};
    client->request = (struct client_request){
        .method = stet_method_of(name),
        .method_name = name,
        .target = STET_SPAN("/"),
        .host = STET_SPAN("a"),
        .block = upgrade ? STET_SPAN("Upgrade: x\r\n") : STET_SPAN_NONE,
        .upgrade = upgrade,
        .has_content = stet_span_equal(name, STET_SPAN("POST")),
    };
    client->call.events = &events;
    client->call.owner = client;
    client->call.request = &client->request;
    call_start(world->caller, &client->call, &place, chance(world, 4) == 0);
}

/* A server's end has got something: it says the next piece, and perhaps ends. */
static void server_speaks(struct sim_client *end, void *owner)
{
    struct world *world = owner;
    size_t size = 1 + chance(world, 1U << chance(world, 10));

    sim_client_take(end, sim_client_len(end));
    if (sim_client_state(end) != SIM_CLIENT_OPEN || world->size == 0)
        return;
    size = size < world->size ? size : world->size;
    sim_client_send(end, world->octets, size);
    world->octets += size;
    world->size -= size;
    if ((world->options & CLOSES) && chance(world, 6) == 0) {
        sim_client_close(end, (world->options & RESETS) && chance(world, 2));
        sim_client_heard(end, NULL, NULL);
    }
}

/* Something that the owner of a call may do. */
static void client_acts(struct client *client)
{
    static const char content[3000];
    bool sends = (client->request.has_content || client->tunnel) && !client->finished;

    if (!client->open)
        return;
    if (client->paused && chance(client->world, 2)) {
        client->paused = false;
        call_resume(&client->call);
    } else if (sends && chance(client->world, 3)) {
        call_send(&client->call, stet_span(content, 1 + chance(client->world, 3000)));
    } else if (sends) {
        client->finished = true;
        call_finish(&client->call);
    }
}

static void world_goes_on(struct world *world, struct sim_origin *origin)
{
    struct sim_client *ends[64];
    size_t count = 0, rounds = 0;

    while (rounds++ < 200 && (world->size > 0 || rounds < 20)) {
        struct client *client = &world->clients[chance(world, CALLS)];
        if (!client->open && chance(world, 2))
            client_begins(world, client);
        else
            client_acts(client);
        sim_world_run_until_idle(world->sim);
        for (struct sim_client *end; count < 64 && (end = sim_origin_next(origin)); count++)
            ends[count] = end;
        if (count > 0) {
            struct sim_client *end = ends[chance(world, (uint32_t)count)];
            if (sim_client_state(end) == SIM_CLIENT_OPEN && chance(world, 2))
                server_speaks(end, world);
        }
        sim_world_run_until_idle(world->sim);
        if (chance(world, 16) == 0)
            sim_world_advance(world->sim, INT64_C(1000000000) * chance(world, 70));
    }
}

static void world_tried(struct world *world)
{
    struct limits limits = limits_small();
    struct loop *loop = sim_world_loop(world->sim);
    struct resolver *resolver = resolver_new(loop, NULL);
    struct sim_origin *origin = sim_origin_open(world->sim, "192.0.2.9:80");

    must(resolver);
    world->caller = caller_new(loop, &limits, resolver);
    must(world->caller);
    world_goes_on(world, origin);
    for (size_t i = 0; i < CALLS; i++)
        if (world->clients[i].open)
            call_cancel(&world->clients[i].call);
    sim_world_run_until_idle(world->sim);
    must(caller_busy(world->caller) == 0);
    sim_world_advance(world->sim, INT64_C(10000000000));
    must(caller_idle(world->caller) == 0);
    caller_free(world->caller);
    resolver_free(resolver);
    loop_free(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > SIZE_MOST)
        return 0;
    struct world world = {.octets = (const char *)data + 3,
                          .size = size - 3,
                          .options = data[0],
                          .pieces = (uint32_t)data[1] << 8 | data[2]};
    struct sim_faults faults = {.read_most = 1 + data[1],
                                .draw_sizes = data[2] & 1,
                                .write_most = 40 + data[2],
                                .shuffle = data[1] & 1,
                                .spurious = data[0] & SPURIOUS};
    world.sim = sim_world_new((uint64_t)data[1] << 8 | data[2]);
    if (data[0] & SPURIOUS)
        sim_world_faults(world.sim, &faults);
    world_tried(&world);
    sim_world_free(world.sim);
    return 0;
}
