/* Certificates for tests, made when they run: authorities and those they vouch for, as files in a
 * directory of their own. */
#ifndef TEST_TLS_PKI_H
#define TEST_TLS_PKI_H

#include "io/tls_context.h"

#include <assert.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PKI_FILES = 64, PKI_PATH = 96 };

/* One certificate to be made. */
struct pki_order {
    const char *names;  /* with blanks between: host names and addresses; NULL: an authority */
    unsigned rsa;       /* bits; 0: ECDSA P-256 */
    int64_t from, till; /* s since 1970 */
    bool client;        /* for clients, not for servers */
};

struct pki_entry {
    gnutls_x509_crt_t certificate;
    gnutls_x509_privkey_t key;
    char certificate_path[PKI_PATH], key_path[PKI_PATH];
};

struct pki {
    char directory[32];
    char paths[PKI_FILES][PKI_PATH];
    size_t count;
};

static inline void pki_open(struct pki *pki)
{
    *pki = (struct pki){.directory = "/tmp/stet-pki-XXXXXX"};
    if (!mkdtemp(pki->directory))
        abort();
}

static inline void pki_close(struct pki *pki)
{
    for (size_t i = 0; i < pki->count; i++)
        unlink(pki->paths[i]);
    rmdir(pki->directory);
}

/* A path in the directory, which pki_close removes. */
static inline const char *pki_path(struct pki *pki, const char *name)
{
    assert(pki->count < PKI_FILES);
    char *path = pki->paths[pki->count++], directory[sizeof pki->directory];
    memcpy(directory, pki->directory, sizeof directory);
    snprintf(path, PKI_PATH, "%s/%zu-%s", directory, pki->count, name);
    return path;
}

static inline void pki_write(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "we");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
}

static inline void pki_check(int result)
{
    if (result >= 0)
        return;
    fprintf(stderr, "pki: %s\n", gnutls_strerror(result));
    abort();
}

static inline void pki_name(gnutls_x509_crt_t certificate, const char *name, size_t len)
{
    unsigned a, b, c, d;
    char text[256];

    snprintf(text, sizeof text, "%.*s", (int)len, name);
    if (sscanf(text, "%u.%u.%u.%u", &a, &b, &c, &d) == 4) {
        const unsigned char v4[4] = {(unsigned char)a, (unsigned char)b, (unsigned char)c,
                                     (unsigned char)d};
        pki_check(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, v4, 4,
                                                       GNUTLS_FSAN_APPEND));
    } else {
        pki_check(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, text,
                                                       (unsigned)strlen(text), GNUTLS_FSAN_APPEND));
    }
}

static inline void pki_names(gnutls_x509_crt_t certificate, const char *names)
{
    while (*names) {
        size_t len = strcspn(names, " ");
        pki_name(certificate, names, len);
        names += len + strspn(names + len, " ");
    }
}

static inline void pki_save(struct pki *pki, struct pki_entry *entry, const struct pki_entry *by)
{
    gnutls_datum_t certificate, key, chain;
    char both[16384];

    pki_check(gnutls_x509_crt_export2(entry->certificate, GNUTLS_X509_FMT_PEM, &certificate));
    pki_check(gnutls_x509_privkey_export2(entry->key, GNUTLS_X509_FMT_PEM, &key));
    snprintf(entry->certificate_path, PKI_PATH, "%s", pki_path(pki, "certificate.pem"));
    snprintf(entry->key_path, PKI_PATH, "%s", pki_path(pki, "key.pem"));
    int size = snprintf(both, sizeof both, "%.*s", (int)certificate.size, certificate.data);
    if (by) {
        pki_check(gnutls_x509_crt_export2(by->certificate, GNUTLS_X509_FMT_PEM, &chain));
        size +=
            snprintf(both + size, sizeof both - (size_t)size, "%.*s", (int)chain.size, chain.data);
        gnutls_free(chain.data);
    }
    pki_write(entry->certificate_path, both, (size_t)size);
    pki_write(entry->key_path, key.data, key.size);
    gnutls_free(certificate.data);
    gnutls_free(key.data);
}

/* Makes one, signed by another or by itself (NULL). */
static inline struct pki_entry pki_make(struct pki *pki, const struct pki_order *order,
                                        const struct pki_entry *by)
{
    struct pki_entry made = {0};
    static unsigned char serial;
    const unsigned char number[2] = {1, ++serial};
    const char *error;

    pki_check(gnutls_x509_privkey_init(&made.key));
    pki_check(gnutls_x509_privkey_generate(
        made.key, order->rsa ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA,
        order->rsa ? order->rsa : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    pki_check(gnutls_x509_crt_init(&made.certificate));
    pki_check(gnutls_x509_crt_set_version(made.certificate, 3));
    pki_check(gnutls_x509_crt_set_serial(made.certificate, number, sizeof number));
    pki_check(gnutls_x509_crt_set_activation_time(made.certificate, (time_t)order->from));
    pki_check(gnutls_x509_crt_set_expiration_time(made.certificate, (time_t)order->till));
    pki_check(gnutls_x509_crt_set_dn(
        made.certificate, order->names ? "CN=stet test" : "CN=stet test authority", &error));
    pki_check(gnutls_x509_crt_set_basic_constraints(made.certificate, !order->names, -1));
    pki_check(gnutls_x509_crt_set_key_usage(
        made.certificate, order->names ? GNUTLS_KEY_DIGITAL_SIGNATURE : GNUTLS_KEY_KEY_CERT_SIGN));
    if (order->names) {
        pki_names(made.certificate, order->names);
        pki_check(gnutls_x509_crt_set_key_purpose_oid(
            made.certificate, order->client ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER,
            0));
    }
    pki_check(gnutls_x509_crt_set_key(made.certificate, made.key));
    pki_check(gnutls_x509_crt_sign2(made.certificate, by ? by->certificate : made.certificate,
                                    by ? by->key : made.key, GNUTLS_DIG_SHA256, 0));
    pki_save(pki, &made, by);
    return made;
}

static inline void pki_free(struct pki_entry *entry)
{
    gnutls_x509_crt_deinit(entry->certificate);
    gnutls_x509_privkey_deinit(entry->key);
}

static inline struct tls_pair pki_pair(const struct pki_entry *entry)
{
    return (struct tls_pair){entry->certificate_path, entry->key_path, NULL};
}

#endif
