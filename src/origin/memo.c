/* Writes the records to a file, and reads them back only if every bit of it is right.
 *
 *     offset  header, 64 octets                  then blocks, until all records are there
 *      0      "stetmemo"                          record record ... (up to 256)   112 octets each
 *      8      version, size of a record           digest of the block              32 octets
 *     16      device and inode of the root
 *     32      number of records
 *     40      digest of what is above, cut to 24
 *
 * Numbers are little-endian. The digest of a block begins with the header's and the block's number,
 * so that no block can stand for another one. It guards against damage; against forgery the file's
 * owner and mode do, for who can write it can write the served files as well.
 *
 * What is trusted then is only a digest for a stamp that the file still has, and only if the
 * hashing settled it (records.h). A memo from before an edit is therefore harmless.
 *
 * Given up: writing only what changed. The whole is 11 MiB for 100,000 files, written off the loop.
 */
#include "origin/memo.h"

#include "base/memory.h"
#include "origin/lastmodified.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MEMO_VERSION = 1,
    MEMO_HEADER = 64,
    MEMO_HEADER_SIGNED = 40,
    MEMO_RECORD = 112,
    MEMO_BLOCK_RECORDS = 256,
    MEMO_DIGEST = sizeof(struct digest),
    MEMO_HASHED = 1,
    MEMO_TEXT = 2,
    MEMO_DATED = 4
};

#define MEMO_DATE_MAX INT64_C(253402300799) /* the end of the year 9999 */

static const char memo_magic[8] = {'s', 't', 'e', 't', 'm', 'e', 'm', 'o'};

const char *memo_complaint(enum memo_outcome outcome)
{
    static const char *const complaints[] = {
        [MEMO_CORRUPT] = "the memo is damaged or no memo, and is not used",
        [MEMO_FOREIGN] = "the memo was kept for another directory: only its dates are used",
        [MEMO_UNTRUSTED] = "the memo can be written by others, and is not used",
        [MEMO_BROKEN] = "the memo cannot be read",
    };
    return outcome == MEMO_LOADED || outcome == MEMO_ABSENT ? NULL : complaints[outcome];
}

/* ---- numbers ---- */

static uint8_t *write_number(uint8_t *to, uint64_t number, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        to[i] = (uint8_t)(number >> (8 * i));
    return to + octets;
}

static uint64_t read_number(const uint8_t **from, unsigned octets)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < octets; i++)
        number |= (uint64_t)(*from)[i] << (8 * i);
    *from += octets;
    return number;
}

static void write_header(uint8_t to[MEMO_HEADER], const struct fs_stamp *root, uint64_t count)
{
    memcpy(to, memo_magic, sizeof memo_magic);
    uint8_t *at = write_number(to + sizeof memo_magic, MEMO_VERSION, 4);
    at = write_number(at, MEMO_RECORD, 4);
    at = write_number(at, root->device, 8);
    at = write_number(at, root->inode, 8);
    write_number(at, count, 8);
    struct digest digest = digest_of(to, MEMO_HEADER_SIGNED);
    memcpy(to + MEMO_HEADER_SIGNED, digest.octets, MEMO_HEADER - MEMO_HEADER_SIGNED);
}

static void write_record(uint8_t to[MEMO_RECORD], const struct record *record)
{
    const bool dated = record->modified != LASTMODIFIED_NONE;
    const unsigned flags = (record->hashed ? MEMO_HASHED : 0U) | (record->text ? MEMO_TEXT : 0U) |
                           (dated ? MEMO_DATED : 0U);
    memcpy(to, record->key.octets, sizeof record->key.octets);
    uint8_t *at = to + sizeof record->key.octets;
    at = write_number(at, record->stamp.device, 8);
    at = write_number(at, record->stamp.inode, 8);
    at = write_number(at, record->stamp.size, 8);
    at = write_number(at, (uint64_t)record->stamp.modified, 8);
    at = write_number(at, (uint64_t)record->stamp.changed, 8);
    memcpy(at, record->digest.octets, sizeof record->digest.octets);
    at = write_number(at + sizeof record->digest.octets, (uint64_t)record->began, 8);
    at = write_number(at, dated ? (uint64_t)record->modified : 0, 8);
    write_number(at, flags, 8);
}

/* False if it holds what no record can. */
static bool read_record(const uint8_t *from, struct record *record)
{
    *record = (struct record){.touched = false};
    memcpy(record->key.octets, from, sizeof record->key.octets);
    from += sizeof record->key.octets;
    record->stamp.device = read_number(&from, 8);
    record->stamp.inode = read_number(&from, 8);
    record->stamp.size = read_number(&from, 8);
    record->stamp.modified = (int64_t)read_number(&from, 8);
    record->stamp.changed = (int64_t)read_number(&from, 8);
    memcpy(record->digest.octets, from, sizeof record->digest.octets);
    from += sizeof record->digest.octets;
    record->began = (int64_t)read_number(&from, 8);
    const uint64_t date = read_number(&from, 8);
    const uint64_t flags = read_number(&from, 8);
    record->hashed = flags & MEMO_HASHED;
    record->text = flags & MEMO_TEXT;
    record->modified = flags & MEMO_DATED ? (int64_t)date : LASTMODIFIED_NONE;
    return date <= MEMO_DATE_MAX && flags <= (MEMO_HASHED | MEMO_TEXT | MEMO_DATED);
}

static struct digest block_digest(const uint8_t *header, uint64_t number, const uint8_t *records,
                                  size_t len)
{
    uint8_t place[8];
    struct digesting digesting;
    struct digest digest;
    write_number(place, number, sizeof place);
    digesting_init(&digesting);
    digesting_feed(&digesting, header, MEMO_HEADER);
    digesting_feed(&digesting, place, sizeof place);
    digesting_feed(&digesting, records, len);
    digesting_end(&digesting, &digest);
    return digest;
}

static uint64_t memo_size(uint64_t count)
{
    const uint64_t blocks = (count + MEMO_BLOCK_RECORDS - 1) / MEMO_BLOCK_RECORDS;
    return MEMO_HEADER + count * MEMO_RECORD + blocks * MEMO_DIGEST;
}

/* ---- loading ---- */

/* A memo in memory. */
struct memo {
    uint8_t *octets;
    size_t len;
    uint64_t count;
    int64_t now;
    bool foreign;
};

static bool memo_header_valid(struct memo *memo, const struct fs_stamp *root)
{
    uint8_t wanted[MEMO_HEADER];
    if (memo->len < MEMO_HEADER)
        return false;
    const uint8_t *from = memo->octets + sizeof memo_magic + 8;
    struct fs_stamp of = {.device = read_number(&from, 8)};
    of.inode = read_number(&from, 8);
    memo->count = read_number(&from, 8);
    memo->foreign = of.device != root->device || of.inode != root->inode;
    write_header(wanted, &of, memo->count);
    return memcmp(wanted, memo->octets, MEMO_HEADER) == 0 && memo->count <= memo->len &&
           memo_size(memo->count) == memo->len;
}

static size_t memo_block_records(const struct memo *memo, uint64_t number)
{
    const uint64_t left = memo->count - number * MEMO_BLOCK_RECORDS;
    return left < MEMO_BLOCK_RECORDS ? (size_t)left : MEMO_BLOCK_RECORDS;
}

/* Calls `each` for every record, and checks every block; false if one is wrong. */
static bool memo_each(const struct memo *memo, bool (*each)(void *owner, struct record *record),
                      void *owner)
{
    const uint8_t *at = memo->octets + MEMO_HEADER;
    for (uint64_t number = 0; number * MEMO_BLOCK_RECORDS < memo->count; number++) {
        const size_t count = memo_block_records(memo, number);
        const struct digest digest = block_digest(memo->octets, number, at, count * MEMO_RECORD);
        if (memcmp(&digest, at + count * MEMO_RECORD, MEMO_DIGEST) != 0)
            return false;
        for (size_t i = 0; i < count; i++, at += MEMO_RECORD) {
            struct record record;
            if (!read_record(at, &record) || (each && !each(owner, &record)))
                return false;
        }
        at += MEMO_DIGEST;
    }
    return true;
}

struct memo_target {
    struct records *records;
    int64_t now;
    bool foreign;
};

static bool memo_put(void *owner, struct record *record)
{
    const struct memo_target *target = owner;
    if (target->foreign)
        record->stamp = (struct fs_stamp){0};
    if (record->began > target->now)
        record->began = INT64_MIN;
    return records_put(target->records, record);
}

static enum memo_outcome memo_take(struct memo *memo, const struct fs_stamp *root,
                                   struct records *records)
{
    struct memo_target target = {.records = records, .now = memo->now};
    if (!memo_header_valid(memo, root) || !memo_each(memo, NULL, NULL))
        return MEMO_CORRUPT;
    target.foreign = memo->foreign;
    if (!memo_each(memo, memo_put, &target)) {
        errno = ENOMEM;
        return MEMO_BROKEN;
    }
    return memo->foreign ? MEMO_FOREIGN : MEMO_LOADED;
}

static bool memo_read(int fd, struct memo *memo)
{
    size_t at = 0;
    while (at < memo->len) {
        ssize_t got = read(fd, memo->octets + at, memo->len - at);
        if (got < 0 && errno != EINTR)
            return false;
        if (got == 0)
            memo->len = at;
        at += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static enum memo_outcome memo_load_open(int fd, const struct fs_stamp *root, int64_t now,
                                        struct records *records)
{
    struct stat file;
    if (fstat(fd, &file) != 0)
        return MEMO_BROKEN;
    if (!S_ISREG(file.st_mode) || file.st_size < MEMO_HEADER)
        return MEMO_CORRUPT;
    if (file.st_uid != geteuid() || (file.st_mode & (S_IWGRP | S_IWOTH)))
        return MEMO_UNTRUSTED;
    if ((uint64_t)file.st_size > memo_size(records->max))
        return MEMO_CORRUPT;
    struct memo memo = {
        .octets = memory_new((size_t)file.st_size), .len = (size_t)file.st_size, .now = now};
    if (!memo.octets) {
        errno = ENOMEM;
        return MEMO_BROKEN;
    }
    enum memo_outcome outcome =
        memo_read(fd, &memo) ? memo_take(&memo, root, records) : MEMO_BROKEN;
    memory_free(memo.octets);
    return outcome;
}

enum memo_outcome memo_load(const char *path, const struct fs_stamp *root, int64_t now,
                            struct records *records)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? MEMO_ABSENT : MEMO_BROKEN;
    enum memo_outcome outcome = memo_load_open(fd, root, now, records);
    int why = errno;
    close(fd);
    errno = why;
    return outcome;
}

/* ---- saving ---- */

/* A memo being put together in memory. */
struct memo_draft {
    uint8_t *octets;
    uint64_t room;  /* records */
    uint64_t count; /* of those counted or written */
    bool only_seen;
};

static uint8_t *draft_place(const struct memo_draft *draft, uint64_t index)
{
    return draft->octets + memo_size(index / MEMO_BLOCK_RECORDS * MEMO_BLOCK_RECORDS) +
           index % MEMO_BLOCK_RECORDS * MEMO_RECORD;
}

static void draft_add(void *owner, const struct record *record)
{
    struct memo_draft *draft = owner;
    if ((draft->only_seen && !record->seen) || draft->count == draft->room)
        return;
    write_record(draft_place(draft, draft->count), record);
    draft->count++;
}

/* Header and the blocks' digests. */
static void draft_sign(const struct memo_draft *draft, const struct fs_stamp *root)
{
    const struct memo memo = {.count = draft->count};
    write_header(draft->octets, root, draft->count);
    for (uint64_t number = 0; number * MEMO_BLOCK_RECORDS < draft->count; number++) {
        uint8_t *at = draft_place(draft, number * MEMO_BLOCK_RECORDS);
        const size_t len = memo_block_records(&memo, number) * MEMO_RECORD;
        const struct digest digest = block_digest(draft->octets, number, at, len);
        memcpy(at + len, &digest, MEMO_DIGEST);
    }
}

static bool memo_write(int fd, const uint8_t *octets, size_t len)
{
    while (len > 0) {
        ssize_t wrote = write(fd, octets, len);
        if (wrote < 0 && errno != EINTR)
            return false;
        octets += wrote > 0 ? wrote : 0;
        len -= wrote > 0 ? (size_t)wrote : 0;
    }
    return fsync(fd) == 0;
}

/* The name itself is on disk only when its directory is. `path` is cut. */
static void memo_sync_directory(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = '\0';
    int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static bool memo_replace(const char *path, const uint8_t *octets, size_t len)
{
    const size_t size = strlen(path) + sizeof ".XXXXXX";
    char *temporary = memory_new(size);
    if (!temporary) {
        errno = ENOMEM;
        return false;
    }
    snprintf(temporary, size, "%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
    bool done = fd >= 0 && memo_write(fd, octets, len) && rename(temporary, path) == 0;
    int why = errno;
    if (fd >= 0) {
        close(fd);
        if (!done)
            unlink(temporary);
    }
    if (done)
        memo_sync_directory(temporary);
    memory_free(temporary);
    errno = why;
    return done;
}

bool memo_save(const char *path, const struct fs_stamp *root, struct records *records,
               bool only_seen)
{
    /* More may come before the lock is taken again: those will be in the next one. */
    struct memo_draft draft = {.room = records_count(records), .only_seen = only_seen};
    draft.octets = memory_new((size_t)memo_size(draft.room));
    if (!draft.octets) {
        errno = ENOMEM;
        return false;
    }
    records_each(records, draft_add, &draft);
    draft_sign(&draft, root);
    bool done = memo_replace(path, draft.octets, (size_t)memo_size(draft.count));
    memory_free(draft.octets);
    return done;
}
