/* Chooses the server for each request, notes how it went, and starts again where that is lawful.
 *
 *     fetch_start --> choose --> call --head--> told as it comes
 *                       ^          |
 *                       +----------+--end before anything was heard: another server, or the same on
 *                                     a new connection, or told
 *
 * A server that has failed three times within ten seconds is left alone: ten seconds, then twice as
 * long with each failure that follows, a minute at most. When that is over it gets one request at a
 * time until one has gone well. If all are left alone, the one whose time is over first is asked:
 * whoever asks gets the chance of an answer rather than the certainty of none.
 *
 * Content that was given before anything was sent is held, so that a request with content may go to
 * the next server if the first cannot be reached. Over HTTP/2 some of it is held until something is
 * heard: a server that leaves refuses what it has not begun with.
 *
 * A server that refuses a request because it wants HTTP/1.1 [RFC 9113 §7] is asked by that from
 * then on, until the configuration is read again: it may want so for this request alone, but to ask
 * each twice would cost more than HTTP/2 gains.
 *
 * WebSocket is asked for where anything else is: by HTTP/2, if that is spoken there [RFC 8441]. A
 * server that speaks it and does not offer that is asked by HTTP/1.1 as well, and from then on by
 * that alone, for as long; so is one that demands HTTP/1.1 for a WebSocket.
 *
 * Given up: trying another server after a timeout. A request that is slow is most likely slow
 * everywhere, and asking for it several times over is how an outage spreads.
 */
#include "origin/upstream.h"

#include "base/check.h"
#include "base/container.h"
#include "base/memory.h"

#define NS_PER_S INT64_C(1000000000)

static const int64_t failures_within = 10 * NS_PER_S;
static const int64_t alone_first = 10 * NS_PER_S;
static const int64_t alone_most = 60 * NS_PER_S;
enum { FAILURES = 3 };

/* Times are those of loop_now. */
struct server {
    struct call_place place;
    struct call_place upgrade; /* the same, for what asks for an upgrade */
    struct call_place http1;   /* the same, where only HTTP/1.1 is offered */
    bool wants_http1;          /* it has demanded that [RFC 9113 §7] */
    bool upgrades_http1;       /* WebSocket is to be asked for at `upgrade` */
    size_t busy;               /* requests under way */
    unsigned failures;         /* since `since` */
    int64_t since;             /* the first of them */
    int64_t alone;             /* how long it was left alone the last time; 0: is trusted */
    int64_t until;             /* when that ends */
};

struct upstream {
    struct caller *caller;
    struct loop *loop;
    const struct upstream_url *urls;
    size_t count;
    size_t turn; /* where the search for the next server begins */
    struct server servers[];
};

static void server_place(struct server *server, const struct upstream_url *url)
{
    server->place = (struct call_place){.host = url->host,
                                        .port = url->port,
                                        .unix_socket = url->unix_socket,
                                        .tls = url->tls,
                                        .h2c = url->h2c};
    server->upgrade = server->place;
    if (url->tls_upgrade)
        server->upgrade.tls = url->tls_upgrade;
    server->http1 = server->upgrade;
    server->http1.h2c = false;
}

struct upstream *upstream_new(struct caller *caller, struct loop *loop,
                              const struct upstream_url *urls, size_t count)
{
    CHECK(count > 0 && count <= UPSTREAM_SERVERS && !urls->secure == !urls->tls);
    struct upstream *upstream = memory_new_zero(sizeof *upstream + count * sizeof(struct server));

    if (!upstream)
        return NULL;
    upstream->caller = caller;
    upstream->loop = loop;
    upstream->urls = urls;
    upstream->count = count;
    for (size_t i = 0; i < count; i++)
        server_place(&upstream->servers[i], &urls[i]);
    return upstream;
}

void upstream_free(struct upstream *upstream)
{
    if (!upstream)
        return;
    for (size_t i = 0; i < upstream->count; i++)
        CHECK(upstream->servers[i].busy == 0);
    memory_free(upstream);
}

/* Health. */

/* It may be asked. Whoever was left alone has to prove himself. */
static bool server_is_ready(const struct server *server, int64_t now)
{
    return server->alone == 0 || (server->until <= now && server->busy == 0);
}

static void server_went_well(struct server *server)
{
    server->failures = 0;
    server->alone = 0;
}

static void server_failed(struct server *server, int64_t now)
{
    if (server->alone > 0 && server->until > now)
        return; /* was asked before it was left alone, or for want of another */
    if (server->failures == 0 || now - server->since > failures_within) {
        server->failures = 0;
        server->since = now;
    }
    if (++server->failures < FAILURES && server->alone == 0)
        return;
    server->alone = server->alone == 0 ? alone_first : 2 * server->alone;
    if (server->alone > alone_most)
        server->alone = alone_most;
    server->until = now + server->alone;
    server->failures = 0;
}

/* Choosing. */

/* `a` is to be asked rather than `b`. */
static bool server_precedes(const struct server *a, const struct server *b, int64_t now)
{
    bool ready = server_is_ready(a, now);
    if (ready != server_is_ready(b, now))
        return ready;
    return ready ? a->busy < b->busy : a->until < b->until;
}

/* The best of those not tried yet; of equals the next in turn. False when all were tried. */
static bool upstream_choose(struct upstream *upstream, uint32_t tried, size_t *chosen)
{
    int64_t now = loop_now(upstream->loop);
    const struct server *best = NULL;

    for (size_t i = 0; i < upstream->count; i++) {
        size_t index = (upstream->turn + i) % upstream->count;
        const struct server *server = &upstream->servers[index];
        if ((tried >> index & 1) || (best && !server_precedes(server, best, now)))
            continue;
        best = server;
        *chosen = index;
    }
    if (best)
        upstream->turn = (*chosen + 1) % upstream->count;
    return best;
}

/* Fetches. */

static struct server *fetch_server(const struct fetch *fetch)
{
    return &fetch->upstream->servers[fetch->server];
}

static void fetch_interim(void *owner, const struct stet_response *response)
{
    struct fetch *fetch = owner;
    fetch->events->interim(fetch->owner, response);
}

static void fetch_head(void *owner, const struct stet_response *response,
                       const struct response_framing *framing)
{
    struct fetch *fetch = owner;
    server_went_well(fetch_server(fetch));
    octets_fini(&fetch->held);
    fetch->gone = true; /* nothing may be asked for again any more */
    fetch->events->head(fetch->owner, response, framing);
}

static bool fetch_content(void *owner, struct stet_span bytes)
{
    struct fetch *fetch = owner;
    return fetch->events->content(fetch->owner, bytes);
}

static void fetch_room(void *owner)
{
    struct fetch *fetch = owner;
    fetch->waits = false;
    fetch->events->room(fetch->owner);
}

static void fetch_end(void *owner, enum client_end end, const struct stet_head *trailers);

static const struct call_events fetch_events = {fetch_interim, fetch_head, fetch_content,
                                                fetch_room, fetch_end};

/* What was given to the server before goes to this one. */
static void fetch_give(struct fetch *fetch)
{
    struct octets *held = &fetch->held;

    if (held->bytes)
        fetch->waits &= !call_send(&fetch->call, stet_span(octets_at(held), octets_left(held)));
    if (fetch->finished)
        call_finish(&fetch->call);
}

static const struct call_place *fetch_place(const struct fetch *fetch)
{
    const struct server *server = fetch_server(fetch);

    if (server->wants_http1)
        return &server->http1;
    return fetch->sent.upgrade && (server->upgrades_http1 || !h2_client_takes(&fetch->sent))
               ? &server->upgrade
               : &server->place;
}

/* Asks the chosen server. */
static void fetch_ask(struct fetch *fetch, bool fresh)
{
    struct upstream *upstream = fetch->upstream;

    fetch->sent = *fetch->request;
    if (!fetch->sent.host.at)
        fetch->sent.host = stet_span_of(upstream->urls[fetch->server].authority);
    fetch->call.events = &fetch_events;
    fetch->call.owner = fetch;
    fetch->call.request = &fetch->sent;
    fetch->tried |= UINT32_C(1) << fetch->server;
    fetch_server(fetch)->busy++;
    call_start(upstream->caller, &fetch->call, fetch_place(fetch), fresh);
}

void fetch_start(struct upstream *upstream, struct fetch *fetch)
{
    fetch->upstream = upstream;
    fetch->held = (struct octets){0};
    fetch->tried = 0;
    fetch->open = true;
    fetch->repeated = fetch->fed = fetch->gone = false;
    fetch->finished = fetch->waits = false;
    CHECK(upstream_choose(upstream, 0, &fetch->server));
    fetch_ask(fetch, false);
}

/* Starts again on the chosen server. Who waits for room that there is now is told. */
static void fetch_again(struct fetch *fetch, bool fresh)
{
    bool waited = fetch->waits;

    fetch_ask(fetch, fresh);
    fetch_give(fetch);
    if (waited && !fetch->waits)
        fetch->events->room(fetch->owner);
}

/* It was sent, and may be sent once more [RFC 9110 §9.2.2, RFC 9113 §8.7]. */
static bool fetch_may_repeat(const struct fetch *fetch)
{
    const struct call *call = &fetch->call;

    if (fetch->repeated || call->heard || call->error != STET_PROXY_ERROR_CONNECTION_TERMINATED)
        return false;
    return call->refused ? !fetch->gone
                         : !fetch->fed && stet_method_is_idempotent(fetch->request->method);
}

/* It may go elsewhere: nothing was sent, and all of it is still there. */
static bool fetch_may_move(const struct fetch *fetch)
{
    return !fetch->call.sent && !fetch->call.heard && !fetch->gone &&
           fetch->call.error != STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
}

/* The server did not answer, and nobody else is to blame. */
static bool fetch_was_failed(const struct fetch *fetch)
{
    const struct call *call = &fetch->call;
    return !call->heard && !call_may_repeat(call) &&
           call->error != STET_PROXY_ERROR_CONNECTION_LIMIT_REACHED &&
           call->error != STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
}

/* A WebSocket that the server does not take by HTTP/2, but may by HTTP/1.1. */
static bool fetch_goes_back(const struct fetch *fetch)
{
    const struct call *call = &fetch->call;
    const struct server *server = fetch_server(fetch);

    return fetch->sent.upgrade && call->refused && call->place == &server->place &&
           server->upgrade.tls != server->place.tls &&
           (call->error == STET_PROXY_ERROR_HTTP_UPGRADE_FAILED || call->wants_http1);
}

/* What the end of a call says of how its server is to be asked. */
static void fetch_learn(const struct fetch *fetch)
{
    struct server *server = fetch_server(fetch);

    if (fetch_goes_back(fetch))
        server->upgrades_http1 = true;
    else
        server->wants_http1 |= fetch->call.wants_http1;
    if (fetch_was_failed(fetch))
        server_failed(server, loop_now(fetch->upstream->loop));
}

/* Starts again, if that is lawful and may help. */
static bool fetch_retries(struct fetch *fetch)
{
    if (fetch_goes_back(fetch)) {
        fetch_again(fetch, false);
        return true;
    }
    bool repeats = fetch_may_repeat(fetch), dead = call_may_repeat(&fetch->call);

    if (!repeats && !fetch_may_move(fetch))
        return false;
    if (!(repeats && dead) && !upstream_choose(fetch->upstream, fetch->tried, &fetch->server))
        return false;
    fetch->repeated |= fetch->call.sent;
    fetch_again(fetch, repeats && dead);
    return true;
}

static void fetch_close(struct fetch *fetch)
{
    fetch->open = false;
    octets_fini(&fetch->held);
}

static void fetch_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct fetch *fetch = owner;

    fetch_server(fetch)->busy--;
    if (end != CLIENT_COMPLETE) {
        fetch_learn(fetch);
        if (fetch_retries(fetch))
            return;
    }
    fetch_close(fetch);
    fetch->events->end(fetch->owner, end, trailers);
}

/* So much more content may be of use again: for another server, or as none was heard to be. */
static bool fetch_holds(const struct fetch *fetch, size_t more)
{
    const struct call *call = &fetch->call;

    return !call->heard && ((!call->sent && fetch->upstream->count > 1) ||
                            octets_left(&fetch->held) + more <= call_keeps(call));
}

bool fetch_send(struct fetch *fetch, struct stet_span bytes)
{
    if (!fetch->open || bytes.len == 0)
        return true;
    fetch->fed = true;
    fetch->waits = !call_send(&fetch->call, bytes);
    fetch->gone |= !fetch_holds(fetch, bytes.len);
    if (!fetch->gone && !octets_add(&fetch->held, bytes.at, bytes.len))
        fetch->gone = true;
    if (fetch->gone)
        octets_fini(&fetch->held);
    return !fetch->waits;
}

void fetch_finish(struct fetch *fetch)
{
    if (!fetch->open)
        return;
    fetch->finished = true;
    call_finish(&fetch->call);
}

void fetch_resume(struct fetch *fetch)
{
    if (fetch->open)
        call_resume(&fetch->call);
}

void fetch_cancel(struct fetch *fetch)
{
    if (!fetch->open)
        return;
    fetch_server(fetch)->busy--;
    call_cancel(&fetch->call);
    fetch_close(fetch);
}

bool fetch_may_have_acted(const struct fetch *fetch)
{
    const bool idempotent = stet_method_is_idempotent(fetch->request->method);

    /* What is not idempotent is repeated only when it was refused. */
    return (fetch->repeated && idempotent) || (call_was_sent(&fetch->call) && !fetch->call.refused);
}

enum stet_proxy_error fetch_error(const struct fetch *fetch)
{
    return fetch->call.error;
}

int fetch_alert(const struct fetch *fetch)
{
    return call_alert(&fetch->call);
}

unsigned fetch_version(const struct fetch *fetch)
{
    return fetch->call.version;
}

struct stet_span fetch_next_hop(const struct fetch *fetch)
{
    if (!fetch->upstream)
        return STET_SPAN_NONE;
    const struct upstream_url *url = &fetch->upstream->urls[fetch->server];
    return stet_span_of(url->unix_socket ? url->host : url->authority);
}
