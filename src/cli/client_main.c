/* stet-client: the commands that speak through libcurl; `stet get` and `stet audit` run it.
 */
#include "cli/commands.h"
#include "cli/descriptors.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {&command_get, &command_audit, NULL};

int main(int argc, char **argv)
{
    descriptors_prepare();
    for (const struct command *const *command = commands; argc > 1 && *command; command++)
        if (strcmp(argv[1], (*command)->name) == 0)
            return (*command)->run(argc - 1, argv + 1);
    fprintf(stderr, "stet-client is run by stet: see 'stet --help'.\n");
    return 2;
}
