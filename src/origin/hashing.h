/* Hashing of large files in the background, a slice at a time.
 */
#ifndef ORIGIN_HASHING_H
#define ORIGIN_HASHING_H

#include "origin/library.h"

/* Has a file hashed, unless someone does already: the outcome goes into its record, which exists.
 * `loop` takes the slices' ends. That memory is out is no failure: it will be asked for again. */
void hashing_begin(struct library *library, const char *path, const struct record_key *key,
                   const struct fs_stamp *stamp, struct loop *loop);

#endif
