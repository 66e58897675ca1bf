/* The hash of an open file, taken in slices, of one version of it or not at all.
 */
#ifndef ORIGIN_FILEHASH_H
#define ORIGIN_FILEHASH_H

#include "io/fs.h"
#include "origin/charset.h"
#include "origin/digest.h"

/* Octets of the buffer that the caller lends. */
#define FILEHASH_BUFFER (256 << 10)

struct filehash {
    struct fs_file *file;
    struct fs_stamp stamp; /* before the first byte */
    struct digesting digesting;
    struct charset charset;
    uint64_t at;
};

/* Opens a regular file beneath the root. 0 or a failure of io/fs.h. */
int filehash_open(struct filehash *hash, struct fs *fs, const char *path);
void filehash_close(struct filehash *hash);

enum filehash_step {
    FILEHASH_MORE,
    FILEHASH_DONE,   /* digesting and charset have seen all of it */
    FILEHASH_CHANGED /* it is not the file any more that it was, or cannot be read */
};

/* Reads up to about `most` octets on. */
enum filehash_step filehash_read(struct filehash *hash, char *buffer, uint64_t most);

#endif
