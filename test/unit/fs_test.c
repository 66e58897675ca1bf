/* Files of the machine: kinds, stamps, reads, and the fence around the root, with openat2 and with
 * the walk that stands in for it. */
#include "base/memory.h"
#include "io/fs.h"
#include "io/fs_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char base[64];
static int old_directory;

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* The tree: base/outside/secret, and base/root with all that a root may hold. */
static int tree_make(void **state)
{
    (void)state;
    strcpy(base, "/tmp/stet-fs-XXXXXX");
    old_directory = open(".", O_RDONLY | O_DIRECTORY);
    if (!mkdtemp(base) || chdir(base) || mkdir("outside", 0755) || mkdir("root", 0755) ||
        mkdir("root/sub", 0755) || mkdir("root/sub/deep", 0755))
        return -1;
    put("outside/secret", "secret");
    put("root/plain", "plain text");
    put("root/sub/inner", "inner");
    put("root/..hidden", "two dots are a name too");
    put("root/empty", "");
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "root/socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int failed = bind(fd, (struct sockaddr *)&address, sizeof address);
    close(fd);
    failed |= mkfifo("root/pipe", 0644) | symlink("plain", "root/link") |
              symlink("sub", "root/linked_sub") | symlink("../plain", "root/sub/up") |
              symlink("../outside/secret", "root/escape") | symlink("../outside", "root/out") |
              symlink("/etc/passwd", "root/absolute") | symlink("loop", "root/loop") |
              symlink("/proc/self/root/etc/passwd", "root/magic") |
              symlink("gone", "root/dangling");
    return failed;
}

static int tree_remove(void **state)
{
    (void)state;
    char command[128];
    int failed = fchdir(old_directory);
    snprintf(command, sizeof command, "rm -rf %s", base);
    return failed | system(command);
}

static int root_open(void **state)
{
    const char *how = *state;
    struct fs *fs = how && how[0] == 'w' ? fs_open_walking("root") : fs_open("root");
    *state = fs;
    return fs ? 0 : -1;
}

static int root_close(void **state)
{
    fs_close(*state);
    return 0;
}

struct row {
    const char *id;
    const char *path;
    int fenced;  /* what opening gives with openat2 */
    int walking; /* and without: links are refused */
    const char *text;
};

static const struct row rows[] = {
    {"", "plain", 0, 0, "plain text"},
    {"", "sub/inner", 0, 0, "inner"},
    {"", "sub//inner", 0, 0, "inner"},
    {"", "./sub/./inner", 0, 0, "inner"},
    {"", "..hidden", 0, 0, "two dots are a name too"},
    {"", "empty", 0, 0, ""},
    {"link inside", "link", 0, FS_NOT_FOUND, "plain text"},
    {"directory link inside", "linked_sub/inner", 0, FS_NOT_FOUND, "inner"},
    {"link up, but inside", "sub/up", 0, FS_NOT_FOUND, "plain text"},
    {"link out", "escape", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"directory link out", "out/secret", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"absolute link", "absolute", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"magic link", "magic", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"link to itself", "loop", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"dangling link", "dangling", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"dots", "../outside/secret", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"dots that stay inside", "sub/../plain", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"dots at the end", "sub/..", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"dots alone", "..", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"slash", "/plain", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"absent", "nothing", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"below a file", "plain/x", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"a file as directory", "plain/", FS_NOT_FOUND, FS_NOT_FOUND, NULL},
    {"unix socket", "socket", FS_FORBIDDEN, FS_FORBIDDEN, NULL},
};

static void check_rows(struct fs *fs, bool walking)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fs_file *file = NULL;
        char text[64] = {0};
        int wanted = walking ? rows[i].walking : rows[i].fenced;
        int got = fs_file_open(fs, rows[i].path, &file);
        if (got != wanted)
            fail_msg("%s (%s): %d instead of %d", rows[i].path, rows[i].id, got, wanted);
        if (got != 0)
            continue;
        ssize_t len = fs_file_read(file, text, sizeof text, 0);
        if (len != (ssize_t)strlen(rows[i].text) || strcmp(text, rows[i].text) != 0)
            fail_msg("%s: wrong text: %s", rows[i].path, text);
        struct fs_state by_file;
        struct fs_state by_path;
        assert_int_equal(fs_file_state(file, &by_file), 0);
        assert_int_equal(fs_state(fs, rows[i].path, &by_path), 0);
        assert_true(fs_stamp_equal(&by_file.stamp, &by_path.stamp));
        assert_int_equal(by_file.stamp.size, len);
        assert_int_equal(by_file.kind, FS_REGULAR);
        fs_file_close(file);
    }
    char name[600];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct fs_file *file = NULL;
    assert_int_equal(fs_file_open(fs, name, &file), FS_NOT_FOUND);
}

static void test_fence(void **state)
{
    check_rows(*state, false);
}

static void test_fence_walking(void **state)
{
    check_rows(*state, true);
}

static void test_kinds(void **state)
{
    struct fs *fs = *state;
    struct fs_file *file = NULL;
    struct fs_state got;
    assert_int_equal(fs_file_open(fs, "pipe", &file), 0);
    assert_int_equal(fs_file_state(file, &got), 0);
    assert_int_equal(got.kind, FS_OTHER);
    char byte;
    assert_int_equal(fs_file_read(file, &byte, 1, 0), FS_BROKEN);
    fs_file_close(file);
    assert_int_equal(fs_file_open(fs, "sub/", &file), 0);
    assert_int_equal(fs_file_state(file, &got), 0);
    assert_int_equal(got.kind, FS_DIRECTORY);
    assert_int_equal(fs_file_read(file, &byte, 1, 0), FS_BROKEN);
    fs_file_close(file);
    assert_int_equal(fs_file_open(fs, "", &file), 0);
    assert_int_equal(fs_file_state(file, &got), 0);
    assert_int_equal(got.kind, FS_DIRECTORY);
    fs_file_close(file);
    assert_int_equal(fs_state(fs, "", &got), 0);
    assert_int_equal(got.kind, FS_DIRECTORY);
    assert_int_equal(fs_state(fs, "linked_sub", &got), 0);
    assert_int_equal(got.kind, FS_DIRECTORY);
    assert_int_equal(fs_state(fs, "../root/plain", &got), FS_NOT_FOUND);
    assert_int_equal(fs_state(fs, "nothing", &got), FS_NOT_FOUND);
}

/* What a stamp tells: an edit in place, a replacement by rename, a touch [D-50]. */
static void test_stamps(void **state)
{
    struct fs *fs = *state;
    struct fs_state before;
    struct fs_state after;
    put("root/stamped", "one");
    const struct timespec times[2] = {{1000000000, 123456789}, {1000000000, 123456789}};
    assert_int_equal(utimensat(AT_FDCWD, "root/stamped", times, 0), 0);
    assert_int_equal(fs_state(fs, "stamped", &before), 0);
    assert_true(before.stamp.modified == 1000000000123456789);
    assert_int_equal(before.links, 1);
    assert_true(before.stamp.changed > before.stamp.modified);
    assert_int_equal(fs_state(fs, "stamped", &after), 0);
    assert_true(fs_stamp_equal(&before.stamp, &after.stamp));
    /* Same size, same mtime, edited in place: ctime tells. */
    usleep(20000);
    put("root/stamped", "two");
    assert_int_equal(utimensat(AT_FDCWD, "root/stamped", times, 0), 0);
    assert_int_equal(fs_state(fs, "stamped", &after), 0);
    assert_true(after.stamp.modified == before.stamp.modified);
    assert_true(after.stamp.size == before.stamp.size);
    assert_true(after.stamp.inode == before.stamp.inode);
    assert_false(fs_stamp_equal(&before.stamp, &after.stamp));
    /* Replaced: the old file stays readable, the path shows another inode. */
    struct fs_file *file = NULL;
    assert_int_equal(fs_file_open(fs, "stamped", &file), 0);
    put("root/new", "three");
    assert_int_equal(rename("root/new", "root/stamped"), 0);
    assert_int_equal(fs_state(fs, "stamped", &before), 0);
    assert_true(after.stamp.inode != before.stamp.inode);
    char text[8] = {0};
    assert_int_equal(fs_file_read(file, text, 7, 0), 3);
    assert_string_equal(text, "two");
    assert_int_equal(fs_file_state(file, &after), 0);
    assert_int_equal(after.links, 0);
    fs_file_close(file);
    assert_int_equal(link("root/stamped", "root/second"), 0);
    assert_int_equal(fs_state(fs, "second", &after), 0);
    assert_int_equal(after.links, 2);
    unlink("root/second");
    unlink("root/stamped");
}

static void test_stamp_members(void **state)
{
    (void)state;
    const struct fs_stamp stamp = {1, 2, 3, 4, 5};
    for (int i = 0; i < 6; i++) {
        struct fs_stamp other = stamp;
        other.device += i == 1;
        other.inode += i == 2;
        other.size += i == 3;
        other.modified += i == 4;
        other.changed += i == 5;
        assert_int_equal(fs_stamp_equal(&stamp, &other), i == 0);
    }
}

static void test_reads(void **state)
{
    struct fs *fs = *state;
    struct fs_file *file = NULL;
    char text[16] = {0};
    assert_int_equal(fs_file_open(fs, "plain", &file), 0);
    assert_int_equal(fs_file_read(file, text, 5, 6), 4);
    assert_string_equal(text, "text");
    assert_int_equal(fs_file_read(file, text, 5, 10), 0);
    assert_int_equal(fs_file_read(file, text, 5, 11), 0);
    assert_int_equal(fs_file_read(file, text, 5, (uint64_t)1 << 40), 0);
    assert_int_equal(fs_file_read(file, text, 5, UINT64_MAX), 0);
    assert_int_equal(fs_file_read(file, text, 5, 0), 5);
    fs_file_close(file);
}

struct listing {
    char names[32][16];
    enum fs_kind kinds[32];
    int count;
    int most;
};

static bool list_one(void *owner, const char *name, enum fs_kind kind)
{
    struct listing *listing = owner;
    strcpy(listing->names[listing->count], name);
    listing->kinds[listing->count++] = kind;
    return listing->count < listing->most;
}

static int kind_in(const struct listing *listing, const char *name)
{
    for (int i = 0; i < listing->count; i++) {
        if (!strcmp(listing->names[i], name))
            return (int)listing->kinds[i];
    }
    return -1;
}

static void test_list(void **state)
{
    struct fs *fs = *state;
    struct listing all = {.most = 32};
    assert_int_equal(fs_list(fs, "", list_one, &all), 0);
    assert_int_equal(all.count, 14);
    assert_int_equal(kind_in(&all, "."), -1);
    assert_int_equal(kind_in(&all, "plain"), FS_REGULAR);
    assert_int_equal(kind_in(&all, "sub"), FS_DIRECTORY);
    assert_int_equal(kind_in(&all, "link"), FS_REGULAR);
    assert_int_equal(kind_in(&all, "linked_sub"), FS_DIRECTORY);
    assert_int_equal(kind_in(&all, "out"), FS_OTHER);
    assert_int_equal(kind_in(&all, "escape"), FS_OTHER);
    assert_int_equal(kind_in(&all, "magic"), FS_OTHER);
    assert_int_equal(kind_in(&all, "loop"), FS_OTHER);
    assert_int_equal(kind_in(&all, "dangling"), FS_OTHER);
    assert_int_equal(kind_in(&all, "pipe"), FS_OTHER);
    struct listing sub = {.most = 32};
    assert_int_equal(fs_list(fs, "sub/deep", list_one, &sub), 0);
    assert_int_equal(sub.count, 0);
    struct listing one = {.most = 1};
    assert_int_equal(fs_list(fs, ".", list_one, &one), 0);
    assert_int_equal(one.count, 1);
    assert_int_equal(fs_list(fs, "nothing", list_one, &one), FS_NOT_FOUND);
    assert_int_equal(fs_list(fs, "plain", list_one, &one), FS_NOT_FOUND);
    assert_int_equal(fs_list(fs, "out", list_one, &one), FS_NOT_FOUND);
    assert_int_equal(fs_list(fs, "..", list_one, &one), FS_NOT_FOUND);
}

static void test_failures(void **state)
{
    struct fs *fs = *state;
    struct fs_file *file = NULL;
    assert_null(fs_open("nowhere"));
    assert_int_equal(errno, ENOENT);
    assert_null(fs_open("root/plain"));
    assert_int_equal(errno, ENOTDIR);
    memory_fail_nth(1);
    assert_null(fs_open("root"));
    assert_int_equal(errno, ENOMEM);
    memory_fail_nth(1);
    assert_int_equal(fs_file_open(fs, "plain", &file), FS_BROKEN);
    memory_fail_nth(0);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {3, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    int got = fs_file_open(fs, "plain", &file);
    int listed = fs_list(fs, "", list_one, &(struct listing){.most = 32});
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(got, FS_BUSY);
    assert_int_equal(listed, FS_BUSY);
    if (geteuid() != 0) {
        assert_int_equal(chmod("root/plain", 0), 0);
        assert_int_equal(fs_file_open(fs, "plain", &file), FS_FORBIDDEN);
        assert_int_equal(chmod("root/plain", 0644), 0);
    }
}

static char fenced[] = "fenced";
static char walking[] = "walking";

#define BOTH(name)                                                                 \
    cmocka_unit_test_prestate_setup_teardown(name, root_open, root_close, fenced), \
        cmocka_unit_test_prestate_setup_teardown(name, root_open, root_close, walking)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(test_fence, root_open, root_close, fenced),
        cmocka_unit_test_prestate_setup_teardown(test_fence_walking, root_open, root_close,
                                                 walking),
        cmocka_unit_test_prestate_setup_teardown(test_list, root_open, root_close, fenced),
        BOTH(test_kinds),
        BOTH(test_stamps),
        BOTH(test_reads),
        BOTH(test_failures),
        cmocka_unit_test(test_stamp_members),
    };
    return cmocka_run_group_tests(tests, tree_make, tree_remove);
}
