/* Chunks: counts, sizes, and several threads that hold one. */
#include "base/chunk.h"
#include "base/memory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_count(void **state)
{
    (void)state;
    struct chunk *chunk = chunk_new(5);
    memcpy(chunk->bytes, "bytes", 5);
    assert_int_equal(chunk->len, 5);
    assert_ptr_equal(chunk_ref(chunk), chunk);
    chunk_unref(chunk);
    assert_memory_equal(chunk->bytes, "bytes", 5);
    chunk_unref(chunk);
    chunk_unref(NULL);
}

static void test_sizes(void **state)
{
    (void)state;
    assert_null(chunk_new(SIZE_MAX));
    struct chunk *empty = chunk_new(0);
    assert_int_equal(empty->len, 0);
    chunk_unref(empty);
    memory_fail_nth(1);
    assert_null(chunk_new(1));
    memory_fail_nth(0);
}

/* A large chunk has pages of its own, its bytes begin one; where there are none it is one like the
 * others. */
static void test_steady(void **state)
{
    (void)state;
    struct chunk *small = chunk_new(CHUNK_STEADY - 1), *large = chunk_new(CHUNK_STEADY);
    assert_false(small->steady);
    assert_true(large->steady);
    assert_int_equal((uintptr_t)large->bytes % 4096, 0);
    large->bytes[CHUNK_STEADY - 1] = 'x';
    chunk_unref(small);
    chunk_unref(large);
    memory_fail_nth(1);
    large = chunk_new(CHUNK_STEADY);
    memory_fail_nth(0);
    assert_non_null(large);
    assert_false(large->steady);
    large->bytes[CHUNK_STEADY - 1] = 'x';
    chunk_unref(large);
}

static void *take_and_give(void *argument)
{
    struct chunk *chunk = argument;
    for (int i = 0; i < 10000; i++)
        chunk_unref(chunk_ref(chunk));
    size_t sum = 0;
    for (size_t i = 0; i < chunk->len; i++)
        sum += (unsigned char)chunk->bytes[i];
    bool right = sum == 3 * chunk->len;
    chunk_unref(chunk);
    return right ? NULL : argument;
}

static void test_threads(void **state)
{
    (void)state;
    struct chunk *chunk = chunk_new(100);
    memset(chunk->bytes, 3, 100);
    struct chunk *kept = chunk_ref(chunk);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, chunk_ref(chunk)), 0);
    chunk_unref(chunk);
    for (int i = 0; i < 4; i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(atomic_load(&kept->refs), 1);
    chunk_unref(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_steady),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
