/* The configuration file: read, made a tree, walked, judged, sealed.
 *
 *     file -> yamltree -> configwalk -> configvalue -> member, or configfill
 *                                                        `-> configclaim, judged at the end
 *
 * Given up: including other files. One file is what is checked, shown and sent to a colleague.
 */
#include "serve/configfile.h"

#include "base/memory.h"
#include "serve/configwalk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* For claims and the like, far more than a file of the greatest size needs. */
#define CONFIGFILE_CEILING ((size_t)64 << 20)

/* The directory of a path, whole, wherever the process goes later. NULL when memory is out, or the
 * place of the process has no name. */
static const char *configfile_directory(struct arena *arena, const char *path)
{
    char place[PATH_MAX] = "";
    const char *slash = strrchr(path, '/');
    const int size = slash ? (int)(slash - path) : 0;

    if (path[0] != '/' && !getcwd(place, sizeof place))
        return NULL;
    const size_t room = strlen(place) + (size_t)size + 3;
    char *directory = arena_alloc(arena, room);
    if (!directory)
        return NULL;
    snprintf(directory, room, "%s%s%.*s", place, path[0] != '/' && size ? "/" : "", size, path);
    return directory[0] ? directory : "/";
}

/* Fills a new configuration from a tree. */
static bool configfile_fill(struct configfill *fill, struct yamltree *tree, const char *path)
{
    fill->config = config_new();
    fill->directory = configfile_directory(fill->arena, path);
    if (!fill->config || !fill->directory)
        return false;
    fill->config->path = config_text(fill->config, path);
    if (!fill->config->path)
        return false;
    configwalk_root(fill, tree->root);
    configfill_judge_tls(fill, tree->root);
    if (fill->no_memory || !config_seal(fill->config))
        return false;
    return configclaims_judge(fill->config, fill->claims, fill->claim_count, fill->errors);
}

struct config *config_read_text(struct stet_span text, const char *path,
                                struct config_errors *errors)
{
    struct yamltree tree;
    struct configfill fill = {.errors = errors};

    *errors = (struct config_errors){0};
    if (yamltree_read(&tree, text, errors)) {
        struct arena arena;
        arena_init(&arena, CONFIGFILE_CEILING);
        fill.arena = &arena;
        if (!configfile_fill(&fill, &tree, path))
            config_errors_no_memory(errors);
        arena_fini(&arena);
    }
    yamltree_fini(&tree);
    if (errors->count == 0)
        return fill.config;
    config_unref(fill.config);
    return NULL;
}

/* Reads until the end; more than a configuration may have is not needed to refuse it. -1 and errno
 * on failure. */
static ssize_t configfile_load(int fd, char *to, size_t room)
{
    size_t size = 0;
    while (size < room) {
        const ssize_t got = read(fd, to + size, room - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        size += (size_t)got;
    }
    return (ssize_t)size;
}

struct config *config_read(const char *path, struct config_errors *errors)
{
    const size_t room = YAMLTREE_SIZE + 1;
    struct config *config = NULL;

    *errors = (struct config_errors){0};
    char *text = memory_new(room);
    if (!text) {
        config_errors_no_memory(errors);
        return NULL;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? -1 : configfile_load(fd, text, room);
    if (size < 0)
        config_errors_add(errors, 0, 0, "cannot be read: %s", strerrordesc_np(errno));
    else
        config = config_read_text(stet_span(text, (size_t)size), path, errors);
    if (fd >= 0)
        close(fd);
    memory_free(text);
    return config;
}
