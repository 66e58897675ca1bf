/* Progress of the hashing, for people: a line that moves on a terminal, few lines elsewhere.
 */
#ifndef SERVE_PROGRESS_H
#define SERVE_PROGRESS_H

#include "io/loop.h"
#include "origin/files.h"

struct progress {
    struct loop *loop;
    struct library *library;
    struct timer timer;
    int64_t begun; /* ns of loop_now */
    int64_t said;  /* when the last line was written */
    bool quiet, terminal, running;
};

void progress_init(struct progress *progress, struct loop *loop, struct library *library,
                   bool quiet);

/* Watches a walk that has just begun. */
void progress_begin(struct progress *progress);

/* Stops watching. */
void progress_end(struct progress *progress);

#endif
