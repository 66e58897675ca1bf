/* A client that comes again with early data, by GnuTLS, over a client of the simulated world; and
 * what an eavesdropper has of it. */
#ifndef TEST_EARLY_CLIENT_H
#define TEST_EARLY_CLIENT_H

#include "io/loop_sim.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct early_client {
    struct sim_world *world;
    struct sim_client *client;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    char sent[65536]; /* all that went out: what may be sent again by others */
    size_t sent_len;
    char got[65536];
    size_t got_len;
    int result; /* of the handshake; 0: over */
};

/* What is asked of the server beside the early data. */
struct early_order {
    const char *address, *name;
    const char *protocol;          /* "http/1.1"; NULL: none */
    const char *priority;          /* NULL: TLS 1.3 */
    const gnutls_datum_t *session; /* to be resumed; NULL: none */
    const char *early;             /* NULL: none */
    size_t early_len;              /* 0: as long as the text */
};

static inline ssize_t early_pull(gnutls_transport_ptr_t owner, void *to, size_t size)
{
    struct early_client *early = owner;
    size_t there = sim_client_len(early->client);

    there = there < size ? there : size;
    if (there == 0) {
        gnutls_transport_set_errno(early->session, EAGAIN);
        return -1;
    }
    memcpy(to, sim_client_bytes(early->client), there);
    sim_client_take(early->client, there);
    return (ssize_t)there;
}

static inline ssize_t early_push(gnutls_transport_ptr_t owner, const void *bytes, size_t size)
{
    struct early_client *early = owner;

    assert_true(size <= sizeof early->sent - early->sent_len);
    memcpy(early->sent + early->sent_len, bytes, size);
    early->sent_len += size;
    sim_client_send(early->client, bytes, size);
    return (ssize_t)size;
}

static inline int early_timeout(gnutls_transport_ptr_t owner, unsigned ms)
{
    (void)owner, (void)ms;
    return 1;
}

/* Sends its hello, and what early data it has; hears nothing yet. */
static inline struct early_client *early_client_open(struct sim_world *world,
                                                     const struct early_order *order)
{
    struct early_client *early = calloc(1, sizeof *early);
    const char *priority = order->priority ? order->priority : "NORMAL:-VERS-ALL:+VERS-TLS1.3";

    early->world = world;
    early->client = sim_client_open(world, order->address, "192.0.2.1");
    assert_non_null(early->client);
    gnutls_init(&early->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
    gnutls_certificate_allocate_credentials(&early->credentials);
    gnutls_credentials_set(early->session, GNUTLS_CRD_CERTIFICATE, early->credentials);
    assert_int_equal(gnutls_priority_set_direct(early->session, priority, NULL), 0);
    gnutls_transport_set_ptr(early->session, early);
    gnutls_transport_set_pull_function(early->session, early_pull);
    gnutls_transport_set_push_function(early->session, early_push);
    gnutls_transport_set_pull_timeout_function(early->session, early_timeout);
    if (order->name)
        gnutls_server_name_set(early->session, GNUTLS_NAME_DNS, order->name, strlen(order->name));
    if (order->protocol) {
        const gnutls_datum_t protocol = {(unsigned char *)(uintptr_t)order->protocol,
                                         (unsigned)strlen(order->protocol)};
        gnutls_alpn_set_protocols(early->session, &protocol, 1, 0);
    }
    if (order->session)
        gnutls_session_set_data(early->session, order->session->data, order->session->size);
    if (order->early)
        gnutls_record_send_early_data(early->session, order->early,
                                      order->early_len ? order->early_len : strlen(order->early));
    early->result = gnutls_handshake(early->session);
    sim_world_run_until_idle(world);
    return early;
}

/* Hears what has come: ends the handshake, then reads. */
static inline void early_client_hear(struct early_client *early)
{
    ssize_t got = 1;

    for (int turn = 0; turn < 50 && early->result != 0; turn++) {
        early->result = gnutls_handshake(early->session);
        if (early->result != 0 && gnutls_error_is_fatal(early->result))
            return;
        sim_world_run_until_idle(early->world);
    }
    for (int turn = 0; early->result == 0 && turn < 50 && got != 0; turn++) {
        got = gnutls_record_recv(early->session, early->got + early->got_len,
                                 sizeof early->got - early->got_len);
        if (got > 0)
            early->got_len += (size_t)got;
        else if (got < 0 && gnutls_error_is_fatal((int)got))
            return;
        sim_world_run_until_idle(early->world);
    }
}

static inline void early_client_say(struct early_client *early, const char *text)
{
    assert_int_equal(gnutls_record_send(early->session, text, strlen(text)), strlen(text));
    sim_world_run_until_idle(early->world);
}

/* The server took the early data, as far as the client knows. */
static inline bool early_client_accepted(const struct early_client *early)
{
    return gnutls_session_get_flags(early->session) & GNUTLS_SFLAGS_EARLY_DATA;
}

/* What it may come again with; to be freed with gnutls_free. */
static inline gnutls_datum_t early_client_session(struct early_client *early)
{
    gnutls_datum_t session = {NULL, 0};
    assert_int_equal(gnutls_session_get_data2(early->session, &session), 0);
    return session;
}

static inline void early_client_close(struct early_client *early)
{
    gnutls_deinit(early->session);
    gnutls_certificate_free_credentials(early->credentials);
    if (early->client)
        sim_client_close(early->client, true);
    sim_world_run_until_idle(early->world);
    free(early);
}

/* Someone else sends what was sent before, octet for octet. */
static inline struct sim_client *early_replay(struct sim_world *world, const char *address,
                                              const struct early_client *seen, size_t size)
{
    struct sim_client *client = sim_client_open(world, address, "192.0.2.66");

    assert_non_null(client);
    sim_client_send(client, seen->sent, size);
    sim_world_run_until_idle(world);
    return client;
}

#endif
