/* Typed values: one reader for each type, behind one door.
 *
 * A reader either takes the text or says why not; what it does not say is what the type's row
 * expects. After it the bounds of numbers are looked at. Nothing is guessed: "yes" is no boolean,
 * "30" no duration; what it probably was is told as a hint.
 */
#include "serve/configvalue.h"

#include "base/units.h"
#include "cache/pattern.h"
#include "origin/freshnessrule.h"
#include "serve/configreading.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool configreading_refuse(struct configreading *reading, const char *words)
{
    snprintf(reading->fault->words, sizeof reading->fault->words, "%s", words);
    return false;
}

void configreading_hint(struct configreading *reading, bool (*hint)(const char *, char *))
{
    if (!hint(reading->text, reading->fault->hint))
        reading->fault->hint[0] = '\0';
}

bool configreading_keep(struct configreading *reading, const char *first, const char *second)
{
    const size_t size = strlen(first) + strlen(second) + 1;
    char *text = arena_alloc(reading->want->arena, size);
    if (!text) {
        reading->no_memory = true;
        return false;
    }
    snprintf(text, size, "%s%s", first, second);
    reading->to->text = text;
    return true;
}

bool configreading_visible(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return false;
    }
    return true;
}

static bool configreading_is(const struct configreading *reading, const char *word)
{
    return strcmp(reading->text, word) == 0;
}

/* ---- words and numbers ---- */

bool configvalue_bool(struct configreading *reading)
{
    reading->to->number = configreading_is(reading, "true");
    if (reading->to->number || configreading_is(reading, "false"))
        return true;
    configreading_hint(reading, confighint_bool);
    return false;
}

bool configvalue_number(struct configreading *reading)
{
    return units_number(reading->text, 0, UINT64_MAX, &reading->to->number);
}

bool configvalue_workers(struct configreading *reading)
{
    return configreading_is(reading, "auto") || configvalue_number(reading);
}

bool configvalue_port(struct configreading *reading)
{
    return units_number(reading->text, 1, UINT16_MAX, &reading->to->number) ||
           configreading_refuse(reading, "expected the number of a port, from 1 to 65535");
}

bool configvalue_status(struct configreading *reading)
{
    return units_number(reading->text, 200, 599, &reading->to->number) ||
           configreading_refuse(reading, "expected a status code, from 200 to 599");
}

bool configvalue_milliseconds(struct configreading *reading)
{
    if (units_duration(reading->text, &reading->to->number))
        return true;
    configreading_hint(reading, confighint_duration);
    return false;
}

bool configvalue_seconds(struct configreading *reading)
{
    if (!configvalue_milliseconds(reading))
        return false;
    if (reading->to->number % 1000)
        return false;
    reading->to->number /= 1000;
    return true;
}

bool configvalue_size(struct configreading *reading)
{
    if (units_size(reading->text, &reading->to->number))
        return true;
    configreading_hint(reading, confighint_size);
    return false;
}

bool configvalue_choice(struct configreading *reading)
{
    const char *word = reading->want->choices;
    unsigned nearest = confighint_reach(reading->text) + 1;

    for (uint64_t index = 0; *word; index++) {
        char choice[CONFIG_HINT];
        const size_t size = strcspn(word, "|");
        snprintf(choice, sizeof choice, "%.*s", (int)size, word);
        if (configreading_is(reading, choice)) {
            reading->to->number = index;
            return true;
        }
        const unsigned distance = confighint_distance(reading->text, choice, nearest);
        if (distance < nearest) {
            nearest = distance;
            memcpy(reading->fault->hint, choice, sizeof choice);
        }
        word += size + (word[size] == '|');
    }
    return false;
}

/* ---- texts ---- */

bool configvalue_regex(struct configreading *reading)
{
    char message[PATTERN_MESSAGE];
    struct pattern *pattern = pattern_new(stet_span_of(reading->text), message);
    if (!*reading->text || !pattern) {
        pattern_free(pattern);
        return *reading->text && configreading_refuse(reading, message);
    }
    pattern_free(pattern);
    return true;
}

bool configvalue_text(struct configreading *reading)
{
    (void)reading;
    return true;
}

bool configvalue_glob(struct configreading *reading)
{
    if (reading->text[0] != '/')
        return reading->text[0] != '\0';
    snprintf(reading->fault->hint, CONFIG_HINT, "%.*s", CONFIG_HINT - 1, reading->text + 1);
    return configreading_refuse(reading, "the paths of files have no slash in front");
}

bool configvalue_token(struct configreading *reading)
{
    return stet_span_is_token(stet_span_of(reading->text));
}

bool configvalue_field(struct configreading *reading)
{
    return freshnessrule_value_valid(reading->text);
}

/* ---- the door ---- */

static const struct configtype_row {
    configreader *reader;
    const char *name, *expected;
} configtypes[CONFIGTYPES] = {
#define CONFIGTYPE(identifier, reader, name, expected) \
    [CONFIGTYPE_##identifier] = {configvalue_##reader, name, expected},
#include "serve/configtype.tbl"
#undef CONFIGTYPE
};

const char *configtype_name(enum configtype type)
{
    return configtypes[type].name;
}

/* "0" means something else than the least number: auto, never. */
static bool configwant_bounded(const struct configwant *want)
{
    return want->least || want->most;
}

void configwant_number(const struct configwant *want, uint64_t number, char to[UNITS_TEXT])
{
    if (want->type == CONFIGTYPE_SIZE)
        units_write_size(number, to);
    else if (want->type == CONFIGTYPE_MILLISECONDS)
        units_write_duration(number, to);
    else if (want->type == CONFIGTYPE_SECONDS)
        units_write_duration(number * 1000, to);
    else
        snprintf(to, UNITS_TEXT, "%llu", (unsigned long long)number);
}

/* "off|combined|json" -> "expected off, combined or json" */
static void configwant_choices(const char *choices, char *to, size_t room)
{
    size_t used = (size_t)snprintf(to, room, "%s", configtypes[CONFIGTYPE_CHOICE].expected);
    const char *before = " ";

    while (*choices && used < room) {
        const size_t size = strcspn(choices, "|");
        used += (size_t)snprintf(to + used, room - used, "%s%.*s", before, (int)size, choices);
        choices += size + (choices[size] == '|');
        before = strchr(choices, '|') ? ", " : " or ";
    }
}

void configwant_write(const struct configwant *want, char *to, size_t room)
{
    const char *expected = configtypes[want->type].expected;
    char least[UNITS_TEXT], most[UNITS_TEXT];

    if (want->type == CONFIGTYPE_CHOICE) {
        configwant_choices(want->choices, to, room);
    } else if (!configwant_bounded(want)) {
        snprintf(to, room, "%s", expected);
    } else {
        configwant_number(want, want->least, least);
        configwant_number(want, want->most, most);
        snprintf(to, room, "%s, from %s to %s", expected, least, most);
    }
}

/* "${PORT}": other programs put the environment in there. */
static bool configvalue_names_environment(enum configtype type, const char *text)
{
    const char *at = strstr(text, "${");
    if (!at || type == CONFIGTYPE_REGEX || type == CONFIGTYPE_TEXT)
        return false;
    size_t size = 2;
    while (isalnum((unsigned char)at[size]) || at[size] == '_')
        size++;
    return size > 2 && at[size] == '}';
}

static bool configvalue_take(struct configreading *reading)
{
    const struct configwant *want = reading->want;
    const uint64_t *number = &reading->to->number;

    if (configvalue_names_environment(want->type, reading->text))
        return configreading_refuse(reading, "the environment is not put in; write the value");
    if (!configtypes[want->type].reader(reading))
        return false;
    if (!configwant_bounded(want) || (*number >= want->least && *number <= want->most))
        return true;
    return want->type == CONFIGTYPE_WORKERS && configreading_is(reading, "auto");
}

enum configvalue_outcome configvalue_read(const struct configwant *want,
                                          const struct yamlnode *node, struct configvalue *to,
                                          struct configfault *fault)
{
    struct configreading reading = {.want = want, .text = node->text.at, .to = to, .fault = fault};

    *to = (struct configvalue){.node = node, .text = node->text.at};
    *fault = (struct configfault){{0}, {0}};
    if (configvalue_take(&reading))
        return CONFIGVALUE_READ;
    if (!fault->words[0])
        configwant_write(want, fault->words, sizeof fault->words);
    return reading.no_memory ? CONFIGVALUE_NO_MEMORY : CONFIGVALUE_FAULT;
}
