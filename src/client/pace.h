/* Pace: when to ask again, so that nobody is asked in vain or all at once.
 */
#ifndef CLIENT_PACE_H
#define CLIENT_PACE_H

#include "stet/head.h"

/* What the last answer said, and how asking went. */
struct pace {
    int64_t interval;    /* ms, as the user wants it */
    int64_t ttl;         /* s that the answer stays fresh; negative: it is stale */
    int64_t retry_after; /* s, 0: not said */
    unsigned failures;   /* in a row */
    uint64_t random;     /* any number */
};

/* Milliseconds to wait: the interval, doubled with each failure up to sixteenfold; not less than
 * the answer stays fresh or Retry-After asks for; and up to a tenth of it more, by chance, so that
 * those who began together do not go on together. At most a day, whatever the server says. */
int64_t pace_next(const struct pace *pace);

/* A status that may be another one soon: the server was busy, or something behind it. */
bool pace_is_transient(int status);

/* One of these that says that the request was not done. */
bool pace_is_undone(int status);

/* The seconds of Retry-After: a number, or a date after `now` (s) [RFC 9110 §10.2.3]. 0 if it is
 * absent, invalid or past. */
int64_t pace_retry_after(const struct stet_head *head, int64_t now);

#endif
