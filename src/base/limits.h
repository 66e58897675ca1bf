/* The limits of the server as one struct, read from limits.tbl.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct limits {
#define LIMIT(identifier, value, least, most, unit, what, past) uint64_t identifier;
#include "base/limits.tbl"
#undef LIMIT
};

/* The defaults of the table. */
struct limits limits_default(void);

/* One row of the table, for help texts and documentation; NULL past the end. */
struct limits_row {
    const char *name;
    uint64_t value;
    uint64_t least; /* of what it may be set to */
    uint64_t most;
    const char *unit;
    const char *what;
    const char *past;
};
const struct limits_row *limits_row(size_t index);

#endif
