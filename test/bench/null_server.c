/* The null server: the limit that no server on this machine can pass. One epoll thread that reads,
 * counts the ends of request heads, and writes as many constant answers: nothing parsed, nothing
 * looked up.
 *
 *     null_server PORT FILE
 *
 * FILE holds one whole answer, head and content: script/bench records it from the server under
 * test, so that both put the same number of octets on the wire.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE 65536
#define DESCRIPTORS 65536
#define ROW_SIZE (1 << 20) /* answers up to this size stand in a row, to be sent at once */

/* What is left to send on each descriptor, counted from the end of its answers. */
static size_t unsent[DESCRIPTORS];
static char *answers;      /* many answers in a row */
static size_t answer_size; /* of one */
static size_t answer_room; /* how many stand in a row; the first may be sent in part */

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void read_answer(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = 0;

    if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) <= 0)
        fail(path);
    rewind(file);
    answer_size = (size_t)size;
    answer_room = answer_size < ROW_SIZE ? ROW_SIZE / answer_size + 1 : 2;
    answers = malloc(answer_size * answer_room);
    if (!answers || fread(answers, 1, answer_size, file) != answer_size)
        fail(path);
    for (size_t i = 1; i < answer_room; i++)
        memcpy(answers + i * answer_size, answers, answer_size);
    fclose(file);
}

static size_t count_heads(const char *bytes, size_t size)
{
    size_t heads = 0;
    const char *at = bytes, *end = bytes + size;

    while ((at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4))) {
        heads++;
        at += 4;
    }
    return heads;
}

/* Sends what is due; false when the peer is gone. */
static bool flush(int fd)
{
    while (unsent[fd]) {
        size_t chunk = unsent[fd] % answer_size;
        size_t whole = unsent[fd] / answer_size;
        if (whole > answer_room - 1)
            whole = answer_room - 1;
        size_t size = chunk + whole * answer_size;
        ssize_t sent = send(fd, answers + (chunk ? answer_size - chunk : 0), size, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN;
        unsent[fd] -= (size_t)sent;
        if ((size_t)sent < size)
            return true;
    }
    return true;
}

static void serve(int fd)
{
    static char bytes[READ_SIZE];
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);

    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        unsent[fd] = 0;
        close(fd);
        return;
    }
    if (got > 0)
        unsent[fd] += count_heads(bytes, (size_t)got) * answer_size;
    if (!flush(fd)) {
        unsent[fd] = 0;
        close(fd);
    }
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0)
        fail("null_server");
    return fd;
}

static void accept_all(int listener, int epoll)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
        if (fd >= DESCRIPTORS || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
            close(fd);
        else
            unsent[fd] = 0;
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: null_server PORT FILE\n");
        return 2;
    }
    read_answer(argv[2]);
    int listener = listen_on((uint16_t)atoi(argv[1])), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[256], event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                accept_all(listener, epoll);
            else
                serve(events[i].data.fd);
        }
    }
}
