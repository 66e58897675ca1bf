/* Upstreams: the origin servers behind a proxy route, and one request to whichever of them is best.
 *
 * Several servers of one upstream hold the same resources. The one with the fewest requests under
 * way is asked; one that has failed lately is left alone for a while (passive health). A request
 * that died with an idle connection is sent once more if that is lawful.
 *
 * One per worker and route. Fetches are told in the order of net/call.h.
 */
#ifndef ORIGIN_UPSTREAM_H
#define ORIGIN_UPSTREAM_H

#include "base/octets.h"
#include "net/call.h"

/* The most servers of one upstream. */
#define UPSTREAM_SERVERS 16

/* Where an upstream is, as the operator wrote it: "http://HOST[:PORT]",
 * "https://HOST[:PORT]", "http+unix:PATH", "h2c://HOST[:PORT]", "h2c+unix:PATH". */
struct upstream_url {
    char *text;      /* as written; owns */
    char *host;      /* owns; the socket's path for http+unix; without brackets */
    char *authority; /* owns; for Host: "example.org:8080", "localhost" for http+unix */
    uint16_t port;
    bool unix_socket;
    bool secure;                     /* https */
    struct tls_context *tls;         /* to be set by who has read it, if it is secure; borrowed */
    struct tls_context *tls_upgrade; /* the same for what asks for an upgrade, or NULL */
    bool h2c; /* HTTP/2 without TLS is spoken to it from the start [RFC 9113 §3.3] */
};

/* Reads one. NULL, or static text that says what is wrong with it (a path, a query, userinfo, an
 * unknown scheme, no host). On success the caller owns what `url` holds: upstream_url_fini. */
const char *upstream_url_read(const char *text, struct upstream_url *url);
void upstream_url_fini(struct upstream_url *url);

struct upstream;

/* `urls`, 1 to UPSTREAM_SERVERS, outlive it. NULL when memory is out. */
struct upstream *upstream_new(struct caller *caller, struct loop *loop,
                              const struct upstream_url *urls, size_t count);

/* No fetch is under way any more. */
void upstream_free(struct upstream *upstream);

/* One request and the response to it. Embedded in its owner; set events, owner and request; the
 * rest is private. `request->host` is STET_SPAN_NONE for the authority of the server that is
 * chosen. */
struct fetch {
    const struct call_events *events;
    void *owner;
    const struct client_request *request; /* its spans live until `end` or fetch_cancel */

    struct upstream *upstream;
    struct call call;
    struct client_request sent; /* with the Host of the server */
    struct octets held;         /* content that has not left, while another server may get it */
    size_t server;
    uint32_t tried; /* servers: bit 1 << index */
    bool open;
    bool repeated; /* it has been sent once more */
    bool fed;      /* content was given */
    bool gone;     /* some of it is not held any more */
    bool finished;
    bool waits; /* its owner, for room */
};

/* Starts it. What goes wrong is told by `end`, never from within this call. If it went wrong before
 * anything of a response came it may be started again, unseen:
 *
 *   - on another server, when nothing was sent;
 *   - once, when it was sent and is idempotent and without content: on a new connection if it had
 *     gone over one that had served before, else on another server [RFC 9110 §9.2.2,
 *     RFC 9112 §9.3.1];
 *   - once, whatever it is, on a new connection, when the server has refused it unseen and all of
 *     its content is still held [RFC 9113 §8.7];
 *   - over HTTP/1.1, when it asks for WebSocket and the server does not take that over HTTP/2. */
void fetch_start(struct upstream *upstream, struct fetch *fetch);

/* As those of net/call.h. */
bool fetch_send(struct fetch *fetch, struct stet_span bytes);

/* Trailers to go behind the content, before fetch_finish: as those of struct call. */
static inline void fetch_trail(struct fetch *fetch, struct stet_span trailers)
{
    fetch->call.trailers = trailers;
}

void fetch_finish(struct fetch *fetch);
void fetch_resume(struct fetch *fetch);
void fetch_cancel(struct fetch *fetch);

/* A server may have acted upon the request: some of it was sent, and was not refused. At any point
 * until it is cancelled, in and after `end`. */
bool fetch_may_have_acted(const struct fetch *fetch);

/* Why it did not end well, for Proxy-Status; in and after `end`. */
enum stet_proxy_error fetch_error(const struct fetch *fetch);

/* With tls_alert_received, in `end`: the number of that alert. */
int fetch_alert(const struct fetch *fetch);

/* The version of HTTP that was spoken, ten times: 11, 20; 0: it came to no connection. In and after
 * `end`. */
unsigned fetch_version(const struct fetch *fetch);

/* Whom it asked, "HOST:PORT" or the path, for Proxy-Status and logs; empty before that is known.
 * Lives as long as the upstream's URLs. */
struct stet_span fetch_next_hop(const struct fetch *fetch);

#endif
