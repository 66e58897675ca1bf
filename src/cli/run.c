/* stet run: the whole server, as its configuration file says.
 */
#include "cli/commands.h"
#include "cli/configuration.h"
#include "serve/memoplace.h"
#include "serve/server.h"

#include <stdio.h>

struct run_command {
    const char *path;
    bool test;
    bool json;
    bool quiet;
};

static const char *run_config(void *target, const char *value)
{
    struct run_command *run = target;
    run->path = value;
    return NULL;
}

static const char *run_test(void *target, const char *value)
{
    (void)value;
    ((struct run_command *)target)->test = true;
    return NULL;
}

static const char *run_json(void *target, const char *value)
{
    (void)value;
    ((struct run_command *)target)->json = true;
    return NULL;
}

static const char *run_quiet(void *target, const char *value)
{
    (void)value;
    ((struct run_command *)target)->quiet = true;
    return NULL;
}

static const struct option_row run_options[] = {
    {"config", 'c', "FILE", "the configuration (default: " CONFIGURATION_PATH ")", run_config},
    {"test", 't', NULL, "only check it, as stet check does", run_test},
    {"json", 0, NULL, "with --test: tell it as JSON", run_json},
    {"quiet", 'q', NULL, "no notices and no progress on standard error", run_quiet},
    {NULL, 0, NULL, NULL, NULL},
};

/* Memos whose places are not written down share a directory that is ours to make, also for those
 * that come with another configuration. */
static void run_make_places(void)
{
    char path[MEMOPLACE_PATH];
    if (memoplace_find("/", path))
        memoplace_make(path);
}

static int run_server(const struct run_command *run)
{
    struct config *config = configuration_read(run->path);

    if (!config)
        return SERVER_USAGE;
    config->quiet |= run->quiet;
    run_make_places();
    return server_run(config);
}

static int run_run(int argc, char **argv)
{
    struct run_command run = {.path = CONFIGURATION_PATH};
    int operand;
    const int result = options_parse(&command_run, argc, argv, &run, &operand);

    if (result != OPTIONS_GO_ON)
        return result;
    if (operand < argc)
        return options_error(&command_run, "name the file with -c", argv[operand]);
    if (run.test)
        return configuration_check(run.path, run.json);
    if (run.json)
        return options_error(&command_run, "--json needs --test", NULL);
    return run_server(&run);
}

const struct command command_run = {
    .name = "run",
    .usage = "[OPTION]...",
    .summary = "Run the server that a configuration file describes.",
    .details = "Signals: TERM finishes requests in progress and ends, INT ends at once, HUP\n"
               "reads the configuration anew, USR1 reopens the log. Exit status: 0 fine,\n"
               "2 usage or configuration, 3 network.\n",
    .options = run_options,
    .run = run_run,
};
