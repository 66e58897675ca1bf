/* The arena: alignment, growth, the ceiling, and memory running out. */
#include "base/arena.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Pieces of many sizes do not overlap and keep what is written to them. */
static void test_pieces(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    unsigned char *pieces[500];
    for (size_t i = 0; i < 500; i++) {
        size_t size = i * 37 % 1999;
        pieces[i] = arena_alloc(&arena, size);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        memset(pieces[i], (int)(i & 0xff), size);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t k = 0; k < i * 37 % 1999; k++)
            assert_int_equal(pieces[i][k], i & 0xff);
    }
    assert_true(arena.total <= arena.ceiling);
    arena_fini(&arena);
    assert_int_equal(arena.total, 0);
}

static void test_ceiling(void **state)
{
    (void)state;
    static const size_t ceilings[] = {0, 1, 16, 17, 100, 1024, 1025, 5000, 70000, 1000000};
    static const size_t sizes[] = {1, 16, 100, 1000, 4096, 70000};
    for (size_t c = 0; c < sizeof ceilings / sizeof ceilings[0]; c++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            struct arena arena;
            arena_init(&arena, ceilings[c]);
            size_t got = 0;
            for (void *piece; (piece = arena_alloc(&arena, sizes[s])); got += sizes[s])
                memset(piece, 1, sizes[s]);
            assert_true(arena.total <= ceilings[c]);
            /* Small pieces fill at least half of what is allowed. */
            if (sizes[s] >= 16 && 4 * sizes[s] < ceilings[c])
                assert_true(got >= ceilings[c] / 2);
            arena_fini(&arena);
            assert_int_equal(arena.ceiling, ceilings[c]);
        }
    }
}

static void test_limits_of_size(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 16));
    assert_int_equal(arena.total, 0);
    assert_non_null(arena_alloc(&arena, 0));
    assert_memory_equal(arena_copy(&arena, "abc", 3), "abc", 3);
    assert_non_null(arena_copy(&arena, NULL, 0));
    arena_fini(&arena);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    memory_fail_nth(2);
    char *first = arena_copy(&arena, "first", 6);
    assert_null(arena_alloc(&arena, 5000));
    assert_string_equal(first, "first");
    assert_non_null(arena_alloc(&arena, 5000));
    memory_fail_nth(0);
    arena_fini(&arena);
}

/* Small pieces cost one allocation from the heap for many. */
static void test_few_allocations(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    memory_fail_nth(0);
    for (int i = 0; i < 1000; i++)
        assert_non_null(arena_alloc(&arena, 64));
    assert_in_range(memory_count(), 1, 8);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces),          cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_limits_of_size),  cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_few_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
