/* Sizes, durations and numbers as people write them. */
#include "base/units.h"

#include "table.h"

#include <string.h>

#define NO UINT64_MAX

struct row {
    const char *id;
    const char *name; /* what is written */
    uint64_t want;    /* NO: refused */
};

static const struct row sizes[] = {
    {"size", "0", 0},
    {"size", "1", 1},
    {"size", "1B", 1},
    {"size", "64KiB", 65536},
    {"size", "2MiB", 2 << 20},
    {"size", "3GiB", 3ull << 30},
    {"size", "1TiB", 1ull << 40},
    {"size", "007", 7},
    {"size", "18446744073709551614", UINT64_MAX - 1},
    {"size", "18446744073709551616", NO},
    {"size", "99999999999999999999999", NO},
    {"size", "16777216TiB", NO},
    {"size", "16777215TiB", 16777215ull << 40},
    {"size", "", NO},
    {"size", "KiB", NO},
    {"size", "1kib", NO},
    {"size", "1KB", NO},
    {"size", "1 KiB", NO},
    {"size", " 1", NO},
    {"size", "1 ", NO},
    {"size", "+1", NO},
    {"size", "-1", NO},
    {"size", "0x10", NO},
    {"size", "1.5MiB", NO},
    {"size", "1KiBKiB", NO},
    {"size", "\xd9\xa1", NO},
};

static const struct row durations[] = {
    {"duration", "500ms", 500},
    {"duration", "0s", 0},
    {"duration", "15s", 15000},
    {"duration", "2m", 120000},
    {"duration", "1h", 3600000},
    {"duration", "7d", 604800000},
    {"duration", "15", NO}, /* of what? */
    {"duration", "", NO},
    {"duration", "s", NO},
    {"duration", "1S", NO},
    {"duration", "1sec", NO},
    {"duration", "1m30s", NO},
    {"duration", "213503982335d", NO},
    {"duration", "213503982334d", 213503982334ull * 86400000},
};

static const struct row numbers[] = {
    {"number", "2", 2},   {"number", "10", 10},
    {"number", "1", NO},  {"number", "11", NO},
    {"number", "", NO},   {"number", "5x", NO},
    {"number", "x", NO},  {"number", "5 ", NO},
    {"number", "-3", NO}, {"number", "18446744073709551618", NO},
};

static bool number(const char *text, uint64_t *to)
{
    return units_number(text, 2, 10, to);
}

static void check(const struct row *rows, size_t count, bool (*read)(const char *, uint64_t *))
{
    for (size_t i = 0; i < count; i++) {
        uint64_t got = 12345;
        bool fine = read(rows[i].name, &got);
        check_row(&rows[i], fine == (rows[i].want != NO));
        check_row(&rows[i], got == (fine ? rows[i].want : 12345));
    }
}

static void units_are_read(void **state)
{
    (void)state;
    check(sizes, COUNT(sizes), units_size);
    check(durations, COUNT(durations), units_duration);
    check(numbers, COUNT(numbers), number);
}

static const struct row written_sizes[] = {
    {"size", "0", 0},
    {"size", "1", 1},
    {"size", "1023", 1023},
    {"size", "1KiB", 1024},
    {"size", "1025", 1025},
    {"size", "1536MiB", 3ull << 29},
    {"size", "16777215TiB", 16777215ull << 40},
    {"size", "18446744073709551614", UINT64_MAX - 1},
};

static const struct row written_durations[] = {
    {"duration", "0s", 0},         {"duration", "1ms", 1},     {"duration", "1500ms", 1500},
    {"duration", "90s", 90000},    {"duration", "2m", 120000}, {"duration", "25h", 90000000},
    {"duration", "7d", 604800000},
};

/* What is written can be read again. */
static void units_are_written(void **state)
{
    char text[UNITS_TEXT];
    (void)state;
    for (size_t i = 0; i < COUNT(written_sizes); i++) {
        units_write_size(written_sizes[i].want, text);
        check_row(&written_sizes[i], strcmp(text, written_sizes[i].name) == 0);
    }
    for (size_t i = 0; i < COUNT(written_durations); i++) {
        units_write_duration(written_durations[i].want, text);
        check_row(&written_durations[i], strcmp(text, written_durations[i].name) == 0);
    }
    check(written_sizes, COUNT(written_sizes), units_size);
    check(written_durations, COUNT(written_durations), units_duration);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(units_are_read),
                                       cmocka_unit_test(units_are_written)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
