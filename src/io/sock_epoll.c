/* Sockets and listeners on the machine.
 *
 * A socket is watched for both directions from its start, edge-triggered. That has one trap: a peer
 * that sends its last bytes and its FIN together causes one edge for both, and a reader who stops
 * after a short read would never learn of the FIN. So the end that epoll reports is remembered, and
 * a short read after it asks the loop for one more call.
 *
 * A listener is level-triggered: what one turn does not accept, the next one will. When descriptors
 * or memory run out it is taken out of epoll and put back by a timer, because a level that nobody
 * can lower would turn the loop for nothing.
 *
 * Given up: a spare descriptor to accept and refuse with. A client that waits in the backlog for a
 * tenth of a second is served better than one that is thrown out.
 */
#include "io/loop_epoll.h"

#include "base/check.h"
#include "base/container.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTENER_BATCH = 64 };
static const int64_t listener_pause = 100000000; /* ns */

static struct loop_epoll *loop_of(struct loop *loop)
{
    return (struct loop_epoll *)loop;
}

bool sock_epoll_start(struct sock *sock)
{
    CHECK(sock->fd >= 0 && sock->ready);
    if (loop_epoll_watch(loop_of(sock->loop), sock->fd, SOCK_EPOLL_EVENTS, sock, LOOP_EPOLL_SOCK))
        return true;
    sock_epoll_close(sock, true);
    return false;
}

void sock_epoll_event(struct sock *sock, uint32_t events)
{
    unsigned ready = 0;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        sock->ended = true;
        ready |= events & (EPOLLHUP | EPOLLERR) ? SOCK_GONE : 0;
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        ready |= SOCK_READABLE;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        ready |= SOCK_WRITABLE;
    sock->ready(sock, ready);
}

/* recv and send of the C library are points where a thread may be cancelled, which costs each call
 * two locked instructions. No thread of ours ever is. */
static ssize_t socket_recv(int fd, void *to, size_t size)
{
#ifdef SYS_recvfrom
    return syscall(SYS_recvfrom, fd, to, size, 0L, NULL, NULL);
#else
    return recv(fd, to, size, 0);
#endif
}

static ssize_t socket_send(int fd, const struct iovec *piece, int flags)
{
#ifdef SYS_sendto
    return syscall(SYS_sendto, fd, piece->iov_base, piece->iov_len, (long)flags, NULL, 0L);
#else
    return send(fd, piece->iov_base, piece->iov_len, flags);
#endif
}

static ssize_t socket_send_all(int fd, const struct iovec *pieces, int count, int flags)
{
    const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces,
                                   .msg_iovlen = (size_t)count};
    return sendmsg(fd, &message, flags);
}

ssize_t sock_epoll_read(struct sock *sock, void *to, size_t size)
{
    ssize_t got;
    do {
        got = socket_recv(sock->fd, to, size);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN ? SOCK_AGAIN : SOCK_BROKEN;
    if (sock->ended && got > 0 && (size_t)got < size)
        loop_epoll_again(loop_of(sock->loop), sock);
    return got;
}

static ssize_t sock_epoll_send(struct sock *sock, const struct iovec *pieces, int count, int flags)
{
    ssize_t sent;
    flags |= MSG_NOSIGNAL;
    do {
        sent = count == 1 ? socket_send(sock->fd, pieces, flags)
                          : socket_send_all(sock->fd, pieces, count, flags);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == EAGAIN ? SOCK_AGAIN : SOCK_BROKEN;
    return sent;
}

ssize_t sock_epoll_write(struct sock *sock, const struct iovec *pieces, int count)
{
    return sock_epoll_send(sock, pieces, count, 0);
}

/* The bytes before the last piece are held back by the kernel until that follows. */
ssize_t sock_epoll_write_steady(struct sock *sock, const struct iovec *pieces, int count)
{
    struct pagepipe *pages = &loop_of(sock->loop)->pages;
    const struct iovec *last = &pieces[count - 1];
    ssize_t before = 0, went;

    if (last->iov_len < PAGEPIPE_LEAST || pages->barred)
        return sock_epoll_write(sock, pieces, count);
    if (count > 1) {
        size_t size = 0;
        for (int i = 0; i < count - 1; i++)
            size += pieces[i].iov_len;
        before = sock_epoll_send(sock, pieces, count - 1, MSG_MORE);
        if (before < (ssize_t)size)
            return before;
    }
    went = pagepipe_send(pages, sock->fd, last);
    if (went >= 0 && pages->barred) {
        struct iovec rest = {(char *)last->iov_base + went, last->iov_len - (size_t)went};
        ssize_t copied = sock_epoll_write(sock, &rest, 1);
        went += copied > 0 ? copied : 0;
    }
    return went < 0 && before > 0 ? before : before + went;
}

void sock_epoll_again(struct sock *sock)
{
    loop_epoll_again(loop_of(sock->loop), sock);
}

void sock_epoll_shutdown(struct sock *sock)
{
    /* Fails only when the connection is gone, which the next read tells. */
    (void)shutdown(sock->fd, SHUT_WR);
}

void sock_epoll_close(struct sock *sock, bool reset)
{
    if (sock->fd < 0)
        return;
    loop_epoll_forget(loop_of(sock->loop), sock);
    loop_epoll_not_again(sock);
    if (reset) {
        const struct linger now = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(sock->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    close(sock->fd);
    sock->fd = -1;
}

/* Registered exclusively, so that workers which share one descriptor are not all woken for one
 * connection. */
static bool listener_watch(struct listener *listener)
{
    return loop_epoll_watch(loop_of(listener->loop), listener->fd, EPOLLIN | EPOLLEXCLUSIVE,
                            listener, LOOP_EPOLL_LISTENER);
}

static void listener_retry(struct timer *timer)
{
    struct listener *listener = CONTAINER(timer, struct listener, retry);
    if (!listener_watch(listener))
        (void)loop_timer_set(listener->loop, timer, loop_now(listener->loop) + listener_pause);
}

bool listener_epoll_start(struct listener *listener)
{
    const int on = 1;
    int flags = fcntl(listener->fd, F_GETFL);
    /* A descriptor that was inherited may lack what listener_bind sets. */
    if (flags < 0 || fcntl(listener->fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return false;
    (void)setsockopt(listener->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    timer_init(&listener->retry, listener_retry);
    return listener_watch(listener);
}

void listener_epoll_stop(struct listener *listener)
{
    struct loop_epoll *loop = loop_of(listener->loop);
    if (listener->fd < 0)
        return;
    loop_epoll_forget(loop, listener);
    loop_timer_cancel(listener->loop, &listener->retry);
    if (loop->accepting == listener)
        loop->accepting = NULL;
    /* Closing alone would not do: another worker's descriptor keeps the socket itself open. */
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, listener->fd, NULL);
    close(listener->fd);
    listener->fd = -1;
}

static struct sock_address address_of(const struct sockaddr_storage *peer)
{
    struct sock_address address = {.family = (uint8_t)peer->ss_family};
    if (peer->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
        address.port = ntohs(v4->sin_port);
        memcpy(address.bytes, &v4->sin_addr, 4);
    } else if (peer->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
        const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
        address.family = mapped ? AF_INET : AF_INET6;
        address.port = ntohs(v6->sin6_port);
        memcpy(address.bytes, v6->sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
    }
    return address;
}

/* Rests until descriptors may have come free. Without memory for the timer epoll goes on asking. */
static void listener_rest(struct listener *listener)
{
    struct loop_epoll *loop = loop_of(listener->loop);
    if (loop_timer_set(listener->loop, &listener->retry, loop->loop.now + listener_pause))
        (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, listener->fd, NULL);
}

/* One connection. False when there are no more, or none can be taken now. */
static bool listener_accept(struct listener *listener)
{
    struct sockaddr_storage peer = {0};
    socklen_t size = sizeof peer;
    struct sock sock = {.loop = listener->loop};
    sock.fd = accept4(listener->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (sock.fd < 0) {
        /* Linux passes on errors of the one connection that was to be accepted: take the next. */
        bool theirs = errno == ECONNABORTED || errno == EINTR || errno == EPROTO ||
                      errno == ENETDOWN || errno == ENETUNREACH || errno == EHOSTDOWN ||
                      errno == EHOSTUNREACH || errno == ENONET || errno == ENOPROTOOPT ||
                      errno == EPERM;
        if (!theirs && errno != EAGAIN)
            listener_rest(listener);
        return theirs;
    }
    struct sock_address address = address_of(&peer);
    listener->accepted(listener, &sock, &address);
    return true;
}

void listener_epoll_event(struct listener *listener)
{
    struct loop_epoll *loop = loop_of(listener->loop);
    loop->accepting = listener;
    for (int left = LISTENER_BATCH; left > 0; left--) {
        /* The callback may have stopped the listener, and freed it. */
        if (!listener_accept(listener) || loop->accepting != listener)
            break;
    }
    loop->accepting = NULL;
}
