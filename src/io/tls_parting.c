/* The end of a server's socket whose handshake has failed: the client shall hear why.
 *
 *     TLS_FAILED -> what is to be said has gone -> no more from us -> the client's end, or enough
 *
 * The alert is a few octets, which a socket takes at once unless the client has closed its window.
 * More common is that the client still sends: a close would then be a reset, and the reset might
 * arrive before the alert was read. So what comes is thrown away for a while.
 *
 * Given up: to go on behind an alert of the client, or when the connection broke: nobody listens.
 */
#include "base/check.h"
#include "base/memory.h"
#include "io/tls_parts.h"

#include <string.h>

/* Reads of one call: a client that has sent more does not listen. */
enum { TLS_EBB_READS = 16 };

bool tls_answer_clear(struct sock *sock, const void *bytes, size_t size)
{
    struct tls *tls = sock->tls;
    char *copy = memory_new(size);

    CHECK(tls->state == TLS_FAILED && tls->fault == TLS_FAULT_CLEAR && !tls->out.unsent.bytes);
    if (!copy)
        return false;
    memcpy(copy, bytes, size);
    tls->out.unsent = (struct tls_hold){copy, 0, (uint32_t)size};
    return true;
}

/* Throws away what has come. True: that was the end, or it is too much. */
static bool tls_ebb(struct tls *tls)
{
    struct sock *sock = tls->sock;
    char *to = sock->loop->tls->in;
    ssize_t got = TLS_READ;

    CHECK(!sock->loop->tls->user);
    for (int i = 0; i < TLS_EBB_READS && got == TLS_READ; i++)
        got = sock->loop->ops->sock_read(sock, to, TLS_READ);
    return got == 0 || got == TLS_READ || got == SOCK_BROKEN;
}

bool tls_part(struct sock *sock)
{
    struct tls *tls = sock->tls;

    CHECK(tls->state == TLS_FAILED && tls->context->server);
    if (tls->broken || tls->fault == TLS_FAULT_CONNECTION || tls->fault == TLS_FAULT_ALERT)
        return true;
    if (!tls->notified)
        tls->shut = tls->notified = true; /* tls_flush says so when all has gone */
    if (tls_flush(tls) < 0)
        return true;
    return tls->ended ? !tls_holds(tls) : tls_ebb(tls);
}
