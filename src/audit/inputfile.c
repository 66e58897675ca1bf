/* Reads files by zlib, which hands on what is not packed as it is.
 */
#include "audit/inputfile.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

enum { INPUTFILE_PIECE = 65536 };

const char *inputfile_open(struct inputfile *file, const char *path)
{
    *file = (struct inputfile){.room = memory_new(INPUTFILE_PIECE)};
    if (!file->room)
        return "memory is out";
    const int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return strerror(errno);
    file->packed = gzdopen(fd, "rb");
    if (!file->packed) {
        close(fd);
        return "memory is out";
    }
    return NULL;
}

const char *inputfile_read(struct inputfile *file, struct stet_span *piece)
{
    int error;
    const int len = gzread(file->packed, file->room, INPUTFILE_PIECE);

    *piece = stet_span(file->room, len > 0 ? (size_t)len : 0);
    if (len > 0)
        return NULL;
    gzerror(file->packed, &error);
    if (error == Z_ERRNO)
        return strerror(errno);
    if (error == Z_BUF_ERROR)
        return "it ends in the middle of its packing";
    return error == Z_OK || error == Z_STREAM_END ? NULL : "its packing is damaged";
}

void inputfile_close(struct inputfile *file)
{
    if (file->packed)
        gzclose_r(file->packed);
    memory_free(file->room);
    *file = (struct inputfile){0};
}
