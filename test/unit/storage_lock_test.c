/* Many processes and one storage: who waits for whom, and what an invalidation does to those that
 * are under way. */
#include "storage_fixture.h"

#include <sys/wait.h>

/* Somebody who is stopped while he has the lock holds nobody up for good. */
static void test_locked(void **state)
{
    struct storage_place place;
    (void)state;
    assert_true(stores(KEY, "old"));
    assert_true(storage_place_open(storage, STET_SPAN(KEY), false, &place));
    assert_true(storage_place_lock(&place));
    const pid_t child = fork();
    if (child == 0) {
        close(place.folder);
        _exit(!stores(KEY, "new") && strcmp(content_of(KEY), "old") == 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    storage_place_close(&place);
    assert_true(stores(KEY, "new"));
}

/* An invalidation does not wait for a process that is stopped while it holds the lock; nor does
 * that one write back, when it goes on, what it had read before. */
static void test_mark_locked(void **state)
{
    struct storage_place place;
    struct storage_set set;
    const struct stet_span key = STET_SPAN(KEY);
    (void)state;

    assert_true(stores(KEY, "old"));
    assert_true(storage_place_open(storage, key, false, &place));
    assert_true(storage_place_lock(&place));
    assert_int_equal(storage_load(&place, &key, &set), STORAGE_LOADED);
    const pid_t child = fork();
    if (child == 0) {
        close(place.folder);
        storage_mark(storage, key);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(count_of(KEY), 0);
    assert_false(storage_save(&place, key, &set));
    storage_place_close(&place);
    storage_set_fini(&set);
    assert_int_equal(count_of(KEY), 0);
}

/* Each mark counts on, however short after another, and nothing else does. */
static void test_generation(void **state)
{
    const struct stet_span key = STET_SPAN(KEY);
    int64_t last = storage_generation(storage, key);
    (void)state;

    assert_true(last > 0);
    for (int i = 0; i < 50; i++) {
        storage_mark(storage, key);
        const int64_t now = storage_generation(storage, key);
        assert_true(now > last);
        last = now;
    }
    assert_true(stores(KEY, "a"));
    assert_string_equal(content_of(KEY), "a");
    storage_remove(storage, key, 0);
    assert_true(storage_generation(storage, key) == last);
}

/* A lock that is removed while it is waited for, or held, is none. */
static void test_lock_goes(void **state)
{
    struct storage_place one, other;
    const struct stet_span key = STET_SPAN(KEY);
    (void)state;

    assert_true(storage_place_open(storage, key, true, &one));
    assert_true(storage_place_open(storage, key, true, &other));
    assert_true(storage_place_lock(&one));
    const pid_t child = fork();
    if (child == 0) { /* waits for a lock that goes */
        const bool locked = storage_place_lock(&other);
        struct stat held, named;
        _exit(locked && fstat(other.lock, &held) == 0 &&
                      fstatat(other.folder, "lock", &named, 0) == 0 && held.st_ino == named.st_ino
                  ? 0
                  : 1);
    }
    unlinkat(one.folder, "lock", 0);
    storage_place_close(&one);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    storage_place_close(&other);
}

/* A lock that is removed from under its holder keeps others out no longer: he does not write. */
static void test_lock_goes_from_holder(void **state)
{
    struct storage_place place;
    struct storage_set set;
    const struct stet_span key = STET_SPAN(KEY);
    (void)state;

    assert_true(stores(KEY, "old"));
    assert_true(storage_place_open(storage, key, false, &place));
    assert_true(storage_place_lock(&place));
    assert_int_equal(storage_load(&place, &key, &set), STORAGE_LOADED);
    assert_true(storage_place_stands(&place));
    assert_int_equal(unlinkat(place.folder, "lock", 0), 0);
    assert_true(stores(KEY, "new")); /* somebody else comes in */
    assert_false(storage_place_stands(&place));
    assert_false(storage_save(&place, key, &set));
    storage_place_close(&place);
    storage_set_fini(&set);
    assert_string_equal(content_of(KEY), "new");
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(test_locked),    EACH(test_mark_locked),           EACH(test_generation),
        EACH(test_lock_goes), EACH(test_lock_goes_from_holder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
