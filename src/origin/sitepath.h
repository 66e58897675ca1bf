/* Paths of requests: which of them may name a file, and which file that is.
 */
#ifndef ORIGIN_SITEPATH_H
#define ORIGIN_SITEPATH_H

#include "stet/span.h"

/* The longest path of a file, final NUL included. */
#define SITEPATH_ROOM 4096

enum sitepath_kind {
    SITEPATH_NONE,     /* hidden, empty segments, "..", too long: leads nowhere */
    SITEPATH_FILE,     /* "/a/b" */
    SITEPATH_DIRECTORY /* "/a/b/": its index.html is meant */
};

/* Reads a decoded path that begins with "/" and writes the path of the file below the root. */
enum sitepath_kind sitepath_read(struct stet_span path, char to[SITEPATH_ROOM]);

/* Cuts a path of a file to the directory it is in; "" is the root. */
void sitepath_cut(char *path);

/* A name that is not shown and not walked: it begins with "." (".well-known" in the root is not
 * hidden). */
bool sitepath_hidden(struct stet_span segment, bool in_root);

#endif
