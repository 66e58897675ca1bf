/* Walks the tree with a few walkers that share one stack of paths.
 *
 *     stack:  dir  dir  file file file          walker: takes one, lists or hashes it,
 *                        ^ top, under a lock            comes back after a slice of work
 *
 * A walker is a job that is given to the pool again and again; between two slices the pool can do
 * what a client waits for. Directories are listed onto the stack, and what is on top is taken
 * first, so the stack stays small where the tree is deep. Each directory is entered once, however
 * many links lead there.
 *
 * Given up: the order of names, and following what changes behind the walker's back. Every request
 * looks for itself; the walk only works ahead.
 */
#include "origin/walk.h"

#include "base/container.h"
#include "base/memory.h"
#include "origin/filehash.h"
#include "origin/sitepath.h"

#include <stdatomic.h>

enum { WALKERS = 4, WALK_SLICE = 32 << 20, WALK_ITEM_COST = 128 << 10 };

struct walk_item {
    struct walk_item *next;
    bool directory;
    char path[];
};

/* A directory that was entered. */
struct walk_visit {
    uint64_t place[2]; /* device, inode */
    struct walk_visit *next;
};

struct walker {
    struct errand errand;
    struct walk *walk;
    struct walk_item *item; /* a file being hashed */
    struct filehash hash;
    int64_t slice; /* wall clock when this slice was sent, ns */
    int64_t began; /* the same for the slice in which the file was begun */
    char *buffer;
    bool out; /* in the pool; of the loop's thread */
};

struct walk {
    struct walk_setup setup;
    pthread_mutex_t lock; /* of the stack and the visits */
    struct walk_item *stack;
    struct map visited;
    struct walk_visit *visits;
    atomic_uint_fast64_t directories; /* found and not yet looked into */
    atomic_uint_fast64_t found;
    atomic_uint_fast64_t hashed;
    atomic_uint_fast64_t recalled;
    atomic_uint_fast64_t failed;
    atomic_uint_fast64_t bytes;
    atomic_bool settled;
    unsigned out; /* walkers in the pool */
    struct walker walkers[WALKERS];
};

/* ---- the stack ---- */

/* Puts DIRECTORY/NAME on the stack; false when memory is out. */
static bool walk_push(struct walk *walk, const char *directory, const char *name, bool is_directory)
{
    const size_t before = strlen(directory);
    const size_t after = strlen(name);
    if (before + after + 2 > SITEPATH_ROOM)
        return true;
    struct walk_item *item = memory_new(sizeof *item + before + after + 2);
    if (!item)
        return false;
    item->directory = is_directory;
    memcpy(item->path, directory, before);
    if (before > 0)
        item->path[before] = '/';
    memcpy(item->path + before + (before > 0), name, after + 1);
    if (is_directory)
        walk->directories++;
    else
        walk->found++;
    pthread_mutex_lock(&walk->lock);
    item->next = walk->stack;
    walk->stack = item;
    pthread_mutex_unlock(&walk->lock);
    return true;
}

static struct walk_item *walk_pop(struct walk *walk)
{
    pthread_mutex_lock(&walk->lock);
    struct walk_item *item = walk->stack;
    if (item)
        walk->stack = item->next;
    pthread_mutex_unlock(&walk->lock);
    return item;
}

/* ---- directories ---- */

/* The directory is entered for the first time. */
static bool walk_enter(struct walk *walk, const struct fs_stamp *stamp)
{
    const uint64_t place[2] = {stamp->device, stamp->inode};
    struct walk_visit *visit = memory_new(sizeof *visit);
    if (!visit)
        return false;
    memcpy(visit->place, place, sizeof place);
    pthread_mutex_lock(&walk->lock);
    const bool first = !map_find(&walk->visited, place, sizeof place) &&
                       map_put(&walk->visited, visit->place, sizeof visit->place, visit);
    if (first) {
        visit->next = walk->visits;
        walk->visits = visit;
    }
    pthread_mutex_unlock(&walk->lock);
    if (!first)
        memory_free(visit);
    return first;
}

/* A listing on its way to the stack. */
struct walk_listing {
    struct walk *walk;
    const char *path;
    bool complete;
};

static bool walk_each(void *owner, const char *name, enum fs_kind kind)
{
    struct walk_listing *listing = owner;
    if (kind != FS_OTHER && !sitepath_hidden(stet_span_of(name), listing->path[0] == '\0'))
        listing->complete &= walk_push(listing->walk, listing->path, name, kind == FS_DIRECTORY);
    return listing->complete;
}

static void walk_fail(struct walk *walk, const char *path)
{
    walk->failed++;
    walk->setup.failed(walk->setup.owner, path);
}

static void walk_directory(struct walk *walk, const char *path)
{
    struct fs_state state;
    struct walk_listing listing = {walk, path, true};
    int failure = fs_state(walk->setup.fs, path, &state);
    if (failure == 0 && state.kind == FS_DIRECTORY && walk_enter(walk, &state.stamp))
        failure = fs_list(walk->setup.fs, path, walk_each, &listing);
    if ((failure && failure != FS_NOT_FOUND) || !listing.complete)
        walk_fail(walk, path);
    walk->directories--;
}

/* ---- files ---- */

/* Begins with a file; true if it has to be hashed. */
static bool walk_file(struct walker *walker, const char *path)
{
    struct walk *walk = walker->walk;
    const struct record_key key = record_key_of(path);
    struct fs_state state;
    if (fs_state(walk->setup.fs, path, &state) == 0 && state.kind == FS_REGULAR &&
        records_see(walk->setup.records, &key, &state.stamp)) {
        walk->recalled++;
        return false;
    }
    if (filehash_open(&walker->hash, walk->setup.fs, path) != 0) {
        walk_fail(walk, path);
        return false;
    }
    walker->began = walker->slice;
    return true;
}

static void walk_learn(struct walker *walker)
{
    struct walk *walk = walker->walk;
    struct record_sight sight = {.key = record_key_of(walker->item->path),
                                 .stamp = walker->hash.stamp,
                                 .text = charset_is_utf8(&walker->hash.charset),
                                 .began = walker->began};
    struct record record;
    digesting_end(&walker->hash.digesting, &sight.digest);
    if (records_learn(walk->setup.records, &sight, walker->slice, &record))
        walk->hashed++;
    else
        walk_fail(walk, walker->item->path);
}

/* Goes on with the file; returns the cost. A file that changes is left to those who ask for it. */
static uint64_t walk_hash(struct walker *walker, uint64_t most)
{
    const uint64_t from = walker->hash.at;
    enum filehash_step step = filehash_read(&walker->hash, walker->buffer, most);
    const uint64_t read = walker->hash.at - from;
    walker->walk->bytes += read;
    if (step == FILEHASH_DONE)
        walk_learn(walker);
    else if (step == FILEHASH_CHANGED)
        walker->walk->failed++; /* no one's fault: it is not said aloud */
    if (step != FILEHASH_MORE) {
        filehash_close(&walker->hash);
        memory_free(walker->item);
        walker->item = NULL;
    }
    return read;
}

/* ---- walkers ---- */

/* The next item; false when there is none. */
static bool walk_next(struct walker *walker)
{
    struct walk_item *item = walk_pop(walker->walk);
    if (!item)
        return false;
    if (item->directory)
        walk_directory(walker->walk, item->path);
    else if (walk_file(walker, item->path))
        walker->item = item;
    if (walker->item != item)
        memory_free(item);
    return true;
}

static void walk_run(struct job *job)
{
    struct walker *walker = CONTAINER(job, struct walker, errand.job);
    uint64_t spent = 0;
    while (spent < WALK_SLICE) {
        if (walker->item)
            spent += walk_hash(walker, WALK_SLICE - spent);
        else if (!walk_next(walker))
            break;
        spent += WALK_ITEM_COST;
    }
}

static void walk_send(struct walker *walker)
{
    struct walk *walk = walker->walk;
    walker->slice = loop_wall(walk->setup.loop);
    walker->out = true;
    walk->out++;
    errands_send(walk->setup.errands, &walker->errand, walk->setup.loop, WORK_LATER);
}

/* Sends those out who have something to do. */
static void walk_go_on(struct walk *walk)
{
    pthread_mutex_lock(&walk->lock);
    const bool more = walk->stack != NULL;
    pthread_mutex_unlock(&walk->lock);
    for (int i = 0; i < WALKERS; i++)
        if (!walk->walkers[i].out && (more || walk->walkers[i].item))
            walk_send(&walk->walkers[i]);
}

static void walk_done(struct job *job)
{
    struct walker *walker = CONTAINER(job, struct walker, errand.job);
    struct walk *walk = walker->walk;
    errands_back(walk->setup.errands, &walker->errand);
    walker->out = false;
    walk->out--;
    walk_go_on(walk);
    if (walk->out == 0) {
        atomic_store(&walk->settled, true);
        walk->setup.settled(walk->setup.owner);
    }
}

/* The walk itself frees its walkers. */
static void walk_drop(struct errand *errand)
{
    (void)errand;
}

static bool walk_init(struct walk *walk, const struct walk_setup *setup)
{
    static const uint64_t seed[2] = {0x77616c6b2e2e2e2e, 0x6f726967696e2e2e};
    walk->setup = *setup;
    pthread_mutex_init(&walk->lock, NULL);
    map_init(&walk->visited, seed);
    for (int i = 0; i < WALKERS; i++) {
        struct walker *walker = &walk->walkers[i];
        walker->walk = walk;
        walker->errand =
            (struct errand){.job = {.run = walk_run, .done = walk_done}, .drop = walk_drop};
        walker->buffer = memory_new(FILEHASH_BUFFER);
        if (!walker->buffer)
            return false;
    }
    return walk_push(walk, "", "", true);
}

struct walk *walk_new(const struct walk_setup *setup)
{
    struct walk *walk = memory_new_zero(sizeof *walk);
    if (!walk)
        return NULL;
    if (!walk_init(walk, setup)) {
        walk_free(walk);
        return NULL;
    }
    records_unsee(setup->records);
    walk_go_on(walk);
    return walk;
}

void walk_progress(struct walk *walk, struct walk_progress *to)
{
    /* Read first: what follows is then final, if it says so. */
    to->settled = atomic_load(&walk->settled);
    to->walked = walk->directories == 0;
    to->hashed = walk->hashed;
    to->recalled = walk->recalled;
    to->failed = walk->failed;
    to->bytes = walk->bytes;
    to->found = walk->found;
}

void walk_free(struct walk *walk)
{
    for (struct walk_item *item; (item = walk_pop(walk));)
        memory_free(item);
    for (int i = 0; i < WALKERS; i++) {
        filehash_close(&walk->walkers[i].hash);
        memory_free(walk->walkers[i].item);
        memory_free(walk->walkers[i].buffer);
    }
    while (walk->visits) {
        struct walk_visit *next = walk->visits->next;
        memory_free(walk->visits);
        walk->visits = next;
    }
    map_fini(&walk->visited);
    pthread_mutex_destroy(&walk->lock);
    memory_free(walk);
}
