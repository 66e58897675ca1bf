/* Values of the configuration file: a text of the file, read as what its key wants.
 */
#ifndef SERVE_CONFIGVALUE_H
#define SERVE_CONFIGVALUE_H

#include "base/arena.h"
#include "base/units.h"
#include "serve/confighint.h"
#include "serve/network.h"
#include "serve/yamltree.h"

enum configtype {
#define CONFIGTYPE(identifier, reader, name, expected) CONFIGTYPE_##identifier,
#include "serve/configtype.tbl"
#undef CONFIGTYPE
    CONFIGTYPES
};

/* What a manual calls the type: "SIZE". */
const char *configtype_name(enum configtype type);

/* What is wanted of a value. */
struct configwant {
    enum configtype type;
    const char *choices;   /* of CONFIGTYPE_CHOICE: "off|combined|json" */
    uint64_t least, most;  /* of numbers; both 0: any */
    const char *directory; /* that relative paths begin at, whole */
    struct arena *arena;   /* where texts are made */
};

/* A value. Texts live as long as the arena. */
struct configvalue {
    const struct yamlnode *node;
    const char *text;       /* as it is to be used: a path is whole, a host in lower case */
    uint64_t number;        /* of a boolean, number, port, status, size; of durations in the type's
                               unit; of a choice, from 0 */
    struct network network; /* of a network */
    size_t index;           /* in its list or mapping */
    const struct configvalue *key; /* of what stands in a mapping with free keys */
};

/* What is wrong with one, and what was probably meant (or ""). */
struct configfault {
    char words[160];
    char hint[CONFIG_HINT];
};

enum configvalue_outcome { CONFIGVALUE_READ, CONFIGVALUE_FAULT, CONFIGVALUE_NO_MEMORY };

/* Reads a node that is a text. Fills in all of `*to` but index and key. */
enum configvalue_outcome configvalue_read(const struct configwant *want,
                                          const struct yamlnode *node, struct configvalue *to,
                                          struct configfault *fault);

/* Writes a number in the unit of the type: "64KiB", "30s". */
void configwant_number(const struct configwant *want, uint64_t number, char to[UNITS_TEXT]);

/* Writes what would have been expected, as "expected a size such as 64MiB, at most 1GiB". */
void configwant_write(const struct configwant *want, char *to, size_t room);

#endif
