/* Parts: what is kept beside a file of a download that is not complete, and what it is a part of.
 *
 * The part is locked by who writes it, so that two processes that fetch to the same file do not mix
 * their octets: the second one takes a name of its own and leaves nothing behind.
 */
#include "client/output_parts.h"

#include "base/text.h"
#include "stet/etag.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUT_TAG_FILE = 16384 };

/* A name that nobody has: the X of the part's name. */
static bool output_open_alone(struct output *output)
{
    char *marks = output->part + strlen(output->part);

    memcpy(marks, "-XXXXXX", 8); /* output_new left room for it */
    output->fd = mkostemp(output->part, O_CLOEXEC);
    output->tempname = true;
    if (output->fd >= 0)
        return true;
    *marks = '\0';
    return output_fail(output, "cannot make a file beside", output->path);
}

/* The part is still the file of its name, and not one that was renamed before we had the lock. */
static bool output_part_stands(const struct output *output)
{
    struct stat held, named;

    return fstat(output->fd, &held) == 0 && lstat(output->part, &named) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev && S_ISREG(held.st_mode) &&
           held.st_nlink == 1;
}

bool output_open_part(struct output *output)
{
    output->fd = open(output->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (output->fd < 0)
        return output_fail(output, "cannot make a file beside", output->path);
    if (flock(output->fd, LOCK_EX | LOCK_NB) == 0 && output_part_stands(output))
        return true;
    close(output->fd);
    output->fd = -1;
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

    if (output->kind != OUTPUT_FILE || !output_read_tag(output, url, tag) ||
        lstat(output->part, &part) != 0 || !S_ISREG(part.st_mode))
        return 0;
    return (uint64_t)part.st_size;
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
    unlink(output->part);
    if (!output->tempname)
        unlink(output->tag_path);
    output->tagged = false;
}
