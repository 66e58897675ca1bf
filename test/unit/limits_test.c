/* The table of limits: what the law and the plan fix, and rows that agree with the struct. */
#include "base/limits.h"

#include "wire/h1_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_fixed_values(void **state)
{
    (void)state;
    struct limits limits = limits_default();
    const struct {
        const char *id;
        const char *name;
        uint64_t got;
        uint64_t least;
        uint64_t most;
    } rows[] = {
        {"C-9112-3-1", "request lines of 8000 octets fit", limits.target_size, 8000, 16384},
        {"C-9112-3-1", "the head holds the longest request line", limits.head_size,
         limits.target_size + limits.method_size + 11, 65536},
        {"C-9112-7.1-1", "chunk extensions are bounded", limits.chunk_extension_total, 1, 65536},
        {"", "a slow head is closed in time", limits.header_timeout, 1000, 60000},
        {"", "fields", limits.field_count, 128, 128},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].got < rows[i].least || rows[i].got > rows[i].most)
            fail_msg("%s %s: %llu", rows[i].id, rows[i].name, (unsigned long long)rows[i].got);
    }
}

static void test_rows(void **state)
{
    (void)state;
    struct limits limits = limits_default();
    const uint64_t *members = (const uint64_t *)&limits;
    size_t count = 0;
    for (const struct limits_row *row; (row = limits_row(count)); count++) {
        assert_true(strlen(row->name) > 0 && strlen(row->unit) > 0);
        assert_true(strlen(row->what) > 0 && strlen(row->past) > 0);
        assert_int_equal(row->value, members[count]);
        assert_in_range(row->value, row->least, row->most);
        if (strcmp(row->name, "field_count") == 0)
            assert_int_equal(row->most, H1_FIELDS_MAX);
    }
    assert_int_equal(count * sizeof(uint64_t), sizeof limits);
    assert_null(limits_row(count + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_values),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
