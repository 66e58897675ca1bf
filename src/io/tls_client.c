/* Contexts of clients: whom they trust, and what they remember.
 *
 * A server has to prove the name it was asked by, or its address, with a certificate that someone
 * vouches for [RFC 9110 §4.3.4]; only an operator can say that this does not matter.
 *
 * The last ticket of each server is kept for the next session with it, for all workers. With TLS
 * 1.3 it comes after the handshake, with the first octets that are read.
 *
 * Given up: one ticket for one session only [RFC 8446 §C.4]. Whom a proxy talks to knows it anyway.
 */
#include "base/check.h"
#include "base/memory.h"
#include "io/tls_parts.h"

#include <arpa/inet.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>

/* ---- memories ---- */

static struct tls_memory **tls_memory_find(struct tls_context *context, const char *name)
{
    struct tls_memory **place = &context->memories;
    while (*place && strcmp((*place)->name, name) != 0)
        place = &(*place)->next;
    return place;
}

static void tls_memory_drop(struct tls_memory **place)
{
    struct tls_memory *memory = *place;
    *place = memory->next;
    memory_free(memory->session);
    memory_free(memory);
}

/* Forgets what was remembered first, when it is too much. */
static void tls_memory_bound(struct tls_context *context)
{
    struct tls_memory **place = &context->memories;
    for (size_t i = 0; *place && i < TLS_MEMORIES; i++)
        place = &(*place)->next;
    if (*place)
        tls_memory_drop(place);
}

static void tls_memory_keep(struct tls_context *context, const char *name,
                            const gnutls_datum_t *session)
{
    const size_t size = strlen(name) + 1;
    struct tls_memory *memory = memory_new(sizeof *memory + size);
    void *copy = memory_new(session->size);

    if (!memory || !copy) { /* the next session will be a whole one */
        memory_free(memory);
        memory_free(copy);
        return;
    }
    memcpy(copy, session->data, session->size);
    memcpy(memory->name, name, size);
    memory->session = copy;
    memory->size = session->size;
    pthread_mutex_lock(&context->lock);
    struct tls_memory **before = tls_memory_find(context, name);
    if (*before)
        tls_memory_drop(before);
    memory->next = context->memories;
    context->memories = memory;
    tls_memory_bound(context);
    pthread_mutex_unlock(&context->lock);
}

static void tls_memory_use(struct tls *tls, const char *name)
{
    struct tls_context *context = tls->context;

    pthread_mutex_lock(&context->lock);
    const struct tls_memory *memory = *tls_memory_find(context, name);
    if (memory) /* one that is not good any more makes a whole handshake */
        (void)gnutls_session_set_data(tls->session, memory->session, memory->size);
    pthread_mutex_unlock(&context->lock);
}

void tls_client_remember(struct tls *tls)
{
    gnutls_datum_t session;
    const char *name;

    if (tls->context->server || tls->remembered || tls->state != TLS_OPEN)
        return;
    if (!(gnutls_session_get_flags(tls->session) & GNUTLS_SFLAGS_SESSION_TICKET))
        return;
    tls->remembered = true;
    name = tls->wanted->name;
    if (gnutls_session_get_data2(tls->session, &session) < 0)
        return;
    tls_memory_keep(tls->context, name, &session);
    gnutls_free(session.data);
}

/* ---- sessions ---- */

/* Holds the certificate against the name, or the address. GnuTLS keeps no copy. */
static void tls_client_expect(struct tls *tls, size_t address)
{
    struct tls_wanted *wanted = tls->wanted;

    wanted->demands[0] =
        (gnutls_typed_vdata_st){GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)wanted->name, 0};
    if (address > 0)
        wanted->demands[0] =
            (gnutls_typed_vdata_st){GNUTLS_DT_IP_ADDRESS, wanted->address, (unsigned)address};
    wanted->demands[1] = (gnutls_typed_vdata_st){
        GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER, 0};
    if (tls->context->verifies)
        gnutls_session_set_verify_cert2(tls->session, wanted->demands, 2, 0);
}

/* The octets of an address; 0: it is a name. */
static size_t tls_address(const char *text, uint8_t to[16])
{
    if (inet_pton(AF_INET, text, to) == 1)
        return 4;
    return inet_pton(AF_INET6, text, to) == 1 ? 16 : 0;
}

int tls_client_session(struct tls *tls)
{
    const struct tls_context *context = tls->context;
    const char *name = tls->wanted->name;
    size_t address = tls_address(name, tls->wanted->address);
    int result = gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE,
                                        context->places[0].credentials);

    if (result >= 0 && address == 0)
        result = gnutls_server_name_set(tls->session, GNUTLS_NAME_DNS, name, strlen(name));
    tls_client_expect(tls, address);
    tls_memory_use(tls, name);
    return result;
}

/* ---- making ---- */

static bool tls_client_trust(struct tls_context *context, const struct tls_client *client,
                             char complaint[TLS_WORDS])
{
    gnutls_certificate_credentials_t credentials = context->places[0].credentials;
    int count;

    context->verifies = !client->unverified;
    if (client->unverified)
        return true;
    count = client->ca_file ? gnutls_certificate_set_x509_trust_file(credentials, client->ca_file,
                                                                     GNUTLS_X509_FMT_PEM)
                            : gnutls_certificate_set_x509_system_trust(credentials);
    if (count > 0)
        return true;
    if (client->ca_file)
        snprintf(complaint, TLS_WORDS, "%s: %s", client->ca_file,
                 count == GNUTLS_E_FILE_ERROR ? "cannot be read" : "holds no certificate in PEM");
    else
        snprintf(complaint, TLS_WORDS,
                 "the system trusts nobody (install ca-certificates, or name a ca-file)");
    return false;
}

static bool tls_client_init(struct tls_context *context, const struct tls_client *client,
                            char complaint[TLS_WORDS])
{
    const struct tls_pair own = {client->certificate, client->key, NULL};

    context->places = tls_context_room(1, sizeof *context->places, complaint);
    if (!context->places)
        return false;
    context->place_count = 1;
    if (gnutls_certificate_allocate_credentials(&context->places[0].credentials) < 0) {
        snprintf(complaint, TLS_WORDS, "out of memory");
        return false;
    }
    return tls_client_trust(context, client, complaint) &&
           (!client->certificate ||
            tls_certificate_put(context->places[0].credentials, &own, 1, complaint));
}

struct tls_context *tls_context_client(const struct tls_client *client, char complaint[TLS_WORDS])
{
    struct tls_context *context = tls_context_new(false, client->protocols, TLS_1_2, complaint);

    if (context && !tls_client_init(context, client, complaint)) {
        tls_context_unref(context);
        return NULL;
    }
    return context;
}

void tls_client_fini(struct tls_context *context)
{
    while (context->memories)
        tls_memory_drop(&context->memories);
}
