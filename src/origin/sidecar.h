/* Sidecars: files beside a file that hold it in a coding (style.css.br beside style.css).
 */
#ifndef ORIGIN_SIDECAR_H
#define ORIGIN_SIDECAR_H

#include "io/fs.h"
#include "origin/contents.h"

/* Looks at the sidecars of `path`, of which `content` is the content, and makes those that are new
 * or have changed its variants. One that does not decode to exactly this content is not used, and
 * `refused` is told its path, once. Blocks. From any thread. */
void sidecar_look(struct fs *fs, const char *path, struct content *content,
                  void (*refused)(void *owner, const char *path), void *owner);

/* A file too large to be kept in memory is read whole nevertheless if it has sidecars, up to here.
 */
#define SIDECAR_FILE_MAX (UINT64_C(64) << 20)

/* There is a file that may be a sidecar of `path`. */
bool sidecar_present(struct fs *fs, const char *path);

/* A file of this name may have sidecars: it is none itself. */
bool sidecar_possible(struct stet_span path);

#endif
