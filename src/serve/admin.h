/* The admin service: what operators ask of a running server, over its local socket, and metrics
 * over a loopback port if that is wanted.
 *
 *     GET /metrics          in the text form of Prometheus     (socket and port)
 *     GET /stat             the same in words; ?form=json
 *     GET /log?FILTER       the live log, JSON lines, until the client ends it
 *     GET /explain?url=URL  why the cache would answer as it would; &form=json
 *     POST /purge?scope=S   the content is the URL, prefix, pattern or group
 *     POST /reload          reads the configuration anew
 *
 * It runs on the loop of the main thread, on the same codec and connections as everything else.
 */
#ifndef SERVE_ADMIN_H
#define SERVE_ADMIN_H

#include "cache/cache.h"
#include "net/conn.h"
#include "serve/livelog.h"
#include "serve/metrics.h"

/* What the server does for it. Each may be called at any time on the main thread. */
struct admin_ops {
    /* Fills in the present sums (`sum` is all zero) and state. */
    void (*stat)(void *owner, struct metrics *sum, struct metrics_state *state);
    /* As cache_purge; -1 with a sentence in `*error` also where there is no cache. */
    int64_t (*purge)(void *owner, enum cache_purge_scope scope, struct stet_span text, bool hard,
                     const char **error);
    /* Begins to read the configuration anew. True: `to` says what was read; false: what is wrong
     * with it, and nothing has changed. */
    bool (*reload)(void *owner, struct text *to);
    /* Explains what is stored for a URL and how a request would be answered, in words or as JSON.
     * False: `to` says why it cannot. */
    bool (*explain)(void *owner, const struct stet_request *request, bool json, struct text *to);
};

struct admin_setup {
    struct loop *loop;
    const struct limits *limits;
    struct ring *const *rings; /* of the workers */
    size_t ring_count;
    const struct admin_ops *ops;
    void *owner;
};

struct admin;

/* NULL when memory is out. What the setup points to outlives it. */
struct admin *admin_new(const struct admin_setup *setup);

/* Closes all connections and listeners. NULL is allowed. */
void admin_free(struct admin *admin);

/* Accepts on a listening descriptor, which is the admin's from then on; with `metrics_only` nothing
 * else is answered there. False when the kernel refuses; the descriptor is then the caller's. At
 * most two. */
bool admin_listen(struct admin *admin, int fd, bool metrics_only);

#endif
