/* Memory: the budget for bytes, every allocation failing in turn, questions taken back. */
#include "site.h"

#include "origin/coder.h"

static void site_end(struct site *site)
{
    site_stop(site);
    site_free(site);
}

enum { FILES = 40, SIZE = 10000 };

static struct site *site_with_many(uint64_t budget)
{
    struct site *site = site_new();
    static char text[SIZE];
    char path[32];
    site->options.bytes_in_memory = budget;
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "f%d.png", i);
        memset(text, 'A' + i, SIZE);
        fs_sim_write(site->fs, path, text, SIZE);
    }
    site_pass(site, 10 * SECOND);
    site_start(site);
    return site;
}

struct budget_row {
    const char *id;
    const char *name;
    uint64_t budget;
    unsigned kept; /* at least so many of the last asked need no reading */
};

static const struct budget_row budget_rows[] = {
    {"budget", "nothing", 0, 0},
    {"budget", "less than one file", SIZE - 1, 0},
    {"budget", "a few files", 5 * (SIZE + 1000), 2},
    {"budget", "half of them", FILES / 2 * (SIZE + 1000), 10},
    {"budget", "all of them", FILES *(SIZE + 1000), FILES},
};

/* Whatever the budget, every answer is right; what is held stays within it. */
static void test_budget(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(budget_rows); i++) {
        const struct budget_row *row = &budget_rows[i];
        struct site *site = site_with_many(row->budget);
        for (int round = 0; round < 3 * FILES; round++) {
            char path[32];
            struct representation *representation;
            snprintf(path, sizeof path, "/f%d.png", round % FILES);
            check_row(row, site_find(site, round % 2, path, NULL, &representation) == FILES_FOUND);
            struct seen seen = seen_of(representation);
            check_row(row, seen.body[0] == 'A' + round % FILES && seen.body_len == SIZE);
            check_row(row, seen.etag[0] == '"');
            representation_unref(representation);
            site_pass(site, MILLISECOND);
            const struct contents *contents = &site->library->contents;
            check_row(row, contents->held <= row->budget);
            check_row(row, contents->held >= contents->by_digest.count * SIZE);
        }
        uint64_t reads = fs_sim_calls(site->fs, FS_SIM_READ);
        for (unsigned last = 0; last < row->kept; last++) {
            char path[32];
            struct representation *representation;
            snprintf(path, sizeof path, "/f%u.png", FILES - 1 - last);
            site_find(site, 1 - (int)last % 2, path, NULL, &representation);
            check_row(row, representation->bytes);
            representation_unref(representation);
        }
        check_row(row, fs_sim_calls(site->fs, FS_SIM_READ) == reads);
        site_end(site);
    }
}

/* D-50: bytes that changed just now and find no room are read again when they are sent, and may be
 * others by then: nothing is promised of them. */
static void test_racy_without_room(void **state)
{
    (void)state;
    struct site *site = site_with_many(0);
    fs_sim_say(site->fs, "f0.png", "new");
    struct seen racy = site_see(site, "/f0.png");
    assert_string_equal(racy.etag, "");
    assert_int_equal(racy.modified, 0);
    assert_string_equal(racy.body, "new");
    site_pass(site, 3 * SECOND);
    struct seen settled = site_see(site, "/f0.png");
    assert_memory_equal(settled.etag, "\"", 1);
    assert_string_equal(settled.body, "new");
    site_end(site);
}

/* What is used stays, what was only passed by goes. */
static void test_second_chance(void **state)
{
    (void)state;
    struct site *site = site_with_many(10 * (SIZE + 1000));
    for (int i = 1; i < 8 * FILES; i++) {
        char path[32];
        snprintf(path, sizeof path, "/f%d.png", 1 + i % (FILES - 1));
        site_see(site, path);
        uint64_t reads = fs_sim_calls(site->fs, FS_SIM_READ);
        site_see(site, "/f0.png");
        if (i > 1)
            assert_int_equal(fs_sim_calls(site->fs, FS_SIM_READ), reads);
        site_pass(site, MILLISECOND);
    }
    site_end(site);
}

/* Bytes that are being sent outlive their place in memory. */
static void test_sent_while_evicted(void **state)
{
    (void)state;
    struct site *site = site_with_many(3 * (SIZE + 1000));
    struct representation *first = site_get(site, "/f0.png");
    for (int i = 1; i < FILES; i++) {
        char path[32];
        snprintf(path, sizeof path, "/f%d.png", i);
        site_see(site, path);
        site_pass(site, MILLISECOND);
    }
    assert_int_equal(seen_of(first).body[0], 'A');
    representation_unref(first);
    site_end(site);
}

/* ---- allocations that fail ---- */

static const char *const failing_paths[] = {"/a.css", "/", "/d/", "/nothing", "/large.bin", "/r"};

static struct site *site_for_failing(void)
{
    static char text[3000];
    struct site *site = site_new();
    site->options.browse = true;
    memset(text, 'x', sizeof text);
    fs_sim_write(site->fs, "a.css", text, sizeof text);
    struct chunk *coded = coder_encode(STET_CODING_GZIP, text, sizeof text);
    fs_sim_write(site->fs, "a.css.gz", coded->bytes, coded->len);
    chunk_unref(coded);
    fs_sim_say(site->fs, "index.html", "home");
    fs_sim_say(site->fs, "d/x", "x");
    fs_sim_say(site->fs, "404.html", "not here");
    fs_sim_say(site->fs, "r/x", "x");
    fs_sim_fill(site->fs, "large.bin", 5 << 20, 1);
    site_pass(site, 10 * SECOND);
    return site;
}

static enum files_answer expected_of(const char *path)
{
    return strcmp(path, "/nothing") == 0 ? FILES_MISSING
           : strcmp(path, "/r") == 0     ? FILES_REDIRECT
                                         : FILES_FOUND;
}

/* The n-th allocation fails: this answer may be 500 or come in another form, the next is right. */
static void test_failing_allocations(void **state)
{
    (void)state;
    static const char *const accepts[] = {NULL, "gzip", "br", "zstd"};
    for (size_t p = 0; p < COUNT(failing_paths); p++) {
        bool reached = true;
        for (uint64_t nth = 1; reached; nth++) {
            struct site *site = site_for_failing();
            struct representation *representation;
            site_start(site);
            memory_fail_nth(nth);
            enum files_answer answer =
                site_find(site, 0, failing_paths[p], accepts[nth % 4], &representation);
            site_pass(site, SECOND);
            reached = memory_count() >= nth;
            memory_fail_nth(0);
            assert_true(answer == expected_of(failing_paths[p]) || answer == FILES_BROKEN);
            representation_unref(representation);
            site_pass(site, 2 * SECOND);
            for (int again = 0; again < 2; again++) {
                answer =
                    site_find(site, again, failing_paths[p], accepts[nth % 4], &representation);
                assert_int_equal(answer, expected_of(failing_paths[p]));
                representation_unref(representation);
                site_pass(site, 2 * SECOND);
            }
            site_end(site);
        }
    }
}

/* Opening fails cleanly at every allocation; so does the walk, which leaves the site usable. */
static void test_failing_start(void **state)
{
    (void)state;
    bool reached = true;
    for (uint64_t nth = 1; reached; nth++) {
        struct site *site = site_for_failing();
        struct loop *loop = sim_world_loop(site->world);
        struct work *work = work_new_sim(loop);
        struct library_setup setup = {.fs = site->fs, .work = work};
        memory_fail_nth(nth);
        struct library *library = library_open(&setup, &site->options);
        struct files *files = library ? files_open(library, loop) : NULL;
        if (files) {
            library_walk(library, loop);
            sim_world_run_until_idle(site->world);
            struct library_progress progress;
            library_progress(library, &progress);
            assert_true(progress.settled);
        }
        reached = memory_count() >= nth;
        memory_fail_nth(0);
        if (files)
            files_close(files);
        work_free(work);
        if (library)
            library_close(library);
        loop_free(loop);
        site_free(site);
    }
}

/* ---- waiting ---- */

/* Many wait for one reading; some are taken back, from within the waking of others too. */
static struct asking waiting[6];

static void forget_the_rest(struct task *task)
{
    asking_again(task);
    for (int i = 0; i < 6; i++)
        files_forget(waiting[i].files, &waiting[i].query);
}

static void test_forget(void **state)
{
    (void)state;
    struct site *site = site_with_many(1 << 20);
    sim_world_faults(site->world, &(struct sim_faults){.job_delay = 10 * MILLISECOND});
    for (int i = 0; i < 6; i++) {
        asking_init(&waiting[i], site, 0, "/f1.png");
        asking_ask(&waiting[i], site, 0);
        assert_int_equal(waiting[i].answer, FILES_WAIT);
    }
    files_forget(waiting[2].files, &waiting[2].query);
    files_forget(waiting[2].files, &waiting[2].query);
    waiting[3].query.waiter.run = forget_the_rest;
    site_pass(site, SECOND);
    for (int i = 0; i < 6; i++) {
        const bool answered = i != 2 && i <= 3;
        assert_int_equal(waiting[i].answer, answered ? FILES_FOUND : FILES_WAIT);
        representation_unref(waiting[i].query.representation);
    }
    site_end(site);
}

/* The worker ends while its questions are out: jobs come back to no one. */
static void test_close_while_reading(void **state)
{
    (void)state;
    struct site *site = site_for_failing();
    struct asking asking[3];
    site_start(site);
    sim_world_faults(site->world, &(struct sim_faults){.job_delay = 10 * MILLISECOND});
    asking_init(&asking[0], site, 0, "/a.css");
    asking_init(&asking[1], site, 0, "/d/");
    asking_init(&asking[2], site, 0, "/large.bin");
    for (int i = 0; i < 3; i++)
        asking_ask(&asking[i], site, 0);
    representation_unref(asking[2].query.representation);
    files_close(site->files[0]);
    site_pass(site, SECOND);
    site->files[0] = files_open(site->library, site->loops[0]);
    /* And once more, with jobs that never run. */
    asking_init(&asking[0], site, 0, "/a.css");
    asking[0].query.accepted = site_accepts("br");
    asking_ask(&asking[0], site, 0);
    fs_sim_append(site->fs, "large.bin.x", "x", 1);
    library_walk(site->library, site->loops[0]);
    site_end(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_racy_without_room),
        cmocka_unit_test(test_second_chance),
        cmocka_unit_test(test_sent_while_evicted),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_failing_start),
        cmocka_unit_test(test_forget),
        cmocka_unit_test(test_close_while_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
