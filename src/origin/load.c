/* Reads one version of a small file: state, bytes, the end, state again; equal or from the start.
 *
 * Given up: reading a file that does not hold still for more than LOAD_TRIES times.
 */
#include "origin/load.h"

#include "origin/charset.h"
#include "origin/listing.h"

enum { LOAD_TRIES = 4 };

static enum load_outcome load_failure(int failure)
{
    return failure == FS_NOT_FOUND   ? LOAD_MISSING
           : failure == FS_FORBIDDEN ? LOAD_FORBIDDEN
           : failure == FS_BUSY      ? LOAD_BUSY
                                     : LOAD_BROKEN;
}

/* Reads all of it, and that there is no more. */
static enum load_outcome load_bytes(struct load *load, struct fs_file *file)
{
    size_t at = 0;
    while (at < load->bytes->len) {
        ssize_t got = fs_file_read(file, load->bytes->bytes + at, load->bytes->len - at, at);
        if (got < 0)
            return load_failure((int)got);
        if (got == 0)
            return LOAD_UNSTEADY;
        at += (size_t)got;
    }
    return LOAD_DONE;
}

/* One try; LOAD_UNSTEADY if the file changed meanwhile. */
static enum load_outcome load_once(struct load *load, struct fs_file *file, uint64_t max)
{
    struct fs_state before;
    struct fs_state after;
    if (fs_file_state(file, &before) != 0)
        return LOAD_BROKEN;
    load->stamp = before.stamp;
    if (before.kind != FS_REGULAR)
        return LOAD_MISSING;
    if (before.stamp.size > max)
        return LOAD_LARGE;
    load_fini(load);
    load->bytes = chunk_new((size_t)before.stamp.size);
    if (!load->bytes)
        return LOAD_BROKEN;
    enum load_outcome outcome = load_bytes(load, file);
    if (outcome != LOAD_DONE)
        return outcome;
    if (fs_file_state(file, &after) != 0)
        return LOAD_BROKEN;
    return fs_stamp_equal(&before.stamp, &after.stamp) ? LOAD_DONE : LOAD_UNSTEADY;
}

void load_run(struct load *load, struct fs *fs, const char *path, uint64_t max)
{
    struct fs_file *file;
    int failure = fs_file_open(fs, path, &file);
    *load = (struct load){.outcome = LOAD_UNSTEADY};
    if (failure) {
        load->outcome = load_failure(failure);
        return;
    }
    for (int i = 0; i < LOAD_TRIES && load->outcome == LOAD_UNSTEADY; i++)
        load->outcome = load_once(load, file, max);
    fs_file_close(file);
    if (load->outcome != LOAD_DONE) {
        load_fini(load);
        return;
    }
    struct charset charset = {0};
    charset_feed(&charset, load->bytes->bytes, load->bytes->len);
    load->text = charset_is_utf8(&charset);
    load->digest = digest_of(load->bytes->bytes, load->bytes->len);
}

void load_run_listing(struct load *load, struct fs *fs, const char *directory)
{
    *load = (struct load){.text = true};
    int failure = listing_make(fs, directory, &load->bytes);
    if (failure) {
        load->outcome = load_failure(failure);
        return;
    }
    load->outcome = LOAD_DONE;
    load->stamp.size = load->bytes->len;
    load->digest = digest_of(load->bytes->bytes, load->bytes->len);
}

void load_fini(struct load *load)
{
    chunk_unref(load->bytes);
    load->bytes = NULL;
}
