/* Dials: from the place of an origin server to a connected socket, which speaks TLS if the place
 * does.
 *
 *     name -> addresses -> attempts raced against each other [RFC 8305 §5] -> the first that
 * connects -> handshake
 *
 * All of it together takes at most limits.connect_timeout.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "base/limits.h"
#include "io/resolve.h"
#include "io/sock.h"
#include "stet/proxystatus.h"

struct call_place;

/* What all dials of a worker have in common; outlives them. */
struct dial_setup {
    struct loop *loop;
    const struct limits *limits;
    struct resolver *resolver;
};

struct dial;

/* One address tried. */
struct dial_attempt {
    struct sock sock;
    struct dial *dial;
    bool open;
};

/* One dial. Embedded in its owner or from a pool; set `done`, the rest needs no preparation. Not to
 * be moved while under way. */
struct dial {
    /* Called once, never from within dial_start. The dial is over: it may be freed from here, once
     * the socket, if there is one, was taken. */
    void (*done)(struct dial *dial);
    enum stet_proxy_error error; /* in `done`: STET_PROXY_ERROR_NONE, connected; or why not:
                                    dns_error, dns_timeout, connection_refused, connection_timeout,
                                    destination_ip_unroutable, connection_limit_reached (ours:
                                    descriptors, or the queue of a unix socket),
                                    connection_terminated (in the handshake), tls_protocol_error,
                                    tls_certificate_error, tls_alert_received,
                                    proxy_internal_error [RFC 9209 §2.3] */
    int alert;                   /* of tls_alert_received: its number [RFC 8446 §6] */
    struct sock_address address; /* connected to, or the last one tried; family 0: none was */

    const struct dial_setup *setup; /* private from here */
    const struct call_place *place;
    struct resolve_query query;
    struct timer timer; /* the next attempt, or the end of patience */
    int64_t deadline;
    size_t next; /* of query.addresses, to be tried */
    size_t open; /* attempts under way */
    struct dial_attempt *winner;
    struct dial_attempt attempts[RESOLVE_ADDRESSES];
    bool starting; /* dial_start has not returned */
    bool resolving;
    bool over;
};

/* Starts. `place` and `setup` outlive the dial. False when memory is out; `done` is not called
 * then. */
bool dial_start(struct dial *dial, const struct dial_setup *setup, const struct call_place *place);

/* In `done`, with no error: hands the connected socket over into `*to`, whose `ready` is set by the
 * caller before and is called in a later turn with what is ready. False when the kernel refuses;
 * the connection is then closed. What is not taken in `done` is closed by dial_cancel. */
bool dial_take(struct dial *dial, struct sock *to);

/* Not wanted any more: `done` is not called; whatever is open is closed. Of a dial that was
 * started; also in and after `done`, and twice: no-op when nothing is left. */
void dial_cancel(struct dial *dial);

#endif
