/* The server: puts directories, a store, listeners and workers together, and takes them apart.
 *
 * The main thread runs a loop of its own for signals, progress and the memos; each worker has a
 * thread. All that can fail at the start is done before the first connection is accepted.
 *
 *     open directories -> bind -> libraries, cache -> workers -> walk ... signal ... drain -> join
 *     -> save
 */
#include "serve/server.h"

#include "base/container.h"
#include "base/memory.h"
#include "serve/configfile.h"
#include "serve/configshow.h"
#include "serve/doors.h"
#include "serve/operator.h"
#include "serve/secure.h"
#include "serve/trees.h"
#include "serve/worker.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SERVER_WORKERS_MAX 256

struct server_secure {
    struct tls_tickets *tickets; /* for all configurations */
    char complaint[TLS_WORDS];   /* about the certificates of the last one; or empty */
};

struct server {
    struct config *config;
    struct limits limits;
    struct loop *loop;
    struct work *work;
    struct trees trees;
    struct store *store; /* these two if anything fetches */
    struct cache *cache;
    struct grounds *grounds;
    struct logfile *logfile;
    struct conn_census *census;
    struct worker *workers[SERVER_WORKERS_MAX];
    size_t made, running; /* workers */
    atomic_size_t ended;
    struct doors doors;
    struct server_secure secure;
    struct operator* operator;
    struct task worker_ended;
    bool draining, stopping;
};

static void server_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("stet: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static void server_warn(void *owner, const char *sentence)
{
    (void)owner;
    server_say("warning: %s", sentence);
}

/* ---- start ---- */

static size_t server_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    return (size_t)CPU_COUNT(&set);
}

/* How many workers there shall be. */
static size_t server_wanted(const struct server *server)
{
    const size_t wanted = server->config->workers ? server->config->workers : server_processors();
    return wanted < SERVER_WORKERS_MAX ? wanted : SERVER_WORKERS_MAX;
}

/* The directories of the first configuration. */
static bool server_open_directories(struct server *server)
{
    const char *directory;

    server->trees.quiet = server->config->quiet;
    if (trees_open(&server->trees, server->config, &directory))
        return true;
    server_say("cannot serve %s: %s", directory, strerror(errno));
    return false;
}

static bool server_bind_one(struct server *server, const char *address, bool secure, bool must)
{
    struct doors *doors = &server->doors;
    const char *error =
        doors->count < WORKER_LISTENERS ? doors_open(doors, address) : "too many addresses";

    if (!error)
        doors->at[doors->count - 1].secure = secure;
    if (error && must)
        server_say("cannot listen on %s: %s (choose another address with %s)", address, error,
                   server->config->path ? "listen: in the configuration" : "--listen");
    else if (error && !server->config->quiet)
        server_say("not listening on %s: %s", address, error);
    return !error;
}

static bool server_bind(struct server *server)
{
    const struct config *config = server->config;

    const struct config_secure *secure = &config->secure;
    const bool speaks = config_is_secure(config);

    if (config->listen_count == 0 && secure->listen_count == 0) {
        if (!server_bind_one(server, speaks ? "127.0.0.1:8443" : "127.0.0.1:8080", speaks, true))
            return false;
        /* not every machine has IPv6 */
        server_bind_one(server, speaks ? "[::1]:8443" : "[::1]:8080", speaks, false);
        return true;
    }
    for (size_t i = 0; i < config->listen_count; i++) {
        if (!server_bind_one(server, config->listen[i], false, true))
            return false;
    }
    for (size_t i = 0; i < secure->listen_count; i++) {
        if (!server_bind_one(server, secure->listen[i], true, true))
            return false;
    }
    return true;
}

/* One store for all routes: what may be kept in it is the largest that any of them keeps. */
static bool server_open_cache(struct server *server, const struct config *config)
{
    const struct config_route *route;
    uint64_t seed[2], largest = config->forward.on ? config->forward.route.cache.object_max : 0;

    if (!config_fetches(config) || server->cache)
        return true;
    for (size_t i = 0; (route = config_route_at(config, i)); i++) {
        if (route->kind == CONFIG_PROXY && route->cache.object_max > largest)
            largest = route->cache.object_max;
    }
    loop_random(server->loop, seed, sizeof seed);
    server->store = store_mem_new(config->memory, largest, seed);
    loop_random(server->loop, seed, sizeof seed);
    server->cache = server->store ? cache_new(server->store, seed) : NULL;
    return server->cache != NULL;
}

static bool server_open_pool(struct server *server)
{
    unsigned threads = server_wanted(server) > 4 ? 4 : (unsigned)server_wanted(server);

    if (!server->work && trees_any(&server->trees))
        server->work = work_new(threads);
    return server->work || !trees_any(&server->trees);
}

/* The certificates of a configuration, if it has any. False with a complaint. */
static bool server_open_secure(struct server *server, struct grounds *grounds)
{
    server->secure.complaint[0] = '\0';
    if (!config_is_secure(grounds->config))
        return true;
    if (!server->secure.tickets)
        server->secure.tickets = tls_tickets_new();
    if (!server->secure.tickets)
        return false;
    grounds->tls = secure_open(grounds->config, server->secure.tickets, server->secure.complaint);
    if (grounds->tls && !grounds->config->quiet)
        secure_check(grounds->config, loop_wall(server->loop), server_warn, server);
    return grounds->tls != NULL;
}

/* What workers stand on with this configuration, whose directories are open; NULL when memory is
 * out, or with a complaint. */
static struct grounds *server_furnish(struct server *server, struct config *config)
{
    struct grounds *grounds = grounds_new(config);
    const struct trees_setup setup = {
        .loop = server->loop, .work = server->work, .warn = server_warn, .owner = server};

    if (grounds && server_open_secure(server, grounds) &&
        trees_furnish(&server->trees, &setup, grounds) && server_open_cache(server, config)) {
        grounds->cache = server->cache;
        grounds->secure_port = doors_secure_port(&server->doors);
        return grounds;
    }
    grounds_unref(grounds);
    return NULL;
}

static bool server_open_shared(struct server *server)
{
    uint64_t seed[2];

    server->loop = loop_new_epoll();
    if (!server->loop || !server_open_pool(server))
        return false;
    loop_random(server->loop, seed, sizeof seed);
    server->census = conn_census_new(&server->limits, seed);
    server->grounds = server->census ? server_furnish(server, server->config) : NULL;
    return server->grounds != NULL;
}

static bool server_open_log(struct server *server)
{
    const struct config_log *log = &server->config->log;
    if (log->format == ACCESSLOG_OFF)
        return true;
    server->logfile = logfile_open(log->path);
    if (!server->logfile)
        server_say("cannot write the log %s: %s", log->path ? log->path : "on standard output",
                   strerror(errno));
    return server->logfile != NULL;
}

static void server_heard(struct task *task)
{
    struct server *server = CONTAINER(task, struct server, worker_ended);
    loop_stop(server->loop);
}

/* A worker's loop returns: on its thread. The last one ends the main loop. Nobody counts those who
 * run any more when the first one is told to end. */
static void server_worker_stopped(void *owner)
{
    struct server *server = owner;
    if (atomic_fetch_add(&server->ended, 1) + 1 == server->running)
        loop_post(server->loop, &server->worker_ended);
}

/* One more worker, with doors of its own. NULL, or why not. */
static const char *server_add_worker(struct server *server)
{
    struct worker_setup setup = {
        .loop = loop_new_epoll(),
        .limits = &server->limits,
        .census = server->census,
        .grounds = server->grounds,
        .logfile = server->logfile,
        .stopped = server_worker_stopped,
        .owner = server,
    };
    struct worker *worker = setup.loop ? worker_new(&setup) : NULL;

    if (!worker)
        return strerror(errno);
    server->workers[server->made++] = worker;
    return doors_give(&server->doors, worker);
}

static bool server_make_workers(struct server *server)
{
    while (server->made < server_wanted(server)) {
        const char *error = server_add_worker(server);
        if (error) {
            server_say("cannot start %zu workers: %s", server_wanted(server), error);
            return false;
        }
    }
    return true;
}

/* ---- another configuration ---- */

static bool server_same_texts(char *const *a, size_t a_count, char *const *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        if (strcmp(a[i], b[i]) != 0)
            return false;
    }
    return true;
}

/* What a running server cannot change. */
static void server_tell_kept(const struct config *before, const struct config *now, struct text *to)
{
    const struct {
        const char *key;
        bool same;
    } keys[] = {
        {"listen",
         server_same_texts(before->listen, before->listen_count, now->listen, now->listen_count)},
        {"tls-listen", server_same_texts(before->secure.listen, before->secure.listen_count,
                                         now->secure.listen, now->secure.listen_count)},
        {"workers", before->workers == now->workers},
        {"memory", before->memory == now->memory},
        {"log", before->log.format == now->log.format},
        {"limits", memcmp(&before->limits, &now->limits, sizeof now->limits) == 0},
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (!keys[i].same)
            text_say(to, "%s: changed, which takes a restart\n", keys[i].key);
    }
}

/* Puts a configuration in the place of the one in use; takes it. False: nothing has changed. */
static bool server_configure(struct server *server, struct config *config, struct text *to)
{
    const char *directory;
    struct grounds *grounds = NULL;

    if (!trees_open(&server->trees, config, &directory))
        text_say(to, "cannot serve %s: %s\n", directory, strerror(errno));
    else if (!server_open_pool(server) || !(grounds = server_furnish(server, config)))
        text_say(to, "%s\n",
                 server->secure.complaint[0] ? server->secure.complaint : "out of memory");
    if (!grounds) {
        config_unref(config);
        return false;
    }
    server_tell_kept(server->config, config, to);
    for (size_t i = 0; i < server->running; i++)
        worker_configure(server->workers[i], grounds);
    grounds_unref(server->grounds);
    server->grounds = grounds;
    operator_configure(server->operator, config);
    config_unref(server->config);
    server->config = config;
    trees_walk(&server->trees, server->loop, false);
    return true;
}

/* Reads the configuration file anew. */
static bool server_reload(void *owner, struct text *to)
{
    struct server *server = owner;
    const char *path = server->config->path;
    struct config_errors errors;
    struct config *config;

    if (!path) {
        text_say(to, "this server was started without a configuration file\n");
        return false;
    }
    config = config_read(path, &errors);
    if (!config) {
        configshow_errors(&errors, path, to);
        return false;
    }
    config->quiet |= server->config->quiet;
    if (!server_configure(server, config, to))
        return false;
    text_say(to, "%s: in use\n", config->path);
    return true;
}

/* By a signal: what would be answered goes to standard error. */
static void server_reload_aloud(struct server *server)
{
    struct text text = {0};

    server_reload(server, &text);
    if (text.len)
        server_say("%.*s", (int)text.len - 1, text.at);
    text_fini(&text);
}

static bool server_open_operator(struct server *server)
{
    const struct operator_setup setup = {.loop = server->loop,
                                         .limits = &server->limits,
                                         .config = server->config,
                                         .workers = server->workers,
                                         .worker_count = server->made,
                                         .census = server->census,
                                         .store = server->store,
                                         .cache = server->cache,
                                         .reload = server_reload,
                                         .owner = server};
    const char *error;

    server->operator= operator_open(&setup, &error);
    if (!server->operator)
        server_say("%s", error);
    return server->operator!= NULL;
}

static bool server_start_workers(struct server *server)
{
    for (; server->running < server->made; server->running++) {
        if (!worker_start(server->workers[server->running])) {
            server_say("cannot start a thread: %s", strerror(errno));
            return false;
        }
    }
    return true;
}

/* ---- signals ---- */

static void server_drain(struct server *server)
{
    if (server->draining)
        return;
    server->draining = true;
    if (!server->config->quiet)
        server_say("finishing requests in progress (again to stop at once)");
    doors_remove(&server->doors);
    operator_remove(server->operator);
    for (size_t i = 0; i < server->running; i++)
        worker_drain(server->workers[i]);
}

static void server_stop(struct server *server)
{
    if (server->stopping)
        return;
    server->stopping = true;
    doors_remove(&server->doors);
    operator_remove(server->operator);
    for (size_t i = 0; i < server->running; i++)
        worker_stop(server->workers[i]);
}

static void server_caught(void *owner, int number)
{
    struct server *server = owner;

    switch (number) {
    case SIGTERM:
        if (server->draining)
            server_stop(server);
        else
            server_drain(server);
        break;
    case SIGINT:
        server_stop(server);
        break;
    case SIGHUP:
        if (server->config->path)
            server_reload_aloud(server);
        trees_walk(&server->trees, server->loop, true);
        break;
    case SIGUSR1:
        if (server->logfile)
            logfile_reopen(server->logfile);
        break;
    default:
        break;
    }
}

/* ---- life ---- */

/* A descriptor for each connection, and some for files: clients that only hold on to connections
 * must not keep the others from their files. */
static void server_raise_limits(struct server *server)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    uint64_t spare = 128 + files.rlim_cur / 8;
    if (spare > files.rlim_cur / 2)
        spare = files.rlim_cur / 2;
    if (files.rlim_cur != RLIM_INFINITY && server->limits.connections > files.rlim_cur - spare)
        server->limits.connections = files.rlim_cur - spare;
}

static void server_announce(const struct server *server)
{
    char url[DOOR_URL];
    for (size_t i = 0; i < server->doors.count; i++) {
        doors_url(&server->doors.at[i], url);
        server_say("listening on %s", url);
    }
}

static bool server_start(struct server *server)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, 0};

    if (!server_open_shared(server) ||
        !loop_signals(server->loop, signals, server_caught, server)) {
        server_say("cannot start: %s",
                   server->secure.complaint[0] ? server->secure.complaint : strerror(errno));
        return false;
    }
    return server_open_log(server) && server_make_workers(server) && server_open_operator(server) &&
           server_start_workers(server);
}

/* Ends the threads first: those of the workers, then those of the pool. What was done for loops
 * that run no more is dropped with the libraries. */
static void server_close(struct server *server)
{
    server_stop(server);
    for (size_t i = 0; i < server->running; i++)
        worker_join(server->workers[i]);
    if (server->work)
        work_free(server->work);
    operator_close(server->operator);
    for (size_t i = 0; i < server->made; i++)
        worker_free(server->workers[i]);
    doors_close(&server->doors);
    trees_close(&server->trees);
    if (server->cache)
        cache_free(server->cache);
    if (server->store)
        store_free(server->store);
    conn_census_free(server->census);
    logfile_close(server->logfile);
    if (server->loop)
        loop_free(server->loop);
    grounds_unref(server->grounds);
    tls_tickets_unref(server->secure.tickets);
    config_unref(server->config);
    memory_free(server);
}

static void server_serve(struct server *server)
{
    if (!server->config->quiet)
        server_announce(server);
    trees_walk(&server->trees, server->loop, true);
    loop_run(server->loop);
    trees_rest(&server->trees);
}

/* Signals are taken by the main loop only: blocked before any thread exists. */
static void server_block_signals(void)
{
    sigset_t handled;

    sigemptyset(&handled);
    sigaddset(&handled, SIGTERM);
    sigaddset(&handled, SIGINT);
    sigaddset(&handled, SIGHUP);
    sigaddset(&handled, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &handled, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int server_run(struct config *config)
{
    struct server *server = memory_new_zero(sizeof *server);
    int status = SERVER_FINE;

    if (!server) {
        config_unref(config);
        return SERVER_USAGE;
    }
    server_block_signals();
    server->config = config;
    server->limits = config->limits;
    server->worker_ended.run = server_heard;
    server_raise_limits(server);
    if (!server_open_directories(server))
        status = SERVER_USAGE;
    else if (!server_bind(server))
        status = SERVER_NETWORK;
    else if (!server_start(server))
        status = SERVER_USAGE;
    else
        server_serve(server);
    server_close(server);
    return status;
}
