/* The certificate that stet serve --tls shows: one for each user, kept where programs keep their
 * data.
 */
#include "cli/development.h"

#include "io/tls_certificate.h"
#include "serve/memoplace.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { DEVELOPMENT_PATH = 4096 };

/* The directory; false when there is none. */
static bool development_directory(char to[DEVELOPMENT_PATH])
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int size = 0;

    if (data && *data == '/')
        size = snprintf(to, DEVELOPMENT_PATH, "%s/stet", data);
    else if (home && *home == '/')
        size = snprintf(to, DEVELOPMENT_PATH, "%s/.local/share/stet", home);
    return size > 0 && size < DEVELOPMENT_PATH - 32;
}

static bool development_append(struct config *config, const char *certificate, const char *key)
{
    struct config_tls *tls = &config->secure.preset;

    tls->certificates = config_append(config, NULL, 0, sizeof *tls->certificates);
    tls->keys = config_append(config, NULL, 0, sizeof *tls->keys);
    if (!tls->certificates || !tls->keys)
        return false;
    tls->certificates[0] = config_text(config, certificate);
    tls->keys[0] = config_text(config, key);
    tls->certificate_count = tls->key_count = 1;
    return tls->certificates[0] && tls->keys[0];
}

bool development_use(struct config *config)
{
    char directory[DEVELOPMENT_PATH], certificate[DEVELOPMENT_PATH + 32],
        key[DEVELOPMENT_PATH + 32], complaint[TLS_WORDS];

    if (!development_directory(directory)) {
        fputs("stet: no place for a certificate: $HOME is not set (name one with --cert and "
              "--key)\n",
              stderr);
        return false;
    }
    snprintf(certificate, sizeof certificate, "%s/development.pem", directory);
    snprintf(key, sizeof key, "%s/development.key", directory);
    memoplace_make(certificate);
    const struct tls_pair pair = {certificate, key, NULL};
    if (!tls_development(&pair, (int64_t)time(NULL) * 1000000000, complaint)) {
        fprintf(stderr, "stet: cannot make a certificate: %s\n", complaint);
        return false;
    }
    if (!config->quiet)
        fprintf(stderr,
                "stet: certificate for development, for localhost: %s\n"
                "stet: nobody vouches for it; to trust it: curl --cacert %s, or import it into "
                "the browser\n",
                certificate, certificate);
    if (development_append(config, certificate, key))
        return true;
    fputs("stet: out of memory\n", stderr);
    return false;
}
