/* What a site asks of TLS, judged before its routes are looked at.
 *
 *     without TLS, site redirects or demands certificates -> 301 or 308 to where there is TLS
 *     with TLS, site demands certificates                 -> 421 unless the connection was opened
 *                                                            for it
 *     with TLS, site says so                              -> Strict-Transport-Security
 *
 * A connection is opened for one name, and carries requests for any [RFC 9110 §7.4]. What was
 * demanded of the client then is what the site of that name demands; so a site that demands
 * something takes requests from connections of its own only.
 *
 * A site that requires certificates is not served without TLS, whatever else it says.
 */
#include "serve/exchange_parts.h"

#include "io/tls.h"
#include "net/conn.h"
#include "serve/secure.h"

#include <stdio.h>

/* The authority without its port. */
static struct stet_span secure_host(struct stet_span authority)
{
    const bool literal = authority.len > 0 && authority.at[0] == '[';
    const size_t from = literal ? stet_span_find(authority, ']') : 0;
    const struct stet_span rest = stet_span_from(authority, from);

    return stet_span(authority.at, from + stet_span_find(rest, ':'));
}

static enum exchange_next secure_redirect(struct exchange *exchange)
{
    const struct stet_request *request = exchange->request;
    const struct stet_span host = secure_host(request->authority);
    const struct sites *sites = exchange->sites;
    const unsigned bound = sites->grounds->secure_port;
    const unsigned port = bound ? bound : secure_port(sites->config);
    const bool reads = request->method == STET_METHOD_GET || request->method == STET_METHOD_HEAD;
    const size_t room = host.len + request->path.len + request->query.len + 64;
    char *line = arena_alloc(&exchange->arena, room), where[16] = "";

    if (host.len == 0 || port == 0)
        return exchange_page(exchange, 421, STET_SPAN_NONE);
    if (!line)
        return exchange_page(exchange, 500, STET_SPAN_NONE);
    if (port != 443)
        snprintf(where, sizeof where, ":%u", port);
    const int size =
        snprintf(line, room, "Location: https://%.*s%s%.*s%s%.*s\r\n", (int)host.len, host.at,
                 where, (int)request->path.len, request->path.at, request->query.at ? "?" : "",
                 (int)request->query.len, request->query.at ? request->query.at : "");
    return exchange_page(exchange, reads ? 301 : 308, stet_span(line, (size_t)size));
}

enum exchange_next exchange_secure(struct exchange *exchange)
{
    const struct sock *sock = conn_sock(exchange->stream);
    const struct sites *sites = exchange->sites;
    const struct config_site *site = config_site(sites->config, exchange->request->authority);

    if (!site)
        return EXCHANGE_NEXT;
    const struct config_tls *tls = &site->tls;
    if (!sock->tls)
        return tls->redirect || tls->demand == TLS_DEMAND_REQUIRED ? secure_redirect(exchange)
                                                                   : EXCHANGE_NEXT;
    exchange->secure = tls->hsts_line; /* not without TLS [RFC 6797 §7.2] */
    if (tls->demand == TLS_DEMAND_NOTHING || tls_meets(sock, sites->grounds->tls, tls->number))
        return EXCHANGE_NEXT;
    return exchange_page(exchange, 421, STET_SPAN_NONE);
}
