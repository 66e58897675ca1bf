/* Sockets that speak TLS, in the simulated world: handshakes and octets through every kind of
 * socket, what ends are told, and what is held. */
#include "io/loop_ops.h"
#include "io/tls_parts.h"
#include "tls_world.h"

static struct pki_entry site;
static char *noise;
enum { NOISE = 1 << 20 };

static int begin(void **state)
{
    const struct pki_order order = order_for("localhost 192.0.2.9");
    stage_begin(state);
    site = pki_make(&stage.pki, &order, &stage.authority);
    noise = malloc(NOISE);
    for (size_t i = 0; i < NOISE; i++)
        noise[i] = (char)(i * 2654435761u >> 13);
    return 0;
}

static int finish(void **state)
{
    free(noise);
    pki_free(&site);
    return stage_finish(state);
}

static const struct sim_faults single = {.read_most = 1, .write_most = 1};
static const struct sim_faults drawn = {
    .read_most = 700, .write_most = 900, .draw_sizes = true, .shuffle = true, .spurious = true};
static const struct sim_faults calm;

static void test_octets(void **state)
{
    static const struct {
        const char *name;
        enum tls_version version;
        const struct sim_faults *faults;
        size_t up, down, read;
        bool moves;
    } rows[] = {
        {"nothing", TLS_1_2, &calm, 0, 0, 0, false},
        {"little", TLS_1_2, &calm, 20, 300, 0, false},
        {"much", TLS_1_2, &calm, 100000, NOISE, 0, false},
        {"much, both ways", TLS_1_2, &calm, NOISE, NOISE, 70000, false},
        {"moved", TLS_1_2, &calm, 300, 300, 0, true},
        {"moved, much", TLS_1_2, &calm, 30000, 300000, 0, true},
        {"read by the octet", TLS_1_2, &calm, 5000, 5000, 1, false},
        {"single octets", TLS_1_2, &single, 700, 700, 0, false},
        {"single octets, moved", TLS_1_2, &single, 700, 700, 0, true},
        {"small pieces", TLS_1_2, &drawn, 50000, 50000, 0, false},
        {"small pieces, read in others", TLS_1_2, &drawn, 50000, 50000, 1000, true},
        {"1.3 alone", TLS_1_3, &drawn, 5000, 5000, 0, false},
    };
    struct tls_context *client = context_trusting(stage.authority.certificate_path, TLS_HTTP1);
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_context *server = context_one(&site, NULL, rows[i].version);
        print_message("# %s\n", rows[i].name);
        stage.read_size = rows[i].read;
        stage_open(i, server, client, "localhost", rows[i].faults);
        stage.client->tx = stage.server->tx = noise;
        stage.client->tx_len = rows[i].up;
        stage.server->tx_len = rows[i].down;
        stage.client->moves = stage.server->moves = rows[i].moves;
        stage.client->finish = stage.server->finish = true;
        stage_connect();
        assert_int_equal(stage.client->fault, TLS_FAULT_NONE);
        assert_string_equal(stage.client->report.version, "TLS1.3");
        assert_string_equal(stage.client->report.cipher, "AES-128-GCM");
        assert_string_equal(stage.client->protocol, "http/1.1");
        assert_string_equal(stage.server->protocol, "http/1.1");
        assert_int_equal(stage.server->rx_len, rows[i].up);
        assert_int_equal(stage.client->rx_len, rows[i].down);
        if (rows[i].up)
            assert_memory_equal(stage.server->rx, noise, rows[i].up);
        if (rows[i].down)
            assert_memory_equal(stage.client->rx, noise, rows[i].down);
        assert_int_equal(stage.client->end, PEER_CLEAN);
        assert_int_equal(stage.server->end, PEER_CLEAN);
        stage_close();
        tls_context_unref(server);
    }
    stage.read_size = 0;
    tls_context_unref(client);
}

/* A reader that takes its time: what the socket holds is no more than was asked for, nothing is
 * taken while it holds something, and all of it arrives. */
static void test_holding(void **state)
{
    struct tls_context *server = context_one(&site, NULL, TLS_1_2);
    struct tls_context *client = context_trusting(stage.authority.certificate_path, TLS_HTTP1);
    const struct iovec more = {noise, 1};
    (void)state;

    stage_open(3, server, client, "localhost", NULL);
    stage_connect();
    stage.client->deaf = true;
    stage.server->tx = noise;
    stage.server->tx_len = NOISE;
    stage.server->finish = true;
    peer_pump(stage.server);
    sim_world_run_until_idle(stage.world);
    assert_true(sock_holds(&stage.server->sock));
    assert_true(stage.server->tx_at < 65536 + 65536);
    assert_int_equal(sock_write(&stage.server->sock, &more, 1), SOCK_AGAIN);
    assert_int_equal(sock_flush(&stage.server->sock), 0);
    stage.client->deaf = false;
    peer_pump(stage.client);
    sim_world_run_until_idle(stage.world);
    assert_false(sock_holds(&stage.server->sock));
    assert_int_equal(stage.client->rx_len, NOISE);
    assert_memory_equal(stage.client->rx, noise, NOISE);
    assert_int_equal(stage.client->end, PEER_CLEAN);
    stage_close();
    tls_context_unref(client);
    tls_context_unref(server);
}

/* How a stream ends: said by TLS, cut off, or reset, each behind octets and without. */
static void test_ends(void **state)
{
    static const struct {
        const char *id, *name;
        size_t octets;
        char how; /* 's'hutdown, 'c'lose, 'f'in without an alert, 'r'eset */
        int end;
    } rows[] = {
        {"C-9112-9.8-1", "said", 0, 's', PEER_CLEAN},
        {"C-9112-9.8-1", "said behind octets", 3000, 's', PEER_CLEAN},
        {"C-8446-6.1-1", "said by closing", 0, 'c', PEER_CLEAN},
        {"C-8446-6.1-1", "said by closing, behind octets", 3000, 'c', PEER_CLEAN},
        {"C-9112-9.8-1", "cut", 0, 'f', PEER_CUT},
        {"C-9112-9.8-1", "cut behind octets", 3000, 'f', PEER_CUT},
        {"C-9112-9.8-1", "reset", 0, 'r', PEER_BROKEN},
    };
    const struct sim_faults *faults[] = {&calm, &drawn};
    struct tls_context *server = context_one(&site, NULL, TLS_1_2);
    struct tls_context *client = context_trusting(stage.authority.certificate_path, TLS_HTTP1);
    (void)state;

    for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
        const size_t row = i / 2;
        stage_open(i, server, client, "localhost", faults[i % 2]);
        stage.server->tx = noise;
        stage.server->tx_len = rows[row].octets;
        stage.server->finish = rows[row].how == 's';
        stage_connect();
        struct sock *sock = &stage.server->sock;
        if (rows[row].how == 'f')
            stage.loop->ops->sock_shutdown(sock);
        if (rows[row].how == 'c' || rows[row].how == 'r') {
            stage.server->open = false;
            sock_close(sock, rows[row].how == 'r');
        }
        sim_world_run_until_idle(stage.world);
        /* a close that finds the socket full is told by no alert: who cares shuts down before */
        const bool maybe = rows[row].how == 'c' && i % 2 == 1;
        if ((stage.client->end != rows[row].end && !maybe) ||
            stage.client->rx_len != rows[row].octets)
            fail_msg("%s %s: end %d, %zu octets", rows[row].id, rows[row].name, stage.client->end,
                     stage.client->rx_len);
        stage_close();
    }
    tls_context_unref(client);
    tls_context_unref(server);
}

/* Nothing can be written behind the closure alert, but reading goes on. */
static void test_half_closed(void **state)
{
    struct tls_context *server = context_one(&site, NULL, TLS_1_2);
    struct tls_context *client = context_trusting(stage.authority.certificate_path, TLS_HTTP1);
    const struct iovec more = {noise, 1};
    (void)state;

    stage_open(4, server, client, "localhost", NULL);
    stage.server->finish = stage.client->deaf = true;
    stage.client->tx = noise;
    stage.client->tx_len = 900;
    stage_connect();
    assert_int_equal(stage.server->rx_len, 900);
    assert_int_equal(stage.server->end, PEER_NONE);
    assert_int_equal(sock_write(&stage.server->sock, &more, 1), SOCK_BROKEN);
    stage_close();
    tls_context_unref(client);
    tls_context_unref(server);
}

static void pump_server(struct timer *timer)
{
    (void)timer;
    peer_pump(stage.server);
}

/* Small records after a pause, large ones later. */
static void test_record_sizes(void **state)
{
    struct tls_context *server = context_one(&site, NULL, TLS_1_2);
    struct tls_context *client = context_trusting(stage.authority.certificate_path, TLS_HTTP1);
    (void)state;

    stage_open(5, server, client, "localhost", NULL);
    stage_connect();
    const size_t sizes[] = {4000, 300000, 4000};
    const int64_t pauses[] = {0, 0, 2000000000};
    struct timer timer;
    timer_init(&timer, pump_server);
    stage.server->tx = noise;
    for (int i = 0; i < 3; i++) {
        stage.server->tx_len += sizes[i];
        assert_true(loop_timer_set(stage.loop, &timer, loop_now(stage.loop) + pauses[i]));
        sim_world_advance(stage.world, pauses[i]);
        assert_int_equal(stage.server->sock.tls->out.small > 0, i != 1);
    }
    assert_int_equal(stage.client->rx_len, 308000);
    stage_close();
    tls_context_unref(client);
    tls_context_unref(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_octets),       cmocka_unit_test(test_holding),
        cmocka_unit_test(test_ends),         cmocka_unit_test(test_half_closed),
        cmocka_unit_test(test_record_sizes),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
