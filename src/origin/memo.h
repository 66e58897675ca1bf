/* The memo: the records on disk, so that a restart knows the tree without reading it again.
 */
#ifndef ORIGIN_MEMO_H
#define ORIGIN_MEMO_H

#include "origin/records.h"

enum memo_outcome {
    MEMO_LOADED,
    MEMO_ABSENT,    /* there is no such file */
    MEMO_CORRUPT,   /* not a memo, of another version, cut off, or damaged */
    MEMO_FOREIGN,   /* of another directory: only its dates were taken over */
    MEMO_UNTRUSTED, /* others may write it, or it belongs to someone else */
    MEMO_BROKEN     /* it cannot be read, or memory is out; errno says why */
};

/* A word for people, NULL for what is no problem. */
const char *memo_complaint(enum memo_outcome outcome);

/* Loads the file at `path` into the records of the directory whose stamp is `root`. All or nothing:
 * what fails one check is not used at all. Of another directory's memo the records are loaded
 * without their stamps, so that only Last-Modified learns from them. A hashing that is said to have
 * begun after `now` (wall clock, ns) settles nothing. */
enum memo_outcome memo_load(const char *path, const struct fs_stamp *root, int64_t now,
                            struct records *records);

/* Writes the records to a temporary file beside `path`, readable by its owner only, syncs it and
 * renames it over `path`. With `only_seen` those that the last walk has not seen are left out.
 * False and errno on failure; the old file is then as it was. */
bool memo_save(const char *path, const struct fs_stamp *root, struct records *records,
               bool only_seen);

#endif
