/* Conditions: the questions about validators as a table, condition.tbl. Each row is the lines of a
 * request made of the validators of an answer, and the finding it leads to if the server answers
 * otherwise than libstet.
 */
#ifndef AUDIT_CONDITION_H
#define AUDIT_CONDITION_H

#include "audit/finding.h"
#include "audit/probe.h"

/* What a row takes for granted. */
enum condition_need {
    CONDITION_TAG = 1,         /* there is an entity tag */
    CONDITION_STRONG = 2,      /* which is strong */
    CONDITION_DATE = 4,        /* there is a Last-Modified */
    CONDITION_TAG_WORKS = 8,   /* the own tag yielded 304 */
    CONDITION_DATE_WORKS = 16, /* the own date yielded 304 */
    CONDITION_RANGES = 32,     /* ranges are supported */
    CONDITION_ORIGIN = 64,     /* only an origin server looks at it: not asked if a cache answers */
    CONDITION_HEAD = 128,      /* HEAD is answered as GET is */
    CONDITION_WHOLE = 256,     /* the right answer is the whole content, which is not too large */
    CONDITION_MATCH_WORKS = 512,     /* another tag in If-Match was refused */
    CONDITION_IF_RANGE_WORKS = 1024, /* another tag in If-Range yielded the whole */
};

struct condition {
    const char *name;   /* "its tag in a list" */
    const char *method; /* "GET" or "HEAD" */
    const char *lines;  /* with %T (the tag), %O (it without W/), %D %E %F (Last-Modified in the
                           three forms), %B %L (an earlier date, a later one) in it, "\n" between */
    unsigned needs;
    enum finding_id finding;
    bool fresh; /* on a connection of its own */
};

enum condition_id {
#define CONDITION(id, ...) CONDITION_##id##_ROW,
#include "audit/condition.tbl"
#undef CONDITION
    CONDITION_COUNT
};

const struct condition *condition_row(enum condition_id id);

/* Writes the row's lines for the validators of `base`; for memory_free. NULL when memory is out. */
char *condition_lines(const struct condition *condition, const struct probe *base);

/* What of CONDITION_TAG, _STRONG, _DATE and _ORIGIN `base` has. */
unsigned condition_has(const struct probe *base);

#endif
