/* Walks through field lines and lists, for the judges of the scenes.
 */
#include "lines.h"

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

/* The value of the next line with that name, of `*len` octets; moves `*lines` behind it. */
static const char *lines_find(const char **lines, const char *name, size_t *len)
{
    const size_t name_len = strlen(name);
    for (const char *line = *lines, *end; *line; line = *end ? end + 1 : end) {
        end = strchrnul(line, '\n');
        if ((size_t)(end - line) > name_len && line[name_len] == ':' &&
            strncasecmp(line, name, name_len) == 0) {
            const char *value = line + name_len + 1;
            while (value < end && (*value == ' ' || *value == '\t'))
                value++;
            *lines = end;
            *len = (size_t)(end - value);
            return value;
        }
    }
    return NULL;
}

char *lines_list(const char *lines, const char *name)
{
    char *list = NULL;
    size_t len, room = 0;
    for (const char *value; (value = lines_find(&lines, name, &len));) {
        const size_t before = list ? room + 2 : 0;
        list = realloc(list, before + len + 1);
        if (before)
            memcpy(list + room, ", ", 2);
        memcpy(list + before, value, len);
        room = before + len;
        list[room] = '\0';
    }
    return list;
}

bool lines_have(const char *lines, const char *name)
{
    size_t len;
    return lines_find(&lines, name, &len) != NULL;
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
