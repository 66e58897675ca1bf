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
#include "null.h"

enum { ROOM = 65536 };

/* One of the two ends of a link: what is read here goes to the other. */
struct side {
    struct side *other;
    struct side *next; /* of those that have ended in this turn */
    int fd;
    bool heads;     /* octets go on when a head has ended */
    size_t waiting; /* octets that were read and have not gone on */
    char *kept;     /* they; NULL if there are none */
};

static struct sockaddr_in origin;
static struct side *ended;

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

static void side_ready(const struct epoll_event *event)
{
    struct side *side = event->data.ptr;
    bool lives = side->fd >= 0;

    if (lives && event->events & EPOLLOUT)
        lives = side_flush(side->other);
    if (lives && event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        lives = side_run(side);
    if (!lives)
        link_end(side);
}

static struct side *side_new(int fd, bool heads)
{
    struct side *side = calloc(1, sizeof *side);

    if (!side)
        null_fail("null_proxy");
    side->fd = fd;
    side->heads = heads;
    return side;
}

static void side_watch(struct side *side, int epoll)
{
    if (!null_watch(epoll, side->fd, (epoll_data_t){.ptr = side}))
        null_fail("null_proxy: epoll_ctl");
}

static void greet(int fd, int epoll)
{
    struct side *client = side_new(fd, true), *server = side_new(null_socket(), false);

    client->other = server;
    server->other = client;
    if (connect(server->fd, (struct sockaddr *)&origin, sizeof origin) != 0 && errno != EINPROGRESS)
        null_fail("null_proxy: connect");
    side_watch(client, epoll);
    side_watch(server, epoll);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: null_proxy PORT ORIGIN_PORT\n");
        return 2;
    }
    origin = null_address(argv[2]);
    null_run(argv[1],
             &(struct null_ways){.greet = greet, .serve = side_ready, .turned = links_free});
}
