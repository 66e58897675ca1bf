/* An end of a connection: a client of the simulated world, and a GnuTLS session over it where one
 * is wanted.
 *
 * The session is driven by what comes: the simulated client calls when there are octets, all of
 * them are decrypted at once, and what they say waits here to be taken. Octets go out in any
 * amount, so writing never waits. The server's certificate is not verified: test/unit/tls_test.c
 * does that.
 */
#include "end.h"

#include "io/tls.h"
#include "tls_pki.h"

#include <errno.h>

struct end {
    struct sim_client *client;
    gnutls_session_t session; /* NULL: plain */
    enum end_cover cover;
    char *plain; /* has come, and was not taken */
    size_t len, room;
    char *early; /* to be sent after the handshake */
    size_t early_len;
    bool covered;  /* the handshake is over */
    bool told;     /* the server has said in TLS that it ends */
    bool broken;   /* what came is not TLS */
    bool finishes; /* a shutdown waits for the handshake */
    void (*heard)(struct end *end, void *owner);
    void *owner;
};

/* ---- certificates ---- */

static struct {
    struct pki pki;
    struct pki_entry entry;
    struct tls_context *context;
    struct tls_tickets *tickets;
    gnutls_certificate_credentials_t credentials;
} stock;

static void stock_free(void)
{
    gnutls_certificate_free_credentials(stock.credentials);
    tls_context_unref(stock.context);
    tls_tickets_unref(stock.tickets);
    pki_free(&stock.entry);
}

struct tls_context *end_certificates(void)
{
    static const struct pki_order order = {.names = "www", .till = INT64_C(4000000000)};
    char complaint[TLS_WORDS] = "";
    if (stock.context)
        return stock.context;
    pki_open(&stock.pki);
    stock.entry = pki_make(&stock.pki, &order, NULL);
    stock.tickets = tls_tickets_new();
    const struct tls_pair pair = pki_pair(&stock.entry);
    const struct tls_site site = {.pairs = &pair, .pair_count = 1};
    const struct tls_server server = {.sites = &site,
                                      .site_count = 1,
                                      .protocols = TLS_HTTP1 | TLS_HTTP2,
                                      .minimum = TLS_1_2,
                                      .tickets = stock.tickets};
    stock.context = tls_context_server(&server, complaint);
    pki_close(&stock.pki); /* files are read once */
    if (!stock.context || gnutls_certificate_allocate_credentials(&stock.credentials) < 0) {
        fprintf(stderr, "no certificate: %s\n", complaint);
        abort();
    }
    atexit(stock_free);
    return stock.context;
}

/* ---- octets under TLS ---- */

static ssize_t end_push(gnutls_transport_ptr_t owner, const void *bytes, size_t len)
{
    struct end *end = owner;
    if (sim_client_state(end->client) == SIM_CLIENT_OPEN)
        sim_client_send(end->client, bytes, len);
    return (ssize_t)len; /* of a connection that has ended it is lost */
}

static ssize_t end_pull(gnutls_transport_ptr_t owner, void *to, size_t size)
{
    struct end *end = owner;
    const size_t there = sim_client_len(end->client), len = there < size ? there : size;
    if (len == 0) {
        gnutls_transport_set_errno(end->session, EAGAIN);
        return -1;
    }
    memcpy(to, sim_client_bytes(end->client), len);
    sim_client_take(end->client, len);
    return (ssize_t)len;
}

static int end_pull_timeout(gnutls_transport_ptr_t owner, unsigned ms)
{
    const struct end *end = owner;
    (void)ms;
    return sim_client_len(end->client) > 0;
}

static void end_put(struct end *end, const char *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t sent = gnutls_record_send(end->session, bytes, len);
        if (sent <= 0) {
            end->broken = true;
            return;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
}

static void end_finish(struct end *end)
{
    gnutls_bye(end->session, GNUTLS_SHUT_WR);
    if (sim_client_state(end->client) == SIM_CLIENT_OPEN)
        sim_client_shutdown(end->client);
}

static bool end_agreed(const struct end *end)
{
    gnutls_datum_t name;
    const char *wanted = end->cover == END_TLS_HTTP2 ? "h2" : "http/1.1";
    return gnutls_alpn_get_selected_protocol(end->session, &name) == 0 &&
           name.size == strlen(wanted) && memcmp(name.data, wanted, name.size) == 0;
}

static void end_shake(struct end *end)
{
    const int result = gnutls_handshake(end->session);
    end->broken = result < 0 && gnutls_error_is_fatal(result);
    if (result < 0)
        return;
    end->covered = end_agreed(end);
    end->broken = !end->covered;
    end_put(end, end->early, end->early_len);
    end->early_len = 0;
    if (end->finishes)
        end_finish(end);
}

/* The content of the next record. After one that holds none, a ticket, the library asks to be
 * called again. */
static ssize_t end_record(struct end *end)
{
    for (;;) {
        const size_t before = sim_client_len(end->client);
        const ssize_t got =
            gnutls_record_recv(end->session, end->plain + end->len, end->room - end->len);
        if (got >= 0 || gnutls_error_is_fatal((int)got) || sim_client_len(end->client) == before)
            return got;
    }
}

/* What the records hold that have come. */
static void end_uncover(struct end *end)
{
    ssize_t got = 1;
    while (got > 0) {
        if (end->room - end->len < 16384) {
            end->room = 2 * end->room + 16384;
            end->plain = realloc(end->plain, end->room);
        }
        got = end_record(end);
        end->len += got > 0 ? (size_t)got : 0;
    }
    end->told = end->told || got == 0;
    end->broken = end->broken || (got < 0 && gnutls_error_is_fatal((int)got));
}

static void end_came(struct sim_client *client, void *owner)
{
    struct end *end = owner;
    (void)client;
    if (end->session && !end->covered && !end->broken)
        end_shake(end);
    if (end->session && end->covered && !end->told && !end->broken)
        end_uncover(end);
    if (end->heard)
        end->heard(end, end->owner);
}

static void end_cover(struct end *end)
{
    const gnutls_datum_t h1 = {(unsigned char *)(uintptr_t) "http/1.1", 8};
    const gnutls_datum_t h2 = {(unsigned char *)(uintptr_t) "h2", 2};
    end_certificates();
    pki_check(gnutls_init(&end->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK));
    pki_check(gnutls_set_default_priority(end->session));
    pki_check(gnutls_credentials_set(end->session, GNUTLS_CRD_CERTIFICATE, stock.credentials));
    pki_check(gnutls_server_name_set(end->session, GNUTLS_NAME_DNS, "www", 3));
    pki_check(gnutls_alpn_set_protocols(end->session, end->cover == END_TLS_HTTP2 ? &h2 : &h1, 1,
                                        GNUTLS_ALPN_MANDATORY));
    gnutls_handshake_set_timeout(end->session, 0);
    gnutls_transport_set_ptr(end->session, end);
    gnutls_transport_set_push_function(end->session, end_push);
    gnutls_transport_set_pull_function(end->session, end_pull);
    gnutls_transport_set_pull_timeout_function(end->session, end_pull_timeout);
    end_shake(end);
}

/* ---- as a client of the world ---- */

struct end *end_open(struct sim_world *world, const char *peer, enum end_cover cover)
{
    struct sim_client *client = sim_client_open(world, "www", peer);
    if (!client)
        return NULL;
    struct end *end = calloc(1, sizeof *end);
    end->client = client;
    end->cover = cover;
    if (cover != END_PLAIN)
        end_cover(end);
    sim_client_heard(client, end_came, end);
    return end;
}

void end_free(struct end *end)
{
    if (!end)
        return;
    sim_client_heard(end->client, NULL, NULL);
    if (end->session)
        gnutls_deinit(end->session);
    free(end->plain);
    free(end->early);
    free(end);
}

bool end_is_secure(const struct end *end)
{
    return end->session != NULL;
}

void end_send(struct end *end, const void *bytes, size_t len)
{
    if (!end->session) {
        sim_client_send(end->client, bytes, len);
    } else if (end->covered) {
        end_put(end, bytes, len);
    } else {
        end->early = realloc(end->early, end->early_len + len + 1);
        memcpy(end->early + end->early_len, bytes, len);
        end->early_len += len;
    }
}

void end_say(struct end *end, const char *text)
{
    end_send(end, text, strlen(text));
}

const char *end_bytes(const struct end *end)
{
    return !end->session ? sim_client_bytes(end->client) : end->plain ? end->plain : "";
}

size_t end_len(const struct end *end)
{
    return end->session ? end->len : sim_client_len(end->client);
}

void end_take(struct end *end, size_t len)
{
    if (!end->session) {
        sim_client_take(end->client, len);
        return;
    }
    if (len == 0)
        return;
    end->len -= len;
    memmove(end->plain, end->plain + len, end->len);
}

void end_window(struct end *end, uint64_t octets)
{
    sim_client_window(end->client, octets);
}

void end_shutdown(struct end *end)
{
    if (!end->session)
        sim_client_shutdown(end->client);
    else if (end->covered)
        end_finish(end);
    else
        end->finishes = true;
}

void end_close(struct end *end, bool reset)
{
    if (end->covered && !reset)
        gnutls_bye(end->session, GNUTLS_SHUT_WR);
    sim_client_close(end->client, reset);
}

enum sim_client_state end_state(const struct end *end)
{
    const enum sim_client_state state = sim_client_state(end->client);
    const bool cut = state == SIM_CLIENT_ENDED && end->covered && !end->told;
    return cut || end->broken ? SIM_CLIENT_RESET : state;
}

bool end_accepted(const struct end *end)
{
    return sim_client_accepted(end->client);
}

bool end_released(const struct end *end)
{
    return sim_client_released(end->client);
}

void end_heard(struct end *end, void (*heard)(struct end *end, void *owner), void *owner)
{
    end->heard = heard;
    end->owner = owner;
}
