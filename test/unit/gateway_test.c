/* A gateway, in virtual time: what of a request goes on, what of the response comes back and when,
 * what is said besides, and that nothing is left of any of it. */
#include "gateway_world.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define GET_WITH(path, fields) "GET " path " HTTP/1.1\r\nHost: a.example\r\n" fields "\r\n"
#define OK(fields) "HTTP/1.1 200 OK\r\n" fields "Content-Length: 5\r\n\r\nhello"

static struct gate *gateway(void)
{
    struct gate *gate = gate_open(true);
    gate_start(gate);
    return gate;
}

/* ---- responses ---- */

static void test_miss_and_hit(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    assert_string_equal(gate_ask(gate, GET("/a?b")), "");
    const char *asked = gate_origin(gate);
    assert_has(asked, "GET /a?b HTTP/1.1\r\nHost: a.example\r\n");
    assert_has(asked, "X-Forwarded-For: 192.0.2.1\r\n");
    assert_has(asked, "Via: 1.1 stet\r\n");
    const char *got = gate_answer(gate, OK("Cache-Control: max-age=60\r\nX-Foo: bar\r\n"));
    assert_has(got, "HTTP/1.1 200 OK\r\n");
    assert_has(got, "X-Foo: bar\r\n");
    assert_has(got, "Cache-Status: stet;fwd=uri-miss;stored;ttl=60;detail=not-stored\r\n");
    assert_has(got, "\r\n\r\nhello");
    assert_lacks(got, "Age:");
    assert_lacks(got, "Via:");
    assert_lacks(got, "Proxy-Status");
    sim_world_advance(gate->world, 7 * GATE_SECOND);
    got = gate_ask(gate, GET("/a?b"));
    assert_has(got, "Age: 7\r\n");
    assert_has(got, "Cache-Status: stet;hit;ttl=53;detail=fresh\r\n");
    assert_has(got, "\r\n\r\nhello");
    assert_null(gate_origin(gate));
    gate_close(gate);
}

/* C-9211-2-2: 304 and 206 from what is stored are hits; a 416 rests on it, too. */
static void test_answers_from_the_store(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, GET("/"));
    gate_origin(gate);
    gate_answer(gate, OK("Cache-Control: max-age=60\r\nETag: \"e\"\r\n"));
    const char *got = gate_ask(gate, GET_WITH("/", "If-None-Match: \"e\"\r\n"));
    assert_has(got, "HTTP/1.1 304 Not Modified\r\n");
    assert_has(got, "Age: 0\r\n");
    assert_has(got, "Cache-Status: stet;hit;");
    got = gate_ask(gate, GET_WITH("/", "Range: bytes=1-2\r\n"));
    assert_has(got, "HTTP/1.1 206 Partial Content\r\n");
    assert_has(got, "Content-Range: bytes 1-2/5\r\n");
    assert_has(got, "Cache-Status: stet;hit;");
    assert_has(got, "\r\n\r\nel");
    got = gate_ask(gate, GET_WITH("/", "Range: bytes=9-\r\n"));
    assert_has(got, "HTTP/1.1 416 Range Not Satisfiable\r\n");
    assert_has(got, "Content-Range: bytes */5\r\n");
    assert_lacks(got, "Age:");
    assert_null(gate_origin(gate));
    gate_close(gate);
}

static void test_shown_key_and_via(void **state)
{
    struct gate *gate = gate_open(true);
    (void)state;
    gate->route->cache.show_key = gate->route->via = true;
    gate->route->forward.name = STET_SPAN("edge");
    gate_start(gate);
    gate_ask(gate, "GET /%7Ea?b=%2f HTTP/1.1\r\nHost: A.example:80\r\n\r\n");
    gate_origin(gate);
    const char *got = gate_answer(gate, OK("Via: 1.1 inner\r\n"));
    assert_has(got, ";key=\"http://a.example/~a?b=%2F\"");
    assert_has(got, "Via: 1.1 inner\r\n");
    assert_has(got, "Via: 1.1 edge\r\n");
    assert_true(strstr(got, "inner") < strstr(got, "edge"));
    char large[3000] = "GET /";
    memset(large + strlen(large), 'x', 2500);
    strcat(large, " HTTP/1.1\r\nHost: a\r\n\r\n");
    gate_ask(gate, large);
    gate_origin(gate);
    got = gate_answer(gate, OK("")); /* all but the key */
    assert_has(got, "Cache-Status: stet;fwd=uri-miss");
    assert_lacks(got, "key=");
    gate_close(gate);
}

/* What is stored says for ever by what it came, not by what the next one did. */
static void test_via_of_stored(void **state)
{
    struct gate *gate = gate_open(true);
    (void)state;
    gate->route->via = true;
    gate->route->forward.name = STET_SPAN("edge");
    gate_start(gate);
    gate_ask(gate, GET("/old"));
    gate_origin(gate);
    const char *got = gate_answer(gate, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n"
                                        "Cache-Control: max-age=60\r\n\r\nhello");
    assert_has(got, "Via: 1.0 edge\r\n");
    gate_ask(gate, GET("/new"));
    gate_origin(gate);
    assert_has(gate_answer(gate, OK("Cache-Control: max-age=60\r\n")), "Via: 1.1 edge\r\n");
    assert_has(gate_ask(gate, GET("/old")), "Via: 1.0 edge\r\n");
    assert_has(gate_ask(gate, GET("/new")), "Via: 1.1 edge\r\n");
    assert_null(gate_origin(gate));
    gate_close(gate);
}

/* ---- failures ---- */

struct failure {
    const char *id;
    const char *name;
    const char *answer; /* of the origin, which then closes */
    const char *want[2];
};

static const struct failure failures[] = {
    {"C-9110-15.6-1",
     "garbage",
     "garbage\r\n\r\n",
     {"HTTP/1.1 502 ", "Proxy-Status: stet;error=http_protocol_error"}},
    {"C-9110-15.6-1", "nothing", "", {"HTTP/1.1 502 ", "Proxy-Status: stet;error="}},
    {"C-9112-6.3-5",
     "two lengths",
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
     {"HTTP/1.1 502 ", "error=http_protocol_error"}},
};

static void test_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(failures); i++) {
        struct gate *gate = gateway();
        gate_ask(gate, GET("/"));
        gate_origin(gate);
        sim_client_say(gate->asked, failures[i].answer);
        sim_client_close(gate->asked, false);
        for (int j = 0; j < 3 && !gate_hear(gate)[0]; j++) { /* it is asked once more */
            gate_origin(gate);
            sim_client_close(gate->asked, false);
        }
        check_row(&failures[i], strstr(gate->got, failures[i].want[0]));
        check_row(&failures[i], strstr(gate->got, failures[i].want[1]));
        check_row(&failures[i], !strstr(gate->got, "Cache-Status"));
        gate_close(gate);
    }
}

/* C-9112-8-1: what breaks off does not look whole. */
static void test_truncated(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, GET("/"));
    gate_origin(gate);
    gate_answer(gate, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\nETag: \"a\"\r\n\r\nhel");
    sim_client_close(gate->asked, false);
    gate_hear(gate);
    assert_int_equal(sim_client_state(gate->client), SIM_CLIENT_RESET);
    gate_close(gate);
}

static void test_only_if_cached(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    const char *got = gate_ask(gate, GET_WITH("/", "Cache-Control: only-if-cached\r\n"));
    assert_has(got, "HTTP/1.1 504 Gateway Timeout\r\n");
    assert_lacks(got, "Proxy-Status");
    assert_lacks(got, "Cache-Status");
    assert_null(gate_origin(gate));
    gate_close(gate);
}

/* D-47 */
static void test_loop(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    assert_has(gate_ask(gate, GET_WITH("/", "Via: 1.1 other, 1.1 stet\r\n")),
               "Proxy-Status: stet;error=proxy_loop_detected\r\n");
    assert_has(gate_ask(gate, GET_WITH("/", "CDN-Loop: stet; x=y\r\n")), "HTTP/1.1 502 ");
    assert_null(gate_origin(gate));
    gate_close(gate);
}

/* C-9110-7.6.2-1 */
static void test_final_recipient(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    const char *got = gate_ask(gate, "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");
    assert_has(got, "HTTP/1.1 204 No Content\r\n");
    assert_has(got, "Allow: GET, ");
    got = gate_ask(gate, "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\nCookie: c=d\r\n\r\n");
    assert_has(got, "HTTP/1.1 405 Method Not Allowed\r\n");
    assert_lacks(got, "c=d");
    assert_null(gate_origin(gate));
    gate_ask(gate, "OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n\r\n");
    assert_has(gate_origin(gate), "Max-Forwards: 2\r\n");
    gate_close(gate);
}

/* ---- request content ---- */

static void test_upload(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    assert_has(gate_origin(gate), "Content-Length: 6\r\n\r\nabc");
    gate_say(gate, "def");
    assert_string_equal(gate_origin(gate), "def");
    assert_has(gate_answer(gate, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"),
               "HTTP/1.1 201 Created\r\n");
    gate_close(gate);
}

/* The answer begins, and goes on, while the request does. */
static void test_duplex(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    assert_has(gate_origin(gate), "3\r\nabc\r\n");
    assert_has(gate_answer(gate, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "3\r\nABC\r\n"),
               "\r\n\r\n3\r\nABC\r\n");
    gate_say(gate, "3\r\ndef\r\n");
    assert_string_equal(gate_origin(gate), "3\r\ndef\r\n");
    assert_string_equal(gate_answer(gate, "3\r\nDEF\r\n"), "3\r\nDEF\r\n");
    gate_say(gate, "0\r\n\r\n");
    assert_string_equal(gate_origin(gate), "0\r\n\r\n");
    assert_string_equal(gate_answer(gate, "0\r\n\r\n"), "0\r\n\r\n");
    gate_say(gate, GET("/next"));
    assert_has(gate_origin(gate), "GET /next ");
    gate_close(gate);
}

#define EXPECTS "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"

/* C-9110-10.1.1-2 */
static void test_expect_relayed(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    assert_string_equal(gate_ask(gate, EXPECTS), "");
    assert_has(gate_origin(gate), "Expect: 100-continue\r\n");
    assert_string_equal(gate_answer(gate, "HTTP/1.1 100 Continue\r\n\r\n"),
                        "HTTP/1.1 100 Continue\r\n\r\n");
    gate_say(gate, "abc");
    assert_string_equal(gate_origin(gate), "abc");
    assert_has(gate_answer(gate, OK("")), "HTTP/1.1 200 OK\r\n");
    sim_world_advance(gate->world, 2 * GATE_SECOND);
    assert_string_equal(gate_hear(gate), "");
    gate_close(gate);
}

static void test_expect_refused(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, EXPECTS);
    gate_origin(gate);
    const char *got = gate_answer(gate, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
    assert_has(got, "HTTP/1.1 417 ");
    assert_has(got, "Connection: close\r\n"); /* the content may come or not */
    assert_lacks(got, "100 Continue");
    sim_world_advance(gate->world, 2 * GATE_SECOND);
    assert_string_equal(gate_hear(gate), "");
    gate_close(gate);
}

/* An origin that never says it does not make the client wait for ever. */
static void test_expect_unanswered(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, EXPECTS);
    gate_origin(gate);
    sim_world_advance(gate->world, GATE_SECOND - 1000000);
    assert_string_equal(gate_hear(gate), "");
    sim_world_advance(gate->world, 2000000);
    assert_string_equal(gate_hear(gate), "HTTP/1.1 100 Continue\r\n\r\n");
    gate_say(gate, "abc");
    assert_string_equal(gate_origin(gate), "abc");
    assert_string_equal(gate_answer(gate, "HTTP/1.1 100 Continue\r\n\r\n"), ""); /* late */
    assert_has(gate_answer(gate, OK("")), "HTTP/1.1 200 OK\r\n");
    gate_close(gate);
}

/* C-9110-15.2-2, C-9110-15.2-1 */
static void test_interim(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, GET("/"));
    gate_origin(gate);
    assert_string_equal(gate_answer(gate, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n"
                                          "Connection: x\r\nX: y\r\n\r\n"),
                        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    char large[4000] = "HTTP/1.1 103 Early Hints\r\nLink: ";
    memset(large + strlen(large), 'x', 3500);
    strcat(large, "\r\n\r\n");
    assert_string_equal(gate_answer(gate, large), large);
    assert_has(gate_answer(gate, OK("")), "HTTP/1.1 200 OK\r\n");
    gate_ask(gate, "GET /old HTTP/1.0\r\nHost: a\r\n\r\n");
    gate_origin(gate);
    assert_string_equal(gate_answer(gate, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), "");
    assert_has(gate_answer(gate, OK("")), "HTTP/1.1 200 OK\r\n");
    gate_close(gate);
}

/* ---- targets ---- */

static void test_no_host(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, "GET /x HTTP/1.0\r\n\r\n");
    assert_has(gate_origin(gate), "GET /x HTTP/1.1\r\nHost: 192.0.2.9\r\n");
    gate_close(gate);
}

/* C-9110-7.7-1, C-9112-3.2.2-1 */
static void test_target_as_it_came(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, GET("/a%2Fb/../%7e//c?d=%20&&"));
    assert_has(gate_origin(gate), "GET /a%2Fb/../%7e//c?d=%20&& HTTP/1.1\r\n");
    gate_ask(gate, "GET http://b.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n");
    assert_has(gate_origin(gate), "GET /x HTTP/1.1\r\nHost: b.example\r\n");
    gate_close(gate);
}

/* ---- upgrades ---- */

#define UPGRADE                                                                      \
    "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n" \
    "Sec-WebSocket-Key: k\r\n\r\n"

static void test_upgrade(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, UPGRADE);
    const char *asked = gate_origin(gate);
    assert_has(asked, "Upgrade: websocket\r\n");
    assert_has(asked, "Connection: upgrade\r\n");
    const char *got = gate_answer(gate, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                        "Connection: upgrade\r\nSec-WebSocket-Accept: a\r\n\r\nhi");
    assert_has(got, "HTTP/1.1 101 Switching Protocols\r\n");
    assert_has(got, "Upgrade: websocket\r\n");
    assert_has(got, "Connection: upgrade\r\n");
    assert_has(got, "\r\n\r\nhi");
    gate_say(gate, "ping");
    assert_string_equal(gate_origin(gate), "ping");
    assert_string_equal(gate_answer(gate, "pong"), "pong");
    sim_client_close(gate->client, false);
    sim_world_run_until_idle(gate->world);
    sim_client_close(gate->asked, false);
    sim_world_run_until_idle(gate->world);
    assert_true(sim_client_released(gate->asked));
    gate_close(gate);
}

static void test_upgrade_not_allowed(void **state)
{
    struct gate *gate = gate_open(true);
    (void)state;
    gate->route->upgrade = false;
    gate_start(gate);
    gate_ask(gate, UPGRADE);
    assert_lacks(gate_origin(gate), "Upgrade");
    gate_close(gate);
}

/* ---- forward proxy ---- */

static void test_forward(void **state)
{
    struct gate *gate = gate_open(false);
    struct network clients;
    (void)state;
    gate->config->site_count = 0;
    assert_true(config_enable_forward(gate->config));
    assert_null(network_read("192.0.2.0/24", &clients));
    assert_true(config_add_network(gate->config, &gate->config->forward.clients, &clients));
    gate_start(gate);
    gate_ask(gate, "GET http://192.0.2.9/a HTTP/1.1\r\nHost: b\r\nProxy-Connection: x\r\n\r\n");
    const char *asked = gate_origin(gate);
    assert_has(asked, "GET /a HTTP/1.1\r\nHost: 192.0.2.9\r\n");
    assert_lacks(asked, "Proxy-Connection");
    const char *got = gate_answer(gate, OK("Cache-Control: max-age=60\r\n"));
    assert_has(got, "Via: 1.1 stet\r\n");
    assert_has(got, "stet;fwd=uri-miss;stored");
    got = gate_ask(gate, "GET http://192.0.2.9:80/a HTTP/1.1\r\nHost: b\r\n\r\n");
    assert_has(got, "stet;hit;");
    for (int i = 0; i < 2 * OUTBOUND_IDLE_MAX; i++) { /* more than are remembered */
        char ask[100];
        snprintf(ask, sizeof ask, "GET http://192.0.2.10:%d/ HTTP/1.1\r\nHost: b\r\n\r\n",
                 1000 + i);
        assert_has(gate_ask(gate, ask), "502 Bad Gateway"); /* never 421: C-9110-15.5.20-1 */
    }
    assert_has(gate_ask(gate, "GET http://192.0.2.9/a HTTP/1.1\r\nHost: b\r\n\r\n"), "stet;hit;");
    /* C-9112-9.3-3: nothing persists for an HTTP/1.0 client of a proxy */
    got = gate_ask(gate, "GET http://192.0.2.9/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_has(got, "Connection: close\r\n");
    assert_lacks(got, "keep-alive");
    gate_close(gate);
}

/* ---- lives ---- */

/* Nobody waits for it any more: nothing is fetched for nobody. */
static void test_client_leaves(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    gate_origin(gate);
    sim_client_close(gate->client, true);
    sim_world_run_until_idle(gate->world);
    assert_true(sim_client_released(gate->asked));
    gate_close(gate);
}

/* A configuration goes while a fetch of it is under way: for someone, and for nobody. */
static void test_reload_under_way(void **state)
{
    struct gate *gate = gateway();
    (void)state;
    gate_ask(gate, GET("/a"));
    gate_origin(gate);
    struct config *config = config_new();
    struct config_site *site = config_add_site(config);
    assert_true(config_add_host(config, site, "*"));
    assert_non_null(config_add_route(config, site, "/", CONFIG_RESPOND));
    assert_true(config_seal(config));
    struct grounds *other = grounds_new(config);
    other->cache = gate->cache;
    config_unref(config);
    worker_configure(gate->worker, other);
    grounds_unref(other);
    struct sim_client *first = gate->client;
    assert_has(gate_ask(gate, GET("/a")), "HTTP/1.1 200 OK\r\n");
    gate->client = first;
    assert_has(gate_answer(gate, OK("Cache-Control: max-age=60\r\n")), "stored");
    sim_world_advance(gate->world, 10 * GATE_SECOND);
    gate_close(gate);
}

/* Whatever allocation fails, one request fails, and nothing is left behind. */
static bool story_without(uint64_t nth)
{
    struct gate *gate = gateway();
    memory_fail_nth(nth);
    gate_ask(gate, GET_WITH("/", "If-None-Match: \"x\"\r\n"));
    if (gate_origin(gate))
        gate_answer(gate, OK("Cache-Control: max-age=60\r\n"));
    gate_ask(gate, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                   "Expect: 100-continue\r\n\r\nabc");
    sim_world_advance(gate->world, 2 * GATE_SECOND);
    if (gate_origin(gate))
        gate_answer(gate, OK(""));
    gate_ask(gate, GET("/"));
    const bool happened = memory_count() >= nth;
    memory_fail_nth(0);
    gate->client = sim_client_open(gate->world, "www", NULL);
    gate_say(gate, GET("/calm"));
    if (gate_origin(gate))
        gate_answer(gate, OK(""));
    assert_has(gate->got, "HTTP/1.1 200 OK\r\n");
    gate_close(gate);
    return happened;
}

static void test_out_of_memory(void **state)
{
    uint64_t nth = 1;
    (void)state;
    while (story_without(nth))
        nth++;
    assert_true(nth > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_miss_and_hit),
        cmocka_unit_test(test_answers_from_the_store),
        cmocka_unit_test(test_shown_key_and_via),
        cmocka_unit_test(test_via_of_stored),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_only_if_cached),
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_final_recipient),
        cmocka_unit_test(test_upload),
        cmocka_unit_test(test_duplex),
        cmocka_unit_test(test_expect_relayed),
        cmocka_unit_test(test_expect_refused),
        cmocka_unit_test(test_expect_unanswered),
        cmocka_unit_test(test_interim),
        cmocka_unit_test(test_no_host),
        cmocka_unit_test(test_target_as_it_came),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_upgrade_not_allowed),
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_client_leaves),
        cmocka_unit_test(test_reload_under_way),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("gateway", tests, NULL, NULL);
}
