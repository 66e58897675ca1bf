/* stet: finds the subcommand and runs it.
 */
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/descriptors.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

/* GnuTLS initialises itself when it is loaded, which costs half a MiB; most servers never use it.
 * io/tls does so when it is first needed. The library has to find the function. */
#pragma GCC visibility push(default)
GNUTLS_SKIP_GLOBAL_INIT
#pragma GCC visibility pop

static const struct command *const commands[] = {
    &command_serve,          &command_proxy, &command_run,   &command_check,  &command_explain,
    &command_stat,           &command_log,   &command_purge, &command_reload, &command_delegate_get,
    &command_delegate_audit, NULL,
};

static void main_help(FILE *to)
{
    fprintf(to, "Usage: stet COMMAND [OPTION]...\n"
                "Has what you hold changed? HTTP revalidation, done right.\n\n"
                "Commands:\n");
    for (const struct command *const *command = commands; *command; command++)
        fprintf(to, "  %-10s %s\n", (*command)->name, (*command)->summary);
    fprintf(to, "\n'stet COMMAND --help' and 'man stet-COMMAND' tell more.\n");
}

int main(int argc, char **argv)
{
    descriptors_prepare();
    memory_prepare();
    if (argc < 2) {
        main_help(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        main_help(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("stet %s\n", STET_VERSION);
        return 0;
    }
    for (const struct command *const *command = commands; *command; command++) {
        if (strcmp(argv[1], (*command)->name) == 0)
            return (*command)->run(argc - 1, argv + 1);
    }
    fprintf(stderr, "stet: unknown command: %s\nTry 'stet --help'.\n", argv[1]);
    return 2;
}
