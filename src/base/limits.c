/* The table of limits as a struct and as rows.
 */
#include "base/limits.h"

struct limits limits_default(void)
{
    return (struct limits){
#define LIMIT(identifier, value, least, most, unit, what, past) .identifier = (value),
#include "base/limits.tbl"
#undef LIMIT
    };
}

const struct limits_row *limits_row(size_t index)
{
    static const struct limits_row rows[] = {
#define LIMIT(identifier, value, least, most, unit, what, past) \
    {#identifier, (value), (least), (most), (unit), (what), (past)},
#include "base/limits.tbl"
#undef LIMIT
    };
    return index < sizeof rows / sizeof rows[0] ? &rows[index] : NULL;
}
