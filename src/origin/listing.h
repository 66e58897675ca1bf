/* Listings: a page that shows what a directory holds (--browse).
 */
#ifndef ORIGIN_LISTING_H
#define ORIGIN_LISTING_H

#include "base/chunk.h"
#include "io/fs.h"

/* Names shown at most; a page says when it leaves some out. */
#define LISTING_MAX 10000

/* Makes the page of `directory` (below the root, "" for the root itself): HTML in UTF-8, one
 * reference the caller's. Hidden names, and what is neither file nor directory, are left out. 0, or
 * a failure of io/fs.h (FS_BROKEN as well when memory is out). Blocks. */
int listing_make(struct fs *fs, const char *directory, struct chunk **page);

#endif
