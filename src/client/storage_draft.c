/* Writes stored responses to disk.
 *
 *     begin    a file t..., locked by this process
 *     write    ...and hashed as they come
 *     commit   sync; lock the folder; read the set; rename the content to its name;
 *              write, sync and rename the new set; remove the contents that it no longer names
 *
 * Killed before the set is renamed, the process leaves the old set, and perhaps a file that no set
 * names; killed after it, the new set, and perhaps an old content: storage_evict finds both. What
 * is not ready is locked by its writer, so who sweeps sees whether that still lives.
 *
 * A disk that is full fails the storing alone. An invalidation must not fail, so it removes the set
 * when it cannot write it.
 *
 * Given up: syncing folders. After a loss of power the old set may be there again, with a content
 * that is not; that is found out when it is read.
 */
#include "client/storage_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/sha2.h>

#include "base/memory.h"
#include "client/limit.h"

struct storage_draft {
    struct storage *storage;
    struct storage_place place;
    int fd; /* -1: there is no content so far */
    bool failed;
    uint64_t size;
    struct sha256_ctx sha;
    char name[STORAGE_NAME_SIZE];
    size_t key_size;
    char key[];
};

/* ---- files ---- */

bool storage_write_all(int fd, const char *octets, size_t size)
{
    while (size) {
        const ssize_t wrote = write(fd, octets, size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        octets += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

static uint64_t random_number(void)
{
    uint64_t number = 0;
    while (number == 0)
        if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
            number = 0;
    return number;
}

/* It is ours when it is locked and still has a name: between its making and its locking somebody
 * may have taken it for a dead one's. */
static bool is_held(int fd)
{
    struct stat file;
    return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &file) == 0 && file.st_nlink > 0;
}

int storage_draft_open(int folder, char name[STORAGE_NAME_SIZE])
{
    for (int tries = 0; tries < 16; tries++) {
        snprintf(name, STORAGE_NAME_SIZE, "t%016" PRIx64, random_number());
        const int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST)
            return -1;
        if (fd >= 0 && is_held(fd))
            return fd;
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

void storage_content_remove(const struct storage_place *place, uint64_t number)
{
    char name[STORAGE_NAME_SIZE];
    storage_content_name(place, number, name);
    unlinkat(place->folder, name, 0);
}

bool storage_save(const struct storage_place *place, struct stet_span key,
                  const struct storage_set *set)
{
    struct text text = {0};
    char name[STORAGE_NAME_SIZE];
    bool done = false;

    if (set->count == 0)
        return unlinkat(place->folder, place->base, 0) == 0 || errno == ENOENT;
    const int fd =
        storage_set_write(key, set, &text) ? storage_draft_open(place->folder, name) : -1;
    if (fd >= 0) {
        done = storage_write_all(fd, text.at, text.len) && fsync(fd) == 0 &&
               storage_place_stands(place) &&
               renameat(place->folder, name, place->folder, place->base) == 0;
        if (!done)
            unlinkat(place->folder, name, 0);
        close(fd);
    }
    text_fini(&text);
    return done;
}

/* ---- changing a set ---- */

/* A set that is open to be changed: locked and read. */
struct change {
    struct storage_place place;
    struct storage_set set;
    uint64_t before; /* octets that it takes */
};

static uint64_t size_of(const struct storage_place *place, const struct storage_set *set)
{
    struct stat file;
    uint64_t size = 0;
    if (fstatat(place->folder, place->base, &file, AT_SYMLINK_NOFOLLOW) == 0)
        size = (uint64_t)file.st_size;
    for (size_t i = 0; i < set->count; i++)
        size += set->entries[i].content_size;
    return size;
}

/* False: it cannot be had, or (unless `make`) it is not there. */
static bool change_open(struct storage *storage, struct stet_span key, bool make,
                        struct change *change)
{
    *change = (struct change){.place = {.folder = -1}};
    if (!storage_place_open(storage, key, make, &change->place) ||
        !storage_place_lock(&change->place)) {
        storage_place_close(&change->place);
        return false;
    }
    switch (storage_load(&change->place, &key, &change->set)) {
    case STORAGE_LOADED:
        change->before = size_of(&change->place, &change->set);
        return true;
    case STORAGE_DAMAGED:
        storage->damaged++;
        storage_clear(&change->place);
        break;
    case STORAGE_UNREADABLE:
    case STORAGE_ABSENT:
        break;
    }
    if (!make)
        storage_place_close(&change->place);
    return make;
}

static void change_close(struct change *change)
{
    storage_set_fini(&change->set);
    storage_place_close(&change->place);
}

static bool same_slot(const struct storage_entry *a, const struct storage_entry *b)
{
    return a->stored.method == b->stored.method && strcmp(a->credentials, b->credentials) == 0 &&
           stet_span_equal(stet_span(a->selection, a->selection_size),
                           stet_span(b->selection, b->selection_size));
}

/* The one that came first, but for `spared`, a number; `count` if there is none. */
static size_t least_recent(const struct storage_set *set, uint64_t spared)
{
    size_t least = set->count;
    for (size_t i = 0; i < set->count; i++)
        if (set->entries[i].number != spared &&
            (least == set->count ||
             set->entries[i].stored.times.received < set->entries[least].stored.times.received))
            least = i;
    return least;
}

/* Saves the set; if it is too large, without the least recent, but with the one `number`. */
static bool change_save(struct change *change, struct stet_span key, uint64_t number)
{
    struct storage_set *set = &change->set;
    uint64_t gone[CLIENT_SET_ENTRIES_MAX];
    size_t count = 0;

    while (!storage_save(&change->place, key, set)) {
        const size_t least = least_recent(set, number);
        if (least == set->count || !storage_set_is_large(key, set))
            return false;
        gone[count++] = set->entries[least].number;
        storage_set_drop(set, least);
    }
    for (size_t i = 0; i < count; i++)
        storage_content_remove(&change->place, gone[i]);
    return true;
}

/* What the new entry takes the place of; their numbers go to `gone`. */
static size_t displace(struct storage_set *set, const struct storage_entry *entry,
                       uint64_t replaces, uint64_t gone[CLIENT_SET_ENTRIES_MAX])
{
    size_t count = 0;
    for (size_t i = set->count; i-- > 0;) {
        if (set->entries[i].number != replaces && !same_slot(&set->entries[i], entry))
            continue;
        gone[count++] = set->entries[i].number;
        storage_set_drop(set, i);
    }
    if (set->count == CLIENT_SET_ENTRIES_MAX) {
        const size_t least = least_recent(set, 0);
        gone[count++] = set->entries[least].number;
        storage_set_drop(set, least);
    }
    return count;
}

/* ---- drafts ---- */

struct storage_draft *storage_begin(struct storage *storage, struct stet_span key)
{
    if (key.len == 0 || key.len > CLIENT_KEY_SIZE_MAX)
        return NULL;
    struct storage_draft *draft = memory_new(sizeof *draft + key.len);
    if (!draft)
        return NULL;
    *draft = (struct storage_draft){.storage = storage, .fd = -1, .key_size = key.len};
    memcpy(draft->key, key.at, key.len);
    sha256_init(&draft->sha);
    if (storage_place_open(storage, key, true, &draft->place))
        return draft;
    memory_free(draft);
    return NULL;
}

bool storage_write(struct storage_draft *draft, struct stet_span bytes)
{
    if (draft->failed || bytes.len == 0)
        return !draft->failed;
    draft->size += bytes.len;
    if (draft->fd < 0)
        draft->fd = storage_draft_open(draft->place.folder, draft->name);
    draft->failed = draft->fd < 0 ||
                    draft->size > draft->storage->size_max / CLIENT_CONTENT_SHARE_MAX ||
                    !storage_write_all(draft->fd, bytes.at, bytes.len);
    sha256_update(&draft->sha, bytes.len, (const uint8_t *)bytes.at);
    if (draft->failed && draft->fd >= 0 && ftruncate(draft->fd, 0) != 0)
        return false; /* the room that it took is given back, or is when the file goes */
    return !draft->failed;
}

void storage_abandon(struct storage_draft *draft)
{
    if (!draft)
        return;
    if (draft->fd >= 0) {
        unlinkat(draft->place.folder, draft->name, 0);
        close(draft->fd);
    }
    storage_place_close(&draft->place);
    memory_free(draft);
}

/* The content gets its name; from now on only that is to be removed. */
static bool content_place(struct storage_draft *draft, uint64_t number)
{
    char name[STORAGE_NAME_SIZE];
    if (draft->fd < 0)
        return true;
    storage_content_name(&draft->place, number, name);
    return renameat(draft->place.folder, draft->name, draft->place.folder, name) == 0;
}

/* Writes the set with the new entry; takes the entry's memory. */
static bool entry_place(struct change *change, struct stet_span key, struct storage_entry *entry,
                        uint64_t replaces)
{
    uint64_t gone[CLIENT_SET_ENTRIES_MAX];
    const size_t count = displace(&change->set, entry, replaces, gone);

    const uint64_t number = entry->number;
    if (!storage_set_add(&change->set, entry) || !change_save(change, key, number))
        return false;
    for (size_t i = 0; i < count; i++)
        storage_content_remove(&change->place, gone[i]);
    return true;
}

/* A copy of what storage_set_add would take, since it remains the caller's. */
static bool entry_copy(const struct storage_entry *from, struct storage_entry *to)
{
    *to = *from;
    to->selection = NULL;
    to->response = (struct message){0};
    if (from->selection) {
        to->selection = memory_new(from->selection_size);
        if (!to->selection)
            return false;
        memcpy(to->selection, from->selection, from->selection_size);
    }
    return message_add_all(&to->response, &from->response.head);
}

/* What may have been changed while it was on its way is validated before it is used. */
static void mark_outdated(const struct change *change, struct storage_entry *entry)
{
    if (entry->generation && entry->generation != change->place.generation)
        entry->stored.marked = true;
}

static bool commit(struct storage_draft *draft, const struct storage_entry *entry,
                   uint64_t replaces, int64_t *grown)
{
    const struct stet_span key = stet_span(draft->key, draft->key_size);
    struct storage_entry copy = {0};
    struct change change;

    if (draft->failed || (draft->fd >= 0 && fsync(draft->fd) != 0) ||
        !change_open(draft->storage, key, true, &change))
        return false;
    bool done = entry_copy(entry, &copy) && content_place(draft, entry->number);
    mark_outdated(&change, &copy);
    if (done && !entry_place(&change, key, &copy, replaces)) {
        storage_content_remove(&change.place, entry->number);
        done = false;
    }
    *grown = done ? (int64_t)size_of(&change.place, &change.set) - (int64_t)change.before : 0;
    storage_entry_fini(&copy);
    change_close(&change);
    return done;
}

bool storage_commit(struct storage_draft *draft, struct storage_entry *entry, uint64_t replaces)
{
    struct storage *storage = draft->storage;
    int64_t grown = 0;

    entry->number = random_number();
    entry->content_size = draft->size;
    sha256_digest(&draft->sha, sizeof entry->digest, entry->digest);
    if (!entry->stored.partial)
        entry->first = 0, entry->length = draft->size;
    const bool done = commit(draft, entry, replaces, &grown);
    storage_abandon(draft); /* without what was renamed */
    if (done)
        storage_count(storage, grown);
    return done;
}

/* ---- entries that are there ---- */

bool storage_renew(struct storage *storage, struct stet_span key, const struct storage_entry *entry)
{
    struct change change;
    struct storage_entry copy = {0};
    int64_t grown = 0;
    bool done = false;

    if (!change_open(storage, key, false, &change))
        return false;
    struct storage_entry *old = storage_set_number(&change.set, entry->number);
    if (old && entry_copy(entry, &copy)) {
        const struct storage_entry was = *old;
        mark_outdated(&change, &copy);
        *old = copy;
        copy = was;
        done = change_save(&change, key, entry->number);
        if (done)
            grown = (int64_t)size_of(&change.place, &change.set) - (int64_t)change.before;
    }
    storage_entry_fini(&copy);
    change_close(&change);
    if (grown)
        storage_count(storage, grown);
    return done;
}

/* Somebody holds the lock and is stopped. What he has read he will not write: the generation is
 * another one. */
static void mark_without_lock(struct storage *storage, struct stet_span key)
{
    struct storage_place place;
    if (storage_place_open(storage, key, true, &place)) {
        storage_place_advance(&place);
        unlinkat(place.folder, place.base, 0);
    }
    storage_place_close(&place);
}

void storage_mark(struct storage *storage, struct stet_span key)
{
    struct change change;
    if (!change_open(storage, key, true, &change)) {
        mark_without_lock(storage, key);
        return;
    }
    storage_place_advance(&change.place);
    for (size_t i = 0; i < change.set.count; i++)
        change.set.entries[i].stored.marked = true;
    uint64_t freed = 0;
    if (!storage_save(&change.place, key, &change.set))
        freed = storage_clear(&change.place);
    change_close(&change);
    if (freed)
        storage_count(storage, -(int64_t)freed);
}

void storage_remove(struct storage *storage, struct stet_span key, uint64_t number)
{
    struct change change;
    int64_t freed = 0;

    if (!change_open(storage, key, false, &change))
        return;
    for (size_t i = change.set.count; i-- > 0;) {
        if (number && change.set.entries[i].number != number)
            continue;
        freed += (int64_t)change.set.entries[i].content_size;
        storage_set_drop(&change.set, i);
    }
    if (change.set.count && storage_save(&change.place, key, &change.set))
        storage_content_remove(&change.place, number);
    else
        storage_clear(&change.place);
    change_close(&change);
    if (freed)
        storage_count(storage, -freed);
}
