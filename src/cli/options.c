/* Command line options, read from a table: getopt_long does the parsing, this the wording.
 */
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define OPTIONS_MAX 80

/* Numbers of options for getopt that have no letter begin here. */
#define OPTIONS_FIRST 256

static size_t options_count(const struct command *command)
{
    size_t count = 0;
    while (command->options[count].name)
        count++;
    return count;
}

/* getopt's own tables, made from ours. Nothing is left out: commands have fewer than the maximum.
 */
static void options_compile(const struct command *command, struct option *longs, char *shorts)
{
    size_t count = options_count(command), used = 0;

    shorts[used++] = ':'; /* a missing argument is told apart from an unknown option */
    for (size_t i = 0; i < count; i++) {
        const struct option_row *row = &command->options[i];
        longs[i] = (struct option){row->name, row->argument ? required_argument : no_argument, NULL,
                                   OPTIONS_FIRST + (int)i};
        if (!row->letter)
            continue;
        shorts[used++] = row->letter;
        if (row->argument)
            shorts[used++] = ':';
    }
    longs[count] = (struct option){"help", no_argument, NULL, 'h'};
    longs[count + 1] = (struct option){0};
    shorts[used++] = 'h';
    shorts[used] = '\0';
}

static const struct option_row *options_find(const struct command *command, int number)
{
    if (number >= OPTIONS_FIRST)
        return &command->options[number - OPTIONS_FIRST];
    for (const struct option_row *row = command->options; row->name; row++) {
        if (row->letter == number)
            return row;
    }
    return NULL;
}

int options_error(const struct command *command, const char *what, const char *about)
{
    fprintf(stderr, "stet %s: %s%s%s\n", command->name, what, about ? ": " : "",
            about ? about : "");
    fprintf(stderr, "Try 'stet %s --help'.\n", command->name);
    return 2;
}

/* getopt says what it did not understand in one of three ways. */
static int options_unknown(const struct command *command, char **argv)
{
    char letter[] = {'-', (char)optopt, '\0'};

    if (optopt >= OPTIONS_FIRST)
        return options_error(command, "takes no argument", argv[optind - 1]);
    return options_error(command, "unknown option", optopt ? letter : argv[optind - 1]);
}

static int options_take(const struct command *command, int number, void *target)
{
    const struct option_row *row = options_find(command, number);
    char what[160];

    const char *expected = row->take(target, optarg);
    if (!expected)
        return OPTIONS_GO_ON;
    snprintf(what, sizeof what, "--%s %.120s", row->name, optarg);
    return options_error(command, what, expected);
}

int options_parse(const struct command *command, int argc, char **argv, void *target, int *operand)
{
    struct option longs[OPTIONS_MAX + 2];
    char shorts[2 * OPTIONS_MAX + 3];
    int number;

    options_compile(command, longs, shorts);
    opterr = optopt = 0;
    optind = 0; /* forget what an earlier use has left in the middle of a word */
    while ((number = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (number == 'h') {
            options_help(command);
            return 0;
        }
        if (number == '?')
            return options_unknown(command, argv);
        if (number == ':')
            return options_error(command, "missing argument", argv[optind - 1]);
        int result = options_take(command, number, target);
        if (result != OPTIONS_GO_ON)
            return result;
    }
    *operand = optind;
    return OPTIONS_GO_ON;
}

static void options_help_row(const struct option_row *row)
{
    char left[64];
    const char *line = row->help;

    snprintf(left, sizeof left, "%c%c%s--%s%s%s", row->letter ? '-' : ' ',
             row->letter ? row->letter : ' ', row->letter ? ", " : "  ", row->name,
             row->argument ? " " : "", row->argument ? row->argument : "");
    printf("  %-34s ", left);
    while (line) {
        const char *end = strchr(line, '\n');
        printf("%.*s\n", end ? (int)(end - line) : (int)strlen(line), line);
        line = end ? end + 1 : NULL;
        if (line)
            printf("%37s", "");
    }
}

void options_help(const struct command *command)
{
    static const struct option_row help = {"help", 'h', NULL, "print this and end", NULL};

    printf("Usage: stet %s %s\n%s\n\nOptions:\n", command->name, command->usage, command->summary);
    for (const struct option_row *row = command->options; row->name; row++)
        options_help_row(row);
    options_help_row(&help);
    if (command->details)
        printf("\n%s", command->details);
}
