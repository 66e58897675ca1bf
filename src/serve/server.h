/* The server: the composition root, where concrete files, loops and workers are put together.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "base/limits.h"
#include "origin/files.h"
#include "serve/accesslog.h"

/* Exit statuses, as in the manual page. */
enum { SERVER_FINE = 0, SERVER_USAGE = 2, SERVER_NETWORK = 3 };

/* What the operator asked for. Strings are borrowed and outlive the server. */
struct server_options {
    const char *directory;
    const char *listen[16]; /* addresses, see io/sock.h */
    size_t listen_count;    /* 0: localhost, port 8080, IPv4 and IPv6 */
    unsigned workers;       /* 0: as many as there are processors */
    enum accesslog_format log;
    const char *log_path; /* NULL: standard output */
    bool quiet;           /* no progress and no notices on standard error */
    struct limits limits;
    struct files_options files;
};

struct server_options server_options_default(void);

/* Serves until a signal ends it; returns an exit status. Says on standard error what it does and
 * what is wrong. SIGTERM drains and stops, SIGINT stops, SIGHUP walks the tree anew, SIGUSR1
 * reopens the log. */
int server_run(const struct server_options *options);

#endif
