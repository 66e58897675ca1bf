/* Puts trees of JSON together so that one look at the end tells whether memory was out: what cannot
 * be added takes the whole with it.
 */
#include "audit/jsontree.h"

#include "audit/escape.h"

json_t *jsontree_text(const char *text)
{
    struct text plain = {0};

    escape_utf8(&plain, stet_span_of(text));
    json_t *string =
        plain.failed ? NULL : json_stringn_nocheck(plain.at ? plain.at : "", plain.len);
    text_fini(&plain);
    return string;
}

json_t *jsontree_maybe(const char *text)
{
    return text ? jsontree_text(text) : json_null();
}

json_t *jsontree_number(uint64_t number)
{
    return json_integer(number > INT64_MAX ? INT64_MAX : (json_int_t)number);
}

void jsontree_append(json_t **array, json_t *value)
{
    if (*array && json_array_append_new(*array, value) == 0)
        return;
    if (!*array)
        json_decref(value);
    json_decref(*array);
    *array = NULL;
}

void jsontree_put(json_t **object, const char *name, json_t *value)
{
    if (*object && json_object_set_new(*object, name, value) == 0)
        return;
    if (!*object)
        json_decref(value);
    json_decref(*object);
    *object = NULL;
}

static int jsontree_take(const char *octets, size_t len, void *owner)
{
    text_put(owner, octets, len);
    return ((struct text *)owner)->failed ? -1 : 0;
}

void jsontree_write(json_t *tree, struct text *to)
{
    if (!tree || json_dump_callback(tree, jsontree_take, to, JSON_INDENT(2)) != 0)
        to->failed = true;
    json_decref(tree);
    text_put(to, "\n", 1);
}
