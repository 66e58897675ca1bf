/* Dials that end with a handshake: what they hand over, and what they say when it fails. */
#include "base/limits.h"
#include "net/call.h"
#include "net/dial.h"
#include "table.h"
#include "tls_world.h"

#define MS ((int64_t)1000000)

static struct {
    struct limits limits;
    struct dial_setup setup;
    struct pki_entry good, expired, future, stranger, client_only, wildcard;
    struct tls_context *trusting, *careless, *old_only;
    int done;
    enum stet_proxy_error error;
    struct peer *taken;
} room;

static struct pki_entry room_make(const char *names, int64_t from, int64_t till, bool client,
                                  const struct pki_entry *by)
{
    const struct pki_order order = {.names = names,
                                    .from = TLS_WORLD_NOW + from * TLS_WORLD_DAY,
                                    .till = TLS_WORLD_NOW + till * TLS_WORLD_DAY,
                                    .client = client};
    return pki_make(&stage.pki, &order, by);
}

static int begin(void **state)
{
    const struct tls_client careless = {.unverified = true, .protocols = TLS_HTTP1};
    char complaint[TLS_WORDS];

    stage_begin(state);
    room.good = room_make("localhost 192.0.2.9", -1, 90, false, &stage.authority);
    room.expired = room_make("localhost", -90, -1, false, &stage.authority);
    room.future = room_make("localhost", 1, 90, false, &stage.authority);
    room.stranger = room_make("localhost", -1, 90, false, &stage.other_authority);
    room.client_only = room_make("localhost", -1, 90, true, &stage.authority);
    room.wildcard = room_make("*.example.org", -1, 90, false, &stage.authority);
    room.trusting = context_trusting(stage.authority.certificate_path, TLS_HTTP1);
    room.careless = tls_context_client(&careless, complaint);
    assert_non_null(room.careless);
    return 0;
}

static int finish(void **state)
{
    struct pki_entry *all[] = {&room.good,     &room.expired,     &room.future,
                               &room.stranger, &room.client_only, &room.wildcard};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        pki_free(all[i]);
    tls_context_unref(room.trusting);
    tls_context_unref(room.careless);
    return stage_finish(state);
}

static void room_done(struct dial *dial)
{
    room.done++;
    room.error = dial->error;
    if (dial->error != STET_PROXY_ERROR_NONE)
        return;
    stage.client->sock.ready = peer_ready;
    assert_true(dial_take(dial, &stage.client->sock));
    stage.client->open = true;
}

static void room_open(struct tls_context *server, const struct sim_faults *faults)
{
    stage_open(7, server, NULL, NULL, faults);
    stage.client->open = false;
    room.limits = limits_default();
    room.setup = (struct dial_setup){.loop = stage.loop, .limits = &room.limits};
    room.setup.resolver = resolver_new(stage.loop, NULL);
    sim_world_name(stage.world, "localhost", "192.0.2.9", 60);
    sim_world_name(stage.world, "a.example.org", "192.0.2.9", 60);
    sim_world_name(stage.world, "a.b.example.org", "192.0.2.9", 60);
    room.done = 0;
}

static void room_close(void)
{
    resolver_free(room.setup.resolver);
    stage_close();
}

static void test_certificates(void **state)
{
    static const struct {
        const char *id, *name;
        const struct pki_entry *entry;
        struct tls_context *const *client;
        const char *host;
        enum stet_proxy_error error;
    } rows[] = {
        {"C-9110-4.3.4-1", "its name", &room.good, &room.trusting, "localhost",
         STET_PROXY_ERROR_NONE},
        {"C-9110-4.3.4-1", "its address", &room.good, &room.trusting, "192.0.2.9",
         STET_PROXY_ERROR_NONE},
        {"C-9110-4.3.4-1", "another name", &room.wildcard, &room.trusting, "localhost",
         STET_PROXY_ERROR_TLS_CERTIFICATE_ERROR},
        {"C-9110-4.3.4-1", "another address", &room.expired, &room.trusting, "192.0.2.9",
         STET_PROXY_ERROR_TLS_CERTIFICATE_ERROR},
        {"C-9110-4.3.4-1", "a wildcard", &room.wildcard, &room.trusting, "a.example.org",
         STET_PROXY_ERROR_NONE},
        {"C-9110-4.3.4-1", "a wildcard is one label", &room.wildcard, &room.trusting,
         "a.b.example.org", STET_PROXY_ERROR_TLS_CERTIFICATE_ERROR},
        {"", "expired", &room.expired, &room.trusting, "localhost",
         STET_PROXY_ERROR_TLS_CERTIFICATE_ERROR},
        {"", "not yet", &room.future, &room.trusting, "localhost",
         STET_PROXY_ERROR_TLS_CERTIFICATE_ERROR},
        {"", "nobody vouches", &room.stranger, &room.trusting, "localhost",
         STET_PROXY_ERROR_TLS_CERTIFICATE_ERROR},
        {"", "for clients", &room.client_only, &room.trusting, "localhost",
         STET_PROXY_ERROR_TLS_CERTIFICATE_ERROR},
        {"", "any will do", &room.expired, &room.careless, "a.example.org", STET_PROXY_ERROR_NONE},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_context *server = context_one(rows[i].entry, NULL, TLS_1_2);
        const struct call_place place = {.host = rows[i].host, .port = 443, .tls = *rows[i].client};
        struct dial dial = {.done = room_done};

        room_open(server, NULL);
        assert_true(dial_start(&dial, &room.setup, &place));
        sim_world_run_until_idle(stage.world);
        if (room.done != 1 || room.error != rows[i].error)
            fail_msg("%s %s: %d calls, error %d", rows[i].id, rows[i].name, room.done, room.error);
        dial_cancel(&dial);
        room_close();
        tls_context_unref(server);
    }
}

/* The socket that is handed over works, and what the server said at once is not lost. */
static void test_taken(void **state)
{
    static const struct sim_faults faults[] = {
        {0}, {.read_most = 1, .write_most = 1}, {.shuffle = true, .spurious = true}};
    struct tls_context *server = context_one(&room.good, NULL, TLS_1_2);
    const struct call_place place = {.host = "localhost", .port = 443, .tls = room.trusting};
    (void)state;

    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct dial dial = {.done = room_done};
        room_open(server, &faults[i]);
        stage.server->tx = "hello";
        stage.server->tx_len = 5;
        stage.client->tx = "and you?";
        stage.client->tx_len = 8;
        assert_true(dial_start(&dial, &room.setup, &place));
        sim_world_run_until_idle(stage.world);
        assert_int_equal(room.done, 1);
        assert_int_equal(stage.client->rx_len, 5);
        assert_int_equal(stage.server->rx_len, 8);
        dial_cancel(&dial);
        room_close();
    }
    tls_context_unref(server);
}

/* A server that connects and says nothing, says nonsense, or leaves. */
static void test_others(void **state)
{
    static const struct {
        const char *name, *says;
        bool leaves;
        enum stet_proxy_error error;
    } rows[] = {
        {"silent", NULL, false, STET_PROXY_ERROR_CONNECTION_TIMEOUT},
        {"plain", "HTTP/1.1 400 Bad Request\r\n\r\n", false, STET_PROXY_ERROR_TLS_PROTOCOL_ERROR},
        {"leaves", NULL, true, STET_PROXY_ERROR_CONNECTION_TERMINATED},
        {"alert", "\x15\x03\x03\x00\x02\x02\x28", false, STET_PROXY_ERROR_TLS_ALERT_RECEIVED},
    };
    const struct call_place place = {.host = "192.0.2.8", .port = 443, .tls = room.trusting};
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct dial dial = {.done = room_done};
        room_open(room.trusting, NULL);
        struct sim_origin *origin = sim_origin_open(stage.world, "192.0.2.8:443");
        assert_true(dial_start(&dial, &room.setup, &place));
        sim_world_run_until_idle(stage.world);
        struct sim_client *peer = sim_origin_next(origin);
        if (rows[i].says)
            sim_client_send(peer, rows[i].says, i == 3 ? 7 : strlen(rows[i].says));
        if (rows[i].leaves)
            sim_client_close(peer, false);
        sim_world_advance(stage.world, 4900 * MS);
        assert_int_equal(room.done, rows[i].error != STET_PROXY_ERROR_CONNECTION_TIMEOUT);
        sim_world_advance(stage.world, 200 * MS);
        if (room.done != 1 || room.error != rows[i].error)
            fail_msg("%s: %d calls, error %d", rows[i].name, room.done, room.error);
        dial_cancel(&dial);
        room_close();
    }
}

/* One that is not wanted any more, at any point. */
static void test_cancelled(void **state)
{
    const struct sim_faults slow = {.read_most = 40, .write_most = 40};
    struct tls_context *server = context_one(&room.good, NULL, TLS_1_2);
    const struct call_place place = {.host = "localhost", .port = 443, .tls = room.trusting};
    (void)state;

    for (uint64_t nth = 1; nth < 40; nth++) {
        struct dial dial = {.done = room_done};
        room_open(server, &slow);
        memory_fail_nth(nth);
        bool started = dial_start(&dial, &room.setup, &place);
        sim_world_run_until_idle(stage.world);
        memory_fail_nth(0);
        if (started)
            dial_cancel(&dial);
        room_close();
    }
    tls_context_unref(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_cancelled),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
