/* Tunnels: octets between a client and the server it asked for by CONNECT, unseen [RFC 9110
 * §9.3.6].
 *
 *     client --tunnel_send, tunnel_finish--> server
 *     client <-------- tunnel_body --------- server
 *
 * Both directions end by themselves; neither holds more than a read or a write left over.
 */
#ifndef SERVE_TUNNEL_H
#define SERVE_TUNNEL_H

#include "net/dial.h"
#include "wire/body.h"

struct tunnel;

/* Who is told; never from within a call to the tunnel. */
struct tunnel_events {
    /* It is connected, or (`error`) cannot be. Called once. */
    void (*opened)(void *owner, enum stet_proxy_error error);
    /* The body, which had said BODY_WAIT, has more, or has ended. */
    void (*more)(void *owner);
    /* After tunnel_send has said "no more": there is room again. */
    void (*room)(void *owner);
};

/* Dials. `host` (a name, or an address without brackets) is copied; `setup` and `events` outlive
 * the tunnel. NULL when memory is out. */
struct tunnel *tunnel_open(const struct dial_setup *setup, struct stet_span host, uint16_t port,
                           const struct tunnel_events *events, void *owner);

/* What the server sends. To be taken once, after `opened`; it may live longer than the tunnel, and
 * is then broken. */
struct body *tunnel_body(struct tunnel *tunnel);

/* What the client sends: copied or sent at once. False: no more until `room`; these octets were
 * taken all the same. */
bool tunnel_send(struct tunnel *tunnel, struct stet_span bytes);

/* The client sends no more. */
void tunnel_finish(struct tunnel *tunnel);

/* Ends it at any point; no event follows. */
void tunnel_close(struct tunnel *tunnel);

#endif
