/* Certificates and keys from files, with complaints that say which file and what to do.
 *
 * Given up: keys with a passphrase, which nobody is there to type, and keys in hardware.
 */
#include "io/tls_certificate.h"

#include "base/memory.h"
#include "io/tls_parts.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TLS_FILE_MOST = 1 << 20, TLS_CHAIN = 16, TLS_DAYS_LEFT = 30 };
static const int64_t tls_day = 86400;

static bool tls_complain(char complaint[TLS_WORDS], const char *file, const char *words)
{
    snprintf(complaint, TLS_WORDS, "%s: %s", file, words);
    return false;
}

/* A file with a NUL behind it. False with a complaint. */
static bool tls_file_read(const char *path, gnutls_datum_t *to, char complaint[TLS_WORDS])
{
    FILE *file = fopen(path, "re");
    size_t size = 0;
    int error = errno;

    *to = (gnutls_datum_t){0};
    if (!file)
        return tls_complain(complaint, path, strerror(error));
    to->data = memory_new(TLS_FILE_MOST + 1);
    if (to->data)
        size = fread(to->data, 1, TLS_FILE_MOST + 1, file);
    error = ferror(file) ? errno : 0;
    fclose(file);
    if (to->data && error == 0 && size <= TLS_FILE_MOST) {
        to->data[size] = '\0';
        to->size = (unsigned)size;
        return true;
    }
    memory_free(to->data);
    *to = (gnutls_datum_t){0};
    if (error != 0)
        return tls_complain(complaint, path, strerror(error));
    return tls_complain(complaint, path, size > 0 ? "is too large to be one" : "out of memory");
}

/* ---- putting into credentials ---- */

struct tls_loaded {
    gnutls_datum_t certificate, key;
};

static void tls_loaded_fini(struct tls_loaded *loaded)
{
    if (loaded->key.data)
        gnutls_memset(loaded->key.data, 0, loaded->key.size);
    memory_free(loaded->certificate.data);
    memory_free(loaded->key.data);
}

/* The first certificate; NULL if there is none. */
static gnutls_x509_crt_t tls_first(const gnutls_datum_t *file)
{
    gnutls_x509_crt_t chain[1];
    unsigned count = 1;

    /* With more than one the rest is left out. */
    int result = gnutls_x509_crt_list_import(chain, &count, file, GNUTLS_X509_FMT_PEM, 0);
    return result == 1 || result == GNUTLS_E_SHORT_MEMORY_BUFFER ? chain[0] : NULL;
}

static const char *tls_key_fault(int error)
{
    switch (error) {
    case GNUTLS_E_DECRYPTION_FAILED:
        return "the key has a passphrase, which nobody is there to type: remove it";
    case GNUTLS_E_BASE64_DECODING_ERROR:
    case GNUTLS_E_BASE64_UNEXPECTED_HEADER_ERROR:
    case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
        return "holds no key in PEM";
    default:
        return gnutls_strerror(error);
    }
}

/* PEM begins with letters, DER with the tag of a sequence. */
static bool tls_complain_of_form(const gnutls_datum_t *file, const char *path, const char *words,
                                 char complaint[TLS_WORDS])
{
    const bool der = file->size > 0 && file->data[0] == 0x30;
    return tls_complain(complaint, path,
                        der ? "is in DER: make PEM of it (openssl x509 or pkey -inform der)"
                            : words);
}

/* Whether the files are what they should be, each for itself. */
static bool tls_loaded_look(const struct tls_loaded *loaded, const struct tls_pair *pair,
                            char complaint[TLS_WORDS])
{
    gnutls_x509_crt_t first = tls_first(&loaded->certificate);
    gnutls_x509_privkey_t key;
    int result;

    if (!first)
        return tls_complain_of_form(&loaded->certificate, pair->certificate,
                                    "holds no certificate in PEM", complaint);
    gnutls_x509_crt_deinit(first);
    result = gnutls_x509_privkey_init(&key);
    if (result >= 0) {
        result = gnutls_x509_privkey_import2(key, &loaded->key, GNUTLS_X509_FMT_PEM, NULL, 0);
        gnutls_x509_privkey_deinit(key);
    }
    return result >= 0 ||
           tls_complain_of_form(&loaded->key, pair->key, tls_key_fault(result), complaint);
}

static bool tls_loaded_init(struct tls_loaded *loaded, const struct tls_pair *pair,
                            char complaint[TLS_WORDS])
{
    *loaded = (struct tls_loaded){0};
    return tls_file_read(pair->certificate, &loaded->certificate, complaint) &&
           tls_file_read(pair->key, &loaded->key, complaint) &&
           tls_loaded_look(loaded, pair, complaint);
}

static bool tls_loaded_is_rsa(const struct tls_loaded *loaded)
{
    gnutls_x509_crt_t first = tls_first(&loaded->certificate);
    unsigned bits;
    int algorithm = gnutls_x509_crt_get_pk_algorithm(first, &bits);

    gnutls_x509_crt_deinit(first);
    return algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS;
}

static bool tls_staple(gnutls_certificate_credentials_t credentials, const struct tls_pair *pair,
                       int index, char complaint[TLS_WORDS])
{
    if (!pair->ocsp)
        return true;
    int result = gnutls_certificate_set_ocsp_status_request_file2(
        credentials, pair->ocsp, (unsigned)index, GNUTLS_X509_FMT_DER);
    if (result == GNUTLS_E_FILE_ERROR)
        return tls_complain(complaint, pair->ocsp, "cannot be read");
    return result >= 0 ||
           tls_complain(complaint, pair->ocsp, "is no OCSP response in DER for the certificate");
}

/* The number of the certificate that the key belongs to; 0: none. */
static unsigned tls_loaded_place(const struct tls_loaded *loaded)
{
    gnutls_x509_privkey_t key;
    unsigned place = 0;

    if (gnutls_x509_privkey_init(&key) < 0)
        return 0;
    if (gnutls_x509_privkey_import2(key, &loaded->key, GNUTLS_X509_FMT_PEM, NULL, 0) >= 0)
        place = tls_chain_place(&loaded->certificate, key);
    gnutls_x509_privkey_deinit(key);
    return place;
}

static bool tls_complain_of_pair(const struct tls_loaded *loaded, const struct tls_pair *pair,
                                 char complaint[TLS_WORDS])
{
    const unsigned place = tls_loaded_place(loaded);

    if (place > 1)
        snprintf(complaint, TLS_WORDS,
                 "%s: the server's own certificate comes first; the one of the key is number %u",
                 pair->certificate, place);
    else
        snprintf(complaint, TLS_WORDS, "%s: the key does not belong to the certificate %s",
                 pair->key, pair->certificate);
    return false;
}

static bool tls_loaded_put(gnutls_certificate_credentials_t credentials,
                           const struct tls_loaded *loaded, const struct tls_pair *pair,
                           char complaint[TLS_WORDS])
{
    int index = gnutls_certificate_set_x509_key_mem2(credentials, &loaded->certificate,
                                                     &loaded->key, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (index == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return tls_complain_of_pair(loaded, pair, complaint);
    if (index < 0)
        return tls_complain(complaint, pair->certificate, gnutls_strerror(index));
    return tls_staple(credentials, pair, index, complaint);
}

bool tls_certificate_put(gnutls_certificate_credentials_t credentials, const struct tls_pair *pairs,
                         size_t count, char complaint[TLS_WORDS])
{
    bool well = true;

    gnutls_certificate_set_flags(credentials, GNUTLS_CERTIFICATE_API_V2);
    for (int rsa = 0; rsa < 2; rsa++) {
        for (size_t i = 0; i < count && well; i++) {
            struct tls_loaded loaded;
            well = tls_loaded_init(&loaded, &pairs[i], complaint);
            if (well && tls_loaded_is_rsa(&loaded) == (rsa == 1))
                well = tls_loaded_put(credentials, &loaded, &pairs[i], complaint);
            tls_loaded_fini(&loaded);
        }
    }
    return well;
}

/* ---- doubts ---- */

static void tls_tell_date(const struct tls_critic *critic, const char *what, time_t when,
                          const char *rest)
{
    char words[128];
    struct tm date;

    gmtime_r(&when, &date);
    snprintf(words, sizeof words, "%s %04d-%02d-%02d%s", what, date.tm_year + 1900, date.tm_mon + 1,
             date.tm_mday, rest);
    critic->tell(critic->owner, words);
}

static void tls_check_dates(gnutls_x509_crt_t certificate, time_t now,
                            const struct tls_critic *critic)
{
    time_t begins = gnutls_x509_crt_get_activation_time(certificate);
    time_t ends = gnutls_x509_crt_get_expiration_time(certificate);

    if (now < begins)
        tls_tell_date(critic, "is not valid before", begins, "");
    if (now > ends)
        tls_tell_date(critic, "has expired on", ends, "");
    else if (ends - now < TLS_DAYS_LEFT * tls_day)
        tls_tell_date(critic, "expires on", ends, ", in less than 30 days");
}

static void tls_check_strength(gnutls_x509_crt_t certificate, const struct tls_critic *critic)
{
    char words[128];
    unsigned bits = 0;
    int key = gnutls_x509_crt_get_pk_algorithm(certificate, &bits);
    gnutls_sign_algorithm_t sign =
        (gnutls_sign_algorithm_t)gnutls_x509_crt_get_signature_algorithm(certificate);

    if ((key == GNUTLS_PK_RSA || key == GNUTLS_PK_RSA_PSS) && bits < 2048) {
        snprintf(words, sizeof words, "has an RSA key of %u bits: 2048 are the least", bits);
        critic->tell(critic->owner, words);
    }
    if (!gnutls_sign_is_secure2(sign, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS)) {
        snprintf(words, sizeof words, "is signed by %s, which clients do not trust",
                 gnutls_sign_get_name(sign) ? gnutls_sign_get_name(sign) : "something unknown");
        critic->tell(critic->owner, words);
    }
}

static void tls_check_chain(const gnutls_datum_t *file, const struct tls_critic *critic)
{
    const unsigned place = tls_chain_break(file);
    char words[128];

    if (place == 0)
        return;
    snprintf(words, sizeof words, "number %u in it does not vouch for the one before", place);
    critic->tell(critic->owner, words);
}

/* The first certificate of a file; NULL if there is none. */
static gnutls_x509_crt_t tls_first_of(const char *path)
{
    char complaint[TLS_WORDS];
    gnutls_datum_t file;
    gnutls_x509_crt_t first;

    tls_begin();
    if (!tls_file_read(path, &file, complaint))
        return NULL;
    first = tls_first(&file);
    memory_free(file.data);
    return first;
}

void tls_certificate_check(const char *path, int64_t wall, const struct tls_critic *critic)
{
    char complaint[TLS_WORDS];
    gnutls_x509_crt_t first;
    gnutls_datum_t file;

    tls_begin();
    if (!tls_file_read(path, &file, complaint))
        return;
    first = tls_first(&file);
    if (first) {
        tls_check_dates(first, (time_t)(wall / 1000000000), critic);
        tls_check_strength(first, critic);
        tls_check_chain(&file, critic);
        gnutls_x509_crt_deinit(first);
    }
    memory_free(file.data);
}

bool tls_certificate_covers(const char *path, const char *name)
{
    gnutls_x509_crt_t first = tls_first_of(path);
    char below[TLS_NAME_MAX + 8];
    bool covers;

    if (!first)
        return false;
    snprintf(below, sizeof below, "any%s", name + 1);
    covers = gnutls_x509_crt_check_hostname(first, strncmp(name, "*.", 2) == 0 ? below : name) != 0;
    gnutls_x509_crt_deinit(first);
    return covers;
}
