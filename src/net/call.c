/* Calls: finds each a line, and passes on what its owner asks for.
 *
 * A call that waits for its connection has a line all the same: what it sends meanwhile is kept
 * there, framed, and leaves with the head in one write. Only a call that could not even be given a
 * line has none; its end is due in the next turn of the loop.
 */
#include "net/call.h"

#include "net/caller.h"
#include "net/flow.h"
#include "net/mux.h"

static bool pool_is_full(const struct pool *pool)
{
    uint64_t most = pool->caller->limits->upstream_connections;
    return most > 0 && pool->open >= most;
}

/* A new line, for which one that rests may have to go. */
static enum stet_proxy_error call_dial(struct caller *caller, const struct call_place *place,
                                       struct line **line)
{
    struct pool *pool = pool_of(caller, place);

    if (pool && pool->idle && pool_is_full(pool)) {
        line_close(pool->idle, false);
        pool = pool_of(caller, place); /* it may have gone with its last line */
    }
    if (!pool)
        return STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
    if (pool_is_full(pool))
        return STET_PROXY_ERROR_CONNECTION_LIMIT_REACHED;
    *line = line_new(pool);
    if (!*line && pool->open == 0)
        pool_drop(pool);
    return *line ? STET_PROXY_ERROR_NONE : STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
}

static enum stet_proxy_error call_seat(struct call *call, bool fresh)
{
    struct line *line = NULL;
    enum stet_proxy_error error = STET_PROXY_ERROR_NONE;

    if (strlen(call->place->host) > CALL_HOST_MAX)
        return STET_PROXY_ERROR_DNS_ERROR;
    if (!fresh)
        line = pool_find(call->caller, call->place);
    if (!line)
        error = call_dial(call->caller, call->place, &line);
    if (error == STET_PROXY_ERROR_NONE && line->mux && !h2_client_takes(call->request)) {
        line_give_up(line);
        return STET_PROXY_ERROR_HTTP_UPGRADE_FAILED; /* [RFC 9113 §8.6] */
    }
    if (error == STET_PROXY_ERROR_NONE && !line_begin(line, call)) {
        line_give_up(line);
        error = STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
    }
    return error;
}

int call_alert(const struct call *call)
{
    return call->caller->alert;
}

void call_start(struct caller *caller, struct call *call, const struct call_place *place,
                bool fresh)
{
    enum stet_proxy_error error;

    call->caller = caller;
    call->place = place;
    call->line = NULL;
    call->next = NULL;
    call->link = NULL;
    call->error = STET_PROXY_ERROR_NONE;
    call->reused = call->heard = call->sent = call->refused = call->wants_http1 = false;
    call->version = 0;
    call->stream = NULL;
    call->unsent = 0;
    call->stage = (struct call_stage){0};
    error = call_seat(call, fresh);
    if (error != STET_PROXY_ERROR_NONE)
        caller_fail(caller, call, error);
}

/* Content of a request that waits itself. */
static bool draft_add(struct line *line, struct stet_span bytes)
{
    struct octets *content = &line->draft->content;

    if (!octets_add(content, bytes.at, bytes.len)) {
        line->fault = STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
        caller_queue(line->pool->caller, line);
    }
    line->out.told = octets_left(content) >= FLOW_UNSENT;
    return !line->out.told;
}

bool call_send(struct call *call, struct stet_span bytes)
{
    struct line *line = call->line;
    struct h1_client_frame frame = {0};

    if (!line || line->out.deaf || line->fault || bytes.len == 0)
        return true;
    if (line->draft)
        return draft_add(line, bytes);
    if (call->stream)
        return mux_send(call, bytes);
    if (line->state != LINE_TUNNELS)
        h1_client_frame(&line->client, bytes.len, false, &frame);
    const struct stet_span pieces[] = {stet_span(frame.before, frame.before_len), bytes,
                                       stet_span(frame.after, frame.after_len)};
    flow_push(line, pieces, 3);
    line->out.told = octets_left(&line->out.unsent) >= FLOW_UNSENT;
    return !line->out.told;
}

size_t call_keeps(const struct call *call)
{
    return call->stream ? call->caller->limits->upstream_repeat_size : 0;
}

/* Trailers stand before the empty line that ends the chunks [RFC 9112 §7.1.2]. */
static void call_push_end(struct call *call, const struct h1_client_frame *frame)
{
    static const struct stet_span end = {"\r\n", 2};
    const bool trails = call->trailers.len > 0 && frame->after_len > end.len;
    const struct stet_span pieces[] = {
        stet_span(frame->after, frame->after_len - (trails ? end.len : 0)), call->trailers, end};

    flow_push(call->line, pieces, trails ? 3 : 1);
}

void call_finish(struct call *call)
{
    struct line *line = call->line;
    struct h1_client_frame frame;

    if (!line || line->out.deaf || line->fault)
        return;
    if (line->draft)
        line->draft->finished = true;
    if (call->stream)
        mux_finish(call);
    if (line->draft || call->stream)
        return;
    line->out.last = true;
    line->since = loop_now(call->caller->loop);
    if (!line->busy)
        caller_queue(call->caller, line);
    if (line->state == LINE_TUNNELS)
        return;
    h1_client_frame(&line->client, 0, true, &frame);
    call_push_end(call, &frame);
}

void call_resume(struct call *call)
{
    struct line *line = call->line;

    if (call->stream)
        mux_resume(call);
    if (!line || !line->in.paused)
        return;
    h1_client_resume(&line->client);
    line->in.paused = false;
    line->in.again = line->in.kept.bytes;
    line->since = loop_now(call->caller->loop);
    if (!line->busy)
        caller_queue(call->caller, line);
}

void call_cancel(struct call *call)
{
    if (call->stream) {
        mux_cancel(call);
        return;
    }
    caller_forget(call);
    if (call->line)
        line_close(call->line, call->line->state != LINE_TUNNELS);
}
