/* What the commands that run a server have in common: options that fill a configuration.
 */
#ifndef CLI_SERVING_H
#define CLI_SERVING_H

#include "cli/options.h"
#include "serve/config.h"

/* First member of the target of such a command's options. */
struct serving {
    struct config *config;
    bool show_limits; /* --limit help */
    bool tls;
};

/* An empty configuration. False when memory is out, which was said. */
bool serving_init(struct serving *serving);

/* Takes for rows of options; `target` is a struct serving. */
const char *serving_listen(void *target, const char *value);
const char *serving_tls(void *target, const char *value);
const char *serving_cert(void *target, const char *value);
const char *serving_key(void *target, const char *value);
const char *serving_early_data(void *target, const char *value);
const char *serving_workers(void *target, const char *value);
const char *serving_log(void *target, const char *value);
const char *serving_log_file(void *target, const char *value);
const char *serving_limit(void *target, const char *value);
const char *serving_admin_socket(void *target, const char *value);
const char *serving_metrics(void *target, const char *value);
const char *serving_quiet(void *target, const char *value);

/* Stores a copy of a value. */
const char *serving_text(struct serving *serving, char **to, const char *value);

/* The rows for these: the first and the last of a table. */
/* clang-format off */
#define SERVING_ROWS                                                                       \
    {"listen", 'l', "ADDRESS",                                                             \
     "HOST:PORT, [V6]:PORT, :PORT or unix:PATH; may repeat\n"                              \
     "(default: 127.0.0.1:8080 and [::1]:8080)", serving_listen},                          \
    {"tls", 0, NULL,                                                                       \
     "speak TLS at these addresses (default: 127.0.0.1:8443 and\n"                         \
     "[::1]:8443), by a certificate for development if --cert is\n"                        \
     "not given", serving_tls},                                                            \
    {"cert", 0, "FILE", "certificate and those above it, PEM; may repeat; implies --tls",  \
     serving_cert},                                                                        \
    {"key", 0, "FILE", "its key, PEM; as often as --cert", serving_key},                   \
    {"early-data", 0, NULL,                                                                \
     "clients that come again may ask before the handshake is over\n"                      \
     "(0-RTT), if others may repeat it safely; implies --tls", serving_early_data},        \
    {"workers", 'w', "N|auto", "threads that answer (default: auto, one a processor)",     \
     serving_workers},                                                                     \
    {"log", 0, "off|combined|json", "access log (default: off)", serving_log},             \
    {"log-file", 0, "PATH", "where the access log goes (default: standard output)",        \
     serving_log_file}

#define SERVING_LAST_ROWS                                                                  \
    {"admin-socket", 0, "PATH|off",                                                        \
     "the local socket that stet stat, log, purge and explain ask\n"                      \
     "(default: stet.sock in /run/stet or $XDG_RUNTIME_DIR, if free)",                     \
     serving_admin_socket},                                                                \
    {"metrics", 0, "ADDRESS", "answer /metrics for Prometheus there, for example\n"      \
     "127.0.0.1:9304", serving_metrics},                                                   \
    {"limit", 0, "NAME=VALUE", "change a limit; 'help' prints the table", serving_limit},  \
    {"quiet", 'q', NULL, "no notices and no progress on standard error", serving_quiet},   \
    {NULL, 0, NULL, NULL, NULL}
/* clang-format on */

/* Prints the table of limits; returns an exit status. */
int serving_print_limits(void);

/* Ends the configuration and runs a server with it; returns an exit status. Takes the
 * configuration. */
int serving_run(struct serving *serving);

#endif
