/* A client by GnuTLS over a client of the simulated world: for whatever a socket of ours would not
 * send. What it has to send may be changed on its way. */
#ifndef TEST_TLS_FOREIGN_H
#define TEST_TLS_FOREIGN_H

#include "io/loop_sim.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Of octets, none of them wanted: only what was asked for counts. */
enum { FOREIGN_KEPT = 65536 };

struct foreign {
    struct sim_client *client;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    /* Sends them, or others; NULL: as they are. */
    void (*send)(struct foreign *client, const unsigned char *bytes, size_t size);
    void *owner;
    char got[FOREIGN_KEPT]; /* in clear text; of more the rest is dropped */
    size_t got_len;
    int result; /* of the handshake; 0: over */
    int end;    /* of reading: 1 going on, 0 the end was said, else GnuTLS's error */
};

/* What it shall be like. */
struct foreign_order {
    const char *address, *name;    /* NULL: no name is sent */
    const char *protocol;          /* "h2"; NULL: none is offered */
    const char *priority;          /* of GnuTLS; NULL: as it likes */
    const gnutls_datum_t *session; /* to be resumed; NULL: none */
};

static inline ssize_t foreign_pull(gnutls_transport_ptr_t owner, void *to, size_t size)
{
    struct foreign *self = owner;
    size_t there = sim_client_len(self->client);

    there = there < size ? there : size;
    if (there == 0) {
        gnutls_transport_set_errno(self->session, EAGAIN);
        return -1;
    }
    memcpy(to, sim_client_bytes(self->client), there);
    sim_client_take(self->client, there);
    return (ssize_t)there;
}

static inline ssize_t foreign_push(gnutls_transport_ptr_t owner, const void *bytes, size_t size)
{
    struct foreign *self = owner;

    if (sim_client_state(self->client) != SIM_CLIENT_OPEN)
        return (ssize_t)size; /* lost */
    if (self->send)
        self->send(self, bytes, size);
    else
        sim_client_send(self->client, bytes, size);
    return (ssize_t)size;
}

static inline int foreign_timeout(gnutls_transport_ptr_t owner, unsigned ms)
{
    const struct foreign *self = owner;
    (void)ms;
    return sim_client_len(self->client) > 0;
}

/* Connects, and sends nothing yet. NULL: nobody listens, or an order that GnuTLS does not like. */
static inline struct foreign *foreign_open(struct sim_world *world,
                                           const struct foreign_order *order)
{
    struct foreign *self = calloc(1, sizeof *self);
    const char *priority = order->priority ? order->priority : "NORMAL";

    self->client = sim_client_open(world, order->address, NULL);
    self->result = GNUTLS_E_AGAIN;
    self->end = 1;
    gnutls_init(&self->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
    gnutls_certificate_allocate_credentials(&self->credentials);
    gnutls_credentials_set(self->session, GNUTLS_CRD_CERTIFICATE, self->credentials);
    gnutls_handshake_set_timeout(self->session, 0);
    gnutls_transport_set_ptr(self->session, self);
    gnutls_transport_set_push_function(self->session, foreign_push);
    gnutls_transport_set_pull_function(self->session, foreign_pull);
    gnutls_transport_set_pull_timeout_function(self->session, foreign_timeout);
    if (order->name)
        gnutls_server_name_set(self->session, GNUTLS_NAME_DNS, order->name, strlen(order->name));
    if (order->protocol) {
        const gnutls_datum_t protocol = {(unsigned char *)(uintptr_t)order->protocol,
                                         (unsigned)strlen(order->protocol)};
        gnutls_alpn_set_protocols(self->session, &protocol, 1, 0);
    }
    if (order->session)
        gnutls_session_set_data(self->session, order->session->data, order->session->size);
    if (self->client && gnutls_priority_set_direct(self->session, priority, NULL) == 0)
        return self;
    gnutls_deinit(self->session);
    gnutls_certificate_free_credentials(self->credentials);
    free(self);
    return NULL;
}

/* The connection stays as it is. */
static inline void foreign_free(struct foreign *self)
{
    gnutls_deinit(self->session);
    gnutls_certificate_free_credentials(self->credentials);
    free(self);
}

/* As much as can be done with what has come. */
static inline void foreign_hear(struct foreign *self)
{
    char piece[4096];
    size_t before = SIZE_MAX;

    while (self->result != 0 && !gnutls_error_is_fatal(self->result) &&
           sim_client_len(self->client) != before) {
        before = sim_client_len(self->client);
        self->result = gnutls_handshake(self->session);
    }
    for (before = SIZE_MAX; self->result == 0 && self->end == 1;) {
        before = sim_client_len(self->client);
        const ssize_t got = gnutls_record_recv(self->session, piece, sizeof piece);
        if (got > 0 && self->got_len + (size_t)got < sizeof self->got) {
            memcpy(self->got + self->got_len, piece, (size_t)got);
            self->got_len += (size_t)got;
        }
        if (got == 0 || (got < 0 && gnutls_error_is_fatal((int)got)))
            self->end = (int)got;
        if (got < 0 && sim_client_len(self->client) == before)
            return;
    }
}

/* The handshake, in turns with the server, until neither has anything to say. */
static inline void foreign_shake(struct foreign *self, struct sim_world *world)
{
    for (int turn = 0; turn < 8; turn++) {
        foreign_hear(self);
        sim_world_run_until_idle(world);
    }
    foreign_hear(self);
}

/* A record of TLS 1.3 of any kind inside [RFC 8446 §5.2], of at most 16384 octets. */
static inline void foreign_record(struct foreign *self, unsigned type, const void *bytes,
                                  size_t size)
{
    unsigned char seq[8], nonce[12], inner[16385], record[16406];
    const size_t sealed = size + 17;
    size_t room = sizeof record - 5;
    gnutls_datum_t mac, iv, key;
    gnutls_aead_cipher_hd_t cipher;

    if (gnutls_record_get_state(self->session, 0, &mac, &iv, &key, seq) < 0 ||
        gnutls_aead_cipher_init(&cipher, gnutls_cipher_get(self->session), &key) < 0)
        abort();
    memcpy(nonce, iv.data, sizeof nonce);
    for (int i = 0; i < 8; i++)
        nonce[4 + i] ^= seq[i];
    memcpy(inner, bytes, size);
    inner[size] = (unsigned char)type;
    memcpy(record, (const unsigned char[]){23, 3, 3}, 3);
    record[3] = (unsigned char)(sealed >> 8);
    record[4] = (unsigned char)sealed;
    if (gnutls_aead_cipher_encrypt(cipher, nonce, sizeof nonce, record, 5, 16, inner, size + 1,
                                   record + 5, &room) < 0)
        abort();
    gnutls_aead_cipher_deinit(cipher);
    for (int i = 7; i >= 0 && ++seq[i] == 0; i--)
        ;
    gnutls_record_set_state(self->session, 0, seq);
    foreign_push(self, record, sealed + 5);
}

static inline void foreign_say(struct foreign *self, const char *text)
{
    (void)gnutls_record_send(self->session, text, strlen(text));
}

#endif
