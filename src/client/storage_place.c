/* Where things are stored: folders, names, locks.
 *
 * The name of a set is the SHA-256 of its key, cut to 160 bits: the first two digits are a folder,
 * which holds some hundredth of all and is the unit of locking, the others the name in it. The key
 * stands in the file as well and is compared.
 *
 * The lock is flock()'s on a file "lock" in the folder, which stays, and goes with the process. (On
 * the folder itself it would be refused over NFS, where a lock that keeps others out wants a file
 * that is open for writing.) A process that was stopped while it held a lock would hold up the
 * others for good. So they wait for some seconds only; then what they have is not stored.
 *
 * An unsafe request may change a resource while another process fetches it. What that brings is of
 * before, perhaps, and must not be stored as if it were fresh, though there is nothing yet that
 * could be marked. So marking counts on a generation, and whoever writes an answer looks whether it
 * is still the one of when he asked. There is one for a folder: others that share it by chance are
 * validated once more than they need.
 */
#include "client/storage_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <nettle/sha2.h>

#include "client/limit.h"

/* ---- places ---- */

static bool bucket_open(const struct storage *storage, bool make, struct storage_place *place)
{
    const int how = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    place->locked = false;
    place->folder = openat(storage->folder, place->bucket, how);
    if (place->folder < 0 && errno == ENOENT && make) {
        if (mkdirat(storage->folder, place->bucket, 0700) != 0 && errno != EEXIST)
            return false;
        place->folder = openat(storage->folder, place->bucket, how);
    }
    return place->folder >= 0;
}

bool storage_place_open(const struct storage *storage, struct stet_span key, bool make,
                        struct storage_place *place)
{
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char hex[2 * SHA256_DIGEST_SIZE];

    sha256_init(&sha);
    sha256_update(&sha, key.len, (const uint8_t *)key.at);
    sha256_digest(&sha, sizeof digest, digest);
    storage_hex_write(digest, sizeof digest, hex);
    *place = (struct storage_place){.folder = -1};
    memcpy(place->bucket, hex, 2);
    memcpy(place->base, hex + 2, STORAGE_BASE_SIZE);
    return bucket_open(storage, make, place);
}

bool storage_place_of(const struct storage *storage, const char *content_path,
                      struct storage_place *place)
{
    *place = (struct storage_place){.folder = -1};
    if (strlen(content_path) < 3 + STORAGE_BASE_SIZE)
        return false;
    memcpy(place->bucket, content_path, 2);
    memcpy(place->base, content_path + 3, STORAGE_BASE_SIZE);
    return bucket_open(storage, false, place);
}

void storage_content_name(const struct storage_place *place, uint64_t number,
                          char to[STORAGE_NAME_SIZE])
{
    snprintf(to, STORAGE_NAME_SIZE, "%s.%016" PRIx64, place->base, number);
}

/* ---- locks ---- */

bool storage_lock(int fd)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited++) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= CLIENT_LOCK_WAIT_MAX)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static int lock_open(const struct storage_place *place)
{
    return openat(place->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* The generation is the time of the lock file: counting it on takes no room on a full disk. */
static int64_t generation_of(const struct stat *lock)
{
    return (int64_t)lock->st_mtim.tv_sec * 1000000000 + lock->st_mtim.tv_nsec;
}

/* A lock whose name is gone keeps nobody out: the cache may be removed by hand at any time. */
static bool lock_stands(struct storage_place *place)
{
    struct stat lock;
    if (fstat(place->lock, &lock) != 0 || lock.st_nlink == 0)
        return false;
    place->generation = generation_of(&lock);
    return true;
}

bool storage_place_lock(struct storage_place *place)
{
    for (int tries = 0; tries < 4; tries++) {
        place->lock = lock_open(place);
        if (place->lock < 0)
            return false;
        const bool held = storage_lock(place->lock);
        place->locked = held && lock_stands(place);
        if (place->locked)
            return true;
        close(place->lock);
        if (!held)
            return false;
    }
    return false;
}

/* -1 if it is not to be had. */
static int64_t generation_read(int lock)
{
    struct stat file;
    return fstat(lock, &file) == 0 ? generation_of(&file) : -1;
}

/* Clocks are coarse, and some file systems keep whole seconds only: then it goes on by one. */
static int64_t generation_advance(int lock)
{
    const int64_t was = generation_read(lock);
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};

    futimens(lock, times);
    if (generation_read(lock) <= was) {
        times[1] = (struct timespec){.tv_sec = was / 1000000000 + 1};
        futimens(lock, times);
    }
    return generation_read(lock);
}

bool storage_place_stands(const struct storage_place *place)
{
    struct stat lock;
    return !place->locked || (fstat(place->lock, &lock) == 0 && lock.st_nlink > 0 &&
                              generation_of(&lock) == place->generation);
}

void storage_place_advance(struct storage_place *place)
{
    const int lock = place->locked ? place->lock : lock_open(place);

    if (lock < 0)
        return;
    place->generation = generation_advance(lock);
    if (!place->locked)
        close(lock);
}

int64_t storage_generation(const struct storage *storage, struct stet_span key)
{
    struct storage_place place;

    if (!storage_place_open(storage, key, true, &place))
        return -1;
    const int lock = lock_open(&place);
    const int64_t generation = lock >= 0 ? generation_read(lock) : -1;
    if (lock >= 0)
        close(lock);
    storage_place_close(&place);
    return generation;
}

void storage_place_close(struct storage_place *place)
{
    if (place->locked)
        close(place->lock);
    if (place->folder >= 0)
        close(place->folder);
    *place = (struct storage_place){.folder = -1};
}
