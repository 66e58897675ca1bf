/* Handshakes: connections that are to speak TLS, until they do.
 *
 * They cost a client little and us much, so they have a limit of their own, in time and in number:
 * of too many at once the oldest is closed, which is the one least likely to come to an end. Those
 * that have failed count until they are closed, linger_timeout later at most.
 */
#ifndef NET_HANDSHAKE_H
#define NET_HANDSHAKE_H

#include "io/tls_context.h"
#include "net/conn.h"

struct handshake;

/* How one has ended. */
enum handshake_end {
    HANDSHAKE_WHOLE,
    HANDSHAKE_RESUMED,
    HANDSHAKE_EARLY, /* resumed, and the connection begins before it is over: early data has come */
    HANDSHAKE_FAILED,
    HANDSHAKE_ENDS
};

/* The handshakes of one worker. All zero but the first is an empty set. */
struct handshake_set {
    struct conn_set *conns;         /* who gets the connections that have come through */
    struct handshake *first, *last; /* the oldest first */
    uint64_t count;                 /* under way */
    /* One has ended; or NULL. */
    void (*ended)(struct handshake_set *set, enum handshake_end end);
};

/* Begins a handshake as server on a socket that a listener accepted (or closes it, when a limit
 * says so); then it becomes a connection of the set. `context` is referenced. */
void handshake_open(struct handshake_set *set, struct sock *sock, const struct sock_address *peer,
                    struct tls_context *context);

/* Closes all of them: nothing was asked for on any yet. */
void handshake_set_close(struct handshake_set *set);

#endif
