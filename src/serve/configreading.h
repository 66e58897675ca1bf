/* One value being read: what the readers of all types share. For configvalue and configplace only.
 */
#ifndef SERVE_CONFIGREADING_H
#define SERVE_CONFIGREADING_H

#include "serve/configvalue.h"

struct configreading {
    const struct configwant *want;
    const char *text;       /* of the node */
    struct configvalue *to; /* its text is that of the node, until a reader makes another */
    struct configfault *fault;
    bool no_memory;
};

/* True: `to` is filled in. False: it is not; if the fault has no words, the type's own will do. */
typedef bool configreader(struct configreading *reading);

#define CONFIGTYPE(identifier, reader, name, expected) configreader configvalue_##reader;
#include "serve/configtype.tbl"
#undef CONFIGTYPE

/* Always false: says why not. */
bool configreading_refuse(struct configreading *reading, const char *words);

/* Asks what was probably meant, one of confighint.h. */
void configreading_hint(struct configreading *reading, bool (*hint)(const char *, char *));

/* The value is one text followed by another, kept in the arena. False when memory is out. */
bool configreading_keep(struct configreading *reading, const char *first, const char *second);

/* Nothing but ASCII that is seen. */
bool configreading_visible(const char *text);

#endif
