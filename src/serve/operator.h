/* The operator's side of a server: its local socket and its port for metrics, and what it does for
 * whoever asks there (serve/admin.h).
 */
#ifndef SERVE_OPERATOR_H
#define SERVE_OPERATOR_H

#include "net/conn.h"
#include "serve/config.h"
#include "serve/worker.h"

/* What it looks at. All of it outlives the operator; workers may run before and after. */
struct operator_setup {
    struct loop *loop; /* of the main thread */
    const struct limits *limits;
    const struct config *config; /* of the start */
    struct worker *const *workers;
    size_t worker_count;
    struct conn_census *census;
    struct store *store; /* these two NULL if nothing is stored */
    struct cache *cache;
    /* Reads the configuration anew; `to` says what came of it. False: nothing has changed. */
    bool (*reload)(void *owner, struct text *to);
    void *owner;
};

struct operator;

/* Opens what the configuration asks for. NULL when memory is out or an address cannot be had:
 * `*error` says so, with the address. */
struct operator* operator_open(const struct operator_setup *setup, const char **error);

/* Another configuration is in use from now on; it outlives the operator, or the next call. */
void operator_configure(struct operator* operator, const struct config * config);

/* Takes the socket's file away; NULL is allowed. May be called before operator_close. */
void operator_remove(struct operator* operator);

/* Closes everything. NULL is allowed. */
void operator_close(struct operator* operator);

#endif
