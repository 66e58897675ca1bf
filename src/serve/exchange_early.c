/* Early requests: those that someone may have recorded and sends again, and what is done with them.
 *
 *     came before the handshake was over,
 *         unsafe, or with content --------------------------------------> 425
 *         safe: answered, as far as no origin has to be asked (cache.h: CACHE_EARLY)
 *     says Early-Data: it came so to a gateway before us,
 *         unsafe, and no origin of ours knows what that means ----------> 425
 *
 * Of the first kind it would do to wait for the end of the handshake, and that is what a request
 * does for which an origin has to be asked that is not known to understand. An unsafe one is
 * refused at once, for no client may send it so [RFC 8470 §4], and its content would have to be
 * kept meanwhile. Of the second kind nobody can wait: it is not our handshake [RFC 8470 §5.1].
 *
 * A forward proxy is on nobody's behalf, and passes on what others said.
 */
#include "serve/exchange_parts.h"

#include "net/conn.h"

/* Anybody may do it any number of times [RFC 9110 §9.2.1]. */
static bool early_is_safe(const struct exchange *exchange)
{
    return stet_method_is_safe(exchange->request->method);
}

/* Its origin will judge, or it is not ours to judge. */
static bool early_is_passed_on(const struct exchange *exchange)
{
    const struct config_route *route = exchange->route;

    return route && route->kind == CONFIG_PROXY &&
           (route->forward.early_data || route == &exchange->sites->config->forward.route);
}

enum exchange_next exchange_early(struct exchange *exchange)
{
    const bool early = conn_is_early(exchange->stream);
    const bool said = stet_head_has(&exchange->request->head, STET_FIELD_EARLY_DATA);
    struct metrics *metrics = exchange->context->metrics;

    if (!early && !said)
        return EXCHANGE_NEXT;
    metrics_add(&metrics->early, 1);
    if (early_is_safe(exchange) ? !early || !exchange->content
                                : !early && early_is_passed_on(exchange))
        return EXCHANGE_NEXT;
    metrics_add(&metrics->too_early, 1);
    return exchange_page(exchange, 425, STET_SPAN_NONE);
}
