/* The schema shown: what stet check --keys prints, and what the manual is written from.
 */
#include "serve/configschema.h"
#include "serve/configshow.h"

#include <string.h>

/* What its value is: "SIZE", "off|combined|json", "NETWORK...", "GLOB: TEXT...". */
static void configmanual_type(const struct configkey *key, struct text *to)
{
    const struct configwant want = configkey_want(key);
    const char *name = want.choices ? want.choices : configtype_name(want.type);

    switch (key->form) {
    case CONFIGFORM_VALUE:
        text_say(to, "%s", name);
        break;
    case CONFIGFORM_LIST:
        text_say(to, "%s...", name);
        break;
    case CONFIGFORM_PAIRS:
        text_say(to, "%s: %s...", configtype_name(key->key_type), name);
        break;
    case CONFIGFORM_PART:
        text_say(to, "mapping");
        break;
    case CONFIGFORM_PARTS:
        text_say(to, "list of mappings");
        break;
    }
}

/* "1KiB", or "" where there is no bound. */
static void configmanual_bound(const struct configkey *key, uint64_t bound, char to[UNITS_TEXT])
{
    const struct configwant want = configkey_want(key);
    to[0] = '\0';
    if (want.least || want.most)
        configwant_number(&want, bound, to);
}

static const struct configkey *configmanual_next(enum configplace place, size_t *index)
{
    const struct configkey *key;
    while ((key = configschema_key((*index)++)) && key->place != place)
        ;
    return key;
}

static void configmanual_place(enum configplace place, struct text *to)
{
    const struct configkey *key;
    const char *path = configplace_path(place);
    size_t index = 0;

    text_say(to, "%s%s%s\n", path, path[0] ? ": " : "", configplace_help(place));
    while ((key = configmanual_next(place, &index))) {
        char name[CONFIGKEY_NAME], preset[CONFIGKEY_PRESET], least[UNITS_TEXT], most[UNITS_TEXT];
        configkey_name(key, name);
        configkey_preset(key, preset);
        configmanual_bound(key, key->least, least);
        configmanual_bound(key, key->most, most);
        text_say(to, "  %s: ", name);
        configmanual_type(key, to);
        if (!key->preset)
            text_say(to, ", required");
        else if (preset[0])
            text_say(to, ", default %s", preset);
        if (least[0])
            text_say(to, ", from %s to %s", least, most);
        text_say(to, "\n      %s%s%s\n", key->help, key->past ? " -> " : "",
                 key->past ? key->past : "");
    }
}

void configshow_keys(struct text *to)
{
    for (int place = 0; place < CONFIGPLACES; place++) {
        text_say(to, "%s", place ? "\n" : "");
        configmanual_place((enum configplace)place, to);
    }
}

static void configmanual_member(const char *name, const char *value, struct text *to)
{
    text_say(to, ",\"%s\":", name);
    text_json(to, value, strlen(value));
}

static void configmanual_key_json(const struct configkey *key, struct text *to)
{
    static const char *const forms[] = {
        [CONFIGFORM_VALUE] = "value", [CONFIGFORM_LIST] = "list",   [CONFIGFORM_PAIRS] = "pairs",
        [CONFIGFORM_PART] = "part",   [CONFIGFORM_PARTS] = "parts",
    };
    char name[CONFIGKEY_NAME], preset[CONFIGKEY_PRESET], least[UNITS_TEXT], most[UNITS_TEXT];
    struct text type = {0};

    configkey_name(key, name);
    configkey_preset(key, preset);
    configmanual_bound(key, key->least, least);
    configmanual_bound(key, key->most, most);
    configmanual_type(key, &type);
    text_say(to, "{\"form\":\"%s\",\"required\":%s", forms[key->form],
             key->preset ? "false" : "true");
    configmanual_member("place", configplace_path(key->place), to);
    configmanual_member("name", name, to);
    text_say(to, ",\"type\":");
    text_json(to, type.at ? type.at : "", type.len);
    configmanual_member("default", preset, to);
    configmanual_member("least", least, to);
    configmanual_member("most", most, to);
    if (key->enter)
        configmanual_member("inner", configplace_path(key->inner), to);
    configmanual_member("single", key->single ? key->single : "", to);
    configmanual_member("help", key->help, to);
    configmanual_member("past", key->past ? key->past : "", to);
    text_put(to, "}", 1);
    to->failed |= type.failed;
    text_fini(&type);
}

void configshow_keys_json(struct text *to)
{
    const struct configkey *key;

    text_say(to, "{\"places\":[");
    for (int place = 0; place < CONFIGPLACES; place++) {
        text_say(to, "%s{\"place\":\"%s\"", place ? "," : "",
                 configplace_path((enum configplace)place));
        configmanual_member("help", configplace_help((enum configplace)place), to);
        text_put(to, "}", 1);
    }
    text_say(to, "],\"keys\":[");
    for (size_t i = 0; (key = configschema_key(i)); i++) {
        text_say(to, "%s", i ? ",\n" : "\n");
        configmanual_key_json(key, to);
    }
    text_say(to, "]}\n");
}
