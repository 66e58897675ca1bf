/* The configuration file: stet.yaml, read strictly and as a whole.
 */
#ifndef SERVE_CONFIGFILE_H
#define SERVE_CONFIGFILE_H

#include "serve/config.h"
#include "serve/configerror.h"

/* Reads a file. A sealed configuration with one reference, or NULL and what is wrong: everything in
 * one go, up to CONFIG_ERRORS_MAX complaints, in the order of the file. `errors` is cleared first.
 *
 * For a reload the same is done with the path of the running one (config->path): what comes of it
 * is another configuration, or errors that change nothing. */
struct config *config_read(const char *path, struct config_errors *errors);

/* The same of a text; `path` is where it is said to come from: relative paths in it begin there. */
struct config *config_read_text(struct stet_span text, const char *path,
                                struct config_errors *errors);

#endif
