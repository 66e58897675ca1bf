/* A directory as an origin: finds the representation for a path, and keeps it true.
 *
 * Two halves. `library` (library.h) is shared by all workers. `files` is one worker's view: a table
 * from path to representation, checked against the file system at most once per turn of the loop
 * and always before an answer is given.
 */
#ifndef ORIGIN_FILES_H
#define ORIGIN_FILES_H

#include "io/loop.h"
#include "origin/library.h"
#include "origin/representation.h"
#include "stet/coding.h"

struct files;

/* One worker's view. NULL when memory is out. */
struct files *files_open(struct library *library, struct loop *loop);
void files_close(struct files *files);

enum files_answer {
    FILES_FOUND,     /* `representation`, one reference the caller's; status 200 */
    FILES_WAIT,      /* not known yet: `waiter` runs when asking again makes sense */
    FILES_MISSING,   /* 404; `representation` is that of /404.html if there is one, else NULL */
    FILES_REDIRECT,  /* a directory asked for without its slash: 301 to the path with a slash */
    FILES_FORBIDDEN, /* there, but not readable: 403 */
    FILES_NOT_ACCEPTABLE, /* no available coding is acceptable, identity included: 406 */
    FILES_BUSY,           /* there are no descriptors now: 503 */
    FILES_BROKEN          /* the machine fails: 500 */
};

/* One question. Borrowed until the answer; on FILES_WAIT the asker keeps it alive until the waiter
 * has run or files_forget. The waiter runs from within a done job, not through loop_defer, and may
 * ask again at once. All that the asker does not set is zero at first; a struct may be used for the
 * next question after an answer other than FILES_WAIT. */
struct files_query {
    struct stet_span path; /* decoded, begins with "/", may hold any octet but NUL */
    struct stet_accepted_codings accepted;
    uint64_t moment;    /* what was learnt at this moment or later is new enough for this request; a
                         * worker's moments never go back */
    struct task waiter; /* `run` set by the asker */
    struct representation *representation; /* the answer */
    struct files_query *next;              /* for files */
    struct files_query **waits_on;         /* for files */
};

/* Hidden names (a segment that begins with "."), "..", empty segments ("//") and paths that leave
 * the tree are FILES_MISSING. "/.well-known/" is not hidden. */
enum files_answer files_find(struct files *files, struct files_query *query);

/* How many paths are remembered. */
size_t files_count(const struct files *files);

/* Takes a waiting query back. */
void files_forget(struct files *files, struct files_query *query);

#endif
