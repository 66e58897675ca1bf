/* Clients of TLS that mean harm, or are of another time: what they get, and what they cost. */
#include "base/octets.h"
#include "conn_world.h"
#include "net/handshake.h"
#include "tls_foreign.h"
#include "tls_world.h"

#include <malloc.h>

static struct {
    struct pki_entry site;
    struct tls_context *server;
    struct handshake_set set;
    uint64_t ends[HANDSHAKE_ENDS];
} room;

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

/* Octets of the heap, GnuTLS's included. */
static size_t heap_used(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    return mallinfo2().uordblks;
}

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
    room.server = context_one(&room.site, NULL, TLS_1_2);
    return 0;
}

static int finish(void **state)
{
    tls_context_unref(room.server);
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
    room.set = (struct handshake_set){.conns = &world->set, .ended = room_ended};
    memset(room.ends, 0, sizeof room.ends);
    return world;
}

static int room_close(void **state)
{
    handshake_set_close(&room.set);
    assert_int_equal(room.set.count, 0);
    return world_teardown(state);
}

static struct foreign *room_client(struct world *world, const char *priority)
{
    const struct foreign_order order = {
        .address = "server:80", .name = "localhost", .priority = priority};
    struct foreign *client = foreign_open(world->sim, &order);
    assert_non_null(client);
    foreign_shake(client, world->sim);
    return client;
}

static unsigned answers(struct foreign *client)
{
    unsigned count = 0;
    foreign_hear(client);
    for (size_t at = 0; at + 12 <= client->got_len; at++)
        count += memcmp(client->got + at, "HTTP/1.1 200", 12) == 0;
    return count;
}

/* The present versions and ciphers, and what those of the past are told. */
static void test_past(void **state)
{
    static const struct {
        const char *name, *priority;
        int alert; /* -1: the handshake comes to its end */
    } rows[] = {
        {"TLS 1.3", "NORMAL:-VERS-ALL:+VERS-TLS1.3", -1},
        {"TLS 1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.2", -1},
        {"TLS 1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.1", GNUTLS_A_PROTOCOL_VERSION},
        {"TLS 1.0", "NORMAL:-VERS-ALL:+VERS-TLS1.0", GNUTLS_A_PROTOCOL_VERSION},
        {"CBC", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC",
         GNUTLS_A_HANDSHAKE_FAILURE},
        {"RSA without an exchange", "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA",
         GNUTLS_A_HANDSHAKE_FAILURE},
    };
    struct world *world = room_open(state);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct foreign *client = room_client(world, rows[i].priority);
        if ((client->result == 0) != (rows[i].alert < 0) ||
            (client->result != 0 && (client->result != GNUTLS_E_FATAL_ALERT_RECEIVED ||
                                     (int)gnutls_alert_get(client->session) != rows[i].alert)))
            fail_msg("%s: %s, alert %d", rows[i].name, gnutls_strerror(client->result),
                     (int)gnutls_alert_get(client->session));
        sim_client_close(client->client, true);
        foreign_free(client);
    }
}

/* A second handshake on a connection of TLS 1.2 is none. */
static void test_renegotiation(void **state)
{
    struct world *world = room_open(state);
    struct foreign *client = room_client(world, "NORMAL:-VERS-ALL:+VERS-TLS1.2");

    foreign_say(client, GET("/n/1"));
    sim_world_run_until_idle(world->sim);
    assert_int_equal(answers(client), 1);
    client->result = GNUTLS_E_AGAIN;
    foreign_shake(client, world->sim);
    assert_true(client->result < 0);
    assert_int_equal(room.ends[HANDSHAKE_WHOLE], 1);
    assert_int_equal(conn_census_open(world->census), 0);
    foreign_free(client);
}

/* Keys may be changed; all the time they may not. */
static void test_key_updates(void **state)
{
    struct world *world = room_open(state);
    struct foreign *client = room_client(world, NULL);

    for (int i = 0; i < 4; i++)
        assert_int_equal(gnutls_session_key_update(client->session, GNUTLS_KU_PEER), 0);
    foreign_say(client, GET("/n/1"));
    sim_world_run_until_idle(world->sim);
    assert_int_equal(answers(client), 1);
    sim_client_window(client->client, 0); /* nor are their answers taken */
    for (int i = 0; i < 3000; i++)
        (void)gnutls_session_key_update(client->session, GNUTLS_KU_PEER);
    const size_t before = heap_used();
    sim_world_run_until_idle(world->sim);
    assert_true(heap_used() < before + 65536);
    assert_int_equal(conn_census_open(world->census), 0);
    foreign_free(client);
}

/* ---- floods ---- */

enum { FLOOD = 50000 };
#define TLS_1_3_ALONE "NORMAL:-VERS-ALL:+VERS-TLS1.3"

/* How much of a flood was unread when somebody else was answered. */
struct bystander {
    struct sim_client *flooder;
    size_t unread;
};

static void bystander_heard(struct sim_client *client, void *owner)
{
    struct bystander *bystander = owner;
    (void)client;
    bystander->unread = sim_client_unread(bystander->flooder);
}

/* Records in which there is nothing: some are let be, a flood costs the connection, and others get
 * their turn meanwhile. */
static void test_empty_records(void **state)
{
    struct world *world = room_open(state);
    struct foreign *flooder = room_client(world, TLS_1_3_ALONE);
    struct foreign *other = room_client(world, NULL);
    struct bystander bystander = {.flooder = flooder->client};

    for (int i = 0; i < 5000; i++)
        foreign_record(flooder, 23, "", 0);
    foreign_say(flooder, GET("/n/1"));
    sim_world_run_until_idle(world->sim);
    assert_int_equal(answers(flooder), 1);
    for (int i = 0; i < FLOOD; i++)
        foreign_record(flooder, 23, "", 0);
    foreign_say(other, GET("/n/1"));
    sim_client_heard(other->client, bystander_heard, &bystander);
    const size_t before = heap_used(), flood = sim_client_unread(flooder->client);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(answers(other), 1);
    assert_true(2 * bystander.unread > flood);
    assert_true(heap_used() < before + 65536);
    assert_int_equal(conn_census_open(world->census), 1);
    foreign_free(flooder);
    foreign_free(other);
}

/* Messages of handshakes that have no end, alone and with data in between. */
static void test_endless_messages(void **state)
{
    static const unsigned char types[] = {1 /* hello */, 4 /* ticket */, 11, 24 /* keys */, 99};
    static char filler[16384];
    struct world *world = room_open(state);

    for (size_t i = 0; i < 2 * sizeof types; i++) {
        struct foreign *client = room_client(world, TLS_1_3_ALONE);
        const unsigned char head[4] = {types[i / 2], 0xff, 0xff, 0xff};
        size_t before = heap_used(), most = 0;
        foreign_record(client, 22, head, sizeof head);
        for (int j = 0; j < 100 && sim_client_state(client->client) == SIM_CLIENT_OPEN; j++) {
            foreign_record(client, 22, filler, sizeof filler);
            if (i % 2)
                foreign_record(client, 23, "G", 1);
            sim_world_run_until_idle(world->sim);
            most = heap_used() > most ? heap_used() : most;
        }
        foreign_hear(client);
        if (client->end >= 0 || most > before + 400000)
            fail_msg("message %u takes %zu octets, %s", types[i / 2], most - before,
                     gnutls_strerror(client->end));
        foreign_free(client);
        assert_int_equal(conn_census_open(world->census), 0);
    }
}

static void test_single_octets(void **state)
{
    struct world *world = room_open(state);
    struct foreign *client = room_client(world, NULL);
    const char *text = "POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";

    for (size_t i = 0; i < strlen(text) + 100000; i++)
        assert_int_equal(gnutls_record_send(client->session, i < strlen(text) ? text + i : "x", 1),
                         1);
    const size_t before = heap_used();
    sim_world_run_until_idle(world->sim);
    assert_int_equal(answers(client), 1);
    assert_int_equal(world->content, 100000);
    assert_true(heap_used() < before + 262144);
    foreign_free(client);
}

/* ---- handshakes ---- */

static void send_record(struct sim_client *client, unsigned type, const void *bytes, size_t size)
{
    const unsigned char head[5] = {(unsigned char)type, 3, 3, (unsigned char)(size >> 8),
                                   (unsigned char)size};
    sim_client_send(client, head, sizeof head);
    sim_client_send(client, bytes, size);
}

/* A hello may be long, but not without end, whether it says so or not; and nothing of it is kept
 * when it was too much. */
static void test_huge_hello(void **state)
{
    static const unsigned sizes[] = {60000, 131072, 0xffffff};
    static char filler[16384];
    struct world *world = room_open(state);

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct sim_client *client = world_client(world);
        const unsigned char head[4] = {1, (unsigned char)(sizes[i] >> 16),
                                       (unsigned char)(sizes[i] >> 8), (unsigned char)sizes[i]};
        const size_t before = heap_used();
        size_t most = 0;
        send_record(client, 22, head, sizeof head);
        for (int j = 0; j < 100 && sim_client_state(client) == SIM_CLIENT_OPEN; j++) {
            send_record(client, 22, filler, sizeof filler);
            sim_world_run_until_idle(world->sim);
            most = heap_used() > most ? heap_used() : most;
        }
        if (sim_client_state(client) != SIM_CLIENT_ENDED || sim_client_bytes(client)[0] != 21)
            fail_msg("a hello of %u is taken", sizes[i]);
        if (most > before + 300000)
            fail_msg("a hello of %u takes %zu octets", sizes[i], most - before);
        sim_client_close(client, false);
        sim_world_run_until_idle(world->sim);
    }
    assert_int_equal(conn_census_open(world->census), 0);
}

/* The octets of a hello. */
static void drip(struct foreign *client, const unsigned char *bytes, size_t size)
{
    struct octets *kept = client->owner;
    assert_true(octets_add(kept, (const char *)bytes, size));
}

/* One octet a second: the time is that of the whole handshake. */
static void test_dripping(void **state)
{
    struct world *world = room_open(state);
    struct octets hello = {0};
    const struct foreign_order order = {.address = "server:80", .name = "localhost"};
    struct foreign *client = foreign_open(world->sim, &order);

    client->send = drip;
    client->owner = &hello;
    foreign_hear(client);
    sim_world_run_until_idle(world->sim);
    for (int second = 0; second < 20; second++) {
        assert_int_equal(room.set.count, second < 10);
        if (second < 10)
            sim_client_send(client->client, octets_at(&hello) + second, 1);
        sim_world_advance(world->sim, SECOND);
    }
    assert_int_equal(room.ends[HANDSHAKE_FAILED], 1);
    octets_fini(&hello);
    foreign_free(client);
}

/* Behind its hello a client of TLS 1.3 may send records that say nothing [RFC 8446 §D.4]. */
static void test_change_cipher_flood(void **state)
{
    struct world *world = room_open(state);
    const struct foreign_order order = {.address = "server:80", .name = "localhost"};
    struct foreign *flooder = foreign_open(world->sim, &order);
    struct foreign *other = room_client(world, NULL);

    foreign_hear(flooder);
    for (int i = 0; i < FLOOD; i++)
        send_record(flooder->client, 20, "\x01", 1);
    foreign_say(other, GET("/n/1"));
    const size_t before = heap_used();
    sim_world_run_until_idle(world->sim);
    assert_int_equal(answers(other), 1);
    assert_true(heap_used() < before + 131072);
    sim_world_advance(world->sim, 3 * SECOND);
    assert_int_equal(room.ends[HANDSHAKE_FAILED], 1);
    foreign_free(flooder);
    foreign_free(other);
}

int main(void)
{
#define ROOM_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, room_close)
    const struct CMUnitTest tests[] = {
        ROOM_TEST(test_past),
        ROOM_TEST(test_renegotiation),
        ROOM_TEST(test_key_updates),
        ROOM_TEST(test_empty_records),
        ROOM_TEST(test_endless_messages),
        ROOM_TEST(test_single_octets),
        ROOM_TEST(test_huge_hello),
        ROOM_TEST(test_dripping),
        ROOM_TEST(test_change_cipher_flood),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
