/* A YAML document as a tree of texts, each with its place in the file.
 *
 * Nothing is typed: "no", "1.0" and "~" are texts like all others. A file holds one document
 * without tags. Anchors and aliases may save writing; an alias stands for a tree of its own, and
 * all of them together have a bound.
 */
#ifndef SERVE_YAMLTREE_H
#define SERVE_YAMLTREE_H

#include "base/arena.h"
#include "serve/configerror.h"
#include "stet/span.h"

/* What one file may hold. */
enum {
    YAMLTREE_SIZE = 1 << 20,  /* octets */
    YAMLTREE_NODES = 1 << 16, /* nodes, those counted again that aliases stand for */
    YAMLTREE_DEPTH = 32,      /* of lists and mappings in each other */
    YAMLTREE_ANCHORS = 1000
};

enum yamlnode_kind {
    YAMLNODE_TEXT,
    YAMLNODE_LIST,
    YAMLNODE_MAPPING,
    YAMLNODE_BROKEN /* stands where something was wrong that has been told already */
};

/* One node. The children of a list are its items, those of a mapping its values. */
struct yamlnode {
    enum yamlnode_kind kind;
    bool plain;            /* a text written without quotes */
    unsigned line, column; /* from 1; of an alias: its own */
    struct stet_span text; /* of a text; a NUL follows it */
    size_t count;          /* children */
    size_t weight;         /* nodes in this tree, itself included */
    struct yamlnode *first, *last;
    struct yamlnode *next; /* in the list or mapping it stands in */
    struct yamlnode *key;  /* in a mapping: what it stands under; a text */
};

struct yamltree {
    struct arena arena;
    struct yamlnode *root; /* NULL: there is no document */
};

/* Reads a file's text. False when the tree is not whole: then there is nothing to look at but the
 * errors. True does not mean that there are none. yamltree_fini is due in any case. */
bool yamltree_read(struct yamltree *tree, struct stet_span text, struct config_errors *errors);
void yamltree_fini(struct yamltree *tree);

/* The value under a key of a mapping, the first one if it was written twice; NULL if there is none.
 */
struct yamlnode *yamlnode_get(const struct yamlnode *mapping, const char *key);

/* A plain text of nothing, as behind "key:" at the end of a line. */
bool yamlnode_is_nothing(const struct yamlnode *node);

#endif
