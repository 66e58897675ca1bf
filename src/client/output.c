/* Content to files and streams.
 *
 * A file that exists is read along while content comes. As long as both are the same nothing is
 * written at all; where they part, what was the same is copied to a new file beside the old one,
 * which then takes its place in one step. So nobody sees half a file, and who watches the file's
 * time of modification sees changes only.
 */
#include "client/output_parts.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUTPUT_PIECE = 65536 };

bool output_fail(struct output *output, const char *what, const char *path)
{
    snprintf(output->words, sizeof output->words, "%s %.180s: %s", what, path, strerror(errno));
    return false;
}

const char *output_words(const struct output *output)
{
    return output->words;
}

uint64_t output_length(const struct output *output)
{
    return output->length;
}

bool output_is_replaced(const struct output *output)
{
    return output->kind == OUTPUT_FILE;
}

bool output_is_stream(const struct output *output)
{
    return output->kind == OUTPUT_STREAM;
}

/* ---- names ---- */

/* "DIR/.NAME" and an ending, with room for seven octets more. */
static char *output_beside(const char *path, const char *ending)
{
    const char *slash = strrchr(path, '/');
    const size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
    const size_t size = strlen(path) + strlen(ending) + 16;
    char *name = memory_new(size);

    if (name)
        snprintf(name, size, "%.*s.%s%s", (int)folder, path, path + folder, ending);
    return name;
}

/* The file a path leads to in the end: links stay, what they name is replaced. */
static char *output_path(const char *path)
{
    char *real = realpath(path, NULL);
    const char *from = real ? real : path;
    const size_t size = strlen(from) + 1;
    char *copy = memory_new(size);

    if (copy)
        memcpy(copy, from, size);
    free(real);
    return copy;
}

/* A device, a pipe: nothing that could be replaced. */
static bool output_is_special(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static bool output_name(struct output *output, const char *path)
{
    output->path = output_path(path);
    if (!output->path)
        return false;
    if (output_is_special(path)) {
        output->kind = OUTPUT_STREAM;
        return true;
    }
    output->kind = OUTPUT_FILE;
    output->part = output_beside(output->path, ".stet-part");
    output->tag_path = output_beside(output->path, ".stet-tag");
    return output->part && output->tag_path;
}

struct output *output_new(const char *path)
{
    struct output *output = memory_new_zero(sizeof *output);

    if (!output)
        return NULL;
    output->fd = output->old = -1;
    if (path && strcmp(path, "-") != 0 && !output_name(output, path)) {
        output_free(output);
        return NULL;
    }
    return output;
}

struct output *output_new_spool(void)
{
    struct output *output = output_new(NULL);

    if (output)
        output->kind = OUTPUT_SPOOL;
    return output;
}

static void output_close(struct output *output)
{
    if (output->fd >= 0 && output->fd != STDOUT_FILENO)
        close(output->fd);
    if (output->old >= 0)
        close(output->old);
    output->fd = output->old = -1;
    output->state = OUTPUT_IDLE;
    output_forget_alone(output);
}

void output_free(struct output *output)
{
    if (!output)
        return;
    if (output->kind == OUTPUT_FILE && output->state != OUTPUT_IDLE)
        output_drop(output, NULL, NULL);
    output_close(output);
    memory_free(output->path);
    memory_free(output->part);
    memory_free(output->tag_path);
    memory_free(output);
}

/* ---- content ---- */

static bool output_begin_stream(struct output *output)
{
    output->state = OUTPUT_WRITES;
    if (!output->path) {
        output->fd = STDOUT_FILENO;
        return true;
    }
    output->fd = open(output->path, O_WRONLY | O_CLOEXEC);
    return output->fd >= 0 || output_fail(output, "cannot write to", output->path);
}

static bool output_begin_spool(struct output *output)
{
    FILE *file = tmpfile();

    output->state = OUTPUT_WRITES;
    output->fd = file ? fcntl(fileno(file), F_DUPFD_CLOEXEC, 3) : -1;
    if (file)
        fclose(file);
    return output->fd >= 0 || output_fail(output, "cannot make", "a temporary file");
}

/* The part from `held` octets on. */
static bool output_begin_part(struct output *output, uint64_t held)
{
    if (!output_open_part(output))
        return false;
    output->state = OUTPUT_WRITES;
    output->length = held;
    if (output->tempname && held) {
        snprintf(output->words, sizeof output->words, "%.180s is fetched by another process",
                 output->path);
        return false;
    }
    if (!held && !output->tempname)
        unlink(output->tag_path); /* before the part becomes one of something else */
    if (ftruncate(output->fd, (off_t)held) != 0 || lseek(output->fd, (off_t)held, SEEK_SET) < 0)
        return output_fail(output, "cannot write to", output->part);
    return true;
}

/* What is a folder is not to be found out at the end. */
static bool output_is_folder(struct output *output)
{
    struct stat status;

    if (stat(output->path, &status) != 0 || !S_ISDIR(status.st_mode))
        return false;
    errno = EISDIR;
    return !output_fail(output, "cannot write to", output->path);
}

/* Is there a file to compare with? */
static bool output_begin_compare(struct output *output)
{
    struct stat status;

    output->mode = 0;
    output->old = open(output->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (output->old < 0)
        return false;
    if (fstat(output->old, &status) == 0 && S_ISREG(status.st_mode)) {
        output->mode = status.st_mode & 07777;
        output->state = OUTPUT_COMPARES;
        return true;
    }
    close(output->old);
    output->old = -1;
    return false;
}

bool output_begin(struct output *output, uint64_t held)
{
    output->length = 0;
    if (output->kind == OUTPUT_STREAM)
        return output_begin_stream(output);
    if (output->kind == OUTPUT_SPOOL)
        return output_begin_spool(output);
    if (output_is_folder(output))
        return false;
    if (output_begin_compare(output) && held == 0)
        return true;
    return output_begin_part(output, held);
}

bool output_write_all(int fd, const char *at, size_t len)
{
    while (len) {
        const ssize_t written = write(fd, at, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        at += written;
        len -= (size_t)written;
    }
    return true;
}

static ssize_t output_read_at(int fd, char *to, size_t len, uint64_t from)
{
    ssize_t got;

    do
        got = pread(fd, to, len, (off_t)from);
    while (got < 0 && errno == EINTR);
    return got;
}

/* The content parts from the file here: what was the same goes first. */
static bool output_differ(struct output *output)
{
    const uint64_t same = output->length;
    char piece[OUTPUT_PIECE];

    if (!output_begin_part(output, 0))
        return false;
    while (output->length < same) {
        const size_t wanted =
            same - output->length < OUTPUT_PIECE ? same - output->length : OUTPUT_PIECE;
        const ssize_t got = output_read_at(output->old, piece, wanted, output->length);
        if (got <= 0) {
            errno = got ? errno : EIO; /* it was longer a moment ago */
            return output_fail(output, "cannot read", output->path);
        }
        if (!output_write_all(output->fd, piece, (size_t)got))
            return output_fail(output, "cannot write to", output->part);
        output->length += (uint64_t)got;
    }
    return true;
}

/* The octets are those of the file, at this place. */
static bool output_same(const struct output *output, struct stet_span bytes)
{
    char piece[OUTPUT_PIECE];
    uint64_t from = output->length;

    while (bytes.len) {
        const size_t wanted = bytes.len < sizeof piece ? bytes.len : sizeof piece;
        const ssize_t got = output_read_at(output->old, piece, wanted, from);
        if (got <= 0 || memcmp(piece, bytes.at, (size_t)got) != 0)
            return false;
        bytes = stet_span_from(bytes, (size_t)got);
        from += (uint64_t)got;
    }
    return true;
}

bool output_write(struct output *output, struct stet_span bytes)
{
    if (output->state == OUTPUT_COMPARES) {
        if (output_same(output, bytes)) {
            output->length += bytes.len;
            return true;
        }
        if (!output_differ(output))
            return false;
    }
    if (!output_write_all(output->fd, bytes.at, bytes.len))
        return output_fail(output, "cannot write to",
                           output->part   ? output->part
                           : output->path ? output->path
                                          : "standard output");
    output->length += bytes.len;
    return true;
}

/* ---- the end ---- */

/* The file goes on behind the end of the content. */
static bool output_old_is_longer(const struct output *output)
{
    struct stat status;

    return fstat(output->old, &status) != 0 || (uint64_t)status.st_size != output->length;
}

/* A name of mkstemp's is nobody else's to read: give it what a new file has. */
static mode_t output_mode(const struct output *output)
{
    const mode_t mask = umask(0);

    umask(mask);
    return output->mode ? output->mode : (mode_t)(0666 & ~mask);
}

static bool output_replace(struct output *output)
{
    if (fchmod(output->fd, output_mode(output)) != 0 || !output_name_part(output) ||
        rename(output->part, output->path) != 0) {
        output_fail(output, "cannot replace", output->path);
        output_drop(output, NULL, NULL);
        return false;
    }
    if (!output->tempname)
        unlink(output->tag_path);
    output->tagged = false;
    return true;
}

bool output_end(struct output *output, bool *changed)
{
    bool well = true;

    *changed = true;
    if (output->kind == OUTPUT_SPOOL) {
        output->state = OUTPUT_IDLE;
        return true;
    }
    if (output->state == OUTPUT_COMPARES) {
        *changed = output_old_is_longer(output);
        if (*changed)
            well = output_differ(output);
        else
            output_clear_part(output); /* the file has all that one could go on to */
    }
    if (well && output->state == OUTPUT_WRITES && output->kind == OUTPUT_FILE)
        well = output_replace(output);
    output_close(output);
    return well;
}

void output_keep(struct output *output, const char *url, const char *tag)
{
    if (output->kind == OUTPUT_FILE && output->state == OUTPUT_WRITES && !output->tagged &&
        !output->tempname)
        output_write_tag(output, url, tag);
}

void output_drop(struct output *output, const char *url, const char *tag)
{
    if (output->kind == OUTPUT_FILE && output->state == OUTPUT_WRITES) {
        if (tag && output->length)
            output_keep(output, url, tag);
        if (!tag || !output->length || !output->tagged)
            output_remove_part(output);
    }
    output_close(output);
}

int output_descriptor(struct output *output)
{
    lseek(output->fd, 0, SEEK_SET);
    return output->fd;
}
