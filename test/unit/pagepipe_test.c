/* Steady bytes on their way into a socket without a copy. */
#include "base/chunk.h"
#include "io/loop_epoll.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { LARGE = 300 * 1024 + 7, HUGE = 16 << 20, MS = 1000000 };

/* A socket of the server and its client's end. */
struct line {
    struct sock sock;
    int client;
    bool writable;
};

static struct loop *loop;

static void line_ready(struct sock *sock, unsigned events)
{
    struct line *line = (struct line *)(void *)sock;
    line->writable |= (events & SOCK_WRITABLE) != 0;
}

static void line_open(struct line *line)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&here, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&here, &size), 0);
    line->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(line->client, (struct sockaddr *)&here, size), 0);
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    close(listener);
    line->sock = (struct sock){.loop = loop, .fd = fd, .ready = line_ready};
    line->writable = false;
    assert_true(sock_start(&line->sock));
}

static void line_close(struct line *line)
{
    sock_close(&line->sock, false);
    close(line->client);
}

static void stop(struct timer *timer)
{
    (void)timer;
    loop_stop(loop);
}

static void run(int ms)
{
    struct timer timer;
    timer_init(&timer, stop);
    loop_timer_set(loop, &timer, loop_now(loop) + ms * MS);
    loop_run(loop);
    loop_timer_cancel(loop, &timer);
}

static char pattern(size_t at)
{
    return (char)(at * 7 + at / 4096);
}

static struct chunk *chunk_patterned(size_t len)
{
    struct chunk *chunk = chunk_new(len);
    assert_non_null(chunk);
    for (size_t i = 0; i < len; i++)
        chunk->bytes[i] = pattern(i);
    return chunk;
}

static ssize_t send_with_head(struct line *line, struct chunk *chunk, size_t from)
{
    const struct iovec pieces[] = {{(char[]){'h', 'e', 'a', 'd'}, 4},
                                   {chunk->bytes + from, chunk->len - from}};
    int first = from > 0;
    return sock_write_steady(&line->sock, pieces + first, 2 - first);
}

/* The client reads `size` octets of the pattern, of which the first is at `from`. */
static void expect_pattern(int client, size_t from, size_t size)
{
    static char got[1 << 16];
    while (size > 0) {
        ssize_t len = recv(client, got, size < sizeof got ? size : sizeof got, 0);
        assert_true(len > 0);
        for (ssize_t i = 0; i < len; i++)
            if (got[i] != pattern(from + (size_t)i))
                fail_msg("octet %zu is not what was sent", from + (size_t)i);
        from += (size_t)len;
        size -= (size_t)len;
    }
}

static void expect_head(int client)
{
    char head[4];
    assert_int_equal(recv(client, head, sizeof head, MSG_WAITALL), 4);
    assert_memory_equal(head, "head", 4);
}

static void send_large_and_read(void)
{
    struct line line;
    struct chunk *chunk = chunk_patterned(LARGE);
    line_open(&line);
    assert_true(chunk->steady);
    assert_int_equal(send_with_head(&line, chunk, 0), LARGE + 4);
    expect_head(line.client);
    expect_pattern(line.client, 0, LARGE);
    chunk_unref(chunk);
    line_close(&line);
}

static void test_whole(void **state)
{
    (void)state;
    loop = loop_new_epoll();
    send_large_and_read();
    assert_true(((struct loop_epoll *)loop)->pages.from >= 0);
    loop_free(loop);
}

static void test_kernel_refuses(void **state)
{
    (void)state;
    loop = loop_new_epoll();
    ((struct loop_epoll *)loop)->pages.barred = true;
    send_large_and_read();
    assert_int_equal(((struct loop_epoll *)loop)->pages.from, -1);
    loop_free(loop);
}

/* A piece that is copied because it is small. */
static void test_small(void **state)
{
    (void)state;
    struct line line;
    loop = loop_new_epoll();
    line_open(&line);
    struct chunk *chunk = chunk_patterned(100);
    assert_false(chunk->steady);
    assert_int_equal(send_with_head(&line, chunk, 0), 104);
    expect_head(line.client);
    expect_pattern(line.client, 0, 100);
    assert_int_equal(((struct loop_epoll *)loop)->pages.from, -1);
    chunk_unref(chunk);
    line_close(&line);
    loop_free(loop);
}

/* A socket that is full takes a part; the rest does not stay where another socket would get it, and
 * goes on when there is room. */
static void test_full(void **state)
{
    (void)state;
    struct line slow, other;
    loop = loop_new_epoll();
    line_open(&slow);
    line_open(&other);
    struct chunk *chunk = chunk_patterned(HUGE);
    ssize_t went = send_with_head(&slow, chunk, 0);
    assert_in_range(went, 5, HUGE + 3);
    size_t sent = (size_t)went - 4, read = 0;
    struct chunk *small = chunk_patterned(LARGE);
    assert_int_equal(send_with_head(&other, small, 0), LARGE + 4);
    expect_head(other.client);
    expect_pattern(other.client, 0, LARGE);
    expect_head(slow.client);
    while (read < HUGE) {
        slow.writable = false;
        expect_pattern(slow.client, read, sent - read);
        read = sent;
        for (int i = 0; i < 100 && !slow.writable && sent < HUGE; i++)
            run(10);
        assert_true(slow.writable || sent == HUGE);
        if (sent < HUGE) {
            went = send_with_head(&slow, chunk, sent);
            assert_true(went >= 0);
            sent += (size_t)went;
        }
    }
    chunk_unref(small);
    chunk_unref(chunk);
    line_close(&slow);
    line_close(&other);
    loop_free(loop);
}

/* What was sent and not yet read stays as it was after the chunk is gone and its room used again.
 */
static void test_chunk_gone(void **state)
{
    (void)state;
    struct line line;
    loop = loop_new_epoll();
    line_open(&line);
    struct chunk *chunk = chunk_patterned(LARGE);
    assert_int_equal(send_with_head(&line, chunk, 0), LARGE + 4);
    chunk_unref(chunk);
    struct chunk *others[8];
    for (int i = 0; i < 8; i++) {
        others[i] = chunk_new(LARGE);
        memset(others[i]->bytes, 'x', LARGE);
    }
    expect_head(line.client);
    expect_pattern(line.client, 0, LARGE);
    for (int i = 0; i < 8; i++)
        chunk_unref(others[i]);
    line_close(&line);
    loop_free(loop);
}

static void test_broken(void **state)
{
    (void)state;
    struct line line;
    const struct linger now = {1, 0};
    loop = loop_new_epoll();
    line_open(&line);
    setsockopt(line.client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(line.client);
    line.client = -1;
    run(20);
    struct chunk *chunk = chunk_patterned(LARGE);
    const struct iovec piece = {chunk->bytes, chunk->len};
    assert_int_equal(sock_write_steady(&line.sock, &piece, 1), SOCK_BROKEN);
    assert_int_equal(send_with_head(&line, chunk, 0), SOCK_BROKEN);
    chunk_unref(chunk);
    sock_close(&line.sock, false);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),      cmocka_unit_test(test_kernel_refuses),
        cmocka_unit_test(test_small),      cmocka_unit_test(test_full),
        cmocka_unit_test(test_chunk_gone), cmocka_unit_test(test_broken),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
