/* One request and its answer: a table of short steps, each saying NEXT, WAIT or DONE.
 *
 *     method -> target -> find -> answer
 *                          | WAIT: the request is copied, the waiter comes back to `find`
 *
 * A request is judged in the connection's own buffer; only one that has to wait, or that the access
 * log will want to name, is copied into an arena.
 */
#include "serve/exchange.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/container.h"
#include "base/memory.h"
#include "net/conn.h"
#include "serve/answer.h"
#include "stet/uri.h"

#include <stdio.h>
#include <string.h>

/* The most that one waiting request may take: its fields, and its head a few times over (the head
 * itself, target, path, query, decoded path, a redirect); with the copy for the log. */
#define EXCHANGE_CEILING(limits) ((size_t)(65536 + 6 * (limits)->head_size))

/* How many ended exchanges a worker keeps for the next ones. */
#define EXCHANGE_IDLE_MAX 64

/* Methods a directory answers [RFC 9110 §10.2.1]. */
#define EXCHANGE_ALLOW "Allow: GET, HEAD, OPTIONS\r\n"

enum exchange_next { EXCHANGE_NEXT, EXCHANGE_WAIT, EXCHANGE_DONE };

enum exchange_step {
#define STEP(name) EXCHANGE_STEP_##name,
#include "serve/steps.tbl"
#undef STEP
};

struct exchange {
    struct exchange_context *context;
    struct exchange *next_idle;
    struct stream *stream;
    const struct stet_request *request; /* the codec's until `copied`, then `kept` */
    struct stet_request kept;
    struct files_query query;
    struct arena arena;
    struct accesslog_entry log;
    enum exchange_step step;
    bool copied;
    bool waiting;
};

/* ---- answering ---- */

static enum exchange_next exchange_send(struct exchange *exchange, struct answer *answer)
{
    exchange->log.reason = answer->reason;
    if (answer->reply.status == 304)
        exchange->context->counters.not_modified++;
    stream_reply(exchange->stream, &answer->reply);
    return EXCHANGE_DONE;
}

static enum exchange_next exchange_page(struct exchange *exchange, int status,
                                        struct stet_span block)
{
    struct answer answer;
    answer.reason = STET_REASON_NONE;
    answer_page(&answer, status, block);
    return exchange_send(exchange, &answer);
}

/* ---- steps ---- */

/* OPTIONS, and the question of a browser that asks before it sends [Fetch, CORS-preflight]. */
static enum exchange_next exchange_options(struct exchange *exchange)
{
    const char *origin = exchange->context->cors_origin;
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

static enum exchange_next exchange_step_method(struct exchange *exchange)
{
    switch (exchange->request->method) {
    case STET_METHOD_GET:
    case STET_METHOD_HEAD:
        return EXCHANGE_NEXT;
    case STET_METHOD_OPTIONS:
        return exchange_options(exchange);
    case STET_METHOD_UNKNOWN:
        return exchange_page(exchange, 501, STET_SPAN_NONE); /* [RFC 9110 §15.6.2] */
    default:
        return exchange_page(exchange, 405, STET_SPAN(EXCHANGE_ALLOW)); /* [RFC 9110 §15.5.6] */
    }
}

static enum exchange_next exchange_step_target(struct exchange *exchange)
{
    struct stet_span path = exchange->request->path;
    struct files_query *query = &exchange->query;

    query->accepted = stet_accepted_codings(&exchange->request->head);
    query->moment = conn_moment(exchange->stream);
    query->path = path;
    if (stet_span_find(path, '%') == path.len)
        return EXCHANGE_NEXT;
    char *decoded = arena_alloc(&exchange->arena, path.len);
    if (!decoded)
        return exchange_page(exchange, 500, STET_SPAN_NONE);
    size_t length = stet_path_decode(path, decoded);
    if (length == SIZE_MAX) /* a broken escape, or a NUL in the name */
        return exchange_page(exchange, 400, STET_SPAN_NONE);
    query->path = stet_span(decoded, length);
    return EXCHANGE_NEXT;
}

/* A directory was named without its slash. Path and query go back as they came, if the longer
 * target would be taken when it comes [RFC 9110 §2.3]. */
static enum exchange_next exchange_redirect(struct exchange *exchange)
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

static enum exchange_next exchange_step_find(struct exchange *exchange)
{
    switch (files_find(exchange->context->files, &exchange->query)) {
    case FILES_FOUND:
        return EXCHANGE_NEXT;
    case FILES_WAIT:
        return EXCHANGE_WAIT;
    case FILES_MISSING:
        return exchange->query.representation ? EXCHANGE_NEXT
                                              : exchange_page(exchange, 404, STET_SPAN_NONE);
    case FILES_REDIRECT:
        return exchange_redirect(exchange);
    case FILES_FORBIDDEN:
        return exchange_page(exchange, 403, STET_SPAN_NONE);
    case FILES_NOT_ACCEPTABLE:
        return exchange_page(exchange, 406, STET_SPAN("Vary: Accept-Encoding\r\n"));
    default:
        return exchange_page(exchange, 500, STET_SPAN_NONE);
    }
}

static enum exchange_next exchange_step_answer(struct exchange *exchange)
{
    struct representation *representation = exchange->query.representation;
    struct answer answer;

    exchange->query.representation = NULL;
    answer_make(&answer, exchange->request, representation, exchange->context->loop);
    enum exchange_next next = exchange_send(exchange, &answer);
    representation_unref(representation);
    return next;
}

/* ---- the walk over the steps ---- */

static bool exchange_span_copy(struct arena *arena, struct stet_span *span)
{
    if (span->len == 0)
        return true;
    span->at = arena_copy(arena, span->at, span->len);
    return span->at != NULL;
}

/* Copies all of the request that the codec only lent. */
static bool exchange_copy(struct exchange *exchange)
{
    struct stet_request *request = &exchange->kept;
    struct arena *arena = &exchange->arena;
    struct stet_span *spans[] = {&request->method_name, &request->target, &request->scheme,
                                 &request->authority,   &request->path,   &request->query};
    bool in_path = exchange->query.path.at == exchange->request->path.at;

    *request = *exchange->request;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        if (!exchange_span_copy(arena, spans[i]))
            return false;
    }
    if (in_path)
        exchange->query.path = request->path;
    size_t count = request->head.count;
    struct stet_field *fields = arena_alloc(arena, (count + 1) * sizeof *fields);
    if (!fields)
        return false;
    for (size_t i = 0; i < count; i++) {
        fields[i] = request->head.fields[i];
        if (!exchange_span_copy(arena, &fields[i].name) ||
            !exchange_span_copy(arena, &fields[i].value))
            return false;
    }
    request->head.fields = fields;
    exchange->request = request;
    exchange->copied = true;
    return true;
}

/* The steps from the present one on, as far as they go by themselves. When it is done the stream
 * may be over and the exchange gone. */
static enum exchange_next exchange_walk(struct exchange *exchange)
{
    enum exchange_next next = EXCHANGE_DONE;

    switch (exchange->step) {
#define STEP(name)                             \
    case EXCHANGE_STEP_##name:                 \
        exchange->step = EXCHANGE_STEP_##name; \
        next = exchange_step_##name(exchange); \
        if (next != EXCHANGE_NEXT)             \
            return next;                       \
        __attribute__((fallthrough));
#include "serve/steps.tbl"
#undef STEP
    default:
        return next;
    }
}

static void exchange_go(struct exchange *exchange)
{
    if (exchange_walk(exchange) != EXCHANGE_WAIT)
        return;
    exchange->waiting = true;
    if (exchange->copied || exchange_copy(exchange))
        return;
    exchange->waiting = false;
    files_forget(exchange->context->files, &exchange->query);
    exchange_page(exchange, 500, STET_SPAN_NONE);
}

static void exchange_woken(struct task *task)
{
    struct exchange *exchange = CONTAINER(task, struct exchange, query.waiter);
    exchange->waiting = false;
    exchange_go(exchange);
}

/* ---- the service ---- */

static struct exchange *exchange_new(struct exchange_context *context, const struct limits *limits)
{
    struct exchange *exchange = context->idle;
    if (exchange) {
        context->idle = exchange->next_idle;
        context->idle_count--;
    } else {
        exchange = memory_new_zero(sizeof *exchange);
        if (!exchange)
            return NULL;
        arena_init(&exchange->arena, EXCHANGE_CEILING(limits));
        exchange->context = context;
        exchange->query.waiter.run = exchange_woken;
    }
    exchange->step = EXCHANGE_STEP_method;
    exchange->copied = exchange->waiting = false;
    exchange->query.representation = NULL;
    return exchange;
}

static void exchange_free(struct exchange *exchange)
{
    struct exchange_context *context = exchange->context;

    arena_fini(&exchange->arena);
    representation_unref(exchange->query.representation);
    if (context->idle_count >= EXCHANGE_IDLE_MAX) {
        memory_free(exchange);
        return;
    }
    exchange->next_idle = context->idle;
    context->idle = exchange;
    context->idle_count++;
}

static void exchange_request(void *owner, struct stream *stream, const struct stet_request *request,
                             bool content)
{
    struct exchange_context *context = owner;
    struct exchange *exchange = exchange_new(context, stream->codec->limits);

    (void)content; /* content has no meaning for what a directory answers [RFC 9110 §9.3.1] */
    context->counters.requests++;
    stream->exchange = exchange;
    if (!exchange) {
        struct answer answer;
        if (context->log)
            accesslog_refused(context->log, conn_peer(stream), 503, request->target,
                              loop_wall(context->loop));
        answer_page(&answer, 503, STET_SPAN_NONE);
        answer.reply.close = true;
        stream_reply(stream, &answer.reply);
        return;
    }
    exchange->stream = stream;
    exchange->request = request;
    exchange->log.reason = STET_REASON_NONE;
    exchange->log.refused = 0;
    if (context->log) {
        exchange->log.peer = *conn_peer(stream);
        exchange->log.protocol = stream->protocol;
        accesslog_begin(&exchange->log, request, loop_wall(context->loop), &exchange->arena);
    }
    exchange_go(exchange);
}

static bool exchange_content(void *owner, struct stream *stream, struct stet_span bytes)
{
    (void)owner, (void)stream, (void)bytes;
    return true;
}

static void exchange_end(void *owner, struct stream *stream, const struct stet_head *trailers)
{
    (void)owner, (void)stream, (void)trailers;
}

static void exchange_done(void *owner, struct stream *stream, const struct stream_outcome *outcome)
{
    struct exchange_context *context = owner;
    struct exchange *exchange = stream->exchange;

    stream->exchange = NULL;
    if (outcome)
        context->counters.content_sent += outcome->content_sent;
    if (!exchange)
        return;
    if (exchange->waiting)
        files_forget(context->files, &exchange->query);
    if (context->log)
        accesslog_end(context->log, &exchange->log, outcome, loop_wall(context->loop));
    exchange_free(exchange);
}

static void exchange_refused(void *owner, struct stream *stream, int status, struct stet_span line)
{
    struct exchange_context *context = owner;
    struct exchange *exchange = stream->exchange;

    context->counters.refused++;
    if (exchange)
        exchange->log.refused = status;
    else if (context->log)
        accesslog_refused(context->log, conn_peer(stream), status, line, loop_wall(context->loop));
}

const struct service exchange_service = {
    .request = exchange_request,
    .content = exchange_content,
    .end = exchange_end,
    .done = exchange_done,
    .refused = exchange_refused,
};

void exchange_context_fini(struct exchange_context *context)
{
    while (context->idle) {
        struct exchange *exchange = context->idle;
        context->idle = exchange->next_idle;
        memory_free(exchange);
    }
    context->idle_count = 0;
}
