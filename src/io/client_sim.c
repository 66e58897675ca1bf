/* The client's end of the memory network: what a test does and sees.
 */
#include "base/check.h"
#include "io/sim_ops.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

void sim_buffer_append(struct sim_buffer *buffer, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    if (buffer->start > 0 && buffer->start + buffer->len + len > buffer->capacity) {
        memmove(buffer->bytes, buffer->bytes + buffer->start, buffer->len);
        buffer->start = 0;
    }
    if (buffer->len + len > buffer->capacity) {
        buffer->capacity = 2 * (buffer->len + len);
        buffer->bytes = sim_alloc(buffer->bytes, buffer->capacity);
    }
    memcpy(buffer->bytes + buffer->start + buffer->len, bytes, len);
    buffer->len += len;
}

void sim_buffer_take(struct sim_buffer *buffer, size_t len)
{
    CHECK(len <= buffer->len);
    buffer->start += len;
    buffer->len -= len;
}

void sim_client_raise(struct sim_client *client, unsigned events)
{
    struct sim_loop *loop = client->loop;
    if (!client->sock)
        return;
    client->pending |= events;
    if (client->queued)
        return;
    client->queued = true;
    if (loop->ready_count == loop->ready_capacity) {
        loop->ready_capacity = 2 * loop->ready_capacity + 16;
        loop->ready = sim_alloc(loop->ready, loop->ready_capacity * sizeof(struct sim_client *));
    }
    loop->ready[loop->ready_count++] = client;
}

void sim_client_break(struct sim_client *client)
{
    if (client->broken)
        return;
    client->broken = true;
    sim_client_raise(client, SOCK_READABLE | SOCK_WRITABLE);
    sim_far_note(client);
    if (client->far.other)
        sim_client_break(client->far.other);
}

void sim_client_moved(struct sim_client *client, size_t len)
{
    client->moved += len;
    if (client->moved >= client->break_at)
        sim_client_break(client);
}

static struct sock_address sim_peer(struct sim_world *world, const char *peer)
{
    struct sock_address address = {.family = AF_INET, .port = world->next_peer_port++};
    const char *text = peer ? peer : "192.0.2.1";
    if (world->next_peer_port == 0)
        world->next_peer_port = 1024;
    if (strcmp(text, "unix") == 0)
        return (struct sock_address){.family = AF_UNIX};
    if (inet_pton(AF_INET, text, address.bytes) != 1) {
        address.family = AF_INET6;
        CHECK(inet_pton(AF_INET6, text, address.bytes) == 1);
    }
    return address;
}

struct sim_port *sim_port_find(struct sim_world *world, const char *address)
{
    uint64_t found = 0;
    struct sim_port *chosen = NULL;
    for (struct sim_port *port = world->ports; port; port = port->next) {
        if (!port->stopped && strcmp(port->address, address) == 0 &&
            sim_world_draw(world, ++found) == 0)
            chosen = port;
    }
    return chosen;
}

void sim_port_join(struct sim_port *port, struct sim_client *client)
{
    client->port = port;
    *port->end = client;
    port->end = &client->next_in;
}

void sim_client_suffer(struct sim_client *client, const struct sim_faults *faults)
{
    client->faults = *faults;
    client->break_at = UINT64_MAX;
    if (faults->reset_after > 0)
        client->break_at = 1 + sim_world_draw(client->world, faults->reset_after);
}

struct sim_client *sim_client_new(struct sim_world *world, const char *peer)
{
    struct sim_client *client = sim_alloc(NULL, sizeof *client);
    *client =
        (struct sim_client){.world = world, .next = world->clients, .down.window = SIM_UNLIMITED};
    client->peer = sim_peer(world, peer);
    sim_client_suffer(client, &world->faults);
    world->clients = client;
    return client;
}

struct sim_client *sim_client_open(struct sim_world *world, const char *address, const char *peer)
{
    struct sim_port *port = sim_port_find(world, address);
    if (!port)
        return NULL;
    struct sim_client *client = sim_client_new(world, peer);
    sim_port_join(port, client);
    return client;
}

void sim_client_send(struct sim_client *client, const void *bytes, size_t len)
{
    CHECK(!client->up.end && !client->gone);
    if (client->broken || len == 0)
        return;
    if (client->released) {
        sim_client_break(client);
        return;
    }
    sim_buffer_append(&client->up.sent, bytes, len);
    sim_client_raise(client, SOCK_READABLE);
    sim_client_moved(client, len);
}

void sim_client_say(struct sim_client *client, const char *text)
{
    sim_client_send(client, text, strlen(text));
}

size_t sim_client_unread(const struct sim_client *client)
{
    return client->up.sent.len;
}

const char *sim_client_bytes(const struct sim_client *client)
{
    return client->down.received.len > 0 ? client->down.received.bytes + client->down.received.start
                                         : "";
}

size_t sim_client_len(const struct sim_client *client)
{
    return client->down.received.len;
}

void sim_client_take(struct sim_client *client, size_t len)
{
    sim_buffer_take(&client->down.received, len);
}

uint64_t sim_client_total(const struct sim_client *client)
{
    return client->down.total;
}

void sim_client_window(struct sim_client *client, uint64_t bytes)
{
    bool opened = client->down.window == 0 && bytes > 0;
    client->down.window = bytes;
    if (opened && client->down.blocked)
        sim_client_raise(client, SOCK_WRITABLE);
}

void sim_client_shutdown(struct sim_client *client)
{
    client->up.end = true;
    sim_client_raise(client, SOCK_READABLE);
}

void sim_client_close(struct sim_client *client, bool reset)
{
    client->gone = true;
    sim_client_shutdown(client);
    if (reset)
        sim_client_break(client);
}

void sim_client_reset_after(struct sim_client *client, uint64_t bytes)
{
    client->break_at = client->moved + bytes;
    sim_client_moved(client, 0);
}

enum sim_client_state sim_client_state(const struct sim_client *client)
{
    if (client->broken)
        return SIM_CLIENT_RESET;
    return client->down.end ? SIM_CLIENT_ENDED : SIM_CLIENT_OPEN;
}

bool sim_client_accepted(const struct sim_client *client)
{
    return client->accepted;
}

bool sim_client_released(const struct sim_client *client)
{
    return client->released;
}
