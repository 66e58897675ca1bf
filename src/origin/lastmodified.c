/* Chooses the date that stands for some bytes, so that If-Modified-Since alone is never fooled.
 *
 * The mtime is only a proposal: archives set it to constants, editors restore it, clocks run ahead.
 * What counts is the order: bytes that replace others get a later date, and dates lie in the past.
 *
 * Given up: a date for every file. Where the mtime is nonsense and nothing was sent before, the tag
 * alone serves.
 */
#include "origin/lastmodified.h"

#define LASTMODIFIED_SECOND INT64_C(1000000000)

/* 1990-01-01: older than the web, younger than all the constants of archivers (1970, 1980, 1984,
 * 1985). */
#define LASTMODIFIED_OLDEST INT64_C(631152000)

/* A date this far ahead (ns) was surely not sent by a worker whose clock reading was a bit newer.
 */
#define LASTMODIFIED_MARGIN (LASTMODIFIED_SECOND / 2)

static int64_t lastmodified_second(int64_t ns)
{
    return ns >= 0 ? ns / LASTMODIFIED_SECOND : -1;
}

static int64_t lastmodified_changed_second(const struct fs_stamp *stamp, int64_t now)
{
    int64_t second = lastmodified_second(stamp->changed);
    int64_t present = lastmodified_second(now);
    return second > present || second < LASTMODIFIED_OLDEST ? present : second;
}

int64_t lastmodified_first(const struct fs_stamp *stamp, int64_t now)
{
    int64_t second = lastmodified_second(stamp->modified);
    if (second < LASTMODIFIED_OLDEST)
        return LASTMODIFIED_NONE;
    /* [RFC 9110 §8.8.2.1] */
    return second <= lastmodified_second(now) ? second : lastmodified_changed_second(stamp, now);
}

int64_t lastmodified_changed(const struct fs_stamp *stamp, int64_t before, int64_t now)
{
    int64_t first = lastmodified_first(stamp, now);
    if (before == LASTMODIFIED_NONE || (first != LASTMODIFIED_NONE && first > before))
        return first;
    bool sent = before <= (now + LASTMODIFIED_MARGIN) / LASTMODIFIED_SECOND;
    int64_t least = sent ? before + 1 : before;
    int64_t second = lastmodified_changed_second(stamp, now);
    return second > least ? second : least;
}
