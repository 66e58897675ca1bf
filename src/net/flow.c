/* One turn of a line: what is unsent goes out, what has come goes in.
 *
 *     call_send --> frame --> [unsent] --> socket        socket --> worker's buffer --> codec -->
 * call |                                        ^    | "no more" <------+------> room +-- [kept]
 *
 * A read goes behind what was kept, in the buffer of the worker, so that what the codec sees is in
 * one piece; content goes from there to whoever wants it. A line that waits holds only what could
 * not be consumed: a piece of a head or of a chunk's line, or content that nobody takes for now,
 * for then nothing more is read.
 *
 * A server may answer before it has the whole request. If that answer is a refusal, or the last on
 * this connection, nothing more is sent, and the connection is not used again [RFC 9112 §9.5]. If
 * the server does not even take any more, its answer may be there all the same: it is read before
 * the connection is given up.
 *
 * Given up: finishing a refused request to keep its connection. The content may be endless.
 */
#include "net/flow.h"

#include "base/check.h"
#include "net/caller.h"

/* The most kept octets that are put before a read. */
enum { FLOW_JOINED = 4096 };

static void flow_alive(struct line *line)
{
    line->since = loop_now(line->pool->caller->loop);
}

/* Out. */

/* The rest of the request is of no use. Who waits for room may go on, and is told nothing of it. */
static void flow_deafen(struct line *line)
{
    line->out.deaf = true;
    octets_fini(&line->out.unsent);
}

/* Nothing was sent yet for the call on a line that has served another: what comes, or has failed,
 * has nothing to do with it [RFC 9112 §9.2]. */
static bool flow_is_early(const struct line *line)
{
    return line->reused && !line->call->sent;
}

/* The socket is broken. If nothing of the request has left, nothing is lost; else what the server
 * said before may be there. */
static void flow_refused(struct line *line)
{
    line->out.lost = flow_is_early(line);
    if (line->out.lost)
        return;
    flow_deafen(line);
    line->in.readable = true;
}

/* How many of the octets the socket takes now; -1 when it is broken. */
static ssize_t flow_write(struct line *line, const struct iovec *pieces, int count, size_t whole)
{
    if (line->out.full || count == 0)
        return 0;
    ssize_t sent = sock_write(&line->sock, pieces, count);
    if (sent == SOCK_BROKEN)
        return -1;
    if (sent < 0)
        sent = 0;
    line->out.full = (size_t)sent < whole || sock_holds(&line->sock);
    if (sent > 0) {
        line->call->sent = true;
        flow_alive(line);
    }
    return sent;
}

/* Keeps what of the pieces is behind the first `done` octets of unsent and pieces together. */
static bool flow_keep(struct line *line, const struct stet_span *pieces, size_t count, size_t done)
{
    struct octets *unsent = &line->out.unsent;
    size_t first = octets_left(unsent) < done ? octets_left(unsent) : done;

    if (first > 0)
        octets_skip(unsent, first);
    done -= first;
    for (size_t i = 0; i < count; i++) {
        size_t gone = done < pieces[i].len ? done : pieces[i].len;
        if (!octets_add(unsent, pieces[i].at + gone, pieces[i].len - gone))
            return false;
        done -= gone;
    }
    return true;
}

static struct iovec flow_vector(const char *at, size_t len)
{
    return (struct iovec){(void *)(uintptr_t)at, len};
}

static int flow_gather(const struct line *line, const struct stet_span *pieces, size_t count,
                       struct iovec vectors[4])
{
    const struct octets *unsent = &line->out.unsent;
    int used = 0;

    if (unsent->bytes)
        vectors[used++] = flow_vector(octets_at(unsent), octets_left(unsent));
    for (size_t i = 0; i < count; i++)
        if (pieces[i].len > 0)
            vectors[used++] = flow_vector(pieces[i].at, pieces[i].len);
    return used;
}

/* The first octets leave in the line's turn, when it has heard what its socket has to say. */
static bool flow_may_write(const struct line *line)
{
    bool open = line->state == LINE_CALLS || line->state == LINE_TUNNELS;
    return open && (line->busy || line->call->sent);
}

void flow_push(struct line *line, const struct stet_span *pieces, size_t count)
{
    struct iovec vectors[4];
    int used = flow_gather(line, pieces, count, vectors);
    size_t whole = 0;
    ssize_t sent = 0;

    if (!line->out.unsent.bytes)
        flow_alive(line); /* nothing was waited for */
    for (int i = 0; i < used; i++)
        whole += vectors[i].iov_len;
    if (flow_may_write(line))
        sent = flow_write(line, vectors, used, whole);
    if (!flow_keep(line, pieces, count, sent > 0 ? (size_t)sent : 0))
        line->fault = STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
    if (sent < 0)
        flow_refused(line);
    if (!line->busy && (line->out.unsent.bytes || sent < 0 || line->fault))
        caller_queue(line->pool->caller, line); /* for its deadline, if for nothing else */
}

/* In. */

static void flow_interim(void *owner, const struct stet_response *response)
{
    struct line *line = owner;

    flow_alive(line);
    line->call->events->interim(line->call->owner, response);
}

/* The server does not want the rest of the request [RFC 9112 §9.5]. One that only says that it
 * closes goes on reading: it may have begun to answer what it has not read yet. */
static bool flow_is_refusal(const struct line *line, const struct stet_response *response)
{
    bool whole = line->out.last && !line->out.unsent.bytes;
    return !whole && response->status >= 400;
}

static void flow_head(void *owner, const struct stet_response *response,
                      const struct response_framing *framing)
{
    struct line *line = owner;

    flow_alive(line);
    line->headed = true;
    line->patience = line_patience(line->pool->caller->limits, &response->head);
    if (framing->content == RESPONSE_TUNNEL) {
        line->state = LINE_TUNNELS;
        line->out.last = false;
    } else if (flow_is_refusal(line, response)) {
        flow_deafen(line);
    }
    line->call->events->head(line->call->owner, response, framing);
}

static bool flow_content(void *owner, struct stet_span bytes)
{
    struct line *line = owner;
    bool more = line->call->events->content(line->call->owner, bytes);

    line->in.paused = !more;
    return more;
}

static void flow_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct line *line = owner;

    if (line->state != LINE_TUNNELS) /* where only HTTP has ended */
        line_end(line, end, h1_client_error(&line->client), trailers);
}

const struct client_events flow_events = {flow_interim, flow_head, flow_content, flow_end};

/* What of the octets the line consumes. */
static size_t flow_feed(struct line *line, char *bytes, size_t size)
{
    size_t used = 0;

    if (line->state == LINE_CALLS)
        used = h1_client_feed(&line->client, bytes, size);
    if (line->state == LINE_TUNNELS && line->call && used < size) {
        flow_content(line, stet_span(bytes + used, size - used));
        used = size;
    }
    return used;
}

static void flow_feed_kept(struct line *line)
{
    struct octets *kept = &line->in.kept;

    line->in.again = false;
    octets_skip(kept, flow_feed(line, octets_at(kept), octets_left(kept)));
}

/* Takes `size` octets that were read into the worker's buffer behind room for what was kept. */
static void flow_take(struct line *line, char *input, size_t size)
{
    struct octets *kept = &line->in.kept;
    size_t before = octets_left(kept);

    if (before > 0)
        memcpy(input, octets_at(kept), before);
    octets_fini(kept);
    size_t used = flow_feed(line, input, before + size);
    if (line->call && !octets_add(kept, input + used, before + size - used))
        line->fault = STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
}

/* The same where too much was kept for that. */
static void flow_take_more(struct line *line, const char *input, size_t size)
{
    if (octets_add(&line->in.kept, input, size))
        flow_feed_kept(line);
    else
        line->fault = STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
}

static void flow_ended(struct line *line, bool clean)
{
    static const struct stet_head none;

    if (line->state == LINE_CALLS)
        h1_client_closed(&line->client, clean);
    else if (clean)
        line_end(line, CLIENT_COMPLETE, STET_PROXY_ERROR_NONE, &none);
    else
        line_end(line, CLIENT_TRUNCATED, STET_PROXY_ERROR_CONNECTION_TERMINATED, &none);
}

static void flow_read(struct line *line)
{
    char *input = line->pool->caller->input;
    size_t kept = octets_left(&line->in.kept);
    size_t before = kept <= FLOW_JOINED ? kept : 0;
    ssize_t got = sock_read(&line->sock, input + before, CALLER_READ - before);

    line->in.readable = got == (ssize_t)(CALLER_READ - before);
    if (got == SOCK_AGAIN)
        return;
    if (line->headed && got > 0)
        flow_alive(line);
    if (flow_is_early(line))
        line->out.lost = true;
    else if (got <= 0)
        flow_ended(line, got == 0 && !sock_cut(&line->sock)); /* [RFC 9112 §9.8] */
    else if (before == kept)
        flow_take(line, input, (size_t)got);
    else
        flow_take_more(line, input, (size_t)got);
}

/* Turns. */

static bool flow_has_room(const struct line *line)
{
    return octets_left(&line->out.unsent) < FLOW_UNSENT / 4;
}

/* What the socket holds goes out. */
static void flow_flush(struct line *line)
{
    ssize_t sent = sock_flush(&line->sock);

    line->out.full = sock_holds(&line->sock);
    if (sent > 0)
        flow_alive(line);
    if (sent < 0)
        flow_refused(line);
}

/* Goes out, or has to do with it. False: nothing can be done. */
static bool flow_step_out(struct line *line)
{
    struct line_output *out = &line->out;

    if (sock_holds(&line->sock) && !out->full) {
        flow_flush(line);
    } else if (out->unsent.bytes && !out->full) {
        flow_push(line, NULL, 0);
    } else if (line->state == LINE_TUNNELS && out->last && !out->shut && !out->unsent.bytes) {
        sock_shutdown(&line->sock);
        out->shut = true;
    } else if (out->told && flow_has_room(line)) {
        out->told = false;
        line->call->events->room(line->call->owner);
    } else {
        return false;
    }
    return true;
}

static bool flow_step_in(struct line *line)
{
    if (line->in.paused)
        return false;
    if (line->in.again)
        flow_feed_kept(line);
    else if (line->in.readable)
        flow_read(line);
    else
        return false;
    return true;
}

/* One step. What may be found out of a line that has served before is found out before anything is
 * sent on it. */
static bool flow_step(struct line *line)
{
    if (line->fault) {
        line_fail(line, line->fault);
        return false;
    }
    if (line->out.lost) {
        line_redial(line);
        return false;
    }
    if (flow_is_early(line) && line->in.readable)
        return flow_step_in(line);
    return flow_step_out(line) || flow_step_in(line);
}

void flow_run(struct line *line)
{
    struct caller *caller = line->pool->caller;
    size_t left = 2 + caller->limits->send_turn / CALLER_READ;
    bool goes_on = true;

    while (goes_on && left > 0 && line->call) {
        bool reads = line->in.readable;
        goes_on = flow_step(line);
        left -= reads;
    }
    if (goes_on && line->call)
        caller_queue(caller, line);
}
