/* Keeps the connections that may be used again, by place, and gives turns to those that have
 * something to do outside of their sockets' events.
 *
 *     caller --> pool of a place --> lines that rest
 *            --> lines that wait for a turn, calls that wait for their end
 *
 * A pool has a copy of its place, so that it may outlive the configuration that named it. The line
 * that rested last is used first: the others get to be idle long enough to be closed.
 *
 * Given up: closing the line that has rested longest when there are too many. They are closed by
 * their own deadlines soon enough; the one that comes is not kept.
 */
#include "net/caller.h"

#include "base/check.h"
#include "base/container.h"
#include "base/memory.h"

#include <string.h>

enum { KEY_PREFIX = 3 + sizeof(void *), KEY_MAX = KEY_PREFIX + CALL_HOST_MAX };

static size_t key_write(const struct call_place *place, char key[KEY_MAX])
{
    size_t size = strlen(place->host);
    CHECK(size <= CALL_HOST_MAX);
    key[0] = place->unix_socket ? 'u' : 'h';
    key[0] = (char)(place->h2c ? key[0] - 'a' + 'A' : key[0]);
    key[1] = (char)(place->port >> 8);
    key[2] = (char)(place->port & 0xff);
    memcpy(key + 3, &place->tls, sizeof place->tls);
    memcpy(key + KEY_PREFIX, place->host, size);
    return KEY_PREFIX + size;
}

static struct pool *pool_new(struct caller *caller, const char *key, size_t size)
{
    struct pool *pool = memory_new_zero(sizeof *pool + size + 1);
    if (!pool)
        return NULL;
    memcpy(pool->key, key, size);
    pool->caller = caller;
    pool->key_size = size;
    pool->place.host = pool->key + KEY_PREFIX;
    if (!map_put(&caller->pools, pool->key, size, pool)) {
        memory_free(pool);
        return NULL;
    }
    return pool;
}

struct pool *pool_of(struct caller *caller, const struct call_place *place)
{
    char key[KEY_MAX];
    size_t size = key_write(place, key);
    struct pool *pool = map_find(&caller->pools, key, size);

    if (pool)
        return pool;
    pool = pool_new(caller, key, size);
    if (pool) {
        pool->place.port = place->port;
        pool->place.unix_socket = place->unix_socket;
        pool->place.tls = place->tls ? tls_context_ref(place->tls) : NULL;
        pool->place.h2c = place->h2c;
        pool->h2 = place->h2c;
    }
    return pool;
}

void pool_drop(struct pool *pool)
{
    CHECK(pool->open == 0);
    map_remove(&pool->caller->pools, pool->key, pool->key_size);
    tls_context_unref(pool->place.tls);
    memory_free(pool);
}

static void line_link(struct line *line, struct line **list)
{
    line->next = *list;
    line->link = list;
    if (line->next)
        line->next->link = &line->next;
    *list = line;
}

void caller_unlink(struct line *line)
{
    if (!line->link)
        return;
    *line->link = line->next;
    if (line->next)
        line->next->link = line->link;
    line->link = NULL;
    line->queued = false;
    if (line->state == LINE_RESTS) {
        line->pool->idle_count--;
        line->pool->caller->idle--;
    }
}

struct line *pool_find(struct caller *caller, const struct call_place *place)
{
    char key[KEY_MAX];
    const struct pool *pool = map_find(&caller->pools, key, key_write(place, key));
    if (!pool)
        return NULL;
    struct line *line = mux_find(pool);
    if (!line && pool->idle && !pool->idle->mux)
        line = pool->idle;
    if (line && line->state == LINE_RESTS)
        caller_unlink(line);
    return line;
}

bool pool_put(struct pool *pool, struct line *line)
{
    if (pool->idle_count >= pool->caller->limits->upstream_idle_connections)
        return false;
    caller_unlink(line);
    line->state = LINE_RESTS;
    line_link(line, &pool->idle);
    pool->idle_count++;
    pool->caller->idle++;
    return true;
}

static void caller_wake(struct caller *caller)
{
    if (caller->queued)
        return;
    caller->queued = true;
    loop_defer(caller->loop, &caller->task);
}

void caller_queue(struct caller *caller, struct line *line)
{
    if (line->queued)
        return;
    CHECK(!line->link);
    line->queued = true;
    line_link(line, &caller->turns);
    caller_wake(caller);
}

static void call_link(struct call *call, struct call **list)
{
    call->next = *list;
    call->link = list;
    if (call->next)
        call->next->link = &call->next;
    *list = call;
}

void caller_fail(struct caller *caller, struct call *call, enum stet_proxy_error error)
{
    call->error = error;
    call_link(call, &caller->failed);
    caller_wake(caller);
}

void caller_forget(struct call *call)
{
    if (!call->link)
        return;
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    call->link = NULL;
}

/* Those that come while others have their turn wait for the next. */
static void caller_run(struct task *task)
{
    static const struct stet_head none;
    struct caller *caller = CONTAINER(task, struct caller, task);
    struct line *turns = caller->turns;
    struct call *failed = caller->failed;

    caller->queued = false;
    caller->turns = NULL;
    caller->failed = NULL;
    if (turns)
        turns->link = &turns;
    if (failed)
        failed->link = &failed;
    while (failed) {
        struct call *call = failed;
        caller_forget(call);
        call->events->end(call->owner, CLIENT_TRUNCATED, &none);
    }
    while (turns) {
        struct line *line = turns;
        caller_unlink(line);
        line_turn(line);
    }
}

struct caller *caller_new(struct loop *loop, const struct limits *limits, struct resolver *resolver)
{
    struct caller *caller = memory_new_zero(sizeof *caller);
    uint64_t seed[2];

    if (!caller)
        return NULL;
    caller->head = memory_new_zero(sizeof *caller->head);
    caller->input = memory_new(CALLER_READ);
    caller->kit = h2_client_kit_new(limits);
    if (!caller->head || !caller->input || !caller->kit) {
        h2_client_kit_free(caller->kit);
        memory_free(caller->head);
        memory_free(caller->input);
        memory_free(caller);
        return NULL;
    }
    loop_random(loop, seed, sizeof seed);
    map_init(&caller->pools, seed);
    caller->loop = loop;
    caller->limits = limits;
    caller->dial = (struct dial_setup){.loop = loop, .limits = limits, .resolver = resolver};
    caller->setup = (struct h1_client_setup){limits, caller->head, .lenient = true}; /* D-49 */
    caller->task.run = caller_run;
    return caller;
}

/* Lines that rest, and those of HTTP/2 that have still to say that a call was cancelled. A line
 * closes its pool with it when it is the last one. */
static void pool_empty(struct pool *pool)
{
    for (size_t left = pool->open; left > 0; left--) {
        CHECK(pool->idle || pool->muxes);
        line_close(pool->idle ? pool->idle : pool->muxes->line, false);
    }
}

void caller_free(struct caller *caller)
{
    struct pool *pool;
    size_t cursor = 0;

    while ((pool = map_next(&caller->pools, &cursor)))
        pool_empty(pool);
    CHECK(caller->open == 0 && !caller->failed);
    map_fini(&caller->pools);
    h2_client_kit_free(caller->kit);
    memory_free(caller->head);
    memory_free(caller->input);
    memory_free(caller);
}

size_t caller_idle(const struct caller *caller)
{
    return caller->idle;
}

size_t caller_busy(const struct caller *caller)
{
    return caller->open - caller->idle;
}
