/* What the two halves of the machine's back end share: loop_epoll waits, sock_epoll moves bytes.
 * Inside io/ only.
 */
#ifndef IO_LOOP_EPOLL_H
#define IO_LOOP_EPOLL_H

#include "io/loop_ops.h"
#include "io/pagepipe.h"

#include <sys/epoll.h>

enum { LOOP_EPOLL_BATCH = 256 };

/* What an event's pointer points at, in its lowest bits. */
enum loop_epoll_kind {
    LOOP_EPOLL_SOCK,
    LOOP_EPOLL_LISTENER,
    LOOP_EPOLL_FOREIGN,
    LOOP_EPOLL_SIGNAL
};

/* What a connected socket is watched for. */
#define SOCK_EPOLL_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* A descriptor that belongs to a library, watched level-triggered. Embedded in its owner, who sets
 * both. */
struct foreign {
    void (*ready)(struct foreign *foreign, unsigned events); /* SOCK_READABLE, SOCK_WRITABLE */
    int fd;
};

struct loop_epoll {
    struct loop loop;
    int epoll;
    int wake;   /* an eventfd */
    int signal; /* a signalfd, or -1 */
    void (*caught)(void *owner, int number);
    void *caught_owner;
    struct pagepipe pages;      /* for sock_write_steady */
    struct sock *again;         /* sockets to call in the next turn without an event */
    struct listener *accepting; /* the listener whose callback runs; NULL once it is stopped */
    int count;                  /* events of this turn */
    int at;                     /* the event being delivered */
    struct epoll_event events[LOOP_EPOLL_BATCH];
};

/* Watches a descriptor; NULL with LOOP_EPOLL_SOCK: it only ends the wait. False when the kernel
 * refuses. */
bool loop_epoll_watch(struct loop_epoll *loop, int fd, uint32_t events, void *object,
                      enum loop_epoll_kind kind);

/* The same for a descriptor that is watched already. */
bool loop_epoll_rewatch(struct loop_epoll *loop, int fd, uint32_t events, void *object,
                        enum loop_epoll_kind kind);

/* Watches a library's descriptor for `events`, SOCK_READABLE and SOCK_WRITABLE; with `change` it is
 * watched already. False when the kernel refuses. */
bool loop_epoll_foreign(struct loop_epoll *loop, struct foreign *foreign, unsigned events,
                        bool change);

/* Watches it no more; it is still open. */
void loop_epoll_foreign_stop(struct loop_epoll *loop, struct foreign *foreign);

/* Drops what is still to be delivered to `object` in this turn: it may be freed after this. */
void loop_epoll_forget(struct loop_epoll *loop, const void *object);

/* Calls the socket as readable in the next turn, whatever epoll says. */
void loop_epoll_again(struct loop_epoll *loop, struct sock *sock);

/* Takes that back. */
void loop_epoll_not_again(struct sock *sock);

/* One event of each kind. */
void sock_epoll_event(struct sock *sock, uint32_t events);
void listener_epoll_event(struct listener *listener);

/* The socket calls of the table loop_ops. */
bool sock_epoll_start(struct sock *sock);
ssize_t sock_epoll_read(struct sock *sock, void *to, size_t size);
ssize_t sock_epoll_write(struct sock *sock, const struct iovec *pieces, int count);
ssize_t sock_epoll_write_steady(struct sock *sock, const struct iovec *pieces, int count);
void sock_epoll_shutdown(struct sock *sock);
void sock_epoll_close(struct sock *sock, bool reset);
enum sock_connected sock_epoll_connect(struct sock *sock, const struct sock_address *address,
                                       const char *path);
enum sock_connected sock_epoll_connect_state(struct sock *sock);
bool sock_epoll_move(struct sock *from, struct sock *to);
void sock_epoll_again(struct sock *sock);
bool listener_epoll_start(struct listener *listener);
void listener_epoll_stop(struct listener *listener);

#endif
