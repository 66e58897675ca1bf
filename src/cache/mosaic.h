/* Mosaics: stretches of one content that several entries hold, laid together.
 */
#ifndef CACHE_MOSAIC_H
#define CACHE_MOSAIC_H

#include "stet/parts.h"
#include "store/entry.h"

enum { MOSAIC_MAX = 4 * STET_PARTS_MAX };

/* Octets of the whole that an entry has. */
struct mosaic_piece {
    struct stet_range range;
    struct entry *entry;
    uint64_t offset; /* in its content */
};

/* The caller's memory; `parts.length` is set, all else zero at first. Borrows the entries. */
struct mosaic {
    struct stet_parts parts; /* what it makes, once it is laid */
    size_t count;
    struct mosaic_piece at[MOSAIC_MAX]; /* what there is; then what is laid, in order */
};

/* Adds an entry, sealed, that holds `parts` one behind the other. False if there are too many
 * pieces: then nothing of it is added. */
bool mosaic_add(struct mosaic *mosaic, struct entry *entry, const struct stet_parts *parts);

/* Chooses from what there is, so that no octet is taken twice. False if too many stretches are left
 * apart. */
bool mosaic_lay(struct mosaic *mosaic);

/* Octets of content that are laid. */
uint64_t mosaic_length(const struct mosaic *mosaic);

/* Lending the pieces would keep more memory than copying them takes, by far. */
bool mosaic_is_wasteful(const struct mosaic *mosaic);

/* Appends the octets of one piece to an entry. False when memory is out: then that is broken. */
bool mosaic_copy(const struct mosaic_piece *piece, struct entry *to);

/* Fills an entry with it: by copying, or by lending if it was made with 0 expected. False when
 * memory is out: then the entry is broken. */
bool mosaic_fill(const struct mosaic *mosaic, struct entry *entry, bool copied);

#endif
