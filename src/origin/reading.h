/* Readings: a small file read off the loop for one worker's entry, and what came of it.
 */
#ifndef ORIGIN_READING_H
#define ORIGIN_READING_H

#include "origin/fileentry.h"
#include "origin/load.h"

struct reading {
    struct errand errand;
    struct fileentry *entry; /* NULL: no one is interested any more */
    struct library *library;
    struct loop *loop;
    struct load load;
    struct content *content; /* if there was room */
    uint64_t moment;         /* it begins after this moment of the world */
    bool listing;            /* of the directory the file would be in */
    uint64_t max;            /* size of the file */
    int64_t began;           /* wall clock, ns, not later than the real beginning */
    void (*done)(void *owner, struct fileentry *entry);
    void *owner;
    char path[];
};

/* Begins to read the file of an entry, or to list its directory. No reading of it is under way.
 * `done` is called on `loop` when the entry knows what it found; not if the entry is taken away
 * before by reading_abandon. Of `as` loop, moment, listing, done and owner count. False when memory
 * is out. */
bool reading_begin(struct fileentry *entry, const struct reading *as);

/* The entry goes. */
void reading_abandon(struct reading *reading);

#endif
