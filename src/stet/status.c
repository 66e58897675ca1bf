/* Looks status codes up in status.tbl.
 */
#include "stet/status.h"

enum status_class {
    STRANGER, /* not in the table */
    USUAL,
    HEURISTIC,
    EXPLICIT,
    NEVER
};

static enum status_class class_of(int status)
{
    switch (status) {
#define STATUS(code, class) \
    case code:              \
        return class;
#include "stet/status.tbl"
#undef STATUS
    default:
        return STRANGER;
    }
}

bool stet_status_is_understood(int status)
{
    return class_of(status) != STRANGER;
}

bool stet_status_is_heuristic(int status)
{
    enum status_class class = class_of(status);
    return class == USUAL || class == HEURISTIC;
}

bool stet_status_is_usual(int status)
{
    return class_of(status) == USUAL;
}

bool stet_status_is_storable(int status)
{
    return stet_status_is_final(status) && class_of(status) != NEVER;
}
