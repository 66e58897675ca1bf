/* The subcommands.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/options.h"

extern const struct command command_serve;
extern const struct command command_proxy;
extern const struct command command_run;
extern const struct command command_check;
extern const struct command command_explain;
extern const struct command command_stat;
extern const struct command command_log;
extern const struct command command_purge;
extern const struct command command_reload;

/* Those of the client's program, stet-client, and what stands for them in stet. */
extern const struct command command_get;
extern const struct command command_audit;
extern const struct command command_delegate_get;
extern const struct command command_delegate_audit;

#endif
