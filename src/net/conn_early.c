/* Connections whose handshake is not over, though requests have come: early data.
 *
 *     early: requests are read and judged, answers wait --> the handshake is over: all goes on
 *
 * What is read then may have been recorded elsewhere and sent again by anyone, until the client has
 * ended the handshake, which nobody else can. Who has to know whether it does asks, and waits.
 */
#include "base/check.h"
#include "io/tls.h"
#include "net/conn_parts.h"

bool conn_is_early(const struct stream *stream)
{
    const struct conn *conn = conn_of(stream);
    const bool failed = conn->sock.tls && tls_state(&conn->sock) == TLS_FAILED;

    return tls_is_early(&conn->sock) || (conn->arrival.early && failed);
}

void conn_await(const struct stream *stream, struct conn_awaiting *awaiting)
{
    struct conn_awaiting **list = &conn_of(stream)->arrival.awaiting;

    CHECK(!awaiting->link);
    awaiting->next = *list;
    awaiting->link = list;
    if (awaiting->next)
        awaiting->next->link = &awaiting->next;
    *list = awaiting;
}

void conn_forget(struct conn_awaiting *awaiting)
{
    if (!awaiting->link)
        return;
    *awaiting->link = awaiting->next;
    if (awaiting->next)
        awaiting->next->link = awaiting->link;
    awaiting->link = NULL;
}

void conn_shaken(struct conn *conn)
{
    if (tls_is_early(&conn->sock))
        return;
    if (tls_state(&conn->sock) == TLS_FAILED) {
        conn->arrival.gone = true; /* whoever waits, waits for nothing; it stays early */
        return;
    }
    conn->arrival.early = false;
    conn->busy = true; /* a turn comes behind this */
    while (conn->arrival.awaiting) {
        struct conn_awaiting *awaiting = conn->arrival.awaiting;
        conn_forget(awaiting);
        awaiting->opened(awaiting);
    }
    conn->busy = false;
}
