/* Eviction against a naive S3-FIFO of arrays, and what it promises: floods pass by, habits stay. */
#include "base/container.h"
#include "base/memory.h"
#include "store/evict.h"

#include "table.h"

#include <stdlib.h>
#include <string.h>

enum { THINGS = 400 };

struct thing {
    struct evict_node node;
    unsigned id;
};

static uint32_t roll(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* ---- the naive one: queues are arrays, oldest first ---- */

struct naive_queue {
    unsigned ids[THINGS];
    unsigned count;
    uint64_t octets;
};

struct naive {
    uint64_t capacity;
    struct naive_queue small, main;
    uint64_t sizes[THINGS];
    unsigned uses[THINGS];
    bool ghost[THINGS];
    uint64_t stamps[THINGS];
    uint64_t clock;
};

static void naive_push(struct naive *naive, struct naive_queue *queue, unsigned id)
{
    queue->ids[queue->count++] = id;
    queue->octets += naive->sizes[id];
}

static void naive_take(struct naive *naive, struct naive_queue *queue, unsigned place)
{
    queue->octets -= naive->sizes[queue->ids[place]];
    queue->count--;
    memmove(&queue->ids[place], &queue->ids[place + 1],
            (queue->count - place) * sizeof queue->ids[0]);
}

/* The queue an id is in, and where. */
static struct naive_queue *naive_find(struct naive *naive, unsigned id, unsigned *place)
{
    struct naive_queue *queues[2] = {&naive->small, &naive->main};
    for (unsigned q = 0; q < 2; q++) {
        for (*place = 0; *place < queues[q]->count; ++*place) {
            if (queues[q]->ids[*place] == id)
                return queues[q];
        }
    }
    return NULL;
}

static void naive_add(struct naive *naive, unsigned id, uint64_t size)
{
    const bool known = naive->ghost[id] && naive->clock - naive->stamps[id] <= naive->capacity;
    naive->sizes[id] = size;
    naive->uses[id] = 0;
    if (known)
        naive->ghost[id] = false;
    naive_push(naive, known ? &naive->main : &naive->small, id);
}

static int naive_next(struct naive *naive)
{
    struct naive_queue *small = &naive->small;
    struct naive_queue *main = &naive->main;
    for (;;) {
        if (small->count > 0 && (main->count == 0 || small->octets > naive->capacity / 10)) {
            const unsigned id = small->ids[0];
            naive_take(naive, small, 0);
            if (naive->uses[id] < 2) {
                naive->clock += naive->sizes[id];
                naive->stamps[id] = naive->clock;
                naive->ghost[id] = true;
                return (int)id;
            }
            naive->uses[id] = 0;
            naive_push(naive, main, id);
        } else if (main->count > 0) {
            const unsigned id = main->ids[0];
            naive_take(naive, main, 0);
            if (naive->uses[id] == 0)
                return (int)id;
            naive->uses[id]--;
            naive_push(naive, main, id);
        } else {
            return -1;
        }
    }
}

/* ---- both, step by step ---- */

struct pair {
    struct evict evict;
    struct naive naive;
    struct thing things[THINGS];
};

static void pair_init(struct pair *pair, uint64_t capacity)
{
    memset(pair, 0, sizeof *pair);
    evict_init(&pair->evict, capacity);
    /* A table of ghosts so large that none is lost: foreign ones, all forgotten again but the last.
     */
    for (uint32_t n = 0; n < 4000; n++)
        ghosts_add(&pair->evict.ghosts, 1000000 + n, 0, 8000);
    ghosts_add(&pair->evict.ghosts, 1000000, capacity + 1, 8000);
    assert_true(ghosts_size(&pair->evict.ghosts) > (size_t)8 * THINGS * 2);
    pair->naive.capacity = capacity;
    for (unsigned i = 0; i < THINGS; i++)
        pair->things[i].id = i;
}

static bool is_in(const struct thing *thing)
{
    return thing->node.place == EVICT_SMALL || thing->node.place == EVICT_MAIN;
}

static void pair_evict(struct pair *pair)
{
    struct evict_node *node = evict_next(&pair->evict);
    const int id = node ? (int)CONTAINER(node, struct thing, node)->id : -1;
    assert_int_equal(id, naive_next(&pair->naive));
}

static void pair_ask(struct pair *pair, unsigned id, uint64_t size)
{
    struct thing *thing = &pair->things[id];
    if (is_in(thing)) {
        evict_used(&thing->node);
        pair->naive.uses[id] += pair->naive.uses[id] < 3;
        return;
    }
    while (evict_octets(&pair->evict) + size > pair->evict.capacity)
        pair_evict(pair);
    thing->node = (struct evict_node){.size = 0};
    evict_add(&pair->evict, &thing->node, id + 1, size); /* 0 is no fingerprint */
    naive_add(&pair->naive, id, size);
}

static void pair_remove(struct pair *pair, unsigned id)
{
    unsigned place;
    struct naive_queue *queue = naive_find(&pair->naive, id, &place);
    assert_int_equal(queue != NULL, is_in(&pair->things[id]));
    if (!queue)
        return;
    evict_remove(&pair->evict, &pair->things[id].node);
    naive_take(&pair->naive, queue, place);
}

static void pair_resize(struct pair *pair, unsigned id, uint64_t size)
{
    unsigned place;
    struct naive_queue *queue = naive_find(&pair->naive, id, &place);
    if (!queue)
        return;
    evict_lift(&pair->evict, &pair->things[id].node);
    naive_take(&pair->naive, queue, place);
    while (evict_octets(&pair->evict) + size > pair->evict.capacity)
        pair_evict(pair);
    evict_lower(&pair->evict, &pair->things[id].node, size);
    pair->naive.sizes[id] = size;
    naive_push(&pair->naive, queue, id);
}

static void pair_agree(const struct pair *pair)
{
    assert_int_equal(pair->evict.queues[EVICT_SMALL].octets, pair->naive.small.octets);
    assert_int_equal(pair->evict.queues[EVICT_MAIN].octets, pair->naive.main.octets);
    assert_int_equal(pair->evict.count, pair->naive.small.count + pair->naive.main.count);
    assert_int_equal(evict_octets(&pair->evict),
                     pair->naive.small.octets + pair->naive.main.octets);
}

static void test_against_naive(void **state)
{
    (void)state;
    struct pair *pair = malloc(sizeof *pair);
    for (uint64_t run = 1; run <= 30; run++) {
        uint64_t seed = run;
        const unsigned largest = run % 3 == 0 ? 300 : 30;
        pair_init(pair, 1000);
        for (unsigned step = 0; step < 4000; step++) {
            const unsigned what = roll(&seed) % 100;
            /* Two draws: the low ids are asked for more often. */
            const unsigned id = roll(&seed) % (1 + roll(&seed) % 200);
            if (what < 90)
                pair_ask(pair, id, 10 + roll(&seed) % largest);
            else if (what < 94)
                pair_remove(pair, id);
            else if (what < 98)
                pair_resize(pair, id, 1 + roll(&seed) % largest);
            else
                pair_evict(pair);
            pair_agree(pair);
        }
        while (pair->evict.count > 0)
            pair_evict(pair);
        pair_evict(pair); /* NULL */
        evict_fini(&pair->evict);
    }
    free(pair);
}

/* ---- promises, one at a time ---- */

static void test_flood(void **state)
{
    (void)state;
    struct pair *pair = malloc(sizeof *pair);
    pair_init(pair, 1000);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned id = 0; id < 80; id++)
            pair_ask(pair, id, 10);
    }
    for (unsigned id = 100; id < THINGS; id++) /* asked for once each */
        pair_ask(pair, id, 10);
    for (unsigned id = 0; id < 80; id++)
        assert_int_equal(pair->things[id].node.place, EVICT_MAIN);
    evict_fini(&pair->evict);
    free(pair);
}

static void test_ghost(void **state)
{
    (void)state;
    struct pair *pair = malloc(sizeof *pair);
    pair_init(pair, 1000);
    for (unsigned id = 0; id < 101; id++)
        pair_ask(pair, id, 10);
    assert_int_equal(pair->things[0].node.place, EVICT_GONE);
    pair_ask(pair, 0, 10);
    assert_int_equal(pair->things[0].node.place, EVICT_MAIN); /* it came back in time */
    evict_fini(&pair->evict);

    pair_init(pair, 1000);
    for (unsigned id = 0; id < 301; id++) /* 200 have gone: 0 is forgotten, 150 is not */
        pair_ask(pair, id, 10);
    pair_ask(pair, 0, 10);
    pair_ask(pair, 150, 10);
    assert_int_equal(pair->things[0].node.place, EVICT_SMALL);
    assert_int_equal(pair->things[150].node.place, EVICT_MAIN);
    evict_fini(&pair->evict);
    free(pair);
}

/* The table of ghosts remembers nearly all of its window, nothing beyond, and stays in bounds. */
static void test_ghosts(void **state)
{
    (void)state;
    const struct {
        const char *name;
        uint64_t window;
        uint64_t size;
        unsigned added;
        unsigned least, most; /* remembered */
    } rows[] = {
        {"none", 1000, 1, 0, 0, 0},
        {"nearly all", 100000, 1, 5000, 4400, 5000},
        {"as many as are worth it", 1000000, 1, 50000, 8000, 16384},
        {"those of the window", 3000, 1, 50000, 2800, 3001},
        {"by octets", UINT64_C(1) << 40, UINT64_C(1) << 30, 5000, 980, 1026},
        {"one that is larger than the window", 1000, 5000, 10, 1, 1},
        {"a window of nothing", 0, 1, 10, 1, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ghosts ghosts;
        unsigned found = 0;
        ghosts_init(&ghosts, rows[i].window);
        for (uint32_t n = 0; n < rows[i].added; n++)
            ghosts_add(&ghosts, n * 2654435761u, rows[i].size, 8192);
        for (uint32_t n = 0; n < rows[i].added; n++)
            found += ghosts_take(&ghosts, n * 2654435761u);
        if (found < rows[i].least || found > rows[i].most)
            fail_msg("%s: %u remembered", rows[i].name, found);
        for (uint32_t n = 0; n < rows[i].added; n++)
            assert_false(ghosts_take(&ghosts, n * 2654435761u)); /* taken is taken */
        assert_true(ghosts_size(&ghosts) <= 2 * 8192 * 8 + 16);
        ghosts_fini(&ghosts);
    }
}

static void test_ghosts_no_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 6; nth++) {
        struct ghosts ghosts;
        unsigned found = 0;
        ghosts_init(&ghosts, 100000);
        memory_fail_nth(nth);
        for (uint32_t n = 1; n <= 2000; n++)
            ghosts_add(&ghosts, n * 2654435761u, 1, 8192);
        memory_fail_nth(0);
        for (uint32_t n = 1; n <= 2000; n++)
            found += ghosts_take(&ghosts, n * 2654435761u);
        assert_true(found > 900 && found <= 2000);
        ghosts_fini(&ghosts);
    }
    struct ghosts ghosts;
    ghosts_init(&ghosts, 1000);
    memory_fail_nth(1);
    ghosts_add(&ghosts, 7, 1, 100);
    memory_fail_nth(0);
    assert_false(ghosts_take(&ghosts, 7));
    assert_int_equal(ghosts_size(&ghosts), 0);
    ghosts_fini(&ghosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_naive),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_ghost),
        cmocka_unit_test(test_ghosts),
        cmocka_unit_test(test_ghosts_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
