/* The shelf without memory: whichever allocation fails, what is found afterwards is right, and
 * nothing is lost. And with threads: looks, puts, renewals and marks at once. */
#include "base/memory.h"
#include "cache/shelf_parts.h"

#include "shelf_world.h"

#include <pthread.h>
#include <stdio.h>

#define DATE_0 "Date: Sun, 06 Nov 1994 08:49:37 GMT"
#define FRESH DATE_0 "\nCache-Control: max-age=60\nETag: \"x\""

/* ---- no memory ---- */

static const char *const answers[] = {"a", "b", "c", "0123456789", NULL};

/* What answers a request, if anything does, is something that was put for it. */
static void look(struct shelf_world *world, const char *request, const char *const *right)
{
    struct asking asking;
    asking_make(&asking, world, "GET", SHELF_URL, request);
    struct shelf_pick pick = shelf_pick(&world->shelf, &asking.ask);
    bool found = !pick.entry;
    for (; !found && *right; right++)
        found = entry_holds(pick.entry, *right);
    assert_true(found);
    shelf_pick_drop(&pick);
}

static void fill_part(struct shelf_world *world, const char *range, const char *fields,
                      const char *content)
{
    struct asking asking;
    asking_make(&asking, world, "GET", SHELF_URL, range);
    struct entry *entry = shelf_world_offer(world, &asking, 206, fields, strlen(content));
    if (!entry)
        return;
    if (entry_append(entry, content, strlen(content)))
        entry_seal(entry, true);
    else
        shelf_salvage(&world->shelf, &world->rules, entry);
    if (entry_state(entry) == ENTRY_WHOLE)
        entry_unref(shelf_join(&world->shelf, &world->rules, entry));
    entry_unref(entry);
}

static void renew(struct shelf_world *world, const char *request, const char *fields)
{
    struct message message;
    struct asking asking;
    struct shelf_set set;
    const struct stet_arrival arrival = shelf_world_arrival(world);
    const struct stet_response response = message_response(&message, 304, fields);
    const struct stet_times times = stet_times_of(&response.head, &arrival);
    asking_make(&asking, world, "GET", SHELF_URL, request);
    const struct shelf_renewal renewal = {&world->rules, &asking.request, &response, &times, true};
    if (!shelf_gather(&world->shelf, &asking.ask, false, &set)) {
        assert_int_equal(set.candidates.count, 0);
        return;
    }
    for (size_t i = 0; i < set.candidates.count; i++)
        shelf_renew(&world->shelf, &set, i, &renewal, NULL);
    for (size_t i = 0; i < set.candidates.count; i++)
        shelf_tag(set.entries[i], STET_SPAN("\"made\""), MESSAGE_DATE_AT);
    shelf_set_drop(&set);
}

static void head(struct shelf_world *world)
{
    struct message message;
    struct asking asking;
    const struct stet_arrival arrival = shelf_world_arrival(world);
    const struct stet_response response = message_response(&message, 200, FRESH);
    const struct stet_times times = stet_times_of(&response.head, &arrival);
    asking_make(&asking, world, "HEAD", SHELF_URL, "Foo: 1");
    shelf_learn_head(&world->shelf, &asking.ask, &response, &times);
}

static void post(struct shelf_world *world)
{
    struct message message;
    struct asking asking;
    const struct stet_response response =
        message_response(&message, 200, "Cache-Group-Invalidation: \"g\"");
    asking_make(&asking, world, "POST", SHELF_URL, NULL);
    shelf_invalidate(&world->shelf, &world->rules, &asking.request, &response);
}

/* A little of everything. */
static void story(struct shelf_world *world)
{
    static char large[3000];
    char request[sizeof large + 10];
    memset(large, 'v', sizeof large - 1);
    shelf_world_stores(world, "Foo: 1", FRESH "\nVary: Foo", "a");
    look(world, "Foo: 1", answers);
    shelf_world_stores(world, "Foo: 2", FRESH "\nVary: Bar\nCache-Groups: \"g\"", "b");
    shelf_world_stores(world, "Foo: 3", FRESH, "c");
    look(world, "Foo: 1", answers);
    renew(world, "Foo: 1", FRESH "\nX-Foo: 1");
    renew(world, "Foo: 1", FRESH "\nVary: Foo, Bar");
    head(world);
    snprintf(request, sizeof request, "Foo: %s", large);
    shelf_world_stores(world, request, FRESH "\nVary: Foo", "b");
    look(world, request, answers);
    fill_part(world, "Range: bytes=0-4", FRESH "\nContent-Range: bytes 0-4/10", "01234");
    fill_part(world, "Range: bytes=5-9", FRESH "\nContent-Range: bytes 5-9/10", "56789");
    look(world, NULL, answers);
    post(world);
    look(world, "Foo: 1", answers);
}

static void test_no_memory(void **state)
{
    (void)state;
    uint64_t count = 1;
    for (uint64_t nth = 0; nth <= count; nth++) {
        struct shelf_world world;
        shelf_world_init(&world);
        memory_fail_nth(nth == 0 ? UINT64_MAX : nth);
        story(&world);
        if (nth == 0)
            count = memory_count();
        memory_fail_nth(0);
        /* and it goes on working */
        assert_true(shelf_world_stores(&world, "Foo: 9", FRESH "\nVary: Foo", "n"));
        assert_true(shelf_world_gets(&world, "Foo: 9", "n", STET_REUSE_FRESH));
        shelf_world_fini(&world);
    }
    assert_true(count > 50);
}

/* C-9111-4.4-1: what is invalid is invalid, memory or not. */
static void test_marks_without_memory(void **state)
{
    struct shelf_world world;
    (void)state;
    shelf_world_init(&world);
    assert_true(shelf_world_stores(&world, "Foo: 1", FRESH "\nVary: Foo", "a"));
    memory_fail_nth(1);
    post(&world);
    assert_int_equal(memory_count(), 0);
    memory_fail_nth(0);
    assert_true(shelf_world_gets(&world, "Foo: 1", "a", STET_REUSE_VALIDATE));
    shelf_world_fini(&world);
}

/* ---- threads ---- */

enum { WORKERS = 4, STEPS = 3000 };

struct worker {
    pthread_t thread;
    struct shelf_world *world; /* shared; nobody changes it */
    uint64_t draw;
    unsigned hits, wrong;
};

static uint32_t roll(struct worker *worker)
{
    worker->draw = worker->draw * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(worker->draw >> 33);
}

/* Content tells for which value of Foo it was made; that of responses that had no Vary is "n",
 * which a 304 may give one. */
static void worker_look(struct worker *worker, const struct asking *asking, unsigned foo)
{
    struct shelf_pick pick = shelf_pick(&worker->world->shelf, &asking->ask);
    if (pick.entry) {
        const char *bytes = NULL;
        const struct stet_stored stored = entry_head_stored(pick.head);
        const size_t size = entry_read(pick.entry, 0, &bytes);
        worker->hits++;
        if (!stored.partial && stored.selected && size > 0)
            worker->wrong += bytes[0] != (char)('0' + foo) && bytes[0] != 'n';
        worker->wrong += entry_head_whole(pick.head).len == 0;
    }
    shelf_pick_drop(&pick);
}

static void worker_put(struct worker *worker, const struct asking *asking, unsigned foo)
{
    static const char *const fields[] = {FRESH "\nVary: Foo", FRESH "\nVary: Foo, Bar",
                                         FRESH "\nVary: Foo\nCache-Groups: \"g\"", FRESH};
    const unsigned which = roll(worker) % 20;
    const char content = which == 3 ? 'n' : (char)('0' + foo);
    struct entry *entry = shelf_world_offer(worker->world, asking, 200,
                                            fields[which < 4 ? which : 0], roll(worker) % 2);
    if (!entry)
        return;
    if (entry_append(entry, &content, 1))
        entry_seal(entry, roll(worker) % 10 > 0);
    store_grown(worker->world->store, entry);
    if (entry_state(entry) == ENTRY_BROKEN)
        store_drop(worker->world->store, entry);
    entry_unref(entry);
}

static void worker_part(struct worker *worker, const struct asking *asking)
{
    char fields[200];
    const unsigned from = roll(worker) % 10;
    snprintf(fields, sizeof fields, FRESH "\nContent-Range: bytes %u-%u/100", 10 * from,
             10 * from + 9);
    struct entry *entry = shelf_world_offer(worker->world, asking, 206, fields, 10);
    if (!entry)
        return;
    if (entry_append(entry, "0123456789", 10))
        entry_seal(entry, true);
    entry_unref(shelf_join(&worker->world->shelf, &worker->world->rules, entry));
    entry_unref(entry);
}

static void worker_renew(struct worker *worker, const struct asking *asking)
{
    static const char *const fields[] = {FRESH "\nX: 1", FRESH "\nX: 2", FRESH "\nVary: Foo, Baz"};
    struct message message;
    struct shelf_set set;
    const struct stet_arrival arrival = shelf_world_arrival(worker->world);
    const struct stet_response response =
        message_response(&message, 304, fields[roll(worker) % 20 ? roll(worker) % 2 : 2]);
    const struct stet_times times = stet_times_of(&response.head, &arrival);
    const struct shelf_renewal renewal = {&worker->world->rules, &asking->request, &response,
                                          &times, true};
    if (!shelf_gather(&worker->world->shelf, &asking->ask, roll(worker) % 2, &set))
        return;
    for (size_t i = 0; i < set.candidates.count && i < 3; i++)
        worker->wrong += !shelf_renew(&worker->world->shelf, &set, i, &renewal, NULL);
    if (set.candidates.count > 0)
        shelf_tag(set.entries[0], STET_SPAN("\"made\""), -1);
    shelf_set_drop(&set);
}

static void worker_step(struct worker *worker)
{
    const unsigned what = roll(worker) % 100, foo = roll(worker) % 5;
    struct shelf_world *world = worker->world;
    struct asking asking;
    char request[64];
    snprintf(request, sizeof request, "Foo: %u%s", foo,
             what % 7 == 0 ? "\nRange: bytes=20-39" : "");
    asking_make(&asking, world, what % 11 == 0 ? "HEAD" : "GET", SHELF_URL, request);
    if (what < 60)
        worker_look(worker, &asking, foo);
    else if (what < 75)
        worker_put(worker, &asking, foo);
    else if (what < 80)
        worker_part(worker, &asking);
    else if (what < 92)
        worker_renew(worker, &asking);
    else if (what < 97)
        post(world);
    else
        shelf_purge(&world->shelf, &asking.key, what == 99, world->now);
}

static void *worker_run(void *argument)
{
    for (unsigned step = 0; step < STEPS; step++)
        worker_step(argument);
    return NULL;
}

/* How many hits there were. */
static unsigned threads_run(struct shelf_world *world)
{
    struct worker workers[WORKERS];
    unsigned hits = 0;
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.world = world, .draw = i + 1};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].wrong, 0);
        hits += workers[i].hits;
    }
    return hits;
}

static void test_threads(void **state)
{
    struct shelf_world world;
    (void)state;
    shelf_world_init(&world);
    assert_true(threads_run(&world) > WORKERS * STEPS / 4);
    shelf_world_fini(&world);
}

/* The same with hardly any room: what was put may be gone before one looks. */
static void test_threads_evicting(void **state)
{
    struct shelf_world world;
    struct store_sums sums;
    (void)state;
    for (unsigned room = 600; room < 3000; room += 600) {
        shelf_world_init_small(&world, 6000 + room);
        threads_run(&world);
        store_sums(world.store, &sums);
        assert_true(sums.octets <= sums.budget);
        assert_true(sums.evicted > 100);
        shelf_world_fini(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_marks_without_memory),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_threads_evicting),
    };
    return cmocka_run_group_tests_name("shelf_faults", tests, NULL, NULL);
}
