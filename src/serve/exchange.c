/* One request and its answer: a table of short steps, each saying NEXT, WAIT or DONE.
 *
 *     route --> files:   method -> target -> find -> answer
 *           --> gateway: method ->           find -> answer
 *           --> tunnel:  open -> answer       (CONNECT)
 *           --> notice                        (redirect, text, PURGE)
 *                 WAIT: the request is copied; who is woken comes back to the same step
 *
 * A request is judged in the connection's own buffer; only one that has to wait, or that the access
 * log will want to name, is copied into an arena.
 */
#include "serve/exchange_parts.h"

#include "base/memory.h"
#include "cache/copy.h"
#include "net/conn.h"
#include "serve/cachelines.h"
#include "serve/trace.h"

/* The most that one waiting request may take: its fields, and its head a few times over (the head
 * itself, target, path, query, decoded path, a redirect, what is sent on); with the copy for the
 * log. */
#define EXCHANGE_CEILING(limits) ((size_t)(65536 + 8 * (limits)->head_size))

/* How many ended exchanges a worker keeps for the next ones. */
#define EXCHANGE_IDLE_MAX 64

static enum exchange_next (*const exchange_steps[])(struct exchange *exchange) = {
#define STEP(way, name) [EXCHANGE_##way##_##name] = exchange_##way##_##name,
#include "serve/steps.tbl"
#undef STEP
};

/* ---- answering ---- */

/* A client of a proxy that may have an older proxy before it, which knows nothing of "keep-alive"
 * and only passed it on [RFC 9112 §9.3]. A gateway is no proxy there: nobody has chosen it. */
static bool exchange_may_hang(const struct exchange *exchange)
{
    return exchange->route && exchange->route->via &&
           strcmp(exchange->stream->protocol, "HTTP/1.0") == 0;
}

enum exchange_next exchange_send(struct exchange *exchange, struct answer *answer)
{
    if (exchange_may_hang(exchange))
        answer->reply.close = true;
    exchange->log.reason = answer->reason;
    exchange->log.saved = answer->saved;
    answer->reply.blocks[3] = exchange->secure;
    stream_reply(exchange->stream, &answer->reply);
    return EXCHANGE_DONE;
}

enum exchange_next exchange_page(struct exchange *exchange, int status, struct stet_span block)
{
    struct answer answer;
    answer.reason = STET_REASON_NONE;
    answer_page(&answer, status, block);
    return exchange_send(exchange, &answer);
}

enum exchange_next exchange_proxy_page(struct exchange *exchange, enum stet_proxy_error error,
                                       struct stet_span next_hop)
{
    struct cache_facts *facts = &exchange->gateway.query.facts;
    struct cachelines lines;
    struct answer answer;

    *facts = (struct cache_facts){.error = error, .next_hop = next_hop};
    exchange->log.facts = facts;
    exchange->log.rules = &exchange->route->cache;
    cachelines_init(&lines);
    cachelines_error(&lines, &exchange->route->cache, facts);
    answer.reason = STET_REASON_NONE;
    answer_page(&answer, stet_proxy_error_status(error), STET_SPAN_NONE);
    answer.reply.blocks[2] = cachelines_block(&lines);
    return exchange_send(exchange, &answer);
}

/* ---- keeping the request ---- */

bool exchange_keep(struct exchange *exchange)
{
    const struct stet_span path = exchange->request->path;

    if (exchange->copied)
        return true;
    if (!copy_request(&exchange->arena, exchange->request, NULL, &exchange->kept))
        return false;
    exchange->request = &exchange->kept;
    exchange->copied = true;
    exchange_files_kept(exchange, path);
    exchange_gateway_kept(exchange);
    return true;
}

/* ---- the walk over the steps ---- */

static void exchange_forget(struct exchange *exchange)
{
    if (exchange->files) {
        exchange_files_forget(exchange);
    } else {
        exchange_gateway_forget(exchange);
        exchange_tunnel_forget(exchange);
    }
    exchange->waiting = false;
}

void exchange_go_on(struct exchange *exchange)
{
    enum exchange_next next;

    exchange->waiting = false;
    while ((next = exchange_steps[exchange->step](exchange)) == EXCHANGE_NEXT)
        exchange->step++;
    if (next != EXCHANGE_WAIT)
        return; /* the stream may be over and the exchange gone */
    exchange->waiting = true;
    if (exchange_keep(exchange))
        return;
    exchange_forget(exchange);
    exchange_page(exchange, 500, STET_SPAN_NONE);
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
        exchange_files_init(exchange);
        exchange_gateway_init(exchange);
    }
    exchange->sites = sites_ref(context->sites);
    exchange->route = NULL;
    exchange->files = NULL;
    exchange->secure = STET_SPAN_NONE;
    exchange->copied = exchange->waiting = false;
    return exchange;
}

static void exchange_free(struct exchange *exchange)
{
    struct exchange_context *context = exchange->context;

    exchange_forget(exchange);
    arena_fini(&exchange->arena);
    sites_unref(exchange->sites);
    if (context->idle_count >= EXCHANGE_IDLE_MAX) {
        memory_free(exchange);
        return;
    }
    exchange->next_idle = context->idle;
    context->idle = exchange;
    context->idle_count++;
}

/* What logs and metrics will want to know, and only they: the request's words are copied if someone
 * reads them. */
static void exchange_note(struct exchange *exchange)
{
    struct exchange_context *context = exchange->context;
    struct accesslog_entry *entry = &exchange->log;

    entry->begun = loop_wall(context->loop);
    entry->reason = STET_REASON_NONE;
    entry->refused = 0;
    entry->saved = 0;
    entry->facts = NULL;
    exchange->conditional = stet_head_has(&exchange->request->head, STET_FIELD_IF_NONE_MATCH) ||
                            stet_head_has(&exchange->request->head, STET_FIELD_IF_MODIFIED_SINCE);
    exchange->noted = context->log || ring_is_open(context->ring);
    if (!exchange->noted)
        return;
    entry->peer = *conn_peer(exchange->stream);
    entry->protocol = exchange->stream->protocol;
    accesslog_begin(entry, exchange->request, entry->begun, &exchange->arena);
}

static void exchange_request(void *owner, struct stream *stream, const struct stet_request *request,
                             bool content)
{
    struct exchange_context *context = owner;
    struct exchange *exchange = exchange_new(context, stream->codec->limits);

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
    exchange->content = content;
    exchange_note(exchange);
    if (exchange_route(exchange) == EXCHANGE_NEXT && exchange_early(exchange) == EXCHANGE_NEXT)
        exchange_go_on(exchange);
}

/* Content has no meaning for what a directory answers, and is thrown away [RFC 9110 §9.3.1]. */
static bool exchange_content(void *owner, struct stream *stream, struct stet_span bytes)
{
    struct exchange *exchange = stream->exchange;
    (void)owner;
    if (!exchange)
        return true;
    return exchange->tunnel ? tunnel_send(exchange->tunnel, bytes)
                            : exchange_gateway_content(exchange, bytes);
}

static void exchange_end(void *owner, struct stream *stream, const struct stet_head *trailers)
{
    struct exchange *exchange = stream->exchange;
    (void)owner;
    if (!exchange)
        return;
    if (exchange->tunnel)
        tunnel_finish(exchange->tunnel);
    else
        exchange_gateway_content_end(exchange, trailers);
    exchange->content = false;
}

static void exchange_count(const struct exchange *exchange, const struct stream_outcome *outcome)
{
    struct exchange_context *context = exchange->context;
    const struct cache_facts *facts = exchange->log.facts;
    struct metrics_event event = {.result = trace_result_of(facts),
                                  .reason = exchange->log.reason,
                                  .saved = exchange->log.saved,
                                  .conditional = exchange->conditional,
                                  .duration = loop_wall(context->loop) - exchange->log.begun};

    if (outcome) {
        event.status = outcome->status;
        event.sent = outcome->content_sent;
    }
    if (facts) {
        event.origin_status = facts->forward_status;
        event.stored = facts->stored;
        event.collapsed = facts->collapsed;
        event.synthesized = facts->synthesized;
    }
    metrics_count(context->metrics, &event);
}

static void exchange_done(void *owner, struct stream *stream, const struct stream_outcome *outcome)
{
    struct exchange_context *context = owner;
    struct exchange *exchange = stream->exchange;

    stream->exchange = NULL;
    if (!exchange)
        return;
    exchange_count(exchange, outcome);
    if (exchange->noted && context->log)
        accesslog_end(context->log, &exchange->log, outcome, loop_wall(context->loop));
    if (exchange->noted && ring_is_open(context->ring))
        trace_put(context->ring, &exchange->log, outcome, loop_wall(context->loop));
    exchange_free(exchange);
}

static void exchange_refused(void *owner, struct stream *stream, int status, struct stet_span line)
{
    struct exchange_context *context = owner;
    struct exchange *exchange = stream->exchange;

    metrics_add(&context->metrics->refused, 1);
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
