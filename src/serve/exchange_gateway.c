/* The way of a request through the cache to an origin server: method -> find -> answer.
 *
 *     find: a stored response, at once; or WAIT for a fetch, which goes on with `find` (ready)
 *           meanwhile: interim responses are relayed, request content goes on as it comes
 *     answer: whatever it is by now, through the one place that decides (answer.h), with the lines
 *           that say where it comes from
 *
 * A hit copies nothing: the request stays where the codec has it. Content of a request follows its
 * head only as fast as the origin takes it (room), and content of a response as fast as the client
 * does (more).
 *
 * A client that waits for "100 (Continue)" is told by the origin; one whose origin says neither
 * that nor anything else for a second is told by us, for many servers never say it
 * [RFC 9110 §10.1.1].
 *
 * A request that was here before is refused before the cache sees it: it could join the very fetch
 * that waits for it (D-47).
 */
#include "serve/exchange_parts.h"

#include "base/container.h"
#include "base/memory.h"
#include "net/conn.h"
#include "serve/cachelines.h"
#include "stet/uri.h"

#define GATEWAY_PATIENCE INT64_C(1000000000)

#define GATEWAY_ALLOW "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n"

/* Room on the stack for an interim response; few are larger. */
#define GATEWAY_INTERIM_ROOM 2048

static struct exchange *gateway_of(struct cache_query *query)
{
    return CONTAINER(query, struct exchange, gateway.query);
}

/* ---- what the cache tells ---- */

static void gateway_ready(struct cache_query *query)
{
    exchange_go_on(gateway_of(query));
}

/* The content may come: the origin wants it, or has been silent for long enough. */
static void gateway_unhold(struct exchange *exchange)
{
    if (!exchange->gateway.held)
        return;
    exchange->gateway.held = false;
    loop_timer_cancel(exchange->context->loop, &exchange->gateway.patience);
    stream_resume(exchange->stream);
}

static void gateway_impatient(struct timer *timer)
{
    gateway_unhold(CONTAINER(timer, struct exchange, gateway.patience));
}

static void gateway_interim(struct cache_query *query, const struct stet_response *response)
{
    struct exchange *exchange = gateway_of(query);
    char room[GATEWAY_INTERIM_ROOM], *lines = room;
    const size_t size = forward_response(&response->head, room, sizeof room);

    if (size > sizeof room) {
        lines = memory_new(size);
        if (!lines)
            return; /* it is only a hint */
        forward_response(&response->head, lines, size);
    }
    stream_interim(exchange->stream, response->status, stet_span(lines, size));
    if (lines != room)
        memory_free(lines);
    if (response->status == 100)
        gateway_unhold(exchange);
}

static void gateway_more(struct cache_query *query)
{
    stream_wake(gateway_of(query)->stream);
}

static void gateway_room(struct cache_query *query)
{
    stream_resume(gateway_of(query)->stream);
}

/* The handshake is over. */
static void gateway_opened(struct conn_awaiting *awaiting)
{
    exchange_go_on(CONTAINER(awaiting, struct exchange, gateway.awaiting));
}

/* The address is printed when a fetch begins, for most requests need none. */
static const struct forward_client *gateway_client(struct cache_query *query)
{
    struct exchange *exchange = gateway_of(query);
    struct gateway *gateway = &exchange->gateway;
    const struct sock_address *peer = conn_peer(exchange->stream);
    const size_t size = sock_address_text(peer, gateway->address);
    const struct stet_span protocol = stet_span_of(exchange->stream->protocol);

    gateway->client = (struct forward_client){
        .address = stet_span(gateway->address, size),
        .protocol = stet_span_from(protocol, stet_span_find(protocol, '/') + 1),
        .trusted = networks_have(&exchange->sites->config->trusted, peer),
    };
    return &gateway->client;
}

static const struct cache_events gateway_events = {
    .ready = gateway_ready,
    .interim = gateway_interim,
    .more = gateway_more,
    .room = gateway_room,
    .client = gateway_client,
};

/* ---- answering ---- */

/* Before any answer: what is to be logged of it, and that nothing is waited for any more. */
static void gateway_conclude(struct exchange *exchange)
{
    struct gateway *gateway = &exchange->gateway;

    exchange->log.facts = &gateway->query.facts;
    exchange->log.rules = &exchange->route->cache;
    if (gateway->held)
        loop_timer_cancel(exchange->context->loop, &gateway->patience);
    gateway->held = false;
}

/* A page of ours in the place of the response: of that nothing is told but how it was had. */
static bool gateway_is_own(const struct answer *answer, const struct representation *representation)
{
    return answer->reply.status >= 400 && answer->reply.status != representation->status;
}

/* The key as it is shown; empty if it is not, or memory is out [RFC 9211 §2.7, §6]. */
static struct stet_span gateway_key(struct exchange *exchange)
{
    const struct stet_request *request = exchange->request;
    const size_t room =
        request->scheme.len + request->authority.len + request->path.len + request->query.len + 8;
    char *key = exchange->route->cache.show_key ? arena_alloc(&exchange->arena, room) : NULL;

    return key ? stet_span(key, stet_uri_key(request, key, room)) : STET_SPAN_NONE;
}

/* Nothing but its age is to be said of it. */
static bool gateway_is_plain_hit(const struct config_route *route, const struct cache_facts *facts)
{
    return facts->hit && facts->has_age && facts->has_ttl && !route->cache.show_key &&
           !route->via && facts->error == STET_PROXY_ERROR_NONE;
}

static struct stet_span gateway_lines(struct exchange *exchange, const struct answer *answer,
                                      bool own, struct cachelines *lines)
{
    const struct config_route *route = exchange->route;
    const struct cache_facts *facts = &exchange->gateway.query.facts;

    cachelines_init(lines);
    if (!own && gateway_is_plain_hit(route, facts))
        return cachelines_of_hit(&exchange->context->hits, &route->cache, facts, lines);
    if (facts->has_age && !own)
        cachelines_age(lines, facts->age);
    struct stet_cachestatus status =
        cachelines_status_of(&route->cache, facts, answer->reply.status);
    status.key = gateway_key(exchange);
    cachelines_status(lines, &status);
    cachelines_error(lines, &route->cache, facts);
    if (route->via)
        cachelines_via(lines, route->forward.name, facts);
    return cachelines_block(lines);
}

enum exchange_next exchange_gateway_answer(struct exchange *exchange)
{
    struct cache_query *query = &exchange->gateway.query;
    struct representation *representation = query->representation;
    struct cachelines lines;
    struct answer answer;

    query->representation = NULL;
    answer_make(&answer, exchange->request, representation, exchange->context->loop);
    answer.reply.blocks[2] =
        gateway_lines(exchange, &answer, gateway_is_own(&answer, representation), &lines);
    answer.reply.duplex = exchange->content && representation->passes;
    if (answer.reason == STET_REASON_UNCONDITIONAL || answer.reason == STET_REASON_NONE)
        answer.reason = query->facts.reason;
    gateway_conclude(exchange);
    enum exchange_next next = exchange_send(exchange, &answer);
    representation_unref(representation);
    return next;
}

/* No response could be had: says so, and why [RFC 9110 §15.6.3, §15.6.5, RFC 9209 §2]. Or none was
 * asked for: we are the final recipient [RFC 9110 §7.6.2]. */
static enum exchange_next gateway_fail(struct exchange *exchange)
{
    const struct cache_query *query = &exchange->gateway.query;
    struct cachelines lines;
    struct answer answer;

    cachelines_init(&lines);
    cachelines_error(&lines, &exchange->route->cache, &query->facts);
    answer_page(&answer, query->status,
                query->status < 500 ? STET_SPAN(GATEWAY_ALLOW) : STET_SPAN_NONE);
    answer.reply.blocks[2] = cachelines_block(&lines);
    answer.reason = query->facts.reason;
    gateway_conclude(exchange);
    return exchange_send(exchange, &answer);
}

/* ---- steps ---- */

/* A request of HTTP/1.0 may have no Host: then it is for whoever is behind this route. */
static void gateway_complete(struct exchange *exchange)
{
    if (exchange->request->authority.len || exchange->route->upstream_count == 0)
        return;
    exchange->kept = *exchange->request;
    exchange->kept.authority = stet_span_of(exchange->route->upstreams[0].authority);
    exchange->request = &exchange->kept;
}

/* The client sends its content only when it is told to [RFC 9110 §10.1.1]. */
static void gateway_hold(struct exchange *exchange)
{
    struct gateway *gateway = &exchange->gateway;
    struct loop *loop = exchange->context->loop;

    if (!exchange->content || !stet_head_has(&exchange->request->head, STET_FIELD_EXPECT))
        return;
    if (!loop_timer_set(loop, &gateway->patience, loop_now(loop) + GATEWAY_PATIENCE))
        return; /* then we tell it at once */
    gateway->held = true;
    stream_hold(exchange->stream);
}

enum exchange_next exchange_gateway_method(struct exchange *exchange)
{
    struct cache_query *query = &exchange->gateway.query;
    struct cache_route *route = query->route;

    if (forward_loops(&exchange->route->forward, &exchange->request->head))
        return exchange_proxy_page(exchange, STET_PROXY_ERROR_PROXY_LOOP_DETECTED, STET_SPAN_NONE);
    gateway_complete(exchange);
    if (exchange->content && !exchange_keep(exchange))
        return exchange_page(exchange, 500, STET_SPAN_NONE);
    gateway_hold(exchange);
    *query = (struct cache_query){
        .request = exchange->request,
        .route = route,
        .events = &gateway_events,
        .arena = &exchange->arena,
        .content = exchange->content,
        .upgrade =
            exchange->route->upgrade && stet_head_has(&exchange->request->head, STET_FIELD_UPGRADE),
    };
    exchange->gateway.asked = true;
    return EXCHANGE_NEXT;
}

enum exchange_next exchange_gateway_find(struct exchange *exchange)
{
    struct cache_query *query = &exchange->gateway.query;

    query->early = conn_is_early(exchange->stream);
    switch (cache_find(exchange->context->cache, query)) {
    case CACHE_FOUND:
        return EXCHANGE_NEXT;
    case CACHE_WAIT:
        return EXCHANGE_WAIT;
    case CACHE_EARLY:
        conn_await(exchange->stream, &exchange->gateway.awaiting);
        return EXCHANGE_WAIT;
    default:
        return gateway_fail(exchange);
    }
}

/* ---- the rest of a request ---- */

bool exchange_gateway_content(struct exchange *exchange, struct stet_span bytes)
{
    return !exchange->gateway.asked || cache_content(&exchange->gateway.query, bytes);
}

void exchange_gateway_content_end(struct exchange *exchange, const struct stet_head *trailers)
{
    if (exchange->gateway.asked)
        cache_content_end(&exchange->gateway.query, trailers);
}

void exchange_gateway_kept(struct exchange *exchange)
{
    exchange->gateway.query.request = exchange->request;
}

void exchange_gateway_init(struct exchange *exchange)
{
    timer_init(&exchange->gateway.patience, gateway_impatient);
    exchange->gateway.awaiting.opened = gateway_opened;
}

void exchange_gateway_forget(struct exchange *exchange)
{
    struct gateway *gateway = &exchange->gateway;

    conn_forget(&gateway->awaiting);
    if (gateway->held)
        loop_timer_cancel(exchange->context->loop, &gateway->patience);
    gateway->held = false;
    if (gateway->asked) {
        cache_forget(&gateway->query);
        representation_unref(gateway->query.representation);
        gateway->query.representation = NULL;
    }
    gateway->asked = false;
    if (gateway->destination)
        outbound_leave(gateway->destination);
    gateway->destination = NULL;
}
