/* The cache between real threads: two workers ask for a few URLs, change them, and purge them, all
 * at once. Whatever they get is whole, is of a version that was not outdated when they asked, of
 * the variant they asked for, and, if it is private, their own.
 *
 * The origin is a link-time fake on each worker's loop: it makes up its mind when it is asked, and
 * answers some turns later.
 */
#include "base/container.h"
#include "base/memory.h"
#include "cache/cache.h"
#include "fetch_facts.h"
#include "message.h"
#include "table.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 2, ASKERS = 12, URLS = 6, PRIVATE = 5, VARIED = 4, ROUNDS = 4000 };

static _Atomic(uint64_t) versions[URLS]; /* the origin's */
static _Atomic(uint64_t) acked[URLS];    /* what clients know that it has reached */

struct upstream {
    struct bench *bench;
};

struct asker {
    struct cache_query query;
    struct bench *bench;
    struct arena arena;
    struct message message;
    struct stet_request request;
    struct task again;
    char fields[64];
    char target[16];
    unsigned url, variant, number;
    uint64_t floor; /* the version it may get at least */
    struct body *body;
    uint64_t left;
    char text[8192];
    size_t text_len;
    bool posts, answered;
};

struct bench {
    struct cache *cache;
    struct loop *loop;
    struct cache_worker *worker;
    struct upstream upstream;
    struct cache_route route;
    struct asker askers[ASKERS];
    unsigned seed, left, idle;
    struct task stop;
    unsigned turns;
};

/* ---- the origin ---- */

struct job {
    struct task task;
    struct bench *bench;
    struct fetch *fetch; /* NULL: cancelled */
    char text[4096];
    size_t size, done;
    unsigned url, wait, head;
    bool posts;
    struct job *next;
};

static _Thread_local struct job *jobs;

static unsigned drawn(struct bench *bench, unsigned below)
{
    bench->seed = bench->seed * 1103515245 + 12345;
    return (bench->seed >> 16) % below;
}

static char filler(unsigned url, uint64_t version, size_t at)
{
    return (char)('a' + (url * 5 + version * 3 + at) % 26);
}

/* "URL VERSION VARIANT ASKER" and some octets that go with the version. */
static void job_write(struct job *job, uint64_t version, unsigned variant, unsigned asker)
{
    int size = snprintf(job->text, sizeof job->text, "%u %" PRIu64 " %u %u\n", job->url, version,
                        variant, asker);
    job->size = (size_t)size;
    for (size_t at = 0; at < 500 + 300 * job->url; at++)
        job->text[job->size++] = filler(job->url, version, at);
}

static void job_head(struct job *job)
{
    static const char *const said[URLS] = {"Cache-Control: max-age=60\nETag: \"%" PRIu64 "\"",
                                           "Cache-Control: max-age=60",
                                           "Cache-Control: max-age=60",
                                           "Cache-Control: max-age=60, stale-if-error=60",
                                           "Cache-Control: max-age=60\nVary: X-Variant",
                                           "Cache-Control: private\nSet-Cookie: a=b"};
    struct response_framing framing = {
        .content = RESPONSE_LENGTH, .has_length = job->url != 2, .length = job->size};
    struct message message;
    char fields[128];
    if (job->url == 2)
        framing = (struct response_framing){.content = RESPONSE_DELIMITED};
    if (job->posts)
        snprintf(fields, sizeof fields, "X: y");
    else
        snprintf(fields, sizeof fields, said[job->url], atomic_load(&versions[job->url]));
    if (framing.has_length)
        snprintf(fields + strlen(fields), sizeof fields - strlen(fields), "\nContent-Length: %zu",
                 job->size);
    struct stet_response response = message_response(&message, 200, fields);
    job->fetch->events->head(job->fetch->owner, &response, &framing);
}

static void job_free(struct job *job)
{
    struct job **link = &jobs;
    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    free(job);
}

static void job_run(struct task *task)
{
    struct job *job = CONTAINER(task, struct job, task);
    struct message none;
    if (job->fetch && job->wait > 0) {
        job->wait--;
    } else if (job->fetch && !job->head) {
        if (job->posts) { /* now it is done: and the answer says so */
            atomic_fetch_add(&versions[job->url], 1);
            job_write(job, atomic_load(&versions[job->url]), 0, 0);
        }
        job->head = 1;
        job_head(job);
    } else if (job->fetch && job->done < job->size) {
        size_t size = job->size - job->done < 400 ? job->size - job->done : 400;
        job->done += size;
        job->fetch->events->content(job->fetch->owner,
                                    stet_span(job->text + job->done - size, size));
    } else {
        struct fetch *fetch = job->fetch;
        job_free(job);
        if (fetch)
            fetch->events->end(fetch->owner, CLIENT_COMPLETE, message_head(&none, NULL));
        return;
    }
    loop_post(job->bench->loop, &job->task);
}

static unsigned number_after(const char *text, size_t len, const char *name)
{
    char copy[1024];
    snprintf(copy, sizeof copy, "%.*s", (int)len, text);
    const char *at = strstr(copy, name);
    return at ? (unsigned)strtoul(at + strlen(name), NULL, 10) : 0;
}

void fetch_start(struct upstream *upstream, struct fetch *fetch)
{
    struct bench *bench = upstream->bench;
    const struct client_request *request = fetch->request;
    struct job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    job->task.run = job_run;
    job->bench = bench;
    job->fetch = fetch;
    job->url = (unsigned)(request->target.at[1] - '0');
    job->wait = drawn(bench, 4);
    job->posts = request->method == STET_METHOD_POST;
    job->next = jobs;
    jobs = job;
    fetch->call.error = STET_PROXY_ERROR_NONE;
    job_write(job, atomic_load(&versions[job->url]),
              number_after(request->block.at, request->block.len, "X-Variant: "),
              number_after(request->block.at, request->block.len, "X-Asker: "));
    loop_post(bench->loop, &job->task);
}

void fetch_cancel(struct fetch *fetch)
{
    for (struct job *job = jobs; job; job = job->next)
        if (job->fetch == fetch)
            job->fetch = NULL;
}

bool fetch_send(struct fetch *fetch, struct stet_span bytes)
{
    (void)fetch, (void)bytes;
    return true;
}

void fetch_finish(struct fetch *fetch)
{
    (void)fetch;
}

void fetch_resume(struct fetch *fetch)
{
    (void)fetch; /* contents are smaller than a pipe */
}

/* ---- askers ---- */

static void asker_begin(struct asker *asker);

static void fault(const struct asker *asker, const char *what)
{
    fprintf(stderr, "%s: url %u, floor %" PRIu64 ", \"%.*s\"\n", what, asker->url, asker->floor,
            (int)(asker->text_len < 40 ? asker->text_len : 40), asker->text);
    abort();
}

static void asker_check(const struct asker *asker)
{
    unsigned url = 0, variant = 0, number = 0;
    uint64_t version = 0;
    int at = 0;
    if (sscanf(asker->text, "%u %" SCNu64 " %u %u\n%n", &url, &version, &variant, &number, &at) !=
        4)
        fault(asker, "no such content");
    if (url != asker->url || asker->text_len != (size_t)at + 500 + 300 * url)
        fault(asker, "not whole");
    for (size_t i = 0; i < asker->text_len - (size_t)at; i++)
        if (asker->text[(size_t)at + i] != filler(url, version, i))
            fault(asker, "mixed");
    if (version < asker->floor)
        fault(asker, "outdated");
    if (!asker->posts && url == PRIVATE && number != asker->number)
        fault(asker, "somebody else's");
    if (!asker->posts && url == VARIED && variant != asker->variant)
        fault(asker, "another variant");
    uint64_t known = atomic_load(&acked[url]);
    if (!asker->posts) /* what one has seen is no promise for another variant */
        return;
    while (known < version && !atomic_compare_exchange_weak(&acked[url], &known, version))
        ;
}

static void asker_end(struct asker *asker)
{
    if (asker->body)
        asker->body->ops->free(asker->body);
    asker->body = NULL;
    representation_unref(asker->query.representation);
    cache_forget(&asker->query);
    arena_fini(&asker->arena);
    loop_post(asker->bench->loop, &asker->again);
}

static void asker_read(struct asker *asker)
{
    struct stet_span bytes;
    char scratch[16];
    for (;;) {
        enum body_peek peek =
            asker->left == 0 ? BODY_END
                             : asker->body->ops->peek(asker->body, scratch, sizeof scratch, &bytes);
        if (peek == BODY_WAIT)
            return;
        if (peek != BODY_BYTES) {
            asker->text[asker->text_len] = '\0';
            if (peek == BODY_END)
                asker_check(asker);
            asker_end(asker);
            return;
        }
        size_t size = bytes.len < asker->left ? bytes.len : (size_t)asker->left;
        memcpy(asker->text + asker->text_len, bytes.at, size);
        asker->text_len += size;
        asker->left -= asker->left == UINT64_MAX ? 0 : size;
        (asker->body->ops->skip)(asker->body, size);
    }
}

static void asker_find(struct asker *asker)
{
    enum cache_outcome outcome = cache_find(asker->bench->worker, &asker->query);
    if (outcome == CACHE_WAIT)
        return;
    asker->answered = true;
    if (outcome == CACHE_FAILED) {
        asker_end(asker);
        return;
    }
    struct representation *representation = asker->query.representation;
    asker->left = representation->unknown_length ? UINT64_MAX : representation->length;
    if (representation->bytes) {
        memcpy(asker->text, representation->bytes->bytes, (size_t)representation->length);
        asker->text_len = (size_t)representation->length;
        asker->text[asker->text_len] = '\0';
        asker_check(asker);
        asker_end(asker);
        return;
    }
    asker->body = representation->ops->body(representation, 0, asker->left);
    assert_non_null(asker->body);
    asker_read(asker);
}

static struct asker *asker_of(struct cache_query *query)
{
    return CONTAINER(query, struct asker, query);
}

static void asker_ready(struct cache_query *query)
{
    asker_find(asker_of(query));
}

static void asker_interim(struct cache_query *query, const struct stet_response *response)
{
    (void)query, (void)response;
}

static void asker_more(struct cache_query *query)
{
    if (asker_of(query)->body)
        asker_read(asker_of(query));
}

static void asker_room(struct cache_query *query)
{
    (void)query;
}

/* One in a few leaves before it has an answer. */
static bool asker_leaves(struct asker *asker)
{
    return !asker->answered && drawn(asker->bench, 16) == 0;
}

static void asker_purges(struct bench *bench)
{
    const struct cache_purge_way way = {drawn(bench, 2), loop_now(bench->loop) / 1000000000};
    const char *error;
    char url[64];
    snprintf(url, sizeof url, "http://example.org/%u", drawn(bench, URLS));
    if (drawn(bench, 4) == 0)
        cache_purge(bench->cache, CACHE_PURGE_ALL, STET_SPAN_NONE, &way, &error);
    else
        cache_purge(bench->cache, CACHE_PURGE_URL, stet_span_of(url), &way, &error);
}

static const struct forward_client *asker_client(struct cache_query *query)
{
    static const struct forward_client client = {{"192.0.2.1", 9}, {"1.1", 3}, false};
    (void)query;
    return &client;
}

static void asker_begin(struct asker *asker)
{
    static const struct cache_events events = {asker_ready, asker_interim, asker_more, asker_room,
                                               asker_client};
    struct bench *bench = asker->bench;
    if (bench->left == 0) {
        bench->idle++;
        return;
    }
    bench->left--;
    if (drawn(bench, 50) == 0)
        asker_purges(bench);
    asker->url = drawn(bench, URLS);
    asker->variant = drawn(bench, 3);
    asker->posts = drawn(bench, 20) == 0;
    asker->answered = false;
    asker->text_len = 0;
    asker->floor = atomic_load(&acked[asker->url]);
    snprintf(asker->fields, sizeof asker->fields, "X-Variant: %u\nX-Asker: %u", asker->variant,
             asker->number);
    snprintf(asker->target, sizeof asker->target, "/%u", asker->url);
    asker->request = message_request(&asker->message, asker->posts ? "POST" : "GET", asker->fields);
    asker->request.target = asker->request.path = stet_span_of(asker->target);
    asker->request.query = STET_SPAN_NONE;
    arena_init(&asker->arena, 65536);
    asker->query = (struct cache_query){.request = &asker->request,
                                        .route = &bench->route,
                                        .events = &events,
                                        .arena = &asker->arena};
    asker_find(asker);
    if (asker_leaves(asker))
        asker_end(asker);
}

static void asker_again(struct task *task)
{
    asker_begin(CONTAINER(task, struct asker, again));
}

/* ---- workers ---- */

static atomic_uint finished;

/* Goes on turning until both workers have nothing left, and a little longer for strays. */
static void bench_stop(struct task *task)
{
    struct bench *bench = CONTAINER(task, struct bench, stop);
    if (bench->idle == ASKERS) {
        atomic_fetch_add(&finished, 1);
        bench->idle++;
    }
    if (atomic_load(&finished) == WORKERS && !jobs && bench->turns++ == 0)
        cache_close(bench->worker);
    if (bench->turns > 3)
        loop_stop(bench->loop);
    else
        loop_post(bench->loop, task);
    if (bench->turns > 0)
        bench->turns++;
}

static void *bench_run(void *owner)
{
    struct bench *bench = owner;
    bench->worker = cache_open(bench->cache, bench->loop);
    assert_non_null(bench->worker);
    for (unsigned i = 0; i < ASKERS; i++) {
        bench->askers[i].bench = bench;
        bench->askers[i].number = bench->seed * 100 + i;
        bench->askers[i].again.run = asker_again;
        loop_post(bench->loop, &bench->askers[i].again);
    }
    bench->stop.run = bench_stop;
    loop_post(bench->loop, &bench->stop);
    loop_run(bench->loop);
    return NULL;
}

static void workers_ask(void **state)
{
    static const uint64_t seed[2] = {1, 2};
    const struct forward_rules forward = {.name = STET_SPAN("stet"), .max_forwards = 10};
    struct cache_rules rules = cache_rules_default();
    struct store *store = store_mem_new(1 << 20, 1 << 20, seed);
    struct cache *cache = cache_new(store, seed);
    struct bench *benches = calloc(WORKERS, sizeof *benches);
    pthread_t threads[WORKERS];
    (void)state;

    rules.alone = 0;
    for (unsigned i = 0; i < WORKERS; i++) {
        struct bench *bench = &benches[i];
        bench->cache = cache;
        bench->loop = loop_new_epoll();
        bench->seed = i + 1;
        bench->left = ROUNDS;
        bench->upstream.bench = bench;
        bench->route = (struct cache_route){
            .rules = &rules, .forward = &forward, .upstream = &bench->upstream};
        assert_int_equal(pthread_create(&threads[i], NULL, bench_run, bench), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(benches[i].route.flights, 0);
        loop_free(benches[i].loop);
    }
    uint64_t changes = 0;
    for (unsigned i = 0; i < URLS; i++)
        changes += atomic_load(&acked[i]);
    assert_true(changes > 100);
    free(benches);
    cache_free(cache);
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(workers_ask)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
