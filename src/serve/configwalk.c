/* The tree of a file, walked by the schema.
 *
 * The keys of a mapping are looked at in the order of the schema, so that what changes many things
 * at once (profile) goes before what changes one of them. Where they stand in the file only matters
 * for complaints, which are put in order. One fault never hides another: a value that is wrong is
 * told and left out, and the walk goes on; a node that was told is BROKEN and passed over.
 *
 *     place -> key -> form: value, list, pairs, part (a place of its own), parts
 *                       `-> configvalue -> member, or configfill
 */
#include "serve/configwalk.h"

#include "serve/configschema.h"

#include <string.h>

/* What stands where something else was expected. */
static const char *configwalk_found(const struct yamlnode *node)
{
    if (node->kind == YAMLNODE_LIST)
        return "a list";
    if (node->kind == YAMLNODE_MAPPING)
        return "a mapping";
    return yamlnode_is_nothing(node) ? "nothing" : "a text";
}

static void configwalk_misfit(struct configfill *fill, const struct configkey *key,
                              const struct yamlnode *node, const char *expected)
{
    char name[CONFIGKEY_NAME];
    configkey_name(key, name);
    config_errors_add(fill->errors, node->line, node->column, "%s: %s here; %s", name,
                      configwalk_found(node), expected);
}

/* ---- values ---- */

static void configwalk_fault(struct configfill *fill, const struct configkey *key,
                             const struct yamlnode *node, const struct configfault *fault)
{
    char name[CONFIGKEY_NAME];
    configkey_name(key, name);
    config_errors_add(fill->errors, node->line, node->column, "%s \"%.60s\": %s%s%s%s", name,
                      node->text.at, fault->words, fault->hint[0] ? "; did you mean \"" : "",
                      fault->hint, fault->hint[0] ? "\"?" : "");
}

/* Reads one value; false if there is none. */
static bool configwalk_read(struct configfill *fill, const struct configkey *key,
                            struct configwant want, const struct yamlnode *node,
                            struct configvalue *value)
{
    struct configfault fault;
    want.arena = &fill->config->arena;
    want.directory = fill->directory;

    if (node->kind != YAMLNODE_TEXT || yamlnode_is_nothing(node)) {
        configwant_write(&want, fault.words, sizeof fault.words);
        if (node->kind != YAMLNODE_BROKEN)
            configwalk_misfit(fill, key, node, fault.words);
        return false;
    }
    switch (configvalue_read(&want, node, value, &fault)) {
    case CONFIGVALUE_READ:
        return true;
    case CONFIGVALUE_NO_MEMORY:
        fill->no_memory = true;
        return false;
    case CONFIGVALUE_FAULT:
    default:
        configwalk_fault(fill, key, node, &fault);
        return false;
    }
}

/* Stores a value in the member that the schema names. */
static void configwalk_store(const struct configkey *key, void *target,
                             const struct configvalue *value)
{
    char *member = (char *)target + key->offset;
    const bool truth = value->number;
    const uint8_t octet = (uint8_t)value->number;
    const uint16_t two = (uint16_t)value->number;
    const uint32_t four = (uint32_t)value->number;
    const struct stet_span span = stet_span_of(value->text);
    const void *from = &value->number;

    if (key->store == CONFIGSTORE_BOOL)
        from = &truth;
    else if (key->store == CONFIGSTORE_TEXT)
        from = &value->text;
    else if (key->store == CONFIGSTORE_SPAN)
        from = &span;
    else if (key->size == sizeof octet)
        from = &octet;
    else if (key->size == sizeof two)
        from = &two;
    else if (key->size == sizeof four)
        from = &four;
    memcpy(member, from, key->size);
}

/* Texts of values end with the tree; what is stored must not. */
static bool configwalk_lasting(struct configfill *fill, const struct configkey *key,
                               struct configvalue *value)
{
    if (!value->text || (key->store != CONFIGSTORE_TEXT && key->store != CONFIGSTORE_SPAN))
        return true;
    value->text = config_text(fill->config, value->text);
    return value->text;
}

static void configwalk_value(struct configfill *fill, const struct configkey *key,
                             const struct yamlnode *node, void *target)
{
    struct configvalue value;

    if (!configwalk_read(fill, key, configkey_want(key), node, &value))
        return;
    if (key->keep)
        fill->no_memory |= !key->keep(fill, target, &value);
    else if (configwalk_lasting(fill, key, &value))
        configwalk_store(key, target, &value);
    else
        fill->no_memory = true;
}

/* ---- lists and mappings of values ---- */

static void configwalk_count(struct configfill *fill, const struct configkey *key,
                             const struct yamlnode *node)
{
    char name[CONFIGKEY_NAME];
    configkey_name(key, name);
    if (node->count < key->least)
        config_errors_add(fill->errors, node->line, node->column, "%s: an empty list", name);
    if (key->most && node->count > key->most)
        config_errors_add(fill->errors, node->line, node->column,
                          "%s: %zu in the list, at most %llu", name, node->count,
                          (unsigned long long)key->most);
}

static void configwalk_list(struct configfill *fill, const struct configkey *key,
                            const struct yamlnode *node, void *target)
{
    const bool list = node->kind == YAMLNODE_LIST;
    struct configvalue value;
    size_t index = 0;

    if (list)
        configwalk_count(fill, key, node);
    for (const struct yamlnode *each = list ? node->first : node; each && !fill->no_memory;
         each = list ? each->next : NULL) {
        if (!configwalk_read(fill, key, configkey_want(key), each, &value))
            continue;
        value.index = index++;
        fill->no_memory |= !key->keep(fill, target, &value);
    }
}

static void configwalk_pairs(struct configfill *fill, const struct configkey *key,
                             const struct yamlnode *node, void *target)
{
    struct configvalue name, value;
    const struct configwant want = {.type = key->key_type};

    if (node->kind != YAMLNODE_MAPPING) {
        configwalk_misfit(fill, key, node, "expected a mapping");
        return;
    }
    for (const struct yamlnode *each = node->first; each && !fill->no_memory; each = each->next) {
        const bool named = configwalk_read(fill, key, want, each->key, &name);
        if (!configwalk_read(fill, key, configkey_want(key), each, &value) || !named)
            continue;
        value.key = &name;
        fill->no_memory |= !key->keep(fill, target, &value);
    }
}

/* ---- parts ---- */

static void configwalk_place(struct configfill *fill, enum configplace place, struct yamlnode *node,
                             void *target);

static void configwalk_key(struct configfill *fill, const struct configkey *key,
                           struct yamlnode *node, void *target);

/* What follows from all keys of a part. */
static bool configwalk_leave(struct configfill *fill, enum configplace place,
                             const struct yamlnode *node, void *target)
{
    struct config_route *route = target;

    switch (place) {
    case CONFIGPLACE_FORWARD:
        return configfill_leave_forward(fill, node);
    case CONFIGPLACE_SITE:
        return configfill_leave_site(fill, node);
    case CONFIGPLACE_TLS:
        return configfill_leave_tls(fill, target, node);
    case CONFIGPLACE_ROUTE:
        fill->route = NULL;
        return true;
    case CONFIGPLACE_FILES:
        return configfill_leave_files(fill, route);
    case CONFIGPLACE_PROXY:
        return configfill_leave_proxy(fill, route, node);
    case CONFIGPLACE_CACHE:
        return configfill_leave_cache(fill, route, node);
    case CONFIGPLACE_REDIRECT:
        return configfill_leave_redirect(fill, route, node);
    default:
        return true;
    }
}

/* A part that is a mapping, or the value of its main key alone. */
static void configwalk_part(struct configfill *fill, const struct configkey *key,
                            struct yamlnode *node, void *target)
{
    const struct configkey *single =
        key->single ? configschema_find(key->inner, key->single) : NULL;
    const bool alone = single && (node->kind == YAMLNODE_TEXT ||
                                  (node->kind == YAMLNODE_LIST && single->form == CONFIGFORM_LIST));

    if (node->kind != YAMLNODE_MAPPING && (!alone || yamlnode_is_nothing(node))) {
        configwalk_misfit(fill, key, node, "expected a mapping, {} for all defaults");
        return;
    }
    fill->part = node;
    void *inner = key->enter(fill, target);
    if (!inner) {
        fill->no_memory = true;
        return;
    }
    if (alone)
        configwalk_key(fill, single, node, inner);
    else
        configwalk_place(fill, key->inner, node, inner);
    if (!fill->no_memory)
        fill->no_memory = !configwalk_leave(fill, key->inner, node, inner);
}

static void configwalk_parts(struct configfill *fill, const struct configkey *key,
                             const struct yamlnode *node, void *target)
{
    if (node->kind != YAMLNODE_LIST) {
        configwalk_misfit(fill, key, node, "expected a list, each item behind a \"- \"");
        return;
    }
    configwalk_count(fill, key, node);
    for (struct yamlnode *each = node->first; each && !fill->no_memory; each = each->next) {
        if (each->kind != YAMLNODE_BROKEN)
            configwalk_part(fill, key, each, target);
    }
}

static void configwalk_key(struct configfill *fill, const struct configkey *key,
                           struct yamlnode *node, void *target)
{
    if (node->kind == YAMLNODE_BROKEN)
        return;
    switch (key->form) {
    case CONFIGFORM_VALUE:
        configwalk_value(fill, key, node, target);
        break;
    case CONFIGFORM_LIST:
        configwalk_list(fill, key, node, target);
        break;
    case CONFIGFORM_PAIRS:
        configwalk_pairs(fill, key, node, target);
        break;
    case CONFIGFORM_PART:
        configwalk_part(fill, key, node, target);
        break;
    case CONFIGFORM_PARTS:
        configwalk_parts(fill, key, node, target);
        break;
    }
}

/* ---- places ---- */

static void configwalk_unknown(struct configfill *fill, enum configplace place,
                               const struct yamlnode *node)
{
    char hint[160];
    for (const struct yamlnode *each = node->first; each; each = each->next) {
        const struct yamlnode *name = each->key;
        if (name->kind != YAMLNODE_TEXT || each->kind == YAMLNODE_BROKEN ||
            configschema_find(place, name->text.at))
            continue;
        configschema_hint(place, name->text.at, hint, sizeof hint);
        config_errors_add(fill->errors, name->line, name->column, "unknown key \"%.60s\"%s",
                          name->text.at, hint);
    }
}

/* The kinds of content that exclude each other. */
static bool configwalk_is_kind(const struct configkey *key)
{
    switch (key->inner) {
    case CONFIGPLACE_SITE:
    case CONFIGPLACE_ROUTE:
    case CONFIGPLACE_FILES:
    case CONFIGPLACE_PROXY:
    case CONFIGPLACE_REDIRECT:
    case CONFIGPLACE_RESPOND:
        return true;
    default:
        return false;
    }
}

/* A site and a route have exactly one kind of content; of several the first in the file stands. */
static void configwalk_kinds(struct configfill *fill, enum configplace place,
                             const struct yamlnode *node)
{
    const struct yamlnode *found = NULL;

    if (place != CONFIGPLACE_TOP && place != CONFIGPLACE_SITE && place != CONFIGPLACE_ROUTE)
        return;
    for (struct yamlnode *each = node->first; each; each = each->next) {
        const struct configkey *key =
            each->key->kind == YAMLNODE_TEXT ? configschema_find(place, each->key->text.at) : NULL;
        if (!key || !configwalk_is_kind(key) || each->kind == YAMLNODE_BROKEN)
            continue;
        if (found)
            config_errors_add(fill->errors, each->key->line, each->key->column,
                              "\"%s\" beside \"%s\" of line %u: only one of them can be",
                              each->key->text.at, found->key->text.at, found->key->line);
        if (found)
            each->kind = YAMLNODE_BROKEN;
        else
            found = each;
    }
    if (found || (place == CONFIGPLACE_TOP && yamlnode_get(node, "forward")))
        return;
    config_errors_add(
        fill->errors, node->line, node->column, "%s",
        place == CONFIGPLACE_TOP
            ? "nothing to serve: no sites, routes, files, proxy, redirect, respond or "
              "forward"
        : place == CONFIGPLACE_SITE
            ? "a site without routes: no routes, files, proxy, redirect or respond"
            : "a route that leads nowhere: no files, proxy, redirect or respond");
}

static void configwalk_missing(struct configfill *fill, const struct configkey *key,
                               const struct yamlnode *node)
{
    struct configwant want = configkey_want(key);
    char name[CONFIGKEY_NAME], expected[160];

    configkey_name(key, name);
    configwant_write(&want, expected, sizeof expected);
    config_errors_add(fill->errors, node->line, node->column, "%s: \"%s\" is missing; %s",
                      configplace_path(key->place), name, expected);
}

/* A mapping whose keys the schema knows. */
static void configwalk_place(struct configfill *fill, enum configplace place, struct yamlnode *node,
                             void *target)
{
    char name[CONFIGKEY_NAME];
    const struct configkey *key;

    configwalk_unknown(fill, place, node);
    configwalk_kinds(fill, place, node);
    for (size_t i = 0; (key = configschema_key(i)) && !fill->no_memory; i++) {
        if (key->place != place)
            continue;
        configkey_name(key, name);
        struct yamlnode *value = yamlnode_get(node, name);
        if (value)
            configwalk_key(fill, key, value, target);
        else if (!key->preset)
            configwalk_missing(fill, key, node);
    }
}

void configwalk_root(struct configfill *fill, struct yamlnode *root)
{
    if (!root || yamlnode_is_nothing(root))
        config_errors_add(fill->errors, 0, 0, "there is nothing in it");
    else if (root->kind == YAMLNODE_TEXT || root->kind == YAMLNODE_LIST)
        config_errors_add(fill->errors, root->line, root->column,
                          "%s here; expected keys with values, such as \"proxy: "
                          "http://localhost:3000\"",
                          configwalk_found(root));
    else if (root->kind == YAMLNODE_MAPPING)
        configwalk_place(fill, CONFIGPLACE_TOP, root, fill->config);
}
