/* A way for memory into a socket without a copy: a pipe takes references of its pages and hands
 * them on. Inside io/ only.
 */
#ifndef IO_PAGEPIPE_H
#define IO_PAGEPIPE_H

#include "io/sock.h"

/* One a loop. */
struct pagepipe {
    int from, to; /* its ends; -1 as long as it was not needed */
    bool barred;  /* the kernel does not let us: copy from now on */
};

void pagepipe_init(struct pagepipe *pipe);
void pagepipe_fini(struct pagepipe *pipe);

/* Fewer bytes than this are copied sooner than their pages are passed on. */
enum { PAGEPIPE_LEAST = 65536 };

/* Sends `bytes` into the socket `fd`: how many went (>= 0; fewer than there are means that the
 * socket is full), or SOCK_BROKEN. If `barred` is true afterwards, the rest must be copied. */
ssize_t pagepipe_send(struct pagepipe *pipe, int fd, const struct iovec *bytes);

#endif
