/* Stream sockets, of the machine or of the simulated world.
 *
 * Readiness is edge-triggered and kept for the caller: `ready` is called when a socket may have
 * become readable or writable; after that the caller reads until sock_read gives SOCK_AGAIN or
 * fewer bytes than asked for, and writes until sock_write gives fewer than offered. No call into
 * the kernel is made to ask for events: both directions are watched from the start.
 */
#ifndef IO_SOCK_H
#define IO_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct loop;

enum { SOCK_AGAIN = -1, SOCK_BROKEN = -2 };

/* Events for `ready`. */
enum { SOCK_READABLE = 1, SOCK_WRITABLE = 2 };

/* The other end. For logs and limits. */
struct sock_address {
    uint8_t family; /* AF_INET, AF_INET6, AF_UNIX; 0 unknown */
    uint16_t port;
    uint8_t bytes[16]; /* network order; IPv4 in the first 4 */
};

/* Room that any address fits into as text, with its final NUL. */
#define SOCK_ADDRESS_TEXT 56

/* Writes "127.0.0.1", "::1" or "unix" and a NUL; returns the length. */
size_t sock_address_text(const struct sock_address *address, char to[SOCK_ADDRESS_TEXT]);

/* A connected socket. Embedded in its owner. `ready` is the owner's to set before sock_start. */
struct sock {
    struct loop *loop;
    void (*ready)(struct sock *sock, unsigned events);
    void *end; /* simulated world: the memory pipe */
    int fd;    /* machine: the descriptor; -1 when closed */
};

/* Begins to watch a socket that `accepted` (below) has handed out. False when the kernel refuses;
 * the socket is then closed. */
bool sock_start(struct sock *sock);

/* Reads at most `size` bytes: how many came (> 0), 0 at the end of the stream, SOCK_AGAIN,
 * SOCK_BROKEN. */
ssize_t sock_read(struct sock *sock, void *to, size_t size);

/* Writes what the pieces hold, in one call: how many bytes went (>= 0, fewer than offered means
 * the socket is full), SOCK_AGAIN, SOCK_BROKEN. Never raises SIGPIPE. */
ssize_t sock_write(struct sock *sock, const struct iovec *pieces, int count);

/* Says "no more from us" and goes on reading (half-close) [RFC 9112 §9.6]. */
void sock_shutdown(struct sock *sock);

/* Closes at once; with `reset` unsent bytes are dropped and the peer learns of it (RST). No `ready`
 * after this. */
void sock_close(struct sock *sock, bool reset);

/* Where to listen: "HOST:PORT", "[V6]:PORT", ":PORT", "unix:PATH". */
struct listener {
    struct loop *loop;
    /* A connection came. The owner copies `*sock` into its own struct, sets `ready` and calls
     * sock_start, or sock_close. */
    void (*accepted)(struct listener *listener, struct sock *sock,
                     const struct sock_address *peer);
    void *owner;
    int fd;
    void *end;
};

/* A bound, listening descriptor for `address`, to be shared or handed to listener_start; with
 * `reuse_port` several workers may each have one. -1 on failure, `*error` (static text or
 * strerror) says why in words. The port it really has (0 asked for "any") goes to `*port`. A stale
 * unix socket file that nobody listens on is replaced. */
int listener_bind(const char *address, bool reuse_port, uint16_t *port, const char **error);

/* Begins to accept on `listener->fd`; on EMFILE and the like it backs off by itself and goes on.
 * False when the kernel refuses. */
bool listener_start(struct listener *listener);

/* Stops accepting; connections that wait in the backlog are accepted no more. */
void listener_stop(struct listener *listener);

#endif
