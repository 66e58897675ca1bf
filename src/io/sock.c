/* The socket calls that the back ends share: the way into the table of the loop, and addresses as
 * text.
 */
#include "io/sock.h"

#include "base/check.h"
#include "io/loop_ops.h"

#include <arpa/inet.h>
#include <string.h>

size_t sock_address_text(const struct sock_address *address, char to[SOCK_ADDRESS_TEXT])
{
    const char *word = address->family == AF_UNIX ? "unix" : "-";
    if (address->family != AF_INET && address->family != AF_INET6)
        memcpy(to, word, strlen(word) + 1);
    else
        CHECK(inet_ntop(address->family, address->bytes, to, SOCK_ADDRESS_TEXT));
    return strlen(to);
}

bool sock_start(struct sock *sock)
{
    return sock->loop->ops->sock_start(sock);
}

enum sock_connected sock_connect(struct sock *sock, struct loop *loop,
                                 const struct sock_address *address, const char *path)
{
    CHECK(sock->ready && (address->family == AF_UNIX) == (path != NULL));
    *sock = (struct sock){.loop = loop, .ready = sock->ready, .fd = -1};
    return loop->ops->sock_connect(sock, address, path);
}

enum sock_connected sock_connect_state(struct sock *sock)
{
    return sock->loop->ops->sock_connect_state(sock);
}

bool sock_move(struct sock *from, struct sock *to)
{
    CHECK(to->ready && from->fd >= 0);
    *to = (struct sock){.loop = from->loop, .ready = to->ready, .fd = -1};
    return from->loop->ops->sock_move(from, to);
}

ssize_t sock_read(struct sock *sock, void *to, size_t size)
{
    CHECK(size > 0);
    return sock->loop->ops->sock_read(sock, to, size);
}

ssize_t sock_write(struct sock *sock, const struct iovec *pieces, int count)
{
    CHECK(count > 0 && count <= SOCK_PIECES);
    return sock->loop->ops->sock_write(sock, pieces, count);
}

ssize_t sock_write_steady(struct sock *sock, const struct iovec *pieces, int count)
{
    CHECK(count > 0 && count <= SOCK_PIECES);
    return sock->loop->ops->sock_write_steady(sock, pieces, count);
}

void sock_shutdown(struct sock *sock)
{
    sock->loop->ops->sock_shutdown(sock);
}

void sock_close(struct sock *sock, bool reset)
{
    sock->loop->ops->sock_close(sock, reset);
}

bool listener_start(struct listener *listener)
{
    return listener->loop->ops->listener_start(listener);
}

void listener_stop(struct listener *listener)
{
    listener->loop->ops->listener_stop(listener);
}
