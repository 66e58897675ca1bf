/* Early data: what a client that comes again sends with its first octets, before the handshake is
 * over [RFC 8446 §2.3].
 *
 *     TLS_SHAKES --octets of early data--> TLS_EARLY --the client's end--> TLS_OPEN
 *                                           read, not written               read the rest, write
 *
 * GnuTLS keeps it until it is asked, which may be while the handshake waits for the client. From
 * there it goes to the socket's own hold, which sock_read empties first.
 *
 * A client whose key is for another group than ours says hello twice, and its early data is refused
 * [RFC 8446 §4.2.10]. GnuTLS 3.7 takes it with the first hello and then fails; so we look before.
 *
 * Given up: to write before the handshake is over, as TLS allows. GnuTLS makes the keys for it only
 * when the client has said that its early data ends.
 */
#include "io/tls_parts.h"

#include "base/check.h"

#include <string.h>

/* How much is asked for at once: a record. */
enum { TLS_EARLY_PIECE = TLS_RECORD };

/* What of a hello decides whether there will be another. */
struct early_hello {
    uint16_t group;            /* the best of those that the client knows; 0: none */
    const unsigned char *keys; /* those that it has sent, with their groups */
    unsigned size;
};

static unsigned early_number(const unsigned char *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* Is the number in this list? */
static bool early_has(const unsigned char *at, unsigned size, unsigned number)
{
    for (unsigned i = 0; i + 2 <= size; i += 2)
        if (early_number(at + i) == number)
            return true;
    return false;
}

static int early_extension(void *owner, unsigned type, const unsigned char *data, unsigned size)
{
    enum { EARLY_GROUPS = 10, EARLY_KEYS = 51 };
    struct early_hello *hello = owner;

    if (size < 2)
        return 0;
    for (int i = 0; type == EARLY_GROUPS && i < TLS_GROUPS && !hello->group; i++)
        if (early_has(data + 2, size - 2, tls_groups[i]))
            hello->group = tls_groups[i];
    if (type == EARLY_KEYS) {
        hello->keys = data + 2;
        hello->size = size - 2;
    }
    return 0;
}

/* A list of groups, each with its key behind it [RFC 8446 §4.2.8]. */
static bool early_keyed(const struct early_hello *hello)
{
    for (unsigned i = 0; hello->group && i + 4 <= hello->size;
         i += 4 + early_number(hello->keys + i + 2))
        if (early_number(hello->keys + i) == hello->group)
            return true;
    return false;
}

/* The best of the cipher suites that a hello offers, as its number among ours from 1; 0: none. They
 * stand behind the version, 32 random octets, and a number that was once the session's
 * [RFC 8446 §4.1.2]. */
static uint8_t early_cipher(const gnutls_datum_t *hello)
{
    enum { EARLY_FIXED = 2 + 32 };
    const unsigned at =
        EARLY_FIXED + 1 + (hello->size > EARLY_FIXED ? hello->data[EARLY_FIXED] : 0);

    if (hello->size < at + 2 || hello->size - at - 2 < early_number(hello->data + at))
        return 0;
    for (int i = 0; i < TLS_CIPHERS; i++)
        if (early_has(hello->data + at + 2, early_number(hello->data + at), tls_ciphers[i]))
            return (uint8_t)(i + 1);
    return 0;
}

static int early_look(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                      const gnutls_datum_t *message)
{
    struct tls *tls = gnutls_session_get_ptr(session);
    struct early_hello hello = {.group = 0};

    (void)type, (void)when, (void)incoming;
    tls->prelude.hellos++;
    tls->prelude.cipher = early_cipher(message);
    tls->prelude.barred |= gnutls_ext_raw_parse(&hello, early_extension, message,
                                                GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO) < 0 ||
                           !early_keyed(&hello);
    return 0;
}

void tls_early_watch(struct tls *tls)
{
    gnutls_handshake_set_hook_function(tls->session, GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_PRE,
                                       early_look);
}

bool tls_early_gather(struct tls *tls)
{
    struct tls_desk *desk = tls->sock->loop->tls;
    ssize_t got;

    CHECK(desk->user == tls);
    if (!tls->context->server || !tls->context->replay)
        return true;
    while ((got = gnutls_record_recv_early_data(tls->session, desk->plain, TLS_EARLY_PIECE)) > 0)
        if (!tls_hold_add(&tls->prelude.octets, desk->plain, (size_t)got))
            return false;
    if (tls->state == TLS_SHAKES && tls->prelude.octets.bytes)
        tls->state = TLS_EARLY;
    return true;
}

size_t tls_early_take(struct tls *tls, void *to, size_t size)
{
    const size_t left = tls_hold_left(&tls->prelude.octets);
    const size_t count = left < size ? left : size;

    if (count == 0)
        return 0;
    memcpy(to, tls->prelude.octets.bytes + tls->prelude.octets.at, count);
    tls_hold_skip(&tls->prelude.octets, count);
    return count;
}

bool tls_is_early(const struct sock *sock)
{
    return sock->tls && sock->tls->state == TLS_EARLY;
}
