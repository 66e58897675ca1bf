/* Pieces: as large as asked for, kept for the next, bounded, given back by the thread that ends. */
#include "base/memory.h"
#include "base/mempool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#if defined(MEMORY_HIDES)
#define HIDES true
#else
#define HIDES false
#endif

static const size_t sizes[] = {0,   1,    7,    8,    127,  128,  129,  255,  256,
                               257, 1000, 1024, 1025, 4096, 8191, 8192, 8193, 100000};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* Pieces of all sizes, new and used, do not overlap, are aligned, and hold what is written there.
 */
static void test_sizes(void **state)
{
    (void)state;
    unsigned char *pieces[SIZES];

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < SIZES; i++) {
            pieces[i] = mempool_new(sizes[i]);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
            memset(pieces[i], (int)i + 1, sizes[i]);
        }
        for (size_t i = 0; i < SIZES; i++) {
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(pieces[i][k], i + 1);
            mempool_free(pieces[i], sizes[i]);
        }
    }
    mempool_free(NULL, 100);
}

/* From every size to every other, what fits into both stays. */
static void test_growth(void **state)
{
    (void)state;
    for (size_t from = 0; from < SIZES; from++) {
        for (size_t to = 0; to < SIZES; to++) {
            const size_t least = sizes[from] < sizes[to] ? sizes[from] : sizes[to];
            unsigned char *piece = mempool_grow(NULL, 0, sizes[from]);
            memset(piece, 7, sizes[from]);
            piece = mempool_grow(piece, sizes[from], sizes[to]);
            assert_non_null(piece);
            for (size_t k = 0; k < least; k++)
                assert_int_equal(piece[k], 7);
            memset(piece, 8, sizes[to]);
            mempool_free(piece, sizes[to]);
        }
    }
}

/* A piece that was given back is the next one of its size; where use after free is watched, the
 * last one. */
static void test_again(void **state)
{
    (void)state;
    void *first = mempool_new(3000);
    mempool_free(first, 3000);
    void *second = mempool_new(4000);
    assert_int_equal(first == second, !HIDES);
    mempool_free(second, 4000);
}

/* Every piece counts, wherever it comes from, and each can fail, once. */
static void test_failures(void **state)
{
    (void)state;
    mempool_free(mempool_new(500), 500);
    for (uint64_t nth = 1; nth <= 4; nth++) {
        memory_fail_nth(nth);
        for (uint64_t i = 1; i <= 6; i++) {
            const size_t size = i % 2 ? 500 : 20000;
            void *piece = mempool_new(size);
            assert_int_equal(piece == NULL, i == nth);
            mempool_free(piece, size);
        }
        assert_int_equal(memory_count(), 6);
    }
    memory_fail_nth(0);
}

static void test_failed_growth_keeps(void **state)
{
    (void)state;
    static const size_t grown[] = {1000, 100000};

    for (size_t i = 0; i < 2; i++) {
        char *piece = mempool_new(8);
        strcpy(piece, "old");
        memory_fail_nth(1);
        assert_null(mempool_grow(piece, 8, grown[i]));
        memory_fail_nth(0);
        assert_string_equal(piece, "old");
        mempool_free(piece, 8);
    }
}

/* No more is kept than is said; what is more goes back to the heap, which LeakSanitizer proves. */
static void test_bound(void **state)
{
    (void)state;
    enum { MANY = 2 * MEMPOOL_KEPT / MEMPOOL_MOST + 5 };
    void *pieces[MANY];

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < MANY; i++) {
            pieces[i] = mempool_new(MEMPOOL_MOST);
            memset(pieces[i], 1, MEMPOOL_MOST);
        }
        for (size_t i = 0; i < MANY; i++)
            mempool_free(pieces[i], MEMPOOL_MOST);
    }
}

/* Takes what another thread gave, gives back what another thread took. */
static void *exchange(void *argument)
{
    mempool_free(argument, 300);
    for (int i = 0; i < 100; i++)
        mempool_free(mempool_new(200), 200);
    return mempool_new(700);
}

static void test_threads(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        void *got = NULL;
        assert_int_equal(pthread_create(&thread, NULL, exchange, mempool_new(300)), 0);
        pthread_join(thread, &got);
        assert_non_null(got);
        mempool_free(got, 700);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_failed_growth_keeps),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
