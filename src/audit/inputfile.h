/* Input files: read in pieces, packed by gzip or plain.
 */
#ifndef AUDIT_INPUTFILE_H
#define AUDIT_INPUTFILE_H

#include "stet/span.h"

struct inputfile {
    void *packed; /* zlib's */
    char *room;
};

/* Opens a file; "-" is standard input. NULL, or what is wrong, in static words. inputfile_close
 * is due in either case. */
const char *inputfile_open(struct inputfile *file, const char *path);

/* The next octets, valid until the next call; an empty span at the end. NULL, or what is wrong. */
const char *inputfile_read(struct inputfile *file, struct stet_span *piece);

void inputfile_close(struct inputfile *file);

#endif
