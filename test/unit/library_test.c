/* The library: the walk over a tree, and what a restart remembers of it. */
#include "site.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define BASE INT64_C(1704067200)

static char folder[64];
static char memo[128];

static void site_end(struct site *site)
{
    site_stop(site);
    site_free(site);
}

static struct library_progress walk(struct site *site)
{
    struct library_progress progress;
    library_walk(site->library, site->loops[0]);
    sim_world_run_until_idle(site->world);
    library_progress(site->library, &progress);
    return progress;
}

/* ---- the walk ---- */

static void test_walk(void **state)
{
    (void)state;
    struct site *site = site_new();
    struct library_progress progress;
    char path[64];
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof path, "d%d/e%d/f%d.txt", i % 7, i % 3, i);
        fs_sim_say(site->fs, path, path);
    }
    fs_sim_fill(site->fs, "large.iso", 100 << 20, 3);
    fs_sim_say(site->fs, ".git/config", "hidden");
    fs_sim_say(site->fs, ".well-known/x", "not hidden");
    fs_sim_symlink(site->fs, "d0/up", "../d1");
    fs_sim_symlink(site->fs, "d1/self", ".");
    fs_sim_symlink(site->fs, "out", "/etc");
    fs_sim_symlink(site->fs, "linked.txt", "d0/e0/f0.txt");
    fs_sim_fifo(site->fs, "pipe");
    fs_sim_make_directory(site->fs, "empty");
    site_pass(site, 10 * SECOND);
    site_start(site);
    library_progress(site->library, &progress);
    assert_true(progress.walked && progress.settled); /* none is under way */
    progress = walk(site);
    assert_true(progress.walked && progress.settled);
    assert_int_equal(progress.files_found, 203);
    assert_int_equal(progress.files_hashed, 203);
    assert_int_equal(progress.files_recalled, 0);
    assert_int_equal(progress.files_failed, 0);
    assert_true(progress.bytes_hashed > 100 << 20);
    /* What was walked over is known: the large file has its tag at once. */
    struct representation *representation = site_get(site, "/large.iso");
    assert_true(representation->etag_text.len > 0);
    representation_unref(representation);
    /* The second walk reads nothing but what has changed. */
    fs_sim_append(site->fs, "d0/e0/f0.txt", "x", 1);
    progress = walk(site);
    assert_int_equal(progress.files_found, 203);
    assert_int_equal(progress.files_recalled, 201);
    assert_int_equal(progress.files_hashed, 2); /* under two names */
    site_end(site);
}

static void edit_always(struct fs *fs, void *owner)
{
    fs_sim_append(fs, "b.txt", "x", 1);
    (void)owner;
}

static void test_walk_failures(void **state)
{
    (void)state;
    struct site *site = site_new();
    fs_sim_say(site->fs, "a.txt", "a");
    fs_sim_say(site->fs, "b.txt", "b");
    fs_sim_say(site->fs, "locked.txt", "c");
    fs_sim_forbid(site->fs, "locked.txt", true);
    fs_sim_say(site->fs, "vault/x.txt", "d");
    fs_sim_forbid(site->fs, "vault", true);
    site_pass(site, 10 * SECOND);
    site_start(site);
    fs_sim_after(site->fs, (struct fs_sim_point){FS_SIM_READ, "b.txt", 1}, edit_always, NULL);
    struct library_progress progress = walk(site);
    assert_true(progress.settled);
    assert_int_equal(progress.files_hashed, 1);
    assert_int_equal(progress.files_failed, 3); /* unreadable file, directory; one in motion */
    assert_int_equal(site->warnings, 2);
    assert_non_null(strstr(site->warning, "cannot be read: "));
    site_end(site);
}

/* Walks at once, while questions are asked; a walk that is under way is not begun again. */
static void test_walk_and_questions(void **state)
{
    (void)state;
    struct site *site = site_new();
    char path[32];
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "f%d.png", i);
        fs_sim_say(site->fs, path, path);
    }
    site_pass(site, 10 * SECOND);
    site_start(site);
    sim_world_faults(site->world, &(struct sim_faults){.shuffle = true, .job_delay = MILLISECOND});
    for (int i = 0; i < 100; i++) {
        library_walk(site->library, site->loops[0]);
        snprintf(path, sizeof path, "/f%d.png", i);
        assert_string_equal(site_see(site, path).body, path + 1);
    }
    site_pass(site, SECOND);
    struct library_progress progress;
    library_progress(site->library, &progress);
    assert_int_equal(progress.files_hashed + progress.files_recalled, 100);
    site_end(site);
}

/* ---- restarts ---- */

static struct site *site_with_memo(void)
{
    struct site *site = site_new();
    site->options.memo_path = memo;
    unlink(memo);
    return site;
}

static void site_restart(struct site *site)
{
    site_stop(site);
    site_start(site);
}

/* A large file keeps its tag over a restart, without being read. */
static void test_recall(void **state)
{
    (void)state;
    struct site *site = site_with_memo();
    fs_sim_fill(site->fs, "large.iso", 5 << 20, 3);
    fs_sim_say(site->fs, "a.png", "a");
    site_pass(site, 10 * SECOND);
    site_start(site);
    walk(site);
    struct seen before = site_see(site, "/large.iso");
    site_restart(site);
    uint64_t reads = fs_sim_calls(site->fs, FS_SIM_READ);
    struct library_progress progress = walk(site);
    assert_int_equal(progress.files_recalled, 2);
    assert_int_equal(progress.files_hashed, 0);
    assert_int_equal(fs_sim_calls(site->fs, FS_SIM_READ), reads);
    struct seen after = site_see(site, "/large.iso");
    assert_string_equal(after.etag, before.etag);
    assert_int_equal(after.modified, before.modified);
    assert_int_equal(site->warnings, 0);
    site_end(site);
}

struct restart_row {
    const char *id;
    const char *name;
    const char *path;
    void (*edit)(struct site *site, const char *path);
    bool same; /* the old validators hold */
};

static void edit_nothing(struct site *site, const char *path)
{
    (void)site;
    (void)path;
}

static void edit_secretly(struct site *site, const char *path)
{
    static char text[5 << 20];
    const struct fs_stamp stamp = fs_sim_stamp(site->fs, path);
    memset(text, 'z', stamp.size);
    fs_sim_write(site->fs, path, text, stamp.size);
    fs_sim_touch(site->fs, path, stamp.modified);
}

static void edit_touch(struct site *site, const char *path)
{
    fs_sim_touch(site->fs, path, sim_world_wall(site->world));
}

static void edit_copy(struct site *site, const char *path)
{
    /* The same bytes under a new inode with another date: a redeploy. */
    struct fs_file *from;
    static char text[5 << 20];
    CHECK(fs_file_open(site->fs, path, &from) == 0);
    ssize_t len = fs_file_read(from, text, sizeof text, 0);
    fs_file_close(from);
    CHECK(len > 0);
    fs_sim_replace(site->fs, path, text, (size_t)len);
}

static const struct restart_row restart_rows[] = {
    {"C-9110-8.8.1-1", "nothing changed, small", "a.png", edit_nothing, true},
    {"C-9110-8.8.1-1", "nothing changed, large", "large.iso", edit_nothing, true},
    {"C-9110-8.8.1-1", "edited while stopped, small", "a.png", edit_secretly, false},
    {"C-9110-8.8.1-1", "edited while stopped, large", "large.iso", edit_secretly, false},
    {"C-9110-8.8.1-1", "touched while stopped, small", "a.png", edit_touch, true},
    {"C-9110-8.8.1-1", "touched while stopped, large", "large.iso", edit_touch, true},
    {"C-9110-8.8.1-1", "redeployed while stopped, small", "a.png", edit_copy, true},
    {"C-9110-8.8.1-1", "redeployed while stopped, large", "large.iso", edit_copy, true},
};

/* D-50: a memo never makes an old validator fit new bytes, and never loses one that still fits. */
static void test_restarts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(restart_rows); i++) {
        const struct restart_row *row = &restart_rows[i];
        struct site *site = site_with_memo();
        char path[32];
        static char text[5 << 20];
        snprintf(path, sizeof path, "/%s", row->path);
        memset(text, 'l', sizeof text);
        fs_sim_write(site->fs, "large.iso", text, sizeof text);
        fs_sim_say(site->fs, "a.png", "one");
        site_pass(site, 10 * SECOND);
        site_start(site);
        walk(site);
        struct seen before = site_see(site, path);
        site_stop(site);
        site_pass(site, 5 * SECOND);
        row->edit(site, row->path);
        site_pass(site, 5 * SECOND);
        site_start(site);
        walk(site);
        struct seen after = site_see(site, path);
        check_row(row, (strcmp(before.etag, after.etag) == 0) == row->same);
        check_row(row,
                  row->same ? after.modified == before.modified : after.modified > before.modified);
        site_end(site);
    }
}

/* D-50: what was hashed within the clock's granularity is hashed again after a restart. */
static void test_racy_memo(void **state)
{
    (void)state;
    struct site *site = site_with_memo();
    fs_sim_granularity(site->fs, SECOND);
    fs_sim_say(site->fs, "a.png", "one");
    site_start(site);
    walk(site);
    site_stop(site);
    fs_sim_say(site->fs, "a.png", "two");
    site_pass(site, 10 * SECOND);
    site_start(site);
    struct library_progress progress = walk(site);
    assert_int_equal(progress.files_recalled, 0);
    assert_string_equal(site_see(site, "/a.png").body, "two");
    site_end(site);
}

/* A file that is gone is forgotten after a whole walk, and not before. */
static void test_prune(void **state)
{
    (void)state;
    struct site *site = site_with_memo();
    struct stat two;
    struct stat one;
    fs_sim_say(site->fs, "a.png", "one");
    fs_sim_say(site->fs, "b.png", "two");
    site_pass(site, 10 * SECOND);
    site_start(site);
    walk(site);
    assert_true(library_save(site->library));
    assert_int_equal(stat(memo, &two), 0);
    fs_sim_remove(site->fs, "b.png");
    site_restart(site);
    site_see(site, "/a.png");
    assert_true(library_save(site->library));
    assert_int_equal(stat(memo, &one), 0);
    assert_int_equal(one.st_size, two.st_size);
    fs_sim_say(site->fs, "a.png", "new");
    walk(site);
    site_pass(site, 30 * SECOND);
    assert_int_equal(stat(memo, &one), 0);
    assert_int_equal(one.st_size, two.st_size - 112);
    site_end(site);
}

/* It is written when the walk has settled, again when something was learnt, and not else. */
static void test_saving(void **state)
{
    (void)state;
    struct site *site = site_with_memo();
    struct stat status;
    fs_sim_say(site->fs, "a.png", "one");
    site_pass(site, 10 * SECOND);
    site_start(site);
    assert_int_equal(stat(memo, &status), -1);
    walk(site);
    assert_int_equal(stat(memo, &status), 0);
    unlink(memo);
    site_pass(site, 60 * SECOND);
    assert_int_equal(stat(memo, &status), -1);
    fs_sim_say(site->fs, "a.png", "two");
    site_see(site, "/a.png");
    site_pass(site, 60 * SECOND);
    assert_int_equal(stat(memo, &status), 0);
    site_end(site);
}

static void test_complaints(void **state)
{
    (void)state;
    struct site *site = site_with_memo();
    FILE *file = fopen(memo, "w");
    assert_non_null(file);
    fputs("this is no memo, but it is long enough to be mistaken for one, or is it not so?", file);
    fclose(file);
    chmod(memo, 0600);
    fs_sim_say(site->fs, "a.png", "one");
    site_start(site);
    assert_int_equal(site->warnings, 1);
    assert_non_null(strstr(site->warning, memo));
    site_end(site); /* overwrites it */
    site = site_new();
    site->options.memo_path = "/nonexistent/folder/memo";
    fs_sim_say(site->fs, "a.png", "one");
    site_start(site);
    walk(site);
    site_pass(site, 100 * SECOND);
    assert_false(library_save(site->library));
    assert_int_equal(errno, ENOENT);
    assert_int_equal(site->warnings, 1); /* once */
    site_end(site);
}

static void test_options(void **state)
{
    (void)state;
    static const struct files_rule bad = {"*", "no-cache\r\nX: y"};
    struct site *site = site_new();
    struct loop *loop = sim_world_loop(site->world);
    struct library_setup setup = {.fs = site->fs, .work = NULL};
    site->options.rules = &bad;
    site->options.rule_count = 1;
    assert_null(library_open(&setup, &site->options));
    assert_int_equal(errno, EINVAL);
    site->options.rule_count = 0;
    site->options.cors = "*\n";
    assert_null(library_open(&setup, &site->options));
    loop_free(loop);
    site_free(site);
}

/* Rules go before fingerprints, by the path of the file. */
static void test_rules(void **state)
{
    (void)state;
    static const struct files_rule rules[] = {
        {"img/*", "max-age=60"}, {"*.html", "max-age=1"}, {"secret.*", ""}};
    struct site *site = site_new();
    site->options.rules = rules;
    site->options.rule_count = COUNT(rules);
    fs_sim_say(site->fs, "img/x/main.4f3c9a1b.js", "1");
    fs_sim_say(site->fs, "main.4f3c9a1b.js", "1");
    fs_sim_say(site->fs, "d/index.html", "1");
    fs_sim_say(site->fs, "secret.txt", "1");
    fs_sim_say(site->fs, "plain.txt", "1");
    site_start(site);
    assert_string_equal(site_see(site, "/img/x/main.4f3c9a1b.js").cache_control, "max-age=60");
    assert_string_equal(site_see(site, "/main.4f3c9a1b.js").cache_control,
                        "max-age=31536000, immutable");
    assert_string_equal(site_see(site, "/d/").cache_control, "max-age=1");
    assert_string_equal(site_see(site, "/secret.txt").cache_control, "");
    assert_string_equal(site_see(site, "/plain.txt").cache_control, "no-cache");
    site_end(site);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/stet-library-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(memo, sizeof memo, "%s/memo", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(memo);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_walk_failures),
        cmocka_unit_test(test_walk_and_questions),
        cmocka_unit_test(test_recall),
        cmocka_unit_test(test_restarts),
        cmocka_unit_test(test_racy_memo),
        cmocka_unit_test(test_prune),
        cmocka_unit_test(test_saving),
        cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
