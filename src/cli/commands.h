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
extern const struct command command_audit;

#endif
