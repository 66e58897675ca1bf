/* The socket calls that the back ends share: the way into the table of the loop, and addresses as
 * text.
 */
#include "io/sock.h"

#include "base/check.h"
#include "io/loop_ops.h"
#include "io/tls_parts.h"

#include <arpa/inet.h>
#include <string.h>

/* By hand: a gateway tells it of each request. */
static size_t sock_v4_text(const uint8_t bytes[4], char *to)
{
    char *at = to;

    for (int i = 0; i < 4; i++) {
        const unsigned byte = bytes[i];
        if (i > 0)
            *at++ = '.';
        if (byte >= 100)
            *at++ = (char)('0' + byte / 100);
        if (byte >= 10)
            *at++ = (char)('0' + byte / 10 % 10);
        *at++ = (char)('0' + byte % 10);
    }
    *at = '\0';
    return (size_t)(at - to);
}

size_t sock_address_text(const struct sock_address *address, char to[SOCK_ADDRESS_TEXT])
{
    const char *word = address->family == AF_UNIX ? "unix" : "-";

    if (address->family == AF_INET)
        return sock_v4_text(address->bytes, to);
    if (address->family == AF_INET6)
        CHECK(inet_ntop(AF_INET6, address->bytes, to, SOCK_ADDRESS_TEXT));
    else
        memcpy(to, word, strlen(word) + 1);
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
    if (from->tls)
        return tls_move(from, to);
    return from->loop->ops->sock_move(from, to);
}

ssize_t sock_read(struct sock *sock, void *to, size_t size)
{
    CHECK(size > 0);
    if (sock->tls)
        return tls_read(sock->tls, to, size);
    return sock->loop->ops->sock_read(sock, to, size);
}

ssize_t sock_write(struct sock *sock, const struct iovec *pieces, int count)
{
    CHECK(count > 0 && count <= SOCK_PIECES);
    if (sock->tls)
        return tls_write(sock->tls, pieces, count);
    return sock->loop->ops->sock_write(sock, pieces, count);
}

ssize_t sock_write_steady(struct sock *sock, const struct iovec *pieces, int count)
{
    CHECK(count > 0 && count <= SOCK_PIECES);
    if (sock->tls)
        return tls_write(sock->tls, pieces, count);
    return sock->loop->ops->sock_write_steady(sock, pieces, count);
}

void sock_shutdown(struct sock *sock)
{
    if (sock->tls)
        tls_shutdown(sock->tls);
    else
        sock->loop->ops->sock_shutdown(sock);
}

void sock_close(struct sock *sock, bool reset)
{
    if (sock->tls)
        tls_close(sock->tls, reset);
    sock->loop->ops->sock_close(sock, reset);
}

ssize_t sock_flush(struct sock *sock)
{
    return sock->tls ? tls_flush(sock->tls) : 0;
}

bool listener_start(struct listener *listener)
{
    return listener->loop->ops->listener_start(listener);
}

void listener_stop(struct listener *listener)
{
    listener->loop->ops->listener_stop(listener);
}
