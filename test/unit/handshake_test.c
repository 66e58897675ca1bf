/* Connections that speak TLS: from the handshake to the last octet, with limits on both. */
#include "conn_world.h"
#include "net/handshake.h"
#include "tls_world.h"

static struct {
    struct pki_entry site;
    struct tls_context *server, *client;
    struct handshake_set set;
    uint64_t ends[HANDSHAKE_ENDS];
} room;

static void room_ended(struct handshake_set *set, enum handshake_end end)
{
    assert_ptr_equal(set, &room.set);
    room.ends[end]++;
}

static int begin(void **state)
{
    const struct pki_order order = order_for("localhost");
    stage_begin(state);
    room.site = pki_make(&stage.pki, &order, &stage.authority);
    room.server = context_one(&room.site, NULL, TLS_1_2);
    room.client = context_trusting(stage.authority.certificate_path, TLS_HTTP1);
    return 0;
}

static int finish(void **state)
{
    tls_context_unref(room.server);
    tls_context_unref(room.client);
    pki_free(&room.site);
    return stage_finish(state);
}

static void room_accepted(struct listener *listener, struct sock *sock,
                          const struct sock_address *peer)
{
    (void)listener;
    handshake_open(&room.set, sock, peer, room.server);
}

static struct world *room_open(void **state)
{
    struct world *world = *state;
    world_open(world);
    world->listener.accepted = room_accepted;
    listener_stop(&world->listener);
    world->listener.fd = sim_world_listen(world->sim, "192.0.2.9:443");
    assert_true(listener_start(&world->listener));
    room.set = (struct handshake_set){.conns = &world->set, .ended = room_ended};
    memset(room.ends, 0, sizeof room.ends);
    stage.world = world->sim;
    stage.loop = world->loop;
    return world;
}

/* A client that has said something and is heard until nothing happens any more. */
static struct peer *room_client(const char *text)
{
    struct sock_address address = {.family = AF_INET, .port = 443, .bytes = {192, 0, 2, 9}};
    struct peer *peer = peer_new(room.client, "localhost");

    peer->tx = text;
    peer->tx_len = strlen(text);
    peer->connecting = true;
    peer->sock.ready = peer_ready;
    assert_int_equal(sock_connect(&peer->sock, stage.loop, &address, NULL), SOCK_CONNECTING);
    return peer;
}

static int room_close(void **state)
{
    handshake_set_close(&room.set);
    assert_int_equal(room.set.count, 0);
    return world_teardown(state);
}

static size_t answers(const struct peer *peer)
{
    size_t count = 0;
    for (size_t at = 0; at + 12 <= peer->rx_len; at++)
        count += memcmp(peer->rx + at, "HTTP/1.1 200", 12) == 0;
    return count;
}

static void test_requests(void **state)
{
    static const struct sim_faults faults[] = {
        {0},
        {.read_most = 1, .write_most = 1},
        {.read_most = 500,
         .write_most = 3000,
         .draw_sizes = true,
         .shuffle = true,
         .spurious = true},
    };
    struct world *world = room_open(state);

    for (size_t i = 0; i < 3; i++) {
        sim_world_faults(stage.world, &faults[i]);
        struct peer *peer = room_client(GET("/n/5") GET("/n/900") GET("/n/0"));
        sim_world_run_until_idle(stage.world);
        assert_int_equal(peer->fault, TLS_FAULT_NONE);
        assert_int_equal(answers(peer), 3);
        assert_int_equal(peer->end, PEER_NONE);
        peer->finish = true; /* and a half-close with a closure alert */
        peer_pump(peer);
        sim_world_run_until_idle(stage.world);
        assert_int_equal(peer->end, PEER_CLEAN);
        peer_free(peer);
    }
    assert_int_equal(world->requests, 9);
    assert_int_equal(room.ends[HANDSHAKE_WHOLE] + room.ends[HANDSHAKE_RESUMED], 3);
    assert_int_equal(room.ends[HANDSHAKE_FAILED], 0);
}

/* Large content to a client that takes its time: every octet, and no more held than is due. */
static void test_slow_client(void **state)
{
    struct world *world = room_open(state);
    struct peer *peer = room_client(GET("/n/3000000"));

    peer->deaf = true;
    sim_world_run_until_idle(stage.world);
    assert_int_equal(world->done, 0);
    while (peer->rx_len < 3000000 && peer->end == PEER_NONE) {
        sim_world_advance(stage.world, SECOND);
        stage.read_size = 65536;
        peer_get(peer);
    }
    stage.read_size = 0;
    sim_world_run_until_idle(stage.world);
    assert_int_equal(world->done, 1);
    assert_true(peer->rx_len > 3000000);
    peer_free(peer);
}

/* One that takes nothing is closed, though all was encrypted and nothing waits but the socket. */
static void test_deaf_client(void **state)
{
    struct world *world = room_open(state);
    struct peer *peer =
        room_client("GET /n/70000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    peer->deaf = true;
    sim_world_run_until_idle(stage.world);
    assert_int_equal(conn_census_open(world->census), 1);
    sim_world_advance(stage.world, 29 * SECOND);
    assert_int_equal(conn_census_open(world->census), 1);
    sim_world_advance(stage.world, 2 * SECOND);
    assert_int_equal(conn_census_open(world->census), 0);
    peer_free(peer);
}

/* The end of a connection is said by TLS, after all that was to be sent. */
static void test_closing(void **state)
{
    struct world *world = room_open(state);
    struct peer *peer =
        room_client("GET /n/90000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    sim_world_run_until_idle(stage.world);
    assert_int_equal(peer->end, PEER_CLEAN);
    assert_true(peer->rx_len > 90000);
    assert_int_equal(conn_census_open(world->census), 0);
    peer_free(peer);
}

static void test_draining(void **state)
{
    struct world *world = room_open(state);
    struct peer *peer = room_client(GET("/n/1"));

    sim_world_run_until_idle(stage.world);
    conn_set_drain(&world->set);
    sim_world_run_until_idle(stage.world);
    assert_int_equal(peer->end, PEER_CLEAN);
    assert_int_equal(world->drained, 1);
    peer_free(peer);
}

/* Who begins and does not go on is closed. */
static void test_timeout(void **state)
{
    struct world *world = *state;
    world->limits.handshake_timeout = 3000;
    room_open(state);
    struct sim_client *client = sim_client_open(stage.world, "192.0.2.9:443", NULL);

    sim_client_send(client, "\x16\x03\x01", 3);
    sim_world_advance(stage.world, 2999 * MS);
    assert_int_equal(room.set.count, 1);
    assert_int_equal(conn_census_open(world->census), 1);
    sim_world_advance(stage.world, 2 * MS);
    assert_int_equal(room.set.count, 0);
    assert_int_equal(room.ends[HANDSHAKE_FAILED], 1);
    assert_int_equal(conn_census_open(world->census), 0);
}

/* Of too many the oldest goes; one that is quick comes through. */
static void test_number(void **state)
{
    struct world *world = *state;
    struct sim_client *clients[6];
    world->limits.handshakes = 4;
    room_open(state);

    for (int i = 0; i < 6; i++) {
        clients[i] = sim_client_open(stage.world, "192.0.2.9:443", NULL);
        sim_world_run_until_idle(stage.world);
    }
    assert_int_equal(room.set.count, 4);
    for (int i = 0; i < 6; i++)
        assert_int_equal(sim_client_released(clients[i]), i < 2);
    struct peer *peer = room_client(GET("/n/1"));
    sim_world_run_until_idle(stage.world);
    assert_int_equal(answers(peer), 1);
    assert_int_equal(room.set.count, 3);
    peer_free(peer);
}

static const struct sim_faults octets = {.read_most = 1, .write_most = 1};

/* No TLS at all: nonsense gets an alert, a request in the clear an answer in the clear, and both
 * can be read by a client that has sent more than was looked at. */
static void test_nonsense(void **state)
{
    static const struct {
        const char *name, *say, *hear;
        size_t len;
    } rows[] = {
#define ROW(name, say, hear) {name, say, hear, sizeof(say) - 1}
        ROW("a request", GET("/"), "HTTP/1.1 400 Bad Request\r\nDate: "),
        ROW("its first octets", "HEAD ", "HTTP/1.1 400 Bad Request\r\nDate: "),
        ROW("HTTP/2 in the clear", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 400 "),
        ROW("no hello", "\x16\x03\x01\x00\x05hello and more of it", "\x15\x03"),
        ROW("too long a record", "\x16\x03\x01\xff\xff", "\x15\x03"),
        ROW("no record", "\x7f\x80\x80\x80\x80\x80\x80\x80", "\x15\x03"),
        ROW("octets before a letter", "\x01G GET /", "\x15\x03"),
#undef ROW
    };
    struct world *world = room_open(state);

    for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
        sim_world_faults(stage.world, i % 2 ? &octets : &(struct sim_faults){0});
        struct sim_client *client = sim_client_open(stage.world, "192.0.2.9:443", NULL);
        const char *hear = rows[i / 2].hear;
        sim_client_send(client, rows[i / 2].say, rows[i / 2].len);
        sim_world_run_until_idle(stage.world);
        if (sim_client_state(client) != SIM_CLIENT_ENDED ||
            memcmp(sim_client_bytes(client), hear, strlen(hear)) != 0)
            fail_msg("%s: heard \"%s\"", rows[i / 2].name, sim_client_bytes(client));
        assert_false(sim_client_released(client)); /* it may still be sending */
        sim_client_send(client, "and so on", 9);
        sim_client_shutdown(client);
        sim_world_run_until_idle(stage.world);
        assert_true(sim_client_released(client));
        assert_int_equal(sim_client_state(client), SIM_CLIENT_ENDED);
        assert_int_equal(room.ends[HANDSHAKE_FAILED], i + 1);
    }
    assert_int_equal(conn_census_open(world->census), 0);
}

/* One that has failed waits for its client a while, and not for one that has gone. */
static void test_parting(void **state)
{
    struct world *world = *state;
    world->limits.linger_timeout = 1000;
    room_open(state);
    struct sim_client *stayer = sim_client_open(stage.world, "192.0.2.9:443", NULL);
    struct sim_client *deaf = sim_client_open(stage.world, "192.0.2.9:443", NULL);
    struct sim_client *leaver = sim_client_open(stage.world, "192.0.2.9:443", NULL);
    struct sim_client *thrower = sim_client_open(stage.world, "192.0.2.9:443", NULL);

    sim_client_window(deaf, 3);
    sim_client_say(stayer, GET("/"));
    sim_client_say(deaf, GET("/"));
    sim_client_send(leaver, "\x16\x03", 2);
    sim_client_shutdown(leaver);
    sim_client_say(thrower, GET("/"));
    sim_world_run_until_idle(stage.world);
    sim_client_close(thrower, true);
    sim_world_run_until_idle(stage.world);
    assert_true(sim_client_released(leaver));
    assert_true(sim_client_released(thrower));
    sim_world_advance(stage.world, 999 * MS);
    assert_int_equal(room.set.count, 2);
    sim_world_advance(stage.world, 2 * MS);
    assert_int_equal(room.set.count, 0);
    assert_int_equal(room.ends[HANDSHAKE_FAILED], 4);
    assert_int_equal(sim_client_len(deaf), 3);
    assert_int_equal(conn_census_open(world->census), 0);
}

/* An idle connection ends by an alert, in however many pieces it goes. */
static void test_idle(void **state)
{
    struct world *world = *state;
    world->limits.idle_timeout = 5000;
    room_open(state);

    for (int i = 0; i < 2; i++) {
        sim_world_faults(stage.world, i ? &octets : &(struct sim_faults){0});
        struct peer *peer = room_client(GET("/n/5"));
        sim_world_run_until_idle(stage.world);
        assert_int_equal(answers(peer), 1);
        sim_world_advance(stage.world, 4999 * MS);
        assert_int_equal(peer->end, PEER_NONE);
        sim_world_advance(stage.world, 2 * MS);
        assert_int_equal(peer->end, PEER_CLEAN);
        assert_int_equal(conn_census_open(world->census), 0);
        peer_free(peer);
    }
}

/* Every allocation of ours fails once: that connection ends or is answered, and the next is. */
static void test_memory(void **state)
{
    room_open(state);
    for (uint64_t nth = 1; nth < 60; nth++) {
        struct peer *peer = room_client(GET("/n/70000"));
        memory_fail_nth(nth);
        sim_world_run_until_idle(stage.world);
        memory_fail_nth(0);
        sim_world_run_until_idle(stage.world);
        peer_free(peer);
        sim_world_run_until_idle(stage.world);
        peer = room_client(GET("/n/70000"));
        sim_world_run_until_idle(stage.world);
        assert_int_equal(answers(peer), 1);
        peer_free(peer);
        sim_world_run_until_idle(stage.world);
    }
}

/* Connections that break at any point. */
static void test_resets(void **state)
{
    struct world *world = room_open(state);
    const struct sim_faults faults = {
        .read_most = 3000, .write_most = 3000, .draw_sizes = true, .reset_after = 12000};

    sim_world_faults(stage.world, &faults);
    for (int i = 0; i < 300; i++) {
        struct peer *peer = room_client(GET("/n/4000") GET("/n/4000"));
        sim_world_advance(stage.world, 100 * SECOND);
        peer_free(peer);
        sim_world_run_until_idle(stage.world);
        assert_int_equal(conn_census_open(world->census), 0);
    }
    assert_true(room.ends[HANDSHAKE_FAILED] > 10);
    assert_true(room.ends[HANDSHAKE_WHOLE] + room.ends[HANDSHAKE_RESUMED] > 10);
}

int main(void)
{
#define ROOM_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, room_close)
    const struct CMUnitTest tests[] = {
        ROOM_TEST(test_requests), ROOM_TEST(test_slow_client), ROOM_TEST(test_deaf_client),
        ROOM_TEST(test_closing),  ROOM_TEST(test_draining),    ROOM_TEST(test_timeout),
        ROOM_TEST(test_number),   ROOM_TEST(test_nonsense),    ROOM_TEST(test_parting),
        ROOM_TEST(test_idle),     ROOM_TEST(test_memory),      ROOM_TEST(test_resets),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
