/* Input limits: how much an audit takes from its inputs and from servers, read from inputlimit.tbl.
 */
#ifndef AUDIT_INPUTLIMIT_H
#define AUDIT_INPUTLIMIT_H

#include <stddef.h>
#include <stdint.h>

enum inputlimit {
#define INPUTLIMIT(identifier, ...) INPUTLIMIT_##identifier,
#include "audit/inputlimit.tbl"
#undef INPUTLIMIT
    INPUTLIMIT_COUNT
};

/* A row of the table. */
struct inputlimit_row {
    uint64_t value;
    const char *unit;
    const char *what;
    const char *past;
};

extern const struct inputlimit_row inputlimit_rows[INPUTLIMIT_COUNT];

static inline size_t inputlimit(enum inputlimit limit)
{
    return (size_t)inputlimit_rows[limit].value;
}

#endif
