/* stet check: is a configuration file right, and what is in it?
 */
#include "cli/commands.h"
#include "cli/configuration.h"
#include "serve/configshow.h"

#include <stdio.h>

struct check_command {
    const char *path;
    bool json;
    bool keys;
};

static const char *check_config(void *target, const char *value)
{
    struct check_command *check = target;
    check->path = value;
    return NULL;
}

static const char *check_json(void *target, const char *value)
{
    (void)value;
    ((struct check_command *)target)->json = true;
    return NULL;
}

static const char *check_keys(void *target, const char *value)
{
    (void)value;
    ((struct check_command *)target)->keys = true;
    return NULL;
}

static const struct option_row check_options[] = {
    {"config", 'c', "FILE", "the file (default: " CONFIGURATION_PATH ")", check_config},
    {"json", 0, NULL, "tell it as one JSON object, on standard output", check_json},
    {"keys", 0, NULL, "list every key that a file may have, and end", check_keys},
    {NULL, 0, NULL, NULL, NULL},
};

static int check_list_keys(bool json)
{
    struct text text = {0};

    if (json)
        configshow_keys_json(&text);
    else
        configshow_keys(&text);
    const bool whole = !text.failed && fwrite(text.at, 1, text.len, stdout) == text.len;
    text_fini(&text);
    return whole && fflush(stdout) == 0 ? 0 : 2;
}

static int check_run(int argc, char **argv)
{
    struct check_command check = {0};
    int operand;
    const int result = options_parse(&command_check, argc, argv, &check, &operand);

    if (result != OPTIONS_GO_ON)
        return result;
    if (check.keys)
        return check_list_keys(check.json);
    if (operand < argc && !check.path)
        check.path = argv[operand++];
    if (operand < argc)
        return options_error(&command_check, "one file, please", argv[operand]);
    return configuration_check(check.path ? check.path : CONFIGURATION_PATH, check.json);
}

const struct command command_check = {
    .name = "check",
    .usage = "[OPTION]... [FILE]",
    .summary = "Say whether a configuration file is right, and what is in it.",
    .details = "Each error is told as FILE:LINE:COLUMN: what is wrong, and what was probably\n"
               "meant. Exit status: 0 right, 2 wrong.\n",
    .options = check_options,
    .run = check_run,
};
