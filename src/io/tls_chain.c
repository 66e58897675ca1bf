/* The certificates in one file: the server's own first, then each the one that vouches for it
 * [RFC 8446 §4.4.2].
 */
#include "io/tls_parts.h"

#include <string.h>

enum { TLS_KEY_ID = 32 };

struct tls_chain {
    gnutls_x509_crt_t *list; /* GnuTLS's memory */
    unsigned count;
};

static void tls_chain_init(struct tls_chain *chain, const gnutls_datum_t *file)
{
    *chain = (struct tls_chain){0};
    if (gnutls_x509_crt_list_import2(&chain->list, &chain->count, file, GNUTLS_X509_FMT_PEM, 0) < 0)
        *chain = (struct tls_chain){0};
}

static void tls_chain_fini(struct tls_chain *chain)
{
    for (unsigned i = 0; i < chain->count; i++)
        gnutls_x509_crt_deinit(chain->list[i]);
    gnutls_free(chain->list);
}

static bool tls_chain_has(const struct tls_chain *chain, unsigned at, const unsigned char *wanted)
{
    unsigned char id[TLS_KEY_ID];
    size_t size = sizeof id;

    return gnutls_x509_crt_get_key_id(chain->list[at], GNUTLS_KEYID_USE_SHA256, id, &size) >= 0 &&
           memcmp(id, wanted, sizeof id) == 0;
}

unsigned tls_chain_place(const gnutls_datum_t *file, gnutls_x509_privkey_t key)
{
    unsigned char id[TLS_KEY_ID];
    size_t size = sizeof id;
    struct tls_chain chain;
    unsigned found = 0;

    if (gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id, &size) < 0)
        return 0;
    tls_chain_init(&chain, file);
    for (unsigned i = 0; i < chain.count && found == 0; i++)
        found = tls_chain_has(&chain, i, id) ? i + 1 : 0;
    tls_chain_fini(&chain);
    return found;
}

unsigned tls_chain_break(const gnutls_datum_t *file)
{
    struct tls_chain chain;
    unsigned found = 0;

    tls_chain_init(&chain, file);
    for (unsigned i = 1; i < chain.count && found == 0; i++)
        found = gnutls_x509_crt_check_issuer(chain.list[i - 1], chain.list[i]) ? 0 : i + 1;
    tls_chain_fini(&chain);
    return found;
}
