/* Tunnels: one dialled socket, pulled by a body in one direction, pushed by sends in the other.
 *
 * What was read and the client did not take stays in a buffer that exists only then; what the
 * server did not take stays in `unsent`, and stops the client. A tunnel on which nothing moves for
 * limits.tunnel_idle_timeout is broken; it is looked at once in that time.
 */
#include "serve/tunnel.h"

#include "base/container.h"
#include "base/memory.h"
#include "base/octets.h"
#include "net/call.h"

#include <string.h>

#define TUNNEL_READ 16384

#define NS_PER_MS 1000000

/* What was read and is not taken yet. */
struct tunnel_rest {
    char *bytes; /* TUNNEL_READ octets; NULL while there is nothing */
    size_t from, left;
};

struct tunnel {
    struct body body; /* what the server sends */
    const struct dial_setup *setup;
    const struct tunnel_events *events;
    void *owner;
    struct call_place place;
    struct dial dial;
    struct sock sock;
    struct octets unsent;
    struct timer idle;
    struct tunnel_rest rest;
    bool moved;     /* since the timer was set */
    bool open;      /* there is a socket */
    bool readable;  /* a read may give something */
    bool waits;     /* the body said BODY_WAIT */
    bool broken;    /* no more in either direction */
    bool finishing; /* the client sends no more */
    bool lent;      /* the body is with someone */
    bool closed;    /* only the body is still there */
    char host[];
};

static struct tunnel *tunnel_of(struct body *body)
{
    return CONTAINER(body, struct tunnel, body);
}

static void tunnel_tell_more(struct tunnel *tunnel)
{
    if (!tunnel->waits)
        return;
    tunnel->waits = false;
    tunnel->events->more(tunnel->owner);
}

static void tunnel_break(struct tunnel *tunnel)
{
    tunnel->broken = true;
    octets_fini(&tunnel->unsent);
    tunnel_tell_more(tunnel);
}

static void tunnel_watch(struct tunnel *tunnel)
{
    const int64_t patience = (int64_t)tunnel->setup->limits->tunnel_idle_timeout * NS_PER_MS;
    struct loop *loop = tunnel->setup->loop;

    tunnel->moved = false;
    if (!loop_timer_set(loop, &tunnel->idle, loop_now(loop) + patience))
        tunnel_break(tunnel);
}

static void tunnel_idle(struct timer *timer)
{
    struct tunnel *tunnel = CONTAINER(timer, struct tunnel, idle);
    if (tunnel->moved)
        tunnel_watch(tunnel);
    else
        tunnel_break(tunnel);
}

/* ---- to the server ---- */

/* Sends what waits; then says, if so, that no more comes. */
static void tunnel_flush(struct tunnel *tunnel)
{
    if (octets_left(&tunnel->unsent)) {
        struct iovec piece = {octets_at(&tunnel->unsent), octets_left(&tunnel->unsent)};
        const ssize_t sent = sock_write(&tunnel->sock, &piece, 1);
        if (sent == SOCK_BROKEN) {
            tunnel_break(tunnel);
            return;
        }
        if (sent <= 0)
            return;
        tunnel->moved = true;
        octets_skip(&tunnel->unsent, (size_t)sent);
        if (octets_left(&tunnel->unsent))
            return;
        tunnel->events->room(tunnel->owner);
    }
    if (tunnel->finishing)
        sock_shutdown(&tunnel->sock);
}

bool tunnel_send(struct tunnel *tunnel, struct stet_span bytes)
{
    ssize_t sent = 0;

    if (tunnel->broken || !tunnel->open)
        return true;
    if (octets_left(&tunnel->unsent) == 0) {
        struct iovec piece = {(void *)(uintptr_t)bytes.at, bytes.len};
        sent = sock_write(&tunnel->sock, &piece, 1);
    }
    if (sent > 0) {
        tunnel->moved = true;
        bytes = stet_span_from(bytes, (size_t)sent);
    }
    if (sent == SOCK_BROKEN || (bytes.len && !octets_add(&tunnel->unsent, bytes.at, bytes.len))) {
        tunnel_break(tunnel);
        return true;
    }
    return octets_left(&tunnel->unsent) == 0;
}

void tunnel_finish(struct tunnel *tunnel)
{
    tunnel->finishing = true;
    if (tunnel->open && !tunnel->broken && octets_left(&tunnel->unsent) == 0)
        sock_shutdown(&tunnel->sock);
}

/* ---- from the server ---- */

static void tunnel_drop_rest(struct tunnel *tunnel)
{
    memory_free(tunnel->rest.bytes);
    tunnel->rest = (struct tunnel_rest){0};
}

static enum body_peek tunnel_wait(struct tunnel *tunnel)
{
    tunnel->waits = true;
    return BODY_WAIT;
}

/* Reads once into a buffer of its own: the client may not take all of it. */
static enum body_peek tunnel_read(struct tunnel *tunnel)
{
    struct tunnel_rest *rest = &tunnel->rest;

    if (!tunnel->readable)
        return tunnel_wait(tunnel);
    rest->bytes = memory_new(TUNNEL_READ);
    if (!rest->bytes)
        return BODY_BROKEN;
    const ssize_t got = sock_read(&tunnel->sock, rest->bytes, TUNNEL_READ);
    tunnel->readable = got == TUNNEL_READ;
    if (got <= 0)
        tunnel_drop_rest(tunnel);
    if (got == SOCK_AGAIN)
        return tunnel_wait(tunnel);
    if (got <= 0)
        return got == 0 ? BODY_END : BODY_BROKEN;
    rest->left = (size_t)got;
    tunnel->moved = true;
    return BODY_BYTES;
}

static enum body_peek tunnel_peek(struct body *body, char *scratch, size_t room,
                                  struct stet_span *bytes)
{
    struct tunnel *tunnel = tunnel_of(body);
    (void)scratch, (void)room;

    if (tunnel->rest.left == 0) {
        if (tunnel->broken || tunnel->closed)
            return BODY_BROKEN;
        const enum body_peek got = tunnel_read(tunnel);
        if (got != BODY_BYTES)
            return got;
    }
    *bytes = stet_span(tunnel->rest.bytes + tunnel->rest.from, tunnel->rest.left);
    return BODY_BYTES;
}

static void tunnel_skip(struct body *body, size_t count)
{
    struct tunnel *tunnel = tunnel_of(body);
    tunnel->rest.from += count;
    tunnel->rest.left -= count;
    if (tunnel->rest.left == 0)
        tunnel_drop_rest(tunnel);
}

static void tunnel_free(struct tunnel *tunnel)
{
    tunnel_drop_rest(tunnel);
    memory_free(tunnel);
}

static void tunnel_body_free(struct body *body)
{
    struct tunnel *tunnel = tunnel_of(body);
    tunnel->lent = tunnel->waits = false;
    if (tunnel->closed)
        tunnel_free(tunnel);
}

static const struct body_ops tunnel_body_ops = {
    .peek = tunnel_peek, .skip = tunnel_skip, .free = tunnel_body_free};

struct body *tunnel_body(struct tunnel *tunnel)
{
    tunnel->lent = true;
    return &tunnel->body;
}

/* ---- life ---- */

static void tunnel_ready(struct sock *sock, unsigned events)
{
    struct tunnel *tunnel = CONTAINER(sock, struct tunnel, sock);

    if (tunnel->broken)
        return;
    if (events & SOCK_WRITABLE)
        tunnel_flush(tunnel);
    if (events & SOCK_READABLE) {
        tunnel->readable = true;
        tunnel_tell_more(tunnel);
    }
}

static void tunnel_dialled(struct dial *dial)
{
    struct tunnel *tunnel = CONTAINER(dial, struct tunnel, dial);
    enum stet_proxy_error error = dial->error;

    if (error == STET_PROXY_ERROR_NONE) {
        tunnel->sock.ready = tunnel_ready;
        tunnel->open = dial_take(dial, &tunnel->sock);
        if (!tunnel->open)
            error = STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
    }
    if (tunnel->open)
        tunnel_watch(tunnel);
    tunnel->events->opened(tunnel->owner, error);
}

struct tunnel *tunnel_open(const struct dial_setup *setup, struct stet_span host, uint16_t port,
                           const struct tunnel_events *events, void *owner)
{
    struct tunnel *tunnel = memory_new_zero(sizeof *tunnel + host.len + 1);

    if (!tunnel)
        return NULL;
    memcpy(tunnel->host, host.at, host.len);
    tunnel->body.ops = &tunnel_body_ops;
    tunnel->setup = setup;
    tunnel->events = events;
    tunnel->owner = owner;
    tunnel->place = (struct call_place){.host = tunnel->host, .port = port};
    tunnel->dial.done = tunnel_dialled;
    tunnel->idle.fire = tunnel_idle;
    if (dial_start(&tunnel->dial, setup, &tunnel->place))
        return tunnel;
    memory_free(tunnel);
    return NULL;
}

void tunnel_close(struct tunnel *tunnel)
{
    dial_cancel(&tunnel->dial);
    loop_timer_cancel(tunnel->setup->loop, &tunnel->idle);
    if (tunnel->open)
        sock_close(&tunnel->sock, tunnel->broken || octets_left(&tunnel->unsent) > 0);
    octets_fini(&tunnel->unsent);
    tunnel->open = false;
    tunnel->closed = true;
    if (!tunnel->lent)
        tunnel_free(tunnel);
}
