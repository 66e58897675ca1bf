/* A configuration, or what is wrong with one, shown: in words for people, as JSON for programs.
 */
#ifndef SERVE_CONFIGSHOW_H
#define SERVE_CONFIGSHOW_H

#include "base/text.h"
#include "serve/config.h"
#include "serve/configerror.h"

/* A short summary of a sealed configuration: where it listens, and which routes its sites have. */
void configshow_words(const struct config *config, struct text *to);

/* The same for programs, with what is doubtful about certificates at the wall clock `wall` (ns). */
void configshow_json(const struct config *config, int64_t wall, struct text *to);

/* What is wrong with the file at `path`, a line each. */
void configshow_errors(const struct config_errors *errors, const char *path, struct text *to);
void configshow_errors_json(const struct config_errors *errors, const char *path, struct text *to);

/* Every key that a file may have, with its type, default, bounds and purpose. */
void configshow_keys(struct text *to);
void configshow_keys_json(struct text *to);

#endif
