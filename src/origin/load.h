/* Loads: small files read whole and hashed, off the loop.
 */
#ifndef ORIGIN_LOAD_H
#define ORIGIN_LOAD_H

#include "base/chunk.h"
#include "io/fs.h"
#include "origin/digest.h"
#include "origin/errands.h"

enum load_outcome {
    LOAD_DONE,     /* everything below is set */
    LOAD_LARGE,    /* the file is larger than the bound */
    LOAD_UNSTEADY, /* it changed each time it was read; `stamp` is its last state */
    LOAD_MISSING,  /* not there, not beneath the root, or no regular file */
    LOAD_FORBIDDEN,
    LOAD_BUSY,  /* no descriptors */
    LOAD_BROKEN /* I/O error, no memory */
};

struct load {
    enum load_outcome outcome;
    struct fs_stamp stamp; /* before the reading, and unchanged after it */
    struct digest digest;
    bool text;
    struct chunk *bytes; /* one reference */
};

/* Reads a file of at most `max` bytes. Blocks. */
void load_run(struct load *load, struct fs *fs, const char *path, uint64_t max);

/* Makes the listing of a directory instead; its stamp tells only the size. Blocks. */
void load_run_listing(struct load *load, struct fs *fs, const char *directory);

/* Gives the bytes back. */
void load_fini(struct load *load);

#endif
