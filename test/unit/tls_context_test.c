/* What sockets speak TLS with: which certificate is shown to whom, what clients must show, and
 * which sessions are resumed. */
#include "io/tls_certificate.h"
#include "io/tls_parts.h"
#include "tls_world.h"

#include <sys/stat.h>

enum { FIRST, A, WILD, BOTH, DEMANDS, ASKS, SITES };

static struct {
    struct pki_entry first, a, wild, ecdsa, rsa, client, stranger, server_only;
    struct tls_tickets *tickets;
} room;

static struct pki_entry make(const char *names, unsigned rsa, bool client,
                             const struct pki_entry *by)
{
    struct pki_order order = order_for(names);
    order.rsa = rsa;
    order.client = client;
    return pki_make(&stage.pki, &order, by);
}

static int begin(void **state)
{
    stage_begin(state);
    room.first = make("first.test", 0, false, &stage.authority);
    room.a = make("a.test", 0, false, &stage.authority);
    room.wild = make("*.wild.test", 0, false, &stage.authority);
    room.ecdsa = make("both.test", 0, false, &stage.authority);
    room.rsa = make("both.test", 2048, false, &stage.authority);
    room.client = make("someone", 0, true, &stage.authority);
    room.stranger = make("someone", 0, true, &stage.other_authority);
    room.server_only = make("someone", 0, false, &stage.authority);
    room.tickets = tls_tickets_new();
    return 0;
}

static int finish(void **state)
{
    struct pki_entry *all[] = {&room.first, &room.a,      &room.wild,     &room.ecdsa,
                               &room.rsa,   &room.client, &room.stranger, &room.server_only};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        pki_free(all[i]);
    tls_tickets_unref(room.tickets);
    return stage_finish(state);
}

/* Several sites; RSA before ECDSA, as nobody should write it. */
static struct tls_context *server_new(enum tls_version minimum, struct tls_tickets *tickets)
{
    static const char *const a[] = {"a.test"}, *const wild[] = {"*.wild.test", "wild.test"},
                             *const both[] = {"both.test"}, *const demands[] = {"demands.test"},
                             *const asks[] = {"asks.test"};
    const struct tls_pair pairs[] = {pki_pair(&room.first), pki_pair(&room.a), pki_pair(&room.wild),
                                     pki_pair(&room.rsa), pki_pair(&room.ecdsa)};
    const char *authority = stage.authority.certificate_path;
    const struct tls_site sites[SITES] = {
        [FIRST] = {.pairs = pairs, .pair_count = 1},
        [A] = {a, 1, pairs + 1, 1, TLS_DEMAND_NOTHING, NULL},
        [WILD] = {wild, 2, pairs + 2, 1, TLS_DEMAND_NOTHING, NULL},
        [BOTH] = {both, 1, pairs + 3, 2, TLS_DEMAND_NOTHING, NULL},
        [DEMANDS] = {demands, 1, pairs, 1, TLS_DEMAND_REQUIRED, authority},
        [ASKS] = {asks, 1, pairs, 1, TLS_DEMAND_OPTIONAL, authority},
    };
    const struct tls_server server = {.sites = sites,
                                      .site_count = SITES,
                                      .protocols = TLS_HTTP1 | TLS_HTTP2,
                                      .minimum = minimum,
                                      .tickets = tickets};
    char complaint[TLS_WORDS] = "";
    struct tls_context *context = tls_context_server(&server, complaint);

    assert_string_equal(complaint, "");
    assert_non_null(context);
    return context;
}

/* One who takes any name, with a certificate or without. */
static struct tls_context *client_new(const struct pki_entry *own, const char *rules)
{
    const struct tls_client client = {.unverified = true,
                                      .protocols = TLS_HTTP1 | TLS_HTTP2,
                                      .certificate = own ? own->certificate_path : NULL,
                                      .key = own ? own->key_path : NULL};
    char complaint[TLS_WORDS] = "";
    struct tls_context *context = tls_context_client(&client, complaint);

    assert_string_equal(complaint, "");
    if (rules) {
        gnutls_priority_deinit(context->priority);
        assert_int_equal(gnutls_priority_init(&context->priority, rules, NULL), 0);
    }
    return context;
}

/* Runs a handshake and an exchange of a few octets. */
static void meet(struct tls_context *server, struct tls_context *client, const char *name,
                 int64_t later)
{
    stage_open(1, server, client, name, NULL);
    sim_world_step_wall(stage.world, later);
    stage.server->tx = stage.client->tx = "hello";
    stage.server->tx_len = stage.client->tx_len = 5;
    stage_connect();
}

#define ONLY_RSA "NORMAL:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-SHA256:-KX-ALL:+ECDHE-RSA"
#define ONLY_12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define ONLY_11 "NORMAL:-VERS-ALL:+VERS-TLS1.1"

static void test_sites(void **state)
{
    static const struct {
        const char *name, *asked, *rules;
        size_t site;
        int algorithm;
    } rows[] = {
        {"the first", "first.test", NULL, FIRST, GNUTLS_PK_ECDSA},
        {"unknown", "nobody.test", NULL, FIRST, GNUTLS_PK_ECDSA},
        {"an address", "192.0.2.9", NULL, FIRST, GNUTLS_PK_ECDSA},
        {"exact", "a.test", NULL, A, GNUTLS_PK_ECDSA},
        {"in another case", "A.Test", NULL, A, GNUTLS_PK_ECDSA},
        {"below", "b.a.test", NULL, FIRST, GNUTLS_PK_ECDSA},
        {"a wildcard", "x.wild.test", NULL, WILD, GNUTLS_PK_ECDSA},
        {"a wildcard, deeper", "x.y.wild.test", NULL, WILD, GNUTLS_PK_ECDSA},
        {"the name of the wildcard", "wild.test", NULL, WILD, GNUTLS_PK_ECDSA},
        {"ECDSA before RSA", "both.test", NULL, BOTH, GNUTLS_PK_ECDSA},
        {"RSA where need be", "both.test", ONLY_RSA, BOTH, GNUTLS_PK_RSA},
        {"RSA in 1.2", "both.test", ONLY_RSA ":-VERS-TLS1.3", BOTH, GNUTLS_PK_RSA},
        {"ECDSA in 1.2", "both.test", ONLY_12, BOTH, GNUTLS_PK_ECDSA},
    };
    struct tls_context *server = server_new(TLS_1_2, room.tickets);
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_context *client = client_new(NULL, rows[i].rules);
        meet(server, client, rows[i].asked, 0);
        if (stage.client->rx_len != 5 || stage.server->report.site != rows[i].site)
            fail_msg("%s: site %zu, %s", rows[i].name, stage.server->report.site,
                     stage.client->words);
        gnutls_x509_crt_t shown;
        unsigned count;
        const gnutls_datum_t *chain =
            gnutls_certificate_get_peers(stage.client->sock.tls->session, &count);
        gnutls_x509_crt_init(&shown);
        assert_int_equal(gnutls_x509_crt_import(shown, chain, GNUTLS_X509_FMT_DER), 0);
        if (gnutls_x509_crt_get_pk_algorithm(shown, NULL) != rows[i].algorithm)
            fail_msg("%s: another kind of key", rows[i].name);
        gnutls_x509_crt_deinit(shown);
        stage_close();
        tls_context_unref(client);
    }
    tls_context_unref(server);
}

/* C-9325-3.1.1-1, C-9325-4.1-1 */
static void test_versions(void **state)
{
    static const struct {
        const char *name, *rules;
        enum tls_version minimum;
        const char *version; /* NULL: refused */
    } rows[] = {
        {"both", NULL, TLS_1_2, "TLS1.3"},
        {"1.2", ONLY_12, TLS_1_2, "TLS1.2"},
        {"1.2 is too old here", ONLY_12, TLS_1_3, NULL},
        {"1.1", ONLY_11, TLS_1_2, NULL},
        {"CBC", "NORMAL:-VERS-TLS1.3:-CIPHER-ALL:+AES-128-CBC", TLS_1_2, NULL},
        {"the server's key alone", "NORMAL:-VERS-TLS1.3:-KX-ALL:+RSA", TLS_1_2, NULL},
        {"ChaCha20", "NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305", TLS_1_2, "TLS1.3"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_context *server = server_new(rows[i].minimum, NULL);
        struct tls_context *client = client_new(NULL, rows[i].rules);
        meet(server, client, "both.test", 0);
        if ((stage.client->rx_len == 5) != (rows[i].version != NULL))
            fail_msg("%s: %s", rows[i].name, stage.client->words);
        if (rows[i].version)
            assert_string_equal(stage.client->report.version, rows[i].version);
        else
            assert_int_equal(stage.client->fault, TLS_FAULT_ALERT);
        stage_close();
        tls_context_unref(client);
        tls_context_unref(server);
    }
}

/* C-7301-3.2-1 */
static void test_protocols(void **state)
{
    static const struct {
        const char *name;
        unsigned server, client;
        const char *chosen;
        bool refused;
    } rows[] = {
        {"the better one", TLS_HTTP1 | TLS_HTTP2, TLS_HTTP1 | TLS_HTTP2, "h2", false},
        {"what the client has", TLS_HTTP1 | TLS_HTTP2, TLS_HTTP1, "http/1.1", false},
        {"what the server has", TLS_HTTP1, TLS_HTTP1 | TLS_HTTP2, "http/1.1", false},
        {"no extension", TLS_HTTP1, 0, NULL, false},
        {"none in common", TLS_HTTP1, TLS_HTTP2, NULL, true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct tls_pair pair = pki_pair(&room.first);
        const struct tls_site site = {.pairs = &pair, .pair_count = 1};
        const struct tls_server server = {
            .sites = &site, .site_count = 1, .protocols = rows[i].server, .minimum = TLS_1_2};
        const struct tls_client client = {.unverified = true, .protocols = rows[i].client};
        char complaint[TLS_WORDS];
        struct tls_context *one = tls_context_server(&server, complaint);
        struct tls_context *other = tls_context_client(&client, complaint);
        meet(one, other, "first.test", 0);
        if ((stage.client->fault == TLS_FAULT_ALERT) != rows[i].refused)
            fail_msg("%s: %s", rows[i].name, stage.client->words);
        if (rows[i].refused)
            assert_int_equal(stage.client->alert, GNUTLS_A_NO_APPLICATION_PROTOCOL);
        else if (rows[i].chosen)
            assert_string_equal(stage.server->protocol, rows[i].chosen);
        else
            assert_null(stage.server->protocol);
        stage_close();
        tls_context_unref(one);
        tls_context_unref(other);
    }
}

static void test_demands(void **state)
{
    static const struct {
        const char *name, *asked;
        const struct pki_entry *own;
        bool well, certified;
    } rows[] = {
        {"nothing asked", "a.test", &room.client, true, false},
        {"optional, none", "asks.test", NULL, true, false},
        {"optional, good", "asks.test", &room.client, true, true},
        {"optional, of a stranger", "asks.test", &room.stranger, false, false},
        {"required, of a stranger", "demands.test", &room.stranger, false, false},
        {"required, none", "demands.test", NULL, false, false},
        {"required, good", "demands.test", &room.client, true, true},
        {"required, for servers", "demands.test", &room.server_only, false, false},
    };
    static const char *const versions[] = {NULL, ONLY_12};
    struct tls_context *server = server_new(TLS_1_2, room.tickets);
    (void)state;

    for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
        const size_t row = i / 2;
        struct tls_context *client = client_new(rows[row].own, versions[i % 2]);
        meet(server, client, rows[row].asked, 0);
        if ((stage.server->rx_len == 5) != rows[row].well)
            fail_msg("%s: %s", rows[row].name, stage.server->words);
        if (rows[row].well && stage.server->report.certified != rows[row].certified)
            fail_msg("%s: certified %d", rows[row].name, stage.server->report.certified);
        if (!rows[row].well)
            assert_int_equal(stage.server->fault, TLS_FAULT_CERTIFICATE);
        stage_close();
        tls_context_unref(client);
    }
    tls_context_unref(server);
}

/* A second connection of the same client. C-6066-3-1 */
static void test_resumption(void **state)
{
    static const int64_t hour = INT64_C(3600) * 1000000000;
    const struct {
        const char *name, *first, *second, *rules;
        int64_t later;
        bool reloaded, other_tickets, resumed;
    } rows[] = {
        {"1.3", "a.test", "a.test", NULL, 0, false, false, true},
        {"1.2", "a.test", "a.test", ONLY_12, 0, false, false, true},
        {"an hour later", "a.test", "a.test", NULL, hour, false, false, true},
        {"days later", "a.test", "a.test", NULL, 50 * hour, false, false, false},
        {"after a reload", "a.test", "a.test", NULL, 0, true, false, true},
        {"after a reload in 1.2", "a.test", "a.test", ONLY_12, 0, true, false, true},
        {"after a restart", "a.test", "a.test", NULL, 0, true, true, false},
        {"another name", "a.test", "both.test", NULL, 0, false, false, false},
        {"with a certificate", "demands.test", "demands.test", NULL, 0, false, false, true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_context *server = server_new(TLS_1_2, room.tickets);
        struct tls_context *client = client_new(&room.client, rows[i].rules);
        meet(server, client, rows[i].first, 0);
        if (stage.client->rx_len != 5 || stage.client->report.resumed)
            fail_msg("%s: %s, %s", rows[i].name, stage.client->words, stage.server->words);
        stage_close();
        if (rows[i].reloaded) {
            struct tls_tickets *others = rows[i].other_tickets ? tls_tickets_new() : NULL;
            tls_context_unref(server);
            server = server_new(TLS_1_2, others ? others : room.tickets);
            tls_tickets_unref(others);
        }
        meet(server, client, rows[i].second, rows[i].later);
        if (stage.client->rx_len != 5 || stage.client->report.resumed != rows[i].resumed ||
            stage.server->report.resumed != rows[i].resumed)
            fail_msg("%s: %s", rows[i].name, stage.client->words);
        stage_close();
        tls_context_unref(client);
        tls_context_unref(server);
    }
}

/* A ticket of one site is none for another: who was not asked for a certificate there must not get
 * in here by it. */
static void test_foreign_ticket(void **state)
{
    static const char *const versions[] = {NULL, ONLY_12};
    struct tls_context *server = server_new(TLS_1_2, room.tickets);
    (void)state;

    for (int i = 0; i < 2; i++) {
        struct tls_context *client = client_new(NULL, versions[i]);
        meet(server, client, "a.test", 0);
        assert_int_equal(stage.server->rx_len, 5);
        stage_close();
        assert_non_null(client->memories);
        struct tls_memory *memory = malloc(sizeof *memory + 32);
        memcpy(memory, client->memories, sizeof *memory);
        strcpy(memory->name, "demands.test"); /* as a client would that wants in */
        struct tls_memory *own = client->memories;
        client->memories = memory;
        memory->next = NULL;
        meet(server, client, "demands.test", 0);
        assert_false(stage.server->report.resumed);
        assert_int_equal(stage.server->rx_len, 0);
        stage_close();
        client->memories = own;
        free(memory);
        tls_context_unref(client);
    }
    tls_context_unref(server);
}

/* A connection that was opened for another site does not meet what this one demands. */
static void test_meets(void **state)
{
    struct tls_context *server = server_new(TLS_1_2, room.tickets);
    struct tls_context *again = server_new(TLS_1_2, room.tickets);
    struct tls_context *client = client_new(&room.client, NULL);
    (void)state;

    meet(server, client, "demands.test", 0);
    assert_true(tls_meets(&stage.server->sock, server, DEMANDS));
    assert_true(tls_meets(&stage.server->sock, again, DEMANDS));
    assert_false(tls_meets(&stage.server->sock, again, ASKS));
    assert_false(tls_meets(&stage.server->sock, server, A));
    stage_close();
    tls_context_unref(client);
    tls_context_unref(again);
    tls_context_unref(server);
}

static void complains(const struct tls_pair *pair, const char *words)
{
    char complaint[TLS_WORDS] = "";
    const struct tls_site site = {.pairs = pair, .pair_count = 1};
    const struct tls_server server = {.sites = &site, .site_count = 1};

    assert_null(tls_context_server(&server, complaint));
    if (!strstr(complaint, words))
        fail_msg("\"%s\" is not in \"%s\"", words, complaint);
}

static void test_complaints(void **state)
{
    const char *garbage = pki_path(&stage.pki, "garbage");
    const char *good = room.a.certificate_path, *key = room.a.key_path;
    (void)state;

    pki_write(garbage, "nothing\n", 8);
    complains(&(struct tls_pair){good, room.first.key_path, NULL},
              "the key does not belong to the certificate ");
    complains(&(struct tls_pair){"/nowhere/a.pem", key, NULL}, "/nowhere/a.pem: No such file");
    complains(&(struct tls_pair){good, "/nowhere/a.key", NULL}, "/nowhere/a.key: No such file");
    complains(&(struct tls_pair){garbage, key, NULL}, "holds no certificate in PEM");
    complains(&(struct tls_pair){good, garbage, NULL}, "holds no key in PEM");
    complains(&(struct tls_pair){good, good, NULL}, "holds no key in PEM");
    complains(&(struct tls_pair){good, key, garbage}, "is no OCSP response in DER");
    complains(&(struct tls_pair){good, key, "/nowhere/a.ocsp"}, "cannot be read");
    char complaint[TLS_WORDS];
    const struct tls_client client = {.ca_file = garbage};
    assert_null(tls_context_client(&client, complaint));
    assert_non_null(strstr(complaint, "holds no certificate in PEM"));
}

/* ---- doubts ---- */

static char doubts[2048];

static void doubt(void *owner, const char *words)
{
    (void)owner;
    strcat(doubts, words);
    strcat(doubts, "|");
}

static void test_doubts(void **state)
{
    const struct tls_critic critic = {doubt, NULL};
    struct pki_order order = order_for("weak.test");
    const int64_t now = TLS_WORLD_NOW * 1000000000, day = TLS_WORLD_DAY * 1000000000;
    (void)state;

    order.rsa = 1024;
    struct pki_entry weak = pki_make(&stage.pki, &order, NULL);
    tls_certificate_check(room.a.certificate_path, now, &critic);
    assert_string_equal(doubts, "");
    tls_certificate_check(room.a.certificate_path, now + 340 * day, &critic);
    assert_string_equal(doubts, "expires on 2024-12-31, in less than 30 days|");
    doubts[0] = '\0';
    tls_certificate_check(room.a.certificate_path, now + 366 * day, &critic);
    assert_string_equal(doubts, "has expired on 2024-12-31|");
    doubts[0] = '\0';
    tls_certificate_check(room.a.certificate_path, now - 2 * day, &critic);
    assert_string_equal(doubts, "is not valid before 2023-12-31|");
    doubts[0] = '\0';
    tls_certificate_check(weak.certificate_path, now, &critic);
    assert_string_equal(doubts, "has an RSA key of 1024 bits: 2048 are the least|");
    doubts[0] = '\0';
    assert_true(tls_certificate_covers(room.a.certificate_path, "a.test"));
    assert_false(tls_certificate_covers(room.a.certificate_path, "b.test"));
    assert_true(tls_certificate_covers(room.wild.certificate_path, "x.wild.test"));
    assert_true(tls_certificate_covers(room.wild.certificate_path, "*.wild.test"));
    assert_false(tls_certificate_covers(room.a.certificate_path, "*.a.test"));
    pki_free(&weak);
}

static void test_development(void **state)
{
    const int64_t now = TLS_WORLD_NOW * 1000000000, day = TLS_WORLD_DAY * 1000000000;
    const struct tls_pair pair = {pki_path(&stage.pki, "dev.pem"), pki_path(&stage.pki, "dev.key"),
                                  NULL};
    char complaint[TLS_WORDS] = "";
    struct stat one, same, other;
    (void)state;

    assert_true(tls_development(&pair, now, complaint));
    assert_int_equal(stat(pair.key, &one), 0);
    assert_int_equal(one.st_mode & 0777, 0600);
    assert_true(tls_development(&pair, now + 300 * day, complaint));
    assert_int_equal(stat(pair.key, &same), 0);
    assert_int_equal(one.st_ino, same.st_ino);
    assert_true(tls_certificate_covers(pair.certificate, "localhost"));

    struct tls_context *client = context_trusting(pair.certificate, TLS_HTTP1);
    const struct pki_entry none = {0};
    struct pki_entry entry = none;
    snprintf(entry.certificate_path, PKI_PATH, "%s", pair.certificate);
    snprintf(entry.key_path, PKI_PATH, "%s", pair.key);
    struct tls_context *server = context_one(&entry, NULL, TLS_1_2);
    static const char *const names[] = {"localhost", "127.0.0.1", "::1"};
    for (int i = 0; i < 3; i++) {
        meet(server, client, names[i], 0);
        if (stage.client->rx_len != 5)
            fail_msg("%s: %s", names[i], stage.client->words);
        stage_close();
    }
    tls_context_unref(server);
    tls_context_unref(client);

    assert_true(tls_development(&pair, now + 391 * day, complaint)); /* its last week */
    assert_int_equal(stat(pair.key, &other), 0);
    assert_int_not_equal(one.st_ino, other.st_ino);
    const struct tls_pair nowhere = {"/nowhere/a.pem", "/nowhere/a.key", NULL};
    assert_false(tls_development(&nowhere, now, complaint));
    assert_non_null(strstr(complaint, "/nowhere/a.key: No such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sites),      cmocka_unit_test(test_versions),
        cmocka_unit_test(test_protocols),  cmocka_unit_test(test_demands),
        cmocka_unit_test(test_resumption), cmocka_unit_test(test_foreign_ticket),
        cmocka_unit_test(test_meets),      cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_doubts),     cmocka_unit_test(test_development),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
