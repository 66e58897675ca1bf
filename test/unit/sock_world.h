/* A listener on the loopback interface or a unix socket, and its connections: what the tests of
 * both share. */
#ifndef TEST_UNIT_SOCK_WORLD_H
#define TEST_UNIT_SOCK_WORLD_H

#include "base/container.h"
#include "io/sock.h"
#include "table.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MS = 1000000, CONNS = 80 };

/* The server's side of one connection: what it does when it is ready is up to the test. */
struct conn {
    struct sock sock;
    char got[65536];
    size_t len;
    size_t sent;
    int calls;
    bool end;
    bool broken;
    bool gone;
    bool open;
    struct sock_address peer;
};

static struct {
    struct loop *loop;
    struct listener listener;
    struct timer timer;
    uint16_t port;
    struct conn *conns[CONNS];
    int count;
    void (*ready)(struct sock *sock, unsigned events);
    bool timed_out;
} world;

static inline void timed_out(struct timer *timer)
{
    (void)timer;
    world.timed_out = true;
    loop_stop(world.loop);
}

static inline void accepted(struct listener *listener, struct sock *sock,
                            const struct sock_address *peer)
{
    assert_ptr_equal(listener, &world.listener);
    struct conn *conn = calloc(1, sizeof *conn);
    conn->sock = *sock;
    conn->sock.ready = world.ready;
    conn->peer = *peer;
    conn->open = sock_start(&conn->sock);
    assert_true(conn->open);
    world.conns[world.count++] = conn;
}

static inline void world_open(const char *address,
                              void (*ready)(struct sock *sock, unsigned events))
{
    const char *error = NULL;
    memset(&world, 0, sizeof world);
    world.loop = loop_new_epoll();
    world.ready = ready;
    timer_init(&world.timer, timed_out);
    world.listener = (struct listener){.loop = world.loop, .accepted = accepted};
    world.listener.fd = listener_bind(address, false, &world.port, &error);
    if (world.listener.fd < 0)
        fail_msg("%s: %s", address, error);
    assert_true(listener_start(&world.listener));
}

static inline void world_close(void)
{
    for (int i = 0; i < world.count; i++) {
        sock_close(&world.conns[i]->sock, false);
        free(world.conns[i]);
    }
    listener_stop(&world.listener);
    listener_stop(&world.listener);
    loop_timer_cancel(world.loop, &world.timer);
    loop_free(world.loop);
}

/* Runs until a callback stops the loop; with `ms` at most that long. */
static inline void world_run(int ms)
{
    assert_true(loop_timer_set(world.loop, &world.timer, loop_now(world.loop) + ms * MS));
    world.timed_out = false;
    loop_run(world.loop);
}

static inline int client_open(void)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(world.port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static inline void client_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads in the laziest way the contract allows: stops after a short read. */
static inline void ready_reads(struct sock *sock, unsigned events)
{
    struct conn *conn = CONTAINER(sock, struct conn, sock);
    conn->calls++;
    if (!(events & SOCK_READABLE))
        return;
    ssize_t got;
    do {
        got = sock_read(sock, conn->got + conn->len, 1024);
        if (got > 0)
            conn->len += (size_t)got;
    } while (got == 1024);
    conn->end |= got == 0;
    conn->broken |= got == SOCK_BROKEN;
    if (conn->end || conn->broken || conn->got[conn->len - (conn->len > 0)] == '.')
        loop_stop(world.loop);
}

#endif
