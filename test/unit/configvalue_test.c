/* Typed values: what each type takes, as what, and what it says of all else. */
#include "serve/configvalue.h"

#include "base/memory.h"
#include "table.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[] = "/tmp/stet-configvalue-XXXXXX";

/* Values are read as if the configuration stood in `place`, in which there are: directory "d", file
 * "f". "@" in a wanted text stands for `place`. */
struct row {
    const char *id;
    const char *name; /* what is written */
    enum configtype type;
    uint64_t number;  /* that is read, unless a text is wanted */
    const char *text; /* that is read; NULL: a number; "": none */
};

#define NUMBER(type, written, number)                   \
    {                                                   \
#type, written, CONFIGTYPE_##type, number, NULL \
    }
#define TEXT(type, written, text)                  \
    {                                              \
#type, written, CONFIGTYPE_##type, 0, text \
    }

static const struct row taken[] = {
    NUMBER(BOOL, "true", 1),
    NUMBER(BOOL, "false", 0),
    NUMBER(NUMBER, "0", 0),
    NUMBER(NUMBER, "18446744073709551615", UINT64_MAX),
    NUMBER(WORKERS, "auto", 0),
    NUMBER(WORKERS, "7", 7),
    NUMBER(PORT, "1", 1),
    NUMBER(PORT, "65535", 65535),
    NUMBER(STATUS, "200", 200),
    NUMBER(STATUS, "599", 599),
    NUMBER(MILLISECONDS, "250ms", 250),
    NUMBER(MILLISECONDS, "0s", 0),
    NUMBER(MILLISECONDS, "5m", 300000),
    NUMBER(SECONDS, "2000ms", 2),
    NUMBER(SECONDS, "1d", 86400),
    NUMBER(SIZE, "4096", 4096),
    NUMBER(SIZE, "64MiB", 64 << 20),
    NUMBER(SIZE, "1GiB", 1 << 30),
    NUMBER(CHOICE, "one", 0),
    NUMBER(CHOICE, "three", 2),
    TEXT(ADDRESS, "localhost:80", "localhost:80"),
    TEXT(ADDRESS, ":80", ":80"),
    TEXT(ADDRESS, "[::1]:0", "[::1]:0"),
    TEXT(ADDRESS, "unix:/run/s", "unix:/run/s"),
    TEXT(ADDRESS, "unix:s", "unix:@/s"),
    TEXT(LOOPBACK, "127.0.0.1:6081", "127.0.0.1:6081"),
    TEXT(LOOPBACK, "localhost:6081", "localhost:6081"),
    TEXT(LOOPBACK, "[::1]:6081", "[::1]:6081"),
    TEXT(HOST, "example.org", "example.org"),
    TEXT(HOST, "Example.ORG", "example.org"),
    TEXT(HOST, "*", "*"),
    TEXT(HOST, "*.example.org", "*.example.org"),
    TEXT(HOST, "[2001:db8::1]", "[2001:db8::1]"),
    TEXT(HOST, "192.0.2.1", "192.0.2.1"),
    TEXT(HOST, "no", "no"),
    TEXT(HOST, "xn--bcher-kva.example", "xn--bcher-kva.example"),
    TEXT(UPSTREAM, "http://localhost:3000", "http://localhost:3000"),
    TEXT(UPSTREAM, "http://app/", "http://app/"),
    TEXT(UPSTREAM, "http+unix:/run/app", "http+unix:/run/app"),
    TEXT(UPSTREAM, "http+unix:app", "http+unix:@/app"),
    TEXT(LOCATION, "/new/", "/new/"),
    TEXT(LOCATION, "https://example.org/a?b#c", "https://example.org/a?b#c"),
    TEXT(PATH, "/", "/"),
    TEXT(PATH, "/a/b", "/a/b"),
    TEXT(PATH, "/caf%C3%A9/", "/caf\xc3\xa9/"),
    TEXT(PATH, "/a/./b/../c", "/a/c"),
    TEXT(PATH, "/%2A", "/*"),
    TEXT(DIRECTORY, "d", "@/d"),
    TEXT(DIRECTORY, ".", "@/."),
    TEXT(DIRECTORY, "/", "/"),
    TEXT(FILE, "f", "@/f"),
    TEXT(FILE, "d/new", "@/d/new"),
    TEXT(FILE, "/dev/null", "/dev/null"),
    TEXT(FILE, "/new", "/new"),
    TEXT(FILE_OR_OFF, "off", ""),
    TEXT(FILE_OR_OFF, "f", "@/f"),
    TEXT(READABLE, "f", "@/f"),
    TEXT(READABLE_OR_OFF, "off", ""),
    TEXT(READABLE_OR_OFF, "f", "@/f"),
    TEXT(SOCKET, "off", ""),
    TEXT(SOCKET, "none/s", "@/none/s"),
    TEXT(REGEX, "nonce=\"[^\"]*\"", "nonce=\"[^\"]*\""),
    TEXT(REGEX, "a${b}", "a${b}"),
    TEXT(GLOB, "img/*", "img/*"),
    TEXT(ORIGIN, "*", "*"),
    TEXT(ORIGIN, "https://example.org:8443", "https://example.org:8443"),
    TEXT(ORIGIN, "app://local", "app://local"),
    TEXT(TOKEN, "stet-1", "stet-1"),
    TEXT(FIELD, "max-age=60, public", "max-age=60, public"),
    TEXT(TEXT, "a\nb ${c}", "a\nb ${c}"),
};

static struct arena arena;

static enum configvalue_outcome read_value(enum configtype type, const char *text,
                                           struct configvalue *value, struct configfault *fault)
{
    const struct yamlnode node = {
        .kind = YAMLNODE_TEXT, .plain = true, .text = stet_span_of(text), .line = 1, .column = 1};
    const bool bounded = type == CONFIGTYPE_WORKERS;
    const struct configwant want = {.type = type,
                                    .choices = "one|two|three",
                                    .least = bounded,
                                    .most = bounded ? 16 : 0,
                                    .directory = place,
                                    .arena = &arena};
    return configvalue_read(&want, &node, value, fault);
}

/* Puts the place where "@" stands. */
static const char *whole(const char *text)
{
    static char to[512];
    const char *at = text ? strchr(text, '@') : NULL;
    if (!at)
        return text;
    snprintf(to, sizeof to, "%.*s%s%s", (int)(at - text), text, place, at + 1);
    return to;
}

static void test_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(taken); i++) {
        const struct row *row = &taken[i];
        struct configvalue value;
        struct configfault fault;
        const enum configvalue_outcome outcome = read_value(row->type, row->name, &value, &fault);
        if (outcome != CONFIGVALUE_READ)
            fail_msg("%s (%s): %s", row->id, row->name, fault.words);
        if (!row->text)
            check_row(row, value.number == row->number);
        else if (!row->text[0])
            check_row(row, !value.text);
        else
            check_row(row, strcmp(value.text, whole(row->text)) == 0);
    }
}

static void test_networks(void **state)
{
    struct configvalue value;
    struct configfault fault;
    (void)state;
    assert_int_equal(read_value(CONFIGTYPE_NETWORK, "10.0.0.0/8", &value, &fault), 0);
    assert_int_equal(value.network.bits, 8);
    assert_int_equal(value.network.bytes[0], 10);
}

/* ---- refused ---- */

struct refused_row {
    const char *id;
    const char *name; /* what is written */
    enum configtype type;
    const char *want; /* "words|hint" */
};

#define REFUSED(type, written, want)            \
    {                                           \
#type, written, CONFIGTYPE_##type, want \
    }
#define SIZES "expected a size such as 4096, 64KiB or 1GiB|"
#define TIMES "expected a duration such as 250ms, 30s, 5m or 1d|"
#define SECONDS "expected a duration in whole seconds, such as 30s, 5m or 1d|"
#define HOSTS "expected a host without scheme, port and path|"
#define ORIGINS "expected * or one origin such as https://example.org|"

static const struct refused_row refused[] = {
    REFUSED(BOOL, "yes", "expected true or false|true"),
    REFUSED(BOOL, "no", "expected true or false|false"),
    REFUSED(BOOL, "on", "expected true or false|true"),
    REFUSED(BOOL, "off", "expected true or false|false"),
    REFUSED(BOOL, "True", "expected true or false|true"),
    REFUSED(BOOL, "tru", "expected true or false|"),
    REFUSED(BOOL, "", "expected true or false|"),
    REFUSED(NUMBER, "1.0", "expected a whole number|"),
    REFUSED(NUMBER, "-1", "expected a whole number|"),
    REFUSED(NUMBER, "0x10", "expected a whole number|"),
    REFUSED(NUMBER, "18446744073709551616", "expected a whole number|"),
    REFUSED(WORKERS, "many", "expected auto or a number, from 1 to 16|"),
    REFUSED(WORKERS, "0", "expected auto or a number, from 1 to 16|"),
    REFUSED(WORKERS, "17", "expected auto or a number, from 1 to 16|"),
    REFUSED(PORT, "0", "expected the number of a port, from 1 to 65535|"),
    REFUSED(PORT, "65536", "expected the number of a port, from 1 to 65535|"),
    REFUSED(PORT, "http", "expected the number of a port, from 1 to 65535|"),
    REFUSED(STATUS, "199", "expected a status code, from 200 to 599|"),
    REFUSED(STATUS, "600", "expected a status code, from 200 to 599|"),
    REFUSED(STATUS, "4xx", "expected a status code, from 200 to 599|"),
    REFUSED(MILLISECONDS, "30", TIMES "30s"),
    REFUSED(MILLISECONDS, "1m30s", TIMES "90s"),
    REFUSED(MILLISECONDS, "soon", TIMES),
    REFUSED(SECONDS, "1500ms", SECONDS),
    REFUSED(SECONDS, "5min", SECONDS "5m"),
    REFUSED(SIZE, "64MB", SIZES "64MiB"),
    REFUSED(SIZE, "lots", SIZES),
    REFUSED(SIZE, "1.5GiB", SIZES "1536MiB"),
    REFUSED(CHOICE, "thre", "expected one, two or three|three"),
    REFUSED(CHOICE, "four", "expected one, two or three|"),
    REFUSED(CHOICE, "one|two", "expected one, two or three|"),
    REFUSED(ADDRESS, "8080", "no port: write HOST:PORT, [V6]:PORT, :PORT or unix:PATH|:8080"),
    REFUSED(ADDRESS, "localhost:99999", "the port is not a number from 0 to 65535|"),
    REFUSED(ADDRESS, "::1:80", "an IPv6 address is written in brackets: [V6]:PORT|[::1:80]:8080"),
    REFUSED(ADDRESS, "unix:", "no path after unix:|"),
    REFUSED(LOOPBACK, ":80",
            "expected an address of this machine, such as 127.0.0.1:9304|127.0.0.1:80"),
    REFUSED(LOOPBACK, "192.0.2.1:80",
            "expected an address of this machine, such as 127.0.0.1:9304|"),
    REFUSED(LOOPBACK, "127.0.0.1", "no port: write HOST:PORT, [V6]:PORT, :PORT or unix:PATH|"),
    REFUSED(NETWORK, "10.1.2.3/8", "the address has bits beyond the network's length|10.0.0.0/8"),
    REFUSED(NETWORK, "localhost", "expected an address or a network such as 10.0.0.0/8|"),
    REFUSED(HOST, "https://example.org/", HOSTS "example.org"),
    REFUSED(HOST, "example.org:80", HOSTS "example.org"),
    REFUSED(HOST, "example.org.", HOSTS "example.org"),
    REFUSED(HOST, "a..b", HOSTS),
    REFUSED(HOST, ".a", HOSTS),
    REFUSED(HOST, "*.", HOSTS "*"),
    REFUSED(HOST, "a.*", HOSTS),
    REFUSED(HOST, "*.*.a", HOSTS),
    REFUSED(HOST, "a b", "a host is written in its ASCII form (xn--...)|"),
    REFUSED(HOST,
            "b\xc3\xbc"
            "cher.example",
            "a host is written in its ASCII form (xn--...)|"),
    REFUSED(HOST, "", HOSTS),
    REFUSED(UPSTREAM, "localhost:3000",
            "it must begin with \"http://\", \"https://\" or \"http+unix:\"|http://localhost:3000"),
    REFUSED(UPSTREAM, "https://app/x",
            "it may have no path: requests go on with the path they came with|"),
    REFUSED(UPSTREAM, "http://app/x",
            "it may have no path: requests go on with the path they came with|"),
    REFUSED(LOCATION, "example.org", "expected a URL or a path that begins with /|"),
    REFUSED(LOCATION, "/a b", "a URL has no blanks, and other than ASCII only escaped|"),
    REFUSED(LOCATION, "/a\r\nb", "a URL has no blanks, and other than ASCII only escaped|"),
    REFUSED(LOCATION, "javascript:alert(1)", "expected a URL or a path that begins with /|"),
    REFUSED(PATH, "static", "expected a path that begins with /|/static"),
    REFUSED(PATH, "", "expected a path that begins with /|/"),
    REFUSED(PATH, "/a?b", "a route's path has neither query nor fragment|/a"),
    REFUSED(PATH, "/a/*", "a route has all that is below its path; it is no pattern|/a/"),
    REFUSED(PATH, "/100%", "a \"%\" in a path begins an escape such as %20|"),
    REFUSED(PATH, "/%00", "a \"%\" in a path begins an escape such as %20|"),
    REFUSED(DIRECTORY, "none", "No such file or directory (sought in @)|"),
    REFUSED(DIRECTORY, "f", "Not a directory (sought in @)|"),
    REFUSED(DIRECTORY, "/none", "No such file or directory|"),
    REFUSED(DIRECTORY, "~/site", "\"~\" is not put in; write the whole path|"),
    REFUSED(DIRECTORY, "", "expected a directory|"),
    REFUSED(FILE, "none/f", "No such file or directory (sought in @)|"),
    REFUSED(FILE, "f/f", "Not a directory (sought in @)|"),
    REFUSED(FILE, "d", "Is a directory (sought in @)|"),
    REFUSED(FILE_OR_OFF, "none/f", "No such file or directory (sought in @)|"),
    REFUSED(READABLE, "none", "No such file or directory (sought in @)|"),
    REFUSED(READABLE_OR_OFF, "none", "No such file or directory (sought in @)|"),
    REFUSED(SOCKET,
            "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaaaaa"
            "aaaaaaaaaaaaaaa",
            "the path of the socket is too long (107 bytes at most)|"),
    REFUSED(REGEX, "(", "missing closing parenthesis (at octet 2)|"),
    REFUSED(REGEX, "[a", "missing terminating ] for character class (at octet 3)|"),
    REFUSED(REGEX, "", "expected a regular expression|"),
    REFUSED(GLOB, "/img/*", "the paths of files have no slash in front|img/*"),
    REFUSED(GLOB, "", "expected a pattern such as img/*|"),
    REFUSED(ORIGIN, "https://example.org/", ORIGINS "https://example.org"),
    REFUSED(ORIGIN, "example.org", ORIGINS),
    REFUSED(ORIGIN, "https://a b", ORIGINS),
    REFUSED(ORIGIN, "https://", ORIGINS),
    REFUSED(TOKEN, "a b", "expected a word of letters, digits and -._|"),
    REFUSED(TOKEN, "", "expected a word of letters, digits and -._|"),
    REFUSED(FIELD, "a\nb", "expected the value of a field, without control characters|"),
    REFUSED(UPSTREAM, "http://${HOST}:80", "the environment is not put in; write the value|"),
    REFUSED(PORT, "${PORT}", "the environment is not put in; write the value|"),
    REFUSED(DIRECTORY, "${HOME}/x", "the environment is not put in; write the value|"),
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        const struct refused_row *row = &refused[i];
        struct configvalue value;
        struct configfault fault;
        char got[512];
        check_row(row, read_value(row->type, row->name, &value, &fault) == CONFIGVALUE_FAULT);
        snprintf(got, sizeof got, "%s|%s", fault.words, fault.hint);
        if (strcmp(got, whole(row->want)) != 0)
            fail_msg("%s (%s): %s", row->id, row->name, got);
    }
}

/* Every hint is something that the type takes. */
static void test_hints_are_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        const struct refused_row *row = &refused[i];
        struct configvalue value;
        struct configfault fault;
        char hint[CONFIG_HINT];
        read_value(row->type, row->name, &value, &fault);
        memcpy(hint, fault.hint, sizeof hint);
        if (hint[0])
            check_row(row, read_value(row->type, hint, &value, &fault) == CONFIGVALUE_READ);
    }
}

static void test_every_type(void **state)
{
    bool seen[CONFIGTYPES] = {false};
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++)
        seen[refused[i].type] = true;
    seen[CONFIGTYPE_TEXT] = true; /* takes all */
    for (int type = 0; type < CONFIGTYPES; type++) {
        if (!seen[type])
            fail_msg("%s", configtype_name((enum configtype)type));
    }
}

static void test_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(taken); i++) {
        for (uint64_t nth = 1;; nth++) {
            struct configvalue value;
            struct configfault fault;
            arena_fini(&arena);
            memory_fail_nth(nth);
            const enum configvalue_outcome outcome =
                read_value(taken[i].type, taken[i].name, &value, &fault);
            const uint64_t made = memory_count();
            memory_fail_nth(0);
            if (made < nth) {
                check_row(&taken[i], outcome == CONFIGVALUE_READ);
                break;
            }
            check_row(&taken[i], outcome == CONFIGVALUE_NO_MEMORY || fault.words[0]);
        }
    }
}

static int setup(void **state)
{
    char path[sizeof place + 8];
    (void)state;
    arena_init(&arena, 1 << 20);
    if (!mkdtemp(place))
        return -1;
    snprintf(path, sizeof path, "%s/d", place);
    if (mkdir(path, 0700) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/f", place);
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    char path[sizeof place + 8];
    (void)state;
    arena_fini(&arena);
    snprintf(path, sizeof path, "%s/f", place);
    unlink(path);
    snprintf(path, sizeof path, "%s/d", place);
    rmdir(path);
    return rmdir(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),      cmocka_unit_test(test_networks),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_hints_are_right),
        cmocka_unit_test(test_every_type), cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
