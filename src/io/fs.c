/* The file calls that the back ends share: what a path may be, and the way into the table.
 *
 * A path with a ".." is refused here, before any back end sees it: the state of a path is asked
 * without the kernel's fence (fs_openat.c), and no one who names a file below a root needs one.
 */
#include "io/fs.h"

#include "io/fs_ops.h"

#include <string.h>

bool fs_stamp_equal(const struct fs_stamp *a, const struct fs_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified == b->modified && a->changed == b->changed;
}

static bool fs_path_allowed(const char *path)
{
    if (path[0] == '/')
        return false;
    for (const char *part = path; part;) {
        const char *end = strchr(part, '/');
        size_t len = end ? (size_t)(end - part) : strlen(part);
        if (len == 2 && part[0] == '.' && part[1] == '.')
            return false;
        part = end ? end + 1 : NULL;
    }
    return true;
}

void fs_close(struct fs *fs)
{
    fs->ops->close(fs);
}

int fs_state(struct fs *fs, const char *path, struct fs_state *state)
{
    if (!fs_path_allowed(path))
        return FS_NOT_FOUND;
    return fs->ops->state(fs, path[0] ? path : ".", state);
}

int fs_file_open(struct fs *fs, const char *path, struct fs_file **file)
{
    if (!fs_path_allowed(path))
        return FS_NOT_FOUND;
    return fs->ops->file_open(fs, path[0] ? path : ".", file);
}

void fs_file_close(struct fs_file *file)
{
    file->ops->file_close(file);
}

int fs_file_state(struct fs_file *file, struct fs_state *state)
{
    return file->ops->file_state(file, state);
}

ssize_t fs_file_read(struct fs_file *file, void *to, size_t size, uint64_t offset)
{
    return file->ops->file_read(file, to, size, offset);
}

int fs_list(struct fs *fs, const char *path,
            bool (*each)(void *owner, const char *name, enum fs_kind kind), void *owner)
{
    if (!fs_path_allowed(path))
        return FS_NOT_FOUND;
    return fs->ops->list(fs, path[0] ? path : ".", each, owner);
}
