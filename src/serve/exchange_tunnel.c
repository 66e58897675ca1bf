/* The way of CONNECT: open -> answer, and from then on octets in both directions [RFC 9110 §9.3.6].
 */
#include "serve/exchange_parts.h"

#include "net/conn.h"

/* Splits "HOST:PORT", which the codec has found valid; brackets are taken off. Port 0 if it gives
 * none. */
static struct stet_span connect_host(struct stet_span authority, uint16_t *port)
{
    size_t colon = authority.len;
    uint64_t number = 0;

    while (colon > 0 && authority.at[colon - 1] != ':')
        colon--;
    stet_span_number(stet_span_from(authority, colon), UINT16_MAX, &number);
    *port = (uint16_t)number;
    struct stet_span host = stet_span(authority.at, colon ? colon - 1 : authority.len);
    if (host.len > 2 && host.at[0] == '[')
        host = stet_span(host.at + 1, host.len - 2);
    return host;
}

/* Where a tunnel may lead decides what it can be misused for [RFC 9110 §17.3]. */
static bool connect_is_allowed(const struct exchange *exchange, uint16_t port)
{
    const struct config_forward *forward = &exchange->sites->config->forward;
    for (size_t i = 0; i < forward->port_count; i++) {
        if (forward->ports[i] == port)
            return true;
    }
    return false;
}

/* ---- what the tunnel tells ---- */

static void connect_opened(void *owner, enum stet_proxy_error error)
{
    struct exchange *exchange = owner;

    if (error == STET_PROXY_ERROR_NONE) {
        exchange->step = EXCHANGE_tunnel_answer;
        exchange_go_on(exchange);
        return;
    }
    exchange->waiting = false;
    exchange_proxy_page(exchange, error, exchange->request->authority);
}

static void connect_more(void *owner)
{
    const struct exchange *exchange = owner;
    stream_wake(exchange->stream);
}

static void connect_room(void *owner)
{
    const struct exchange *exchange = owner;
    stream_resume(exchange->stream);
}

static const struct tunnel_events connect_events = {
    .opened = connect_opened, .more = connect_more, .room = connect_room};

/* ---- steps ---- */

enum exchange_next exchange_tunnel_open(struct exchange *exchange)
{
    uint16_t port;
    const struct stet_span host = connect_host(exchange->request->authority, &port);

    if (!connect_is_allowed(exchange, port))
        return exchange_proxy_page(exchange, STET_PROXY_ERROR_HTTP_REQUEST_DENIED,
                                   exchange->request->authority);
    exchange->tunnel = tunnel_open(&exchange->context->dial, host, port, &connect_events, exchange);
    return exchange->tunnel ? EXCHANGE_WAIT : exchange_page(exchange, 500, STET_SPAN_NONE);
}

enum exchange_next exchange_tunnel_answer(struct exchange *exchange)
{
    struct answer answer = {.reason = STET_REASON_NONE};

    answer.reply =
        (struct reply){.status = 200, .tunnel = true, .body = tunnel_body(exchange->tunnel)};
    return exchange_send(exchange, &answer);
}

void exchange_tunnel_forget(struct exchange *exchange)
{
    if (exchange->tunnel)
        tunnel_close(exchange->tunnel);
    exchange->tunnel = NULL;
}
