/* Answers that need neither file nor origin: redirects, fixed texts, and what became of a PURGE.
 */
#include "serve/exchange_parts.h"

#include "net/conn.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_SECOND 1000000000

/* ---- redirect ---- */

/* What of the path follows that of the route, as received, without slashes at its front: behind "/"
 * they would name another host. A path that came here by another spelling has no such rest. */
static struct stet_span notice_rest(const struct exchange *exchange)
{
    const struct stet_span prefix = stet_span_of(exchange->route->path);
    struct stet_span rest = exchange->request->path;

    if (!stet_span_starts(rest, prefix))
        return STET_SPAN_NONE;
    rest = stet_span_from(rest, prefix.len);
    while (rest.len && rest.at[0] == '/')
        rest = stet_span_from(rest, 1);
    return rest;
}

/* To one place, or, if that ends with "/", to what is below it, query included. */
enum exchange_next exchange_notice_redirect(struct exchange *exchange)
{
    const struct stet_span location = stet_span_of(exchange->route->location);
    const bool open = location.len && location.at[location.len - 1] == '/';
    const struct stet_span rest = open ? notice_rest(exchange) : STET_SPAN_NONE;
    const struct stet_span query = open ? exchange->request->query : STET_SPAN_NONE;
    const size_t room = location.len + rest.len + query.len + 16;
    char *line = arena_alloc(&exchange->arena, room);
    struct answer answer;

    if (!line)
        return exchange_page(exchange, 500, STET_SPAN_NONE);
    int size = snprintf(line, room, "Location: %.*s%.*s%s%.*s\r\n", (int)location.len, location.at,
                        (int)rest.len, rest.len ? rest.at : "", query.at ? "?" : "", (int)query.len,
                        query.len ? query.at : "");
    answer.reason = STET_REASON_NONE;
    answer_page(&answer, exchange->route->status, STET_SPAN_NONE);
    answer.reply.blocks[2] = stet_span(line, (size_t)size);
    return exchange_send(exchange, &answer);
}

/* ---- respond ---- */

enum exchange_next exchange_notice_respond(struct exchange *exchange)
{
    const struct config_route *route = exchange->route;
    const char *type = route->type ? route->type : "text/plain; charset=utf-8";
    const size_t room = strlen(type) + 20;
    struct answer answer;

    if (!route->text)
        return exchange_page(exchange, route->status, STET_SPAN_NONE);
    char *line = arena_alloc(&exchange->arena, room);
    if (!line)
        return exchange_page(exchange, 500, STET_SPAN_NONE);
    int size = snprintf(line, room, "Content-Type: %s\r\n", type);
    answer.reason = STET_REASON_NONE;
    answer_text(&answer, route->status, stet_span(line, (size_t)size), stet_span_of(route->text));
    return exchange_send(exchange, &answer);
}

/* ---- purge ---- */

/* The URL that is meant, in the arena. */
static struct stet_span notice_url(struct exchange *exchange)
{
    const struct stet_request *request = exchange->request;
    const size_t room =
        request->scheme.len + request->authority.len + request->path.len + request->query.len + 8;
    char *url = arena_alloc(&exchange->arena, room);

    if (!url)
        return STET_SPAN_NONE;
    int size =
        snprintf(url, room, "%.*s://%.*s%.*s%s%.*s", (int)request->scheme.len, request->scheme.at,
                 (int)request->authority.len, request->authority.len ? request->authority.at : "",
                 (int)request->path.len, request->path.at, request->query.at ? "?" : "",
                 (int)request->query.len, request->query.len ? request->query.at : "");
    return stet_span(url, (size_t)size);
}

/* What becomes of it: "soft", which is also meant where nothing is said, or "hard"; false for any
 * other wish. */
static bool notice_way(const struct exchange *exchange, struct cache_purge_way *way)
{
    const struct stet_head *head = &exchange->request->head;
    const struct stet_field *field = stet_head_named(head, STET_SPAN("Stet-Purge"));

    *way = (struct cache_purge_way){.now = loop_now(exchange->context->loop) / NS_PER_SECOND};
    if (!field)
        return true;
    way->hard = stet_span_equal_nocase(field->value, STET_SPAN("hard"));
    return !stet_head_next(head, field) &&
           (way->hard || stet_span_equal_nocase(field->value, STET_SPAN("soft")));
}

/* Marks what is stored for the URL as stale, with all its variants, or takes it out. */
enum exchange_next exchange_notice_purge(struct exchange *exchange)
{
    const struct config *config = exchange->sites->config;
    struct cache *cache = exchange->sites->grounds->cache;
    const struct stet_span type = STET_SPAN("Content-Type: text/plain; charset=utf-8\r\n");
    const char *error = "Stet-Purge is soft or hard";
    struct cache_purge_way way;
    struct answer answer;
    char text[120];

    if (!networks_have(&config->purgers, conn_peer(exchange->stream)))
        return exchange_page(exchange, 403, STET_SPAN_NONE);
    const struct stet_span url = notice_url(exchange);
    if (!url.at)
        return exchange_page(exchange, 500, STET_SPAN_NONE);
    int64_t count = notice_way(exchange, &way) ? 0 : -1;
    if (count == 0 && cache)
        count = cache_purge(cache, CACHE_PURGE_URL, url, &way, &error);
    int size = count < 0 ? snprintf(text, sizeof text, "%s\n", error)
                         : snprintf(text, sizeof text, "%lld purged\n", (long long)count);
    answer.reason = STET_REASON_NONE;
    answer_text(&answer, count < 0 ? 400 : 200, type, stet_span(text, (size_t)size));
    return exchange_send(exchange, &answer);
}
