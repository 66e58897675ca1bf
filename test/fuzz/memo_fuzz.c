/* Memos: what is not exactly one is refused whole; what is one comes back the same, and its dates
 * can be worked with. The first octet says what the rest is: a file, or records to be signed. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "origin/lastmodified.h"
#include "origin/memo.h"

#include "fuzz.h"

enum { HEADER = 64, RECORD = 112, SIZE_MOST = 60 * RECORD, NOW_YEAR = 1700000000 };

static const struct fs_stamp root = {.device = 1, .inode = 2};
static const int64_t now = INT64_C(1000000000) * NOW_YEAR;

static void number(uint8_t *to, uint64_t value, int octets)
{
    for (int i = 0; i < octets; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

/* A memo whose digests are right, whatever its records hold. */
static size_t sign(const uint8_t *records, size_t count, uint8_t *to)
{
    memset(to, 0, HEADER);
    memcpy(to, "stetmemo", 8);
    number(to + 8, 1, 4);
    number(to + 12, RECORD, 4);
    number(to + 16, root.device, 8);
    number(to + 24, root.inode, 8);
    number(to + 32, count, 8);
    struct digest digest = digest_of(to, 40);
    memcpy(to + 40, &digest, HEADER - 40);
    memcpy(to + HEADER, records, count * RECORD);
    if (count == 0)
        return HEADER;
    uint8_t signed_octets[HEADER + 8 + SIZE_MOST] = {0};
    memcpy(signed_octets, to, HEADER);
    memcpy(signed_octets + HEADER + 8, records, count * RECORD);
    digest = digest_of(signed_octets, HEADER + 8 + count * RECORD);
    memcpy(to + HEADER + count * RECORD, &digest, sizeof digest);
    return HEADER + count * RECORD + sizeof digest;
}

/* What a server does with a record it has read. */
static void work_with(void *owner, const struct record *record)
{
    struct records *others = owner;
    struct record_sight sight = {.key = record->key,
                                 .stamp = record->stamp,
                                 .digest = record->digest,
                                 .text = record->text,
                                 .began = record->began};
    struct record got;
    record_settled(&record->stamp, record->began);
    if (record->modified != LASTMODIFIED_NONE)
        must(record->modified >= 0 && record->modified <= INT64_C(253402300799));
    must(records_put(others, record));
    must(records_glimpse(others, &record->key, &record->stamp, now, &got));
    sight.digest.octets[0] ^= 1;
    must(records_learn(others, &sight, now, &got));
    must(got.modified == LASTMODIFIED_NONE || record->modified == LASTMODIFIED_NONE ||
         !record->hashed || got.modified >= record->modified);
}

static void check(const char *path, struct records *records)
{
    struct records others;
    records_init(&others, 1000);
    records_each(records, work_with, &others);
    must(memo_save(path, &root, records, false));
    records_fini(&others);
    records_init(&others, 1000);
    must(memo_load(path, &root, now, &others) == MEMO_LOADED);
    must(records_count(&others) == records_count(records));
    records_fini(&others);
}

static void load(const uint8_t *octets, size_t size)
{
    char path[64];
    char saved[64];
    struct records records;
    int fd = memfd_create("memo", MFD_CLOEXEC);
    must(fd >= 0 && fchmod(fd, 0600) == 0);
    must(write(fd, octets, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    snprintf(saved, sizeof saved, "/dev/shm/stet-memo-fuzz-%ld", (long)getpid());
    records_init(&records, 1000);
    enum memo_outcome outcome = memo_load(path, &root, now, &records);
    must(outcome == MEMO_LOADED || outcome == MEMO_CORRUPT || outcome == MEMO_FOREIGN);
    must(outcome != MEMO_CORRUPT || records_count(&records) == 0);
    if (outcome != MEMO_CORRUPT)
        check(saved, &records);
    records_fini(&records);
    unlink(saved);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memo[HEADER + SIZE_MOST + 64];
    if (size == 0 || size > SIZE_MOST)
        return 0;
    if (data[0] & 1)
        load(memo, sign(data + 1, (size - 1) / RECORD, memo));
    else
        load(data + 1, size - 1);
    return 0;
}
