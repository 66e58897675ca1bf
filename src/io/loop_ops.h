/* What a back end gives to the loop. Inside io/ only.
 *
 * A back end embeds `struct loop` as the first member of its own struct and hands out a pointer to
 * it. Everything that the machine and the simulated world do alike is in loop.c.
 */
#ifndef IO_LOOP_OPS_H
#define IO_LOOP_OPS_H

#include "io/loop.h"
#include "io/sock.h"
#include "io/timers.h"

#include <stdatomic.h>

struct loop_ops {
    /* Waits for events, but not past `until` (loop_now; INT64_MAX: for ever), then reads the
     * clocks into loop->now and loop->wall. */
    void (*wait)(struct loop *loop, int64_t until);
    /* Calls what the wait has found ready. */
    void (*dispatch)(struct loop *loop);
    /* Ends the wait, now or the next one. From any thread. */
    void (*wake)(struct loop *loop);
    bool (*signals)(struct loop *loop, const int *numbers, void (*caught)(void *owner, int number),
                    void *owner);
    void (*random)(struct loop *loop, void *to, uint32_t size);
    void (*free)(struct loop *loop);

    bool (*sock_start)(struct sock *sock);
    ssize_t (*sock_read)(struct sock *sock, void *to, size_t size);
    ssize_t (*sock_write)(struct sock *sock, const struct iovec *pieces, int count);
    ssize_t (*sock_write_steady)(struct sock *sock, const struct iovec *pieces, int count);
    void (*sock_shutdown)(struct sock *sock);
    void (*sock_close)(struct sock *sock, bool reset);
    enum sock_connected (*sock_connect)(struct sock *sock, const struct sock_address *address,
                                        const char *path);
    enum sock_connected (*sock_connect_state)(struct sock *sock);
    bool (*sock_move)(struct sock *from, struct sock *to);
    /* Calls `ready` with SOCK_READABLE in a later turn, though nothing may come. */
    void (*sock_again)(struct sock *sock);
    const struct resolve_ops *resolve;
    bool (*listener_start)(struct listener *listener);
    void (*listener_stop)(struct listener *listener);
};

struct loop {
    const struct loop_ops *ops;
    int64_t now;
    int64_t wall;
    uint64_t turn;
    bool stopping;
    struct timers timers;
    struct task *deferred; /* in the order they came */
    struct task **deferred_end;
    _Atomic(struct task *) mail; /* from other threads, last first */
    struct tls_desk *tls;        /* buffers for sockets that speak TLS; NULL: there was none yet */
};

/* Fills in what the back ends share. */
void loop_init(struct loop *loop, const struct loop_ops *ops);

/* Gives back what loop_init and the shared calls have taken. */
void loop_fini(struct loop *loop);

/* One turn. */
void loop_once(struct loop *loop);

/* Is there anything to do without waiting: deferred tasks or mail? */
bool loop_has_tasks(struct loop *loop);

#endif
