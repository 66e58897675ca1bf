/* stet serve: a directory as an origin server.
 */
#include "cli/commands.h"
#include "base/units.h"
#include "io/sock.h"
#include "serve/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SERVE_RULES_MAX 64

struct serve_command {
    struct server_options server;
    struct files_rule rules[SERVE_RULES_MAX];
    bool no_memo;
    bool show_limits;
    char memo[4096];
};

static const char *serve_listen(void *target, const char *value)
{
    struct server_options *server = &((struct serve_command *)target)->server;
    const char *complaint = listener_complaint(value);
    if (complaint)
        return complaint;
    if (server->listen_count == sizeof server->listen / sizeof *server->listen)
        return "too many addresses";
    for (size_t i = 0; i < server->listen_count; i++) {
        if (strcmp(server->listen[i], value) == 0)
            return "this address was given before";
    }
    server->listen[server->listen_count++] = value;
    return NULL;
}

static const char *serve_workers(void *target, const char *value)
{
    struct serve_command *serve = target;
    uint64_t number = 0;
    if (strcmp(value, "auto") != 0 && !units_number(value, 1, 256, &number))
        return "expected auto or a number from 1 to 256";
    serve->server.workers = (unsigned)number;
    return NULL;
}

static const char *serve_log(void *target, const char *value)
{
    static const char *const formats[] = {"off", "combined", "json"};
    struct serve_command *serve = target;
    for (int i = 0; i < 3; i++) {
        if (strcmp(value, formats[i]) != 0)
            continue;
        serve->server.log = (enum accesslog_format)i;
        return NULL;
    }
    return "expected off, combined or json";
}

static const char *serve_log_file(void *target, const char *value)
{
    ((struct serve_command *)target)->server.log_path = value;
    return NULL;
}

static const char *serve_memo(void *target, const char *value)
{
    struct serve_command *serve = target;
    serve->no_memo = strcmp(value, "off") == 0;
    serve->server.files.memo_path = serve->no_memo ? NULL : value;
    return NULL;
}

/* A value goes into a field: nothing that ends a line may be in it. */
static bool serve_field_value(const char *value)
{
    for (; *value; value++) {
        if ((unsigned char)*value < 0x20 || *value == 0x7f)
            return false;
    }
    return true;
}

static const char *serve_cache_control(void *target, const char *value)
{
    struct serve_command *serve = target;
    struct files_options *files = &serve->server.files;
    const char *equals = strchr(value, '=');

    if (!equals || equals == value || !serve_field_value(value))
        return "expected GLOB=VALUE, for example 'img/*=max-age=3600'";
    if (files->rule_count == SERVE_RULES_MAX)
        return "too many rules";
    char *glob = strndup(value, (size_t)(equals - value)); /* lives as long as the process */
    if (!glob)
        return "out of memory";
    serve->rules[files->rule_count++] = (struct files_rule){glob, equals + 1};
    files->rules = serve->rules;
    return NULL;
}

static const char *serve_cors(void *target, const char *value)
{
    if (!serve_field_value(value) || !*value || strlen(value) > 64)
        return "expected * or one origin such as https://example.org";
    ((struct serve_command *)target)->server.files.cors = value;
    return NULL;
}

static const char *serve_browse(void *target, const char *value)
{
    (void)value;
    ((struct serve_command *)target)->server.files.browse = true;
    return NULL;
}

static const char *serve_spa(void *target, const char *value)
{
    (void)value;
    ((struct serve_command *)target)->server.files.spa = true;
    return NULL;
}

static const char *serve_no_compress(void *target, const char *value)
{
    (void)value;
    ((struct serve_command *)target)->server.files.compress = false;
    return NULL;
}

static const char *serve_memory(void *target, const char *value)
{
    struct serve_command *serve = target;
    return units_size(value, &serve->server.files.bytes_in_memory)
               ? NULL
               : "expected a size such as 256MiB";
}

static const char *serve_quiet(void *target, const char *value)
{
    (void)value;
    ((struct serve_command *)target)->server.quiet = true;
    return NULL;
}

static bool serve_read_limit(const struct limits_row *row, const char *value, uint64_t *number)
{
    if (strcmp(row->unit, "ms") == 0)
        return units_duration(value, number);
    if (strcmp(row->unit, "bytes") == 0)
        return units_size(value, number);
    return units_number(value, 0, UINT64_MAX, number);
}

static const char *serve_limit_complaint(const struct limits_row *row)
{
    static char text[100];
    const char *form = "a number";
    if (strcmp(row->unit, "ms") == 0)
        form = "a duration such as 500ms or 15s";
    else if (strcmp(row->unit, "bytes") == 0)
        form = "a size such as 64KiB";
    snprintf(text, sizeof text, "expected %s, from %llu to %llu %s", form,
             (unsigned long long)row->least, (unsigned long long)row->most, row->unit);
    return text;
}

/* The place of a limit in the struct is its place in the table. */
static const char *serve_set_limit(struct limits *limits, const struct limits_row *row,
                                   size_t index, const char *value)
{
    uint64_t number;
    if (!serve_read_limit(row, value, &number) || number < row->least || number > row->most)
        return serve_limit_complaint(row);
    ((uint64_t *)(void *)limits)[index] = number;
    return NULL;
}

static const char *serve_limit(void *target, const char *value)
{
    struct serve_command *serve = target;
    const char *equals = strchr(value, '=');
    const struct limits_row *row;

    if (strcmp(value, "help") == 0) {
        serve->show_limits = true;
        return NULL;
    }
    if (!equals)
        return "expected NAME=VALUE, or help for the table";
    for (size_t i = 0; (row = limits_row(i)); i++) {
        if (strlen(row->name) != (size_t)(equals - value) ||
            strncmp(row->name, value, strlen(row->name)) != 0)
            continue;
        return serve_set_limit(&serve->server.limits, row, i, equals + 1);
    }
    return "no such limit ('--limit help' prints the table)";
}

static int serve_print_limits(void)
{
    const struct limits_row *row;
    printf("%-24s %10s %6s %14s %-12s %s\n", "limit", "default", "least", "most", "unit",
           "bounds -> past it");
    for (size_t i = 0; (row = limits_row(i)); i++)
        printf("%-24s %10llu %6llu %14llu %-12s %s -> %s\n", row->name,
               (unsigned long long)row->value, (unsigned long long)row->least,
               (unsigned long long)row->most, row->unit, row->what, row->past);
    return 0;
}

static const struct option_row serve_options[] = {
    {"listen", 'l', "ADDRESS",
     "HOST:PORT, [V6]:PORT, :PORT or unix:PATH; may repeat\n"
     "(default: 127.0.0.1:8080 and [::1]:8080)",
     serve_listen},
    {"workers", 'w', "N|auto", "threads that answer (default: auto, one a processor)",
     serve_workers},
    {"log", 0, "off|combined|json", "access log (default: off)", serve_log},
    {"log-file", 0, "PATH", "where the access log goes (default: standard output)", serve_log_file},
    {"cache-control", 'c', "GLOB=VALUE",
     "Cache-Control for matching paths, e.g. 'img/*=max-age=3600';\n"
     "may repeat, the first match decides (default: no-cache, and\n"
     "max-age=31536000, immutable for names with a fingerprint)",
     serve_cache_control},
    {"browse", 0, NULL, "list directories that have no index.html", serve_browse},
    {"spa", 0, NULL, "paths that lead nowhere give /index.html", serve_spa},
    {"cors", 0, "ORIGIN", "send Access-Control-Allow-Origin: ORIGIN", serve_cors},
    {"no-compress", 0, NULL, "make no gzip, brotli or zstd variants", serve_no_compress},
    {"memory", 'm', "SIZE", "for contents kept in memory (default: 256MiB)", serve_memory},
    {"memo", 0, "PATH|off",
     "where content hashes are remembered over restarts\n"
     "(default: a file in $XDG_CACHE_HOME/stet)",
     serve_memo},
    {"limit", 0, "NAME=VALUE", "change a limit; 'help' prints the table", serve_limit},
    {"quiet", 'q', NULL, "no notices and no progress on standard error", serve_quiet},
    {NULL, 0, NULL, NULL, NULL},
};

/* FNV-1a: tells directories apart in the name of the memo; the memo itself checks whose it is. */
static uint64_t serve_name_hash(const char *text)
{
    uint64_t hash = 14695981039346656037ull;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211ull;
    return hash;
}

/* The memo's default place; none when there is no home to put it in. */
static const char *serve_default_memo(struct serve_command *serve)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char directory[3072];
    char *real = realpath(serve->server.directory, NULL);
    const char *result = NULL;
    int size = -1;

    if (cache && *cache == '/')
        size = snprintf(directory, sizeof directory, "%s", cache);
    else if (home && *home == '/')
        size = snprintf(directory, sizeof directory, "%s/.cache", home);
    if (real && size > 0 && (size_t)size < sizeof directory - 8) {
        mkdir(directory, 0700);
        memcpy(directory + size, "/stet", 6);
        mkdir(directory, 0700);
        snprintf(serve->memo, sizeof serve->memo, "%s/serve-%016llx.memo", directory,
                 (unsigned long long)serve_name_hash(real));
        result = serve->memo;
    }
    free(real);
    return result;
}

static int serve_run(int argc, char **argv)
{
    static struct serve_command serve;
    int operand;

    serve.server = server_options_default();
    serve.server.files.mime_types = "/etc/mime.types";
    int result = options_parse(&command_serve, argc, argv, &serve, &operand);
    if (result != OPTIONS_GO_ON)
        return result;
    if (serve.show_limits)
        return serve_print_limits();
    if (argc - operand > 1)
        return options_error(&command_serve, "one directory, please", argv[operand + 1]);
    if (operand < argc)
        serve.server.directory = argv[operand];
    if (!serve.server.files.memo_path && !serve.no_memo)
        serve.server.files.memo_path = serve_default_memo(&serve);
    return server_run(&serve.server);
}

const struct command command_serve = {
    .name = "serve",
    .usage = "[OPTION]... [DIR]",
    .summary = "Serve a directory so that a 304 is never wrong and a 200 never needless.",
    .details = "Without DIR the current directory is served. Signals: TERM finishes requests\n"
               "in progress and ends, INT ends at once, HUP looks at the tree anew, USR1\n"
               "reopens the log. Exit status: 0 fine, 2 usage, 3 network.\n",
    .options = serve_options,
    .run = serve_run,
};
