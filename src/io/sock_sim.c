/* The server's end of the memory network.
 *
 *     client.up   -> bytes sent | arrived (visible) -> sock_read
 *     client.down <- sock_write, as far as the client's window and the faults allow
 *
 * Events are edges, as strict as the machine's: an event comes when bytes or an end arrive, and
 * when room comes back after a short write, and not again. A bound on reads is played as bytes
 * arriving in small segments: what has arrived can be read, then SOCK_AGAIN, and the next segment
 * is a new edge. A bound on writes is played as a small socket buffer: a short write, then
 * SOCK_AGAIN until the next edge. An end that follows bytes is told once more after a short read,
 * as on the machine.
 *
 * Given up: a socket buffer behind the window. What a write has taken, the client has.
 */
#include "base/check.h"
#include "base/container.h"
#include "io/sim_ops.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SIM_ACCEPT_BATCH = 64 };
static const int64_t sim_accept_pause = 100000000; /* ns */

/* The bound of one read or write under the faults. */
static size_t sim_bound(struct sim_client *client, size_t most)
{
    if (most == 0)
        return SIZE_MAX;
    return client->faults.draw_sizes ? 1 + sim_world_draw(client->world, most) : most;
}

static void sim_client_arrive(struct sim_client *client)
{
    size_t bound = sim_bound(client, client->faults.read_most);
    client->up.visible = client->up.sent.len < bound ? client->up.sent.len : bound;
}

bool sock_sim_start(struct sock *sock)
{
    struct sim_client *client = sock->end;
    CHECK(sock->fd >= 0 && sock->ready && !client->sock);
    client->sock = sock;
    unsigned readable = client->up.sent.len > 0 || client->up.end || client->broken;
    sim_client_raise(client, SOCK_WRITABLE | (readable ? SOCK_READABLE : 0));
    return true;
}

ssize_t sock_sim_read(struct sock *sock, void *to, size_t size)
{
    struct sim_client *client = sock->end;
    CHECK(sock->fd >= 0 && !client->far.target);
    if (client->broken)
        return SOCK_BROKEN;
    if (client->up.visible == 0)
        return client->up.sent.len == 0 && client->up.end ? 0 : SOCK_AGAIN;
    size_t len = size < client->up.visible ? size : client->up.visible;
    memcpy(to, client->up.sent.bytes + client->up.sent.start, len);
    sim_buffer_take(&client->up.sent, len);
    client->up.visible -= len;
    bool end_only = client->up.sent.len == 0 && client->up.end;
    if (client->up.visible == 0 && (client->up.sent.len > 0 || (end_only && len < size)))
        sim_client_raise(client, SOCK_READABLE);
    if (client->far.other && client->far.other->down.blocked)
        sim_client_raise(client->far.other, SOCK_WRITABLE);
    return (ssize_t)len;
}

/* Gives up to `room` bytes of the pieces to the client; returns what was offered in all. */
static size_t sim_client_receive(struct sim_client *client, const struct iovec *pieces, int count,
                                 size_t room)
{
    size_t offered = 0;
    for (int i = 0; i < count; i++) {
        size_t len = pieces[i].iov_len < room ? pieces[i].iov_len : room;
        if (client->far.other && !client->gone)
            sim_client_send(client->far.other, pieces[i].iov_base, len);
        else if (!client->gone)
            sim_buffer_append(&client->down.received, pieces[i].iov_base, len);
        room -= len;
        offered += pieces[i].iov_len;
    }
    return offered;
}

ssize_t sock_sim_write(struct sock *sock, const struct iovec *pieces, int count)
{
    struct sim_client *client = sock->end;
    CHECK(sock->fd >= 0 && !client->far.target);
    if (client->broken || client->down.end)
        return SOCK_BROKEN;
    if (client->down.blocked)
        return SOCK_AGAIN;
    size_t bound = sim_bound(client, client->faults.write_most);
    size_t room = sim_far_room(client);
    if (client->down.window < room)
        room = (size_t)client->down.window;
    const bool stalls = room <= bound;
    if (bound < room)
        room = bound;
    size_t offered = sim_client_receive(client, pieces, count, room);
    size_t len = offered < room ? offered : room;
    if (client->down.window != SIM_UNLIMITED)
        client->down.window -= len;
    client->down.total += client->gone ? 0 : len;
    if (len < offered) {
        client->down.blocked = true;
        if (!stalls)
            sim_client_raise(client, SOCK_WRITABLE);
    }
    sim_far_note(client);
    sim_client_moved(client, len);
    if (client->gone && len > 0)
        sim_client_break(client);
    return len > 0 || offered == 0 ? (ssize_t)len : SOCK_AGAIN;
}

void sock_sim_again(struct sock *sock)
{
    sim_client_raise(sock->end, SOCK_READABLE);
}

void sock_sim_shutdown(struct sock *sock)
{
    struct sim_client *client = sock->end;
    CHECK(sock->fd >= 0);
    client->down.end = true;
    if (client->far.other)
        sim_client_shutdown(client->far.other);
    sim_far_note(client);
}

void sock_sim_close(struct sock *sock, bool reset)
{
    struct sim_client *client = sock->end;
    if (sock->fd < 0)
        return;
    sock->fd = -1;
    client->sock = NULL;
    client->released = true;
    client->loop->open--;
    client->down.end = true;
    const bool cut = reset || client->up.sent.len > 0;
    if (client->far.target)
        sim_far_drop(client);
    if (client->far.other)
        sim_client_close(client->far.other, cut);
    if (cut)
        sim_client_break(client);
    sim_far_note(client);
}

void sock_sim_deliver(struct sim_client *client)
{
    unsigned events = client->pending;
    client->queued = false;
    client->pending = 0;
    if (!client->sock)
        return;
    if (events & SOCK_READABLE)
        sim_client_arrive(client);
    if (events & SOCK_WRITABLE)
        client->down.blocked = false;
    if (client->world->faults.spurious && sim_world_draw(client->world, 4) == 0)
        events = SOCK_READABLE | SOCK_WRITABLE;
    if (client->broken)
        events |= SOCK_GONE;
    client->sock->ready(client->sock, events);
}

static struct sim_port *listener_port(const struct listener *listener)
{
    struct sim_port *port = sim_loop_world(listener->loop)->ports;
    while (port && port->fd != listener->fd)
        port = port->next;
    return port;
}

static void listener_sim_retry(struct timer *timer)
{
    const struct listener *listener = CONTAINER(timer, struct listener, retry);
    ((struct sim_port *)listener->end)->resting = false;
}

bool listener_sim_start(struct listener *listener)
{
    struct sim_port *port = listener_port(listener);
    if (!port || port->listener)
        return false;
    timer_init(&listener->retry, listener_sim_retry);
    port->listener = listener;
    listener->end = port;
    return true;
}

void listener_sim_stop(struct listener *listener)
{
    struct sim_port *port = listener_port(listener);
    if (!port)
        return;
    loop_timer_cancel(listener->loop, &listener->retry);
    listener->fd = -1;
    port->stopped = true;
    for (; port->first; port->first = port->first->next_in) {
        port->first->port = NULL;
        port->first->released = true;
        sim_client_break(port->first);
    }
    port->end = &port->first;
}

bool listener_sim_ready(const struct sim_port *port, const struct sim_loop *loop)
{
    return !port->stopped && port->listener && port->listener->loop == &loop->loop &&
           !port->resting && port->first;
}

static void listener_sim_accept_one(struct sim_port *port)
{
    struct sim_client *client = port->first;
    struct listener *listener = port->listener;
    port->first = client->next_in;
    if (!port->first)
        port->end = &port->first;
    client->port = NULL;
    client->accepted = true;
    client->loop = (struct sim_loop *)listener->loop;
    client->loop->open++;
    sim_client_arrive(client);
    struct sock sock = {.loop = listener->loop, .end = client, .fd = port->world->next_fd++};
    listener->accepted(listener, &sock, &client->peer);
}

/* The callback may stop the listener, and free it; the port stays. */
void listener_sim_accept(struct sim_port *port)
{
    struct sim_world *world = port->world;
    for (int left = SIM_ACCEPT_BATCH; left > 0 && !port->stopped && port->first; left--) {
        if (world->now < world->accept_fails_until &&
            loop_timer_set(port->listener->loop, &port->listener->retry,
                           world->now + sim_accept_pause)) {
            port->resting = true;
            return;
        }
        listener_sim_accept_one(port);
    }
}
