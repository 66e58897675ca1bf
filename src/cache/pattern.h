/* Patterns: regular expressions (pcre2) that an operator writes, in octets, with bounded effort.
 */
#ifndef CACHE_PATTERN_H
#define CACHE_PATTERN_H

#include "stet/span.h"

/* Room for any message of pattern_new, with its final NUL. */
#define PATTERN_MESSAGE 160

/* A compiled expression: immutable, for any thread. */
struct pattern;

/* Compiles `text`. NULL if it is no regular expression, or memory is out: `message` then says what
 * is wrong, and where. */
struct pattern *pattern_new(struct stet_span text, char message[PATTERN_MESSAGE]);

/* NULL is allowed. */
void pattern_free(struct pattern *pattern);

enum pattern_found {
    PATTERN_FOUND,
    PATTERN_NONE,
    PATTERN_FAILED /* past a limit of effort, or memory is out: nothing is known */
};

/* Where one search was successful: octets `first` up to, not including, `end`. */
struct pattern_match {
    size_t first;
    size_t end;
};

/* Scratch for searches, one at a time, and how much effort they may take together. */
struct pattern_scratch {
    uint64_t effort; /* steps that are left, a hundredth of a microsecond each or so */
    void *data;      /* private; NULL at first */
    void *limits;
};

/* Effort for a few hundredths of a second. */
#define PATTERN_EFFORT UINT64_C(4000000)

void pattern_scratch_fini(struct pattern_scratch *scratch);

/* Searches `text` from the offset `from` on for the first match. */
enum pattern_found pattern_find(const struct pattern *pattern, struct stet_span text, size_t from,
                                struct pattern_scratch *scratch, struct pattern_match *match);

#endif
