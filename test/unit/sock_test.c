/* Sockets on the machine: octets both ways, ends, resets, back-pressure. */
#include "sock_world.h"

#include <errno.h>
#include <netinet/tcp.h>

static void test_bytes_both_ways(void **state)
{
    (void)state;
    world_open("127.0.0.1:0", ready_reads);
    assert_int_not_equal(world.port, 0);
    int client = client_open();
    client_send(client, "hello.");
    world_run(2000);
    assert_int_equal(world.count, 1);
    struct conn *conn = world.conns[0];
    assert_string_equal(conn->got, "hello.");
    char text[SOCK_ADDRESS_TEXT];
    assert_int_equal(sock_address_text(&conn->peer, text), 9);
    assert_string_equal(text, "127.0.0.1");
    assert_int_not_equal(conn->peer.port, 0);
    const struct iovec pieces[] = {{(char[]){'a', 'b'}, 2}, {NULL, 0}, {(char[]){'c'}, 1}};
    assert_int_equal(sock_write(&conn->sock, pieces, 3), 3);
    assert_int_equal(sock_write(&conn->sock, pieces, 1), 2);
    char answer[8] = {0};
    assert_int_equal(recv(client, answer, 5, MSG_WAITALL), 5);
    assert_string_equal(answer, "abcab");
    assert_int_equal(sock_read(&conn->sock, text, 1), SOCK_AGAIN);
    int on = 0;
    socklen_t size = sizeof on;
    assert_int_equal(getsockopt(conn->sock.fd, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    assert_int_not_equal(on, 0);
    sock_shutdown(&conn->sock);
    assert_int_equal(recv(client, answer, 1, 0), 0);
    client_send(client, "still here.");
    world_run(2000);
    assert_string_equal(conn->got, "hello.still here.");
    close(client);
    world_close();
}

/* The last bytes and the FIN come together, before the loop looks: the reader who stops after a
 * short read is called once more. */
static void test_end_behind_bytes(void **state)
{
    (void)state;
    world_open("127.0.0.1:0", ready_reads);
    int client = client_open();
    client_send(client, "last words");
    shutdown(client, SHUT_WR);
    world_run(2000);
    assert_false(world.timed_out);
    assert_true(world.conns[0]->end);
    assert_string_equal(world.conns[0]->got, "last words");
    close(client);
    world_close();
}

/* Such a call that is still to come is forgotten with the socket. */
static void ready_reads_and_closes(struct sock *sock, unsigned events)
{
    struct conn *conn = CONTAINER(sock, struct conn, sock);
    char byte[100];
    if (!(events & SOCK_READABLE))
        return;
    assert_int_equal(sock_read(sock, byte, sizeof byte), 10);
    world.count = 0;
    sock_close(sock, false);
    free(conn);
}

static void test_close_with_end_to_come(void **state)
{
    (void)state;
    world_open("127.0.0.1:0", ready_reads_and_closes);
    int client = client_open();
    client_send(client, "last words");
    shutdown(client, SHUT_WR);
    world_run(100);
    assert_true(world.timed_out);
    assert_int_equal(world.count, 0);
    close(client);
    world_close();
}

static void test_reset(void **state)
{
    (void)state;
    world_open("127.0.0.1:0", ready_reads);
    int client = client_open();
    client_send(client, "x.");
    world_run(2000);
    const struct linger now = {1, 0};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(client);
    world_run(2000);
    assert_true(world.conns[0]->broken);
    const struct iovec piece = {(char[]){'x'}, 1};
    assert_int_equal(sock_write(&world.conns[0]->sock, &piece, 1), SOCK_BROKEN);
    client = client_open();
    client_send(client, "y.");
    world_run(2000);
    sock_close(&world.conns[1]->sock, true);
    assert_int_equal(world.conns[1]->sock.fd, -1);
    char byte;
    assert_int_equal(recv(client, &byte, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    close(client);
    world_close();
}

/* Reads nothing, only listens. */
static void ready_notes(struct sock *sock, unsigned events)
{
    struct conn *conn = CONTAINER(sock, struct conn, sock);
    conn->calls++;
    conn->gone |= events & SOCK_GONE;
    loop_stop(world.loop);
}

/* C-9112-9.6-1: a reset is learnt without reading what stands before it, an end alone is none. */
static void test_gone(void **state)
{
    (void)state;
    world_open("127.0.0.1:0", ready_notes);
    int client = client_open();
    client_send(client, "more and more");
    shutdown(client, SHUT_WR);
    world_run(100);
    world_run(100);
    assert_true(world.conns[0]->calls > 0);
    assert_false(world.conns[0]->gone);
    const struct linger now = {1, 0};
    setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(client);
    world_run(2000);
    assert_true(world.conns[0]->gone);
    world_close();
}

enum { FLOOD = 8 << 20 };

static void ready_writes(struct sock *sock, unsigned events)
{
    static char block[65536];
    struct conn *conn = CONTAINER(sock, struct conn, sock);
    conn->calls++;
    while ((events & SOCK_WRITABLE) && conn->sent < FLOOD) {
        const struct iovec piece = {block, sizeof block};
        ssize_t went = sock_write(sock, &piece, 1);
        assert_int_not_equal(went, SOCK_BROKEN);
        conn->sent += went > 0 ? (size_t)went : 0;
        if (went < (ssize_t)sizeof block)
            break;
    }
    loop_stop(world.loop);
}

/* A full socket is called again when there is room, and only then. */
static void test_back_pressure(void **state)
{
    (void)state;
    world_open("127.0.0.1:0", ready_writes);
    int client = client_open();
    world_run(2000);
    struct conn *conn = world.conns[0];
    assert_in_range(conn->sent, 1, FLOOD - 1);
    static char sink[1 << 20];
    size_t received = 0;
    while (received < FLOOD || received < conn->sent) {
        ssize_t got = recv(client, sink, sizeof sink, MSG_DONTWAIT);
        if (got > 0)
            received += (size_t)got;
        else
            world_run(20);
    }
    assert_int_equal(conn->sent, received);
    assert_in_range(conn->calls, 2, 2000);
    close(client);
    world_close();
}

/* Closing a socket whose event of this turn is still to come: it may be freed at once. */
static void ready_closes_others(struct sock *sock, unsigned events)
{
    struct conn *mine = CONTAINER(sock, struct conn, sock);
    (void)events;
    char bytes[10];
    if (sock_read(sock, bytes, sizeof bytes) <= 0)
        return;
    for (int i = 0; i < world.count; i++) {
        if (world.conns[i] != mine) {
            sock_close(&world.conns[i]->sock, i % 2);
            free(world.conns[i]);
        }
    }
    world.conns[0] = mine;
    world.count = 1;
    listener_stop(&world.listener);
    loop_stop(world.loop);
}

static void test_close_in_the_same_turn(void **state)
{
    (void)state;
    world_open("127.0.0.1:0", ready_closes_others);
    int clients[20];
    for (int i = 0; i < 20; i++)
        clients[i] = client_open();
    while (world.count < 20)
        world_run(10);
    for (int i = 0; i < 20; i++)
        client_send(clients[i], "x");
    world_run(2000);
    assert_int_equal(world.count, 1);
    world_run(20);
    assert_true(world.timed_out);
    for (int i = 0; i < 20; i++)
        close(clients[i]);
    world_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_both_ways),
        cmocka_unit_test(test_end_behind_bytes),
        cmocka_unit_test(test_close_with_end_to_come),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_close_in_the_same_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
