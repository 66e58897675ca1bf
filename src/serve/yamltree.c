/* From libyaml's events to a tree in an arena.
 *
 * libyaml knows the grammar and where in the file it is; the tree is built here, where memory is
 * bounded and its places are kept. A node is made when its event comes, put into the list or
 * mapping that is open, and closed when its children are known: then its weight is final and an
 * alias may stand for it. An alias copies the node and shares its children, so a small file cannot
 * become a large tree; its weight counts, so a walk through it cannot become long either.
 *
 *     START MAPPING  key text, value text, key text, SEQUENCE [ ... ]  END MAPPING
 *                    `- kept in the place until its value comes
 *
 * Given up: libyaml's own documents. They allow circles, know no bounds, and do not tell where a
 * second document begins.
 */
#include "serve/yamltree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* Far more than the nodes and texts of a file of the greatest size take. */
#define YAMLTREE_CEILING ((size_t)64 << 20)

struct yamlanchor {
    const char *name;
    struct yamlnode *node;
    struct yamlanchor *next;
};

/* A list or mapping that is not closed yet. */
struct yamlplace {
    struct yamlnode *node;
    struct yamlnode *key; /* of a mapping: waits for its value */
};

enum yamlreading_outcome { YAML_GOES_ON, YAML_ENDED, YAML_BROKEN };

struct yamlreading {
    struct yamltree *tree;
    struct config_errors *errors;
    struct yamlanchor *anchors;
    size_t anchor_count;
    struct yamlplace open[YAMLTREE_DEPTH];
    size_t depth;
    size_t nodes; /* made so far, weights of aliases included */
};

static void *yamlreading_no_memory(struct yamlreading *reading)
{
    config_errors_no_memory(reading->errors);
    return NULL;
}

#define YAMLREADING_ERROR(reading, mark, ...)                                                    \
    config_errors_add((reading)->errors, (unsigned)(mark).line + 1, (unsigned)(mark).column + 1, \
                      __VA_ARGS__)

static struct yamlnode *yamlreading_node(struct yamlreading *reading, enum yamlnode_kind kind,
                                         yaml_mark_t mark)
{
    struct yamlnode *node = arena_alloc(&reading->tree->arena, sizeof *node);
    if (!node)
        return yamlreading_no_memory(reading);
    *node = (struct yamlnode){.kind = kind,
                              .line = (unsigned)mark.line + 1,
                              .column = (unsigned)mark.column + 1,
                              .weight = 1};
    reading->nodes++;
    return node;
}

/* ---- anchors ---- */

static struct yamlanchor *yamlreading_anchor(const struct yamlreading *reading, const char *name)
{
    struct yamlanchor *anchor = reading->anchors;
    while (anchor && strcmp(anchor->name, name) != 0)
        anchor = anchor->next;
    return anchor;
}

/* False when there cannot be more. */
static bool yamlreading_name(struct yamlreading *reading, struct yamlnode *node,
                             const yaml_char_t *name, yaml_mark_t mark)
{
    if (!name)
        return true;
    const char *text = (const char *)name;
    const struct yamlanchor *before = yamlreading_anchor(reading, text);
    if (before) {
        YAMLREADING_ERROR(reading, mark, "anchor \"&%.60s\" twice; the first one is in line %u",
                          text, before->node->line);
        return true;
    }
    if (++reading->anchor_count > YAMLTREE_ANCHORS) {
        YAMLREADING_ERROR(reading, mark, "more than %d anchors", YAMLTREE_ANCHORS);
        return false;
    }
    struct yamlanchor *anchor = arena_alloc(&reading->tree->arena, sizeof *anchor);
    char *copy = arena_copy(&reading->tree->arena, text, strlen(text) + 1);
    if (!anchor || !copy)
        return yamlreading_no_memory(reading);
    *anchor = (struct yamlanchor){copy, node, reading->anchors};
    reading->anchors = anchor;
    return true;
}

static bool yamlreading_is_open(const struct yamlreading *reading, const struct yamlnode *node)
{
    for (size_t i = 0; i < reading->depth; i++) {
        if (reading->open[i].node == node)
            return true;
    }
    return false;
}

/* A copy of what an alias stands for, at the alias's own place. */
static struct yamlnode *yamlreading_alias(struct yamlreading *reading, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct yamlanchor *anchor = yamlreading_anchor(reading, name);
    struct yamlnode *node = yamlreading_node(reading, YAMLNODE_BROKEN, event->start_mark);

    if (!node)
        return NULL;
    if (!anchor) {
        YAMLREADING_ERROR(reading, event->start_mark,
                          "alias \"*%.60s\" stands for nothing: no anchor \"&%.60s\" before it",
                          name, name);
        return node;
    }
    if (yamlreading_is_open(reading, anchor->node)) {
        YAMLREADING_ERROR(reading, event->start_mark, "alias \"*%.60s\" stands for what it is in",
                          name);
        return node;
    }
    const struct yamlnode own = *node;
    *node = *anchor->node;
    node->line = own.line;
    node->column = own.column;
    node->next = node->key = NULL;
    reading->nodes += node->weight - 1;
    return node;
}

/* ---- building ---- */

static enum yamlreading_outcome yamlreading_put_key(struct yamlreading *reading,
                                                    struct yamlplace *place, struct yamlnode *node)
{
    if (node->kind == YAMLNODE_LIST || node->kind == YAMLNODE_MAPPING) {
        config_errors_add(reading->errors, node->line, node->column,
                          "a key is a text, not a list or a mapping; braces in values need quotes");
        return YAML_BROKEN;
    }
    place->key = node;
    return YAML_GOES_ON;
}

/* Puts a node where it belongs: the document, the open list, the open mapping. */
static enum yamlreading_outcome yamlreading_put(struct yamlreading *reading, struct yamlnode *node)
{
    if (reading->depth == 0) {
        reading->tree->root = node;
        return YAML_GOES_ON;
    }
    struct yamlplace *place = &reading->open[reading->depth - 1];
    struct yamlnode *parent = place->node;
    if (parent->kind == YAMLNODE_MAPPING && !place->key)
        return yamlreading_put_key(reading, place, node);
    node->key = place->key;
    place->key = NULL;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->count++;
    return YAML_GOES_ON;
}

static enum yamlreading_outcome yamlreading_open(struct yamlreading *reading, struct yamlnode *node)
{
    const enum yamlreading_outcome outcome = yamlreading_put(reading, node);
    if (outcome != YAML_GOES_ON)
        return outcome;
    if (reading->depth == YAMLTREE_DEPTH) {
        config_errors_add(reading->errors, node->line, node->column,
                          "more than %d lists and mappings in each other", YAMLTREE_DEPTH);
        return YAML_BROKEN;
    }
    reading->open[reading->depth++] = (struct yamlplace){node, NULL};
    return YAML_GOES_ON;
}

static int yamlnode_compare(const void *a, const void *b)
{
    const struct yamlnode *one = *(const struct yamlnode *const *)a;
    const struct yamlnode *other = *(const struct yamlnode *const *)b;
    const int order = strcmp(one->key->text.at, other->key->text.at);
    if (order)
        return order;
    if (one->key->line != other->key->line)
        return one->key->line < other->key->line ? -1 : 1;
    return one->key->column < other->key->column ? -1 : one->key->column > other->key->column;
}

/* Tells of keys that a mapping has twice; what stands under the later ones is not looked at. */
static bool yamlreading_twice(struct yamlreading *reading, struct yamlnode *mapping)
{
    struct yamlnode **sorted =
        arena_alloc(&reading->tree->arena, (mapping->count + 1) * sizeof *sorted);
    size_t count = 0;

    if (!sorted)
        return yamlreading_no_memory(reading);
    for (struct yamlnode *node = mapping->first; node; node = node->next) {
        if (node->key->kind == YAMLNODE_TEXT)
            sorted[count++] = node;
    }
    qsort(sorted, count, sizeof *sorted, yamlnode_compare);
    for (size_t i = 1, first = 0; i < count; i++) {
        const struct yamlnode *key = sorted[i]->key;
        if (!stet_span_equal(sorted[first]->key->text, key->text)) {
            first = i;
            continue;
        }
        config_errors_add(reading->errors, key->line, key->column,
                          "key \"%.60s\" twice; the first one is in line %u", key->text.at,
                          sorted[first]->key->line);
        sorted[i]->kind = YAMLNODE_BROKEN;
    }
    return true;
}

/* Ends the list or mapping that was opened last. */
static enum yamlreading_outcome yamlreading_close(struct yamlreading *reading)
{
    struct yamlnode *node = reading->open[--reading->depth].node;
    for (const struct yamlnode *child = node->first; child; child = child->next)
        node->weight += child->weight;
    if (node->kind == YAMLNODE_MAPPING && !yamlreading_twice(reading, node))
        return YAML_BROKEN;
    return YAML_GOES_ON;
}

/* ---- events ---- */

static void yamlreading_tag(struct yamlreading *reading, const yaml_char_t *tag, yaml_mark_t mark)
{
    static const char usual[] = "tag:yaml.org,2002:";
    const size_t size = sizeof usual - 1;
    const char *text = (const char *)tag;

    if (!text)
        return;
    const bool short_form = strncmp(text, usual, size) == 0;
    YAMLREADING_ERROR(reading, mark,
                      "tag \"%s%.60s\": none is needed, each key knows the type of its value",
                      short_form ? "!!" : "", short_form ? text + size : text);
}

static enum yamlreading_outcome yamlreading_text(struct yamlreading *reading,
                                                 const yaml_event_t *event)
{
    struct yamlnode *node = yamlreading_node(reading, YAMLNODE_TEXT, event->start_mark);
    const char *value = (const char *)event->data.scalar.value;
    const size_t size = event->data.scalar.length;

    if (!node)
        return YAML_BROKEN;
    char *copy = arena_alloc(&reading->tree->arena, size + 1);
    if (!copy) {
        yamlreading_no_memory(reading);
        return YAML_BROKEN;
    }
    memcpy(copy, value, size);
    copy[size] = '\0';
    node->text = stet_span(copy, size);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (strlen(copy) != size) {
        YAMLREADING_ERROR(reading, event->start_mark, "a text with a NUL in it");
        node->kind = YAMLNODE_BROKEN;
    }
    yamlreading_tag(reading, event->data.scalar.tag, event->start_mark);
    if (!yamlreading_name(reading, node, event->data.scalar.anchor, event->start_mark))
        return YAML_BROKEN;
    return yamlreading_put(reading, node);
}

static enum yamlreading_outcome yamlreading_begin(struct yamlreading *reading,
                                                  const yaml_event_t *event)
{
    const bool list = event->type == YAML_SEQUENCE_START_EVENT;
    const yaml_char_t *tag = list ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    const yaml_char_t *anchor =
        list ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
    struct yamlnode *node =
        yamlreading_node(reading, list ? YAMLNODE_LIST : YAMLNODE_MAPPING, event->start_mark);

    yamlreading_tag(reading, tag, event->start_mark);
    if (!node || !yamlreading_name(reading, node, anchor, event->start_mark))
        return YAML_BROKEN;
    return yamlreading_open(reading, node);
}

static enum yamlreading_outcome yamlreading_document(struct yamlreading *reading,
                                                     const yaml_event_t *event)
{
    if (!reading->tree->root)
        return YAML_GOES_ON;
    YAMLREADING_ERROR(reading, event->start_mark, "a second document: one file holds one");
    return YAML_ENDED;
}

static enum yamlreading_outcome yamlreading_event(struct yamlreading *reading,
                                                  const yaml_event_t *event)
{
    struct yamlnode *node = NULL;

    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return yamlreading_document(reading, event);
    case YAML_SCALAR_EVENT:
        return yamlreading_text(reading, event);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return yamlreading_begin(reading, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return yamlreading_close(reading);
    case YAML_ALIAS_EVENT:
        node = yamlreading_alias(reading, event);
        return node ? yamlreading_put(reading, node) : YAML_BROKEN;
    case YAML_STREAM_END_EVENT:
        return YAML_ENDED;
    default:
        return YAML_GOES_ON;
    }
}

/* ---- what libyaml says ---- */

/* What was probably meant where libyaml finds a fault; "" if nobody knows. */
static const char *yamltree_hint(const char *problem, char at)
{
    static const struct {
        const char *problem, *hint;
    } hints[] = {
        {"mapping values are not allowed in this context",
         "; wrongly indented, or a text with \": \" in it that needs quotes"},
        {"did not find expected node content",
         "; in brackets and braces a text that begins with \":\" needs quotes"},
        {"did not find expected key", "; wrongly indented?"},
        {"did not find expected '-' indicator", "; wrongly indented?"},
        {"could not find expected ':'", "; no \": \" behind a key"},
        {"found unexpected end of stream", "; a quote is not closed"},
        {"did not find expected ',' or ']'", "; a comma is missing, or the bracket is not closed"},
        {"did not find expected ',' or '}'", "; a comma is missing, or the brace is not closed"},
    };
    if (at == '\t')
        return "; a tab cannot indent, write spaces";
    if (at == '@' || at == '`' || at == '%')
        return "; a text that begins so needs quotes";
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        if (strcmp(problem, hints[i].problem) == 0)
            return hints[i].hint;
    }
    return "";
}

/* Where an octet of the text stands. */
static yaml_mark_t yamltree_mark(struct stet_span text, size_t offset)
{
    yaml_mark_t mark = {0};
    for (size_t i = 0; i < offset && i < text.len; i++) {
        if (text.at[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)text.at[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

/* The octet at a mark; NUL at the end. */
static char yamltree_octet(struct stet_span text, yaml_mark_t mark)
{
    size_t line = 0, at = 0;
    while (line < mark.line && at < text.len)
        line += text.at[at++] == '\n';
    at += mark.column;
    return at < text.len ? text.at[at] : '\0';
}

static void yamlreading_complain(struct yamlreading *reading, const yaml_parser_t *parser,
                                 struct stet_span text)
{
    const char *problem = parser->problem ? parser->problem : "not YAML";

    if (parser->error == YAML_MEMORY_ERROR) {
        config_errors_no_memory(reading->errors);
    } else if (parser->error == YAML_READER_ERROR) {
        YAMLREADING_ERROR(reading, yamltree_mark(text, parser->problem_offset),
                          "not a text in UTF-8: %s", problem);
    } else {
        const char octet = yamltree_octet(text, parser->problem_mark);
        char context[80] = "";
        if (parser->context)
            snprintf(context, sizeof context, " %.50s from line %u on", parser->context,
                     (unsigned)parser->context_mark.line + 1);
        YAMLREADING_ERROR(reading, parser->problem_mark, "%s%s%s", problem, context,
                          yamltree_hint(problem, octet));
    }
}

/* Takes one event. */
static enum yamlreading_outcome yamlreading_step(struct yamlreading *reading, yaml_parser_t *parser,
                                                 struct stet_span text)
{
    yaml_event_t event;
    if (!yaml_parser_parse(parser, &event)) {
        yamlreading_complain(reading, parser, text);
        return YAML_BROKEN;
    }
    enum yamlreading_outcome outcome = yamlreading_event(reading, &event);
    if (outcome == YAML_GOES_ON && reading->nodes > YAMLTREE_NODES) {
        YAMLREADING_ERROR(reading, event.start_mark,
                          "more than %d values, those counted that aliases stand for",
                          YAMLTREE_NODES);
        outcome = YAML_BROKEN;
    }
    yaml_event_delete(&event);
    return outcome;
}

bool yamltree_read(struct yamltree *tree, struct stet_span text, struct config_errors *errors)
{
    struct yamlreading reading = {.tree = tree, .errors = errors};
    enum yamlreading_outcome outcome = YAML_GOES_ON;
    yaml_parser_t parser;

    tree->root = NULL;
    arena_init(&tree->arena, YAMLTREE_CEILING);
    if (text.len > YAMLTREE_SIZE) {
        config_errors_add(errors, 0, 0, "larger than 1 MiB: this is no configuration");
        return false;
    }
    if (!yaml_parser_initialize(&parser)) {
        config_errors_no_memory(errors);
        return false;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.at, text.len);
    while (outcome == YAML_GOES_ON)
        outcome = yamlreading_step(&reading, &parser, text);
    yaml_parser_delete(&parser);
    return outcome == YAML_ENDED;
}

void yamltree_fini(struct yamltree *tree)
{
    arena_fini(&tree->arena);
    tree->root = NULL;
}

struct yamlnode *yamlnode_get(const struct yamlnode *mapping, const char *key)
{
    struct yamlnode *node = mapping->kind == YAMLNODE_MAPPING ? mapping->first : NULL;
    while (node && (node->key->kind != YAMLNODE_TEXT || strcmp(node->key->text.at, key) != 0))
        node = node->next;
    return node;
}

bool yamlnode_is_nothing(const struct yamlnode *node)
{
    return node->kind == YAMLNODE_TEXT && node->plain && node->text.len == 0;
}
