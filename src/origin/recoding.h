/* Recodings: a content given another form off the loop, for one worker's entry that waits for it.
 */
#ifndef ORIGIN_RECODING_H
#define ORIGIN_RECODING_H

#include "origin/fileentry.h"

/* What is to be done to the entry's content. */
enum recoding_task {
    RECODING_ENCODE,  /* make the variant of one coding */
    RECODING_SIDECARS /* look whether there are new sidecars */
};

struct recoding {
    struct errand errand;
    struct recoding *next;   /* of the entry */
    struct fileentry *entry; /* NULL: no one is interested any more */
    struct library *library;
    struct content *content;
    enum recoding_task task;
    enum stet_coding coding;
    void (*done)(void *owner, struct fileentry *entry);
    void *owner;
    char path[];
};

/* Begins, unless the same is under way. `done` is called on `loop` when the content has what could
 * be made of it; not if the entry is taken away before by recoding_abandon. False when memory is
 * out. */
bool recoding_begin(struct fileentry *entry, const struct recoding *as, struct loop *loop);

/* The entry goes. */
void recoding_abandon(struct recoding *first);

#endif
