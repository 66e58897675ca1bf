/* stet reload: makes a running server read its configuration anew.
 */
#include "cli/commands.h"
#include "cli/control.h"

struct reload_command {
    const char *socket;
};

static const char *reload_socket(void *target, const char *value)
{
    ((struct reload_command *)target)->socket = value;
    return NULL;
}

static const struct option_row reload_options[] = {
    {"socket", 's', "PATH", "the server's local socket", reload_socket},
    {NULL, 0, NULL, NULL, NULL},
};

static int reload_run(int argc, char **argv)
{
    struct reload_command reload = {0};
    int operand;
    const int status = options_parse(&command_reload, argc, argv, &reload, &operand);

    if (status != OPTIONS_GO_ON)
        return status;
    if (operand < argc)
        return options_error(&command_reload, "no operands, please", argv[operand]);
    const struct control_request request = {
        .socket = reload.socket, .method = "POST", .target = STET_SPAN("/reload")};
    return control_show("reload", &request);
}

const struct command command_reload = {
    .name = "reload",
    .usage = "[OPTION]...",
    .summary = "Make a running server read its configuration anew.",
    .details = "No request is dropped and the cache stays. If something is wrong with the new\n"
               "configuration, says what, and the old one stays in use. Exit status: 0 fine,\n"
               "1 refused, 2 usage, 3 no server there.\n",
    .options = reload_options,
    .run = reload_run,
};
