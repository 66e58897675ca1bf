/* Stored responses on disk: what is written is found, what is damaged is absent, what dies leaves
 * the old or the new. */
#include "storage_fixture.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/* The files below the folder whose names have as many characters as `length`, the path of the last
 * one in `path`. */
static size_t files_of(size_t length, char path[256])
{
    char bucket[128];
    size_t count = 0;
    for (unsigned i = 0; i < 256; i++) {
        snprintf(bucket, sizeof bucket, "%s/v1/%02x", folder, i);
        DIR *walk = opendir(bucket);
        const struct dirent *each;
        while (walk && (each = readdir(walk)))
            if (strlen(each->d_name) == length && each->d_name[0] != '.') {
                snprintf(path, 256, "%.100s/%.100s", bucket, each->d_name);
                count++;
            }
        if (walk)
            closedir(walk);
    }
    return count;
}

enum { SET_NAME = STORAGE_BASE_SIZE, CONTENT_NAME = STORAGE_NAME_SIZE - 1, DRAFT_NAME = 17 };

/* ---- tests ---- */

static void test_round_trip(void **state)
{
    const struct wanted wanted = {.credentials = "0123456789abcdef",
                                  .selection = "accept-encoding:br,gzip\nx-foo\n",
                                  .tag = "\"caf\xc3\xa9\"",
                                  .received = -5};
    (void)state;
    assert_true(stores_as(KEY, "hello", &wanted, NULL));
    again(64 * MEBI); /* another process */
    assert_string_equal(content_of(KEY), "hello");
    struct storage_set set = storage_find(storage, STET_SPAN(KEY));
    const struct storage_entry *entry = &set.entries[0];
    assert_int_equal(set.count, 1);
    assert_string_equal(entry->credentials, wanted.credentials);
    assert_int_equal(entry->selection_size, strlen(wanted.selection));
    assert_memory_equal(entry->selection, wanted.selection, entry->selection_size);
    assert_int_equal(entry->stored.times.received, -5);
    assert_int_equal(entry->stored.times.date, 784111777);
    assert_int_equal(entry->stored.lifetime, 60);
    assert_int_equal(entry->stored.source, STET_LIFETIME_MAX_AGE);
    assert_int_equal(entry->content_size, 5);
    assert_int_equal(entry->length, 5);
    assert_int_equal(entry->response.head.count, 3);
    assert_true(stet_span_equal(stet_head_single(&entry->response.head, STET_FIELD_ETAG),
                                STET_SPAN("\"caf\xc3\xa9\"")));
    storage_set_fini(&set);
    assert_int_equal(count_of("http://example.org/where?q=nov"), 0);
}

static void test_modes(void **state)
{
    struct stat file;
    char path[256];
    (void)state;
    assert_true(stores(KEY, "secret"));
    snprintf(path, sizeof path, "%s/v1", folder);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0700);
    assert_int_equal(files_of(SET_NAME, path), 1);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(files_of(CONTENT_NAME, path), 1);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(files_of(DRAFT_NAME, path), 0);
}

static void test_slots(void **state)
{
    char path[256];
    (void)state;
    assert_true(stores_as(KEY, "a", &(const struct wanted){.received = 1}, NULL));
    assert_true(stores_as(KEY, "b", &(const struct wanted){.received = 2}, NULL));
    assert_string_equal(content_of(KEY), "b"); /* the same slot */
    assert_int_equal(files_of(CONTENT_NAME, path), 1);
    assert_true(stores_as(
        KEY, "c", &(const struct wanted){.credentials = "0123456789abcdef", .received = 3}, NULL));
    assert_true(
        stores_as(KEY, "d", &(const struct wanted){.selection = "x:1\n", .received = 4}, NULL));
    assert_true(stores_as(KEY, "",
                          &(const struct wanted){.method = STET_METHOD_HEAD, .received = 5}, NULL));
    assert_int_equal(count_of(KEY), 4);
    assert_int_equal(files_of(CONTENT_NAME, path), 3);
    for (int i = 0; i < 100; i++) {
        char selection[32];
        snprintf(selection, sizeof selection, "x:%d\n", i);
        assert_true(stores_as(
            KEY, "e", &(const struct wanted){.selection = selection, .received = 10 + i}, NULL));
    }
    assert_int_equal(count_of(KEY), CLIENT_SET_ENTRIES_MAX);
    assert_int_equal(files_of(CONTENT_NAME, path), CLIENT_SET_ENTRIES_MAX);
    storage_remove(storage, STET_SPAN(KEY), 0);
    assert_int_equal(files_of(CONTENT_NAME, path) + files_of(SET_NAME, path), 0);
}

static void test_renew(void **state)
{
    uint64_t number;
    (void)state;
    assert_true(stores_as(KEY, "a", &(const struct wanted){.received = 1}, &number));
    struct storage_set set = storage_find(storage, STET_SPAN(KEY));
    set.entries[0].stored.times.received = 7;
    assert_true(message_add(&set.entries[0].response, STET_SPAN("X-Foo"), STET_SPAN("1")));
    assert_true(storage_renew(storage, STET_SPAN(KEY), &set.entries[0]));
    struct storage_set renewed = storage_find(storage, STET_SPAN(KEY));
    assert_int_equal(renewed.entries[0].number, number);
    assert_int_equal(renewed.entries[0].stored.times.received, 7);
    assert_int_equal(renewed.entries[0].response.head.count, 4);
    assert_string_equal(content_of(KEY), "a");
    storage_set_fini(&renewed);
    /* gone meanwhile */
    assert_true(stores(KEY, "b"));
    assert_false(storage_renew(storage, STET_SPAN(KEY), &set.entries[0]));
    assert_string_equal(content_of(KEY), "b");
    storage_set_fini(&set);
}

/* Fields of a quarter of a MiB in all. */
static void add_large(struct message *response, int count)
{
    static char value[MEBI / 4 - 256];
    memset(value, 'x', sizeof value);
    for (int i = 0; i < count; i++)
        assert_true(message_add(response, STET_SPAN("X-Large"), stet_span(value, sizeof value)));
}

static bool stores_large(const char *selection, int64_t received, int count)
{
    struct storage_entry entry =
        entry_of(&(const struct wanted){.selection = selection, .received = received});
    struct storage_draft *draft = storage_begin(storage, STET_SPAN(KEY));

    add_large(&entry.response, count);
    assert_non_null(draft);
    assert_true(storage_write(draft, STET_SPAN("content")));
    const bool done = storage_commit(draft, &entry, 0);
    storage_entry_fini(&entry);
    return done;
}

/* The seconds at which those that are stored were received, in order: "5 7 ". */
static const char *received_of(char *to, size_t room)
{
    struct storage_set set = storage_find(storage, STET_SPAN(KEY));
    size_t len = 0;
    to[0] = '\0';
    for (size_t i = 0; i < set.count; i++)
        len += (size_t)snprintf(to + len, room - len, "%d ",
                                (int)set.entries[i].stored.times.received);
    storage_set_fini(&set);
    return to;
}

/* Past CLIENT_SET_SIZE_MAX the least recent go; what is too large alone is not stored. */
static void test_large_set(void **state)
{
    char path[256], got[64];
    (void)state;
    assert_true(stores_large("x:1\n", 5, 4));
    assert_true(stores_large("x:2\n", 3, 4));
    assert_true(stores_large("x:3\n", 7, 4));
    assert_true(stores_large("x:4\n", 1, 3));
    assert_string_equal(received_of(got, sizeof got), "5 3 7 1 ");
    assert_true(stores_large("x:5\n", 9, 5)); /* that of 1 is not enough */
    assert_string_equal(received_of(got, sizeof got), "5 7 9 ");
    assert_int_equal(files_of(CONTENT_NAME, path), 3);
    assert_true(stores_large("x:6\n", 2, 3)); /* fits */
    assert_string_equal(received_of(got, sizeof got), "5 7 9 2 ");
    assert_true(stores_large("x:7\n", 0, 4)); /* the new one stays, though it is the least recent */
    assert_string_equal(received_of(got, sizeof got), "7 9 0 ");
    assert_false(stores_large("x:8\n", 10, 17));
    assert_string_equal(received_of(got, sizeof got), "7 9 0 ");
    assert_int_equal(files_of(CONTENT_NAME, path), 3);
    assert_true(stores_large("x:8\n", 10, 15));
    assert_string_equal(received_of(got, sizeof got), "10 ");
    assert_int_equal(files_of(CONTENT_NAME, path), 1);
}

/* The same where it is one of them that grows. */
static void test_large_renewed(void **state)
{
    char path[256], got[64];
    (void)state;
    assert_true(stores_large("x:1\n", 5, 7));
    assert_true(stores_large("x:2\n", 3, 7));
    struct storage_set set = storage_find(storage, STET_SPAN(KEY));
    add_large(&set.entries[1].response, 4);
    assert_true(storage_renew(storage, STET_SPAN(KEY), &set.entries[1]));
    storage_set_fini(&set);
    assert_string_equal(received_of(got, sizeof got), "3 ");
    assert_int_equal(files_of(CONTENT_NAME, path), 1);
}

static void test_mark(void **state)
{
    (void)state;
    assert_true(stores(KEY, "a"));
    storage_mark(storage, STET_SPAN(KEY));
    storage_mark(storage, STET_SPAN("http://nothing.example/"));
    struct storage_set set = storage_find(storage, STET_SPAN(KEY));
    assert_true(set.entries[0].stored.marked);
    storage_set_fini(&set);
    assert_string_equal(content_of(KEY), "a");
}

/* An open content outlives its name. */
static void test_replaced_while_read(void **state)
{
    char octets[8] = "";
    (void)state;
    assert_true(stores(KEY, "old"));
    struct storage_set set = storage_find(storage, STET_SPAN(KEY));
    const int fd = storage_content(storage, &set.entries[0], true);
    assert_true(stores(KEY, "new"));
    assert_int_equal(read(fd, octets, sizeof octets), 3);
    assert_string_equal(octets, "old");
    close(fd);
    assert_int_equal(storage_content(storage, &set.entries[0], true), -1);
    assert_string_equal(content_of(KEY), "new"); /* and nobody took that for damaged */
    assert_int_equal(storage_damaged(storage), 0);
    storage_set_fini(&set);
}

/* ---- damage ---- */

struct damage_row {
    const char *id;
    const char *name;
    size_t name_length; /* of the files to damage */
    off_t at;           /* -1: cut there; otherwise this octet is another */
    const char *want;
};

static const struct damage_row damage_rows[] = {
    {"damage", "the content has another octet", CONTENT_NAME, 2, "damaged"},
    {"C-9111-3.3-4", "the content is shorter", CONTENT_NAME, -1, "damaged"},
    {"damage", "the first line", SET_NAME, 0, ""},
    {"damage", "the key", SET_NAME, 22, ""},
    {"damage", "a number", SET_NAME, 60, ""},
    {"damage", "the checksum", SET_NAME, -2, ""},
    {"damage", "the set is shorter", SET_NAME, -1, ""},
};

static void damage(const struct damage_row *row)
{
    char path[256], octet;
    struct stat file;
    check_row(row, files_of(row->name_length, path) == 1);
    const int fd = open(path, O_RDWR);
    check_row(row, fd >= 0 && fstat(fd, &file) == 0);
    const off_t at = row->at == -2 ? file.st_size - 5 : row->at;
    if (row->at == -1) {
        check_row(row, ftruncate(fd, file.st_size - 1) == 0);
    } else {
        check_row(row, pread(fd, &octet, 1, at) == 1);
        octet ^= 1;
        check_row(row, pwrite(fd, &octet, 1, at) == 1);
    }
    close(fd);
}

static void test_damage(void **state)
{
    char path[256];
    (void)state;
    for (size_t i = 0; i < COUNT(damage_rows); i++) {
        const struct damage_row *row = &damage_rows[i];
        const uint64_t before = storage_damaged(storage);
        check_row(row, stores(KEY, "content"));
        damage(row);
        check_row(row, strcmp(content_of(KEY), row->want) == 0);
        check_row(row, storage_damaged(storage) == before + 1);
        /* it is gone, and the place is as good as new */
        check_row(row, count_of(KEY) == 0);
        check_row(row, files_of(SET_NAME, path) + files_of(CONTENT_NAME, path) == 0);
        check_row(row, stores(KEY, "again"));
        check_row(row, strcmp(content_of(KEY), "again") == 0);
        storage_remove(storage, STET_SPAN(KEY), 0);
    }
}

/* A version that we do not know is left alone. */
static void test_versions(void **state)
{
    char path[256];
    (void)state;
    snprintf(path, sizeof path, "%s/v2", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_true(stores(KEY, "a"));
    storage_evict(storage);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
}

static void test_foreign_folder(void **state)
{
    const char *error = NULL;
    char path[256];
    (void)state;
    snprintf(path, sizeof path, "%s/open", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 0777), 0);
    assert_null(storage_open(path, MEBI, &error));
    assert_string_equal(error, "belongs to somebody else, or others may write to it");
    snprintf(path, sizeof path, "%s/CACHEDIR.TAG/x", folder);
    assert_null(storage_open(path, MEBI, &error));
    assert_string_equal(error, "cannot be made");
}

static void test_credentials(void **state)
{
    char a[STORAGE_CREDENTIALS_SIZE + 1], b[sizeof a], c[sizeof a];
    (void)state;
    storage_credentials(storage, STET_SPAN("0:Basic a"), a);
    storage_credentials(storage, STET_SPAN("0:Basic b"), b);
    again(64 * MEBI);
    storage_credentials(storage, STET_SPAN("0:Basic a"), c);
    assert_string_equal(a, c);
    assert_string_not_equal(a, b);
    /* another folder, another secret */
    char other[80];
    const char *error;
    snprintf(other, sizeof other, "%s/other", folder);
    struct storage *another = storage_open(other, MEBI, &error);
    assert_non_null(another);
    storage_credentials(another, STET_SPAN("0:Basic a"), b);
    assert_string_not_equal(a, b);
    storage_close(another);
}

/* ---- size ---- */

/* `key` was used `ago` seconds ago. */
static void used_ago(const char *key, time_t ago)
{
    struct storage_place place;
    const struct timespec times[2] = {{.tv_sec = time(NULL) - ago}, {.tv_sec = time(NULL) - ago}};
    assert_true(storage_place_open(storage, stet_span_of(key), false, &place));
    assert_int_equal(utimensat(place.folder, place.base, times, 0), 0);
    storage_place_close(&place);
}

static void test_evict(void **state)
{
    static char content[100001];
    char key[64];
    (void)state;
    memset(content, 'x', sizeof content - 1);
    again(MEBI);
    for (int i = 0; i < 9; i++) {
        snprintf(key, sizeof key, "http://example.org/%d", i);
        assert_true(stores(key, content));
        used_ago(key, 1000 - i);
    }
    assert_int_equal(count_of("http://example.org/0"), 1); /* is used, and now the latest */
    assert_true(stores("http://example.org/9", content));
    assert_true(stores("http://example.org/10", content)); /* past the size */
    assert_int_equal(count_of("http://example.org/0"), 1);
    assert_int_equal(count_of("http://example.org/1"), 0);
    assert_int_equal(count_of("http://example.org/2"), 0);
    assert_int_equal(count_of("http://example.org/3"), 1);
    assert_int_equal(count_of("http://example.org/10"), 1);
    assert_true(storage_evict(storage) <= MEBI - MEBI / CLIENT_EVICT_SHARE_MAX);
}

static void test_too_large(void **state)
{
    static char content[MEBI];
    char path[256];
    (void)state;
    memset(content, 'x', sizeof content - 1);
    again(MEBI);
    assert_true(stores(KEY, "old"));
    assert_false(stores(KEY, content));
    assert_string_equal(content_of(KEY), "old");
    assert_int_equal(files_of(DRAFT_NAME, path), 0);
}

static void test_sweep(void **state)
{
    char path[256], name[300];
    (void)state;
    assert_true(stores(KEY, "a"));
    assert_int_equal(files_of(CONTENT_NAME, path), 1);
    /* a content that no set names, next to one that one does */
    snprintf(name, sizeof name, "%.*s0123456789abcdef", (int)strlen(path) - 16, path);
    close(open(name, O_WRONLY | O_CREAT, 0600));
    /* one without a set, a draft of the dead, and one of the living */
    snprintf(name, sizeof name, "%s/v1/00", folder);
    mkdir(name, 0700);
    snprintf(name, sizeof name, "%s/v1/00/%038d.0123456789abcdef", folder, 1);
    close(open(name, O_WRONLY | O_CREAT, 0600));
    snprintf(name, sizeof name, "%s/v1/00/t0123456789abcdef", folder);
    close(open(name, O_WRONLY | O_CREAT, 0600));
    struct storage_draft *draft = storage_begin(storage, STET_SPAN(KEY));
    assert_true(storage_write(draft, STET_SPAN("living")));
    assert_int_equal(files_of(CONTENT_NAME, path), 3);
    assert_int_equal(files_of(DRAFT_NAME, path), 2);
    storage_evict(storage);
    assert_int_equal(files_of(CONTENT_NAME, path), 1);
    assert_int_equal(files_of(DRAFT_NAME, path), 1);
    assert_string_equal(content_of(KEY), "a");
    struct storage_entry entry = entry_of(&(const struct wanted){.received = 2});
    assert_true(storage_commit(draft, &entry, 0));
    storage_entry_fini(&entry);
    assert_string_equal(content_of(KEY), "living");
}

/* ---- what fails ---- */

/* A limit of the file size is like a disk that fills: at each octet. */
static void test_no_space(void **state)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    char path[256];
    (void)state;
    assert_true(stores(KEY, "old content"));
    for (rlim_t room = 0; room < 700; room += 13) {
        const struct rlimit limit = {room, RLIM_INFINITY};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        const bool done = stores(KEY, "new content, somewhat longer");
        setrlimit(RLIMIT_FSIZE, &none);
        assert_string_equal(content_of(KEY), done ? "new content, somewhat longer" : "old content");
        assert_int_equal(files_of(DRAFT_NAME, path), 0);
        assert_int_equal(files_of(CONTENT_NAME, path), 1);
        if (done)
            return;
    }
    fail_msg("it is never stored");
}

/* An invalidation that cannot be written removes. */
static void test_mark_without_space(void **state)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY}, limit = {1, RLIM_INFINITY};
    (void)state;
    assert_true(stores(KEY, "a"));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    storage_mark(storage, STET_SPAN(KEY));
    setrlimit(RLIMIT_FSIZE, &none);
    assert_int_equal(count_of(KEY), 0);
}

static void test_memory(void **state)
{
    (void)state;
    assert_true(stores(KEY, "old"));
    const struct wanted wanted = {.selection = "x:1\n", .received = 9};
    uint64_t nth;
    for (nth = 1; nth < 200; nth++) {
        struct storage_entry entry = entry_of(&wanted);
        memory_fail_nth(nth);
        struct storage_draft *draft = storage_begin(storage, STET_SPAN(KEY));
        bool done =
            draft && storage_write(draft, STET_SPAN("new")) && storage_commit(draft, &entry, 0);
        struct storage_set set = storage_find(storage, STET_SPAN(KEY));
        const bool none_failed = memory_count() < nth;
        memory_fail_nth(0);
        storage_set_fini(&set);
        storage_entry_fini(&entry);
        if (done && none_failed)
            break;
    }
    assert_in_range(nth, 5, 150);
    assert_int_equal(storage_damaged(storage), 0);
}

static void test_lines(void **state)
{
    char long_key[CLIENT_KEY_SIZE_MAX + 2];
    (void)state;
    memset(long_key, 'k', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    assert_false(stores(long_key, "a"));
    assert_false(stores("http://example.org/\nkey x", "a"));
    assert_false(stores_as(KEY, "a", &(const struct wanted){.tag = "\"a\nsum b\""}, NULL));
    assert_int_equal(count_of(KEY), 0);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(test_round_trip),    EACH(test_modes),    EACH(test_slots),
        EACH(test_renew),         EACH(test_mark),     EACH(test_replaced_while_read),
        EACH(test_damage),        EACH(test_versions), EACH(test_foreign_folder),
        EACH(test_credentials),   EACH(test_evict),    EACH(test_too_large),
        EACH(test_sweep),         EACH(test_no_space), EACH(test_mark_without_space),
        EACH(test_memory),        EACH(test_lines),    EACH(test_large_set),
        EACH(test_large_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
