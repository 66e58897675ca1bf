/* Which way a request goes: sites and routes, forward proxy, PURGE, and a configuration that is
 * replaced while requests are under way. */
#include "gateway_world.h"

#define GET(host, path) "GET " path " HTTP/1.1\r\nHost: " host "\r\n\r\n"

static struct config_route *add(struct gate *gate, struct config_site *site, const char *path,
                                enum config_route_kind kind)
{
    struct config_route *route = config_add_route(gate->config, site, path, kind);
    assert_non_null(route);
    return route;
}

/* Three sites: example.org with texts and redirects, *.example.net, and none for the rest. */
static struct gate *sites(void)
{
    struct gate *gate = gate_open(false);
    gate->config->site_count = 0;
    struct config_site *org = config_add_site(gate->config);
    assert_true(config_add_host(gate->config, org, "example.org"));
    add(gate, org, "/health", CONFIG_RESPOND)->text = config_text(gate->config, "well\n");
    struct config_route *teapot = add(gate, org, "/private/", CONFIG_RESPOND);
    teapot->status = 403;
    struct config_route *json = add(gate, org, "/api", CONFIG_RESPOND);
    json->text = config_text(gate->config, "{}");
    json->type = config_text(gate->config, "application/json");
    add(gate, org, "/old/", CONFIG_REDIRECT)->location =
        config_text(gate->config, "https://new.example/x/");
    struct config_route *gone = add(gate, org, "/fixed", CONFIG_REDIRECT);
    gone->location = config_text(gate->config, "/elsewhere");
    gone->status = 302;
    struct config_site *moved = config_add_site(gate->config);
    assert_true(config_add_host(gate->config, moved, "moved.example"));
    add(gate, moved, "/", CONFIG_REDIRECT)->location =
        config_text(gate->config, "https://new.example/");
    struct config_site *net = config_add_site(gate->config);
    assert_true(config_add_host(gate->config, net, "*.example.net"));
    add(gate, net, "/", CONFIG_RESPOND)->text = config_text(gate->config, "net");
    gate_start(gate);
    return gate;
}

struct row {
    const char *id;
    const char *name;
    const char *request;
    const char *want[3];
};

static const struct row rows[] = {
    {"respond",
     "a text",
     GET("example.org", "/health"),
     {"200 OK", "Content-Type: text/plain; charset=utf-8\r\n", "\r\n\r\nwell\n"}},
    {"respond", "below it", GET("example.org", "/health/x?y"), {"200 OK", "well\n"}},
    {"respond", "its type", GET("example.org", "/api/"), {"application/json\r\n", "\r\n{}"}},
    {"respond",
     "HEAD",
     "HEAD /health HTTP/1.1\r\nHost: example.org\r\n\r\n",
     {"200 OK", "Content-Length: 5\r\n"}},
    {"respond", "a status alone", GET("example.org", "/private/x"), {"403 Forbidden"}},
    {"route", "by another spelling", GET("example.org", "/%70rivate/x"), {"403 Forbidden"}},
    {"route", "by an escaped slash", GET("example.org", "/private%2Fx"), {"403 Forbidden"}},
    {"route", "by dot segments", GET("example.org", "/health/../private/x"), {"403 Forbidden"}},
    {"route", "none", GET("example.org", "/nowhere"), {"404 Not Found"}},
    {"route", "NUL in the path", GET("example.org", "/health%00"), {"400 Bad Request"}},
    {"route",
     "the server as a whole",
     "OPTIONS * HTTP/1.1\r\nHost: a.example.net\r\n\r\n",
     {"200 OK", "net"}},
    {"C-9110-7.4-1", "no such site", GET("example.com", "/health"), {"421 Misdirected Request"}},
    {"C-9112-3.2.2-1",
     "absolute form outranks Host",
     "GET http://example.org/health HTTP/1.1\r\nHost: a.example.net\r\n\r\n",
     {"well\n"}},
    {"redirect",
     "with the rest of the target",
     GET("example.org", "/old/a%20b?c=/d"),
     {"308 Permanent Redirect", "Location: https://new.example/x/a%20b?c=/d\r\n"}},
    {"redirect",
     "with the query alone",
     GET("example.org", "/old/?c"),
     {"Location: https://new.example/x/?c\r\n"}},
    {"redirect",
     "a target without a path",
     "GET http://moved.example?a=b HTTP/1.1\r\nHost: x\r\n\r\n",
     {"Location: https://new.example/?a=b\r\n"}},
    {"redirect",
     "not to another host",
     GET("moved.example", "///evil.example/"),
     {"Location: https://new.example/evil.example/\r\n"}},
    {"redirect",
     "to one place",
     GET("example.org", "/fixed/a?b"),
     {"302 Found", "Location: /elsewhere\r\n"}},
    {"site", "below a domain", GET("a.b.example.net:8080", "/"), {"200 OK", "net"}},
};

static void test_rows(void **state)
{
    struct gate *gate = sites();
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *got = gate_ask(gate, rows[i].request);
        for (size_t j = 0; j < COUNT(rows[i].want) && rows[i].want[j]; j++) {
            if (!strstr(got, rows[i].want[j]))
                fail_msg("%s (%s): no \"%s\" in\n%s", rows[i].id, rows[i].name, rows[i].want[j],
                         got);
        }
        check_row(&rows[i], !strstr(got, "Cache-Status") && !strstr(got, "Proxy-Status"));
    }
    gate_close(gate);
}

/* ---- PURGE ---- */

#define PURGE_WAY(way) "PURGE /x HTTP/1.1\r\nHost: a\r\nStet-Purge: " way "\r\n\r\n"

static void test_purge(void **state)
{
    struct gate *gate = gate_open(true);
    struct network here;
    (void)state;
    assert_null(network_read("192.0.2.1", &here));
    assert_true(config_add_network(gate->config, &gate->config->purgers, &here));
    gate_start(gate);
    assert_has(gate_ask(gate, "PURGE /x HTTP/1.1\r\nHost: a\r\n\r\n"), "\r\n\r\n0 purged\n");
    assert_has(gate_ask(gate, PURGE_WAY("Hard")), "\r\n\r\n0 purged\n");
    assert_has(gate_ask(gate, PURGE_WAY("soft")), "\r\n\r\n0 purged\n");
    assert_has(gate_ask(gate, PURGE_WAY("")), "400 Bad Request");
    assert_has(gate_ask(gate, PURGE_WAY("x")), "400 Bad Request");
    assert_has(gate_ask(gate, PURGE_WAY("soft\r\nStet-Purge: hard")), "400 Bad Request");
    gate_client(gate, "192.0.2.2");
    assert_has(gate_say(gate, "PURGE /x HTTP/1.1\r\nHost: a\r\n\r\n"), "403 Forbidden");
    assert_null(gate_origin(gate));
    gate_close(gate);
}

/* ---- forward proxy ---- */

static struct gate *forward(const char *network, uint16_t port)
{
    static uint16_t ports[1];
    struct gate *gate = gate_open(false);
    struct network clients;
    gate->config->site_count = 0;
    assert_true(config_enable_forward(gate->config));
    assert_null(network_read(network, &clients));
    assert_true(config_add_network(gate->config, &gate->config->forward.clients, &clients));
    ports[0] = port;
    gate->config->forward.ports = ports;
    gate_start(gate);
    return gate;
}

#define CONNECT(to) "CONNECT " to " HTTP/1.1\r\nHost: " to "\r\n\r\n"

static void test_connect(void **state)
{
    struct gate *gate = forward("192.0.2.1", 80);
    (void)state;
    const char *got = gate_ask(gate, CONNECT("192.0.2.9:80"));
    assert_has(got, "HTTP/1.1 200 OK\r\n");
    assert_lacks(got, "Content-Length");
    assert_lacks(got, "Transfer-Encoding");
    assert_null(gate_origin(gate));
    gate_say(gate, "GET secret");
    assert_string_equal(gate_origin(gate), "GET secret");
    assert_string_equal(gate_answer(gate, "as it is"), "as it is");
    sim_client_shutdown(gate->client);
    gate_hear(gate);
    assert_int_equal(sim_client_state(gate->asked), SIM_CLIENT_ENDED); /* half-closed */
    assert_string_equal(gate_answer(gate, "still"), "still");
    sim_client_close(gate->asked, false);
    gate_hear(gate);
    assert_int_equal(sim_client_state(gate->client), SIM_CLIENT_ENDED);
    gate_close(gate);
}

static void test_connect_octets_behind_the_head(void **state)
{
    struct gate *gate = forward("192.0.2.1", 80);
    (void)state;
    gate_ask(gate, CONNECT("192.0.2.9:80") "early");
    assert_string_equal(gate_origin(gate), "early");
    gate_close(gate);
}

/* However large, however slow the other side. */
static void test_connect_back_pressure(void **state)
{
    enum { SIZE = 1 << 20 };
    struct gate *gate = forward("192.0.2.1", 80);
    char *large = memory_new(SIZE);
    (void)state;
    memset(large, 'x', SIZE);
    gate_ask(gate, CONNECT("192.0.2.9:80"));
    gate_origin(gate);
    sim_client_window(gate->asked, 1000);
    sim_client_send(gate->client, large, SIZE);
    sim_world_run_until_idle(gate->world);
    assert_int_equal(sim_client_len(gate->asked), 1000);
    assert_true(sim_client_unread(gate->client) > SIZE / 2); /* the client is held back */
    sim_client_window(gate->asked, SIM_UNLIMITED);
    sim_world_run_until_idle(gate->world);
    assert_int_equal(sim_client_len(gate->asked), SIZE);
    sim_client_window(gate->client, 1000);
    sim_client_send(gate->asked, large, SIZE);
    sim_world_run_until_idle(gate->world);
    assert_true(sim_client_unread(gate->asked) > SIZE / 2);
    sim_client_window(gate->client, SIM_UNLIMITED);
    sim_world_run_until_idle(gate->world);
    assert_int_equal(sim_client_total(gate->client) > SIZE, true);
    memory_free(large);
    gate_close(gate);
}

struct denied {
    const char *id;
    const char *name;
    const char *request;
    const char *peer;
    const char *want[2];
};

static const struct denied denials[] = {
    {"D-open",
     "another port",
     CONNECT("192.0.2.9:25"),
     NULL,
     {"403 Forbidden", "error=http_request_denied"}},
    {"D-open",
     "another client",
     CONNECT("192.0.2.9:80"),
     "192.0.2.2",
     {"403 Forbidden", "error=http_request_denied"}},
    {"D-open",
     "another client, absolute form",
     "GET http://192.0.2.9/ HTTP/1.1\r\nHost: 192.0.2.9\r\n\r\n",
     "192.0.2.2",
     {"403 Forbidden"}},
    {"C-9209-2.1.1-1",
     "nobody listens",
     CONNECT("192.0.2.10:80"),
     NULL,
     {"502 Bad Gateway", "Proxy-Status: stet;error=connection_refused"}},
    {"C-9209-2.1.1-1",
     "no such name",
     CONNECT("nowhere.example:80"),
     NULL,
     {"502 Bad Gateway", "error=dns_error"}},
    {"C-9110-7.4-1",
     "origin form is for no site",
     "GET / HTTP/1.1\r\nHost: 192.0.2.9\r\n\r\n",
     NULL,
     {"421 Misdirected Request"}},
};

static void test_denials(void **state)
{
    struct gate *gate = forward("192.0.2.1", 80);
    (void)state;
    for (size_t i = 0; i < COUNT(denials); i++) {
        gate_client(gate, denials[i].peer);
        gate_say(gate, denials[i].request);
        sim_world_advance(gate->world, 10 * GATE_SECOND);
        if (!gate->got[0])
            gate_hear(gate);
        for (size_t j = 0; j < 2 && denials[i].want[j]; j++)
            check_row(&denials[i], strstr(gate->got, denials[i].want[j]));
    }
    assert_null(gate_origin(gate));
    gate_close(gate);
}

/* A tunnel on which nothing moves ends. */
static void test_connect_idle(void **state)
{
    struct gate *gate = forward("192.0.2.1", 80);
    (void)state;
    gate_ask(gate, CONNECT("192.0.2.9:80"));
    for (int i = 0; i < 5; i++) {
        sim_world_advance(gate->world, 1800 * GATE_SECOND);
        gate_origin(gate);
        assert_string_equal(gate_answer(gate, "."), ".");
    }
    sim_world_advance(gate->world, 2 * 3600 * GATE_SECOND);
    gate_hear(gate);
    assert_int_not_equal(sim_client_state(gate->client), SIM_CLIENT_OPEN);
    gate_close(gate);
}

static void test_connect_without_forward(void **state)
{
    struct gate *gate = gate_open(true);
    (void)state;
    gate_start(gate);
    assert_has(gate_ask(gate, CONNECT("192.0.2.9:443")), "405 Method Not Allowed");
    gate_close(gate);
}

/* ---- another configuration ---- */

static struct grounds *other(struct gate *gate, const char *text)
{
    struct config *config = config_new();
    struct config_site *site = config_add_site(config);
    assert_true(config_add_host(config, site, "*"));
    struct config_route *route = config_add_route(config, site, "/", CONFIG_RESPOND);
    route->text = config_text(config, text);
    assert_true(config_seal(config));
    struct grounds *grounds = grounds_new(config);
    grounds->cache = gate->cache;
    config_unref(config);
    return grounds;
}

static void test_configure(void **state)
{
    struct gate *gate = forward("192.0.2.1", 80);
    struct grounds *one = other(gate, "one"), *two = other(gate, "two");
    (void)state;
    gate_ask(gate, CONNECT("192.0.2.9:80"));
    gate_origin(gate);
    worker_configure(gate->worker, one);
    worker_configure(gate->worker, two); /* before it has looked: the last one counts */
    grounds_unref(one);
    grounds_unref(two);
    gate_say(gate, "old");
    assert_int_equal(gate->configured, 1);
    assert_string_equal(gate_origin(gate), "old"); /* the tunnel lives on */
    assert_string_equal(gate_answer(gate, "and well"), "and well");
    struct sim_client *tunnel = gate->client;
    assert_has(gate_ask(gate, GET("a", "/")), "\r\n\r\ntwo");
    assert_has(gate_ask(gate, CONNECT("192.0.2.9:80")), "405 Method Not Allowed");
    sim_client_close(tunnel, false);
    sim_client_close(gate->asked, false);
    gate_hear(gate);
    for (int i = 0; i < 10; i++) {
        struct grounds *more = other(gate, "more");
        worker_configure(gate->worker, more);
        grounds_unref(more);
        assert_has(gate_ask(gate, GET("a", "/")), "more");
    }
    gate_close(gate);
}

static void test_configure_out_of_memory(void **state)
{
    struct gate *gate = forward("192.0.2.1", 80);
    (void)state;
    struct grounds *one = other(gate, "one");
    worker_configure(gate->worker, one);
    memory_fail_nth(1);
    sim_world_run_until_idle(gate->world);
    memory_fail_nth(0);
    assert_int_equal(gate->configured, 0);
    assert_has(gate_ask(gate, CONNECT("192.0.2.9:80")), "200 OK"); /* the old one stays */
    worker_configure(gate->worker, one);
    grounds_unref(one);
    assert_has(gate_ask(gate, GET("a", "/")), "one");
    gate_close(gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_purge),
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_connect_octets_behind_the_head),
        cmocka_unit_test(test_connect_back_pressure),
        cmocka_unit_test(test_denials),
        cmocka_unit_test(test_connect_idle),
        cmocka_unit_test(test_connect_without_forward),
        cmocka_unit_test(test_configure),
        cmocka_unit_test(test_configure_out_of_memory),
    };
    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
