/* The server: the composition root, where concrete files, stores, loops and workers are put
 * together.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "serve/config.h"

/* Exit statuses, as in the manual page. */
enum { SERVER_FINE = 0, SERVER_USAGE = 2, SERVER_NETWORK = 3 };

/* Serves a sealed configuration until a signal ends it; returns an exit status. Takes the
 * reference. Says on standard error what it does and what is wrong. SIGTERM drains and stops,
 * SIGINT stops, SIGHUP reads the configuration file anew and walks the directories, SIGUSR1 reopens
 * the log. */
int server_run(struct config *config);

#endif
