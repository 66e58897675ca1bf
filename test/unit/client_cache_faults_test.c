/* The client's cache when the disk lies or is full, or memory runs out: an answer all the same. */
#include "client_world.h"

#include <sys/resource.h>

#include "base/memory.h"

/* Changes the only content on disk. */
static void damage(void)
{
    char command[256];
    snprintf(command, sizeof command,
             "f=$(find %s/v1 -name '*.*' -type f) && printf X | dd of=$f conv=notrunc status=none",
             world.folder);
    assert_int_equal(system(command), 0);
}

static void test_damaged_fresh(void **state)
{
    const struct world_answer two = {A, "two", TRANSFER_COMPLETE};
    (void)state;
    get(&answer_a, 1, false);
    damage();
    get(&two, 1, false);
    assert_string_equal(world.content, "two");
    assert_int_equal(world.asked, 1);
    assert_null(strstr(world.sent[0], "If-None-Match"));
    assert_int_equal(storage_damaged(world.storage), 1);
    get(NULL, 0, false);
    assert_string_equal(world.content, "two");
}

/* A 304 to what turns out to be damaged leads to a request without conditions. */
static void test_damaged_validated(void **state)
{
    const struct world_answer answers[] = {{"304\nETag: \"a\"\n", NULL, TRANSFER_COMPLETE},
                                           {A, "one", TRANSFER_COMPLETE}};
    (void)state;
    for (int quiet = 0; quiet <= 1; quiet++) {
        world_clock = WORLD_NOW;
        get(&answer_a, 1, false);
        damage();
        world_clock = WORLD_NOW + 60;
        get(answers, 2, quiet);
        assert_string_equal(world.content, "one");
        assert_int_equal(world.heads, 1);
        assert_int_equal(world.asked, 2);
        assert_non_null(strstr(world.sent[0], "If-None-Match"));
        assert_null(strstr(world.sent[1], "If-None-Match"));
        storage_remove(world.storage, STET_SPAN(WORLD_URL), 0);
    }
}

/* A disk that is full costs the storing and nothing else. */
static void test_no_space(void **state)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    const struct world_answer answers[] = {{A, "one", TRANSFER_COMPLETE}};
    (void)state;
    for (rlim_t room = 0; room < 5; room++) {
        const struct rlimit limit = {room, RLIM_INFINITY};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        get(answers, 1, false);
        setrlimit(RLIMIT_FSIZE, &none);
        assert_string_equal(world.content, "one");
        assert_true(world.outcome.whole);
        assert_false(world.outcome.stored);
    }
}

/* Memory that runs out ends the one fetch, or its storing; nobody is told half as the whole. */
static void test_memory(void **state)
{
    const struct world_answer same[] = {{"304\nETag: \"a\"\n", NULL, TRANSFER_COMPLETE},
                                        {A, "one", TRANSFER_COMPLETE}};
    bool all = false;
    (void)state;
    for (uint64_t nth = 1; nth < 400 && !all; nth++) {
        storage_remove(world.storage, STET_SPAN(WORLD_URL), 0);
        world_clock = WORLD_NOW;
        get(&answer_a, 1, false);
        world_clock = WORLD_NOW + 60;
        memory_fail_nth(nth);
        get(same, 2, false);
        all = memory_count() < nth;
        memory_fail_nth(0);
        assert_true(!world.began || world.ends == 1);
        assert_true(world.heads <= 1);
        if (world.ends && world.outcome.whole)
            assert_string_equal(world.content, "one");
    }
    assert_true(all);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, world_init, world_fini)
    const struct CMUnitTest tests[] = {
        EACH(test_damaged_fresh),
        EACH(test_damaged_validated),
        EACH(test_no_space),
        EACH(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
