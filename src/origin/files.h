/* A directory as an origin: finds the representation for a path, and keeps it true.
 *
 * Two halves. `library` is shared by all workers: what is known of the bytes (content hash by
 * file stamp, coded variants, the persistent memo), the pool that hashes, the tree walk at
 * start-up. `files` is one worker's view: a table from path to representation, checked against
 * the file system at most once per turn of the loop and always before an answer is given.
 */
#ifndef ORIGIN_FILES_H
#define ORIGIN_FILES_H

#include "io/fs.h"
#include "io/loop.h"
#include "io/work.h"
#include "origin/representation.h"
#include "stet/coding.h"

/* A rule of --cache-control 'GLOB=VALUE': the first glob that matches the path (without its leading
 * slash; fnmatch, where "*" crosses slashes) decides. */
struct files_rule {
    const char *glob;
    const char *value;
};

/* What the operator asked for. All strings are borrowed and outlive the library. */
struct files_options {
    const char *memo_path; /* file of the persistent memo; NULL: none is kept */
    const struct files_rule *rules;
    size_t rule_count;
    const char *cors;            /* value of Access-Control-Allow-Origin; NULL: not sent */
    bool browse;                 /* list directories that have no index.html */
    bool spa;                    /* paths that lead nowhere give /index.html with 200 */
    bool compress;               /* make gzip, brotli and zstd variants (on by default) */
    uint64_t bytes_in_memory;    /* budget for contents and variants kept in memory */
    uint64_t file_in_memory_max; /* larger files are read as they are sent */
};

struct files_options files_options_default(void);

struct library;

/* What the walk and the hashing have come to, for the progress line and the tests. Monotonic. */
struct library_progress {
    uint64_t files_found;
    uint64_t files_hashed;   /* read and hashed */
    uint64_t files_recalled; /* known from the memo, not read */
    uint64_t files_failed;   /* could not be read */
    uint64_t bytes_hashed;
    bool walked;  /* the whole tree has been seen */
    bool settled; /* ... and everything found has been dealt with */
};

/* Opens the shared half on `fs` (borrowed). `now` is the wall clock in ns. `warn` is told, in one
 * sentence each, of what was ignored: a corrupt or foreign memo, a sidecar that does not decode
 * to its file, a file that cannot be read. It may be called from any thread. NULL when memory is
 * out. */
struct library *library_open(struct fs *fs, struct work *work, const struct files_options *options,
                             int64_t now, void (*warn)(void *owner, const char *sentence),
                             void *owner);

/* Begins to walk and hash the tree in the background (WORK_LATER). `loop` runs the completions. */
void library_walk(struct library *library, struct loop *loop);

void library_progress(struct library *library, struct library_progress *to);

/* Writes the memo now if it changed (blocking; temporary file, fsync, rename). False and errno on
 * failure. Also done by the library itself, from time to time and when the walk has settled. */
bool library_save(struct library *library);

/* All `files` are closed and the work pool is idle or freed. Saves the memo. */
void library_close(struct library *library);

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
    FILES_BROKEN          /* the machine fails: 500 */
};

/* One question. Borrowed until the answer; on FILES_WAIT the asker keeps it alive until the waiter
 * has run or files_forget. */
struct files_query {
    struct stet_span path; /* decoded, begins with "/", may hold any octet but NUL */
    struct stet_accepted_codings accepted;
    uint64_t
        moment; /* what was learnt of a file at an equal moment is new enough for this request */
    struct task waiter;                    /* `run` set by the asker */
    struct files_query *next;              /* for files */
    void *waits_on;                        /* for files */
    struct representation *representation; /* the answer */
};

/* Hidden names (a segment that begins with "."), "..", empty segments ("//") and paths that leave
 * the tree are FILES_MISSING. "/.well-known/" is not hidden. */
enum files_answer files_find(struct files *files, struct files_query *query);

/* Takes a waiting query back. */
void files_forget(struct files *files, struct files_query *query);

#endif
