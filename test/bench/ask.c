/* Asks a server a number of times, over a number of connections at once, and counts the answers:
 * for what wrk does not do, a crowd that comes in one moment, and each of many objects once.
 *
 *     ask PORT TIMES CONNECTIONS PATH
 *
 * In PATH, "%d" stands for the number of the request. All connections are made before the first
 * request leaves, so that TIMES equal to CONNECTIONS is a burst. Prints answers with status 200,
 * the others, and milliseconds from the first request to the last answer. Answers have
 * Content-Length.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 8192, READ = 65536, PATIENCE_MS = 30000 };

struct asker {
    int fd;
    size_t have;   /* octets of the head so far */
    uint64_t left; /* octets of the content to come */
    char head[HEAD];
};

static const char *path;
static long times, asked, good, bad;

static void die(const char *why)
{
    fprintf(stderr, "ask: %s: %s\n", why, strerror(errno));
    exit(1);
}

static double now_ms(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* The next request; none is left when all were sent. */
static void asker_ask(struct asker *asker)
{
    char text[1024];
    const char *mark = strstr(path, "%d");
    const int before = mark ? (int)(mark - path) : (int)strlen(path);

    if (asked == times)
        return;
    int size = snprintf(text, sizeof text, "GET %.*s", before, path);
    if (mark)
        size += snprintf(text + size, sizeof text - (size_t)size, "%07ld%s", asked, mark + 2);
    size +=
        snprintf(text + size, sizeof text - (size_t)size, " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    asked++;
    if (send(asker->fd, text, (size_t)size, MSG_NOSIGNAL) != size)
        die("send");
}

static uint64_t length_of(const char *head)
{
    const char *line = strcasestr(head, "\r\ncontent-length:");
    return line ? strtoull(line + sizeof "\r\ncontent-length:" - 1, NULL, 10) : 0;
}

/* Takes octets of one answer: those of the head are kept, the others counted. */
static void asker_take(struct asker *asker, const char *bytes, size_t size)
{
    if (asker->left == 0) {
        const size_t room = HEAD - 1 - asker->have, part = size < room ? size : room;
        memcpy(asker->head + asker->have, bytes, part);
        asker->head[asker->have + part] = '\0';
        const char *end = strstr(asker->head, "\r\n\r\n");
        if (!end && part < size)
            die("a head is too long");
        if (!end) {
            asker->have += part;
            return;
        }
        size -= (size_t)(end + 4 - asker->head) - asker->have;
        *(asker->head + (end - asker->head) + 2) = '\0';
        asker->left = length_of(asker->head);
        if (strncmp(asker->head + 8, " 200", 4) == 0)
            good++;
        else
            bad++;
        asker->have = 0;
    }
    asker->left -= size < asker->left ? size : asker->left;
    if (asker->left == 0)
        asker_ask(asker);
}

static void asker_ready(struct asker *asker)
{
    static char bytes[READ];
    ssize_t got = recv(asker->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (got > 0)
        asker_take(asker, bytes, (size_t)got);
    else if (got == 0 || errno != EAGAIN)
        die("a connection was closed");
}

static struct asker *askers_new(int count, uint16_t port, int epoll)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct asker *askers = calloc((size_t)count, sizeof *askers);

    for (int i = 0; askers && i < count; i++) {
        struct asker *asker = &askers[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = asker};
        int on = 1;
        asker->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (asker->fd < 0 || connect(asker->fd, (const struct sockaddr *)&address, sizeof address))
            die("connect");
        setsockopt(asker->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, asker->fd, &event) != 0)
            die("epoll_ctl");
    }
    return askers;
}

int main(int argc, char **argv)
{
    struct epoll_event events[256];

    if (argc != 5) {
        fprintf(stderr, "usage: ask PORT TIMES CONNECTIONS PATH\n");
        return 2;
    }
    const int count = atoi(argv[3]), epoll = epoll_create1(EPOLL_CLOEXEC);
    times = atol(argv[2]);
    path = argv[4];
    struct asker *askers = askers_new(count, (uint16_t)atoi(argv[1]), epoll);
    if (!askers)
        die("no memory");
    const double begun = now_ms();
    for (int i = 0; i < count; i++)
        asker_ask(&askers[i]);
    while (good + bad < times) {
        int ready = epoll_wait(epoll, events, 256, PATIENCE_MS);
        if (ready == 0)
            break;
        for (int i = 0; i < ready; i++)
            asker_ready(events[i].data.ptr);
    }
    printf("good %ld bad %ld ms %.1f\n", good, bad, now_ms() - begun);
    free(askers);
    return good == times ? 0 : 1;
}
