/* Field lines as scenes write them: "Name: value\nName: value".
 */
#ifndef TEST_SCENE_LINES_H
#define TEST_SCENE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All lines of a field as one list; NULL when it is absent. For free(). */
char *lines_list(const char *lines, const char *name);

bool lines_have(const char *lines, const char *name);

/* Line after line: sets `*name` and `*value` (both for free()) and moves `*lines` on; false when
 * there is none left. */
bool lines_next(const char **lines, char **name, char **value);

/* Does the list have this member, in any case? */
bool list_has(const char *list, const char *member);

/* Member after member of a list, commas in quotes apart: a copy for free(), without the space
 * around it; NULL when there is none left. Empty members are skipped. */
char *list_next(const char **list);

/* Two values of a field select the same response: alike but for space around commas, and for what
 * lines they were on; both may be NULL for absent. */
bool list_same(const char *a, const char *b);

#endif
