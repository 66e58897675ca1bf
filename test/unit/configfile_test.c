/* The configuration file: what is wrong with it, where, and what was probably meant. */
#include "serve/configfile.h"

#include "base/memory.h"
#include "table.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_errors(const struct config_errors *errors, char *to, size_t room)
{
    size_t used = 0;
    to[0] = '\0';
    for (size_t i = 0; i < errors->count && used < room; i++)
        used += (size_t)snprintf(to + used, room - used, "%u:%u: %s\n", errors->at[i].line,
                                 errors->at[i].column, errors->at[i].text);
}

static struct config *read_text(const char *text, struct config_errors *errors)
{
    return config_read_text(stet_span_of(text), "stet.yaml", errors);
}

struct row {
    const char *id;
    const char *name;
    const char *text;
    const char *errors; /* "LINE:COLUMN: TEXT\n" each; "": none */
};

#define APP "proxy: http://app\n"

static const struct row rows[] = {
    {"short", "a proxy", "proxy: http://app\n", ""},
    {"short", "two servers", "proxy: [http://app1, http://app2]\n", ""},
    {"short", "files", "files: .\n", ""},
    {"short", "a redirect", "redirect: https://example.org/\n", ""},
    {"short", "a response", "respond: 404\n", ""},
    {"short", "log and cache", "log: json\nproxy: {to: http://app, cache: false}\n", ""},
    {"short", "routes of one site",
     "routes:\n  - proxy: http://app\n  - path: /static/\n    files: .\n", ""},
    {"short", "a forward proxy", "forward: {}\n", ""},
    {"short", "the same in JSON", "{\"proxy\": {\"to\": [\"http://app\"]}}", ""},
    {"sites", "several",
     "sites:\n  - hosts: [example.org, '*.example.org']\n    proxy: http://app\n"
     "  - hosts: static.example\n    routes: [{path: /, files: .}]\n  - respond: 421\n",
     ""},
    {"sites", "one route for two sites, by an alias",
     "sites:\n  - hosts: a.example\n    routes: [&app {path: /, proxy: http://app}]\n"
     "  - hosts: b.example\n    routes: [*app, {path: /x, respond: 204}]\n",
     ""},

    {"key", "unknown", "frob: 1\n" APP,
     "1:1: unknown key \"frob\"; possible here: listen, tls-listen, tls-minimum-version, tls, "
     "workers, "
     "memory and others\n"},
    {"key", "misspelt", "lisen: :80\n" APP,
     "1:1: unknown key \"lisen\"; did you mean \"listen\"?\n"},
    {"key", "in upper case", "Listen: :80\n" APP,
     "1:1: unknown key \"Listen\"; did you mean \"listen\"?\n"},
    {"key", "with an underscore", "proxy: {to: http://app, cache: {object_max: 1MiB}}\n",
     "1:33: unknown key \"object_max\"; did you mean \"object-max\"?\n"},
    {"key", "as the flag is written", "limits: {header_timeout: 5s}\n" APP,
     "1:10: unknown key \"header_timeout\"; did you mean \"header-timeout\"?\n"},
    {"key", "in the wrong place", "proxy: http://app\nsynthesize: false\n",
     "2:1: unknown key \"synthesize\"; it belongs in \"cache\"\n"},
    {"key", "in the wrong place, too deep", "proxy: {to: http://app, purge-from: unix}\n",
     "1:25: unknown key \"purge-from\"; it belongs at the top of the file\n"},
    {"key", "in a small place", "log: {frob: 1}\n" APP,
     "1:7: unknown key \"frob\"; possible here: format, file\n"},
    {"key", "merged", "proxy: {to: http://app, <<: {via: true}}\n",
     "1:25: unknown key \"<<\"; mappings are not merged, an alias stands for a whole one\n"},
    {"key", "twice", "proxy: http://a\nquiet: true\nproxy: http://b\n",
     "3:1: key \"proxy\" twice; the first one is in line 1\n"},
    {"key", "of a terminal", "\"\\e[31m\": 1\n" APP,
     "1:1: unknown key \"?[31m\"; possible here: listen, tls-listen, tls-minimum-version, tls, "
     "workers, "
     "memory and others\n"},

    {"type", "a unit that is none", "memory: 64MB\n" APP,
     "1:9: memory \"64MB\": expected a size such as 4096, 64KiB or 1GiB, from 1MiB to 1TiB; did "
     "you "
     "mean \"64MiB\"?\n"},
    {"type", "a limit without its unit", "limits:\n  header-timeout: 15\n" APP,
     "2:19: header-timeout \"15\": expected a duration such as 250ms, 30s, 5m or 1d, from 10ms to "
     "1d; did you mean \"15s\"?\n"},
    {"type", "a limit out of bounds", "limits: {head-size: 12}\n" APP,
     "1:21: head-size \"12\": expected a size such as 4096, 64KiB or 1GiB, from 1KiB to 16MiB\n"},
    {"type", "yes", "quiet: yes\n" APP,
     "1:8: quiet \"yes\": expected true or false; did you mean \"true\"?\n"},
    {"type", "off for a boolean", "proxy: {to: http://app, upgrade: off}\n",
     "1:34: upgrade \"off\": expected true or false; did you mean \"false\"?\n"},
    {"type", "no as a word", "log: no\n" APP,
     "1:6: format \"no\": expected off, combined or json\n"},
    {"type", "a word misspelt", "log: {format: jsn}\n" APP,
     "1:15: format \"jsn\": expected off, combined or json; did you mean \"json\"?\n"},
    {"type", "1.0 as a number", "workers: 1.0\n" APP,
     "1:10: workers \"1.0\": expected auto or a number, from 1 to 256\n"},
    {"type", "an octal number is decimal", "workers: 010\n" APP, ""},
    {"type", "nothing", "memory:\n" APP,
     "1:8: memory: nothing here; expected a size such as 4096, 64KiB or 1GiB, from 1MiB to 1TiB\n"},
    {"type", "null", "memory: ~\n" APP,
     "1:9: memory \"~\": expected a size such as 4096, 64KiB or 1GiB, from 1MiB to 1TiB\n"},
    {"type", "a list for a value", "memory: [1MiB]\n" APP,
     "1:9: memory: a list here; expected a size such as 4096, 64KiB or 1GiB, from 1MiB to 1TiB\n"},
    {"type", "a mapping for a value", "memory: {}\n" APP,
     "1:9: memory: a mapping here; expected a size such as 4096, 64KiB or 1GiB, from 1MiB to "
     "1TiB\n"},
    {"type", "a text for a mapping", "limits: strict\n" APP,
     "1:9: limits: a text here; expected a mapping, {} for all defaults\n"},
    {"type", "nothing for a mapping", "forward:\n" APP,
     "1:9: forward: nothing here; expected a mapping, {} for all defaults\n"},
    {"type", "a list for a mapping", "files: [a]\n",
     "1:8: files: a list here; expected a mapping, {} for all defaults\n"},
    {"type", "a mapping for a list", "routes:\n  path: /\n  files: .\n",
     "2:3: routes: a mapping here; expected a list, each item behind a \"- \"\n"},
    {"type", "a list for free keys", "files: {directory: ., cache-control: [a]}\n",
     "1:38: cache-control: a list here; expected a mapping\n"},
    {"type", "an item that is a list", "trusted: [[a]]\n" APP,
     "1:11: trusted: a list here; expected an address, a network such as 10.0.0.0/8, or unix\n"},
    {"type", "the environment", "listen: :${PORT}\n" APP,
     "1:9: listen \":${PORT}\": the environment is not put in; write the value\n"},
    {"type", "a tag", "workers: !!int 4\n" APP,
     "1:10: tag \"!!int\": none is needed, each key knows the type of its value\n"},
    {"type", "a list that is empty", "listen: []\n" APP, "1:9: listen: an empty list\n"},
    {"type", "a list that is long",
     "proxy: [http://a, http://b, http://c, http://d, http://e, http://f, http://g, http://h,\n"
     "  http://i, http://j, http://k, http://l, http://m, http://n, http://o, http://p, "
     "http://q]\n",
     "1:8: to: 17 in the list, at most 16\n"},

    {"missing", "an empty file", "", "0:0: there is nothing in it\n"},
    {"missing", "only comments", "# proxy: http://app\n", "0:0: there is nothing in it\n"},
    {"missing", "everything", "{}\n",
     "1:1: nothing to serve: no sites, routes, files, proxy, redirect, respond or forward\n"},
    {"missing", "all but a port", "listen: :80\n",
     "1:1: nothing to serve: no sites, routes, files, proxy, redirect, respond or forward\n"},
    {"missing", "a list of settings", "- proxy: http://app\n",
     "1:1: a list here; expected keys with values, such as \"proxy: http://localhost:3000\"\n"},
    {"missing", "a sentence", "proxy http://app\n",
     "1:1: a text here; expected keys with values, such as \"proxy: http://localhost:3000\"\n"},
    {"missing", "the directory", "files: {browse: true}\n",
     "1:8: files: \"directory\" is missing; expected a directory\n"},
    {"missing", "the servers", "proxy: {}\n",
     "1:8: proxy: \"to\" is missing; expected a URL such as http://localhost:3000 or "
     "http+unix:/run/app.sock\n"},
    {"missing", "the target", "redirect: {status: 301}\n",
     "1:11: redirect: \"to\" is missing; expected a URL or a path that begins with /\n"},
    {"missing", "the routes of a site", "sites:\n  - hosts: a\n",
     "2:5: a site without routes: no routes, files, proxy, redirect or respond\n"},
    {"missing", "all routes", "sites:\n  - routes: []\n", "2:13: routes: an empty list\n"},
    {"missing", "all sites", "sites: []\n", "1:8: sites: an empty list\n"},
    {"missing", "the content of a route", "routes:\n  - path: /a\n",
     "2:5: a route that leads nowhere: no files, proxy, redirect or respond\n"},

    {"contradiction", "two kinds of a route", "routes:\n  - files: .\n    proxy: http://app\n",
     "3:5: \"proxy\" beside \"files\" of line 2: only one of them can be\n"},
    {"contradiction", "routes and more", "routes:\n  - files: .\nproxy: http://app\n",
     "3:1: \"proxy\" beside \"routes\" of line 1: only one of them can be\n"},
    {"contradiction", "sites and a short form", "proxy: http://app\nsites:\n  - files: .\n",
     "2:1: \"sites\" beside \"proxy\" of line 1: only one of them can be\n"},
    {"contradiction", "two routes with one path",
     "routes:\n  - files: .\n  - path: /a\n    files: .\n  - path: /%61\n    proxy: http://app\n"
     "  - path: /b/../\n    respond: 404\n",
     "5:11: two routes of a site with the path \"/a\"; the first one is in line 3\n"
     "7:11: two routes of a site with the path \"/\"; the first one is in line 2\n"},
    {"contradiction", "a path and what is below it are two",
     "routes: [{path: /a, respond: 200}, {path: /a/, respond: 200}]\n", ""},
    {"contradiction", "one path in two sites",
     "sites:\n  - {hosts: a, files: .}\n  - {hosts: b, files: .}\n", ""},
    {"contradiction", "a path that is wrong is not also there twice",
     "routes:\n  - files: .\n  - path: static\n    files: .\n",
     "3:11: path \"static\": expected a path that begins with /; did you mean \"/static\"?\n"},
    {"contradiction", "a host twice",
     "sites:\n  - hosts: [a.example, A.Example]\n    files: .\n  - hosts: a.example\n    files: "
     ".\n",
     "2:24: host \"a.example\" twice; the first one is in line 2\n"
     "4:12: host \"a.example\" twice; the first one is in line 2\n"},
    {"contradiction", "two sites for all hosts", "sites:\n  - files: .\n  - proxy: http://app\n",
     "3:5: host \"*\" twice; the first one is in line 2\n"},
    {"contradiction", "a server twice", "proxy: [http://app, http://app]\n",
     "1:21: to \"http://app\" twice\n"},
    {"contradiction", "an address twice", "listen: [':80', ':80']\n" APP,
     "1:17: listen \":80\" twice\n"},
    {"contradiction", "a lifetime twice",
     "proxy: {to: http://app, cache: {lifetimes: {404: 5m, 0404: 1m}}}\n",
     "1:54: lifetimes \"404\" twice\n"},
    {"contradiction", "a lifetime for what is never stored",
     "proxy: {to: http://app, cache: {lifetimes: {304: 5m}}}\n",
     "1:45: lifetimes \"304\": responses with this status are never stored\n"},
    {"contradiction", "noise without effect",
     "proxy: {to: http://app, cache: {ignore: a, synthesize: false}}\n",
     "1:33: ignore: without effect where synthesize is false\n"},
    {"contradiction", "a condition for everyone", "respond: 304\n",
     "1:10: status \"304\": this depends on what the request asks for\n"},
    {"contradiction", "a redirect to itself", "redirect: /new\n",
     "1:11: to \"/new\": leads to the route at \"/\" itself, round and round\n"},
    {"contradiction", "a redirect to itself, by another spelling",
     "routes:\n  - {path: /a/, redirect: /%61/b?c}\n",
     "2:27: to \"/%61/b?c\": leads to the route at \"/a/\" itself, round and round\n"},
    {"contradiction", "a redirect to another route",
     "routes:\n  - {path: /, redirect: /new/}\n  - {path: /new, files: .}\n", ""},

    {"itself", "by default", "proxy: http://localhost:8080\n",
     "1:8: to \"http://localhost:8080\": this is stet itself, which listens on 127.0.0.1:8080\n"},
    {"itself", "by address", "listen: 127.0.0.1:3000\nproxy: http://127.0.0.1:3000\n",
     "2:8: to \"http://127.0.0.1:3000\": this is stet itself, which listens on 127.0.0.1:3000\n"},
    {"itself", "by every address", "listen: :80\nproxy: http://127.0.0.7\n",
     "2:8: to \"http://127.0.0.7\": this is stet itself, which listens on :80\n"},
    {"itself", "by its socket", "listen: unix:/run/a\nproxy: http+unix:/run/a\n",
     "2:8: to \"http+unix:/run/a\": this is stet itself, which listens on unix:/run/a\n"},
    {"itself", "another port", "listen: :80\nproxy: http://localhost:81\n", ""},
    {"itself", "another address", "listen: 127.0.0.1:80\nproxy: http://127.0.0.2\n", ""},
    {"itself", "another machine", "listen: :80\nproxy: http://192.0.2.1\n", ""},

    {"machine", "a directory that is not there", "files: /nonexistent/here\n",
     "1:8: directory \"/nonexistent/here\": No such file or directory\n"},
    {"machine", "a file for a directory", "files: /dev/null\n",
     "1:8: directory \"/dev/null\": Not a directory\n"},
    {"machine", "a log nowhere", "log: {file: /nonexistent/log}\n" APP,
     "1:13: file \"/nonexistent/log\": No such file or directory\n"},

    {"network", "a port out of range", "listen: 127.0.0.1:65536\n" APP,
     "1:9: listen \"127.0.0.1:65536\": the port is not a number from 0 to 65535\n"},
    {"network", "a port of CONNECT", "forward: {connect-ports: [443, 0]}\n",
     "1:32: connect-ports \"0\": expected the number of a port, from 1 to 65535\n"},
    {"network", "metrics for everyone", "admin: {metrics: ':6081'}\n" APP,
     "1:18: metrics \":6081\": expected an address of this machine, such as 127.0.0.1:9304; did "
     "you "
     "mean \"127.0.0.1:6081\"?\n"},
    {"network", "a URL with a path", "proxy: http://app/v1\n",
     "1:8: to \"http://app/v1\": it may have no path: requests go on with the path they came "
     "with\n"},

    {"alias", "errors stand where it is written",
     "sites:\n  - hosts: a\n    routes: &r [{path: x, files: .}]\n  - hosts: b\n    routes: *r\n",
     "3:24: path \"x\": expected a path that begins with /; did you mean \"/x\"?\n"
     "3:24: path \"x\": expected a path that begins with /; did you mean \"/x\"?\n"},
    {"alias", "of the wrong type", "memory: &m 64MiB\nlimits: *m\n" APP,
     "2:9: limits: a text here; expected a mapping, {} for all defaults\n"},

    {"many", "in the order of the file, whatever is found first",
     "quiet: 1\nsites:\n  - hosts: 'a:1'\n    proxy: app\nworkers: 0\nsite: 1\nlog: x\n",
     "1:8: quiet \"1\": expected true or false; did you mean \"true\"?\n"
     "3:12: hosts \"a:1\": expected a host without scheme, port and path; did you mean \"a\"?\n"
     "4:12: to \"app\": it must begin with \"http://\", \"https://\" or \"http+unix:\"; did you "
     "mean "
     "\"http://app\"?\n"
     "5:10: workers \"0\": expected auto or a number, from 1 to 256\n"
     "6:1: unknown key \"site\"; did you mean \"sites\"?\n"
     "7:6: format \"x\": expected off, combined or json\n"},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_errors errors;
        char got[4096];
        struct config *config = read_text(rows[i].text, &errors);
        write_errors(&errors, got, sizeof got);
        if (strcmp(got, rows[i].errors) != 0)
            fail_msg("%s (%s):\n%s", rows[i].id, rows[i].name, got);
        check_row(&rows[i], (config != NULL) == (errors.count == 0));
        config_unref(config);
    }
}

/* More than twenty are counted. */
static void test_many(void **state)
{
    struct config_errors errors;
    char text[1024] = APP;
    (void)state;
    for (int i = 0; i < 30; i++) {
        const size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "frob%d: %d\n", i, i);
    }
    assert_null(read_text(text, &errors));
    assert_int_equal(errors.count, CONFIG_ERRORS_MAX);
    assert_int_equal(errors.more, 10);
    assert_int_equal(errors.at[0].line, 2);
    assert_int_equal(errors.at[CONFIG_ERRORS_MAX - 1].line, 1 + CONFIG_ERRORS_MAX);
}

static void test_files(void **state)
{
    static char place[] = "/tmp/stet-configfile-XXXXXX";
    struct config_errors errors;
    char path[64], got[1024];
    (void)state;
    assert_null(config_read("/nonexistent/stet.yaml", &errors));
    write_errors(&errors, got, sizeof got);
    assert_string_equal(got, "0:0: cannot be read: No such file or directory\n");
    assert_null(config_read("/tmp", &errors));
    write_errors(&errors, got, sizeof got);
    assert_string_equal(got, "0:0: cannot be read: Is a directory\n");
    assert_null(config_read("/dev/zero", &errors));
    write_errors(&errors, got, sizeof got);
    assert_string_equal(got, "0:0: larger than 1 MiB: this is no configuration\n");
    assert_non_null(mkdtemp(place));
    snprintf(path, sizeof path, "%s/a.yaml", place);
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "files: .\n", 9), 9);
    close(fd);
    struct config *config = config_read(path, &errors);
    assert_non_null(config);
    assert_string_equal(config->path, path);
    const size_t size = strlen(place);
    assert_memory_equal(config->sites[0].routes[0].directory, place, size);
    assert_string_equal(config->sites[0].routes[0].directory + size, "/.");
    config_unref(config);
    unlink(path);
    rmdir(place);
}

/* Relative paths begin where the file is, and do not move with the process. */
static void test_relative(void **state)
{
    static const struct {
        const char *id, *name, *want;
    } places[] = {
        {"relative", "stet.yaml", "/tmp"},     {"relative", "none/stet.yaml", "/tmp/none"},
        {"relative", "./stet.yaml", "/tmp/."}, {"relative", "/none/stet.yaml", "/none"},
        {"relative", "/stet.yaml", "/"},
    };
    (void)state;
    assert_int_equal(chdir("/tmp"), 0);
    for (size_t i = 0; i < COUNT(places); i++) {
        struct config_errors errors;
        char want[128];
        assert_null(config_read_text(STET_SPAN("files: no-such"), places[i].name, &errors));
        snprintf(want, sizeof want,
                 "directory \"no-such\": No such file or directory (sought in %s)", places[i].want);
        check_row(&places[i], strcmp(errors.at[0].text, want) == 0);
    }
}

/* Whichever allocation fails: all is given back, and it is said that memory was out. */
static void test_memory(void **state)
{
    static const char *const texts[] = {
        "listen: [':80', 'unix:x']\nlog: {format: json, file: x}\nlimits: {head-size: 32KiB}\n"
        "trusted: ['::1', 10.0.0.0/8]\npurge-from: unix\nadmin: {socket: x, metrics: '[::1]:1'}\n"
        "forward: {from: 10.0.0.0/8, connect-ports: [443, 8443], name: a}\n"
        "sites:\n  - hosts: [a, '*.b']\n    routes:\n      - path: /x/\n"
        "        files: {directory: ., cache-control: {'*': no-cache}, memo: off, cors: '*'}\n"
        "      - proxy:\n          to: [http://a, 'http+unix:b']\n          cache:\n"
        "            ignore: ['a+', 'b']\n            lifetimes: {404: 5m, 410: 1h}\n"
        "            partition: p\n      - {path: /y, redirect: /z/}\n"
        "      - {path: /w, respond: {status: 503, text: later, type: text/plain}}\n"
        "  - files: &f {directory: .}\n  - {hosts: c, files: *f}\n",
        "frob: 1\nproxy: {to: app, cache: {ignore: '('}}\nlisten: 80\nsites: []\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        uint64_t nth = 1, made = 0;
        do {
            struct config_errors errors;
            memory_fail_nth(nth);
            struct config *config = read_text(texts[i], &errors);
            made = memory_count();
            memory_fail_nth(0);
            assert_int_equal(config == NULL, errors.count > 0);
            if (made >= nth && config)
                fail_msg("%zu: allocation %llu", i, (unsigned long long)nth);
            if (made < nth && (config != NULL) != (i == 0))
                fail_msg("%zu: %s", i, errors.at[0].text);
            config_unref(config);
        } while (nth++ <= made);
        assert_true(nth > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors), cmocka_unit_test(test_many),
        cmocka_unit_test(test_files),  cmocka_unit_test(test_relative),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
