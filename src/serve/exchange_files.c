/* The way of a request for a file: method -> target -> find -> answer.
 *
 *     find: WAIT until the file is known; the waiter comes back to it
 */
#include "serve/exchange_parts.h"

#include "base/container.h"
#include "net/conn.h"
#include "stet/uri.h"

#include <stdio.h>
#include <string.h>

/* Methods a directory answers [RFC 9110 §10.2.1]. */
#define EXCHANGE_ALLOW "Allow: GET, HEAD, OPTIONS\r\n"

/* OPTIONS, and the question of a browser that asks before it sends [Fetch, CORS-preflight]. */
static enum exchange_next files_options(struct exchange *exchange)
{
    const char *origin = exchange->route->files.cors;
    char block[200];

    if (!origin)
        return exchange_page(exchange, 204, STET_SPAN(EXCHANGE_ALLOW));
    int size = snprintf(block, sizeof block,
                        EXCHANGE_ALLOW "Access-Control-Allow-Origin: %.64s\r\n"
                                       "Access-Control-Allow-Methods: GET, HEAD\r\n"
                                       "Access-Control-Allow-Headers: *\r\n",
                        origin);
    return exchange_page(exchange, 204, stet_span(block, (size_t)size));
}

enum exchange_next exchange_files_method(struct exchange *exchange)
{
    switch (exchange->request->method) {
    case STET_METHOD_GET:
    case STET_METHOD_HEAD:
        return EXCHANGE_NEXT;
    case STET_METHOD_OPTIONS:
        return files_options(exchange);
    case STET_METHOD_UNKNOWN:
        return exchange_page(exchange, 501, STET_SPAN_NONE); /* [RFC 9110 §15.6.2] */
    default:
        return exchange_page(exchange, 405, STET_SPAN(EXCHANGE_ALLOW)); /* [RFC 9110 §15.5.6] */
    }
}

/* A directory was named without its slash. Path and query go back as they came, if the longer
 * target would be taken when it comes [RFC 9110 §2.3]. */
static enum exchange_next files_redirect(struct exchange *exchange)
{
    struct stet_span path = exchange->request->path, query = exchange->request->query;
    struct answer answer;
    size_t target = path.len + 1 + (query.at ? 1 + query.len : 0);
    if (target > exchange->stream->codec->limits->target_size)
        return exchange_page(exchange, 414, STET_SPAN_NONE);
    size_t room = target + 32;
    char *line = arena_alloc(&exchange->arena, room);

    if (!line)
        return exchange_page(exchange, 500, STET_SPAN_NONE);
    int size = snprintf(line, room, "Location: %.*s/%s%.*s\r\n", (int)path.len, path.at,
                        query.at ? "?" : "", (int)query.len, query.len ? query.at : "");
    answer.reason = STET_REASON_NONE;
    answer_page(&answer, 301, STET_SPAN_NONE);
    answer.reply.blocks[2] = stet_span(line, (size_t)size);
    return exchange_send(exchange, &answer);
}

/* The path of the file: what follows the path of the route. */
static bool files_below(const struct exchange *exchange, struct stet_span *path)
{
    if (exchange->route->path[1] == '\0') /* "/" */
        return true;
    const struct stet_span prefix = stet_span_of(exchange->route->path);
    if (!stet_span_starts(*path, prefix))
        return false; /* it came here by dot segments, which lead to no file */
    *path = stet_span_from(*path, prefix.at[prefix.len - 1] == '/' ? prefix.len - 1 : prefix.len);
    return true;
}

enum exchange_next exchange_files_target(struct exchange *exchange)
{
    struct stet_span path = exchange->request->path;
    struct files_query *query = &exchange->query;

    query->accepted = acceptance_of(&exchange->context->acceptances, &exchange->request->head);
    query->moment = conn_moment(exchange->stream);
    if (stet_span_find(path, '%') < path.len) {
        char *decoded = arena_alloc(&exchange->arena, path.len);
        if (!decoded)
            return exchange_page(exchange, 500, STET_SPAN_NONE);
        size_t length = stet_path_decode(path, decoded);
        if (length == SIZE_MAX) /* a broken escape, or a NUL in the name */
            return exchange_page(exchange, 400, STET_SPAN_NONE);
        path = stet_span(decoded, length);
    }
    if (!files_below(exchange, &path))
        return exchange_page(exchange, 404, STET_SPAN_NONE);
    if (path.len == 0)
        return files_redirect(exchange);
    query->path = path;
    return EXCHANGE_NEXT;
}

enum exchange_next exchange_files_find(struct exchange *exchange)
{
    switch (files_find(exchange->files, &exchange->query)) {
    case FILES_FOUND:
        return EXCHANGE_NEXT;
    case FILES_WAIT:
        return EXCHANGE_WAIT;
    case FILES_MISSING:
        return exchange->query.representation ? EXCHANGE_NEXT
                                              : exchange_page(exchange, 404, STET_SPAN_NONE);
    case FILES_REDIRECT:
        return files_redirect(exchange);
    case FILES_FORBIDDEN:
        return exchange_page(exchange, 403, STET_SPAN_NONE);
    case FILES_NOT_ACCEPTABLE:
        return exchange_page(exchange, 406, STET_SPAN("Vary: Accept-Encoding\r\n"));
    case FILES_BUSY: /* [RFC 9110 §15.6.4] */
        return exchange_page(exchange, 503, STET_SPAN("Retry-After: 1\r\n"));
    default:
        return exchange_page(exchange, 500, STET_SPAN_NONE);
    }
}

enum exchange_next exchange_files_answer(struct exchange *exchange)
{
    struct representation *representation = exchange->query.representation;
    struct answer answer;

    exchange->query.representation = NULL;
    answer_make(&answer, exchange->request, representation, exchange->context->loop);
    enum exchange_next next = exchange_send(exchange, &answer);
    representation_unref(representation);
    return next;
}

/* ---- waiting ---- */

static void files_woken(struct task *task)
{
    exchange_go_on(CONTAINER(task, struct exchange, query.waiter));
}

void exchange_files_init(struct exchange *exchange)
{
    exchange->query.waiter.run = files_woken;
}

/* The path lies in the request's own, unless it was decoded. */
void exchange_files_kept(struct exchange *exchange, struct stet_span before)
{
    struct stet_span *path = &exchange->query.path;
    if (path->at >= before.at && path->at <= before.at + before.len)
        path->at = exchange->request->path.at + (path->at - before.at);
}

void exchange_files_forget(struct exchange *exchange)
{
    if (exchange->waiting)
        files_forget(exchange->files, &exchange->query);
    representation_unref(exchange->query.representation);
    exchange->query.representation = NULL;
}
