/* The schema: every key of stet.yaml, where it stands, what it takes, what it is for.
 *
 * One table feeds the reader, the complaints and the manual.
 */
#ifndef SERVE_CONFIGSCHEMA_H
#define SERVE_CONFIGSCHEMA_H

#include "serve/configfill.h"

/* Where keys stand. */
enum configplace {
#define PLACE(identifier, tag, path, help) CONFIGPLACE_##identifier,
#include "serve/configschema.tbl"
    CONFIGPLACES
};

enum configform {
    CONFIGFORM_VALUE, /* a value */
    CONFIGFORM_LIST,  /* a list of values, or one */
    CONFIGFORM_PAIRS, /* a mapping with free keys */
    CONFIGFORM_PART,  /* a mapping with keys of its own */
    CONFIGFORM_PARTS  /* a list of such */
};

/* How a value is stored in a member. */
enum configstore { CONFIGSTORE_INTEGER, CONFIGSTORE_BOOL, CONFIGSTORE_TEXT, CONFIGSTORE_SPAN };

/* One key. */
struct configkey {
    enum configplace place;
    enum configform form;
    const char *name;         /* "_" stands for "-": see configkey_name */
    enum configtype type;     /* of the value, or of each in a list or mapping */
    enum configtype key_type; /* of the free keys of a mapping */
    const char *choices;
    const char *unit; /* of a limit, instead of a type: "ms", "bytes" or what is counted */
    uint64_t least, most;
    const char *preset; /* the default, as it would be written, or in words in parentheses; NULL:
                           it must be given */
    uint64_t limit;     /* the default of a limit */
    const char *help;   /* one sentence */
    const char *past;   /* of a limit: what happens past it */

    enum configstore store;  /* of a value with a member */
    enum configplace inner;  /* of a part: where its keys stand */
    size_t offset, size;     /* of the member */
    configfill_keep *keep;   /* of a value without one, of each in a list or mapping */
    configfill_enter *enter; /* of a part: gives what it fills */
    const char *single;      /* of a part: the key that a single value stands for; or NULL */
};

/* All keys, in the order of taking effect; NULL past the end. */
const struct configkey *configschema_key(size_t index);

/* The key with this name, as it is written in the file; NULL if that place has none. */
const struct configkey *configschema_find(enum configplace place, const char *name);

/* "", "sites[]", "cache": what a place is called; and one sentence. */
const char *configplace_path(enum configplace place);
const char *configplace_help(enum configplace place);

/* Room for the name of any key, and for any default. */
#define CONFIGKEY_NAME 48
#define CONFIGKEY_PRESET 96

/* The name as it is written in the file. */
void configkey_name(const struct configkey *key, char to[CONFIGKEY_NAME]);

/* What its value must be; `directory` and `arena` are left to the caller. */
struct configwant configkey_want(const struct configkey *key);

/* The default, as it would be written, or in words in parentheses. */
void configkey_preset(const struct configkey *key, char to[CONFIGKEY_PRESET]);

/* What was probably meant by a name that this place does not have, as "; did you mean ...?", or
 * "" . */
void configschema_hint(enum configplace place, const char *name, char *to, size_t room);

#endif
