/* What a back end gives to the file calls. Inside io/ only.
 *
 * A back end embeds `struct fs` and `struct fs_file` as the first members of its own structs.
 */
#ifndef IO_FS_OPS_H
#define IO_FS_OPS_H

#include "io/fs.h"

struct fs_ops {
    void (*close)(struct fs *fs);
    int (*state)(struct fs *fs, const char *path, struct fs_state *state);
    int (*list)(struct fs *fs, const char *path,
                bool (*each)(void *owner, const char *name, enum fs_kind kind), void *owner);
    int (*file_open)(struct fs *fs, const char *path, struct fs_file **file);
    void (*file_close)(struct fs_file *file);
    int (*file_state)(struct fs_file *file, struct fs_state *state);
    ssize_t (*file_read)(struct fs_file *file, void *to, size_t size, uint64_t offset);
};

struct fs {
    const struct fs_ops *ops;
};

struct fs_file {
    const struct fs_ops *ops;
};

/* fs_open as on a kernel without openat2, for its test. */
struct fs *fs_open_walking(const char *path);

#endif
