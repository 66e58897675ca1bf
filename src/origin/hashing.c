/* Hashes one large file, in slices, so that no thread of the pool is gone for long.
 *
 * Each slice is a job. If the file does not keep still nothing is learnt, and whoever asks next
 * begins again.
 */
#include "origin/hashing.h"

#include "base/container.h"
#include "base/memory.h"
#include "origin/filehash.h"

enum { HASHING_SLICE = 64 << 20 };

struct hashing {
    struct errand errand;
    struct library *library;
    struct loop *loop;
    struct filehash hash;
    struct fs_stamp stamp; /* wanted */
    enum filehash_step step;
    int64_t began;
    struct record_key key;
    char path[];
};

static struct hashing *hashing_of(struct job *job)
{
    return CONTAINER(job, struct hashing, errand.job);
}

/* The file is open, and is the one that was meant. */
static bool hashing_open(struct hashing *hashing)
{
    if (hashing->hash.file)
        return true;
    return filehash_open(&hashing->hash, hashing->library->fs, hashing->path) == 0 &&
           fs_stamp_equal(&hashing->hash.stamp, &hashing->stamp);
}

static void hashing_run(struct job *job)
{
    struct hashing *hashing = hashing_of(job);
    char *buffer = memory_new(FILEHASH_BUFFER);
    hashing->step = buffer && hashing_open(hashing)
                        ? filehash_read(&hashing->hash, buffer, HASHING_SLICE)
                        : FILEHASH_CHANGED;
    memory_free(buffer);
}

static void hashing_free(struct hashing *hashing)
{
    filehash_close(&hashing->hash);
    memory_free(hashing);
}

static void hashing_drop(struct errand *errand)
{
    hashing_free(CONTAINER(errand, struct hashing, errand));
}

static void hashing_learn(struct hashing *hashing)
{
    struct record_sight sight = {.key = hashing->key,
                                 .stamp = hashing->stamp,
                                 .text = charset_is_utf8(&hashing->hash.charset),
                                 .began = hashing->began};
    struct record record;
    digesting_end(&hashing->hash.digesting, &sight.digest);
    records_learn(&hashing->library->records, &sight, loop_wall(hashing->loop), &record);
}

static void hashing_done(struct job *job)
{
    struct hashing *hashing = hashing_of(job);
    struct library *library = hashing->library;
    errands_back(&library->errands, &hashing->errand);
    if (hashing->step == FILEHASH_MORE) {
        errands_send(&library->errands, &hashing->errand, hashing->loop, WORK_LATER);
        return;
    }
    if (hashing->step == FILEHASH_DONE)
        hashing_learn(hashing);
    records_release(&library->records, &hashing->key);
    hashing_free(hashing);
}

void hashing_begin(struct library *library, const char *path, const struct record_key *key,
                   const struct fs_stamp *stamp, struct loop *loop)
{
    if (!records_claim(&library->records, key, stamp))
        return;
    const size_t path_size = strlen(path) + 1;
    struct hashing *hashing = memory_new_zero(sizeof *hashing + path_size);
    if (!hashing) {
        records_release(&library->records, key);
        return;
    }
    hashing->errand =
        (struct errand){.job = {.run = hashing_run, .done = hashing_done}, .drop = hashing_drop};
    hashing->library = library;
    hashing->loop = loop;
    hashing->stamp = *stamp;
    hashing->began = loop_wall(loop);
    hashing->key = *key;
    memcpy(hashing->path, path, path_size);
    errands_send(&library->errands, &hashing->errand, loop, WORK_LATER);
}
