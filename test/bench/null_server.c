/* The null server: the limit that no server on this machine can pass. One epoll thread that reads,
 * counts the ends of request heads, and writes as many constant answers: nothing parsed, nothing
 * looked up.
 *
 *     null_server PORT small|notmodified|large
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE 65536
#define LARGE (1 << 20)
#define DESCRIPTORS 65536

/* What is left to send on each descriptor, counted from the end of its answers. */
static size_t unsent[DESCRIPTORS];
static char *answers;      /* many answers in a row */
static size_t answer_size; /* of one */
static size_t answer_room; /* how many stand in a row */

static void make_answers(const char *kind)
{
    static const char fields[] = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: null\r\n"
                                 "ETag: \"abcdefghijklmnopqrstuvwx\"\r\n"
                                 "Cache-Control: no-cache\r\n";
    size_t content = strcmp(kind, "small") == 0 ? 1024 : strcmp(kind, "large") == 0 ? LARGE : 0;
    char head[512];
    int size = content ? snprintf(head, sizeof head,
                                  "HTTP/1.1 200 OK\r\n%sContent-Type: text/plain\r\n"
                                  "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                  "Content-Length: %zu\r\n\r\n",
                                  fields, content)
                       : snprintf(head, sizeof head, "HTTP/1.1 304 Not Modified\r\n%s\r\n", fields);

    answer_size = (size_t)size + content;
    answer_room = content == LARGE ? 1 : 1024;
    answers = malloc(answer_size * answer_room);
    if (!answers)
        exit(1);
    for (size_t i = 0; i < answer_room; i++) {
        memcpy(answers + i * answer_size, head, (size_t)size);
        memset(answers + i * answer_size + size, 'x', content);
    }
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
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0) {
        perror("null_server");
        exit(1);
    }
    return fd;
}

static void accept_all(int listener, int epoll)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd};
        if (fd >= DESCRIPTORS || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
            close(fd);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: null_server PORT small|notmodified|large\n");
        return 2;
    }
    make_answers(argv[2]);
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
