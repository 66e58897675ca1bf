/* Command line options: one table a subcommand, which parses, explains and documents.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* One option. `take` stores the value in `target` and returns NULL, or static or reused text that
 * says what was expected; `value` is NULL for options without an argument. */
struct option_row {
    const char *name;     /* without the dashes */
    char letter;          /* short form, 0 for none */
    const char *argument; /* what its argument is called; NULL: it has none */
    const char *help;     /* one or more lines, "\n" between */
    const char *(*take)(void *target, const char *value);
};

/* What a subcommand is. Tables end with a row whose name is NULL. */
struct command {
    const char *name;
    const char *usage;   /* after "stet NAME " */
    const char *summary; /* one line */
    const char *details; /* after the options in --help; may be NULL */
    const struct option_row *options;
    int (*run)(int argc, char **argv);
};

enum options_result { OPTIONS_GO_ON = -1 };

/* Parses the options of a subcommand; the index of the first operand goes to `*operand`. Returns
 * OPTIONS_GO_ON, or an exit status: 0 after --help, 2 after an error that it has explained. */
int options_parse(const struct command *command, int argc, char **argv, void *target, int *operand);

/* Prints the help of a subcommand to standard output. */
void options_help(const struct command *command);

/* Explains on standard error what is wrong with a use of `command`; returns 2. */
int options_error(const struct command *command, const char *what, const char *about);

#endif
