/* The memory network: an echo server that reads and writes in the laziest way the contract allows
 * gets every byte across under all faults; and the ends of connections are as on the machine. */
#include "base/container.h"
#include "base/memory.h"
#include "io/loop_sim.h"
#include "io/sock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MS = 1000000, HOLD = 4096, CONNS = 64 };

/* A connection of the echo server: what was read and not yet written back. */
struct conn {
    struct sock sock;
    char held[HOLD];
    size_t len;
    bool readable;
    bool end;
    bool open;
    int calls;
    struct sock_address peer;
};

static struct {
    struct sim_world *world;
    struct loop *loops[2];
    struct listener listeners[2];
    struct conn *conns[CONNS];
    int count;
    int per_loop[2];
    int order[CONNS]; /* connections in the order of their calls */
    int order_len;
    bool quiet; /* accept only */
} net;

static void conn_close(struct conn *conn, bool reset)
{
    conn->open = false;
    sock_close(&conn->sock, reset);
}

static void conn_write(struct conn *conn)
{
    if (conn->len == 0)
        return;
    struct iovec pieces[2] = {{conn->held, conn->len / 2},
                              {conn->held + conn->len / 2, conn->len - conn->len / 2}};
    ssize_t went = sock_write(&conn->sock, pieces, 2);
    if (went == SOCK_BROKEN) {
        conn_close(conn, true);
        return;
    }
    if (went > 0) {
        memmove(conn->held, conn->held + went, conn->len - (size_t)went);
        conn->len -= (size_t)went;
    }
}

static void conn_read(struct conn *conn)
{
    size_t room = HOLD - conn->len;
    if (!conn->readable || room == 0)
        return;
    ssize_t got = sock_read(&conn->sock, conn->held + conn->len, room);
    conn->readable = got == (ssize_t)room;
    conn->end |= got == 0;
    if (got > 0)
        conn->len += (size_t)got;
    if (got == SOCK_BROKEN)
        conn_close(conn, true);
}

static void conn_ready(struct sock *sock, unsigned events)
{
    struct conn *conn = CONTAINER(sock, struct conn, sock);
    conn->calls++;
    for (int i = 0; i < net.count && net.order_len < CONNS; i++) {
        if (net.conns[i] == conn)
            net.order[net.order_len++] = i;
    }
    conn->readable |= (events & SOCK_READABLE) != 0;
    if (net.quiet)
        return;
    size_t before;
    do {
        before = conn->len;
        conn_read(conn);
        if (conn->open)
            conn_write(conn);
    } while (conn->open && conn->readable && (conn->len < HOLD || conn->len < before));
    if (conn->open && conn->end && conn->len == 0)
        conn_close(conn, false);
}

static void accepted(struct listener *listener, struct sock *sock, const struct sock_address *peer)
{
    struct conn *conn = calloc(1, sizeof *conn);
    conn->sock = *sock;
    conn->sock.ready = conn_ready;
    conn->peer = *peer;
    conn->open = true;
    net.conns[net.count++] = conn;
    net.per_loop[listener == &net.listeners[1]]++;
    assert_true(sock_start(&conn->sock));
}

static void net_open(uint64_t seed, const struct sim_faults *faults, int loops)
{
    memset(&net, 0, sizeof net);
    net.world = sim_world_new(seed);
    if (faults)
        sim_world_faults(net.world, faults);
    for (int i = 0; i < loops; i++) {
        net.loops[i] = sim_world_loop(net.world);
        net.listeners[i] = (struct listener){.loop = net.loops[i], .accepted = accepted};
        net.listeners[i].fd = sim_world_listen(net.world, "server:80");
        assert_true(listener_start(&net.listeners[i]));
    }
}

static void net_close(void)
{
    for (int i = 0; i < net.count; i++) {
        sock_close(&net.conns[i]->sock, false);
        free(net.conns[i]);
    }
    for (int i = 0; i < 2 && net.loops[i]; i++) {
        listener_stop(&net.listeners[i]);
        listener_stop(&net.listeners[i]);
        loop_free(net.loops[i]);
    }
    sim_world_free(net.world);
}

static struct sim_client *client_open(void)
{
    struct sim_client *client = sim_client_open(net.world, "server:80", NULL);
    assert_non_null(client);
    return client;
}

static void expect(const struct sim_client *client, const char *text)
{
    assert_int_equal(sim_client_len(client), strlen(text));
    assert_memory_equal(sim_client_bytes(client), text, strlen(text));
}

static void test_echo(void **state)
{
    (void)state;
    net_open(1, NULL, 1);
    struct sim_client *client = sim_client_open(net.world, "server:80", "2001:db8::5");
    sim_client_say(client, "early");
    assert_int_equal(sim_client_unread(client), 5);
    assert_false(sim_client_accepted(client));
    sim_world_run_until_idle(net.world);
    assert_true(sim_client_accepted(client));
    expect(client, "early");
    sim_client_take(client, 2);
    expect(client, "rly");
    sim_client_say(client, " and late");
    sim_world_run_until_idle(net.world);
    expect(client, "rly and late");
    assert_int_equal(sim_client_total(client), 14);
    assert_int_equal(sim_client_unread(client), 0);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_OPEN);
    char text[SOCK_ADDRESS_TEXT];
    sock_address_text(&net.conns[0]->peer, text);
    assert_string_equal(text, "2001:db8::5");
    sim_client_say(client, "!");
    sim_client_shutdown(client);
    sim_world_run_until_idle(net.world);
    expect(client, "rly and late!");
    assert_int_equal(sim_client_state(client), SIM_CLIENT_ENDED);
    assert_true(sim_client_released(client));
    assert_null(sim_client_open(net.world, "elsewhere:80", NULL));
    net_close();
}

/* Whatever the faults do short of a reset, what was sent comes back whole, then the end. */
static void echo_under(uint64_t seed, const struct sim_faults *faults)
{
    enum { CLIENTS = 6, BYTES = 3000 };
    struct sim_client *clients[CLIENTS];
    static char sent[CLIENTS][BYTES];
    size_t done[CLIENTS] = {0};
    net_open(seed, faults, 2);
    for (int c = 0; c < CLIENTS; c++) {
        clients[c] = client_open();
        for (int i = 0; i < BYTES; i++)
            sent[c][i] = (char)sim_world_draw(net.world, 256);
    }
    for (int left = CLIENTS; left > 0;) {
        int c = (int)sim_world_draw(net.world, CLIENTS);
        size_t len = sim_world_draw(net.world, 900);
        if (len > BYTES - done[c])
            len = BYTES - done[c];
        sim_client_window(clients[c], sim_world_draw(net.world, 700));
        if (len > 0) {
            sim_client_send(clients[c], sent[c] + done[c], len);
            done[c] += len;
            if (done[c] == BYTES) {
                sim_client_shutdown(clients[c]);
                left--;
            }
        }
        if (sim_world_draw(net.world, 2))
            sim_world_run_until_idle(net.world);
    }
    for (int c = 0; c < CLIENTS; c++)
        sim_client_window(clients[c], SIM_UNLIMITED);
    sim_world_run_until_idle(net.world);
    for (int c = 0; c < CLIENTS; c++) {
        if (sim_client_len(clients[c]) != BYTES || sim_client_state(clients[c]) != SIM_CLIENT_ENDED)
            fail_msg("seed %d: client %d has %d bytes", (int)seed, c,
                     (int)sim_client_len(clients[c]));
        assert_memory_equal(sim_client_bytes(clients[c]), sent[c], BYTES);
    }
    net_close();
}

static void test_echo_under_faults(void **state)
{
    (void)state;
    const struct sim_faults rows[] = {
        {0},
        {.read_most = 1},
        {.write_most = 1},
        {.read_most = 1, .write_most = 1, .shuffle = true},
        {.read_most = 50, .draw_sizes = true},
        {.read_most = 4096, .write_most = 300, .draw_sizes = true, .spurious = true},
        {.read_most = 7, .write_most = 3, .draw_sizes = true, .shuffle = true, .spurious = true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint64_t seed = 1; seed <= 5; seed++)
            echo_under(seed, &rows[i]);
    }
}

/* One byte at a time means that a read never gives two. */
static void test_bounds_hold(void **state)
{
    (void)state;
    net_open(1, &(struct sim_faults){.read_most = 2, .write_most = 3}, 1);
    net.quiet = true;
    struct sim_client *client = client_open();
    sim_client_say(client, "abcde");
    sim_world_run_until_idle(net.world);
    struct sock *sock = &net.conns[0]->sock;
    char bytes[10];
    assert_int_equal(sock_read(sock, bytes, 10), 2);
    assert_int_equal(sock_read(sock, bytes, 10), SOCK_AGAIN);
    sim_world_run_until_idle(net.world);
    assert_int_equal(sock_read(sock, bytes, 1), 1);
    assert_int_equal(sock_read(sock, bytes, 10), 1);
    assert_int_equal(sock_read(sock, bytes, 10), SOCK_AGAIN);
    const struct iovec pieces[] = {{(char[]){'x', 'y'}, 2}, {(char[]){'z', '!'}, 2}};
    assert_int_equal(sock_write(sock, pieces, 2), 3);
    assert_int_equal(sock_write(sock, pieces, 1), SOCK_AGAIN);
    int calls = net.conns[0]->calls;
    sim_world_run_until_idle(net.world);
    assert_int_equal(net.conns[0]->calls, calls + 1);
    assert_int_equal(sock_write(sock, pieces, 1), 2);
    expect(client, "xyzxy");
    net_close();
}

/* An edge comes once: an owner who does not read is not called again. */
static void test_edges(void **state)
{
    (void)state;
    net_open(1, NULL, 1);
    net.quiet = true;
    struct sim_client *client = client_open();
    sim_client_say(client, "a");
    sim_world_run_until_idle(net.world);
    assert_int_equal(net.conns[0]->calls, 1);
    sim_world_advance(net.world, 1000 * (int64_t)MS);
    assert_int_equal(net.conns[0]->calls, 1);
    sim_client_say(client, "b");
    sim_world_run_until_idle(net.world);
    assert_int_equal(net.conns[0]->calls, 2);
    /* Nor is one who reads all of it exactly told of the end behind it twice. */
    sim_client_shutdown(client);
    sim_world_run_until_idle(net.world);
    assert_int_equal(net.conns[0]->calls, 3);
    char bytes[4];
    assert_int_equal(sock_read(&net.conns[0]->sock, bytes, 2), 2);
    sim_world_run_until_idle(net.world);
    assert_int_equal(net.conns[0]->calls, 3);
    assert_int_equal(sock_read(&net.conns[0]->sock, bytes, 2), 0);
    /* A full socket: called when the client takes more, not before. */
    sim_client_window(client, 0);
    const struct iovec piece = {bytes, 2};
    assert_int_equal(sock_write(&net.conns[0]->sock, &piece, 1), SOCK_AGAIN);
    sim_world_run_until_idle(net.world);
    assert_int_equal(net.conns[0]->calls, 3);
    sim_client_window(client, 1);
    sim_world_run_until_idle(net.world);
    assert_int_equal(net.conns[0]->calls, 4);
    assert_int_equal(sock_write(&net.conns[0]->sock, &piece, 1), 1);
    sim_world_run_until_idle(net.world);
    assert_int_equal(net.conns[0]->calls, 4);
    net_close();
}

/* An end that waits behind bytes is told once more after a short read. */
static void test_end_behind_bytes(void **state)
{
    (void)state;
    net_open(1, NULL, 1);
    net.quiet = true;
    struct sim_client *client = client_open();
    sim_client_say(client, "last");
    sim_client_shutdown(client);
    sim_world_run_until_idle(net.world);
    char bytes[8];
    assert_int_equal(sock_read(&net.conns[0]->sock, bytes, 8), 4);
    sim_world_run_until_idle(net.world);
    assert_int_equal(net.conns[0]->calls, 2);
    assert_int_equal(sock_read(&net.conns[0]->sock, bytes, 8), 0);
    net_close();
}

static void test_resets(void **state)
{
    (void)state;
    net_open(1, NULL, 1);
    struct sim_client *client = client_open();
    sim_client_say(client, "x");
    sim_client_close(client, true);
    sim_world_run_until_idle(net.world);
    assert_false(net.conns[0]->open);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_RESET);
    /* After so many bytes, counted both ways: 4 there, 4 back. */
    client = client_open();
    sim_client_reset_after(client, 8);
    sim_client_say(client, "abcd");
    sim_world_run_until_idle(net.world);
    assert_false(net.conns[1]->open);
    expect(client, "abcd");
    /* The client has gone without a reset: it answers the next write with one. */
    client = client_open();
    sim_world_run_until_idle(net.world);
    net.quiet = true;
    sim_client_close(client, false);
    sim_world_run_until_idle(net.world);
    struct sock *sock = &net.conns[2]->sock;
    const struct iovec piece = {(char[]){'y'}, 1};
    assert_int_equal(sock_write(sock, &piece, 1), 1);
    assert_int_equal(sock_write(sock, &piece, 1), SOCK_BROKEN);
    assert_int_equal(sim_client_len(client), 0);
    char byte;
    assert_int_equal(sock_read(sock, &byte, 1), SOCK_BROKEN);
    net_close();
}

/* The server closes: with bytes unread the client sees a reset, as on the machine [RFC 9112 §9.6].
 */
static void test_server_closes(void **state)
{
    (void)state;
    net_open(1, NULL, 1);
    net.quiet = true;
    struct sim_client *clients[4];
    for (int i = 0; i < 4; i++) {
        clients[i] = client_open();
        sim_world_run_until_idle(net.world);
        assert_int_equal(net.count, i + 1);
    }
    sim_client_say(clients[1], "unread");
    sim_world_run_until_idle(net.world);
    sock_close(&net.conns[0]->sock, false);
    sock_close(&net.conns[1]->sock, false);
    sock_close(&net.conns[2]->sock, true);
    sock_shutdown(&net.conns[3]->sock);
    const struct iovec piece = {(char[]){'y'}, 1};
    assert_int_equal(sock_write(&net.conns[3]->sock, &piece, 1), SOCK_BROKEN);
    assert_int_equal(sim_client_state(clients[0]), SIM_CLIENT_ENDED);
    assert_int_equal(sim_client_state(clients[1]), SIM_CLIENT_RESET);
    assert_int_equal(sim_client_state(clients[2]), SIM_CLIENT_RESET);
    assert_int_equal(sim_client_state(clients[3]), SIM_CLIENT_ENDED);
    assert_true(sim_client_released(clients[0]));
    assert_false(sim_client_released(clients[3]));
    assert_int_equal(net.conns[0]->sock.fd, -1);
    /* What comes for a closed socket is answered by a reset; what comes for a half-closed is read.
     */
    sim_client_say(clients[0], "late");
    sim_client_say(clients[3], "late");
    sim_world_run_until_idle(net.world);
    assert_int_equal(sim_client_state(clients[0]), SIM_CLIENT_RESET);
    assert_int_equal(sim_client_state(clients[3]), SIM_CLIENT_ENDED);
    char bytes[8];
    assert_int_equal(sock_read(&net.conns[3]->sock, bytes, 8), 4);
    net_close();
}

static void test_drawn_resets(void **state)
{
    (void)state;
    int broken = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        net_open(seed, &(struct sim_faults){.reset_after = 100, .read_most = 9}, 1);
        struct sim_client *client = client_open();
        for (int i = 0; i < 4; i++) {
            sim_client_say(client, "0123456789");
            sim_world_run_until_idle(net.world);
        }
        if (sim_client_state(client) == SIM_CLIENT_RESET) {
            broken++;
            assert_true(sim_client_released(client));
        } else {
            assert_int_equal(sim_client_len(client), 40);
        }
        net_close();
    }
    assert_in_range(broken, 20, 39);
}

/* Accepting fails for a while: the clients wait, nothing spins, and they are served afterwards. */
static void test_accept_fails(void **state)
{
    (void)state;
    net_open(1, NULL, 1);
    sim_world_fail_accept(net.world, 250 * MS);
    struct sim_client *client = client_open();
    sim_client_say(client, "patience");
    uint64_t turns = loop_turn(net.loops[0]);
    sim_world_advance(net.world, 240 * MS);
    assert_false(sim_client_accepted(client));
    assert_in_range(loop_turn(net.loops[0]) - turns, 2, 6);
    sim_world_advance(net.world, 70 * MS);
    expect(client, "patience");
    net_close();
}

static void test_listener_stops(void **state)
{
    (void)state;
    net_open(1, NULL, 1);
    sim_world_fail_accept(net.world, 1000 * (int64_t)MS);
    struct sim_client *client = client_open();
    sim_world_run_until_idle(net.world);
    listener_stop(&net.listeners[0]);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_RESET);
    assert_null(sim_client_open(net.world, "server:80", NULL));
    /* One that was bound and never started can be stopped as well. */
    struct listener unused = {.loop = net.loops[0], .fd = sim_world_listen(net.world, "unused")};
    client = sim_client_open(net.world, "unused", "unix");
    listener_stop(&unused);
    assert_int_equal(unused.fd, -1);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_RESET);
    struct listener wrong = {.loop = net.loops[0], .fd = 3};
    assert_false(listener_start(&wrong));
    net_close();
}

/* Two workers share an address, and many clients spread over both. */
static void test_two_workers(void **state)
{
    (void)state;
    net_open(3, NULL, 2);
    struct sim_client *clients[40];
    for (int i = 0; i < 40; i++) {
        clients[i] = client_open();
        sim_client_say(clients[i], "hello");
    }
    sim_world_run_until_idle(net.world);
    for (int i = 0; i < 40; i++)
        expect(clients[i], "hello");
    assert_in_range(net.per_loop[0], 8, 32);
    assert_int_equal(net.per_loop[0] + net.per_loop[1], 40);
    net_close();
}

static void calls_in_order(uint64_t seed, bool shuffle, int order[10])
{
    net_open(seed, &(struct sim_faults){.shuffle = shuffle}, 1);
    struct sim_client *clients[10];
    for (int i = 0; i < 10; i++)
        clients[i] = client_open();
    sim_world_run_until_idle(net.world);
    net.order_len = 0;
    for (int i = 0; i < 10; i++)
        sim_client_say(clients[i], "x");
    sim_world_run_until_idle(net.world);
    assert_int_equal(net.order_len, 10);
    memcpy(order, net.order, 10 * sizeof order[0]);
    net_close();
}

static void test_order_and_seed(void **state)
{
    (void)state;
    int plain[10];
    int one[10];
    int again[10];
    int other[10];
    calls_in_order(5, false, plain);
    calls_in_order(5, true, one);
    calls_in_order(5, true, again);
    calls_in_order(6, true, other);
    for (int i = 0; i < 10; i++)
        assert_int_equal(plain[i], i);
    assert_memory_not_equal(one, plain, sizeof one);
    assert_memory_equal(one, again, sizeof one);
    assert_memory_not_equal(one, other, sizeof one);
}

/* The world's memory is not the server's: its allocations are not counted. */
static void test_memory_apart(void **state)
{
    (void)state;
    net_open(1, NULL, 1);
    memory_fail_nth(1);
    struct sim_client *client = client_open();
    sim_client_say(client, "count me out");
    sim_world_run_until_idle(net.world);
    expect(client, "count me out");
    assert_int_equal(memory_count(), 0);
    memory_fail_nth(0);
    net_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_echo_under_faults),
        cmocka_unit_test(test_bounds_hold),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_end_behind_bytes),
        cmocka_unit_test(test_resets),
        cmocka_unit_test(test_server_closes),
        cmocka_unit_test(test_drawn_resets),
        cmocka_unit_test(test_accept_fails),
        cmocka_unit_test(test_listener_stops),
        cmocka_unit_test(test_two_workers),
        cmocka_unit_test(test_order_and_seed),
        cmocka_unit_test(test_memory_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
