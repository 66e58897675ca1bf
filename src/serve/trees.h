/* Trees: the directories that a server serves, each with its library, kept from one configuration
 * to the next.
 *
 * Routes with the same directory and options share one. Two that differ in options never share a
 * memo: the second one's file has ".2" behind its name.
 *
 * A route whose directory and options are as they were goes on with the library it had, and what
 * that knows. One that no route wants any more rests until the server ends: requests may still be
 * answered from it.
 */
#ifndef SERVE_TREES_H
#define SERVE_TREES_H

#include "serve/progress.h"
#include "serve/site.h"

struct tree;

struct trees {
    struct tree *first;
    bool quiet; /* no progress on standard error */
};

/* Opens the directories of all files routes that are not open yet. False when memory is out (errno
 * says so) or a directory cannot be opened: then `*directory` names it, and errno says why. What
 * was opened for it stays, and is closed with the others. `config` is kept by a reference. */
bool trees_open(struct trees *trees, struct config *config, const char **directory);

/* Some directory is open. */
bool trees_any(const struct trees *trees);

/* What libraries work with; borrowed, and outlives them. */
struct trees_setup {
    struct loop *loop;
    struct work *work;
    void (*warn)(void *owner, const char *sentence);
    void *owner;
};

/* Opens the libraries that are not open yet and puts those of all files routes into the grounds,
 * whose configuration was opened before. False when memory is out. */
bool trees_furnish(struct trees *trees, const struct trees_setup *setup, struct grounds *grounds);

/* Walks and hashes what has not been walked, or with `again` everything, and shows progress. */
void trees_walk(struct trees *trees, struct loop *loop, bool again);

/* Stops showing progress. */
void trees_rest(struct trees *trees);

/* Closes everything: the pool is freed and no loop runs any more, but is still there. */
void trees_close(struct trees *trees);

#endif
