/* The walk through the tree of a configuration file, guided by the schema.
 */
#ifndef SERVE_CONFIGWALK_H
#define SERVE_CONFIGWALK_H

#include "serve/configfill.h"

/* Fills the configuration with all that the tree says, and tells of all that is wrong in it.
 * `root` may be NULL: there is none. Memory that is out is noted in `fill`. */
void configwalk_root(struct configfill *fill, struct yamlnode *root);

#endif
