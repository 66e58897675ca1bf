/* The map against known hashes, against a plain array, and without memory. */
#include "base/map.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t no_seed[2] = {0, 0};

/* CPython's hash of bytes is SipHash-1-3; with PYTHONHASHSEED=0 its key is zero. The last two rows
 * are of the key 00 01 02 ... 0f, as published with the Rust standard library. */
static void test_hash(void **state)
{
    (void)state;
    const uint64_t counting[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    const struct {
        const char *name;
        const uint64_t *seed;
        const char *bytes;
        size_t len;
        uint64_t wanted;
    } rows[] = {
        {"one byte", no_seed, "a", 1, 0x407448d2b89b1813},
        {"three bytes", no_seed, "abc", 3, 0xc03bc3a0042630f2},
        {"two words and a rest", no_seed, "hello, world of siphash", 23, 0x7ab3e29e0aee3c20},
        {"keyed, empty", counting, "", 0, 0xabac0158050fc4dc},
        {"keyed, one zero byte", counting, "\0", 1, 0xc9f49bf37d57ca93},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t got = map_hash(rows[i].seed, rows[i].bytes, rows[i].len);
        if (got != rows[i].wanted)
            fail_msg("%s: %llx", rows[i].name, (unsigned long long)got);
    }
}

enum { KEYS = 600 };

static char keys[KEYS][16];
static int values[KEYS][2];

static void name_keys(void)
{
    for (int i = 0; i < KEYS; i++)
        snprintf(keys[i], sizeof keys[i], "k%d", i);
}

static uint32_t roll(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static void agree(const struct map *map, void *const model[KEYS])
{
    size_t count = 0;
    for (int i = 0; i < KEYS; i++) {
        assert_ptr_equal(map_find(map, keys[i], strlen(keys[i])), model[i]);
        count += model[i] != NULL;
    }
    assert_int_equal(map->count, count);
    assert_true(map->count <= map->capacity - map->capacity / 8);
    size_t cursor = 0;
    size_t walked = 0;
    while (map_next(map, &cursor))
        walked++;
    assert_int_equal(walked, count);
}

static void test_against_model(void **state)
{
    (void)state;
    name_keys();
    for (uint64_t seed = 1; seed <= 20; seed++) {
        void *model[KEYS] = {0};
        struct map map;
        map_init(&map, (const uint64_t[2]){seed, ~seed});
        uint64_t dice = seed;
        unsigned span = 1 + roll(&dice) % KEYS;
        for (int step = 0; step < 3000; step++) {
            unsigned i = roll(&dice) % span;
            size_t len = strlen(keys[i]);
            if (roll(&dice) % 2) {
                void *value = &values[i][roll(&dice) % 2];
                assert_true(map_put(&map, keys[i], len, value));
                model[i] = value;
            } else {
                assert_ptr_equal(map_remove(&map, keys[i], len), model[i]);
                model[i] = NULL;
            }
            if (step % 100 == 0)
                agree(&map, model);
        }
        agree(&map, model);
        map_fini(&map);
        assert_null(map_find(&map, "k1", 2));
    }
}

/* Every value is seen exactly once, also when the walk takes out some or all of what it sees. */
static void test_walk_and_remove(void **state)
{
    (void)state;
    name_keys();
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct map map;
        map_init(&map, (const uint64_t[2]){seed, seed});
        uint64_t dice = seed;
        int count = 1 + (int)(roll(&dice) % 60);
        uint8_t seen[KEYS] = {0};
        for (int i = 0; i < count; i++)
            assert_true(map_put(&map, keys[i], strlen(keys[i]), values[i]));
        unsigned removes = roll(&dice) % 3;
        size_t cursor = 0;
        int left = count;
        for (int *value; (value = map_next(&map, &cursor));) {
            size_t i = (size_t)((int(*)[2])(void *)value - values);
            seen[i]++;
            if (removes == 2 || (removes == 1 && roll(&dice) % 2)) {
                assert_ptr_equal(map_remove(&map, keys[i], strlen(keys[i])), value);
                left--;
            }
        }
        for (int i = 0; i < count; i++) {
            if (seen[i] != 1)
                fail_msg("seed %d: key %d seen %d times", (int)seed, i, seen[i]);
        }
        assert_int_equal(map.count, left);
        map_fini(&map);
    }
}

static void test_out_of_memory(void **state)
{
    (void)state;
    name_keys();
    struct map map;
    map_init(&map, no_seed);
    memory_fail_nth(1);
    assert_false(map_put(&map, keys[0], 2, values[0]));
    int i = 0;
    for (; i < 14; i++)
        assert_true(map_put(&map, keys[i], strlen(keys[i]), values[i]));
    memory_fail_nth(1);
    assert_false(map_put(&map, keys[i], strlen(keys[i]), values[i]));
    assert_int_equal(map.count, 14);
    for (int k = 0; k < 14; k++)
        assert_ptr_equal(map_find(&map, keys[k], strlen(keys[k])), values[k]);
    assert_null(map_find(&map, keys[i], strlen(keys[i])));
    memory_fail_nth(0);
    map_fini(&map);
}

static void test_odd_keys(void **state)
{
    (void)state;
    struct map map;
    map_init(&map, no_seed);
    assert_null(map_find(&map, "", 0));
    assert_null(map_remove(&map, "x", 1));
    assert_true(map_put(&map, NULL, 0, values[0]));
    assert_true(map_put(&map, "\0a", 2, values[1]));
    assert_ptr_equal(map_find(&map, "", 0), values[0]);
    assert_ptr_equal(map_find(&map, "\0a", 2), values[1]);
    assert_null(map_find(&map, "\0", 1));
    map_fini(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_walk_and_remove),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_odd_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
