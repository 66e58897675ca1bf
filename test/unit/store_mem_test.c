/* The memory tier against a list: it never has what was not put in, never more octets than its
 * budget, and the texts behind a key decide. Then without memory, and with threads. */
#include "base/memory.h"
#include "io/loop_sim.h"
#include "store/cost.h"
#include "store/store.h"
#include "store/table.h"

#include "table.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t seed[2] = {11, 22};

static uint32_t roll(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* A head with so many octets of text, NULL when memory is out. */
static struct entry_head *head_of(size_t text)
{
    const struct stet_stored stored = {.status = 200};
    return entry_head_new(&stored, NULL, text);
}

/* An entry of `size` octets of content, NULL when memory is out. */
static struct entry *entry_of(struct entry_key key, const char *url, const char *selecting,
                              size_t size)
{
    struct entry_head *head = head_of(0);
    if (!head)
        return NULL;
    struct entry *entry = entry_new(&key, stet_span_of(url), stet_span_of(selecting), head, size);
    char *bytes = calloc(1, size + 1);
    if (entry && entry_append(entry, bytes, size))
        entry_seal(entry, true);
    free(bytes);
    return entry;
}

static struct entry_key key_of(uint64_t primary, uint64_t variant)
{
    return (struct entry_key){{primary, ~primary}, variant};
}

/* Puts in and gives the reference away; the entry is then borrowed from the store. */
static struct entry *put(struct store *store, struct entry_key key, const char *url,
                         const char *selecting, size_t size)
{
    struct entry *entry = entry_of(key, url, selecting, size);
    assert_non_null(entry);
    const bool done = store_put(store, entry);
    entry_unref(entry);
    return done ? entry : NULL;
}

/* What is at a key, borrowed. */
static struct entry *at(struct store *store, struct entry_key key, const char *url,
                        const char *selecting)
{
    struct entry *entry = store_find(store, &key, stet_span_of(url), stet_span_of(selecting));
    entry_unref(entry);
    return entry;
}

static struct store_sums sums(struct store *store)
{
    struct store_sums now;
    store_sums(store, &now);
    assert_true(now.octets <= now.budget);
    return now;
}

static bool count_all(void *owner, struct entry *entry)
{
    (void)entry;
    return --*(size_t *)owner > 0;
}

static size_t count_variants(struct store *store, uint64_t primary)
{
    size_t bound = SIZE_MAX;
    return store_each_variant(store, key_of(primary, 0).primary, count_all, &bound);
}

static void test_keys(void **state)
{
    (void)state;
    struct store *store = store_mem_new(1 << 20, 1 << 20, seed);
    const struct entry_key key = key_of(5, 0);
    assert_null(at(store, key, "u", NULL));
    struct entry *first = put(store, key, "u", NULL, 10);
    assert_ptr_equal(at(store, key, "u", NULL), first);
    assert_null(at(store, key, "v", NULL)); /* the hashes collide, the texts do not */
    assert_null(at(store, key, "u", "s"));
    assert_null(at(store, key_of(5, 1), "u", NULL));
    assert_null(at(store, (struct entry_key){{5, 5}, 0}, "u", NULL));

    struct entry *held = entry_ref(first);
    struct entry *second = put(store, key, "u", NULL, 20);
    assert_ptr_equal(at(store, key, "u", NULL), second);
    assert_int_equal(sums(store).entries, 1);
    store_drop(store, held); /* not the one at its key any more */
    assert_ptr_equal(at(store, key, "u", NULL), second);
    assert_false(store_grown(store, held));
    assert_int_equal(entry_length(held), 10); /* still there for who holds it */
    entry_unref(held);

    struct entry *other = put(store, key, "v", NULL, 30); /* one key has one entry */
    assert_null(at(store, key, "u", NULL));
    assert_ptr_equal(at(store, key, "v", NULL), other);
    store_drop(store, other);
    assert_null(at(store, key, "v", NULL));
    const struct store_sums end = sums(store);
    assert_int_equal(end.entries + end.evicted + end.refused, 0);
    store_free(store);
}

static void test_variants(void **state)
{
    (void)state;
    struct store *store = store_mem_new(4 << 20, 1 << 20, seed);
    char selecting[32];
    struct entry *signpost = put(store, key_of(7, 0), "u", NULL, 10);
    put(store, key_of(8, 0), "w", NULL, 10);
    for (unsigned variant = 1; variant <= STORE_VARIANTS_MAX + 10; variant++) {
        snprintf(selecting, sizeof selecting, "a: %u", variant);
        struct entry *entry = put(store, key_of(7, variant), "u", selecting, 10);
        assert_ptr_equal(at(store, key_of(7, variant), "u", selecting), entry);
        assert_int_equal(count_variants(store, 7),
                         1 + (variant < STORE_VARIANTS_MAX ? variant : STORE_VARIANTS_MAX));
    }
    assert_int_equal(sums(store).evicted, 10); /* the oldest, */
    assert_null(at(store, key_of(7, 10), "u", "a: 10"));
    assert_non_null(at(store, key_of(7, 11), "u", "a: 11"));
    assert_ptr_equal(at(store, key_of(7, 0), "u", NULL), signpost); /* not the signpost */
    put(store, key_of(7, 11), "u", "a: 11", 20);
    assert_int_equal(count_variants(store, 7), STORE_VARIANTS_MAX + 1);
    assert_int_equal(count_variants(store, 8), 1);
    assert_int_equal(count_variants(store, 9), 0);
    size_t bound = 3;
    assert_int_equal(store_each_variant(store, key_of(7, 0).primary, count_all, &bound), 3);
    bound = SIZE_MAX;
    assert_int_equal(store_each(store, count_all, &bound), STORE_VARIANTS_MAX + 2);
    bound = 5;
    assert_int_equal(store_each(store, count_all, &bound), 5);
    store_free(store);
}

static void test_sizes(void **state)
{
    (void)state;
    const struct {
        const char *name;
        uint64_t budget, object_max;
        size_t size;
        bool taken;
    } rows[] = {
        {"small enough", 1 << 20, 100000, 90000, true},
        {"over the object's limit", 1 << 20, 100000, 100000, false},
        {"over the budget", 1 << 20, 1 << 30, 1 << 20, false},
        {"the budget is less than the store", 1000, 1 << 30, 10, false},
        {"nothing fits in nothing", 0, 0, 0, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct store *store = store_mem_new(rows[i].budget, rows[i].object_max, seed);
        struct entry *entry = put(store, key_of(1, 0), "u", NULL, rows[i].size);
        struct store_sums end;
        store_sums(store, &end);
        if ((entry != NULL) != rows[i].taken || end.entries != rows[i].taken ||
            end.refused == rows[i].taken)
            fail_msg("%s", rows[i].name);
        store_free(store);
    }
}

/* What is refused leaves what was there. */
static void test_refused_leaves(void **state)
{
    (void)state;
    struct store *store = store_mem_new(1 << 20, 50000, seed);
    struct entry *entry = put(store, key_of(1, 0), "u", NULL, 10);
    assert_null(put(store, key_of(1, 0), "u", NULL, 60000));
    assert_ptr_equal(at(store, key_of(1, 0), "u", NULL), entry);
    store_free(store);
}

static void test_grown(void **state)
{
    (void)state;
    static const char bytes[10000];
    const struct entry_key key = key_of(1000, 0);
    struct store *store = store_mem_new(200000, 100000, seed);
    struct entry_head *head = head_of(0);
    struct entry *entry = entry_new(&key, STET_SPAN("u"), STET_SPAN_NONE, head, 0);
    assert_true(store_put(store, entry));
    for (unsigned i = 0; i < 60; i++)
        put(store, key_of(i, 0), "v", NULL, 2000);
    const uint64_t before = sums(store).octets;
    assert_true(store_grown(store, entry)); /* has not */
    assert_int_equal(sums(store).octets, before);
    unsigned steps = 0;
    do {
        assert_true(entry_append(entry, bytes, sizeof bytes));
        assert_true(sums(store).octets <= 200000);
        steps++;
    } while (store_grown(store, entry));
    assert_true(steps >= 7 && steps <= 10); /* others had to go, it stayed up to its limit */
    assert_true(sums(store).evicted > 0);
    assert_null(at(store, key, "u", NULL));
    assert_false(store_grown(store, entry));
    assert_int_equal(sums(store).refused, 1);
    entry_unref(entry);

    entry = put(store, key, "u", NULL, 1000);
    const uint64_t without = sums(store).octets;
    head = head_of(500);
    entry_amend(entry, head);
    assert_true(store_grown(store, entry));
    assert_int_equal(sums(store).octets - without,
                     cost_of(offsetof(struct entry_head, text) + 500) -
                         cost_of(offsetof(struct entry_head, text)));
    store_free(store);
}

static bool add_size(void *owner, struct entry *entry)
{
    *(uint64_t *)owner += entry_size(entry);
    return true;
}

/* What is counted beside the entries. */
static uint64_t overhead(struct store *store)
{
    uint64_t octets = 0;
    store_each(store, add_size, &octets);
    return sums(store).octets - octets;
}

/* Tables and ghosts are counted: between one and two and a half slots of 16 octets an entry for the
 * former, about as many of 8 as there are entries for the latter. */
static void test_counted(void **state)
{
    (void)state;
    enum { ENTRIES = 5000 };
    struct store *store = store_mem_new(8 << 20, 1 << 20, seed);
    const uint64_t empty = overhead(store);
    assert_true(empty >= 64 * sizeof(pthread_mutex_t) && empty < 8192);
    for (unsigned i = 0; i < ENTRIES; i++)
        put(store, key_of(i, 0), "u", NULL, 100);
    assert_int_equal(sums(store).evicted, 0);
    const uint64_t tables = overhead(store) - empty;
    assert_true(tables > ENTRIES * 16 && tables < ENTRIES * 40);
    unsigned next = ENTRIES;
    for (; sums(store).evicted == 0; next++)
        put(store, key_of(next, 0), "u", NULL, 100);
    const uint64_t before = overhead(store); /* with hardly a ghost */
    for (; sums(store).evicted < 40000; next++)
        put(store, key_of(next, 0), "u", NULL, 100);
    const uint64_t ghosts = overhead(store) - before;
    const uint64_t entries = sums(store).entries;
    assert_true(ghosts > entries * 4 && ghosts < entries * 20);
    store_free(store);
}

/* ---- against a list ---- */

enum { NAMES = 120, VARIANTS = 3 };

struct model {
    struct entry *entries[NAMES][VARIANTS]; /* a reference each; NULL: surely not in the store */
};

static void model_set(struct model *model, unsigned name, unsigned variant, struct entry *entry)
{
    entry_unref(model->entries[name][variant]);
    model->entries[name][variant] = entry;
}

static struct entry_key model_key(unsigned name, unsigned variant)
{
    /* Names in pairs have the same hashes: their texts tell them apart, and one displaces the
     * other. */
    return key_of(name / 2, variant);
}

static void model_step(struct model *model, struct store *store, uint64_t *state)
{
    const unsigned what = roll(state) % 100;
    const unsigned name = roll(state) % (1 + roll(state) % NAMES);
    const unsigned variant = roll(state) % VARIANTS;
    const struct entry_key key = model_key(name, variant);
    char url[16];
    snprintf(url, sizeof url, "u%u", name);
    struct entry *known = model->entries[name][variant];
    if (what < 60) {
        struct entry *entry = store_find(store, &key, stet_span_of(url), STET_SPAN_NONE);
        if (entry && entry != known)
            fail_msg("%s variant %u: found what is not there", url, variant);
        if (!entry && known)
            model_set(model, name, variant, NULL); /* evicted */
        entry_unref(entry);
    } else if (what < 85) {
        const size_t size = roll(state) % 50 == 0 ? 40000 : roll(state) % 2000;
        struct entry *entry = entry_of(key, url, NULL, size);
        if (store_put(store, entry)) {
            model_set(model, name, variant, entry);
            model_set(model, name ^ 1, variant, NULL);
        } else {
            assert_true(size == 40000);
            entry_unref(entry);
        }
    } else if (what < 92 && known) {
        store_drop(store, known);
        assert_null(store_find(store, &key, stet_span_of(url), STET_SPAN_NONE));
        model_set(model, name, variant, NULL);
    } else if (known) {
        struct entry_head *head = head_of(roll(state) % 1000);
        entry_amend(known, head);
        if (!store_grown(store, known))
            model_set(model, name, variant, NULL);
    }
}

struct walk {
    const struct model *model;
    size_t octets;
    unsigned unknown;
};

static bool walk_entry(void *owner, struct entry *entry)
{
    struct walk *walk = owner;
    unsigned known = 0;
    for (unsigned i = 0; i < NAMES * VARIANTS; i++)
        known += walk->model->entries[i / VARIANTS][i % VARIANTS] == entry;
    walk->unknown += known != 1;
    walk->octets += entry_size(entry);
    return true;
}

static void test_against_list(void **state)
{
    (void)state;
    for (uint64_t run = 1; run <= 12; run++) {
        struct model model = {{{NULL}}};
        struct store *store = store_mem_new(run % 3 == 0 ? 1 << 20 : 60000, 20000, seed);
        uint64_t draw = run;
        for (unsigned step = 0; step < 3000; step++) {
            model_step(&model, store, &draw);
            const struct store_sums now = sums(store);
            if (step % 100 != 0)
                continue;
            struct walk walk = {&model, 0, 0};
            assert_int_equal(store_each(store, walk_entry, &walk), now.entries);
            assert_int_equal(walk.unknown, 0);
            assert_true(walk.octets < now.octets && now.octets - walk.octets < 20000);
        }
        if (run % 3 == 0)
            assert_int_equal(sums(store).evicted, 0);
        else
            assert_true(sums(store).evicted > 100);
        for (unsigned i = 0; i < NAMES * VARIANTS; i++)
            entry_unref(model.entries[i / VARIANTS][i % VARIANTS]);
        store_free(store);
    }
}

/* Equal hashes of different keys, and runs that go over the end of the table. */
static void test_table(void **state)
{
    (void)state;
    enum { KEYS = 60 };
    for (uint64_t run = 1; run <= 20; run++) {
        struct table table = {.capacity = 0};
        struct entry *entries[KEYS];
        bool in[KEYS] = {false};
        uint64_t draw = run;
        for (unsigned i = 0; i < KEYS; i++)
            entries[i] = entry_of(key_of(i, 0), "u", NULL, 0);
        for (unsigned step = 0; step < 2000; step++) {
            const unsigned i = roll(&draw) % KEYS;
            const uint64_t hash = run % 2 ? i % 5 - 2 : i / 4; /* few homes, some at the end */
            if (in[i]) {
                table_remove(&table, hash, entries[i]);
            } else {
                assert_true(table_reserve(&table));
                table_add(&table, hash, entries[i]);
            }
            in[i] = !in[i];
            unsigned count = 0;
            for (unsigned j = 0; j < KEYS; j++) {
                const uint64_t other = run % 2 ? j % 5 - 2 : j / 4;
                const struct entry *found = table_find(&table, other, key_of(j, 0).primary);
                assert_ptr_equal(found, in[j] ? entries[j] : NULL);
                count += in[j];
            }
            size_t cursor = 0;
            while (table_next(&table, &cursor))
                count--;
            assert_int_equal(count, 0);
        }
        table_fini(&table);
        for (unsigned i = 0; i < KEYS; i++)
            entry_unref(entries[i]);
    }
}

/* ---- no memory ---- */

static void test_no_memory(void **state)
{
    (void)state;
    memory_fail_nth(1);
    assert_null(store_mem_new(1000, 1000, seed));
    unsigned failed = 1;
    for (uint64_t nth = 1; failed > 0; nth++) {
        struct store *store = store_mem_new(60000, 20000, seed);
        failed = 0;
        memory_fail_nth(nth);
        for (unsigned i = 0; i < 100; i++) {
            struct entry *entry = entry_of(key_of(i % 80, 0), "u", NULL, 1000);
            if (!entry || !store_put(store, entry))
                failed++;
            else if (at(store, key_of(i % 80, 0), "u", NULL) != entry)
                fail_msg("allocation %u: put and not found", (unsigned)nth);
            entry_unref(entry);
        }
        /* A table of ghosts that does not grow is no failure, so some are not seen here. */
        if (failed == 0 && memory_count() >= nth)
            failed = 1;
        sums(store);
        memory_fail_nth(0);
        store_free(store);
    }
}

/* ---- threads ---- */

enum { WORKERS = 4, STEPS = 6000 };

struct worker {
    pthread_t thread;
    struct store *store;
    uint64_t draw;
    unsigned wrong;
    unsigned hits;
};

static bool look_at(void *owner, struct entry *entry)
{
    struct worker *worker = owner;
    worker->wrong += entry_url(entry).len != 1;
    return true;
}

static void worker_fill(struct worker *worker, struct entry_key key)
{
    static const char bytes[700];
    struct entry_head *head = head_of(0);
    struct entry *entry = entry_new(&key, STET_SPAN("u"), STET_SPAN_NONE, head, 0);
    store_put(worker->store, entry);
    for (unsigned i = roll(&worker->draw) % 5; i > 0; i--) {
        entry_append(entry, bytes, sizeof bytes);
        store_grown(worker->store, entry);
    }
    entry_seal(entry, true);
    store_grown(worker->store, entry);
    entry_unref(entry);
}

static void worker_step(struct worker *worker)
{
    const unsigned what = roll(&worker->draw) % 100;
    const struct entry_key key = key_of(roll(&worker->draw) % 60, roll(&worker->draw) % 3);
    if (what == 0) {
        struct store_sums now;
        store_each(worker->store, look_at, worker);
        store_each_variant(worker->store, key.primary, look_at, worker);
        store_sums(worker->store, &now);
        worker->wrong += now.octets > now.budget;
        return;
    }
    struct entry *entry = store_find(worker->store, &key, STET_SPAN("u"), STET_SPAN_NONE);
    if (!entry) {
        worker_fill(worker, key);
        return;
    }
    const char *bytes = NULL;
    worker->hits++;
    worker->wrong += entry_key(entry)->variant != key.variant;
    for (uint64_t offset = 0, size; (size = entry_read(entry, offset, &bytes)) > 0; offset += size)
        worker->wrong += bytes[size - 1] != 0;
    if (what < 10) {
        struct entry_head *head = head_of(roll(&worker->draw) % 300);
        entry_amend(entry, head);
        store_grown(worker->store, entry);
    } else if (what < 15) {
        store_drop(worker->store, entry);
    }
    entry_unref(entry);
}

static void *worker_run(void *argument)
{
    for (unsigned step = 0; step < STEPS; step++)
        worker_step(argument);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct store *store = store_mem_new(150000, 20000, seed);
    struct worker workers[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.store = store, .draw = i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].wrong, 0);
        assert_true(workers[i].hits > STEPS / 10);
    }
    assert_true(sums(store).evicted > 0);
    struct worker last = {.store = store};
    assert_int_equal(store_each(store, look_at, &last), sums(store).entries);
    store_free(store);
}

/* What others keep takes the place of entries, and comes back; more than there is room for is not
 * taken. */
static void test_charge(void **state)
{
    (void)state;
    enum { BUDGET = 200000 };
    struct store *store = store_mem_new(BUDGET, UINT64_MAX, seed);
    struct store_sums empty, sums;
    store_sums(store, &empty);
    for (uint64_t i = 0; i < 300; i++)
        put(store, key_of(i, 0), "u", "", 1000);
    store_sums(store, &sums);
    const uint64_t full = sums.entries;
    assert_true(full > 100 && sums.octets <= BUDGET);
    assert_true(store_charge(store, 0, BUDGET / 2));
    store_sums(store, &sums);
    assert_true(sums.octets <= BUDGET && sums.entries < full * 6 / 10);
    const struct store_sums before = sums;
    assert_false(store_charge(store, BUDGET / 2, BUDGET));
    assert_false(store_charge(store, BUDGET / 2, UINT64_MAX));
    store_sums(store, &sums);
    assert_memory_equal(&sums, &before, sizeof sums);
    assert_true(store_charge(store, BUDGET / 2, 10));
    store_sums(store, &sums);
    assert_int_equal(sums.octets, before.octets - BUDGET / 2 + 10);
    for (uint64_t i = 300; i < 600; i++)
        put(store, key_of(i, 0), "u", "", 1000);
    store_sums(store, &sums);
    assert_true(sums.entries + 5 > full && sums.octets <= BUDGET);
    assert_true(store_charge(store, 10, 0));
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),         cmocka_unit_test(test_variants),
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_refused_leaves),
        cmocka_unit_test(test_grown),        cmocka_unit_test(test_counted),
        cmocka_unit_test(test_against_list), cmocka_unit_test(test_table),
        cmocka_unit_test(test_charge),       cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
