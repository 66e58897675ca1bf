/* What the null servers and the null proxy share: sockets on the loopback interface, one epoll loop
 * that turns for ever, the answer from a file, and the ends of request heads. Whatever fails here
 * ends the program.
 */
#ifndef TEST_BENCH_NULL_H
#define TEST_BENCH_NULL_H

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

#define NULL_READ_SIZE 65536
#define NULL_EVENTS 256
#define NULL_LISTENER UINT64_MAX /* no descriptor and no pointer */

/* What a program does with connections. */
struct null_ways {
    void (*greet)(int fd, int epoll);               /* a new one; takes the descriptor */
    void (*serve)(const struct epoll_event *event); /* of one that it watches */
    void (*turned)(void);                           /* after all events of a turn; may be NULL */
};

static inline void null_fail(const char *what)
{
    perror(what);
    exit(1);
}

static inline struct sockaddr_in null_address(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(port)),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static inline int null_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0)
        null_fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Watches a descriptor; false when the kernel will not. */
static inline bool null_watch(int epoll, int fd, epoll_data_t data)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = data};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static inline void null_accept(int listener, int epoll, const struct null_ways *ways)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        ways->greet(fd, epoll);
}

/* Listens on the port, and serves until the process is ended. */
static inline void null_run(const char *port, const struct null_ways *ways)
{
    const struct sockaddr_in address = null_address(port);
    struct epoll_event events[NULL_EVENTS];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = NULL_LISTENER};
    const int listener = null_socket(), epoll = epoll_create1(EPOLL_CLOEXEC);

    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 4096) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0)
        null_fail(port);
    for (;;) {
        const int count = epoll_wait(epoll, events, NULL_EVENTS, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.u64 == NULL_LISTENER)
                null_accept(listener, epoll, ways);
            else
                ways->serve(&events[i]);
        }
        if (ways->turned)
            ways->turned();
    }
}

/* The octets of a file that is not empty. */
static inline char *null_answer(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    long end = 0;

    if (!file || fseek(file, 0, SEEK_END) != 0 || (end = ftell(file)) <= 0)
        null_fail(path);
    rewind(file);
    *size = (size_t)end;
    char *octets = malloc(*size);
    if (!octets || fread(octets, 1, *size, file) != *size)
        null_fail(path);
    fclose(file);
    return octets;
}

/* How many heads end in these octets. */
static inline size_t null_heads(const char *bytes, size_t size)
{
    size_t heads = 0;
    const char *at = bytes, *end = bytes + size;

    while ((at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4))) {
        heads++;
        at += 4;
    }
    return heads;
}

#endif
