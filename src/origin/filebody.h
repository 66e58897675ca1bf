/* Bodies of files: the bytes of one version of a file, or none.
 */
#ifndef ORIGIN_FILEBODY_H
#define ORIGIN_FILEBODY_H

#include "base/chunk.h"
#include "io/fs.h"
#include "wire/body.h"

/* A body of `length` bytes from `from` of the file `path`, which must be in the state `stamp`. Each
 * piece is read into the sender's scratch, and handed out only if the file is unchanged after the
 * reading: otherwise BODY_BROKEN. That the file loses its name meanwhile, because it is removed or
 * another is renamed over it, is no change. NULL when memory or descriptors are out, the file is
 * not to be read, or is no longer that file. */
struct body *filebody_new(struct fs *fs, const char *path, const struct fs_stamp *stamp,
                          uint64_t from, uint64_t length);

/* A body of `length` bytes from `from` of a chunk; keeps a reference. NULL when memory is out. */
struct body *filebody_new_of_chunk(struct chunk *chunk, uint64_t from, uint64_t length);

#endif
