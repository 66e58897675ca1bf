/* Options of all commands that run a server.
 */
#include "cli/serving.h"

#include "base/units.h"
#include "cli/development.h"
#include "io/sock.h"
#include "serve/server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SERVING_LISTEN_MAX 16

bool serving_init(struct serving *serving)
{
    serving->config = config_new();
    if (!serving->config)
        fputs("stet: out of memory\n", stderr);
    return serving->config != NULL;
}

const char *serving_text(struct serving *serving, char **to, const char *value)
{
    *to = config_text(serving->config, value);
    return *to ? NULL : "out of memory";
}

const char *serving_listen(void *target, const char *value)
{
    struct serving *serving = target;
    struct config *config = serving->config;
    const char *complaint = listener_complaint(value);

    if (complaint)
        return complaint;
    if (config->listen_count == SERVING_LISTEN_MAX)
        return "too many addresses";
    for (size_t i = 0; i < config->listen_count; i++) {
        if (strcmp(config->listen[i], value) == 0)
            return "this address was given before";
    }
    char **listen =
        config_append(config, config->listen, config->listen_count, sizeof *config->listen);
    if (!listen)
        return "out of memory";
    config->listen = listen;
    return serving_text(serving, &listen[config->listen_count++], value);
}

const char *serving_tls(void *target, const char *value)
{
    (void)value;
    ((struct serving *)target)->tls = true;
    return NULL;
}

/* One more path of a file that can be read. */
static const char *serving_file(struct serving *serving, char ***files, size_t *count,
                                const char *value)
{
    char **larger = config_append(serving->config, *files, *count, sizeof *larger);

    if (access(value, R_OK) != 0)
        return strerror(errno);
    if (!larger)
        return "out of memory";
    *files = larger;
    return serving_text(serving, &larger[(*count)++], value);
}

const char *serving_cert(void *target, const char *value)
{
    struct serving *serving = target;
    struct config_tls *tls = &serving->config->secure.preset;

    serving->tls = true;
    return serving_file(serving, &tls->certificates, &tls->certificate_count, value);
}

const char *serving_key(void *target, const char *value)
{
    struct serving *serving = target;
    struct config_tls *tls = &serving->config->secure.preset;

    serving->tls = true;
    return serving_file(serving, &tls->keys, &tls->key_count, value);
}

const char *serving_early_data(void *target, const char *value)
{
    struct serving *serving = target;

    (void)value;
    serving->tls = serving->config->secure.early = true;
    return NULL;
}

const char *serving_workers(void *target, const char *value)
{
    struct serving *serving = target;
    uint64_t number = 0;
    if (strcmp(value, "auto") != 0 && !units_number(value, 1, 256, &number))
        return "expected auto or a number from 1 to 256";
    serving->config->workers = (unsigned)number;
    return NULL;
}

const char *serving_log(void *target, const char *value)
{
    static const char *const formats[] = {"off", "combined", "json"};
    struct serving *serving = target;
    for (int i = 0; i < 3; i++) {
        if (strcmp(value, formats[i]) != 0)
            continue;
        serving->config->log.format = (enum accesslog_format)i;
        return NULL;
    }
    return "expected off, combined or json";
}

const char *serving_log_file(void *target, const char *value)
{
    struct serving *serving = target;
    return serving_text(serving, &serving->config->log.path, value);
}

const char *serving_admin_socket(void *target, const char *value)
{
    struct serving *serving = target;
    if (strcmp(value, "off") != 0 && *value != '/')
        return "expected off or an absolute path";
    return serving_text(serving, &serving->config->admin_socket, value);
}

const char *serving_metrics(void *target, const char *value)
{
    struct serving *serving = target;
    const char *complaint = listener_complaint(value);
    return complaint ? complaint : serving_text(serving, &serving->config->admin_listen, value);
}

const char *serving_quiet(void *target, const char *value)
{
    (void)value;
    ((struct serving *)target)->config->quiet = true;
    return NULL;
}

/* ---- limits ---- */

static bool serving_read_limit(const struct limits_row *row, const char *value, uint64_t *number)
{
    if (strcmp(row->unit, "ms") == 0)
        return units_duration(value, number);
    if (strcmp(row->unit, "bytes") == 0)
        return units_size(value, number);
    return units_number(value, 0, UINT64_MAX, number);
}

static const char *serving_limit_complaint(const struct limits_row *row)
{
    static char text[100];
    const char *form = "a number";
    if (strcmp(row->unit, "ms") == 0)
        form = "a duration such as 500ms or 15s";
    else if (strcmp(row->unit, "bytes") == 0)
        form = "a size such as 64KiB";
    snprintf(text, sizeof text, "expected %s, from %llu to %llu %s", form,
             (unsigned long long)row->least, (unsigned long long)row->most, row->unit);
    return text;
}

/* The place of a limit in the struct is its place in the table. */
static const char *serving_set_limit(struct limits *limits, const struct limits_row *row,
                                     size_t index, const char *value)
{
    uint64_t number;
    if (!serving_read_limit(row, value, &number) || number < row->least || number > row->most)
        return serving_limit_complaint(row);
    ((uint64_t *)(void *)limits)[index] = number;
    return NULL;
}

/* Names are written with "-", as in the configuration file, or with "_". */
static bool serving_is_limit(const struct limits_row *row, const char *name, size_t size)
{
    if (strlen(row->name) != size)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (row->name[i] != (name[i] == '-' ? '_' : name[i]))
            return false;
    }
    return true;
}

const char *serving_limit(void *target, const char *value)
{
    struct serving *serving = target;
    const char *equals = strchr(value, '=');
    const struct limits_row *row;

    if (strcmp(value, "help") == 0) {
        serving->show_limits = true;
        return NULL;
    }
    if (!equals)
        return "expected NAME=VALUE, or help for the table";
    for (size_t i = 0; (row = limits_row(i)); i++) {
        if (!serving_is_limit(row, value, (size_t)(equals - value)))
            continue;
        return serving_set_limit(&serving->config->limits, row, i, equals + 1);
    }
    return "no such limit ('--limit help' prints the table)";
}

int serving_print_limits(void)
{
    const struct limits_row *row;
    printf("%-24s %10s %6s %14s %-12s %s\n", "limit", "default", "least", "most", "unit",
           "bounds -> past it");
    for (size_t i = 0; (row = limits_row(i)); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s", row->name);
        for (char *at = strchr(name, '_'); at; at = strchr(at, '_'))
            *at = '-';
        printf("%-24s %10llu %6llu %14llu %-12s %s -> %s\n", name, (unsigned long long)row->value,
               (unsigned long long)row->least, (unsigned long long)row->most, row->unit, row->what,
               row->past);
    }
    return 0;
}

/* With TLS everything speaks it. False: it said what is wrong. */
static bool serving_secure(struct serving *serving)
{
    struct config *config = serving->config;
    struct config_secure *secure = &config->secure;

    if (!serving->tls)
        return true;
    if (secure->preset.certificate_count != secure->preset.key_count) {
        fputs("stet: --cert and --key go together: one key for each certificate\n", stderr);
        return false;
    }
    secure->listen = config->listen;
    secure->listen_count = config->listen_count;
    config->listen = NULL;
    config->listen_count = 0;
    return secure->preset.certificate_count > 0 || development_use(config);
}

int serving_run(struct serving *serving)
{
    struct config *config = serving->config;

    if (!serving_secure(serving))
        return SERVER_USAGE;

    serving->config = NULL;
    if (config_seal(config))
        return server_run(config);
    fputs("stet: out of memory\n", stderr);
    config_unref(config);
    return 2;
}
