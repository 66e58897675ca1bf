/* Processes that store, find, renew, mark and remove as fast as they can, and are killed.
 *
 *     storage_storm FOLDER SEED PROCESSES KILLS SECONDS SIZE
 *
 * Every content can be told from its own head, so whoever reads one sees whether it is the one that
 * was stored. Kills as many processes as it is told, each after a random time, and replaces them;
 * or lets them be for some seconds. Then looks at all that is left: nothing may be damaged, every
 * content must be named by a set, and no draft may be left. Where SIZE is so large that nothing is
 * evicted, there is a key whose responses are replaced and never removed: whoever looks for it
 * finds the old or the new; and one whose set all processes change, each its own response in it:
 * what one of them has written stands until it writes again, or somebody did not heed the lock. The
 * last line is "N passed, N failed".
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/limit.h"
#include "client/storage_parts.h"

enum { KEYS = 24, CONTENT_MAX = 100000, PROCESSES_MAX = 64, TRIES = 200 };

static const char *folder;
static uint64_t size_max;
static bool keeps; /* nothing is evicted */
static const struct stet_span kept_key = STET_SPAN_INIT("http://example.org/kept");
static const struct stet_span shared_key = STET_SPAN_INIT("http://example.org/shared");

/* SplitMix64 */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void content_make(uint64_t seed, char *to, size_t size)
{
    for (size_t i = 0; i < size; i += 8) {
        const uint64_t octets = next(&seed);
        memcpy(to + i, &octets, size - i < 8 ? size - i : 8);
    }
}

static struct stet_span key_of(uint64_t number)
{
    static char key[64];
    return stet_span(
        key, (size_t)snprintf(key, sizeof key, "http://example.org/%" PRIu64, number % KEYS));
}

static bool fault(const char *what)
{
    printf("not ok - %s\n", what);
    fflush(stdout);
    return false;
}

/* ---- what a process does ---- */

static bool store(struct storage *storage, struct stet_span key, uint64_t *random)
{
    static char content[CONTENT_MAX];
    const uint64_t seed = next(random);
    const size_t size = (size_t)(next(random) % (next(random) % 4 ? 3000 : CONTENT_MAX));
    char text[64];
    struct storage_entry entry = {.stored = {.method = STET_METHOD_GET,
                                             .status = 200,
                                             .lifetime = 60,
                                             .times = {.received = time(NULL)}}};
    struct storage_draft *draft = storage_begin(storage, key);

    if (!draft)
        return true;
    content_make(seed, content, size);
    for (size_t at = 0; at < size; at += 7000)
        storage_write(draft, stet_span(content + at, size - at < 7000 ? size - at : 7000));
    const int length = snprintf(text, sizeof text, "%" PRIu64 " %zu", seed, size);
    if (next(random) % 3 == 0) {
        entry.selection = strdup(next(random) % 2 ? "x:1\n" : "x:2\n");
        entry.selection_size = 4;
    }
    if (!message_add(&entry.response, STET_SPAN("X-Content"), stet_span(text, (size_t)length)) ||
        next(random) % 16 == 0)
        storage_abandon(draft);
    else
        storage_commit(draft, &entry, 0);
    free(entry.selection);
    entry.selection = NULL;
    storage_entry_fini(&entry);
    return true;
}

enum sight { RIGHT, GONE, WRONG };

static enum sight wrong(const char *what)
{
    fault(what);
    return WRONG;
}

/* Its content is what its head says. One that was replaced meanwhile is gone. */
static enum sight sight_of(struct storage *storage, const struct storage_entry *entry)
{
    static char content[CONTENT_MAX], wanted[CONTENT_MAX];
    const struct stet_field *field = stet_head_named(&entry->response.head, STET_SPAN("X-Content"));
    uint64_t seed;
    size_t size;
    char text[64] = "";

    if (!field || field->value.len >= sizeof text)
        return wrong("a head without its field");
    memcpy(text, field->value.at, field->value.len);
    if (sscanf(text, "%" SCNu64 " %zu", &seed, &size) != 2 || size != entry->content_size ||
        size > CONTENT_MAX)
        return wrong("a head of another content");
    const int fd = storage_content(storage, entry, true);
    if (fd < 0)
        return GONE;
    content_make(seed, wanted, size);
    size_t got = 0;
    for (ssize_t piece; (piece = read(fd, content + got, sizeof content - got)) > 0;)
        got += (size_t)piece;
    close(fd);
    if (got != size || memcmp(content, wanted, size) != 0)
        return wrong("another content");
    return RIGHT;
}

static bool look(struct storage *storage, uint64_t *random)
{
    struct storage_set set = storage_find(storage, key_of(next(random)));
    bool right = true;
    for (size_t i = 0; right && i < set.count; i++)
        right = sight_of(storage, &set.entries[i]) != WRONG;
    storage_set_fini(&set);
    return right;
}

/* Whoever comes while one of them is replaced looks again. */
static bool look_kept(struct storage *storage)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int tries = 0; tries < TRIES; tries++, nanosleep(&pause, NULL)) {
        struct storage_set set = storage_find(storage, kept_key);
        enum sight sight = set.count ? RIGHT : WRONG;
        for (size_t i = 0; sight == RIGHT && i < set.count; i++)
            sight = sight_of(storage, &set.entries[i]);
        const bool absent = set.count == 0;
        storage_set_fini(&set);
        if (absent)
            return fault("what was never removed is not there");
        if (sight != GONE)
            return sight == RIGHT;
    }
    return fault("a set names a content that is gone");
}

static bool renew(struct storage *storage, uint64_t *random)
{
    const uint64_t number = next(random);
    struct storage_set set = storage_find(storage, key_of(number));
    if (set.count) {
        struct storage_entry *entry = &set.entries[next(random) % set.count];
        entry->stored.times.received++;
        storage_renew(storage, key_of(number), entry);
    }
    storage_set_fini(&set);
    return true;
}

/* ---- what is one process's own ---- */

/* The response of this process under the shared key, as it was written last. */
static struct {
    char selection[16];
    uint64_t number; /* 0: nothing is known of it */
    bool marked;
} own;

static bool own_store(struct storage *storage)
{
    struct storage_entry entry = {.stored = {.method = STET_METHOD_GET,
                                             .status = 200,
                                             .lifetime = 60,
                                             .times = {.received = time(NULL)}},
                                  .selection = own.selection,
                                  .selection_size = strlen(own.selection)};
    struct storage_draft *draft = storage_begin(storage, shared_key);

    if (draft && storage_commit(draft, &entry, 0)) {
        own.number = entry.number;
        own.marked = false;
    }
    return true;
}

/* On a machine so slow that a lock is not had in time an invalidation removes. A file tells all
 * processes that this may have been so. */
static bool was_slow(bool set)
{
    char path[512];
    snprintf(path, sizeof path, "%s/slow", folder);
    const int fd = open(path, set ? O_WRONLY | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool own_mark(struct storage *storage)
{
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    storage_mark(storage, shared_key);
    clock_gettime(CLOCK_MONOTONIC, &after);
    if (after.tv_sec - before.tv_sec >= CLIENT_LOCK_WAIT_MAX / 2000)
        was_slow(true);
    own.marked = true;
    return true;
}

static bool own_look(struct storage *storage)
{
    struct storage_set set = storage_find(storage, shared_key);
    bool there = own.number == 0, marked = !own.marked;

    for (size_t i = 0; i < set.count; i++)
        if (set.entries[i].number == own.number) {
            there = true;
            marked = marked || set.entries[i].stored.marked;
        }
    storage_set_fini(&set);
    if (!there && was_slow(false))
        own.number = 0;
    else if (!there)
        return fault("what this process stored was undone by another");
    return marked || own.number == 0 || fault("what was invalidated is valid again");
}

static bool step_own(struct storage *storage, uint64_t *random)
{
    switch (next(random) % 8) {
    case 0:
        return own_store(storage);
    case 1:
        return own_mark(storage);
    default:
        return own_look(storage);
    }
}

static bool step(struct storage *storage, uint64_t *random)
{
    if (keeps && next(random) % 3 == 0)
        return step_own(storage, random);
    switch (next(random) % 16) {
    case 0:
        storage_mark(storage, key_of(next(random)));
        return true;
    case 1:
        storage_remove(storage, key_of(next(random)), 0);
        return true;
    case 2:
    case 3:
        return renew(storage, random);
    case 4:
        if (next(random) % 8 == 0)
            storage_evict(storage);
        return true;
    case 5:
    case 6:
    case 7:
    case 8:
        return look(storage, random);
    case 9:
        return !keeps || look_kept(storage);
    case 10:
    case 11:
        return store(storage, kept_key, random);
    default:
        return store(storage, key_of(next(random)), random);
    }
}

static int work(int slot, uint64_t seed, int seconds)
{
    const char *error;
    struct storage *storage = storage_open(folder, size_max, &error);
    const time_t end = time(NULL) + seconds;
    bool right = storage != NULL;

    snprintf(own.selection, sizeof own.selection, "slot:%d\n", slot);
    if (!storage)
        fault(error);
    while (right && (seconds == 0 || time(NULL) < end))
        right = step(storage, &seed) && (storage_damaged(storage) == 0 || fault("damage"));
    return right ? 0 : 1;
}

/* ---- what is left ---- */

static size_t files_left(size_t length)
{
    char path[512];
    size_t count = 0;
    for (unsigned i = 0; i < 256; i++) {
        snprintf(path, sizeof path, "%s/v1/%02x", folder, i);
        DIR *walk = opendir(path);
        const struct dirent *each;
        while (walk && (each = readdir(walk)))
            count += strlen(each->d_name) == length && each->d_name[0] != '.';
        if (walk)
            closedir(walk);
    }
    return count;
}

static int look_at_all(void)
{
    const char *error;
    struct storage *storage = storage_open(folder, size_max, &error);
    size_t contents = 0, entries = 0;
    int failed = storage ? 0 : 1;

    if (!storage)
        return fault(error), 1;
    const uint64_t size = storage_evict(storage);
    for (uint64_t i = 0; i <= KEYS; i++) {
        struct storage_set set = storage_find(storage, i < KEYS ? key_of(i) : kept_key);
        for (size_t j = 0; j < set.count; j++) {
            failed += sight_of(storage, &set.entries[j]) != RIGHT && !fault("a content is gone");
            contents += set.entries[j].content_size > 0;
            entries++;
        }
        storage_set_fini(&set);
    }
    failed += storage_damaged(storage) != 0 && !fault("damage is left");
    failed += files_left(17) != 0 && !fault("drafts are left");
    failed += files_left(STORAGE_NAME_SIZE - 1) != contents && !fault("contents without a set");
    failed += size > size_max && !fault("it is larger than it may be");
    printf("# %zu responses, %" PRIu64 " octets\n", entries, size);
    failed += keeps && !look_kept(storage);
    storage_close(storage);
    return failed;
}

/* ---- the storm ---- */

static bool first_store(uint64_t random)
{
    const char *error;
    struct storage *storage = storage_open(folder, size_max, &error);
    struct storage_set set = {0};
    while (storage && set.count == 0) {
        store(storage, kept_key, &random);
        set = storage_find(storage, kept_key);
    }
    storage_set_fini(&set);
    storage_close(storage);
    return storage || fault(error);
}

static pid_t begin(int slot, uint64_t seed, int seconds)
{
    const pid_t child = fork();
    if (child == 0)
        _exit(work(slot, seed, seconds));
    return child;
}

/* Waits for one; adds to `failed` unless it was killed or ended well. */
static void reap(pid_t child, int *failed)
{
    int status = 0;
    waitpid(child, &status, 0);
    if (!(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) && status != 0)
        ++*failed;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "storage_storm FOLDER SEED PROCESSES KILLS SECONDS SIZE\n");
        return 2;
    }
    folder = argv[1];
    uint64_t random = strtoull(argv[2], NULL, 10);
    const int count = atoi(argv[3]), kills = atoi(argv[4]), seconds = atoi(argv[5]);
    pid_t children[PROCESSES_MAX];
    int failed = 0;

    size_max = strtoull(argv[6], NULL, 10);
    keeps = size_max >= UINT64_C(16) * CONTENT_MAX * KEYS;
    if (count < 1 || count > PROCESSES_MAX || !first_store(random))
        return 2;
    for (int i = 0; i < count; i++)
        children[i] = begin(i, next(&random), seconds);
    for (int i = 0; i < kills && !failed; i++) {
        const struct timespec pause = {.tv_nsec = (long)(next(&random) % 12000000)};
        const int which = (int)(next(&random) % (uint64_t)count);
        nanosleep(&pause, NULL);
        kill(children[which], SIGKILL);
        reap(children[which], &failed);
        children[which] = begin(which, next(&random), seconds);
    }
    for (int i = 0; i < count; i++) {
        if (seconds == 0)
            kill(children[i], SIGKILL);
        reap(children[i], &failed);
    }
    failed += look_at_all();
    printf("%d passed, %d failed\n", failed ? 0 : 1, failed);
    return failed ? 1 : 0;
}
