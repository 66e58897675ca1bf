/* The default place of a memo: a cache directory, and a name made from that of the directory.
 *
 * The hash in the name only keeps the memos of several directories apart; whose a memo is it says
 * itself.
 */
#include "serve/memoplace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMOPLACE_SERVICE "/var/cache/stet"

/* FNV-1a */
static uint64_t memoplace_hash(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

/* The cache directory; its length, 0 when there is none. */
static size_t memoplace_directory(char *to, size_t room)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int size = 0;

    if (cache && *cache == '/')
        size = snprintf(to, room, "%s/stet", cache);
    else if (access(MEMOPLACE_SERVICE, W_OK | X_OK) == 0)
        size = snprintf(to, room, "%s", MEMOPLACE_SERVICE);
    else if (home && *home == '/')
        size = snprintf(to, room, "%s/.cache/stet", home);
    return size > 0 && (size_t)size < room ? (size_t)size : 0;
}

bool memoplace_find(const char *directory, char to[MEMOPLACE_PATH])
{
    char *real = realpath(directory, NULL);
    const size_t size = real ? memoplace_directory(to, MEMOPLACE_PATH - 32) : 0;
    if (size)
        snprintf(to + size, MEMOPLACE_PATH - size, "/serve-%016" PRIx64 ".memo",
                 memoplace_hash(real));
    free(real);
    return size > 0;
}

void memoplace_make(const char *path)
{
    char directory[MEMOPLACE_PATH];
    const size_t size = strlen(path);

    if (size >= sizeof directory)
        return;
    memcpy(directory, path, size + 1);
    for (char *slash = strchr(directory + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(directory, 0700);
        *slash = '/';
    }
}
