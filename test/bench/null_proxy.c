/* The null proxy: the limit of what passes a proxy on this machine. One epoll thread that reads
 * until a request head is there, sends it on over a connection kept for this client, and passes
 * back whatever comes on that: nothing parsed, nothing added, nothing counted.
 *
 *     null_proxy PORT ORIGIN_PORT
 *
 *     client --once a head has ended--> origin
 *            <--------as it comes------
 *
 * Requests have no content. What a socket does not take at once waits, and the other side is not
 * read meanwhile.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 65536, EVENTS = 256 };

/* One of the two ends of a link: what is read here goes to the other. */
struct side {
    struct side *other; /* NULL: the listener */
    struct side *next;  /* of those that have ended in this turn */
    int fd;
    bool heads;     /* octets go on when a head has ended */
    size_t waiting; /* octets that were read and have not gone on */
    char *kept;     /* they; NULL if there are none */
};

static struct sockaddr_in origin;
static struct side *ended;
static int epoll;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct sockaddr_in address_of(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(port)),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

/* A link ends with either side. It is freed behind the turn, whose events may still name it. */
static void link_end(struct side *side)
{
    if (side->fd < 0)
        return;
    for (int i = 0; i < 2; i++, side = side->other) {
        close(side->fd);
        side->fd = -1;
        side->next = ended;
        ended = side;
    }
}

static void links_free(void)
{
    while (ended) {
        struct side *side = ended;
        ended = side->next;
        free(side->kept);
        free(side);
    }
}

/* How many of the octets may go on. */
static size_t side_due(const struct side *side, const char *bytes, size_t size)
{
    return !side->heads || (size >= 4 && memcmp(bytes + size - 4, "\r\n\r\n", 4) == 0) ? size : 0;
}

static bool side_keep(struct side *side, const char *bytes, size_t size)
{
    side->waiting = size;
    if (size == 0) {
        free(side->kept);
        side->kept = NULL;
        return true;
    }
    if (!side->kept && !(side->kept = malloc(ROOM)))
        return false;
    memmove(side->kept, bytes, size);
    return true;
}

/* Sends on what is due of these octets, and keeps the rest. False when the link is over. */
static bool side_push(struct side *side, const char *bytes, size_t size)
{
    const size_t due = side_due(side, bytes, size);
    ssize_t sent = due ? send(side->other->fd, bytes, due, MSG_NOSIGNAL) : 0;

    if (sent < 0 && errno != EAGAIN)
        return false;
    sent = sent < 0 ? 0 : sent;
    return (size_t)sent == size && !side->kept ? true
                                               : side_keep(side, bytes + sent, size - (size_t)sent);
}

/* Reads until nothing more comes, or nothing more goes. A read that was not filled was the last. */
static bool side_run(struct side *side)
{
    static char room[ROOM];

    for (;;) {
        char *bytes = side->kept ? side->kept : room;
        const size_t free_room = ROOM - side->waiting;
        if (free_room == 0)
            return !side->heads;
        ssize_t got = recv(side->fd, bytes + side->waiting, free_room, 0);
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        if (!side_push(side, bytes, side->waiting + (size_t)got))
            return false;
        if ((size_t)got < free_room || (side->waiting > 0 && !side->heads))
            return true;
    }
}

/* The other side takes octets again. */
static bool side_flush(struct side *side)
{
    if (side->waiting == 0 || side_due(side, side->kept, side->waiting) == 0)
        return true;
    return side_push(side, side->kept, side->waiting) && (side->waiting > 0 || side_run(side));
}

static void side_ready(struct side *side, uint32_t events)
{
    bool lives = side->fd >= 0;

    if (lives && events & EPOLLOUT)
        lives = side_flush(side->other);
    if (lives && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        lives = side_run(side);
    if (!lives)
        link_end(side);
}

static int socket_new(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0)
        fail("null_proxy: socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static struct side *side_new(int fd, bool heads)
{
    struct side *side = calloc(1, sizeof *side);

    if (!side)
        fail("null_proxy");
    side->fd = fd;
    side->heads = heads;
    return side;
}

static void side_watch(struct side *side)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = side};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, side->fd, &event) != 0)
        fail("null_proxy: epoll_ctl");
}

static void accept_all(int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct side *client = side_new(fd, true), *server = side_new(socket_new(), false);
        client->other = server;
        server->other = client;
        if (connect(server->fd, (struct sockaddr *)&origin, sizeof origin) != 0 &&
            errno != EINPROGRESS)
            fail("null_proxy: connect");
        side_watch(client);
        side_watch(server);
    }
}

int main(int argc, char **argv)
{
    struct epoll_event events[EVENTS], event = {.events = EPOLLIN};

    if (argc != 3) {
        fprintf(stderr, "usage: null_proxy PORT ORIGIN_PORT\n");
        return 2;
    }
    struct sockaddr_in address = address_of(argv[1]);
    int listener = socket_new();
    origin = address_of(argv[2]);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 4096) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0)
        fail("null_proxy");
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                side_ready(events[i].data.ptr, events[i].events);
            else
                accept_all(listener);
        }
        links_free();
    }
}
