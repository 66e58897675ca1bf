/* stet serve: a directory as an origin server.
 */
#include "base/units.h"
#include "cli/commands.h"
#include "cli/serving.h"
#include "serve/memoplace.h"

#include <stdio.h>
#include <string.h>

#define SERVE_RULES_MAX 64

struct serve_command {
    struct serving serving;
    struct config_route *route;
    struct files_rule rules[SERVE_RULES_MAX];
    bool no_memo;
};

static struct files_options *serve_files(void *target)
{
    return &((struct serve_command *)target)->route->files;
}

static const char *serve_memo(void *target, const char *value)
{
    struct serve_command *serve = target;
    serve->no_memo = strcmp(value, "off") == 0;
    serve_files(serve)->memo_path = serve->no_memo ? NULL : value;
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
    struct files_options *files = serve_files(serve);
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
    serve_files(target)->cors = value;
    return NULL;
}

static const char *serve_browse(void *target, const char *value)
{
    (void)value;
    serve_files(target)->browse = true;
    return NULL;
}

static const char *serve_spa(void *target, const char *value)
{
    (void)value;
    serve_files(target)->spa = true;
    return NULL;
}

static const char *serve_no_compress(void *target, const char *value)
{
    (void)value;
    serve_files(target)->compress = false;
    return NULL;
}

static const char *serve_memory(void *target, const char *value)
{
    return units_size(value, &serve_files(target)->bytes_in_memory)
               ? NULL
               : "expected a size such as 256MiB";
}

static const struct option_row serve_options[] = {
    SERVING_ROWS,
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
    SERVING_LAST_ROWS,
};

/* The memo's default place; none when there is nowhere to put it. */
static const char *serve_default_memo(struct serve_command *serve)
{
    char path[MEMOPLACE_PATH];
    if (!memoplace_find(serve->route->directory, path))
        return NULL;
    memoplace_make(path);
    return config_text(serve->serving.config, path);
}

static bool serve_init(struct serve_command *serve)
{
    struct config_site *site;

    if (!serving_init(&serve->serving))
        return false;
    site = config_add_site(serve->serving.config);
    if (site && config_add_host(serve->serving.config, site, "*"))
        serve->route = config_add_route(serve->serving.config, site, "/", CONFIG_FILES);
    if (!serve->route) {
        fputs("stet: out of memory\n", stderr);
        return false;
    }
    serve->route->files.mime_types = "/etc/mime.types";
    return true;
}

static int serve_with(struct serve_command *serve, int argc, char **argv)
{
    int operand;
    int result = options_parse(&command_serve, argc, argv, serve, &operand);

    if (result != OPTIONS_GO_ON)
        return result;
    if (serve->serving.show_limits)
        return serving_print_limits();
    if (argc - operand > 1)
        return options_error(&command_serve, "one directory, please", argv[operand + 1]);
    if (serving_text(&serve->serving, &serve->route->directory,
                     operand < argc ? argv[operand] : "."))
        return options_error(&command_serve, "out of memory", NULL);
    if (!serve->route->files.memo_path && !serve->no_memo)
        serve->route->files.memo_path = serve_default_memo(serve);
    return serving_run(&serve->serving);
}

static int serve_run(int argc, char **argv)
{
    static struct serve_command serve;

    const int status = serve_init(&serve) ? serve_with(&serve, argc, argv) : 2;
    config_unref(serve.serving.config);
    return status;
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
