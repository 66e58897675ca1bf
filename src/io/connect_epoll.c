/* Connecting on the machine: sockets that begin in our hand instead of a listener's.
 *
 * connect comes before epoll: a socket that is neither connected nor connecting counts as hung up
 * there. How it went is asked of the kernel when it says "writable": first for the error, which
 * asking clears, and if there is none for the peer, which only a connected socket has. A unix
 * socket connects at once or not at all, and is told in the same way.
 *
 * A socket is moved by one epoll_ctl that points the watch at the new struct. That also makes epoll
 * look at the socket afresh: whatever is ready, or has ended, is told once more, to the new owner.
 *
 * Given up: TCP Fast Open and binding to a local address.
 */
#include "io/loop_epoll.h"

#include "base/check.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* What an error of connect means. Our own firewall's "no" is one like the server's. */
static enum sock_connected connect_epoll_failure(int why)
{
    switch (why) {
    case ECONNREFUSED:
    case ECONNRESET:
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EPERM:
        return SOCK_REFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return SOCK_UNREACHABLE;
    case ETIMEDOUT:
        return SOCK_TIMED_OUT;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:
        return SOCK_EXHAUSTED;
    default:
        return SOCK_FAILED;
    }
}

/* The address in the kernel's form; returns its size. */
static socklen_t connect_epoll_internet(const struct sock_address *address,
                                        struct sockaddr_storage *to)
{
    if (address->family == AF_INET) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(address->port)};
        memcpy(&v4.sin_addr, address->bytes, sizeof v4.sin_addr);
        memcpy(to, &v4, sizeof v4);
        return sizeof v4;
    }
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    CHECK(address->family == AF_INET6);
    memcpy(&v6.sin6_addr, address->bytes, sizeof v6.sin6_addr);
    memcpy(to, &v6, sizeof v6);
    return sizeof v6;
}

/* The same for a path; 0 if it is too long. */
static socklen_t connect_epoll_path(const char *path, struct sockaddr_storage *to)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof address.sun_path)
        return 0;
    memcpy(address.sun_path, path, len);
    memcpy(to, &address, sizeof address);
    return sizeof address;
}

enum sock_connected sock_epoll_connect(struct sock *sock, const struct sock_address *address,
                                       const char *path)
{
    const int on = 1;
    struct sockaddr_storage to = {0};
    const bool is_path = address->family == AF_UNIX;
    socklen_t size = is_path ? connect_epoll_path(path, &to) : connect_epoll_internet(address, &to);
    if (size == 0)
        return SOCK_FAILED;
    sock->fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sock->fd < 0)
        return connect_epoll_failure(errno);
    if (!is_path)
        (void)setsockopt(sock->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* An interrupted connect goes on by itself. */
    if (connect(sock->fd, (const struct sockaddr *)&to, size) != 0 && errno != EINPROGRESS &&
        errno != EINTR) {
        enum sock_connected failure = connect_epoll_failure(errno);
        sock_epoll_close(sock, false);
        return failure;
    }
    return sock_epoll_start(sock) ? SOCK_CONNECTING : SOCK_EXHAUSTED;
}

enum sock_connected sock_epoll_connect_state(struct sock *sock)
{
    int why = 0;
    socklen_t size = sizeof why;
    struct sockaddr_storage peer;
    socklen_t peer_size = sizeof peer;
    if (sock->connected != SOCK_CONNECTING)
        return sock->connected;
    if (getsockopt(sock->fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0)
        why = errno;
    if (why != 0)
        sock->connected = (uint8_t)connect_epoll_failure(why);
    else if (getpeername(sock->fd, (struct sockaddr *)&peer, &peer_size) == 0)
        sock->connected = SOCK_CONNECTED;
    return sock->connected;
}

bool sock_epoll_move(struct sock *from, struct sock *to)
{
    struct loop_epoll *loop = (struct loop_epoll *)from->loop;
    to->fd = from->fd;
    to->ended = from->ended;
    to->connected = from->connected;
    loop_epoll_forget(loop, from);
    loop_epoll_not_again(from);
    from->fd = -1;
    if (!loop_epoll_rewatch(loop, to->fd, SOCK_EPOLL_EVENTS, to, LOOP_EPOLL_SOCK)) {
        sock_epoll_close(to, false);
        return false;
    }
    return true;
}
