/* Files of the machine, opened beneath a root by openat2.
 *
 * The kernel resolves each path with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS, so that neither a
 * symbolic link nor a rename under our feet leads out. Only fs_state goes without: statx knows no
 * such fence, and what it tells is compared with the stamp of a file that was opened inside it.
 *
 * Where openat2 is missing (a kernel before 5.6, or a sandbox that refuses the call) a path is
 * walked one component at a time, and every symbolic link is refused.
 *
 * Given up: keeping directories open to shorten the walk. The kernel's own cache is fast enough,
 * and a kept directory would go on showing a tree that a deploy has moved away.
 */
#include "io/fs_ops.h"

#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { FS_RETRIES = 16 };

struct fs_openat {
    struct fs fs;
    int root;
    bool walk; /* no openat2 here */
};

struct fs_openat_file {
    struct fs_file file;
    int fd;
};

static int fs_failure(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EXDEV: /* the path leads out of the root */
    case ENAMETOOLONG:
        return FS_NOT_FOUND;
    case EMFILE:
    case ENFILE:
        return FS_BUSY;
    case EACCES:
    case EPERM:
    case ENXIO: /* a unix socket, or a device that is not there */
        return FS_FORBIDDEN;
    default:
        return FS_BROKEN;
    }
}

/* Opens beneath `root`; -1 and errno. */
static int fs_open_fenced(int root, const char *path, int flags)
{
    const struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd = -1;
    /* EAGAIN: something was renamed meanwhile, and the kernel could not tell where that led. */
    for (int left = FS_RETRIES; left > 0 && fd < 0; left--) {
        fd = syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd < 0 && errno != EAGAIN && errno != EINTR)
            break;
    }
    return (int)fd;
}

/* The same without openat2, a component at a time; `root` stays open. */
static int fs_open_walk(int root, const char *path, int flags)
{
    char part[NAME_MAX + 1];
    int at = root;
    for (;;) {
        const char *end = strchrnul(path, '/');
        const bool last = end[strspn(end, "/")] == '\0';
        const size_t len = (size_t)(end - path);
        int next = -1;
        if (len <= NAME_MAX) {
            memcpy(part, path, len);
            part[len] = '\0';
            int how = last && *end == '\0' ? flags : O_PATH | O_DIRECTORY;
            if (last && *end == '/')
                how = flags | O_DIRECTORY;
            next = openat(at, len > 0 ? part : ".", how | O_NOFOLLOW | O_CLOEXEC);
        } else {
            errno = ENAMETOOLONG;
        }
        int why = errno;
        if (at != root)
            close(at);
        errno = why;
        if (next < 0 || last)
            return next;
        at = next;
        path = end + strspn(end, "/");
    }
}

static int fs_open_beneath(const struct fs_openat *fs, const char *path, int flags)
{
    return fs->walk ? fs_open_walk(fs->root, path, flags) : fs_open_fenced(fs->root, path, flags);
}

static enum fs_kind fs_kind_of(unsigned mode)
{
    return S_ISREG(mode) ? FS_REGULAR : S_ISDIR(mode) ? FS_DIRECTORY : FS_OTHER;
}

static int64_t fs_time(const struct statx_timestamp *time)
{
    return time->tv_sec * 1000000000 + time->tv_nsec;
}

static int fs_statx(int fd, const char *path, int flags, struct fs_state *state)
{
    struct statx got;
    if (statx(fd, path, flags | AT_STATX_SYNC_AS_STAT | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &got))
        return fs_failure(errno);
    *state = (struct fs_state){
        .stamp = {.device = makedev(got.stx_dev_major, got.stx_dev_minor),
                  .inode = got.stx_ino,
                  .size = got.stx_size,
                  .modified = fs_time(&got.stx_mtime),
                  .changed = fs_time(&got.stx_ctime)},
        .kind = fs_kind_of(got.stx_mode),
        .links = got.stx_nlink,
    };
    return 0;
}

static int fs_openat_state(struct fs *fs, const char *path, struct fs_state *state)
{
    return fs_statx(((const struct fs_openat *)fs)->root, path, 0, state);
}

static int fs_openat_file_open(struct fs *fs, const char *path, struct fs_file **file)
{
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    int fd = fs_open_beneath((const struct fs_openat *)fs, path, flags);
    if (fd < 0)
        return fs_failure(errno);
    struct fs_openat_file *opened = memory_new(sizeof *opened);
    if (!opened) {
        close(fd);
        return FS_BROKEN;
    }
    *opened = (struct fs_openat_file){.file.ops = fs->ops, .fd = fd};
    *file = &opened->file;
    return 0;
}

static void fs_openat_file_close(struct fs_file *file)
{
    struct fs_openat_file *opened = (struct fs_openat_file *)file;
    close(opened->fd);
    memory_free(opened);
}

static int fs_openat_file_state(struct fs_file *file, struct fs_state *state)
{
    return fs_statx(((const struct fs_openat_file *)file)->fd, "", AT_EMPTY_PATH, state);
}

static ssize_t fs_openat_file_read(struct fs_file *file, void *to, size_t size, uint64_t offset)
{
    const struct fs_openat_file *opened = (const struct fs_openat_file *)file;
    if (offset > INT64_MAX)
        return 0;
    ssize_t got;
    do {
        got = pread(opened->fd, to, size, (off_t)offset);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? FS_BROKEN : got;
}

/* What a name in a directory is, where the directory itself does not say: through a link that may
 * not be followed it is "other". */
static enum fs_kind fs_entry_kind(const struct fs_openat *fs, const char *path,
                                  const struct dirent *entry)
{
    char whole[PATH_MAX];
    size_t len = strlen(path);
    size_t more = strlen(entry->d_name);
    struct fs_state state = {.kind = FS_OTHER};
    if (entry->d_type == DT_REG)
        return FS_REGULAR;
    if (entry->d_type == DT_DIR)
        return FS_DIRECTORY;
    if ((entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN) || len + more + 2 > sizeof whole)
        return FS_OTHER;
    memcpy(whole, path, len);
    whole[len] = '/';
    memcpy(whole + len + 1, entry->d_name, more + 1);
    int fd = fs_open_beneath(fs, whole, O_PATH);
    int failure = fd < 0 ? FS_NOT_FOUND : fs_statx(fd, "", AT_EMPTY_PATH, &state);
    if (fd >= 0)
        close(fd);
    return failure ? FS_OTHER : state.kind;
}

static int fs_openat_list(struct fs *fs, const char *path,
                          bool (*each)(void *owner, const char *name, enum fs_kind kind),
                          void *owner)
{
    const struct fs_openat *beneath = (const struct fs_openat *)fs;
    int fd = fs_open_beneath(beneath, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0)
        return fs_failure(errno);
    DIR *directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return FS_BROKEN;
    }
    bool going = true;
    const struct dirent *entry = NULL;
    errno = 0;
    while (going && (entry = readdir(directory))) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            going = each(owner, name, fs_entry_kind(beneath, path, entry));
        errno = 0;
    }
    int failure = errno ? FS_BROKEN : 0;
    closedir(directory);
    return failure;
}

static void fs_openat_close(struct fs *fs)
{
    struct fs_openat *beneath = (struct fs_openat *)fs;
    close(beneath->root);
    memory_free(beneath);
}

static const struct fs_ops fs_openat_ops = {
    .close = fs_openat_close,
    .state = fs_openat_state,
    .list = fs_openat_list,
    .file_open = fs_openat_file_open,
    .file_close = fs_openat_file_close,
    .file_state = fs_openat_file_state,
    .file_read = fs_openat_file_read,
};

struct fs *fs_open_walking(const char *path)
{
    struct fs_openat *fs = memory_new(sizeof *fs);
    if (!fs) {
        errno = ENOMEM;
        return NULL;
    }
    *fs = (struct fs_openat){.fs.ops = &fs_openat_ops, .walk = true};
    fs->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fs->root < 0) {
        int why = errno;
        memory_free(fs);
        errno = why;
        return NULL;
    }
    return &fs->fs;
}

struct fs *fs_open(const char *path)
{
    struct fs *fs = fs_open_walking(path);
    if (!fs)
        return NULL;
    struct fs_openat *beneath = (struct fs_openat *)fs;
    int probe = fs_open_fenced(beneath->root, ".", O_PATH);
    beneath->walk = probe < 0;
    if (probe >= 0)
        close(probe);
    return fs;
}
