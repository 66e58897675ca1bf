/* A worker: everything one thread needs to answer requests.
 *
 * Other threads reach it by three tasks only, configure, drain and stop, posted to its loop.
 *
 *     loop <- resolver <- caller <- sites (upstreams) <- cache <- exchanges <- connections
 *
 * Each stands on what is left of it, and ends before it. What fetches is made when the first
 * configuration comes that needs it.
 */
#include "serve/worker.h"

#include "base/container.h"
#include "base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#define NS_PER_MS 1000000

/* Octets of traces that may wait for who watches; no page of it is touched while nobody does. */
#define WORKER_RING (1 << 18)

struct worker {
    struct worker_setup setup;
    struct conn_set conns;
    struct handshake_set handshakes;
    struct exchange_context exchanges;
    struct accesslog log;
    struct metrics metrics;
    struct ring ring;
    struct listener listeners[WORKER_LISTENERS];
    size_t listener_count;
    struct timer deadline; /* of a drain */
    struct task drain, stop, configure;
    _Atomic(struct grounds *) coming; /* not looked at yet; NULL: the task is not posted */
    struct resolver *resolver;        /* these two once something fetches; else NULL */
    struct caller *caller;
    struct sites *sites; /* all sets: the one in use, and those that end */
    pthread_t thread;
    bool draining, ended;
};

static void worker_end(struct worker *worker)
{
    if (worker->ended)
        return;
    worker->ended = true;
    loop_timer_cancel(worker->setup.loop, &worker->deadline);
    loop_stop(worker->setup.loop);
    if (worker->setup.stopped)
        worker->setup.stopped(worker->setup.owner);
}

static void worker_close_listeners(struct worker *worker)
{
    for (size_t i = 0; i < worker->listener_count; i++)
        listener_stop(&worker->listeners[i]);
    worker->listener_count = 0;
}

static void worker_drained(struct conn_set *set)
{
    worker_end(set->owner);
}

static void worker_do_stop(struct task *task)
{
    struct worker *worker = CONTAINER(task, struct worker, stop);
    worker_close_listeners(worker);
    worker_end(worker);
}

static void worker_too_late(struct timer *timer)
{
    worker_end(CONTAINER(timer, struct worker, deadline));
}

static void worker_do_drain(struct task *task)
{
    struct worker *worker = CONTAINER(task, struct worker, drain);
    int64_t patience = (int64_t)worker->setup.limits->drain_timeout * NS_PER_MS;

    if (worker->draining || worker->ended)
        return;
    worker->draining = true;
    worker_close_listeners(worker);
    if (!loop_timer_set(worker->setup.loop, &worker->deadline,
                        loop_now(worker->setup.loop) + patience)) {
        worker_end(worker);
        return;
    }
    handshake_set_close(&worker->handshakes);
    conn_set_drain(&worker->conns);
}

static void worker_accepted(struct listener *listener, struct sock *sock,
                            const struct sock_address *peer)
{
    struct worker *worker = listener->owner;
    conn_open(&worker->conns, sock, peer);
}

static void worker_shaken(struct handshake_set *set, enum handshake_end end)
{
    struct metrics *metrics = &CONTAINER(set, struct worker, handshakes)->metrics;
    _Atomic(uint64_t) *counters[HANDSHAKE_ENDS] = {
        [HANDSHAKE_WHOLE] = &metrics->handshakes,
        [HANDSHAKE_RESUMED] = &metrics->handshakes_resumed,
        [HANDSHAKE_EARLY] = &metrics->handshakes_early,
        [HANDSHAKE_FAILED] = &metrics->handshakes_failed,
    };
    metrics_add(counters[end], 1);
    if (end == HANDSHAKE_EARLY)
        metrics_add(&metrics->handshakes_resumed, 1);
}

static void worker_accepted_secure(struct listener *listener, struct sock *sock,
                                   const struct sock_address *peer)
{
    struct worker *worker = listener->owner;
    struct tls_context *context = worker->exchanges.sites->grounds->tls;

    if (context)
        handshake_open(&worker->handshakes, sock, peer, context);
    else
        sock_close(sock, true); /* a configuration without certificates has come */
}

void worker_listener(struct worker *worker, struct listener *listener)
{
    *listener = (struct listener){
        .loop = worker->setup.loop, .accepted = worker_accepted, .owner = worker, .fd = -1};
}

static bool worker_listen_by(struct worker *worker, int fd, bool secure)
{
    if (worker->listener_count == WORKER_LISTENERS)
        return false;
    struct listener *listener = &worker->listeners[worker->listener_count];
    worker_listener(worker, listener);
    if (secure)
        listener->accepted = worker_accepted_secure;
    listener->fd = fd;
    if (!listener_start(listener))
        return false;
    worker->listener_count++;
    return true;
}

bool worker_listen(struct worker *worker, int fd)
{
    return worker_listen_by(worker, fd, false);
}

bool worker_listen_secure(struct worker *worker, int fd)
{
    return worker_listen_by(worker, fd, true);
}

/* ---- sites ---- */

/* What is needed to fetch. False when memory is out; what was made by then stays. */
static bool worker_need_fetching(struct worker *worker, struct cache *cache)
{
    const struct worker_setup *setup = &worker->setup;
    struct exchange_context *exchanges = &worker->exchanges;

    if (!worker->resolver)
        worker->resolver = resolver_new(setup->loop, NULL);
    if (worker->resolver && !worker->caller)
        worker->caller = caller_new(setup->loop, setup->limits, worker->resolver);
    if (worker->caller && !exchanges->cache)
        exchanges->cache = cache_open(cache, setup->loop);
    exchanges->dial = (struct dial_setup){
        .loop = setup->loop, .limits = setup->limits, .resolver = worker->resolver};
    return exchanges->cache != NULL;
}

static bool worker_open_sites(struct worker *worker, struct grounds *grounds)
{
    if (config_fetches(grounds->config) && !worker_need_fetching(worker, grounds->cache))
        return false;
    struct sites *sites = sites_open(grounds, worker->setup.loop, worker->caller, &worker->sites);
    if (!sites)
        return false;
    if (worker->exchanges.sites)
        sites_unref(worker->exchanges.sites);
    worker->exchanges.sites = sites;
    worker->conns.no_h2c = !grounds->config->secure.h2c;
    return true;
}

static void worker_do_configure(struct task *task)
{
    struct worker *worker = CONTAINER(task, struct worker, configure);
    struct grounds *grounds = atomic_exchange(&worker->coming, NULL);
    const bool well = worker_open_sites(worker, grounds);

    grounds_unref(grounds);
    if (worker->setup.configured)
        worker->setup.configured(worker->setup.owner, well);
}

void worker_configure(struct worker *worker, struct grounds *grounds)
{
    struct grounds *before = atomic_exchange(&worker->coming, grounds_ref(grounds));
    if (before)
        grounds_unref(before); /* nobody has looked: the task is still on its way */
    else
        loop_post(worker->setup.loop, &worker->configure);
}

/* ---- life ---- */

static bool worker_init(struct worker *worker)
{
    const struct worker_setup *setup = &worker->setup;

    worker->drain.run = worker_do_drain;
    worker->stop.run = worker_do_stop;
    worker->configure.run = worker_do_configure;
    worker->deadline.fire = worker_too_late;
    worker->conns.loop = setup->loop;
    worker->conns.limits = setup->limits;
    worker->conns.census = setup->census;
    worker->conns.service = &exchange_service;
    worker->conns.service_owner = &worker->exchanges;
    worker->conns.drained = worker_drained;
    worker->conns.owner = worker;
    worker->handshakes.conns = &worker->conns;
    worker->handshakes.ended = worker_shaken;
    worker->exchanges.loop = setup->loop;
    worker->exchanges.metrics = &worker->metrics;
    worker->exchanges.ring = &worker->ring;
    if (!ring_init(&worker->ring, WORKER_RING))
        return false;
    if (!worker_open_sites(worker, setup->grounds) || !conn_set_init(&worker->conns))
        return false;
    if (!setup->logfile)
        return true;
    worker->exchanges.log = &worker->log;
    return accesslog_init(&worker->log, setup->logfile, setup->loop,
                          setup->grounds->config->log.format);
}

struct worker *worker_new(const struct worker_setup *setup)
{
    struct worker *worker = memory_new_zero(sizeof *worker);
    if (!worker) {
        loop_free(setup->loop);
        return NULL;
    }
    worker->setup = *setup;
    if (!worker_init(worker)) {
        worker_free(worker);
        return NULL;
    }
    return worker;
}

static void *worker_run(void *argument)
{
    struct worker *worker = argument;
    loop_run(worker->setup.loop);
    return NULL;
}

bool worker_start(struct worker *worker)
{
    sigset_t all, before;

    sigfillset(&all); /* signals are the business of the thread that started us */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&worker->thread, NULL, worker_run, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = failed;
    return failed == 0;
}

void worker_drain(struct worker *worker)
{
    loop_post(worker->setup.loop, &worker->drain);
}

void worker_stop(struct worker *worker)
{
    loop_post(worker->setup.loop, &worker->stop);
}

void worker_join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
}

const struct metrics *worker_metrics(const struct worker *worker)
{
    return &worker->metrics;
}

struct ring *worker_ring(struct worker *worker)
{
    return &worker->ring;
}

void worker_free(struct worker *worker)
{
    worker->conns.drained = NULL;
    loop_timer_cancel(worker->setup.loop, &worker->deadline);
    worker_close_listeners(worker);
    if (worker->conns.census) {
        handshake_set_close(&worker->handshakes);
        conn_set_fini(&worker->conns);
    }
    exchange_context_fini(&worker->exchanges);
    if (worker->exchanges.cache)
        cache_close(worker->exchanges.cache);
    sites_close_all(&worker->sites);
    grounds_unref(atomic_exchange(&worker->coming, NULL));
    if (worker->caller)
        caller_free(worker->caller);
    if (worker->resolver)
        resolver_free(worker->resolver);
    accesslog_fini(&worker->log);
    ring_fini(&worker->ring);
    loop_free(worker->setup.loop);
    memory_free(worker);
}
