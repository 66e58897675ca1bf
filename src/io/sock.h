/* Stream sockets, of the machine or of the simulated world.
 *
 * Readiness is edge-triggered and kept for the caller: `ready` is called when a socket may have
 * become readable or writable; after that the caller reads until sock_read gives SOCK_AGAIN or
 * fewer bytes than asked for, and writes until sock_write gives fewer than offered. No call into
 * the kernel is made to ask for events: both directions are watched from the start.
 */
#ifndef IO_SOCK_H
#define IO_SOCK_H

#include "io/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { SOCK_AGAIN = -1, SOCK_BROKEN = -2 };

/* Events for `ready`. SOCK_GONE comes beside the others when neither side will take anything any
 * more: the peer has reset the connection, or both ends have said that they send no more. It is
 * also learnt without reading. What came before a clean end can still be read. */
enum { SOCK_READABLE = 1, SOCK_WRITABLE = 2, SOCK_GONE = 4 };

/* The other end. For logs and limits. */
struct sock_address {
    uint8_t family; /* AF_INET, AF_INET6, AF_UNIX; 0 unknown */
    uint16_t port;
    uint8_t bytes[16]; /* network order; IPv4 in the first 4 */
};

/* Room that any address fits into as text, with its final NUL. */
#define SOCK_ADDRESS_TEXT 56

/* Writes "127.0.0.1", "::1", "unix", or "-" when unknown, and a NUL; returns the length. */
size_t sock_address_text(const struct sock_address *address, char to[SOCK_ADDRESS_TEXT]);

/* The most pieces that one sock_write takes. */
#define SOCK_PIECES 1024

struct tls;

/* A connected socket. Embedded in its owner. `ready` is the owner's to set before sock_start; after
 * that the struct may not be moved. */
struct sock {
    struct loop *loop;
    void (*ready)(struct sock *sock, unsigned events);
    void *end;          /* simulated world: the memory pipe */
    struct tls *tls;    /* NULL: plain; see io/tls.h */
    int fd;             /* machine: the descriptor; -1 when closed */
    bool ended;         /* machine: the peer's end was seen, perhaps behind unread bytes */
    uint8_t connected;  /* enum sock_connected, of a socket made by sock_connect */
    struct sock *again; /* machine: list of those to be called without an event */
    struct sock **again_from;
};

/* Begins to watch a socket that `accepted` (below) has handed out. False when the kernel refuses;
 * the socket is then closed. */
bool sock_start(struct sock *sock);

/* How far sock_connect got. */
enum sock_connected {
    SOCK_CONNECTING,
    SOCK_CONNECTED,
    SOCK_REFUSED,     /* nobody listens there, or we may not go there */
    SOCK_UNREACHABLE, /* no way to that address, or the machine lacks its family */
    SOCK_TIMED_OUT,   /* the kernel gave up */
    SOCK_EXHAUSTED,   /* no descriptor or memory left, or the queue of a unix socket is full: may
                         pass */
    SOCK_FAILED       /* anything else */
};

/* Begins to connect to an address, or to the unix socket at `path` when the family is AF_UNIX (else
 * NULL). The owner has set `ready` before; the rest of `*sock` is filled in, and after this the
 * struct may not be moved. SOCK_CONNECTING: `ready` is called with SOCK_WRITABLE when it is known
 * how it went, perhaps also before; read and write only when sock_connect_state says
 * SOCK_CONNECTED; sock_close is due in any case. Else it failed at once and nothing is open. */
enum sock_connected sock_connect(struct sock *sock, struct loop *loop,
                                 const struct sock_address *address, const char *path);

/* How it went so far. */
enum sock_connected sock_connect_state(struct sock *sock);

/* The same socket in another struct, whose `ready` is set by its owner before and is called in a
 * later turn with what is ready; `*from` is closed. False when the kernel refuses; both are then
 * closed. */
bool sock_move(struct sock *from, struct sock *to);

/* Reads at most `size` (not 0) bytes: how many came (> 0), 0 at the end of the stream, SOCK_AGAIN,
 * SOCK_BROKEN. */
ssize_t sock_read(struct sock *sock, void *to, size_t size);

/* Writes what the pieces (1 to SOCK_PIECES) hold, in one call: how many bytes went (>= 0, fewer
 * than offered means the socket is full), SOCK_AGAIN, SOCK_BROKEN. Never raises SIGPIPE. */
ssize_t sock_write(struct sock *sock, const struct iovec *pieces, int count);

/* The same; but the last piece is in memory that never changes, not even after it was given up (see
 * chunk.h), and if it is large it goes without a copy. The process ignores SIGPIPE. */
ssize_t sock_write_steady(struct sock *sock, const struct iovec *pieces, int count);

/* Says "no more from us" and goes on reading (half-close) [RFC 9112 §9.6]. */
void sock_shutdown(struct sock *sock);

/* Closes at once; with `reset` unsent bytes are dropped and the peer learns of it (RST). No `ready`
 * after this. With TLS a closure alert goes before, unless reset. */
void sock_close(struct sock *sock, bool reset);

/* With TLS what sock_write has taken may have been encrypted, but not have gone: the socket is full
 * then, and must be told sock_flush when it is writable. While this is true a write takes nothing,
 * and closing would lose what waits. Never true of a plain socket. */
static inline bool sock_holds(const struct sock *sock);

/* Sends what the socket holds: how many octets went (>= 0), SOCK_BROKEN. Full if it holds more
 * after this. */
ssize_t sock_flush(struct sock *sock);

/* After sock_read has given 0: the stream was cut off, for TLS has not said that it ended. What
 * ends with the connection is then incomplete [RFC 9112 §9.8]. */
bool sock_cut(const struct sock *sock);

/* Which application protocol the handshake has agreed on: "h2", "http/1.1", or NULL: on none, or
 * there was no TLS [RFC 7301]. Static text. */
const char *sock_protocol(const struct sock *sock);

/* One descriptor that accepts, on one loop. */
struct listener {
    struct loop *loop;
    /* A connection came. The owner copies `*sock` into its own struct, sets `ready` and calls
     * sock_start, or sock_close. */
    void (*accepted)(struct listener *listener, struct sock *sock, const struct sock_address *peer);
    void *owner;
    int fd;
    void *end;          /* simulated world: the place in the memory network */
    struct timer retry; /* machine: when to accept again after descriptors ran out */
};

/* A bound, listening descriptor for listener_start. `address` is "HOST:PORT", "[V6]:PORT", ":PORT"
 * (all addresses, IPv6 and IPv4) or "unix:PATH"; a host name means its first IPv4 address, or else
 * its first IPv6 one. -1 on failure, `*error` (static text) says why in words. The port it really
 * has (0 asked for "any") goes to `*port`, which may be NULL. A stale unix socket file that nobody
 * listens on is replaced.
 *
 * With `reuse_port`, listener_bind_more may follow. A port that someone else has is refused even if
 * they share theirs with SO_REUSEPORT. */
int listener_bind(const char *address, bool reuse_port, uint16_t *port, const char **error);

/* Whether an address is written as one; NULL, or static text that says what is wrong. Looks at
 * nothing but the text. */
const char *listener_complaint(const char *address);

/* One more descriptor for the address that `fd` listens on, for the next worker: with a queue of
 * its own when `fd` was bound with `reuse_port`, else sharing the queue of `fd` (unix sockets,
 * inherited descriptors). -1 on failure. */
int listener_bind_more(int fd, const char **error);

/* Begins to accept on `listener->fd`, which may also be inherited; on EMFILE and the like it backs
 * off by itself and goes on. The descriptor is the listener's from now on. False when the kernel
 * refuses; the descriptor is then still the caller's. */
bool listener_start(struct listener *listener);

/* Stops accepting and closes the descriptor; connections that wait in the backlog are accepted no
 * more. A unix socket's file stays for whoever made it to remove. */
void listener_stop(struct listener *listener);

/* Of a socket with TLS; for sock_holds. */
bool tls_holds(const struct tls *tls);

static inline bool sock_holds(const struct sock *sock)
{
    return sock->tls && tls_holds(sock->tls);
}

#endif
