/* Targets: the URLs an audit is to look at, and how often each was asked for.
 *
 * Memory is bounded (inputlimit.tbl): with too many URLs the rarer half of them is forgotten, so
 * that what a site is asked for most stays, however long the log.
 */
#ifndef AUDIT_TARGETS_H
#define AUDIT_TARGETS_H

#include "base/map.h"
#include "stet/span.h"

/* A URL. */
struct target {
    char *url;          /* absolute, http or https, without a fragment */
    uint64_t requests;  /* how often it was asked for; 1 for one that was named */
    uint64_t repeats;   /* of these: 200 with as many octets as the same client already had */
    uint64_t octets;    /* of content, sent with the repeats */
    uint64_t validated; /* of the requests: answered 304 */
    uint64_t order;     /* when it came first, among all */
};

struct targets {
    struct map map;
    size_t most;
    uint64_t order;
    uint64_t forgotten;   /* URLs that were too rare to be kept */
    uint64_t *visits;     /* fingerprints of who had what; NULL until there is one */
    struct target **list; /* by targets_list */
};

/* One request of the past. */
struct target_visit {
    struct stet_span url;
    struct stet_span client; /* whatever tells one from another */
    int status;
    uint64_t octets; /* of content, that were sent */
};

/* Keeps at most `most` URLs. */
void targets_init(struct targets *targets, size_t most);
void targets_fini(struct targets *targets);

/* What became of a URL that was offered. */
enum targets_result {
    TARGETS_TAKEN,
    TARGETS_UNFIT, /* no URL of http or https, or longer than the limit */
    TARGETS_MEMORY
};

/* Adds a URL that is to be looked at, counted once. */
enum targets_result targets_add(struct targets *targets, struct stet_span url);

/* Counts a request of the past. */
enum targets_result targets_visit(struct targets *targets, const struct target_visit *visit);

/* All of them, those asked for most first, of equals the one that came first; `*count` of them,
 * true until the next call or change. NULL when memory is out. */
struct target *const *targets_list(struct targets *targets, size_t *count);

#endif
