/* Chooses the way of a request: by method, by the form of its target, then by host and path.
 *
 *     PURGE, if anyone may send it                        -> notice
 *     TLS is missing, or not what the site asks for       -> a redirect, or 421
 *     forward proxy: CONNECT                              -> tunnel
 *                    absolute form, no site's own host    -> gateway, by outbound
 *     one site, one route                                 -> that one, without looking
 *     else site of the host, then route of the path       -> files, gateway, notice; or 421, 404
 *
 * A host that no site has is misdirected: we are its origin server as far as the client knows
 * [RFC 9110 §7.4, §15.5.20].
 */
#include "serve/exchange_parts.h"

#include "net/conn.h"

static enum exchange_next route_to(struct exchange *exchange, struct site_route *route)
{
    static const enum exchange_step first[] = {
        [CONFIG_FILES] = EXCHANGE_files_method,
        [CONFIG_PROXY] = EXCHANGE_gateway_method,
        [CONFIG_REDIRECT] = EXCHANGE_notice_redirect,
        [CONFIG_RESPOND] = EXCHANGE_notice_respond,
    };

    exchange->route = route->config;
    exchange->files = route->files;
    exchange->gateway.query.route = &route->cache;
    exchange->step = first[route->config->kind];
    return EXCHANGE_NEXT;
}

/* ---- forward proxy ---- */

/* Only those whom the operator has named: else anyone could hide behind us. */
static bool route_is_client(const struct exchange *exchange)
{
    const struct config_forward *forward = &exchange->sites->config->forward;
    return networks_have(&forward->clients, conn_peer(exchange->stream));
}

static enum exchange_next route_deny(struct exchange *exchange)
{
    return exchange_proxy_page(exchange, STET_PROXY_ERROR_HTTP_REQUEST_DENIED, STET_SPAN_NONE);
}

/* Only a forward proxy makes tunnels; anyone else must not say 2xx [RFC 9110 §9.3.6]. */
static enum exchange_next route_connect(struct exchange *exchange)
{
    if (!exchange->sites->config->forward.on)
        return exchange_page(exchange, 405, STET_SPAN("Allow: GET, HEAD, OPTIONS\r\n"));
    exchange->route = &exchange->sites->config->forward.route;
    if (!route_is_client(exchange))
        return route_deny(exchange);
    exchange->step = EXCHANGE_tunnel_open;
    return EXCHANGE_NEXT;
}

/* A target in absolute form that no site says to be its own [RFC 9112 §3.2.2]. */
static bool route_goes_out(const struct exchange *exchange)
{
    const struct stet_request *request = exchange->request;
    return request->target.len > 0 && request->target.at[0] != '/' &&
           request->target.at[0] != '*' &&
           !config_own_site(exchange->sites->config, request->authority);
}

static enum exchange_next route_out(struct exchange *exchange)
{
    struct gateway *gateway = &exchange->gateway;

    exchange->route = &exchange->sites->config->forward.route;
    if (!route_is_client(exchange))
        return route_deny(exchange);
    gateway->destination = outbound_enter(&exchange->sites->outbound, exchange->request->authority);
    if (!gateway->destination)
        return exchange_page(exchange, 500, STET_SPAN_NONE);
    gateway->query.route = &gateway->destination->cache;
    exchange->step = EXCHANGE_gateway_method;
    return EXCHANGE_NEXT;
}

/* ---- the choice ---- */

static bool route_is_purge(const struct exchange *exchange)
{
    return exchange->request->method == STET_METHOD_UNKNOWN &&
           exchange->sites->config->purgers.count > 0 &&
           stet_span_equal(exchange->request->method_name, STET_SPAN("PURGE"));
}

static enum exchange_next route_find(struct exchange *exchange)
{
    const struct stet_request *request = exchange->request;
    char *scratch = arena_alloc(&exchange->arena, request->path.len + 1);
    struct site_route *route = NULL;

    if (!scratch)
        return exchange_page(exchange, 500, STET_SPAN_NONE);
    switch (sites_find(exchange->sites, request->authority, request->path, scratch, &route)) {
    case SITES_FOUND:
        return route_to(exchange, route);
    case SITES_NO_SITE: /* as an origin; a proxy goes out instead [RFC 9110 §15.5.20] */
        return exchange_page(exchange, 421, STET_SPAN_NONE);
    case SITES_BAD_PATH:
        return exchange_page(exchange, 400, STET_SPAN_NONE);
    default:
        return exchange_page(exchange, 404, STET_SPAN_NONE);
    }
}

enum exchange_next exchange_route(struct exchange *exchange)
{
    struct sites *sites = exchange->sites;

    if (exchange->request->method == STET_METHOD_CONNECT)
        return route_connect(exchange);
    if (route_is_purge(exchange)) {
        exchange->step = EXCHANGE_notice_purge;
        return EXCHANGE_NEXT;
    }
    if (sites->config->forward.on && route_goes_out(exchange))
        return route_out(exchange);
    if (sites->config->secure.guarded && exchange_secure(exchange) != EXCHANGE_NEXT)
        return EXCHANGE_DONE;
    return sites->only ? route_to(exchange, sites->only) : route_find(exchange);
}
