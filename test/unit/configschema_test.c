/* The schema: a table without faults, defaults that are those of the program, and values that come
 * to stand where they belong. */
#include "serve/configschema.h"

#include "serve/configfile.h"
#include "table.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static struct config *read_text(const char *text)
{
    struct config_errors errors;
    struct config *config = config_read_text(stet_span_of(text), "/dir/stet.yaml", &errors);
    if (!config)
        fail_msg("%u:%u: %s\n%s", errors.at[0].line, errors.at[0].column, errors.at[0].text, text);
    return config;
}

/* ---- the table ---- */

static void test_rows(void **state)
{
    const struct configkey *key;
    (void)state;
    for (size_t i = 0; (key = configschema_key(i)); i++) {
        char name[CONFIGKEY_NAME], preset[CONFIGKEY_PRESET];
        configkey_name(key, name);
        configkey_preset(key, preset);
        if (configschema_find(key->place, name) != key)
            fail_msg("%s: twice, or not found", name);
        if (strchr(name, '_') || !name[0])
            fail_msg("%s: its name", name);
        const size_t size = strlen(key->help);
        if (size < 5 || (!key->unit && key->help[size - 1] != '.'))
            fail_msg("%s: its help", name);
        if (strlen(preset) + 1 == sizeof preset)
            fail_msg("%s: its default is cut", name);
        const bool value = key->form == CONFIGFORM_VALUE;
        if (!value && key->form < CONFIGFORM_PART && !key->keep)
            fail_msg("%s: nobody keeps it", name);
        if (value && !key->keep && !key->size)
            fail_msg("%s: it is nowhere", name);
        if (key->form >= CONFIGFORM_PART && !key->enter)
            fail_msg("%s: nobody enters it", name);
        if (key->single && !configschema_find(key->inner, key->single))
            fail_msg("%s: no such key", key->single);
    }
    assert_null(configschema_find(CONFIGPLACE_TOP, "object-max"));
    assert_null(configschema_find(CONFIGPLACE_CACHE, "object_max"));
    assert_non_null(configschema_find(CONFIGPLACE_CACHE, "object-max"));
}

static void test_limits(void **state)
{
    const struct limits_row *row;
    (void)state;
    for (size_t i = 0; (row = limits_row(i)); i++) {
        char name[CONFIGKEY_NAME];
        const struct configkey same = {.name = row->name};
        configkey_name(&same, name);
        const struct configkey *key = configschema_find(CONFIGPLACE_LIMITS, name);
        if (!key || key->limit != row->value || key->least != row->least ||
            key->most != row->most || strcmp(key->help, row->what) != 0)
            fail_msg("%s", name);
    }
}

/* ---- defaults ---- */

/* A file that sets nothing but one key of a place, or none of it. */
static void write_file(enum configplace place, const char *setting, char *to, size_t room)
{
    static const char *const frames[CONFIGPLACES] = {
        [CONFIGPLACE_TOP] = "{forward: {}, %s}",
        [CONFIGPLACE_LOG] = "{forward: {}, log: {%s}}",
        [CONFIGPLACE_ADMIN] = "{forward: {}, admin: {%s}}",
        [CONFIGPLACE_LIMITS] = "{forward: {}, limits: {%s}}",
        [CONFIGPLACE_FORWARD] = "{forward: {%s}}",
        [CONFIGPLACE_SITE] = "{sites: [{respond: 200, %s}]}",
        [CONFIGPLACE_ROUTE] = "{routes: [{respond: 200, %s}]}",
        [CONFIGPLACE_FILES] = "{files: {directory: /tmp, %s}}",
        [CONFIGPLACE_PROXY] = "{proxy: {to: 'http://app', %s}}",
        [CONFIGPLACE_ORIGIN] = "{proxy: {to: 'http://app', tls: {%s}}}",
        [CONFIGPLACE_CACHE] = "{proxy: {to: 'http://app', cache: {%s}}}",
        [CONFIGPLACE_REDIRECT] = "{redirect: {to: 'http://app', %s}}",
        [CONFIGPLACE_RESPOND] = "{respond: {%s}}",
    };
    snprintf(to, room, frames[place], setting);
}

static const void *target_of(const struct config *config, enum configplace place)
{
    switch (place) {
    case CONFIGPLACE_FILES:
    case CONFIGPLACE_PROXY:
    case CONFIGPLACE_ORIGIN:
    case CONFIGPLACE_CACHE:
    case CONFIGPLACE_REDIRECT:
    case CONFIGPLACE_RESPOND:
        return &config->sites[0].routes[0];
    default:
        return config;
    }
}

#define SAME(member) (memcmp(&a->member, &b->member, sizeof a->member) == 0)

/* All of a route that is not text. */
static bool same_route(const struct config_route *a, const struct config_route *b)
{
    const struct stet_profile *one = &a->cache.profile, *other = &b->cache.profile;
    return SAME(kind) && SAME(cache.off) && SAME(cache.collapse) && SAME(cache.synthesize) &&
           SAME(cache.guard_deception) && SAME(cache.validate_up_to) && SAME(cache.object_max) &&
           SAME(cache.keep) && SAME(forward.keep_host) && SAME(forward.forwarded) &&
           SAME(upgrade) && SAME(via) && SAME(status) && SAME(files.browse) &&
           one->heuristics == other->heuristics && one->cookies == other->cookies &&
           one->target_count == other->target_count &&
           one->validates_bare == other->validates_bare &&
           one->refuses_errors == other->refuses_errors && strcmp(a->path, b->path) == 0;
}

static void check_default(const struct configkey *key)
{
    char name[CONFIGKEY_NAME], preset[CONFIGKEY_PRESET], setting[256], with[512], without[512];

    configkey_name(key, name);
    configkey_preset(key, preset);
    snprintf(setting, sizeof setting, "%s: '%s'", name, preset);
    write_file(key->place, setting, with, sizeof with);
    write_file(key->place, "", without, sizeof without);
    struct config *one = read_text(with), *other = read_text(without);
    const char *a = target_of(one, key->place), *b = target_of(other, key->place);
    if (key->size && memcmp(a + key->offset, b + key->offset, key->size) != 0)
        fail_msg("%s: %s is not the default", name, preset);
    if (one->site_count && !same_route(one->sites[0].routes, other->sites[0].routes))
        fail_msg("%s: %s makes another route", name, preset);
    config_unref(one);
    config_unref(other);
}

/* Writing down a default changes nothing. */
static void test_defaults(void **state)
{
    const struct configkey *key;
    size_t count = 0;
    (void)state;
    for (size_t i = 0; (key = configschema_key(i)); i++) {
        char preset[CONFIGKEY_PRESET];
        configkey_preset(key, preset);
        if (key->place == CONFIGPLACE_TLS) /* needs certificates: see configtls_test.c */
            continue;
        if (key->form >= CONFIGFORM_PAIRS || !preset[0] || preset[0] == '(')
            continue;
        check_default(key);
        count++;
    }
    assert_true(count > 50);
}

/* A value that is not the default comes to stand in its member, and nowhere else in a route. */
static void test_members(void **state)
{
    const struct configkey *key;
    (void)state;
    for (size_t i = 0; (key = configschema_key(i)); i++) {
        const struct configwant want = configkey_want(key);
        char name[CONFIGKEY_NAME], text[512], setting[128], value[UNITS_TEXT] = "";
        if (key->place == CONFIGPLACE_TLS || key->form != CONFIGFORM_VALUE || key->keep ||
            !key->size || key->store == CONFIGSTORE_TEXT || key->store == CONFIGSTORE_SPAN)
            continue;
        configkey_name(key, name);
        uint64_t number = want.most;
        if (want.type == CONFIGTYPE_BOOL)
            number = strcmp(key->preset, "false") == 0;
        if (want.type == CONFIGTYPE_CHOICE) { /* the last word */
            number = 0;
            for (const char *at = strchr(want.choices, '|'); at; at = strchr(at + 1, '|'))
                number++;
            snprintf(setting, sizeof setting, "%s: %s", name, strrchr(want.choices, '|') + 1);
        } else if (want.type == CONFIGTYPE_BOOL) {
            snprintf(setting, sizeof setting, "%s: %s", name, number ? "true" : "false");
        } else {
            configwant_number(&want, number, value);
            snprintf(setting, sizeof setting, "%s: %s", name, value);
        }
        write_file(key->place, setting, text, sizeof text);
        struct config *config = read_text(text);
        const char *member = (const char *)target_of(config, key->place) + key->offset;
        uint64_t got = 0;
        memcpy(&got, member, key->size); /* little-endian, as all machines that run this */
        if (got != number)
            fail_msg("%s: %llu", setting, (unsigned long long)got);
        config_unref(config);
    }
}

/* ---- what is kept ---- */

static void test_top(void **state)
{
    struct config *config = read_text(
        "listen: ['127.0.0.1:80', 'unix:stet.sock']\nworkers: 3\nmemory: 1GiB\n"
        "quiet: true\ntrusted: [10.0.0.0/8, unix]\npurge-from: 192.0.2.1\n"
        "log: {format: combined, file: /tmp/log}\nadmin: {socket: s, metrics: 'localhost:1'}\n"
        "respond: {status: 503, text: \"later\\n\", type: text/html}\n");
    (void)state;
    assert_int_equal(config->listen_count, 2);
    assert_string_equal(config->listen[0], "127.0.0.1:80");
    assert_string_equal(config->listen[1], "unix:/dir/stet.sock");
    assert_int_equal(config->workers, 3);
    assert_int_equal(config->memory, 1 << 30);
    assert_true(config->quiet);
    assert_int_equal(config->trusted.count, 2);
    assert_int_equal(config->trusted.at[1].family, AF_UNIX);
    assert_int_equal(config->purgers.count, 1);
    assert_int_equal(config->log.format, ACCESSLOG_COMBINED);
    assert_string_equal(config->log.path, "/tmp/log");
    assert_string_equal(config->admin_socket, "/dir/s");
    assert_string_equal(config->admin_listen, "localhost:1");
    assert_string_equal(config->path, "/dir/stet.yaml");
    const struct config_route *route = &config->sites[0].routes[0];
    assert_int_equal(route->kind, CONFIG_RESPOND);
    assert_int_equal(route->status, 503);
    assert_string_equal(route->text, "later\n");
    assert_string_equal(route->type, "text/html");
    config_unref(config);
}

static void test_forward(void **state)
{
    struct config *config =
        read_text("forward: {from: 10.0.0.0/8, connect-ports: [80, 8443], name: edge,\n"
                  "  cache: {profile: rfc9111, synthesize: true, ignore: a}}\n");
    const struct config_forward *forward = &config->forward;
    (void)state;
    assert_true(forward->on);
    assert_int_equal(config->site_count, 0);
    assert_int_equal(forward->clients.count, 1);
    assert_int_equal(forward->clients.at[0].bits, 8);
    assert_int_equal(forward->port_count, 2);
    assert_int_equal(forward->ports[1], 8443);
    assert_true(stet_span_equal(forward->route.forward.name, STET_SPAN("edge")));
    assert_int_equal(forward->route.cache.profile.heuristics, STET_HEURISTICS_FULL);
    assert_int_equal(forward->route.cache.profile.target_count, 0);
    assert_true(forward->route.cache.profile.validates_bare);
    assert_non_null(forward->route.cache.noise);
    config_unref(config);
    config = read_text("forward: {connect-ports: []}\n");
    assert_int_equal(config->forward.port_count, 0);
    assert_int_equal(config->forward.clients.count, 3);
    config_unref(config);
    config = read_text("respond: 200\n");
    assert_false(config->forward.on);
    config_unref(config);
}

static void test_files(void **state)
{
    struct config *config =
        read_text("files:\n  directory: /tmp\n  cache-control: {'img/*': max-age=60, '*': ''}\n"
                  "  memo: /tmp/memo\n  cors: '*'\n  memory: 1MiB\n  mime-types: off\n");
    const struct config_route *route = &config->sites[0].routes[0];
    (void)state;
    assert_int_equal(route->kind, CONFIG_FILES);
    assert_string_equal(route->path, "/");
    assert_string_equal(route->directory, "/tmp");
    assert_int_equal(route->files.rule_count, 2);
    assert_string_equal(route->files.rules[0].glob, "img/*");
    assert_string_equal(route->files.rules[0].value, "max-age=60");
    assert_string_equal(route->files.rules[1].value, "");
    assert_string_equal(route->files.memo_path, "/tmp/memo");
    assert_string_equal(route->files.cors, "*");
    assert_int_equal(route->files.bytes_in_memory, 1 << 20);
    assert_null(route->files.mime_types);
    config_unref(config);
    config = read_text("files: {directory: /tmp, memo: off}\n");
    assert_null(config->sites[0].routes[0].files.memo_path);
    assert_string_equal(config->sites[0].routes[0].files.mime_types, "/etc/mime.types");
    config_unref(config);
}

static void test_proxy(void **state)
{
    struct config *config = read_text(
        "proxy:\n  to: [http://app:3000, http+unix:run/app]\n  host: origin\n  via: true\n"
        "  cache:\n    cookies: keep\n    profile: rfc9111\n    ignore: ['a+', b]\n"
        "    synthesize: true\n    lifetimes: {404: 5m, 301: 1d}\n    partition: p\n");
    const struct config_route *route = &config->sites[0].routes[0];
    const struct cache_rules *rules = &route->cache;
    (void)state;
    assert_int_equal(route->kind, CONFIG_PROXY);
    assert_int_equal(route->upstream_count, 2);
    assert_int_equal(route->upstreams[0].port, 3000);
    assert_string_equal(route->upstreams[1].host, "/dir/run/app");
    assert_false(route->forward.keep_host);
    assert_true(route->via);
    assert_true(stet_span_starts(route->forward.name, STET_SPAN("stet-")));
    assert_true(stet_span_equal(rules->name, STET_SPAN("stet")));
    assert_int_equal(rules->profile.heuristics, STET_HEURISTICS_FULL);
    assert_int_equal(rules->profile.cookies, STET_COOKIES_KEEP);
    assert_true(rules->synthesize);
    assert_true(rules->profile.validates_bare);
    assert_false(rules->guard_deception);
    assert_non_null(rules->noise);
    assert_int_equal(rules->lifetime_count, 2);
    assert_int_equal(rules->lifetimes[0].status, 404);
    assert_int_equal(rules->lifetimes[0].seconds, 300);
    assert_int_equal(rules->lifetimes[1].seconds, 86400);
    assert_true(stet_span_equal(rules->partition, STET_SPAN("p")));
    config_unref(config);
    config = read_text("proxy: {to: http://app, cache: false, name: edge}\n");
    route = &config->sites[0].routes[0];
    assert_true(route->cache.off);
    assert_true(stet_span_equal(route->forward.name, STET_SPAN("edge")));
    assert_true(stet_span_equal(route->cache.name, STET_SPAN("edge")));
    config_unref(config);
    config = read_text("proxy: {to: http://app, cache: {profile: rfc9111, cookies: refuse}}\n");
    route = &config->sites[0].routes[0];
    assert_int_equal(route->cache.profile.cookies, STET_COOKIES_REFUSE);
    assert_false(route->cache.synthesize);
    assert_false(route->cache.profile.validates_bare);
    config_unref(config);
}

/* Noise of one route is none of the next. */
static void test_noise(void **state)
{
    struct config *config =
        read_text("routes:\n  - {path: /b, proxy: {to: http://app, cache: {ignore: a}}}\n"
                  "  - {path: /, proxy: {to: http://app, cache: {}}}\n");
    (void)state;
    assert_non_null(config->sites[0].routes[0].cache.noise);
    assert_null(config->sites[0].routes[1].cache.noise);
    config_unref(config);
}

static void test_sites(void **state)
{
    struct config *config =
        read_text("sites:\n  - hosts: [a.example, B.example]\n    routes:\n      - respond: 200\n"
                  "      - {path: /old/, redirect: {to: 'https://c.example/', status: 301}}\n"
                  "  - proxy: http://app\n");
    const struct config_site *site = config_site(config, STET_SPAN("b.example:80"));
    (void)state;
    assert_int_equal(config->site_count, 2);
    assert_int_equal(config->route_count, 3);
    assert_ptr_equal(site, &config->sites[0]);
    const struct config_route *route = config_route(site, STET_SPAN("/old/x"));
    assert_int_equal(route->kind, CONFIG_REDIRECT);
    assert_int_equal(route->status, 301);
    assert_string_equal(route->location, "https://c.example/");
    assert_int_equal(config_route(site, STET_SPAN("/x"))->kind, CONFIG_RESPOND);
    assert_ptr_equal(config_site(config, STET_SPAN("other")), &config->sites[1]);
    config_unref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_members),
        cmocka_unit_test(test_top),      cmocka_unit_test(test_forward),
        cmocka_unit_test(test_files),    cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_noise),    cmocka_unit_test(test_sites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
