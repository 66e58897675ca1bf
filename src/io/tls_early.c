/* Early data: what a client that comes again sends with its first octets, before the handshake is
 * over [RFC 8446 §2.3].
 *
 *     TLS_SHAKES --octets of early data--> TLS_EARLY --the client's end--> TLS_OPEN
 *                                           read, not written               read the rest, write
 *
 * GnuTLS keeps it until it is asked, which may be while the handshake waits for the client. From
 * there it goes to the socket's own hold, which sock_read empties first.
 *
 * Given up: to write before the handshake is over, as TLS allows. GnuTLS makes the keys for it only
 * when the client has said that its early data ends.
 */
#include "io/tls_parts.h"

#include "base/check.h"

#include <string.h>

/* How much is asked for at once: a record. */
enum { TLS_EARLY_PIECE = TLS_RECORD };

bool tls_early_gather(struct tls *tls)
{
    struct tls_desk *desk = tls->sock->loop->tls;
    ssize_t got;

    CHECK(desk->user == tls);
    if (!tls->context->server || !tls->context->replay)
        return true;
    while ((got = gnutls_record_recv_early_data(tls->session, desk->plain, TLS_EARLY_PIECE)) > 0)
        if (!tls_hold_add(&tls->early, desk->plain, (size_t)got))
            return false;
    if (tls->state == TLS_SHAKES && tls->early.bytes)
        tls->state = TLS_EARLY;
    return true;
}

size_t tls_early_take(struct tls *tls, void *to, size_t size)
{
    const size_t left = tls_hold_left(&tls->early);
    const size_t count = left < size ? left : size;

    if (count == 0)
        return 0;
    memcpy(to, tls->early.bytes + tls->early.at, count);
    tls_hold_skip(&tls->early, count);
    return count;
}

bool tls_is_early(const struct sock *sock)
{
    return sock->tls && sock->tls->state == TLS_EARLY;
}
