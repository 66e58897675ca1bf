/* Pages on their way from memory into a socket.
 *
 *     bytes --vmsplice--> [ pipe: references of their pages ] --splice--> socket
 *
 * Nothing is copied, so the bytes must stay as they are until the peer has acknowledged them, of
 * which nobody is told: only memory that never changes may go this way. What the socket does not
 * take would stay in the pipe, in front of what another socket is to get; then the pipe is thrown
 * away, which costs less than to keep one for each connection.
 *
 * Given up: MSG_ZEROCOPY, which tells when it is done but costs a read of the error queue a
 * message, and copies all the same on the loopback interface.
 */
#include "io/pagepipe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Bytes the pipe has room for, if its pages are whole ones; the kernel may grant less. */
enum { PAGEPIPE_ROOM = 1 << 19 };

void pagepipe_init(struct pagepipe *pipe)
{
    *pipe = (struct pagepipe){.from = -1, .to = -1};
}

void pagepipe_fini(struct pagepipe *pipe)
{
    if (pipe->from >= 0) {
        close(pipe->from);
        close(pipe->to);
    }
    pagepipe_init(pipe);
}

static bool pagepipe_open(struct pagepipe *pipe)
{
    int ends[2];
    if (pipe->from >= 0)
        return true;
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
        return false;
    (void)fcntl(ends[1], F_SETPIPE_SZ, PAGEPIPE_ROOM);
    pipe->from = ends[0];
    pipe->to = ends[1];
    return true;
}

/* Moves `size` bytes that are in the pipe into the socket; how many went, or SOCK_BROKEN. */
static ssize_t pagepipe_drain(const struct pagepipe *pipe, int fd, size_t size, unsigned flags)
{
    size_t done = 0;
    while (done < size) {
        ssize_t went = splice(pipe->from, NULL, fd, NULL, size - done, flags);
        if (went > 0)
            done += (size_t)went;
        else if (went == 0 || errno != EINTR)
            return done == 0 && went < 0 && errno != EAGAIN ? SOCK_BROKEN : (ssize_t)done;
    }
    return (ssize_t)done;
}

ssize_t pagepipe_send(struct pagepipe *pipe, int fd, const struct iovec *bytes)
{
    size_t done = 0;
    while (done < bytes->iov_len) {
        struct iovec rest = {(char *)bytes->iov_base + done, bytes->iov_len - done};
        ssize_t taken = pagepipe_open(pipe) ? vmsplice(pipe->to, &rest, 1, SPLICE_F_NONBLOCK) : -1;
        pipe->barred = taken <= 0;
        if (pipe->barred)
            break;
        unsigned more = (size_t)taken < rest.iov_len ? SPLICE_F_MORE : 0;
        ssize_t went = pagepipe_drain(pipe, fd, (size_t)taken, SPLICE_F_NONBLOCK | more);
        if (went < taken)
            pagepipe_fini(pipe); /* with what is left in it */
        if (went < 0 && done == 0)
            return went;
        done += went > 0 ? (size_t)went : 0;
        if (went < taken)
            break;
    }
    return (ssize_t)done;
}
