/* The scenes themselves: each is a function tell_NAME of one of the *_scenes.c, listed in
 * scenes.tbl or, if it is one of a gateway, in gateways.tbl.
 */
#ifndef TEST_SCENE_STORIES_H
#define TEST_SCENE_STORIES_H

#include "gateway.h"

#define SCENE(name, bits, ids, what) void tell_##name(struct scene *s);
#include "gateways.tbl"
#include "scenes.tbl"
#undef SCENE

#endif
