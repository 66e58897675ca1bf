/* Commands of the client, which are another program: libcurl brings thirty libraries that the
 * server does without. `stet get` becomes `stet-client get`, found beside this program or where it
 * was installed.
 */
#include "cli/commands.h"

#include "base/memory.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef STET_LIBEXEC
#define STET_LIBEXEC "/usr/local/libexec"
#endif

static const char delegate_name[] = "stet-client";

/* The client beside the running program; false if its place is not to be had. */
static bool delegate_beside(char *path, size_t room)
{
    const ssize_t len = readlink("/proc/self/exe", path, room - sizeof delegate_name - 1);

    if (len <= 0)
        return false;
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return false;
    memcpy(slash + 1, delegate_name, sizeof delegate_name);
    return true;
}

static int delegate_run(int argc, char **argv)
{
    char name[sizeof delegate_name], path[PATH_MAX];
    char **words = memory_new(((size_t)argc + 2) * sizeof *words);

    if (!words) {
        fprintf(stderr, "stet %s: out of memory\n", argv[0]);
        return 2;
    }
    memcpy(name, delegate_name, sizeof name);
    words[0] = name;
    memcpy(words + 1, argv, ((size_t)argc + 1) * sizeof *words); /* with the NULL at the end */
    if (delegate_beside(path, sizeof path))
        execv(path, words);
    snprintf(path, sizeof path, "%s/%s", STET_LIBEXEC, delegate_name);
    execv(path, words);
    memory_free(words);
    fprintf(stderr, "stet %s: %s is neither beside this program nor in %s: %s\n", argv[0],
            delegate_name, STET_LIBEXEC, strerror(errno));
    return 2;
}

const struct command command_delegate_get = {
    .name = "get",
    .summary = "Fetch URLs, with a cache that asks only when it must.",
    .run = delegate_run,
};

const struct command command_delegate_audit = {
    .name = "audit",
    .summary = "Tell whether a site revalidates properly.",
    .run = delegate_run,
};
