/* Input limits, as rows.
 */
#include "audit/inputlimit.h"

const struct inputlimit_row inputlimit_rows[INPUTLIMIT_COUNT] = {
#define INPUTLIMIT(identifier, value, unit, what, past) {value, unit, what, past},
#include "audit/inputlimit.tbl"
#undef INPUTLIMIT
};
