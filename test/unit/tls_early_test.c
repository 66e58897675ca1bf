/* Early data, in the simulated world: when it is read, when it is not, and that it is read once. */
#include "early_client.h"
#include "io/loop_ops.h"
#include "io/tls_parts.h"
#include "tls_world.h"

#define HOST "192.0.2.9:443"
#define REQUEST "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct pki_entry site;
static struct tls_tickets *tickets;

static int begin(void **state)
{
    const struct pki_order order = order_for("localhost");
    stage_begin(state);
    site = pki_make(&stage.pki, &order, &stage.authority);
    return 0;
}

static int finish(void **state)
{
    pki_free(&site);
    return stage_finish(state);
}

/* A server's context; with early data if `size` is not 0. */
static struct tls_context *context_early(size_t size, enum tls_demand demand, const char *name)
{
    char complaint[TLS_WORDS] = "";
    const struct tls_pair pair = pki_pair(&site);
    const struct tls_site sites = {.names = &name,
                                   .name_count = name ? 1 : 0,
                                   .pairs = &pair,
                                   .pair_count = 1,
                                   .demand = demand,
                                   .client_ca = demand ? stage.authority.certificate_path : NULL};
    const struct tls_server server = {.sites = &sites,
                                      .site_count = 1,
                                      .protocols = TLS_HTTP1 | TLS_HTTP2,
                                      .minimum = TLS_1_2,
                                      .tickets = tickets,
                                      .early = {size, 1000, 3600000}};
    struct tls_context *context = tls_context_server(&server, complaint);

    assert_string_equal(complaint, "");
    return context;
}

/* ---- the server's end ---- */

static struct {
    struct tls_context *context;
    struct sock sock, moved;
    struct sock *at;   /* the one of the two that is open; NULL: none */
    bool moves, early; /* early data was read */
    bool opened, wrote, failed;
    unsigned told;
    size_t step; /* octets of each read */
    char got[70000];
    size_t got_len, early_len;
} end;

static void end_ready(struct sock *sock, unsigned events)
{
    static char letter[] = "x";
    const struct iovec piece = {letter, 1};
    (void)events;

    end.told++;
    end.failed = tls_state(sock) == TLS_FAILED;
    if (end.moves && !end.failed) {
        end.moves = false;
        end.moved.ready = end_ready;
        end.at = &end.moved;
        assert_true(sock_move(sock, &end.moved));
        return;
    }
    for (ssize_t got = 1; got > 0;) {
        const size_t size = end.step ? end.step : 4096;
        got = sock_read(sock, end.got + end.got_len, size);
        end.got_len += got > 0 ? (size_t)got : 0;
        if (got < (ssize_t)size && got > 0 && !end.step)
            break;
    }
    if (tls_is_early(sock)) {
        end.early = true;
        end.early_len = end.got_len;
        assert_int_equal(sock_write(sock, &piece, 1), SOCK_AGAIN);
        assert_string_equal(sock_protocol(sock), "http/1.1");
    } else if (!end.failed) {
        end.opened = true;
        (void)sock_flush(sock);
        end.wrote |= !end.wrote && sock_write(sock, &piece, 1) == 1;
    }
}

static void end_accepted(struct listener *listener, struct sock *sock,
                         const struct sock_address *from)
{
    (void)listener, (void)from;
    end.sock = *sock;
    end.sock.ready = end_ready;
    end.at = tls_accept(&end.sock, end.context) ? &end.sock : NULL;
}

static void end_close(void)
{
    if (end.at)
        sock_close(end.at, true);
    end.at = NULL;
}

/* For the next client. */
static void end_use(struct tls_context *context)
{
    end_close();
    memset(&end, 0, sizeof end);
    end.context = context;
}

static void world_open(const struct sim_faults *faults)
{
    stage.world = sim_world_new(7);
    stage.loop = sim_world_loop(stage.world);
    if (faults)
        sim_world_faults(stage.world, faults);
    stage.listener = (struct listener){.loop = stage.loop, .accepted = end_accepted, .fd = -1};
    stage.listener.fd = sim_world_listen(stage.world, HOST);
    assert_true(listener_start(&stage.listener));
    tickets = tls_tickets_new();
}

static void world_close(void)
{
    end_close();
    listener_stop(&stage.listener);
    loop_free(stage.loop);
    sim_world_free(stage.world);
    tls_tickets_unref(tickets);
}

/* A session to come again with. */
static gnutls_datum_t acquaint(struct tls_context *context, const char *name, const char *protocol)
{
    const struct early_order order = {.address = HOST, .name = name, .protocol = protocol};

    end_use(context);
    struct early_client *early = early_client_open(stage.world, &order);
    early_client_hear(early);
    assert_int_equal(early->result, 0);
    assert_false(end.early);
    const gnutls_datum_t session = early_client_session(early);
    early_client_close(early);
    end_close();
    return session;
}

/* ---- stories ---- */

static const struct sim_faults single = {.read_most = 1, .write_most = 1};
static const struct sim_faults drawn = {
    .read_most = 70, .write_most = 900, .draw_sizes = true, .shuffle = true, .spurious = true};

/* It is read before the handshake is over, and what comes after it is read after. */
static void test_taken(void **state)
{
    static const struct {
        const char *id, *name;
        const struct sim_faults *faults;
        size_t size, step;
        bool moves;
    } rows[] = {
        {"C-8470-5.1-2", "a request", NULL, 0, 0, false},
        {"C-8470-5.1-2", "moved", NULL, 0, 0, true},
        {"C-8470-5.1-2", "much", NULL, 16384, 0, true},
        {"C-8470-5.1-2", "by the octet", NULL, 300, 1, false},
        {"C-8470-5.1-2", "single octets", &single, 40, 0, true},
        {"C-8470-5.1-2", "small pieces", &drawn, 9000, 0, true},
    };
    static char much[16384];
    (void)state;

    memset(much, 'e', sizeof much);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("# %s\n", rows[i].name);
        world_open(rows[i].faults);
        struct tls_context *context = context_early(16384, TLS_DEMAND_NOTHING, NULL);
        gnutls_datum_t session = acquaint(context, "localhost", "http/1.1");
        const struct early_order order = {.address = HOST,
                                          .name = "localhost",
                                          .protocol = "http/1.1",
                                          .session = &session,
                                          .early = rows[i].size ? much : REQUEST,
                                          .early_len = rows[i].size};
        const size_t size = rows[i].size ? rows[i].size : strlen(REQUEST);
        end_use(context);
        end.moves = rows[i].moves;
        end.step = rows[i].step;
        struct early_client *early = early_client_open(stage.world, &order);
        assert_true(end.early && !end.opened && !end.failed);
        assert_int_equal(end.early_len, size);
        assert_memory_equal(end.got, order.early, size);
        early_client_hear(early);
        assert_true(early_client_accepted(early) && end.opened);
        early_client_say(early, "more");
        assert_int_equal(end.got_len, size + 4);
        assert_memory_equal(end.got + size, "more", 4);
        early_client_hear(early);
        assert_int_equal(early->got_len, 1);
        early_client_close(early);
        gnutls_free(session.data);
        tls_context_unref(context);
        world_close();
    }
}

/* Who refuses it, and why: the handshake goes on, and what is said behind it is read. */
static void test_refused(void **state)
{
    static const struct {
        const char *id, *name;
        size_t first, size; /* what the server takes when the ticket is given, and later */
        enum tls_demand demand;
        const char *protocol;
        int64_t later;        /* ns */
        const char *priority; /* when the client comes again; NULL: as the first time */
    } rows[] = {
        {"C-8470-5.1-2", "taken", 16384, 16384, TLS_DEMAND_NOTHING, "http/1.1", 0, NULL},
        {"C-8470-5.1-2", "not turned on any more", 16384, 0, TLS_DEMAND_NOTHING, "http/1.1", 0,
         NULL},
        {"C-8470-4-1", "certificates are asked for", 16384, 16384, TLS_DEMAND_OPTIONAL, "http/1.1",
         0, NULL},
        {"C-8470-4-1", "another protocol", 16384, 16384, TLS_DEMAND_NOTHING, "h2", 0, NULL},
        {"C-8470-4-1", "the ticket is too old", 16384, 16384, TLS_DEMAND_NOTHING, "http/1.1",
         INT64_C(90000) * 1000000000, NULL},
        {"C-8470-4-1", "another cipher", 16384, 16384, TLS_DEMAND_NOTHING, "http/1.1", 0,
         "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305:+AES-256-GCM"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("# %s\n", rows[i].name);
        world_open(NULL);
        struct tls_context *first = context_early(rows[i].first, rows[i].demand, NULL);
        struct tls_context *context = context_early(rows[i].size, rows[i].demand, NULL);
        gnutls_datum_t session = acquaint(first, "localhost", "http/1.1");
        const struct early_order order = {.address = HOST,
                                          .name = "localhost",
                                          .protocol = rows[i].protocol,
                                          .priority = rows[i].priority,
                                          .session = &session,
                                          .early = REQUEST};
        sim_world_advance(stage.world, rows[i].later);
        end_use(context);
        struct early_client *early = early_client_open(stage.world, &order);
        assert_int_equal(end.early, i == 0);
        early_client_hear(early);
        if (early->result != 0 || !end.opened)
            fail_msg("%s %s: %s", rows[i].id, rows[i].name, gnutls_strerror(early->result));
        assert_int_equal(early_client_accepted(early), i == 0);
        early_client_say(early, "more");
        if (i > 0) {
            assert_int_equal(end.got_len, 4);
            assert_memory_equal(end.got, "more", 4);
        }
        early_client_close(early);
        gnutls_free(session.data);
        end_close();
        tls_context_unref(context);
        tls_context_unref(first);
        world_close();
    }
}

/* The same octets again, to the same context, to that of a reload, and to another worker. */
static void test_replayed(void **state)
{
    (void)state;
    world_open(NULL);
    struct tls_context *context = context_early(16384, TLS_DEMAND_NOTHING, NULL);
    struct tls_context *reloaded = context_early(16384, TLS_DEMAND_NOTHING, NULL);
    gnutls_datum_t session = acquaint(context, "localhost", "http/1.1");
    const struct early_order order = {.address = HOST,
                                      .name = "localhost",
                                      .protocol = "http/1.1",
                                      .session = &session,
                                      .early = REQUEST};
    end_use(context);
    struct early_client *early = early_client_open(stage.world, &order);
    const size_t flight = early->sent_len;
    assert_true(end.early);
    struct tls_context *contexts[] = {context, reloaded};
    for (int i = 0; i < 4; i++) {
        end_use(contexts[i % 2]);
        struct sim_client *again = early_replay(stage.world, HOST, early, flight);
        if (end.early || end.got_len > 0 || end.opened)
            fail_msg("C-8470-4-1 was taken again");
        sim_client_close(again, true);
        sim_world_run_until_idle(stage.world);
    }
    early_client_close(early);
    /* the ticket is good as ever */
    end_use(reloaded);
    early = early_client_open(stage.world, &order);
    assert_true(end.early);
    early_client_hear(early);
    assert_true(early_client_accepted(early));
    early_client_close(early);
    gnutls_free(session.data);
    end_close();
    tls_context_unref(reloaded);
    tls_context_unref(context);
    world_close();
}

/* What goes wrong behind early data: told to who has read it. */
static void test_failed(void **state)
{
    static const struct {
        const char *name;
        char how; /* 'n'onsense, 'e'nd, 'r'eset, too 'm'uch */
    } rows[] = {{"nonsense", 'n'}, {"the end", 'e'}, {"a reset", 'r'}, {"too much", 'm'}};
    static const char nonsense[5 + 32] = {0x17, 3, 3, 0, 32};
    static char much[9000];
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("# %s\n", rows[i].name);
        world_open(NULL);
        struct tls_context *context = context_early(8192, TLS_DEMAND_NOTHING, NULL);
        struct tls_context *small = context_early(1024, TLS_DEMAND_NOTHING, NULL);
        gnutls_datum_t session = acquaint(context, "localhost", "http/1.1");
        const bool much_too = rows[i].how == 'm';
        const struct early_order order = {.address = HOST,
                                          .name = "localhost",
                                          .protocol = "http/1.1",
                                          .session = &session,
                                          .early = much_too ? memset(much, 'e', 9000) : REQUEST,
                                          .early_len = much_too ? 8000 : 0};
        end_use(much_too ? small : context);
        struct early_client *early = early_client_open(stage.world, &order);
        assert_int_equal(end.early, !much_too);
        if (rows[i].how == 'n')
            sim_client_send(early->client, nonsense, sizeof nonsense);
        else if (rows[i].how == 'e')
            sim_client_shutdown(early->client);
        else if (rows[i].how == 'r')
            sim_client_close(early->client, true);
        if (rows[i].how == 'r')
            early->client = NULL;
        sim_world_run_until_idle(stage.world);
        assert_true(end.failed);
        early_client_close(early);
        gnutls_free(session.data);
        end_close();
        tls_context_unref(small);
        tls_context_unref(context);
        world_close();
    }
}

/* Each allocation fails once: the connection may end, nothing else. */
static void test_no_memory(void **state)
{
    bool taken = false;
    (void)state;

    for (uint64_t nth = 1; nth < 60 && !taken; nth++) {
        world_open(NULL);
        struct tls_context *context = context_early(16384, TLS_DEMAND_NOTHING, NULL);
        gnutls_datum_t session = acquaint(context, "localhost", "http/1.1");
        const struct early_order order = {.address = HOST,
                                          .name = "localhost",
                                          .protocol = "http/1.1",
                                          .session = &session,
                                          .early = REQUEST};
        end_use(context);
        memory_fail_nth(nth);
        struct early_client *early = early_client_open(stage.world, &order);
        taken = memory_count() < nth && end.early;
        memory_fail_nth(0);
        early_client_close(early);
        gnutls_free(session.data);
        end_close();
        tls_context_unref(context);
        world_close();
    }
    assert_true(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_replayed),  cmocka_unit_test(test_failed),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
