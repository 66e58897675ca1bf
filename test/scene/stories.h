/* The scenes themselves: each is a function tell_NAME of one of the *_scenes.c, listed in
 * scenes.tbl.
 */
#ifndef TEST_SCENE_STORIES_H
#define TEST_SCENE_STORIES_H

#include "scene.h"

#define SCENE(name, bits, ids, what) void tell_##name(struct scene *s);
#include "scenes.tbl"
#undef SCENE

#endif
