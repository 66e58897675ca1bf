/* Sums of all workers, purges, explanations: each a call or two to the rooms that know.
 *
 * The place of the local socket by default may be taken by another server of the same user, or be
 * out of reach: then there is none, which is no reason not to serve. One that was asked for must be
 * had.
 */
#include "serve/operator.h"

#include "base/memory.h"
#include "cache/explain.h"
#include "serve/admin.h"
#include "serve/adminpath.h"
#include "serve/doors.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000

struct operator
{
    struct operator_setup setup;
    struct admin *admin;
    struct doors doors;
    struct ring **rings;
    int64_t begun;
    char address[ADMINPATH_ROOM + 8]; /* of the local socket */
    char error[320];
};

/* ---- what is asked ---- */

static void operator_stat(void *owner, struct metrics *sum, struct metrics_state *state)
{
    const struct operator* operator= owner;
    const struct operator_setup *setup = &operator->setup;

    for (size_t i = 0; i < setup->worker_count; i++) {
        const struct metrics *const one = worker_metrics(setup->workers[i]);
        metrics_sum(sum, &one, 1);
    }
    *state = (struct metrics_state){.uptime = loop_now(setup->loop) - operator->begun,
                                    .connections = conn_census_open(setup->census),
                                    .workers = setup->worker_count,
                                    .has_store = setup->store != NULL};
    if (setup->store)
        store_sums(setup->store, &state->store);
}

static int64_t operator_purge(void *owner, enum cache_purge_scope scope, struct stet_span text,
                              bool hard, const char **error)
{
    const struct operator_setup *setup = &((struct operator*)owner)->setup;

    if (!setup->cache) {
        *error = "this server stores nothing: it has no proxy route";
        return -1;
    }
    const struct cache_purge_way way = {.hard = hard, .now = loop_now(setup->loop) / NS_PER_SECOND};
    return cache_purge(setup->cache, scope, text, &way, error);
}

static bool operator_reload(void *owner, struct text *to)
{
    const struct operator_setup *setup = &((struct operator*)owner)->setup;
    return setup->reload(setup->owner, to);
}

/* The rules of the route that a request would take; NULL if it leads to no cache. */
static const struct cache_rules *operator_rules(const struct config *config,
                                                const struct stet_request *request)
{
    const struct config_site *site = config_site(config, request->authority);
    const struct config_route *route = site ? config_route(site, request->path) : NULL;

    return route && route->kind == CONFIG_PROXY ? &route->cache : NULL;
}

static bool operator_explain(void *owner, const struct stet_request *request, bool json,
                             struct text *to)
{
    const struct operator_setup *setup = &((struct operator*)owner)->setup;
    const struct cache_rules *rules = operator_rules(setup->config, request);

    if (!setup->cache || !rules) {
        text_say(to, "no proxy route of this server answers for that URL\n");
        return false;
    }
    const struct explain_ask ask = {setup->cache, rules, request,
                                    loop_now(setup->loop) / NS_PER_SECOND};
    return explain_request(&ask, json ? EXPLAIN_JSON : EXPLAIN_WORDS, to);
}

static const struct admin_ops operator_ops = {.stat = operator_stat,
                                              .purge = operator_purge,
                                              .reload = operator_reload,
                                              .explain = operator_explain};

/* ---- doors ---- */

/* Opens one more door and hands it to the admin. */
static bool operator_listen(struct operator* operator, const char * address, bool metrics_only)
{
    const char *error = doors_open(&operator->doors, address);
    struct door *door = &operator->doors.at[operator->doors.count - !error];

    if (!error && !admin_listen(operator->admin, door->fd, metrics_only))
        error = "the kernel refuses";
    if (!error) {
        door->taken = true;
        return true;
    }
    snprintf(operator->error, sizeof operator->error, "cannot listen on %s: %s", address, error);
    return false;
}

/* The folder of a path, made if it is missing; for nobody else if it is ours alone. */
static void operator_make_folder(const char *path)
{
    char folder[ADMINPATH_ROOM];
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path || (size_t)(slash - path) >= sizeof folder)
        return;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    mkdir(folder, geteuid() == 0 ? 0755 : 0700);
}

/* The local socket. It is for this user alone from its first moment on. */
static bool operator_open_socket(struct operator* operator)
{
    const char *wanted = operator->setup.config->admin_socket;
    char path[ADMINPATH_ROOM];

    if (wanted && strcmp(wanted, "off") == 0)
        return true;
    if (wanted && strlen(wanted) >= sizeof path) {
        snprintf(operator->error, sizeof operator->error,
                 "the path of a socket cannot be longer than %d octets", ADMINPATH_ROOM - 1);
        return false;
    }
    if (wanted)
        snprintf(path, sizeof path, "%s", wanted);
    else
        adminpath_default(path);
    operator_make_folder(path);
    snprintf(operator->address, sizeof operator->address, "unix:%s", path);
    const mode_t before = umask(0177);
    const bool well = operator_listen(operator, operator->address, false);
    umask(before);
    return well || !wanted;
}

/* ---- life ---- */

static bool operator_begin(struct operator* operator)
{
    const struct operator_setup *setup = &operator->setup;

    operator->rings = memory_new((setup->worker_count + 1) * sizeof *operator->rings);
    if (!operator->rings)
        return false;
    for (size_t i = 0; i < setup->worker_count; i++)
        operator->rings[i] = worker_ring(setup->workers[i]);
    const struct admin_setup admin = {.loop = setup->loop,
                                      .limits = setup->limits,
                                      .rings = operator->rings,
                                      .ring_count = setup->worker_count,
                                      .ops = &operator_ops,
                                      .owner = operator};
    operator->admin = admin_new(&admin);
    return operator->admin != NULL;
}

struct operator* operator_open(const struct operator_setup *setup, const char **error)
{
    static char why[sizeof((struct operator*)0)->error];
    struct operator* operator= memory_new_zero(sizeof *operator);

    *error = "out of memory";
    if (!operator)
        return NULL;
    operator->setup = * setup;
    operator->begun = loop_now(setup->loop);
    if (operator_begin(operator)) {
        const char *metrics = setup->config->admin_listen;
        if (operator_open_socket(operator) &&
            (!metrics || operator_listen(operator, metrics, true)))
            return operator;
        memcpy(why, operator->error, sizeof why);
        *error = why;
    }
    operator_close(operator);
    return NULL;
}

void operator_configure(struct operator* operator, const struct config * config)
{
    operator->setup.config = config;
}

void operator_remove(struct operator* operator)
{
    if (operator)
        doors_remove(&operator->doors);
}

void operator_close(struct operator* operator)
{
    if (!operator)
        return;
    doors_remove(&operator->doors);
    admin_free(operator->admin);
    doors_close(&operator->doors);
    memory_free(operator->rings);
    memory_free(operator);
}
