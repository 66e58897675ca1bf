/* What is remembered of early data: each beginning counts once, as long as TLS would take it. */
#include "io/tls_replay.h"

#include "base/memory.h"
#include "table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { WINDOW = 60000, MOST = 1000, NOW = 1000000 };

static bool note(struct tls_replay *replay, unsigned number, int64_t now)
{
    char mark[48] = {0};
    memcpy(mark, &number, sizeof number);
    return tls_replay_note(replay, mark, sizeof mark, now);
}

/* One that came at `first` comes again at `again`. */
static void test_again(void **state)
{
    static const struct {
        const char *id, *name;
        int64_t again;
        bool taken;
    } rows[] = {
        {"C-8470-4-1", "at once", 0, false},
        {"C-8470-4-1", "a second later", 1, false},
        {"C-8470-4-1", "at the end of the window", 60, false},
        {"C-8470-4-1", "when its part is the one before", 64, false},
        {"C-8470-4-1", "a clock of another thread", -2, false},
        {"C-8470-4-1", "when TLS refuses it itself", 600, true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_replay *replay = tls_replay_new(MOST, WINDOW);
        assert_true(note(replay, 1, NOW));
        assert_true(note(replay, 2, NOW));
        const bool taken = note(replay, 1, NOW + rows[i].again);
        if (taken != rows[i].taken)
            fail_msg("%s %s", rows[i].id, rows[i].name);
        tls_replay_free(replay);
    }
}

/* Whenever it comes within a window of its first time, whatever else came in between. */
static void test_all_the_window(void **state)
{
    struct tls_replay *replay = tls_replay_new(MOST, WINDOW);
    (void)state;

    for (unsigned i = 0; i < 600; i++) {
        const int64_t now = NOW + (int64_t)i;
        assert_true(note(replay, i, now));
        for (unsigned back = 0; back <= 60 && back <= i; back += 7)
            if (note(replay, i - back, now))
                fail_msg("C-8470-4-1 again after %u s", back);
    }
    tls_replay_free(replay);
}

/* Full: nothing is taken until what found no room is too old, and what was refused meanwhile is
 * known then. */
static void test_full(void **state)
{
    struct tls_replay *replay = tls_replay_new(MOST, WINDOW);
    unsigned taken = 0;
    (void)state;

    for (unsigned i = 0; i < MOST; i++)
        assert_true(note(replay, i, NOW));
    for (unsigned i = MOST; i < 2 * MOST; i++)
        taken += note(replay, i, NOW + 5);
    assert_int_equal(taken, 0);
    assert_false(note(replay, 2 * MOST, NOW + 64)); /* the part is new, but MOST was refused */
    assert_false(note(replay, MOST, NOW + 67));
    assert_true(note(replay, 3 * MOST, NOW + 5 + 64));
    assert_false(note(replay, 3 * MOST, NOW + 5 + 64));
    assert_false(note(replay, 2 * MOST, NOW + 5 + 64)); /* and not so old yet */
    assert_false(note(replay, MOST, NOW + 5 + 64));
    tls_replay_free(replay);
}

/* Each that finds no room begins the wait anew. */
static void test_full_again(void **state)
{
    struct tls_replay *replay = tls_replay_new(MOST, WINDOW);
    (void)state;

    for (unsigned i = 0; i < MOST; i++)
        assert_true(note(replay, i, NOW));
    assert_false(note(replay, MOST, NOW + 5));
    assert_false(note(replay, MOST + 1, NOW + 60));
    assert_false(note(replay, MOST + 2, NOW + 5 + 64));
    assert_true(note(replay, MOST + 3, NOW + 60 + 64));
    assert_false(note(replay, MOST + 2, NOW + 60 + 64));
    tls_replay_free(replay);
}

/* The clock goes ahead and back: what was thrown away meanwhile could be taken again. */
static void test_clock(void **state)
{
    struct tls_replay *replay = tls_replay_new(MOST, WINDOW);
    (void)state;

    assert_true(note(replay, 1, NOW));
    assert_true(note(replay, 2, NOW + 3600));
    assert_false(note(replay, 1, NOW + 1));
    assert_false(note(replay, 3, NOW + 2));
    assert_false(note(replay, 3, NOW + 3600));
    assert_true(note(replay, 4, NOW + 3600 + 64));
    tls_replay_free(replay);
}

/* Threads see each beginning once between them. */
enum { THREADS = 4, MARKS = 20000 };

static struct tls_replay *shared;
static atomic_uint shared_taken;

static void *note_all(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < MARKS; i++)
        if (note(shared, i, NOW + (int64_t)(i / 10000)))
            atomic_fetch_add(&shared_taken, 1);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[THREADS];
    (void)state;

    shared = tls_replay_new(MARKS, WINDOW);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, note_all, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&shared_taken), MARKS);
    tls_replay_free(shared);
}

/* One guard for each owner, and the same when it asks again. */
static void test_guards(void **state)
{
    struct tls_replay *replay = tls_replay_new(MOST, WINDOW);
    int a, b;
    (void)state;

    gnutls_anti_replay_t first = tls_replay_guard(replay, &a);
    assert_non_null(first);
    assert_ptr_not_equal(first, tls_replay_guard(replay, &b));
    assert_ptr_equal(first, tls_replay_guard(replay, &a));
    for (uintptr_t i = 1; i <= 400; i++) /* more than there were at first */
        assert_non_null(tls_replay_guard(replay, (void *)i));
    assert_ptr_equal(first, tls_replay_guard(replay, &a));
    tls_replay_free(replay);
}

static void test_no_memory(void **state)
{
    (void)state;
    tls_replay_free(tls_replay_new(MOST, WINDOW)); /* GnuTLS has begun */
    for (uint64_t nth = 1; nth <= 6; nth++) {
        memory_fail_nth(nth);
        assert_null(tls_replay_new(MOST, WINDOW));
        memory_fail_nth(0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_again),     cmocka_unit_test(test_all_the_window),
        cmocka_unit_test(test_full),      cmocka_unit_test(test_clock),
        cmocka_unit_test(test_guards),    cmocka_unit_test(test_threads),
        cmocka_unit_test(test_no_memory), cmocka_unit_test(test_full_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
