/* Listeners on the machine: who is accepted and when not, addresses and their text, unix sockets.
 */
#include "sock_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

static void accepted_and_stops(struct listener *listener, struct sock *sock,
                               const struct sock_address *peer)
{
    (void)peer;
    sock_close(sock, true);
    world.count++;
    listener_stop(listener);
    free(listener);
    loop_stop(world.loop);
}

/* The callback stops and frees its own listener although more clients wait. */
static void test_listener_freed_by_its_callback(void **state)
{
    (void)state;
    world_open("127.0.0.1:0", ready_reads);
    listener_stop(&world.listener);
    const char *error = NULL;
    struct listener *listener = calloc(1, sizeof *listener);
    *listener = (struct listener){.loop = world.loop, .accepted = accepted_and_stops};
    listener->fd = listener_bind("127.0.0.1:0", false, &world.port, &error);
    assert_true(listener_start(listener));
    int clients[3] = {client_open(), client_open(), client_open()};
    world_run(2000);
    assert_int_equal(world.count, 1);
    world.count = 0;
    for (int i = 0; i < 3; i++)
        close(clients[i]);
    world_close();
}

/* Without descriptors the listener rests instead of turning the loop, then goes on by itself. */
static void test_no_descriptors(void **state)
{
    (void)state;
    world_open("127.0.0.1:0", ready_reads);
    int client = client_open();
    client_send(client, "hi.");
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {(rlim_t)client + 1, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    uint64_t turns = loop_turn(world.loop);
    world_run(150);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_true(world.timed_out);
    assert_int_equal(world.count, 0);
    assert_in_range(loop_turn(world.loop) - turns, 1, 6);
    world_run(2000);
    assert_int_equal(world.count, 1);
    assert_string_equal(world.conns[0]->got, "hi.");
    close(client);
    world_close();
}

/* More clients than one turn accepts. */
static void test_many_clients(void **state)
{
    (void)state;
    world_open("127.0.0.1:0", ready_reads);
    int clients[CONNS];
    for (int i = 0; i < CONNS; i++)
        clients[i] = client_open();
    while (world.count < CONNS)
        world_run(5);
    for (int i = 0; i < CONNS; i++)
        close(clients[i]);
    world_close();
}

static char directory[64];
static char unix_path[96];
static char unix_address[128];

static void unix_paths(void)
{
    strcpy(directory, "/tmp/stet-sock-XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(unix_path, sizeof unix_path, "%s/s", directory);
    snprintf(unix_address, sizeof unix_address, "unix:%s", unix_path);
}

static void test_unix_socket(void **state)
{
    (void)state;
    unix_paths();
    world_open(unix_address, ready_reads);
    assert_int_equal(world.port, 0);
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    strcpy(to.sun_path, unix_path);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&to, sizeof to), 0);
    client_send(client, "by path.");
    shutdown(client, SHUT_WR);
    world_run(2000);
    while (!world.conns[0]->end)
        world_run(100);
    assert_string_equal(world.conns[0]->got, "by path.");
    char text[SOCK_ADDRESS_TEXT];
    sock_address_text(&world.conns[0]->peer, text);
    assert_string_equal(text, "unix");
    close(client);
    const char *error = NULL;
    /* Somebody lives there. */
    assert_int_equal(listener_bind(unix_address, false, NULL, &error), -1);
    assert_non_null(strstr(error, "in use"));
    /* A second worker shares the queue; the first may stop without the second. */
    int more = listener_bind_more(world.listener.fd, &error);
    assert_true(more >= 0);
    listener_stop(&world.listener);
    world.listener.fd = more;
    assert_true(listener_start(&world.listener));
    client = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&to, sizeof to), 0);
    client_send(client, "again.");
    /* The one who asked whether somebody lives there has been a client as well. */
    while (world.count < 3 || world.conns[2]->len == 0)
        world_run(100);
    assert_string_equal(world.conns[2]->got, "again.");
    close(client);
    world_close();
    /* Now the file is stale. */
    int fd = listener_bind(unix_address, true, NULL, &error);
    assert_true(fd >= 0);
    close(fd);
    unlink(unix_path);
    /* A file that is no socket is left alone. */
    fd = open(unix_path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(listener_bind(unix_address, false, NULL, &error), -1);
    assert_non_null(strstr(error, "not a socket"));
    assert_int_equal(access(unix_path, F_OK), 0);
    unlink(unix_path);
    rmdir(directory);
}

static void test_bad_addresses(void **state)
{
    (void)state;
    const struct {
        const char *address;
        const char *words;
    } rows[] = {
        {"", "no port"},
        {"localhost", "no port"},
        {"localhost:", "not a number"},
        {"localhost:http", "not a number"},
        {"localhost:65536", "not a number"},
        {"localhost:000080", "not a number"},
        {":-1", "not a number"},
        {"::1:8080", "brackets"},
        {"[::1]", "not a number"},
        {"[::1:8080", "bracket"},
        {"[]:8080", "bracket"},
        {"[127.0.0.1]:0", "not an IPv6 address"},
        {"[localhost]:0", "not an IPv6 address"},
        {"no.such.host.invalid:0", "no such host"},
        {"192.0.2.1:0", "does not have that address"},
        {"unix:", "no path"},
        {"unix:/no/such/directory/s", "No such file"},
        {"unix:/"
         "ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt"
         "ttttttttttttttttttttttttttt",
         "too long"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *error = NULL;
        int fd = listener_bind(rows[i].address, false, NULL, &error);
        if (fd >= 0 || !error || !strstr(error, rows[i].words))
            fail_msg("%s: %d, %s", rows[i].address, fd, error ? error : "no words");
    }
}

static int try_bind(const char *host, uint16_t port, bool reuse_port, const char **error)
{
    char address[64];
    snprintf(address, sizeof address, "%s:%d", host, port);
    return listener_bind(address, reuse_port, NULL, error);
}

static void test_ports(void **state)
{
    (void)state;
    const char *error = NULL;
    uint16_t port = 0;
    int first = listener_bind("localhost:0", true, &port, &error);
    assert_true(first >= 0);
    assert_int_not_equal(port, 0);
    /* Port taken, also for one who would share. */
    assert_int_equal(try_bind("localhost", port, false, &error), -1);
    assert_non_null(strstr(error, "in use"));
    error = NULL;
    assert_int_equal(try_bind("127.0.0.1", port, true, &error), -1);
    assert_non_null(strstr(error, "in use"));
    /* The next worker has a queue of its own on the same port. */
    int second = listener_bind_more(first, &error);
    assert_true(second >= 0);
    int third = listener_bind_more(second, &error);
    assert_true(third >= 0);
    world.port = port;
    int clients[60];
    for (int i = 0; i < 60; i++)
        clients[i] = client_open();
    int fds[] = {first, second, third};
    int total = 0;
    for (int i = 0; i < 3; i++) {
        int mine = 0;
        for (int fd; (fd = accept(fds[i], NULL, NULL)) >= 0; mine++)
            close(fd);
        assert_in_range(mine, 1, 59);
        total += mine;
        close(fds[i]);
    }
    assert_int_equal(total, 60);
    for (int i = 0; i < 60; i++)
        close(clients[i]);
}

static bool can_connect(int family, uint16_t port)
{
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
    struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0)
        return false;
    int failed = family == AF_INET6 ? connect(fd, (struct sockaddr *)&six, sizeof six)
                                    : connect(fd, (struct sockaddr *)&four, sizeof four);
    close(fd);
    return !failed;
}

static bool have_ipv6(void)
{
    const char *error = NULL;
    int fd = listener_bind("[::1]:0", false, NULL, &error);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void test_families(void **state)
{
    (void)state;
    const bool six = have_ipv6();
    const struct {
        const char *address;
        bool four_answers;
        bool six_answers;
    } rows[] = {
        {":0", true, six},
        {"0.0.0.0:0", true, false},
        {"127.0.0.1:0", true, false},
        {"localhost:0", true, false},
        {"[::]:0", false, true},
        {"[::1]:0", false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *error = NULL;
        uint16_t port = 0;
        if (!six && rows[i].address[0] == '[')
            continue;
        int fd = listener_bind(rows[i].address, true, &port, &error);
        if (fd < 0)
            fail_msg("%s: %s", rows[i].address, error);
        int more = listener_bind_more(fd, &error);
        assert_true(more >= 0);
        if (can_connect(AF_INET, port) != rows[i].four_answers ||
            can_connect(AF_INET6, port) != rows[i].six_answers)
            fail_msg("%s: wrong families", rows[i].address);
        close(fd);
        if (can_connect(AF_INET, port) != rows[i].four_answers ||
            can_connect(AF_INET6, port) != rows[i].six_answers)
            fail_msg("%s: wrong families of the second", rows[i].address);
        close(more);
    }
}

/* What is inherited need be neither non-blocking nor bound by us. */
static void test_inherited(void **state)
{
    (void)state;
    world_open("127.0.0.1:0", ready_reads);
    listener_stop(&world.listener);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(listen(fd, 5), 0);
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &size);
    world.port = ntohs(address.sin_port);
    world.listener.fd = fd;
    assert_true(listener_start(&world.listener));
    int client = client_open();
    client_send(client, "given.");
    world_run(2000);
    assert_string_equal(world.conns[0]->got, "given.");
    close(client);
    world_close();
}

static void test_address_text(void **state)
{
    (void)state;
    const struct {
        struct sock_address address;
        const char *text;
    } rows[] = {
        {{.family = AF_INET, .bytes = {192, 0, 2, 33}}, "192.0.2.33"},
        {{.family = AF_INET6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}}, "2001:db8::1"},
        {{.family = AF_UNIX}, "unix"},
        {{.family = 0}, "-"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[SOCK_ADDRESS_TEXT];
        assert_int_equal(sock_address_text(&rows[i].address, text), strlen(rows[i].text));
        assert_string_equal(text, rows[i].text);
    }
}

/* Every number, in every place, as the C library writes it. */
static void test_every_number(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4 * 256; i++) {
        struct sock_address address = {.family = AF_INET, .bytes = {10, 0, 200, 99}};
        char got[SOCK_ADDRESS_TEXT], want[INET_ADDRSTRLEN];
        address.bytes[i / 256] = (uint8_t)i;
        assert_non_null(inet_ntop(AF_INET, address.bytes, want, sizeof want));
        assert_int_equal(sock_address_text(&address, got), strlen(want));
        assert_string_equal(got, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number),
        cmocka_unit_test(test_listener_freed_by_its_callback),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_many_clients),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_bad_addresses),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_inherited),
        cmocka_unit_test(test_address_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
