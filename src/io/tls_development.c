/* A certificate for development: a key and a certificate that vouches for itself.
 *
 * It is kept in files, so that who tells a browser to trust it need not do so again each time. Both
 * are written beside their places first: whoever reads meanwhile finds the old ones or the new.
 *
 * Given up: an authority of our own that signs it. Who trusts one trusts everything it may ever
 * sign; this one is trusted for three names.
 */
#include "base/memory.h"
#include "io/tls_certificate.h"
#include "io/tls_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TLS_DEVELOPMENT_DAYS = 397, TLS_WEEK = 7 * 86400, TLS_PATH = 4096 };

/* ---- is there a good one? ---- */

static bool tls_development_lasts(const char *path, time_t now)
{
    gnutls_datum_t file;
    gnutls_x509_crt_t certificate;
    bool lasts = false;

    if (gnutls_load_file(path, &file) < 0)
        return false;
    if (gnutls_x509_crt_init(&certificate) >= 0) {
        lasts = gnutls_x509_crt_import(certificate, &file, GNUTLS_X509_FMT_PEM) >= 0 &&
                gnutls_x509_crt_get_expiration_time(certificate) > now + TLS_WEEK &&
                gnutls_x509_crt_get_activation_time(certificate) <= now;
        gnutls_x509_crt_deinit(certificate);
    }
    gnutls_free(file.data);
    return lasts;
}

static bool tls_development_good(const struct tls_pair *pair, time_t now)
{
    gnutls_certificate_credentials_t credentials;
    char complaint[TLS_WORDS];
    bool good;

    if (!tls_development_lasts(pair->certificate, now) ||
        gnutls_certificate_allocate_credentials(&credentials) < 0)
        return false;
    good = tls_certificate_put(credentials, pair, 1, complaint);
    gnutls_certificate_free_credentials(credentials);
    return good;
}

/* ---- making one ---- */

static int tls_development_names(gnutls_x509_crt_t certificate)
{
    static const unsigned char v4[4] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
    const unsigned more = GNUTLS_FSAN_APPEND;
    int result = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, "localhost",
                                                      sizeof "localhost" - 1, GNUTLS_FSAN_SET);
    if (result >= 0)
        result = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, v4,
                                                      sizeof v4, more);
    if (result >= 0)
        result = gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, v6,
                                                      sizeof v6, more);
    return result;
}

static int tls_development_fill(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key,
                                time_t now)
{
    const char *name = NULL;
    unsigned char serial[16];
    int result = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);

    serial[0] = (serial[0] & 0x7f) | 0x40; /* a positive number */
    if (result >= 0)
        result = gnutls_x509_crt_set_version(certificate, 3);
    if (result >= 0)
        result = gnutls_x509_crt_set_serial(certificate, serial, sizeof serial);
    if (result >= 0)
        result = gnutls_x509_crt_set_activation_time(certificate, now - 86400);
    if (result >= 0)
        result = gnutls_x509_crt_set_expiration_time(
            certificate, now + (time_t)(TLS_DEVELOPMENT_DAYS - 1) * 86400);
    if (result >= 0)
        result = gnutls_x509_crt_set_dn(certificate, "CN=localhost,O=stet development", &name);
    if (result >= 0)
        result = tls_development_names(certificate);
    if (result >= 0)
        result = gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);
    if (result >= 0)
        result = gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (result >= 0)
        result = gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0);
    if (result >= 0)
        result = gnutls_x509_crt_set_key(certificate, key);
    return result;
}

/* Both in PEM, to be freed by gnutls_free. */
static int tls_development_make(time_t now, gnutls_datum_t *certificate, gnutls_datum_t *key)
{
    gnutls_x509_crt_t made = NULL;
    gnutls_x509_privkey_t secret = NULL;
    int result = gnutls_x509_privkey_init(&secret);

    if (result >= 0)
        result = gnutls_x509_privkey_generate(secret, GNUTLS_PK_ECDSA,
                                              GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    if (result >= 0)
        result = gnutls_x509_crt_init(&made);
    if (result >= 0)
        result = tls_development_fill(made, secret, now);
    if (result >= 0)
        result = gnutls_x509_crt_sign2(made, made, secret, GNUTLS_DIG_SHA256, 0);
    if (result >= 0)
        result = gnutls_x509_crt_export2(made, GNUTLS_X509_FMT_PEM, certificate);
    if (result >= 0)
        result = gnutls_x509_privkey_export2_pkcs8(secret, GNUTLS_X509_FMT_PEM, NULL,
                                                   GNUTLS_PKCS_PLAIN, key);
    if (made)
        gnutls_x509_crt_deinit(made);
    if (secret)
        gnutls_x509_privkey_deinit(secret);
    return result;
}

/* ---- files ---- */

/* Puts a file in its place in one step. */
static bool tls_development_write(const char *path, const gnutls_datum_t *text, mode_t mode,
                                  char complaint[TLS_WORDS])
{
    char beside[TLS_PATH];
    bool well = (size_t)snprintf(beside, sizeof beside, "%s.new", path) < sizeof beside;
    int fd = -1;

    if (well)
        (void)unlink(beside);
    if (well)
        fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 || write(fd, text->data, text->size) != (ssize_t)text->size) {
        snprintf(complaint, TLS_WORDS, "%s: %s", path, well ? strerror(errno) : "is too long");
        well = false;
    }
    if (fd >= 0)
        close(fd);
    if (well && rename(beside, path) != 0) {
        snprintf(complaint, TLS_WORDS, "%s: %s", path, strerror(errno));
        well = false;
    }
    return well;
}

bool tls_development(const struct tls_pair *pair, int64_t wall, char complaint[TLS_WORDS])
{
    gnutls_datum_t certificate = {0}, key = {0};
    bool well;

    tls_begin();
    tls_clock_set(wall);
    if (tls_development_good(pair, (time_t)(wall / 1000000000)))
        return true;
    int result = tls_development_make((time_t)(wall / 1000000000), &certificate, &key);
    if (result < 0)
        snprintf(complaint, TLS_WORDS, "%s", gnutls_strerror(result));
    well = result >= 0 && tls_development_write(pair->key, &key, 0600, complaint) &&
           tls_development_write(pair->certificate, &certificate, 0644, complaint);
    if (key.data)
        gnutls_memset(key.data, 0, key.size);
    gnutls_free(certificate.data);
    gnutls_free(key.data);
    return well;
}
