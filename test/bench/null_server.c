/* The null server: the limit that no server on this machine can pass. One epoll thread that reads,
 * counts the ends of request heads, and writes as many constant answers: nothing parsed, nothing
 * looked up.
 *
 *     null_server PORT FILE
 *
 * FILE holds one whole answer, head and content: script/bench records it from the server under
 * test, so that both put the same number of octets on the wire.
 */
#include "null.h"

#define DESCRIPTORS 65536
#define ROW_SIZE (1 << 20) /* answers up to this size stand in a row, to be sent at once */

/* What is left to send on each descriptor, counted from the end of its answers. */
static size_t unsent[DESCRIPTORS];
static char *answers;      /* many answers in a row */
static size_t answer_size; /* of one */
static size_t answer_room; /* how many stand in a row; the first may be sent in part */

static void read_answer(const char *path)
{
    answers = null_answer(path, &answer_size);
    answer_room = answer_size < ROW_SIZE ? ROW_SIZE / answer_size + 1 : 2;
    answers = realloc(answers, answer_size * answer_room);
    if (!answers)
        null_fail(path);
    for (size_t i = 1; i < answer_room; i++)
        memcpy(answers + i * answer_size, answers, answer_size);
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

static void serve(const struct epoll_event *event)
{
    static char bytes[NULL_READ_SIZE];
    const int fd = event->data.fd;
    ssize_t got = recv(fd, bytes, sizeof bytes, 0);

    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        unsent[fd] = 0;
        close(fd);
        return;
    }
    if (got > 0)
        unsent[fd] += null_heads(bytes, (size_t)got) * answer_size;
    if (!flush(fd)) {
        unsent[fd] = 0;
        close(fd);
    }
}

static void greet(int fd, int epoll)
{
    if (fd >= DESCRIPTORS || !null_watch(epoll, fd, (epoll_data_t){.fd = fd}))
        close(fd);
    else
        unsent[fd] = 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: null_server PORT FILE\n");
        return 2;
    }
    read_answer(argv[2]);
    null_run(argv[1], &(struct null_ways){.greet = greet, .serve = serve});
}
