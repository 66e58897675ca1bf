/* A worker: one thread, one loop, its listeners, its connections, its sites.
 *
 * Workers share the census, the grounds (configuration, libraries, cache) and the log file; nothing
 * else.
 */
#ifndef SERVE_WORKER_H
#define SERVE_WORKER_H

#include "net/conn.h"
#include "net/handshake.h"
#include "serve/exchange.h"

/* The most addresses one server listens on. */
#define WORKER_LISTENERS 16

/* What a worker is given. All of it outlives the worker. */
struct worker_setup {
    struct loop *loop; /* the worker's from now on */
    const struct limits *limits;
    struct conn_census *census;
    struct grounds *grounds;      /* to begin with; referenced */
    struct logfile *logfile;      /* NULL: no access log */
    void (*stopped)(void *owner); /* the worker's loop will return; called on its thread */
    /* What came by worker_configure is in use (or, with `well` false, memory was out and the old
     * one stays); called on its thread. May be NULL. */
    void (*configured)(void *owner, bool well);
    void *owner;
};

struct worker;

/* A worker that does not run yet. Takes the loop, also on failure: NULL when memory is out. */
struct worker *worker_new(const struct worker_setup *setup);

/* Adds a listening descriptor. False when the kernel refuses; the descriptor is then the caller's.
 */
bool worker_listen(struct worker *worker, int fd);

/* The same for connections that speak TLS. They are served once the grounds have certificates. */
bool worker_listen_secure(struct worker *worker, int fd);

/* Runs the loop in a thread of its own. False on failure, errno says why. */
bool worker_start(struct worker *worker);

/* From any thread but that of another call to this worker, at any time: the sites of `grounds` (a
 * reference is taken) answer the requests that come from now on, once the worker has got the mail.
 * Requests in progress keep the old ones. Of several that come before the worker has looked, the
 * last one counts. */
void worker_configure(struct worker *worker, struct grounds *grounds);

/* From any thread, once: stop accepting, finish requests in progress (until limits.drain_timeout),
 * return. */
void worker_drain(struct worker *worker);

/* From any thread, once: close everything and return. May follow worker_drain. */
void worker_stop(struct worker *worker);

/* Waits for the thread to end. */
void worker_join(struct worker *worker);

/* What it has done; may be read at any time. */
const struct metrics *worker_metrics(const struct worker *worker);

/* Where its traces go while someone takes them: see serve/livelog.h. */
struct ring *worker_ring(struct worker *worker);

/* Frees a worker that never ran or has ended. */
void worker_free(struct worker *worker);

/* For a loop that someone else drives (the simulated world): hands a listener that is set up for
 * this worker's connections. */
void worker_listener(struct worker *worker, struct listener *listener);

#endif
