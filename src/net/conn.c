/* One connection's life: read, feed, take, write; deadlines; closing in stages.
 *
 *     conn_turn:  while there is something to do and the turn's share is not used up
 *                   output waits?     write it; the socket full -> wait for it
 *                   codec has output? take, write
 *                   input waits?      feed it
 *                   readable?         read, feed
 *                 then: over? close in stages. Set the deadline.
 *
 * What a client speaks the handshake of TLS has agreed on, or, without TLS, its first octets tell:
 * those of HTTP/2 are no request of HTTP/1 [RFC 9113 §3.3, §3.4].
 *
 * Deadlines cost nothing while requests flow: the timer stays where it is and looks, when it
 * fires, whether the deadline has moved. Sending and receiving content have no fixed end but a
 * floor: so many octets in each window, or the connection ends.
 *
 * While an answer is being made nothing is read, so that a client cannot make us hold more than one
 * read of what it pipelines. That it has gone meanwhile is learnt from the socket, if the peer says
 * that it takes nothing any more (a reset): then the stream is over at once, and whoever was making
 * the answer can stop. A tunnel is read and written independently, and so are a request and its
 * answer where both go on at once, or two sides that each wait for the other to take something
 * would wait for ever.
 *
 * Given up: taking the client's end of sending for its going away. On TCP a client that has closed
 * looks like one that has only said all it had to say, and such a one gets its answer
 * [RFC 9112 §9.6]; the first octets of the answer find out which it was.
 */
#include "net/conn.h"

#include "base/check.h"
#include "base/container.h"
#include "base/memory.h"
#include "io/tls.h"
#include "net/census.h"
#include "net/conn_parts.h"

#include <string.h>

struct conn *conn_of(const struct stream *stream)
{
    struct codec_owner *owner = stream->codec->owner;
    return CONTAINER(owner, struct conn, owner);
}

const struct sock_address *conn_peer(const struct stream *stream)
{
    return &conn_of(stream)->peer;
}

const struct sock *conn_sock(const struct stream *stream)
{
    return &conn_of(stream)->sock;
}

uint64_t conn_moment(const struct stream *stream)
{
    struct conn *conn = conn_of(stream);
    struct conn_set *set = conn->set;
    bool behind = !conn->arrival.prompt || (uint32_t)stream->number != conn->arrival.first;

    if (set->turn != loop_turn(set->loop) || (behind && !conn->arrival.renewed)) {
        set->turn = loop_turn(set->loop);
        set->moment++;
    }
    conn->arrival.renewed |= behind; /* all further ones of this read share its moment */
    return set->moment;
}

static void conn_link(struct conn *conn, struct conn **list)
{
    conn->next = *list;
    conn->link = list;
    if (conn->next)
        conn->next->link = &conn->next;
    *list = conn;
}

static void conn_unlink(struct conn *conn)
{
    *conn->link = conn->next;
    if (conn->next)
        conn->next->link = conn->link;
}

static void conn_close(struct conn *conn, bool reset)
{
    struct conn_set *set = conn->set;

    sock_close(&conn->sock, reset);
    loop_timer_cancel(set->loop, &conn->watch.timer);
    conn->busy = true; /* what the service does now wakes nobody */
    conn->codec->ops->fini(conn->codec);
    octets_fini(&conn->kept);
    octets_fini(&conn->unsent);
    conn_unlink(conn);
    set->count--;
    census_leave(set->census, &conn->peer);
    conn->over = true;
    if (conn->queued)
        conn_link(conn, &set->closed); /* the queued task frees it */
    else
        memory_free(conn);
    if (set->draining && set->count == 0 && set->drained)
        set->drained(set);
}

static void conn_count_sent(struct conn *conn, size_t count)
{
    conn->watch.moved += count;
    conn->watch.sent += count;
}

/* Sends what the outbox holds. False: the connection is broken. */
static bool conn_send(struct conn *conn)
{
    struct outbox *out = &conn->set->desk.out;
    struct iovec pieces[2] = {{out->text, out->used},
                              {(void *)(uintptr_t)out->tail.at, out->tail.len}};
    int first = out->used == 0, count = out->tail.len ? 2 : 1;
    size_t whole = out->used + out->tail.len;

    if (whole == 0)
        return true;
    ssize_t sent = out->tail.len && out->steady
                       ? sock_write_steady(&conn->sock, pieces + first, count - first)
                       : sock_write(&conn->sock, pieces + first, count - first);
    if (sent == SOCK_BROKEN)
        return false;
    size_t done = sent > 0 ? (size_t)sent : 0;
    conn_count_sent(conn, done);
    conn->full = done < whole || sock_holds(&conn->sock);
    bool kept = done >= out->used || octets_add(&conn->unsent, out->text + done, out->used - done);
    size_t tail = done > out->used ? done - out->used : 0;
    out->used = 0;
    if (out->tail.len) {
        out->tail = STET_SPAN_NONE;
        conn->codec->ops->took(conn->codec, tail);
    }
    return kept;
}

/* Sends what the socket holds. False: broken. */
static bool conn_flush(struct conn *conn)
{
    ssize_t sent = sock_flush(&conn->sock);
    if (sent == SOCK_BROKEN)
        return false;
    conn_count_sent(conn, (size_t)sent);
    conn->full = sock_holds(&conn->sock);
    return true;
}

/* Sends what was kept. False: broken. */
static bool conn_send_kept(struct conn *conn)
{
    struct iovec piece = {octets_at(&conn->unsent), octets_left(&conn->unsent)};
    ssize_t sent = sock_write(&conn->sock, &piece, 1);
    if (sent == SOCK_BROKEN)
        return false;
    size_t done = sent > 0 ? (size_t)sent : 0;
    conn_count_sent(conn, done);
    conn->full = done < piece.iov_len || sock_holds(&conn->sock);
    octets_skip(&conn->unsent, done);
    return true;
}

/* The codec is ready for input. */
static bool conn_may_read(const struct conn *conn)
{
    return !conn->ended && conn->codec->ops->wants_feed(conn->codec);
}

static bool conn_has_output(const struct conn *conn)
{
    const struct outbox *out = &conn->set->desk.out;
    return out->used || out->tail.len || conn->codec->ops->wants_take(conn->codec);
}

/* Without memory it stays with HTTP/1, which refuses the rest. */
static void conn_use_h2(struct conn *conn)
{
    struct codec *codec = h2_new(&conn->owner, conn->set->desk.kit);

    if (!codec)
        return;
    conn->codec->ops->fini(conn->codec);
    conn->codec = codec;
    if (conn->set->draining)
        codec->ops->drain(codec);
}

/* By the first octets. False: there are too few yet. */
static bool conn_choose(struct conn *conn, const char *bytes, size_t size)
{
    const size_t part = size < H2_PREFACE_SIZE ? size : H2_PREFACE_SIZE;
    const bool alike = memcmp(bytes, H2_PREFACE, part) == 0;

    if (alike && part < H2_PREFACE_SIZE)
        return false;
    conn->arrival.unheard = false;
    if (alike)
        conn_use_h2(conn);
    return true;
}

/* Offers `size` octets to the codec; returns how many it consumed. */
static size_t conn_feed(struct conn *conn, const char *bytes, size_t size)
{
    if (conn->arrival.unheard && !conn_choose(conn, bytes, size)) {
        conn->blocked = false;
        return 0;
    }
    struct codec *codec = conn->codec;
    size_t used = 0, now;

    do {
        now = codec->ops->feed(codec, bytes + used, size - used, &conn->set->desk.out);
        used += now;
        conn->blocked = conn_has_output(conn) || !conn_may_read(conn);
    } while (now > 0 && used < size && !conn->blocked);
    return used;
}

/* Feeds what was kept, because output had to go first or there was too little of it. */
static void conn_feed_kept(struct conn *conn)
{
    struct octets *kept = &conn->kept;
    octets_skip(kept, conn_feed(conn, octets_at(kept), octets_left(kept)));
}

/* Feeds what was just read, behind what was kept. False when memory is out. */
static bool conn_feed_input(struct conn *conn, size_t size)
{
    const char *input = conn->set->desk.input;

    if (conn->kept.bytes) {
        if (!octets_add(&conn->kept, input, size))
            return false;
        conn_feed_kept(conn);
        return true;
    }
    size_t used = conn_feed(conn, input, size);
    return used == size || octets_add(&conn->kept, input + used, size - used);
}

/* Reads once and feeds. False: broken, or memory is out. */
static bool conn_read(struct conn *conn)
{
    bool announced = conn->arrival.announced;
    ssize_t got = sock_read(&conn->sock, conn->set->desk.input, DESK_READ);
    if (got == SOCK_BROKEN)
        return false;
    conn->arrival.readable = got == DESK_READ;
    conn->arrival.announced = conn->arrival.renewed = false;
    if (got == SOCK_AGAIN)
        return true;
    if (got == 0) {
        conn->ended = true;
        conn->codec->ops->ended(conn->codec);
        return true;
    }
    conn->watch.moved += (size_t)got;
    conn->arrival.first = (uint32_t)conn->codec->begun + 1;
    conn->arrival.prompt = announced && !conn->kept.bytes;
    return conn_feed_input(conn, (size_t)got);
}

enum conn_step { CONN_BREAK = -1, CONN_REST = 0, CONN_GO_ON = 1 };

static enum conn_step conn_went(bool well)
{
    return well ? CONN_GO_ON : CONN_BREAK;
}

/* Output that can go on: what was kept, then what the codec has. */
static enum conn_step conn_put(struct conn *conn)
{
    if (conn->unsent.bytes)
        return conn_went(conn_send_kept(conn));
    conn->codec->ops->take(conn->codec, &conn->set->desk.out);
    return CONN_GO_ON;
}

/* Early data is heard though no answer can leave yet; but its answers do not pile up. */
static bool conn_hears_early(const struct conn *conn)
{
    return conn->arrival.early && octets_left(&conn->unsent) < conn->set->limits->early_data_size;
}

/* Output that waits for the socket bars the input, but not that which goes to the service beside
 * it: in a tunnel, or content of the request that is being answered. */
static bool conn_is_barred(const struct conn *conn)
{
    const enum codec_wait wait = conn->codec->ops->waits(conn->codec);
    return wait != CODEC_TUNNEL && wait != CODEC_ANSWER && !conn_hears_early(conn);
}

/* One step of a turn: output before input. What the codec has to send beside what is already there
 * leaves in the same call. */
static enum conn_step conn_step(struct conn *conn)
{
    struct codec *codec = conn->codec;
    struct outbox *out = &conn->set->desk.out;

    if (out->used || out->tail.len) {
        if (!out->tail.len && codec->ops->wants_take(codec))
            codec->ops->take(codec, out);
        return conn_went(conn_send(conn));
    }
    if (sock_holds(&conn->sock) && !conn->full)
        return conn_went(conn_flush(conn));
    if (conn->unsent.bytes || codec->ops->wants_take(codec)) {
        if (!conn->full)
            return conn_put(conn);
        if (conn_is_barred(conn))
            return CONN_REST;
    }
    const bool waiting = conn->kept.bytes && conn->blocked;
    if (!(waiting || conn->arrival.readable) || !conn_may_read(conn))
        return CONN_REST;
    if (!waiting)
        return conn_went(conn_read(conn));
    conn_feed_kept(conn);
    return CONN_GO_ON;
}

/* The client has gone, and no read or write is about to find out. */
static bool conn_is_forsaken(const struct conn *conn, enum codec_wait wait)
{
    return conn->arrival.gone &&
           (wait == CODEC_ANSWER || wait == CODEC_SENDING || (wait == CODEC_TUNNEL && conn->ended));
}

/* Ends in stages: say that no more comes, read until the client has seen it [RFC 9112 §9.6]. */
static bool conn_end_stage(struct conn *conn, enum codec_wait wait)
{
    if (wait < CODEC_ANSWER || conn->unsent.bytes || sock_holds(&conn->sock) ||
        conn->codec->ops->wants_take(conn->codec)) /* a read or a write is still to come */
        return true;
    if (wait == CODEC_BROKEN || conn_is_forsaken(conn, wait)) {
        conn_close(conn, true);
        return false;
    }
    if (wait < CODEC_HALF)
        return true;
    if (!conn->shut && (!conn->ended || conn->sock.tls)) {
        sock_shutdown(&conn->sock);
        conn->shut = true;
        conn->full |= sock_holds(&conn->sock);
    }
    if (!conn->ended || sock_holds(&conn->sock))
        return true;
    conn_close(conn, false);
    return false;
}

/* Over, but for its closure alert. False: nothing of that waits for the socket. */
static bool conn_part(struct conn *conn)
{
    if (!conn->sock.tls || conn->shut)
        return false;
    sock_shutdown(&conn->sock);
    conn->shut = true;
    conn->watch.parting = conn->full = sock_holds(&conn->sock);
    return conn->watch.parting && conn_deadline(conn, CODEC_OVER);
}

/* The rest of it. */
static void conn_part_more(struct conn *conn)
{
    const bool well = conn->full || conn_flush(conn);
    if (!well || !sock_holds(&conn->sock))
        conn_close(conn, !well);
}

/* In a graceful stop a connection that has nothing to read, to do or to say is over. */
static void conn_leave(struct conn *conn)
{
    struct codec *codec = conn->codec;
    if (!conn->unsent.bytes && codec->ops->waits(codec) == CODEC_IDLE)
        codec->ops->ended(codec);
}

static void conn_queue(struct conn *conn)
{
    if (conn->queued)
        return;
    conn->queued = true;
    loop_defer(conn->set->loop, &conn->task);
}

/* As much as may be done now, within the turn's share. */
static void conn_turn(struct conn *conn)
{
    uint64_t until = conn->watch.moved + conn->set->limits->send_turn;
    enum conn_step step;

    if (conn->watch.parting) {
        conn_part_more(conn);
        return;
    }
    desk_open(&conn->set->desk, loop_wall(conn->set->loop));
    conn->busy = true;
    do {
        step = conn_step(conn);
    } while (step == CONN_GO_ON && (conn->watch.moved < until || conn->set->desk.out.used ||
                                    conn->set->desk.out.tail.len));
    conn->busy = false;
    desk_close(&conn->set->desk);
    if (step == CONN_BREAK) {
        conn_close(conn, true);
        return;
    }
    if (step == CONN_GO_ON)
        conn_queue(conn);
    else if (conn->set->draining)
        conn_leave(conn);
    const enum codec_wait wait = conn->codec->ops->waits(conn->codec);
    if (conn_end_stage(conn, wait) && !conn_deadline(conn, wait))
        conn_close(conn, true);
}

static void conn_ready(struct sock *sock, unsigned events)
{
    struct conn *conn = CONTAINER(sock, struct conn, sock);

    if (events & SOCK_READABLE)
        conn->arrival.readable = conn->arrival.announced = true;
    if (events & SOCK_WRITABLE)
        conn->full = false;
    if (events & SOCK_GONE)
        conn->arrival.gone = true;
    if (conn->arrival.early)
        conn_shaken(conn);
    conn_turn(conn);
}

static void conn_run(struct task *task)
{
    struct conn *conn = CONTAINER(task, struct conn, task);

    conn->queued = false;
    if (conn->over) { /* closed meanwhile */
        conn_unlink(conn);
        memory_free(conn);
        return;
    }
    conn_turn(conn);
}

static void conn_wake(struct codec_owner *owner)
{
    struct conn *conn = CONTAINER(owner, struct conn, owner);
    if (!conn->busy)
        conn_queue(conn);
}

/* HTTP/2 says that it ends, and with which request, before it does [RFC 9113 §6.8]. */
static bool conn_says_goodbye(const struct conn *conn, enum deadline_phase phase)
{
    return phase == DEADLINE_HEAD || phase == DEADLINE_CONTENT ||
           (phase == DEADLINE_IDLE && conn->codec->ops->due &&
            conn->codec->ops->waits(conn->codec) == CODEC_IDLE);
}

static void conn_expire(struct conn *conn)
{
    enum deadline_phase phase = conn->watch.deadline.phase;

    if (conn_says_goodbye(conn, phase)) {
        desk_open(&conn->set->desk, loop_wall(conn->set->loop));
        conn->codec->ops->expired(conn->codec, &conn->set->desk.out);
        conn_turn(conn);
        return;
    }
    /* A reset would take from a client what it has not received yet: that is for those who do not
     * take it, not for those who do not end. */
    if (phase == DEADLINE_SENDING || !conn_part(conn))
        conn_close(conn, phase == DEADLINE_SENDING);
}

/* Streams that have missed their deadlines end, the connection goes on. */
static void conn_expire_streams(struct conn *conn)
{
    const struct codec_pace pace = conn_pace(conn);

    desk_open(&conn->set->desk, loop_wall(conn->set->loop));
    conn->codec->ops->late(conn->codec, &pace, &conn->set->desk.out);
    conn_turn(conn);
}

static void conn_fire(struct timer *timer)
{
    struct conn *conn = CONTAINER(timer, struct conn, watch.timer);
    const int64_t now = loop_now(conn->set->loop);
    const enum deadline_phase phase = conn->watch.deadline.phase;

    if (deadline_missed(&conn->watch.deadline, conn->set->limits, now, conn_moved(conn, phase)))
        conn_expire(conn);
    else if (now >= conn->watch.stream)
        conn_expire_streams(conn);
    else if (!conn_time(conn))
        conn_close(conn, true);
}

/* A connection that is counted already; NULL, and counted out, when it may not be. */
static struct conn *conn_new(struct conn_set *set, const struct sock_address *peer)
{
    struct conn *conn = set->draining ? NULL : memory_new_zero(sizeof *conn);

    if (!conn) {
        census_leave(set->census, peer);
        return NULL;
    }
    conn->sock.ready = conn_ready;
    conn->set = set;
    conn->watch.timer.fire = conn_fire;
    conn->task.run = conn_run;
    conn->peer = *peer;
    return conn;
}

/* Begins, now that it has its socket. */
static void conn_begin(struct conn *conn)
{
    struct conn_set *set = conn->set;

    conn->owner = (struct codec_owner){set->service, set->service_owner, conn_wake,
                                       conn->sock.tls ? STET_SPAN("https") : STET_SPAN("http")};
    h1_init(&conn->h1, &conn->owner, set->limits, set->desk.head);
    conn->codec = &conn->h1.codec;
    conn_link(conn, &set->first);
    set->count++;
    const char *protocol = sock_protocol(&conn->sock);
    if (protocol && strcmp(protocol, "h2") == 0)
        conn_use_h2(conn);
    conn->arrival.unheard = !set->no_h2c && !conn->sock.tls;
    conn->arrival.early = tls_is_early(&conn->sock);
    conn->watch.deadline.since = loop_now(set->loop);
}

void conn_open(struct conn_set *set, struct sock *sock, const struct sock_address *peer)
{
    struct conn *conn = census_enter(set->census, peer) ? conn_new(set, peer) : NULL;

    if (!conn) {
        sock_close(sock, true);
        return;
    }
    conn->sock = *sock;
    conn->sock.ready = conn_ready;
    conn_begin(conn);
    if (!sock_start(&conn->sock) || !conn_deadline(conn, CODEC_IDLE))
        conn_close(conn, true);
}

void conn_adopt(struct conn_set *set, struct sock *sock, const struct sock_address *peer)
{
    struct conn *conn = conn_new(set, peer);

    if (!conn) {
        sock_close(sock, true);
        return;
    }
    const bool moved = sock_move(sock, &conn->sock);
    conn_begin(conn);
    if (!moved || !conn_deadline(conn, CODEC_IDLE))
        conn_close(conn, true);
}

bool conn_set_init(struct conn_set *set)
{
    return desk_init(&set->desk, set->limits);
}

void conn_set_drain(struct conn_set *set)
{
    set->draining = true;
    for (struct conn *conn = set->first; conn; conn = conn->next) {
        conn->codec->ops->drain(conn->codec);
        conn->arrival.readable = true; /* a request may be there that no event has announced yet */
        conn_queue(conn);
    }
    if (set->count == 0 && set->drained)
        set->drained(set);
}

void conn_set_fini(struct conn_set *set)
{
    set->drained = NULL;
    while (set->first)
        conn_close(set->first, true);
    while (set->closed) { /* the loop drops their tasks unseen */
        struct conn *conn = set->closed;
        conn_unlink(conn);
        memory_free(conn);
    }
    desk_fini(&set->desk);
}
