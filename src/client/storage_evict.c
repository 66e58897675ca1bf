/* Keeps the storage within its size, and clears away what killed processes left.
 *
 * A file "usage" holds the octets that are stored, as all processes count them. A process that dies
 * between storing and counting makes it wrong; so it starts something and proves nothing: what is
 * there is measured before anything is removed, and measured anew each day.
 *
 * Measuring reads the folders, not the files: a content's name begins with that of its set. What
 * has been used least recently goes, by the times of the sets' files, all responses of a URL
 * together, until an eighth of the storage is free; so the next time is a while away.
 *
 * What was left behind is: drafts that nobody has locked, and contents that no set names. The
 * latter are looked for where the folder is locked, so they are not just being placed.
 *
 * Given up: a list of what there is, in order of use. It would be one file that all processes
 * change with each use, and one more thing to be wrong after a crash.
 */
#include "client/storage_parts.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/limit.h"

enum { BUCKETS = 256 };

/* ---- one folder ---- */

/* A walk over the names in a folder. */
static DIR *folder_open(int folder)
{
    const int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *walk = again >= 0 ? fdopendir(again) : NULL;
    if (!walk && again >= 0)
        close(again);
    return walk;
}

static bool belongs(const char *name, const char *base)
{
    return strncmp(name, base, STORAGE_BASE_SIZE) == 0 &&
           (name[STORAGE_BASE_SIZE] == '\0' || name[STORAGE_BASE_SIZE] == '.');
}

static uint64_t file_remove(int folder, const char *name)
{
    struct stat file;
    if (fstatat(folder, name, &file, AT_SYMLINK_NOFOLLOW) != 0 || unlinkat(folder, name, 0) != 0)
        return 0;
    return (uint64_t)file.st_size;
}

uint64_t storage_clear(const struct storage_place *place)
{
    /* the set first: who is killed here leaves contents without one */
    uint64_t freed = file_remove(place->folder, place->base);
    DIR *walk = folder_open(place->folder);
    const struct dirent *each;
    while (walk && (each = readdir(walk)))
        if (belongs(each->d_name, place->base))
            freed += file_remove(place->folder, each->d_name);
    if (walk)
        closedir(walk);
    return freed;
}

/* A draft is left behind if its writer no longer holds it. */
static void draft_sweep(int folder, const char *name)
{
    const int fd = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, name, 0);
    close(fd);
}

/* ---- measuring ---- */

/* What one URL takes. */
struct taken {
    struct timespec used;
    uint64_t size;
    uint32_t contents;
    uint8_t bucket;
    bool set; /* it has a file that names its contents */
    char base[STORAGE_BASE_SIZE + 1];
};

struct measure {
    struct taken *at;
    size_t count, room;
    uint64_t size;
    bool failed; /* memory is out */
};

static bool measure_room(struct measure *measure)
{
    if (measure->count < measure->room)
        return true;
    const size_t room = measure->room ? 2 * measure->room : 256;
    struct taken *grown = memory_grow(measure->at, room * sizeof *grown);
    if (!grown) {
        measure->failed = true;
        return false;
    }
    measure->at = grown;
    measure->room = room;
    return true;
}

static void measure_add(struct measure *measure, unsigned bucket, const char *name,
                        const struct stat *file)
{
    if (!measure_room(measure))
        return;
    struct taken *taken = &measure->at[measure->count++];
    *taken = (struct taken){.size = (uint64_t)file->st_size,
                            .bucket = (uint8_t)bucket,
                            .set = name[STORAGE_BASE_SIZE] == '\0',
                            .contents = name[STORAGE_BASE_SIZE] != '\0',
                            .used = file->st_mtim};
    memcpy(taken->base, name, STORAGE_BASE_SIZE);
    measure->size += taken->size;
}

static int by_name(const void *a, const void *b)
{
    const struct taken *one = a, *other = b;
    const int order = strcmp(one->base, other->base);
    return order ? order : (int)other->set - (int)one->set;
}

/* Makes one of all that belong together, from `first` on. */
static void measure_join(struct measure *measure, size_t first)
{
    size_t kept = first;
    if (measure->count > first)
        qsort(measure->at + first, measure->count - first, sizeof *measure->at, by_name);
    for (size_t i = first; i < measure->count; i++) {
        struct taken *last = kept > first ? &measure->at[kept - 1] : NULL;
        if (last && strcmp(last->base, measure->at[i].base) == 0) {
            last->size += measure->at[i].size;
            last->contents++;
        } else {
            measure->at[kept++] = measure->at[i];
        }
    }
    measure->count = kept;
}

static void folder_measure(struct measure *measure, unsigned bucket, int folder)
{
    DIR *walk = folder_open(folder);
    const size_t first = measure->count;
    const struct dirent *each;
    while (walk && (each = readdir(walk))) {
        struct stat file;
        const size_t size = strlen(each->d_name);
        if (each->d_name[0] == 't')
            draft_sweep(folder, each->d_name);
        else if ((size == STORAGE_BASE_SIZE || size == STORAGE_NAME_SIZE - 1) &&
                 fstatat(folder, each->d_name, &file, AT_SYMLINK_NOFOLLOW) == 0)
            measure_add(measure, bucket, each->d_name, &file);
    }
    if (walk)
        closedir(walk);
    measure_join(measure, first);
}

static int bucket_open(const struct storage *storage, unsigned bucket)
{
    char name[3];
    snprintf(name, sizeof name, "%02x", bucket);
    return openat(storage->folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static struct measure measure_all(const struct storage *storage)
{
    struct measure measure = {0};
    folder_measure(&measure, 0, storage->folder); /* there are drafts of the secret at most */
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        const int folder = bucket_open(storage, bucket);
        if (folder < 0)
            continue;
        folder_measure(&measure, bucket, folder);
        close(folder);
    }
    return measure;
}

/* ---- removing ---- */

static bool place_of(const struct storage *storage, const struct taken *taken,
                     struct storage_place *place)
{
    *place = (struct storage_place){.folder = bucket_open(storage, taken->bucket)};
    memcpy(place->base, taken->base, sizeof place->base);
    if (place->folder >= 0 && storage_place_lock(place))
        return true;
    storage_place_close(place);
    return false;
}

/* Removes a URL's, if nobody has used it since it was measured. */
static uint64_t taken_remove(const struct storage *storage, const struct taken *taken)
{
    struct storage_place place;
    struct stat file;
    uint64_t freed = 0;

    if (!place_of(storage, taken, &place))
        return 0;
    const bool there = fstatat(place.folder, place.base, &file, AT_SYMLINK_NOFOLLOW) == 0;
    if (there == taken->set && (!there || (file.st_mtim.tv_sec == taken->used.tv_sec &&
                                           file.st_mtim.tv_nsec == taken->used.tv_nsec)))
        freed = storage_clear(&place);
    storage_place_close(&place);
    return freed;
}

/* Removes the contents at a locked place that its set does not name. */
static uint64_t orphans_remove(const struct storage_place *place, const struct storage_set *set)
{
    uint64_t freed = 0;
    DIR *walk = folder_open(place->folder);
    const struct dirent *each;
    while (walk && (each = readdir(walk))) {
        if (!belongs(each->d_name, place->base) || each->d_name[STORAGE_BASE_SIZE] == '\0')
            continue;
        const uint64_t number = strtoull(each->d_name + STORAGE_BASE_SIZE + 1, NULL, 16);
        if (!storage_set_number(set, number))
            freed += file_remove(place->folder, each->d_name);
    }
    if (walk)
        closedir(walk);
    return freed;
}

/* All is well with it, as far as names tell. */
static bool is_sound(const struct storage *storage, const struct taken *taken)
{
    struct storage_place place = {.folder = bucket_open(storage, taken->bucket)};
    struct storage_set set;
    uint32_t contents = 0;

    memcpy(place.base, taken->base, sizeof place.base);
    const bool loaded = place.folder >= 0 && storage_load(&place, NULL, &set) == STORAGE_LOADED;
    for (size_t i = 0; loaded && i < set.count; i++)
        contents += set.entries[i].content_size > 0;
    if (loaded)
        storage_set_fini(&set);
    storage_place_close(&place);
    return loaded && contents == taken->contents;
}

static uint64_t taken_sweep(const struct storage *storage, const struct taken *taken)
{
    struct storage_place place;
    struct storage_set set;
    uint64_t freed = 0;

    if (is_sound(storage, taken) || !place_of(storage, taken, &place))
        return 0;
    switch (storage_load(&place, NULL, &set)) {
    case STORAGE_LOADED:
    case STORAGE_ABSENT:
        freed = orphans_remove(&place, &set);
        break;
    case STORAGE_DAMAGED:
        freed = storage_clear(&place);
        break;
    case STORAGE_UNREADABLE:
        break;
    }
    storage_set_fini(&set);
    storage_place_close(&place);
    return freed;
}

static int by_use(const void *a, const void *b)
{
    const struct taken *one = a, *other = b;
    if (one->used.tv_sec != other->used.tv_sec)
        return one->used.tv_sec < other->used.tv_sec ? -1 : 1;
    return (one->used.tv_nsec > other->used.tv_nsec) - (one->used.tv_nsec < other->used.tv_nsec);
}

static uint64_t fit(struct storage *storage, struct measure *measure)
{
    const uint64_t wanted = storage->size_max - storage->size_max / CLIENT_EVICT_SHARE_MAX;
    uint64_t size = measure->size;

    if (measure->count)
        qsort(measure->at, measure->count, sizeof *measure->at, by_use);
    for (size_t i = 0; i < measure->count && size > wanted; i++) {
        const uint64_t freed = taken_remove(storage, &measure->at[i]);
        size -= freed < size ? freed : size;
    }
    return size;
}

/* ---- when ---- */

/* The octets that are stored, as counted; false if nobody has counted, or not well. */
static bool usage_read(int fd, uint64_t *usage)
{
    char text[32];
    const ssize_t got = pread(fd, text, sizeof text - 1, 0);
    if (got <= 0 || text[got - 1] != '\n')
        return false;
    return stet_span_number(stet_span(text, (size_t)got - 1), INT64_MAX, usage);
}

static void usage_write(int fd, uint64_t usage)
{
    char text[32];
    const int size = snprintf(text, sizeof text, "%" PRIu64 "\n", usage);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)size, 0) != size)
        return; /* the next one measures */
}

static int usage_open(const struct storage *storage)
{
    return openat(storage->folder, "usage", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Nobody has looked for a day, by the clock of the file system. */
static bool is_due(const struct storage *storage, int usage)
{
    struct stat swept, now;
    return fstatat(storage->folder, "swept", &swept, AT_SYMLINK_NOFOLLOW) != 0 ||
           fstat(usage, &now) != 0 || now.st_mtime - swept.st_mtime >= CLIENT_SWEEP_EVERY_MAX ||
           swept.st_mtime > now.st_mtime + CLIENT_SWEEP_EVERY_MAX;
}

static void swept_now(const struct storage *storage)
{
    const int fd =
        openat(storage->folder, "swept", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    futimens(fd, NULL);
    close(fd);
}

uint64_t storage_evict(struct storage *storage)
{
    struct measure measure = measure_all(storage);
    uint64_t size = measure.size;

    swept_now(storage);
    for (size_t i = 0; i < measure.count; i++) {
        const uint64_t freed = taken_sweep(storage, &measure.at[i]);
        size -= freed < size ? freed : size;
    }
    measure.size = size;
    if (!measure.failed && size > storage->size_max)
        size = fit(storage, &measure);
    memory_free(measure.at);
    const int fd = usage_open(storage);
    if (fd >= 0) {
        if (storage_lock(fd))
            usage_write(fd, size);
        close(fd);
    }
    return size;
}

/* Measures, and makes it fit; no more than one process at a time does. */
static void evict_alone(struct storage *storage)
{
    const int fd =
        openat(storage->folder, "evicting", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        storage_evict(storage);
    close(fd);
}

void storage_count(struct storage *storage, int64_t octets)
{
    uint64_t usage;
    bool due = true;
    const int fd = usage_open(storage);
    if (fd < 0)
        return;
    if (storage_lock(fd) && usage_read(fd, &usage)) {
        const uint64_t less = octets < 0 ? (uint64_t)-octets : 0;
        usage = octets < 0 ? usage - (less < usage ? less : usage) : usage + (uint64_t)octets;
        usage_write(fd, usage);
        due = usage > storage->size_max || is_due(storage, fd);
    }
    close(fd);
    if (due)
        evict_alone(storage);
}
