/* The library: what all workers share of a directory tree. What is known of the bytes (content hash
 * by file stamp, coded variants, the persistent memo), the pool that hashes, the walk at start-up.
 */
#ifndef ORIGIN_LIBRARY_H
#define ORIGIN_LIBRARY_H

#include "io/fs.h"
#include "io/loop.h"
#include "io/work.h"
#include "origin/contents.h"
#include "origin/errands.h"
#include "origin/freshnessrule.h"
#include "origin/mediatype.h"
#include "origin/records.h"

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
    uint64_t file_in_memory_max; /* larger files are read as they are sent, unless they have
                                  * sidecars; at least 1 MiB counts */
    uint64_t paths_max;          /* paths each worker remembers */
    uint64_t records_max;        /* files whose digests are remembered */
    const char
        *mime_types; /* path of a mime.types file of the machine; NULL: built-in types only */
};

struct files_options files_options_default(void);

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

/* A worker's ear: posted to its loop when contents have left the library. */
struct library_ear {
    struct task task;
    struct loop *loop;
    atomic_bool posted;
    void (*heard)(void *owner);
    void *owner; /* of the loop's thread; NULL when closed */
    bool closed; /* of the library's lock */
    struct library_ear *next;
};

struct walk;
struct library_saving;

/* For origin/ only. */
struct library {
    struct fs *fs;
    struct files_options options;
    uint64_t small_max; /* files up to this size are read whole */
    struct mediatypes *types;
    struct records records;
    struct contents contents;
    struct errands errands;
    pthread_mutex_t lock; /* of the ears and the walk */
    struct library_ear *ears;
    struct walk *walk;
    struct library_saving *saving;
    void (*warn)(void *owner, const char *sentence);
    void *owner;
};

/* What a library works with; borrowed. */
struct library_setup {
    struct fs *fs;
    struct work *work;
    int64_t now; /* wall clock, ns */
    /* Is told, in one sentence each, what was ignored: a corrupt or foreign memo, a sidecar that
     * does not decode to its file, a file that cannot be read. From any thread. May be NULL. */
    void (*warn)(void *owner, const char *sentence);
    void *owner;
};

/* Opens the shared half. NULL when memory is out (ENOMEM), or a rule's value or the CORS value
 * cannot stand in a field (EINVAL). */
struct library *library_open(const struct library_setup *setup,
                             const struct files_options *options);

/* Begins to walk and hash the tree in the background (WORK_LATER). `loop` runs the completions, and
 * is the same each time. While a walk is under way another is not begun. */
void library_walk(struct library *library, struct loop *loop);

void library_progress(struct library *library, struct library_progress *to);

/* Writes the memo now if it changed (blocking; temporary file, fsync, rename). False and errno on
 * failure. Also done by the library itself: in the pool when the walk has settled and, if something
 * was learnt, some seconds later again and again; and at its end. */
bool library_save(struct library *library);

/* All `files` are closed, the work pool is idle or freed, and no loop runs any more; the walk's
 * loop is not freed yet. Saves the memo. */
void library_close(struct library *library);

/* For origin/: a new ear that stays with the library; NULL when memory is out. */
struct library_ear *library_listen(struct library *library, struct loop *loop,
                                   void (*heard)(void *owner), void *owner);
void library_unlisten(struct library *library, struct library_ear *ear);

/* For origin/: warns, "WHAT: PATH". */
void library_warn(struct library *library, const char *what, const char *path);

#endif
