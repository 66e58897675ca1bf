/* Keys for session tickets: one secret for all workers and sites, from which each site's key is
 * made.
 *
 * Within the life of a secret GnuTLS makes new keys from the one it is given, by the clock, and
 * takes tickets of the last few. The secret itself is thrown away each day, with everything that
 * could have been read by it: tickets of TLS 1.2 hold the keys of the session. A ticket that comes
 * after that costs a whole handshake.
 *
 * A session is resumed only where it began: a site's key depends on what the site is, so a session
 * from a site that asks for no certificate is none for one that does [RFC 6066 §3]. With early data
 * it is not resumed with another application protocol or cipher either: what is in early data
 * speaks those of the session before [RFC 8446 §4.2.10].
 */
#include "base/check.h"
#include "base/memory.h"
#include "io/tls_parts.h"

#include <gnutls/crypto.h>
#include <string.h>
#include <time.h>

static const int64_t tls_secret_life = INT64_C(86400) * 1000000000;

struct tls_tickets {
    atomic_uint refs;
    pthread_mutex_t lock;
    int64_t made; /* wall clock */
    unsigned char secret[64];
    struct tls_replay *replay;
};

static _Thread_local int64_t tls_clock;

static time_t tls_clock_read(time_t *to)
{
    time_t now = tls_clock ? (time_t)(tls_clock / 1000000000) : time(NULL);
    if (to)
        *to = now;
    return now;
}

void tls_clock_set(int64_t wall)
{
    tls_clock = wall;
}

static void tls_begin_once(void)
{
    CHECK(gnutls_global_init() >= 0);
    gnutls_global_set_time_function(tls_clock_read);
}

void tls_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, tls_begin_once);
}

struct tls_tickets *tls_tickets_new(void)
{
    struct tls_tickets *tickets = memory_new_zero(sizeof *tickets);

    if (!tickets)
        return NULL;
    atomic_init(&tickets->refs, 1);
    pthread_mutex_init(&tickets->lock, NULL);
    return tickets;
}

struct tls_tickets *tls_tickets_ref(struct tls_tickets *tickets)
{
    atomic_fetch_add(&tickets->refs, 1);
    return tickets;
}

void tls_tickets_unref(struct tls_tickets *tickets)
{
    if (!tickets || atomic_fetch_sub(&tickets->refs, 1) != 1)
        return;
    gnutls_memset(tickets->secret, 0, sizeof tickets->secret);
    pthread_mutex_destroy(&tickets->lock);
    tls_replay_free(tickets->replay);
    memory_free(tickets);
}

struct tls_replay *tls_tickets_replay(struct tls_tickets *tickets, const struct tls_early *early)
{
    pthread_mutex_lock(&tickets->lock);
    if (!tickets->replay)
        tickets->replay = tls_replay_new(early->most, early->window);
    struct tls_replay *replay = tickets->replay;
    pthread_mutex_unlock(&tickets->lock);
    return replay;
}

/* A clock that was set back makes a new secret as well: how old this one is is not known. */
static bool tls_secret_is_old(const struct tls_tickets *tickets)
{
    int64_t age = tls_clock - tickets->made;
    return tickets->made == 0 || age < 0 || age > tls_secret_life;
}

struct tls_ticket_key tls_tickets_key(struct tls_tickets *tickets, const unsigned char label[32],
                                      unsigned char use)
{
    struct tls_ticket_key key = {{0}};
    unsigned char text[33];

    memcpy(text, label, 32);
    text[32] = use;

    pthread_mutex_lock(&tickets->lock);
    if (tls_secret_is_old(tickets)) {
        CHECK(gnutls_rnd(GNUTLS_RND_KEY, tickets->secret, sizeof tickets->secret) == 0);
        tickets->made = tls_clock;
    }
    CHECK(gnutls_hmac_fast(GNUTLS_MAC_SHA512, tickets->secret, sizeof tickets->secret, text,
                           sizeof text, key.bytes) == 0);
    pthread_mutex_unlock(&tickets->lock);
    return key;
}
