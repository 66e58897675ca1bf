/* The door to the heap: the n-th allocation fails, once, for this thread alone. */
#include "base/memory.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_calls(void **state)
{
    (void)state;
    char *bytes = memory_new_zero(64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(bytes[i], 0);
    strcpy(bytes, "kept");
    bytes = memory_grow(bytes, 100000);
    assert_string_equal(bytes, "kept");
    memory_free(bytes);
    memory_free(NULL);
    void *nothing = memory_new(0);
    assert_non_null(nothing);
    nothing = memory_grow(nothing, 0);
    assert_non_null(nothing);
    memory_free(nothing);
}

static void test_nth_fails_once(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 4; nth++) {
        memory_fail_nth(nth);
        for (uint64_t i = 1; i <= 6; i++) {
            void *memory = i % 2 ? memory_new(8) : memory_new_zero(8);
            assert_int_equal(memory == NULL, i == nth);
            memory_free(memory);
        }
        assert_int_equal(memory_count(), 6);
    }
    memory_fail_nth(0);
    assert_int_equal(memory_count(), 0);
}

static void test_failed_growth_keeps(void **state)
{
    (void)state;
    char *bytes = memory_new(8);
    strcpy(bytes, "old");
    memory_fail_nth(1);
    assert_null(memory_grow(bytes, 1000));
    assert_string_equal(bytes, "old");
    memory_fail_nth(0);
    memory_free(bytes);
}

static void test_pages(void **state)
{
    (void)state;
    char *pages = memory_new_pages(10000);
    assert_non_null(pages);
    assert_int_equal((uintptr_t)pages % 4096, 0);
    assert_int_equal(pages[9999], 0);
    pages[9999] = 1;
    memory_free_pages(pages, 10000);
    memory_fail_nth(1);
    assert_null(memory_new_pages(10000));
    memory_fail_nth(0);
    assert_null(memory_new_pages(SIZE_MAX / 2));
}

static void *allocate(void *argument)
{
    (void)argument;
    return memory_new(8);
}

static void test_threads_apart(void **state)
{
    (void)state;
    memory_fail_nth(1);
    pthread_t thread;
    void *got = NULL;
    assert_int_equal(pthread_create(&thread, NULL, allocate, NULL), 0);
    pthread_join(thread, &got);
    assert_non_null(got);
    memory_free(got);
    assert_int_equal(memory_count(), 0);
    memory_fail_nth(0);
}

/* With too many pieces the kernel could not take one back: there is a bound before that. */
static void test_many_pages(void **state)
{
    (void)state;
    enum { MANY = 70000 };
    static char *pieces[MANY];
    unsigned count = 0;
    while (count < MANY && (pieces[count] = memory_new_pages(4096)) != NULL)
        count++;
    assert_in_range(count, 1000, 65000);
    assert_null(memory_new_pages(4096));
    memory_free_pages(pieces[--count], 4096);
    pieces[count] = memory_new_pages(4096);
    assert_non_null(pieces[count++]);
    for (unsigned i = 0; i < count; i += 2) /* each is a hole */
        memory_free_pages(pieces[i], 4096);
    for (unsigned i = 1; i < count; i += 2)
        memory_free_pages(pieces[i], 4096);
    pieces[0] = memory_new_pages(10000);
    assert_non_null(pieces[0]);
    memory_free_pages(pieces[0], 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_nth_fails_once),
        cmocka_unit_test(test_failed_growth_keeps),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_many_pages),
        cmocka_unit_test(test_threads_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
