/* Hints: the nearest word, and what a value was probably meant to be. */
#include "serve/confighint.h"

#include "table.h"

#include <string.h>

static void test_distance(void **state)
{
    static const struct {
        const char *id, *name, *other;
        unsigned want;
    } rows[] = {
        {"distance", "listen", "listen", 0},
        {"distance", "Listen", "listen", 0},
        {"distance", "object_max", "object-max", 0},
        {"distance", "lisen", "listen", 1},
        {"distance", "listenn", "listen", 1},
        {"distance", "listan", "listen", 1},
        {"distance", "lisetn", "listen", 1},
        {"distance", "ilsetn", "listen", 2},
        {"distance", "", "abc", 3},
        {"distance", "abc", "", 3},
        {"distance", "abc", "xyz", 3},
        {"distance", "kitten", "sitting", 3},
        {"distance", "abcdef", "", 5 + 1}, /* past the most */
        {"distance", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a", 5 + 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_row(&rows[i], confighint_distance(rows[i].name, rows[i].other, 5) == rows[i].want);
        check_row(&rows[i], confighint_distance(rows[i].other, rows[i].name, 5) == rows[i].want);
    }
    assert_int_equal(confighint_reach("a"), 0);
    assert_int_equal(confighint_reach("abc"), 1);
    assert_int_equal(confighint_reach("validate-up-to"), 4);
}

struct row {
    const char *id;
    const char *name; /* what is written */
    const char *want; /* NULL: nothing comes to mind */
};

static const struct row bools[] = {
    {"bool", "yes", "true"},     {"bool", "Yes", "true"},       {"bool", "on", "true"},
    {"bool", "TRUE", "true"},    {"bool", "1", "true"},         {"bool", "y", "true"},
    {"bool", "no", "false"},     {"bool", "Off", "false"},      {"bool", "FALSE", "false"},
    {"bool", "0", "false"},      {"bool", "maybe", NULL},       {"bool", "", NULL},
    {"bool", "enabled", "true"}, {"bool", "disabled", "false"},
};

static const struct row sizes[] = {
    {"size", "64MB", "64MiB"},
    {"size", "64mb", "64MiB"},
    {"size", "64 MiB", "64MiB"},
    {"size", "64M", "64MiB"},
    {"size", "1.5GiB", "1536MiB"},
    {"size", "0.25 k", "256"},
    {"size", "1g 1k", "1048577KiB"},
    {"size", "1000 bytes", "1000"},
    {"size", "2TB", "2TiB"},
    {"size", "0 MB", "0"},
    {"size", "1PB", NULL},
    {"size", "lots", NULL},
    {"size", "-1", NULL},
    {"size", "1e9", NULL},
    {"size", "9999999999TB", NULL},
    {"size", "99999999999999999999", NULL},
};

static const struct row durations[] = {
    {"duration", "30", "30s"},
    {"duration", "30sec", "30s"},
    {"duration", "30 seconds", "30s"},
    {"duration", "1 hour", "1h"},
    {"duration", "1m30s", "90s"},
    {"duration", "1.5h", "90m"},
    {"duration", "2 weeks", "14d"},
    {"duration", "250 msec", "250ms"},
    {"duration", "100 millis", "100ms"},
    {"duration", "0.5s", "500ms"},
    {"duration", "5min", "5m"},
    {"duration", "1D", "1d"},
    {"duration", "0", "0s"},
    {"duration", "1 month", NULL},
    {"duration", "1y", NULL},
    {"duration", "soon", NULL},
    {"duration", "-5s", NULL},
    {"duration", "1:30", NULL},
};

static const struct row addresses[] = {
    {"address", "8080", ":8080"},
    {"address", "*:80", ":80"},
    {"address", "http://localhost:80/", "localhost:80"},
    {"address", "http://127.0.0.1:80", "127.0.0.1:80"},
    {"address", "localhost", "localhost:8080"},
    {"address", "::1", "[::1]:8080"},
    {"address", "/run/stet/http.sock", "unix:/run/stet/http.sock"},
    {"address", "99999", NULL},
    {"address", "127.0.0.1:99999", NULL},
    {"address", "", NULL},
};

static const struct row upstreams[] = {
    {"upstream", "localhost:3000", "http://localhost:3000"},
    {"upstream", "localhost", "http://localhost"},
    {"upstream", "3000", "http://localhost:3000"},
    {"upstream", ":3000", "http://localhost:3000"},
    {"upstream", "http://user:secret@app:80/", "http://app:80"},
    {"upstream", "tcp://app:80", "http://app:80"},
    {"upstream", "unix:/run/app.sock", "http+unix:/run/app.sock"},
    {"upstream", "/run/app.sock", "http+unix:/run/app.sock"},
    {"upstream", "https://app", NULL},
    {"upstream", "http://app/api", NULL},
    {"upstream", "http://app?x", NULL},
    {"upstream", "", NULL},
};

static const struct row hosts[] = {
    {"host", "https://Example.org:443/", "example.org"},
    {"host", "example.org.", "example.org"},
    {"host", "example.org:80", "example.org"},
    {"host", "[::1]:80", "[::1]"},
    {"host", "user@example.org", "example.org"},
    {"host", "", NULL},
    {"host", "/", NULL},
};

static const struct row networks[] = {
    {"network", "10.1.2.3/8", "10.0.0.0/8"},
    {"network", "192.0.2.129/25", "192.0.2.128/25"},
    {"network", "2001:db8::1/32", "2001:db8::/32"},
    {"network", "10.1.2.3/0", "0.0.0.0/0"},
    {"network", "10.0.0.0/33", NULL},
    {"network", "10.0.0/8", NULL},
    {"network", "example.org", NULL},
    {"network", "", NULL},
};

static void check(const struct row *rows, size_t count, bool (*hint)(const char *, char *))
{
    for (size_t i = 0; i < count; i++) {
        char to[CONFIG_HINT] = "";
        const bool found = hint(rows[i].name, to);
        if (found != (rows[i].want != NULL) || (found && strcmp(to, rows[i].want) != 0))
            fail_msg("%s (%s): %s", rows[i].id, rows[i].name, found ? to : "nothing");
    }
}

static void test_values(void **state)
{
    (void)state;
    check(bools, COUNT(bools), confighint_bool);
    check(sizes, COUNT(sizes), confighint_size);
    check(durations, COUNT(durations), confighint_duration);
    check(addresses, COUNT(addresses), confighint_address);
    check(upstreams, COUNT(upstreams), confighint_upstream);
    check(hosts, COUNT(hosts), confighint_host);
    check(networks, COUNT(networks), confighint_network);
}

/* What does not fit into a hint is none. */
static void test_long(void **state)
{
    char text[4 * CONFIG_HINT] = "", to[CONFIG_HINT];
    (void)state;
    memset(text, 'a', sizeof text - 1);
    assert_false(confighint_host(text, to));
    assert_false(confighint_address(text, to));
    assert_false(confighint_upstream(text, to));
    assert_false(confighint_network(text, to));
    memset(text, '/', 1);
    assert_false(confighint_upstream(text, to));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
