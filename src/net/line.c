/* A line's life: it dials, carries one call after the other, rests between them, and ends.
 *
 * Who asks for nothing and is told something has spoken out of turn: a line that rests is closed
 * with the first octet or the end that comes on it [RFC 9112 §9.2, §9.6]. And since all lines get
 * to hear of their sockets before a new call's head leaves, in the same turn of the loop, most dead
 * ones are found out before anything is lost on them; the call then goes on a new one, unseen.
 *
 * There is one timer, which stays where it is as long as it would not fire too late; when it fires
 * it looks whether the deadline has moved.
 *
 * Given up: freeing a line while functions of it are on the stack. It is marked, and the turn frees
 * it when it is done.
 */
#include "net/line.h"

#include "base/check.h"
#include "base/container.h"
#include "base/memory.h"
#include "io/tls.h"
#include "net/caller.h"
#include "net/flow.h"
#include "net/mux.h"
#include "stet/list.h"

#define NS_PER_MS 1000000

struct line_dial {
    struct dial dial;
    struct line *line;
};

static void line_free(struct line *line)
{
    struct pool *pool = line->pool;

    CHECK(line->state == LINE_OVER && !line->call && !line->dial);
    if (line->mux)
        mux_close(line);
    loop_timer_cancel(pool->caller->loop, &line->timer);
    draft_free(line->draft);
    octets_fini(&line->in.kept);
    octets_fini(&line->out.unsent);
    memory_free(line);
    pool->caller->open--;
    if (--pool->open == 0)
        pool_drop(pool);
}

static void dial_end(struct line *line)
{
    if (!line->dial)
        return;
    dial_cancel(&line->dial->dial);
    memory_free(line->dial);
    line->dial = NULL;
}

void line_close(struct line *line, bool reset)
{
    struct call *call = line->call;

    if (call)
        call->line = NULL;
    line->call = NULL;
    h1_client_cancel(&line->client);
    caller_unlink(line);
    dial_end(line);
    if (line->state != LINE_DIALS && line->state != LINE_OVER)
        sock_close(&line->sock, reset);
    line->state = LINE_OVER;
    if (!line->busy)
        line_free(line);
}

void line_give_up(struct line *line)
{
    if (!line->mux || line->mux->count == 0)
        line_close(line, false);
}

enum stet_proxy_error line_error(const struct line *line, enum stet_proxy_error error)
{
    const int alert = line->sock.tls ? tls_alert(&line->sock) : -1;

    if (error != STET_PROXY_ERROR_CONNECTION_TERMINATED || alert <= 0)
        return error;
    line->pool->caller->alert = alert;
    return STET_PROXY_ERROR_TLS_ALERT_RECEIVED;
}

void line_end(struct line *line, enum client_end end, enum stet_proxy_error error,
              const struct stet_head *trailers)
{
    struct call *call = line->call;

    if (!call)
        return;
    call->heard |= h1_client_heard(&line->client);
    call->version = line->state == LINE_DIALS ? 0 : 11;
    line->call = NULL;
    call->line = NULL;
    call->error = call->heard ? error : line_error(line, error);
    call->events->end(call->owner, end, trailers);
}

void line_fail(struct line *line, enum stet_proxy_error error)
{
    static const struct stet_head none;

    CHECK(line->busy);
    if (line->mux)
        mux_fail(line, error);
    line_end(line, CLIENT_TRUNCATED, error, &none);
    line_close(line, true);
}

/* Deadlines. */

static int64_t line_after(const struct line *line, uint64_t ms)
{
    return line->since + (int64_t)ms * NS_PER_MS;
}

static int64_t line_call_due(const struct line *line)
{
    const struct limits *limits = line->pool->caller->limits;

    if ((line->out.unsent.bytes || sock_holds(&line->sock)) && !line->out.deaf)
        return line_after(line, limits->request_idle_timeout);
    if (line->headed)
        return line->in.paused ? INT64_MAX : line_after(line, limits->response_idle_timeout);
    /* As long as the request is not complete, it is for others to wait for. */
    return line->out.last || line->out.deaf ? line_after(line, limits->response_timeout)
                                            : INT64_MAX;
}

/* loop_now by which something has to happen; INT64_MAX if nothing has to. */
static int64_t line_due(const struct line *line)
{
    switch (line->state) {
    case LINE_CALLS:
        return line->mux ? line->mux->look : line_call_due(line);
    case LINE_TUNNELS:
        return line_after(line, line->pool->caller->limits->tunnel_idle_timeout);
    case LINE_RESTS:
        return line_after(line, line->patience);
    default: /* dials have their own */
        return INT64_MAX;
    }
}

/* [RFC 9209 §2.3] */
static enum stet_proxy_error line_missed(const struct line *line)
{
    if (line->state == LINE_CALLS && line->out.unsent.bytes && !line->out.deaf)
        return STET_PROXY_ERROR_CONNECTION_WRITE_TIMEOUT;
    return line->state == LINE_CALLS && !line->headed ? STET_PROXY_ERROR_HTTP_RESPONSE_TIMEOUT
                                                      : STET_PROXY_ERROR_CONNECTION_READ_TIMEOUT;
}

static bool line_time(struct line *line)
{
    int64_t due = line_due(line);
    if (due == INT64_MAX || (line->timer.place && line->timer.due <= due))
        return true;
    return loop_timer_set(line->pool->caller->loop, &line->timer, due);
}

/* Turns. */

/* Nothing has come that a read would give. */
static bool line_quiet(struct line *line)
{
    char octet;

    if (line->in.readable && sock_read(&line->sock, &octet, 1) != SOCK_AGAIN)
        return false;
    line->in.readable = false;
    return true;
}

static bool line_keeps(struct line *line)
{
    if (line->mux)
        return mux_keeps(line);
    return h1_client_usable(&line->client) && !line->out.deaf && !line->out.unsent.bytes &&
           !sock_holds(&line->sock) && !line->in.kept.bytes && line_quiet(line);
}

/* It carries nothing, and waits for nothing but to say so. */
static bool line_is_free(const struct line *line)
{
    if (line->mux)
        return line->mux->count == 0 &&
               (mux_over(line) || mux_keeps(line) || line->out.deaf || line->fault);
    return !line->call;
}

/* The end of a turn: over, at rest, or waiting for something. */
static void line_settle(struct line *line)
{
    if (line->state == LINE_RESTS && line->mux && mux_over(line))
        line_close(line, false);
    if ((line->state == LINE_CALLS || line->state == LINE_TUNNELS) && line_is_free(line)) {
        if (line_keeps(line) && pool_put(line->pool, line)) {
            line->since = loop_now(line->pool->caller->loop);
            line->reused = true;
        } else {
            line_close(line, false);
        }
    }
    if (line->state != LINE_OVER && !line_time(line))
        line_fail(line, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR);
}

static void line_enter(struct line *line)
{
    const struct caller *caller = line->pool->caller;

    CHECK(!line->busy);
    line->busy = true;
    memory_show(caller->input, CALLER_READ);
    memory_show(caller->head, sizeof *caller->head);
}

static void line_leave(struct line *line)
{
    const struct caller *caller = line->pool->caller;

    line_settle(line);
    memory_hide(caller->input, CALLER_READ);
    memory_hide(caller->head, sizeof *caller->head);
    line->busy = false;
    if (line->state == LINE_OVER)
        line_free(line);
}

static void line_run(struct line *line)
{
    if (line->state == LINE_OVER)
        return;
    if (line->mux)
        mux_run(line);
    else
        flow_run(line);
}

void line_turn(struct line *line)
{
    line_enter(line);
    if (line->state == LINE_RESTS && !line->mux && !line_quiet(line))
        line_close(line, false);
    if (line->mux && line->state != LINE_DIALS)
        line_run(line);
    else if (line->state == LINE_CALLS || line->state == LINE_TUNNELS)
        line_run(line);
    else if (line->state == LINE_DIALS && line->fault)
        line_fail(line, line->fault);
    line_leave(line);
}

static void line_ready(struct sock *sock, unsigned events)
{
    struct line *line = CONTAINER(sock, struct line, sock);

    if (events & SOCK_READABLE)
        line->in.readable = true;
    if (events & SOCK_WRITABLE)
        line->out.full = false;
    line_turn(line);
}

static void line_fire(struct timer *timer)
{
    struct line *line = CONTAINER(timer, struct line, timer);

    line_enter(line);
    if (loop_now(line->pool->caller->loop) >= line_due(line)) {
        if (line->state == LINE_RESTS)
            line_close(line, false);
        else if (line->mux)
            mux_look(line);
        else
            line_fail(line, line_missed(line));
    }
    line_leave(line);
}

/* Dialling. */

/* Begins the call that has waited to be told what is spoken here. */
static void line_undraft(struct line *line)
{
    struct draft *draft = line->draft;
    struct call *call = line->call;
    const struct client_request *request = call->request;
    const bool told = line->out.told;
    bool more = true;

    line->draft = NULL;
    line->call = NULL;
    call->request = &draft->request;
    const bool begun = (!line->mux || h2_client_takes(call->request)) && line_begin(line, call);
    call->request = request;
    if (begun && draft->content.bytes)
        more = call_send(call, stet_span(octets_at(&draft->content), octets_left(&draft->content)));
    if (begun && draft->finished)
        call_finish(call);
    draft_free(draft);
    if (begun && told && more)
        call->events->room(call->owner);
    if (begun)
        return;
    line->call = call;
    line_fail(line, line->mux ? STET_PROXY_ERROR_HTTP_UPGRADE_FAILED
                              : STET_PROXY_ERROR_PROXY_INTERNAL_ERROR);
}

/* The handshake has told what is spoken, if there was one [RFC 7301, RFC 9113 §3.2]. */
static void line_agree(struct line *line)
{
    const char *protocol = sock_protocol(&line->sock);
    const bool h2 = protocol && strcmp(protocol, "h2") == 0;
    struct pool *pool = line->pool;

    if (!pool->place.tls)
        return;
    pool->h2 = h2;
    if (line->draft && h2 && !mux_open(line))
        line_fail(line, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR);
    else if (line->draft)
        line_undraft(line);
    else if (h2 != (line->mux != NULL)) /* it was another when we looked last */
        line_fail(line, STET_PROXY_ERROR_CONNECTION_TERMINATED);
}

static void line_dialled(struct dial *dial)
{
    struct line *line = CONTAINER(dial, struct line_dial, dial)->line;
    enum stet_proxy_error error = dial->error;

    line_enter(line);
    line->sock.ready = line_ready;
    if (error == STET_PROXY_ERROR_NONE && !dial_take(dial, &line->sock))
        error = STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
    line->pool->caller->alert = dial->alert;
    dial_end(line);
    if (error == STET_PROXY_ERROR_NONE) {
        line->state = LINE_CALLS;
        line->since = loop_now(line->pool->caller->loop);
        line_agree(line);
        line_run(line);
    } else {
        line_fail(line, error);
    }
    line_leave(line);
}

static bool line_dial(struct line *line)
{
    struct pool *pool = line->pool;

    line->state = LINE_DIALS;
    line->dial = memory_new_zero(sizeof *line->dial);
    if (!line->dial)
        return false;
    line->dial->line = line;
    line->dial->dial.done = line_dialled;
    if (dial_start(&line->dial->dial, &pool->caller->dial, &pool->place))
        return true;
    memory_free(line->dial);
    line->dial = NULL;
    return false;
}

struct line *line_new(struct pool *pool)
{
    struct line *line = memory_new_zero(sizeof *line);

    if (!line)
        return NULL;
    line->pool = pool;
    timer_init(&line->timer, line_fire);
    h1_client_init(&line->client, &flow_events, line, &pool->caller->setup);
    if ((pool->h2 && !mux_open(line)) || !line_dial(line)) {
        if (line->mux)
            mux_close(line);
        memory_free(line);
        return NULL;
    }
    pool->open++;
    pool->caller->open++;
    return line;
}

void line_redial(struct line *line)
{
    CHECK(line->busy && !line->call->sent);
    sock_close(&line->sock, true);
    octets_fini(&line->in.kept);
    line->in = (struct line_input){0};
    line->out.full = line->out.shut = line->out.lost = false;
    line->reused = line->call->reused = false;
    if (!line_dial(line))
        line_fail(line, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR);
}

/* A second before it closes, since what it says may take a while to come here. */
uint64_t line_patience(const struct limits *limits, const struct stet_head *head)
{
    struct stet_list list = stet_list_of(head, STET_FIELD_KEEP_ALIVE);
    struct stet_span member, value;
    uint64_t patience = limits->upstream_idle_timeout, seconds;

    while (stet_list_next(&list, &member)) {
        size_t equals = stet_span_find(member, '=');
        if (!stet_span_equal_nocase(stet_span(member.at, equals), STET_SPAN("timeout")))
            continue;
        value = stet_span_from(member, equals + 1);
        if (!stet_span_number(value, UINT32_MAX, &seconds))
            continue;
        seconds -= seconds > 0;
        patience = 1000 * seconds < patience ? 1000 * seconds : patience;
    }
    return patience;
}

/* What is spoken is known later. */
static bool line_drafts(struct line *line, struct call *call)
{
    line->draft = draft_new(call->request);
    if (!line->draft)
        return false;
    line->call = call;
    call->line = line;
    return true;
}

bool line_begin(struct line *line, struct call *call)
{
    const struct client_request *request = call->request;
    struct octets *unsent = &line->out.unsent;
    char *head;

    if (line->mux)
        return mux_begin(line, call);
    if (line->state == LINE_DIALS && line->pool->place.tls)
        return line_drafts(line, call);
    head = octets_reserve(unsent, h1_client_head_room(request));
    if (!head)
        return false;
    unsent->size += (uint32_t)h1_client_begin(&line->client, request, head);
    if (line->state == LINE_RESTS)
        line->state = LINE_CALLS;
    line->call = call;
    line->headed = false;
    line->out.last = !request->has_content || (request->length_known && request->length == 0);
    line->out.deaf = line->out.told = line->out.shut = false;
    line->in.paused = line->in.again = false;
    line->since = loop_now(line->pool->caller->loop);
    line->patience = line->pool->caller->limits->upstream_idle_timeout;
    call->line = line;
    call->reused = line->reused;
    caller_queue(line->pool->caller, line);
    return true;
}
