/* What a connection waits for, and until when.
 *
 * Output that the socket does not take comes before all else; then the connection's own end; then
 * whatever the codec waits for. See net/deadline.h for how long each may last.
 */
#include "net/conn_parts.h"

static enum deadline_phase conn_phase(const struct conn *conn, enum codec_wait wait)
{
    if (conn->unsent.bytes || conn->full || sock_holds(&conn->sock))
        return DEADLINE_SENDING;
    if (conn->shut && wait != CODEC_HALF)
        return DEADLINE_LINGER;
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

bool conn_time(struct conn *conn)
{
    int64_t due = deadline_due(&conn->watch.deadline, conn->set->limits);
    if (due == INT64_MAX || (conn->watch.timer.place && conn->watch.timer.due <= due))
        return true;
    return loop_timer_set(conn->set->loop, &conn->watch.timer, due);
}

bool conn_deadline(struct conn *conn, enum codec_wait wait)
{
    enum deadline_phase phase = conn_phase(conn, wait);
    bool single = phase == DEADLINE_HEAD || phase == DEADLINE_CONTENT;

    deadline_enter(&conn->watch.deadline, phase, single ? (uint32_t)conn->codec->begun : 0,
                   loop_now(conn->set->loop), conn->watch.moved);
    return conn_time(conn);
}
