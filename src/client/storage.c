/* Reads stored responses from disk, and opens the storage.
 *
 * Who reads takes no lock: a set is replaced as a whole, a content is never written to again, and
 * an open descriptor outlives its name. Who changes a set locks the folder, reads, changes, writes
 * a new file and renames it.
 *
 * Given up: one file for a response. A 304 renews the head of a content of any size.
 */
#include "client/storage_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <nettle/hmac.h>
#include <nettle/sha2.h>

#include "base/memory.h"
#include "client/limit.h"

#define VERSION_FOLDER "v1"

/* ---- reading ---- */

/* All of a file that is no larger than a set may be, for memory_free; NULL and errno if it cannot
 * be had. */
static char *file_read(int fd, size_t *size)
{
    struct stat file;
    if (fstat(fd, &file) != 0)
        return NULL;
    if (file.st_size < 1 || file.st_size > CLIENT_SET_SIZE_MAX) {
        errno = EBADMSG;
        return NULL;
    }
    char *octets = memory_new((size_t)file.st_size);
    size_t at = 0;
    errno = ENOMEM;
    while (octets && at < (size_t)file.st_size) {
        const ssize_t got = read(fd, octets + at, (size_t)file.st_size - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            errno = got == 0 ? EBADMSG : errno;
            memory_free(octets);
            return NULL;
        }
        at += (size_t)got;
    }
    *size = at;
    return octets;
}

static void paths_set(const struct storage_place *place, struct storage_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        struct storage_entry *entry = &set->entries[i];
        char name[STORAGE_NAME_SIZE];
        storage_content_name(place, entry->number, name);
        snprintf(entry->content_path, sizeof entry->content_path, "%s/%s", place->bucket, name);
    }
}

/* The order in which sets are used is that of their files' times; one system call a minute will
 * do. */
static void used_now(int fd)
{
    struct stat file;
    struct timespec now;
    if (fstat(fd, &file) == 0 && clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 &&
        (file.st_mtime > now.tv_sec || now.tv_sec - file.st_mtime >= CLIENT_USED_GRAIN_MAX))
        futimens(fd, NULL);
}

enum storage_loaded storage_load(const struct storage_place *place, const struct stet_span *key,
                                 struct storage_set *set)
{
    struct stet_span its_key;
    size_t size = 0;
    *set = (struct storage_set){0};
    const int fd = openat(place->folder, place->base, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? STORAGE_ABSENT : STORAGE_UNREADABLE;
    char *octets = file_read(fd, &size);
    const int why = errno;
    if (octets && key)
        used_now(fd);
    close(fd);
    if (!octets)
        return why == EBADMSG || why == EIO ? STORAGE_DAMAGED : STORAGE_UNREADABLE;
    enum storage_loaded loaded = storage_set_read(stet_span(octets, size), &its_key, set);
    if (loaded == STORAGE_LOADED && key && !stet_span_equal(*key, its_key)) {
        storage_set_fini(set);
        loaded = STORAGE_DAMAGED;
    }
    memory_free(octets);
    paths_set(place, set);
    return loaded;
}

/* Removes what is damaged, if it still is: somebody may have put a new one there. */
static void damaged_remove(struct storage *storage, struct storage_place *place,
                           struct stet_span key)
{
    struct storage_set again;
    if (!storage_place_lock(place))
        return;
    if (storage_load(place, &key, &again) == STORAGE_DAMAGED) {
        storage->damaged++;
        storage_count(storage, -(int64_t)storage_clear(place));
    }
    storage_set_fini(&again);
}

struct storage_set storage_find(struct storage *storage, struct stet_span key)
{
    struct storage_set set = {0};
    struct storage_place place;

    if (!storage_place_open(storage, key, false, &place))
        return set;
    if (storage_load(&place, &key, &set) == STORAGE_DAMAGED)
        damaged_remove(storage, &place, key);
    storage_place_close(&place);
    return set;
}

/* ---- contents ---- */

static bool content_right(int fd, const struct storage_entry *entry)
{
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE], piece[65536];
    uint64_t size = 0;
    ssize_t got;

    sha256_init(&sha);
    while ((got = read(fd, piece, sizeof piece)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        sha256_update(&sha, (size_t)got, piece);
        size += (uint64_t)got;
    }
    sha256_digest(&sha, sizeof digest, digest);
    return size == entry->content_size && memcmp(digest, entry->digest, sizeof digest) == 0 &&
           lseek(fd, 0, SEEK_SET) == 0;
}

static bool size_right(int fd, const struct storage_entry *entry)
{
    struct stat file;
    return fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
           (uint64_t)file.st_size == entry->content_size;
}

/* Takes an entry out of a set that is locked, if it is still there. */
static void entry_take(const struct storage_place *place, struct stet_span file, uint64_t number)
{
    struct storage_set set;
    struct stet_span key;

    if (storage_set_read(file, &key, &set) != STORAGE_LOADED)
        return;
    for (size_t i = 0; i < set.count; i++) {
        if (set.entries[i].number != number)
            continue;
        storage_set_drop(&set, i);
        if (storage_save(place, key, &set))
            storage_content_remove(place, number);
        else
            storage_clear(place);
        break;
    }
    storage_set_fini(&set);
}

/* The entry is removed if it is still the one that we know. */
static void entry_forget(struct storage *storage, const struct storage_entry *entry)
{
    struct storage_place place;
    size_t size = 0;

    if (!storage_place_of(storage, entry->content_path, &place))
        return;
    if (storage_place_lock(&place)) {
        const int fd = openat(place.folder, place.base, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        char *octets = fd >= 0 ? file_read(fd, &size) : NULL;
        if (fd >= 0)
            close(fd);
        if (octets)
            entry_take(&place, stet_span(octets, size), entry->number);
        memory_free(octets);
    }
    storage_place_close(&place);
}

int storage_content(struct storage *storage, const struct storage_entry *entry, bool verify)
{
    if (entry->content_size == 0)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int fd = openat(storage->folder, entry->content_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno != ENOENT)
        return -1;
    if (fd >= 0 && size_right(fd, entry) && (!verify || content_right(fd, entry)))
        return fd;
    if (fd >= 0) {
        storage->damaged++;
        close(fd);
    }
    entry_forget(storage, entry);
    return -1;
}

uint64_t storage_damaged(const struct storage *storage)
{
    return storage->damaged;
}

/* ---- credentials ---- */

void storage_credentials(const struct storage *storage, struct stet_span credentials,
                         char to[STORAGE_CREDENTIALS_SIZE + 1])
{
    struct hmac_sha256_ctx hmac;
    uint8_t digest[STORAGE_CREDENTIALS_SIZE / 2];

    hmac_sha256_set_key(&hmac, sizeof storage->secret, storage->secret);
    hmac_sha256_update(&hmac, credentials.len, (const uint8_t *)credentials.at);
    hmac_sha256_digest(&hmac, sizeof digest, digest);
    storage_hex_write(digest, sizeof digest, to);
    to[STORAGE_CREDENTIALS_SIZE] = '\0';
}

static bool secret_read(struct storage *storage)
{
    const int fd = openat(storage->folder, "secret", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool right =
        fd >= 0 && read(fd, storage->secret, STORAGE_SECRET_SIZE) == STORAGE_SECRET_SIZE;
    if (fd >= 0)
        close(fd);
    return right;
}

/* Whoever comes first makes it: a link, unlike a renaming, fails when the name is there. */
static bool secret_make(struct storage *storage)
{
    char name[STORAGE_NAME_SIZE];
    const int fd = storage_draft_open(storage->folder, name);
    if (fd < 0)
        return false;
    const bool wrote = getrandom(storage->secret, STORAGE_SECRET_SIZE, 0) == STORAGE_SECRET_SIZE &&
                       storage_write_all(fd, (const char *)storage->secret, STORAGE_SECRET_SIZE) &&
                       fsync(fd) == 0;
    if (wrote)
        linkat(storage->folder, name, storage->folder, "secret", 0);
    unlinkat(storage->folder, name, 0);
    close(fd);
    return wrote && secret_read(storage);
}

/* One that is too short was cut by a file system that lost power. What was stored under it can no
 * longer be selected by anyone. */
static bool secret_get(struct storage *storage)
{
    if (secret_read(storage) || secret_make(storage))
        return true;
    unlinkat(storage->folder, "secret", 0);
    return secret_make(storage);
}

/* ---- opening ---- */

/* Makes a folder and those above it. */
static bool folders_make(const char *path)
{
    char part[4096];
    const size_t size = strlen(path);
    if (size == 0 || size >= sizeof part)
        return false;
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST && errno != EISDIR && errno != EROFS &&
            errno != EACCES)
            return false;
    }
    return true;
}

/* Nobody else may write here, or what we read could be theirs. */
static bool is_ours(int folder)
{
    struct stat info;
    return fstat(folder, &info) == 0 && info.st_uid == geteuid() && !(info.st_mode & 022);
}

/* Backups leave out a folder with this file, by its first line. */
static void tag_make(int folder)
{
    static const char tag[] = "Signature: 8a477f597d28d172789f06886806bc55\n"
                              "# The cache of stet. It may be removed at any time.\n";
    const int fd = openat(folder, "CACHEDIR.TAG", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    storage_write_all(fd, tag, sizeof tag - 1);
    close(fd);
}

static int version_open(const char *folder, const char **error)
{
    *error = "cannot be made";
    const int above = folders_make(folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (above < 0)
        return -1;
    *error = "belongs to somebody else, or others may write to it";
    int version = -1;
    if (is_ours(above)) {
        tag_make(above);
        *error = "cannot be written to";
        if (mkdirat(above, VERSION_FOLDER, 0700) == 0 || errno == EEXIST)
            version = openat(above, VERSION_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    close(above);
    return version;
}

struct storage *storage_open(const char *folder, uint64_t size_max, const char **error)
{
    *error = "memory is out";
    struct storage *storage = memory_new_zero(sizeof *storage);
    if (!storage)
        return NULL;
    signal(SIGXFSZ, SIG_IGN); /* a limit of the file size is EFBIG then */
    storage->size_max = size_max;
    storage->folder = version_open(folder, error);
    if (storage->folder >= 0 && secret_get(storage))
        return storage;
    if (storage->folder >= 0) {
        *error = "cannot be written to";
        close(storage->folder);
    }
    memory_free(storage);
    return NULL;
}

bool storage_stands(const struct storage *storage)
{
    struct stat folder;
    return fstat(storage->folder, &folder) == 0 && folder.st_nlink > 0;
}

void storage_close(struct storage *storage)
{
    if (!storage)
        return;
    close(storage->folder);
    memory_free(storage);
}
