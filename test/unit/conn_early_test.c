/* Connections that begin with early data: what is read, what waits, and for how long. */
#include "conn_world.h"
#include "early_client.h"
#include "net/handshake.h"
#include "tls_world.h"

#define HOST "192.0.2.9:443"

static struct {
    struct pki_entry site;
    struct tls_tickets *tickets;
    struct tls_context *server;
    struct handshake_set set;
    uint64_t ends[HANDSHAKE_ENDS];
    gnutls_datum_t session; /* to come again with */
    struct conn_awaiting awaiting;
    unsigned opened;
} room;

static void room_ended(struct handshake_set *set, enum handshake_end end)
{
    (void)set;
    room.ends[end]++;
}

static int begin(void **state)
{
    const struct pki_order order = order_for("localhost");
    stage_begin(state);
    room.site = pki_make(&stage.pki, &order, &stage.authority);
    return 0;
}

static int finish(void **state)
{
    pki_free(&room.site);
    return stage_finish(state);
}

static void room_accepted(struct listener *listener, struct sock *sock,
                          const struct sock_address *peer)
{
    (void)listener;
    handshake_open(&room.set, sock, peer, room.server);
}

static struct tls_context *room_context(void)
{
    char complaint[TLS_WORDS] = "";
    const struct tls_pair pair = pki_pair(&room.site);
    const struct tls_site site = {.pairs = &pair, .pair_count = 1};
    const struct tls_server server = {.sites = &site,
                                      .site_count = 1,
                                      .protocols = TLS_HTTP1 | TLS_HTTP2,
                                      .minimum = TLS_1_2,
                                      .tickets = room.tickets,
                                      .early = {16384, 1000, 3600000}};
    struct tls_context *context = tls_context_server(&server, complaint);
    assert_string_equal(complaint, "");
    return context;
}

/* A client that comes again with early data, and hears nothing so far. */
static struct early_client *room_client(const char *protocol, const char *early, size_t size)
{
    const struct early_order order = {.address = HOST,
                                      .name = "localhost",
                                      .protocol = protocol,
                                      .session = early ? &room.session : NULL,
                                      .early = early,
                                      .early_len = size};
    return early_client_open(stage.world, &order);
}

/* The world, its server, and a client that has been there. */
static struct world *room_open(void **state, const char *protocol)
{
    struct world *world = *state;
    world_open(world);
    world->listener.accepted = room_accepted;
    listener_stop(&world->listener);
    world->listener.fd = sim_world_listen(world->sim, HOST);
    assert_true(listener_start(&world->listener));
    stage.world = world->sim;
    stage.loop = world->loop;
    memset(&room.set, 0, sizeof room.set);
    room.set = (struct handshake_set){.conns = &world->set, .ended = room_ended};
    room.tickets = tls_tickets_new();
    room.server = room_context();
    room.awaiting = (struct conn_awaiting){.opened = NULL};
    room.opened = 0;
    struct early_client *first = room_client(protocol, NULL, 0);
    early_client_hear(first);
    assert_int_equal(first->result, 0);
    room.session = early_client_session(first);
    early_client_close(first);
    memset(room.ends, 0, sizeof room.ends);
    return world;
}

static int room_close(void **state)
{
    handshake_set_close(&room.set);
    const int result = world_teardown(state);
    tls_context_unref(room.server);
    tls_tickets_unref(room.tickets);
    gnutls_free(room.session.data);
    room.session.data = NULL;
    return result;
}

static size_t answers(const struct early_client *early)
{
    size_t count = 0;
    for (size_t at = 0; at + 12 <= early->got_len; at++)
        count += memcmp(early->got + at, "HTTP/1.1 200", 12) == 0;
    return count;
}

/* All that was asked early is judged before the handshake is over, and told after it. */
static void test_requests(void **state)
{
    static const struct sim_faults faults[] = {
        {0},
        {.read_most = 1, .write_most = 1},
        {.read_most = 50, .write_most = 300, .draw_sizes = true, .shuffle = true, .spurious = true},
    };
    struct world *world = room_open(state, "http/1.1");

    for (size_t i = 0; i < 3; i++) {
        const unsigned before = world->requests;
        sim_world_faults(stage.world, &faults[i]);
        struct early_client *early =
            room_client("http/1.1", GET("/n/5") GET("/304") GET("/n/0"), 0);
        assert_true(world->requests > before);
        assert_int_equal(early->got_len, 0);
        early_client_hear(early);
        assert_int_equal(early->result, 0);
        assert_int_equal(world->requests, before + 3);
        assert_int_equal(answers(early), 2);
        early_client_say(early, GET("/n/9000"));
        early_client_hear(early);
        assert_int_equal(answers(early), 3);
        assert_true(early->got_len > 9000);
        early_client_close(early);
    }
    assert_int_equal(room.ends[HANDSHAKE_EARLY], 3);
    assert_int_equal(room.ends[HANDSHAKE_WHOLE] + room.ends[HANDSHAKE_RESUMED], 0);
    assert_int_equal(conn_census_open(world->census), 0);
}

/* Answers that cannot leave yet do not pile up: the rest is judged when they can. */
static void test_many(void **state)
{
    static const char one[] = GET("/n/100");
    enum { MANY = 200 };
    static char early_data[MANY * sizeof one];
    size_t size = 0;
    struct world *world = room_open(state, "http/1.1");
    world->limits.early_data_size = 2048;

    for (int i = 0; i < MANY; i++, size += sizeof one - 1)
        memcpy(early_data + size, one, sizeof one - 1);
    const unsigned before = world->requests;
    struct early_client *early = room_client("http/1.1", early_data, size);
    assert_in_range(world->requests - before, 1, MANY / 2);
    early_client_hear(early);
    assert_int_equal(world->requests - before, MANY);
    assert_int_equal(answers(early), MANY);
    early_client_close(early);
}

/* Streams of HTTP/2: the server's own first frames wait, the client's are read. */
static void test_streams(void **state)
{
    static const char octets[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                 "\0\0\0\4\0\0\0\0\0";
    char early_data[128];
    size_t size = sizeof octets - 1;
    struct world *world = room_open(state, "h2");

    memcpy(early_data, octets, size);
    for (char stream = 1; stream <= 3; stream += 2) {
        const char frame[] = {0,      0,      11, 1,   5,      0, 0,   0,   stream, '\x82',
                              '\x87', '\x41', 1,  'a', '\x44', 4, '/', 'n', '/',    '5'};
        memcpy(early_data + size, frame, sizeof frame);
        size += sizeof frame;
    }
    struct early_client *early = room_client("h2", early_data, size);
    assert_int_equal(world->requests, 2);
    early_client_hear(early);
    assert_true(early->got_len > 2 * (9 + 5));
    assert_int_equal(world->done, 2);
    assert_int_equal(world->cut, 0);
    early_client_close(early);
}

static void room_opened(struct conn_awaiting *awaiting)
{
    assert_ptr_equal(awaiting, &room.awaiting);
    room.opened++;
}

/* Who waits for the end of the handshake is told once; who does not any more is not. */
static void test_awaiting(void **state)
{
    static const struct {
        const char *id, *name;
        char then; /* 'o'pened, 'f'orgotten, 'r'eset by the client, 't'oo late, 'n'onsense */
        unsigned told;
    } rows[] = {
        {"C-8470-5.1-1", "opened", 'o', 1},
        {"C-8470-5.1-1", "forgotten", 'f', 0},
        {"C-8470-5.1-1", "a client that goes", 'r', 0},
        {"C-8470-5.1-1", "a client that never ends it", 't', 0},
        {"C-8470-5.1-1", "a client that fails", 'n', 0},
    };
    static const char nonsense[5 + 32] = {0x17, 3, 3, 0, 32};
    struct world *world = room_open(state, "http/1.1");

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        room.opened = 0;
        struct early_client *early = room_client("http/1.1", GET("/later"), 0);
        assert_non_null(world->waiting);
        assert_true(conn_is_early(world->waiting));
        room.awaiting = (struct conn_awaiting){.opened = room_opened};
        conn_await(world->waiting, &room.awaiting);
        assert_int_equal(room.opened, 0);
        if (rows[i].then != 'o')
            conn_forget(&room.awaiting);
        if (rows[i].then == 'o' || rows[i].then == 'f')
            early_client_hear(early);
        else if (rows[i].then == 'n')
            sim_client_send(early->client, nonsense, sizeof nonsense);
        else if (rows[i].then == 't')
            sim_world_advance(stage.world, 11 * SECOND);
        else
            sim_client_close(early->client, true);
        if (rows[i].then == 'r')
            early->client = NULL;
        sim_world_run_until_idle(stage.world);
        if (room.opened != rows[i].told)
            fail_msg("%s %s: told %u times", rows[i].id, rows[i].name, room.opened);
        if (rows[i].then == 'o' || rows[i].then == 'f') {
            assert_false(conn_is_early(world->waiting));
            world_answer(world);
            early_client_hear(early);
            assert_int_equal(answers(early), 1);
        } else {
            assert_null(world->waiting);
        }
        early_client_close(early);
        assert_int_equal(conn_census_open(world->census), 0);
    }
}

/* The handshake has its time, whatever the client sends meanwhile and whatever waits for it. */
static void test_timeout(void **state)
{
    static const char *const early[] = {GET("/n/5"), GET("/n/9000"), "GET /n/5 HTTP/1.1\r\nHo",
                                        GET("/later")};
    struct world *world = room_open(state, "http/1.1");

    for (size_t i = 0; i < sizeof early / sizeof *early; i++) {
        struct early_client *client = room_client("http/1.1", early[i], 0);
        assert_int_equal(conn_census_open(world->census), 1);
        sim_world_advance(stage.world, 9 * SECOND);
        assert_int_equal(conn_census_open(world->census), 1);
        sim_world_advance(stage.world, 2 * SECOND);
        if (conn_census_open(world->census) != 0)
            fail_msg("%s: still there", early[i]);
        early_client_close(client);
    }
}

/* A graceful stop waits for what was asked early. */
static void test_draining(void **state)
{
    struct world *world = room_open(state, "http/1.1");
    struct early_client *early = room_client("http/1.1", GET("/later"), 0);

    conn_set_drain(&world->set);
    sim_world_run_until_idle(stage.world);
    assert_int_equal(world->drained, 0);
    early_client_hear(early);
    world_answer(world);
    early_client_hear(early);
    assert_int_equal(answers(early), 1);
    early_client_close(early);
    assert_int_equal(world->drained, 1);
}

/* Each allocation fails once: that connection ends, if anything does. */
static void test_memory(void **state)
{
    struct world *world = room_open(state, "http/1.1");
    bool over = false;

    for (uint64_t nth = 1; nth < 60 && !over; nth++) {
        memory_fail_nth(nth);
        struct early_client *early = room_client("http/1.1", GET("/n/5") GET("/n/900"), 0);
        if (early->client)
            early_client_hear(early);
        over = memory_count() < nth;
        memory_fail_nth(0);
        if (over)
            assert_int_equal(answers(early), 2);
        early_client_close(early);
        assert_int_equal(conn_census_open(world->census), 0);
    }
    assert_true(over);
}

#define ROOM_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, room_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOM_TEST(test_requests), ROOM_TEST(test_many),    ROOM_TEST(test_streams),
        ROOM_TEST(test_awaiting), ROOM_TEST(test_timeout), ROOM_TEST(test_draining),
        ROOM_TEST(test_memory),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
