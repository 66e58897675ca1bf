/* Files: a directory tree, on the machine or in the simulated world.
 *
 * Every path is relative to the root it is used with, has no leading slash (the empty path is the
 * root), and can never leave that root: not by a ".." component, which is FS_NOT_FOUND, not by a
 * symbolic link, not by a mount trick (openat2, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS; where the
 * kernel has no openat2, every symbolic link is refused). Calls block, but only as long as a local
 * file system does.
 */
#ifndef IO_FS_H
#define IO_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct fs;
struct fs_file;

/* Failures as negative numbers. */
enum {
    FS_NOT_FOUND = -1, /* no such file, or not to be seen from this root */
    FS_FORBIDDEN = -2, /* no permission */
    FS_BROKEN = -3,    /* an I/O error, no memory */
    FS_BUSY = -4       /* no descriptors: later it may go well */
};

enum fs_kind { FS_REGULAR, FS_DIRECTORY, FS_OTHER };

/* What identifies one state of one file. Two equal stamps mean the same bytes unless the last
 * change fell within the clock's granularity (D-50). All of it takes part in fs_stamp_equal. */
struct fs_stamp {
    uint64_t device;
    uint64_t inode;
    uint64_t size;
    int64_t modified; /* mtime, ns since 1970 */
    int64_t changed;  /* ctime, ns since 1970 */
};

struct fs_state {
    struct fs_stamp stamp;
    enum fs_kind kind;
    uint32_t links; /* number of names the file has */
};

bool fs_stamp_equal(const struct fs_stamp *a, const struct fs_stamp *b);

/* Opens a directory as a root. NULL on failure, errno says why. */
struct fs *fs_open(const char *path);
void fs_close(struct fs *fs);

/* The state of a path (symbolic links followed). 0 or a failure. One system call on the machine; a
 * caller that compares the stamp with one taken by fs_file_state knows that it means the same
 * file, whatever links the path went through. */
int fs_state(struct fs *fs, const char *path, struct fs_state *state);

/* Opens a file for reading; never blocks on FIFOs or devices (they open, and have kind FS_OTHER).
 * 0 and `*file`, or a failure. */
int fs_file_open(struct fs *fs, const char *path, struct fs_file **file);
void fs_file_close(struct fs_file *file);

/* The state of an open file. 0 or a failure. */
int fs_file_state(struct fs_file *file, struct fs_state *state);

/* Reads at most `size` bytes at `offset`: how many came, 0 at the end, or a failure. */
ssize_t fs_file_read(struct fs_file *file, void *to, size_t size, uint64_t offset);

/* Calls `each` with every name in a directory, "." and ".." left out, in no order; `each` returns
 * false to stop. A symbolic link has the kind of what it leads to, or FS_OTHER when it may not be
 * followed; links to directories can make a tree endless. 0 or a failure. */
int fs_list(struct fs *fs, const char *path,
            bool (*each)(void *owner, const char *name, enum fs_kind kind), void *owner);

#endif
