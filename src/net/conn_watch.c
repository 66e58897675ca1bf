/* What a connection waits for, and until when.
 *
 * Output that the socket does not take comes before all else; then the connection's own end; then
 * whatever the codec waits for. See net/deadline.h for how long each may last. Where a connection
 * has many streams each has its own deadline for content and for sending, which the codec keeps.
 */
#include "net/conn_parts.h"

static bool conn_is_full(const struct conn *conn)
{
    return conn->unsent.bytes || conn->full || sock_holds(&conn->sock);
}

static enum deadline_phase conn_phase(const struct conn *conn, enum codec_wait wait)
{
    if (conn->arrival.early)
        return DEADLINE_HANDSHAKE;
    if (conn_is_full(conn))
        return DEADLINE_SENDING;
    if (conn->shut && wait != CODEC_HALF)
        return DEADLINE_LINGER;
    if (conn->codec->ops->due && (wait == CODEC_CONTENT || wait == CODEC_SENDING))
        return DEADLINE_ANSWER;
    switch (wait) {
    case CODEC_HEAD:
        return DEADLINE_HEAD;
    case CODEC_CONTENT:
        return DEADLINE_CONTENT;
    case CODEC_ANSWER:
        return DEADLINE_ANSWER;
    case CODEC_SENDING:
        return DEADLINE_SENDING;
    case CODEC_TUNNEL:
    case CODEC_HALF:
        return DEADLINE_TUNNEL;
    default:
        return conn->arrival.unheard && conn->kept.bytes ? DEADLINE_HEAD : DEADLINE_IDLE;
    }
}

/* What a client sends is no reason to wait for it to take something. */
uint64_t conn_moved(const struct conn *conn, enum deadline_phase phase)
{
    return phase == DEADLINE_SENDING ? conn->watch.sent : conn->watch.moved;
}

struct codec_pace conn_pace(const struct conn *conn)
{
    return (struct codec_pace){
        .now = loop_now(conn->set->loop), .sent = conn->watch.sent, .full = conn_is_full(conn)};
}

bool conn_time(struct conn *conn)
{
    int64_t due = deadline_due(&conn->watch.deadline, conn->set->limits);

    due = conn->watch.stream < due ? conn->watch.stream : due;
    if (due == INT64_MAX || (conn->watch.timer.place && conn->watch.timer.due <= due))
        return true;
    return loop_timer_set(conn->set->loop, &conn->watch.timer, due);
}

bool conn_deadline(struct conn *conn, enum codec_wait wait)
{
    const struct codec_pace pace = conn_pace(conn);
    const struct codec *codec = conn->codec;
    enum deadline_phase phase = conn_phase(conn, wait);
    bool single = phase == DEADLINE_IDLE || phase == DEADLINE_HEAD || phase == DEADLINE_CONTENT;

    deadline_enter(&conn->watch.deadline, phase, single ? (uint32_t)codec->begun : 0, pace.now,
                   conn_moved(conn, phase));
    conn->watch.stream = codec->ops->due ? codec->ops->due(conn->codec, &pace) : INT64_MAX;
    return conn_time(conn);
}
