/* Opens and closes what all workers share, and carries word of evictions to them.
 *
 *     files (one a worker) --> records   what is known of each path      (memo on disk)
 *                         \--> contents  bytes by digest, with variants   (budget)
 *                          \-> errands   what the pool is doing for us
 *
 * Each part has its own lock, held for a look-up and never while another is taken.
 */
#include "origin/library.h"

#include "base/container.h"
#include "base/memory.h"
#include "origin/memo.h"
#include "origin/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY_SAVE_EVERY INT64_C(10000000000)

enum { LIBRARY_SMALL_MIN = 1 << 20, LIBRARY_MIME_TYPES_MAX = 1 << 20 };

struct files_options files_options_default(void)
{
    return (struct files_options){.compress = true,
                                  .bytes_in_memory = UINT64_C(256) << 20,
                                  .file_in_memory_max = UINT64_C(4) << 20,
                                  .paths_max = UINT64_C(1) << 16,
                                  .records_max = UINT64_C(1) << 20};
}

/* The ear's task, on its loop. */
static void library_hear(struct task *task)
{
    struct library_ear *ear = CONTAINER(task, struct library_ear, task);
    atomic_store(&ear->posted, false);
    if (ear->owner)
        ear->heard(ear->owner);
}

/* Contents have gone: tells every worker, once until it has heard. */
static void library_evicted(void *owner)
{
    struct library *library = owner;
    pthread_mutex_lock(&library->lock);
    for (struct library_ear *ear = library->ears; ear; ear = ear->next)
        if (!ear->closed && !atomic_exchange(&ear->posted, true))
            loop_post(ear->loop, &ear->task);
    pthread_mutex_unlock(&library->lock);
}

struct library_ear *library_listen(struct library *library, struct loop *loop,
                                   void (*heard)(void *owner), void *owner)
{
    struct library_ear *ear = memory_new(sizeof *ear);
    if (!ear)
        return NULL;
    *ear = (struct library_ear){
        .task.run = library_hear, .loop = loop, .heard = heard, .owner = owner};
    pthread_mutex_lock(&library->lock);
    ear->next = library->ears;
    library->ears = ear;
    pthread_mutex_unlock(&library->lock);
    return ear;
}

void library_unlisten(struct library *library, struct library_ear *ear)
{
    ear->owner = NULL;
    pthread_mutex_lock(&library->lock);
    ear->closed = true;
    pthread_mutex_unlock(&library->lock);
}

void library_warn(struct library *library, const char *what, const char *path)
{
    char sentence[512];
    snprintf(sentence, sizeof sentence, "%s: %s", what, path);
    if (library->warn)
        library->warn(library->owner, sentence);
}

/* ---- the memo ---- */

/* The memo's file, and when it is written. */
struct library_saving {
    struct errand errand;
    struct library *library;
    struct loop *loop; /* of the walk; NULL before */
    struct timer timer;
    bool out;             /* in the pool; of the loop's thread */
    pthread_mutex_t lock; /* one at a time */
    struct fs_stamp root;
    uint64_t version; /* of the records as written */
    bool walked;      /* a walk has settled: what it has not seen is not there any more */
    bool complained;
};

/* With the lock held. */
static bool library_save_locked(struct library_saving *saving)
{
    struct library *library = saving->library;
    const uint64_t version = records_version(&library->records);
    if (version == saving->version)
        return true;
    if (!memo_save(library->options.memo_path, &saving->root, &library->records, saving->walked))
        return false;
    saving->version = version;
    return true;
}

bool library_save(struct library *library)
{
    struct library_saving *saving = library->saving;
    if (!saving)
        return true;
    pthread_mutex_lock(&saving->lock);
    bool saved = library_save_locked(saving);
    const bool complain = !saved && !saving->complained;
    saving->complained = !saved;
    int why = errno;
    pthread_mutex_unlock(&saving->lock);
    if (complain)
        library_warn(library, "the memo cannot be written", library->options.memo_path);
    errno = why;
    return saved;
}

static void library_saving_run(struct job *job)
{
    library_save(CONTAINER(job, struct library_saving, errand.job)->library);
}

static void library_saving_done(struct job *job)
{
    struct library_saving *saving = CONTAINER(job, struct library_saving, errand.job);
    errands_back(&saving->library->errands, &saving->errand);
    saving->out = false;
    loop_timer_set(saving->loop, &saving->timer, loop_now(saving->loop) + LIBRARY_SAVE_EVERY);
}

/* The library frees it. */
static void library_saving_drop(struct errand *errand)
{
    (void)errand;
}

static void library_saving_send(struct library_saving *saving)
{
    if (saving->out)
        return;
    saving->out = true;
    loop_timer_cancel(saving->loop, &saving->timer);
    errands_send(&saving->library->errands, &saving->errand, saving->loop, WORK_LATER);
}

static void library_saving_fire(struct timer *timer)
{
    library_saving_send(CONTAINER(timer, struct library_saving, timer));
}

/* False when memory is out. */
static bool library_recall(struct library *library, int64_t now)
{
    const char *path = library->options.memo_path;
    struct library_saving *saving = NULL;
    struct fs_state root;
    if (!path || fs_state(library->fs, "", &root) != 0)
        return true;
    saving = memory_new_zero(sizeof *saving);
    if (!saving)
        return false;
    saving->library = library;
    saving->root = root.stamp;
    saving->timer.fire = library_saving_fire;
    saving->errand =
        (struct errand){.job = {.run = library_saving_run, .done = library_saving_done},
                        .drop = library_saving_drop};
    pthread_mutex_init(&saving->lock, NULL);
    library->saving = saving;
    const char *complaint = memo_complaint(memo_load(path, &root.stamp, now, &library->records));
    if (complaint)
        library_warn(library, complaint, path);
    return true;
}

static void library_forget(struct library *library)
{
    struct library_saving *saving = library->saving;
    if (!saving)
        return;
    library_save(library);
    if (saving->loop)
        loop_timer_cancel(saving->loop, &saving->timer);
    pthread_mutex_destroy(&saving->lock);
    memory_free(saving);
}

/* ---- the walk ---- */

static void library_walk_failed(void *owner, const char *path)
{
    library_warn(owner, "cannot be read", path);
}

static void library_walk_settled(void *owner)
{
    struct library *library = owner;
    struct library_saving *saving = library->saving;
    if (!saving)
        return;
    pthread_mutex_lock(&saving->lock);
    saving->walked = true;
    pthread_mutex_unlock(&saving->lock);
    library_saving_send(saving);
}

void library_walk(struct library *library, struct loop *loop)
{
    const struct walk_setup setup = {.fs = library->fs,
                                     .records = &library->records,
                                     .errands = &library->errands,
                                     .loop = loop,
                                     .failed = library_walk_failed,
                                     .settled = library_walk_settled,
                                     .owner = library};
    struct walk_progress progress;
    if (library->walk) {
        walk_progress(library->walk, &progress);
        if (!progress.settled)
            return;
    }
    if (library->saving) {
        library->saving->loop = loop;
        pthread_mutex_lock(&library->saving->lock);
        library->saving->walked = false;
        pthread_mutex_unlock(&library->saving->lock);
    }
    struct walk *old = library->walk;
    struct walk *walk = walk_new(&setup);
    pthread_mutex_lock(&library->lock);
    library->walk = walk;
    pthread_mutex_unlock(&library->lock);
    if (old)
        walk_free(old);
    if (!walk)
        library_warn(library, "memory is out, the tree is not hashed ahead", "");
}

void library_progress(struct library *library, struct library_progress *to)
{
    struct walk_progress progress = {.walked = true, .settled = true};
    pthread_mutex_lock(&library->lock);
    if (library->walk)
        walk_progress(library->walk, &progress);
    pthread_mutex_unlock(&library->lock);
    *to = (struct library_progress){.files_found = progress.found,
                                    .files_hashed = progress.hashed,
                                    .files_recalled = progress.recalled,
                                    .files_failed = progress.failed,
                                    .bytes_hashed = progress.bytes,
                                    .walked = progress.walked,
                                    .settled = progress.settled};
}

/* ---- life ---- */

static bool library_options_valid(const struct files_options *options)
{
    for (size_t i = 0; i < options->rule_count; i++)
        if (!freshnessrule_value_valid(options->rules[i].value))
            return false;
    return !options->cors || freshnessrule_value_valid(options->cors);
}

/* Reads at most `max` bytes of a file of the machine; how many, or -1. */
static ssize_t library_read(const char *path, char *to, size_t max)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    size_t len = 0;
    for (ssize_t got = 1; got > 0 && len<max; len += got> 0 ? (size_t)got : 0) {
        got = read(fd, to + len, max - len);
        if (got < 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        got = got < 0 ? 1 : got;
    }
    close(fd);
    return (ssize_t)len;
}

static struct mediatypes *library_types(struct library *library)
{
    if (!library->options.mime_types)
        return mediatypes_new(STET_SPAN_NONE);
    char *text = memory_new(LIBRARY_MIME_TYPES_MAX);
    if (!text)
        return NULL;
    ssize_t len = library_read(library->options.mime_types, text, LIBRARY_MIME_TYPES_MAX);
    struct mediatypes *types = mediatypes_new(stet_span(text, len > 0 ? (size_t)len : 0));
    memory_free(text);
    return types;
}

struct library *library_open(const struct library_setup *setup, const struct files_options *options)
{
    if (!library_options_valid(options)) {
        errno = EINVAL;
        return NULL;
    }
    struct library *library = memory_new_zero(sizeof *library);
    if (!library) {
        errno = ENOMEM;
        return NULL;
    }
    library->fs = setup->fs;
    library->options = *options;
    library->small_max = options->file_in_memory_max > LIBRARY_SMALL_MIN
                             ? options->file_in_memory_max
                             : LIBRARY_SMALL_MIN;
    library->warn = setup->warn;
    library->owner = setup->owner;
    pthread_mutex_init(&library->lock, NULL);
    records_init(&library->records, options->records_max);
    contents_init(&library->contents, options->bytes_in_memory, library_evicted, library);
    errands_init(&library->errands, setup->work);
    library->types = library_types(library);
    if (!library->types || !library_recall(library, setup->now)) {
        library_close(library);
        errno = ENOMEM;
        return NULL;
    }
    return library;
}

void library_close(struct library *library)
{
    errands_fini(&library->errands);
    library_forget(library);
    if (library->walk)
        walk_free(library->walk);
    contents_fini(&library->contents);
    records_fini(&library->records);
    mediatypes_free(library->types);
    while (library->ears) {
        struct library_ear *next = library->ears->next;
        memory_free(library->ears);
        library->ears = next;
    }
    pthread_mutex_destroy(&library->lock);
    memory_free(library);
}
