/* The last words of a process that found a bug in itself.
 *
 * No stream and no allocation: the state that failed the check may be any, so the text is put
 * together by dprintf straight on descriptor 2. A stack trace is left to the core dump.
 */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *text)
{
    dprintf(2, "%s:%d: check failed: %s\n", file, line, text);
    abort();
}
