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
#include "serve/doors.h"
#include "serve/operator.h"
#include "serve/progress.h"
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

/* One directory that is served. */
struct server_tree {
    const struct config_route *route;
    struct fs *fs;
    struct library *library;
    struct progress progress;
};

struct server {
    struct config *config;
    struct limits limits;
    struct loop *loop;
    struct work *work;
    struct server_tree *trees;
    size_t tree_count;
    struct store *store; /* these two if anything fetches */
    struct cache *cache;
    struct grounds *grounds;
    struct logfile *logfile;
    struct conn_census *census;
    struct worker *workers[SERVER_WORKERS_MAX];
    size_t wanted, made, running; /* workers */
    atomic_size_t ended;
    struct doors doors;
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

/* Every route of the configuration; NULL past the last. */
static const struct config_route *server_route(const struct config *config, size_t index)
{
    for (size_t i = 0; i < config->site_count; i++) {
        if (index < config->sites[i].route_count)
            return &config->sites[i].routes[index];
        index -= config->sites[i].route_count;
    }
    return NULL;
}

/* The directories, in the order of their routes. */
static bool server_open_directories(struct server *server)
{
    const struct config *config = server->config;
    const struct config_route *route;

    server->trees = memory_new_zero((config->route_count + 1) * sizeof *server->trees);
    if (!server->trees)
        return false;
    for (size_t i = 0; (route = server_route(config, i)); i++) {
        if (route->kind != CONFIG_FILES)
            continue;
        struct server_tree *tree = &server->trees[server->tree_count++];
        tree->route = route;
        tree->fs = fs_open(route->directory);
        if (!tree->fs) {
            server_say("cannot serve %s: %s", route->directory, strerror(errno));
            return false;
        }
    }
    return true;
}

static bool server_bind_one(struct server *server, const char *address, bool must)
{
    const char *error = doors_open(&server->doors, address);

    if (error && must)
        server_say("cannot listen on %s: %s (choose another address with --listen)", address,
                   error);
    else if (error && !server->config->quiet)
        server_say("not listening on %s: %s", address, error);
    return !error;
}

static bool server_bind(struct server *server)
{
    const struct config *config = server->config;

    if (config->listen_count == 0) {
        if (!server_bind_one(server, "127.0.0.1:8080", true))
            return false;
        server_bind_one(server, "[::1]:8080", false); /* not every machine has IPv6 */
        return true;
    }
    for (size_t i = 0; i < config->listen_count; i++) {
        if (!server_bind_one(server, config->listen[i], true))
            return false;
    }
    return true;
}

static bool server_open_library(struct server *server, struct server_tree *tree)
{
    const struct library_setup setup = {
        .fs = tree->fs, .work = server->work, .now = loop_wall(server->loop), .warn = server_warn};
    tree->library = library_open(&setup, &tree->route->files);
    server->grounds->libraries[tree->route->number] = tree->library;
    return tree->library != NULL;
}

/* One store for all routes: what may be kept in it is the largest that any of them keeps. */
static bool server_open_cache(struct server *server)
{
    const struct config *config = server->config;
    const struct config_route *route;
    uint64_t seed[2], largest = config->forward.on ? config->forward.route.cache.object_max : 0;

    if (!config_fetches(config))
        return true;
    for (size_t i = 0; (route = server_route(config, i)); i++) {
        if (route->kind == CONFIG_PROXY && route->cache.object_max > largest)
            largest = route->cache.object_max;
    }
    loop_random(server->loop, seed, sizeof seed);
    server->store = store_mem_new(config->memory, largest, seed);
    loop_random(server->loop, seed, sizeof seed);
    server->cache = server->store ? cache_new(server->store, seed) : NULL;
    server->grounds->cache = server->cache;
    return server->cache != NULL;
}

static bool server_open_shared(struct server *server)
{
    uint64_t seed[2];
    unsigned threads = server->wanted > 4 ? 4 : (unsigned)server->wanted;

    server->loop = loop_new_epoll();
    server->work = server->tree_count ? work_new(threads) : NULL;
    if (!server->loop || (server->tree_count && !server->work))
        return false;
    loop_random(server->loop, seed, sizeof seed);
    server->census = conn_census_new(&server->limits, seed);
    server->grounds = grounds_new(server->config);
    if (!server->census || !server->grounds)
        return false;
    for (size_t i = 0; i < server->tree_count; i++) {
        if (!server_open_library(server, &server->trees[i]))
            return false;
    }
    return server_open_cache(server);
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
    while (server->made < server->wanted) {
        const char *error = server_add_worker(server);
        if (error) {
            server_say("cannot start %zu workers: %s", server->wanted, error);
            return false;
        }
    }
    return true;
}

/* A configuration made of flags cannot be read anew. */
static bool server_reload(void *owner, struct text *to)
{
    (void)owner;
    text_say(to, "this server was started without a configuration file\n");
    return false;
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

static void server_walk(struct server *server)
{
    for (size_t i = 0; i < server->tree_count; i++) {
        library_walk(server->trees[i].library, server->loop);
        progress_begin(&server->trees[i].progress);
    }
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
        server_walk(server);
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

static size_t server_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    return (size_t)CPU_COUNT(&set);
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
        server_say("cannot start: %s", strerror(errno));
        return false;
    }
    return server_open_log(server) && server_make_workers(server) && server_open_operator(server) &&
           server_start_workers(server);
}

static void server_close_trees(struct server *server)
{
    for (size_t i = 0; i < server->tree_count; i++) {
        if (server->trees[i].library)
            library_close(server->trees[i].library);
    }
    for (size_t i = 0; i < server->tree_count; i++) {
        if (server->trees[i].fs)
            fs_close(server->trees[i].fs);
    }
    memory_free(server->trees);
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
    server_close_trees(server);
    if (server->cache)
        cache_free(server->cache);
    if (server->store)
        store_free(server->store);
    conn_census_free(server->census);
    logfile_close(server->logfile);
    if (server->loop)
        loop_free(server->loop);
    grounds_unref(server->grounds);
    config_unref(server->config);
    memory_free(server);
}

static void server_serve(struct server *server)
{
    if (!server->config->quiet)
        server_announce(server);
    for (size_t i = 0; i < server->tree_count; i++)
        progress_init(&server->trees[i].progress, server->loop, server->trees[i].library,
                      server->config->quiet);
    server_walk(server);
    loop_run(server->loop);
    for (size_t i = 0; i < server->tree_count; i++)
        progress_end(&server->trees[i].progress);
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
    server->wanted = config->workers ? config->workers : server_processors();
    if (server->wanted > SERVER_WORKERS_MAX)
        server->wanted = SERVER_WORKERS_MAX;
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
