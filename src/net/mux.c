/* One turn of a line that speaks HTTP/2: what has come goes to the calls on it, what they send goes
 * out.
 *
 *     call_send -> stream --+                       +--> stream -> call
 *     call_send -> stream --+-> socket     socket --+--> stream -> call
 *
 * A turn reads before it writes: an origin server that has left is found out before requests are
 * lost on it, and what was not sent may go elsewhere [RFC 9113 §8.7].
 *
 * Deadlines are those of a line that carries one call, for each of them. One time stands for all:
 * no earlier than the first of them, perhaps too early; then the calls are looked at one by one.
 *
 * Given up: moving calls from a line that has died before they were sent. Their end says so, and
 * whoever made them still has all of them.
 */
#include "net/mux.h"

#include "base/check.h"
#include "base/memory.h"
#include "net/caller.h"

#include <string.h>

#define NS_PER_MS 1000000

/* The most of a frame that comes in one piece. */
enum { MUX_PIECE = 16384 + 9 + 255 + 1 };

static const struct h2_client_events mux_events;

static struct caller *mux_caller(const struct line *line)
{
    return line->pool->caller;
}

static int64_t mux_now(const struct line *line)
{
    return loop_now(mux_caller(line)->loop);
}

/* ---- lists ---- */

static void mux_unlink(struct mux *mux)
{
    if (!mux->link)
        return;
    *mux->link = mux->next;
    if (mux->next)
        mux->next->link = mux->link;
    mux->link = NULL;
}

static void mux_link(struct mux *mux, struct pool *pool)
{
    mux->next = pool->muxes;
    mux->link = &pool->muxes;
    if (mux->next)
        mux->next->link = &mux->next;
    pool->muxes = mux;
}

static void call_link(struct call *call, struct mux *mux)
{
    call->next = mux->calls;
    call->link = &mux->calls;
    if (call->next)
        call->next->link = &call->next;
    mux->calls = call;
    mux->count++;
}

/* The call has left the line. */
static void call_unlink(struct call *call)
{
    struct mux *mux = call->line->mux;

    call->version = mux->line->state == LINE_DIALS ? 0 : 20;
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    call->link = NULL;
    call->line = NULL;
    call->stream = NULL;
    if (--mux->count == 0)
        mux->line->since = mux_now(mux->line);
}

bool mux_open(struct line *line)
{
    struct mux *mux = memory_new_zero(sizeof *mux);

    if (!mux)
        return false;
    mux->client = h2_client_new(mux_caller(line)->kit,
                                line->pool->place.tls ? STET_SPAN("https") : STET_SPAN("http"));
    if (!mux->client) {
        memory_free(mux);
        return false;
    }
    mux->line = line;
    mux->look = INT64_MAX;
    line->mux = mux;
    line->patience = mux_caller(line)->limits->upstream_idle_timeout;
    mux_link(mux, line->pool);
    return true;
}

void mux_close(struct line *line)
{
    struct mux *mux = line->mux;

    CHECK(!mux->calls);
    mux_unlink(mux);
    h2_client_free(mux->client);
    memory_free(mux);
    line->mux = NULL;
}

struct line *mux_find(const struct pool *pool)
{
    for (struct mux *mux = pool->muxes; mux; mux = mux->next)
        if (!mux->line->fault && h2_client_has_room(mux->client))
            return mux->line;
    return NULL;
}

/* ---- deadlines ---- */

static int64_t after(int64_t since, uint64_t ms)
{
    return since + (int64_t)ms * NS_PER_MS;
}

/* The origin server has to do something by then; INT64_MAX: it is not its turn. */
static int64_t call_due(const struct call *call)
{
    const struct limits *limits = call->caller->limits;

    if (h2_client_is_drafted(call->stream))
        return after(call->since, limits->connect_timeout);
    if (call->stage.tunnel)
        return after(call->since, limits->tunnel_idle_timeout);
    if (h2_client_unsent(call->stream) > 0)
        return after(call->since, limits->request_idle_timeout);
    if (call->stage.headed)
        return h2_client_is_paused(call->stream)
                   ? INT64_MAX
                   : after(call->since, limits->response_idle_timeout);
    return call->stage.last ? after(call->since, limits->response_timeout) : INT64_MAX;
}

/* [RFC 9209 §2.3] */
static enum stet_proxy_error call_missed(const struct call *call)
{
    if (h2_client_is_drafted(call->stream))
        return STET_PROXY_ERROR_CONNECTION_TIMEOUT;
    if (h2_client_unsent(call->stream) > 0)
        return STET_PROXY_ERROR_CONNECTION_WRITE_TIMEOUT;
    return call->stage.headed ? STET_PROXY_ERROR_CONNECTION_READ_TIMEOUT
                              : STET_PROXY_ERROR_HTTP_RESPONSE_TIMEOUT;
}

/* ms that pass before it has to be looked at, at least. */
static uint64_t call_patience(const struct call *call)
{
    const struct limits *limits = call->caller->limits;
    uint64_t least = limits->request_idle_timeout;

    if (h2_client_is_drafted(call->stream))
        return limits->connect_timeout;
    if (call->stage.tunnel)
        return limits->tunnel_idle_timeout;
    least = limits->response_timeout < least ? limits->response_timeout : least;
    return limits->response_idle_timeout < least ? limits->response_idle_timeout : least;
}

/* Something has begun to be waited for. */
static void call_alive(struct call *call)
{
    const uint64_t least = call_patience(call);
    struct mux *mux = call->line->mux;

    call->since = mux_now(call->line);
    if (mux->look > after(call->since, least))
        mux->look = after(call->since, least);
}

/* Request content that goes keeps a call alive; nobody tells when it does. */
static void call_look(struct call *call)
{
    const size_t unsent = h2_client_unsent(call->stream);

    if (unsent != call->unsent)
        call->since = mux_now(call->line);
    call->unsent = unsent;
}

void mux_look(struct line *line)
{
    const int64_t now = mux_now(line);
    struct mux *mux = line->mux;

    CHECK(line->busy);
    if (now < mux->look)
        return;
    mux->look = INT64_MAX;
    for (struct call *call = mux->calls; call; call = call->next) {
        call_look(call);
        const int64_t due = call_due(call);
        if (due <= now) {
            mux->look = now; /* events may end and begin others: looks again */
            h2_client_fail(call->stream, call_missed(call));
            caller_queue(mux_caller(line), line);
            return;
        }
        mux->look = due < mux->look ? due : mux->look;
    }
}

/* ---- calls ---- */

bool mux_begin(struct line *line, struct call *call)
{
    const struct client_request *request = call->request;
    struct mux *mux = line->mux;

    call->stream = h2_client_begin(mux->client, request, &mux_events, call);
    if (!call->stream)
        return false;
    if (line->state == LINE_RESTS)
        line->state = LINE_CALLS;
    call->line = line;
    call->reused = line->reused;
    call->stage.last = !request->has_content || (request->length_known && request->length == 0);
    call_link(call, mux);
    call_alive(call);
    if (!line->busy)
        caller_queue(mux_caller(line), line);
    return true;
}

static void call_wake(const struct call *call)
{
    if (!call->line->busy)
        caller_queue(call->caller, call->line);
}

bool mux_send(struct call *call, struct stet_span bytes)
{
    bool more = h2_client_send(call->stream, bytes);

    call->sent |= call->stream->sent;
    call_alive(call);
    call_wake(call);
    return more;
}

void mux_finish(struct call *call)
{
    h2_client_finish(call->stream, call->trailers);
    call->stage.last = true;
    call_alive(call);
    call_wake(call);
}

void mux_resume(struct call *call)
{
    if (!h2_client_is_paused(call->stream))
        return;
    h2_client_resume(call->stream);
    call_alive(call);
    call_wake(call);
}

void mux_cancel(struct call *call)
{
    h2_client_cancel(call->stream);
    call_wake(call);
    call_unlink(call);
}

void mux_fail(struct line *line, enum stet_proxy_error error)
{
    static const struct stet_head none;
    struct mux *mux = line->mux;

    mux_unlink(mux);
    while (mux->calls) {
        struct call *call = mux->calls;
        call->sent |= call->stream->sent;
        call->heard = call->stream->heard;
        call->refused = !call->sent && error == STET_PROXY_ERROR_CONNECTION_TERMINATED;
        call->error = error;
        h2_client_cancel(call->stream);
        call_unlink(call);
        call->events->end(call->owner, CLIENT_TRUNCATED, &none);
    }
}

/* ---- events ---- */

static void mux_interim(void *owner, const struct stet_response *response)
{
    struct call *call = owner;

    call_alive(call);
    call->events->interim(call->owner, response);
}

static void mux_head(void *owner, const struct stet_response *response,
                     const struct response_framing *framing)
{
    struct call *call = owner;

    call->stage.headed = true;
    call->stage.tunnel = framing->content == RESPONSE_TUNNEL;
    call_alive(call);
    call->events->head(call->owner, response, framing);
}

/* The call may be over, and gone, when its owner has been told. */
static bool mux_content(void *owner, struct stet_span bytes)
{
    struct call *call = owner;

    call_alive(call);
    return call->events->content(call->owner, bytes);
}

static void mux_room(void *owner)
{
    struct call *call = owner;

    call->sent |= call->stream->sent;
    call->events->room(call->owner);
}

static void mux_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct call *call = owner;
    const struct h2_client_stream *stream = call->stream;

    call->sent |= stream->sent;
    call->heard = stream->heard;
    call->refused = stream->refused;
    call->wants_http1 = stream->wants_http1;
    call->error = call->heard ? stream->error : line_error(call->line, stream->error);
    /* Only the end of a connection has to do with its age. */
    call->reused &=
        end == CLIENT_COMPLETE || stream->error == STET_PROXY_ERROR_CONNECTION_TERMINATED;
    call->line->reused |= end == CLIENT_COMPLETE;
    call_unlink(call);
    call->events->end(call->owner, end, trailers);
}

static const struct h2_client_events mux_events = {{mux_interim, mux_head, mux_content, mux_end},
                                                   mux_room};

/* ---- turns ---- */

static void mux_ended(struct line *line)
{
    mux_unlink(line->mux);
    h2_client_closed(line->mux->client);
    line_close(line, false);
}

static bool mux_read(struct line *line)
{
    char *input = mux_caller(line)->input;
    ssize_t got = sock_read(&line->sock, input, CALLER_READ);

    line->in.readable = got == CALLER_READ;
    if (got == SOCK_AGAIN)
        return true;
    if (got > 0)
        h2_client_feed(line->mux->client, input, (size_t)got);
    else
        mux_ended(line);
    return got > 0;
}

/* As many frames as go into the worker's buffer, which nobody reads from at this point. */
static size_t mux_gather(struct line *line, char *to)
{
    size_t size = 0;

    while (size + MUX_PIECE <= CALLER_READ) {
        struct stet_span piece = h2_client_take(line->mux->client);
        if (piece.len == 0)
            break;
        CHECK(piece.len <= MUX_PIECE);
        memcpy(to + size, piece.at, piece.len);
        size += piece.len;
    }
    return size;
}

/* False: broken; what the server has said before may be there. */
static bool mux_put(struct line *line, const char *bytes, size_t size, size_t *sent)
{
    const struct iovec piece = {(void *)(uintptr_t)bytes, size};
    ssize_t done = sock_write(&line->sock, &piece, 1);

    *sent = done > 0 ? (size_t)done : 0;
    line->out.full = *sent < size || sock_holds(&line->sock);
    line->out.deaf = done == SOCK_BROKEN;
    line->in.readable |= line->out.deaf;
    return !line->out.deaf;
}

/* What the socket holds goes out. */
static void mux_flush(struct line *line)
{
    line->out.deaf = sock_flush(&line->sock) < 0;
    line->out.full = sock_holds(&line->sock);
    line->in.readable |= line->out.deaf;
}

/* False: there was nothing to be written. */
static bool mux_write(struct line *line)
{
    struct octets *unsent = &line->out.unsent;
    char *buffer = mux_caller(line)->input;
    size_t size, sent;

    if (sock_holds(&line->sock)) {
        mux_flush(line);
        return true;
    }
    if (unsent->bytes) {
        mux_put(line, octets_at(unsent), octets_left(unsent), &sent);
        octets_skip(unsent, sent);
        return true;
    }
    size = mux_gather(line, buffer);
    if (line->state == LINE_OVER)
        return false;
    if (size > 0 && mux_put(line, buffer, size, &sent) &&
        !octets_add(unsent, buffer + sent, size - sent))
        line->fault = STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
    return size > 0;
}

/* One step; false: nothing can be done. */
static bool mux_step(struct line *line)
{
    struct mux *mux = line->mux;

    if (line->fault) {
        line_fail(line, line->fault);
        return false;
    }
    if (line->in.readable)
        return mux_read(line);
    if (h2_client_is_due(mux->client)) {
        h2_client_run(mux->client);
        return true;
    }
    if (line->out.full || line->out.deaf)
        return false;
    return mux_write(line);
}

void mux_run(struct line *line)
{
    struct caller *caller = mux_caller(line);
    size_t left = 8 + caller->limits->send_turn / CALLER_READ;
    bool goes_on = true;

    /* Whoever is told something may begin a call here, and fail, which closes the line. */
    while (goes_on && left-- > 0 && line->state != LINE_OVER)
        goes_on = mux_step(line);
    if (goes_on && line->state != LINE_OVER)
        caller_queue(caller, line);
}

bool mux_keeps(const struct line *line)
{
    const struct mux *mux = line->mux;

    return mux->count == 0 && !line->out.unsent.bytes && !sock_holds(&line->sock) &&
           !line->out.deaf && !line->fault && !h2_client_over(mux->client) &&
           !h2_client_is_due(mux->client) && !h2_client_wants_take(mux->client);
}

bool mux_over(const struct line *line)
{
    return line->mux->count == 0 && h2_client_over(line->mux->client);
}
