/* Last-Modified of a file: a date that never lies, made of a clock that counts whole seconds.
 */
#ifndef ORIGIN_LASTMODIFIED_H
#define ORIGIN_LASTMODIFIED_H

#include "io/fs.h"

/* No date: the field is not sent. */
#define LASTMODIFIED_NONE INT64_MIN

/* The date (seconds since 1970) of bytes seen for the first time at `now` (ns): the file's mtime;
 * where that is later than now its ctime, where that is too, now. None for times before 1990, which
 * are what tools write that want reproducible archives. */
int64_t lastmodified_first(const struct fs_stamp *stamp, int64_t now);

/* The date of bytes that stand where other bytes with the date `before` stood: as above, but always
 * later than `before` if that can have been sent. It may be in the future: then it is not to be
 * sent until that second has come. */
int64_t lastmodified_changed(const struct fs_stamp *stamp, int64_t before, int64_t now);

/* May the date be sent at `now` (ns): it is not later than Date [RFC 9110 §8.8.2.1]. */
static inline bool lastmodified_sendable(int64_t modified, int64_t now)
{
    return modified != LASTMODIFIED_NONE && modified <= now / 1000000000;
}

#endif
