/* The walk: the whole tree seen once, and every file hashed that is not known yet.
 */
#ifndef ORIGIN_WALK_H
#define ORIGIN_WALK_H

#include "io/fs.h"
#include "origin/errands.h"
#include "origin/records.h"

struct walk;

/* What a walk works with; all borrowed. */
struct walk_setup {
    struct fs *fs;
    struct records *records;
    struct errands *errands;
    struct loop *loop;
    /* A file cannot be read. From any thread. */
    void (*failed)(void *owner, const char *path);
    /* Everything has been dealt with. On the loop. */
    void (*settled)(void *owner);
    void *owner;
};

/* How far it has come. */
struct walk_progress {
    uint64_t found;
    uint64_t hashed;
    uint64_t recalled; /* known, not read */
    uint64_t failed;   /* unreadable, or changed while it was read */
    uint64_t bytes;    /* hashed */
    bool walked;       /* no directory is left to be looked into */
    bool settled;
};

/* Begins to walk. NULL when memory is out. */
struct walk *walk_new(const struct walk_setup *setup);

/* From any thread. */
void walk_progress(struct walk *walk, struct walk_progress *to);

/* It is settled, or its errands have been dropped. */
void walk_free(struct walk *walk);

#endif
