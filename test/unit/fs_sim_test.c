/* The simulated file system: what stamps tell and hide, paths and links, faults and edits. */
#include "io/fs.h"
#include "io/fs_sim.h"
#include "io/loop_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MS ((int64_t)1000000)
#define S (1000 * MS)

static struct sim_world *world;
static struct fs *fs;

static int setup(void **state)
{
    (void)state;
    world = sim_world_new(1);
    fs = fs_sim_new(world);
    fs_sim_say(fs, "plain", "plain text");
    fs_sim_say(fs, "sub/inner", "inner");
    fs_sim_make_directory(fs, "sub/deep");
    fs_sim_fifo(fs, "pipe");
    fs_sim_symlink(fs, "link", "plain");
    fs_sim_symlink(fs, "linked_sub", "sub");
    fs_sim_symlink(fs, "sub/up", "../plain");
    fs_sim_symlink(fs, "escape", "../outside/secret");
    fs_sim_symlink(fs, "sub/escape", "../../outside");
    fs_sim_symlink(fs, "absolute", "/etc/passwd");
    fs_sim_symlink(fs, "loop", "loop");
    fs_sim_symlink(fs, "dangling", "gone");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(fs_sim_open_files(fs), 0);
    fs_close(fs);
    sim_world_free(world);
    return 0;
}

static struct fs_state at(const char *path)
{
    struct fs_state state;
    if (fs_state(fs, path, &state) != 0)
        fail_msg("no state of %s", path);
    return state;
}

static void expect_text(const char *path, const char *text)
{
    struct fs_file *file = NULL;
    char got[64] = {0};
    assert_int_equal(fs_file_open(fs, path, &file), 0);
    assert_int_equal(fs_file_read(file, got, sizeof got, 0), strlen(text));
    assert_string_equal(got, text);
    fs_file_close(file);
}

/* The same rows as for the machine (fs_test.c), as far as there is something to tell apart. */
static void test_paths(void **state)
{
    (void)state;
    const struct {
        const char *path;
        int opens;
        const char *text;
    } rows[] = {
        {"plain", 0, "plain text"},           {"sub//inner", 0, "inner"},
        {"./sub/./inner", 0, "inner"},        {"link", 0, "plain text"},
        {"linked_sub/inner", 0, "inner"},     {"sub/up", 0, "plain text"},
        {"linked_sub/up", 0, "plain text"},   {"escape", FS_NOT_FOUND, NULL},
        {"sub/escape", FS_NOT_FOUND, NULL},   {"sub/escape/secret", FS_NOT_FOUND, NULL},
        {"absolute", FS_NOT_FOUND, NULL},     {"loop", FS_NOT_FOUND, NULL},
        {"dangling", FS_NOT_FOUND, NULL},     {"../outside", FS_NOT_FOUND, NULL},
        {"sub/../plain", FS_NOT_FOUND, NULL}, {"/plain", FS_NOT_FOUND, NULL},
        {"nothing", FS_NOT_FOUND, NULL},      {"plain/x", FS_NOT_FOUND, NULL},
        {"plain/", FS_NOT_FOUND, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fs_file *file = NULL;
        int got = fs_file_open(fs, rows[i].path, &file);
        if (got != rows[i].opens)
            fail_msg("%s: %d", rows[i].path, got);
        if (got == 0) {
            struct fs_state by_file;
            struct fs_state by_path = at(rows[i].path);
            assert_int_equal(fs_file_state(file, &by_file), 0);
            assert_true(fs_stamp_equal(&by_file.stamp, &by_path.stamp));
            fs_file_close(file);
            expect_text(rows[i].path, rows[i].text);
        }
    }
    /* A link that leads out: seen by fs_state as something else than any file in here. */
    assert_int_equal(at("escape").kind, FS_REGULAR);
    assert_true(at("escape").stamp.device != at("plain").stamp.device);
    assert_int_equal(at("pipe").kind, FS_OTHER);
    assert_int_equal(at("linked_sub").kind, FS_DIRECTORY);
    assert_int_equal(at("").kind, FS_DIRECTORY);
}

/* An edit within one tick leaves the stamp as it was; one in the next tick does not [D-50]. */
static void test_granularity(void **state)
{
    (void)state;
    sim_world_set_wall(world, 1700000000 * S + 1 * MS);
    fs_sim_say(fs, "file", "aaa");
    struct fs_state first = at("file");
    assert_true(first.stamp.modified == 1700000000 * S);
    sim_world_advance(world, 2 * MS);
    fs_sim_say(fs, "file", "bbb");
    struct fs_state second = at("file");
    assert_true(fs_stamp_equal(&first.stamp, &second.stamp));
    expect_text("file", "bbb");
    sim_world_advance(world, 2 * MS);
    fs_sim_say(fs, "file", "ccc");
    second = at("file");
    assert_false(fs_stamp_equal(&first.stamp, &second.stamp));
    fs_sim_granularity(fs, S);
    fs_sim_say(fs, "file", "ddd");
    assert_true(at("file").stamp.changed == 1700000000 * S);
}

static void test_edits(void **state)
{
    (void)state;
    fs_sim_granularity(fs, 1);
    fs_sim_say(fs, "file", "one");
    struct fs_state before = at("file");
    sim_world_advance(world, S);
    /* In place, same size, mtime put back: ctime tells. */
    fs_sim_say(fs, "file", "two");
    fs_sim_touch(fs, "file", before.stamp.modified);
    struct fs_state after = at("file");
    assert_true(after.stamp.inode == before.stamp.inode);
    assert_true(after.stamp.modified == before.stamp.modified);
    assert_true(after.stamp.changed == before.stamp.changed + S);
    /* Not even that, when nobody wants to be told. */
    fs_sim_set_times(fs, "file", before.stamp.modified, before.stamp.changed);
    after = at("file");
    assert_true(fs_stamp_equal(&before.stamp, &after.stamp));
    /* Replaced: who has the old file open reads on in it. */
    struct fs_file *file = NULL;
    char text[16] = {0};
    assert_int_equal(fs_file_open(fs, "file", &file), 0);
    fs_sim_replace(fs, "file", "three", 5);
    assert_true(at("file").stamp.inode != before.stamp.inode);
    assert_int_equal(fs_file_read(file, text, 16, 0), 3);
    assert_string_equal(text, "two");
    assert_int_equal(fs_file_state(file, &after), 0);
    assert_int_equal(after.links, 0);
    fs_file_close(file);
    /* In place: who has it open sees the new bytes. */
    assert_int_equal(fs_file_open(fs, "file", &file), 0);
    fs_sim_append(fs, "file", "!!", 2);
    assert_int_equal(fs_file_read(file, text, 16, 3), 4);
    fs_sim_truncate(fs, "file", 2);
    assert_int_equal(fs_file_read(file, text, 16, 0), 2);
    assert_int_equal(fs_file_read(file, text, 16, 2), 0);
    fs_sim_truncate(fs, "file", 4);
    assert_int_equal(fs_file_read(file, text, 16, 0), 4);
    assert_memory_equal(text, "th\0\0", 4);
    fs_file_close(file);
}

static void test_names(void **state)
{
    (void)state;
    struct fs_state state_of;
    fs_sim_link(fs, "plain", "also");
    assert_int_equal(at("plain").links, 2);
    fs_sim_remove(fs, "plain");
    assert_int_equal(fs_state(fs, "plain", &state_of), FS_NOT_FOUND);
    assert_int_equal(at("also").links, 1);
    fs_sim_rename(fs, "also", "sub/inner");
    expect_text("sub/inner", "plain text");
    struct fs_file *file = NULL;
    assert_int_equal(fs_file_open(fs, "sub/inner", &file), 0);
    fs_sim_rename(fs, "sub", "moved");
    assert_int_equal(fs_state(fs, "sub/inner", &state_of), FS_NOT_FOUND);
    expect_text("moved/inner", "plain text");
    fs_sim_remove(fs, "moved");
    assert_int_equal(fs_state(fs, "moved", &state_of), FS_NOT_FOUND);
    char text[16] = {0};
    assert_int_equal(fs_file_read(file, text, 5, 6), 4);
    assert_string_equal(text, "text");
    fs_file_close(file);
}

static void test_forbidden(void **state)
{
    (void)state;
    struct fs_file *file = NULL;
    struct fs_state state_of;
    fs_sim_forbid(fs, "plain", true);
    fs_sim_forbid(fs, "sub", true);
    assert_int_equal(fs_file_open(fs, "plain", &file), FS_FORBIDDEN);
    assert_int_equal(fs_state(fs, "plain", &state_of), 0);
    assert_int_equal(fs_file_open(fs, "sub/inner", &file), FS_FORBIDDEN);
    assert_int_equal(fs_state(fs, "sub/inner", &state_of), FS_FORBIDDEN);
    fs_sim_say(fs, "sub/inner", "the test may");
    fs_sim_forbid(fs, "sub", false);
    fs_sim_forbid(fs, "plain", false);
    expect_text("sub/inner", "the test may");
    expect_text("plain", "plain text");
}

/* A large file costs nothing and reads the same at every offset. */
static void test_filled(void **state)
{
    (void)state;
    const uint64_t size = (uint64_t)10 << 30;
    fs_sim_fill(fs, "large", size, 42);
    assert_true(at("large").stamp.size == size);
    struct fs_file *file = NULL;
    char bytes[100];
    assert_int_equal(fs_file_open(fs, "large", &file), 0);
    for (uint64_t offset = size - 1000; offset < size - 900; offset++) {
        size_t len = offset % 37 + 1;
        assert_int_equal(fs_file_read(file, bytes, len, offset), len);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(bytes[i], fs_sim_fill_byte(42, offset + i));
    }
    assert_int_equal(fs_file_read(file, bytes, 100, size - 7), 7);
    assert_int_equal(fs_file_read(file, bytes, 100, size), 0);
    fs_sim_truncate(fs, "large", 3);
    assert_int_equal(fs_file_read(file, bytes, 100, 0), 3);
    fs_sim_say(fs, "large", "small");
    assert_int_equal(fs_file_read(file, bytes, 100, 0), 5);
    assert_memory_equal(bytes, "small", 5);
    fs_file_close(file);
}

static void test_failures(void **state)
{
    (void)state;
    struct fs_file *file = NULL;
    struct fs_state state_of;
    char text[16];
    fs_sim_fail(fs, (struct fs_sim_point){FS_SIM_OPEN, "plain", 2}, FS_BROKEN);
    fs_sim_fail(fs, (struct fs_sim_point){FS_SIM_READ, "plain", 2}, FS_BROKEN);
    fs_sim_fail(fs, (struct fs_sim_point){FS_SIM_READ, "plain", 3}, 4);
    fs_sim_fail(fs, (struct fs_sim_point){FS_SIM_STATE, "plain", 1}, FS_FORBIDDEN);
    fs_sim_fail(fs, (struct fs_sim_point){FS_SIM_FILE_STATE, "plain", 1}, FS_BROKEN);
    assert_int_equal(fs_file_open(fs, "plain", &file), 0);
    struct fs_file *second = NULL;
    assert_int_equal(fs_file_open(fs, "plain", &second), FS_BROKEN);
    assert_int_equal(fs_file_read(file, text, 16, 0), 10);
    assert_int_equal(fs_file_read(file, text, 16, 0), FS_BROKEN);
    assert_int_equal(fs_file_read(file, text, 16, 0), 4);
    assert_int_equal(fs_file_read(file, text, 16, 0), 10);
    assert_int_equal(fs_state(fs, "nothing", &state_of), FS_NOT_FOUND);
    assert_int_equal(fs_state(fs, "plain", &state_of), FS_FORBIDDEN);
    assert_int_equal(fs_state(fs, "plain", &state_of), 0);
    assert_int_equal(fs_file_state(file, &state_of), FS_BROKEN);
    assert_int_equal(fs_file_state(file, &state_of), 0);
    fs_file_close(file);
    assert_int_equal(fs_sim_calls(fs, FS_SIM_READ), 4);
    assert_int_equal(fs_sim_calls(fs, FS_SIM_OPEN), 2);
}

static void edit_in_place(struct fs *edited, void *owner)
{
    fs_sim_say(edited, owner, "EDITED TEXT!");
}

/* Removes the file, and has another edited at its next look. */
static void remove_it(struct fs *edited, void *owner)
{
    static char late[] = "late";
    fs_sim_remove(edited, owner);
    fs_sim_after(edited, (struct fs_sim_point){FS_SIM_STATE, late, 1}, edit_in_place, late);
}

/* A file that is edited while it is being read, between the n-th read and the next. */
static void test_edit_between_reads(void **state)
{
    (void)state;
    static char plain[] = "plain";
    struct fs_file *file = NULL;
    char text[16] = {0};
    fs_sim_after(fs, (struct fs_sim_point){FS_SIM_READ, "plain", 2}, edit_in_place, plain);
    assert_int_equal(fs_file_open(fs, "plain", &file), 0);
    assert_int_equal(fs_file_read(file, text, 3, 0), 3);
    assert_int_equal(fs_file_read(file, text + 3, 3, 3), 3);
    assert_int_equal(fs_file_read(file, text + 6, 9, 6), 6);
    assert_string_equal(text, "plain  TEXT!");
    fs_file_close(file);
}

/* Edits between other calls: a file removed right after it was opened, and edits that plan edits.
 */
static void test_edit_between_calls(void **state)
{
    (void)state;
    static char plain[] = "plain";
    struct fs_file *file = NULL;
    struct fs_state state_of;
    fs_sim_say(fs, "late", "");
    fs_sim_after(fs, (struct fs_sim_point){FS_SIM_OPEN, "plain", 1}, remove_it, plain);
    assert_int_equal(fs_file_open(fs, "plain", &file), 0);
    assert_int_equal(fs_state(fs, "plain", &state_of), FS_NOT_FOUND);
    assert_int_equal(fs_file_state(file, &state_of), 0);
    assert_int_equal(state_of.links, 0);
    assert_int_equal(at("late").stamp.size, 0);
    assert_int_equal(at("late").stamp.size, 12);
    fs_file_close(file);
}

struct listing {
    int count;
    int most;
    int directories;
    int regular;
};

static bool list_one(void *owner, const char *name, enum fs_kind kind)
{
    struct listing *listing = owner;
    assert_true(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    listing->count++;
    listing->directories += kind == FS_DIRECTORY;
    listing->regular += kind == FS_REGULAR;
    return listing->count < listing->most;
}

static void test_list(void **state)
{
    (void)state;
    struct listing all = {.most = 100};
    assert_int_equal(fs_list(fs, "", list_one, &all), 0);
    assert_int_equal(all.count, 9);
    assert_int_equal(all.directories, 2);
    assert_int_equal(all.regular, 2);
    struct listing some = {.most = 2};
    assert_int_equal(fs_list(fs, "", list_one, &some), 0);
    assert_int_equal(some.count, 2);
    assert_int_equal(fs_list(fs, "sub/deep", list_one, &some), 0);
    assert_int_equal(fs_list(fs, "plain", list_one, &some), FS_NOT_FOUND);
    assert_int_equal(fs_list(fs, "escape", list_one, &some), FS_NOT_FOUND);
    fs_sim_fail(fs, (struct fs_sim_point){FS_SIM_LIST, "sub", 1}, FS_BROKEN);
    assert_int_equal(fs_list(fs, "sub", list_one, &some), FS_BROKEN);
}

static void test_references(void **state)
{
    (void)state;
    struct fs *again = fs_sim_ref(fs);
    fs_sim_say(again, "shared", "by two workers");
    fs_close(again);
    expect_text("shared", "by two workers");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_granularity, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forbidden, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filled, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edit_between_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edit_between_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_references, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
