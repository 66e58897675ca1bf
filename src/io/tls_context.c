/* Contexts: what servers and clients have in common, and their ends.
 *
 * The rules are those of today: TLS 1.2 and 1.3, keys that are exchanged anew for each session,
 * ciphers that authenticate, and no SHA-1. AES-GCM comes before ChaCha20, which is slower here by
 * an order of magnitude (see doc/notes/tls.md).
 *
 * Given up: letting the operator choose ciphers. Who knows better can say so to GnuTLS itself, in
 * its configuration of the system.
 */
#include "io/tls_context.h"

#include "base/check.h"
#include "base/memory.h"
#include "io/tls_parts.h"

#include <stdio.h>
#include <string.h>

/* [RFC 9325 §3.1.1, §4.1, §4.2] */
#define TLS_RULES                                                                     \
    "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:"        \
    "-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1:" \
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:"    \
    "%SERVER_PRECEDENCE:%NO_ETM"

/* The first is the one that most clients have a key for in their first message: another one costs
 * them a round trip. */
const uint16_t tls_groups[TLS_GROUPS] = {29, 23, 24, 25};

const uint16_t tls_ciphers[TLS_CIPHERS] = {0x1301, 0x1302, 0x1303};

static const char *tls_rules(enum tls_version minimum)
{
    return minimum == TLS_1_3 ? "SECURE128:-VERS-ALL:+VERS-TLS1.3:" TLS_RULES
                              : "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:" TLS_RULES;
}

void *tls_context_room(size_t count, size_t size, char complaint[TLS_WORDS])
{
    void *room = memory_new_zero(count * size);
    if (!room)
        snprintf(complaint, TLS_WORDS, "out of memory");
    return room;
}

struct tls_context *tls_context_new(bool server, unsigned protocols, enum tls_version minimum,
                                    char complaint[TLS_WORDS])
{
    static unsigned char h2[] = "h2", http1[] = "http/1.1";
    struct tls_context *context = tls_context_room(1, sizeof *context, complaint);
    int result;

    if (!context)
        return NULL;
    tls_begin();
    atomic_init(&context->refs, 1);
    context->server = server;
    context->handshake_size = TLS_HANDSHAKE_SIZE;
    pthread_mutex_init(&context->lock, NULL);
    if (protocols & TLS_HTTP2)
        context->protocols[context->protocol_count++] = (gnutls_datum_t){h2, sizeof h2 - 1};
    if (protocols & TLS_HTTP1)
        context->protocols[context->protocol_count++] = (gnutls_datum_t){http1, sizeof http1 - 1};
    result = gnutls_priority_init(&context->priority, tls_rules(minimum), NULL);
    if (result >= 0)
        return context;
    snprintf(complaint, TLS_WORDS, "%s", gnutls_strerror(result));
    context->priority = NULL;
    tls_context_unref(context);
    return NULL;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    atomic_fetch_add(&context->refs, 1);
    return context;
}

void tls_context_unref(struct tls_context *context)
{
    if (!context || atomic_fetch_sub(&context->refs, 1) != 1)
        return;
    if (context->server)
        tls_server_fini(context);
    else
        tls_client_fini(context);
    for (size_t i = 0; i < context->place_count; i++)
        if (context->places[i].credentials)
            gnutls_certificate_free_credentials(context->places[i].credentials);
    memory_free(context->places);
    if (context->priority)
        gnutls_priority_deinit(context->priority);
    pthread_mutex_destroy(&context->lock);
    memory_free(context);
}
