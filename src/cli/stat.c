/* stet stat: what a running server has been doing.
 */
#include "cli/commands.h"
#include "cli/control.h"

struct stat_command {
    const char *socket;
    const char *target;
};

static const char *stat_socket(void *target, const char *value)
{
    ((struct stat_command *)target)->socket = value;
    return NULL;
}

static const char *stat_json(void *target, const char *value)
{
    (void)value;
    ((struct stat_command *)target)->target = "/stat?form=json";
    return NULL;
}

static const char *stat_metrics(void *target, const char *value)
{
    (void)value;
    ((struct stat_command *)target)->target = "/metrics";
    return NULL;
}

static const struct option_row stat_options[] = {
    {"json", 0, NULL, "all sums as one JSON object", stat_json},
    {"metrics", 0, NULL, "all sums in the text form of Prometheus", stat_metrics},
    {"socket", 's', "PATH", "the server's local socket", stat_socket},
    {NULL, 0, NULL, NULL, NULL},
};

static int stat_run(int argc, char **argv)
{
    struct stat_command stat = {.target = "/stat"};
    int operand;
    const int status = options_parse(&command_stat, argc, argv, &stat, &operand);

    if (status != OPTIONS_GO_ON)
        return status;
    if (operand < argc)
        return options_error(&command_stat, "no operands, please", argv[operand]);
    const struct control_request request = {
        .socket = stat.socket, .method = "GET", .target = stet_span_of(stat.target)};
    return control_show("stat", &request);
}

const struct command command_stat = {
    .name = "stat",
    .usage = "[OPTION]...",
    .summary = "Tell what a running server has been doing.",
    .details = "Exit status: 0 fine, 1 refused, 2 usage, 3 no server there.\n",
    .options = stat_options,
    .run = stat_run,
};
