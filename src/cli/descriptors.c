/* Descriptors 0 to 2: a process may be started with some of them closed.
 *
 * What it opens next would get their numbers, and what it prints would go into a connection or a
 * file of the cache. /dev/null takes the place, opened the wrong way round: what is written to it
 * must not seem to have arrived, nor what is read from it to be an empty content.
 */
#include "cli/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void descriptors_prepare(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        const int way = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", way) != fd)
            exit(1); /* there may be nowhere to say why */
    }
}
