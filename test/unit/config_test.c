/* The configuration: which site and route a request gets, whatever spelling it comes in. */
#include "serve/config.h"

#include "base/memory.h"

#include "table.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* ---- paths as routes see them ---- */

struct path_row {
    const char *id;
    const char *name; /* as received */
    const char *want; /* NULL: refused */
};

static const struct path_row path_rows[] = {
    {"plain", "/", "/"},
    {"plain", "/a/b", "/a/b"},
    {"plain", "/a/b/", "/a/b/"},
    {"plain", "//a", "//a"},
    {"plain", "*", "*"},
    {"escapes", "/%61dmin", "/admin"},
    {"escapes", "/a%2Fb", "/a/b"},
    {"escapes", "/a%2fb", "/a/b"},
    {"escapes", "/%2561", "/%61"},
    {"escapes", "/%zz", NULL},
    {"escapes", "/a%2", NULL},
    {"escapes", "/%00", NULL},
    {"dots", "/.", "/"},
    {"dots", "/..", "/"},
    {"dots", "/../..", "/"},
    {"dots", "/./admin", "/admin"},
    {"dots", "/public/../admin", "/admin"},
    {"dots", "/public/%2e%2e/admin", "/admin"},
    {"dots", "/public/..%2Fadmin", "/admin"},
    {"dots", "/a/b/../../c", "/c"},
    {"dots", "/a/b/..", "/a/"},
    {"dots", "/a/.b", "/a/.b"},
    {"dots", "/a/...", "/a/..."},
    {"dots", "//..", "/"},
};

static void test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(path_rows); i++) {
        const struct path_row *row = &path_rows[i];
        char room[64];
        const struct stet_span path = config_path(stet_span_of(row->name), room);
        check_row(row, (path.at == NULL) == (row->want == NULL));
        check_row(row, !row->want || stet_span_equal(path, stet_span_of(row->want)));
    }
}

/* ---- sites and routes ---- */

static struct config_site *site(struct config *config, const char *hosts, const char *routes)
{
    struct config_site *made = config_add_site(config);
    char word[64];
    int used;
    assert_non_null(made);
    for (; sscanf(hosts, "%63s%n", word, &used) == 1; hosts += used)
        assert_true(config_add_host(config, made, word));
    for (; sscanf(routes, "%63s%n", word, &used) == 1; routes += used)
        assert_non_null(config_add_route(config, made, word, CONFIG_RESPOND));
    return made;
}

static struct config *three_sites(void)
{
    struct config *config = config_new();
    assert_non_null(config);
    site(config, "example.org www.example.org", "/ /static/ /static/img/ /health /api");
    site(config, "*.example.org *.b.example.org [::1]", "/b");
    site(config, "Localhost", "/c");
    site(config, "*.b.example.org", "/never");
    assert_true(config_seal(config));
    return config;
}

struct route_row {
    const char *id;
    const char *name; /* the host */
    const char *path;
    const char *want; /* path of the route; NULL: none */
};

static const struct route_row route_rows[] = {
    {"host", "example.org", "/x", "/"},
    {"host", "EXAMPLE.org:8080", "/x", "/"},
    {"host", "example.org.", "/x", "/"},
    {"host", "example.org.:80", "/x", "/"},
    {"host", "www.example.org", "/x", "/"},
    {"host", "localhost", "/c", "/c"},
    {"host", "LOCALHOST:1", "/c/d", "/c"},
    {"host", "[::1]", "/b", "/b"},
    {"host", "[::1]:8080", "/b", "/b"},
    {"host", "[::2]", "/b", NULL},
    {"host", "example.com", "/", NULL},
    {"host", "", "/", NULL},
    {"host", "org", "/", NULL},
    {"below", "a.example.org", "/b", "/b"},
    {"below", "a.b.example.org", "/b", "/b"},
    {"below", "a.b.c.example.org", "/b", "/b"},
    {"below", "aexample.org", "/b", NULL},
    {"below", ".example.org", "/b", "/b"},
    {"below", "*.example.org", "/b", "/b"},
    {"path", "example.org", "/static", "/"},
    {"path", "example.org", "/static/", "/static/"},
    {"path", "example.org", "/static/a.css", "/static/"},
    {"path", "example.org", "/static/img/a.png", "/static/img/"},
    {"path", "example.org", "/staticx", "/"},
    {"path", "example.org", "/health", "/health"},
    {"path", "example.org", "/health/x", "/health"},
    {"path", "example.org", "/healthy", "/"},
    {"path", "example.org", "/api", "/api"},
    {"path", "example.org", "/API", "/"},
    {"path", "localhost", "/", NULL},
    {"path", "localhost", "/cc", NULL},
};

static void check_route(const struct config *config, const struct route_row *row)
{
    const struct config_site *found = config_site(config, stet_span_of(row->name));
    const struct config_route *route = found ? config_route(found, stet_span_of(row->path)) : NULL;
    check_row(row, (route == NULL) == (row->want == NULL));
    check_row(row, !route || strcmp(route->path, row->want) == 0);
}

static void test_routes(void **state)
{
    struct config *config = three_sites();
    (void)state;
    for (size_t i = 0; i < COUNT(route_rows); i++)
        check_route(config, &route_rows[i]);
    assert_int_equal(config->route_count, 8);
    config_unref(config);
}

static void test_every_host(void **state)
{
    static const char *const hosts[] = {"",  "a",   "example.org:80", "[::1]", "x.y.z.", "*",
                                        "%", "a..b"};
    char endless[400];
    struct config *config = config_new();
    (void)state;
    site(config, "*", "/");
    assert_true(config_seal(config));
    for (size_t i = 0; i < COUNT(hosts); i++)
        assert_ptr_equal(config_site(config, stet_span_of(hosts[i])), config->sites);
    memset(endless, 'a', sizeof endless);
    assert_ptr_equal(config_site(config, stet_span(endless, sizeof endless)), config->sites);
    config_unref(config);
}

static void test_numbers_are_all_different(void **state)
{
    struct config *config = three_sites();
    unsigned seen = 0;
    (void)state;
    for (size_t i = 0; i < config->site_count; i++) {
        for (size_t j = 0; j < config->sites[i].route_count; j++)
            seen |= 1U << config->sites[i].routes[j].number;
    }
    assert_int_equal(seen, (1U << config->route_count) - 1);
    config_unref(config);
}

static void test_defaults(void **state)
{
    struct config *config = config_new();
    const struct sock_address here = {.family = AF_UNIX};
    (void)state;
    assert_true(config_enable_forward(config));
    assert_true(networks_have(&config->forward.clients, &here));
    assert_false(networks_have(&config->purgers, &here));
    assert_int_equal(config->forward.port_count, 1);
    assert_int_equal(config->forward.ports[0], 443);
    char *one = config_pseudonym(config), *other = config_pseudonym(config);
    assert_true(stet_span_is_token(stet_span_of(one)));
    assert_string_not_equal(one, other);
    config_ref(config);
    config_unref(config);
    config_unref(config);
    config_unref(NULL);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 8; nth++) {
        memory_fail_nth(nth);
        struct config *config = config_new();
        struct config_site *made = config ? config_add_site(config) : NULL;
        if (made && config_add_host(config, made, "*") &&
            config_add_route(config, made, "/", CONFIG_FILES))
            config_seal(config);
        memory_fail_nth(0);
        config_unref(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),      cmocka_unit_test(test_routes),
        cmocka_unit_test(test_every_host), cmocka_unit_test(test_numbers_are_all_different),
        cmocka_unit_test(test_defaults),   cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
