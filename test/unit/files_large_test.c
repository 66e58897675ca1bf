/* Large files: served before they are hashed, and what becomes of their validators. */
#include "site.h"

#define BASE INT64_C(1704067200)

enum { LARGE = 5 << 20 };

static char *large_bytes(char with)
{
    char *bytes = malloc(LARGE);
    CHECK(bytes);
    memset(bytes, with, LARGE);
    return bytes;
}

static void write_large(struct site *site, const char *path, char with)
{
    char *bytes = large_bytes(with);
    fs_sim_write(site->fs, path, bytes, LARGE);
    free(bytes);
}

static struct site *site_with_large(int64_t age)
{
    struct site *site = site_new();
    write_large(site, "a.iso", 'a');
    site_pass(site, age);
    site_start(site);
    /* No job begins before a while: what is not waited for is not known. */
    sim_world_faults(site->world, &(struct sim_faults){.job_delay = 100 * MILLISECOND});
    return site;
}

static void site_end(struct site *site)
{
    site_stop(site);
    site_free(site);
}

static struct seen see_wire(struct site *site, const char *path)
{
    struct asking asking;
    asking_init(&asking, site, 0, path);
    asking_ask(&asking, site, 0);
    assert_int_equal(asking.answer, FILES_FOUND);
    struct seen seen = seen_of(asking.query.representation);
    representation_unref(asking.query.representation);
    return seen;
}

/* C-9110-8.8.2.1-1: at once with its date alone, then with its tag. */
static void test_hashed_later(void **state)
{
    (void)state;
    struct site *site = site_with_large(10 * SECOND);
    struct seen first = see_wire(site, "/a.iso");
    assert_string_equal(first.etag, "");
    assert_int_equal(first.modified, BASE);
    assert_true(first.strong_date);
    assert_false(first.vary);
    assert_int_equal(first.body_len, LARGE);
    site_pass(site, SECOND);
    struct seen second = see_wire(site, "/a.iso");
    assert_memory_equal(second.etag, "\"", 1);
    assert_int_equal(second.modified, BASE);
    /* It is not hashed again, by no one. */
    uint64_t opens = fs_sim_calls(site->fs, FS_SIM_OPEN);
    struct representation *representation;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(site_find(site, i % 2, "/a.iso", NULL, &representation), FILES_FOUND);
        assert_int_equal(representation->etag_text.len, strlen(second.etag));
        representation_unref(representation);
        site_pass(site, SECOND);
    }
    assert_true(fs_sim_calls(site->fs, FS_SIM_OPEN) <= opens + 1); /* the other worker's first */
    site_end(site);
}

/* D-50: what changed just now has no validators at all, and is not hashed yet. */
static void test_racy(void **state)
{
    (void)state;
    struct site *site = site_with_large(0);
    for (int i = 0; i < 4; i++) {
        struct seen seen = see_wire(site, "/a.iso");
        assert_string_equal(seen.etag, "");
        assert_int_equal(seen.modified, 0);
        site_pass(site, 450 * MILLISECOND);
    }
    site_pass(site, SECOND);
    struct seen seen = see_wire(site, "/a.iso");
    assert_int_equal(seen.modified, BASE);
    site_pass(site, SECOND);
    assert_memory_equal(see_wire(site, "/a.iso").etag, "\"", 1);
    site_end(site);
}

/* C-9110-8.8.1-1: same size and mtime, other bytes: from the edit on no validator that the old
 * bytes had, whether they were hashed or not. */
static void test_secret_edit(void **state)
{
    (void)state;
    for (int hashed = 0; hashed < 2; hashed++) {
        struct site *site = site_with_large(10 * SECOND);
        struct seen first = see_wire(site, "/a.iso");
        if (hashed) {
            site_pass(site, SECOND);
            first = see_wire(site, "/a.iso");
        }
        assert_int_equal(first.etag[0] != '\0', hashed);
        write_large(site, "a.iso", 'b');
        fs_sim_touch(site->fs, "a.iso", BASE * SECOND);
        for (int i = 0; i < 5; i++) {
            struct seen racy = see_wire(site, "/a.iso");
            assert_int_equal(racy.body[0], 'b');
            assert_string_equal(racy.etag, "");
            assert_int_equal(racy.modified, 0);
            site_pass(site, 500 * MILLISECOND);
        }
        see_wire(site, "/a.iso");
        site_pass(site, SECOND);
        struct seen second = see_wire(site, "/a.iso");
        assert_memory_equal(second.etag, "\"", 1);
        assert_string_not_equal(second.etag, first.etag);
        assert_true(second.modified > first.modified);
        site_end(site);
    }
}

/* A touch: no validators for a moment, then the old ones. */
static void test_touch(void **state)
{
    (void)state;
    struct site *site = site_with_large(10 * SECOND);
    see_wire(site, "/a.iso");
    site_pass(site, SECOND);
    struct seen first = see_wire(site, "/a.iso");
    fs_sim_touch(site->fs, "a.iso", sim_world_wall(site->world));
    assert_string_equal(see_wire(site, "/a.iso").etag, "");
    site_pass(site, 3 * SECOND);
    see_wire(site, "/a.iso");
    site_pass(site, SECOND);
    struct seen second = see_wire(site, "/a.iso");
    assert_string_equal(second.etag, first.etag);
    assert_int_equal(second.modified, first.modified);
    site_end(site);
}

/* It changes while it is hashed: nothing is learnt, and it is begun again. */
static void edit_large(struct fs *fs, void *owner)
{
    (void)owner;
    fs_sim_append(fs, "a.iso", "x", 1);
}

static void test_changes_while_hashed(void **state)
{
    (void)state;
    struct site *site = site_with_large(10 * SECOND);
    struct asking asking;
    asking_init(&asking, site, 0, "/a.iso");
    asking_ask(&asking, site, 0);
    representation_unref(asking.query.representation);
    fs_sim_after(site->fs, (struct fs_sim_point){FS_SIM_READ, "a.iso", 3}, edit_large, NULL);
    site_pass(site, SECOND);
    assert_string_equal(see_wire(site, "/a.iso").etag, "");
    site_pass(site, 5 * SECOND);
    assert_string_equal(see_wire(site, "/a.iso").etag, "");
    site_pass(site, SECOND);
    struct seen seen = see_wire(site, "/a.iso");
    assert_memory_equal(seen.etag, "\"", 1);
    assert_int_equal(seen.length, LARGE + 1);
    site_end(site);
}

static void rewrite_large(struct fs *fs, void *owner)
{
    write_large(owner, "a.iso", 'b');
    (void)fs;
}

/* The same by an edit in place that keeps the size: half of each version was hashed. */
static void test_rewritten_while_hashed(void **state)
{
    (void)state;
    struct site *site = site_with_large(10 * SECOND);
    see_wire(site, "/a.iso");
    fs_sim_after(site->fs, (struct fs_sim_point){FS_SIM_READ, "a.iso", 3}, rewrite_large, site);
    site_pass(site, SECOND);
    struct record record;
    const struct record_key key = record_key_of("a.iso");
    assert_true(records_find(&site->library->records, &key, &record));
    assert_false(record.hashed);
    site_end(site);
}

/* D-50: a walk may hash a large file too early; that digest is not believed later on. */
static void test_walked_too_early(void **state)
{
    (void)state;
    struct site *site = site_with_large(0);
    fs_sim_granularity(site->fs, SECOND);
    write_large(site, "a.iso", 'b');
    library_walk(site->library, site->loops[0]);
    site_pass(site, 200 * MILLISECOND);
    struct library_progress progress;
    library_progress(site->library, &progress);
    assert_int_equal(progress.files_hashed, 1);
    write_large(site, "a.iso", 'c'); /* within the same tick */
    site_pass(site, 10 * SECOND);
    struct seen seen = see_wire(site, "/a.iso");
    assert_int_equal(seen.body[0], 'c');
    assert_string_equal(seen.etag, "");
    assert_int_equal(seen.modified, 0);
    site_pass(site, SECOND);
    seen = see_wire(site, "/a.iso");
    assert_memory_equal(seen.etag, "\"", 1);
    assert_true(seen.modified > BASE);
    site_end(site);
}

/* Out of the tree, not to be read, or gone between finding and sending. */
static void test_refused(void **state)
{
    (void)state;
    struct site *site = site_with_large(10 * SECOND);
    struct representation *representation;
    fs_sim_forbid(site->fs, "a.iso", true);
    assert_int_equal(site_find(site, 0, "/a.iso", NULL, &representation), FILES_FORBIDDEN);
    fs_sim_forbid(site->fs, "a.iso", false);
    representation = site_get(site, "/a.iso");
    fs_sim_append(site->fs, "a.iso", "x", 1);
    assert_null(representation->ops->body(representation, 0, LARGE));
    representation_unref(representation);
    site_end(site);
}

/* A small file grows large while it is read, and becomes small again. */
static void grow(struct fs *fs, void *owner)
{
    write_large(owner, "b.txt", 'l');
    (void)fs;
}

static void test_grows(void **state)
{
    (void)state;
    struct site *site = site_with_large(10 * SECOND);
    fs_sim_say(site->fs, "b.txt", "small");
    site_pass(site, 5 * SECOND);
    fs_sim_after(site->fs, (struct fs_sim_point){FS_SIM_OPEN, "b.txt", 1}, grow, site);
    struct seen seen = site_see(site, "/b.txt");
    assert_int_equal(seen.length, LARGE);
    assert_string_equal(seen.etag, "");
    fs_sim_say(site->fs, "b.txt", "small");
    assert_string_equal(site_see(site, "/b.txt").body, "small");
    site_end(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashed_later),
        cmocka_unit_test(test_racy),
        cmocka_unit_test(test_secret_edit),
        cmocka_unit_test(test_touch),
        cmocka_unit_test(test_changes_while_hashed),
        cmocka_unit_test(test_rewritten_while_hashed),
        cmocka_unit_test(test_walked_too_early),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
