/* What goes through a socket that speaks TLS once it is open: records, in and out.
 *
 *     sock_read  <- gnutls <- tls_pull <- desk.in  <- one read of the socket
 *     sock_write -> gnutls -> tls_push -> desk.out -> one send for many records
 *
 * GnuTLS would read each record in two calls and send each in one. So it reads from a buffer of the
 * loop, and writes into another. In is read no more than the caller has asked for: since records
 * shrink when they are decrypted, whole ones find room with the caller, and the rest of the last
 * one is kept by GnuTLS; nothing else is left over, but after a handshake.
 *
 * Reads go on until the socket has no more, whatever GnuTLS says in between: it tells "again" also
 * after a record that held no data. So when a read gives less than was asked for, nothing waits
 * anywhere for an event that will not come. Only of records that hold little or nothing not all are
 * read in one call: then the socket asks for another.
 *
 * What the socket does not take of a send is kept, and is what the socket holds. So that it is not
 * much, as much is encrypted at once as the socket took last time, twice that if it took all, half
 * if it did not.
 *
 * After a pause the first records are small enough for one packet each: a client can use the first
 * before the second has come. Later they are as large as may be.
 *
 * An end without a closure alert is not shown to GnuTLS, which would give the session up: we can
 * still write, and the caller is told that the stream was cut.
 *
 * Given up: sending steady memory without a copy, for encrypting is one; and kernel TLS.
 */
#include "io/tls_parts.h"

#include "base/check.h"
#include "base/memory.h"

#include <errno.h>
#include <string.h>

/* So much goes in small records after a pause of so many ns. */
enum { TLS_SMALL_OCTETS = 16 * TLS_RECORD_SMALL };
static const int64_t tls_pause = 1000000000;

/* ---- holds ---- */

bool tls_hold_add(struct tls_hold *hold, const char *bytes, size_t size)
{
    size_t left = tls_hold_left(hold);
    char *grown;

    if (size == 0)
        return true;
    grown = memory_new(left + size);
    if (!grown)
        return false;
    if (left > 0)
        memcpy(grown, hold->bytes + hold->at, left);
    memcpy(grown + left, bytes, size);
    memory_free(hold->bytes);
    *hold = (struct tls_hold){grown, 0, (uint32_t)(left + size)};
    return true;
}

void tls_hold_skip(struct tls_hold *hold, size_t size)
{
    hold->at += (uint32_t)size;
    if (hold->at == hold->end) {
        memory_free(hold->bytes);
        *hold = (struct tls_hold){0};
    }
}

bool tls_holds(const struct tls *tls)
{
    return tls->out.unsent.bytes != NULL;
}

/* ---- the desk ---- */

struct tls_desk *tls_enter(struct tls *tls)
{
    struct tls_desk *desk = tls->sock->loop->tls;

    CHECK(!desk->user);
    desk->user = tls;
    desk->in_at = desk->used = 0;
    desk->in_end = tls_hold_left(&tls->kept);
    desk->want = TLS_READ;
    desk->dry = desk->more = false;
    desk->left = TLS_TURN;
    CHECK(desk->in_end <= TLS_READ);
    if (desk->in_end > 0) {
        memcpy(desk->in, tls->kept.bytes + tls->kept.at, desk->in_end);
        tls_hold_skip(&tls->kept, desk->in_end);
    }
    tls_clock_set(tls->sock->loop->wall);
    return desk;
}

bool tls_leave(struct tls *tls)
{
    struct tls_desk *desk = tls->sock->loop->tls;
    bool well = tls_depart(tls);

    if (!tls_hold_add(&tls->kept, desk->in + desk->in_at, desk->in_end - desk->in_at)) {
        tls->end = TLS_END_BROKEN;
        well = false;
    }
    desk->user = NULL;
    if (desk->more)
        tls->sock->loop->ops->sock_again(tls->sock);
    return well;
}

void tls_desk_free(struct tls_desk *desk)
{
    memory_free(desk);
}

/* ---- in ---- */

bool tls_in_vain(const struct tls *tls)
{
    return tls->heard.vain > tls->context->handshake_size + tls->context->early_size;
}

/* Reads into the empty desk. What comes by this end, the cut and the clean one, is told later. */
static ssize_t tls_refill(struct tls *tls, struct tls_desk *desk)
{
    size_t want = desk->want < TLS_READ_LEAST ? TLS_READ_LEAST : desk->want;
    ssize_t got;

    if (want > TLS_READ)
        want = TLS_READ;
    if (desk->dry || tls->ended || tls_in_vain(tls))
        return SOCK_AGAIN;
    desk->more = desk->left == 0;
    if (desk->more)
        return SOCK_AGAIN;
    got = tls->sock->loop->ops->sock_read(tls->sock, desk->in, want);
    desk->dry = got < (ssize_t)want;
    tls->ended = got == 0;
    desk->in_at = 0;
    desk->in_end = got > 0 ? (size_t)got : 0;
    desk->left -= desk->in_end < desk->left ? desk->in_end : desk->left;
    tls->heard.vain += (uint32_t)desk->in_end;
    if (tls->heard.first == 0 && got > 0)
        tls->heard.first = (uint8_t)desk->in[0];
    return got == 0 ? SOCK_AGAIN : got;
}

ssize_t tls_pull(gnutls_transport_ptr_t owner, void *to, size_t size)
{
    struct tls *tls = owner;
    struct tls_desk *desk = tls->sock->loop->tls;

    CHECK(desk->user == tls);
    if (desk->in_at == desk->in_end) {
        ssize_t got = tls_refill(tls, desk);
        if (got < 0) {
            desk->dry = true;
            gnutls_transport_set_errno(tls->session, got == SOCK_AGAIN ? EAGAIN : ECONNRESET);
            return -1;
        }
    }
    if (size > desk->in_end - desk->in_at)
        size = desk->in_end - desk->in_at;
    memcpy(to, desk->in + desk->in_at, size);
    desk->in_at += size;
    return (ssize_t)size;
}

/* GnuTLS asks only where it would wait, which our sockets do not. */
int tls_pull_timeout(gnutls_transport_ptr_t owner, unsigned ms)
{
    (void)owner, (void)ms;
    return 1;
}

/* What a result of GnuTLS that is no data says of the connection. */
static enum tls_end tls_ending(struct tls *tls, ssize_t result)
{
    if (result == 0)
        return TLS_END_CLEAN;
    if (!gnutls_error_is_fatal((int)result) && result != GNUTLS_E_REHANDSHAKE)
        return TLS_END_NONE;
    if (result == GNUTLS_E_FATAL_ALERT_RECEIVED)
        tls->alert = (int16_t)gnutls_alert_get(tls->session);
    else if (result != GNUTLS_E_PULL_ERROR)
        (void)gnutls_alert_send_appropriate(tls->session, (int)result);
    tls->error = (int)result;
    tls->broken = true;
    return TLS_END_BROKEN;
}

/* Decrypts what is there into `to`; how many octets that is. */
static size_t tls_decrypt(struct tls *tls, struct tls_desk *desk, char *to, size_t size)
{
    size_t got = 0;

    while (got < size && tls->end == TLS_END_NONE) {
        desk->want = size - got;
        ssize_t now = gnutls_record_recv(tls->session, to + got, size - got);
        if (now <= 0)
            tls->end = (uint8_t)tls_ending(tls, now);
        else
            tls->heard.vain = 0;
        got += now > 0 ? (size_t)now : 0;
        if (now < 0 && tls_desk_dry(desk))
            break;
    }
    if (tls->end == TLS_END_NONE && tls_in_vain(tls))
        tls->end = (uint8_t)tls_ending(tls, GNUTLS_E_TOO_MANY_EMPTY_PACKETS);
    if (tls->end == TLS_END_NONE && tls->ended && got < size)
        tls->end = TLS_END_CUT;
    return got;
}

ssize_t tls_read(struct tls *tls, void *to, size_t size)
{
    size_t got = tls->prelude.octets.bytes ? tls_early_take(tls, to, size) : 0;

    CHECK(tls->state != TLS_SHAKES);
    if (tls->state == TLS_EARLY)
        return got > 0 ? (ssize_t)got : SOCK_AGAIN;
    if (tls->state == TLS_FAILED)
        return SOCK_BROKEN;
    if (tls->end == TLS_END_NONE && got < size) {
        struct tls_desk *desk = tls_enter(tls);
        got += tls_decrypt(tls, desk, (char *)to + got, size - got);
        tls_client_remember(tls);
        if (!tls_leave(tls))
            tls->broken = true;
    }
    if (got > 0) {
        /* The end behind it is known, and no event will tell it. */
        if (got < size && tls->end != TLS_END_NONE)
            tls->sock->loop->ops->sock_again(tls->sock);
        return (ssize_t)got;
    }
    if (tls->end == TLS_END_NONE)
        return SOCK_AGAIN;
    return tls->end == TLS_END_BROKEN ? SOCK_BROKEN : 0;
}

/* ---- out ---- */

ssize_t tls_push(gnutls_transport_ptr_t owner, const void *bytes, size_t size)
{
    struct tls *tls = owner;
    struct tls_desk *desk = tls->sock->loop->tls;

    CHECK(desk->user == tls);
    if (size > TLS_OUT - desk->used) {
        gnutls_transport_set_errno(tls->session, EMSGSIZE);
        return -1;
    }
    memcpy(desk->out + desk->used, bytes, size);
    desk->used += size;
    return (ssize_t)size;
}

/* How many of the octets the socket takes; -1: it is broken. */
static ssize_t tls_send(struct tls *tls, char *bytes, size_t size)
{
    const struct iovec piece = {bytes, size};
    ssize_t sent = tls->sock->loop->ops->sock_write(tls->sock, &piece, 1);

    if (sent == SOCK_BROKEN) {
        tls->broken = true;
        tls_hold_skip(&tls->out.unsent, tls_hold_left(&tls->out.unsent));
        return -1;
    }
    return sent > 0 ? sent : 0;
}

/* Sends what waits; how many octets went, or -1. */
static ssize_t tls_send_unsent(struct tls *tls)
{
    struct tls_hold *unsent = &tls->out.unsent;
    ssize_t sent = 0;

    if (tls->broken)
        return -1;
    if (unsent->bytes)
        sent = tls_send(tls, unsent->bytes + unsent->at, tls_hold_left(unsent));
    if (sent > 0)
        tls_hold_skip(unsent, (size_t)sent);
    return sent;
}

bool tls_depart(struct tls *tls)
{
    struct tls_desk *desk = tls->sock->loop->tls;
    size_t used = desk->used;
    ssize_t sent = 0;

    desk->used = 0;
    if (used == 0)
        return true;
    if (!tls->out.unsent.bytes)
        sent = tls_send(tls, desk->out, used);
    if (sent < 0)
        return false;
    if (tls_hold_add(&tls->out.unsent, desk->out + sent, used - (size_t)sent))
        return true;
    tls->broken = true;
    return false;
}

/* What is still to be encrypted of the pieces of a write. */
struct tls_cursor {
    const struct iovec *piece;
    int left; /* pieces */
    size_t at;
};

/* Octets for the next record, at most `most`: from one piece if that is enough, else put together.
 */
static struct iovec tls_next(struct tls_cursor cursor, struct tls_desk *desk, size_t most)
{
    const struct iovec *piece = cursor.piece;
    size_t len = piece->iov_len - cursor.at, joined = 0;

    if (len >= most || cursor.left == 1)
        return (struct iovec){(char *)piece->iov_base + cursor.at, len < most ? len : most};
    while (cursor.left > 0 && joined < most) {
        len = cursor.piece->iov_len - cursor.at;
        len = len < most - joined ? len : most - joined;
        memcpy(desk->plain + joined, (char *)cursor.piece->iov_base + cursor.at, len);
        joined += len;
        cursor.piece++;
        cursor.left--;
        cursor.at = 0;
    }
    return (struct iovec){desk->plain, joined};
}

static void tls_advance(struct tls_cursor *cursor, size_t size)
{
    cursor->at += size;
    while (cursor->left > 0 && cursor->at >= cursor->piece->iov_len) {
        cursor->at -= cursor->piece->iov_len;
        cursor->piece++;
        cursor->left--;
    }
}

static size_t tls_record_size(const struct tls *tls, size_t burst)
{
    size_t most = tls->out.small > 0 ? TLS_RECORD_SMALL : TLS_RECORD;
    return most < burst ? most : burst;
}

/* Encrypts at most `burst` octets onto the desk; how many, or -1. */
static ssize_t tls_encrypt(struct tls *tls, struct tls_cursor *cursor, size_t burst)
{
    struct tls_desk *desk = tls->sock->loop->tls;
    size_t done = 0;

    while (done < burst && cursor->left > 0 && desk->used < TLS_OUT - 2 * TLS_RECORD) {
        struct iovec next = tls_next(*cursor, desk, tls_record_size(tls, burst - done));
        ssize_t now = gnutls_record_send(tls->session, next.iov_base, next.iov_len);
        if (now <= 0) {
            tls->broken = true;
            return -1;
        }
        tls_advance(cursor, (size_t)now);
        tls->out.small -= tls->out.small < now ? tls->out.small : (uint32_t)now;
        done += (size_t)now;
    }
    return (ssize_t)done;
}

/* As much as the socket takes, and what was encrypted with the last of it; or -1. */
static ssize_t tls_write_bursts(struct tls *tls, struct tls_cursor cursor)
{
    size_t done = 0;

    tls_advance(&cursor, 0);
    while (cursor.left > 0 && !tls_holds(tls)) {
        ssize_t now = tls_encrypt(tls, &cursor, tls->out.burst);
        if (now < 0 || !tls_depart(tls))
            return -1;
        done += (size_t)now;
        if (tls_holds(tls))
            tls->out.burst =
                tls->out.burst > TLS_BURST_LEAST ? tls->out.burst / 2 : TLS_BURST_LEAST;
        else if (now == tls->out.burst)
            tls->out.burst =
                tls->out.burst < TLS_BURST_MOST / 2 ? 2 * tls->out.burst : TLS_BURST_MOST;
    }
    return (ssize_t)done;
}

ssize_t tls_write(struct tls *tls, const struct iovec *pieces, int count)
{
    const int64_t now = tls->sock->loop->now;
    ssize_t done;

    CHECK(tls->state != TLS_SHAKES);
    if (tls->state == TLS_EARLY)
        return SOCK_AGAIN;
    if (tls->state == TLS_FAILED || tls->notified || tls_send_unsent(tls) < 0)
        return SOCK_BROKEN;
    if (tls_holds(tls))
        return SOCK_AGAIN;
    if (now - tls->out.wrote > tls_pause)
        tls->out.small = TLS_SMALL_OCTETS;
    tls->out.wrote = now;
    tls_enter(tls);
    done = tls_write_bursts(tls, (struct tls_cursor){pieces, count, 0});
    if (!tls_leave(tls) || done < 0)
        return SOCK_BROKEN;
    return done;
}

ssize_t tls_flush(struct tls *tls)
{
    ssize_t sent = tls_send_unsent(tls);

    if (sent < 0)
        return SOCK_BROKEN;
    if (tls->shut && !tls_holds(tls))
        tls->sock->loop->ops->sock_shutdown(tls->sock);
    tls->shut &= tls_holds(tls);
    return sent;
}

/* ---- the end ---- */

/* [RFC 8446 §6.1] */
void tls_notify(struct tls *tls)
{
    if (tls->state == TLS_OPEN && !tls->broken && !tls->notified)
        (void)gnutls_bye(tls->session, GNUTLS_SHUT_WR);
    tls->notified = true;
}

void tls_shutdown(struct tls *tls)
{
    tls_enter(tls);
    tls_notify(tls);
    (void)tls_leave(tls);
    tls->shut = true;
    (void)tls_flush(tls);
}
