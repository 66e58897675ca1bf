/* Octets held: they come out in the order they went in, and a drip of them is cheap. */
#include "base/octets.h"

#include "base/memory.h"
#include "table.h"

#include <string.h>

static void what_goes_in_comes_out(void **state)
{
    struct octets octets = {0};
    char next_in = 0, next_out = 0, piece[50];
    (void)state;
    for (unsigned turn = 0; turn < 2000; turn++) {
        size_t count = turn * 7 % sizeof piece;
        for (size_t i = 0; i < count; i++)
            piece[i] = next_in++;
        assert_true(octets_add(&octets, piece, count));
        size_t out = turn % 3 ? octets_left(&octets) / 2 : octets_left(&octets);
        for (size_t i = 0; i < out; i++)
            assert_int_equal(octets_at(&octets)[i], next_out++);
        octets_skip(&octets, out);
        assert_true(!octets.bytes == (octets_left(&octets) == 0));
    }
    octets_fini(&octets);
}

/* What comes at once takes no more memory than it needs. */
static void the_first_piece_fits_exactly(void **state)
{
    struct octets octets = {0};
    (void)state;
    assert_true(octets_add(&octets, "0123456789", 10));
    assert_int_equal(octets.room, 10);
    octets_fini(&octets);
    assert_null(octets.bytes);
}

static void a_drip_is_not_copied_each_time(void **state)
{
    struct octets octets = {0};
    (void)state;
    memory_fail_nth(0);
    for (int i = 0; i < 65536; i++)
        assert_true(octets_add(&octets, "x", 1));
    assert_true(memory_count() < 40);
    assert_true(octets.room < 2 * 65536);
    octets_fini(&octets);
}

static void what_is_spent_leaves_its_memory(void **state)
{
    struct octets octets = {0};
    (void)state;
    memory_fail_nth(0);
    for (int i = 0; i < 1000; i++) {
        assert_true(octets_add(&octets, "some", 4));
        octets_spend(&octets, 1);
        assert_memory_equal(octets_at(&octets), "ome", 3);
        octets_spend(&octets, 3);
        assert_int_equal(octets_left(&octets), 0);
    }
    assert_int_equal(memory_count(), 1);
    octets_fini(&octets);
}

static void memory_may_be_out(void **state)
{
    static const char more[20000];
    struct octets octets = {0};
    (void)state;
    memory_fail_nth(1);
    assert_false(octets_add(&octets, "abc", 3));
    assert_null(octets.bytes);
    assert_true(octets_add(&octets, "abc", 3));
    octets_skip(&octets, 1);
    memory_fail_nth(1);
    assert_false(octets_add(&octets, more, sizeof more));
    memory_fail_nth(0);
    assert_int_equal(octets_left(&octets), 2);
    assert_memory_equal(octets_at(&octets), "bc", 2);
    octets_fini(&octets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(the_first_piece_fits_exactly),
        cmocka_unit_test(a_drip_is_not_copied_each_time),
        cmocka_unit_test(what_is_spent_leaves_its_memory),
        cmocka_unit_test(memory_may_be_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
