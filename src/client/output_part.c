/* Parts: what is kept beside a file of a download that is not complete, and what it is a part of.
 *
 * The part is locked by who writes it, so that two processes that fetch to the same file do not mix
 * their octets: the second one takes a file of its own, without a name until the end where there
 * are such files, and leaves nothing behind.
 */
#include "client/output_parts.h"

#include "base/text.h"
#include "stet/etag.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUT_TAG_FILE = 16384 };

/* A file without a name, which goes with the process. -1: the file system has none of these. */
static int output_open_nameless(const struct output *output)
{
    const char *slash = strrchr(output->path, '/');
    char folder[PATH_MAX] = ".";

    if (slash && (size_t)(slash + 1 - output->path) >= sizeof folder)
        return -1;
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash + 1 - output->path), output->path);
    return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
}

bool output_name_part(struct output *output)
{
    char *marks = output->part + strlen(output->part) - 6;
    char from[64];
    uint32_t random;

    snprintf(from, sizeof from, "/proc/self/fd/%d", output->fd);
    for (int tries = 0; output->nameless && tries < 16; tries++) {
        if (getrandom(&random, sizeof random, 0) != sizeof random)
            return false;
        snprintf(marks, 7, "%06x", (unsigned)(random & 0xffffff));
        output->nameless = linkat(AT_FDCWD, from, AT_FDCWD, output->part, AT_SYMLINK_FOLLOW) != 0;
        if (output->nameless && errno != EEXIST)
            return false;
    }
    return !output->nameless;
}

/* A name that nobody has: the X of the part's name. */
static bool output_open_alone(struct output *output)
{
    char *marks = output->part + strlen(output->part);

    memcpy(marks, "-XXXXXX", 8); /* output_new left room for it */
    output->tempname = true;
    output->fd = output_open_nameless(output);
    output->nameless = output->fd >= 0;
    if (!output->nameless)
        output->fd = mkostemp(output->part, O_CLOEXEC);
    if (output->fd >= 0)
        return true;
    output_forget_alone(output);
    return output_fail(output, "cannot make a file beside", output->path);
}

void output_forget_alone(struct output *output)
{
    if (output->tempname)
        output->part[strlen(output->part) - 7] = '\0';
    output->tempname = output->nameless = false;
}

/* The part is still the file of its name, and not one that was renamed before we had the lock. */
static bool output_part_stands(const struct output *output)
{
    struct stat held, named;

    return fstat(output->fd, &held) == 0 && lstat(output->part, &named) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev && S_ISREG(held.st_mode) &&
           held.st_nlink == 1;
}

static void output_leave_part(struct output *output)
{
    close(output->fd);
    output->fd = -1;
}

/* A part that is there, and that nobody else has. */
static bool output_lock_part(struct output *output)
{
    output->fd = open(output->part, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (output->fd < 0)
        return false;
    if (flock(output->fd, LOCK_EX | LOCK_NB) == 0 && output_part_stands(output))
        return true;
    output_leave_part(output);
    return false;
}

void output_clear_part(struct output *output)
{
    if (output->fd >= 0 ? output_part_stands(output) : output_lock_part(output))
        output_remove_part(output);
}

bool output_open_part(struct output *output)
{
    if (output->fd >= 0 && output_part_stands(output)) /* since it was looked at */
        return true;
    if (output->fd >= 0)
        output_leave_part(output);
    output->fd = open(output->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (output->fd < 0)
        return output_fail(output, "cannot make a file beside", output->path);
    if (flock(output->fd, LOCK_EX | LOCK_NB) == 0 && output_part_stands(output))
        return true;
    output_leave_part(output);
    return output_open_alone(output);
}

/* ---- the tag ---- */

/* Reads a small file whole; its length, 0 if that is not to be had. */
static size_t output_read_small(const char *path, char *to, size_t room)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return 0;
    const ssize_t got = read(fd, to, room);
    close(fd);
    return got > 0 && (size_t)got < room ? (size_t)got : 0;
}

/* "URL\nTAG\n" of this URL, with a strong tag. */
static bool output_read_tag(const struct output *output, const char *url, char tag[OUTPUT_TAG])
{
    char text[OUTPUT_TAG_FILE];
    struct stet_span rest = {text, output_read_small(output->tag_path, text, sizeof text)};
    const size_t end = stet_span_find(rest, '\n');

    if (end == rest.len || !stet_span_equal(stet_span(rest.at, end), stet_span_of(url)))
        return false;
    rest = stet_span_from(rest, end + 1);
    const struct stet_span value = {rest.at, stet_span_find(rest, '\n')};
    const struct stet_etag read = stet_etag_read(value);
    if (value.len + 1 != rest.len || value.len >= OUTPUT_TAG || !stet_etag_equal_strong(read, read))
        return false;
    memcpy(tag, value.at, value.len);
    tag[value.len] = '\0';
    return true;
}

uint64_t output_held(struct output *output, const char *url, char tag[OUTPUT_TAG])
{
    struct stat part;

    if (output->kind != OUTPUT_FILE || (output->fd < 0 && !output_lock_part(output)))
        return 0;
    if (output_part_stands(output) && output_read_tag(output, url, tag) &&
        fstat(output->fd, &part) == 0)
        return (uint64_t)part.st_size;
    output_leave_part(output);
    return 0;
}

bool output_write_tag(struct output *output, const char *url, const char *tag)
{
    struct text text = {0};

    text_say(&text, "%s\n%s\n", url, tag);
    const int fd =
        text.failed || text.len >= OUTPUT_TAG_FILE || strlen(tag) >= OUTPUT_TAG
            ? -1
            : open(output->tag_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    bool well = fd >= 0 && output_write_all(fd, text.at, text.len);
    if (fd >= 0 && close(fd) != 0)
        well = false;
    text_fini(&text);
    output->tagged = well;
    return well;
}

void output_remove_part(struct output *output)
{
    if (!output->nameless)
        unlink(output->part);
    if (!output->tempname)
        unlink(output->tag_path);
    output->tagged = false;
}
