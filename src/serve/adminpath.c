/* The place of the local socket: one that other users cannot take first.
 */
#include "serve/adminpath.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void adminpath_default(char to[ADMINPATH_ROOM])
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int size = ADMINPATH_ROOM;

    if (geteuid() == 0)
        size = snprintf(to, ADMINPATH_ROOM, "/run/stet/stet.sock");
    else if (runtime && *runtime == '/')
        size = snprintf(to, ADMINPATH_ROOM, "%s/stet.sock", runtime);
    if (size >= ADMINPATH_ROOM)
        snprintf(to, ADMINPATH_ROOM, "/tmp/stet-%u/stet.sock", (unsigned)geteuid());
}
