/* The memo: what is written comes back; what is not exactly that is not used. */
#include "site.h"

#include "origin/lastmodified.h"
#include "origin/memo.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[64];
static char file[128];

static const struct fs_stamp root = {.device = 7, .inode = 8};

static struct record record_of(unsigned i)
{
    struct record record = {
        .stamp = {.device = 7, .inode = i, .size = 100 + i, .modified = 5000000000 + i},
        .began = INT64_C(1700000000000000000) + i,
        .modified = i % 3 ? 1600000000 + (int64_t)i : LASTMODIFIED_NONE,
        .hashed = i % 5 != 0,
        .text = i % 2,
    };
    char path[32];
    record.stamp.changed = INT64_C(1600000000000000000) + i;
    snprintf(path, sizeof path, "path/%u", i);
    record.key = record_key_of(path);
    record.digest = digest_of(path, strlen(path));
    return record;
}

static void put_records(struct records *records, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct record record = record_of(i);
        assert_true(records_put(records, &record));
    }
}

static void check_record(struct records *records, unsigned i)
{
    struct record wanted = record_of(i);
    struct record got;
    assert_true(records_find(records, &wanted.key, &got));
    assert_true(fs_stamp_equal(&got.stamp, &wanted.stamp));
    assert_true(digest_equal(&got.digest, &wanted.digest));
    assert_int_equal(got.began, wanted.began);
    assert_int_equal(got.modified, wanted.modified);
    assert_int_equal(got.hashed, wanted.hashed);
    assert_int_equal(got.text, wanted.text);
}

static const int64_t now = INT64_C(1800000000000000000);

static enum memo_outcome load_into(struct records *records)
{
    records_init(records, 1 << 20);
    return memo_load(file, &root, now, records);
}

static void save_records(unsigned count)
{
    struct records records;
    records_init(&records, 1 << 20);
    put_records(&records, count);
    assert_true(memo_save(file, &root, &records, false));
    records_fini(&records);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const unsigned counts[] = {0, 1, 2, 255, 256, 257, 512, 5000};
    for (size_t c = 0; c < COUNT(counts); c++) {
        struct records records;
        struct stat status;
        save_records(counts[c]);
        assert_int_equal(stat(file, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
        assert_int_equal(load_into(&records), MEMO_LOADED);
        assert_int_equal(records_count(&records), counts[c]);
        for (unsigned i = 0; i < counts[c]; i++)
            check_record(&records, i);
        records_fini(&records);
    }
}

static char *slurp(size_t *len)
{
    FILE *from = fopen(file, "rb");
    static char bytes[1 << 20];
    *len = fread(bytes, 1, sizeof bytes, from);
    fclose(from);
    return bytes;
}

static void spill(const char *bytes, size_t len)
{
    FILE *to = fopen(file, "wb");
    assert_int_equal(fwrite(bytes, 1, len, to), len);
    fclose(to);
}

static enum memo_outcome load_only(void)
{
    struct records records;
    enum memo_outcome outcome = load_into(&records);
    if (outcome != MEMO_LOADED && outcome != MEMO_FOREIGN)
        assert_int_equal(records_count(&records), 0);
    records_fini(&records);
    return outcome;
}

/* Every bit of it counts. */
static void test_each_octet(void **state)
{
    (void)state;
    size_t len;
    save_records(300);
    char *bytes = slurp(&len);
    for (size_t i = 0; i < len; i++) {
        const char flip = (char)(1 << i % 8);
        bytes[i] ^= flip;
        if (i % 61 == 0 || i < 200 || i + 200 > len) {
            spill(bytes, len);
            if (load_only() != MEMO_CORRUPT)
                fail_msg("octet %zu may be changed", i);
        }
        bytes[i] ^= flip;
    }
    spill(bytes, len);
    assert_int_equal(load_only(), MEMO_LOADED);
}

static void test_each_length(void **state)
{
    (void)state;
    size_t len;
    save_records(3);
    char *bytes = slurp(&len);
    for (size_t i = 0; i < len; i++) {
        spill(bytes, i);
        assert_int_equal(load_only(), MEMO_CORRUPT);
    }
    bytes[len] = 'x';
    spill(bytes, len + 1);
    assert_int_equal(load_only(), MEMO_CORRUPT);
}

/* Two blocks may not change places, nor come from another memo. */
static void test_blocks_in_place(void **state)
{
    (void)state;
    enum { HEADER = 64, BLOCK = 256 * 112 + 32 };
    static char other[BLOCK];
    size_t len;
    save_records(512);
    char *bytes = slurp(&len);
    assert_int_equal(len, HEADER + 2 * BLOCK);
    memcpy(other, bytes + HEADER, BLOCK);
    memmove(bytes + HEADER, bytes + HEADER + BLOCK, BLOCK);
    memcpy(bytes + HEADER + BLOCK, other, BLOCK);
    spill(bytes, len);
    assert_int_equal(load_only(), MEMO_CORRUPT);
}

static void test_foreign(void **state)
{
    (void)state;
    static const struct fs_stamp other = {.device = 7, .inode = 9};
    struct records records;
    struct record wanted = record_of(1);
    struct record got;
    save_records(3);
    records_init(&records, 1 << 20);
    assert_int_equal(memo_load(file, &other, now, &records), MEMO_FOREIGN);
    assert_true(records_find(&records, &wanted.key, &got));
    assert_false(fs_stamp_equal(&got.stamp, &wanted.stamp));
    assert_int_equal(got.modified, wanted.modified);
    records_fini(&records);
}

/* What began in the future settles nothing. */
static void test_future(void **state)
{
    (void)state;
    struct records records;
    struct record wanted = record_of(1);
    struct record got;
    save_records(3);
    records_init(&records, 1 << 20);
    assert_int_equal(memo_load(file, &root, wanted.began - 1, &records), MEMO_LOADED);
    assert_true(records_find(&records, &wanted.key, &got));
    assert_false(record_settled(&got.stamp, got.began));
    records_fini(&records);
}

static void test_refused(void **state)
{
    (void)state;
    unlink(file);
    assert_int_equal(load_only(), MEMO_ABSENT);
    assert_int_equal(mkdir(file, 0700), 0);
    assert_int_equal(load_only(), MEMO_CORRUPT);
    rmdir(file);
    assert_int_equal(mkfifo(file, 0600), 0);
    assert_int_equal(load_only(), MEMO_CORRUPT);
    unlink(file);
    save_records(3);
    assert_int_equal(chmod(file, 0620), 0);
    assert_int_equal(load_only(), MEMO_UNTRUSTED);
    assert_int_equal(chmod(file, 0602), 0);
    assert_int_equal(load_only(), MEMO_UNTRUSTED);
    if (geteuid() == 0) {
        assert_int_equal(chmod(file, 0600), 0);
        assert_int_equal(chown(file, 12345, (gid_t)-1), 0);
        assert_int_equal(load_only(), MEMO_UNTRUSTED);
    }
    unlink(file);
}

/* A failing save leaves the old memo, and nothing beside it. */
static void test_failing_save(void **state)
{
    (void)state;
    struct records records;
    save_records(3);
    records_init(&records, 1 << 20);
    put_records(&records, 10);
    assert_false(memo_save("/nonexistent/folder/memo", &root, &records, false));
    assert_int_equal(errno, ENOENT);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        memory_fail_nth(nth);
        assert_false(memo_save(file, &root, &records, false));
    }
    memory_fail_nth(0);
    records_fini(&records);
    assert_int_equal(load_into(&records), MEMO_LOADED);
    assert_int_equal(records_count(&records), 3);
    records_fini(&records);
    unlink(file);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(mkdir(folder, 0700), 0);
}

/* Memory that runs out while loading is told apart from damage. */
static void test_failing_load(void **state)
{
    (void)state;
    save_records(300);
    for (uint64_t nth = 1; nth <= 3; nth++) {
        struct records records;
        records_init(&records, 1 << 20);
        memory_fail_nth(nth);
        assert_int_equal(memo_load(file, &root, now, &records), MEMO_BROKEN);
        memory_fail_nth(0);
        records_fini(&records);
    }
}

/* 100,000 files: well under 100 ms on a machine without sanitizers. */
static void test_many(void **state)
{
    (void)state;
    struct records records;
    struct timespec from;
    struct timespec to;
    records_init(&records, 1 << 20);
    put_records(&records, 100000);
    assert_true(memo_save(file, &root, &records, false));
    records_fini(&records);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    assert_int_equal(load_into(&records), MEMO_LOADED);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    print_message("# 100,000 records in %.1f ms of CPU\n",
                  (double)(to.tv_sec - from.tv_sec) * 1e3 +
                      (double)(to.tv_nsec - from.tv_nsec) / 1e6);
    assert_int_equal(records_count(&records), 100000);
    records_fini(&records);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/stet-memo-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/memo", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_each_octet),
        cmocka_unit_test(test_each_length),  cmocka_unit_test(test_blocks_in_place),
        cmocka_unit_test(test_foreign),      cmocka_unit_test(test_future),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_failing_save),
        cmocka_unit_test(test_failing_load), cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
