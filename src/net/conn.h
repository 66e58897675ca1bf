/* Connections: a socket, a codec, and the back-pressure between them.
 *
 *     sock --read--> worker's input buffer --feed--> codec --> service
 *     sock <--write-- worker's outbox <--take-- codec <-- service
 *
 * A connection that waits holds no buffer: input is read into a buffer of the worker, output is
 * put together in an outbox of the worker; only what a read left over (a piece of a head) or what
 * the socket did not take is kept in memory of the connection. While output waits nothing is read.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include "base/limits.h"
#include "io/loop.h"
#include "io/sock.h"
#include "net/desk.h"
#include "wire/codec.h"
#include "wire/h1.h"

struct conn;

/* All workers' connections are counted in one place, for limits and metrics. */
struct conn_census;

/* NULL when memory is out. `seed` keys the map of addresses. */
struct conn_census *conn_census_new(const struct limits *limits, const uint64_t seed[2]);
void conn_census_free(struct conn_census *census);

/* Open connections of all workers together. */
uint64_t conn_census_open(const struct conn_census *census);

/* The connections of one worker, with the buffers they share. */
struct conn_set {
    struct loop *loop;
    const struct limits *limits;
    struct conn_census *census;
    const struct service *service;
    void *service_owner;

    struct conn *first;  /* all connections, linked */
    struct conn *closed; /* ended ones whose task is still in the loop's queue */
    uint64_t count;
    bool no_h2c; /* without TLS clients may not begin with HTTP/2 */
    bool draining;
    void (*drained)(struct conn_set *set); /* the last connection ended while draining; or NULL */
    void *owner;                           /* for `drained` */

    struct desk desk;
    uint64_t moment; /* see conn_moment */
    uint64_t turn;   /* of the loop, when `moment` was last begun for it */
};

/* Makes an empty set: loop, limits, census, service and service_owner are to be set by the caller.
 * False when memory is out. */
bool conn_set_init(struct conn_set *set);

/* Ends all connections at once and frees the buffers. The loop may not run any more. */
void conn_set_fini(struct conn_set *set);

/* Takes over a socket that a listener accepted (or closes it, when a limit says so). */
void conn_open(struct conn_set *set, struct sock *sock, const struct sock_address *peer);

/* Takes over a socket whose handshake is over and which the census has counted; `*sock` is closed
 * then (see sock_move). */
void conn_adopt(struct conn_set *set, struct sock *sock, const struct sock_address *peer);

/* Graceful stop: idle connections end now, others after their present request; `drained` is called
 * when none is left, perhaps at once. */
void conn_set_drain(struct conn_set *set);

/* The client's address of the connection a stream runs on. */
const struct sock_address *conn_peer(const struct stream *stream);

/* The socket of the connection a stream runs on: for what the handshake has found out. */
const struct sock *conn_sock(const struct stream *stream);

/* The handshake of TLS is not over: what the client says may be what someone has recorded, who
 * sends it again. May become false, never true. */
bool conn_is_early(const struct stream *stream);

/* Waits for that. All zero at first but `opened`, which is called once, when it is over, on the
 * connection's loop: the stream may be answered from within. */
struct conn_awaiting {
    void (*opened)(struct conn_awaiting *awaiting);
    struct conn_awaiting *next, **link;
};

/* Of a stream that is early, until it is over or conn_forget. */
void conn_await(const struct stream *stream, struct conn_awaiting *awaiting);

/* Waits no more; no-op if it does not. Due before the stream is done. */
void conn_forget(struct conn_awaiting *awaiting);

/* The moment of the request now being handed to the service: what was learnt of the world at an
 * equal moment was learnt after the request had arrived, and need not be asked anew. All requests
 * that were there when the loop's turn began share one moment; one that was pipelined behind
 * another, or came in pieces, may have arrived during the turn and begins a new moment. */
uint64_t conn_moment(const struct stream *stream);

#endif
