/* Configuration files, for commands: read, and told about.
 */
#include "cli/configuration.h"

#include "serve/configfile.h"
#include "serve/configshow.h"

#include "serve/secure.h"

#include <stdio.h>
#include <time.h>

/* Prints a text and ends it; what was shortened for lack of memory is told. */
static bool configuration_print(FILE *to, struct text *text)
{
    const bool whole =
        !text->failed && fwrite(text->at, 1, text->len, to) == text->len && fflush(to) == 0;
    if (text->failed)
        fputs("stet: out of memory\n", stderr);
    text_fini(text);
    return whole;
}

/* Wall clock, ns. */
static int64_t configuration_now(void)
{
    return (int64_t)time(NULL) * 1000000000;
}

struct config *configuration_read(const char *path)
{
    struct config_errors errors;
    struct text text = {0};
    struct config *config = config_read(path, &errors);

    if (!config) {
        configshow_errors(&errors, path, &text);
        (void)configuration_print(stderr, &text);
    }
    return config;
}

static int configuration_check_json(const char *path)
{
    struct config_errors errors;
    struct text text = {0};
    struct config *config = config_read(path, &errors);

    if (config)
        configshow_json(config, configuration_now(), &text);
    else
        configshow_errors_json(&errors, path, &text);
    const bool fine = configuration_print(stdout, &text) && config;
    config_unref(config);
    return fine ? 0 : 2;
}

/* A doubt about a certificate, for a person. */
static void configuration_doubt(void *owner, const char *words)
{
    text_say(owner, "warning: %s\n", words);
}

int configuration_check(const char *path, bool json)
{
    struct text text = {0};

    if (json)
        return configuration_check_json(path);
    struct config *config = configuration_read(path);
    if (!config)
        return 2;
    text_say(&text, "%s: OK\n", path);
    configshow_words(config, &text);
    secure_check(config, configuration_now(), configuration_doubt, &text);
    config_unref(config);
    return configuration_print(stdout, &text) ? 0 : 2;
}
