/* Walks through field lines and lists, for the judges of the scenes.
 */
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool lines_next(const char **lines, char **name, char **value)
{
    const char *line = *lines + strspn(*lines, "\r\n");
    const size_t len = strcspn(line, "\r\n");
    const char *colon = memchr(line, ':', len);
    *lines = line + len;
    if (len == 0)
        return false;
    const size_t before = colon ? (size_t)(colon - line) : len;
    const char *at = colon ? colon + 1 + strspn(colon + 1, " \t") : line + len;
    if (at > line + len)
        at = line + len;
    *name = strndup(line, before);
    *value = strndup(at, (size_t)(line + len - at));
    return true;
}

char *lines_list(const char *lines, const char *name)
{
    char *list = NULL, *named, *value;
    while (lines_next(&lines, &named, &value)) {
        if (strcasecmp(named, name) == 0) {
            char *joined = NULL;
            if (asprintf(&joined, "%s%s%s", list ? list : "", list ? ", " : "", value) < 0)
                abort();
            free(list);
            list = joined;
        }
        free(named);
        free(value);
    }
    return list;
}

bool lines_have(const char *lines, const char *name)
{
    char *list = lines_list(lines, name);
    free(list);
    return list != NULL;
}

char *list_next(const char **list)
{
    const char *at = *list + strspn(*list, ", \t"), *start = at;
    bool quoted = false;
    for (; *at && (quoted || *at != ','); at++) {
        if (*at == '\\' && quoted && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    *list = at;
    while (at > start && strchr(" \t", at[-1]))
        at--;
    return at > start ? strndup(start, (size_t)(at - start)) : NULL;
}

bool list_has(const char *list, const char *member)
{
    bool found = false;
    for (char *next; list && (next = list_next(&list)); free(next))
        found = found || strcasecmp(next, member) == 0;
    return found;
}

bool list_same(const char *a, const char *b)
{
    bool same = true;
    if (!a || !b)
        return a == b;
    for (;;) {
        char *one = list_next(&a), *other = list_next(&b);
        const bool more = one && other;
        same = more ? strcmp(one, other) == 0 : one == other;
        free(one);
        free(other);
        if (!more || !same)
            return same;
    }
}
