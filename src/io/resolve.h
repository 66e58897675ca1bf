/* Names to addresses, without blocking, with a small cache that obeys the records' lifetimes:
 * answers are kept as long as they say, 1 s at least and 5 minutes at most, "no such name" for 5 s.
 *
 * On the machine by c-ares (hosts file and DNS); in the simulated world from a table that a test
 * fills. One resolver belongs to one loop.
 */
#ifndef IO_RESOLVE_H
#define IO_RESOLVE_H

#include "io/loop.h"
#include "io/sock.h"

/* The most addresses a name is given. */
#define RESOLVE_ADDRESSES 8

struct resolver;

enum resolve_result {
    RESOLVE_FOUND,
    RESOLVE_NO_SUCH_NAME, /* the name does not exist, or has no addresses */
    RESOLVE_TIMEOUT,      /* no server answered in time */
    RESOLVE_FAILED        /* anything else: refused, malformed, out of memory */
};

/* One question. Embedded in its owner. */
struct resolve_query {
    void (*done)(struct resolve_query *query);
    enum resolve_result result;
    size_t count;
    struct sock_address addresses[RESOLVE_ADDRESSES]; /* ports set; IPv6 and IPv4 in turns, the
                                                         family of the first answer first
                                                         [RFC 8305 §4] */

    struct resolve_query *next; /* the resolver's: others who wait for the same */
    struct resolve_query **from;
};

/* `servers` is NULL for the system's, else "127.0.0.1:5353,...", which outlives the resolver. NULL
 * when memory is out. */
struct resolver *resolver_new(struct loop *loop, const char *servers);

/* Ends it; NULL does nothing. No query waits any more, and no `done` is running. */
void resolver_free(struct resolver *resolver);

/* Asks for the addresses of `host` (a name, an IPv4 or IPv6 literal without brackets) at `port`.
 * Borrows `host` for the call. `done` is called once, perhaps before this returns (literals,
 * cached names). */
void resolve_start(struct resolver *resolver, struct resolve_query *query, const char *host,
                   uint16_t port);

/* Takes a question back: `done` will not be called. No-op when it was called already. */
void resolve_cancel(struct resolver *resolver, struct resolve_query *query);

#endif
