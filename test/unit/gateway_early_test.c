/* A whole worker and requests that may be replays: what is refused, what is asked of the origin and
 * when, and what becomes of its 425. */
#include "early_client.h"
#include "gateway_world.h"
#include "tls_pki.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define OK(fields) "HTTP/1.1 200 OK\r\n" fields "Content-Length: 5\r\n\r\nhello"
#define TOO_EARLY "HTTP/1.1 425 Too Early\r\nContent-Length: 5\r\n\r\nlater"

static struct {
    struct pki pki;
    struct pki_entry authority, site;
    struct tls_tickets *tickets;
    struct gate *gate;
    gnutls_datum_t session;
} room;

static int begin(void **state)
{
    /* the simulated world begins on 2024-01-01 */
    const struct pki_order order = {.names = "localhost", .from = 1704000000, .till = 1800000000};
    (void)state;
    pki_open(&room.pki);
    room.authority = pki_make(&room.pki, &(struct pki_order){.from = 0, .till = 4000000000}, NULL);
    room.site = pki_make(&room.pki, &order, &room.authority);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    pki_free(&room.site);
    pki_free(&room.authority);
    pki_close(&room.pki);
    return 0;
}

static struct tls_context *room_context(void)
{
    char complaint[TLS_WORDS] = "";
    const struct tls_pair pair = pki_pair(&room.site);
    const struct tls_site site = {.pairs = &pair, .pair_count = 1};
    const struct tls_server server = {.sites = &site,
                                      .site_count = 1,
                                      .protocols = TLS_HTTP1,
                                      .minimum = TLS_1_2,
                                      .tickets = room.tickets,
                                      .early = {16384, 1000, 3600000}};
    struct tls_context *context = tls_context_server(&server, complaint);
    assert_string_equal(complaint, "");
    return context;
}

static struct early_client *room_client(const char *early)
{
    const struct early_order order = {.address = "tls",
                                      .name = "localhost",
                                      .protocol = "http/1.1",
                                      .session = early ? &room.session : NULL,
                                      .early = early};
    return early_client_open(room.gate->world, &order);
}

/* A gateway whose origin knows Early-Data, or may not, and a client that has been there. */
static struct gate *room_open(bool known)
{
    struct gate *gate = room.gate = gate_open(true);
    gate->route->forward.early_data = known;
    gate_start(gate);
    room.tickets = tls_tickets_new();
    gate->grounds->tls = room_context();
    assert_true(worker_listen_secure(gate->worker, sim_world_listen(gate->world, "tls")));
    struct early_client *first = room_client(NULL);
    early_client_hear(first);
    assert_int_equal(first->result, 0);
    room.session = early_client_session(first);
    early_client_close(first);
    return gate;
}

static void room_close(void)
{
    gate_close(room.gate);
    tls_tickets_unref(room.tickets);
    gnutls_free(room.session.data);
    room.session.data = NULL;
}

static const char *heard(struct early_client *early)
{
    early_client_hear(early);
    early->got[early->got_len] = '\0';
    return early->got;
}

enum { REFUSED, WAITS, ASKED };

static void test_requests(void **state)
{
    static const struct {
        const char *id, *name, *request;
        bool known;
        int then; /* what becomes of it before the handshake is over */
    } rows[] = {
        {"C-8470-5.1-1", "GET, an origin that may not know", GET("/"), false, WAITS},
        {"C-8470-5.1-1", "GET, one that knows", GET("/"), true, ASKED},
        {"C-8470-5.1-1", "HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", true, ASKED},
        {"C-8470-5.1-1", "it says so itself", "GET / HTTP/1.1\r\nHost: a\r\nEarly-Data: 1\r\n\r\n",
         true, ASKED},
        {"C-8470-5.1-1", "it says so itself, as nobody should",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: Early-Data\r\nEarly-Data: 1\r\n\r\n", true,
         ASKED},
        {"C-8470-4-1", "POST", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", true,
         REFUSED},
        {"C-8470-4-1", "POST without content",
         "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", false, REFUSED},
        {"C-8470-4-1", "DELETE that says so",
         "DELETE / HTTP/1.1\r\nHost: a\r\nEarly-Data: 1\r\n\r\n", true, REFUSED},
        {"C-8470-4-1", "GET with content",
         "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", true, REFUSED},
        {"C-8470-4-1", "a method that nobody knows", "PURGE / HTTP/1.1\r\nHost: a\r\n\r\n", true,
         REFUSED},
        {"C-8470-4-1", "another protocol",
         "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", true,
         WAITS},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gate *gate = room_open(rows[i].known);
        struct early_client *early = room_client(rows[i].request);
        const char *asked = gate_origin(gate);
        check_row(&rows[i], (asked != NULL) == (rows[i].then == ASKED));
        const char *said = asked ? strstr(asked, "Early-Data: 1\r\n") : NULL;
        check_row(&rows[i], !asked || (said && !strstr(said + 1, "Early-Data")));
        early_client_hear(early);
        check_row(&rows[i], early_client_accepted(early));
        if (rows[i].then == WAITS)
            assert_lacks(gate_origin(gate), "Early-Data");
        if (rows[i].then != REFUSED) {
            sim_client_say(gate->asked, *rows[i].request == 'H'
                                            ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
                                            : OK("Cache-Control: no-store\r\n"));
            sim_world_run_until_idle(gate->world);
            assert_has(heard(early), "HTTP/1.1 200 OK\r\n");
        } else {
            assert_has(heard(early), "HTTP/1.1 425 Too Early\r\n");
            assert_has(heard(early), "Cache-Control: no-store\r\n");
            assert_null(gate_origin(gate));
        }
        early_client_close(early);
        room_close();
    }
}

/* What is stored needs nobody. */
static void test_stored(void **state)
{
    struct gate *gate = room_open(false);
    (void)state;
    struct early_client *first = room_client(GET("/"));
    early_client_hear(first);
    gate_origin(gate);
    sim_client_say(gate->asked, OK("Cache-Control: max-age=60\r\nETag: \"e\"\r\n"));
    sim_world_run_until_idle(gate->world);
    assert_has(heard(first), "HTTP/1.1 200 OK\r\n");
    early_client_close(first);
    struct early_client *early =
        room_client("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"e\"\r\n\r\n");
    assert_int_equal(early->got_len, 0);
    assert_has(heard(early), "HTTP/1.1 304 Not Modified\r\n");
    assert_null(gate_origin(gate));
    early_client_close(early);
    room_close();
}

/* C-8470-5.2-2: the origin says 425, before the handshake is over or after. */
static void test_too_early(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct gate *gate = room_open(true);
        struct early_client *early = room_client(GET("/"));
        assert_has(gate_origin(gate), "Early-Data: 1\r\n");
        if (late)
            early_client_hear(early);
        sim_client_say(gate->asked, TOO_EARLY);
        sim_world_run_until_idle(gate->world);
        if (!late) {
            assert_null(gate_origin(gate));
            early_client_hear(early);
        }
        assert_lacks(gate_origin(gate), "Early-Data");
        sim_client_say(gate->asked, OK(""));
        sim_world_run_until_idle(gate->world);
        const char *got = heard(early);
        assert_has(got, "HTTP/1.1 200 OK\r\n");
        assert_lacks(got, "425");
        early_client_close(early);
        room_close();
    }
}

/* C-8470-5.1-2, C-8470-5.2-1: a gateway before this one says Early-Data; there is no TLS here. */
static void test_said(void **state)
{
    static const struct {
        const char *id, *name, *method, *field;
        bool known, goes;
    } rows[] = {
        {"C-8470-5.1-2", "POST", "POST", "Early-Data: 1\r\n", false, false},
        {"C-8470-5.1-2", "of another value", "POST", "Early-Data: 0\r\n", false, false},
        {"C-8470-5.1-2", "of no value", "DELETE", "Early-Data:\r\n", false, false},
        {"C-8470-5.1-2", "twice", "PUT", "Early-Data: 1\r\nearly-data: x\r\n", false, false},
        {"C-8470-5.1-2", "not at all", "POST", "", false, true},
        {"C-8470-5.1-2", "GET", "GET", "Early-Data: 1\r\n", false, true},
        {"C-8470-5.1-1", "the origin judges", "POST", "Early-Data: 1\r\n", true, true},
        {"C-8470-5.1-1", "and is told what was said", "GET", "Early-Data: x\r\n", true, true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[200];
        struct gate *gate = room_open(rows[i].known);
        snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: a\r\n%sContent-Length: 0\r\n\r\n",
                 rows[i].method, rows[i].field);
        const char *got = gate_ask(gate, text), *asked = gate_origin(gate);
        check_row(&rows[i], (asked != NULL) == rows[i].goes);
        if (asked) {
            assert_has(asked, rows[i].field);
            got = gate_answer(gate, TOO_EARLY); /* [RFC 8470 §5.2] */
            assert_has(got, "\r\n\r\nlater");
        }
        assert_has(got, "HTTP/1.1 425 Too Early\r\n");
        room_close();
    }
}

/* The client goes while its request waits, is asked for, or is to be asked for again. */
static void test_leaves(void **state)
{
    (void)state;
    for (int when = 0; when < 3; when++) {
        struct gate *gate = room_open(when > 0);
        struct early_client *early = room_client(GET("/"));
        assert_true((gate_origin(gate) != NULL) == (when > 0));
        if (when == 2) {
            sim_client_say(gate->asked, TOO_EARLY);
            sim_world_run_until_idle(gate->world);
        }
        sim_client_close(early->client, true);
        early->client = NULL;
        sim_world_run_until_idle(gate->world);
        assert_int_equal(conn_census_open(gate->census), 0);
        assert_null(gate_origin(gate));
        early_client_close(early);
        room_close();
    }
}

/* Who never ends the handshake waits no longer than that may last. */
static void test_never(void **state)
{
    struct gate *gate = room_open(false);
    struct early_client *early = room_client(GET("/"));
    (void)state;
    sim_world_advance(gate->world, 9 * GATE_SECOND);
    assert_int_equal(conn_census_open(gate->census), 1);
    sim_world_advance(gate->world, 2 * GATE_SECOND);
    assert_int_equal(conn_census_open(gate->census), 0);
    early_client_close(early);
    room_close();
}

/* Each allocation fails once. True: one did. */
static bool story_without(uint64_t nth, bool known)
{
    struct gate *gate = room_open(known);

    memory_fail_nth(nth);
    struct early_client *early = room_client(GET("/"));
    for (int turn = 0; turn < 3; turn++) {
        const char *asked = gate_origin(gate);
        if (asked)
            sim_client_say(gate->asked, strstr(asked, "Early-Data") ? TOO_EARLY : OK(""));
        sim_world_run_until_idle(gate->world);
        if (turn == 0)
            early_client_hear(early);
    }
    early_client_hear(early);
    const bool failed = memory_count() >= nth;
    memory_fail_nth(0);
    if (!failed)
        assert_has(heard(early), "HTTP/1.1 200 OK\r\n");
    early_client_close(early);
    sim_world_run_until_idle(gate->world);
    assert_int_equal(conn_census_open(gate->census), 0);
    room_close();
    return failed;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (int known = 0; known < 2; known++) {
        uint64_t nth = 1;
        while (story_without(nth, known))
            nth++;
        assert_true(nth > 15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),      cmocka_unit_test(test_stored),
        cmocka_unit_test(test_too_early),     cmocka_unit_test(test_said),
        cmocka_unit_test(test_leaves),        cmocka_unit_test(test_never),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
