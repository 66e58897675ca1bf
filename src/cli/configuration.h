/* What the commands share that work with a configuration file.
 */
#ifndef CLI_CONFIGURATION_H
#define CLI_CONFIGURATION_H

#include "serve/config.h"

/* Where it is unless the operator says. */
#define CONFIGURATION_PATH "/etc/stet/stet.yaml"

/* Reads the file at `path`. NULL, after the errors were printed on standard error. */
struct config *configuration_read(const char *path);

/* Checks the file at `path` and prints that it is fine and what is in it, on standard output, or
 * what is wrong with it, on standard error; as JSON both on standard output. Returns the exit
 * status: 0 or 2. */
int configuration_check(const char *path, bool json);

#endif
