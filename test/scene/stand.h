/* What workers of a test stand on: a configuration with one directory behind every host and path.
 */
#ifndef TEST_SCENE_STAND_H
#define TEST_SCENE_STAND_H

#include "serve/site.h"

/* As `stet serve` makes it, for a library that is open already; all arguments outlive it. NULL when
 * memory is out. */
struct grounds *stand_on(struct library *library, const struct files_options *options,
                         enum accesslog_format log);

#endif
