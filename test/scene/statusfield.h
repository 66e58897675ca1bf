/* A strict reader of Cache-Status and Proxy-Status [RFC 9211, RFC 9209]: lists of items with
 * parameters, of Structured Fields just as much as these two have. It shares no code with the
 * writer.
 */
#ifndef TEST_SCENE_STATUSFIELD_H
#define TEST_SCENE_STATUSFIELD_H

#include <stdbool.h>
#include <stddef.h>

enum { STATUSFIELD_PARAMETERS = 12, STATUSFIELD_WORD = 80 };

struct statusfield {
    char name[STATUSFIELD_WORD]; /* of the last member */
    size_t members;
    size_t count;
    struct {
        char name[STATUSFIELD_WORD];
        char value[STATUSFIELD_WORD]; /* "?1" for a flag; strings without quotes */
    } parameters[STATUSFIELD_PARAMETERS];
};

/* Reads the field, and keeps its last member. False when it is off the grammar. */
bool statusfield_read(struct statusfield *field, const char *text);

/* A parameter of that member; NULL when it is absent. */
const char *statusfield_get(const struct statusfield *field, const char *name);

#endif
