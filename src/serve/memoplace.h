/* Where the memo of a directory is, unless the operator says: a file of its own in a cache
 * directory.
 */
#ifndef SERVE_MEMOPLACE_H
#define SERVE_MEMOPLACE_H

#include <stdbool.h>

/* Room for any such path. */
#define MEMOPLACE_PATH 4096

/* Writes the path for a directory that is there: in $XDG_CACHE_HOME/stet if that is set,
 * in /var/cache/stet if this process may write there, else in ~/.cache/stet. False if there is no
 * such place. Makes nothing. */
bool memoplace_find(const char *directory, char to[MEMOPLACE_PATH]);

/* Makes the directories that such a path needs, for this user alone. Whether it went well shows
 * when the memo is saved. */
void memoplace_make(const char *path);

#endif
