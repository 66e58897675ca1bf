/* Connecting on the machine: to the loopback interface and to a unix socket, and every way in which
 * it may not work there. */
#include "base/container.h"
#include "io/sock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { MS = 1000000, TRIES = 8 };

/* One that connects, and what it has seen. */
struct
try {
    struct sock sock;
    enum sock_connected state;
    char got[64];
    size_t len;
    int calls;
    bool end;
};

static struct {
    struct loop *loop;
    struct timer timer;
    bool timed_out;
    char directory[32];
    char path[48];
} world;

static void timed_out(struct timer *timer)
{
    (void)timer;
    world.timed_out = true;
    loop_stop(world.loop);
}

static void ready(struct sock *sock, unsigned events)
{
    struct try *try = CONTAINER(sock, struct try, sock);
    try->calls++;
    try->state = sock_connect_state(sock);
    if (try->state == SOCK_CONNECTED && (events & SOCK_READABLE)) {
        ssize_t got = sock_read(sock, try->got + try->len, sizeof try->got - try->len);
        try->len += got > 0 ? (size_t)got : 0;
        try->end |= got == 0;
    }
    if (try->state != SOCK_CONNECTING)
        loop_stop(world.loop);
}

static void world_open(void)
{
    memset(&world, 0, sizeof world);
    world.loop = loop_new_epoll();
    timer_init(&world.timer, timed_out);
    strcpy(world.directory, "/tmp/stet-connect-XXXXXX");
    assert_non_null(mkdtemp(world.directory));
    snprintf(world.path, sizeof world.path, "%s/s", world.directory);
}

static void world_close(void)
{
    unlink(world.path);
    rmdir(world.directory);
    loop_timer_cancel(world.loop, &world.timer);
    loop_free(world.loop);
}

/* Runs until something happened; with `ms` at most that long. */
static void world_run(int ms)
{
    assert_true(loop_timer_set(world.loop, &world.timer, loop_now(world.loop) + ms * MS));
    world.timed_out = false;
    loop_run(world.loop);
}

static struct sock_address address_of(const char *text, uint16_t port)
{
    struct sock_address address = {.family = strchr(text, ':') ? AF_INET6 : AF_INET, .port = port};
    assert_int_equal(inet_pton(address.family, text, address.bytes), 1);
    return address;
}

static enum sock_connected try_open(struct try *try, const char *host, uint16_t port)
{
    struct sock_address address = {.family = AF_UNIX};
    const bool is_path = host[0] == '/';
    *try = (struct try){.sock.ready = ready};
    if (!is_path)
        address = address_of(host, port);
    return sock_connect(&try->sock, world.loop, &address, is_path ? host : NULL);
}

static int bind_to(const char *address, uint16_t *port)
{
    const char *error = NULL;
    int fd = listener_bind(address, false, port, &error);
    if (fd < 0)
        print_message("# %s: %s\n", address, error);
    return fd;
}

static int accept_one(int listener)
{
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    return fd;
}

static void no_delay(int fd, int wanted)
{
    int on = -1;
    socklen_t size = sizeof on;
    getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size);
    assert_int_equal(on != 0, wanted);
}

/* Both directions, and the end, over each kind of socket. */
static void test_connects(void **state)
{
    (void)state;
    char unix_address[64];
    world_open();
    snprintf(unix_address, sizeof unix_address, "unix:%s", world.path);
    const struct {
        const char *listens;
        const char *host;
    } rows[] = {
        {"127.0.0.1:0", "127.0.0.1"},
        {"[::1]:0", "::1"},
        {unix_address, world.path},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint16_t port = 0;
        int listener = bind_to(rows[i].listens, &port);
        if (listener < 0 && i == 1)
            continue;
        struct try try;
        assert_int_equal(try_open(&try, rows[i].host, port), SOCK_CONNECTING);
        while (try.state == SOCK_CONNECTING)
            world_run(2000);
        assert_int_equal(try.state, SOCK_CONNECTED);
        if (i < 2)
            no_delay(try.sock.fd, 1);
        int server = accept_one(listener);
        const struct iovec piece = {(char[]){'h', 'i'}, 2};
        assert_int_equal(sock_write(&try.sock, &piece, 1), 2);
        char bytes[4];
        assert_int_equal(recv(server, bytes, sizeof bytes, 0), 2);
        assert_int_equal(send(server, "yes", 3, 0), 3);
        close(server);
        while (!try.end && !world.timed_out)
            world_run(2000);
        assert_string_equal(try.got, "yes");
        assert_int_equal(sock_connect_state(&try.sock), SOCK_CONNECTED);
        sock_close(&try.sock, false);
        close(listener);
    }
    world_close();
}

static void fails(const char *name, const char *host, uint16_t port, enum sock_connected wanted)
{
    struct try try;
    enum sock_connected got = try_open(&try, host, port);
    if (got == SOCK_CONNECTING) {
        world_run(2000);
        got = try.state;
        sock_close(&try.sock, false);
    }
    if (got != wanted)
        fail_msg("%s: %d, wanted %d", name, (int)got, (int)wanted);
    assert_int_equal(try.sock.fd, -1);
}

static void test_fails(void **state)
{
    (void)state;
    world_open();
    uint16_t port = 0;
    char long_path[200];
    memset(long_path, 'a', sizeof long_path);
    memcpy(long_path, "/tmp/", 5);
    long_path[sizeof long_path - 1] = '\0';
    int fd = bind_to("127.0.0.1:0", &port);
    close(fd);
    fails("nobody listens", "127.0.0.1", port, SOCK_REFUSED);
    /* TCP goes to no group. */
    fails("no way there", "224.0.0.1", 80, SOCK_UNREACHABLE);
    fails("a link without its name", "fe80::1", 80, SOCK_FAILED);
    fails("no such file", world.path, 0, SOCK_REFUSED);
    fails("too long a path", long_path, 0, SOCK_FAILED);
    fails("not a socket", "/dev/null", 0, SOCK_REFUSED);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {3, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    fails("no descriptor", "127.0.0.1", port, SOCK_EXHAUSTED);
    setrlimit(RLIMIT_NOFILE, &before);
    world_close();
}

/* A unix socket whose queue is full says so at once; a TCP one says nothing at all. */
static void test_full_queues(void **state)
{
    (void)state;
    world_open();
    char unix_address[64];
    uint16_t port = 0;
    snprintf(unix_address, sizeof unix_address, "unix:%s", world.path);
    int path = bind_to(unix_address, NULL);
    int tcp = bind_to("127.0.0.1:0", &port);
    assert_int_equal(listen(path, 0) | listen(tcp, 0), 0);
    struct try first, second[TRIES];
    assert_int_equal(try_open(&first, world.path, 0), SOCK_CONNECTING);
    assert_int_equal(try_open(&second[0], world.path, 0), SOCK_EXHAUSTED);
    sock_close(&first.sock, false);
    for (int i = 0; i < TRIES; i++)
        assert_int_equal(try_open(&second[i], "127.0.0.1", port), SOCK_CONNECTING);
    do
        world_run(30);
    while (!world.timed_out);
    assert_int_equal(second[TRIES - 1].state, SOCK_CONNECTING);
    assert_int_equal(second[TRIES - 1].calls, 0);
    assert_int_equal(sock_connect_state(&second[TRIES - 1].sock), SOCK_CONNECTING);
    for (int i = 0; i < TRIES; i++)
        sock_close(&second[i].sock, i % 2);
    close(path);
    close(tcp);
    world_close();
}

/* What came before, and what comes after, is told to the new struct; the old one may be gone. */
static void test_move(void **state)
{
    (void)state;
    world_open();
    uint16_t port = 0;
    int listener = bind_to("127.0.0.1:0", &port);
    struct try *old = calloc(1, sizeof *old);
    struct try fresh = {.sock.ready = ready};
    assert_int_equal(try_open(old, "127.0.0.1", port), SOCK_CONNECTING);
    world_run(2000);
    assert_int_equal(old->state, SOCK_CONNECTED);
    int server = accept_one(listener);
    assert_int_equal(send(server, "before", 6, 0), 6);
    assert_true(sock_move(&old->sock, &fresh.sock));
    assert_int_equal(old->sock.fd, -1);
    sock_close(&old->sock, false);
    free(old);
    world_run(2000);
    assert_string_equal(fresh.got, "before");
    int calls = fresh.calls;
    assert_int_equal(send(server, " after", 6, 0), 6);
    shutdown(server, SHUT_WR);
    while (!fresh.end)
        world_run(2000);
    assert_string_equal(fresh.got, "before after");
    assert_in_range(fresh.calls - calls, 1, 2);
    close(server);
    sock_close(&fresh.sock, false);
    /* One that the loop was to call once more: the new one is called, the old one is not. */
    struct try third, fourth = {.sock.ready = ready};
    assert_int_equal(try_open(&third, "127.0.0.1", port), SOCK_CONNECTING);
    server = accept_one(listener);
    assert_int_equal(send(server, "end", 3, 0), 3);
    close(server);
    while (third.len == 0)
        world_run(2000);
    calls = third.calls;
    assert_true(sock_move(&third.sock, &fourth.sock));
    while (!fourth.end)
        world_run(2000);
    assert_false(world.timed_out);
    assert_int_equal(third.calls, calls);
    sock_close(&fourth.sock, false);
    close(listener);
    world_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connects),
        cmocka_unit_test(test_fails),
        cmocka_unit_test(test_full_queues),
        cmocka_unit_test(test_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
