/* JSON trees: what the reports share that jansson writes.
 */
#ifndef AUDIT_JSONTREE_H
#define AUDIT_JSONTREE_H

#include "base/text.h"
#include "stet/span.h"

#include <jansson.h>

/* A string of octets from anywhere, made UTF-8; NULL when memory is out. */
json_t *jsontree_text(const char *text);

/* The same; null where there is no text. */
json_t *jsontree_maybe(const char *text);

/* A number of octets or requests. */
json_t *jsontree_number(uint64_t number);

/* Adds a value that may be NULL, for memory was out: then the array goes, and is NULL. Takes
 * `value` in any case. */
void jsontree_append(json_t **array, json_t *value);

/* The same for a member of an object. */
void jsontree_put(json_t **object, const char *name, json_t *value);

/* Writes a tree and frees it; NULL fails the text. */
void jsontree_write(json_t *tree, struct text *to);

#endif
