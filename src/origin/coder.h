/* Content codings of whole contents in memory: gzip, zstd, brotli.
 */
#ifndef ORIGIN_CODER_H
#define ORIGIN_CODER_H

#include "base/chunk.h"
#include "stet/coding.h"

/* Codes `len` bytes, at a level that suits the size: the same bytes give the same coded bytes with
 * the same version of the coding's library. NULL when the result would not be smaller by a
 * twentieth and 64 bytes at least, or memory is out. Blocks. */
struct chunk *coder_encode(enum stet_coding coding, const void *bytes, size_t len);

/* Does `coded` decode to exactly these bytes, with nothing behind it, in a way that every recipient
 * can do: one gzip member, one zstd frame with a window of at most 8 MiB, no large-window brotli?
 * Never writes more than `len` bytes, whatever `coded` says. False as well when memory is out.
 * Blocks. */
bool coder_decodes_to(enum stet_coding coding, struct stet_span coded, const void *bytes,
                      size_t len);

#endif
