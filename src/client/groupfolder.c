/* The exchange of two folders by renameat2, which the kernel does in one step [rename(2)].
 *
 * Whoever opens the folder once and its files by that sees one set of members for as long as he
 * likes. On file systems that cannot exchange, the old folder is moved aside first and back again
 * if the new one cannot take its place: between the two steps there is none for an instant.
 */
#include "client/groupfolder.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool groupfolder_fail(struct groupfolder *folder, const char *what, const char *path)
{
    snprintf(folder->words, sizeof folder->words, "%s %.300s: %s", what, path, strerror(errno));
    return false;
}

static bool groupfolder_join(const char *folder, const char *file, char *to, size_t room)
{
    return (size_t)snprintf(to, room, "%s/%s", folder, file) < room;
}

bool groupfolder_member(const struct groupfolder *folder, const struct group_member *member,
                        char *to, size_t room)
{
    return groupfolder_join(folder->beside, member->file, to, room);
}

/* ---- what is there ---- */

/* nftw hands nothing down to its callback; this is read by one walk at a time, in one thread. */
static struct {
    const struct group *group;
    size_t prefix;
    char other[512]; /* the first file that is no member */
} groupfolder_walk;

static bool groupfolder_is_member(const char *file)
{
    const struct group *group = groupfolder_walk.group;

    for (size_t i = 0; i < group->count; i++)
        if (strcmp(group->members[i].file, file) == 0)
            return true;
    return false;
}

static int groupfolder_look(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)at;
    if (type == FTW_D || groupfolder_is_member(path + groupfolder_walk.prefix))
        return 0;
    snprintf(groupfolder_walk.other, sizeof groupfolder_walk.other, "%.500s", path);
    return 1;
}

/* What broke off may have left a part of a member. */
static int groupfolder_sweep(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)at;
    if (type != FTW_D && !groupfolder_is_member(path + groupfolder_walk.prefix))
        unlink(path);
    return 0;
}

static void groupfolder_walk_in(const char *path, const struct group *group)
{
    groupfolder_walk.group = group;
    groupfolder_walk.prefix = strlen(path) + 1;
}

static bool groupfolder_may_exchange(struct groupfolder *folder, const struct group *group)
{
    struct stat status;

    if (lstat(folder->path, &status) != 0)
        return errno == ENOENT || groupfolder_fail(folder, "cannot look at", folder->path);
    if (!S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        return groupfolder_fail(folder, "cannot exchange", folder->path);
    }
    groupfolder_walk_in(folder->path, group);
    if (nftw(folder->path, groupfolder_look, 16, FTW_PHYS) == 0)
        return true;
    snprintf(folder->words, sizeof folder->words,
             "%.400s is no member of the group: a group has its folder for itself",
             groupfolder_walk.other);
    return false;
}

/* ---- the new folder ---- */

/* Makes the folders above a file. */
static bool groupfolder_make_above(char *path, size_t from)
{
    for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

static bool groupfolder_make(struct groupfolder *folder, const struct group *group)
{
    const mode_t mask = umask(0);
    char path[4096];

    umask(mask);
    if (!mkdtemp(folder->beside)) {
        groupfolder_fail(folder, "cannot make", folder->beside);
        folder->beside[0] = '\0';
        return false;
    }
    if (chmod(folder->beside, 0777 & ~mask) != 0)
        return groupfolder_fail(folder, "cannot make", folder->beside);
    for (size_t i = 0; i < group->count; i++)
        if (!groupfolder_member(folder, &group->members[i], path, sizeof path) ||
            !groupfolder_make_above(path, strlen(folder->beside) + 1))
            return groupfolder_fail(folder, "cannot make a folder for", group->members[i].file);
    return true;
}

bool groupfolder_open(struct groupfolder *folder, const struct group *group, const char *path)
{
    *folder = (struct groupfolder){.path = path};
    if (!groupfolder_may_exchange(folder, group))
        return false;
    if (snprintf(folder->beside, sizeof folder->beside, "%s.stet-XXXXXX", path) >=
        (int)sizeof folder->beside) {
        folder->beside[0] = '\0';
        errno = ENAMETOOLONG;
        return groupfolder_fail(folder, "cannot use", path);
    }
    return groupfolder_make(folder, group);
}

/* ---- the exchange ---- */

static bool groupfolder_same_content(int a, int b)
{
    char one[16384], other[16384];
    ssize_t got;

    while ((got = read(a, one, sizeof one)) > 0) {
        for (ssize_t have = 0, more; have < got; have += more)
            if ((more = read(b, other + have, (size_t)(got - have))) <= 0)
                return false;
        if (memcmp(one, other, (size_t)got) != 0)
            return false;
    }
    return got == 0 && read(b, other, 1) == 0;
}

static bool groupfolder_same(const char *a, const char *b)
{
    const int one = open(a, O_RDONLY | O_CLOEXEC), other = open(b, O_RDONLY | O_CLOEXEC);
    const bool same = one >= 0 && other >= 0 && groupfolder_same_content(one, other);

    if (one >= 0)
        close(one);
    if (other >= 0)
        close(other);
    return same;
}

/* A member that has not changed is the old file. Where links cannot be made, the new one will do.
 */
static void groupfolder_take_old(const char *old, const char *new)
{
    char link_path[4200];

    snprintf(link_path, sizeof link_path, "%s.stet-old", new);
    if (link(old, link_path) == 0 && rename(link_path, new) != 0)
        unlink(link_path);
    unlink(link_path); /* both names were of one file already: then rename does nothing */
}

static bool groupfolder_sync(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool well = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return well;
}

/* Puts the old file where a member is the same, and the new one to the disk where it is not. */
static bool groupfolder_settle(struct groupfolder *folder, const struct group *group, bool *changed)
{
    char old[4096], new[4096];

    *changed = false;
    for (size_t i = 0; i < group->count; i++) {
        const char *file = group->members[i].file;
        if (!groupfolder_join(folder->path, file, old, sizeof old) ||
            !groupfolder_join(folder->beside, file, new, sizeof new))
            return groupfolder_fail(folder, "cannot use", file);
        if (groupfolder_same(old, new)) {
            groupfolder_take_old(old, new);
            continue;
        }
        *changed = true;
        if (!groupfolder_sync(new))
            return groupfolder_fail(folder, "cannot write", new);
    }
    return groupfolder_sync(folder->beside) ||
           groupfolder_fail(folder, "cannot write", folder->beside);
}

/* In two steps, where one is not to be had. */
static bool groupfolder_move(struct groupfolder *folder)
{
    char aside[4200];

    snprintf(aside, sizeof aside, "%s.old", folder->beside);
    if (rename(folder->path, aside) != 0)
        return false;
    if (rename(folder->beside, folder->path) == 0) {
        snprintf(folder->beside, sizeof folder->beside, "%.4000s", aside);
        return true;
    }
    const int error = errno;
    if (rename(aside, folder->path) != 0)
        fprintf(stderr, "stet get: what was in %s is in %s now\n", folder->path, aside);
    errno = error;
    return false;
}

bool groupfolder_commit(struct groupfolder *folder, const struct group *group, bool *changed)
{
    groupfolder_walk_in(folder->beside, group);
    nftw(folder->beside, groupfolder_sweep, 16, FTW_PHYS);
    if (!groupfolder_settle(folder, group, changed))
        return false;
    if (!*changed ||
        renameat2(AT_FDCWD, folder->beside, AT_FDCWD, folder->path, RENAME_EXCHANGE) == 0)
        return true;
    if (errno == ENOENT && rename(folder->beside, folder->path) == 0) { /* there was none */
        folder->beside[0] = '\0';
        return true;
    }
    if ((errno == EINVAL || errno == ENOSYS) && groupfolder_move(folder))
        return true;
    return groupfolder_fail(folder, "cannot exchange", folder->path);
}

static int groupfolder_remove(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    remove(path);
    return 0;
}

void groupfolder_close(struct groupfolder *folder)
{
    if (folder->beside[0])
        nftw(folder->beside, groupfolder_remove, 16, FTW_DEPTH | FTW_PHYS);
    folder->beside[0] = '\0';
}
