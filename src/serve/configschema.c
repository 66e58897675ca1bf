/* The schema's table as rows, and what is asked of it.
 *
 * Names are C identifiers in the table, for limits are members of a struct; in the file "-" stands
 * for "_". How a member is stored follows from its own type, by _Generic, so that no row can say
 * something else than the struct.
 */
#include "serve/configschema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How many keys a hint lists. */
enum { CONFIGSCHEMA_LISTED = 6 };

/* The struct that the values of a place go into. */
#define CONFIGSTRUCT_TOP config
#define CONFIGSTRUCT_LOG config
#define CONFIGSTRUCT_ADMIN config
#define CONFIGSTRUCT_FORWARD config
#define CONFIGSTRUCT_TLS config_tls
#define CONFIGSTRUCT_FILES config_route
#define CONFIGSTRUCT_PROXY config_route
#define CONFIGSTRUCT_ORIGIN config_route
#define CONFIGSTRUCT_CACHE config_route
#define CONFIGSTRUCT_REDIRECT config_route
#define CONFIGSTRUCT_RESPOND config_route

#define MEMBER(at, name) (((struct CONFIGSTRUCT_##at *)0)->name)

#define STORE(at, name) \
    _Generic(MEMBER(at, name),                \
             bool: CONFIGSTORE_BOOL,          \
             char *: CONFIGSTORE_TEXT,        \
             const char *: CONFIGSTORE_TEXT,  \
             struct stet_span: CONFIGSTORE_SPAN, \
             default: CONFIGSTORE_INTEGER)

#define STORED(at, name)                                                          \
    .store = STORE(at, name), .offset = offsetof(struct CONFIGSTRUCT_##at, name), \
    .size = sizeof MEMBER(at, name)

#define ROW(at, form_, name_, help_) \
    .place = CONFIGPLACE_##at, .form = CONFIGFORM_##form_, .name = #name_, .help = (help_)

#define NEEDED NULL
#define NONE NULL

static const struct configkey configkeys[] = {
#define VALUE(at, name_, type_, member, preset_, least_, most_, help_) \
    {ROW(at, VALUE, name_, help_),                                     \
     .type = CONFIGTYPE_##type_,                                       \
     .preset = (preset_),                                              \
     .least = (least_),                                                \
     .most = (most_),                                                  \
     STORED(at, member)},
#define KEPT(at, name_, type_, keep_, preset_, least_, most_, help_) \
    {ROW(at, VALUE, name_, help_),                                   \
     .type = CONFIGTYPE_##type_,                                     \
     .preset = (preset_),                                            \
     .least = (least_),                                              \
     .most = (most_),                                                \
     .keep = (keep_)},
#define CHOICE(at, name_, choices_, member, preset_, help_)                        \
    {ROW(at, VALUE, name_, help_), .type = CONFIGTYPE_CHOICE, .preset = (preset_), \
     .choices = (choices_), STORED(at, member)},
#define CHOSEN(at, name_, choices_, keep_, preset_, help_)                         \
    {ROW(at, VALUE, name_, help_), .type = CONFIGTYPE_CHOICE, .preset = (preset_), \
     .choices = (choices_), .keep = (keep_)},
#define LIST(at, name_, type_, keep_, preset_, least_, most_, help_) \
    {ROW(at, LIST, name_, help_),                                    \
     .type = CONFIGTYPE_##type_,                                     \
     .preset = (preset_),                                            \
     .least = (least_),                                              \
     .most = (most_),                                                \
     .keep = (keep_)},
#define PAIRS(at, name_, key_type_, type_, keep_, preset_, help_)                   \
    {ROW(at, PAIRS, name_, help_), .type = CONFIGTYPE_##type_, .preset = (preset_), \
     .key_type = CONFIGTYPE_##key_type_, .keep = (keep_)},
#define PART(at, name_, inner_, enter_, single_, help_)                                           \
    {ROW(at, PART, name_, help_), .preset = "", .inner = CONFIGPLACE_##inner_, .enter = (enter_), \
     .single = (single_)},
#define PARTS(at, name_, inner_, enter_, help_)                                             \
    {ROW(at, PARTS, name_, help_), .preset = "", .least = 1, .inner = CONFIGPLACE_##inner_, \
     .enter = (enter_)},
#include "serve/configschema.tbl"
#define LIMIT(identifier, value, least_, most_, unit_, what, past_) \
    {.place = CONFIGPLACE_LIMITS,                                   \
     .form = CONFIGFORM_VALUE,                                      \
     .name = #identifier,                                           \
     .unit = (unit_),                                               \
     .limit = (value),                                              \
     .least = (least_),                                             \
     .most = (most_),                                               \
     .preset = "",                                                  \
     .help = (what),                                                \
     .past = (past_),                                               \
     .offset = offsetof(struct config, limits.identifier),          \
     .size = sizeof(uint64_t)},
#include "base/limits.tbl"
#undef LIMIT
};

const struct configkey *configschema_key(size_t index)
{
    return index < sizeof configkeys / sizeof *configkeys ? &configkeys[index] : NULL;
}

/* Is `name`, as written in the file, that of the key? */
static bool configkey_is(const struct configkey *key, const char *name)
{
    const char *own = key->name;
    for (; *own && *name; own++, name++) {
        if (*name != (*own == '_' ? '-' : *own))
            return false;
    }
    return *own == *name;
}

const struct configkey *configschema_find(enum configplace place, const char *name)
{
    const struct configkey *key;
    for (size_t i = 0; (key = configschema_key(i)); i++) {
        if (key->place == place && configkey_is(key, name))
            return key;
    }
    return NULL;
}

static const struct {
    const char *path, *help;
} configplaces[CONFIGPLACES] = {
#define PLACE(identifier, tag, path_, help_) [CONFIGPLACE_##identifier] = {path_, help_},
#include "serve/configschema.tbl"
};

const char *configplace_path(enum configplace place)
{
    return configplaces[place].path;
}

const char *configplace_help(enum configplace place)
{
    return configplaces[place].help;
}

void configkey_name(const struct configkey *key, char to[CONFIGKEY_NAME])
{
    snprintf(to, CONFIGKEY_NAME, "%s", key->name);
    for (; *to; to++) {
        if (*to == '_')
            *to = '-';
    }
}

static enum configtype configkey_type(const struct configkey *key)
{
    if (!key->unit)
        return key->type;
    if (strcmp(key->unit, "ms") == 0)
        return CONFIGTYPE_MILLISECONDS;
    return strcmp(key->unit, "bytes") == 0 ? CONFIGTYPE_SIZE : CONFIGTYPE_NUMBER;
}

struct configwant configkey_want(const struct configkey *key)
{
    struct configwant want = {.type = configkey_type(key), .choices = key->choices};
    if (key->form == CONFIGFORM_VALUE) {
        want.least = key->least;
        want.most = key->most;
    }
    return want;
}

void configkey_preset(const struct configkey *key, char to[CONFIGKEY_PRESET])
{
    if (key->unit) {
        const struct configwant want = configkey_want(key);
        configwant_number(&want, key->limit, to);
    } else {
        snprintf(to, CONFIGKEY_PRESET, "%s", key->preset ? key->preset : "");
    }
}

/* ---- what was probably meant ---- */

/* The key of a place whose name is nearest, if one is near enough. */
static const struct configkey *configschema_nearest(enum configplace place, const char *name)
{
    unsigned least = confighint_reach(name) + 1;
    const struct configkey *key, *nearest = NULL;

    for (size_t i = 0; (key = configschema_key(i)); i++) {
        if (key->place != place)
            continue;
        const unsigned distance = confighint_distance(name, key->name, least);
        if (distance < least) {
            least = distance;
            nearest = key;
        }
    }
    return nearest;
}

/* A key of this name in another place. */
static const struct configkey *configschema_elsewhere(enum configplace place, const char *name)
{
    for (int other = 0; other < CONFIGPLACES; other++) {
        const struct configkey *key = configschema_find((enum configplace)other, name);
        if (key && key->place != place)
            return key;
    }
    return NULL;
}

/* Names of the first keys of a place. */
static void configschema_list(enum configplace place, char *to, size_t room)
{
    char name[CONFIGKEY_NAME];
    const struct configkey *key;
    size_t used = 0, listed = 0;

    for (size_t i = 0; (key = configschema_key(i)) && used < room; i++) {
        if (key->place != place || ++listed > CONFIGSCHEMA_LISTED)
            continue;
        configkey_name(key, name);
        used += (size_t)snprintf(to + used, room - used, "%s%s",
                                 listed == 1 ? "; possible here: " : ", ", name);
    }
    if (listed > CONFIGSCHEMA_LISTED && used < room)
        snprintf(to + used, room - used, " and others");
}

void configschema_hint(enum configplace place, const char *name, char *to, size_t room)
{
    const struct configkey *nearest = configschema_nearest(place, name);
    const struct configkey *elsewhere = nearest ? NULL : configschema_elsewhere(place, name);
    char own[CONFIGKEY_NAME];

    if (strcmp(name, "<<") == 0) {
        snprintf(to, room, "; mappings are not merged, an alias stands for a whole one");
    } else if (nearest) {
        configkey_name(nearest, own);
        snprintf(to, room, "; did you mean \"%s\"?", own);
    } else if (elsewhere && elsewhere->place == CONFIGPLACE_TOP) {
        snprintf(to, room, "; it belongs at the top of the file");
    } else if (elsewhere) {
        snprintf(to, room, "; it belongs in \"%s\"", configplace_path(elsewhere->place));
    } else {
        configschema_list(place, to, room);
    }
}
