/* Sockets that speak TLS, in the simulated world: handshakes and octets through every kind of
 * socket, what ends are told, and what is held. */
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
static const struct sim_faults drawn = {.read_most = 700,
                                        .write_most = 900,
                                        .draw_sizes = true,
                                        .shuffle = true,
                                        .spurious = true};
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
        print_message("    %s\n", rows[i].name);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_octets),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
